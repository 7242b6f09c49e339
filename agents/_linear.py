"""Bandits with context: what becomes of a track is linear in what shows of it to a listener at a moment."""

from __future__ import annotations

from abc import ABC
from dataclasses import dataclass, field
from typing import Annotated, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from simenv.agents._arms import arm_of
from simenv.agents._bandit import Bandit
from simenv.agents._mixing import asks
from simenv.agents._ridge import Ridge
from simenv.agents._situation import Situations
from simenv.agents.base import Agent, Count, Days, Range, Weight
from simenv.features import USUAL_SECONDS
from simenv.log import Log
from simenv.types import F32, F64, I32, SKIPPED, Bool, Day, Exchange, Plays, Request, Setting

Positive = Annotated[float, Range(0, above=True)]


@dataclass
class Linear(Bandit, ABC):
    """Learns by ridge regression what comes of a track, from what shows of it (`_situation.py`).

    Feedback counts when it comes; what was not reached teaches nothing. What shows of a track whose outcome
    comes late is read as of then. `fit` replays the log, play by play, if it holds plays that never came.

    Args:
        of: the agent that finds candidates; None: all tracks are, which is slow when they are many.
        pool: candidates asked of it.
        arms: whose parameters: shared by all tracks, or each main genre's, artist's or track's own, which
            takes 12 d^2 bytes an arm.
        reg: strength of the prior that all parameters are 0, in plays.
        half_life: days after which a play counts for half, day by day; inf: all count alike.
        organic: what an organic play counts for; listeners chose those themselves, which flatters them.
        reward: completion: 1 if finished, else 0; minutes: how long it was listened to, 208 s being 1.
    """

    of: Agent | str | None = field(default="hybrid", kw_only=True)
    pool: Count = field(default=50, kw_only=True)
    arms: Literal["shared", "genres", "artists", "tracks"] = "shared"
    reg: Positive = 1.0
    half_life: Days = 60.0
    organic: Weight = 1.0
    reward: Literal["completion", "minutes"] = field(default="completion", kw_only=True)

    personal: ClassVar[bool] = True

    def begin(self, setting: Setting) -> None:
        super().begin(setting)
        self.sight = Situations(setting)
        shared = np.zeros(len(setting.catalogue), np.int32)
        self.arm_ = shared if self.arms == "shared" else arm_of(setting.catalogue, self.arms)  # (T,)
        n, d = int(self.arm_.max()) + 1, self.sight.width
        self.gram_, self.moment_ = np.zeros((n, d, d)), np.zeros((n, d))
        self.estimate_, self.root_ = np.zeros((n, d), np.float32), np.zeros((n, d, d), np.float32)
        self.rounds_ = 0  # how often it has learned
        self.told_ = 0  # plays that came
        self.ridge.solve()

    @property
    def ridge(self) -> Ridge:
        """What was learned, as a regression."""
        return Ridge(self.gram_, self.moment_, self.estimate_, self.root_, self.reg)

    def update(self, exchange: Exchange) -> None:
        super().update(exchange)
        request, tracks, reached = exchange.request, exchange.slate.tracks, exchange.feedback.reached
        self.told_ += int(reached.sum())
        aged = self._age(float(request.time.max(initial=self.now_)))
        rows = self.sight.of(request, tracks)[reached]
        feedback = exchange.feedback
        paid = self._paid(feedback.skipped[reached], feedback.seconds[reached])
        weight = np.repeat(self._faded(request.time), reached.sum(axis=1))
        self.ridge.add(rows, self.arm_[tracks[reached]], paid, weight)
        self._solve(tracks[reached], aged)
        self.sight.observer.see(exchange)

    def hear(self, news: Day) -> None:
        super().hear(news)
        self.sight.observer.publish(news.charts)
        self.told_ += len(news.plays)
        self._learn(news.plays, self._age(news.time))

    def fit(self, log: Log) -> None:
        super().fit(log)
        if self.told_ == len(log):
            return
        self.told_ = len(log)
        self.sight.observer.forget(np.arange(self.setting_.n_listeners, dtype=np.int32))
        self.sight.observer.publish(log.counts(self.half_life).astype(np.float32))
        self.gram_[:], self.moment_[:], self.now_ = 0, 0, log.now
        for part in log.since(0):
            self._learn(part, False)
        self.ridge.solve()

    def score(self, request: Request, tracks: I32) -> F32:
        rows = self.sight.of(request, tracks)
        return np.einsum("mcd,mcd->mc", rows, self.estimate_[self.arm_[tracks]])

    def parts(self, listener: int, track: int) -> dict[str, float]:
        """As of the last news, in no particular moment."""
        request = asks(np.array([listener], np.int32), self.now_)
        row = self.sight.of(request, np.array([[track]], np.int32))[0, 0] * self.estimate_[self.arm_[track]]
        out: dict[str, float] = {}
        for word, part in zip(self.sight.words, row.tolist(), strict=True):
            out[word] = out.get(word, 0.0) + part
        return out

    def state(self) -> dict[str, NDArray]:
        remembered = self.sight.observer.state()
        return super().state() | {f"observer.{name}": array for name, array in remembered.items()}

    def restore(self, state: dict[str, NDArray]) -> None:
        super().restore({name: array for name, array in state.items() if not name.startswith("observer.")})
        kept = {name.partition(".")[2]: a for name, a in state.items() if name.startswith("observer.")}
        self.sight.observer.restore(kept)

    def _learn(self, plays: Plays, aged: bool) -> None:
        """Replay plays, with the weight that they have by now."""
        for some, rows in self.sight.replay(plays):
            weight = self._faded(some.time) * np.where(some.slot < 0, self.organic, 1)
            self.ridge.add(rows, self.arm_[some.track], self._paid(some.has(SKIPPED), some.seconds), weight)
        self._solve(plays.track, aged)

    def _paid(self, skipped: Bool, seconds: F32) -> F32:
        """(e,) the reward of plays."""
        return seconds / USUAL_SECONDS if self.reward == "minutes" else (~skipped).astype(np.float32)

    def _faded(self, time: F64) -> F64:
        """What a play at `time` counts for by now."""
        return np.exp2(np.minimum(np.floor(time) - np.floor(self.now_), 0) / self.half_life)

    def _solve(self, tracks: I32, aged: bool) -> None:
        self.rounds_ += 1
        self.ridge.solve(slice(None) if aged else np.unique(self.arm_[tracks]))

    def _age(self, now: float) -> bool:
        """Let what was counted fade until the day of `now`; whether it did."""
        days = max(np.floor(now) - np.floor(self.now_), 0.0)
        self.now_ = max(self.now_, now)
        if not days or np.isinf(self.half_life):
            return False
        self.ridge.fade(float(np.exp2(-days / self.half_life)))
        return True
