"""What a track would earn with a listener, learned from a log: for direct and doubly robust estimates.

Least squares on what the platform can know as of the log's beginning: plays of the track, of its artist and
of its genres by the listener, nearness of its sound, early skips, the rates at which listener and track were
finished, popularity, the moment. The model is linear, so that its mean over all tracks is one matrix product.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.linear_model import Ridge

from simenv.decisions import Decisions
from simenv.log import Log
from simenv.rng import Key
from simenv.types import F32, F64, I32, REACHED, SKIPPED, Setting

_FOLDS = 3
_SMOOTHING = 20.0  # plays that the common rate is worth
_REG = 10.0  # of coefficients of standardised columns


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of listeners and tracks when the log begins."""

    pairs: F32  # (p, n, T)
    tracks: F32  # (T, q)
    listeners: F32  # (n, l)

    @classmethod
    def of(cls, past: Log, setting: Setting) -> Facts:
        """Those that the plays of `past` tell."""
        catalogue, n_tracks = setting.catalogue, len(setting.catalogue)
        plays = past.matrix()
        artists = sparse.csr_array(
            (np.ones(n_tracks, np.float32), (np.arange(n_tracks), catalogue.artist)),
        )
        genres = catalogue.genre_matrix()
        of_genres = plays @ genres
        share = of_genres.multiply(1 / np.maximum(of_genres.sum(axis=1), 1)[:, None])
        pairs = [
            np.log1p(plays.toarray()),
            np.log1p(past.matrix(skips=True).toarray()),
            np.log1p((plays @ artists).toarray())[:, catalogue.artist],
            np.sqrt((share @ genres.T).toarray()),
            _likeness(plays, np.nan_to_num(catalogue.audio)),
        ]
        all_plays = past.plays()
        all_plays = all_plays.rows(all_plays.has(REACHED))
        done = ~all_plays.has(SKIPPED)
        of_track = _rate(all_plays.track, done, n_tracks)
        of_listener = _rate(all_plays.listener, done, setting.n_listeners)
        popularity = np.log1p(past.counts())
        columns = (of_track, popularity, np.log(catalogue.seconds))
        return cls(
            np.stack(pairs).astype(np.float32),
            np.stack(columns, axis=1).astype(np.float32),
            np.stack([of_listener, np.log1p(plays.sum(axis=1))], axis=1).astype(np.float32),
        )


@dataclass(frozen=True, slots=True)
class Model:
    """Expected rewards, each listener's by a model that was fitted to others."""

    of_pair: F32  # (n, T)
    of_moment: F64  # (e, k) added in each slot of each decision

    def expects(self, at: NDArray[np.integer], slot: int, listeners: I32) -> F64:
        """(m, T) reward of every track in `slot` of the decisions `at` (m,)."""
        return self.of_pair[listeners] + self.of_moment[at, slot, None]


def cross_fitted(facts: Facts, decisions: Decisions, earned: F64, key: Key) -> Model:
    """A model of `earned` (e, j), the rewards of the first j slots, where they were reached.

    Listeners fall into three folds by the hash of `key`; what is expected of those of one was learned from
    the others.
    """
    asked, slots = decisions.request, earned.shape[1]
    row, slot = np.nonzero(decisions.reached[:, :slots])
    moment = np.column_stack([asked.context, np.log1p(asked.session), facts.listeners[asked.listeners]])
    places = np.eye(slots, dtype=np.float32)
    who, what = asked.listeners[row], decisions.tracks[row, slot]
    of_pair = facts.pairs[:, who, what].T
    columns = np.column_stack([of_pair, facts.tracks[what], moment[row], places[slot]]).astype(np.float64)
    outcome = earned[row, slot]
    fold = key.below(_FOLDS, np.arange(len(facts.listeners)))  # (n,)
    p, q = facts.pairs.shape[0], facts.tracks.shape[1]
    table = np.zeros(facts.pairs.shape[1:], np.float32)
    added = np.zeros(earned.shape)
    for f in range(_FOLDS):
        others = fold[who] != f
        if not others.any():  # a listener or two
            continue
        weights, constant = _least_squares(columns[others], outcome[others])
        mine = np.flatnonzero(fold == f)
        pairs = np.tensordot(weights[:p].astype(np.float32), facts.pairs[:, mine], 1)
        table[mine] = pairs + (facts.tracks @ weights[p : p + q]).astype(np.float32)
        rows = fold[asked.listeners] == f
        by_moment = moment[rows] @ weights[p + q : -slots] + constant
        added[rows] = by_moment[:, None] + weights[-slots:]
    return Model(table, added)


def _least_squares(columns: F64, outcome: F64) -> tuple[F64, float]:
    """Coefficients of the columns, and the constant, of a ridge regression on standardised columns."""
    mean, size = columns.mean(axis=0), columns.std(axis=0)
    size[size < 1e-9] = 1
    fitted = Ridge(alpha=_REG).fit((columns - mean) / size, outcome)
    weights = fitted.coef_ / size
    return weights, float(fitted.intercept_ - mean @ weights)


def _likeness(plays: sparse.csr_array, audio: F32) -> F32:
    """(n, T) cosine of a track's standardised sound and the mean of what the listener plays."""
    spread = audio.std(axis=0)
    sound = (audio - audio.mean(axis=0)) / np.where(spread > 0, spread, 1)
    profile = plays @ sound
    length = np.linalg.norm(profile, axis=1)[:, None] * np.linalg.norm(sound, axis=1)
    return (profile @ sound.T) / np.maximum(length, 1e-9)


def _rate(of: I32, done: NDArray, size: int) -> F64:
    """(size,) share of plays that were finished, shrunk to that of all."""
    plays = np.bincount(of, minlength=size)
    common = done.mean() if len(done) else 0.5
    return (np.bincount(of, done, size) + _SMOOTHING * common) / (plays + _SMOOTHING)
