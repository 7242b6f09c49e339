"""The log, held against sums written out by hand."""

import itertools
from dataclasses import fields, replace

import numpy as np
import pytest

from simenv.log import Log, read_parquet, write_parquet
from simenv.rng import Key
from simenv.types import LIKED, SAVED, SKIPPED, Late, Plays

N, T = 6, 9
KEY = Key.root(5) / "test"


def some_plays(n, start=0.0, days=10.0, seed=0):
    e = np.arange(n)
    draw = {name: (KEY / name).uniform(seed, e) for name in Plays.dtypes}
    columns = {name: np.zeros(n, dtype) for name, dtype in Plays.dtypes.items()}
    columns["time"] = np.sort(start + days * draw["time"].astype(np.float64))
    columns["listener"] = (draw["listener"] * N).astype(np.int32)
    columns["track"] = (draw["track"] * T).astype(np.int32)
    columns["seconds"] = draw["seconds"] * 60
    columns["flags"] = np.where(draw["flags"] < 0.6, SKIPPED, 0).astype(np.uint8)
    return Plays(**columns)


def same(a, b):
    for f in fields(Plays):
        np.testing.assert_array_equal(getattr(a, f.name), getattr(b, f.name), err_msg=f.name)


def by_hand(plays, now, half_life, skips):
    out = np.zeros((N, T))
    heard = plays.seconds >= 30
    which = (plays.has(SKIPPED) & ~heard) if skips else heard
    for u, i, t in zip(plays.listener[which], plays.track[which], plays.time[which], strict=True):
        out[u, i] += 2 ** ((t - now) / half_life)
    return out


def test_what_goes_in_comes_out_in_order():
    parts = [some_plays(40, start=10 * d, seed=d) for d in range(3)]
    log = Log(N, T)
    for part in parts:
        log.append(part)
    assert len(log) == 120
    assert log.now == parts[-1].time.max()
    same(log.plays(), Plays.concat(parts))
    same(Plays.concat(list(log.parts())), Plays.concat(parts))


@pytest.mark.parametrize("half_life", [np.inf, 4.0])
@pytest.mark.parametrize("skips", [False, True])
def test_matrix_sums_decayed_plays(half_life, skips):
    log, plays = Log(N, T), some_plays(300)
    log.append(plays)
    got = log.matrix(half_life, skips).toarray()
    np.testing.assert_allclose(got, by_hand(plays, log.now, half_life, skips), rtol=1e-5)
    if not skips:
        np.testing.assert_allclose(log.counts(half_life), got.sum(axis=0), rtol=1e-5)


@pytest.mark.parametrize("half_life", [np.inf, 4.0])
def test_sums_read_little_by_little_are_sums_read_at_once(half_life, tmp_path):
    slow, quick = Log(N, T, keep=5, spill=tmp_path), Log(N, T)
    for day in range(8):
        part = some_plays(50, start=3 * day, days=3, seed=day)
        slow.append(part)
        quick.append(part)
        slow.matrix(half_life), slow.matrix(half_life, skips=True), slow.counts(half_life), slow.last()
        slow.forget_before(3.0 * day + 3)
    assert list(tmp_path.iterdir())
    np.testing.assert_allclose(slow.matrix(half_life).toarray(), quick.matrix(half_life).toarray(), rtol=1e-5)
    np.testing.assert_allclose(
        slow.matrix(half_life, True).toarray(), quick.matrix(half_life, True).toarray(), rtol=1e-5
    )
    np.testing.assert_allclose(slow.counts(half_life), quick.counts(half_life), rtol=1e-9)
    np.testing.assert_array_equal(slow.last().toarray(), quick.last().toarray())


def test_a_sum_handed_out_is_ones_own():
    log = Log(N, T)
    log.append(some_plays(100))
    first = log.matrix().toarray()
    spoilt = log.matrix()
    spoilt.data[:] = -1
    np.testing.assert_array_equal(log.matrix().toarray(), first)


