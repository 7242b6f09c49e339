"""What a log says of another policy: decisions are read as they were, chances as they would have been."""

from dataclasses import replace

import numpy as np
import pytest
from tiny import plays

import simenv
from simenv.agents import load
from simenv.decisions import decisions_of, waves
from simenv.errors import UsageError
from simenv.heard import Heard
from simenv.log import Log
from simenv.rng import Key
from simenv.scenarios import load as scenario
from simenv.scenarios._arms import arm
from simenv.scenarios._estimates import ESTIMATORS, wrong_propensities
from simenv.scenarios._keys import cell_key
from simenv.scenarios._off_policy import LOOP, holds, judged
from simenv.scenarios._replay import replayed
from simenv.scenarios._reward_model import Facts, cross_fitted
from simenv.scenarios.build import make_world

SIZES = {"listeners": 60, "tracks": 200, "warmup": 8, "days": 4, "seeds": 2}
K = 5


@pytest.fixture(scope="module")
def logged():
    """A world after a week with `als(explore=.5)`, and what was known at the time, by listener and visit."""
    world = make_world(50, 120, 3)
    world.warm_up(8)
    setting, past = world.setting(K), world.copy().log
    agent, other = load("als", explore=0.5), load("content", explore=0.3)
    for each in (agent, other):
        each.begin(setting)
        each.fit(past)
    asked, since = {}, world.today
    for _ in range(7):
        while (request := world.waiting()) is not None:
            slate = agent.recommend(request)
            chance = [
                other.probability(request, slate.tracks[:, j : j + 1], slate.tracks[:, :j])[:, 0]
                for j in range(K)
            ]
            exchange = world.play(slate)
            for i, (u, v) in enumerate(zip(request.listeners.tolist(), request.visit.tolist(), strict=True)):
                asked[u, v] = (request, exchange, i, np.array(chance)[:, i])
        world.turn()
    return world, setting, past, since, asked


def test_what_is_imagined_is_what_would_happen_and_changes_nothing():
    world = make_world(40, 100, 1)
    world.warm_up(5)
    untouched = world.copy()
    agent, other = load("popular"), load("random")
    for each in (agent, other):
        each.begin(world.setting(K))
        each.fit(world.log)
    for _ in range(3):
        while (request := world.waiting()) is not None:
            slate = agent.recommend(request)
            world.imagine(other.recommend(request))
            imagined = world.imagine(slate).feedback
            untouched.waiting()
            for played in (world.play(slate).feedback, untouched.play(slate).feedback):
                for name in ("reached", "seconds", "skipped", "left"):
                    np.testing.assert_array_equal(getattr(imagined, name), getattr(played, name))
        np.testing.assert_array_equal(world.turn().charts, untouched.turn().charts)
    with pytest.raises(UsageError, match="nobody waits"):
        world.imagine(slate)


def test_a_copy_of_a_world_has_a_future_of_its_own():
    world = make_world(40, 100, 1)
    world.warm_up(3)
    before = len(world.log), world.truth.columns["taste"].copy()
    other = world.copy()
    other.warm_up(3)
    assert len(world.log) == before[0] < len(other.log)
    np.testing.assert_array_equal(world.truth.columns["taste"], before[1])
    assert (other.truth.columns["clock"] > world.truth.columns["clock"]).any()


def test_decisions_read_from_a_log_are_those_that_were_made(logged):
    world, _, _, since, asked = logged
    found = decisions_of(world.log, since, K)
    assert len(found) == len(asked) > 100
    for e in range(len(found)):
        request, exchange, i, _ = asked[int(found.request.listeners[e]), int(found.request.visit[e])]
        for name in ("time", "context", "session"):
            np.testing.assert_array_equal(getattr(found.request, name)[e], getattr(request, name)[i])
        reached = exchange.feedback.reached[i]
        np.testing.assert_array_equal(found.reached[e], reached)
        np.testing.assert_array_equal(found.tracks[e, reached], exchange.slate.tracks[i, reached])
        np.testing.assert_array_equal(found.propensity[e, reached], exchange.slate.propensity[i, reached])
        np.testing.assert_array_equal(found.finished[e], reached & ~exchange.feedback.skipped[i])
    assert (found.request.session > 0).any() and (found.propensity[~found.reached] == 1).all()


