"""What having heard a track does: familiarity, satiation of the day, wear-out of months, and forgetting.

A listener remembers H tracks. Of each: the track, the minute of its last play, and four traces in 16-bit fixed
point: familiarity f (in 1/65535), satiation s, wear b and plays n (in 1/256). 16 bytes a track.
"""

from __future__ import annotations

import numpy as np

from simenv.floats import HALF, ONE, ZERO, exp32, f32, log32, scalar

FAMILIAR, FAST, SLOW, PLAYS = 0, 1, 2, 3
"""Columns of a listener's traces (H, 4)."""

MINUTES = 1440.0  # a day
_FULL, _UNIT, _MOST = f32(65535), f32(256), f32(65535)
_PER_MINUTE = f32(1 / 1440)
_HEARD, _GLIMPSE = f32(0.12), f32(0.15)
FLOOR_DAYS = f32(0.15)
_SLOT_BITS, _SLOT, _NO_SLOT = np.int64(12), np.int64(4095), np.int64(2**62)


@scalar
def fixed(x, unit):
    """A float as 16-bit fixed point in 1/unit, held within range."""
    return np.uint16(min(max(x * unit + HALF, ZERO), _MOST))


@scalar
def minute_of(time):
    """The minute of a time in days, as it is remembered."""
    return np.uint32(time * MINUTES)


@scalar
def days_since(time, minute):
    """Days from a remembered minute to `time`: the difference is taken in float64, then cast."""
    return max(f32(time - minute / MINUTES), ZERO)


@scalar
def find(tracks, track):
    """The memory slot of a track, -1 if it is not remembered. A maximum without exits, which runs in lanes."""
    slot = np.int32(-1)
    for j in range(np.int32(tracks.shape[0])):
        slot = max(slot, np.int32(j) if tracks[j] == track else np.int32(-1))
    return slot


@scalar
def exposure(trace, days, p):
    """F = gain f - bored ln(1 + s) - worn ln(1 + b / 10), with s and b decayed over `days` since the last play.

    Mere exposure (Zajonc 1968) first, satiation over a day and wear-out over two months later, recovery with
    rest; an inverted U in the number of plays (Sguerra et al. 2022).
    """
    f = f32(trace[FAMILIAR]) / _FULL
    s = f32(trace[FAST]) / _UNIT * exp32(-days / p.bored_days)
    b = f32(trace[SLOW]) / _UNIT * exp32(-days / p.worn_days)
    return p.exposure * f - p.bored * log32(ONE + s) - p.worn * log32(ONE + b / p.worn_plays)


@scalar
def remember(trace, fraction, days, p):
    """Fold one more play of `fraction` of the track, `days` after the last, into its traces.

    f <- 1 - (1 - f)(1 - learn r), s <- s e^(-dt / 1 d) + r, b <- b e^(-dt / 60 d) + r, n <- n + 1 for more than
    .12 of a track; a first, shorter play stands at .15.
    """
    f = f32(trace[FAMILIAR]) / _FULL
    s = f32(trace[FAST]) / _UNIT * exp32(-days / p.bored_days)
    b = f32(trace[SLOW]) / _UNIT * exp32(-days / p.worn_days)
    n = f32(trace[PLAYS]) / _UNIT
    trace[FAMILIAR] = fixed(ONE - (ONE - f) * (ONE - p.learn * fraction), _FULL)
    trace[FAST] = fixed(s + fraction, _UNIT)
    trace[SLOW] = fixed(b + fraction, _UNIT)
    if fraction > _HEARD:
        trace[PLAYS] = fixed(n + ONE, _UNIT)
    elif n < _GLIMPSE:
        trace[PLAYS] = fixed(_GLIMPSE, _UNIT)


@scalar
def weakest(minutes, traces, time):
    """The slot to forget: the least ln n - .75 ln(days + .15), compared as n^4 / (days + .15)^3.

    Positive floats sort as their bits do, so strength and slot in one integer make the minimum run in lanes.
    """
    now = np.int64(minute_of(time))
    least = _NO_SLOT
    for j in range(minutes.shape[0]):
        days = f32(np.int32(now - np.int64(minutes[j]))) * _PER_MINUTE + FLOOR_DAYS
        n = f32(traces[j, PLAYS])
        strength = n * n * n * n / (days * days * days)
        least = min(least, (np.int64(np.float32(strength).view(np.int32)) << _SLOT_BITS) | j)
    return np.int32(least & _SLOT)
