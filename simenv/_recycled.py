"""Big arrays that are used again: mapping fresh memory page by page takes longer than filling it.

Whoever keeps an array keeps it: only what nobody holds any more, not even a slice of it, is used again.
"""

from __future__ import annotations

import sys

import numpy as np

from simenv.types import F32

_OURS = 3  # references to an array that only we hold: the list, the loop and the count's argument


class Recycled:
    """float32 arrays, each like new until its last reader lets go of it; what they hold at first is anything.

    Args:
        spare: arrays that are watched; one that is held on to for long is forgotten.
    """

    def __init__(self, spare: int = 3) -> None:
        self.spare = spare
        self._arrays: list[F32] = []

    def take(self, shape: tuple[int, ...]) -> F32:
        """An array of `shape` that nobody else holds."""
        for array in self._arrays:
            if sys.getrefcount(array) <= _OURS and array.shape == shape:
                return array
        fresh = np.empty(shape, np.float32)
        self._arrays = [fresh, *self._arrays[: self.spare - 1]]
        return fresh
