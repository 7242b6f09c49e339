"""How long a track plays, how it appeals, how tastes move, what is recognised: each mechanism as a law."""

import numpy as np
import pytest
from mechanics import DEFAULT, params, people, tastes, unit
from numba import njit
from scipy import optimize, stats

from simenv._lanes import dot
from simenv.rng import Key
from simenv.users import appeal, drift, recognition, skipping
from simenv.users.records import SONG

LUCK = Key.root(3) / "listener"


# -- how long they listen


@njit(error_model="numpy")
def listen(length, whole, eta, draw, p, seconds, skipped):
    for i in range(len(draw)):
        seconds[i], skipped[i] = skipping.listening_time(length, whole, eta[i], draw[i], p[0])


def listened(length, eta, draw, **changes):
    draw = np.atleast_1d(np.asarray(draw, np.float32))
    eta = np.broadcast_to(np.float32(eta), draw.shape)
    seconds, skipped = np.empty(draw.shape, np.float32), np.empty(draw.shape, bool)
    whole = np.float32(hazard(length, type(DEFAULT)(**changes)))
    listen(np.float32(length), whole, eta, draw, params(**changes), seconds, skipped)
    return seconds, skipped


def hazard(t, p=DEFAULT):
    """L(t) of LISTENER.md 6, in float64."""
    return p.hazard * -np.expm1(-t / p.hazard_seconds) + p.hazard_late * t


@pytest.mark.parametrize("changes", [{}, {"hazard": 0.0}, {"hazard_late": 0.0}, {"hazard_seconds": 60.0}])
def test_listening_time_inverts_the_hazard(changes):
    """Held against a bracketing root finder, for draws and moods of every size."""
    p = type(DEFAULT)(**changes)
    i = np.arange(400)
    eta = ((LUCK / "eta").uniform(i) * 8 - 4).astype(np.float32)
    draw = (LUCK / "draw").exponential(i)
    seconds, skipped = listened(240, eta, draw, **changes)
    target = draw.astype(np.float64) * np.exp(-eta.astype(np.float64))
    np.testing.assert_array_equal(skipped, target < hazard(240.0, p))
    assert 0.1 < skipped.mean() < 0.95
    for t, level in zip(seconds[skipped], target[skipped], strict=True):
        truth = optimize.brentq(lambda x, level=level: hazard(x, p) - level, 0, 240)
        assert t == pytest.approx(
            truth, rel=2e-3, abs=2e-3 + 2e-4 / (hazard(truth + 1, p) - hazard(truth, p))
        )
    np.testing.assert_array_equal(seconds[~skipped], 240)


@pytest.mark.parametrize("eta", [-2.0, 0.0, 1.5])
def test_skips_come_as_often_and_as_early_as_the_formula_says(eta):
    draw = LUCK.exponential(np.arange(40_000), int(eta * 10))
    seconds, skipped = listened(200, eta, draw)
    for within in (2.0, 5.0, 30.0, 120.0):
        expected = -np.expm1(-hazard(within) * np.exp(eta))
        assert (skipped & (seconds <= within)).mean() == pytest.approx(expected, abs=4 * 0.5 / 200)
    assert skipped.mean() == pytest.approx(-np.expm1(-hazard(200.0) * np.exp(eta)), abs=0.01)

    def law(t):
        """P(skipped by t | skipped at all)."""
        return np.expm1(-hazard(t) * np.exp(eta)) / np.expm1(-hazard(200.0) * np.exp(eta))

    assert stats.kstest(seconds[skipped].astype(np.float64), law).pvalue > 1e-4


def test_what_is_adored_is_never_skipped_and_what_is_hated_at_once():
    draw = LUCK.exponential(np.arange(5000))
    for eta in (-30.0, -1e6, -np.inf):
        seconds, skipped = listened(300, eta, draw)
        assert not skipped.any()
        assert (seconds == 300).all()
    for eta in (8.0, 80.0, 1e6, np.inf):
        seconds, skipped = listened(300, eta, draw)
        assert skipped.all()
        assert (seconds < 1).all()
        assert (seconds >= 0).all()


def test_without_a_hazard_everything_is_finished():
    seconds, skipped = listened(300, 0.0, LUCK.exponential(np.arange(1000)), hazard=0, hazard_late=0)
    assert not skipped.any()
    assert (seconds == 300).all()


