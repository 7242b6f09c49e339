"""What charts are made of: decayed counts of plays, kept as they come."""

from __future__ import annotations

from abc import ABC
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from simenv.agents.base import Days, Scorer
from simenv.log import Log
from simenv.types import F32, HEARD_SECONDS, I32, Day, Exchange, Request, Setting


@dataclass
class Charts(Scorer, ABC):
    """Shows what was played most for 30 s and more, recommended or not, plays fading with age.

    Counts grow with every exchange and every day's news; `fit` counts the log anew.

    Args:
        half_life: days after which a play counts for half; inf: all count alike.
    """

    half_life: Days = np.inf

    personal: ClassVar[bool] = False

    def begin(self, setting: Setting) -> None:
        self.setting_ = setting
        self.plays_ = np.zeros(len(setting.catalogue))  # (T,) as of `now_`
        self.now_ = 0.0  # days

    def fit(self, log: Log) -> None:
        self.plays_, self.now_ = log.counts(self.half_life), log.now

    def update(self, exchange: Exchange) -> None:
        heard = exchange.feedback.seconds >= HEARD_SECONDS
        self._count(exchange.slate.tracks[heard], float(exchange.request.time.max(initial=self.now_)))

    def hear(self, news: Day) -> None:
        self._count(news.plays.track[news.plays.seconds >= HEARD_SECONDS], news.time)

    def scores(self, request: Request) -> F32:
        return self.plays_[None, :].astype(np.float32)

    def _count(self, tracks: I32, time: float) -> None:
        """Add plays that happened just before `time`."""
        self.plays_ *= np.exp2(min(self.now_ - time, 0.0) / self.half_life)
        self.now_ = max(self.now_, time)
        self.plays_ += np.bincount(tracks, minlength=len(self.plays_))
