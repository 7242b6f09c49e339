"""The world: who asks, what is published when, and what a slate may not be."""

import gc
import pickle
import tracemalloc

import numpy as np
import pytest
from crowds import KEY, answer, changed, slates

from simenv.errors import UsageError
from simenv.scenarios.build import make_world
from simenv.types import HEARD_SECONDS, KNOWN, LEFT, LIKED, SAVED, SKIPPED, Late, Plays, Slate
from simenv.users.params import ListenerParams

DAYS = 10


def world_of(n=200, tracks=400, seed=2, share=0.5, **also):
    return make_world(n, tracks, seed, share=share, **also)


def day(world, reply=answer):
    """A window to its end: its exchanges, what was known in each, and what was published."""
    exchanges, known = [], []
    while (request := world.waiting()) is not None:
        exchanges.append(world.play(reply(request, world.catalogue)))
        known.append(world.truth.known)
    return exchanges, known, world.turn()


def population(world):
    return world._listeners


@pytest.fixture(scope="module")
def lived():
    """A world after ten days: its exchanges, what was known in each, what each day published, the charts that
    it began with, and the length of its log at the end of each day."""
    world = world_of()
    charts = world._charts
    exchanges, known, news, lengths = [], [], [], []
    for _ in range(DAYS):
        served, knew, published = day(world)
        exchanges += served
        known += knew
        news.append(published)
        lengths.append(len(world.log))
    return world, exchanges, known, news, charts, lengths


# -- asking and answering


def test_waiting_twice_gives_the_same_request():
    world = world_of()
    request = world.waiting()
    assert world.waiting() is request
    assert (np.diff(request.listeners) > 0).all()
    assert (request.time < 1).all()
    world.play(answer(request, world.catalogue))
    assert world.waiting() is not request


def refused(request, catalogue):
    """Slates that cannot be played, and what is said of each."""
    good = slates(request.listeners, request.visit, 4, catalogue)
    nan = np.full(good.shape, np.nan, np.float32)
    unknown, below, twice, early = (good.copy() for _ in range(4))
    unknown[3, 1], below[3, 1] = 400, -1
    twice[5, 3] = twice[5, 0]
    early[7, 2] = coming = int(catalogue.released.argmax())
    m = len(request)
    return {
        f"shape \\({m}, 3, 1\\)": (good[:, :3, None], nan[:, :3, None]),
        rf"shape \(3, 4\); {m} listeners asked": (good[:3], nan[:3]),
        rf"shape \({m}, 0\)": (good[:, :0], nan[:, :0]),
        "is int64; make it int32": (good.astype(np.int64), nan),
        "propensity is float64": (good, nan.astype(np.float64)),
        rf"propensity is float32 of shape \({m}, 2\)": (good, nan[:, :2]),
        "holds track 400; the catalogue knows 0 to 399": (unknown, nan),
        "holds track -1": (below, nan),
        f"listener {request.listeners[5]} holds a track twice": (twice, nan),
        f"listener {request.listeners[7]} holds track {coming}, which comes out": (early, nan),
    }


def test_a_slate_that_cannot_be_played_is_refused_and_changes_nobody():
    world = world_of()
    request = world.waiting()
    before = pickle.loads(pickle.dumps(population(world)))
    for says, (tracks, propensity) in refused(request, world.catalogue).items():
        with pytest.raises(UsageError, match=says):
            world.play(Slate(tracks, propensity))
    assert not changed(population(world), before)
    assert world.waiting() is request
    world.play(answer(request, world.catalogue))


def test_an_answer_nobody_waits_for_is_refused():
    world = world_of()
    slate = answer(world.waiting(), world.catalogue)
    world.play(slate)
    with pytest.raises(UsageError, match=r"call waiting\(\) first"):
        world.play(slate)


def test_a_window_does_not_end_while_somebody_waits():
    world = world_of()
    m = len(world.waiting())
    with pytest.raises(UsageError, match=rf"{m} listeners wait for a slate: call play\(\) before turn\(\)"):
        world.turn()


def test_a_share_that_is_none_is_refused():
    with pytest.raises(UsageError, match="expected a number from 0 to 1"):
        world_of(share=1.5)


def test_nobody_asks_where_nothing_is_recommended_and_nobody_plays_alone_where_all_is():
    assert world_of(share=0.0).waiting() is None
    world = world_of(share=1.0)
    exchanges, _, news = day(world)
    assert exchanges
    assert not len(news.plays)


def test_a_window_may_be_lived_in_parts():
    """Who had nothing to do in the morning is asked again in the evening."""
    whole, parts = world_of(), world_of()
    for _ in range(2):
        while (request := whole.waiting()) is not None:
            whole.play(answer(request, whole.catalogue))
        for hours in (6, 12, 18, 24):
            while (request := parts.waiting(until=parts.today + hours / 24)) is not None:
                parts.play(answer(request, parts.catalogue))
        assert not changed(population(whole), population(parts))
        np.testing.assert_array_equal(whole.turn().charts, parts.turn().charts)


