"""When, doing what and on which device somebody listens: names, and what a recommender sees of it."""

from __future__ import annotations

import math

from simenv.floats import ONE, cos_turns32, f32, scalar

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


_DAYS, _QUARTER = 7.0, f32(0.25)
_PER_WEEK = f32(1 / 7)
_ACTIVITY, _DEVICE = 4, 4 + len(ACTIVITIES)  # where the one-hot columns begin


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
