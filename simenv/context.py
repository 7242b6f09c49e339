"""When, doing what and on which device somebody listens: names, and what a recommender sees of it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simenv.types import F32, F64

ACTIVITIES = ("work", "commute", "workout", "relax", "party", "sleep")
DEVICES = ("phone", "desktop", "speaker", "car", "television")
COLUMNS = (
    "hour_sin",
    "hour_cos",
    "weekday_sin",
    "weekday_cos",
    *(f"activity_{name}" for name in ACTIVITIES),
    *(f"device_{name}" for name in DEVICES),
)
"""Names of the columns of `Request.context`."""


def hour_of(time: F64) -> F64:
    """Hour of the day in [0, 24) of times in days; day 0 is a Monday."""
    return (time % 1.0) * 24.0


def weekday_of(time: F64) -> F64:
    """Day of the week in [0, 7), 0 is Monday 00:00."""
    return time % 7.0


_WEEK = (2 * np.pi / 7 * np.arange(7)).astype(np.float32)
_WEEKDAYS = np.stack([np.sin(_WEEK), np.cos(_WEEK)], axis=1)  # (7, 2)


def context_of(time: F64, activity: NDArray, device: NDArray) -> F32:
    """(m, c) context columns: clock as sine and cosine, activity and device one-hot."""
    out = np.zeros((len(time), len(COLUMNS)), np.float32)
    day = np.floor(time)
    turn = np.float32(2 * np.pi) * (time - day).astype(np.float32)
    out[:, 0], out[:, 1] = np.sin(turn), np.cos(turn)
    out[:, 2:4] = _WEEKDAYS[day.astype(np.int64) % 7]
    rows = np.arange(len(time))
    out[rows, 4 + activity.astype(np.intp)] = 1
    out[rows, 4 + len(ACTIVITIES) + device.astype(np.intp)] = 1
    return out