# -- independence


def test_in_a_window_listeners_meet_only_through_what_turn_published():
    """One listener is played something else: nobody else's day changes; the charts do, at its end."""

    def different_for_one(request, catalogue):
        slate = answer(request, catalogue)
        row = request.listeners == who
        slate.tracks[row] = slates(np.array([999]), np.array([0]), 4, catalogue)
        return slate

    one, other = world_of(share=1.0), world_of(share=1.0)
    served, _, news = day(one)
    who = served[-1].request.listeners[0]  # the last to ask
    _, _, otherwise = day(other, different_for_one)
    assert changed(population(one), population(other)) == {who}
    assert (news.charts != otherwise.charts).any()


def test_two_agents_meet_the_same_listeners_with_the_same_luck():
    def popular(request, catalogue):
        tracks = np.argsort(-charts)[:4].astype(np.int32)
        tracks = np.tile(tracks, (len(request), 1))
        return Slate(tracks, np.ones(tracks.shape, np.float32))

    one, other = world_of(), world_of()
    charts = one._charts
    assert not changed(population(one), population(other))
    first = one.waiting(), other.waiting()
    np.testing.assert_array_equal(first[0].listeners, first[1].listeners)
    np.testing.assert_array_equal(first[0].time, first[1].time)
    np.testing.assert_array_equal(first[0].context, first[1].context)
    for _ in range(5):
        day(one)
        day(other, popular)
    assert len(changed(population(one), population(other))) > 150
    for name in ("luck", "rate", "skipper", "discovery", "mainstream", "chronotype", "joined"):
        np.testing.assert_array_equal(one.truth.columns[name], other.truth.columns[name])


def test_the_same_seed_is_the_same_world_and_another_is_another(lived):
    again, other = world_of(), world_of(seed=3)
    for _ in range(DAYS):
        _, _, news = day(again)
        day(other)
    assert not changed(population(again), population(lived[0]))
    np.testing.assert_array_equal(news.charts, lived[3][-1].charts)
    assert len(changed(population(other), population(lived[0]))) == 200


def test_listeners_live_the_same_whether_or_not_anybody_takes_notes(lived):
    bare = world_of(cooldown=0.0, log=False)
    for published in lived[3]:
        _, _, news = day(bare)
        np.testing.assert_array_equal(news.charts, published.charts)
        for name in Late.dtypes:
            np.testing.assert_array_equal(getattr(news.late, name), getattr(published.late, name))
    assert not changed(population(bare), population(lived[0]))


# -- what is published


def test_every_play_is_in_the_log_as_it_was(lived):
    world, exchanges, _, news, *_ = lived
    log = Plays.concat(list(world.log.parts()))
    organic = Plays.concat([published.plays for published in news])
    mine = log.rows(log.visit < 0)
    for name in Plays.dtypes:
        np.testing.assert_array_equal(getattr(mine, name), getattr(organic, name), err_msg=name)
    served = log.rows(log.visit >= 0)
    reached = [exchange.feedback.reached for exchange in exchanges]

    def told(get):
        return np.concatenate([get(e)[r] for e, r in zip(exchanges, reached, strict=True)])

    np.testing.assert_array_equal(served.track, told(lambda e: e.slate.tracks))
    np.testing.assert_array_equal(served.propensity, told(lambda e: e.slate.propensity))
    np.testing.assert_array_equal(served.seconds, told(lambda e: e.feedback.seconds))
    np.testing.assert_array_equal(served.has(SKIPPED), told(lambda e: e.feedback.skipped))
    k = 4
    who = told(lambda e: np.tile(e.request.listeners[:, None], k))
    visit = told(lambda e: np.tile(e.request.visit[:, None], k))
    slot = told(lambda e: np.tile(np.arange(k), (len(e.request), 1)))
    for name, column in {"listener": who, "visit": visit, "slot": slot}.items():
        np.testing.assert_array_equal(getattr(served, name), column)
    ends = sum(int(e.feedback.left.sum()) for e in exchanges)
    assert served.has(LEFT).sum() == ends
    assert (served.source == 0).all()
    assert (mine.source > 0).all()
    assert not (log.has(LIKED) | log.has(SAVED)).any()  # they are late, and come by themselves
    order = np.lexsort((log.time, log.listener))
    gap = np.diff(log.time[order])[np.diff(log.listener[order]) == 0]
    assert (gap > 0).all()


