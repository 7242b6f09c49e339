"""Friends: who knows whom, what they hear of one another, and how they pull."""

import pickle

import numpy as np
import pytest
from crowds import answer, changed, crowd
from mechanics import params, people, tastes, unit

from simenv.rng import Key
from simenv.scenarios.build import make_catalogue, make_world
from simenv.types import SOURCES
from simenv.users import population as module
from simenv.users.influence import pull, told
from simenv.users.params import ListenerParams
from simenv.users.population import Population
from simenv.users.social import NOBODY, RECENT, Circle, befriend, communities

FRIENDS = SOURCES.index("friends")
N = 4000


@pytest.fixture(scope="module")
def many():
    """Four thousand newly born among many micro-genres."""
    public, hidden = make_catalogue(4000, Key.root(4))
    return Population(N, public, hidden, ListenerParams(memory=8), Key.root(4))


def friends(population, key="friends", **changes):
    columns = (population.people["interests"], population.home, population.home_weight)
    return befriend(Key.root(4) / key, *columns, population.hidden.centroids, ListenerParams(**changes))


def owners(circle):
    return np.repeat(np.arange(len(circle.start) - 1), np.diff(circle.start))


# -- who knows whom


@pytest.mark.parametrize("homophily", [0.0, 0.5, 0.9])
def test_friendship_is_mutual_and_of_two(many, homophily):
    circle = friends(many, homophily=homophily)
    one, other = owners(circle), circle.friends.astype(np.int64)
    assert (one != other).all()
    links = one * N + other
    assert (np.diff(links) > 0).all()  # ascending, and none twice
    np.testing.assert_array_equal(np.sort(other * N + one), links)


@pytest.mark.parametrize("homophily", [0.0, 0.5])
def test_most_have_a_few_friends_and_some_have_very_many(many, homophily):
    degree = np.diff(friends(many, homophily=homophily).start)
    assert degree.mean() == pytest.approx(13, abs=0.8)
    assert np.median(degree) == pytest.approx(6, abs=1)
    assert degree.max() > 150
    assert (degree == 0).mean() < 0.1


def test_how_many_friends_is_a_parameter(many):
    alike = np.diff(friends(many, degree_mean=8.0, degree_spread=0.0).start)
    assert alike.mean() == pytest.approx(8, abs=0.1)
    assert alike.max() <= 9
    assert not len(friends(many, degree_mean=0.0).friends)


def test_friends_taste_alike_by_their_homophily(many):
    """Cosine of mean tastes: at chance without homophily, and rising with it."""
    mean = unit((many.taste * many.weight[:, :, None]).sum(axis=1))

    def alike(homophily):
        circle = friends(many, homophily=homophily)
        return (mean[owners(circle)] * mean[circle.friends]).sum(axis=1).mean()

    chance = (mean.sum(axis=0) @ mean.sum(axis=0) - N) / (N * (N - 1))
    assert alike(0.0) == pytest.approx(chance, abs=0.02)
    assert alike(0.4) > chance + 0.1
    assert alike(0.8) > alike(0.4) + 0.1


def test_friends_are_who_the_key_says(many):
    one, same, other = friends(many), friends(many), friends(many, "otherwise")
    for a, b in zip(one, same, strict=True):
        np.testing.assert_array_equal(a, b)
    assert len(np.intersect1d(owners(one) * N + one.friends, owners(other) * N + other.friends)) < 2000


@pytest.mark.parametrize("n", [1, 2, 3, 40])
def test_a_few_people_know_at_most_one_another(many, n):
    columns = (many.people["interests"][:n], many.home[:n], many.home_weight[:n])
    circle = befriend(Key.root(1), *columns, many.hidden.centroids, ListenerParams(homophily=0.9))
    assert np.diff(circle.start).max() <= n - 1
    assert circle.start[-1] == len(circle.friends)


def test_in_small_worlds_near_micro_genres_meet(many):
    centroids = many.hidden.centroids
    group = communities(centroids, 20)
    assert len(np.unique(group)) == 20
    cosine = centroids @ centroids.T
    together = group[:, None] == group
    np.fill_diagonal(together, False)
    assert cosine[together].mean() > cosine[~together].mean() + 0.3
    np.testing.assert_array_equal(communities(centroids, 10_000), np.arange(len(centroids)))


# -- what they hear of one another


