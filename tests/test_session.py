"""When sessions end, when listeners return or go for good, and what they do meanwhile."""

import numpy as np
import pytest
from mechanics import DEFAULT, params, people
from numba import njit
from scipy import stats

from simenv.rng import Key, fold
from simenv.users import activities as a
from simenv.users import derived
from simenv.users import session as s

LUCK = Key.root(4) / "session"
N = 40_000


@njit(error_model="numpy")
def finds_an_end(people, p, out):
    for i in range(len(people)):
        out[i] = s.ends(people[i], fold(people[i].luck, 1), p[0])
    return out


def share_that_ends(position, streak=0, **changes):
    crowd = people(N, position=position, streak=streak)
    return finds_an_end(crowd, params(**changes), np.empty(N, bool)).mean()


@pytest.mark.parametrize(
    ("position", "streak"), [(1, 0), (1, 1), (2, 2), (10, 0), (10, 4), (20, 9), (100, 0)]
)
def test_sessions_end_by_their_law(position, streak):
    expected = 0.28 * position**-0.55 * np.exp(0.10 * (0.6 * min(streak, 4) - 0.75))
    assert share_that_ends(position, streak) == pytest.approx(
        expected, abs=4 * np.sqrt(expected * (1 - expected) / N)
    )


def test_no_session_is_endless_and_none_is_sure_to_end_at_once():
    assert share_that_ends(derived.LONGEST, leave=0) == 1
    assert share_that_ends(derived.LONGEST - 1, leave=0) == 0
    assert share_that_ends(1, leave=100) == pytest.approx(0.9, abs=0.01)
    streaks = [share_that_ends(5, streak, leave_skips=0) for streak in (0, 1, 4)]
    assert len(set(streaks)) == 1


@njit(error_model="numpy")
def finish(people, skipped, lasting, p):
    for i in range(len(people)):
        for was_skipped in skipped:
            s.settle(people[i], was_skipped, lasting, p[0])


def test_satisfaction_is_a_slow_mean_of_what_was_finished():
    me = people()
    finish(me, np.ones(3, bool), 0.0, params())
    assert me["streak"][0] == 3
    assert me["satisfaction"][0] == pytest.approx(-1 + 0.995**3, rel=1e-4)
    finish(me, np.zeros(1, bool), 0.0, params())
    assert me["streak"][0] == 0

    finish(me, np.zeros(5000, bool), 0.0, params())
    assert 0.999 < me["satisfaction"][0] <= 1
    finish(me, np.ones(50_000, bool), 0.0, params())
    assert -1 <= me["satisfaction"][0] < -0.999


def test_depth_satisfies_in_proportion_to_what_was_heard_of_it():
    shallow, deep = people(), people()
    finish(shallow, np.zeros(1, bool), -2.0, params(depth=0.7))
    finish(deep, np.zeros(1, bool), 1.5, params(depth=0.7))
    assert shallow["satisfaction"][0] == pytest.approx(0.005 * (1 - 0.7 * 2), rel=1e-4)
    assert deep["satisfaction"][0] == pytest.approx(0.005 * (1 + 0.7 * 1.5), rel=1e-4)
    off = people()
    finish(off, np.zeros(1, bool), 1.5, params())
    assert off["satisfaction"][0] == pytest.approx(0.005, rel=1e-5)


@njit(error_model="numpy")
def plan(people, times, starts, p):
    """Go through `times` gaps between sessions of no length."""
    for i in range(len(people)):
        for j in range(times):
            people[i].session += 1
            s.plan_return(people[i], p[0])
            if people[i].phase == s.GONE:
                break
            starts[i, j] = people[i].clock


def returns(n, times, columns, **changes):
    crowd, starts = people(n, **columns), np.empty((n, times))
    plan(crowd, times, starts, params(**({"churn": 0.0} | changes)))
    return crowd, starts


def test_sessions_come_at_the_listeners_rate():
    rate = np.repeat(np.float32([0.2, 1.6, 12.0]), 50)
    _, starts = returns(150, 400, {"rate": rate})
    measured = (400 / starts[:, -1]).reshape(3, 50).mean(axis=1)
    np.testing.assert_allclose(measured, [0.2, 1.6, 12.0], rtol=0.03)