def test_what_is_known_was_heard_before(lived):
    world, _, known, *_ = lived
    seen, expected, told = set(), [], []
    for part in world.log.parts():
        rows = (part.listener, part.track, part.seconds, part.flags)
        for u, i, s, flags in zip(*(column.tolist() for column in rows), strict=True):
            expected.append((u, i) in seen)
            told.append(bool(flags & KNOWN))
            if s >= HEARD_SECONDS:
                seen.add((u, i))
    assert told == expected
    assert 0.1 < np.mean(expected) < 0.9
    served = [p for p in world.log.parts() if p.visit[0] >= 0]
    assert sum(int(p.has(KNOWN).sum()) for p in served) == sum(int(part.sum()) for part in known)


def test_charts_are_the_plays_of_30_s_with_a_half_life(lived):
    world, _, _, news, charts, lengths = lived
    log, at = Plays.concat(list(world.log.parts())), 0
    for published, until in zip(news, lengths, strict=True):
        today = log.rows(slice(at, until))
        counted = np.bincount(today.track[today.seconds >= HEARD_SECONDS], minlength=400)
        charts, at = (charts * 0.5 ** (1 / 30) + counted).astype(np.float32), until
        np.testing.assert_allclose(published.charts, charts, rtol=1e-5)


def test_signals_come_once_and_in_their_time(lived):
    world, _, _, news, *_ = lived
    late = Late.concat([published.late for published in news])
    assert len(late) > 100
    names = ("listener", "time", "track", "liked", "saved")
    rows = list(zip(*(getattr(late, name).tolist() for name in names), strict=True))
    assert len(set(rows)) == len(rows)
    for at, published in enumerate(news):
        assert (published.late.came < at + 1).all()
        earlier = published.late.came < at  # the play itself ran past midnight, or is of this window
        assert (published.late.time[earlier] >= at - 1).all()
    waiting = Late.concat(world._pending)
    assert (waiting.came >= DAYS).all()
    again = set(zip(*(getattr(waiting, name).tolist() for name in names), strict=True))
    assert not again & set(rows)
    assert 0 < len(waiting) < len(late)


def test_releases_are_announced_once_and_played_only_then(lived):
    world, _, _, news, *_ = lived
    released = world.catalogue.released
    announced = np.concatenate([published.released for published in news])
    np.testing.assert_array_equal(np.sort(announced), np.flatnonzero((released > 0) & (released <= DAYS)))
    assert len(announced) > 0
    for at, published in enumerate(news):
        assert published.time == at + 1
        assert ((released[published.released] > at) & (released[published.released] <= at + 1)).all()
    log = Plays.concat(list(world.log.parts()))
    assert (log.time >= released[log.track]).all()
    assert np.isin(log.track, announced).any()


def test_a_warm_up_recommends_nothing_and_leaves_the_share_as_it_was():
    world, days = world_of(share=0.7), []
    world.warm_up(5, each=lambda: days.append(world.today))
    assert days == [1, 2, 3, 4, 5]
    assert world.share == 0.7
    assert all((part.visit < 0).all() for part in world.log.parts())
    assert world.waiting() is not None


def test_the_setting_of_a_world_without_memory_has_no_cooldown():
    assert world_of(cooldown=0.0).setting(5).cooldown == 0
    setting = world_of().setting(5, cooldown=7.0)
    assert (setting.n_listeners, setting.slate_size, setting.cooldown) == (200, 5, 7.0)
    assert setting.key != world_of(seed=3).setting(5).key
    assert world_of().setting(5, key=KEY).key == KEY


def test_a_cooldown_without_end_needs_a_world_that_never_forgets():
    with pytest.raises(UsageError, match="make_world"):
        world_of().setting(5, cooldown=np.inf)
    assert world_of(cooldown=np.inf).setting(5, cooldown=np.inf).cooldown == np.inf


def test_memory_does_not_grow_with_the_days():
    """T-RECS kept a copy of everything for every step (FIELD.md, bug 11)."""
    staying = ListenerParams(churn=0.0)
    world = world_of(50, 200, log=False, listener=staying)
    tracemalloc.start()  # what is replaced later counts as given back only if it was counted when it came
    try:
        for _ in range(11):
            day(world)
        gc.collect()  # of whatever ran before, too
        before = tracemalloc.get_traced_memory()[0]
        for _ in range(20):
            day(world)
        gc.collect()
        grown = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    assert grown < 100_000  # the plays of these days alone would be 600,000
    assert len(world._pending) == 1


def test_a_world_travels_and_lives_on(lived):
    world = world_of()
    for _ in range(4):
        day(world)
    copy = pickle.loads(pickle.dumps(world))
    for _ in range(DAYS - 4):
        day(copy)
    assert not changed(population(copy), population(lived[0]))
    assert len(copy.log) == len(lived[0].log)