def test_friends_know_the_last_plays_latest_first():
    circle = Circle(*NOBODY[:2], np.full((3, RECENT), -1, np.int32))
    later = told(circle, np.array([0, 2, 0, 0, 0, 0], np.int32), np.array([5, 9, 6, 7, 8, 3], np.int32))
    np.testing.assert_array_equal(later.recent, [[3, 8, 7, 6], [-1] * 4, [9, -1, -1, -1]])
    assert (circle.recent == -1).all()  # what was published stays as it was
    again = told(later, np.array([2], np.int32), np.array([4], np.int32))
    np.testing.assert_array_equal(again.recent[2], [4, 9, -1, -1])


def lived(days=4, threads=1, seed=6, share=0.4, log=True, **changes):
    """A world after some days, and what was published of each."""
    world = make_world(
        150, 400, seed=seed, share=share, threads=threads, log=log, cooldown=30.0 if log else 0.0,
        listener=ListenerParams(**changes),
    )  # fmt: skip
    return world, [day(world) for _ in range(days)]


def day(world):
    while (request := world.waiting()) is not None:
        world.play(answer(request, world.catalogue))
    return world.turn()


SOCIAL = {"friends": 0.8, "social_pull": 0.05}


def test_what_friends_played_is_met_only_where_they_are_listened_to():
    _, news = lived(**SOCIAL)
    assert not (news[0].plays.source == FRIENDS).any()  # nothing has been told yet
    assert np.mean(np.concatenate([n.plays.source for n in news[1:]]) == FRIENDS) > 0.02
    for off in ({"friends": 0.0}, {"friends": 0.8, "degree_mean": 0.0}):
        _, news = lived(**off)
        assert not any((n.plays.source == FRIENDS).any() for n in news)


def test_what_is_met_through_friends_was_played_by_one():
    """For 30 s or more, in a window that is over."""
    world, news = lived(days=1, **SOCIAL)
    circle = world._published.circle
    today = day(world).plays
    met = today.rows(today.source == FRIENDS)
    assert len(met) > 20
    for listener, track in zip(met.listener, met.track, strict=True):
        mine = circle.friends[circle.start[listener] : circle.start[listener + 1]]
        assert track in circle.recent[mine]
    heard = news[0].plays.rows(news[0].plays.seconds >= 30)
    rows, columns = np.nonzero(circle.recent >= 0)
    organic = set(zip(heard.listener.tolist(), heard.track.tolist(), strict=True))
    told_of = list(zip(rows.tolist(), circle.recent[rows, columns].tolist(), strict=True))
    assert np.mean([play in organic for play in told_of]) > 0.4  # the others were recommended


def test_friends_hear_the_same_whatever_the_platform_keeps():
    kept, _ = lived(days=2, **SOCIAL)
    bare, _ = lived(days=2, log=False, **SOCIAL)
    np.testing.assert_array_equal(kept._published.circle.recent, bare._published.circle.recent)
    assert not changed(kept._listeners, bare._listeners)


def test_without_friends_and_pull_nobody_is_introduced():
    world, _ = lived(days=1, friends=0.0)
    assert world._listeners._circle is None
    assert len(world._published.circle.start) == 0


@pytest.mark.parametrize("name", ["threads", "CHUNK", "BUFFER"])
def test_with_friends_threads_and_cuts_change_nothing(monkeypatch, name):
    usual, news = lived(**SOCIAL)
    monkeypatch.setattr(module, "ALONE", 1)
    if name != "threads":
        monkeypatch.setattr(module, name, {"CHUNK": 7, "BUFFER": 300}[name])
    other, otherwise = lived(threads=3, **SOCIAL)
    assert not changed(usual._listeners, other._listeners)
    np.testing.assert_array_equal(news[-1].charts, otherwise[-1].charts)


def test_a_world_with_friends_lives_on_from_where_it_was():
    whole, _ = lived(days=4, **SOCIAL)
    half, _ = lived(days=2, **SOCIAL)
    copy = pickle.loads(pickle.dumps(half))
    day(copy), day(copy)
    assert not changed(whole._listeners, copy._listeners)
    other, _ = lived(days=4, seed=7, **SOCIAL)
    assert len(changed(whole._listeners, other._listeners)) == 150


