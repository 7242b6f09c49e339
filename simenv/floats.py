"""float32 `exp` and `log` whose bits are the same in NumPy, in a compiled kernel and on every x86-64.

The C library's functions differ between machines and do not vectorise in compiled loops, so that a listener's
luck would depend on where they live. These are the Cephes polynomials (Moshier 1992; relative error under
2e-7), written once as scalars for the kernels and once over arrays; a test holds the two equal bit for bit.
Terms are added in pairs (Estrin 1960), not one after the other: a play waits for its exp and its log.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

F32 = NDArray[np.float32]

scalar = njit(forceinline=True, error_model="numpy", boundscheck=False, nogil=True, _nrt=False)
"""Decorates a scalar function that is inlined into every kernel that calls it; never cached by itself."""

f32 = np.float32
ZERO, HALF, ONE, TWO = f32(0), f32(0.5), f32(1), f32(2)
_SQRT2 = f32(1.41421356237)
_LOG2E = f32(1.44269504088896341)
_LN2_HIGH, _LN2_LOW = f32(0.693359375), f32(-2.12194440e-4)
_ROUND = f32(12582912.0)  # 1.5 * 2^23: adding it and taking it away rounds to an integer
_LEAST, _MOST = f32(-87.0), f32(88.0)
_MANTISSA, _ONE_BITS, _BIAS = np.int32(0x7FFFFF), np.int32(0x3F800000), np.int32(127)
_SHIFT = np.int32(23)
_TINY = f32(1.17549435e-38)
_TWO_PI, _QUARTER = f32(6.28318530718), f32(0.25)

L0, L1, L2 = f32(7.0376836292e-2), f32(-1.1514610310e-1), f32(1.1676998740e-1)
L3, L4, L5 = f32(-1.2420140846e-1), f32(1.4249322787e-1), f32(-1.6668057665e-1)
L6, L7, L8 = f32(2.0000714765e-1), f32(-2.4999993993e-1), f32(3.3333331174e-1)
E0, E1, E2 = f32(1.9875691500e-4), f32(1.3981999507e-3), f32(8.3334519073e-3)
E3, E4, E5 = f32(4.1665795894e-2), f32(1.6666665459e-1), f32(5.0000001201e-1)
S0, S1, S2, S3, S4 = f32(-1 / 39916800), f32(1 / 362880), f32(-1 / 5040), f32(1 / 120), f32(-1 / 6)


@scalar
def _log_of_parts(exponent, m):
    """ln(2^exponent (1 + m)), m in [sqrt .5 - 1, sqrt 2 - 1]; of scalars, or of arrays as plain Python."""
    z = m * m
    early = (L3 * m + L4) + z * (L1 * m + L2) + (z * z) * L0
    p = (L7 * m + L8) + z * (L5 * m + L6) + (z * z) * early
    y = p * (m * z) + (exponent * _LN2_LOW - HALF * z)
    return y + (m + exponent * _LN2_HIGH)


@scalar
def _exp_of_rest(x):
    """e^x, x in [-ln 2 / 2, ln 2 / 2]; of scalars, or of arrays as plain Python."""
    z = x * x
    p = (E4 * x + E5) + z * ((E2 * x + E3) + z * (E0 * x + E1))
    return p * z + (x + ONE)


@scalar
def log32(x):
    """ln x of a positive float32; numbers below the least normal one count as that."""
    bits = np.float32(max(x, _TINY)).view(np.int32)
    exponent = f32((bits >> _SHIFT) - _BIAS)
    m = np.int32((bits & _MANTISSA) | _ONE_BITS).view(np.float32)  # in [1, 2)
    high = m > _SQRT2
    exponent = exponent + ONE if high else exponent
    m = m * HALF - ONE if high else m - ONE
    return _log_of_parts(exponent, m)


@scalar
def exp32(x):
    """e to the x of a float32, held within [e^-87, e^88]."""
    x = min(max(f32(x), _LEAST), _MOST)
    n = (x * _LOG2E + _ROUND) - _ROUND
    x = x - n * _LN2_HIGH
    x = x - n * _LN2_LOW
    scale = np.int32((np.int32(n) + _BIAS) << _SHIFT).view(np.float32)
    return _exp_of_rest(x) * scale


@scalar
def read_off(table, place):
    """What a table (n,) of evenly spaced values says at `place` in [0, n - 1): a line between two of them."""
    step = np.int32(place)
    low = table[step]
    return low + (place - f32(step)) * (table[step + 1] - low)


@scalar
def cos_turns32(x):
    """cos(2 pi x) of a float32 number of turns: the sine's series on a quarter turn; error under 1e-6."""
    r = x - ((x + _ROUND) - _ROUND)  # in [-.5, .5]
    t = _TWO_PI * (_QUARTER - abs(r))  # cos 2 pi r = sin 2 pi (1/4 - |r|)
    z = t * t
    p = S0 * z + S1
    p = p * z + S2
    p = p * z + S3
    p = p * z + S4
    return t + t * z * p


def log_array(x: F32) -> F32:
    """`log32` of every element, bit for bit."""
    bits = np.maximum(np.asarray(x, f32), _TINY).view(np.int32)
    exponent = ((bits >> _SHIFT) - _BIAS).astype(f32)
    m = ((bits & _MANTISSA) | _ONE_BITS).view(f32)
    high = m > _SQRT2
    exponent = np.where(high, exponent + ONE, exponent)
    m = np.where(high, m * HALF - ONE, m - ONE)
    return _log_of_parts.py_func(exponent, m)


def exp_array(x: F32) -> F32:
    """`exp32` of every element, bit for bit."""
    x = np.minimum(np.maximum(np.asarray(x, f32), _LEAST), _MOST)
    n = (x * _LOG2E + _ROUND) - _ROUND
    x = x - n * _LN2_HIGH
    x = x - n * _LN2_LOW
    return _exp_of_rest.py_func(x) * ((n.astype(np.int32) + _BIAS) << _SHIFT).view(f32)
