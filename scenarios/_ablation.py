"""Is popularity emergent? Organic worlds with charts or differences of supply switched off, in one figure.

python -m simenv.scenarios._ablation
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import tyro
from joblib import Parallel, delayed

from simenv.errors import UsageError
from simenv.scenarios._ablation_figure import Lived, draw
from simenv.scenarios._cell import one_thread
from simenv.scenarios._stats import interval
from simenv.scenarios.base import Scenario
from simenv.scenarios.metrics.concentration import gini
from simenv.synthetic import Synthetic
from simenv.types import HEARD_SECONDS
from simenv.users.params import ListenerParams

WINDOW = 28
"""Days over which plays are counted."""
TOP = 30
"""Artists at the top: as many in every kind of world, however many artists it has."""


@dataclass(frozen=True)
class Switch:
    """A kind of world.

    Args:
        words: what it is called.
        colour: of its lines.
        listener: what all listeners have in common.
        synthetic: the recipe of its tracks.
    """

    words: str
    colour: str
    listener: ListenerParams = field(default_factory=ListenerParams)
    synthetic: Synthetic = field(default_factory=Synthetic)


NO_CHARTS = ListenerParams(chart_power=0.0)
ALONE = replace(NO_CHARTS, friends=0.0)
ALIKE = Synthetic(quality_spread=0.0, reach=0.0, catalogue_spread=0.0)
SWITCHES = (
    Switch("as it is", "#111111"),
    Switch("no charts", "#ff9d2e", NO_CHARTS),
    Switch("nor friends", "#d62728", ALONE),
    Switch("artists alike", "#1f5fbf", synthetic=ALIKE),
    Switch("all of this", "#b39b6b", ALONE, ALIKE),
)
"""Social influence is charts and friends; supply is the quality of tracks, artists' reach and catalogues."""


@dataclass(frozen=True, kw_only=True)
class Ablation:
    """Live organic worlds as they are, without social influence, with artists all alike; draw them."""

    listeners: int = 1_500
    """Listeners."""
    tracks: int = 10_000
    """Tracks."""
    days: int = 120
    """Days, all of them organic."""
    seeds: int = 3
    """Worlds of each kind."""
    first_seed: int = 0
    """Seed of the first; the others follow."""
    jobs: int = 1
    """Worlds at a time, each in a process of its own."""
    out: Path = Path("emergence.png")
    """Picture to write."""

    def __post_init__(self) -> None:
        for name, least in (("listeners", 1), ("tracks", 2), ("days", WINDOW), ("seeds", 1), ("jobs", 1)):
            if getattr(self, name) < least:
                raise UsageError(f"--{name} {getattr(self, name)}: expected {least} or more")


def main(words: Sequence[str] | None = None) -> None:
    """Live, draw, print Gini of tracks and share of the top artists at the end: mean (95 % interval).

    Raises:
        UsageError: on a value out of its range.
    """
    asked = tyro.cli(Ablation, args=words, prog="python -m simenv.scenarios._ablation")
    worlds = lived(asked)
    for switch in SWITCHES:
        ends = np.array([(one.tracks[-1], one.artists[-1]) for one in worlds[switch.words]])
        spans = [interval(values) for values in ends.T]
        print(f"{switch.words:14}", *(f"{s.mean:.3f} ({s.low:.3f}, {s.high:.3f})" for s in spans))
    asked.out.parent.mkdir(parents=True, exist_ok=True)
    kinds = [(switch.words, switch.colour, worlds[switch.words]) for switch in SWITCHES]
    draw(kinds, _note(asked)).savefig(asked.out)
    print(asked.out)


def lived(asked: Ablation) -> dict[str, list[Lived]]:
    """Worlds by the words of their switch, seed by seed."""
    todo = [(switch, seed) for switch in SWITCHES for seed in range(asked.seeds)]
    work = Parallel(n_jobs=asked.jobs)(
        delayed(live_one)(asked, switch, asked.first_seed + seed) for switch, seed in todo
    )
    found: dict[str, list[Lived]] = {switch.words: [] for switch in SWITCHES}
    for (switch, _), one in zip(todo, work, strict=True):
        found[switch.words].append(one)
    return found


def live_one(asked: Ablation, switch: Switch, seed: int) -> Lived:
    """One world of a kind, from its first day."""
    scenario = Scenario(
        question="Is popularity emergent?",
        primary="gini",
        listeners=asked.listeners,
        tracks=asked.tracks,
        days=asked.days,
        listener=switch.listener,
        synthetic=switch.synthetic,
    )
    with one_thread():
        world = scenario.world(seed)
        world.warm_up(asked.days)
    assert world.log is not None, "a scenario's world keeps every play"
    plays = world.log.plays()
    plays = plays.rows(plays.seconds >= HEARD_SECONDS)
    shape = (asked.days + 1, asked.tracks)
    place = np.ravel_multi_index((plays.time.astype(int), plays.track), shape)
    a_day = np.bincount(place, minlength=shape[0] * shape[1]).reshape(shape)[: asked.days]
    days = np.arange(WINDOW, asked.days + 1)
    tracks, top = [], []
    for day in days.tolist():
        counts = a_day[day - WINDOW : day].sum(axis=0)
        tracks.append(gini(counts[world.catalogue.released_by(day)]))
        ranked = np.sort(np.bincount(world.catalogue.artist, counts))[::-1]
        ranked = ranked[ranked > 0]
        top.append(ranked[:TOP].sum() / ranked.sum())
    return Lived(days, np.array(tracks), np.array(top), ranked / ranked.sum())


def _note(asked: Ablation) -> str:
    worlds = "one world" if asked.seeds == 1 else f"mean, least and most of {asked.seeds} worlds"
    return (
        f"{asked.listeners:,} listeners, {asked.tracks:,} tracks, no recommender; plays of 30 s and more in"
        f" the {WINDOW} days before (right: before day {asked.days}); {worlds}.\n"
        "No charts, nor friends: nobody hears of what others play. Artists alike: tracks equally good,"
        " artists equally well known at the start, with about as many tracks each."
    )


if __name__ == "__main__":
    try:
        main()
    except UsageError as error:
        print(error, file=sys.stderr)
        sys.exit(2)
