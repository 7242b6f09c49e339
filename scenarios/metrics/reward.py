"""What the platform gets: plays finished, minutes, sessions, and who stays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from simenv.reward import REWARDS
from simenv.scenarios.metrics.base import Column, Metric, Start, here, mean, ratio
from simenv.types import KNOWN, LEFT, SKIPPED, Day, Exchange, Truth


@dataclass
class Reward(Metric):
    """What listening is worth to the platform, a day at a time.

    - finished = finished / reached, of recommended plays
    - reward = reward of the day / listeners still here at its end; recommended plays
    - reward_total = reward so far / listeners who were here at the start; recommended plays
      Both are nan until the first slate is served, so that `organic` has none
    - minutes, sessions = minutes listened to, sessions ended, a listener still here and day; all plays
    - minutes_total = minutes so far / listeners who were here at the start; all plays
    - retention = share of those who were here at the start who are still here: the Kaplan-Meier curve
      S(t), as nobody is lost from sight before the end
    - satisfaction = mean S in [-1, 1] of those still here
    - discovery = plays finished of tracks not played for 30 s or more before, a listener still here and day;
      all plays

    Args:
        reward: what an exchange is worth, a name of simenv.reward.REWARDS.
    """

    reward: str = "completion"

    columns: ClassVar[Mapping[str, Column]] = {
        "finished": Column("share of recommended plays finished", 1),
        "reward": Column("recommended tracks finished per listener still here and day", 1),
        "reward_total": Column("recommended tracks finished so far per listener of the start", 1, last=True),
        "minutes": Column("minutes listened to per listener still here and day", 1),
        "minutes_total": Column("minutes listened to so far per listener of the start", 1, last=True),
        "sessions": Column("sessions per listener still here and day", 1),
        "retention": Column("share of the first listeners still here", 1, last=True),
        "satisfaction": Column("mean satisfaction of those still here, -1 to 1", 1, last=True),
        "discovery": Column("new tracks played to the end per listener still here and day", 1),
    }

    def begin(self, start: Start) -> None:
        self.first_ = here(start.truth, start.today)  # (n,)
        self.total_, self.minutes_, self.served_ = 0.0, 0.0, False
        self._new_day()

    def _new_day(self) -> None:
        self.reached_ = self.finished_ = self.sessions_ = self.discovered_ = 0
        self.reward_ = self.seconds_ = 0.0

    def see(self, exchange: Exchange, truth: Truth) -> None:
        feedback = exchange.feedback
        finished = feedback.reached & ~feedback.skipped
        self.served_ = True
        self.reached_ += int(feedback.reached.sum())
        self.finished_ += int(finished.sum())
        self.discovered_ += int((finished & ~truth.known).sum())
        self.sessions_ += int(feedback.left.sum())
        self.seconds_ += float(feedback.seconds.sum(dtype=np.float64))
        self.reward_ += float(REWARDS[self.reward](exchange).sum(dtype=np.float64))

    def day(self, news: Day, truth: Truth) -> dict[str, float]:
        plays, still = news.plays, here(truth, news.time)
        self.seconds_ += float(plays.seconds.sum(dtype=np.float64))
        self.sessions_ += int(plays.has(LEFT).sum())
        self.discovered_ += int((~plays.has(SKIPPED) & ~plays.has(KNOWN)).sum())
        self.total_ += self.reward_
        self.minutes_ += self.seconds_ / 60
        n, nan = int(still.sum()), float("nan")
        row = {
            "finished": ratio(self.finished_, self.reached_),
            "reward": ratio(self.reward_, n) if self.served_ else nan,
            "reward_total": ratio(self.total_, self.first_.sum()) if self.served_ else nan,
            "minutes": ratio(self.seconds_ / 60, n),
            "minutes_total": ratio(self.minutes_, self.first_.sum()),
            "sessions": ratio(self.sessions_, n),
            "retention": ratio((self.first_ & still).sum(), self.first_.sum()),
            "satisfaction": mean(truth.columns["satisfaction"][still]),
            "discovery": ratio(self.discovered_, n),
        }
        self._new_day()
        return row
