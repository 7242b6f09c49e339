"""A learner of few lines on Gymnasium's vector interface, without a library for learning.

REINFORCE (Williams 1992) with a logistic policy: whether the next track is deep depends on a weighted sum of
what shows. A batch is a life each of 2,048 listeners; what an action led to is the rest of its return, less
what a straight line through what shows makes of it. Takes a minute or two:

    python docs/examples/vector_api.py
"""

from __future__ import annotations

import argparse

import gymnasium
import numpy as np
from gymnasium.vector import VectorEnv

import simenv  # noqa: F401  registers the environment
from simenv.rng import Key
from simenv.scenarios._hook_and_depth_plan import Game

LISTENERS, RATE, CALM = 2_048, 0.03, 0.9
FADE = 0.98  # of what comes a step later: most of it is chance


def live(envs: VectorEnv, weights: np.ndarray, luck: np.random.Generator, seed: int | None = None):
    """A life of every listener, row by row: what shows (t, n, f), probabilities, actions, rewards, presence.

    `reset()` without a seed begins everyone's next life; rows whose life is over go on as somebody else, whom
    presence (t, n) leaves out.
    """
    seen, _ = envs.reset(seed=seed)
    here = np.ones(envs.num_envs, bool)
    steps = []
    while here.any():
        shown = np.column_stack([seen, np.ones(len(seen), np.float32)])
        chance = 1 / (1 + np.exp(-shown @ weights))
        action = (luck.random(len(seen)) < chance).astype(np.int64)
        seen, reward, terminated, truncated, _ = envs.step(action)
        steps.append((shown, chance, action, reward * here, here.copy()))
        here &= ~(terminated | truncated)
    return [np.stack(column) for column in zip(*steps, strict=True)]


def slope(shown, chance, action, reward, here) -> np.ndarray:
    """(f,) in which direction of the weights returns grow: mean of (action - chance) x advantage x shown."""
    to_come = np.zeros_like(reward)
    later = np.zeros(reward.shape[1])
    for step in reversed(range(len(reward))):
        later = to_come[step] = reward[step] + FADE * later
    shown, surprise = shown[here], (action - chance)[here]
    square = shown.T @ shown + np.eye(shown.shape[1])
    advantage = to_come[here] - shown @ np.linalg.solve(square, shown.T @ to_come[here])
    return shown.T @ (surprise * advantage) / len(shown)


def main() -> None:
    """Learn, and say how much of what can be had is had."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--batches", type=int, default=150)
    asked = parser.parse_args()
    envs = gymnasium.make_vec("simenv/HookAndDepth-v0", num_envs=LISTENERS)
    optimum, luck = Game().best().value, Key.root(0).generator()
    weights = np.zeros(envs.single_observation_space.shape[0] + 1)
    mean, square = np.zeros_like(weights), np.zeros_like(weights)
    for batch in range(asked.batches):
        life = live(envs, weights, luck, seed=0 if batch == 0 else None)
        uphill = slope(*life)
        mean += (1 - CALM) * (uphill - mean)  # Adam (Kingma & Ba 2015)
        square += (1 - CALM**2) * (uphill**2 - square)
        weights += RATE * mean / (np.sqrt(square) + 1e-8)
        if batch % 25 == 0 or batch == asked.batches - 1:
            worth = life[3].sum(axis=0).mean()
            print(
                f"batch {batch:3}: {worth:5.2f} tracks finished, {worth / optimum:.3f} of the optimum",
                flush=True,
            )


if __name__ == "__main__":
    main()
