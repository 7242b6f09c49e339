"""What having heard a track does: familiarity, satiation of the day, wear-out of months, and forgetting.

A listener remembers H tracks. Of each: the track, the minute of its last play, the count of plays n (in
1/256) and three traces, familiarity f (in 1/65535), satiation s and wear b (in 1/256), in 16-bit fixed point:
16 bytes a track. Each kind stands by itself, so that what looks at all of them runs in lanes.
"""

from __future__ import annotations

import numpy as np

from simenv.floats import HALF, ONE, ZERO, exp32, f32, log32, scalar

FAMILIAR, FAST, SLOW = 0, 1, 2
"""Rows of a listener's traces (3, H)."""

MINUTES = 1440.0  # a day
_FULL, _UNIT, _MOST = f32(65535), f32(256), f32(65535)
_PER_FULL, _PER_UNIT = f32(1 / 65535), f32(1 / 256)
_PER_MINUTE = f32(1 / 1440)
_HEARD, _GLIMPSE = f32(0.12), f32(0.15)
FLOOR_DAYS = f32(0.15)
_FLOOR_MINUTES = np.int32(216)  # the same
_SLOT, _STRENGTH, _NO_SLOT = np.int32(4095), np.int32(-4096), np.int32(2**31 - 1)


@scalar
def fixed(x, unit):
    """A float as 16-bit fixed point in 1/unit, held within range."""
    return np.uint16(min(max(x * unit + HALF, ZERO), _MOST))


@scalar
def minute_of(time):
    """The minute of a time in days, as it is remembered."""
    return np.uint32(time * MINUTES)


@scalar
def days_since(now, minute):
    """Days between two remembered minutes, the later first; a difference of integers, so it runs in lanes."""
    return f32(np.int32(np.int32(now) - np.int32(minute))) * _PER_MINUTE


@scalar
def find(tracks, track):
    """The memory slot of a track, -1 if it is not remembered. A maximum without exits runs in lanes."""
    slot = np.int32(-1)
    for j in range(np.int32(tracks.shape[0])):
        slot = max(slot, np.int32(j) if tracks[j] == track else np.int32(-1))
    return slot


@scalar
def familiarity(traces, slot):
    """f in [0, 1]."""
    return f32(traces[FAMILIAR, slot]) * _PER_FULL


@scalar
def faded(traces, slot, days, p):
    """Familiarity f, satiation s e^(-dt / 1 d) and wear b e^(-dt / 60 d), `days` after the last play."""
    f = familiarity(traces, slot)
    s = f32(traces[FAST, slot]) * _PER_UNIT * exp32(-days / p.bored_days)
    b = f32(traces[SLOW, slot]) * _PER_UNIT * exp32(-days / p.worn_days)
    return f, s, b


@scalar
def exposure_of(f, s, b, p):
    """F = gain f - bored ln(1 + s) - worn ln(1 + b / 10) of traces as they are now.

    Mere exposure (Zajonc 1968) first, satiation over a day and wear-out over two months later, recovery with
    rest; an inverted U in the number of plays (Sguerra et al. 2022).
    """
    return p.exposure * f - p.bored * log32(ONE + s) - p.worn * log32(ONE + b / p.worn_plays)


@scalar
def exposure(traces, slot, days, p):
    """F of what a slot remembers, `days` after the last play."""
    f, s, b = faded(traces, slot, days, p)
    return exposure_of(f, s, b, p)


@scalar
def remember(traces, slot, now, fraction, p):
    """Fold one more play of `fraction` of the track into its traces; `now` are f, s, b as they have faded.

    f <- 1 - (1 - f)(1 - learn r), s <- s e^(-dt / 1 d) + r, b <- b e^(-dt / 60 d) + r.
    """
    f, s, b = now
    traces[FAMILIAR, slot] = fixed(ONE - (ONE - f) * (ONE - p.learn * fraction), _FULL)
    traces[FAST, slot] = fixed(s + fraction, _UNIT)
    traces[SLOW, slot] = fixed(b + fraction, _UNIT)


@scalar
def counted(count, fraction):
    """The count after a play: n + 1 for more than .12 of a track; a first, shorter play stands at .15."""
    n = plays_of(count)
    if fraction > _HEARD:
        n += ONE
    return fixed(max(n, _GLIMPSE), _UNIT)


@scalar
def plays_of(count):
    """Plays n of a count in fixed point."""
    return f32(count) * _PER_UNIT


@scalar
def weakest(minutes, counts, time):
    """The slot to forget: the least ln n - .75 ln(days + .15), compared as n^4 / (days + .15)^3.

    Time is in minutes here, which changes all alike. Positive floats sort as their bits do: with the slot in
    the lowest bits (where a 2,000th of the strength would be) the least is one of integers and runs in lanes.
    """
    now = np.int32(np.int32(minute_of(time)) + _FLOOR_MINUTES)
    least = _NO_SLOT
    for j in range(np.int32(minutes.shape[0])):
        since = f32(np.int32(now - np.int32(minutes[j])))
        squared = f32(counts[j]) * f32(counts[j])
        strength = squared * squared / (since * since * since)
        bits = np.int32(np.float32(strength).view(np.int32) & _STRENGTH)
        least = min(least, np.int32(bits | np.int32(j)))
    return np.int32(least & _SLOT)


@scalar
def keep(me, memory, slot, track, now, fraction, p):
    """Enter a play of `fraction` of a track into memory.

    Args:
        me, memory: the listener's.
        slot: where the track is known, -1 if it is not.
        track: its number.
        now: its traces f, s, b as they have faded; nothing of a track not known.
        fraction: of it that was played.
        p: parameters.

    Returns:
        the slot, which is a free one or that of the weakest memory for a track not known.
    """
    if slot < 0:
        if me.remembered < memory.tracks.shape[0]:
            slot = np.int32(me.remembered)
            me.remembered += 1
        else:
            slot = weakest(memory.minutes, memory.counts, me.clock)
        memory.tracks[slot] = track
        memory.counts[slot] = 0
    remember(memory.traces, slot, now, fraction, p)
    memory.counts[slot] = counted(memory.counts[slot], fraction)
    memory.minutes[slot] = minute_of(me.clock)
    return slot