def test_replayed_chances_are_those_of_the_time_with_the_cooldowns_of_the_time(logged):
    world, setting, past, since, asked = logged
    found = decisions_of(world.log, since, K)
    chance = np.full(found.tracks.shape, np.nan)
    for known in replayed(load("content", explore=0.3), found, world.log, past, setting):
        assert (np.diff(known.request.listeners) > 0).all()
        np.testing.assert_allclose(known.of_all.sum(axis=1), 1, rtol=1e-4)
        shown = found.tracks[known.at, known.slot]
        chance[known.at, known.slot] = known.of_all[np.arange(len(shown)), shown]
    assert (np.isnan(chance) == ~found.reached).all()
    for e in range(len(found)):
        *_, live = asked[int(found.request.listeners[e]), int(found.request.visit[e])]
        np.testing.assert_allclose(chance[e, found.reached[e]], live[found.reached[e]], rtol=1e-5)


def test_a_replay_that_forgot_the_cooldowns_would_be_wrong(logged):
    world, setting, past, since, _ = logged
    found = decisions_of(world.log, since, K)
    free = replace(setting, cooldown=0.0)
    first = [
        np.concatenate([c.of_all.ravel() for c in replayed(load("content"), found, world.log, past, s, 1)])
        for s in (setting, free)
    ]
    assert not np.array_equal(*first)


def test_at_every_wave_what_was_heard_is_what_had_been_played(logged):
    world, _, _, since, _ = logged
    found, log = decisions_of(world.log, since, K), world.log.plays()
    heard = Heard(50, 120, ring=8_192)
    seen = []
    for at in waves(found, world.log, heard):
        for e in at[:3]:
            u, t = found.request.listeners[e], found.request.time[e]
            start, tracks = heard.forbidden(np.array([u], np.int32), np.array([t]), 1_000.0)
            before = log.track[(log.listener == u) & (log.time < t)]
            assert sorted(tracks[: start[1]]) == sorted(before)
        seen.extend(at)
    assert sorted(seen) == list(range(len(found)))


def test_logs_without_slates_first_slots_or_context_are_refused(logged):
    world, _, past, since, _ = logged
    with pytest.raises(UsageError, match="no recommended play with a visit and a slot"):
        decisions_of(past)
    own = world.log.plays()
    changes = {
        "lack their first slot": {"slot": own.slot + (own.slot == 0)},
        "without a context": {"activity": own.activity + 9},
    }
    for said, change in changes.items():
        log = Log(50, 120)
        log.append(replace(own, **{k: v.astype(getattr(own, k).dtype) for k, v in change.items()}))
        with pytest.raises(UsageError, match=said):
            decisions_of(log, since)
    unknown = Log(2, 9)
    shown = plays([0, 1], [1, 2], [1.0, 1.0], np.array([True, False]), slot=0, visit=0)
    unknown.append(shown)
    assert np.isnan(decisions_of(unknown).propensity).all()


def test_a_policy_that_does_not_know_its_chances_is_refused(logged):
    world, setting, past, since, _ = logged
    found = decisions_of(world.log, since, K)

    class Mute(type(load("popular"))):
        def probability(self, request, tracks, given):
            return np.full(tracks.shape, np.nan, np.float32)

    with pytest.raises(UsageError, match=r"mute does not know the chance.*choose one"):
        list(replayed(Mute(), found, world.log, past, setting))


def test_the_reward_model_learns_from_others_only_and_beats_a_constant(logged):
    world, setting, past, since, _ = logged
    found, facts = decisions_of(world.log, since, K), Facts.of(past, setting)
    earned = found.finished[:, :1].astype(float)
    key = Key.root(1)

    def predictions(earned):
        model = cross_fitted(facts, found, earned, key)
        every = np.arange(len(found))
        return model.expects(every, 0, found.request.listeners)[every, found.tracks[:, 0]]

    told = predictions(earned)
    mine = found.request.listeners == found.request.listeners[0]
    lied = earned.copy()
    lied[mine] = 1 - lied[mine]
    np.testing.assert_array_equal(predictions(lied)[mine], told[mine])
    assert not np.array_equal(predictions(lied), told)
    assert np.corrcoef(told, earned[:, 0])[0, 1] > 0.1
    assert abs(told.mean() - earned.mean()) < 0.05


