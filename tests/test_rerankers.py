"""Re-rankers: what they do to a known order, held against sums by hand and naive loops."""

from dataclasses import dataclass, replace

import numpy as np
import pytest
from tiny import Tiny, catalogue, plays, request

from simenv.agents import as_agent, load, parse
from simenv.agents._likeness import Likeness
from simenv.agents._rerank import in_head
from simenv.agents.base import Scorer
from simenv.catalogue import Names
from simenv.errors import UsageError
from simenv.rng import Key
from simenv.types import Exchange, Feedback, Setting

N, T, K = 30, 60, 10
ASKED = request(np.arange(N), 5.0)
RERANKERS = ("artist_cap", "calibrated", "explore", "fair", "fresh", "mmr", "popularity_penalty", "xquad")
AS_INNER = (
    "mmr(balance=1)",
    "calibrated(balance=1)",
    "xquad(balance=1)",
    "xquad(balance=1, aspects=genres)",
    "artist_cap(limit=10)",
    "popularity_penalty(penalty=0)",
    "fresh(tired_track=0, tired_artist=0, new=0)",
    "fair(method=shift, places=0)",
    "explore(bonus=0)",
)


@dataclass
class Fixed(Scorer):
    """Every listener's scores are given: uniform, of a kind each."""

    def begin(self, setting):
        self.setting_ = setting

    def scores(self, request):
        return (Key.root(3) / "score").uniform(request.listeners[:, None], np.arange(T))


def tracks(**more):
    """Seven genres, 20 artists, a fifth of the artists in group 1."""
    i = np.arange(T)
    base = catalogue(T, kind=i % 7)
    return replace(base, group=(base.artist % 5 == 0).astype(np.int32), digest="", **more)


def begun(text, world=None, fit=True):
    world = small() if world is None else world
    agent = parse(text)
    agent.of = Fixed()
    agent.begin(world.setting)
    if fit:
        agent.fit(world.log)
    return agent


