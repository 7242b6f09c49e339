"""What re-rankers share: relevance by place, slates chosen from a pool, and words for what was moved."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy import sparse

from simenv.agents.base import Wrapper
from simenv.catalogue import Catalogue
from simenv.context import COLUMNS
from simenv.log import Log
from simenv.types import F32, F64, I32, Bool, Day, Exchange, Request, Setting, Slate


class Pool(NamedTuple):
    """What a slate is chosen from."""

    tracks: I32  # (m, c) open ones first, best first; then those in cooldown, oldest play first
    relevance: F32  # (m, c) of the inner agent's tracks in [0, 1], falling with the place; 0 where not open
    is_open: Bool  # (m, c)
    sure: Bool  # (m,) whether the inner agent had no choice but this pool, so that chances are known


@dataclass
class Reranker(Wrapper, ABC):
    """A wrapper that chooses its slates from the inner agent's pool, in an order of its own.

    The track in place j of the pool is worth the j-th largest score of the pool's open tracks, min-max
    scaled to [0, 1]: of an agent that ranks by its score that is the score, and what an inner wrapper or an
    exploring agent has moved stays moved. The inner agent is refitted when its own `fit_every` says so.
    Propensities are 1 where the inner agent's are, else unknown.
    """

    def begin(self, setting: Setting) -> None:
        super().begin(setting)
        self.now_ = 0.0  # days
        self.fitted_ = -np.inf  # when the inner agent last was, days

    @abstractmethod
    def choose(self, request: Request, pool: Pool) -> I32:
        """(m, k) places in the pool, open tracks first."""

    @abstractmethod
    def because(self, listener: int, track: int, above: I32) -> str:
        """Why it ranks a track, which stands below the tracks `above`, otherwise than the inner agent."""

    def update(self, exchange: Exchange) -> None:
        super().update(exchange)
        self.now_ = max(self.now_, float(exchange.request.time.max(initial=0)))

    def hear(self, news: Day) -> None:
        super().hear(news)
        self.now_ = max(self.now_, news.time)

    def fit(self, log: Log) -> None:
        self.now_ = max(self.now_, log.now)
        every = self.inner.fit_every
        if not np.isfinite(self.fitted_) or (every and round(log.now - self.fitted_) >= every):
            super().fit(log)
            self.fitted_ = log.now

    def beside(self) -> I32:
        """(e,) tracks that are considered beside the inner agent's pool."""
        return np.empty(0, np.int32)

    def candidates(self, request: Request) -> Pool:
        """The inner agent's pool, and behind it the tracks beside it, which are open where not in the pool.

        Those are worth their score on the pool's scale, but never more than the last of the pool.
        """
        slate, more = self.inner.recommend(request), self.beside()
        m, c = slate.tracks.shape
        both = np.concatenate([slate.tracks, np.tile(more, (m, 1))], axis=1)
        tracks, scores, free = self.listed(request, Slate(both, slate.propensity))
        free[:, c:] &= ~_held(slate.tracks, more, len(self.setting_.catalogue))
        pool = free[:, :c]
        sure = ((slate.propensity == 1) | ~pool).all(axis=1)
        falling = -np.sort(np.where(pool, -scores[:, :c], np.inf), axis=1)
        low, range_ = _scale(falling, pool)
        with np.errstate(invalid="ignore"):
            worth = (np.concatenate([falling, scores[:, c:]], axis=1) - low) / range_
        worth[:, c:] = np.minimum(worth[:, c:], 0)
        return Pool(tracks, np.where(free, worth, 0).astype(np.float32), free, sure)

    def recommend(self, request: Request) -> Slate:
        pool = self.candidates(request)
        places = self.choose(request, pool)
        tracks = np.take_along_axis(pool.tracks, places, axis=1)
        known = pool.sure[:, None] | ~np.take_along_axis(pool.is_open, places, axis=1)
        return Slate(tracks, np.where(known, np.float32(1), np.float32(np.nan)))

    def probability(self, request: Request, tracks: I32, given: I32) -> F32:
        """1 for the next track of its slate, 0 for others; unknown after tracks that it would not show."""
        slate, j = self.recommend(request), given.shape[1]
        if j >= slate.tracks.shape[1]:
            return super().probability(request, tracks, given)
        law = (tracks == slate.tracks[:, j : j + 1]).astype(np.float32)
        possible = (slate.tracks[:, :j] == given).all(axis=1) & ~np.isnan(slate.propensity).any(axis=1)
        law[~possible] = np.nan
        return law

    def explain(self, listener: int, track: int) -> str:
        """The inner agent's words, and where and why the track was moved as of the last news."""
        said, asked = self.inner.explain(listener, track), self.question(listener)
        pool = self.candidates(asked)
        places = self.choose(asked, pool)[0]
        slate = pool.tracks[0, places]
        if track in slate:
            at = int(np.flatnonzero(slate == track)[0])
            moved = int(places[at]) - at
            if not moved:
                return said
            how = f"moved {'up' if moved > 0 else 'down'} {abs(moved)} place{'s' if abs(moved) > 1 else ''}"
            return f"{said}; {how}: {self.because(listener, track, slate[:at])}"
        if track in pool.tracks[0, : len(slate)]:
            return f"{said}; left out of the slate: {self.because(listener, track, slate)}"
        return said

    def question(self, listener: int) -> Request:
        """The request of one listener as of the last news, in no particular context."""
        row = np.array([listener], np.int32)
        nothing = np.zeros(1, np.int32)
        return Request(row, np.array([self.now_]), np.zeros((1, len(COLUMNS)), np.float32), nothing, nothing)


