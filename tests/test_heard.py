"""The platform's memory, held against a plain dictionary of plays."""

from itertools import pairwise

import numpy as np
import pytest

from simenv.heard import Heard
from simenv.rng import Key

N, T, E = 7, 53, 4000
KEY = Key.root(3) / "test"


@pytest.fixture(scope="module")
def plays():
    e = np.arange(E)
    listener = (KEY / "listener").below(N, e)
    track = (KEY / "track").below(T - 1, e)  # the last track is never played
    time = np.sort((KEY / "time").uniform(e).astype(np.float64) * 90)
    seconds = (KEY / "seconds").uniform(e) * 60
    return listener, track, time, seconds


@pytest.fixture(scope="module")
def heard(plays):
    heard = Heard(N, T, any_play=True)
    heard.add(*plays)
    return heard


def lists(heard, listeners, time, cooldown):
    start, tracks = heard.forbidden(np.asarray(listeners, np.int32), np.asarray(time, float), cooldown)
    return [set(tracks[a:b].tolist()) for a, b in pairwise(start)]


def test_known_is_tested_before_it_is_set(plays):
    heard, listener, seen, expected = Heard(N, T), plays[0], set(), []
    for u, i, s in zip(listener.tolist(), plays[1].tolist(), plays[3].tolist(), strict=True):
        expected.append((u, i) in seen)
        if s >= 30:
            seen.add((u, i))
    np.testing.assert_array_equal(heard.add(*plays), expected)
    pairs = np.array([[(u, i) in seen for i in range(T)] for u in range(N)])
    tracks = np.tile(np.arange(T, dtype=np.int32), (N, 1))
    np.testing.assert_array_equal(heard.is_known(np.arange(N, dtype=np.int32), tracks), pairs)


def test_one_call_or_many(plays, heard):
    other = Heard(N, T, any_play=True)
    for part in np.array_split(np.arange(E), 13):
        other.add(*(column[part] for column in plays))
    rows, time = np.arange(N), np.full(N, 90.0)
    for cooldown in (0.5, 9.0, np.inf):
        assert lists(heard, rows, time, cooldown) == lists(other, rows, time, cooldown)


@pytest.mark.parametrize("cooldown", [0.25, 3.0, 30.0, np.inf])
def test_forbidden_is_what_was_played_too_recently(plays, heard, cooldown):
    listener, track, time, _ = plays
    young = time > 90 - cooldown
    expected = [set(track[young & (listener == u)].tolist()) for u in (5, 0, 3)]
    assert lists(heard, [5, 0, 3], [90.0] * 3, cooldown) == expected


def test_no_cooldown_forbids_nothing(heard):
    assert lists(heard, [0, 1], [90.0, 90.0], 0.0) == [set(), set()]


def test_a_listener_without_plays_is_free():
    heard = Heard(3, 5, any_play=True)
    assert lists(heard, [0, 2], [1.0, 1.0], 30.0) == [set(), set()]
    assert lists(heard, [0, 2], [1.0, 1.0], np.inf) == [set(), set()]
    assert np.isneginf(heard.last(0)).all()


def test_the_ring_forgets_the_oldest_and_the_bits_do_not():
    heard = Heard(1, 10, ring=3, any_play=True)
    track = np.arange(5, dtype=np.int32)
    heard.add(np.zeros(5, np.int32), track, track / 10, np.full(5, 40, np.float32))
    assert lists(heard, [0], [0.5], 30.0) == [{2, 3, 4}]
    assert lists(heard, [0], [0.5], np.inf) == [{0, 1, 2, 3, 4}]
    last = heard.last(0)
    assert np.isneginf(last[[0, 1, 5]]).all()
    assert (np.diff(last[2:5]) > 0).all()


def test_last_is_the_newest_play(plays, heard):
    listener, track, time, _ = plays
    last = heard.last(4)
    for i in range(T):
        mine = time[(listener == 4) & (track == i)]
        assert np.isneginf(last[i]) if len(mine) == 0 else abs(last[i] - mine.max()) < 2 / 86_400


def test_rows_that_others_take_are_clean(plays):
    heard = Heard(N, T, any_play=True)
    heard.add(*plays)
    rows, time = np.arange(N, dtype=np.int32), [90.0] * N
    before = lists(heard, rows, time, 30.0)
    heard.forget(np.array([2, 5], np.int32))
    for cooldown in (30.0, np.inf):
        assert [not found for found in lists(heard, rows, time, cooldown)] == [u in (2, 5) for u in range(N)]
    assert lists(heard, [3], [90.0], 30.0) == [before[3]]
    tracks = np.tile(np.arange(T, dtype=np.int32), (N, 1))
    np.testing.assert_array_equal(heard.is_known(rows, tracks).any(axis=1), ~np.isin(rows, [2, 5]))
    assert np.isneginf(heard.last(2)).all()


def test_what_is_not_kept_is_asked_for():
    bare = Heard(2, 4, ring=0, known=False)
    one = np.zeros(1, np.int32)
    assert not bare.add(one, one, np.zeros(1), np.full(1, 99, np.float32)).any()
    with pytest.raises(ValueError, match="any_play=True"):
        bare.forbidden(one, np.zeros(1), np.inf)
    with pytest.raises(ValueError, match="ring=1024"):
        bare.forbidden(one, np.zeros(1), 3.0)
    with pytest.raises(ValueError, match="known=True"):
        bare.is_known(one, one[:, None])
    with pytest.raises(ValueError, match="expected 0 or more"):
        Heard(2, 4, ring=-1)
