"""A trained policy serves as it was trained: the same observations, the same law, slates slot by slot."""

import json
import threading
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("stable_baselines3")
import torch
from practising import Practising
from tiny import Tiny, checkerboard, request

from simenv.agents import _model, _practice, parse
from simenv.agents._learners import LEARNERS, class_of, make_learner, model_of
from simenv.agents._model import Model
from simenv.agents._network import Layer, Network
from simenv.agents._panel import decisions
from simenv.agents._practice import trained
from simenv.errors import UsageError
from simenv.rng import Key
from simenv.scenarios._keys import agent_parts
from simenv.scenarios.build import population_env
from simenv.types import Exchange


@pytest.fixture(autouse=True)
def small(monkeypatch, tmp_path):
    monkeypatch.setenv("SIMENV_MODELS", str(tmp_path / "models"))
    monkeypatch.chdir(tmp_path)
    torch.set_num_threads(1)


def installed(name):
    try:
        class_of(LEARNERS[name])
    except UsageError:
        return False
    return True


def crowd(name="ppo", n=6, **options):
    actions = "candidates" if LEARNERS[name].places else "blend"
    return Practising()(n, 1, **({"actions": actions, "candidates": 6} | options))


def learned(name, steps=1, n=6, **options):
    env = crowd(name, n, **options)
    learner = make_learner(name, env, 3)
    learner.learn(steps)
    return env, learner


def model(outputs=6, inputs=None, **told):
    """A policy that knows nothing, of tracks as in the checkerboard."""
    env = crowd(candidates=told.get("candidates", 6))
    width = env.single_observation_space.shape[0] if inputs is None else inputs
    weight = Key.root(1).normal(np.arange(outputs)[:, None], np.arange(width))
    layers = (Layer(0.3 * weight, np.zeros(outputs, np.float32)),)
    return Model(Network(layers), **({"algorithm": "ppo", "head": "choice", "actions": "candidates",
                                      "candidates": 6, "history": 4} | told))  # fmt: skip


def begun(text, world):
    agent = parse(text)
    agent.begin(world.setting)
    agent.fit(world.log)
    return agent


@pytest.mark.parametrize("name", sorted(LEARNERS))
def test_the_network_says_what_the_library_s_policy_says(name):
    if not installed(name):
        pytest.skip("sb3-contrib is not installed")
    env, learner = learned(name)
    found = model_of(name, learner, env.face)
    seen, _ = env.reset(seed=5)
    said, policy = found.network(seen), learner.policy
    with torch.no_grad():
        x = torch.as_tensor(seen)
        if found.head == "choice":
            expected = policy.get_distribution(x).distribution.probs.numpy()
            p = np.exp(said - said.max(axis=1, keepdims=True))
            np.testing.assert_allclose(p / p.sum(axis=1, keepdims=True), expected, atol=1e-5)
            return
    best = learner.predict(seen, deterministic=True)[0]
    if found.head == "worth":
        np.testing.assert_array_equal(said.argmax(axis=1), best)
    else:
        np.testing.assert_allclose(said, best, atol=1e-5)


def test_weights_of_an_actor_are_its_means_within_bounds():
    env, learner = learned("ppo", actions="blend")
    found = model_of("ppo", learner, env.face)
    seen, _ = env.reset(seed=5)
    assert found.head == "weights"
    np.testing.assert_allclose(found.network(seen), learner.predict(seen, deterministic=True)[0], atol=1e-5)


