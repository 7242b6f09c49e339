"""What each group of columns adds to a prediction: exact Shapley values against a usual row."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from simenv.types import F32, F64, I32


def shapley(
    predict: Callable[[F32], F64], row: F32, usual: F32, group: I32, n_groups: int
) -> tuple[float, F64]:
    """The prediction for `usual` (f,), and (g,) what each group of columns adds to it towards that for `row`.

    With v(S) the prediction for `row` in the groups of S and `usual` elsewhere, group a adds the sum over S
    without a of |S|! (g - |S| - 1)! / g! (v(S + a) - v(S)); all together they add v(all) - v(none).

    Args:
        predict: of rows (e, f).
        row: (f,) what is explained.
        usual: (f,) what it is compared with.
        group: (f,) of each column, in [0, g).
        n_groups: g, at most a dozen or so: 2^g rows are predicted.

    Source: Lundberg & Lee, NeurIPS 2017.
    """
    sets = np.arange(1 << n_groups)
    member = (sets[:, None] >> np.arange(n_groups)) & 1  # (2^g, g)
    value = predict(np.where(member[:, group] == 1, row, usual).astype(np.float32))
    size = member.sum(axis=1)
    ways = np.array([math.factorial(s) * math.factorial(n_groups - s - 1) for s in range(n_groups)])
    adds = np.zeros(n_groups)
    for a in range(n_groups):
        without = sets[member[:, a] == 0]
        weight = ways[size[without]] / math.factorial(n_groups)
        adds[a] = (weight * (value[without | (1 << a)] - value[without])).sum()
    return float(value[0]), adds
