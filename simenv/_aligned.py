"""Arrays that begin where a line of the cache does: a row of whole lines lies in no more lines than that."""

from __future__ import annotations

import numpy as np
from numpy.typing import DTypeLike, NDArray

LINE = 64  # bytes


def aligned_zeros(shape: int | tuple[int, ...], dtype: DTypeLike) -> NDArray:
    """`np.zeros` that begins at a multiple of 64 bytes; pages are not touched before they are used."""
    kind = np.dtype(dtype)
    size = int(np.prod(shape)) * kind.itemsize
    room = np.zeros(size + LINE, np.uint8)
    start = -room.ctypes.data % LINE
    return room[start : start + size].view(kind).reshape(shape)


def aligned(array: NDArray) -> NDArray:
    """A copy of `array` that begins at a multiple of 64 bytes."""
    out = aligned_zeros(array.shape, array.dtype)
    out[...] = array
    return out
