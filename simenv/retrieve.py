"""A few candidates for each listener out of many tracks, without looking at the many."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

import simenv._prefetch as prefetch
import simenv.floats as floats
import simenv.rng as rng
import simenv.urns as urns
from simenv._aligned import aligned
from simenv._cache import driver
from simenv._prefetch import fetch_two_lines
from simenv.features import neighbours, track_features
from simenv.rng import Key, below, fold, uniform
from simenv.types import F32, I32, Request, Setting
from simenv.urns import draw_from, urn

NEIGHBOURS = 32
"""Nearest tracks that are kept of each track."""

_TRIES = 8  # draws for a place before it is left to any released track, and again before it stays empty
_LOW = 1023  # tracks that agree in their lowest bits share a mark

I64 = NDArray[np.int64]
compiled = driver([Path(__file__), *(Path(str(m.__file__)) for m in (prefetch, floats, rng, urns))])


class Retriever(Protocol):
    """Finds candidates; `Nearby` is the one that ships."""

    def publish(self, charts: F32) -> None:
        """New charts (T,)."""
        ...

    def renew(self, rows: I32, who: I32, life: I32, key: Key) -> None:
        """Other listeners take `rows`: numbers `who` (m,) in their `life`-th life, with luck of `key`."""
        ...

    def of(self, request: Request, last: I32) -> I32:
        """(m, c) distinct candidates that are out and not in cooldown; -1: none was found."""
        ...


MakeRetriever = Callable[[Setting, int], Retriever]
"""Makes a retriever of so many candidates for a setting."""


class Nearby:
    """Half of them lie near the track last finished, a quarter is from the charts, a quarter from anywhere.

    Each place is a draw that belongs to the event (listener, life, visit, place), in O(1): one of the 32
    nearest neighbours of the last finished track by public features, dealt like cards from those that are
    out; a track by its chart count; any released track. What is in cooldown or already among the candidates
    is drawn again, eight times, then from anywhere, eight times; then the place stays empty (-1). Who has
    finished nothing yet, or has no neighbours left, gets charts for neighbours.

    Args:
        setting: of the world; its catalogue, cooldown, memory and luck count.
        candidates: c.
    """

    def __init__(self, setting: Setting, candidates: int) -> None:
        catalogue = setting.catalogue
        self.setting, self.candidates = setting, candidates
        self._order = np.argsort(catalogue.released, kind="stable").astype(np.int32)  # (T,) as they come out
        place = np.argsort(self._order).astype(np.int32)  # (T,) in that order
        near = place[neighbours(track_features(catalogue), NEIGHBOURS)]
        self._near = aligned(np.sort(near, axis=1))  # (T, 32) places in it, the earliest first
        self._out = catalogue.released[self._order]
        last_day = max(self._out[-1], 0.0) if np.isfinite(self._out[-1]) else 0.0
        self._by_day = np.searchsorted(self._out, np.arange(last_day + 2))  # tracks out before days 0, 1, ...
        self.publish(np.zeros(len(catalogue), np.float32))
        self._luck = np.empty(setting.n_listeners, np.uint64)
        everyone = np.arange(setting.n_listeners, dtype=np.int32)
        self.renew(everyone, everyone, np.zeros_like(everyone), setting.key)

    def publish(self, charts: F32) -> None:
        self._charts = urn(charts, np.array([0, len(charts)], np.int32))

    def renew(self, rows: I32, who: I32, life: I32, key: Key) -> None:
        self._luck[rows] = (key / "candidates").bits(who, life)

    def of(self, request: Request, last: I32) -> I32:
        """(m, c) distinct candidates that are out and not in cooldown; -1: none was found.

        Args:
            request: of m listeners.
            last: (m,) the track each finished last; -1: none yet.
        """
        out = np.empty((len(request), self.candidates), np.int32)
        start, forbidden = self._forbidden(request)
        stamp = np.zeros(len(self._order) if len(forbidden) else 0, np.int32)
        _retrieve(
            request.listeners, request.time, request.visit, last, self._luck, self._near, self._charts,
            self.candidates // 2, self.candidates // 4, self._order, self._out, self._by_day,
            self.setting.catalogue.released, start, forbidden, stamp, np.zeros(_LOW + 1, np.int32),
            np.empty(self._near.shape[1], np.int32), out,
        )  # fmt: skip
        return out

    def _forbidden(self, request: Request) -> tuple[I64, I32]:
        heard = self.setting.heard
        if heard is None or self.setting.cooldown <= 0:
            return np.empty(0, np.int64), np.empty(0, np.int32)
        return heard.forbidden(request.listeners, request.time, self.setting.cooldown)


@compiled
def _retrieve(
    rows, time, visit, last, luck, near, charts, n_near, n_charts, order, dates, by_day, released, start,
    forbidden, stamp, seen, deck, out,
):  # fmt: skip
    """The first `n_near` places are for neighbours, the next `n_charts` for charts, the rest for anything.

    Three scratches: `deck` (32,) of neighbours; and two that hold the place of the row at hand, from 1:
    `stamp` (T,) where a track is forbidden, empty if none is, and `seen` (1024,) where a track with such
    lowest bits was found.
    """
    for j in range(len(rows)):
        now, found, mark = time[j], out[j], j + 1
        if mark < len(rows):
            fetch_two_lines(near, max(last[mark], 0))
        came = _count_until(dates, by_day, now)
        event = fold(luck[rows[j]], visit[j])
        if len(stamp):
            for e in range(start[j], start[j + 1]):
                stamp[forbidden[e]] = mark
        left, dealt = 0, 0  # neighbours that are out stand first
        if last[j] >= 0:
            cards = near[last[j]]
            for b in range(len(deck)):
                deck[b] = cards[b]
                left += cards[b] < came
        for c in range(len(found)):
            i = np.int32(-1)
            while c < n_near and i < 0 and dealt < left:
                i = order[_deal(deck, dealt, left, fold(event, dealt))]
                dealt += 1
                if len(stamp) and stamp[i] == mark:
                    i = np.int32(-1)
            attempt = 0
            while i < 0 and attempt < 2 * _TRIES:
                own = fold(event, len(deck) + 2 * _TRIES * c + attempt)
                from_charts = c < n_near + n_charts and attempt < _TRIES
                i = _draw(from_charts, charts, order, came, own)
                if not _fits(i, found, c, seen, now, released, stamp, mark):
                    i = np.int32(-1)
                attempt += 1
            found[c] = i
            seen[i & _LOW] = mark


@floats.scalar
def _deal(deck, dealt, left, own):
    """The next of the first `left` of a deck that is shuffled as it is dealt, so that none comes twice."""
    at = dealt + below(left - dealt, own)
    card = deck[at]
    deck[at] = deck[dealt]
    deck[dealt] = card
    return card


@floats.scalar
def _draw(from_charts, charts, order, came, own):
    """A track of the charts, or else among the first `came` of `order`; -1: there is none."""
    total = len(order)
    if from_charts and charts.sums[total - 1] > 0.0:
        return np.int32(draw_from(charts, 0, total, uniform(own)))
    return order[below(came, own)] if came else np.int32(-1)


@floats.scalar
def _fits(track, found, c, seen, now, released, stamp, mark):
    """Whether a track may stand in place c: it is out, not forbidden, and in no place before."""
    if track < 0 or released[track] > now or (len(stamp) and stamp[track] == mark):
        return False
    if seen[track & _LOW] == mark:
        for b in range(c):
            if found[b] == track:
                return False
    return True


@floats.scalar
def _count_until(dates, by_day, now):
    """How many of `dates`, which ascend, are at most `now`: a search within the day."""
    last = len(by_day) - 1
    day = np.int64(min(max(np.floor(now), 0.0), np.float64(last)))
    low = by_day[day] if now >= 0.0 else 0
    high = by_day[day + 1] if day < last else len(dates)
    while low < high:
        middle = (low + high) // 2
        if dates[middle] <= now:
            low = middle + 1
        else:
            high = middle
    return low