def small(**more):
    """Listener u plays genre u % 7 nine times of ten, the low tracks most."""
    world = Tiny(np.ones((N, T), bool), 0.0, slate_size=K, tracks=tracks(**more))
    u, s = np.divmod(np.arange(N * 20), 20)
    own = u % 7 + 7 * (Key.root(5).below(3, u, s))
    other = Key.root(6).below(T // 3, u, s)
    world.enter(plays(u, np.where(s % 10 > 0, own, other), 1 + s / 10, np.ones(len(u), bool)))
    return world


def inner_order(agent):
    return agent.inner.recommend(ASKED).tracks[:, :K]


@pytest.mark.parametrize("text", AS_INNER)
def test_without_weight_the_order_is_the_inner_agents(text):
    agent = begun(text)
    slate = agent.recommend(ASKED)
    np.testing.assert_array_equal(slate.tracks, inner_order(agent))
    assert (slate.propensity == 1).all()


def test_mmr_is_the_naive_loop():
    agent = begun("mmr(balance=.4, audio=1, genres=2, artist=.5)")
    like = Likeness.of(agent.setting_.catalogue, 1, 2, 0.5)
    scores = agent.inner.scores(ASKED)
    low, high = scores.min(axis=1, keepdims=True), scores.max(axis=1, keepdims=True)
    r = (scores - low) / (high - low)
    for row, shown in enumerate(agent.recommend(ASKED).tracks.tolist()):
        slate = [int(r[row].argmax())]
        while len(slate) < K:
            left = [i for i in range(T) if i not in slate]
            near = [like.between(i, np.array(slate, np.int32)).max() for i in left]
            slate.append(left[int((0.4 * r[row, left] - 0.6 * np.array(near)).argmax())])
        assert shown == slate


def test_likeness_by_hand():
    base = catalogue(3)
    three = replace(
        base,
        audio=np.float32([[1, 0], [1, 0], [0, 1]]),
        genre_start=np.int32([0, 2, 3, 3]),
        genre_ids=np.int32([0, 1, 1]),
        artist=np.int32([0, 1, 1]),
        features=("energy", "valence"),
        digest="",
    )
    like = Likeness.of(three, 2, 1, 1)
    np.testing.assert_allclose(like.between(0, np.int32([0, 1, 2])), [1, 0.5 + 0.25 / np.sqrt(2), 0], 1e-5)
    np.testing.assert_allclose(like.between(1, np.int32([2])), [0.25], 1e-5)
    with pytest.raises(UsageError, match="one of them must count"):
        parse("mmr(audio=0, genres=0, artist=0)")


def inside(like, slate):
    """Mean likeness of the pairs of a slate."""
    return np.mean([like.between(i, np.delete(slate, at)).mean() for at, i in enumerate(slate)])


def test_mmr_trades_relevance_for_variety():
    relevance, likeness = [], []
    for balance in (1, 0.7, 0.4, 0.1):
        agent = begun(f"mmr(balance={balance})")
        shown = agent.recommend(ASKED).tracks
        relevance.append(np.take_along_axis(agent.inner.scores(ASKED), shown, axis=1).mean())
        likeness.append(np.mean([inside(agent._likeness, slate) for slate in shown]))
    assert (np.diff(relevance) < 0).all()
    assert (np.diff(likeness) < 0).all()


def divergence(history, slates, alpha=0.01):
    """(m,) of the genre shares of slates of one genre a track from those of the histories."""
    q = np.stack([(slates % 7 == g).mean(axis=1) for g in range(7)], axis=1)
    p = history[:, :7]
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(p > 0, p * np.log(p / ((1 - alpha) * q + alpha * p)), 0).sum(axis=1)


def test_calibrated_is_the_naive_loop():
    agent = begun("calibrated(balance=.3)")
    scores = agent.inner.scores(ASKED)
    low, high = scores.min(axis=1, keepdims=True), scores.max(axis=1, keepdims=True)
    r = (scores - low) / (high - low)
    for row, shown in enumerate(agent.recommend(ASKED).tracks.tolist()):
        slate = []
        while len(slate) < K:
            left = np.array([i for i in range(T) if i not in slate])
            tries = np.array([[*slate, i] for i in left])
            apart = divergence(np.tile(agent.history_[row], (len(left), 1)), tries)
            slate.append(int(left[(0.3 * r[row, left] - 0.7 * apart).argmax()]))
        assert shown == slate


def test_calibrated_comes_nearer_to_the_history_as_it_weighs_more():
    apart = []
    for balance in (1, 0.8, 0.5, 0):
        agent = begun(f"calibrated(balance={balance})")
        apart.append(divergence(agent.history_, agent.recommend(ASKED).tracks).mean())
    assert (np.diff(apart) < 0).all()
    assert apart[-1] < 0.2 < apart[0]


def test_calibrated_leaves_a_listener_without_history_alone():
    agent = begun("calibrated(balance=.1)", fit=False)
    np.testing.assert_array_equal(agent.recommend(ASKED).tracks, inner_order(agent))


def test_the_head_is_the_fewest_tracks_with_that_share():
    assert in_head(np.array([1.0, 5, 2, 2]), 0.5).tolist() == [False, True, False, False]
    assert in_head(np.array([1.0, 5, 2, 2]), 0.6).tolist() == [False, True, True, False]
    assert not in_head(np.zeros(3), 0.5).any()


def test_xquad_by_hand():
    """Tracks 0 to 2 are the head; listener 0 wants half of it; relevance falls evenly from 1 to 0."""
    world = Tiny(np.ones((2, 6), bool), 0.0, slate_size=6)
    track = np.append(np.arange(6), np.tile([0, 1, 2], 9))
    world.enter(plays(track * 0 + (np.arange(33) > 5), track, np.arange(33) / 99, np.ones(33, bool)))
    for coverage, expected in (("share", [0, 3, 1, 4, 2, 5]), ("binary", [0, 3, 1, 2, 4, 5])):
        agent = parse(f"xquad(of=popular, balance=.2, coverage={coverage}, head=.8)")
        agent.begin(world.setting)
        agent.fit(world.log)
        np.testing.assert_allclose(agent.wanted_, [[0.5, 0.5], [0, 1]])
        agent.inner.plays_ = np.arange(6.0)[::-1].copy()
        assert agent.recommend(request([0], 2.0)).tracks.tolist() == [expected]


def test_xquad_brings_the_wanted_genres_in():
    kinds = []
    for balance in (1, 0.5, 0.1):
        shown = begun(f"xquad(aspects=genres, balance={balance})").recommend(ASKED).tracks
        kinds.append((shown % 7 == np.arange(N)[:, None] % 7).mean())
    assert kinds[0] < kinds[1] < kinds[2]


@pytest.mark.parametrize("limit", [1, 2])
def test_no_artist_has_more_than_its_cap(limit):
    agent = begun(f"artist_cap(limit={limit})")
    shown = agent.recommend(ASKED).tracks
    for row, slate in enumerate(shown):
        assert np.bincount(agent.setting_.catalogue.artist[slate]).max() <= limit
        rest = [i for i in agent.inner.recommend(ASKED).tracks[row] if i not in slate]
        order = agent.inner.scores(ASKED)[row]
        assert (np.diff(order[slate]) <= 0).all(), "the inner order is kept"
        full = np.bincount(agent.setting_.catalogue.artist[slate], minlength=20) == limit
        assert all(full[agent.setting_.catalogue.artist[i]] for i in rest if order[i] > order[slate[-1]])


def test_a_cap_gives_way_when_nothing_else_is_left():
    world = small(artist=np.zeros(T, np.int32))
    agent = begun("artist_cap", world)
    np.testing.assert_array_equal(agent.recommend(ASKED).tracks, inner_order(agent))


def test_the_penalty_takes_from_the_head():
    world = small()
    plays_of = world.log.counts()
    for shape in ("log", "head"):
        shown = [
            plays_of[begun(f"popularity_penalty(penalty={p}, shape={shape})", world).recommend(ASKED).tracks]
            for p in (0, 0.1, 1.5)
        ]
        means = [x.mean() for x in shown]
        assert means[0] > means[1] > means[2]
    assert not shown[-1][:, :5].any(axis=1).all()


def test_what_was_heard_lately_rests_and_comes_back():
    world = small()
    world.enter(plays([3, 3], [40, 44], [4.9, 4.9], [True, True]))
    agent = begun("fresh(tired_track=5, tired_artist=0, new=0, rest=2)", world)
    own = request([3], 5.0)
    assert not np.isin(agent.recommend(own).tracks, [40, 44]).any()
    later = request([3], 60.0)
    np.testing.assert_array_equal(agent.recommend(later).tracks, agent.inner.recommend(later).tracks[:, :K])
    tired = agent._tired(own, np.int32([[40, 41, 59]]))
    np.testing.assert_allclose(tired, [[5 * 2 ** (-0.1 / 2), 0, 0]], rtol=1e-5)
    agent = begun("fresh(tired_track=0, tired_artist=1, new=0, rest=2)", world)
    tired = agent._tired(own, np.int32([[39, 41, 59]]))  # 39, 40 and 41 are by one artist
    np.testing.assert_allclose(tired, [[2 ** (-0.1 / 2), 2 ** (-0.1 / 2), 0]], rtol=1e-5)


def test_new_releases_come_up():
    released = np.where(np.arange(T) < 5, 4.0, -1.0)
    agent = begun("fresh(tired_track=0, tired_artist=0, new=4, young=3)", small(released=released))
    for pool, slate in zip(agent.inner.recommend(ASKED).tracks, agent.recommend(ASKED).tracks, strict=True):
        assert sorted(slate[slate < 5]) == sorted(pool[pool < 5])
        assert (slate[: (pool < 5).sum()] < 5).all()
    gain = agent._new(ASKED, np.int32([[0, 9]]))[0]
    np.testing.assert_allclose(gain, [4 * 2 ** (-1 / 3), 4 * 2 ** (-5 / 3)], rtol=1e-5)


@dataclass
class Biased(Fixed):
    """As `Fixed`, but the tracks of group 1 score lower."""

    def scores(self, request):
        return super().scores(request) - np.float32(0.15) * self.setting_.catalogue.group


def exposures(agent, world, waves=8):
    """(waves, groups) shares of the slots."""
    agent.of = Biased()
    agent.begin(world.setting)
    group, out = world.setting.catalogue.group, []
    for visit in range(waves):
        asked = request(np.arange(N), 5.0 + visit, visit)
        slate = agent.recommend(asked)
        reached = np.ones(slate.tracks.shape, bool)
        done = Feedback(reached, reached.astype(np.float32), ~reached, np.zeros(N, bool))
        agent.update(Exchange(asked, slate, done))
        out.append(np.bincount(group[slate.tracks].ravel(), minlength=2) / slate.tracks.size)
    return np.array(out)


def test_fair_gives_the_smaller_group_its_supply():
    world = small()
    supply = world.setting.catalogue.group.mean()
    unfair = exposures(load("fair", method="shift", places=0), world)
    assert unfair[:, 1].mean() < supply - 0.1
    for groups in ("smaller", "all"):
        shown = exposures(load("fair", groups=groups), world)[:, 1]
        assert abs(shown.mean() - supply) < 0.02
        assert np.abs(shown - supply).max() < 0.04, "from the first slate on"
    parity = exposures(load("fair", target="parity"), world)[:, 1]
    assert abs(parity.mean() - 0.5) < 0.02


def test_shifting_the_largest_group_down_raises_the_smaller_one():
    world = small()
    shown = [exposures(load("fair", method="shift", places=p), world, 1)[0, 1] for p in (0, 7, 30)]
    assert shown[0] < shown[1] < shown[2]


def test_what_a_group_was_not_shown_is_owed():
    agent, world = load("fair"), small()
    exposures(agent, world, 3)
    assert (np.abs(agent.owed_[:, 1]) < 1.01).all(), "no more than rounding leaves over"


def test_the_bonus_is_worth_what_it_says():
    """Tracks without a play fill the slate as soon as the bonus beats the range of scores."""
    world = small()
    for bonus, first in ((0.05, False), (30.0, True)):
        agent = begun(f"explore(bonus={bonus})", world)
        played = agent.plays_[agent.recommend(ASKED).tracks]
        assert (played == 0).all() == first
    n = world.log.counts()
    agent = begun("explore(bonus=.5)", world)
    scores = agent.inner.scores(ASKED)
    low, high = scores.min(axis=1, keepdims=True), scores.max(axis=1, keepdims=True)
    worth = (scores - low) / (high - low) + 0.5 / np.sqrt(1 + n)
    np.testing.assert_array_equal(agent.recommend(ASKED).tracks, np.argsort(-worth, axis=1)[:, :K])


def test_explore_reaches_beyond_the_pool():
    released = np.where(np.arange(T) >= 55, 2.0, -1.0)
    world = small(released=released)
    shares = []
    for text in ("explore(pool=20, bonus=0)", "explore(pool=20, bonus=1, newcomers=8)"):
        agent = begun(text, world)
        shares.append((agent.recommend(ASKED).tracks >= 55).mean())
    assert shares[1] > 2 * shares[0]
    agent = begun("explore(pool=20, bonus=0, slots=3, newcomers=5)", world)
    slate = agent.recommend(ASKED)
    assert (slate.tracks[:, [1, 5, 8]] >= 55).all()
    np.testing.assert_allclose(slate.propensity[:, 1], 1 / (5 - (slate.tracks[:, :1] >= 55).sum(axis=1)))


def test_a_track_that_was_tried_is_no_longer_new():
    agent = begun("explore(bonus=30, newcomers=5)")
    before = agent.recommend(ASKED)
    for _ in range(30):
        reached = np.ones(before.tracks.shape, bool)
        skipped = Feedback(reached, np.zeros(reached.shape, np.float32), reached, np.zeros(N, bool))
        agent.update(Exchange(ASKED, before, skipped))
    assert not np.isin(agent.recommend(ASKED).tracks[0], before.tracks[0]).any()


def test_wrappers_keep_what_inner_wrappers_did():
    world = small()
    inner = begun("mmr(balance=.2)", world)
    outer = parse("popularity_penalty(penalty=0)")
    outer.of = inner
    outer.begin(world.setting)
    alone = parse("mmr(balance=.2)")
    alone.of = Fixed()
    alone.begin(world.setting)
    np.testing.assert_array_equal(outer.recommend(ASKED).tracks, alone.recommend(ASKED).tracks)


def test_the_inner_agent_is_refitted_as_often_as_alone():
    world = Tiny(np.ones((8, 20), bool)).warm_up(3)
    agent, fits = as_agent("mmr(of=als(factors=4))"), []
    agent.begin(world.setting)
    for _ in range(15):
        agent.fit(world.log)
        fits.append(agent.fitted_)
        world.organic()
        world.day += 1
    assert len(set(fits)) == 3  # at once, after 7 and after 14 days


@pytest.mark.parametrize("name", RERANKERS)
def test_what_was_moved_is_said(name):
    options = {
        "explore": "bonus=3",
        "fair": "target=parity",
        "fresh": "tired_track=5",
        "popularity_penalty": "penalty=3",
        "artist_cap": "limit=1",
    }
    agent = begun(f"{name}({options.get(name, 'balance=.1')})")
    shown = agent.recommend(replace(ASKED, time=np.full(N, agent.now_))).tracks[4]
    before = agent.inner.recommend(ASKED).tracks[4].tolist()
    said = 0
    for at, track in enumerate(shown.tolist()):
        words = agent.explain(4, track)
        if before.index(track) == at:
            assert "moved" not in words
        else:
            up = before.index(track) - at
            assert f"moved {'up' if up > 0 else 'down'} {abs(up)} place" in words
            said += 1
    assert said
    gone = [i for i in before[:K] if i not in shown]
    assert all("left out of the slate" in agent.explain(4, i) for i in gone)


def test_names_are_used_where_there_are_names():
    names = Names(artists=[f"Band {i}" for i in range(20)], groups=("men", "women"))
    world = small(names=names)
    cap, fair = begun("artist_cap", world), begun("fair(target=parity)", world)
    assert "Band 3 has 1 in the slate" in cap.because(0, 10, np.int32([9, 30]))
    assert fair.because(0, 0, np.int32([1, 30])).startswith("women: 50% is their target, 2 of 2")


def test_a_log_that_knows_no_artists_or_genres_will_do():
    world = small()
    setting = Setting.of_log(world.log, slate_size=5)
    for name in RERANKERS:
        agent = load(name)
        agent.begin(setting)
        agent.fit(world.log)
        assert agent.recommend(ASKED).tracks.shape == (N, 5)
