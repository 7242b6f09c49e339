"""Grades from the mean differences between tracks: Slope One."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from scipy import sparse

from simenv.agents._deviations import carry
from simenv.agents._grades import Grades
from simenv.agents.base import Count, Days, Number, Scorer, Weight
from simenv.log import Log
from simenv.types import F32, F64, I32, Request, Setting


@dataclass
class Slopeone(Scorer):
    """A track is graded as the listener's other tracks are, plus what it is usually graded above them.

    A track that a listener plays has the grade r = 1 + 4 (seconds heard / length). With c_ij the listeners
    who graded both i and j, and dev_ij their mean of r_i - r_j, the score of track i for listener u is

        (sum over j graded by u of c_ij (dev_ij + r_uj) + smoothing b_ui) / (sum over j of c_ij + smoothing)

    with b_ui = mean + listener's bias + track's bias, each bias shrunk by 5 grades. Where no c_ij is known,
    for a new listener, a new track or one out of the `top`, the score is b_ui.

    With `bipolar`, a listener counts for c_ij and dev_ij only if both grades lie on the same side of their
    own mean: else what some love and others skip looks average to both.

    Args:
        bipolar: as above; False: weighted Slope One.
        top: tracks whose differences are kept, those with most grades: two matrices of top x top numbers.
        smoothing: grades that b_ui is worth; 0: the paper's formula wherever there is a pair.
        overlap: listeners that two tracks must share.
        half_life: days after which a play counts for half; a grade weighs min(1, decayed plays).

    Source: Lemire & Maclachlan, SDM 2005 (weighted and bi-polar Slope One).
    Departs:
        1. grades are listened shares (theirs: stars); the two sides of the bi-polar scheme share one table of
            differences (theirs: one each).
        2. smoothing by b_ui, 5 by default (theirs: none): a difference known from one listener else wins.
        3. only the `top` tracks have differences (theirs: all).
    """

    bipolar: bool = True
    top: Count = 1000
    smoothing: Weight = 5.0
    overlap: Count = 1
    half_life: Days = np.inf
    fit_every: Number = field(default=7, kw_only=True)

    def begin(self, setting: Setting) -> None:
        self.setting_ = setting
        n, n_tracks = setting.n_listeners, len(setting.catalogue)
        top = min(self.top, n_tracks)
        self.mean_ = 0.0
        self.bias_u_, self.bias_i_ = np.zeros(n, np.float32), np.zeros(n_tracks, np.float32)
        self.track_ = np.arange(top, dtype=np.int32)  # (t,) which tracks have differences
        self.start_ = np.zeros(n + 1, np.int32)
        self.place_, self.grade_ = np.empty(0, np.int32), np.empty(0, np.float32)  # of their grades
        self.excess_ = np.zeros((top, top), np.float32)  # [j, i] sum of r_i - r_j over common listeners
        self.common_ = np.zeros((top, top), np.float32)

    def fit(self, log: Log) -> None:
        grades = Grades.of(log, self.setting_.catalogue, self.half_life)
        if not len(grades):
            return
        self._fit_biases(grades)
        count = np.bincount(grades.track, minlength=len(self.bias_i_))
        self.track_ = np.sort(np.argsort(-count, kind="stable")[: len(self.track_)]).astype(np.int32)
        place = np.full(len(count), -1, np.int32)
        place[self.track_] = np.arange(len(self.track_))
        kept = place[grades.track] >= 0
        listener = grades.listener[kept]
        self.start_ = np.searchsorted(listener, np.arange(len(self.start_))).astype(np.int32)
        self.place_, self.grade_ = place[grades.track[kept]], grades.grade[kept]
        self._fit_differences(listener, grades.sure[kept])

    def parts(self, listener: int, track: int) -> dict[str, float]:
        usual = self.mean_ + float(self.bias_u_[listener]) + float(self.bias_i_[track])
        i = int(np.searchsorted(self.track_, track))
        own = slice(self.start_[listener], self.start_[listener + 1])
        j, r = self.place_[own], self.grade_[own].astype(np.float64)
        if i == len(self.track_) or self.track_[i] != track or not self.common_[j, i].any():
            return {"what is usual": usual}
        weight = self.common_[j, i].sum(dtype=np.float64) + self.smoothing
        each = (self.excess_[j, i] + self.common_[j, i] * r) / weight
        parts = {f"because of track {self.track_[a]}": float(e) for a, e in zip(j, each, strict=True) if e}
        return parts | {"what is usual": self.smoothing * usual / weight}

    def likeness(self, track: int) -> F32:
        """Tracks graded alike by most: common listeners over 1 + |mean difference|."""
        likeness = np.full(len(self.bias_i_), -1, np.float32)
        i = int(np.searchsorted(self.track_, track))
        if i < len(self.track_) and self.track_[i] == track:
            common = self.common_[i]
            difference = np.abs(self.excess_[i]) / np.maximum(common, 1e-9)
            likeness[self.track_] = common / (1 + difference)
        return likeness

    def scores(self, request: Request) -> F32:
        u = request.listeners
        scores = self.bias_i_ + (np.float32(self.mean_) + self.bias_u_[u])[:, None]
        total = np.zeros((len(u), len(self.track_)), np.float32)
        weight = np.zeros_like(total)
        carry(u, self.start_, self.place_, self.grade_, self.excess_, self.common_, total, weight)
        usual = scores[:, self.track_]
        smoothing = np.float32(self.smoothing)
        known = (total + smoothing * usual) / np.maximum(weight + smoothing, np.float32(1e-9))
        scores[:, self.track_] = np.where(weight > 0, known, usual)
        return scores

    def _fit_biases(self, grades: Grades) -> None:
        self.mean_ = float(np.average(grades.grade, weights=grades.sure))
        above = grades.grade - self.mean_
        self.bias_i_ = _bias(grades.track, above, grades.sure, len(self.bias_i_))
        above = above - self.bias_i_[grades.track]
        self.bias_u_ = _bias(grades.listener, above, grades.sure, len(self.bias_u_))

    def _fit_differences(self, listener: I32, sure: F32) -> None:
        side = listener.astype(np.int64)
        if self.bipolar:  # each listener is two, one who likes and one who does not
            n_grades = np.maximum(np.diff(self.start_), 1)
            mean = np.bincount(listener, self.grade_, len(n_grades)) / n_grades
            side = 2 * side + (self.grade_ > mean[listener])
        shape = (2 * len(self.start_), len(self.track_))

        def table(values: F32) -> sparse.csr_array:
            return sparse.coo_array((values, (side, self.place_)), shape=shape).tocsr()

        weight, graded, met = table(sure), table(sure * self.grade_), table(np.ones_like(sure))
        above = (weight.T @ graded).toarray()  # [j, i] sum of grade_i over common listeners
        seldom = (met.T @ met).toarray() < self.overlap
        np.fill_diagonal(seldom, True)
        self.excess_ = np.where(seldom, 0, above - above.T).astype(np.float32)
        self.common_ = np.where(seldom, 0, (weight.T @ weight).toarray()).astype(np.float32)


def _bias(whose: I32, above: F32 | F64, weight: F32, size: int) -> F32:
    """(size,) mean of `above` of each, shrunk to 0 by 5 grades."""
    total = np.bincount(whose, weight * above, size)
    return (total / (np.bincount(whose, weight, size) + 5)).astype(np.float32)