def test_gaps_are_those_of_a_poisson_process_on_the_listeners_day():
    """In time that runs as the hours' weights do, gaps are Exp(1 / rate)."""
    _, starts = returns(20, 1000, {"rate": 3.0})

    def turned(time):  # by DAY_CLOCK, straight from the table
        day = np.floor(time)
        return day + np.interp((time - day) * 24, np.arange(25), a.DAY_CLOCK)

    gaps = np.diff(turned(starts), axis=1).ravel()
    assert stats.kstest(gaps * 3, stats.expon.cdf).pvalue > 1e-4


@pytest.mark.parametrize("chronotype", [0.0, 3.0, -2.5])
def test_sessions_begin_when_the_hours_say_so(chronotype):
    _, starts = returns(200, 100, {"rate": 1.6, "chronotype": chronotype})
    hour = ((starts.ravel() * 24 - chronotype) % 24).astype(int)
    counts = np.bincount(hour, minlength=24)
    assert np.corrcoef(counts, a.HOUR_WEIGHTS)[0, 1] > 0.97
    assert counts.argmin() in (2, 3, 4)
    assert counts.argmax() in (17, 18, 19)


def test_who_is_satisfied_comes_back_sooner():
    spans = [returns(300, 200, {"satisfaction": x})[1][:, -1].mean() for x in (-1.0, 0.0, 1.0)]
    np.testing.assert_allclose([spans[0] / spans[1], spans[1] / spans[2]], np.exp(0.3), rtol=0.02)
    off = [returns(5, 5, {"satisfaction": x}, satisfaction_return=0)[1] for x in (-1.0, 1.0)]
    np.testing.assert_array_equal(*off)


@pytest.mark.parametrize("satisfaction", [-0.5, 0.0, 0.6])
@pytest.mark.parametrize("rate", [0.1, 1.6])
def test_the_hazard_of_going_for_good_is_exact_whatever_the_rate(satisfaction, rate):
    columns = {"satisfaction": satisfaction, "rate": rate}
    crowd, _ = returns(20_000, 90, columns, churn=0.004, satisfaction_return=0.0)
    hazard = 0.004 * np.exp(-3 * satisfaction)
    for days in (7.0, 30.0):
        expected = -np.expm1(-hazard * days)
        gone = (crowd["gone"] < days).mean()
        assert gone == pytest.approx(expected, abs=4 * np.sqrt(expected * (1 - expected) / 20_000))


def test_nobody_leaves_for_good_without_churn_and_all_with_much():
    crowd, _ = returns(500, 50, {})
    assert np.isinf(crowd["gone"]).all()
    assert (crowd["phase"] == s.IDLE).all()
    crowd, _ = returns(500, 1, {}, churn=1e6)
    assert (crowd["phase"] == s.GONE).all()
    assert (crowd["gone"] < 0.01).all()


@njit(error_model="numpy")
def later(time, shift, amount, out):
    for i in range(len(time)):
        out[i] = s.day_clock_after(time[i], shift, amount[i])
    return out


def test_the_listeners_day_is_turned_back_exactly():
    i = np.arange(5000)
    time = (LUCK / "time").uniform(i).astype(np.float64) * 400
    amount = (LUCK / "amount").exponential(i).astype(np.float64) * 2
    out = later(time, 0.0, amount, np.empty(5000))
    assert (out >= time).all()
    day, end = np.floor(time), np.floor(out)
    table = np.arange(25) / 24
    passed = end - day + np.interp(out - end, table, a.DAY_CLOCK) - np.interp(time - day, table, a.DAY_CLOCK)
    np.testing.assert_allclose(passed, amount, atol=1e-9)
    np.testing.assert_allclose(later(time, 0.0, np.zeros(5000), np.empty(5000)), time, atol=1e-9)
    np.testing.assert_allclose(later(time, 0.1, np.full(5000, 7.0), np.empty(5000)), time + 7, atol=1e-9)


@njit
def drawn(weight, n, x, out):
    for i in range(len(x)):
        out[i] = s.draw_interest(weight, n, x[i])
    return out


def test_a_sessions_focus_is_drawn_by_weight():
    weight = np.float32([0.5, 0.2, 0.3, 0, 0])
    focus = drawn(weight, 3, LUCK.uniform(np.arange(N)), np.empty(N, np.int64))
    assert stats.chisquare(np.bincount(focus, minlength=3), N * weight[:3].astype(float)).pvalue > 1e-4
    assert set(drawn(weight, 1, LUCK.uniform(np.arange(100)), np.empty(100, np.int64))) == {0}
    assert drawn(weight * np.float32(0.9), 3, np.float32([0.9999]), np.empty(1, np.int64)) == [2]


