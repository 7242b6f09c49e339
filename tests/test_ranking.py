"""Slates from scores, held against sorting by hand and counting by hand."""

from dataclasses import replace

import numpy as np
import pytest
from tiny import catalogue, request

from simenv.agents import _ranking
from simenv.agents._arms import armed
from simenv.agents._ranking import chance, is_open, pick, ranked, scores_of, uniform, uniform_chance
from simenv.errors import UsageError
from simenv.heard import Heard
from simenv.rng import Key
from simenv.types import Setting

N, T, K = 40, 300, 7
KEY = Key.root(2) / "test"


def scores(asked):
    return KEY.uniform(asked.listeners[:, None], np.arange(T))


def coarse(asked):
    """With many ties, among them infinite ones."""
    x = np.floor(scores(asked) * 4)
    return np.where(x == 3, np.inf, np.where(x == 0, -np.inf, x)).astype(np.float32)


@pytest.fixture(scope="module")
def setting():
    heard, e = Heard(N, T), np.arange(4000)
    heard.add(KEY.below(N, e, 1), KEY.below(T, e, 2), np.sort(30 * KEY.uniform(e, 3)), np.full(4000, 40.0))
    released = np.where(np.arange(T) % 11 == 5, 10 + np.arange(T) / 6, -1)
    return Setting(catalogue(T, released=released), N, K, Key.root(1), cooldown=12.0, heard=heard)


ASKED = replace(request(np.arange(N)), time=np.linspace(20, 40, N))


def by_hand(score, asked, setting):
    start, barred = setting.heard.forbidden(asked.listeners, asked.time, setting.cooldown)
    rows = []
    for r, x in enumerate(score(asked).astype(float)):
        no = set(barred[start[r] : start[r + 1]].tolist())
        free = [i for i in range(T) if i not in no and setting.catalogue.released[i] <= asked.time[r]]
        rows.append(sorted(free, key=lambda i: (-x[i], i))[: setting.slate_size])
    return rows


@pytest.mark.parametrize("score", [scores, coarse])
@pytest.mark.parametrize("k", [1, 7, 60])
def test_the_best_in_order_and_ties_by_number(setting, score, k):
    setting = replace(setting, slate_size=k)
    slate = ranked(score, ASKED, setting)
    assert slate.tracks.tolist() == by_hand(score, ASKED, setting)
    assert (slate.propensity == 1).all()


@pytest.mark.parametrize("explore", [0.0, 0.4])
def test_blocks_do_not_show(setting, monkeypatch, explore):
    whole = ranked(scores, ASKED, setting, explore)
    monkeypatch.setattr(_ranking, "_BLOCK", 3 * T)
    parts = ranked(scores, ASKED, setting, explore)
    np.testing.assert_array_equal(whole.tracks, parts.tracks)
    np.testing.assert_array_equal(whole.propensity, parts.propensity)
    law = chance(scores, ASKED, parts.tracks[:, 2:3], parts.tracks[:, :2], setting, explore)
    np.testing.assert_allclose(law[:, 0], whole.propensity[:, 2], rtol=1e-6)
    tracks = np.tile(np.arange(5, dtype=np.int32), (N, 1))
    np.testing.assert_array_equal(scores_of(scores, ASKED, tracks, setting), scores(ASKED)[:, :5])


def test_one_row_of_scores_serves_all(setting):
    def alike(asked):
        return scores(asked)[:1]

    one = ranked(lambda asked: scores(ASKED)[:1], ASKED, setting)
    assert one.tracks.tolist() == by_hand(lambda asked: np.tile(alike(ASKED), (N, 1)), ASKED, setting)


