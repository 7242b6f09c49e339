"""Arithmetic on rows of factors, inlined into compiled loops."""

from __future__ import annotations

import numba

from simenv.floats import ZERO

inlined = numba.njit(
    forceinline=True,
    error_model="numpy",
    boundscheck=False,
    nogil=True,
    _nrt=False,
    fastmath={"reassoc", "nsz"},
)
"""As `simenv.floats.scalar`, but sums may be taken in lanes: the same bits on one machine, not on all, as in
any BLAS."""


@inlined
def dot(a, b):
    """The inner product of two rows."""
    total = ZERO
    for f in range(len(a)):
        total += a[f] * b[f]
    return total


@inlined
def apart(x, a, b):
    """x.(a - b)."""
    total = ZERO
    for f in range(len(x)):
        total += x[f] * (a[f] - b[f])
    return total
