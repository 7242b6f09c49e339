"""Exploration around any agent: a bonus, or reserved slots, for tracks of which little is known."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simenv.agents._ranking import among
from simenv.agents._rerank import Pool, Reranker, best_places
from simenv.agents.base import Count, Days, Number, Weight
from simenv.log import Log
from simenv.types import F32, I32, REACHED, Bool, Day, Exchange, Request, Setting, Slate


@dataclass
class Explore(Reranker):
    """Show what the inner agent finds, and give tracks that few have tried a chance.

    Tracks are ranked by r + bonus / sqrt(1 + n), with relevance r in [0, 1] over the pool and n plays of
    everyone so far, skips included. Beside the pool stand the `newcomers`, the tracks with the fewest plays,
    the newest first among equals, at the inner agent's score. With `slots` > 0 so many slots, spread over
    the slate, are uniform draws from the open newcomers not yet in it. Propensities are exact: 1 in a slot
    without a draw, 1 over the number of newcomers left in one with; unknown where the inner agent explores
    itself. A new listener is served as by the inner agent; a new track has the highest bonus.

    Args:
        bonus: c, what a track never played gains, in units of the pool's range of scores.
        slots: reserved slots of a slate.
        newcomers: tracks that stand beside the pool.
        half_life: days after which a play counts for half, so that what was tried long ago is tried again;
            inf: all count alike.

    Source: count-based bonus: Strehl & Littman, JCSS 2008; reserved slots: Su et al., WSDM 2024.
    Departs:
        1. plays of all listeners together are counted (theirs: visits of a state and action).
        2. newcomers are drawn uniformly (theirs: by a policy of its own).
    """

    bonus: Weight = 0.3
    slots: Number = 0
    newcomers: Count = 100
    half_life: Days = np.inf

    def begin(self, setting: Setting) -> None:
        super().begin(setting)
        self.plays_ = np.zeros(len(setting.catalogue))  # (T,) skips included

    def update(self, exchange: Exchange) -> None:
        super().update(exchange)
        self._count(exchange.slate.tracks[exchange.feedback.reached])

    def hear(self, news: Day) -> None:
        super().hear(news)
        self._count(news.plays.track[news.plays.has(REACHED)])

    def fit(self, log: Log) -> None:
        super().fit(log)
        self.plays_ = np.zeros(len(self.plays_))
        for part in log.parts():
            played = part.has(REACHED)
            weight = np.exp2((part.time[played] - log.now) / self.half_life)
            self.plays_ += np.bincount(part.track[played], weight, len(self.plays_))

    def beside(self) -> I32:
        order = np.lexsort((-self.setting_.catalogue.released, self.plays_))
        out = self.setting_.catalogue.released[order] <= self.now_
        return order[out][: self.newcomers].astype(np.int32)

    def choose(self, request: Request, pool: Pool) -> I32:
        if not self.slots:
            return best_places(self._worth(pool), pool, self.setting_.slate_size)
        return self._draw(request, pool)[0]

    def recommend(self, request: Request) -> Slate:
        if not self.slots:
            return super().recommend(request)
        pool = self.candidates(request)
        places, chance = self._draw(request, pool)
        known = pool.sure[:, None] | ~np.take_along_axis(pool.is_open, places, axis=1)
        tracks = np.take_along_axis(pool.tracks, places, axis=1)
        return Slate(tracks, np.where(known, chance, np.float32(np.nan)))

    def probability(self, request: Request, tracks: I32, given: I32) -> F32:
        pool = self.candidates(request)
        law = self._law(pool, self._worth(pool), self._new(pool), among(pool.tracks, given), given.shape[1])
        out = [(law * (pool.tracks == column[:, None])).sum(axis=1) for column in tracks.T]
        return np.where(pool.sure[:, None], np.stack(out, axis=1), np.nan).astype(np.float32)

    def because(self, listener: int, track: int, above: I32) -> str:
        n = round(float(self.plays_[track]))
        return "never played so far" if n == 0 else f"played {n} time{'s' if n > 1 else ''} so far"

    def _count(self, tracks: I32) -> None:
        self.plays_ += np.bincount(tracks, minlength=len(self.plays_))

    def _worth(self, pool: Pool) -> F32:
        gain = self.bonus / np.sqrt(1 + self.plays_)
        return pool.relevance + gain[pool.tracks].astype(np.float32)

    def _new(self, pool: Pool) -> Bool:
        """(m, c) which tracks of the pool are newcomers."""
        new = np.zeros(len(self.setting_.catalogue), bool)
        new[self.beside()] = True
        return new[pool.tracks]

    def _law(self, pool: Pool, worth: F32, new: Bool, used: Bool, slot: int) -> F32:
        """(m, c) chance of each place of the pool in a slot, those `used` (m, c) being in the slate."""
        left = pool.is_open & ~used
        best = np.where(left, worth, -np.inf).argmax(axis=1)
        first = np.where(left.any(axis=1), best, (~used).argmax(axis=1))
        law = np.zeros(used.shape, np.float32)
        law[np.arange(len(law)), first] = 1
        if slot in self._reserved():
            drawn = left & new
            n = drawn.sum(axis=1, keepdims=True)
            law = np.where(n > 0, drawn / np.maximum(n, 1), law).astype(np.float32)
        return law

    def _reserved(self) -> set[int]:
        """The slots that are drawn, spread over the slate."""
        k = self.setting_.slate_size
        n = min(self.slots, k)
        return {(2 * i + 1) * k // (2 * n) for i in range(n)}

    def _draw(self, request: Request, pool: Pool) -> tuple[I32, F32]:
        """(m, k) places in the pool, and the chance that each had in its slot."""
        m, k = len(request), self.setting_.slate_size
        places, chance = np.empty((m, k), np.int32), np.empty((m, k), np.float32)
        used, row = np.zeros(pool.tracks.shape, bool), np.arange(m)
        worth, new = self._worth(pool), self._new(pool)
        for j in range(k):
            law = self._law(pool, worth, new, used, j)
            nth = self.setting_.key.below((law > 0).sum(axis=1), request.listeners, request.visit, j)
            places[:, j] = ((law > 0).cumsum(axis=1) > nth[:, None]).argmax(axis=1)
            chance[:, j] = law[row, places[:, j]]
            used[row, places[:, j]] = True
        return places, chance
