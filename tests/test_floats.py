"""Arithmetic whose bits are the same everywhere: compiled, over arrays, and beside a wider reference."""

import numpy as np
import pytest
from numba import njit

from simenv import floats
from simenv.rng import Key

N = 200_000
LUCK = Key.root(1) / "floats"


def each(function):
    """`function` of every element, compiled."""

    @njit(error_model="numpy")
    def run(x, out):
        for i in range(len(x)):
            out[i] = function(x[i])
        return out

    return lambda x: run(x, np.empty_like(x))


def wide(low, high):
    """float32 numbers from `low` to `high`, both included."""
    x = low + (high - low) * LUCK.uniform(np.arange(N)).astype(np.float64)
    return np.concatenate([[low, high, 0.5 * (low + high)], x]).astype(np.float32)


@pytest.mark.parametrize(
    ("scalar", "array", "x"),
    [
        (floats.exp32, floats.exp_array, wide(-100, 95)),
        (floats.log32, floats.log_array, np.exp(wide(-87, 88))),
        (floats.log32, floats.log_array, np.float32([0, 1e-45, 1.17549435e-38, 1, 3.4e38])),
    ],
)
def test_compiled_and_over_arrays_the_bits_are_the_same(scalar, array, x):
    np.testing.assert_array_equal(each(scalar)(x).view(np.int32), array(x).view(np.int32))


def test_exp_and_log_are_within_2e7_of_the_truth():
    x = wide(-86, 87)
    np.testing.assert_allclose(floats.exp_array(x), np.exp(x.astype(np.float64)), rtol=2e-7)
    x = np.exp(x)
    np.testing.assert_allclose(floats.log_array(x), np.log(x.astype(np.float64)), rtol=2e-7, atol=1e-7)


def test_exp_and_log_stay_finite_at_the_ends():
    assert np.isfinite(floats.exp_array(np.float32([-np.inf, -1e30, 1e30, np.inf]))).all()
    assert np.isfinite(floats.log_array(np.float32([0, 1e-45]))).all()
    assert floats.exp_array(np.float32([0]))[0] == 1
    assert floats.log_array(np.float32([1]))[0] == 0


def test_the_cosine_of_turns_is_within_1e6():
    x = wide(-40, 40)
    truth = np.cos(2 * np.pi * x.astype(np.float64))
    np.testing.assert_allclose(each(floats.cos_turns32)(x), truth, atol=1e-6)
