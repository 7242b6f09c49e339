"""What `simenv bench` times of the Gymnasium faces; a play is a decision, at the defaults, shown flat.

A case is made for so many listeners and threads, and gives back a task.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from simenv.env import PopulationEnv
from simenv.face import Face
from simenv.scenarios._bench_memory import bytes_a_listener
from simenv.scenarios._bench_world import TRACKS, Done, Task
from simenv.scenarios.build import listener_env, population_env

if TYPE_CHECKING:
    from stable_baselines3 import PPO

CANDIDATES = Face().candidates
_FEW, _MANY = 2_000, 200_000  # decisions a repetition, about


def step(listeners: int, threads: int) -> Task:
    """One listener through Gymnasium's `step`, resets included; `listeners` and `threads` do not matter."""
    env = listener_env(tracks=TRACKS, observe="flat")
    env.reset(seed=0)

    def work() -> Done:
        for place in range(_FEW):
            _, _, terminated, truncated, _ = env.step(place % CANDIDATES)
            if terminated or truncated:
                env.reset()
        return Done(_FEW)

    return Task(work, bytes_a_listener(_population))


def vector(listeners: int, threads: int, candidates: int = CANDIDATES) -> Task:
    """The native vector environment, autoresets included; a decision is one of so many candidates."""
    env = _population(listeners, threads, candidates)
    env.reset(seed=0)
    return _stepped(env.step, listeners, candidates)


def vec_env(listeners: int, threads: int) -> Task:
    """The same in Stable-Baselines3's words, `simenv.sb3.as_vec_env`, without a learner."""
    from simenv.sb3 import as_vec_env

    env = as_vec_env(_population(listeners, threads))
    env.seed(0)
    env.reset()
    return _stepped(env.step, listeners, CANDIDATES)


def sb3(listeners: int, threads: int) -> Task:
    """Stable-Baselines3's PPO end to end: decisions, and learning from them."""
    learner = ppo(listeners, threads)
    total = learner.n_steps * listeners

    def work() -> Done:
        learner.learn(total, reset_num_timesteps=False)
        return Done(total)

    return Task(work, bytes_a_listener(_population))


def ppo(listeners: int, threads: int) -> PPO:
    """PPO as it is timed: 16,384 decisions between two updates, four epochs of eight batches."""
    import torch
    from stable_baselines3 import PPO

    from simenv.sb3 import as_vec_env

    torch.set_num_threads(threads)
    n_steps = max(2, 16_384 // listeners)
    return PPO(
        "MlpPolicy",
        as_vec_env(_population(listeners, threads)),
        n_steps=n_steps,
        batch_size=max(n_steps * listeners // 8, 64),
        n_epochs=4,
        seed=0,
        device="cpu",
    )


def _stepped(step: Callable[[np.ndarray], object], listeners: int, candidates: int) -> Task:
    """Decisions that are made beforehand, over and over."""
    places = (np.arange(listeners) * 7 + np.arange(8)[:, None] * 3) % candidates  # (8, n)
    calls = min(_FEW, max(8, _MANY // listeners))

    def work() -> Done:
        for call in range(calls):
            step(places[call % 8])
        return Done(calls * listeners)

    return Task(work, bytes_a_listener(_population))


def _population(listeners: int, threads: int = 1, candidates: int = CANDIDATES) -> PopulationEnv:
    return population_env(listeners, tracks=TRACKS, observe="flat", threads=threads, candidates=candidates)
