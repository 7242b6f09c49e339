"""Genre fatigue: counters that fade, and a switch that leaves nothing behind."""

import numpy as np
import pytest
from crowds import charts, crowd, music, slates
from mechanics import params, people
from numba import njit

from simenv.features import main_genre
from simenv.users import fatigue
from simenv.users.params import ListenerParams


@njit(error_model="numpy")
def weigh(people, genres, genre, p):
    return fatigue.genre_fatigue(people[0], genres, genre, p[0])


@njit(error_model="numpy")
def hear(people, genres, genre, fraction, p):
    fatigue.tire(people[0], genres, genre, fraction, p[0])


def test_a_genre_tires_by_the_log_of_its_recent_plays_and_rests_in_days():
    me, genres, p = people(), np.zeros(3, np.float32), params(fatigue=0.2)
    for fraction in (1.0, 0.5):
        hear(me, genres, 1, fraction, p)
    assert weigh(me, genres, 1, p) == pytest.approx(0.2 * np.log(2.5), rel=1e-5)
    assert weigh(me, genres, 0, p) == 0
    me["clock"] = 3.0
    assert weigh(me, genres, 1, p) == pytest.approx(0.2 * np.log1p(1.5 * np.exp(-1.5)), rel=1e-5)
    hear(me, genres, 2, 1.0, p)  # all counters are faded to the same moment
    assert genres == pytest.approx([0, 1.5 * np.exp(-1.5), 1])


def test_a_track_of_unknown_genre_tires_nobody():
    me, genres, p = people(), np.zeros(3, np.float32), params(fatigue=0.2)
    hear(me, genres, -1, 1.0, p)
    assert not genres.any()
    assert weigh(me, genres, -1, p) == 0


def test_a_tired_genre_appeals_less_and_others_as_before():
    """Appeal falls by exactly G on the genre that was played, and on no other."""
    population = crowd(40, ListenerParams(fatigue=0.5))
    rows = np.arange(40, dtype=np.int32)
    before = population.appeal(rows)
    population.genres[:, 2], population.people["tired"] = 1.0, population.people["clock"]
    fall = before - population.appeal(rows)
    of = main_genre(music()[0])
    np.testing.assert_allclose(fall[:, of == 2], 0.5 * np.log(2), atol=1e-5)
    assert not fall[:, of != 2].any()


def test_switched_off_there_is_no_counter_at_all():
    population = crowd(5)
    population.live(np.arange(5, dtype=np.int32), 9.0, 1.0, charts())
    rows = population.asking(np.arange(5, dtype=np.int32))
    population.play(rows, slates(rows, rows))
    assert population.genres.shape == (5, 0)
