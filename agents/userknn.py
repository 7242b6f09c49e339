"""Tracks that listeners of like taste play."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from scipy import sparse

from simenv.agents._neighbours import damping, nearest, rarity, votes
from simenv.agents._preference import net_plays, or_shares, shares
from simenv.agents.base import Count, Days, Number, Scorer, Weight
from simenv.log import Log
from simenv.types import F32, Request, Setting

TOLD = 10
"""Nearest listeners that an explanation speaks of."""


@dataclass
class Userknn(Scorer):
    """The listeners whose plays are most like one's own vote for what they play.

    With w = ln(1 + plays) - skips ln(1 + early skips), each track's raised by its rarity, two listeners u, v
    are alike by the cosine of w_u - mean(w_u) and w_v - mean(w_v), the means being over all tracks, times
    shared / (shared + significance), shared being the tracks that both have. Every listener keeps the
    `neighbours` most alike, N(u), and track i scores

        (sum over v in N(u) of s_uv w_vi) / (sum over v in N(u) of s_uv) / listeners_i^penalty

    A listener who is like nobody yet, a new one say, is shown what is popular. A new track scores 0 until
    somebody plays it.

    Args:
        neighbours: kept a listener.
        significance: shared tracks at which a likeness counts for half.
        rarity: exponent of ln(n / listeners of the track) + 1 in likeness, not in votes; 0: all tracks tell
            as much.
        overlap: tracks that two listeners must share.
        penalty: exponent of the penalty on popular tracks, 0 for none.
        skips: what an early skip takes away, in plays.
        half_life: days after which a play counts for half; inf: all count alike.

    Source: Resnick et al., CSCW 1994; significance weighting: Herlocker et al., SIGIR 1999; rarity: inverse
        user frequency, Breese, Heckerman & Kadie, UAI 1998.
    Departs:
        1. means over all tracks, those never played counting as 0 (theirs: over those rated): plays have no
            low grades, and who plays anything at all likes it.
        2. shared / (shared + significance) (theirs: min(shared, 50) / 50).
        3. votes with w (theirs: with the neighbour's deviation from their mean).
    """

    neighbours: Count = 60
    significance: Weight = 5.0
    rarity: Weight = 1.0
    overlap: Count = 1
    penalty: Weight = 0.2
    skips: Weight = 0.5
    half_life: Days = np.inf
    fit_every: Number = field(default=7, kw_only=True)

    def begin(self, setting: Setting) -> None:
        self.setting_ = setting
        n, n_tracks = setting.n_listeners, len(setting.catalogue)
        self.votes_ = sparse.csr_array((n, n_tracks), dtype=np.float32)  # what each listener votes for
        self.near_ = sparse.csr_array((n, n), dtype=np.float32)  # row u: the neighbours of u, summing to 1
        self.shares_ = np.zeros(n_tracks, np.float32)

    def fit(self, log: Log) -> None:
        self.shares_ = shares(log, self.half_life)
        weights = net_plays(log, self.half_life, self.skips)
        told = weights.copy()
        told.data *= rarity(weights)[told.indices] ** np.float32(self.rarity)
        near = nearest(
            sparse.csr_array(told.T),
            self.neighbours,
            overlap=self.overlap,
            significance=self.significance,
            centred=True,
        )
        near.data /= np.repeat(near.sum(axis=1), np.diff(near.indptr)).astype(np.float32)
        self.near_ = near
        weights.data *= damping(weights, self.penalty)[weights.indices]
        self.votes_ = weights

    def parts(self, listener: int, track: int) -> dict[str, float]:
        near = self.near_[[listener]]
        if not near.nnz:
            return {"plays by everyone": float(self.shares_[track])}
        each = near.data * self.votes_[:, [track]].toarray()[near.indices, 0]
        return {f"because of listener {v}": float(e) for v, e in zip(near.indices, each, strict=True) if e}

    def explain(self, listener: int, track: int) -> str:
        near = self.near_[[listener]]
        closest = near.indices[np.argsort(-near.data, kind="stable")[:TOLD]]
        words = super().explain(listener, track)
        if not len(closest):
            return words
        fans = int((self.votes_[closest][:, [track]].toarray() > 0).sum())
        return f"{words}; played by {fans} of their {len(closest)} nearest"

    def scores(self, request: Request) -> F32:
        u = request.listeners
        cold = np.diff(self.near_.indptr)[u] == 0
        return or_shares(votes(self.near_, u, self.votes_), cold, self.shares_)
