"""What is published, and how organic listeners draw from it."""

import numpy as np
import pytest
from crowds import DEFAULT, charts, crowd, music
from mechanics import UNHEARD, memory, params, people
from numba import njit
from scipy import stats

from simenv.rng import Key, fold
from simenv.types import SOURCES
from simenv.urns import draw_from, urn
from simenv.users import organic
from simenv.users.charts import FIRST_PLAYS, NEW_FOR, Publisher, grouped
from simenv.users.exposure import keep
from simenv.users.params import ListenerParams
from simenv.users.rows import Music

N = 30_000
LUCK = Key.root(9) / "charts"


@njit(error_model="numpy")
def places(full, low, high, x, out):
    for i in range(len(x)):
        out[i] = draw_from(full, low, high, x[i])
    return out


def drawn(weight, low=0, high=None, draws=N):
    high = len(weight) if high is None else high
    full = urn(np.asarray(weight, float), np.array([0, low, high, len(weight)]))
    return places(full, low, high, LUCK.uniform(np.arange(draws)), np.empty(draws, np.int64))


@pytest.mark.parametrize(("low", "high"), [(0, 6), (2, 5), (5, 6)])
def test_places_are_drawn_by_weight_within_their_group(low, high):
    weight = np.array([1.0, 0.0, 2.0, 0.0, 3.0, 0.5])
    counts = np.bincount(drawn(weight, low, high), minlength=6)
    law = np.where((np.arange(6) >= low) & (np.arange(6) < high), weight, 0)
    assert not counts[law == 0].any()
    assert (
        stats.chisquare(counts[law > 0], law[law > 0] / law.sum() * N).pvalue > 1e-4 or (law > 0).sum() == 1
    )


@pytest.mark.parametrize("spread", [0.0, 3.0, 7.0])
def test_the_guide_leads_to_the_place_that_a_search_would_find(spread):
    """However uneven the weights, and however little a group weighs beside the others."""
    weight = np.exp(spread * LUCK.normal(np.arange(900), 3).astype(float))
    weight[LUCK.uniform(np.arange(900), 4) < 0.3] = 0.0
    for low, high in ((0, 900), (100, 130), (850, 852)):
        sums = urn(weight, np.array([0, low, high, 900])).sums
        found = np.searchsorted(sums[low:high], LUCK.uniform(np.arange(N)) * sums[high - 1], side="right")
        np.testing.assert_array_equal(drawn(weight, low, high), low + np.minimum(found, high - low - 1))


def test_where_nothing_has_weight_nothing_is_drawn():
    assert (drawn([1.0, 0.0, 0.0, 2.0], 1, 3) == -1).all()
    assert (drawn([1.0, 2.0], 1, 1) == -1).all()


def test_groups_are_complete_and_sum_by_themselves():
    of = LUCK.below(40, np.arange(500), 1)
    order, start = grouped(of, 42)
    assert sorted(order.tolist()) == list(range(500))
    weight = LUCK.exponential(np.arange(500), 2).astype(float)
    sums = urn(weight[order], start).sums
    for g in range(42):
        mine = order[start[g] : start[g + 1]]
        assert (of[mine] == g).all()
        np.testing.assert_allclose(sums[start[g] : start[g + 1]], np.cumsum(weight[mine]), rtol=1e-9)


def test_nothing_is_published_before_it_is_out():
    catalogue, hidden = music()
    publisher = Publisher(catalogue, hidden, DEFAULT)
    counts = np.full(len(catalogue), 10.0, np.float32)
    for time in (0.0, 20.0, 5000.0):
        published, out = publisher.publish(counts, time), catalogue.released <= time
        np.testing.assert_array_equal(np.diff(published.tracks.sums, prepend=0) > 0, out)
        age = time - catalogue.released
        np.testing.assert_array_equal(published.new_tracks, np.flatnonzero(out & (age < NEW_FOR)))
    assert not publisher.first_charts(10)[catalogue.released > 0].any()
    assert publisher.first_charts(10).sum() == pytest.approx(10 * FIRST_PLAYS, rel=1e-5)


def test_charts_weigh_by_their_power_and_may_say_nothing():
    catalogue, hidden = music()
    counts = LUCK.exponential(np.arange(len(catalogue)), 3) * 50
    out = catalogue.released <= 0
    for power in (0.0, 1.1):
        published = Publisher(catalogue, hidden, ListenerParams(chart_power=power)).publish(counts, 0.0)
        np.testing.assert_allclose(
            np.diff(published.tracks.sums, prepend=0)[out], counts[out] ** power, rtol=1e-4
        )


def test_near_micro_genres_are_found_the_more_often_the_nearer():
    catalogue, hidden = music()
    cosines = hidden.centroids @ hidden.centroids.T
    for near in (0.0, 6.0):
        table = Publisher(catalogue, hidden, ListenerParams(near=near)).near
        weight = np.diff(table.sums.reshape(cosines.shape), prepend=0, axis=1)
        np.testing.assert_allclose(
            weight / weight[:, :1], np.exp(near * (cosines - cosines[:, :1])), rtol=1e-3
        )


