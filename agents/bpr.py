"""Matrix factorisation that ranks: a played track before one that was not."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from scipy import sparse

from simenv.agents._pairs import by_weight, descend
from simenv.agents._preference import net_plays, or_shares, shares
from simenv.agents.base import Count, Days, Number, Scorer, Share, Weight
from simenv.log import Log
from simenv.types import F32, Request, Setting


@dataclass
class Bpr(Scorer):
    """Show the tracks that stand first when each listener's played tracks are put before all others.

    With w = ln(1 + plays) - skips ln(1 + early skips), every pair with w > 0 is a liked one. Steps of
    gradient descent take a liked pair (u, i), drawn by w, and another track j of no use to u, and make
    ln sigmoid(s_ui - s_uj) - reg/2 |factors|^2 larger, s_ui = x_u.y_i + b_i. Every draw belongs to its step,
    so a fit repeats bit for bit. A listener without a liked track is shown what is popular; a track that
    nobody played keeps factors near 0 and a bias that falls as it is drawn for the other.

    Args:
        factors: length of x and y.
        learning_rate: length of the first step of a fit; it falls to 0 in a straight line.
        reg: weight of the penalty on long factors.
        disliked: chance that the other track is one that the listener leaves early more than they play it.
        popular: else, chance that the other track is drawn by its number of listeners; else uniformly.
        skips: what an early skip takes away, in plays.
        half_life: days after which a play counts for half; inf: all count alike.
        epochs: steps of the first fit over the number of liked pairs.
        refit: of a later fit, which starts from the factors there are.

    Source: Rendle, Freudenthaler, Gantner & Schmidt-Thieme, UAI 2009.
    Departs:
        1. liked pairs are drawn by w, so that old plays fade with `half_life` (theirs: uniformly).
        2. other tracks are drawn partly by popularity, as the library implicit does, and partly from those
            the listener skips (theirs: uniformly).
        3. steps grow shorter (theirs: of one length), so that a fit settles.
        4. later fits start from the factors of the fit before (theirs: from noise).
    """

    factors: Count = 64
    learning_rate: Weight = 0.1
    reg: Weight = 0.01
    disliked: Share = 0.2
    popular: Share = 0.2
    skips: Weight = 0.5
    half_life: Days = np.inf
    epochs: Count = 40
    refit: Count = 8
    fit_every: Number = field(default=7, kw_only=True)

    def begin(self, setting: Setting) -> None:
        self.setting_ = setting
        n, n_tracks = setting.n_listeners, len(setting.catalogue)
        self.x_ = self._noise("listeners", n)
        self.x_[:, -1] = 1
        self.y_ = self._noise("tracks", n_tracks)
        self.y_[:, -1] = 0
        self.shares_ = np.zeros(n_tracks, np.float32)
        self.cold_ = np.ones(n, bool)
        self.fits_ = 0

    def fit(self, log: Log) -> None:
        self.shares_ = shares(log, self.half_life)
        weights = net_plays(log, self.half_life, self.skips)
        liked, left = _part(weights, 1), _part(weights, -1)
        n_liked = np.diff(liked.indptr)
        self.cold_ = n_liked == 0
        if not liked.nnz:
            return
        descend(
            self.x_,
            self.y_,
            liked.indptr,
            liked.indices,
            np.repeat(np.arange(len(n_liked), dtype=np.int32), n_liked),
            *by_weight(liked.data),
            left.indptr,
            left.indices,
            self.disliked,
            self.popular,
            np.float32(self.learning_rate),
            np.float32(self.reg),
            (self.setting_.key / "pairs").bits(self.fits_),
            (self.refit if self.fits_ else self.epochs) * liked.nnz,
        )
        self.fits_ += 1

    def parts(self, listener: int, track: int) -> dict[str, float]:
        if self.cold_[listener]:
            return {"plays by everyone": float(self.shares_[track])}
        x, y = self.x_[listener].astype(np.float64), self.y_[track]
        return {"taste": float(x[:-1] @ y[:-1]), "liked by everyone": float(y[-1])}

    def likeness(self, track: int) -> F32:
        y = self.y_[:, :-1]
        length = np.linalg.norm(y, axis=1)
        return y @ y[track] / np.maximum(length * length[track], 1e-12)

    def scores(self, request: Request) -> F32:
        u = request.listeners
        return or_shares(self.x_[u] @ self.y_.T, self.cold_[u], self.shares_)

    def _noise(self, name: str, rows: int) -> F32:
        """(rows, f + 1) small factors to start from."""
        bell = (self.setting_.key / name).bell(np.arange(rows)[:, None], np.arange(self.factors + 1))
        return np.float32(0.1 / np.sqrt(self.factors)) * bell


def _part(weights: sparse.csr_array, sign: int) -> sparse.csr_array:
    """The entries of `weights` (n, T) of one sign, made positive."""
    out = weights.copy()
    out.data = np.maximum(np.float32(sign) * out.data, 0)
    out.eliminate_zeros()
    out.sort_indices()
    return out
