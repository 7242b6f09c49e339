"""What those get who look for something new, and those who stay with what they know."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from simenv.scenarios.metrics.base import Column, Metric, Start, ratio
from simenv.types import Day, Exchange, Truth


@dataclass
class Segments(Metric):
    """Share of recommended plays finished, of two kinds of listeners.

    Explorers are the third of all listeners whose hidden discovery share nu, the share of their own plays
    that looks for something new, is highest; loyalists the third whose nu is lowest; bots belong to neither.

    - finished_explorers, finished_loyalists = finished / reached, of recommended plays
    """

    columns: ClassVar[Mapping[str, Column]] = {
        "finished_explorers": Column("share of recommended plays finished, of listeners who explore", 1),
        "finished_loyalists": Column("share of recommended plays finished, of listeners who do not", 1),
    }

    def begin(self, start: Start) -> None:
        hidden = start.truth.columns
        honest = np.flatnonzero(hidden["bot"] == 0)
        ascending = honest[np.argsort(hidden["discovery"][honest], kind="stable")]
        third = len(honest) // 3
        self.kind_ = np.full(len(hidden["bot"]), 1)  # (n,) 0: loyalists, 1: neither, 2: explorers
        self.kind_[ascending[:third]] = 0
        self.kind_[ascending[len(honest) - third :]] = 2
        self._new_day()

    def _new_day(self) -> None:
        self.reached_, self.finished_ = np.zeros(3), np.zeros(3)

    def see(self, exchange: Exchange, truth: Truth) -> None:
        feedback, kind = exchange.feedback, self.kind_[exchange.request.listeners]
        self.reached_ += np.bincount(kind, feedback.reached.sum(axis=1), 3)
        self.finished_ += np.bincount(kind, (feedback.reached & ~feedback.skipped).sum(axis=1), 3)

    def day(self, news: Day, truth: Truth) -> dict[str, float]:
        row = {
            "finished_explorers": ratio(self.finished_[2], self.reached_[2]),
            "finished_loyalists": ratio(self.finished_[0], self.reached_[0]),
        }
        self._new_day()
        return row
