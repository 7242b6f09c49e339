"""Slates of which one item or none is chosen: how good the quick ones are, and that the best is best."""

from itertools import combinations

import numpy as np
import pytest

from simenv.agents._slates_of_choice import best, greedy, top, value
from simenv.rng import Key

KEY = Key.root(5) / "slates of choice"
M, C = 400, 7
ROWS, COLUMNS = np.arange(M)[:, None], np.arange(C)
ATTRACTION = np.exp(KEY.normal(ROWS, COLUMNS, 0).astype(np.float64))  # (M, C)
WORTH = 3 * KEY.normal(ROWS, COLUMNS, 1).astype(np.float64) + 1  # (M, C), a third of them below 0
OUTSIDE = np.exp(KEY.normal(ROWS[:, 0], 2).astype(np.float64))  # (M,)
NOTHING = KEY.normal(ROWS[:, 0], 3).astype(np.float64)  # (M,)


def picked(places, array):
    return np.take_along_axis(array, places, axis=1)


def worth_of(places, outside=OUTSIDE, nothing=NOTHING):
    """(M,) by the definition: what each item brings times how often it is chosen."""
    v, q = picked(places, ATTRACTION), picked(places, WORTH)
    every = np.concatenate([v, np.broadcast_to(outside, M)[:, None]], axis=1)
    chance = every / every.sum(axis=1, keepdims=True)
    return (chance * np.concatenate([q, np.broadcast_to(nothing, M)[:, None]], axis=1)).sum(axis=1)


def most(k, nothing=NOTHING):
    """(M,) the largest worth of all slates of k."""
    slates = [np.tile(np.array(one, np.int32), (M, 1)) for one in combinations(range(C), k)]
    return np.max([worth_of(slate, nothing=nothing) for slate in slates], axis=0)


def test_a_slate_is_worth_what_is_chosen_times_how_often():
    slate = top(ATTRACTION, WORTH, 3)
    found = value(picked(slate, ATTRACTION), picked(slate, WORTH), OUTSIDE, NOTHING)
    np.testing.assert_allclose(found, worth_of(slate), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("k", range(1, C + 1))
@pytest.mark.parametrize("nothing", [0.0, NOTHING], ids=["nothing is worth nothing", "or something"])
def test_no_slate_of_all_is_worth_more_than_the_best(k, nothing):
    slate = best(ATTRACTION, WORTH, k, OUTSIDE, nothing)
    np.testing.assert_allclose(worth_of(slate, nothing=nothing), most(k, nothing), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("k", [1, 2, 3, C])
def test_slates_hold_k_different_items(k):
    for slate in (top(ATTRACTION, WORTH, k), *(f(ATTRACTION, WORTH, k, OUTSIDE) for f in (greedy, best))):
        assert slate.shape == (M, k) and slate.dtype == np.int32
        assert (np.diff(np.sort(slate, axis=1)) > 0).all() and slate.min() >= 0 and slate.max() < C


def test_quick_slates_are_worse_now_and_then_and_greedy_ones_seldom():
    exact = worth_of(best(ATTRACTION, WORTH, 3, OUTSIDE), nothing=0)
    quick, one_by_one = top(ATTRACTION, WORTH, 3), greedy(ATTRACTION, WORTH, 3, OUTSIDE)
    lost_top, lost_greedy = exact - worth_of(quick, nothing=0), exact - worth_of(one_by_one, nothing=0)
    assert lost_top.min() > -1e-12 and lost_greedy.min() > -1e-12
    assert 0 < (lost_greedy > 1e-9).mean() < 0.1 < (lost_top > 1e-9).mean()
    assert 0 < lost_greedy.mean() < 0.1 * lost_top.mean()


def test_of_one_item_greedy_is_best():
    np.testing.assert_array_equal(
        greedy(ATTRACTION, WORTH, 1, OUTSIDE, NOTHING), best(ATTRACTION, WORTH, 1, OUTSIDE, NOTHING)
    )


def test_where_nothing_is_nearly_always_chosen_the_top_is_best():
    same = [np.sort(slate, axis=1) for slate in (top(ATTRACTION, WORTH, 3), best(ATTRACTION, WORTH, 3, 1e9))]
    np.testing.assert_array_equal(*same)


def test_where_all_are_worth_the_same_the_most_attractive_are_best():
    alike = np.ones((M, C))
    wanted = np.argsort(-ATTRACTION, axis=1)[:, :3]
    for slate in (top(ATTRACTION, alike, 3), *(f(ATTRACTION, alike, 3, OUTSIDE) for f in (greedy, best))):
        np.testing.assert_array_equal(np.sort(slate, axis=1), np.sort(wanted, axis=1))


def test_what_all_outcomes_bring_alike_changes_no_slate_but_the_top():
    for find in (greedy, best):
        np.testing.assert_array_equal(
            find(ATTRACTION, WORTH + 10, 3, OUTSIDE, NOTHING + 10),
            find(ATTRACTION, WORTH, 3, OUTSIDE, NOTHING),
        )
    assert (top(ATTRACTION, WORTH + 10, 3) != top(ATTRACTION, WORTH, 3)).any()


def test_only_ratios_of_attractions_matter():
    for find in (greedy, best):
        np.testing.assert_array_equal(
            find(4 * ATTRACTION, WORTH, 3, 4 * OUTSIDE, NOTHING),
            find(ATTRACTION, WORTH, 3, OUTSIDE, NOTHING),
        )


def test_equal_items_are_taken_in_their_order_and_a_row_is_its_own():
    for find in (greedy, best):
        np.testing.assert_array_equal(find(np.ones((2, C)), np.ones((2, C)), 3, 1.0), [[0, 1, 2]] * 2)
        together = find(ATTRACTION, WORTH, 3, OUTSIDE, NOTHING)
        for r in range(5):
            one = slice(r, r + 1)
            alone = find(ATTRACTION[one], WORTH[one], 3, OUTSIDE[one], NOTHING[one])
            np.testing.assert_array_equal(alone, together[one])


def test_what_must_not_be_chosen_is_shown_only_where_there_is_nothing_else():
    barred = np.where(COLUMNS < 5, -1e9, WORTH)
    for find in (greedy, best):
        slate = find(ATTRACTION, barred, 3, OUTSIDE, NOTHING)
        assert ((slate >= 5).sum(axis=1) == 2).all()
        assert (find(ATTRACTION, barred, 2, OUTSIDE, NOTHING) >= 5).all()
