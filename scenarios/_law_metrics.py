"""What laws need counted: sums over any stretch of days, and concentration month by month."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from simenv.scenarios.metrics.base import Column, Hearings, Metric, Start, here
from simenv.scenarios.metrics.concentration import gini
from simenv.types import Day, Exchange, Truth

YOUNG = 60.0  # days
MONTH = 30  # days


@dataclass
class Tally(Metric):
    """Counts of a day, whose sums are shares and minutes of any stretch of days."""

    columns: ClassVar[Mapping[str, Column]] = {
        "reached": Column("recommended plays"),
        "completed": Column("recommended plays that were finished"),
        "heard": Column("recommended plays of tracks heard before"),
        "young": Column("recommended plays of tracks younger than 60 days"),
        "listened": Column("minutes listened to, all plays"),
        "here": Column("listeners still here"),
        "staying": Column("listeners of the start who are still here"),
        "first": Column("listeners of the start"),
    }

    def begin(self, start: Start) -> None:
        self.first_ = here(start.truth, start.today)  # (n,)
        self.released_ = start.setting.catalogue.released
        self._new_day()

    def _new_day(self) -> None:
        self.reached_ = self.completed_ = self.heard_ = self.young_ = 0
        self.seconds_ = 0.0

    def see(self, exchange: Exchange, truth: Truth) -> None:
        feedback = exchange.feedback
        age = exchange.request.time[:, None] - self.released_[exchange.slate.tracks]
        self.reached_ += int(feedback.reached.sum())
        self.completed_ += int((feedback.reached & ~feedback.skipped).sum())
        self.heard_ += int((feedback.reached & truth.known).sum())
        self.young_ += int((feedback.reached & (age < YOUNG)).sum())
        self.seconds_ += float(feedback.seconds.sum(dtype=np.float64))

    def day(self, news: Day, truth: Truth) -> dict[str, float]:
        self.seconds_ += float(news.plays.seconds.sum(dtype=np.float64))
        still = here(truth, news.time)
        row = {
            "reached": float(self.reached_),
            "completed": float(self.completed_),
            "heard": float(self.heard_),
            "young": float(self.young_),
            "listened": self.seconds_ / 60,
            "here": float(still.sum()),
            "staying": float((still & self.first_).sum()),
            "first": float(self.first_.sum()),
        }
        self._new_day()
        return row


@dataclass
class Months(Metric):
    """Gini index of the plays of 30 s and more of each 30 days, over all tracks that are out by its end."""

    columns: ClassVar[Mapping[str, Column]] = {
        "gini_month": Column("Gini index of the plays of 30 days; nan but on the last of them")
    }

    def begin(self, start: Start) -> None:
        self.catalogue_ = start.setting.catalogue
        self.plays_ = np.zeros(len(self.catalogue_))  # (T,) of this month
        self.days_ = 0

    def see(self, exchange: Exchange, truth: Truth) -> None:
        self.plays_ += np.bincount(Hearings.recommended(exchange).track, minlength=len(self.plays_))

    def day(self, news: Day, truth: Truth) -> dict[str, float]:
        self.plays_ += np.bincount(Hearings.of(news.plays).track, minlength=len(self.plays_))
        self.days_ += 1
        if self.days_ % MONTH:
            return {"gini_month": float("nan")}
        found = gini(self.plays_[self.catalogue_.released_by(news.time)])
        self.plays_[:] = 0
        return {"gini_month": found}
