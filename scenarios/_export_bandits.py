"""Logged bandit feedback for others: Vowpal Wabbit's text, Open Bandit Pipeline's arrays."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from simenv.agents._profile import plain_features
from simenv.agents._vw import about, features
from simenv.catalogue import Catalogue
from simenv.scenarios._export_feedback import decisions, propensities
from simenv.scenarios._simulate import written
from simenv.types import Plays


def vw(plays: Plays, catalogue: Catalogue, folder: Path) -> None:
    """feedback.vw, an event a recommended play, in the order of time.

    Its arms are the track and those played after it of the same slate, which could have been chosen as well:
    the log does not say what else could.

    Raises:
        UsageError: if nothing was recommended, or a propensity is unknown or 0.
    """
    found = decisions(plays, catalogue)
    chance, known = propensities(found.plays), found.known
    situation, taste = (known[:, found.parts[name]] for name in ("situation", "taste"))
    arms, tracks = about(plain_features(catalogue), catalogue.artist), found.plays.track.tolist()
    same = np.diff(found.plays.listener, append=-1) == 0
    same &= np.diff(found.plays.visit, append=-1) == 0  # whether the next play is of the same slate
    with written(folder / "feedback.vw") as part, part.open("w") as file:
        for e in np.argsort(found.plays.time, kind="stable").tolist():
            cost = int(not found.finished[e])
            file.write(f"shared |l {features(taste[e])} |c {features(situation[e])}\n")
            file.write(f"0:{cost}:{chance[e]:.9g} {arms[tracks[e]]}\n")
            other = e
            while same[other]:
                other += 1
                file.write(arms[tracks[other]] + "\n")
            file.write("\n")


def obp(plays: Plays, catalogue: Catalogue, folder: Path) -> None:
    """feedback.npz, the arrays of a BanditFeedback, a round a recommended play, in the order of time.

    `context` is what the platform knew of the listener when the slate was asked for, `action` the track,
    `position` its slot, `reward` 1 if it was finished, `pscore` the propensity given the slots before, and
    `action_context` the public features of every track. Beside them stand each round's `listener`, `session`
    and `time` in days, by which rounds become episodes.

    Raises:
        UsageError: as `vw`.
    """
    found = decisions(plays, catalogue)
    chance, order = propensities(found.plays), np.argsort(found.plays.time, kind="stable")
    with written(folder / "feedback.npz") as part, part.open("wb") as file:
        np.savez_compressed(
            file,
            n_rounds=len(order),
            n_actions=len(catalogue),
            context=found.known[order],
            action=found.plays.track[order].astype(np.int64),
            position=found.plays.slot[order].astype(np.int64),
            reward=found.finished[order].astype(np.float64),
            pscore=chance[order],
            action_context=plain_features(catalogue),
            listener=found.plays.listener[order],
            session=found.plays.session[order],
            time=found.plays.time[order],
        )
