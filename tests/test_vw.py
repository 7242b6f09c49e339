"""Vowpal Wabbit over another agent's pool: its laws are the propensities, lessons weigh what they should."""

import sys

import numpy as np
import pytest
from scipy.stats import chi2
from tiny import Tiny, checkerboard, plays, request

from simenv.agents import load, parse, restore
from simenv.agents._profile import Profiles
from simenv.agents._vw import KEPT, Rabbit
from simenv.errors import UsageError
from simenv.log import Log
from simenv.types import Exchange, Feedback, Slate

HOW = ("epsilon", "bag", "cover", "squarecb", "rnd")
ARMS = [f"|t 0:{i / 10} 1:{1 - i / 7:.3f} |i {i}" for i in range(12)]


def taught(text, waves=2, world=None):
    world = Tiny(checkerboard(6, 12), slate_size=3).warm_up(4) if world is None else world
    agent = parse(text)
    agent.begin(world.setting)
    agent.fit(world.log)
    for _ in range(waves):
        world.wave(agent)
    return agent, world


def chi_square(slate, slot, law):
    """Whether the tracks in a slot, of requests with one law, are drawn from it."""
    n = np.bincount(slate, minlength=len(law))
    assert not n[law == 0].any()
    some = law > 0
    expected = len(slate) * law[some] / law[some].sum()
    distance = ((n[some] - expected) ** 2 / expected).sum()
    return distance < chi2.ppf(1 - 1e-6, some.sum() - 1), slot


def frequencies(how, draws):
    agent, _ = taught(f"vw(explore={how}, epsilon=.3, of=popular, policies=2, gamma=3)")
    asked = request(np.full(draws, 2), 9.4, np.arange(draws))
    slate = agent.recommend(asked)
    one, all_tracks = asked.rows(np.s_[:1]), np.arange(12, dtype=np.int32)[None]
    first = agent.probability(one, all_tracks, np.empty((1, 0), np.int32))[0]
    np.testing.assert_allclose(first[slate.tracks[:, 0]], slate.propensity[:, 0], rtol=1e-6)
    assert chi_square(slate.tracks[:, 0], 1, first)[0]
    given = np.bincount(slate.tracks[:, 0]).argmax()
    rows = slate.tracks[:, 0] == given
    second = agent.probability(one, all_tracks, np.array([[given]], np.int32))[0]
    np.testing.assert_allclose(second[slate.tracks[rows, 1]], slate.propensity[rows, 1], rtol=1e-6)
    assert chi_square(slate.tracks[rows, 1], 2, second)[0]


@pytest.mark.parametrize("how", HOW)
def test_the_law_is_what_is_drawn_from(how):
    frequencies(how, 3000)


@pytest.mark.slow
@pytest.mark.parametrize("how", HOW)
def test_the_law_is_what_is_drawn_from_ever_so_often(how):
    frequencies(how, 50_000 if how == "rnd" else 200_000)  # rnd takes ten times as long


def test_each_slot_is_vws_own_law_over_what_is_left():
    agent, _ = taught("vw(epsilon=.3, of=popular)")
    one = request([2], 9.4, 7)
    tracks = agent.recommend(one).tracks[0].tolist()
    left = agent.inner.recommend(one).tracks[0].tolist()
    shared = next(iter(agent._shared(one)))
    for slot, track in enumerate(tracks):
        law = agent.rabbit_.law(shared, left)
        n = len(left)
        np.testing.assert_allclose(np.sort(law)[:-1], 0.3 / n, rtol=1e-5)  # uniform, but for the best
        assert law.max() == pytest.approx(0.7 + 0.3 / n)
        said = agent.recommend(one).propensity[0, slot]
        assert said == pytest.approx(law[left.index(track)])
        left.remove(track)


@pytest.mark.parametrize("how", ["--epsilon .1", "--bag 3", "--squarecb"])
def test_blanks_teach_what_the_arms_not_chosen_would(how):
    words = ["--cb_explore_adf", "--cb_type", "mtr", "--adaptive", "--invariant", *how.split()]
    words += ["--interactions", "lt", "--random_seed", "5"]
    full, lean = Rabbit(words, ARMS), Rabbit(words, ARMS)
    for n in range(40):
        arm, others = n * 5 % 12, [i for i in range(12) if i != n * 5 % 12]
        told = f"shared |l 0:{n % 7 / 7:.3f} 1:{n % 3}"
        for rabbit in (full, lean):
            rest = rabbit.arms(others) if rabbit is full else rabbit.blanks(11)
            rabbit.teach(rabbit.example(told), arm, n % 2, 0.1 + n % 5 / 10, rest)
    assert full.memory() == lean.memory()
    shared = full.example("shared |l 0:.3 1:2")
    assert np.ptp(full.costs(shared, range(12))) > 0.01


def test_every_reached_slot_teaches_with_its_own_propensity():
    world = Tiny(checkerboard(4, 12), slate_size=3).warm_up(4)
    agent, _ = taught("vw(epsilon=.4, of=popular)", 0, world)
    told = []
    agent.rabbit_.teach = lambda shared, arm, cost, chance, others: told.append(
        (arm, cost, chance, len(others))
    )
    asked = request(np.arange(4), 9.4, 3)
    slate = agent.recommend(asked)
    reached = np.arange(3) < np.array([3, 2, 0, 1])[:, None]
    skipped = reached & (slate.tracks % 2 == 0)
    seconds = np.where(reached, 100, 0).astype(np.float32)
    agent.update(Exchange(asked, slate, Feedback(reached, seconds, skipped, np.zeros(4, bool))))
    expected = [
        (slate.tracks[row, slot], float(skipped[row, slot]), slate.propensity[row, slot], 11)
        for row, slot in np.argwhere(reached)
    ]
    assert told == expected


