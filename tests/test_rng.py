"""Luck: pure functions of events, with the same bits in NumPy and in compiled code."""

from itertools import combinations
from math import comb

import numpy as np
import pytest
from numba import njit
from scipy import stats

from simenv import rng
from simenv.rng import Key

N = 100_000
KEY = Key.root(7) / "listener"
STREAM = rng.stream("skip")
EVENTS = np.arange(N, dtype=np.int64)


def irwin_hall(x):
    """Distribution function of the sum of four uniforms."""
    return sum((-1) ** k * comb(4, k) * np.maximum(x - k, 0) ** 4 for k in range(5)) / 24


LAWS = {
    "uniform": stats.uniform.cdf,
    "exponential": stats.expon.cdf,
    "normal": stats.norm.cdf,
    "bell": lambda x: irwin_hall(np.asarray(x, np.float64) / np.sqrt(3) + 2),
}


@njit(error_model="numpy")
def compiled(word, name, events, bits, uniform, exponential, bell, below):
    """The five draws of events (word, i, -i, name)."""
    for e in range(len(events)):
        h = rng.fold(rng.fold(rng.fold(word, events[e]), -events[e]), name)
        bits[e] = h
        uniform[e], exponential[e], bell[e] = rng.uniform(h), rng.exponential(h), rng.bell(h)
        below[e] = rng.below(37, h)


def test_numpy_and_compiled_draws_have_the_same_bits():
    out = {"bits": np.uint64, "uniform": np.float32, "exponential": np.float32, "bell": np.float32}
    out = {name: np.empty(N, dtype) for name, dtype in (out | {"below": np.int32}).items()}
    compiled(np.uint64(KEY.word), STREAM, EVENTS, *out.values())
    event = (EVENTS, -EVENTS, STREAM)
    for name in ("bits", "uniform", "exponential", "bell"):
        draws = getattr(KEY, name)(*event)
        assert draws.dtype == out[name].dtype
        np.testing.assert_array_equal(draws, out[name])
    np.testing.assert_array_equal(KEY.below(37, *event), out["below"])


def test_each_child_is_itself_among_many():
    names = ("luck", "rate", "weight")
    for event in ((EVENTS[:9], 5), (EVENTS[:9, None], np.arange(4))):
        bits = KEY.each(names, *event)
        for name, own in zip(names, bits, strict=True):
            np.testing.assert_array_equal(own, (KEY / name).bits(*event))


def test_golden_draws():
    """A seed keeps its meaning: whoever changes these numbers changes every published result."""
    assert Key.root(7).word == 14490703507033973732
    assert KEY.word == 646214554741548004
    assert rng.stream("skip") == 6219028430364928482
    event = (np.arange(3), 5)
    bits = [10636338926738524837, 11423101814228434984, 15752008628399250068]
    assert KEY.bits(*event).tolist() == bits
    np.testing.assert_array_equal(KEY.uniform(*event), np.float32([0.57659703, 0.6192476, 0.85391814]))
    np.testing.assert_array_equal(KEY.exponential(*event), np.float32([0.5506116, 0.47925007, 0.15791994]))
    np.testing.assert_array_equal(KEY.bell(*event), np.float32([1.1573787, 0.5376715, 0.21785423]))
    assert KEY.below(1000, *event).tolist() == [576, 619, 853]


def test_a_draw_is_its_own_whatever_is_drawn_beside_it():
    alone = [KEY.uniform(3, i) for i in range(50)]
    np.testing.assert_array_equal(KEY.uniform(3, np.arange(50)), alone)
    np.testing.assert_array_equal(KEY.uniform(3, np.arange(50)[::-1]), alone[::-1])
    grid = KEY.uniform(np.arange(5)[:, None], np.arange(50))
    np.testing.assert_array_equal(grid[3], alone)


@pytest.mark.parametrize("name", LAWS)
def test_draws_follow_their_law(name):
    draws = getattr(KEY / name, name)(EVENTS)
    assert stats.kstest(draws, LAWS[name]).pvalue > 1e-4


@pytest.mark.parametrize("n", [2, 7, 1000])
def test_integers_below_n_are_even(n):
    draws = (KEY / "below").below(n, EVENTS)
    assert draws.min() >= 0
    assert draws.max() < n
    assert stats.chisquare(np.bincount(draws, minlength=n)).pvalue > 1e-4


def test_below_1_is_0():
    assert not KEY.below(1, EVENTS).any()


def test_a_bell_has_mean_0_sd_1_and_no_tails():
    bell = KEY.bell(EVENTS).astype(np.float64)
    np.testing.assert_allclose([bell.mean(), bell.std()], [0, 1], atol=4 / np.sqrt(N))
    assert abs(stats.skew(bell)) < 0.03
    assert np.abs(bell).max() <= 2 * np.sqrt(3)


def test_uniforms_are_never_0_or_1():
    edges = np.array([0, 2**64 - 1], np.uint64)
    least, most = njit(lambda a, b: (rng.uniform(a), rng.uniform(b)))(*edges)
    assert least > 0
    assert most < 1


@pytest.mark.parametrize("lag", [1, 2, 64, 4096])
def test_neighbours_are_not_alike(lag):
    for draws in (KEY.uniform(EVENTS), KEY.uniform(5, EVENTS), KEY.uniform(EVENTS, 5)):
        assert abs(np.corrcoef(draws[lag:], draws[:-lag])[0, 1]) < 4.5 / np.sqrt(N)


def test_keys_and_streams_and_orders_of_events_are_strangers():
    root = Key.root(0)
    draws = [
        *(key.uniform(EVENTS) for key in (root, Key.root(1), Key.root(-1), root / "a", root / "b")),
        (root / "a" / "b").uniform(EVENTS),
        (root / "b" / "a").uniform(EVENTS),
        root.uniform(EVENTS, 1),
        root.uniform(1, EVENTS),
        root.uniform(EVENTS, rng.stream("like")),
        root.uniform(EVENTS, rng.stream("save")),
    ]
    for a, b in combinations(draws, 2):
        assert abs(np.corrcoef(a, b)[0, 1]) < 4.5 / np.sqrt(N)


def test_no_two_events_of_a_million_share_their_bits():
    bits = KEY.bits(np.arange(1000)[:, None], np.arange(1000))
    assert len(np.unique(bits)) == bits.size


def test_generators_for_other_libraries_come_from_the_key():
    assert KEY.seed32() == (Key.root(7) / "listener").seed32()
    assert 0 <= KEY.seed32() < 2**32
    assert KEY.seed32() != (KEY / "torch").seed32()
    np.testing.assert_array_equal(KEY.generator().random(3), KEY.generator().random(3))
