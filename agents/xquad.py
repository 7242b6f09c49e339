"""Explicit aspects: slates that cover the head and the tail, or the genres, that a listener wants."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import sparse

from simenv.agents import _greedy
from simenv.agents._preference import net_plays
from simenv.agents._rerank import Pool, Reranker, genre_lists, genre_shares, in_head
from simenv.agents.base import Days, Share
from simenv.log import Log
from simenv.types import F32, I32, Request, Setting


@dataclass
class Xquad(Reranker):
    """Show tracks that are relevant and of an aspect that the listener wants and the slate lacks.

    The next track is, of the open ones of the pool, the one of most

        balance r + (1 - balance) mean over its aspects d of wanted(d) uncovered(d)

    with relevance r in [0, 1] over the pool, wanted(d) the share of d in the listener's history, each track
    weighing ln(1 + plays), and uncovered(d) 1 less the share of the slate so far that is of d, or with
    `coverage` binary 1 until there is one. Aspects are the head of most played tracks and the tail of all
    others, or genres. A listener without a history wants what everyone wants; a new track is of the tail.

    Args:
        balance: 1: the inner agent's order; 0: coverage alone.
        aspects: head and tail, or genres.
        coverage: by share, or binary.
        head: share of all plays that is the head's.
        half_life: days after which a play counts for half; inf: all count alike.

    Source: Santos, Macdonald & Ounis, WWW 2010; head and tail: Abdollahpouri, Burke & Mobasher, FLAIRS 2019.
    Departs:
        1. relevance is min-max scaled over the pool (theirs: the model's probability).
        2. a slate without a track leaves every aspect uncovered (theirs: the smooth form is 0 / 0 there).
    """

    balance: Share = 0.7
    aspects: Literal["popularity", "genres"] = "popularity"
    coverage: Literal["share", "binary"] = "share"
    head: Share = 0.5
    half_life: Days = np.inf

    def begin(self, setting: Setting) -> None:
        super().begin(setting)
        self._sort(np.zeros(len(setting.catalogue)))
        n_aspects = 2 if self.aspects == "popularity" else int(self.ids_.max(initial=0)) + 1
        self.wanted_ = np.zeros((setting.n_listeners, n_aspects), np.float32)  # rows of sum 1, or 0

    def fit(self, log: Log) -> None:
        super().fit(log)
        self._sort(log.counts(self.half_life))
        self.wanted_ = self._shares(net_plays(log, self.half_life, 0.0))

    def choose(self, request: Request, pool: Pool) -> I32:
        m, c = pool.tracks.shape
        places = np.empty((m, self.setting_.slate_size), np.int32)
        _greedy.xquad(
            pool.tracks,
            pool.relevance,
            pool.is_open,
            self.wanted_[request.listeners],
            self.start_,
            self.ids_,
            self.balance,
            self.coverage == "share",
            np.empty(self.wanted_.shape[1], np.int32),
            np.full(c, -1, np.int32),
            places,
        )
        return places

    def because(self, listener: int, track: int, above: I32) -> str:
        own = self.ids_[self.start_[track] : self.start_[track + 1]]
        covered = sum(np.isin(self.ids_[self.start_[j] : self.start_[j + 1]], own).any() for j in above)
        what = "its genres are" if self.aspects == "genres" else f"the {('tail', 'head')[own[0]]} is"
        wanted = float(self.wanted_[listener, own].sum())
        return f"{what} {wanted:.0%} of the listener's plays; {covered} of {len(above)} tracks above cover it"

    def _sort(self, plays: np.ndarray) -> None:
        """Which aspects each track has: 0 the tail, 1 the head; or its genres."""
        if self.aspects == "genres":
            self.start_, self.ids_ = genre_lists(self.setting_.catalogue)
        else:
            self.start_ = np.arange(len(plays) + 1, dtype=np.int32)
            self.ids_ = in_head(plays, self.head).astype(np.int32)

    def _shares(self, weights: sparse.csr_array) -> F32:
        """(n, aspects) each listener's, those of all in place of none."""
        n_aspects = self.wanted_.shape[1]
        own = genre_shares(weights, self.start_, self.ids_, n_aspects)
        all_plays = sparse.csr_array(weights.sum(axis=0)[None, :])
        everyone = genre_shares(all_plays, self.start_, self.ids_, n_aspects)
        return np.where(own.any(axis=1, keepdims=True), own, everyone).astype(np.float32)
