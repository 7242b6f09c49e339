"""When, doing what and on which device somebody listens: names, and what a recommender sees of it."""

from __future__ import annotations

import numpy as np

from simenv.types import F32, F64, U8

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


def context_of(time: F64, activity: U8, device: U8) -> F32:
    """(m, c) context columns: clock as sine and cosine, activity and device one-hot."""
    out = np.zeros((len(time), len(COLUMNS)), np.float32)
    day, week = 2 * np.pi * (time % 1.0), 2 * np.pi * (np.floor(time) % 7) / 7
    out[:, 0], out[:, 1] = np.sin(day), np.cos(day)
    out[:, 2], out[:, 3] = np.sin(week), np.cos(week)
    rows = np.arange(len(time))
    out[rows, 4 + activity] = 1
    out[rows, 4 + len(ACTIVITIES) + device] = 1
    return out
