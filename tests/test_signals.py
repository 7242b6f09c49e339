"""Likes and saves: as often as the utility says, and as late."""

import numpy as np
import pytest
from mechanics import params
from numba import njit
from scipy import stats

from simenv.rng import Key, fold
from simenv.types import LIKED, SAVED
from simenv.users.signals import late_signals, signals

N = 40_000
LUCK = Key.root(6) / "signals"


@njit(error_model="numpy")
def earn(utility, familiar, luck, p, out):
    for i in range(len(out)):
        out[i] = signals(utility, familiar, fold(luck, i), p[0])
    return out


def shares(utility, familiar=0.0, **changes):
    """Shares of plays that earn a like, a save and both."""
    luck = np.uint64(LUCK.bits(int(1000 * (utility + 50))))
    bits = earn(np.float32(utility), np.float32(familiar), luck, params(**changes), np.empty(N, np.uint8))
    liked, saved = bits & LIKED != 0, bits & SAVED != 0
    assert not (bits & ~(LIKED | SAVED)).any()
    return liked.mean(), saved.mean(), (liked & saved).mean()


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


@pytest.mark.parametrize("utility", [-2.0, 0.5, 2.0, 3.7, 5.0, 7.0])
@pytest.mark.parametrize("familiar", [0.0, 1.5])
def test_base_rates_are_those_of_the_logit(utility, familiar):
    """KuaiSim applied the sigmoid twice, and every signal came between .5 and .73 (FIELD.md, bug 1)."""
    liked, saved, both = shares(utility, familiar, like_at=2.0, save_at=3.0)
    like, save = sigmoid(utility - 2), sigmoid(utility + familiar - 3)
    assert liked == pytest.approx(like, abs=4 * np.sqrt(like * (1 - like) / N) + 1e-9)
    assert saved == pytest.approx(save, abs=4 * np.sqrt(save * (1 - save) / N) + 1e-9)
    assert both == pytest.approx(like * save, abs=0.011)  # given the utility, luck of its own


def test_signals_can_be_rare_and_can_be_sure():
    assert shares(0.0, like_at=40, save_at=40) == (0, 0, 0)
    assert shares(0.0, like_at=-40, save_at=-40) == (1, 1, 1)


def delays(flags, like_days=1 / 24, save_days=1.0):
    i = np.arange(N, dtype=np.int32)
    time = np.sort(LUCK.uniform(i).astype(np.float64) * 300)
    life = np.zeros(N, np.int32)
    at = (i % 500, time, i % 777, time + 0.002, np.full(N, flags, np.uint8))
    return late_signals(LUCK, i % 500 + 7, life, (like_days, save_days), at), at


def test_likes_come_within_hours_and_saves_within_days():
    for flag, mean in ((LIKED, 1 / 24), (SAVED, 1.0)):
        late, at = delays(flag)
        assert len(late) == N
        assert (late.liked == (flag == LIKED)).all()
        assert (late.saved == (flag == SAVED)).all()
        np.testing.assert_array_equal(late.time, at[1])
        np.testing.assert_array_equal(late.listener, at[0])
        np.testing.assert_array_equal(late.track, at[2])
        assert stats.kstest((late.came - at[3]) / mean, stats.expon.cdf).pvalue > 1e-4


def test_a_play_may_earn_both_and_they_come_apart():
    late, _ = delays(LIKED | SAVED)
    assert late.liked.sum() == late.saved.sum() == N
    like, save = late.rows(late.liked), late.rows(late.saved)
    assert abs(np.corrcoef(like.came - like.time, save.came - save.time)[0, 1]) < 0.025


def test_nothing_earned_nothing_comes():
    late, _ = delays(0)
    assert len(late) == 0


def test_delays_belong_to_the_play_not_to_the_batch():
    whole, (listener, time, track, ended, flags) = delays(LIKED)
    some = slice(100, 140)
    at = (listener[some], time[some], track[some], ended[some], flags[some])
    part = late_signals(LUCK, listener[some] + 7, np.zeros(40, np.int32), (1 / 24, 1.0), at)
    np.testing.assert_array_equal(part.came, whole.came[some])
