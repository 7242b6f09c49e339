"""Bandits: their mathematics, their exact chances, and that what they try pays."""

import numpy as np
import pytest
from scipy import stats
from tiny import KEY, Tiny, catalogue, checkerboard, plays, request

from simenv.agents import load, parse, restore
from simenv.agents._ridge import Ridge, upper
from simenv.agents.cascade_ucb import seen_slots
from simenv.agents.lints import N_DRAWS
from simenv.heard import Heard
from simenv.log import Log
from simenv.rng import Key
from simenv.types import Day, Exchange, Feedback, Late, Setting, Slate

BANDITS = ("epsgreedy", "ucb", "thompson", "cascade_ucb", "linucb", "lints")
EXPLORING = (
    "epsgreedy(explore=.5)",
    "epsgreedy(arms=genres, explore=.6)",
    "ucb(explore=.4)",
    "cascade_ucb(of=popular, pool=9, explore=.7)",
    "thompson",
    "thompson(of=content, pool=8, smoothing=2)",
    "linucb(of=content, pool=9, explore=.5)",
    "lints(of=content, pool=9, width=2)",
    "lints(of=None, arms=genres, width=2)",
)


def setting(n, n_tracks, k=3, cooldown=0.0, tracks=None):
    heard = Heard(n, n_tracks, any_play=True) if cooldown else None
    tracks = catalogue(n_tracks) if tracks is None else tracks
    return Setting(tracks, n, k, Key.root(5) / "agent", cooldown, heard)


def answer(tracks, finished, reached=None, listeners=None, time=1.0, visit=0):
    """An exchange: `finished` (m, k) of a slate of `tracks` (m, k)."""
    tracks, finished = np.asarray(tracks, np.int32), np.asarray(finished, bool)
    reached = np.ones(tracks.shape, bool) if reached is None else np.asarray(reached, bool)
    asked = request(np.arange(len(tracks)) if listeners is None else listeners, time, visit)
    seconds = np.where(reached, np.where(finished, 200, 3), 0).astype(np.float32)
    told = Feedback(reached, seconds, reached & ~finished, np.zeros(len(tracks), bool))
    return Exchange(asked, Slate(tracks, np.ones(tracks.shape, np.float32)), told)


def begun(text, n=4, n_tracks=6, k=3):
    agent = parse(text)
    agent.begin(setting(n, n_tracks, k))
    return agent


# Chances


def chances_are_frequencies(text, draws):
    """Chi-square of slot 1, and of slot 2 given the commonest track of slot 1, over one listener's draws."""
    world = Tiny(checkerboard(4, 12), 3.0, slate_size=3).warm_up(9)
    agent = parse(text)
    agent.begin(world.setting)
    agent.fit(world.log)
    asked = request(np.full(draws, 2), 9.4, np.arange(draws))
    slate = agent.recommend(asked)
    rows, everything = np.ones(draws, bool), np.arange(12, dtype=np.int32)[None]
    given = np.empty((1, 0), np.int32)
    for slot in range(2):
        law = agent.probability(asked.rows(slice(0, 1)), everything, given)[0].astype(float)
        shown = np.bincount(slate.tracks[rows, slot], minlength=12)
        logged = slate.propensity[rows, slot]
        np.testing.assert_allclose(logged, law[slate.tracks[rows, slot]], rtol=1e-5)
        may = law > 0
        assert may.sum() > 1 and not shown[~may].any()
        assert stats.chisquare(shown[may], law[may] / law.sum() * rows.sum()).pvalue > 1e-3
        given = np.array([[shown.argmax()]], np.int32)
        rows &= slate.tracks[:, 0] == given[0, 0]


@pytest.mark.parametrize("text", EXPLORING)
def test_propensities_are_frequencies_by_chi_square(text):
    chances_are_frequencies(text, 4000)


@pytest.mark.slow
@pytest.mark.parametrize("text", EXPLORING)
def test_propensities_are_frequencies_over_200_000_draws(text):
    chances_are_frequencies(text, 200_000)


