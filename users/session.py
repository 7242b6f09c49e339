"""When a session begins and ends, when a listener comes back, and when they are gone for good."""

from __future__ import annotations

import math

import numpy as np

from simenv.floats import ONE, ZERO, exp32, f32, scalar
from simenv.rng import bell, below, exponential, fold, stream, uniform
from simenv.users.activities import DAY_CLOCK, pick, start_activity
from simenv.users.derived import STREAKS
from simenv.users.drift import new_interest, recover, share_of

IDLE, ASKING, GONE = 0, 1, 2
"""Phases: between sessions; in a recommended session, waiting for a slate; gone for good."""

_MOOD, _FOCUS, _KIND = stream("session mood"), stream("focus"), stream("recommended")
_END, _RETURN, _CHURN = stream("end"), stream("return"), stream("churn")
_BIRTH, _BORN_AS = stream("birth"), stream("born as")
_HOURS, _PER_SECOND = 24.0, 1 / 86400


@scalar
def session_luck(me):
    """The hash of the listener's present session."""
    return fold(me.luck, me.session)


@scalar
def begin(me, tastes, centroids, share, p):
    """A session begins at the listener's clock. True if it is recommended, with probability `share`."""
    me.session += 1
    me.position, me.streak, me.last_track = 0, 0, -1
    luck = session_luck(me)
    days = f32(me.clock - me.updated)
    me.updated = me.clock
    recover(tastes, me.interests, centroids, days, p)
    if p.births > ZERO and uniform(fold(luck, _BIRTH)) < share_of(p.births, days):
        micro_genre = below(centroids.shape[0], fold(luck, _BORN_AS))
        new_interest(me, tastes, centroids, micro_genre, p)
    me.focus = draw_interest(tastes.weight, me.interests, uniform(fold(luck, _FOCUS)))
    me.mood = p.mood * bell(fold(luck, _MOOD))
    start_activity(me, luck)
    return uniform(fold(luck, _KIND)) < share


@scalar
def draw_interest(weight, n, x):
    """An interest drawn by weight."""
    total = weight[0]
    k = 0
    while k < n - 1 and x >= total:
        k += 1
        total += weight[k]
    return k


@scalar
def ends(me, luck, p):
    """Whether the session ends after track k: .28 k^-.55 exp(.10 (.6 min(skips in a row, 4) - .75))."""
    return uniform(fold(luck, _END)) < p.ending[min(me.streak, STREAKS - 1), me.position]


@scalar
def plan_return(me, p):
    """Set the clock to the next session: Poisson at rate x hourly template x e^(.3 S); or go for good.

    Going for good has the hazard churn x e^(-3 S) a day, with S as it stands, and is decided exactly, once
    between two sessions: whichever of the two comes first.
    """
    luck = session_luck(me)
    rate = me.rate * exp32(p.satisfaction_return * me.satisfaction)
    shift = np.float64(me.chronotype) / _HOURS
    come = day_clock_after(me.clock, shift, exponential(fold(luck, _RETURN)) / rate)
    hazard = p.churn * exp32(-p.churn_satisfaction * me.satisfaction)
    me.phase = IDLE
    if hazard > ZERO:
        leave = me.clock + exponential(fold(luck, _CHURN)) / hazard
        if leave < come:
            me.gone = leave
            me.phase = GONE
    me.clock = come


@scalar
def day_clock_after(time, shift, amount):
    """The time at which `amount` days' worth of the listeners' day have gone by since `time`.

    Hours when many listen count for more, as DAY_CLOCK says; `shift` (days) is the listener's chronotype.
    """
    local = time - shift
    day = math.floor(local)
    hour = (local - day) * _HOURS
    h = min(int(hour), 23)
    done = DAY_CLOCK[h] + (hour - h) * (DAY_CLOCK[h + 1] - DAY_CLOCK[h]) + amount
    whole = math.floor(done)
    rest = done - whole
    h = max(pick(DAY_CLOCK, rest) - 1, 0)
    within = (rest - DAY_CLOCK[h]) / (DAY_CLOCK[h + 1] - DAY_CLOCK[h])
    return day + whole + (h + within) / _HOURS + shift


@scalar
def settle(me, skipped, lasting, p):
    """After a track: the streak of skips and S <- (1 - pace) S + pace y.

    y = +1 finished, -1 skipped, plus depth x `lasting`: the track's depth times the fraction played.
    """
    me.streak = min(me.streak + 1, 1000) if skipped else 0
    y = p.depth * lasting + (-ONE if skipped else ONE)
    me.satisfaction += p.satisfaction_pace * (y - me.satisfaction)


@scalar
def advance(me, seconds, p):
    """The listener's clock moves on by what was heard and the gap to the next track; float64 throughout."""
    me.clock += (np.float64(seconds) + np.float64(p.gap)) * _PER_SECOND
