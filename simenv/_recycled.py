"""Big arrays that are used again: mapping fresh memory page by page takes longer than filling it.

Whoever keeps an array keeps it: only what nobody holds any more, not even a slice of it, is used again.
"""

from __future__ import annotations

import sys

import numpy as np

from simenv.types import F32


def _references(arrays: list[F32], place: int) -> int:
    """How many hold an array: this list, whoever reads it, and what the interpreter adds meanwhile."""
    return sys.getrefcount(arrays[place])


_OURS = _references([np.empty(0, np.float32)], 0)
"""Of an array that only the list holds; interpreters differ in what they add."""


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
        for place in range(len(self._arrays)):
            if _references(self._arrays, place) <= _OURS and self._arrays[place].shape == shape:
                return self._arrays[place]
        fresh = np.empty(shape, np.float32)
        self._arrays = [fresh, *self._arrays[: self.spare - 1]]
        return fresh
