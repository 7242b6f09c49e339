"""Beyond accuracy: how new, how unknown and how unexpected what is recommended is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from simenv.scenarios.metrics.base import Column, Hearings, Metric, Start, ratio
from simenv.types import Day, Exchange, Truth


@dataclass
class Beyond(Metric):
    """Of recommended plays that were reached:

    - known = share played by the same listener for 30 s or more before, warm-up included
    - freshness = share of tracks that came out less than `young` days ago
    - novelty = mean of -log2 phi, phi_i = (n_i + 1) / (sum n + T) the share of all plays of 30 s and more
      that the track had before the day, warm-up included

    Args:
        young: days.
    """

    young: float = 60.0

    columns: ClassVar[Mapping[str, Column]] = {
        "known": Column("share of recommended plays heard before"),
        "freshness": Column("share of recommended plays younger than 60 days"),
        "novelty": Column("novelty of recommended plays, bits"),
    }

    def begin(self, start: Start) -> None:
        self.catalogue_ = start.setting.catalogue
        self.plays_ = start.log.counts()  # (T,)
        self.today_ = self.plays_.copy()  # (T,) with the plays of this day
        self._new_day()

    def _new_day(self) -> None:
        self.plays_[:] = self.today_
        phi = (self.plays_ + 1) / (self.plays_.sum() + len(self.plays_))
        self.bits_ = -np.log2(phi)  # (T,)
        self.reached_ = self.known_ = self.young_ = 0
        self.novelty_ = 0.0

    def see(self, exchange: Exchange, truth: Truth) -> None:
        row, slot = np.nonzero(exchange.feedback.reached)
        tracks = exchange.slate.tracks[row, slot]
        age = exchange.request.time[row] - self.catalogue_.released[tracks]
        self.reached_ += len(tracks)
        self.known_ += int(truth.known[row, slot].sum())
        self.young_ += int((age < self.young).sum())
        self.novelty_ += float(self.bits_[tracks].sum())
        self._count(Hearings.recommended(exchange))

    def _count(self, hearings: Hearings) -> None:
        self.today_ += np.bincount(hearings.track, minlength=len(self.today_))

    def day(self, news: Day, truth: Truth) -> dict[str, float]:
        self._count(Hearings.of(news.plays))
        row = {
            "known": ratio(self.known_, self.reached_),
            "freshness": ratio(self.young_, self.reached_),
            "novelty": ratio(self.novelty_, self.reached_),
        }
        self._new_day()
        return row
