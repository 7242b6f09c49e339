"""A DQN of one's own, in PyTorch, on the environment whose optimum is known.

Listeners of `simenv/HookAndDepth-v0` are pleased by hooky tracks and kept by deep ones; how satisfied they
are does not show, only what they finished. Double Q-learning (van Hasselt et al. 2016) with a replay memory,
on the native vector environment. The loss is the square: Huber's, which DQN is often given, aims at the
median, and the median listener stays, so that it learns never to mind those who leave.

    python docs/examples/dqn.py
"""

from __future__ import annotations

import argparse
import time

import gymnasium
import numpy as np
import torch
from torch import nn

import simenv  # noqa: F401  registers the environment
from simenv.rng import Key
from simenv.scenarios._hook_and_depth_plan import Game

ID = "simenv/HookAndDepth-v0"
LISTENERS, MEMORY, BATCH, RATE, TARGET_PACE = 64, 50_000, 256, 1e-3, 0.01


class Memory:
    """The last transitions, of which batches are drawn."""

    def __init__(self, width: int) -> None:
        self.seen, self.after = np.empty((2, MEMORY, width), np.float32)
        self.action, self.reward = np.empty(MEMORY, np.int64), np.empty(MEMORY, np.float32)
        self.over = np.empty(MEMORY, np.float32)
        self.added = 0

    def add(self, *columns: np.ndarray) -> None:
        places = (self.added + np.arange(len(columns[0]))) % MEMORY
        self.added += len(places)
        for own, column in zip(self._columns(), columns, strict=True):
            own[places] = column

    def draw(self, luck: np.random.Generator) -> list[torch.Tensor]:
        places = luck.integers(0, min(self.added, MEMORY), BATCH)
        return [torch.from_numpy(column[places]) for column in self._columns()]

    def _columns(self) -> tuple[np.ndarray, ...]:
        return self.seen, self.action, self.reward, self.after, self.over


def network(width: int) -> nn.Module:
    """Values of the two actions, from what shows."""
    return nn.Sequential(nn.Linear(width, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 2))


def greedy(online: nn.Module, seen: np.ndarray) -> np.ndarray:
    """The better action of each row of what shows."""
    with torch.no_grad():
        return online(torch.from_numpy(seen)).argmax(dim=1).numpy()


def train(seed: int, steps: int) -> nn.Module:
    """A network that has learned from `steps` decisions of each of the listeners."""
    torch.manual_seed(seed)
    luck = (Key.root(seed) / "dqn").generator()
    envs = gymnasium.make_vec(ID, num_envs=LISTENERS)
    seen, _ = envs.reset(seed=seed)
    online, target = network(seen.shape[1]), network(seen.shape[1])
    target.load_state_dict(online.state_dict())
    optimiser = torch.optim.Adam(online.parameters(), RATE)
    memory = Memory(seen.shape[1])
    for step in range(steps):
        for group in optimiser.param_groups:
            group["lr"] = RATE * (1 - step / steps)
        explore = luck.random(LISTENERS) < max(0.1, 1 - 4 * step / steps)
        action = np.where(explore, luck.integers(0, 2, LISTENERS), greedy(online, seen))
        after, reward, terminated, truncated, _ = envs.step(action)
        over = terminated | truncated  # the horizon is an end like any other: it is what the optimum counts
        memory.add(seen, action, reward, after, over)  # what shows after an end does not count
        seen = after
        if memory.added < 2_000:
            continue
        before, chosen, paid, later, ended = memory.draw(luck)
        with torch.no_grad():
            best = online(later).argmax(dim=1, keepdim=True)
            goal = paid + (1 - ended) * target(later).gather(1, best)[:, 0]
        loss = nn.functional.mse_loss(online(before).gather(1, chosen[:, None])[:, 0], goal)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        with torch.no_grad():
            for slow, fast in zip(target.parameters(), online.parameters(), strict=True):
                slow.lerp_(fast, TARGET_PACE)
    return online


def returns(choose, n: int = 20_000, seed: int = 1_000_000) -> np.ndarray:
    """(n,) returns of listeners nobody was trained on."""
    envs = gymnasium.make_vec(ID, num_envs=n)
    seen, _ = envs.reset(seed=seed)
    total, here = np.zeros(n), np.ones(n, bool)
    while here.any():
        seen, reward, terminated, truncated, _ = envs.step(choose(seen))
        total += reward * here
        here &= ~(terminated | truncated)  # after an episode's end the row is another listener
    return total


def main() -> None:
    """Train, and say how much of what can be had is had."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--steps", type=int, default=8_000, help="decisions of each of 64 listeners")
    parser.add_argument("--seeds", type=int, default=3, help="learners")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    game = Game()
    optimum = game.best().value
    print(f"optimum {optimum:.2f} finished tracks; myopic {game.worth(game.myopic) / optimum:.3f} of it")
    for seed in range(asked.seeds):
        start = time.process_time()
        online = train(seed, asked.steps)
        worth = returns(lambda seen, of=online: greedy(of, seen))
        half = 1.96 * worth.std(ddof=1) / len(worth) ** 0.5
        print(
            f"seed {seed}: {worth.mean():.2f} +- {half:.2f}, {worth.mean() / optimum:.3f} of the optimum, "
            f"after {time.process_time() - start:.0f} s of the processor",
            flush=True,
        )


if __name__ == "__main__":
    main()