# -- what they are doing


@njit(error_model="numpy")
def pass_time(people, step, activity, device):
    """Start a session each and look every `step` days."""
    for i in range(len(people)):
        me = people[i]
        a.start_activity(me, me.luck)
        for j in range(activity.shape[1]):
            activity[i, j], device[i, j] = me.activity, me.device
            me.clock += step
            a.go_on(me, fold(me.luck, j))


def days_of(n, steps, step, **columns):
    crowd = people(n, **({"activity_until": -1.0} | columns))
    activity, device = np.empty((n, steps), np.int8), np.empty((n, steps), np.int8)
    pass_time(crowd, step, activity, device)
    return activity, device


@pytest.mark.parametrize(("day", "hour"), [(0, 3), (1, 11), (4, 20), (5, 11), (6, 20)])
def test_the_first_activity_follows_the_hour(day, hour):
    activity, device = days_of(N, 1, 0.0, clock=day + hour / 24 + 1e-6)
    law = np.diff(a.FIRST[int(day >= 5), hour], prepend=0).astype(float)
    counts = np.bincount(activity[:, 0], minlength=6)
    assert stats.chisquare(counts[law > 0], law[law > 0] / law[law > 0].sum() * N).pvalue > 1e-4
    for doing in range(6):
        law = np.diff(a.DEVICE_OF[doing], prepend=0)
        on = np.bincount(device[activity[:, 0] == doing, 0], minlength=5)
        assert not on[law <= 1e-7].any()  # nobody drives a desktop
        np.testing.assert_allclose(on / max(on.sum(), 1), law, atol=5 / np.sqrt(max(on.sum(), 1)))


def test_activities_follow_one_another_and_never_themselves():
    activity, _ = days_of(400, 4000, 1 / 288, clock=0.4)
    before, after = activity[:, :-1].ravel(), activity[:, 1:].ravel()
    changed = before != after
    for doing in range(6):
        law = np.diff(a.NEXT[doing], prepend=0).astype(float)
        assert law[doing] == 0
        counts = np.bincount(after[changed & (before == doing)], minlength=6)
        np.testing.assert_allclose(counts / counts.sum(), law, atol=4 * 0.5 / np.sqrt(counts.sum()))
    stays = [(~changed)[before == doing].sum() / changed[before == doing].sum() for doing in range(6)]
    np.testing.assert_allclose((np.array(stays) + 0.5) / 12, a.HOURS, rtol=0.1)  # 12 looks an hour


def test_an_activity_that_still_lasts_goes_on():
    activity, _ = days_of(500, 1, 0.0, clock=3.0, activity=4, activity_until=3.1)
    assert (activity == 4).all()


@njit(error_model="numpy")
def situation(time, activity, device, p):
    return a.arousal_wanted(time, activity, p[0]), a.engagement(time, activity, device, p[0])


def test_hour_and_weekday_shift_what_is_wanted():
    def at(hour, day=0, doing=0, on=1, **changes):
        return situation(day + hour / 24, doing, on, params(**changes))

    calm = {"activity": 0.0, "device": 0.0}
    assert at(15, **calm)[0] == pytest.approx(0.68, abs=1e-5)
    assert at(3, **calm)[0] == pytest.approx(0.32, abs=1e-5)
    assert at(3, doing=2)[0] == pytest.approx(0.48, abs=1e-5)
    hours = np.arange(0, 24, 0.1)
    law = 0.5 + 0.18 * np.cos(2 * np.pi * (hours - 15) / 24)
    np.testing.assert_allclose([at(hour, **calm)[0] for hour in hours], law, atol=2e-4)
    shifts = [at(hour, **calm)[1] for hour in (4, 6, 12, 22, 1)]
    np.testing.assert_allclose(shifts, [0, -0.18, 0, 0.06, 0.06], atol=1e-6)
    assert at(12, doing=5, on=2)[1] == pytest.approx(-0.23)
    assert at(12, day=5, **calm)[1] == pytest.approx(DEFAULT.weekend)
    assert at(12, day=4, **calm)[1] == 0
    assert at(12, day=12, **calm)[1] == pytest.approx(DEFAULT.weekend)
    off = calm | {"morning": 0.0, "evening": 0.0, "weekend": 0.0}
    hours = [(hour, day, doing) for hour in range(24) for day in (0, 6) for doing in (0, 5)]
    assert not any(at(*when, **off)[1] for when in hours)
