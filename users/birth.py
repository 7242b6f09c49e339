"""How listeners are born: who they are, drawn by event from the laws of LISTENER.md 2, one at a time.

A (row, life) is the same listener, whoever is born beside them and in whatever order.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from scipy import special

from simenv.floats import HALF, ONE, TWO, ZERO, cos_turns32, exp32, f32, read_off, scalar
from simenv.rng import U64, Key, exponential, fold, uniform
from simenv.types import F32, F64
from simenv.urns import Urn, draw_from, urn
from simenv.users.params import ListenerParams
from simenv.users.records import PERSON

STREAMS = (
    *("luck", "newcomer", "joined", "rate", "skipper", "chronotype"),
    *("discovery", "mainstream", "interests", "home", "weight"),
)
_LUCK, _NEWCOMER, _JOINED, _RATE, _SKIPPER, _CHRONOTYPE = range(6)  # places in STREAMS
_DISCOVERY, _MAINSTREAM, _INTERESTS, _HOME, _WEIGHT = range(6, 11)

NOBODY = np.zeros(1, PERSON)
"""A row in which nobody has been born yet."""
NOBODY["gone"], NOBODY["activity_until"] = np.inf, -1.0
NOBODY["last_track"] = NOBODY["target"] = -1

_PIECES = 2048  # in which a law's quantiles are tabulated
_STEPS = f32(_PIECES)
_LEAST_MASS = f32(1e-6)
_SECOND_HALF = np.uint64(23)  # bits of a hash that its first uniform has read


class Laws(NamedTuple):
    """What is worked out once for all listeners."""

    words: U64  # (s,) the key of each of STREAMS
    discovery: F32  # (2049,) quantiles of the share of plays that look for something new
    mainstream: F32  # (2049,) of the share of discovery that follows the charts
    mass: F32  # (2049,) of Gamma(evenness, 1): gammas scaled to sum 1 are Dirichlet
    counts: F64  # (64,) chance of so many interests beyond the first, or fewer
    supply: Urn  # (M,) micro-genres by the music that they have


def laws(p: ListenerParams, supply: F32, key: Key) -> Laws:
    """The laws of listeners with parameters `p` and luck `key` among micro-genres with `supply` (M,)."""
    return Laws(
        np.array([(key / name).word for name in STREAMS], np.uint64),
        _quantiles(special.betaincinv, p.discovery_a, p.discovery_b),
        _quantiles(special.betaincinv, p.mainstream_a, p.mainstream_b),
        _quantiles(special.gammaincinv, p.evenness),
        special.pdtr(np.arange(64), max(p.interests, 0.0)),
        urn(supply, np.array([0, len(supply)], np.int32)),
    )


def _quantiles(inverse: np.ufunc, *shape: float) -> F32:
    """(2049,) quantiles of a law at 0, 1/2048, ..., 1, of which the ends are held a millionth off."""
    levels = np.clip(np.linspace(0, 1, _PIECES + 1), 1e-6, 1 - 1e-6)
    return inverse(*shape, levels).astype(np.float32)


@scalar
def _drawn(stream, who, life, laws):
    return fold(fold(laws.words[stream], who), life)


@scalar
def _read(quantiles, x):
    """The quantile at x in (0, 1)."""
    return read_off(quantiles, x * _STEPS)


@scalar
def _normal(h):
    """N(0, 1) of a finished hash, of both halves (Box & Muller 1958)."""
    return math.sqrt(TWO * exponential(h)) * cos_turns32(uniform(h << _SECOND_HALF))


@scalar
def be_born(me, who, life, time, laws, p):
    """Write into `me`, nobody so far, who number `who` is in their `life`-th life, from `time` on."""
    me.luck = _drawn(_LUCK, who, life, laws)
    me.life = life
    me.joined = time
    if uniform(_drawn(_NEWCOMER, who, life, laws)) < p.newcomers:
        me.joined = time + np.float64(uniform(_drawn(_JOINED, who, life, laws)) * p.newcomer_days)
    me.clock = me.updated = me.tired = me.joined
    spread = p.sessions_spread
    me.rate = p.sessions * exp32(spread * _normal(_drawn(_RATE, who, life, laws)) - HALF * spread * spread)
    me.skipper = p.skipper * _normal(_drawn(_SKIPPER, who, life, laws))
    me.chronotype = p.chronotype * _normal(_drawn(_CHRONOTYPE, who, life, laws))
    me.discovery = _read(laws.discovery, uniform(_drawn(_DISCOVERY, who, life, laws)))
    me.mainstream = _read(laws.mainstream, uniform(_drawn(_MAINSTREAM, who, life, laws)))
    more, x = 0, uniform(_drawn(_INTERESTS, who, life, laws))
    while more < laws.counts.shape[0] - 1 and laws.counts[more] <= x:
        more += 1
    me.interests = 1 + more


@scalar
def take_interest(me, who, tastes, centroids, laws):
    """Draw the listener's interests, where they lie by the supply of music, and how they are weighed."""
    most, total = tastes.weight.shape[0], ZERO
    me.interests = min(me.interests, most)
    home, weight = _drawn(_HOME, who, me.life, laws), _drawn(_WEIGHT, who, me.life, laws)
    for k in range(most):
        tastes.home[k] = 0
        tastes.weight[k] = ZERO
        for e in range(centroids.shape[1]):
            tastes.taste[k, e] = ZERO
        if k < me.interests:
            m = max(draw_from(laws.supply, 0, centroids.shape[0], uniform(fold(home, k))), 0)
            tastes.home[k] = m
            for e in range(centroids.shape[1]):
                tastes.taste[k, e] = centroids[m, e]
            tastes.weight[k] = max(_read(laws.mass, uniform(fold(weight, k))), _LEAST_MASS)
            total += tastes.weight[k]
    for k in range(most):
        tastes.weight[k] *= ONE / total
        tastes.home_weight[k] = tastes.weight[k]


@scalar
def forget(tracks, minutes, counts, traces, filters, genres):
    """Nothing that was heard in an earlier life is remembered."""
    tracks[:] = -1
    minutes[:] = 0
    counts[:] = 0
    traces[:] = 0
    filters[:] = 0
    genres[:] = 0