@pytest.mark.parametrize("name", ["ucb", "linucb", "cascade_ucb"])
def test_without_exploring_an_optimist_leaves_nothing_to_chance(name):
    world = Tiny(checkerboard()).warm_up()
    agent = load(name)
    world.run(agent, days=1)
    asked = request(np.arange(24), 14.0, 3)
    slate = agent.recommend(asked)
    assert (slate.propensity == 1).all()
    assert (agent.probability(asked, slate.tracks[:, 1:2], slate.tracks[:, :1]) == 1).all()


def test_chances_are_unknown_where_candidates_are_drawn():
    world = Tiny(checkerboard()).warm_up()
    for name in BANDITS:
        agent = parse(f"{name}(of=random, pool=9)")
        world.run(agent, days=1)
        asked = request(np.arange(24), 14.0)
        slate = agent.recommend(asked)
        assert np.isnan(slate.propensity).all()
        assert np.isnan(agent.probability(asked, slate.tracks, slate.tracks[:, :0])).all()


def test_candidates_are_those_of_the_agent_that_finds_them():
    world = Tiny(checkerboard()).warm_up()
    for name in BANDITS:
        agent = parse(f"{name}(of=popular, pool=7, explore=1)")
        world.run(agent, days=2)
        asked = request(np.arange(24), 15.0)
        pool = agent.inner.recommend(asked).tracks
        assert pool.shape == (24, 7)
        slate = agent.recommend(asked)
        assert all(np.isin(a, b).all() for a, b in zip(slate.tracks, pool, strict=True))
        np.testing.assert_allclose(slate.propensity, np.tile(1 / np.arange(7, 2, -1), (24, 1)), rtol=1e-6)


# Counts


def test_the_posterior_of_a_share_is_its_beta_counts():
    agent = begun("thompson(smoothing=2, half_life=inf)")
    agent.update(answer([[0, 1, 2], [0, 1, 3]], [[1, 0, 1], [1, 1, 0]]))
    common = (1 + 4) / (2 + 6)
    a, b = agent.posterior()
    np.testing.assert_allclose(a, np.array([2, 1, 1, 0, 0, 0]) + 2 * common)
    np.testing.assert_allclose(b, np.array([0, 1, 0, 1, 0, 0]) + 2 * (1 - common))
    untried = agent.draws()[4:].copy()
    for learned, arms in (("a wave", range(4)), ("a day", range(6))):
        if learned == "a day":
            agent.hear(Day(plays([], [], [], np.zeros(0, bool)), Late.concat([]), np.zeros(6), [], 1.0))
        for arm in arms:
            assert stats.kstest(agent.draws()[arm], stats.beta(a[arm], b[arm]).cdf).pvalue > 1e-3
    assert (agent.draws()[4:] != untried).all()


def test_arms_pool_what_is_known_of_their_tracks():
    agent = begun("thompson(arms=artists, smoothing=2, half_life=inf)")  # artists of three tracks
    agent.update(answer([[0, 1, 5]], [[1, 0, 1]]))
    common = 3 / 5
    np.testing.assert_allclose(agent.posterior()[0], np.array([1, 1]) + 2 * common)
    draws = agent.draws() - 0.01 * (agent.finished_ + 2 * 2 / 3)[:, None] / (agent.plays_ + 2)[:, None]
    np.testing.assert_allclose(draws[0], draws[2], atol=1e-6)
    assert np.abs(draws[0] - draws[3]).max() > 0.1


def test_upper_bounds_are_what_they_say():
    agent = begun("ucb(smoothing=2, width=.5, half_life=inf)")
    agent.update(answer([[0, 1, 2], [0, 1, 3]], [[1, 0, 1], [1, 1, 0]]))
    n, s = np.array([2, 2, 1, 1, 0, 0]), np.array([2, 1, 1, 0, 0, 0])
    expected = (s + 2 * 4 / 6) / (n + 2) + 0.5 * np.sqrt(2 * np.log(7) / (n + 2))
    tracks = np.arange(6, dtype=np.int32)[None]
    np.testing.assert_allclose(agent.score(request([0]), tracks)[0], expected, rtol=1e-6)
    assert (
        agent.recommend(request([0])).tracks[0].tolist() == np.argsort(-expected, kind="stable")[:3].tolist()
    )
    assert set(agent.parts(0, 4)) == {"share finished", "bonus"}


