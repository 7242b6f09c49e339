"""How many kinds of music a listener meets in a week."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from simenv.scenarios.metrics.base import Column, Hearings, Metric, Start, mean
from simenv.types import F64, I32, Day, Exchange, Truth

_BLOCK = 4096  # listeners whose plays are compared with one another at a time


@dataclass
class Topics(Metric):
    """Effective number of micro-genres, exp(entropy), in the first plays (30 s and more) of a listener-week.

    The same number of plays for all, because more plays touch more genres by chance alone; listeners with
    fewer in a week do not count for it. Values are those of the last whole week; nan before the first.

    - topics = of the first `plays` of all plays
    - topics10 = of the first `recommended` recommended plays
    - bubble_speed = least-squares slope of `topics` over the weeks so far; below 0: worlds narrow

    Args:
        plays: of any source.
        recommended: recommended plays.
    """

    plays: int = 20
    recommended: int = 10

    columns: ClassVar[Mapping[str, Column]] = {
        "topics": Column("effective micro-genres in 20 plays of a listener's week", last=True),
        "topics10": Column("effective micro-genres in 10 recommended plays of a listener's week", last=True),
        "bubble_speed": Column("change of effective micro-genres a week", last=True),
    }

    def begin(self, start: Start) -> None:
        self.genre_ = start.truth.tracks.micro_genre
        n = start.setting.n_listeners
        self.all_, self.shown_ = _Firsts(n, self.plays), _Firsts(n, self.recommended)
        self.hearings_: list[Hearings] = []  # of this day, recommended
        self.days_ = 0
        self.weeks_: list[float] = []
        self.last_ = {name: float("nan") for name in self.columns}

    def see(self, exchange: Exchange, truth: Truth) -> None:
        self.hearings_.append(Hearings.recommended(exchange))

    def day(self, news: Day, truth: Truth) -> dict[str, float]:
        organic = Hearings.of(news.plays)
        for firsts, parts in ((self.all_, [*self.hearings_, organic]), (self.shown_, self.hearings_)):
            if parts:
                hearings = Hearings.in_order(parts)
                firsts.add(hearings.listener, self.genre_[hearings.track])
        self.hearings_ = []
        self.days_ += 1
        if self.days_ % 7 == 0:
            self.weeks_.append(mean(self.all_.effective()))
            self.last_ = {
                "topics": self.weeks_[-1],
                "topics10": mean(self.shown_.effective()),
                "bubble_speed": slope(np.array(self.weeks_)),
            }
            self.all_.clear()
            self.shown_.clear()
        return dict(self.last_)


class _Firsts:
    """The first `size` codes of each of n listeners."""

    def __init__(self, n: int, size: int) -> None:
        self.codes = np.zeros((n, size), np.int32)
        self.count = np.zeros(n, np.int64)  # (n,)

    def add(self, listener: I32, code: I32) -> None:
        """Codes (e,) of listeners (e,), which come in groups, each in order."""
        first = np.searchsorted(listener, listener)  # (e,) where the group begins
        place = self.count[listener] + np.arange(len(listener)) - first
        kept = place < self.codes.shape[1]
        self.codes[listener[kept], place[kept]] = code[kept]
        self.count += np.bincount(listener, minlength=len(self.count))

    def clear(self) -> None:
        self.count[:] = 0

    def effective(self) -> F64:
        """(r,) effective numbers of full rows: exp of minus the mean over places of ln(share of its code)."""
        full = self.codes[self.count >= self.codes.shape[1]]
        parts = [np.empty(0)]
        for lo in range(0, len(full), _BLOCK):
            codes = full[lo : lo + _BLOCK]
            share = (codes[:, :, None] == codes[:, None, :]).mean(axis=2)  # (b, size)
            parts.append(np.exp(-np.log(share).mean(axis=1)))
        return np.concatenate(parts)


def slope(values: F64) -> float:
    """Least-squares slope of values (w,) over 0, 1, 2, ...; nan of fewer than two."""
    if len(values) < 2:
        return float("nan")
    x = np.arange(len(values)) - (len(values) - 1) / 2
    return float(x @ values / (x @ x))