# -- organic listening


@pytest.fixture(scope="module")
def plays():
    """What 400 listeners play by themselves, by parameters changed and days."""
    rows = np.arange(400, dtype=np.int32)

    def live(days=40.0, **changes):
        return crowd(400, ListenerParams(**changes)).live(rows, days, 0.0, charts())

    return live


def shares(plays):
    """Share of each source, by name."""
    return dict(zip(SOURCES, np.bincount(plays.source, minlength=len(SOURCES)) / len(plays), strict=True))


def test_each_channel_of_discovery_has_its_switch(plays):
    usual = shares(plays())
    assert min(usual[name] for name in ("library", "artist", "charts", "new", "nearby")) > 0.004
    off = shares(plays(known_artist=0.0, album_run=0.0))
    assert off["artist"] == 0
    assert shares(plays(new_releases=0.0))["new"] == 0
    quiet = shares(plays(3.0, mainstream_a=0.01, mainstream_b=100.0))  # before all that is near is known
    assert quiet["charts"] < shares(plays(3.0))["charts"] / 2
    faithful = shares(plays(discovery_a=0.01, discovery_b=100.0, album_run=0.0))
    assert faithful["library"] > 0.9
    assert shares(plays(discovery_a=100.0, discovery_b=0.01))["library"] < 0.2  # less while at work


def test_a_discovery_is_of_something_not_heard_before(plays):
    found = plays()
    order = np.lexsort((found.time, found.listener))
    found = found.rows(order)
    _, first = np.unique(found.listener * 1000 + found.track, return_index=True)
    new = np.zeros(len(found), bool)
    new[first] = True
    nearby = found.source == SOURCES.index("nearby")
    assert new[nearby].all()
    assert not new[found.source == SOURCES.index("library")].any()


def test_an_album_run_stays_with_the_artist(plays):
    found = plays(known_artist=0.0, album_run=0.9)
    artist = music()[0].artist[found.track]
    run = found.source == SOURCES.index("artist")
    assert run[1:].any()
    np.testing.assert_array_equal(artist[1:][run[1:]], artist[:-1][run[1:]])
    assert (found.track[1:][run[1:]] != found.track[:-1][run[1:]]).all()


@njit(error_model="numpy")
def recall(me, memory, tracks, days, interest, songs, sound, now, p, weights, x, out):
    """Hear each of `tracks` once on its day; then weigh them at `now` and draw."""
    for i in range(len(tracks)):
        me[0].clock = days[i]
        keep(me[0], memory, -1, tracks[i], UNHEARD, np.float32(1), p[0])
    me[0].clock = now
    organic.weigh_library(me[0], interest, memory, Music(songs, sound), weights, p[0])
    for i in range(len(x)):
        out[i] = organic.replay(me[0], memory.tracks, weights, x[i])
    return out


def test_favourites_come_to_mind_by_practice_recency_and_mood():
    """exp(.9 ln n - .75 ln(days + .15) + F + 1.3 <mu, z>), and tracks are drawn by it."""
    hidden, songs = music()[1], crowd(1).songs
    tracks = np.array([5, 50, 120, 300], np.int32)
    days = np.array([1.0, 20.0, 29.0, 29.9])
    interest, now = hidden.centroids[3].copy(), 30.0
    weights, me, mine = np.zeros(16, np.float32), people(), memory()
    drawn = recall(
        *(me, mine, tracks, days, interest, songs, hidden.sound, now, params(), weights),
        *(LUCK.uniform(np.arange(N)), np.empty(N, np.int64)),
    )
    since = now - days
    f, s, b = 0.18, np.exp(-since), np.exp(-since / 60)
    exposure = 1.8 * f - 0.3 * np.log1p(s) - np.log1p(b / 10)
    law = np.exp(-0.75 * np.log(since + 0.15) + exposure + 1.3 * hidden.sound[tracks] @ interest)
    np.testing.assert_allclose(weights[:4], law, rtol=0.01)
    counts = np.array([(drawn == track).sum() for track in tracks])
    assert counts.sum() == N
    np.testing.assert_allclose(counts / N, law / law.sum(), atol=4 * 0.5 / np.sqrt(N))


@njit(error_model="numpy")
def artists(me, memory, songs, sound, luck, out):
    for i in range(len(out)):
        out[i] = organic.remembered_artist(me[0], memory, Music(songs, sound), fold(luck, i))
    return out


def test_of_two_memories_the_stronger_names_the_artist():
    hidden, songs = music()[1], crowd(1).songs
    apart = np.unique(songs["artist"], return_index=True)[1][:3].astype(np.int32)
    mine, me = memory(), people(remembered=3)
    mine.tracks[:3], mine.counts[:3] = apart, (256, 512, 1024)
    mine.traces[0, :3] = 30_000
    out = artists(me, mine, songs, hidden.sound, np.uint64(LUCK.word), np.empty(N, np.int64))
    counts = np.array([(out == songs["artist"][track]).sum() for track in apart])
    np.testing.assert_allclose(counts / N, [1 / 9, 3 / 9, 5 / 9], atol=4 * 0.5 / np.sqrt(N))