@pytest.mark.parametrize("place", [0, T // 2, T - 1])
def test_a_nan_score_is_refused(setting, place):
    def broken(asked):
        x = scores(asked)
        x[-1, place] = np.nan
        return x

    with pytest.raises(UsageError, match="a score is nan"):
        ranked(broken, ASKED, setting)
    with pytest.raises(UsageError, match="a score is nan"):
        pick(np.zeros((1, 2), np.int32), np.array([[0, np.nan]], np.float32), np.ones((1, 2), bool), 1)


@pytest.mark.parametrize("n_tracks", [12, 4000])
def test_uniform_draws_are_uniform(n_tracks):
    """Also where all but six tracks are in cooldown, so that open ones must be counted out."""
    draws, heard = 30_000, Heard(1, n_tracks, ring=5000)
    left = np.array([0, 3, 4, 8, 9, 11])
    gone = np.setdiff1d(np.arange(n_tracks), left)
    heard.add(np.zeros(len(gone)), gone, np.full(len(gone), 0.5), np.full(len(gone), 40.0))
    setting = Setting(catalogue(n_tracks), 1, 2, Key.root(4), cooldown=9.0, heard=heard)
    asked = request(np.zeros(draws), 1.0, np.arange(draws))
    slate = uniform(asked, setting)
    np.testing.assert_array_equal(np.unique(slate.propensity), np.float32([1 / 6, 1 / 5]))
    pairs = np.zeros((n_tracks, n_tracks))
    np.add.at(pairs, (slate.tracks[:, 0], slate.tracks[:, 1]), 1)
    counts = pairs[np.ix_(left, left)][~np.eye(6, dtype=bool)]
    assert counts.sum() == draws
    chi2 = ((counts - draws / 30) ** 2 / (draws / 30)).sum()
    assert chi2 < 67  # 29 degrees of freedom, p = 1e-4
    law = uniform_chance(asked.rows(np.s_[:1]), np.arange(12, dtype=np.int32)[None], np.array([[3]]), setting)
    np.testing.assert_allclose(law[0], [0.2 if i in {0, 4, 8, 9, 11} else 0 for i in range(12)], rtol=1e-6)


def test_arms_are_explored_arm_by_arm():
    """Three arms of 1, 2 and 5 tracks; the best track is in the largest."""
    draws, arm = 40_000, np.array([0, 1, 1, 2, 2, 2, 2, 2], np.int32)
    setting = Setting(catalogue(8), 1, 2, Key.root(4), cooldown=0.0)
    asked = request(np.zeros(draws), 1.0, np.arange(draws))
    slate = armed(lambda a: np.eye(8, dtype=np.float32)[[6]], arm, asked, setting, 0.6)
    law = 0.6 / 3 / np.array([1, 2, 2, 5, 5, 5, 5, 5])
    law[6] += 0.4
    np.testing.assert_allclose(np.bincount(slate.tracks[:, 0], minlength=8) / draws, law, atol=0.01)
    np.testing.assert_allclose(slate.propensity[:, 0], law[slate.tracks[:, 0]], rtol=1e-5)
    after = slate.tracks[:, 0] == 0  # arm 0 is used up
    law = 0.6 / 2 / np.array([np.inf, 2, 2, 5, 5, 5, 5, 5])
    law[6] += 0.4
    second = np.bincount(slate.tracks[after, 1], minlength=8) / after.sum()
    np.testing.assert_allclose(second, law, atol=0.03)


def test_pick_takes_open_tracks_first():
    tracks = np.array([[9, 4, 7, 2, 5]], np.int32)
    scores = np.array([[1, 3, 2, 9, 8]], np.float32)
    free = np.array([[True, True, True, False, False]])
    assert pick(tracks, scores, free, 5).tolist() == [[1, 2, 0, 3, 4]]
    assert pick(tracks, np.ones((1, 5), np.float32), np.ones((1, 5), bool), 2).tolist() == [[3, 1]]


def test_is_open_knows_releases_and_cooldowns(setting):
    tracks = np.tile(np.arange(T, dtype=np.int32), (N, 1))
    free = is_open(ASKED, tracks, setting)
    start, barred = setting.heard.forbidden(ASKED.listeners, ASKED.time, setting.cooldown)
    for r in range(N):
        out = setting.catalogue.released <= ASKED.time[r]
        out[barred[start[r] : start[r + 1]]] = False
        np.testing.assert_array_equal(free[r], out)
