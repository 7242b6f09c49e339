"""Bandits without context: what became of each arm, counted, whoever listened."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Literal

import numpy as np

from simenv.agents._arms import arm_of
from simenv.agents._bandit import Bandit
from simenv.agents._ranking import chance, ranked
from simenv.agents.base import Days, Weight
from simenv.log import Log
from simenv.types import F32, F64, I32, REACHED, SKIPPED, Bool, Day, Exchange, Plays, Request, Setting, Slate

WITHIN = 0.01
"""Weight of a track's own estimate beside that of its arm: it orders the tracks within an arm."""


@dataclass
class Tally(Bandit, ABC):
    """Counts the plays of every arm that were reached, and those finished, and answers everybody alike.

    Of n plays, s of them finished, an arm's estimate is (s + smoothing p) / (n + smoothing), p being the
    share over all arms. Feedback counts when it comes, in batches and late as it may be, with the weight that
    it then has. `fit` counts the log anew.

    Args:
        arms: what is estimated: tracks, artists or main genres.
        smoothing: plays that the share over all arms is worth.
        half_life: days after which a play counts for half, for tastes that move; inf: all count alike.
        organic: what an organic play counts for; listeners chose those themselves, which flatters them.
    """

    arms: Literal["tracks", "artists", "genres"] = "tracks"
    smoothing: Weight = 20.0
    half_life: Days = 60.0
    organic: Weight = 1.0

    @property
    def personal(self) -> bool:  # type: ignore[override]
        """Whether the agent that finds candidates tells listeners apart."""
        return self.inner is not None and self.inner.personal

    @property
    def n_votes(self) -> int:
        return 1

    def begin(self, setting: Setting) -> None:
        super().begin(setting)
        self.plays_ = np.zeros(len(setting.catalogue))  # (T,) as of `now_`
        self.finished_ = np.zeros(len(setting.catalogue))
        self.arm_ = arm_of(setting.catalogue, self.arms)  # (T,)
        self.rounds_ = 0  # how often it has learned

    @abstractmethod
    def worth(self) -> dict[str, F64]:
        """(T,) what adds up to the worth of each track, each part by its name."""

    def seen(self, exchange: Exchange) -> Bool:
        """(m, k) the slots that were seen, and so teach something."""
        return exchange.feedback.reached

    def fit(self, log: Log) -> None:
        super().fit(log)
        self.plays_[:], self.finished_[:], self.now_ = 0, 0, log.now
        self.rounds_ += 1
        for plays in log.parts():
            self._add_plays(plays)

    def update(self, exchange: Exchange) -> None:
        super().update(exchange)
        self.age(float(exchange.request.time.max(initial=self.now_)))
        seen, feedback = self.seen(exchange), exchange.feedback
        finished = (feedback.reached & ~feedback.skipped)[seen]
        ago = np.minimum(exchange.request.time - self.now_, 0)  # below 0 where feedback comes late
        weight = np.repeat(np.exp2(ago / self.half_life), seen.sum(axis=1))
        self._add(exchange.slate.tracks[seen], finished, weight)

    def hear(self, news: Day) -> None:
        super().hear(news)
        self.age(news.time)
        self._add_plays(news.plays)

    def votes(self, request: Request, tracks: I32) -> F32:
        return self._worth()[0][tracks][:, :, None]

    def recommend(self, request: Request) -> Slate:
        if self.inner:
            return super().recommend(request)
        return ranked(lambda _: self._worth(), request, self.setting_, self.explore)

    def probability(self, request: Request, tracks: I32, given: I32) -> F32:
        if self.inner:
            return super().probability(request, tracks, given)
        return chance(lambda _: self._worth(), request, tracks, given, self.setting_, self.explore)

    def score(self, request: Request, tracks: I32) -> F32:
        return self._worth()[0][tracks]

    def parts(self, listener: int, track: int) -> dict[str, float]:
        return {name: float(part[track]) for name, part in self.worth().items()}

    def estimate(self) -> dict[str, F64]:
        """(T,) the estimate of each track's arm, by its name, and of the track itself within the arm."""
        own = shrunk(self.plays_, self.finished_, self.smoothing)
        if self.arms == "tracks":
            return {"share finished": own}
        by_arm = shrunk(*self.of_arms(), self.smoothing)[self.arm_]
        return {f"share finished of its {self.arms[:-1]}": by_arm, "share finished": WITHIN * own}

    def of_arms(self) -> tuple[F64, F64]:
        """(arms,) plays, and those finished."""
        if self.arms == "tracks":
            return self.plays_, self.finished_
        plays, finished = np.zeros((2, int(self.arm_.max()) + 1))
        np.add.at(plays, self.arm_, self.plays_)
        np.add.at(finished, self.arm_, self.finished_)
        return plays, finished

    def bonus(self) -> F64:
        """(T,) sqrt(2 ln(1 + N) / (n + smoothing)) of each track's arm, N being the plays of all arms."""
        plays, _ = self.of_arms()
        return np.sqrt(2 * np.log1p(plays.sum()) / np.maximum(plays + self.smoothing, 1e-9))[self.arm_]

    def _worth(self) -> F32:
        return sum(self.worth().values(), np.zeros(len(self.arm_))).astype(np.float32)[None, :]

    def faded(self, then: float, now: float) -> float:
        """What is left by `now` of what counted for 1 `then`."""
        return float(np.exp2(min(then - now, 0.0) / self.half_life))

    def age(self, now: float) -> None:
        """Let what was counted fade until `now`."""
        fade = self.faded(self.now_, now)
        self.plays_ *= fade
        self.finished_ *= fade
        self.now_ = max(self.now_, now)
        self.rounds_ += 1

    def _add_plays(self, plays: Plays) -> None:
        plays = plays.rows(plays.has(REACHED))
        fade = np.exp2(np.minimum(plays.time - self.now_, 0) / self.half_life)
        self._add(plays.track, ~plays.has(SKIPPED), fade * np.where(plays.slot < 0, self.organic, 1))

    def _add(self, tracks: I32, finished: Bool, weight: F64) -> None:
        self.plays_ += np.bincount(tracks, weight, len(self.plays_))
        self.finished_ += np.bincount(tracks, weight * finished, len(self.plays_))


def shrunk(plays: F64, finished: F64, smoothing: float) -> F64:
    """The share finished of each, drawn towards that of all as if `smoothing` more plays had it."""
    common = finished.sum() / max(plays.sum(), 1e-9)
    return (finished + smoothing * common) / np.maximum(plays + smoothing, 1e-9)
