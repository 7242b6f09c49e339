"""Top-K off-policy REINFORCE: its weights, what they mend, and what is read from a log."""

import numpy as np
import pytest
from tiny import KEY, Tiny, catalogue, checkerboard, plays, request

from simenv.agents import parse
from simenv.agents._hindsight import decisions, shelf_of
from simenv.agents._policy import Climb, Decisions, Softmax, corrected, in_a_slate
from simenv.agents._returns import advantage, later
from simenv.agents._situation import Situations
from simenv.log import Log
from simenv.rng import Key
from simenv.types import Setting

SKEWED = np.array([0.6, 0.05, 0.35])  # how often each of three tracks was shown
PAYS = np.array([0.5, 0.8, 0.1])  # how often it is finished


def arms(shown, paid):
    """Decisions among as many tracks as there are in `paid`, of which nothing shows; (e,) what each paid."""
    chosen = np.asarray(shown, np.int32)
    n = len(paid)
    tracks = (chosen[:, None] + np.arange(n, dtype=np.int32)) % n
    made = Decisions(tracks, np.zeros((len(chosen), n, 1), np.float32), np.ones(tracks.shape, np.float32))
    return made, np.asarray(paid, np.float32)[chosen]


def fresh(n):
    return Softmax(np.zeros(1, np.float32), np.zeros(n, np.float32))


def climb(rate=0.02, epochs=40, reg=0.0, width=1):
    return Climb(rate, epochs, reg, np.zeros(width, np.float32))


def law(policy):
    p = np.exp(policy.bias - policy.bias.max())
    return p / p.sum()


def test_lambda_is_the_slope_of_the_chance_to_be_in_a_slate():
    p = np.linspace(0.01, 0.99, 50)
    for k in (1, 2, 10):
        slope = ((1 - (1 - p - 1e-6) ** k) - (1 - (1 - p + 1e-6) ** k)) / 2e-6
        np.testing.assert_allclose(in_a_slate(p, k), slope, atol=1e-6)
    assert (in_a_slate(p.astype(np.float32), 1) == 1).all()


def test_weights_are_capped():
    weights = corrected(np.float32([0.2, 0.9]), np.float32([0.4, 0.01]), 20)
    np.testing.assert_allclose(weights, [0.5, 20])


def test_an_imitator_finds_the_frequencies_of_the_log():
    shown = np.repeat(np.arange(4), [500, 250, 200, 50])[np.argsort(KEY.uniform(np.arange(1000)))]
    made, _ = arms(shown, np.zeros(4))
    policy = fresh(4)
    climb(0.05, 60).imitate(policy, made)
    np.testing.assert_allclose(law(policy), [0.5, 0.25, 0.2, 0.05], atol=0.02)


def test_an_imitator_finds_what_made_a_choice_likely():
    """Choices by a softmax of what shows, among six candidates of which three by lot are looked at."""
    e, c, theta = 6000, 6, np.float32([1.5, -0.7])
    rows = KEY.normal(np.arange(e)[:, None, None], np.arange(c)[:, None], np.arange(2)).astype(np.float32)
    p = np.exp(rows @ theta)
    chosen = (p.cumsum(axis=1) / p.sum(axis=1, keepdims=True) < KEY.uniform(np.arange(e))[:, None]).sum(
        axis=1
    )
    others = (chosen[:, None] + 1 + np.argsort(KEY.uniform(np.arange(e)[:, None], np.arange(5)))[:, :3]) % c
    at = np.concatenate([chosen[:, None], others], axis=1)
    many = np.tile(np.float32([1, 5 / 3, 5 / 3, 5 / 3]), (e, 1))
    made = Decisions(np.zeros((e, 4), np.int32), np.take_along_axis(rows, at[:, :, None], axis=1), many)
    policy = Softmax(np.zeros(2, np.float32), np.zeros(1, np.float32))
    climb(0.02, 20, width=2).imitate(policy, made)
    np.testing.assert_allclose(policy.theta, theta, atol=0.12)


def learned(cap, k=1, shown=SKEWED, paid=PAYS):
    """The law that comes of a log in which arm a was shown `shown[a]` of the time and paid `paid[a]`."""
    n = len(paid)
    log = np.repeat(np.arange(n), np.round(2000 * np.asarray(shown)).astype(int))
    log = log[np.argsort(KEY.uniform(np.arange(len(log))))]
    made, got = arms(log, paid)
    policy = fresh(n)
    climb(0.05, 60).reinforce(policy, made, got - got.mean(), np.float32(shown)[log], k, cap)
    return law(policy)


