"""A crowd is its listeners: whoever lives beside them, in which order, on how many threads."""

import pickle
from dataclasses import fields, replace

import cloudpickle
import numpy as np
import pytest
from crowds import KEY, changed, charts, crowd, live, music, slates, state
from scipy import stats

from simenv.errors import UsageError
from simenv.rng import Key
from simenv.types import Plays
from simenv.users import population as module
from simenv.users.params import ListenerParams
from simenv.users.population import Population
from simenv.users.ranges import RANGES


@pytest.fixture(scope="module")
def usual():
    """Two hundred listeners after twelve days, and what they played by themselves."""
    population = crowd()
    return population, live(population)


def same_plays(one, other):
    for name in Plays.dtypes:
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name), err_msg=name)


def of_listener(plays, listener):
    return plays.rows(plays.listener == listener)


def test_there_is_something_to_compare(usual):
    population, plays = usual
    assert len(plays) > 5000
    assert (population.people["visit"] > 5).mean() > 0.5
    assert set(np.unique(plays.source)) == {1, 2, 3, 4, 6}


@pytest.mark.parametrize("listener", [0, 7, 199])
def test_alone_as_in_a_crowd(usual, listener):
    population, plays = usual
    alone = crowd(1, first=listener)
    mine = live(alone)
    for name, column in state(alone).items():
        np.testing.assert_array_equal(column[0], state(population)[name][listener], err_msg=name)
    theirs = of_listener(plays, listener)
    for name in ("time", "track", "seconds", "flags", "source", "session"):
        np.testing.assert_array_equal(getattr(mine, name), getattr(theirs, name), err_msg=name)


def test_threads_change_nothing(usual, monkeypatch):
    monkeypatch.setattr(module, "ALONE", 1)
    population = crowd(threads=3)
    same_plays(live(population), usual[1])
    assert not changed(population, usual[0])
    population.appeal(np.arange(200, dtype=np.int32))


@pytest.mark.parametrize(("name", "size"), [("CHUNK", 7), ("BUFFER", 300)])
def test_how_a_crowd_is_cut_changes_nothing(usual, monkeypatch, name, size):
    monkeypatch.setattr(module, name, size)
    population = crowd()
    same_plays(live(population), usual[1])
    assert not changed(population, usual[0])


def test_the_order_of_rows_changes_nothing(usual):
    population = crowd()
    live(population, np.arange(199, -1, -1, dtype=np.int32))
    assert not changed(population, usual[0])


def test_batches_change_nothing(usual):
    population = crowd()
    for rows in np.array_split(np.arange(200, dtype=np.int32), 3):
        live(population, rows)
    assert not changed(population, usual[0])


def test_how_time_is_cut_changes_nothing(usual):
    population = crowd()
    for until in (0.3, 1.0, 5.5, 12.0):
        live(population, until=until)
    assert not changed(population, usual[0])


def test_one_listener_disturbs_no_other(usual):
    """Who asks most often is played something else; nobody else's life changes."""
    one = int(usual[0].people["visit"].argmax())

    def different_for_one(listeners, visits):
        tracks = slates(listeners, visits)
        tracks[listeners == one] = slates(np.array([1000]), np.array([0]))
        return tracks

    population = crowd()
    live(population, instead=different_for_one)
    assert changed(population, usual[0]) == {one}


def test_seeds_are_other_people(usual):
    other = crowd(key=Key.root(9))
    assert len(changed(other, crowd())) == 200
    assert np.abs(np.corrcoef(other.people["rate"], usual[0].people["rate"])[0, 1]) < 0.3


# -- births


def test_who_is_born_anew_remembers_nothing(usual):
    population = crowd()
    live(population)
    rows = np.arange(0, 200, 3, dtype=np.int32)
    population.bear(rows, life=0)
    assert len(changed(population, crowd())) > 100
    assert not set(rows.tolist()) & changed(population, crowd())


def test_another_life_is_another_person():
    population, other = crowd(), crowd()
    other.bear(np.arange(50, dtype=np.int32), life=1, time=3.0)
    assert changed(population, other) == set(range(50))
    assert (other.people["joined"][:50] == 3).all()
    assert (other.people["clock"][:50] > 3).all()
    one_by_one = crowd()
    for row in range(50):
        one_by_one.bear(np.array([row], np.int32), life=1, time=3.0)
    assert not changed(one_by_one, other)


@pytest.fixture(scope="module")
def born():
    return crowd(20_000).columns


def test_listeners_are_born_by_their_laws(born):
    n = 20_000
    laws = {
        "discovery": stats.beta(3.6, 4.6),
        "mainstream": stats.beta(1.6, 2.2),
        "skipper": stats.norm(0, 0.9),
        "chronotype": stats.norm(0, 1.6),
        "rate": stats.lognorm(0.9, scale=1.6 * np.exp(-0.405)),
    }
    for name, law in laws.items():
        assert stats.kstest(born[name], law.cdf).pvalue > 1e-4, name
    poisson = stats.poisson(1.8).pmf(np.arange(4))
    law = n * np.append(poisson, 1 - poisson.sum())
    assert stats.chisquare(np.bincount(born["interests"], minlength=6)[1:], law).pvalue > 1e-4


def test_tastes_at_birth_are_at_home(born):
    has = np.arange(5) < born["interests"][:, None]
    np.testing.assert_allclose(born["weight"].sum(axis=1), 1, atol=1e-5)
    assert (born["weight"][has] > 0).all()
    assert not born["weight"][~has].any()
    hidden = music()[1]
    np.testing.assert_array_equal(born["taste"][has], hidden.centroids[born["home"][has]])
    two = born["weight"][born["interests"] == 2, 0]  # Dirichlet of two is a Beta
    assert stats.kstest(two, stats.beta(1.2, 1.2).cdf).pvalue > 1e-4
    counts = np.bincount(born["home"][has], minlength=len(hidden.supply))
    np.testing.assert_allclose(counts / counts.sum(), hidden.supply / hidden.supply.sum(), atol=0.005)


