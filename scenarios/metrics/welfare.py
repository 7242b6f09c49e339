"""What listeners get: how much they truly like what is played to them, and how far from the best it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from simenv.scenarios.metrics._regret import Regret
from simenv.scenarios.metrics.base import Column, Metric, Start, ratio
from simenv.types import Day, Exchange, Truth


@dataclass
class Welfare(Metric):
    """True utility, which no agent sees; its divergence from reward is the point.

    - welfare = mean U of recommended plays that were reached, U less noise, mood and the session's lift
    - regret = mean over requests of [mean U of the r best available - mean U of the r slots reached]: myopic,
      and 0 if the best was shown in any order

    Args:
        share: of requests on which regret is measured; the hash of (listener, visit) chooses them.
    """

    share: float = 0.01

    columns: ClassVar[Mapping[str, Column]] = {
        "welfare": Column("mean true utility of recommended plays", 1),
        "regret": Column("true utility below the best available, mean of a request", -1),
    }

    def begin(self, start: Start) -> None:
        self.gap_ = Regret(start.setting, start.setting.key / "regret", self.share)
        self._new_day()

    def _new_day(self) -> None:
        self.utility_ = self.regret_ = 0.0
        self.reached_ = self.requests_ = 0

    def see(self, exchange: Exchange, truth: Truth) -> None:
        reached = exchange.feedback.reached
        self.utility_ += float(truth.utility[reached].sum(dtype=np.float64))
        self.reached_ += int(reached.sum())
        gaps = self.gap_.of(exchange, truth)
        self.regret_ += float(gaps.sum())
        self.requests_ += len(gaps)

    def day(self, news: Day, truth: Truth) -> dict[str, float]:
        row = {
            "welfare": ratio(self.utility_, self.reached_),
            "regret": ratio(self.regret_, self.requests_),
        }
        self._new_day()
        return row