def _held(tracks: I32, more: I32, n_tracks: int) -> Bool:
    """(m, e) whether each of `more` (e,) is among each row's `tracks` (m, c)."""
    out = np.zeros((len(tracks), len(more)), bool)
    place = np.full(n_tracks, -1, np.int32)
    place[more] = np.arange(len(more))
    row, at = np.nonzero(place[tracks] >= 0)
    out[row, place[tracks[row, at]]] = True
    return out


def _scale(scores: F32, free: Bool) -> tuple[F32, F32]:
    """(m, 1) the least score of those `free`, and their range, 1 if they are all equal or there are none."""
    low = np.where(free, scores, np.inf).min(axis=1, keepdims=True)
    high = np.where(free, scores, -np.inf).max(axis=1, keepdims=True)
    return np.where(np.isfinite(low), low, 0), np.where(high > low, high - low, 1)


def best_places(worth: F32, pool: Pool, k: int) -> I32:
    """(m, k) places of the open tracks of most `worth` (m, c), ties by place; then the rest by place."""
    order = np.argsort(np.where(pool.is_open, -worth, np.inf), axis=1, kind="stable")
    return order[:, :k].astype(np.int32)


def genre_lists(catalogue: Catalogue) -> tuple[I32, I32]:
    """Genres of each track, start (T + 1,) and ids, none twice; one more genre, the last, is to have none."""
    known = catalogue.genre_matrix()
    some = np.diff(known.indptr) > 0
    last = sparse.csr_array((~some).astype(np.float32)[:, None])
    lists = sparse.csr_array(sparse.hstack([known, last]))
    lists.sort_indices()
    return lists.indptr.astype(np.int32), lists.indices.astype(np.int32)


def genre_shares(weights: sparse.csr_array, start: I32, ids: I32, n_genres: int) -> F32:
    """(n, n_genres) share of each genre in a listener's `weights` (n, T), evenly split; 0 without any."""
    each = np.repeat(1 / np.maximum(np.diff(start), 1), np.diff(start)).astype(np.float32)
    member = sparse.csr_array((each, ids, start), shape=(len(start) - 1, n_genres))
    mass = (weights @ member).toarray()
    return (mass / np.maximum(mass.sum(axis=1, keepdims=True), 1e-12)).astype(np.float32)


def in_head(plays: F64, share: float) -> Bool:
    """(T,) whether each track is of the head: the fewest that make up `share` of all `plays` (T,)."""
    order = np.argsort(-plays, kind="stable")
    before = np.cumsum(plays[order]) - plays[order]
    out = np.zeros(len(plays), bool)
    out[order] = before < share * plays.sum()
    return out
