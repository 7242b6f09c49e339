"""How unequally tracks share the ears."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from simenv.scenarios.metrics.base import Column, Hearings, Metric, Start, ratio
from simenv.types import F64, Bool, Day, Exchange, Truth


@dataclass
class Concentration(Metric):
    """Concentration of listening and of what is shown, over all tracks that are out, unheard ones as zeros.

    Plays are those of 30 s and more since the start, organic ones included, unless said otherwise.

    - gini = Gini index of plays: 0 equal shares, 1 one track for all
    - gini_exposure = Gini index of exposure so far, sum over recommended slots of 1 / log2(1 + place)
    - top1 = share of plays that the most played hundredth of tracks has
    - coverage = share of tracks that were recommended at all so far
    - tail = share of the day's plays that goes to all but the head, the fewest tracks with four fifths of the
      warm-up's plays
    """

    columns: ClassVar[Mapping[str, Column]] = {
        "gini": Column("Gini index of all plays so far", -1, last=True),
        "gini_exposure": Column("Gini index of exposure so far", -1, last=True),
        "top1": Column("share of all plays so far on the top 1 % of tracks", -1, last=True),
        "coverage": Column("share of tracks recommended so far", 1, last=True),
        "tail": Column("share of all plays outside the head (80 % of the warm-up's plays)", 1),
    }

    def begin(self, start: Start) -> None:
        self.catalogue_ = start.setting.catalogue
        self.before_ = start.log.counts()  # (T,) plays in the warm-up
        self.head_ = head(self.before_, 0.8)
        self.plays_ = np.zeros(len(self.before_))  # (T,)
        self.exposure_ = np.zeros(len(self.before_))  # (T,)
        self.today_ = np.zeros(len(self.before_))  # (T,) plays of this day
        self.weight_ = 1 / np.log2(2 + np.arange(start.setting.slate_size))  # (k,)

    def see(self, exchange: Exchange, truth: Truth) -> None:
        tracks = exchange.slate.tracks
        weight = np.broadcast_to(self.weight_, tracks.shape).ravel()
        self.exposure_ += np.bincount(tracks.ravel(), weight, len(self.exposure_))
        self.today_ += np.bincount(Hearings.recommended(exchange).track, minlength=len(self.today_))

    def day(self, news: Day, truth: Truth) -> dict[str, float]:
        self.today_ += np.bincount(Hearings.of(news.plays).track, minlength=len(self.today_))
        self.plays_ += self.today_
        out = self.catalogue_.released_by(news.time)
        plays, exposure = self.plays_[out], self.exposure_[out]
        most = np.sort(plays)[::-1][: max(1, round(len(plays) / 100))]
        tail = ratio(self.today_[~self.head_].sum(), self.today_.sum())
        self.today_[:] = 0
        return {
            "gini": gini(plays),
            "gini_exposure": gini(exposure),
            "top1": ratio(most.sum(), plays.sum()),
            "coverage": ratio(float((exposure > 0).sum()), len(exposure)) if exposure.any() else np.nan,
            "tail": tail,
        }

    def arrays(self) -> dict[str, F64]:
        return {"before": self.before_, "during": self.plays_}


def gini(amounts: NDArray) -> float:
    """Gini index of non-negative amounts, sum_i (2 i - n - 1) x_(i) / (n sum x); nan if all are zero.

    >>> gini(np.array([1.0, 1.0, 1.0, 1.0]))
    0.0
    >>> gini(np.array([0.0, 0.0, 0.0, 8.0]))
    0.75
    """
    n = len(amounts)
    rank = 2.0 * np.arange(1, n + 1) - n - 1
    return ratio(float(rank @ np.sort(amounts.astype(np.float64))), n * float(amounts.sum(dtype=np.float64)))


def head(plays: F64, share: float) -> Bool:
    """(T,) the fewest tracks that have `share` of all `plays`; of equals, the first.

    >>> head(np.array([1.0, 5.0, 0.0, 4.0]), 0.8)
    array([False,  True, False,  True])
    """
    most = np.argsort(-plays, kind="stable")
    enough = np.searchsorted(np.cumsum(plays[most]), share * plays.sum()) + 1 if plays.any() else 0
    chosen = np.zeros(len(plays), bool)
    chosen[most[:enough]] = True
    return chosen
