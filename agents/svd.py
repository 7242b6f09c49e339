"""Matrix factorisation of grades: how much of each track a listener hears."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from simenv.agents._descent import descend
from simenv.agents._grades import Grades
from simenv.agents.base import Count, Days, Number, Scorer, Weight
from simenv.log import Log
from simenv.types import F32, Bool, Request, Setting


@dataclass
class Svd(Scorer):
    """Show the tracks of which the listener would hear most.

    A track that a listener plays has the grade 1 + 4 (seconds heard / length), its mean over plays, estimated
    by r = mu + b_u + b_i + p_u.q_i, mu being the mean of all grades. Gradient descent minimises the sum of
    (grade - r)^2 + reg (b_u^2 + b_i^2 + |p|^2 + |q|^2) over the pairs there are, in an order that the seed
    shuffles. Whoever has graded nothing, listener or track, has no bias and no factors: a new listener is
    shown what is heard to the end by all, a new track has the listener's mean.

    Args:
        factors: length of p and q.
        learning_rate: length of a step.
        reg: weight of the penalty.
        half_life: days after which a play counts for half; a pair's step has the length min(1, decayed
            plays).
        epochs: times through all pairs in the first fit.
        refit: in a later fit, which starts from the factors there are.

    Source: Funk, 2006; Koren, Bell & Volinsky, IEEE Computer 2009 ("SVD" of the library Surprise).
    Departs:
        1. grades are listened shares (theirs: stars).
        2. pairs in shuffled order (Surprise: in that of the data).
        3. later fits start from the factors of the fit before (theirs: from noise).
    """

    factors: Count = 32
    learning_rate: Weight = 0.01
    reg: Weight = 0.05
    half_life: Days = np.inf
    epochs: Count = 20
    refit: Count = 5
    fit_every: Number = field(default=7, kw_only=True)

    def begin(self, setting: Setting) -> None:
        self.setting_ = setting
        n, n_tracks = setting.n_listeners, len(setting.catalogue)
        self.mean_ = 0.0
        self.bias_u_, self.bias_i_ = np.zeros(n, np.float32), np.zeros(n_tracks, np.float32)
        self.p_ = np.zeros((n, self.factors), np.float32)
        self.q_ = np.zeros((n_tracks, self.factors), np.float32)
        self.fits_ = 0

    def fit(self, log: Log) -> None:
        grades = Grades.of(log, self.setting_.catalogue, self.half_life)
        if not len(grades):
            return
        listener, track = grades.listener, grades.track
        self._awaken(self.p_, np.diff(grades.start) > 0, "listeners")
        self._awaken(self.q_, np.bincount(track, minlength=len(self.q_)) > 0, "tracks")
        self.mean_ = float(np.average(grades.grade, weights=grades.sure))
        shuffled = (self.setting_.key / "order").bits(self.fits_, np.arange(len(track)))
        descend(
            listener,
            track,
            grades.grade,
            grades.sure,
            np.argsort(shuffled, kind="stable"),
            np.float32(self.mean_),
            self.bias_u_,
            self.bias_i_,
            self.p_,
            self.q_,
            np.float32(self.learning_rate),
            np.float32(self.reg),
            self.refit if self.fits_ else self.epochs,
        )
        self.fits_ += 1

    def parts(self, listener: int, track: int) -> dict[str, float]:
        return {
            "the mean grade": self.mean_,
            "what the listener hears of any track": float(self.bias_u_[listener]),
            "what all hear of the track": float(self.bias_i_[track]),
            "taste": float(self.p_[listener] @ self.q_[track]),
        }

    def likeness(self, track: int) -> F32:
        length = np.linalg.norm(self.q_, axis=1)
        return self.q_ @ self.q_[track] / np.maximum(length * length[track], 1e-12)

    def scores(self, request: Request) -> F32:
        u = request.listeners
        scores = self.p_[u] @ self.q_.T
        scores += self.bias_i_
        scores += (np.float32(self.mean_) + self.bias_u_[u])[:, None]
        return scores

    def _awaken(self, rows: F32, met: Bool, name: str) -> None:
        """Give those who are `met` for the first time small factors to start from, sd .1."""
        new = np.flatnonzero(met & ~rows.any(axis=1))
        bell = (self.setting_.key / name).bell(new[:, None], np.arange(self.factors))
        rows[new] = np.float32(0.1) * bell
