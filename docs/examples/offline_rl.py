"""Offline reinforcement learning from a log, of which no class of simenv is needed but the environment.

A recommender that shows what is popular half of the time, and anything the other half, leaves a log:

    simenv run popularity_bias --agents "popular(explore=.5)" --share 1 --listeners 500 --tracks 1000 \\
        --days 14 --seeds 1 --keep log --out results/logged
    simenv export results/logged --to obp
    python docs/examples/offline_rl.py results/logged/export/obp/*/feedback.npz

Of it a network learns what a track leads to for a listener: what the listener finishes from then on in the
session, discounted, under the recommender that was logged (SARSA). To show the best by that is one step of
policy improvement, which needs no guess of what was never tried (Brandfonbrener et al., NeurIPS 2021). Then
chance, the recommender that was logged, what it takes for popular and the new policy meet other listeners in
the same world. Takes a quarter of a minute.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

import gymnasium
import numpy as np
import torch
from torch import nn

import simenv  # noqa: F401  registers the environment

GAMMA, RATE, BATCH, WIDTH, TARGET_PACE = 0.6, 2e-3, 512, 32, 0.02
EXPLORE = 0.5  # of the recommender that was logged

Policy = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""Tracks (n,) to play, by what shows (n, d) and which may be played (n, T)."""


class Worth(nn.Module):
    """Q(s, a) = <u(s), v(a)> + b(s) + c_a, from what shows of the listener and the sound of tracks (T, f)."""

    def __init__(self, width: int, sound: torch.Tensor) -> None:
        super().__init__()
        self.sound = sound
        self.listener = nn.Sequential(nn.Linear(width, 64), nn.ReLU(), nn.Linear(64, WIDTH + 1))
        self.track = nn.Linear(sound.shape[1], WIDTH)
        self.own = nn.Embedding(len(sound), 1)
        nn.init.zeros_(self.own.weight)

    def of(self, seen: torch.Tensor, action: torch.Tensor) -> torch.Tensor:
        """(b,) worth of one track each."""
        u = self.listener(seen)
        alike = (u[:, :-1] * self.track(self.sound[action])).sum(dim=1)
        return alike + u[:, -1] + self.own(action)[:, 0]

    def of_all(self, seen: torch.Tensor) -> torch.Tensor:
        """(n, T) worth of every track, but for b(s)."""
        return self.listener(seen)[:, :-1] @ self.track(self.sound).T + self.own.weight[:, 0]


def transitions(log: dict[str, np.ndarray]) -> list[torch.Tensor]:
    """Of each decision what showed, what was done, what it paid, what showed and was done next, if any."""
    order = np.lexsort((log["time"], log["listener"]))
    seen, action, reward = log["context"][order], log["action"][order], log["reward"][order]
    later = np.append(np.arange(1, len(order)), 0)
    same = [log[name][order] == log[name][order][later] for name in ("listener", "session")]
    goes_on = (same[0] & same[1]).astype(np.float32)
    goes_on[-1:] = 0
    columns = seen, action, reward.astype(np.float32), seen[later], action[later], goes_on
    return [torch.from_numpy(np.ascontiguousarray(column)) for column in columns]


def learn(log: dict[str, np.ndarray], steps: int, seed: int = 0) -> Worth:
    """What the log tells of the worth of tracks."""
    torch.manual_seed(seed)
    columns = transitions(log)
    sound = torch.from_numpy(log["action_context"])
    worth, target = (Worth(columns[0].shape[1], sound) for _ in range(2))
    target.load_state_dict(worth.state_dict())
    optimiser = torch.optim.AdamW(worth.parameters(), RATE, weight_decay=1e-2)
    schedule = torch.optim.lr_scheduler.LinearLR(optimiser, 1.0, 0.01, steps)
    for _ in range(steps):
        drawn = torch.randint(len(columns[0]), (BATCH,))
        seen, action, reward, after, following, goes_on = (column[drawn] for column in columns)
        with torch.no_grad():
            goal = reward + GAMMA * goes_on * target.of(after, following)
        loss = nn.functional.mse_loss(worth.of(seen, action), goal)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
        with torch.no_grad():
            for slow, fast in zip(target.parameters(), worth.parameters(), strict=True):
                slow.lerp_(fast, TARGET_PACE)
    return worth


def policies(log: dict[str, np.ndarray], worth: Worth, seed: int = 0) -> dict[str, Policy]:
    """Chance, the recommender that was logged, also without exploring, and the best by what was learned."""
    plays = np.bincount(log["action"], log["reward"], int(log["n_actions"]))
    luck = torch.Generator().manual_seed(seed)

    def chance(seen: np.ndarray, allowed: np.ndarray) -> np.ndarray:
        return (torch.rand(allowed.shape, generator=luck).numpy() * allowed).argmax(axis=1)

    def popular(seen: np.ndarray, allowed: np.ndarray) -> np.ndarray:
        return np.where(allowed, plays, -1).argmax(axis=1)

    def logged(seen: np.ndarray, allowed: np.ndarray) -> np.ndarray:
        explores = torch.rand(len(seen), generator=luck).numpy() < EXPLORE
        return np.where(explores, chance(seen, allowed), popular(seen, allowed))

    def learned(seen: np.ndarray, allowed: np.ndarray) -> np.ndarray:
        with torch.no_grad():
            value = worth.of_all(torch.from_numpy(seen)).numpy()
        return np.where(allowed, value, -np.inf).argmax(axis=1)

    return {"chance": chance, "as logged": logged, "popular": popular, "learned": learned}


def returns(choose: Policy, tracks: int, listeners: int, decisions: int, seed: int = 1_000_000) -> np.ndarray:
    """(n,) tracks that each of some listeners finishes, whom no log tells of."""
    envs = gymnasium.make_vec(
        "simenv/Listener-v0",
        num_envs=listeners,
        tracks=tracks,
        actions="tracks",
        history=0,
        cooldown=30.0,
        horizon=decisions,
    )
    seen, _ = envs.reset(seed=seed)
    total, here = np.zeros(listeners), np.ones(listeners, bool)
    for _ in range(decisions):
        action = choose(seen, envs.unwrapped.action_masks())
        seen, reward, terminated, truncated, _ = envs.step(action)
        total += reward * here
        here &= ~(terminated | truncated)  # after an episode's end the row is another listener
    return total


def main() -> None:
    """Learn from a log, and say what the policy is worth beside chance and the one that wrote the log."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("log", type=Path, help="feedback.npz of simenv export --to obp")
    parser.add_argument("--steps", type=int, default=4_000, help="batches to learn from")
    parser.add_argument("--listeners", type=int, default=1_000, help="who judge")
    parser.add_argument("--decisions", type=int, default=100, help="of each of them")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    with np.load(asked.log) as file:
        log = dict(file)
    worth = learn(log, asked.steps)
    for name, choose in policies(log, worth).items():
        told = returns(choose, int(log["n_actions"]), asked.listeners, asked.decisions)
        half = 1.96 * told.std(ddof=1) / len(told) ** 0.5
        print(f"{name:9s} {told.mean():.2f} +- {half:.2f} of {asked.decisions} tracks finished", flush=True)


if __name__ == "__main__":
    main()
