"""Hearing a track again: liking grows, wears out and recovers, and what is weakest is forgotten."""

import numpy as np
import pytest
from mechanics import UNHEARD, memory, params, people
from numba import njit

from simenv.rng import Key
from simenv.users import exposure as e

LUCK = Key.root(2) / "exposure"


@njit(error_model="numpy")
def life(me, memory, days, fractions, p, familiar):
    """F just before each play of track 7 at `days` (n,); `fractions` (n,) of it are heard."""
    for j in range(len(days)):
        me[0].clock = days[j]
        slot, now = e.find(memory.tracks, 7), UNHEARD
        familiar[j] = 0
        if slot >= 0:
            ago = e.days_since(e.minute_of(days[j]), memory.minutes[slot])
            now = e.faded(memory.traces, slot, ago, p[0])
            familiar[j] = e.exposure(memory.traces, slot, ago, p[0])
        e.keep(me[0], memory, slot, 7, now, fractions[j], p[0])
    return familiar


def familiarity(days, fraction=1.0, **changes):
    days = np.asarray(days, np.float64)
    fractions = np.full(len(days), fraction, np.float32)
    return life(people(), memory(), days, fractions, params(**changes), np.empty(len(days), np.float32))


def by_the_book(days, fraction=1.0, gain=1.8, learn=0.18):
    """F of LISTENER.md 5 in float64, without fixed point."""
    f = s = b = 0.0
    out, last = [], days[0]
    for day in days:
        s, b = s * np.exp(-(day - last)), b * np.exp(-(day - last) / 60)
        out.append(gain * f - 0.3 * np.log1p(s) - np.log1p(b / 10))
        f, s, b, last = 1 - (1 - f) * (1 - learn * fraction), s + fraction, b + fraction, day
    return np.array(out)


def test_once_a_day_liking_rises_then_wears_out():
    """The inverted U of Sguerra et al. (2022): the peak within 5 to 25 plays, under half of it after 60."""
    after = familiarity(np.arange(61.0))  # after[n] is felt at the play n + 1
    assert 5 <= after.argmax() <= 25
    assert after[60] < after.max() / 2
    assert (np.diff(after[: after.argmax() + 1]) > 0).all()


@pytest.mark.parametrize("gap", [1 / 24, 0.5, 1.0, 7.0])
@pytest.mark.parametrize("fraction", [0.05, 0.6, 1.0])
def test_fixed_point_keeps_the_formula(gap, fraction):
    days = np.round(np.arange(40) * gap * 1440) / 1440  # whole minutes, as they are remembered
    np.testing.assert_allclose(familiarity(days, fraction), by_the_book(days, fraction), atol=0.02)


def test_a_day_of_nothing_else_is_wearying_and_rest_cures():
    eight = np.arange(8) / 144  # every ten minutes
    at_once = familiarity([*eight, 8 / 144])[-1]
    next_week = familiarity([*eight, 7])[-1]
    next_year = familiarity([*eight, 365])[-1]
    assert at_once < next_week < next_year


def test_each_part_can_be_switched_off():
    days = np.arange(30.0)
    assert not familiarity(days, exposure=0, bored=0, worn=0).any()
    assert (familiarity(days, bored=0, worn=0)[1:] > 0).all()
    assert (familiarity(days, exposure=0)[1:] < 0).all()
    assert (familiarity(days, bored=0) >= familiarity(days)).all()
    assert (familiarity(days, worn=0) >= familiarity(days)).all()
    assert (familiarity(days, learn=0, bored=0, worn=0) == 0).all()


@njit
def round_trip(x, unit, out):
    for i in range(len(x)):
        out[i] = np.float32(e.fixed(x[i], unit)) / unit


@pytest.mark.parametrize(("unit", "most"), [(256, 255.9), (65535, 1.0)])
def test_fixed_point_is_right_to_half_a_step_and_never_wraps(unit, most):
    x = (LUCK.uniform(np.arange(5000), unit) * most).astype(np.float32)
    out = np.empty_like(x)
    round_trip(x, np.float32(unit), out)
    np.testing.assert_allclose(out, x, atol=0.51 / unit)
    x = np.float32([-3, 1e6, 0])
    out = np.empty_like(x)
    round_trip(x, np.float32(unit), out)
    np.testing.assert_allclose(out, [0, 65535 / unit, 0])


@njit
def looked_for(tracks, track):
    return e.find(tracks, track)


@pytest.mark.parametrize("slots", [8, 100, 128])
def test_a_track_is_found_where_it_is(slots):
    tracks = (LUCK.below(1_000_000, np.arange(slots)) + 1).astype(np.int32)
    assert [looked_for(tracks, np.int32(track)) for track in tracks] == list(range(slots))
    assert looked_for(tracks, np.int32(0)) == -1


@njit
def forgotten(minutes, counts, time):
    return e.weakest(minutes, counts, time)


@pytest.mark.parametrize("case", range(40))
def test_the_weakest_memory_is_forgotten(case):
    """The least ln n - .75 ln(days + .15); a draw within a 2,000th of it is as good."""
    slot, now = np.arange(128), 400.0
    minutes = (LUCK.uniform(case, slot, 0) ** 3 * now * 1440).astype(np.uint32)
    counts = (256 * LUCK.exponential(case, slot, 1) * 5 + 38).astype(np.uint16)
    days = now - minutes / 1440
    strength = np.log(counts / 256) - 0.75 * np.log(days + 0.15)
    assert strength[forgotten(minutes, counts, now)] <= strength.min() + 1e-3


@njit
def hear(me, memory, tracks, fraction, p):
    for track in tracks:
        me[0].clock += 0.01
        slot, now = e.find(memory.tracks, track), UNHEARD
        if slot >= 0:
            now = e.faded(memory.traces, slot, np.float32(0.01), p[0])
        e.keep(me[0], memory, slot, track, now, fraction, p[0])


def test_memory_fills_and_then_makes_room():
    me, kept = people(), memory(16)
    hear(me, kept, np.arange(10, dtype=np.int32), np.float32(1), params())
    assert me["remembered"][0] == 10
    np.testing.assert_array_equal(np.sort(kept.tracks), [-1] * 6 + list(range(10)))
    for _ in range(5):
        hear(me, kept, np.arange(10, dtype=np.int32), np.float32(1), params())  # favourites
    hear(me, kept, np.arange(100, 120, dtype=np.int32), np.float32(1), params())
    assert me["remembered"][0] == 16
    assert len(np.unique(kept.tracks)) == 16
    assert set(range(10)) <= set(kept.tracks.tolist())  # what was heard once made room for the next
    assert 119 in kept.tracks


def test_a_glimpse_counts_for_little_and_a_listen_for_one():
    me, kept, p = people(), memory(), params()
    track = np.zeros(1, np.int32)
    counts = []
    for fraction in (0.05, 0.05, 0.5, 0.05, 1.0):
        hear(me, kept, track, np.float32(fraction), p)
        counts.append(kept.counts[0] / 256)
    np.testing.assert_allclose(counts, [0.15, 0.15, 1.15, 1.15, 2.15], atol=1 / 256)
