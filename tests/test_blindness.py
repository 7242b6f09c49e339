"""Nothing hidden can be reached from what a recommender is handed: not by attributes, slots or items."""

import gc
import types

import gymnasium
import numpy as np
import pytest

import simenv  # noqa: F401  registers the environments
from simenv.agents import load
from simenv.scenarios.build import make_world
from simenv.users.params import ListenerParams

DEEP = (type, types.ModuleType, types.FunctionType, types.BuiltinFunctionType, str, bytes, int, float)


def reachable(*roots):
    """Every object that can be walked to from `roots`: whatever the garbage collector sees, minus code."""
    seen, todo = {}, list(roots)
    while todo:
        thing = todo.pop()
        if id(thing) in seen:
            continue
        seen[id(thing)] = thing
        if isinstance(thing, np.ndarray):
            todo += [] if thing.base is None else [thing.base]
        elif isinstance(thing, types.MethodType):
            todo += [thing.__self__]
        elif isinstance(thing, types.FunctionType):
            todo += [cell.cell_contents for cell in thing.__closure__ or ()]
        elif isinstance(thing, DEEP):
            continue
        else:
            todo += gc.get_referents(thing)
            slots = getattr(type(thing), "__slots__", ())  # not all of them are tracked by the collector
            todo += [getattr(thing, name) for name in slots if hasattr(thing, name)]
    return seen


def arrays(seen):
    return [thing for thing in seen.values() if isinstance(thing, np.ndarray)]


def hidden_arrays(world):
    """What no recommender may see, by name: listeners' columns and the tracks' true sound."""
    truth = world.truth
    columns = {name: np.asarray(column) for name, column in truth.columns.items()}
    tracks = {name: getattr(truth.tracks, name) for name in type(truth.tracks).__dataclass_fields__}
    return columns | tracks


def leaks(seen, hidden):
    """Names of hidden arrays whose memory is shared by anything in `seen`."""
    return {
        name for name, array in hidden.items() for other in arrays(seen) if np.shares_memory(array, other)
    }


@pytest.fixture(scope="module")
def lived():
    """A world, and everything that an agent was handed in three days of it."""
    listener = ListenerParams(bots_push=0.1, bots_farm=0.1, social_pull=0.01)
    world = make_world(60, 300, seed=5, listener=listener)
    world.warm_up(3)
    setting = world.setting(slate_size=5)
    agent = load("epsgreedy")
    agent.begin(setting)
    agent.fit(world.log)
    handed = [setting, world.log]
    for _ in range(3):
        while (request := world.waiting()) is not None:
            exchange = world.play(agent.recommend(request))
            agent.update(exchange)
            handed += [request, exchange]
        news = world.turn()
        agent.hear(news)
        handed.append(news)
    return world, handed, agent


def test_what_an_agent_is_handed_leads_to_nothing_hidden(lived):
    world, handed, agent = lived
    seen = reachable(*handed, agent)
    assert len(arrays(seen)) > 50, "the walk went nowhere"
    assert leaks(seen, hidden_arrays(world)) == set()
    kinds = {type(thing).__name__ for thing in seen.values()}
    assert not kinds & {"Population", "World", "WorldTruth", "Hidden", "ListenerParams", "Charts", "Circle"}


def test_the_walk_finds_what_is_there(lived):
    """The same walk from the world itself does find the hidden arrays: the test above could fail."""
    world, _, _ = lived
    assert {"taste", "weight", "sound", "quality", "bot", "target"} <= leaks(
        reachable(world), hidden_arrays(world)
    )


def test_who_is_a_bot_is_told_nobody(lived):
    """No public array of the length of the listeners says it, in whatever type."""
    world, handed, agent = lived
    for name in ("bot", "target"):
        hidden = hidden_arrays(world)[name]
        assert len(np.unique(hidden)) > 1
        public = [a for a in arrays(reachable(*handed, agent)) if a.shape == hidden.shape]
        assert not any(
            np.array_equal(a > a.min(), hidden > hidden.min()) for a in public if a.dtype.kind != "V"
        )


def test_hidden_values_are_not_copied_out_either(lived):
    """No public float array of the length of the listeners or tracks equals a hidden one."""
    world, handed, _ = lived
    public = [a for a in arrays(reachable(*handed)) if a.dtype.kind == "f" and a.size >= 60]
    for name in ("taste", "weight", "satisfaction", "mood", "skipper", "sound", "quality", "arousal"):
        hidden = hidden_arrays(world)[name]
        assert not any(a.shape == hidden.shape and np.array_equal(a, hidden) for a in public), name


@pytest.mark.parametrize("observe", ["dict", "flat"])
def test_observations_and_infos_are_free_standing(observe):
    env = gymnasium.make_vec("simenv/Listener-v0", num_envs=4, observe=observe)
    observation, info = env.reset(seed=1)
    stepped = env.step(env.action_space.sample())
    kinds = {type(thing).__name__ for thing in reachable(observation, info, *stepped).values()}
    assert not kinds & {"Population", "World", "Hidden", "Crowd", "ListenerParams"}
