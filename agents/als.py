"""Matrix factorisation of who played what: alternating least squares on implicit feedback."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field

import numpy as np
from implicit.cpu.als import AlternatingLeastSquares
from scipy import sparse
from threadpoolctl import threadpool_limits

from simenv.agents._preference import net_plays, or_shares, shares
from simenv.agents.base import Count, Days, Number, Scorer, Weight
from simenv.log import Log
from simenv.types import F32, Request, Setting


@dataclass
class Als(Scorer):
    """Show the tracks whose factors point where the listener's do.

    With w = ln(1 + plays) - skips ln(1 + early skips), the preference of listener u for track i is
    p = [w > 0], held with confidence c = 1 + alpha |w|; pairs that never met have p = 0 and c = 1. Factors x,
    y minimise sum c (p - x.y)^2 + reg (|x|^2 + |y|^2). A listener without a play is shown what is popular.

    Args:
        factors: length of x and y.
        alpha: how fast confidence grows.
        reg: weight of the penalty on long factors.
        skips: what an early skip takes away, in plays; 0: skips teach nothing.
        half_life: days after which a play counts for half; inf: all count alike.
        epochs: rounds of the first fit.
        refit: rounds of a later fit, which starts from the factors there are.

    Source: Hu, Koren & Volinsky, ICDM 2008; solved by conjugate gradients (Takacs, Pilaszy & Tikk, RecSys
        2011) in the library implicit.
    Departs:
        1. confidence grows with ln(1 + plays) (theirs: with the amount watched, or its logarithm).
        2. a track that was skipped early more than it was played is held to be disliked (theirs: no
            dislikes).
        3. later fits start from the factors of the fit before (theirs: from noise).
    """

    factors: Count = 32
    alpha: Weight = 1.0
    reg: Weight = 5.0
    skips: Weight = 0.5
    half_life: Days = np.inf
    epochs: Count = 8
    refit: Count = 3
    fit_every: Number = field(default=7, kw_only=True)

    def begin(self, setting: Setting) -> None:
        self.setting_ = setting
        n, n_tracks = setting.n_listeners, len(setting.catalogue)
        self.x_ = np.zeros((n, self.factors), np.float32)
        self.y_ = np.zeros((n_tracks, self.factors), np.float32)
        self.confidence_ = sparse.csr_array((n, n_tracks), dtype=np.float32)  # of dislikes: negative
        self.shares_ = np.zeros(n_tracks, np.float32)  # (T,)
        self.cold_ = np.ones(n, bool)

    def fit(self, log: Log) -> None:
        self.shares_ = shares(log, self.half_life)
        confidence = net_plays(log, self.half_life, self.skips)
        confidence.data = np.where(confidence.data > 0, 1, -1) + np.float32(self.alpha) * confidence.data
        self.confidence_ = confidence.astype(np.float32)
        self.cold_ = (confidence > 0).sum(axis=1) == 0
        if self.cold_.all():
            return
        with threadpool_limits(1, "blas"), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # implicit speaks of BLAS threads, which are limited here
            model = AlternatingLeastSquares(
                self.factors,
                self.reg,
                iterations=self.refit if self.y_.any() else self.epochs,
                num_threads=1,
                random_state=(self.setting_.key / "als").seed32(),
            )
            if self.y_.any():
                model.user_factors, model.item_factors = self.x_.copy(), self.y_.copy()
            model.fit(sparse.csr_matrix(self.confidence_), show_progress=False)
        self.x_, self.y_ = model.user_factors, model.item_factors

    def parts(self, listener: int, track: int) -> dict[str, float]:
        """What each track of the past adds: c p y_i A^-1 y_j, A being the listener's normal matrix."""
        if self.cold_[listener]:
            return {"plays by everyone": float(self.shares_[track])}
        row = self.confidence_[[listener]]
        y, c = self.y_[row.indices].astype(np.float64), row.data.astype(np.float64)
        whole = self.y_.T.astype(np.float64) @ self.y_
        normal = whole + (y.T * (np.abs(c) - 1)) @ y + max(self.reg, 1e-9) * np.eye(self.factors)
        each = y @ np.linalg.solve(normal, self.y_[track].astype(np.float64)) * np.maximum(c, 0)
        parts = {f"because of track {j}": float(e) for j, e in zip(row.indices, each, strict=True) if e}
        return parts | {"not yet settled": float(self.x_[listener] @ self.y_[track] - each.sum())}

    def likeness(self, track: int) -> F32:
        length = np.linalg.norm(self.y_, axis=1)
        return self.y_ @ self.y_[track] / np.maximum(length * length[track], 1e-12)

    def scores(self, request: Request) -> F32:
        u = request.listeners
        return or_shares(self.x_[u] @ self.y_.T, self.cold_[u], self.shares_)
