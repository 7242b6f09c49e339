"""The story of one track and one listener, top to bottom: how it appeals, how long it plays, what changes."""

from __future__ import annotations

import math

import numpy as np

from simenv.floats import ONE, ZERO, f32, scalar
from simenv.rng import bell, exponential, fold, stream
from simenv.types import HEARD_SECONDS, REACHED, SKIPPED
from simenv.users.activities import arousal_wanted, engagement, go_on
from simenv.users.adversaries import HONEST, pretend
from simenv.users.appeal import affinity, fixed_appeal_of
from simenv.users.drift import enjoy, resent
from simenv.users.exposure import days_since, exposure_of, faded, find, keep, minute_of
from simenv.users.fatigue import genre_fatigue, tire
from simenv.users.recognition import notice
from simenv.users.session import advance, session_luck, settle
from simenv.users.signals import signals
from simenv.users.skipping import listening_time

HEARD = f32(HEARD_SECONDS)
_MOOD, _NOISE, _SKIP = stream("mood"), stream("noise"), stream("skip")


@scalar
def play_luck(me):
    """The hash of what is about to be played: listener, session, position."""
    return fold(session_luck(me), me.position)


@scalar
def listen(me, tastes, memory, music, track, recommended, luck, p):
    """Play one track to one listener.

    Args:
        me: the listener's scalars, one record of `population.PERSON`.
        tastes, memory: the listener's `rows.Tastes` and `rows.Memory`; both change.
        music: `rows.Music`.
        track: its number.
        recommended: whether the session is.
        luck: `play_luck(me)`.
        p: parameters.

    Returns:
        seconds played, flags, appeal (true utility less noise, mood and lift) and the memory slot; of a bot
        the last two are 0 and -1.
    """
    song, sound = music.songs[track], music.sound[track]
    if me.bot != HONEST:
        seconds, flags = pretend(me, song, recommended, luck, p)
        return seconds, flags, ZERO, np.int32(-1)

    # how it appeals
    traces, familiar = (ZERO, ZERO, ZERO), ZERO
    slot = find(memory.tracks, track)
    if slot >= 0:
        days = days_since(minute_of(me.clock), memory.minutes[slot])
        traces = faded(memory.traces, slot, days, p)
        familiar = exposure_of(*traces, p)
    liking, interest = affinity(tastes.taste, tastes.weight, me.interests, sound, p)
    wanted = arousal_wanted(me.clock, me.activity, p)
    liking += fixed_appeal_of(me, song, track, wanted, p)
    liking -= genre_fatigue(me, memory.genres, song.genre, p)
    liking += familiar

    # what it is worth now
    fresh = math.sqrt(ONE - p.mood_memory * p.mood_memory) * p.mood
    me.mood = p.mood_memory * me.mood + fresh * bell(fold(luck, _MOOD))
    lift = p.lifting[1 if recommended else 0, me.position]
    utility = liking + me.mood + lift + p.noise * bell(fold(luck, _NOISE))

    # how long it plays
    eta = p.impatience - utility + me.skipper + engagement(me.clock, me.activity, me.device, p)
    seconds, skipped = listening_time(song.seconds, song.hazard, eta, exponential(fold(luck, _SKIP)), p)
    flags = REACHED
    if seconds >= HEARD:
        flags = np.uint8(flags | signals(utility, familiar, luck, p))
    if skipped:
        flags = np.uint8(flags | SKIPPED)

    # what it changes
    fraction = seconds / song.seconds
    slot = keep(me, memory, slot, track, traces, fraction, p)
    notice(me, memory.filters, track)
    tire(me, memory.genres, song.genre, fraction, p)
    if not skipped:
        enjoy(tastes.taste, tastes.weight, me.interests, interest, sound, p)
    elif seconds < HEARD:
        resent(tastes.taste[interest], sound, p)
    settle(me, skipped, song.depth * fraction, p)
    advance(me, seconds, p)
    me.position += 1
    me.last_track = track
    go_on(me, luck)
    return seconds, flags, liking, slot