@pytest.mark.parametrize("name", ["epsgreedy", "ucb", "thompson", "cascade_ucb"])
def test_counts_fade_by_half_in_a_half_life(name):
    agent = begun(f"{name}(half_life=5)")
    agent.update(answer([[0, 1, 2]], [[1, 0, 1]], time=1.0))
    agent.update(answer([[3, 4, 5]], [[0, 0, 1]], time=6.0))
    assert agent.plays_.tolist() == [0.5, 0.5, 0.5, 1, 1, 1]
    assert agent.finished_.tolist() == [0.5, 0, 0.5, 0, 0, 1]
    log = Log(4, 6)
    log.append(plays(np.zeros(6), np.arange(6), [1, 1, 1, 6, 6, 6], np.array([1, 0, 1, 0, 0, 1], bool)))
    before = agent.plays_.copy()
    agent.fit(log)
    np.testing.assert_allclose(agent.plays_, before)


def known_of(agent):
    arrays = ("plays_", "finished_", "passed_", "gram_", "moment_", "estimate_")
    return {name: value for name, value in agent.state().items() if name in arrays}


@pytest.mark.parametrize("name", BANDITS)
def test_late_feedback_leaves_the_same_behind_once_it_has_come(name):
    """Outcomes of day 1 come on day 4, after those of day 3: all weigh what they would have weighed."""
    early = answer([[0, 1, 2]], [[1, 0, 1]], time=1.2, listeners=[0])
    later = answer([[3, 1, 5]], [[0, 1, 1]], [[1, 1, 0]], time=3.4, listeners=[1])
    last = answer([[4, 2, 0]], [[1, 1, 0]], time=4.1, listeners=[2])
    states = []
    for order in ((early, later, last), (later, last, early)):
        agent = begun(f"{name}(half_life=3{', of=None' if name.startswith('lin') else ''})")
        for told in order:
            agent.update(told)
        states.append(known_of(agent))
    assert states[0]
    for key, value in states[0].items():
        np.testing.assert_allclose(value, states[1][key], rtol=1e-5, atol=1e-7, err_msg=key)