def test_it_sees_in_a_world_what_the_face_shows(tmp_path):
    """The same listener, played the same tracks: observation for observation, candidates included."""
    env = population_env(3, tracks=300, observe="flat", candidates=6, history=4, horizon=50)
    seen, _ = env.reset(seed=2)
    crowd = env._crowd
    width = seen.shape[1]
    layers = (Layer(np.zeros((6, width), np.float32), np.zeros(6, np.float32)),)
    _model.save(Model(Network(layers), "ppo", "choice", "candidates", 6, 4), tmp_path / "m")
    agent = parse("sb3(model='m')")
    from simenv.types import Setting

    agent.begin(Setting(crowd.stage.catalogue, 3, 1, Key.root(0), cooldown=0.0))
    agent.charts_ = crowd.stage.counts
    agent._publish()
    agent.retriever._luck[:] = crowd._retriever._luck  # the face's listeners have luck of their own
    for step in range(12):
        panel = agent._panel(crowd.request)
        np.testing.assert_array_equal(panel.tracks[:, :, 0], crowd.candidates)
        np.testing.assert_array_equal(panel.observed(0), seen)
        assert panel.left(0, np.empty((3, 0), np.int32)).all()
        seen, *_ = env.step(np.full(3, step % 6))
        agent.update(crowd.exchange)


def test_a_slate_of_one_is_the_policy_s_own_law(tmp_path):
    world = Tiny(checkerboard(), slate_size=1).warm_up(5)
    _model.save(model(), tmp_path / "m")
    agent = begun("sb3(model=m)", world)
    asked = request(np.arange(24), 6.0)
    panel = agent._panel(asked)
    p = np.exp(agent.policy.network(panel.observed(0)).astype(float))
    law = agent.probability(asked, panel.tracks[:, :, 0], np.empty((24, 0), np.int32))
    np.testing.assert_allclose(law, p / p.sum(axis=1, keepdims=True), rtol=1e-5)


def test_every_slot_is_a_decision_among_candidates_of_its_own(tmp_path):
    world = Tiny(checkerboard(), slate_size=3).warm_up(5)
    _model.save(model(), tmp_path / "m")
    agent = begun("sb3(model=m)", world)
    asked = request(np.arange(24), 6.0)
    slate, panel = agent.recommend(asked), agent._panel(asked)
    assert (np.diff(np.sort(panel.tracks.reshape(24, 18), axis=1), axis=1) > 0).all()
    for slot in range(3):
        p = np.exp(agent.policy.network(panel.observed(slot)).astype(float))
        chosen = panel.tracks[:, :, slot] == slate.tracks[:, slot : slot + 1]
        assert (chosen.sum(axis=1) == 1).all()
        np.testing.assert_allclose(slate.propensity[:, slot], p[chosen] / p.sum(axis=1), rtol=1e-5)


def test_a_decision_of_several_tracks_follows_plackett_and_luce(tmp_path):
    """Both slots want the same: what the first took is shared by those left."""
    world = Tiny(checkerboard(), slate_size=2).warm_up(5)
    one = model().network.layers[0]
    twice = Layer(np.tile(one.weight, (2, 1)), np.tile(one.bias, 2))
    _model.save(Model(Network((twice,)), "ppo", "choice", "candidates", 6, 4, 2), tmp_path / "m")
    agent = begun("sb3(model=m)", world)
    asked = request(np.arange(24), 6.0)
    slate = agent.recommend(asked)
    first = agent.probability(asked, slate.tracks, np.empty((24, 0), np.int32)).astype(float)
    np.testing.assert_allclose(slate.propensity[:, 0], first[:, 0], rtol=1e-5)
    np.testing.assert_allclose(slate.propensity[:, 1], first[:, 1] / (1 - first[:, 0]), rtol=1e-4)


@pytest.mark.parametrize(("own", "slots", "times"), [(1, 1, 1), (1, 10, 10), (10, 10, 1), (4, 10, 3)])
def test_it_decides_as_often_as_its_own_slates_go_into_the_slate(own, slots, times):
    assert decisions(model(outputs=6 * own, slate_size=own), slots) == times


