"""One compiled pass over slates and over what came of them, where NumPy would make five."""

from __future__ import annotations

from pathlib import Path

import numpy as np

import simenv.types as types
from simenv._cache import driver
from simenv.types import F32, F64, HEARD_SECONDS, I32

_NOTHING, _HEARD = np.uint8(0), np.float32(HEARD_SECONDS)
compiled = driver([Path(__file__), Path(types.__file__)])


@compiled
def first_fault(tracks: I32, time: F64, released: F64) -> int:
    """The first row of `tracks` (m, k) that cannot be played at `time` (m,); -1: all can.

    A track that is unknown, comes out later than the row's time (`released` (T,)), or is there twice.
    """
    for r in range(tracks.shape[0]):
        for slot in range(tracks.shape[1]):
            i = tracks[r, slot]
            if i < 0 or i >= released.shape[0] or released[i] > time[r]:
                return r
            for before in range(slot):
                if tracks[r, before] == i:
                    return r
    return -1


@compiled
def gather_heard(listeners: I32, tracks: I32, seconds: F32, who: I32, what: I32) -> None:
    """Listeners and tracks of the n plays of 30 s and more, into `who` and `what` (n + 1,), the last scratch.

    Args:
        listeners: (m,), tracks: (m, k), seconds: (m, k) of the slates.
    """
    n = np.int64(0)
    for r in range(seconds.shape[0]):
        for slot in range(seconds.shape[1]):
            who[n], what[n] = (
                listeners[r],
                tracks[r, slot],
            )  # the next one writes over it if it does not count
            n += np.int64(seconds[r, slot] >= _HEARD)  # no branch, as each is a coin toss