def test_newcomers_join_later_and_ask_for_nothing_before():
    params = ListenerParams(newcomers=0.5, newcomer_days=10.0, sessions=6.0)
    population = crowd(2000, params)
    joined = population.columns["joined"]
    assert 0.45 < (joined > 0).mean() < 0.55
    assert stats.kstest(joined[joined > 0], stats.uniform(0, 10).cdf).pvalue > 1e-4
    plays = population.live(np.arange(2000, dtype=np.int32), 4.0, 0.0, charts())
    assert (plays.time >= joined[plays.listener]).all()
    assert (population.people["session"][joined > 4] == 0).all()


# -- the mouth of the population


def test_charts_halve_in_their_half_life():
    population = crowd(5, ListenerParams(chart_half_life=20.0))
    before = np.arange(400, dtype=np.float32)
    none, some = np.zeros(400, np.int64), np.arange(400)
    np.testing.assert_allclose(population.next_charts(before, none, 20.0), before / 2, rtol=1e-6)
    np.testing.assert_allclose(population.next_charts(before, some, 40.0), before / 4 + some, rtol=1e-6)
    assert population.next_charts(before, some, 1.0).dtype == np.float32


def test_appeal_of_all_is_the_appeal_of_each(usual):
    population, rows = usual[0], np.array([3, 150, 9], np.int32)
    everything = population.appeal(rows)
    assert everything.shape == (3, 400)
    assert everything.dtype == np.float32
    tracks = np.tile(np.arange(400, dtype=np.int32), (3, 1))
    np.testing.assert_array_equal(population.appeal(rows, tracks), everything)
    np.testing.assert_array_equal(population.appeal(rows, tracks[:, 7:9]), everything[:, 7:9])


def test_asking_for_the_appeal_changes_nobody(usual):
    before = pickle.loads(pickle.dumps(usual[0]))
    usual[0].appeal(np.arange(200, dtype=np.int32))
    assert not changed(before, usual[0])


def test_when_listeners_return(usual):
    population = usual[0]
    returns = population.returns(np.arange(200, dtype=np.int32))
    gone = np.isfinite(population.people["gone"])
    np.testing.assert_array_equal(np.isinf(returns), gone)
    assert (returns[~gone] >= 12).all()


@pytest.mark.parametrize("library", [pickle, cloudpickle])
def test_a_population_travels_and_lives_on(usual, monkeypatch, library):
    monkeypatch.setattr(module, "ALONE", 1)
    population = crowd(threads=2)
    live(population, until=6.0)  # its threads are at work by now
    copy = library.loads(library.dumps(population))
    live(copy)
    assert not changed(copy, usual[0])


def test_parameters_out_of_range_are_refused():
    for changes, says in (
        ({"memory": 4}, "remembers 8 to 4,096"),
        ({"memory": 5000}, "remembers 8 to 4,096"),
        ({"drift": float("nan")}, "listener.drift is nan"),
        ({"memory": 20.5}, "remembers 8 to 4,096"),
        ({"worn_days": 0.0}, "listener.worn_days is 0.0; it must be above 0"),
        ({"noise": -0.1}, "listener.noise is -0.1; it must be 0 or more"),
        ({"homophily": 1.5}, "listener.homophily is 1.5; it must be a share"),
        ({"degree_mean": -1.0}, "listener.degree_mean is -1.0; it must be from 0 to 1,000 friends"),
        ({"bots_nuke": -0.1}, "listener.bots_nuke is -0.1; it must be a share"),
        ({"bots_push": 0.6, "bots_farm": 0.6}, "bots_farm sum to 1.2; at most 1 of all"),
        ({"bot_artists": 0}, "listener.bot_artists is 0; it must be at least one"),
        ({"album_run": 1.2}, "listener.album_run is 1.2; it must be a share, from 0 to 1"),
    ):
        with pytest.raises(UsageError, match=says):
            ListenerParams(**changes)


def test_ranges_name_parameters_that_exist():
    assert RANGES.keys() <= {f.name for f in fields(ListenerParams)}


@pytest.mark.parametrize("name", ["sound", "quality", "centroids", "arousal"])
def test_music_that_is_not_a_number_is_refused_at_birth(name):
    public, hidden = music()
    broken = getattr(hidden, name).copy()
    broken[7] = np.nan
    with pytest.raises(UsageError, match=r"7 is not a finite number"):
        Population(3, public, replace(hidden, **{name: broken}), ListenerParams(), KEY)


def test_tracks_without_length_or_release_are_refused_at_birth():
    public, hidden = music()
    for name, value, says in (("seconds", 0.0, "is 0.0; a length"), ("released", np.nan, "not a finite")):
        broken = getattr(public, name).copy()
        broken[3] = value
        with pytest.raises(UsageError, match=f"{name} of track 3 .*{says}"):
            Population(3, replace(public, **{name: broken}), hidden, ListenerParams(), KEY)


def test_more_dimensions_than_fit_are_refused():
    public, hidden = music()
    wide = np.ones((len(public), 300), np.float32)
    with pytest.raises(UsageError, match="300 dimensions; 1 to 256"):
        Population(3, public, replace(hidden, sound=wide), ListenerParams(), KEY)


def test_the_key_is_the_whole_of_luck():
    one, other = crowd(20, key=KEY), crowd(20, key=KEY)
    assert not changed(one, other)
    other.bear(np.arange(20, dtype=np.int32), life=0, key=Key.root(3))
    assert len(changed(one, other)) == 20