@pytest.mark.parametrize("name", BANDITS)
def test_a_wave_teaches_the_same_in_one_batch_or_many(name):
    tracks = (KEY / "shown").below(6, np.arange(8)[:, None], np.arange(3))
    liked = (KEY / "liked").uniform(np.arange(8)[:, None], np.arange(3)) < 0.5
    states = []
    for size in (8, 3, 1):
        agent = begun(name + ("(of=None)" if name.startswith("lin") else ""), n=8)
        for at in range(0, 8, size):
            rows = np.arange(at, min(at + size, 8))
            agent.update(answer(tracks[rows], liked[rows], listeners=rows))
        states.append(known_of(agent))
    for other in states[1:]:
        for key, value in states[0].items():
            np.testing.assert_allclose(value, other[key], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", BANDITS)
def test_what_was_not_reached_teaches_nothing(name):
    agents = [begun(name + ("(of=None)" if name.startswith("lin") else "")) for _ in range(2)]
    for agent, third in zip(agents, (2, 5), strict=True):
        agent.update(answer([[0, 1, third]], [[1, 0, 0]], [[1, 1, 0]]))
    for key, value in known_of(agents[0]).items():
        np.testing.assert_array_equal(value, known_of(agents[1])[key])


def test_down_to_the_last_slot_reached_all_were_seen():
    reached = np.array([[0, 0, 1, 0], [1, 1, 0, 0], [0, 0, 0, 0]], bool)
    seen = [[True] * 3 + [False], [True, True, False, False], [True] * 4]
    assert seen_slots(reached).tolist() == seen


def test_what_was_passed_over_teaches_the_cascade_and_outlives_a_fit():
    agent, plain = begun("cascade_ucb(half_life=inf)"), begun("ucb(half_life=inf)")
    exchange = answer([[0, 1, 2]], [[0, 1, 0]], [[0, 1, 0]])  # the second was picked
    for one in (agent, plain):
        one.update(exchange)
    assert agent.plays_.tolist() == [1, 1, 0, 0, 0, 0]
    assert plain.plays_.tolist() == [0, 1, 0, 0, 0, 0]
    assert agent.finished_.tolist() == plain.finished_.tolist() == [0, 1, 0, 0, 0, 0]
    log = Log(4, 6)
    log.append(plays([0], [1], [1.0], np.array([True]), slot=1, visit=0))
    agent.fit(log)
    assert agent.plays_.tolist() == [1, 1, 0, 0, 0, 0]


# Regressions


def some_rows(e=60, d=7, arms=3):
    i = np.arange(e)
    rows = (KEY / "rows").normal(i[:, None], np.arange(d))
    arm, reward = (KEY / "arm").below(arms, i), (KEY / "reward").uniform(i) < 0.4
    weight = 0.5 + (KEY / "weight").uniform(i).astype(np.float64)
    return rows, arm, reward, weight


def ridge(arms=3, d=7, reg=0.7):
    f32 = np.float32
    blank = np.zeros((arms, d, d)), np.zeros((arms, d)), np.zeros((arms, d), f32), np.zeros((arms, d, d), f32)
    return Ridge(*blank, reg)


def test_estimates_are_ridge_regressions_of_each_arm():
    rows, arm, reward, weight = some_rows()
    learned = ridge()
    learned.add(rows, arm, reward, weight)
    learned.solve()
    for a in range(3):
        root = np.sqrt(weight[arm == a])[:, None]
        x = np.concatenate([root * rows[arm == a], np.sqrt(0.7) * np.eye(7)])  # ridge as plays of its own
        y = np.concatenate([root[:, 0] * reward[arm == a], np.zeros(7)])
        np.testing.assert_allclose(learned.estimate[a], np.linalg.lstsq(x, y)[0], rtol=1e-4, atol=1e-5)


def test_a_batch_equals_sherman_morrison_updates_one_by_one():
    rows, _, reward, weight = some_rows()
    learned = ridge(arms=1)
    learned.add(rows, np.zeros(len(rows), np.int32), reward, weight)
    learned.solve()
    inverse, moment = np.eye(7) / 0.7, np.zeros(7)
    for x, r, w in zip(rows.astype(float), reward, weight, strict=True):
        away = inverse @ x
        inverse -= w * np.outer(away, away) / (1 + w * x @ away)
        moment += w * r * x
    np.testing.assert_allclose(learned.root[0].T @ learned.root[0], inverse, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(learned.estimate[0], inverse @ moment, rtol=1e-4, atol=1e-5)


def test_bounds_are_estimates_and_widths_of_each_row_s_arm():
    rows, arm, reward, weight = some_rows()
    learned = ridge()
    learned.add(rows, arm, reward, weight)
    learned.solve()
    out = np.empty(len(rows), np.float32)
    upper(rows, arm, learned.estimate, learned.root, 1.5, out)
    inverse = np.linalg.inv(learned.gram + 0.7 * np.eye(7))
    variance = np.einsum("ei,eij,ej->e", rows, inverse[arm], rows)
    expected = (rows * learned.estimate[arm]).sum(axis=1) + 1.5 * np.sqrt(variance)
    np.testing.assert_allclose(out, expected, rtol=1e-4)


def test_linear_parameters_are_drawn_from_their_posterior():
    world = Tiny(checkerboard(8, 12), slate_size=3).warm_up(3)
    agent = parse("lints(of=None, width=.8, half_life=inf)")
    agent.begin(world.setting)
    agent.fit(world.log)
    d = agent.sight.width
    inverse = np.linalg.inv(agent.gram_[0] + np.eye(d))
    normal = (KEY / "z").normal(np.arange(40 * N_DRAWS)[:, None], np.arange(d))
    drawn = agent.drawn(0, normal)
    spread = np.sqrt(np.diag(inverse))
    np.testing.assert_allclose(drawn.mean(axis=0), agent.estimate_[0], atol=4 * 0.8 * spread.max() / 100)
    np.testing.assert_allclose(drawn.std(axis=0), 0.8 * spread, rtol=0.05)
    np.testing.assert_allclose(np.cov(drawn.T), 0.64 * inverse, atol=0.06 * 0.64 * spread.max() ** 2)


def test_a_regression_fades_by_days():
    agent = begun("linucb(of=None, half_life=2)")
    agent.update(answer([[0, 1, 2]], [[1, 0, 1]], time=1.2))
    before = agent.gram_.copy()
    agent.update(answer(np.empty((0, 3)), np.empty((0, 3)), time=1.9))
    np.testing.assert_array_equal(agent.gram_, before)
    nothing = Day(plays([], [], [], np.zeros(0, bool)), Late.concat([]), np.zeros(6, np.float32), [], 5.0)
    agent.hear(nothing)
    np.testing.assert_allclose(agent.gram_, before / 4)
    whole = agent.gram_[0] + np.eye(agent.sight.width)
    np.testing.assert_allclose(agent.estimate_[0], np.linalg.solve(whole, agent.moment_[0]), atol=1e-5)


def test_the_log_is_learned_as_it_was_lived():
    """`fit` sees of each play what showed before it began, as learning online does."""
    world = Tiny(checkerboard(), slate_size=1)
    online, batch = parse("linucb(of=None, half_life=inf)"), parse("linucb(of=None, half_life=inf)")
    online.begin(world.setting)
    for _ in range(4):
        world.wave(online)
        world.day += 1
    batch.begin(world.setting)
    batch.fit(world.log)
    popular = online.sight.words.index("popularity")  # known to the batch from the start
    others = np.delete(np.arange(online.sight.width), [popular, *moments(online)])
    np.testing.assert_allclose(batch.moment_[0, others], online.moment_[0, others], rtol=1e-4, atol=1e-3)


def moments(agent):
    """Columns of the context: tiny requests show none, and plays have a time of day."""
    return [i for i, word in enumerate(agent.sight.words) if word == "moment"]


@pytest.mark.parametrize("name", ["linucb", "lints"])
def test_a_saved_linear_bandit_remembers_what_listeners_did(name, tmp_path):
    world = Tiny(checkerboard()).warm_up()
    agent = load(name)
    world.run(agent, days=2)
    other = restore(agent.save(tmp_path / "model"), world.setting)
    loved = world.loves[:, :5]
    for one in (agent, other):
        one.update(answer(np.tile(np.arange(5), (24, 1)), loved, time=14.5))
    for key, value in agent.state().items():
        np.testing.assert_array_equal(other.state()[key], value)


# Does it pay?


def regret(text, rounds=240, n=4, n_tracks=24):
    """(rounds,) regret of each round in a world that never changes: what the best slate would have had more.

    A track's chance of being finished is linear in its features, and the same for everybody.
    """
    agent = begun(text, n=n, n_tracks=n_tracks, k=2)
    sound = np.round(catalogue(n_tracks).audio[:, 1:].mean(axis=1), 3)
    chance = 0.1 + 0.8 * (sound - sound.min()) / np.ptp(sound)
    best = np.sort(chance)[-2:].sum() * n
    out = np.empty(rounds)
    for t in range(rounds):
        asked = request(np.arange(n), 1 + t / 1000, t)
        slate = agent.recommend(asked)
        luck = (KEY / "luck").uniform(t, np.arange(n)[:, None], slate.tracks)
        agent.update(answer(slate.tracks, luck < chance[slate.tracks], time=1 + t / 1000, visit=t))
        out[t] = best - chance[slate.tracks].sum()
    return out


@pytest.mark.parametrize(
    "text",
    [
        "ucb(half_life=inf, smoothing=1)",
        "cascade_ucb(half_life=inf, smoothing=1)",
        "thompson(half_life=inf, smoothing=2, explore=0)",
        "linucb(half_life=inf, of=None)",
        "lints(half_life=inf, of=None, explore=0)",
    ],
)
def test_regret_grows_ever_more_slowly_where_nothing_changes(text):
    lost = regret(text)
    assert lost[120:].sum() < 0.6 * lost[:120].sum()
    for explore in (0, 0.2):
        other = regret(f"epsgreedy(half_life=inf, smoothing=1, explore={explore:g})")
        assert lost[120:].sum() < 0.7 * other[120:].sum()
