"""Late lessons: the agent within learns of what happened days afterwards, or in batches."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simenv.agents._guards import Guard
from simenv.agents._pending import AsOf, packed, unpacked
from simenv.agents.base import Number
from simenv.log import Log
from simenv.types import Day, Exchange, Setting


class Mark(NamedTuple):
    """How far the log went when it was last shown."""

    day: int  # days that had ended
    rows: int
    n_late: int
    now: float  # time of the newest play, days


@dataclass
class Delayed(Guard):
    """Answer as the agent within does, which learns what happened on day d when day d + `days` ends.

    All that teaches is held back together: what became of slates, the day's news with its charts, and how far
    the log goes that it is refitted to, when its own `fit_every` says so. Times inside are as they were. So
    when day t ends the agent within is what it would have been without the wrapper when day t - `days` ended,
    and before that what it was at the start: what was played until then is history, which everybody knows.
    Slates, propensities and scores pass unchanged, and its luck is the agent's own, so that it can be
    compared with itself undelayed. The cooldown is the platform's and knows no delay.

    With `batch` > 0 lessons are handed over every so many days only, all those due at once and in their
    order; only the last of the refits that fell due is made. A checkpoint holds what is pending, but not the
    log, which the next `fit` shows again.

    Args:
        of: the agent within.
        days: that each lesson is late; 0: at once.
        batch: days between deliveries; 0: as soon as it is due.

    Source: delays of whole batches: Joulani, Gyorgy & Szepesvari, ICML 2013; Chapelle & Li, NIPS 2011, 4.4.
    Departs:
        1. every lesson is late by the same number of days (Joulani: by any; Chapelle & Li: by minutes).
    """

    days: Number = 3
    batch: Number = 0

    def begin(self, setting: Setting) -> None:
        self.setting_ = setting
        self.inner.begin(setting)
        self.day_, self.told_ = 0, 0  # days that have ended; of which the agent within knows
        self.fitted_ = -1  # the day as of which it was refitted; -1: never
        self.pending_: list[tuple[int, Exchange | Day]] = []  # each with the day at whose end it was news
        self.marks_: list[Mark] = []

    def update(self, exchange: Exchange) -> None:
        if not self.days and not self.batch:
            self.inner.update(exchange)
        else:
            self.pending_.append((self.day_ + 1, exchange))

    def hear(self, news: Day) -> None:
        self.day_ += 1
        self.pending_.append((self.day_, news))
        if self.batch and self.day_ % self.batch:
            return
        self.told_ = max(self.day_ - self.days, 0)
        while self.pending_ and self.pending_[0][0] <= self.told_:
            _, lesson = self.pending_.pop(0)
            if isinstance(lesson, Day):
                self.inner.hear(lesson)
            else:
                self.inner.update(lesson)

    def fit(self, log: Log) -> None:
        self.marks_.append(Mark(self.day_, len(log), len(log.late()), log.now))
        known = [mark for mark in self.marks_ if mark.day <= self.told_]
        if not known:
            return
        every, day = self.inner.fit_every, known[-1].day
        self.marks_ = self.marks_[len(known) - 1 :]
        if self.fitted_ < 0 or (every and day - self.fitted_ >= every):
            self.inner.fit(self.let_through(log))
            self.fitted_ = day

    def let_through(self, log: Log) -> Log:
        return AsOf(log, *self.marks_[0][1:])

    def state(self) -> dict[str, NDArray]:
        out = {
            "clock": np.array([self.day_, self.told_, self.fitted_]),
            "marks": np.array(self.marks_, np.float64).reshape(-1, len(Mark._fields)),
            "days": np.array([day for day, _ in self.pending_], np.int64),
            "news": np.array([isinstance(lesson, Day) for _, lesson in self.pending_], bool),
        }
        for i, (_, lesson) in enumerate(self.pending_):
            out |= packed(lesson, str(i))
        return out

    def restore(self, state: dict[str, NDArray]) -> None:
        self.day_, self.told_, self.fitted_ = state["clock"].tolist()
        self.marks_ = [Mark(int(d), int(r), int(late), now) for d, r, late, now in state["marks"].tolist()]
        self.pending_ = [
            (day, unpacked(Day if news else Exchange, state, str(i)))
            for i, (day, news) in enumerate(zip(state["days"].tolist(), state["news"].tolist(), strict=True))
        ]
