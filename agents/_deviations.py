"""The compiled loop under `slopeone.py`: each listener's grades, carried over to all tracks."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from simenv import _cache
from simenv.types import F32, I32

driver = _cache.driver([Path(__file__)])


@driver
def carry(
    rows: I32,
    start: NDArray[np.int32],
    place: I32,
    grade: F32,
    excess: F32,
    common: F32,
    total: F32,
    weight: F32,
) -> None:
    """Sum over each listener's tracks j what they say of tracks i, into `total` and `weight` (m, t) of zeros.

    Args:
        rows: (m,) listeners.
        start: (n + 1,) where each listener's grades begin.
        place: (e,) of graded tracks, in [0, t).
        grade: (e,) given.
        excess: (t, t) at [j, i] the sum over common listeners of grade_i - grade_j.
        common: (t, t) number of common listeners, 0 on the diagonal.
        total: (m, t) out: sum over j of excess + common grade_j.
        weight: (m, t) out: sum over j of common.
    """
    for r in range(len(rows)):
        said, known = total[r], weight[r]
        for e in range(start[rows[r]], start[rows[r] + 1]):
            own, more, both = grade[e], excess[place[e]], common[place[e]]
            for i in range(len(said)):
                said[i] += more[i] + both[i] * own
                known[i] += both[i]
