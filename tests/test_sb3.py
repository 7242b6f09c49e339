"""Stable-Baselines3 finds a VecEnv whose episodes end as its own do."""

from __future__ import annotations

import gymnasium
import numpy as np
import pytest

pytest.importorskip("stable_baselines3")
from stable_baselines3 import PPO
from stable_baselines3.common.env_checker import check_env
from stable_baselines3.common.env_util import make_vec_env
from stable_baselines3.common.evaluation import evaluate_policy
from stable_baselines3.common.vec_env import DummyVecEnv, VecMonitor

import simenv  # noqa: F401  registers the ids
from simenv.actions import MODES
from simenv.errors import UsageError
from simenv.face import LAYOUTS
from simenv.sb3 import as_vec_env
from simenv.users.params import ListenerParams

ID = "simenv/Listener-v0"
FLEETING = ListenerParams(churn=0.5)


def crowd(n, **options):
    return as_vec_env(gymnasium.make_vec(ID, num_envs=n, tracks=300, **options))


@pytest.mark.parametrize("observe", LAYOUTS)
@pytest.mark.parametrize("actions", MODES)
@pytest.mark.parametrize("slate_size", [1, 3])
def test_its_checker_finds_nothing_to_complain_of(actions, observe, slate_size):
    options = {"actions": actions, "observe": observe, "slate_size": slate_size}
    check_env(gymnasium.make(ID, tracks=300, **options).unwrapped, skip_render_check=False)


@pytest.mark.parametrize("name", sorted(name for name in gymnasium.registry if name.startswith("simenv/")))
def test_its_checker_takes_every_registered_environment(name):
    check_env(gymnasium.make(name, tracks=300).unwrapped)


@pytest.mark.parametrize("history", [0, 32])
@pytest.mark.parametrize("observe", LAYOUTS)
def test_its_checker_takes_other_histories(observe, history):
    check_env(gymnasium.make(ID, tracks=300, observe=observe, history=history).unwrapped)


@pytest.mark.parametrize("observe", LAYOUTS)
def test_it_is_what_single_environments_in_a_dummy_vec_env_are(observe):
    """Observations, rewards, dones, terminal observations and TimeLimit.truncated, for both kinds of end."""
    n = 5
    options = {"horizon": 8, "listener_params": FLEETING, "observe": observe}
    many = crowd(n, **options)
    single = DummyVecEnv(
        [lambda i=i: gymnasium.make(ID, tracks=300, listener=i, **options) for i in range(n)]
    )
    many.seed(3)
    single.seed(3)
    single._seeds = [3] * n  # ours are rows of one seed; theirs would count upwards

    def parts(observation):
        return observation if isinstance(observation, dict) else {"": observation}

    def equal(a, b):
        for name in parts(b):
            np.testing.assert_array_equal(parts(a)[name], parts(b)[name])

    equal(many.reset(), single.reset())
    kinds = set()
    for step in range(30):
        actions = np.full(n, step % 8)
        seen, rewards, dones, infos = many.step(actions)
        expected = single.step(actions)
        equal(seen, expected[0])
        np.testing.assert_array_equal(rewards, expected[1])
        np.testing.assert_array_equal(dones, expected[2])
        for info, other, done in zip(infos, expected[3], dones, strict=True):
            if done:
                equal(info["terminal_observation"], other["terminal_observation"])
                assert info["TimeLimit.truncated"] == other["TimeLimit.truncated"]
                kinds.add(info["TimeLimit.truncated"])
    assert kinds == {True, False}


def test_its_own_vectors_of_single_environments_are_made_by_name():
    """It asks for pictures first, which listeners do not give."""
    env = make_vec_env(ID, n_envs=2, seed=3, env_kwargs={"tracks": 300})
    assert env.reset().shape == (2, 308)
    with pytest.raises(UsageError, match="ansi"):
        gymnasium.make(ID, tracks=300, render_mode="rgb_array")


def test_listeners_whose_episode_goes_on_share_one_info():
    env = crowd(50)
    env.seed(1)
    env.reset()
    infos = env.step(np.zeros(50, int))[3]
    assert len({id(info) for info in infos}) == 1 and infos[0] == {}


def test_maskable_learners_find_their_masks():
    env = crowd(4, slate_size=2)
    env.seed(1)
    env.reset()
    assert env.has_attr("action_masks")
    masks = np.stack(env.env_method("action_masks"))
    np.testing.assert_array_equal(masks, env.env.action_masks())
    assert masks.shape == (4, 16) and len(env.env_method("action_masks", indices=[1, 3])) == 2
    assert not crowd(4, actions="query").has_attr("action_masks")
    with pytest.raises(AttributeError, match="action_masks"):
        env.env_method("fly")


def test_attributes_belong_to_the_whole_population():
    env = crowd(3)
    assert env.get_attr("num_envs") == [3, 3, 3] and env.get_attr("render_mode", 0) == [None]
    env.set_attr("mark", 7)
    assert env.env.mark == 7
    with pytest.raises(UsageError, match="whole population"):
        env.set_attr("mark", 7, indices=[0])
    assert env.env_is_wrapped(gymnasium.Wrapper) == [False] * 3


def test_only_a_population_is_taken():
    with pytest.raises(UsageError, match="make_vec"):
        as_vec_env(gymnasium.make(ID, tracks=300))
    with pytest.raises(UsageError, match="same step"):
        crowd(2, autoreset_mode="NextStep")


@pytest.mark.parametrize("observe, policy", [("flat", "MlpPolicy"), ("dict", "MultiInputPolicy")])
def test_ppo_trains_on_it(observe, policy):
    env = VecMonitor(crowd(16, observe=observe, horizon=10))
    learner = PPO(policy, env, n_steps=16, batch_size=64, n_epochs=2, seed=1, device="cpu")
    before = [p.detach().clone() for p in learner.policy.parameters()]
    learner.learn(2 * 16 * 16)
    assert learner.num_timesteps == 512
    assert any((a != b).any() for a, b in zip(before, learner.policy.parameters(), strict=True))
    lengths = [episode["l"] for episode in learner.ep_info_buffer]
    assert lengths and max(lengths) == 10
    mean, _ = evaluate_policy(learner, env, n_eval_episodes=16)
    assert 0 <= mean <= 10
