"""The compiled loops under `bpr.py`: stochastic gradient steps on pairs of a liked and another track."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from simenv import _cache, floats, rng
from simenv.agents import _vectors
from simenv.agents._vectors import apart
from simenv.floats import ONE, exp32, f32
from simenv.types import F32, F64, I32

driver = _cache.driver([Path(__file__), Path(_vectors.__file__), Path(rng.__file__), Path(floats.__file__)])

_TRIES = 8  # draws of another track before a step is given up


def by_weight(weights: F32) -> tuple[F32, I32]:
    """(e,) chances to keep an entry that was drawn uniformly, and (e,) what to take for it else.

    So entries come by weight, each in constant time.

    Source: Vose, IEEE Transactions on Software Engineering 1991.
    """
    share = weights.astype(np.float64) * (len(weights) / weights.sum(dtype=np.float64))
    alias = np.arange(len(weights), dtype=np.int32)
    _fill_alias(share, alias, np.empty(len(weights), np.int32))
    return share.astype(np.float32), alias


@driver
def _fill_alias(share: F64, alias: I32, pile: I32) -> None:
    """Fill what is missing of small entries with large ones; small are piled from the left of `pile`."""
    n_small, n_large, size = 0, 0, len(share)
    for e in range(size):
        if share[e] < 1:
            pile[n_small] = e
            n_small += 1
        else:
            n_large += 1
            pile[size - n_large] = e
    while n_small > 0 and n_large > 0:
        n_small -= 1
        small, large = pile[n_small], pile[size - n_large]
        alias[small] = large
        share[large] -= 1 - share[small]
        if share[large] < 1:
            n_large -= 1
            pile[n_small] = large
            n_small += 1


@driver
def descend(
    x: F32,
    y: F32,
    start: I32,
    track: I32,
    listener: I32,
    keep: F32,
    alias: I32,
    left_start: I32,
    left: I32,
    disliked: float,
    popular: float,
    learning_rate: np.float32,
    reg: np.float32,
    event: np.uint64,
    steps: int,
) -> None:
    """Move x and y by `steps` pairs, in place.

    Args:
        x: (n, f + 1) listeners; the last column is 1 and stays, so that y's last is the track's bias.
        y: (T, f + 1) tracks.
        start: (n + 1,) where each listener's tracks begin in `track`, which are sorted.
        track: (e,) liked tracks.
        listener: (e,) whose each is.
        keep: (e,) and
        alias: (e,) as `by_weight` has them: liked pairs come by weight.
        left_start: (n + 1,) into `left`.
        left: tracks that each listener leaves early.
        disliked: chance that the other track is one of those, where there are any.
        popular: else, chance that it is drawn by plays, as another entry's track; else uniformly.
        learning_rate: length of the first step; it falls to 0 in a straight line.
        reg: weight of the penalty on long factors.
        event: hash of this fit; a draw belongs to the number of its step.
        steps: pairs in all.
    """
    n_tracks, width = y.shape
    for step in range(steps):
        rate = learning_rate * (ONE - f32(step) / f32(steps))
        shrink = ONE - rate * reg
        h = rng.fold(event, step)
        at = rng.below(len(track), h)
        if rng.uniform(rng.fold(h, 0)) >= keep[at]:
            at = np.int64(alias[at])
        u, i = listener[at], track[at]
        j = np.int64(-1)
        n_left = left_start[u + 1] - left_start[u]
        if n_left > 0 and rng.uniform(rng.fold(h, 1)) < disliked:
            j = np.int64(left[left_start[u] + rng.below(n_left, rng.fold(h, 2))])
        else:
            mine, by_plays = track[start[u] : start[u + 1]], rng.uniform(rng.fold(h, 3)) < popular
            for attempt in range(4, 4 + _TRIES):
                b = rng.fold(h, attempt)
                other = np.int64(track[rng.below(len(track), b)]) if by_plays else rng.below(n_tracks, b)
                place = np.searchsorted(mine, other)
                if place == len(mine) or mine[place] != other:
                    j = other
                    break
        if j < 0:
            continue  # a listener who plays everything
        me, liked, less = x[u], y[i], y[j]
        z = rate / (ONE + exp32(apart(me, liked, less)))
        for f in range(width - 1):
            a, b, c = me[f], liked[f], less[f]
            me[f] = shrink * a + z * (b - c)
            liked[f] = shrink * b + z * a
            less[f] = shrink * c - z * a
        liked[width - 1] = shrink * liked[width - 1] + z
        less[width - 1] = shrink * less[width - 1] - z
