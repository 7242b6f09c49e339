"""What listeners are doing: a semi-Markov chain of activities, and the devices they use meanwhile.

The first activity of a session depends on the hour and on whether it is a weekend; it lasts an Erlang-2 time
and gives way to another. Each activity asks for an arousal, shifts engagement and has a taste for repeats.
The numbers are set by hand to be plausible; no fact of LISTENER.md 12 depends on them closely.
"""

from __future__ import annotations

import math

import numpy as np

from simenv.floats import HALF, ZERO, f32, read_off, scalar
from simenv.rng import exponential, fold, stream, uniform

#                   work, commute, workout, relax, party, sleep
AROUSAL = np.array([0.00, 0.04, 0.16, -0.08, 0.14, -0.18], np.float32)  # beside the hour's own target
ENGAGEMENT = np.array([-0.06, 0.04, 0.00, 0.03, 0.06, -0.15], np.float32)  # on the log hazard of skipping
EXPLORING = np.array([-0.05, 0.00, -0.20, 0.15, -0.15, -0.30], np.float32)  # relative share of discovery
HOURS = np.array([2.5, 0.6, 0.9, 1.8, 2.5, 1.5], np.float32)  # mean duration
NEXT = np.array(
    [
        [0.00, 0.35, 0.15, 0.45, 0.03, 0.02],
        [0.40, 0.00, 0.12, 0.42, 0.05, 0.01],
        [0.20, 0.25, 0.00, 0.50, 0.04, 0.01],
        [0.20, 0.15, 0.12, 0.00, 0.13, 0.40],
        [0.00, 0.20, 0.00, 0.50, 0.00, 0.30],
        [0.15, 0.30, 0.10, 0.45, 0.00, 0.00],
    ]
).cumsum(axis=1, dtype=np.float32)
#                     phone, desktop, speaker, car, television
DEVICE_OF = np.array(
    [
        [0.25, 0.60, 0.13, 0.00, 0.02],
        [0.55, 0.00, 0.00, 0.45, 0.00],
        [0.85, 0.00, 0.10, 0.00, 0.05],
        [0.45, 0.15, 0.28, 0.00, 0.12],
        [0.35, 0.10, 0.50, 0.00, 0.05],
        [0.60, 0.00, 0.40, 0.00, 0.00],
    ]
).cumsum(axis=1, dtype=np.float32)
DEVICE_ENGAGEMENT = np.array([0.04, 0.00, -0.08, 0.02, -0.04], np.float32)


def _weights(weekend: bool, hour: int) -> list[float]:
    """How likely each activity is when a session begins."""
    night, morning = hour < 6 or hour >= 23, 6 <= hour < 10
    office, evening = 9 <= hour < 18 and not weekend, 18 <= hour < 23
    return [
        1.0 if office else 0.05,
        (0.8 if (morning or 16 <= hour < 19) else 0.15) * (0.4 if weekend else 1.0),
        0.25 if (morning or 17 <= hour < 21) else 0.08,
        1.0 if evening else 0.5,
        (0.5 if weekend else 0.12) if (evening or night) else 0.02,
        0.8 if night else 0.03,
    ]


FIRST = np.array([[_weights(weekend, hour) for hour in range(24)] for weekend in (False, True)])
FIRST = (FIRST / FIRST.sum(axis=2, keepdims=True)).cumsum(axis=2).astype(np.float32)  # (2, 24, activities)

HOUR_WEIGHTS = [
    0.25, 0.15, 0.10, 0.10, 0.12, 0.25, 0.50, 0.80, 0.95, 1.00, 1.00, 0.98,
    0.90, 0.95, 0.98, 1.00, 1.10, 1.25, 1.25, 1.10, 1.00, 0.90, 0.70, 0.45,
]  # fmt: skip
DAY_CLOCK = np.concatenate([[0.0], np.cumsum(HOUR_WEIGHTS) / np.sum(HOUR_WEIGHTS)])
"""(25,) share of a day's sessions that has begun by each full hour: lowest at 2-4 h, highest at 17-19 h."""

_ACTIVITY, _DEVICE, _STAY1, _STAY2 = (stream(s) for s in ("activity", "device", "stay 1", "stay 2"))
_DAY_HOURS, _WEEK, _SATURDAY = 24.0, 7, 5
_PER_DAY = f32(1 / 24)
_QUARTERS = f32(4)  # of an hour
SWING = (0.18 * np.cos(2 * np.pi * (np.arange(98) / 4 - 15) / 24)).astype(np.float32)
"""(98,) what each quarter of an hour adds to the arousal wanted; one over, for times rounded up."""


@scalar
def pick(cumulative, x):
    """The first place whose cumulative weight exceeds `x`; the last one at most."""
    last = cumulative.shape[0] - 1
    i = 0
    while i < last and x >= cumulative[i]:
        i += 1
    return i


@scalar
def hour_at(time):
    """Hour of the day, in [0, 24), of a time in days."""
    return f32((time - math.floor(time)) * _DAY_HOURS)


@scalar
def is_weekend(time):
    """Whether a time in days falls on a Saturday or Sunday; day 0 is a Monday."""
    return math.floor(time) % _WEEK >= _SATURDAY


@scalar
def start_activity(me, luck):
    """At the start of a session: the activity goes on if it still lasts, else the hour's law draws one."""
    if me.clock >= me.activity_until:
        weekend = 1 if is_weekend(me.clock) else 0
        hour = min(int(hour_at(me.clock)), 23)
        me.activity = pick(FIRST[weekend, hour], uniform(fold(luck, _ACTIVITY)))
        stay(me, luck)
    me.device = pick(DEVICE_OF[me.activity], uniform(fold(luck, _DEVICE)))


@scalar
def go_on(me, luck):
    """Between two tracks: when an activity has lasted its time, the next one begins."""
    if me.clock >= me.activity_until:
        me.activity = pick(NEXT[me.activity], uniform(fold(luck, _ACTIVITY)))
        stay(me, luck)


@scalar
def stay(me, luck):
    """Draw how long the present activity lasts: Erlang-2 about its mean."""
    draws = exponential(fold(luck, _STAY1)) + exponential(fold(luck, _STAY2))
    me.activity_until = me.clock + HALF * draws * HOURS[me.activity] * _PER_DAY


@scalar
def arousal_wanted(time, activity, p):
    """e*, the arousal that hour and activity want: .5 + .18 cos(2 pi (h - 15) / 24) + the latter's.

    The cosine is read off a table, a line to a quarter of an hour: 1e-4 off at most.
    """
    return HALF + read_off(SWING, hour_at(time) * _QUARTERS) + p.activity * AROUSAL[activity]


@scalar
def engagement(time, activity, device, p):
    """a_c, what the situation adds to the log hazard of skipping."""
    hour = hour_at(time)
    shift = p.activity * ENGAGEMENT[activity] + p.device * DEVICE_ENGAGEMENT[device]
    shift += p.weekend if is_weekend(time) else ZERO
    shift += p.morning if f32(5) <= hour < f32(9) else ZERO
    shift += p.evening if hour >= f32(20) or hour < f32(3) else ZERO
    return shift