# -- how much it appeals


@njit(error_model="numpy")
def taken_with(taste, weight, n, sound, p):
    return appeal.affinity(taste, weight, n, sound, p[0])


@njit(error_model="numpy")
def appealing(me, song, track, wanted, p):
    return appeal.fixed_appeal_of(me[0], song[0], track, wanted, p[0])


@njit(error_model="numpy")
def both_ways(a, sounds, rows, out):
    for i in range(len(rows)):
        out[0, i] = dot(a, rows[i])
    appeal.cosines(a, sounds, 0, len(rows), out[1])


@pytest.mark.parametrize("d", [1, 3, 4, 7, 8, 12, 16, 37])
def test_a_track_alone_and_tracks_side_by_side_sound_alike(d):
    """Bit for bit, in any number of dimensions: the terms are added in the same order."""
    rows = LUCK.normal(np.arange(50)[:, None], np.arange(d))
    a, out = LUCK.normal(np.arange(d), 5), np.empty((2, 50), np.float32)
    both_ways(a, np.ascontiguousarray(rows.T), rows, out)
    np.testing.assert_array_equal(out[0], out[1])
    np.testing.assert_allclose(out[0], rows.astype(float) @ a, atol=1e-5)


@njit(error_model="numpy")
def gains(weights, p):
    return [appeal.weight_gain(w, p[0]) for w in weights]


def test_the_gain_of_a_weight_is_read_off_its_table():
    weights = np.linspace(0, 1, 2000).astype(np.float32)
    law = 0.35 * np.log(weights.astype(float) + 0.05)
    np.testing.assert_allclose(gains(weights, params()), law, atol=1e-4)
    beyond = np.array([-1e-6, 1 + 1e-6], np.float32)  # sums of weights are rounded
    np.testing.assert_allclose(gains(beyond, params()), law[[0, -1]], atol=1e-6)


def a_song(**columns):
    song = np.zeros(1, SONG)
    for name, value in columns.items():
        song[name] = value
    return song


def alone(changes, at=0.0, wanted=0.5, track=3, **columns):
    """Appeal with every part off but those in `changes`."""
    off = dict.fromkeys(("base", "quality", "newness", "arousal", "idiosyncrasy"), 0.0)
    me = people(clock=at)
    return appealing(me, a_song(**columns), np.int32(track), np.float32(wanted), params(**(off | changes)))


def test_the_interest_that_a_track_serves_best_speaks_for_it():
    mine = tastes([0.6, 0.3, 0.1])
    sound = unit(mine.taste[1] + 0.2 * mine.taste[0])
    value, which = taken_with(mine.taste, mine.weight, 3, sound, params())
    assert which == 1
    assert value == pytest.approx(2.8 * (sound @ mine.taste[1]) + 0.35 * np.log(0.35), abs=1e-5)
    assert taken_with(mine.taste, mine.weight, 1, sound, params())[1] == 0  # the others do not count
    deaf, which = taken_with(mine.taste, mine.weight, 3, sound, params(match=0))
    assert (which, deaf) == (0, pytest.approx(0.35 * np.log(0.65), abs=1e-5))
    assert taken_with(mine.taste, mine.weight, 3, sound, params(match=0, weight_gain=0))[0] == 0


def test_each_part_of_the_appeal_has_its_size_and_its_switch():
    assert alone({}, quality=2, arousal=1, released=-5) == 0
    assert alone({"base": -1.38}) == pytest.approx(-1.38)
    assert alone({"quality": 0.45}, quality=2) == pytest.approx(0.9)
    assert alone({"arousal": 0.9}, arousal=0.9, wanted=0.5) == pytest.approx(-0.36)
    assert alone({"arousal": 0.9}, arousal=0.1, wanted=0.5) == pytest.approx(-0.36)
    assert alone({"newness": 0.5}, at=100.0, released=100.0) == pytest.approx(0.5)
    assert alone({"newness": 0.5}, at=160.0, released=100.0) == pytest.approx(0.5 / np.e, rel=1e-5)
    assert alone({"newness": 0.5}, released=100.0) == pytest.approx(0.5)  # not out yet: not newer than new


