"""How much a track appeals to a listener: tastes, quality, newness, the hour, and what no factor explains."""

from __future__ import annotations

from simenv._lanes import dot
from simenv.floats import ONE, ZERO, f32, read_off, scalar
from simenv.rng import bell, fold, stream
from simenv.users.derived import AGES, WEIGHTS

_IDIOSYNCRASY = stream("idiosyncrasy")
_STEPS, _OLD = f32(WEIGHTS), f32(AGES)
NOTHING = f32(-1e9)


@scalar
def cosines(interest, sounds, start, size, out):
    """`dot`, in the same order, of one interest with tracks start, start + 1, ... into `out`.

    `sounds` are (d, T), so that lanes hold tracks, not terms.
    """
    d = sounds.shape[0]
    for c in range(size):
        out[c] = ZERO
    for e in range(0, d - 7, 16):
        both = e + 16 <= d
        for c in range(size):
            i = start + c
            out[c] += (_four(interest, sounds, e, 0, i, both)) + (_four(interest, sounds, e, 1, i, both))
    for e in range(d - d % 8, d):
        for c in range(size):
            out[c] += interest[e] * sounds[e, start + c]


@scalar
def _four(interest, sounds, e, first, i, both):
    """(v0 + v4) + (v2 + v6) of the lanes v from `first` on, as `dot` adds them up."""
    even = _lane(interest, sounds, e + first, i, both) + _lane(interest, sounds, e + first + 4, i, both)
    odd = _lane(interest, sounds, e + first + 2, i, both) + _lane(interest, sounds, e + first + 6, i, both)
    return even + odd


@scalar
def _lane(interest, sounds, e, i, both):
    """What one lane of `dot` sums: the products of every eighth term, of two blocks or of one."""
    product = interest[e] * sounds[e, i]
    return product + interest[e + 8] * sounds[e + 8, i] if both else product


@scalar
def weight_gain(weight, p):
    """What an interest's weight adds to the tracks that it likes: gain ln(w + .05), read off a table."""
    return read_off(p.gaining, min(max(weight, ZERO), ONE) * _STEPS)


@scalar
def affinity(taste, weight, n, sound, p):
    """The interest that a track serves best, and how well: max_k [match <mu_k, z> + gain ln(w_k + .05)].

    Args:
        taste: (5, d) interests mu_k, of which the first n count.
        weight: (5,) their weights w_k.
        n: number of interests.
        sound: (d,) z.
        p: parameters.
    """
    best, which = NOTHING, 0
    for k in range(n):
        value = p.match * dot(taste[k], sound) + weight_gain(weight[k], p)
        if value > best:
            best, which = value, k
    return best, which


@scalar
def idiosyncrasy(luck, track, p):
    """A lasting liking of this listener for this track: a hash of the two, so it takes no memory."""
    return p.idiosyncrasy * bell(fold(fold(luck, _IDIOSYNCRASY), track))


@scalar
def newness(age, p):
    """What a track gains `age` days after it came out: newness e^(-age / newness_days), read off a table."""
    return read_off(p.ageing, min(max(age, ZERO) * p.ageing_steps, _OLD))


@scalar
def merit(song, p):
    """What a track has for everybody and only listening tells: quality and hook."""
    return p.quality * song.quality + p.hook * song.hook


@scalar
def fixed_appeal(merit, age, arousal, wanted, own, p):
    """Appeal beside taste and exposure: base + merit + newness - cost of the wrong arousal + idiosyncrasy.

    Args:
        merit: of the track, age: in days, arousal: its own, own: the listener's lasting liking of it.
        wanted: the arousal that hour and activity ask for.
        p: parameters.
    """
    return p.base + merit + newness(age, p) - p.arousal * abs(arousal - wanted) + own


@scalar
def fixed_appeal_of(me, song, track, wanted, p):
    """`fixed_appeal` of a track to a listener, now: `me` are the listener's scalars, `song` the track's."""
    age, own = f32(me.clock - song.released), idiosyncrasy(me.luck, track, p)
    return fixed_appeal(merit(song, p), age, song.arousal, wanted, own, p)
