"""A bandit: mostly what was finished most often so far, sometimes something else."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar, Literal

import numpy as np

from simenv.agents._arms import armed, armed_chance
from simenv.agents._ranking import chance, ranked, scores_of
from simenv.agents.base import Agent, Days, Number, Share, Weight
from simenv.catalogue import Catalogue
from simenv.log import Log
from simenv.types import F32, F64, I32, REACHED, SKIPPED, Day, Exchange, Plays, Request, Setting, Slate

WITHIN = np.float32(0.01)
"""Weight of a track's own estimate beside that of its arm: it orders the tracks within an arm."""


@dataclass
class Epsgreedy(Agent):
    """Show tracks of the arm with the highest estimated share of finished plays; explore now and then.

    Of n plays that were reached, s of them finished, the estimate is (s + smoothing p) / (n + smoothing), p
    being the share over all arms. A track scores the estimate of its arm, plus .01 of its own where the arm
    is not the track itself. A slot explores with probability `explore`: an arm uniformly, then a track of it
    uniformly. Feedback counts when it comes, in batches and late as it may be.

    Args:
        arms: what is estimated: tracks, artists or main genres.
        explore: chance that a slot explores, in [0, 1].
        smoothing: plays that the share over all arms is worth.
        half_life: days after which a play counts for half, for tastes that move; inf: all count alike.
        organic: what an organic play counts for; listeners chose those themselves, which flatters them.

    Source: Sutton & Barto, Reinforcement Learning, 2nd ed. 2018, ch. 2.
    Departs:
        1. estimates are shrunk to the common share (theirs: first estimates are a parameter).
        2. counts decay with `half_life` (theirs: a constant step size, which decays by plays, not by days).
        3. slates of k tracks, each slot a draw of its own (theirs: one action).
    """

    arms: Literal["tracks", "artists", "genres"] = "tracks"
    explore: Share = 0.1
    smoothing: Weight = 20.0
    half_life: Days = 60.0
    organic: Weight = 1.0
    fit_every: Number = field(default=0, kw_only=True)

    personal: ClassVar[bool] = False

    def begin(self, setting: Setting) -> None:
        self.setting_ = setting
        self.plays_ = np.zeros(len(setting.catalogue))  # (T,) as of `now_`
        self.finished_ = np.zeros(len(setting.catalogue))
        self.now_ = 0.0  # days
        self.arm_ = _arm_of(setting.catalogue, self.arms)  # (T,)

    def fit(self, log: Log) -> None:
        self.plays_[:], self.finished_[:], self.now_ = 0, 0, log.now
        for plays in log.parts():
            self._add_plays(plays)

    def update(self, exchange: Exchange) -> None:
        reached, skipped = exchange.feedback.reached, exchange.feedback.skipped
        self._age(float(exchange.request.time.max(initial=self.now_)))
        self._add(exchange.slate.tracks[reached], ~skipped[reached], np.ones(reached.sum()))

    def hear(self, news: Day) -> None:
        self._age(news.time)
        self._add_plays(news.plays)

    def recommend(self, request: Request) -> Slate:
        if self.arms == "tracks":
            return ranked(self._scores, request, self.setting_, self.explore)
        return armed(self._scores, self.arm_, request, self.setting_, self.explore)

    def score(self, request: Request, tracks: I32) -> F32:
        return scores_of(self._scores, request, tracks, self.setting_)

    def probability(self, request: Request, tracks: I32, given: I32) -> F32:
        if self.arms == "tracks":
            return chance(self._scores, request, tracks, given, self.setting_, self.explore)
        return armed_chance(self._scores, self.arm_, request, tracks, given, self.setting_, self.explore)

    def parts(self, listener: int, track: int) -> dict[str, float]:
        own = float(self._estimate(self.plays_, self.finished_)[track])
        if self.arms == "tracks":
            return {"share finished": own}
        arm = float(self._of_arms()[self.arm_[track]])
        return {f"share finished of its {self.arms[:-1]}": arm, "share finished": float(WITHIN) * own}

    def _scores(self, request: Request) -> F32:
        own = self._estimate(self.plays_, self.finished_)
        if self.arms != "tracks":
            own = self._of_arms()[self.arm_] + WITHIN * own
        return own.astype(np.float32)[None, :]

    def _of_arms(self) -> F64:
        """(arms,) estimates."""
        n_arms = int(self.arm_.max()) + 1
        plays, finished = np.zeros(n_arms), np.zeros(n_arms)
        np.add.at(plays, self.arm_, self.plays_)
        np.add.at(finished, self.arm_, self.finished_)
        return self._estimate(plays, finished)

    def _estimate(self, plays: F64, finished: F64) -> F64:
        common = finished.sum() / max(plays.sum(), 1e-9)
        return (finished + self.smoothing * common) / np.maximum(plays + self.smoothing, 1e-9)

    def _age(self, now: float) -> None:
        fade = np.exp2(min(self.now_ - now, 0.0) / self.half_life)
        self.plays_ *= fade
        self.finished_ *= fade
        self.now_ = max(self.now_, now)

    def _add_plays(self, plays: Plays) -> None:
        plays = plays.rows(plays.has(REACHED))
        fade = np.exp2(np.minimum(plays.time - self.now_, 0) / self.half_life)
        self._add(plays.track, ~plays.has(SKIPPED), fade * np.where(plays.slot < 0, self.organic, 1))

    def _add(self, tracks: I32, finished: np.ndarray, weight: F64) -> None:
        self.plays_ += np.bincount(tracks, weight, len(self.plays_))
        self.finished_ += np.bincount(tracks, weight * finished, len(self.plays_))


def _arm_of(catalogue: Catalogue, arms: str) -> I32:
    """(T,) the arm of each track; tracks without a genre share one."""
    if arms == "tracks":
        return np.arange(len(catalogue), dtype=np.int32)
    if arms == "artists":
        return catalogue.artist
    known = np.diff(catalogue.genre_start) > 0
    arm = np.full(len(catalogue), catalogue.n_genres, np.int32)
    arm[known] = catalogue.genre_ids[catalogue.genre_start[:-1][known]]
    return arm
