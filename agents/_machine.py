"""The compiled loop under `context.py`: a factorisation machine of listener, track and moment."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from simenv import _cache, floats, rng
from simenv.floats import ONE, ZERO, exp32
from simenv.types import F32, I32

driver = _cache.driver([Path(__file__), Path(rng.__file__), Path(floats.__file__)])


@driver
def descend(
    listener: I32,
    track: I32,
    moment: F32,
    sure: F32,
    x: F32,
    y: F32,
    bias: F32,
    z: F32,
    there: F32,
    rate: np.float32,
    reg: np.float32,
    event: np.uint64,
    steps: int,
) -> None:
    """Put what was played before what was not, `steps` times, in place.

    A step takes a play drawn uniformly and any track j, and makes ln sigmoid(s_i - s_j) larger,
    s_i = b_i + y_i.(x_u + sum_c m_c z_c).

    Args:
        listener: (e,) of each play.
        track: (e,) that was played.
        moment: (e, c) when and how.
        sure: (e,) weight of the play, in (0, 1].
        x: (n, f) listeners.
        y: (T, f) tracks.
        bias: (T,) tracks.
        z: (c, f) moments.
        there: (f,) scratch.
        rate: length of a step.
        reg: weight of the penalty on long factors.
        event: hash of this fit; a draw belongs to the number of its step.
        steps: in all.
    """
    n_tracks, width = y.shape
    n_columns = moment.shape[1]
    for step in range(steps):
        h = rng.fold(event, step)
        at = rng.below(len(track), h)
        u, i, j = listener[at], np.int64(track[at]), np.int64(rng.below(n_tracks, rng.fold(h, 1)))
        if i == j:
            continue
        for f in range(width):
            there[f] = x[u, f]
        for c in range(n_columns):
            if moment[at, c] != ZERO:
                for f in range(width):
                    there[f] += moment[at, c] * z[c, f]
        ahead = bias[i] - bias[j]
        for f in range(width):
            ahead += there[f] * (y[i, f] - y[j, f])
        push = rate * sure[at] / (ONE + exp32(ahead))
        shrink = ONE - rate * sure[at] * reg
        bias[i] = shrink * bias[i] + push
        bias[j] = shrink * bias[j] - push
        for f in range(width):
            apart = y[i, f] - y[j, f]
            x[u, f] = shrink * x[u, f] + push * apart
            for c in range(n_columns):
                if moment[at, c] != ZERO:
                    z[c, f] += push * moment[at, c] * apart
            y[i, f] = shrink * y[i, f] + push * there[f]
            y[j, f] = shrink * y[j, f] - push * there[f]
        for c in range(n_columns):
            if moment[at, c] != ZERO:
                for f in range(width):
                    z[c, f] *= shrink
