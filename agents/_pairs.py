"""The compiled loop under `bpr.py`: stochastic gradient steps on pairs of a played and another track."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from simenv import _cache, floats, rng
from simenv.floats import exp32, f32
from simenv.types import F32, F64, I32

driver = _cache.driver([Path(__file__), Path(rng.__file__), Path(floats.__file__)])

_ONE = f32(1)
_TRIES = 8  # draws of another track before a pair is given up


@driver
def descend(
    x: F32,
    y: F32,
    start: np.ndarray,
    track: I32,
    upto: F64,
    listener: I32,
    left_start: np.ndarray,
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
        track: (e,) played tracks.
        upto: (e,) running sum of their weights: a pair's played track is drawn by weight.
        listener: (e,) whose each is.
        left_start: (n + 1,) into `left`.
        left: tracks that each listener leaves early.
        disliked: chance that the other track is one of those, where there are any.
        popular: else, chance that it is drawn by plays, as another entry's track; else uniformly.
        learning_rate: length of a step.
        reg: weight of the penalty on long factors.
        event: hash of this fit; a draw belongs to the number of its step.
        steps: pairs in all.
    """
    n_tracks, width = y.shape
    total = upto[-1]
    for step in range(steps):
        h = rng.fold(event, step)
        at = np.searchsorted(upto, rng.uniform(rng.fold(h, 0)) * total)
        u, i = listener[at], track[at]
        mine = track[start[u] : start[u + 1]]
        j = -1
        n_left = left_start[u + 1] - left_start[u]
        if n_left > 0 and rng.uniform(rng.fold(h, 1)) < disliked:
            j = left[left_start[u] + rng.below(n_left, rng.fold(h, 2))]
        else:
            by_plays = rng.uniform(rng.fold(h, 3)) < popular
            for attempt in range(4, 4 + _TRIES):
                b = rng.fold(h, attempt)
                k = track[rng.below(len(track), b)] if by_plays else rng.below(n_tracks, b)
                place = np.searchsorted(mine, k)
                if place == len(mine) or mine[place] != k:
                    j = k
                    break
        if j < 0:
            continue  # a listener who plays everything
        margin = f32(0)
        for f in range(width):
            margin += x[u, f] * (y[i, f] - y[j, f])
        z = learning_rate / (_ONE + exp32(margin))
        shrink = learning_rate * reg
        for f in range(width - 1):
            a, b, c = x[u, f], y[i, f], y[j, f]
            x[u, f] = a + z * (b - c) - shrink * a
            y[i, f] = b + z * a - shrink * b
            y[j, f] = c - z * a - shrink * c
        b, c = y[i, width - 1], y[j, width - 1]
        y[i, width - 1] = b + z - shrink * b
        y[j, width - 1] = c - z - shrink * c