def test_newness_fades_as_the_formula_says_and_ends():
    for age in (0.0, 0.7, 33.3, 59.0, 200.0, 700.0, 959.0, 961.0, 1e6):
        found = alone({"newness": 0.5}, at=age)
        assert found == pytest.approx(0.5 * np.exp(-age / 60), abs=1.3e-4 * 0.5)
    assert alone({"newness": 0.5}, at=960.0) == 0
    for shortest in (5e-324, 1e-30):
        assert alone({"newness": 0.5, "newness_days": shortest}, at=1.0) == 0
        assert alone({"newness": 0.5, "newness_days": shortest}) == pytest.approx(0.5)


def test_a_peculiar_taste_lasts_and_is_another_for_each_track():
    own = [alone({"idiosyncrasy": 0.25}, track=track) for track in range(4000)]
    assert alone({"idiosyncrasy": 0.25}, track=7, at=300.0) == own[7]
    np.testing.assert_allclose([np.mean(own), np.std(own)], [0, 0.25], atol=0.015)
    assert abs(np.corrcoef(own[1:], own[:-1])[0, 1]) < 0.07


# -- how they change


@njit(error_model="numpy")
def finish(mine, n, k, sound, times, p):
    for _ in range(times):
        drift.enjoy(mine.taste, mine.weight, n, k, sound, p[0])


@njit(error_model="numpy")
def rest(mine, n, centroids, days, p):
    drift.recover(mine, n, centroids, days, p[0])


@njit(error_model="numpy")
def discover(me, mine, centroids, micro_genre, p):
    drift.new_interest(me[0], mine, centroids, micro_genre, p[0])


def copy(mine):
    return type(mine)(*(part.copy() for part in mine))


def test_taste_moves_toward_what_was_finished_and_only_where_it_was_served():
    """SARDINE's moved along the all-ones vector, whatever was heard (FIELD.md, bug 3)."""
    before = tastes([0.5, 0.3, 0.2])
    after, sound = copy(before), unit(np.array([0, 1, 0, 0, 1, 0, 0, 0]))
    finish(after, 3, 1, sound, 100, params())
    assert after.taste[1] @ sound > before.taste[1] @ sound + 0.03
    np.testing.assert_array_equal(after.taste[[0, 2]], before.taste[[0, 2]])
    np.testing.assert_allclose(np.linalg.norm(after.taste[:3], axis=1), 1, atol=1e-6)
    assert not after.taste[1][[0, 2, 3, 5, 6, 7]].any()  # nowhere but toward the sound
    assert after.weight[1] > before.weight[1]
    assert after.weight.sum() == pytest.approx(1, abs=1e-5)
    np.testing.assert_allclose(after.weight[1], 1 - 0.7 * (1 - 0.0015) ** 100, rtol=1e-4)


def test_taste_holds_still_where_drift_is_off():
    before = tastes([0.5, 0.5])
    after = copy(before)
    finish(after, 2, 0, unit(np.ones(8)), 100, params(drift=0, weight_drift=0))
    for a, b in zip(after, before, strict=True):
        np.testing.assert_array_equal(a, b)


def test_heard_for_ever_taste_arrives():
    mine, sound = tastes([1.0]), unit(np.ones(8))
    finish(mine, 1, 0, sound, 20_000, params())
    assert mine.taste[0] @ sound > 0.9999


@njit(error_model="numpy")
def leave(interest, sound, p):
    drift.resent(interest, sound, p[0])


def test_what_was_skipped_early_drives_taste_away_where_there_is_aversion():
    before, sound = tastes([1.0]).taste[0], unit(np.array([1, 1, 0, 0, 0, 0, 0, 0]))
    after, same = before.copy(), before.copy()
    leave(after, sound, params(aversion=0.01))
    leave(same, sound, params())
    np.testing.assert_array_equal(same, before)
    assert after @ sound < before @ sound - 0.003
    assert np.linalg.norm(after) == pytest.approx(1, abs=1e-6)
    np.testing.assert_allclose(after, unit(before - 0.01 * (sound - before)), atol=1e-6)


