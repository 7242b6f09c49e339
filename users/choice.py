"""Picking from a shelf: which slots are looked at, how tracks look before they are heard, a logit choice.

``P(slot j) = pi_j e^(v_j) / (e^(v_0) + sum)``: v is the utility that shows, pi how likely the slot is looked
at, v_0 what else there is to do. In a queue nobody chooses: it plays slot after slot.
"""

from __future__ import annotations

import numpy as np

from simenv.floats import ONE, ZERO, exp32, f32, scalar
from simenv.rng import bell, fold, stream, uniform
from simenv.types import F32
from simenv.users.adversaries import HONEST
from simenv.users.appeal import affinity, fixed_appeal_of, merit
from simenv.users.exposure import days_since, exposure, familiarity, find, minute_of
from simenv.users.fatigue import genre_fatigue
from simenv.users.params import ListenerParams

VISIBLE = 3
"""Slots of a carousel that show without a swipe."""

_LOOK, _CHOICE = stream("look"), stream("choice")
_SECONDS = 86400.0
_SOUGHT = f32(40)


def examination(response: str, k: int, params: ListenerParams) -> F32:
    """(k,) pi: how likely each slot is looked at, the first surely.

    On a shelf ``j^-.8`` (position bias), in a cascade ``.9^(j - 1)`` (who goes on looks at the next), in a
    carousel ``.5^p`` on page p of three, the first page being 0.
    """
    slot = np.arange(k)
    if response == "shelf":
        pi = (slot + 1.0) ** -params.shelf_power
    elif response == "cascade":
        pi = params.cascade**slot
    else:
        pi = params.swipe ** (slot // VISIBLE)
    return pi.astype(np.float32)


@scalar
def look(me, tastes, memory, music, track, wanted, luck, p):
    """v: appeal without the merit, which only listening tells, under noise: the less known the more.

    A bot looks for tracks of its artist before anything else.
    """
    song = music.songs[track]
    if me.bot != HONEST and song.artist == me.target:
        return _SOUGHT
    v, _ = affinity(tastes.taste, tastes.weight, me.interests, music.sound[track], p)
    v += fixed_appeal_of(me, song, track, wanted, p) - merit(song, p)
    v -= genre_fatigue(me, memory.genres, song.genre, p)
    strange = ONE
    slot = find(memory.tracks, track)
    if slot >= 0:
        v += exposure(memory.traces, slot, days_since(minute_of(me.clock), memory.minutes[slot]), p)
        strange -= familiarity(memory.traces, slot)
    return v + p.look_noise * strange * bell(fold(fold(luck, _LOOK), track))


@scalar
def choose_slot(looks, luck, p):
    """A slot by its weight in `looks` (k,) = pi e^v, against e^(v_0) for none of them: -1."""
    total = exp32(p.elsewhere)
    for j in range(looks.shape[0]):
        total += looks[j]
    rest = uniform(fold(luck, _CHOICE)) * total
    for j in range(looks.shape[0]):
        rest -= looks[j]
        if rest < ZERO:
            return j
    return -1


@scalar
def decline(me, p):
    """Nothing on the shelf was wanted: that takes a moment, and tries patience as a skip does."""
    me.clock += np.float64(p.look_seconds) / _SECONDS
    me.streak = min(me.streak + 1, 1000)
    me.position += 1