def test_at_temperature_nought_the_best_is_shown_for_sure(tmp_path):
    world = Tiny(checkerboard(), slate_size=3).warm_up(5)
    _model.save(model(), tmp_path / "m")
    asked = request(np.arange(24), 6.0)
    slate = begun("sb3(model=m, temperature=0)", world).recommend(asked)
    assert (slate.propensity == 1).all()
    soft = begun("sb3(model=m)", world)
    panel = soft._panel(asked)
    for slot in range(3):
        tracks = panel.tracks[:, :, slot]
        p = soft.probability(asked, tracks, slate.tracks[:, :slot])
        best = np.take_along_axis(tracks, p.argmax(axis=1)[:, None], axis=1)[:, 0]
        np.testing.assert_array_equal(slate.tracks[:, slot], best)


def test_a_slate_that_was_trained_whole_tells_its_slots_apart(tmp_path):
    world = Tiny(checkerboard(), slate_size=2).warm_up(5)
    weight = np.zeros((12, crowd().single_observation_space.shape[0]), np.float32)
    bias = np.zeros(12, np.float32)
    bias[4], bias[6 + 1] = 50, 50  # slot 0 wants place 4, slot 1 place 1
    _model.save(
        Model(Network((Layer(weight, bias),)), "ppo", "choice", "candidates", 6, 4, 2), tmp_path / "m"
    )
    agent = begun("sb3(model=m)", world)
    asked = request(np.arange(24), 6.0)
    places = agent._panel(asked).tracks[:, :, 0]
    np.testing.assert_array_equal(agent.recommend(asked).tracks, places[:, [4, 1]])


def test_what_was_asked_before_moves_the_candidates_on(tmp_path):
    world = Tiny(checkerboard(), slate_size=1).warm_up(5)
    _model.save(model(), tmp_path / "m")
    agent = begun("sb3(model=m)", world)
    asked = request(np.arange(24), 6.0)
    before = agent._panel(asked).tracks
    world.wave(agent)
    assert (agent._panel(asked).tracks != before).any(axis=(1, 2)).mean() > 0.9


def test_a_configuration_is_trained_once_by_several_at_a_time(monkeypatch):
    calls, gate = [], threading.Barrier(3)

    class Counted(Practising):
        def __call__(self, *args, **options):
            calls.append(options)
            return super().__call__(*args, **options)

    found = []

    def work():
        gate.wait()
        options = {"candidates": 5, "actions": "candidates"}
        found.append(trained(Counted(), "a2c", 64, 4, options))

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(calls) == 1 and len(found) == 3
    for other in found[1:]:
        for a, b in zip(found[0].network.layers, other.network.layers, strict=True):
            np.testing.assert_array_equal(a.weight, b.weight)
    trained(Counted(), "a2c", 65, 4, {"candidates": 5, "actions": "candidates"})
    assert len(calls) == 2  # another configuration
    folders = [path for path in _practice.models().iterdir() if path.is_dir()]
    assert len(folders) == 2 and not [path for path in folders if path.name.startswith(".")]


def test_practice_worlds_are_known_by_what_they_are_made_of():
    from simenv.scenarios.base import Scenario
    from simenv.scenarios.build import practice

    assert practice(300).digest == practice(300).digest != practice(301).digest
    scenario = Scenario(question="?", primary="minutes", listeners=20, tracks=200, warmup=3)
    world = scenario.world(0)
    assert scenario.setting(world).practice.digest == scenario.setting(scenario.world(1)).practice.digest
    env = scenario.setting(world).practice(num_envs=2, world=_practice.WORLD, slate_size=1)
    assert env.face.cooldown == scenario.cooldown
    assert env._crowd.stage.catalogue.digest != world.catalogue.digest


def test_another_model_under_the_same_name_is_another_agent(tmp_path):
    _model.save(model(), tmp_path / "m")
    before = agent_parts(parse("sb3(model=m)"))
    assert before == agent_parts(parse("sb3(model=m)"))
    _model.save(model(history=4, about={"steps": 7}), tmp_path / "m")
    assert agent_parts(parse("sb3(model=m)")) != before
    assert agent_parts(parse("mmr(of=sb3(model=m))"))["agent_files"]