@pytest.fixture(scope="module")
def result(tmp_path_factory):
    agents = ["organic", "random", "popular", "als(explore=.5)", "als(explore=.2)", "oracle"]
    return simenv.run("off_policy", agents, out=tmp_path_factory.mktemp("off"), **SIZES)


def test_of_the_policy_that_wrote_it_the_log_says_what_it_earned(result):
    own = result.values("first_log")["als(explore=0.5)"]
    for name in ("ips", "snips"):
        np.testing.assert_allclose(result.values(name)["als(explore=0.5)"], own, rtol=1e-5)
    slates = result.values("slate_log")["als(explore=0.5)"]
    for name in ("sips", "iips", "rips", "rips_normalised"):
        np.testing.assert_allclose(result.values(name)["als(explore=0.5)"], slates, rtol=1e-4)
    assert (result.values("ess")["als(explore=0.5)"] > 0.999).all()
    assert result.values("first_log")["popular"].equals(own.rename("popular"))


def test_true_propensities_are_near_the_truth_and_wrong_ones_are_not(result):
    near = "als(explore=0.2)"
    truth = result.values("first")[near]
    for name in ("ips", "dr"):
        assert holds(result, name, "first").mean() > 0.6
        assert (np.abs(result.values(name)[near] - truth) < 0.1).all()
    assert (result.values("ips_uniform")[near] > 10 * truth).all()
    assert judged(result, "ips").error < judged(result, "ips_shuffled").error


def test_arms_that_no_log_can_teach_have_no_estimates(result):
    for name in ("organic", "oracle"):
        assert result.values("first")[name].isna().all() and result.values("ips")[name].isna().all()
    assert result.values("first_loop")["oracle"].notna().all()
    assert judged(result, "dr").cells == 8


def test_what_is_judged_is_the_mean_error_over_agents_and_worlds(result):
    agents = ["random", "popular", "als(explore=0.5)", "als(explore=0.2)"]
    off = (result.values("dr")[agents] - result.values("first")[agents]).to_numpy()
    found = judged(result, "dr")
    assert found.bias.mean == pytest.approx(off.mean())
    assert found.error == pytest.approx(np.sqrt((off**2).mean()))
    alone = (result.values("slate_dm")[agents] - result.values("slate_frozen")[agents]).to_numpy()
    assert judged(result, "slate_dm", LOOP).bias.mean == pytest.approx(alone.mean())


def test_the_report_answers_with_errors_and_has_a_row_an_estimator(result):
    report = (result.folder / "report.md").read_text()
    assert "DR by " in report.splitlines()[2] and "als(explore=.5)" in report.splitlines()[2]
    assert all(f"| `{name}` |" in report for name in ESTIMATORS)
    for name in ("estimates", "estimators"):
        assert (result.folder / "figures" / f"{name}.png").stat().st_size > 10_000


def test_it_does_not_disturb_the_run_that_it_judges(result):
    alone = simenv.run("popularity_bias", ["popular"], **SIZES)
    assert alone.values("finished")["popular"].equals(result.values("finished")["popular"])


def test_who_wrote_the_log_is_part_of_what_a_cell_is():
    here, there = scenario("off_policy"), replace(scenario("off_policy"), logged_by="popular(explore=.5)")
    assert cell_key(here, arm("als"), 0) != cell_key(there, arm("als"), 0)
    with pytest.raises(UsageError, match="no agent called 'alss'"):
        simenv.run("off_policy", ["popular"], set={"logged_by": "alss"}, **SIZES)


def test_wrong_propensities_are_wrong_as_they_are_named():
    logged = np.array([0.5, 0.001, 0.2, 0.9])
    wrong = wrong_propensities(logged, 50, 0.05, Key.root(3))
    np.testing.assert_array_equal(wrong["uniform"], 0.02)
    np.testing.assert_array_equal(np.sort(wrong["shuffled"]), np.sort(logged))
    np.testing.assert_array_equal(wrong["floored"], [0.5, 0.05, 0.2, 0.9])
