"""How near does Stable-Baselines3's PPO come to the optimum, where it is known?

`simenv/HookAndDepth-v0`: hooky tracks please, deep ones keep listeners. The optimum is of dynamic programming
over the listener's satisfaction, which does not show; PPO sees what was played and finished. Three settings
decide how near it comes. The optimum is of the return until the horizon, so the horizon is made an end like
any other: PPO would go on counting beyond it. What shows is normalised: the steps so far, on which the best
policy turns at the end, move by less than a third otherwise. And an update is of whole lives of many.

    python docs/examples/ppo_optimum.py
"""

from __future__ import annotations

import argparse
import time

import gymnasium
import numpy as np
import torch
from stable_baselines3 import PPO
from stable_baselines3.common.vec_env import VecEnv, VecEnvWrapper, VecNormalize

import simenv  # noqa: F401  registers the environment
from simenv.sb3 import as_vec_env
from simenv.scenarios._hook_and_depth_plan import Game

LISTENERS, DECISIONS = 512, 60  # decisions a listener between two updates: a life


class Finite(VecEnvWrapper):
    """The horizon ends an episode for good: nothing is put in for what would come after it."""

    def reset(self) -> np.ndarray:
        return self.venv.reset()

    def step_wait(self) -> tuple:
        seen, rewards, done, infos = self.venv.step_wait()
        for row in np.flatnonzero(done):
            infos[row]["TimeLimit.truncated"] = False
        return seen, rewards, done, infos


def listeners(n: int) -> VecEnv:
    """Who ask at every step: is the next track hooky (0) or deep (1)?"""
    return Finite(as_vec_env(gymnasium.make_vec("simenv/HookAndDepth-v0", num_envs=n)))


def train(seed: int, steps: int) -> PPO:
    """A learner of so many decisions."""
    learner = PPO(
        "MlpPolicy",
        VecNormalize(listeners(LISTENERS), norm_reward=False),
        n_steps=DECISIONS,
        batch_size=LISTENERS * DECISIONS // 8,
        n_epochs=4,
        learning_rate=lambda left: 1e-3 * left,
        gamma=0.99,
        gae_lambda=0.9,
        seed=seed,
        device="cpu",
    )
    return learner.learn(steps)


def returns(learner: PPO, n: int = 20_000, seed: int = 1_000_000) -> np.ndarray:
    """(n,) returns of listeners nobody was trained on."""
    env, shown = listeners(n), learner.get_vec_normalize_env()
    env.seed(seed)
    seen, total, here = env.reset(), np.zeros(n), np.ones(n, bool)
    while here.any():
        actions = learner.predict(shown.normalize_obs(seen), deterministic=True)[0]
        seen, rewards, done, _ = env.step(actions)
        total += rewards * here
        here &= ~done  # after an episode's end the row is another listener
    return total


def main() -> None:
    """Train, and say how much of what can be had is had."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--steps", type=int, default=4_000_000, help="decisions of each learner")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2], help="of the learners")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    game = Game()
    optimum = game.best().value
    print(f"optimum {optimum:.2f} finished tracks; myopic {game.worth(game.myopic) / optimum:.3f} of it")
    for seed in asked.seeds:
        start = time.process_time()
        worth = returns(train(seed, asked.steps))
        half = 1.96 * worth.std(ddof=1) / len(worth) ** 0.5
        print(
            f"seed {seed}: {worth.mean():.2f} +- {half:.2f}, {worth.mean() / optimum:.3f} of the optimum, "
            f"after {time.process_time() - start:.0f} s of the processor",
            flush=True,
        )


if __name__ == "__main__":
    main()