@pytest.mark.parametrize("steps", [1, 40])
def test_days_without_music_lead_home(steps):
    """And it does not matter into how many visits they are cut."""
    centroids = np.eye(8, dtype=np.float32)
    mine = tastes([0.5, 0.5])
    mine.taste[0] = unit(np.array([1, 1, 0, 0, 0, 0, 0, 0]))
    mine.weight[:2], mine.home_weight[:2] = (0.9, 0.1), (0.5, 0.5)
    for _ in range(steps):
        rest(mine, 2, centroids, np.float32(200 / steps), params())
    assert mine.weight[0] == pytest.approx(0.5 + 0.4 * (1 - 0.003) ** 200, abs=2e-3)
    assert mine.taste[0] @ centroids[0] == pytest.approx(0.859, abs=0.004)
    np.testing.assert_allclose(mine.taste[1], centroids[1], atol=1e-6)
    assert np.linalg.norm(mine.taste[0]) == pytest.approx(1, abs=1e-6)


def test_no_pull_no_way_home():
    centroids, mine = np.eye(8, dtype=np.float32), tastes([0.5, 0.5])
    mine.taste[0], mine.weight[:2] = unit(np.ones(8)), (0.9, 0.1)
    before = copy(mine)
    rest(mine, 2, centroids, np.float32(1000), params(taste_pull=0, weight_pull=0))
    np.testing.assert_array_equal(mine.taste, before.taste)
    np.testing.assert_array_equal(mine.weight, before.weight)
    rest(mine, 2, centroids, np.float32(1), params(taste_pull=1, weight_pull=1))
    np.testing.assert_allclose(mine.taste[:2], centroids[:2], atol=1e-3)
    np.testing.assert_allclose(mine.weight, mine.home_weight, atol=1e-3)


def test_a_new_interest_takes_the_place_of_the_weakest():
    centroids, mine = np.eye(8, dtype=np.float32), tastes([0.5, 0.1, 0.4])
    me = people(interests=3)
    discover(me, mine, centroids, 6, params())
    assert me["interests"][0] == 3
    np.testing.assert_array_equal(mine.taste[:3], centroids[[0, 6, 2]])
    np.testing.assert_array_equal(mine.home[:3], [0, 6, 2])
    np.testing.assert_allclose(mine.weight[:3], np.array([0.5, 0.4, 0.4]) / 1.3, rtol=1e-5)
    np.testing.assert_allclose(mine.home_weight.sum(), 1, rtol=1e-5)
    assert not mine.weight[3:].any()


def test_who_has_one_interest_gains_a_second():
    centroids, mine, me = np.eye(8, dtype=np.float32), tastes([1.0]), people(interests=1)
    for micro_genre in (5, 6, 7):
        discover(me, mine, centroids, micro_genre, params())
        assert me["interests"][0] == 2
        assert mine.weight.sum() == pytest.approx(1, abs=1e-6)
    np.testing.assert_array_equal(mine.home[:2], [0, 7])  # three births, two interests


# -- what they recognise


@njit(error_model="numpy")
def notice(me, filters, tracks):
    for track in tracks:
        recognition.notice(me[0], filters, track)


@njit(error_model="numpy")
def recognised(filters, tracks, out):
    for i in range(len(tracks)):
        out[i] = recognition.recognises(filters, tracks[i])
    return out


def test_a_year_of_music_leaves_few_false_memories():
    """Under .15 of what was never heard; and none of the last 600 new tracks is forgotten."""
    heard = np.arange(0, 40_000, 2, dtype=np.int32)
    me, filters = people(), np.zeros((2, 64), np.uint64)
    worst = 0.0
    never = np.arange(1, 40_000, 2, dtype=np.int32)
    for at in range(0, len(heard), 500):
        notice(me, filters, heard[at : at + 500])
        worst = max(worst, recognised(filters, never, np.empty(len(never), bool)).mean())
        recent = heard[max(at + 500 - recognition.FILL, 0) : at + 500]
        assert recognised(filters, recent, np.empty(len(recent), bool)).all()
    assert 0.02 < worst < 0.15


def test_what_is_long_forgotten_is_new_again():
    me, filters = people(), np.zeros((2, 64), np.uint64)
    heard = np.arange(3000, dtype=np.int32)
    notice(me, filters, heard)
    assert recognised(filters, heard[:500], np.empty(500, bool)).mean() < 0.15


def test_hearing_the_same_again_fills_no_filter():
    me, filters = people(), np.zeros((2, 64), np.uint64)
    notice(me, filters, np.zeros(5000, np.int32))
    assert me["filter_fill"][0] == 1