@pytest.mark.parametrize(
    "text", [*(f"vw(explore={how}, policies=3)" for how in HOW[:-1]), "vw(estimator=dr)"]
)
def test_a_restored_one_learns_on_as_if_nothing_had_been(text, tmp_path):
    agent, world = taught(text)
    other = restore(agent.save(tmp_path / "saved"), world.setting)
    assert agent.state()["model"].dtype == np.uint8
    for _ in range(2):
        asked = request(np.arange(6), world.day + 0.9, world.visit)
        slate = agent.recommend(asked)
        np.testing.assert_array_equal(slate.tracks, other.recommend(asked).tracks)
        reached = np.ones(slate.tracks.shape, bool)
        seconds = np.full(reached.shape, 200, np.float32)
        exchange = Exchange(
            asked, slate, Feedback(reached, seconds, slate.tracks % 2 == 0, np.zeros(6, bool))
        )
        for one in (agent, other):
            one.update(exchange)
        world.visit += 1
    assert agent.state()["model"].tobytes() == other.state()["model"].tobytes()


def test_what_vw_rejects_is_shown():
    for text, message in (
        ("vw(options='--nonsense 3')", "unrecognised option '--nonsense'"),
        ("vw(explore=squarecb, estimator=dr)", "'dr' is not a valid choice"),
        ("vw(explore=bag, options='--cover 3')", "does not match output prediction type"),
        ("vw(interactions='lx')", "interactions='lx': expected two letters or more of l"),
        ("vw(pool=101)", r"expected a number in \[1, 100\]"),
        ("vw(explore=greedy)", "expected epsilon or bag"),
    ):
        with pytest.raises(UsageError, match=message):
            parse(text)
    assert parse("vw(options='--l2 1e-6')").options == "--l2 1e-6"


def test_without_vowpal_wabbit_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "vowpalwabbit", None)
    with pytest.raises(UsageError, match=r"pip install 'simenv-music\[vw\]'"):
        load("vw")


def test_an_inner_agent_that_explores_leaves_propensities_unknown_and_cannot_teach():
    world = Tiny(checkerboard(6, 12), slate_size=3).warm_up(4)
    agent, _ = taught("vw(of=popular(explore=.5))", 0, world)
    asked = request(np.arange(6), 9.4)
    slate = agent.recommend(asked)
    assert np.isnan(slate.propensity).all()
    assert np.isnan(agent.probability(asked, slate.tracks, np.empty((6, 0), np.int32))).all()
    with pytest.raises(UsageError, match="18 of the 18 slots that were reached have none"):
        world.wave(agent)


def test_before_it_has_learned_all_of_the_pool_is_alike():
    world = Tiny(checkerboard(6, 12), slate_size=5).warm_up(4)
    agent, _ = taught("vw(epsilon=0, of=content, pool=8)", 0, world)
    slate = agent.recommend(request(np.arange(6), 9.4))
    np.testing.assert_allclose(slate.propensity, np.tile(1 / (8 - np.arange(5)), (6, 1)), rtol=1e-6)


def test_options_may_say_more_and_then_the_pool_is_weighed():
    agent, _ = taught("vw(options='--l2 .001', of=popular)")
    plain, _ = taught("vw(of=popular)")
    assert agent.state()["model"].tobytes() != plain.state()["model"].tobytes()


def test_profiles_by_hand():
    features = np.array([[1, 0], [0, 0.5], [-1, 1]], np.float32)
    log = Log(2, 3)
    log.append(plays([0, 0, 1], [0, 1, 2], [1, 2, 3], [True, False, True]))
    profiles = Profiles(features, 2)
    profiles.fit(log)
    np.testing.assert_allclose(profiles.of(np.arange(2)), [[1 / 7, -0.5 / 7, 0], [-1 / 6, 1 / 6, 1 / 6]])
    slate = Slate(np.array([[1, 2]], np.int32), np.ones((1, 2), np.float32))
    reached, seconds = np.array([[True, False]]), np.array([[9, 0]], np.float32)
    feedback = Feedback(reached, seconds, np.zeros((1, 2), bool), np.ones(1, bool))
    profiles.add(Exchange(request([0]), slate, feedback))
    np.testing.assert_allclose(profiles.of(np.arange(1)), [[1 / 8, 0, 1 / 8]], atol=1e-7)
    profiles.fit(log)
    np.testing.assert_allclose(profiles.of(np.arange(1)), [[1 / 7, -0.5 / 7, 0]])


def test_arms_that_are_forgotten_are_read_again():
    rabbit = Rabbit(["--cb_explore_adf"], [f"|i {i}" for i in range(KEPT + 10)])
    shared = rabbit.example("shared |l 0:1")
    arms = range(KEPT - 5, KEPT + 5)
    before = rabbit.costs(shared, arms)
    rabbit.teach(shared, KEPT - 1, 1, 0.5, rabbit.blanks(3))
    rabbit.arms(range(KEPT))
    assert rabbit.costs(shared, arms)[4] > before[4]


def test_it_learns_whom_a_track_pleases_from_its_own_slates_alone():
    world = Tiny(checkerboard(), slate_size=5).warm_up()
    agent = parse("vw(of=popular, epsilon=.1, pool=48)")
    assert world.run(agent) > 0.7
    asked = request(np.arange(24), 20.0)
    scores = agent.score(asked, np.tile(np.arange(48, dtype=np.int32), (24, 1)))
    loves = world.loves
    assert scores[loves].mean() > scores[~loves].mean() + 0.3
