"""Bots: what each kind does, to whom it shows, and that nobody else is changed by them but through charts."""

import numpy as np
import pytest
from crowds import answer, charts, crowd, live, music, state

from simenv.rng import Key
from simenv.scenarios.build import make_world
from simenv.types import HEARD_SECONDS, LIKED, REACHED, SAVED, SKIPPED, Plays
from simenv.users.adversaries import BANDWAGON, FARM, HONEST, NUKE, PUSH, targets
from simenv.users.params import ListenerParams

KINDS = {"bots_push": PUSH, "bots_nuke": NUKE, "bots_bandwagon": BANDWAGON, "bots_farm": FARM}


def day(world):
    exchanges = []
    while (request := world.waiting()) is not None:
        exchanges.append(world.play(answer(request, world.catalogue)))
    return exchanges, world.turn()


def organic(name, **changes):
    """Ten days of a crowd in which two fifths are bots of one kind, by themselves: who, and their plays."""
    population = crowd(200, ListenerParams(**{name: 0.4}, churn=0.0, **changes))
    plays = population.live(np.arange(200, dtype=np.int32), 10.0, 0.0, charts())
    is_bot = population.columns["bot"] == KINDS[name]
    return population, plays.rows(is_bot[plays.listener])


def aimed(population, plays):
    """(e,) whether each play is of the artist its bot acts on."""
    return music()[0].artist[plays.track] == population.columns["target"][plays.listener]


def test_so_many_are_bots_and_of_so_many_kinds():
    shares = {"bots_push": 0.1, "bots_nuke": 0.05, "bots_bandwagon": 0.2, "bots_farm": 0.15}
    columns = crowd(4000, ListenerParams(**shares, bot_artists=3)).columns
    for name, share in shares.items():
        assert (columns["bot"] == KINDS[name]).mean() == pytest.approx(share, abs=0.025)
    bots = columns["bot"] != HONEST
    assert len(np.unique(columns["target"][bots])) == 3
    assert (columns["target"][~bots] == -1).all()
    assert (columns["rate"][bots] == 6).all()
    assert not crowd(50).columns["bot"].any()


def test_targets_are_artists_who_are_out_and_more_of_them_are_the_same_and_others():
    catalogue, key = music()[0], Key.root(2)
    few, many = targets(key, catalogue, 2), targets(key, catalogue, 9)
    np.testing.assert_array_equal(few, many[:2])
    assert len(np.unique(many)) == 9
    assert np.isin(many, catalogue.artist[catalogue.released_by(0.0)]).all()
    assert len(targets(key, catalogue, 10_000)) <= catalogue.n_artists


def test_more_bots_are_the_same_ones_and_others():
    few, more = (crowd(500, ListenerParams(bots_push=share)).columns["bot"] for share in (0.1, 0.3))
    assert (more[few == PUSH] == PUSH).all()
    assert more.sum() > 2 * few.sum()


# -- what each kind does by itself


def test_a_push_plays_its_artist_to_the_end():
    population, plays = organic("bots_push")
    assert len(plays) > 2000
    assert aimed(population, plays).all()
    assert not plays.has(SKIPPED).any()
    np.testing.assert_allclose(plays.seconds, music()[0].seconds[plays.track], rtol=1e-6)


def test_a_nuke_leaves_its_artist_within_seconds():
    population, plays = organic("bots_nuke")
    assert aimed(population, plays).all()
    assert plays.has(SKIPPED).all()
    assert plays.seconds.max() < 5
    assert plays.seconds.min() > 1


def test_a_bandwagon_hides_half_of_it_in_the_charts():
    population, plays = organic("bots_bandwagon")
    assert aimed(population, plays).mean() == pytest.approx(0.5, abs=0.05)
    assert not plays.has(SKIPPED).any()


def test_a_farm_plays_just_as_long_as_counts():
    population, plays = organic("bots_farm")
    assert aimed(population, plays).all()
    assert (plays.seconds >= HEARD_SECONDS).all()
    assert plays.seconds.max() < HEARD_SECONDS + 5
    assert plays.has(SKIPPED).all()


@pytest.mark.parametrize("name", KINDS)
def test_bots_come_at_their_rate_and_feel_nothing(name):
    population, plays = organic(name, bot_rate=3.0)
    bots = population.columns["bot"] != HONEST
    sessions = population.people["session"][bots].mean()  # 30, less what the sessions themselves take
    assert 25 < sessions < 32
    assert not population.columns["satisfaction"][bots].any()
    assert not plays.has(LIKED).any()
    assert not plays.has(SAVED).any()
    assert not population.people["remembered"][bots].any()
    assert (np.diff(plays.time)[np.diff(plays.listener) == 0] > 0).all()


# -- what they do where something is recommended


