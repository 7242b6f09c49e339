"""Where arrays come from: lines of the cache, and arrays that nobody holds any more."""

import numpy as np
import pytest

from simenv._aligned import aligned, aligned_zeros
from simenv._recycled import Recycled


@pytest.mark.parametrize("shape", [0, 1, 7, (5, 3), (0, 4), (1000, 128)])
@pytest.mark.parametrize("dtype", [np.uint8, np.float32, np.dtype([("a", np.float64), ("b", np.int8)])])
def test_aligned_arrays_are_zero_and_begin_a_line(shape, dtype):
    array = aligned_zeros(shape, dtype)
    assert array.shape == np.zeros(shape, dtype).shape
    assert array.dtype == dtype
    assert array.ctypes.data % 64 == 0 or not array.size
    assert not array.view(np.uint8).any() if array.size else True


def test_an_aligned_copy_is_equal_and_apart():
    array = np.arange(12, dtype=np.float32).reshape(3, 4)
    copy = aligned(array)
    np.testing.assert_array_equal(copy, array)
    assert not np.shares_memory(copy, array)


def test_what_nobody_holds_is_used_again():
    recycled = Recycled()
    first = recycled.take((3, 4)).ctypes.data
    assert recycled.take((3, 4)).ctypes.data == first
    assert recycled.take((4, 4)).shape == (4, 4)


def test_what_is_held_is_left_alone_even_a_slice_of_it():
    recycled = Recycled(spare=2)
    held = []
    for turn in range(6):
        array = recycled.take((3, 4))
        array[:] = turn
        held.append(array[1] if turn % 2 else array)
    assert [float(array.min()) for array in held] == [0, 1, 2, 3, 4, 5]
