"""Shelves, cascades and carousels: who looks where, and what is picked."""

import numpy as np
import pytest
from crowds import answer, charts, crowd, slates, state
from numba import njit

from simenv.errors import UsageError
from simenv.rng import Key
from simenv.scenarios.build import make_world
from simenv.types import LEFT, REACHED, RESPONSES
from simenv.users import choice
from simenv.users.params import ListenerParams

SHELVES = RESPONSES[1:]
K = 6


@njit(error_model="numpy")
def pick(looks, lucks, p, out):
    for i in range(len(lucks)):
        out[i] = choice.choose_slot(looks, lucks[i], p[0])


def asking(n=400, params=None, **changes):
    """A crowd in which everybody waits for a first slate; who waits, and what they are shown."""
    population = crowd(n, params or ListenerParams(churn=0.0, **changes))
    rows = np.arange(n, dtype=np.int32)
    population.live(rows, 200.0, 1.0, charts())
    rows = population.asking(rows)
    return population, rows, slates(rows, rows * 0, K)


def picked(response):
    """(m,) the slot that was played, -1: none."""
    reached = response.flags & REACHED != 0
    return np.where(reached.any(axis=1), reached.argmax(axis=1), -1)


def test_slots_are_picked_by_the_logit_law():
    looks = np.array([1.5, 0.5, 0.0, 2.0], np.float32)
    elsewhere = np.log(2.0)
    lucks = (Key.root(1) / "luck").bits(np.arange(40_000))
    out = np.empty(len(lucks), np.int64)
    pick(looks, lucks, ListenerParams(elsewhere=float(elsewhere)).record(), out)
    share = np.bincount(out + 1, minlength=5) / len(out)
    np.testing.assert_allclose(share, np.array([2, *looks]) / 6, atol=0.01)


def test_how_likely_slots_are_looked_at():
    params = ListenerParams(shelf_power=0.8, cascade=0.9, swipe=0.5)
    at = {name: choice.examination(name, 7, params) for name in SHELVES}
    np.testing.assert_allclose(at["shelf"], np.arange(1, 8) ** -0.8, rtol=1e-6)
    np.testing.assert_allclose(at["cascade"], 0.9 ** np.arange(7), rtol=1e-6)
    np.testing.assert_allclose(at["carousel"], [1, 1, 1, 0.5, 0.5, 0.5, 0.25])


@pytest.mark.parametrize("name", SHELVES)
def test_switched_off_every_slot_is_looked_at(name):
    blind = ListenerParams(shelf_power=0.0, cascade=1.0, swipe=1.0)
    assert (choice.examination(name, 9, blind) == 1).all()


@pytest.mark.parametrize("name", SHELVES)
def test_at_most_one_track_is_played_and_time_goes_on(name):
    population, rows, tracks = asking()
    before, position = population.people["clock"][rows], population.people["position"][rows]
    response = population.play(rows, tracks, name)
    reached = response.flags & REACHED != 0
    assert reached.sum(axis=1).max() == 1
    slot = picked(response)
    none = slot < 0
    assert 20 < none.sum() < len(rows) - 20  # both kinds did happen
    assert (response.seconds[reached] > 0).all() and not response.seconds[~reached].any()
    over = (response.flags & LEFT != 0).any(axis=1)
    assert 10 < over[none].sum() < none.sum()
    stays = rows[none & ~over]
    gone_by = (population.people["clock"][stays] - before[none & ~over]) * 86_400
    np.testing.assert_allclose(gone_by, ListenerParams().look_seconds, atol=1e-5)
    assert (population.people["position"][stays] == position[none & ~over] + 1).all()


def test_the_first_slots_of_a_shelf_win_by_position_alone():
    """The same track in all slots: shares follow pi."""
    population, rows, _ = asking(4_000, look_noise=0.0, elsewhere=-20.0)
    tracks = np.repeat(slates(rows, rows, 1), K, axis=1)
    share = np.bincount(picked(population.play(rows, tracks, "shelf")), minlength=K) / len(rows)
    pi = np.arange(1, K + 1) ** -0.8
    np.testing.assert_allclose(share, pi / pi.sum(), atol=0.03)


def test_quality_does_not_show_on_a_shelf_and_taste_does():
    """Who picks cannot hear quality; what is picked fits the taste better than what is not."""
    population, rows, tracks = asking(3_000, shelf_power=0.0, look_noise=0.2)
    quality = population.songs["quality"][tracks]
    appeal = population.appeal(rows, tracks)
    slot = picked(population.play(rows, tracks, "shelf"))
    some = slot >= 0
    chosen = np.arange(len(rows))[some], slot[some]
    taste = appeal - 0.45 * quality
    assert abs(quality[chosen].mean() - quality[some].mean()) < 0.06
    assert taste[chosen].mean() - taste[some].mean() > 0.2


def test_what_is_unknown_is_judged_with_more_error():
    """Familiar tracks look as good as they are; of unknown ones the worse is picked more often by mistake."""

    def mistakes(familiar):
        population, rows, tracks = asking(
            1_500, shelf_power=0.0, quality=0.0, look_noise=2.0, elsewhere=-20.0
        )
        if familiar:
            for slot in range(2):
                population.tracks[rows, slot] = tracks[:, slot]
            population.traces[rows, 0, :2] = 65_535
            population.people["remembered"][rows] = 2
        appeal = population.appeal(rows, tracks[:, :2])
        worse = appeal.argmin(axis=1)
        return (picked(population.play(rows, tracks[:, :2].copy(), "shelf")) == worse).mean()

    assert mistakes(familiar=False) > mistakes(familiar=True) + 0.05


@pytest.mark.parametrize("name", SHELVES)
def test_a_listener_picks_the_same_alone_and_in_a_crowd(name):
    population, rows, tracks = asking(60)
    response = population.play(rows, tracks, name)
    for row in rows[:5]:
        alone = crowd(1, ListenerParams(churn=0.0), first=int(row))
        one = np.zeros(1, np.int32)
        alone.live(one, 200.0, 1.0, charts())
        at = np.flatnonzero(rows == row)
        again = alone.play(one, tracks[at], name)
        np.testing.assert_array_equal(again.flags, response.flags[at])
        for column, mine in state(alone).items():
            np.testing.assert_array_equal(mine[0], state(population)[column][row], err_msg=column)


def test_a_world_of_shelves_goes_on_by_itself():
    world = make_world(60, 400, seed=2, share=1.0, response="shelf")
    plays = answers = 0
    for _ in range(3):
        while (request := world.waiting()) is not None:
            exchange = world.play(answer(request, world.catalogue))
            answers += len(request)
            plays += int(exchange.feedback.reached.sum())
        world.turn()
    assert 0 < plays < answers
    assert len(world.log) == plays


def test_an_unknown_response_is_refused_with_those_that_exist():
    with pytest.raises(UsageError, match="'shelve'; there are queue, shelf, cascade, carousel"):
        make_world(10, 100, response="shelve")
    with pytest.raises(UsageError, match=r"cascade is 1\.5"):
        ListenerParams(cascade=1.5)