def test_in_a_window_friends_do_not_touch_one_another():
    """One listener is served something else on the third day: only they change until it is over."""
    one, other = lived(days=2, share=1.0, **SOCIAL)[0], lived(days=2, share=1.0, **SOCIAL)[0]
    who = None
    for world, shift in ((one, 0), (other, 11)):
        while (request := world.waiting()) is not None:
            slate = answer(request, world.catalogue)
            if who is None:  # of those who ask the one with most friends
                friends = np.diff(world._listeners._circle.start)[request.listeners]
                who = int(request.listeners[friends.argmax()])
            out = np.flatnonzero(world.catalogue.released_by(0.0))
            row = request.listeners == who
            slate.tracks[row] = out[(slate.tracks[row] + shift + np.arange(4)) % 90]
            world.play(slate)
    assert changed(one._listeners, other._listeners) == {who}
    one.turn(), other.turn()
    assert len(changed(one._listeners, other._listeners)) > 1  # now friends were pulled by what it did


# -- how they pull


def pulled(population, circle, time=5.0, days=1.0, **changes):
    after = population.taste.copy()
    record, scratch = params(**changes), np.empty(after.shape[2], np.float32)
    rest = (population.people, population.taste, after, time, days, record, scratch)
    pull(0, len(after), circle.start, circle.friends, *rest)
    return after


class Trio:
    """Listener 0 knows 1 and 2; 0 and 1 have two interests each, 2 has one."""

    def __init__(self):
        self.people = people(3, interests=[2, 2, 1])
        self.taste = np.stack([tastes([0.5, 0.5]).taste, tastes([0.5, 0.5]).taste, tastes([1.0]).taste])
        self.taste[1, 0] = unit([1, 0, 1, 0, 0, 0, 0, 0])
        self.taste[2, 0] = unit([1, 0, 0, 1, 0, 0, 0, 0])
        start, others = np.array([0, 2, 3, 4], np.int32), np.array([1, 2, 0, 0], np.int32)
        self.circle = Circle(start, others, np.full((3, RECENT), -1, np.int32))


def test_each_interest_goes_to_the_mean_of_friends_nearest():
    trio = Trio()
    after = pulled(trio, trio.circle, social_pull=0.2)
    target = (trio.taste[1, 0] + trio.taste[2, 0]) / 2
    np.testing.assert_allclose(
        after[0, 0], unit(trio.taste[0, 0] + 0.2 * (target - trio.taste[0, 0])), atol=1e-5
    )
    target = (trio.taste[1, 1] + trio.taste[2, 0]) / 2  # the second interest of 1 lies nearest
    np.testing.assert_allclose(
        after[0, 1], unit(trio.taste[0, 1] + 0.2 * (target - trio.taste[0, 1])), atol=1e-5
    )
    assert not after[:, 2:].any()  # places without an interest stay empty
    twice = pulled(trio, trio.circle, social_pull=0.2, days=2.0)
    assert twice[0, 0] @ trio.taste[1, 0] > after[0, 0] @ trio.taste[1, 0]


def test_who_is_gone_or_yet_to_come_neither_pulls_nor_is_pulled():
    trio = Trio()
    trio.people["gone"][1], trio.people["joined"][2] = 4.0, 6.0
    np.testing.assert_array_equal(pulled(trio, trio.circle, social_pull=0.5), trio.taste)
    assert (pulled(trio, trio.circle, time=3.0, social_pull=0.5)[0] != trio.taste[0]).any()


def test_pull_brings_friends_together():
    def closeness(**changes):
        world, _ = lived(days=6, homophily=0.0, drift=0.0, births=0.0, **changes)
        population = world._listeners
        circle = friends(population, homophily=0.0) if population._circle is None else population._circle
        one, other = owners(circle), circle.friends
        near = np.einsum("ld,ljd->lj", population.taste[one, 0], population.taste[other])
        return near.max(axis=1).mean()

    assert closeness(social_pull=0.05) > closeness(social_pull=0.0) + 0.05


def test_where_nothing_turns_there_are_no_friends():
    """The charts that Gymnasium faces live by introduce nobody: a listener there is exactly alone."""
    population = crowd(5, ListenerParams(**SOCIAL))
    published = population.publish(population.first_charts(), 0.0)
    assert not any(len(part) for part in published.circle)
    alone = population.live(np.arange(5, dtype=np.int32), 20.0, 0.0, published)
    assert not (alone.source == FRIENDS).any()
