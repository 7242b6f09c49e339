"""Mixtures and guards: who is heard when, what is let through."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import sparse
from scipy.stats import rankdata
from tiny import KEY, Tiny, checkerboard, plays, request

from simenv.agents import load, parse
from simenv.agents._guards import Sieved
from simenv.agents._mixing import levelled
from simenv.agents._moments import columns, in_words
from simenv.agents._supervised import moments
from simenv.agents._suspicion import robust_z
from simenv.agents.private import noised
from simenv.errors import UsageError
from simenv.log import Log
from simenv.scenarios.build import make_world
from simenv.types import Setting
from simenv.users.params import ListenerParams

ALL = np.arange(48, dtype=np.int32)


def begun(text, world):
    agent = parse(text)
    agent.begin(world.setting)
    agent.fit(world.log)
    return agent


def old_hands():
    """A world whose listeners differ in plays: listener u has played 2 u tracks of their kind."""
    world = Tiny(checkerboard())
    u, s = np.divmod(np.arange(24 * 48), 48)
    some = s < 2 * u
    u, s = u[some], s[some]
    world.enter(plays(u, (2 * (s % 16) + u % 2).astype(np.int32), s / 10, np.ones(len(u), bool)))
    return world


# Scales


@pytest.mark.parametrize("how", ["minmax", "z", "rank"])
def test_scales_by_hand(how):
    scores = np.array([[3, 1, 2, 9], [5, 5, 5, 5], [-1, 0, 0, 4]], np.float32)
    is_open = np.array([[True, True, True, False], [True, True, True, True], [True, True, True, True]])
    level = levelled(scores.copy(), is_open, how)
    for row in range(3):
        x = scores[row][is_open[row]].astype(float)
        spread = {"minmax": np.ptp(x), "z": x.std(), "rank": 1}[how]
        low = {"minmax": x.min(), "z": x.mean(), "rank": 0}[how]
        by_hand = rankdata(x) / len(x) if how == "rank" else (x - low) / spread if spread else 0 * x
        np.testing.assert_allclose(level[row][is_open[row]], by_hand, atol=1e-6)


# Hybrid


def test_collaboration_fades_in_with_plays_of_listener_and_track():
    world = old_hands()
    agent = begun("hybrid(trust=20, most=1)", world)
    w = agent.weight(np.arange(24, dtype=np.int32))
    of_track = np.minimum(world.log.counts() / 20, 1)
    by_hand = np.minimum(2 * np.arange(24) / 20, 1)[:, None] * of_track
    np.testing.assert_allclose(w, by_hand, rtol=1e-6)
    assert not w[0].any()
    assert not w[:, 40:].any()  # nobody has played them
    assert w.max() == 1
    np.testing.assert_allclose(
        begun("hybrid(trust=20, most=.7)", world).weight(ALL[:24]), 0.7 * by_hand, rtol=1e-6
    )


def test_a_new_listener_and_a_new_track_are_judged_by_sound_alone():
    world = old_hands()
    agent = begun("hybrid", world)
    content = levelled(agent.cold.scores(request(ALL[:24])), np.ones((24, 48), bool), "z")
    scores = agent.scores(request(ALL[:24]))
    np.testing.assert_allclose(scores[0], content[0], rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(scores[:, 40:], content[:, 40:], rtol=1e-5, atol=1e-6)
    assert np.abs(scores[20:, :32] - content[20:, :32]).max() > 0.1


def test_switching_switches():
    world = old_hands()
    agent = begun("hybrid(mode=switching)", world)
    w = agent.weight(ALL[:24])
    assert set(np.unique(w)) == {0, 1}
    every = np.ones((24, 48), bool)
    a, b = (levelled(part.scores(request(ALL[:24])), every, "z") for part in (agent.of, agent.cold))
    np.testing.assert_allclose(agent.scores(request(ALL[:24])), np.where(w, a, b), atol=1e-5)


def test_a_cascade_filters():
    world = old_hands()
    agent = begun("hybrid(mode=cascade, pool=6)", world)
    candidates = np.argsort(-agent.cold.scores(request(ALL[:24])), axis=1, kind="stable")[:, :6]
    slate = agent.recommend(request(ALL[:24])).tracks
    for row in range(24):
        assert np.isin(slate[row], candidates[row]).all()
    assert (slate != candidates[:, :5]).any()
    assert "no candidate" in agent.parts(23, int(np.setdiff1d(ALL, candidates[23])[0]))


def test_what_two_disagree_about_is_doubted():
    world = old_hands()
    sure, unsure = (begun(f"hybrid(doubt={d})", world) for d in (0, 2))
    lost = sure.scores(request(ALL[:24])) - unsure.scores(request(ALL[:24]))
    w, a, b = sure._weighed(request(ALL[:24]))
    np.testing.assert_allclose(lost, 2 * w * (1 - w) * np.abs(a - b), atol=1e-5)
    assert lost.max() > 0.1


def test_a_hybrid_says_what_it_is_mixed_of():
    words = begun("hybrid", old_hands()).explain(23, 5)
    assert "(70 % listening, 30 % sound)" in words
    assert "(als, content)" not in words
    assert "% als" in begun("hybrid(cold=itemknn)", old_hands()).explain(23, 5)


def test_a_part_that_does_not_score_is_refused():
    with pytest.raises(UsageError, match="random does not score every track"):
        begun("hybrid(cold=random)", old_hands()).recommend(request([0]))


# Guards


def pushed(days=12):
    world = make_world(300, 500, seed=3, share=0.0, listener=ListenerParams(bots_push=0.05))
    for _ in range(days):
        world.turn()
    return world


def test_robust_takes_most_of_the_lift_of_a_push_away():
    world = pushed()
    bot = world.truth.columns["bot"] != 0
    target = world.catalogue.artist == world.truth.columns["target"][bot][0]
    honest = Log(300, len(world.catalogue))
    honest.append((every := world.log.plays()).rows(~bot[every.listener]))
    setting = Setting.of_log(world.log, world.catalogue)
    share = {}
    for name, text, log in (
        ("honest", "popular", honest),
        ("open", "popular", world.log),
        ("guarded", "robust(of=popular)", world.log),
        ("weighed", "robust(of=popular, weight=.25)", world.log),
    ):
        agent = parse(text)
        agent.begin(setting)
        agent.fit(log)
        scores = agent.score(request([0], 12.0), np.arange(len(target), dtype=np.int32)[None])[0]
        share[name] = scores[target].sum() / scores.sum()
    lift = {name: value - share["honest"] for name, value in share.items()}
    assert lift["open"] > 0.05
    assert abs(lift["guarded"]) < 0.1 * lift["open"]
    assert abs(lift["guarded"]) < lift["weighed"] < 0.6 * lift["open"]


def test_robust_flags_bots_and_hardly_anybody_else():
    world = pushed()
    agent = load("robust")
    agent.begin(Setting.of_log(world.log, world.catalogue))
    agent.fit(world.log)
    bot = world.truth.columns["bot"] != 0
    assert bot.sum() > 5
    assert agent.flagged[bot].mean() > 0.9
    assert agent.flagged[~bot].mean() < 0.01


def test_what_flagged_accounts_do_online_teaches_nothing():
    world = Tiny(checkerboard())
    agent = begun("robust(of=popular)", world.warm_up())
    agent.suspicion_[3] = 99
    before = agent.inner.plays_.copy()
    slate = world.wave(agent)
    assert slate >= 0
    loved = np.take_along_axis(world.loves, world.shown[-1], axis=1)
    loved[3] = False
    np.testing.assert_allclose(
        agent.inner.plays_ - before, np.bincount(world.shown[-1][loved], minlength=48), atol=1e-6
    )


def test_a_sieved_log_is_the_log_of_the_others():
    world = Tiny(checkerboard()).warm_up()
    agent = begun("robust", world)
    agent.suspicion_[[2, 5]] = 99
    kept = world.log.plays()
    kept = kept.rows(~np.isin(kept.listener, [2, 5]))
    by_hand = Log(24, 48)
    by_hand.append(kept)
    by_hand.now = world.log.now
    seen = Sieved(world.log, agent._sieve, ~agent.flagged)
    assert len(seen) == len(by_hand)
    np.testing.assert_array_equal(seen.plays().time, kept.time)
    np.testing.assert_allclose(seen.counts(5), by_hand.counts(5))
    np.testing.assert_allclose(seen.matrix(9).toarray(), by_hand.matrix(9).toarray(), rtol=1e-5)
    np.testing.assert_array_equal(seen.last().toarray(), by_hand.last().toarray())


def test_robust_z_by_hand():
    values = np.array([[1.0], [2], [3], [4], [100]])
    z = robust_z(values, np.ones(5, bool))[:, 0]
    np.testing.assert_allclose(z, (values[:, 0] - 3) / 1.4826)
    assert not robust_z(values, np.zeros(5, bool)).any()


# Context


def by_the_hour(days=28):
    """Everyone plays even tracks by day and odd ones by night."""
    world = Tiny(np.ones((24, 48), bool))
    u, d, s = (a.ravel() for a in np.mgrid[:24, :days, :6])
    night = s >= 3
    track = 2 * (KEY / "which").below(24, u, d, s) + night
    world.enter(
        plays(u, track.astype(np.int32), d + np.where(night, 0.9, 0.5) + s / 100, np.ones(len(u), bool))
    )
    return world


@pytest.mark.parametrize(
    "text",
    ["context", "context(mode=prefilter, strength=2)", "context(mode=postfilter, strength=5, of=popular)"],
)
def test_the_moment_changes_the_ranking(text):
    world = by_the_hour()
    agent = begun(text, world)
    by_day = agent.recommend(request(ALL[:24], 30.5)).tracks % 2
    by_night = agent.recommend(request(ALL[:24], 30.92)).tracks % 2
    assert by_day.mean() < 0.2
    assert by_night.mean() > 0.8


def test_the_activity_changes_what_the_model_scores():
    agent = begun("context", by_the_hour())
    asked = request([0, 0], 30.5)
    asked.context[1, 6] = 1
    assert np.ptp(agent.scores(asked), axis=0).max() > 0


def test_the_clock_is_the_context_that_listeners_show():
    plays_ = by_the_hour(7).log.plays()
    shown = moments(plays_)
    asked = replace(request(plays_.listener), time=plays_.time)
    np.testing.assert_allclose(columns(asked)[:, :4], shown[:, :4], atol=1e-5)


def test_times_in_words():
    words = {4.93: "Friday night", 5.1: "Friday night", 4.8: "Friday evening", 0.3: "Monday morning"}
    words |= {7.05: "Sunday night", 6.6: "Sunday afternoon"}
    for time, said in words.items():
        assert in_words(time) == f"it is {said}"
    assert "it is " in begun("context", by_the_hour()).explain(3, 4)


# Ensemble


def test_weights_go_with_history():
    world = Tiny(checkerboard())
    for u, n in ((1, 3), (2, 5)):
        world.enter(plays(np.full(n, u), 2 * np.arange(n), np.arange(n) / 9, np.ones(n, bool)))
    agent = begun("ensemble(again=2, few=5)", world)
    weights = agent._weights_of(request([0, 1, 2]))
    by_hand = [[0, 0.7, 0.3, 2], [0, 0.5, 0.5, 2], [0.6, 0.3, 0.1, 2]]
    np.testing.assert_allclose(weights, by_hand, rtol=1e-6)


def test_habit_is_the_chance_that_a_track_comes_to_mind():
    world = Tiny(checkerboard())
    world.enter(plays(np.zeros(4), np.array([6, 6, 6, 8]), np.array([1, 2, 3, 3.5]), np.ones(4, bool)))
    now = world.log.now
    with_, without = (begun(f"ensemble(again={a})", world).scores(request([0], now))[0] for a in (1, 0))
    by_hand = np.zeros(48)
    for track, n, days in ((6, 3, 0.5), (8, 1, 0.0)):
        by_hand[track] = 1 / (1 + np.exp(-(0.9 * np.log(n) - 0.5 * np.log(days + 0.15))))
    np.testing.assert_allclose(with_ - without, by_hand, atol=1e-5)


def test_learned_weights_find_the_part_that_tells():
    """Everyone plays what they love, all of it new each time: the charts tell nothing."""
    world = Tiny(checkerboard(60, 90))
    u, s = (a.ravel() for a in np.mgrid[:60, :30])
    order = np.argsort((KEY / "order").uniform(np.arange(60)[:, None], np.arange(45)), axis=1)
    track = 2 * order[u, s] + u % 2
    world.enter(plays(u, track.astype(np.int32), s + u / 100, np.ones(len(u), bool)))
    learned, fixed = (begun(f"ensemble(weights={w}, scale=z)", world) for w in ("learned", "history"))
    listening, sound, charts = learned.weights_[2, :3]
    assert max(listening, sound) > 5 * abs(charts)
    assert (learned.weights_[:2] == fixed.weights_[:2]).all()
    assert (learned.weights_[2] != fixed.weights_[2]).any()


# Privacy


@pytest.mark.parametrize("epsilon", [0.1, 1.0, 10.0])
def test_noise_scales_as_one_over_epsilon(epsilon):
    counts = sparse.csr_array(np.full((40, 50), 1000.0))
    noise = noised(counts, epsilon, 0.0, KEY / f"{epsilon}").toarray() - 1000
    assert np.abs(noise).mean() == pytest.approx(1 / epsilon, rel=0.1)
    assert noise.mean() == pytest.approx(0, abs=0.15 / epsilon)


def test_empty_cells_pass_as_often_as_the_law_says():
    counts = sparse.csr_array(np.pad(np.ones((200, 1)), ((0, 0), (0, 499))))
    epsilon, least = 0.7, 3.0
    out = noised(counts, epsilon, least, KEY / "empty").toarray()
    assert (out[:, 1:] > 0).mean() == pytest.approx(0.5 * np.exp(-epsilon * least), rel=0.05)
    assert out[out > 0].min() > least
    assert (out[:, 1:][out[:, 1:] > 0] - least).mean() == pytest.approx(1 / epsilon, rel=0.05)
    assert (out[:, 0] > 0).mean() == pytest.approx(0.5 * np.exp(-epsilon * (least - 1)), abs=0.1)


def test_each_play_is_counted_in_one_release_only():
    world = Tiny(checkerboard()).warm_up()
    agent = begun("private(epsilon=1e6, spurious=1e-6)", world)
    released = agent._released(world.log)
    np.testing.assert_allclose(released.matrix().toarray(), world.log.matrix().toarray(), atol=1e-3)
    world.organic()
    agent.fit(world.log)
    released = agent._released(world.log)
    np.testing.assert_allclose(released.matrix().toarray(), world.log.matrix().toarray(), atol=1e-3)


def test_nothing_is_learned_of_plays_between_fits():
    world = Tiny(checkerboard()).warm_up()
    agent = begun("private(of=popular)", world)
    before = agent.inner.plays_.copy()
    world.wave(agent)
    np.testing.assert_array_equal(agent.inner.plays_, before)
