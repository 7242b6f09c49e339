"""Tracks that are played by the same listeners as those the listener plays."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from scipy import sparse

from simenv.agents._neighbours import damping, nearest, rarity, votes
from simenv.agents._preference import net_plays, or_shares, shares
from simenv.agents.base import Count, Days, Number, Scorer, Weight
from simenv.log import Log
from simenv.types import F32, Request, Setting


@dataclass
class Itemknn(Scorer):
    """Every track of a listener's past votes for its nearest tracks.

    With m (n, T) the weighted plays, two tracks are alike by s_ij = m_i.m_j / (|m_i| |m_j| + shrink), a track
    keeps its `neighbours` most alike, and track i scores the sum over the listener's tracks j of w_j s_ji /
    listeners_i^penalty, w = ln(1 + plays) - skips ln(1 + early skips) where that is positive. A listener
    without plays is shown what is popular.

    Args:
        neighbours: kept a track.
        weighting: of m: 1 for each listener of a track (cosine); w less the listener's mean (adjusted); w
            damped by the length of the listener's history and raised for rare tracks (bm25); w raised for
            rare tracks (tfidf).
        shrink: pulls the likeness of seldom played tracks to 0.
        overlap: listeners that two tracks must share.
        penalty: exponent of the penalty on popular tracks, 0 for none.
        skips: what an early skip takes away, in plays.
        half_life: days after which a play counts for half; inf: all count alike.

    Source: Deshpande & Karypis, TOIS 2004; adjusted cosine: Sarwar et al., WWW 2001; BM25: Robertson &
        Zaragoza 2009, k1 = 1.2, b = .75.
    Departs:
        1. votes by w (theirs: by 1).
        2. shrinkage (Bell & Koren, ICDM 2007) in the cosine (theirs: none).
    """

    neighbours: Count = 100
    weighting: Literal["cosine", "adjusted", "bm25", "tfidf"] = "bm25"
    shrink: Weight = 10.0
    overlap: Count = 1
    penalty: Weight = 0.0
    skips: Weight = 0.5
    half_life: Days = np.inf
    fit_every: Number = field(default=7, kw_only=True)

    def begin(self, setting: Setting) -> None:
        self.setting_ = setting
        n, n_tracks = setting.n_listeners, len(setting.catalogue)
        self.weights_ = sparse.csr_array((n, n_tracks), dtype=np.float32)
        self.alike_ = sparse.csr_array((n_tracks, n_tracks), dtype=np.float32)  # row j: the neighbours of j
        self.shares_ = np.zeros(n_tracks, np.float32)

    def fit(self, log: Log) -> None:
        self.shares_ = shares(log, self.half_life)
        weights = net_plays(log, self.half_life, self.skips)
        weights.data = np.maximum(weights.data, 0)
        weights.eliminate_zeros()
        self.weights_ = weights
        m = weighted(weights, self.weighting)
        self.alike_ = nearest(m, self.neighbours, self.shrink, self.overlap)
        self.alike_.data *= damping(weights, self.penalty)[self.alike_.indices]

    def parts(self, listener: int, track: int) -> dict[str, float]:
        own = self.weights_[[listener]]
        if not own.nnz:
            return {"plays by everyone": float(self.shares_[track])}
        near = self.alike_[:, [track]].toarray()[:, 0]
        each = own.data * near[own.indices]
        return {f"because of track {j}": float(e) for j, e in zip(own.indices, each, strict=True) if e}

    def likeness(self, track: int) -> F32:
        return self.alike_[[track]].toarray()[0]

    def scores(self, request: Request) -> F32:
        u = request.listeners
        cold = np.diff(self.weights_.indptr)[u] == 0
        return or_shares(votes(self.weights_, u, self.alike_), cold, self.shares_)


def weighted(weights: sparse.csr_array, weighting: str) -> sparse.csr_array:
    """(n, T) the entries of `weights` (n, T) as `weighting` has them; see `Itemknn`."""
    out = weights.copy()
    n_tracks = np.diff(out.indptr)  # (n,) of each listener
    if weighting == "cosine":
        out.data[:] = 1
    elif weighting == "adjusted":
        mean = out.sum(axis=1) / np.maximum(n_tracks, 1)
        out.data -= np.repeat(mean, n_tracks).astype(np.float32)
    else:
        if weighting == "bm25":
            total = out.sum(axis=1)
            length = 0.25 + 0.75 * total / max(total.mean(), 1e-9)
            out.data *= 2.2 / (1.2 * np.repeat(length, n_tracks).astype(np.float32) + out.data)
        out.data *= rarity(out)[out.indices]
    return out
