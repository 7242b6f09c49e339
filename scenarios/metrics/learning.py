"""Whether a recommender learns while it serves: regret that adds up ever more slowly."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from simenv.scenarios.metrics._regret import Regret
from simenv.scenarios.metrics.base import Column, Metric, Start, here, ratio
from simenv.types import F64, Day, Exchange, Truth


@dataclass
class Learning(Metric):
    """Regret so far, R(N) after N requests, and how it grows.

    - regret_total = R / listeners who were here at the start; a request that is measured stands for 1 / share
    - regret_growth = log2 R(N) / R(N / 2): the exponent b of R ~ N^b over the second half of the requests so
      far. 1: regret a request stays what it is, nothing is learned or tastes move as fast; below 1 regret
      is sublinear. It is 1, too, for who knew all that they can learn before the first request

    The regret of a request is that of `Welfare`, to the best that one who sees true tastes could show then:
    an agent that answers everybody alike cannot bring it to 0.

    Args:
        share: of requests on which regret is measured; the hash of (listener, visit) chooses them.
    """

    share: float = 0.2

    columns: ClassVar[Mapping[str, Column]] = {
        "regret_total": Column(
            "true utility below the best available so far, summed over requests, a listener of the start",
            -1,
            last=True,
        ),
        "regret_growth": Column(
            "exponent of the growth of regret over the second half of the requests so far", -1, last=True
        ),
    }

    def begin(self, start: Start) -> None:
        self.gap_ = Regret(start.setting, start.setting.key / "learning", self.share)
        self.first_ = int(here(start.truth, start.today).sum())
        self.requests_, self.regret_ = [0.0], [0.0]  # so far, at the end of each day
        self._new_day()

    def _new_day(self) -> None:
        self.asked_, self.lost_ = 0, 0.0

    def see(self, exchange: Exchange, truth: Truth) -> None:
        gaps = self.gap_.of(exchange, truth)
        self.asked_ += len(gaps)
        self.lost_ += float(gaps.sum())

    def day(self, news: Day, truth: Truth) -> dict[str, float]:
        self.requests_.append(self.requests_[-1] + self.asked_)
        self.regret_.append(self.regret_[-1] + self.lost_)
        self._new_day()
        measured = self.requests_[-1] > 0
        total = ratio(self.regret_[-1] / self.share, self.first_)
        return {
            "regret_total": total if measured else float("nan"),
            "regret_growth": growth(np.array(self.requests_), np.array(self.regret_)),
        }


def growth(requests: F64, regret: F64) -> float:
    """The exponent b of R ~ N^b from N / 2 on, the amounts so far growing evenly within a day; nan of 0.

    >>> n = np.arange(101.0)
    >>> round(growth(n, 3 * n), 6), round(growth(n, np.sqrt(n)), 6)
    (1.0, 0.5)
    """
    half = float(np.interp(requests[-1] / 2, requests, regret))
    return float(np.log2(regret[-1] / half)) if half > 0 and regret[-1] > 0 else float("nan")