def test_last_is_the_newest_long_play():
    log = Log(N, T)
    plays = [some_plays(80, start=10 * d, seed=d) for d in range(2)]
    for part in plays:
        log.append(part)
    everything = Plays.concat(plays)
    last = log.last().toarray()
    for u in range(N):
        for i in range(T):
            mine = (everything.listener == u) & (everything.track == i) & (everything.seconds >= 30)
            assert last[u, i] == everything.time[mine].max(initial=0)


def test_old_days_go_to_disk_and_come_back(tmp_path):
    spilling, keeping = Log(N, T, keep=2.0, spill=tmp_path / "old"), Log(N, T)
    for day in range(10):
        part = some_plays(20, start=day, days=1, seed=day)
        spilling.append(part)
        keeping.append(part)
        spilling.plays()  # reading must not keep old days in memory
        spilling.forget_before(day + 1.0)
    assert len(spilling) == len(keeping) == 200
    assert sum(len(p) for p in spilling._parts) <= 60
    same(spilling.plays(), keeping.plays())
    assert not list((tmp_path / "old").glob("*.part"))


def test_a_log_that_forgets_needs_a_place():
    with pytest.raises(ValueError, match="needs a folder"):
        Log(N, T, keep=3.0)


def test_sessions_are_cut_where_the_number_changes():
    plays = some_plays(200)
    plays = replace(plays, session=(plays.time // 2).astype(np.int32))
    log = Log(N, T)
    log.append(plays)
    ordered, start = log.sessions()
    assert start[0] == 0
    assert start[-1] == 200
    pairs = {(u, s) for u, s in zip(plays.listener.tolist(), plays.session.tolist(), strict=True)}
    assert len(start) - 1 == len(pairs)
    for a, b in itertools.pairwise(start):
        assert len(set(ordered.listener[a:b])) == len(set(ordered.session[a:b])) == 1
        assert (np.diff(ordered.time[a:b]) >= 0).all()


def test_late_signals_find_their_play():
    plays = some_plays(60)
    log = Log(N, T)
    log.append(plays)
    at = np.array([3, 41])
    liked, saved = np.array([True, False]), np.array([True, True])
    log.append_late(
        Late(plays.listener[at], plays.time[at], plays.track[at], liked, saved, plays.time[at] + 0.1)
    )
    joined = log.joined()
    np.testing.assert_array_equal(np.flatnonzero(joined.has(LIKED)), [3])
    np.testing.assert_array_equal(np.flatnonzero(joined.has(SAVED)), [3, 41])
    assert not plays.has(SAVED).any()  # the record itself is untouched


def test_an_empty_log_answers():
    log = Log(N, T)
    assert len(log) == len(log.plays()) == len(log.joined()) == 0
    assert log.matrix().nnz == log.last().nnz == 0
    assert not log.counts(3.0).any()
    assert len(log.sessions()[1]) == 1 or log.sessions()[1].tolist() == [0, 0]


def test_a_row_counts_for_the_plays_it_stands_for(tmp_path):
    plays = some_plays(200)
    count = np.arange(1, 201, dtype=np.float32) % 7 + 1
    log, unrolled = Log(N, T), Log(N, T)
    log.append(replace(plays, count=count))
    unrolled.append(plays.rows(np.repeat(np.arange(200), count.astype(int))))
    for half_life in (np.inf, 4.0):
        for skips in (False, True):
            want = unrolled.matrix(half_life, skips).toarray()
            np.testing.assert_allclose(log.matrix(half_life, skips).toarray(), want, rtol=1e-5)
        np.testing.assert_allclose(log.counts(half_life), unrolled.counts(half_life), rtol=1e-9)


def test_counts_and_ratings_stay_with_their_rows(tmp_path):
    plain, rich = some_plays(30), some_plays(20, seed=1)
    rich = replace(rich, count=np.full(20, 3, np.float32), value=np.arange(20, dtype=np.float32))
    both = Plays.concat([plain, rich])
    assert both.count.tolist() == [1] * 30 + [3] * 20
    assert np.isnan(both.value[:30]).all() and both.value[30:].tolist() == list(range(20))
    assert Plays.concat([plain, plain]).count is None and "count" not in plain.columns()
    write_parquet(both, tmp_path / "log.parquet")
    same(read_parquet(tmp_path / "log.parquet"), both)
    assert both.rows(slice(30, None)).value.tolist() == list(range(20))
