"""Candidates: few, distinct, out, not in cooldown, and the same for a listener in any crowd."""

from __future__ import annotations

import numpy as np

from simenv.context import COLUMNS
from simenv.features import neighbours, track_features
from simenv.heard import Heard
from simenv.retrieve import NEIGHBOURS, Nearby
from simenv.rng import Key
from simenv.synthetic import Synthetic
from simenv.types import Request, Setting

KEY = Key.root(3)
CATALOGUE, HIDDEN = Synthetic(tracks=400, arrivals=0.004, days=100).make(KEY)


def setting(n, **options):
    return Setting(CATALOGUE, n, 1, KEY, **{"cooldown": 0.0, **options})


def request(rows, time=10.0, visit=0):
    rows = np.asarray(rows, np.int32)
    m = len(rows)
    visits = np.broadcast_to(np.asarray(visit, np.int32), m).copy()
    context = np.zeros((m, len(COLUMNS)), np.float32)
    return Request(rows, np.full(m, float(time)), context, np.zeros(m, np.int32), visits)


def nothing(m):
    return np.full(m, -1, np.int32)


def test_half_are_neighbours_a_quarter_charts_and_a_quarter_anything():
    n = 4_000
    retriever = Nearby(setting(n), 8)
    charts = np.zeros(len(CATALOGUE), np.float32)
    out = np.flatnonzero(CATALOGUE.released <= 10)
    hits = out[:40]
    charts[hits] = np.arange(1, 41)
    retriever.publish(charts)
    last = out[np.arange(n) % len(out)].astype(np.int32)
    found = retriever.of(request(np.arange(n)), last)
    near = neighbours(track_features(CATALOGUE), NEIGHBOURS)[last]  # (n, 32)
    is_near = (found[:, :, None] == near[:, None]).any(axis=2)
    assert is_near[:, :4].mean() > 0.995
    assert np.isin(found[:, 4:6], hits).mean() > 0.98
    share = np.bincount(found[:, 4], minlength=len(CATALOGUE))[hits] / n
    np.testing.assert_allclose(share, charts[hits] / charts.sum(), atol=0.012)
    anything = np.bincount(found[:, 7], minlength=len(CATALOGUE))[out]
    assert anything.min() > 0 and anything.std() < 2.0 * np.sqrt(n / len(out))


def test_neighbours_that_are_out_are_dealt_evenly():
    n, time = 4_000, 10.0
    near = neighbours(track_features(CATALOGUE), NEIGHBOURS)
    out = CATALOGUE.released[near] <= time
    track = int(out.sum(axis=1).argmin())  # of whose neighbours most are yet to come
    assert 8 <= out[track].sum() < NEIGHBOURS
    found = Nearby(setting(n), 16).of(request(np.arange(n), time), np.full(n, track, np.int32))[:, :8]
    shown = np.bincount(found.ravel(), minlength=len(CATALOGUE))
    assert shown[near[track][out[track]]].sum() == 8 * n
    expected = 8 * n / out[track].sum()
    assert (np.abs(shown[near[track][out[track]]] - expected) < 5 * np.sqrt(expected)).all()


def test_who_has_finished_nothing_gets_charts_for_neighbours():
    retriever = Nearby(setting(500), 8)
    charts = np.zeros(len(CATALOGUE), np.float32)
    hits = np.flatnonzero(CATALOGUE.released <= 10)[:50]
    charts[hits] = 1
    retriever.publish(charts)
    found = retriever.of(request(np.arange(500)), nothing(500))
    assert np.isin(found[:, :6], hits).mean() > 0.99


def test_candidates_are_distinct_and_out():
    retriever = Nearby(setting(1_000), 24)
    retriever.publish(np.ones(len(CATALOGUE), np.float32))
    for time in (0.0, 30.0, 90.0):
        asked = request(np.arange(1_000), time)
        found = retriever.of(asked, np.arange(1_000, dtype=np.int32) % len(CATALOGUE))
        assert (found >= 0).all()
        assert (CATALOGUE.released[found] <= time).all()
        ordered = np.sort(found, axis=1)
        assert (ordered[:, 1:] != ordered[:, :-1]).all()
    assert (CATALOGUE.released[found] > 30).any()  # what has come out meanwhile is found


def test_what_is_in_cooldown_is_passed_over():
    n = 50
    heard = Heard(n, len(CATALOGUE))
    out = np.flatnonzero(CATALOGUE.released <= 10).astype(np.int32)
    known = out[:-12]  # all but a dozen
    for row in range(n):
        who, when = np.full(len(known), row, np.int32), np.full(len(known), 9.0)
        heard.add(who, known, when, np.full(len(known), 3.0, np.float32))
    retriever = Nearby(setting(n, heard=heard, cooldown=5.0), 8)
    retriever.publish(np.ones(len(CATALOGUE), np.float32))
    found = retriever.of(request(np.arange(n)), np.full(n, out[0]))
    assert np.isin(found[found >= 0], out[-12:]).all() and (found >= 0).any(axis=1).mean() > 0.5
    later = retriever.of(request(np.arange(n), time=15.0), np.full(n, out[0]))
    assert np.isin(later, known).mean() > 0.5


def test_a_place_that_nothing_fits_stays_empty():
    retriever = Nearby(setting(2), 8)
    retriever.publish(np.ones(len(CATALOGUE), np.float32))
    assert (retriever.of(request([0, 1], time=-1e6), nothing(2)) == -1).all()


def test_alone_as_in_a_crowd_and_other_at_the_next_visit():
    n = 300
    crowd, few = Nearby(setting(n), 8), Nearby(setting(2), 8)
    for retriever in (crowd, few):
        retriever.publish(np.ones(len(CATALOGUE), np.float32))
    few.renew(np.array([0, 1], np.int32), np.array([17, 200], np.int32), np.zeros(2, np.int32), KEY)
    all_of_them = crowd.of(request(np.arange(n), visit=4), nothing(n))
    np.testing.assert_array_equal(few.of(request([0, 1], visit=4), nothing(2)), all_of_them[[17, 200]])
    np.testing.assert_array_equal(crowd.of(request([200], visit=4), nothing(1))[0], all_of_them[200])
    assert (crowd.of(request(np.arange(n), visit=5), nothing(n)) != all_of_them).mean() > 0.9
    few.renew(np.array([0, 1], np.int32), np.array([17, 200], np.int32), np.ones(2, np.int32), KEY)
    assert (few.of(request([0, 1], visit=4), nothing(2)) != all_of_them[[17, 200]]).any()  # another life


def test_before_the_first_charts_everything_is_open():
    found = Nearby(setting(200), 8).of(request(np.arange(200)), nothing(200))
    assert (found >= 0).all() and len(np.unique(found)) > 200