def test_pickles_are_refused_without_trust_and_served_with_it(tmp_path):
    with pytest.raises(UsageError, match="trust=True"):
        parse("sb3(model='mine.zip')")
    _, learner = learned("ppo")
    learner.save(tmp_path / "mine.zip")
    world = Tiny(checkerboard(), slate_size=3).warm_up(5)
    agent = begun("sb3(model='mine.zip', trust=True)", world)
    assert agent.policy.candidates == 6 and agent.policy.history == 4
    agent.recommend(request(np.arange(24), 6.0))
    with pytest.raises(UsageError, match="no file"):
        begun("sb3(model='other.zip', trust=True)", world)
    (tmp_path / "bad.zip").write_bytes(b"no zip")
    with pytest.raises(UsageError, match="cannot be read as a model of ppo"):
        begun("sb3(model='bad.zip', trust=True)", world)


def test_models_that_do_not_fit_are_refused_with_words(tmp_path):
    world = Tiny(checkerboard(), slate_size=3)
    with pytest.raises(UsageError, match=r"no model in nowhere.*simenv train"):
        begun("sb3(model=nowhere)", world)
    _model.save(model(inputs=99), tmp_path / "m")
    with pytest.raises(UsageError, match=r"reads 99 numbers.*same features"):
        begun("sb3(model=m)", world)
    _model.save(model(), tmp_path / "m")
    told = json.loads((tmp_path / "m" / "model.json").read_text())
    (tmp_path / "m" / "model.json").write_text(json.dumps(told | {"format": 0}))
    with pytest.raises(UsageError, match="format 0, this version reads 1: train it again"):
        begun("sb3(model=m)", world)
    (tmp_path / "m" / "model.json").write_text(json.dumps(told | {"candidates": 7}))
    with pytest.raises(UsageError, match="is damaged"):
        begun("sb3(model=m)", world)
    (tmp_path / "m" / "model.json").write_text(json.dumps(told | {"actions": "tracks"}))
    with pytest.raises(UsageError, match="one catalogue only"):
        begun("sb3(model=m)", world)
    (tmp_path / "m" / "model.json").write_text("{")
    with pytest.raises(UsageError, match="is damaged"):
        begun("sb3(model=m)", world)
    (tmp_path / "m" / "model.json").write_text(json.dumps(told))
    (tmp_path / "m" / "model.npz").write_bytes(b"nothing")
    with pytest.raises(UsageError, match="is damaged"):
        begun("sb3(model=m)", world)


def test_an_algorithm_that_is_not_there_is_named():
    with pytest.raises(UsageError, match="did you mean 'ppo'"):
        parse("sb3(algorithm=pppo)")
    assert parse("sb3(algorithm=PPO)") == parse("sb3")
    assert parse("sb3").needs == {"practice"} and not parse("sb3(model=m)").needs


def test_its_network_is_served_without_torch(tmp_path):
    """In a process of its own: torch and Stable-Baselines3 are not imported."""
    import subprocess
    import sys

    _model.save(model(), tmp_path / "m")
    code = (
        f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r})\n"
        "from tiny import Tiny, checkerboard, request\n"
        "from simenv.agents import parse\n"
        "agent, world = parse('sb3(model=m)'), Tiny(checkerboard())\n"
        "agent.begin(world.setting); world.wave(agent); agent.recommend(request([0, 1]))\n"
        "assert not {'torch', 'stable_baselines3'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=tmp_path)


def test_updates_are_counted_for_those_who_asked():
    world = Tiny(checkerboard(), slate_size=3)
    agent = begun("sb3(algorithm=a2c, steps=64, envs=4, candidates=6)", world)
    asked = request([2, 5])
    slate = agent.recommend(asked)
    from simenv.types import Feedback

    shape = slate.tracks.shape
    feedback = Feedback(
        np.ones(shape, bool), np.full(shape, 200, np.float32), np.zeros(shape, bool), np.zeros(2, bool)
    )
    agent.update(Exchange(asked, slate, feedback))
    assert agent.answered_.nonzero()[0].tolist() == [2, 5]
