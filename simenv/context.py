"""When, doing what and on which device somebody listens: names, and what a recommender sees of it."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np

from simenv import _cache, floats
from simenv.floats import ONE, cos_turns32, f32, scalar
from simenv.types import F32, F64, I32, U8, Request

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


driver = _cache.driver([Path(__file__), Path(floats.__file__)])
_DAYS, _QUARTER = 7.0, f32(0.25)
_PER_WEEK = f32(1 / 7)
_ACTIVITY, _DEVICE = 4, 4 + len(ACTIVITIES)  # where the one-hot columns begin


def contexts(time: F64, activity: U8, device: U8) -> F32:
    """(e, 15) what shows of plays or requests at `time` (e,), as `Request.context`."""
    out = np.zeros((len(time), len(COLUMNS)), np.float32)
    _show_all(time, activity.astype(np.int32), device.astype(np.int32), out)
    return out


def blank_request(rows: I32) -> Request:
    """A request of `rows` (m,), ascending, in which nothing is written yet."""
    m = len(rows)
    context = np.zeros((m, len(COLUMNS)), np.float32)
    return Request(rows, np.empty(m), context, np.empty(m, np.int32), np.empty(m, np.int32))


@scalar
def show_context(out, time, activity, device):
    """Write one listener's context into `out` (c,) of zeros: clock as sine and cosine, the rest one-hot.

    Args:
        out: float32, columns as in `COLUMNS`.
        time: days; day 0 is a Monday.
        activity, device: places in ACTIVITIES and DEVICES.
    """
    day = math.floor(time)
    hour = f32(time - day)  # in turns of a day
    weekday = f32(day - _DAYS * math.floor(day / _DAYS)) * _PER_WEEK
    out[0], out[1] = _sine(hour), _cosine(hour)
    out[2], out[3] = _sine(weekday), _cosine(weekday)
    out[_ACTIVITY + activity] = ONE
    out[_DEVICE + device] = ONE


@scalar
def _cosine(turns):
    return min(max(cos_turns32(turns), -ONE), ONE)  # the polynomial may pass 1 by a rounding


@scalar
def _sine(turns):
    return _cosine(turns - _QUARTER)


@driver
def _show_all(time: F64, activity: I32, device: I32, out: F32) -> None:
    for e in range(len(time)):
        show_context(out[e], time[e], activity[e], device[e])
