"""The compiled loop under `_mixing.py`: scores of different agents brought to one scale."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from simenv import _cache
from simenv.types import F32, Bool

driver = _cache.driver([Path(__file__)])


@driver
def scale(scores: F32, is_open: Bool, by_spread: bool) -> None:
    """Bring each row of `scores` (m, T) to one scale, in place; a row whose open scores are equal is 0.

    Args:
        scores: (m, T).
        is_open: (m, T) the tracks that the scale is taken from.
        by_spread: to mean 0 and standard deviation 1; else from 0 to 1.
    """
    m, n_tracks = scores.shape
    for r in range(m):
        total, squares, n = 0.0, 0.0, 0
        low, high = np.inf, -np.inf
        for i in range(n_tracks):
            if is_open[r, i]:
                s = np.float64(scores[r, i])
                n += 1
                total += s
                low, high = min(low, s), max(high, s)
        if by_spread:
            from_, width = total / max(n, 1), 0.0
            for i in range(n_tracks):
                if is_open[r, i]:
                    squares += (scores[r, i] - from_) ** 2
            width = np.sqrt(squares / max(n, 1))
        else:
            from_, width = low, high - low
        if not high > low:
            scores[r, :] = 0
            continue
        for i in range(n_tracks):
            scores[r, i] = (scores[r, i] - from_) / width