@pytest.mark.parametrize("name", KINDS)
def test_bots_do_the_same_to_what_is_recommended(name):
    population = crowd(100, ListenerParams(**{name: 1.0}))
    rows = np.arange(100, dtype=np.int32)
    population.live(rows, 30.0, 1.0, charts())
    rows = population.asking(rows)
    catalogue = music()[0]
    artist = population.columns["target"][0]
    theirs = np.flatnonzero((catalogue.artist == artist) & catalogue.released_by(0.0))[0]
    others = np.flatnonzero((catalogue.artist != artist) & catalogue.released_by(0.0))[:3]
    tracks = np.tile(np.append(theirs, others).astype(np.int32), (len(rows), 1))
    response = population.play(rows, tracks)
    seconds, reached = response.seconds, response.flags & REACHED != 0
    first, rest = seconds[reached[:, 0], 0], seconds[:, 1:][reached[:, 1:]]
    assert len(first) > 80
    assert len(rest) > 80
    whole = catalogue.seconds[theirs]
    low, high = {PUSH: (whole, whole), BANDWAGON: (whole, whole), NUKE: (1, 5), FARM: (31, 35)}[KINDS[name]]
    assert (first >= low).all()
    assert (first <= high).all()
    assert (rest > 60).all() if KINDS[name] == NUKE else (rest < 5).all()
    assert not response.utility.any()


def test_on_a_shelf_a_bot_picks_its_artist():
    population = crowd(100, ListenerParams(bots_push=1.0))
    rows = np.arange(100, dtype=np.int32)
    population.live(rows, 30.0, 1.0, charts())
    rows = population.asking(rows)
    catalogue = music()[0]
    mine = catalogue.artist == population.columns["target"][0]
    out = catalogue.released_by(0.0)
    tracks = np.append(np.flatnonzero(~mine & out)[:4], np.flatnonzero(mine & out)[0]).astype(np.int32)
    response = population.play(rows, np.tile(tracks, (len(rows), 1)), "shelf")
    assert (response.flags[:, 4] & REACHED != 0).all()


# -- what it does to everybody else


def same_for(rows, one, other):
    for name, column in state(one).items():
        np.testing.assert_array_equal(column[rows], state(other)[name][rows], err_msg=name)


def test_the_honest_do_not_feel_bots_until_charts_are_out():
    """Until then they are the same bit for bit, whether others are bots or not."""
    with_bots = make_world(200, 400, seed=3, listener=ListenerParams(bots_push=0.2, bots_nuke=0.1))
    without = make_world(200, 400, seed=3)
    (served, news), (usual, otherwise) = day(with_bots), day(without)
    honest = np.flatnonzero(with_bots.truth.columns["bot"] == HONEST)
    assert 100 < len(honest) < 180
    same_for(honest, with_bots._listeners, without._listeners)
    ours, theirs = (day.plays.rows(np.isin(day.plays.listener, honest)) for day in (news, otherwise))
    for name in Plays.dtypes:
        np.testing.assert_array_equal(getattr(ours, name), getattr(theirs, name), err_msg=name)
    assert len(served) >= len(usual)
    assert (news.charts != otherwise.charts).any()


@pytest.mark.parametrize(("name", "up"), [("bots_push", True), ("bots_bandwagon", True), ("bots_farm", True),
                                          ("bots_nuke", False)])  # fmt: skip
def test_bots_show_in_charts_and_logs(name, up):
    share_of_charts, finished = [], []
    for share in (0.0, 0.15):
        world = make_world(200, 400, seed=3, share=0.0, listener=ListenerParams(**{name: share}))
        news = [day(world)[1] for _ in range(6)][-1]
        artist = targets(Key.root(3) / "listeners", world.catalogue, 1)[0]
        mine = world.catalogue.artist == artist
        share_of_charts.append(news.charts[mine].sum() / news.charts.sum())
        logged = world.log.plays()
        finished.append(1 - logged.rows(mine[logged.track]).has(SKIPPED).mean())
    if up:
        assert share_of_charts[1] > 2 * share_of_charts[0]
    else:
        assert share_of_charts[1] < 1.5 * share_of_charts[0]
        assert finished[1] < finished[0] / 2


def test_bots_alone_are_bots_in_a_crowd():
    params = ListenerParams(bots_farm=0.5, bot_artists=4)
    many = crowd(60, params)
    live(many)
    for who in np.flatnonzero(many.columns["bot"])[:2]:
        alone = crowd(1, params, first=int(who))
        live(alone)
        for name, column in state(alone).items():
            np.testing.assert_array_equal(column[0], state(many)[name][who], err_msg=name)


def test_sessions_of_bots_end_as_anybodys_do():
    population = crowd(300, ListenerParams(bots_push=1.0))
    rows = np.arange(300, dtype=np.int32)
    plays = population.live(rows, 20.0, 0.0, charts())
    lengths = np.unique(plays.listener.astype(np.int64) * 10_000 + plays.session, return_counts=True)[1]
    assert 5 < lengths.mean() < 15