def test_what_was_seldom_shown_is_preferred_only_when_that_is_corrected_for():
    """The better track is the one that was shown one time in twenty."""
    assert learned(cap=1e-3).argmax() == 0
    corrected_for = learned(cap=20)
    assert corrected_for.argmax() == 1
    assert corrected_for[1] > 0.9


def test_the_second_best_has_its_place_in_a_slate_of_two():
    """The paper's world: ten tracks shown alike, one pays 10, one 9, the others 1."""
    paid = np.array([10, 9, *[1] * 8]) / 10
    alone, two = (learned(20, k, np.full(10, 0.1), paid) for k in (1, 2))
    assert alone[0] > 0.9
    assert alone[1] < 0.1
    assert two[:2].sum() > 0.9
    assert two[1] > 0.3


def bandit_log(n):
    """Everyone is shown one of three tracks, by SKEWED, and finishes it by PAYS."""
    u = np.arange(n)
    track = np.searchsorted(SKEWED.cumsum()[:2], (KEY / "shown").uniform(u))
    log = Log(n + 50, 3)
    log.append(plays(u, track, 1 + u / n, (KEY / "finished").uniform(u) < PAYS[track], slot=0, visit=0))
    return log


@pytest.mark.parametrize(("cap", "best"), [(0.01, 0), (20.0, 1)])
def test_from_a_log_without_propensities_it_learns_what_strangers_finish(cap, best):
    """Where weights are capped to be alike, they are shown what was shown most of what pays."""
    agent = parse(f"reinforce(of=None, cap={cap}, epochs=60, slate=1, learning_rate=.03)")
    agent.begin(Setting(catalogue(3, np.zeros(3, int)), 3050, 1, Key.root(1) / "agent", 0.0))
    agent.fit(bandit_log(3000))
    assert (agent.recommend(request(np.arange(3000, 3050), 10.0)).tracks == best).all()


def test_it_tells_listeners_apart_among_candidates_that_are_alike_to_all():
    """Even listeners love even tracks, odd ones odd tracks; the finder knows only what is popular."""
    popular = Tiny(checkerboard()).warm_up().run(parse("popular"))
    quick = parse("reinforce(of=popular, learning_rate=.1, epochs=20)")
    assert Tiny(checkerboard()).warm_up().run(quick) > popular + 0.2


def test_returns_are_discounted_sums_of_what_comes_later():
    listener = np.array([1, 0, 0, 1, 0], np.int32)
    time = np.array([2.0, 3.0, 1.0, 2.5, 1.5])
    reward = np.array([1, 1, 0, 1, 1], np.float32)
    e = np.exp(-0.5)
    np.testing.assert_allclose(later(listener, time, reward, 1.0), [e, 0, e + e**4, 0, e**3])
    assert not later(listener, time, reward, 0.0).any()


@pytest.mark.parametrize("horizon", [0.0, 5.0])
def test_who_always_listens_teaches_nothing(horizon):
    """Listeners of whom one finishes all and one skips all: nobody's plays differ from their mean."""
    n = 4000
    u, at = np.repeat([0, 1], n), np.tile(np.arange(n), 2)
    some = plays(u, at % 7, at / 40, u == 0, slot=at % 5)
    gain = advantage(some, (u == 0).astype(np.float32), np.ones(len(u), bool), horizon, n / 40)
    assert abs(gain[at > n / 2].mean()) < 0.03 * (1 + 40 * horizon)


def test_beside_a_choice_stands_what_was_not_chosen_yet():
    """Of ten tracks a listener was shown 3, 5 and 3 again: 5 could have been chosen before, not after."""
    setting = Setting(catalogue(10), 2, 2, Key.root(1) / "agent", 0.0)
    some = plays([1, 1, 1], [3, 5, 3], [1.0, 2.0, 3.0], np.ones(3, bool), slot=0)
    shelf = shelf_of(None, some, 4.0, setting, KEY)
    made = decisions(Situations(setting), some, np.ones(3, bool), shelf, 15, KEY)
    assert made.tracks[:, 0].tolist() == [3, 5, 3]
    for row in range(3):
        there = made.tracks[row, made.many[row] > 0]
        assert len(set(there.tolist())) == len(there) == 10
        assert made.many[row].sum() == pytest.approx(10)
