"""The compiled loop under `svd.py`: stochastic gradient steps on grades, one pair at a time."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from simenv import _cache, floats
from simenv.agents import _vectors
from simenv.agents._vectors import dot
from simenv.types import F32, I32

driver = _cache.driver([Path(__file__), Path(_vectors.__file__), Path(floats.__file__)])


@driver
def descend(
    listener: I32,
    track: I32,
    grade: F32,
    sure: F32,
    order: NDArray[np.int64],
    mean: np.float32,
    bias_u: F32,
    bias_i: F32,
    p: F32,
    q: F32,
    learning_rate: np.float32,
    reg: np.float32,
    epochs: int,
) -> None:
    """Move biases and factors towards the grades, in place: each pair once an epoch, in `order`.

    With e = grade - (mean + b_u + b_i + p.q), each parameter w moves by rate sure (e dw - reg w).

    Args:
        listener: (e,) whose grade it is.
        track: (e,) of what.
        grade: (e,) given.
        sure: (e,) its weight, in (0, 1].
        order: (e,) a permutation.
        mean: of all grades.
        bias_u: (n,) listeners'.
        bias_i: (T,) tracks'.
        p: (n, f) listeners'.
        q: (T, f) tracks'.
        learning_rate: length of a step.
        reg: weight of the penalty on biases and factors.
        epochs: times through all pairs.
    """
    width = p.shape[1]
    for _ in range(epochs):
        for at in order:
            u, i = listener[at], track[at]
            mine, its = p[u], q[i]
            error = grade[at] - (mean + bias_u[u] + bias_i[i] + dot(mine, its))
            rate = learning_rate * sure[at]
            bias_u[u] += rate * (error - reg * bias_u[u])
            bias_i[i] += rate * (error - reg * bias_i[i])
            for f in range(width):
                a, b = mine[f], its[f]
                mine[f] = a + rate * (error * b - reg * a)
                its[f] = b + rate * (error * a - reg * b)
