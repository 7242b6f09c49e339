"""Supervised learning: will this listener, now, hear this track to its end?"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier
from threadpoolctl import threadpool_limits

from simenv.agents._levels import Levels
from simenv.agents._preference import shares
from simenv.agents._ranking import best
from simenv.agents._shapley import shapley
from simenv.agents._supervised import GROUPS, columns_of, lessons, rows_of
from simenv.agents.base import Count, Days, Number, Scorer, Weight
from simenv.context import COLUMNS
from simenv.log import Log
from simenv.types import F32, F64, I32, Request, Setting

_FEWEST = 20  # rows that are worth learning from
_AT_ONCE = 1 << 18  # rows predicted at once


@dataclass
class Trees(Scorer):
    """Show the tracks that the listener is most likely to finish, as a classifier predicts.

    It is trained on the newest 30 % of plays, from what those before them told: plays and smoothed rate of
    the listener for the track, its album, artist and genres; everyone's rate of the track, its popularity,
    age and sound; the listener's plays and mean rate; hour, weekday, activity and device. Candidates are the
    `pool` open tracks with the highest sum of (weighted) rates by level, as in `hierarchy`, and share of
    plays; behind them come the others by that sum, which is also what is ranked by until there are plays
    enough to learn from. A new listener is judged by the track and the moment, a new track by its album,
    artist, genres and sound. An explanation holds the exact Shapley values of the groups of columns against
    the mean row, at the end of the log and in no particular context.

    Args:
        model: logistic regression, a decision tree, a random forest or gradient-boosted trees.
        trees: of the forest, or rounds of boosting.
        leaf: rows that a leaf must hold.
        pool: candidates a listener.
        rows: plays to learn from, at most.
        smoothing: plays that an expected rate is worth.
        half_life: days after which a play counts for half in plays and rates; inf: all count alike.

    Source: Breiman, Machine Learning 2001; Friedman, Annals of Statistics 2001; candidates first, then a
        classifier: Covington, Adams & Sargin, RecSys 2016; by scikit-learn.
    Departs:
        1. rates are those before the training plays (usual: of all plays, outcomes leaking into rows).
    """

    model: Literal["logistic", "tree", "forest", "boosted"] = "boosted"
    trees: Count = 100
    leaf: Count = 20
    pool: Count = 50
    rows: Count = 50_000
    smoothing: Weight = 3.0
    half_life: Days = np.inf
    fit_every: Number = field(default=7, kw_only=True)

    def begin(self, setting: Setting) -> None:
        self.setting_ = setting
        self.levels_ = Levels.nothing(setting.n_listeners, setting.catalogue)
        self.shares_ = np.zeros(len(setting.catalogue), np.float32)
        self.now_ = 0.0  # days
        self._learn(np.empty((0, 0), np.float32), np.empty(0, bool))

    def fit(self, log: Log) -> None:
        catalogue, key = self.setting_.catalogue, self.setting_.key / "rows"
        self.levels_ = Levels.of(log, catalogue, self.half_life, self.smoothing)
        self.shares_ = shares(log, self.half_life)
        self.now_ = log.now
        self._learn(*lessons(log, catalogue, self.half_life, self.smoothing, self.rows, key))

    def state(self) -> dict[str, NDArray]:
        """What is known and the rows that were learned from: the classifier grows from them again."""
        own = {"shares": self.shares_, "now": np.asarray(self.now_), "x": self.x_, "y": self.y_}
        return own | {f"levels.{name}": array for name, array in self.levels_.arrays().items()}

    def restore(self, state: dict[str, NDArray]) -> None:
        arrays = {name[7:]: array for name, array in state.items() if name.startswith("levels.")}
        self.levels_ = Levels(**arrays)
        self.shares_, self.now_ = state["shares"], float(state["now"])
        self._learn(state["x"], state["y"])

    def scores(self, request: Request) -> F32:
        scores = self._sums(request.listeners)
        if self.classifier_ is None:
            return scores
        size = min(max(self.pool, self.setting_.slate_size), scores.shape[1])
        tracks, _ = best(scores, request, self.setting_, size)
        chance = self._chances(request, np.maximum(tracks, 0))
        scores -= np.float32(10)  # behind every chance
        row, place = np.nonzero(tracks >= 0)
        scores[row, tracks[row, place]] = chance[row, place]
        return scores

    def score(self, request: Request, tracks: I32) -> F32:
        if self.classifier_ is None:
            return super().score(request, tracks)
        return self._chances(request, tracks)

    def parts(self, listener: int, track: int) -> dict[str, float]:
        if self.classifier_ is None:
            share = float(self.shares_[track])
            rate = float(self._sums(np.array([listener], np.int32))[0, track]) - share
            return {"rates": rate, "plays by everyone": share}
        nothing = np.zeros((1, len(COLUMNS)), np.float32)
        who, what = np.array([listener], np.int32), np.array([[track]], np.int32)
        row = self._rows(who, what, np.array([self.now_]), nothing)[0, 0]
        columns = columns_of(self.setting_.catalogue)
        usual, adds = shapley(self._predict, row, self.x_.mean(axis=0), columns, len(GROUPS))
        return {"usual": usual} | dict(zip(GROUPS, adds.tolist(), strict=True))

    def _learn(self, x: F32, y: NDArray[np.bool_]) -> None:
        self.x_, self.y_ = x, y
        self.classifier_: Any = None  # until there is enough to learn from
        if len(y) >= _FEWEST and y.any() and not y.all():
            with threadpool_limits(1):
                self.classifier_ = self._classifier().fit(x, y)

    def _classifier(self) -> Any:
        seed = (self.setting_.key / self.model).seed32()
        if self.model == "logistic":
            return make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
        if self.model == "tree":
            return DecisionTreeClassifier(min_samples_leaf=self.leaf, max_depth=8, random_state=seed)
        if self.model == "forest":
            return RandomForestClassifier(
                self.trees, min_samples_leaf=self.leaf, max_depth=12, n_jobs=1, random_state=seed
            )
        return HistGradientBoostingClassifier(
            max_iter=self.trees,
            max_leaf_nodes=15,
            min_samples_leaf=self.leaf,
            early_stopping=False,
            random_state=seed,
        )

    def _sums(self, listeners: I32) -> F32:
        """(m, T) rates by level, weighted as `hierarchy` does, plus shares of plays."""
        weights = np.array([0.4, 0.3, 0.3, 0.3], np.float32)
        catalogue = self.setting_.catalogue
        rates = self.levels_.blended(listeners, catalogue, weights, self.smoothing, best_genre=False)
        rates += self.shares_
        return rates

    def _chances(self, request: Request, tracks: I32) -> F32:
        """(m, c) predicted chances that `tracks` (m, c) are finished."""
        out = np.empty(tracks.shape, np.float32)
        size = max(1, _AT_ONCE // max(tracks.shape[1], 1))
        for at in range(0, len(request), size):
            some = request.rows(np.s_[at : at + size])
            rows = self._rows(some.listeners, tracks[at : at + size], some.time, some.context)
            out[at : at + size] = self._predict(rows.reshape(-1, rows.shape[2])).reshape(rows.shape[:2])
        return out

    def _rows(self, listeners: I32, tracks: I32, time: F64, context: F32) -> F32:
        catalogue, levels = self.setting_.catalogue, self.levels_
        return rows_of(levels, self.shares_, listeners, tracks, time, context, catalogue, self.smoothing)

    def _predict(self, rows: F32) -> F64:
        if not len(rows):
            return np.empty(0)
        with threadpool_limits(1):
            return self.classifier_.predict_proba(rows)[:, 1]
