"""Parameters at their ends: what then has to happen happens, and never a number that is none."""

import numpy as np
import pytest
from crowds import charts, crowd, live, slates, state

from simenv.types import LEFT, LIKED, REACHED, SAVED, SKIPPED, SOURCES
from simenv.users.params import ListenerParams
from simenv.users.ranges import NOT_NEGATIVE, SHARES

ALL = np.arange(60, dtype=np.int32)


def answers(k=6, **changes):
    """What sixty listeners, who all ask, do with a first slate."""
    population = crowd(60, ListenerParams(**{"churn": 0.0} | changes))
    population.live(ALL, 300.0, 1.0, charts())
    rows = population.asking(ALL)
    assert len(rows) == 60
    return population.play(rows, slates(rows, rows * 0, k))


def shares(**changes):
    """Of organic plays of the second week: shares by flag and by source."""
    plays = live(crowd(60, ListenerParams(**changes)), until=14.0, share=0.0)
    plays = plays.rows(plays.time > 7)
    by_flag = {flag: plays.has(flag).mean() for flag in (LIKED, SAVED)}
    return by_flag | {name: (plays.source == place).mean() for place, name in enumerate(SOURCES)}


def test_endless_patience_finishes_everything():
    response = answers(impatience=-60.0)
    assert not (response.flags & SKIPPED).any()


def test_no_patience_skips_everything_at_once():
    response = answers(impatience=60.0)
    reached = response.flags & REACHED != 0
    assert (response.flags[reached] & SKIPPED != 0).all()
    assert response.seconds[reached].max() < 1e-3


def test_without_leaving_a_slate_is_played_to_its_end():
    response = answers(k=50, leave=0.0)
    assert (response.flags & REACHED != 0).all()
    assert not (response.flags & LEFT).any()


@pytest.mark.parametrize(("name", "flag"), [("like_at", LIKED), ("save_at", SAVED)])
def test_likes_and_saves_can_be_all_or_none(name, flag):
    assert shares(**{name: 60.0})[flag] == 0
    liked = answers(**{name: -60.0})
    heard = liked.seconds >= 30
    np.testing.assert_array_equal(liked.flags & flag != 0, heard)


def test_churn_at_its_end_leaves_nobody():
    population = crowd(60, ListenerParams(churn=1e6))
    population.live(ALL, 40.0, 0.0, charts())
    assert np.isinf(population.returns(ALL)).all()


def test_who_only_discovers_never_repeats_and_who_never_does_repeats_all():
    """But for the first tracks of all, which are a discovery to everyone."""
    assert shares(discovery_a=1e4, discovery_b=1e-4, activity=0.0)["library"] == 0
    assert shares(discovery_a=1e-4, discovery_b=1e4, album_run=0.0)["library"] > 0.9


EXTREMES = [
    *({name: 0.0} for name in (*NOT_NEGATIVE, *SHARES)),
    *({name: 1.0} for name in SHARES),
    *({name: 50.0} for name in NOT_NEGATIVE if name != "sessions_spread"),
    {"sessions_spread": 5.0},  # at 50 nobody would ever come
    {"memory": 8},
    {"memory": 4096},
]


@pytest.mark.parametrize("changes", EXTREMES, ids=str)
def test_nothing_breaks_at_the_ends_and_the_same_comes_twice(changes):
    def run():
        population = crowd(12, ListenerParams(**changes))
        plays = live(population, until=5.0)
        return plays, state(population)

    (plays, one), (again, other) = run(), run()
    np.testing.assert_array_equal(plays.track, again.track)
    assert np.isfinite(plays.seconds).all() and (plays.seconds >= 0).all()
    for name, column in one.items():
        np.testing.assert_array_equal(column, other[name], err_msg=name)
        if column.dtype.kind == "f" and name != "person.gone":
            assert np.isfinite(column).all(), name
