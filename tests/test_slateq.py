"""SlateQ in our worlds: what lasts of a play is learned in practice, and slates are made of it."""

from dataclasses import replace

import numpy as np
import pytest
from practising import Checkered
from tiny import Tiny, catalogue, checkerboard, request

import simenv.agents._slates_of_choice as slates_of_choice
from simenv.agents import parse
from simenv.agents._lasting import Plan, _learn, drawn_in, lasting
from simenv.crowd import Crowd
from simenv.env import PopulationEnv
from simenv.face import Face, Stage
from simenv.features import track_features
from simenv.retrieve import Nearby
from simenv.types import Exchange, Feedback, Slate

TRACKS = 60


class Grateful(Checkered):
    """Who is played more of a sound (column 0) comes back sooner, whatever they finish."""

    def __init__(self, n, sound, thanks):
        super().__init__(n)
        self.sound, self.thanks, self.lately = sound, thanks, np.zeros(n)

    def bear(self, rows, life, time, key):
        super().bear(rows, life, time, key)
        self.lately[rows] = 0

    def play(self, rows, tracks, response):
        out = super().play(rows, tracks, response)
        heard = np.where(tracks[:, 0] >= 0, self.sound[tracks[:, 0]], 0.0)
        self.lately[rows] += 0.02 * (heard - self.lately[rows])
        self.time[rows] += np.exp(-self.thanks * self.lately[rows]) - 1 / 24
        return out


class Practice:
    def __init__(self, thanks):
        self.thanks, self.made = thanks, 0

    @property
    def digest(self):
        return f"grateful {self.thanks}"

    def __call__(self, num_envs, world, observe="flat", horizon=40, **options):
        self.made += 1
        kind = np.arange(TRACKS) % 2
        tracks = catalogue(TRACKS, kind=np.zeros(TRACKS, int) + kind)
        sound = tracks.audio[:, 1] - tracks.audio[:, 1].mean()
        stage = Stage(tracks, np.zeros(TRACKS, np.float32), None, 1.0)
        face = Face(observe=observe, horizon=horizon, **options)
        sound = sound / sound.std()
        return PopulationEnv(Crowd(Grateful(num_envs, sound, self.thanks), stage, face, Nearby))


@pytest.fixture(autouse=True)
def models(monkeypatch, tmp_path):
    monkeypatch.setenv("SIMENV_MODELS", str(tmp_path / "models"))


def said(thanks, method):
    """What each practice world says of the four columns of sound."""
    return _learn(Practice(thanks), 4, Plan(60.0, 4 * 128 * 600, 128, 50, method))


@pytest.mark.parametrize("method", ["sarsa", "td"])
def test_what_brings_listeners_back_is_found_in_practice(method):
    """Luck is the same in both worlds, so what differs is what the sound leads to.

    A play moves `lately` by .02 standard deviations for some 50 plays, and so the pace of all that comes: per
    unit of thanks about 50 / (1 + 50 ln 2 / 60) x .02 = .63 plays, each worth half a track of usual length.
    """
    apart = said(0.6, method) - said(0.0, method)
    others = np.delete(apart, 1, axis=1)
    assert (apart[:, 1] > 0.06).all()
    assert 0.1 < apart[:, 1].mean() < 0.3  # .6 x .63 x .49 = .19
    assert np.abs(others.mean(axis=0)).max() < apart[:, 1].mean() / 2


def test_estimates_that_differ_between_worlds_are_drawn_towards_nothing():
    worlds = np.array([[1.0, 1.0, 0.0], [1.0, -1.0, 0.0], [1.0, 2.0, 0.0], [1.0, -1.9, 0.0]])
    np.testing.assert_allclose(drawn_in(worlds), [1, 0, 0])
    some = drawn_in(np.array([[1.0], [2.0], [3.0], [2.0]]))  # mean 2, error^2 (2 / 3) / 4
    np.testing.assert_allclose(some, [2 * (1 - (1 / 6) / 4)], rtol=1e-6)


def test_it_is_learned_once_and_kept(monkeypatch):
    practice = Practice(0.3)
    plan = Plan(30.0, 4 * 16 * 170, 16, 50)
    first = lasting(practice, 4, plan)
    assert practice.made == 4
    np.testing.assert_array_equal(lasting(practice, 4, plan), first)
    assert practice.made == 4
    lasting(practice, 4, replace(plan, memory=60))
    assert practice.made == 8


def test_what_comes_later_is_added_to_what_comes_now():
    world = Tiny(checkerboard())
    ahead, now = (parse(f"slateq(steps=20000, envs=24{more})") for more in ("", ", horizon=0"))
    for agent in (ahead, now):
        agent.begin(world.setting)
        agent.fit(world.log)
    asked, tracks = request(np.arange(24), 1.0), np.tile(np.arange(48, dtype=np.int32), (24, 1))
    later = ahead.score(asked, tracks) - now.score(asked, tracks)
    sound = 2.5 * track_features(world.catalogue)[:, :4]
    learned = lasting(world.setting.practice, 4, Plan(90.0, 20_000, 24))
    np.testing.assert_allclose(later, np.tile(sound @ learned, (24, 1)), atol=1e-5)
    assert ahead.parts(3, 5)["later"] == pytest.approx(later[3, 5], abs=1e-5)
    assert now.parts(3, 5)["later"] == 0


def picky(agent, slates, world):
    """Show all of eight tracks; number 2 is picked six times out of ten, number 5 twice, else nothing."""
    for visit in range(slates):
        asked = request(np.arange(20), 1 + visit / 100, visit)
        slate = np.tile(np.arange(8, dtype=np.int32), (20, 1))
        choice = (np.arange(20) + visit) % 10
        reached = np.zeros((20, 8), bool)
        reached[:, 2], reached[:, 5] = choice < 6, (choice >= 6) & (choice < 8)
        seconds = np.where(reached, np.float32(200), np.float32(0))
        feedback = Feedback(reached, seconds, np.zeros_like(reached), np.zeros(20, bool))
        agent.update(Exchange(asked, Slate(slate, np.ones(slate.shape, np.float32)), feedback))


def test_where_one_is_picked_attraction_counts_and_the_best_slate_is_found():
    world = Tiny(checkerboard(20, 8), slate_size=3)
    setting = replace(world.setting, response="shelf")
    found = {}
    for slates in ("top", "greedy", "best"):
        agent = parse(f"slateq(horizon=0, of=None, slates={slates}, arms=tracks, reg=.1)")
        agent.begin(setting)
        picky(agent, 30, world)
        asked, tracks = request(np.arange(20), 2.0, 30), np.tile(np.arange(8, dtype=np.int32), (20, 1))
        v, q = agent._attraction(asked, tracks), agent.score(asked, tracks).astype(float)
        assert (v.argmax(axis=1) == 2).all() and v[:, 2].mean() > 1.5 * np.delete(v, 2, axis=1).max(
            axis=1
        ).mean()
        shown = agent.recommend(asked).tracks
        at = shown.astype(np.int64)
        found[slates] = slates_of_choice.value(
            np.take_along_axis(v, at, 1), np.take_along_axis(q, at, 1), outside=1.0
        )
    assert (found["best"] >= found["greedy"] - 1e-9).all() and (found["best"] >= found["top"] - 1e-9).all()
    assert (found["best"] > found["top"] + 1e-6).any()
