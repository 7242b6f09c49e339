"""One compiled pass over slates and over what came of them, where NumPy would make five."""

from __future__ import annotations

from pathlib import Path

import numpy as np

import simenv.types as types
from simenv._cache import driver
from simenv.types import F32, F64, HEARD_SECONDS, I32

_HEARD = np.float32(HEARD_SECONDS)
compiled = driver([Path(__file__), Path(types.__file__)])


@compiled
def all_playable(tracks: I32, time: F64, released: F64) -> bool:
    """Whether all of `tracks` (m, k) can be played at `time` (m,).

    No track is unknown, comes out later than its row's time (`released` (T,)), or is twice in a row.
    """
    for r in range(tracks.shape[0]):
        for slot in range(tracks.shape[1]):
            i = tracks[r, slot]
            if i < 0 or i >= released.shape[0] or released[i] > time[r]:
                return False
            for before in range(slot):
                if tracks[r, before] == i:
                    return False
    return True


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
