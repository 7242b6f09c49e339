"""Where PPO's time goes: the environment, the policy that decides, the updates that learn.

    python benchmarks/ppo_shares.py [--listeners 1024] [--repeats 7]

Stable-Baselines3's PPO as `simenv bench --cases sb3` has it, on one thread. Once uncounted, then so many
times; the medians are printed.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from simenv.scenarios._bench import machine, short
from simenv.scenarios._bench_faces import ppo


class Clock:
    """Seconds spent in what it has been put around."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def around(self, work: Callable[..., Any]) -> Callable[..., Any]:
        """`work`, timed."""

        def timed(*words: Any, **named: Any) -> Any:
            start = time.perf_counter()
            try:
                return work(*words, **named)
            finally:
                self.seconds += time.perf_counter() - start

        return timed

    def read(self) -> float:
        """What it shows, and back to 0."""
        shown, self.seconds = self.seconds, 0.0
        return shown


def seconds(listeners: int, repeats: int) -> tuple[int, dict[str, float]]:
    """Decisions of a repetition, and the median seconds of each part of it."""
    learner = ppo(listeners, threads=1)
    stepping, deciding, learning = Clock(), Clock(), Clock()
    learner.env.step = stepping.around(learner.env.step)
    learner.collect_rollouts = deciding.around(learner.collect_rollouts)
    learner.train = learning.around(learner.train)
    total = learner.n_steps * listeners
    read = []
    for _ in range(1 + repeats):
        learner.learn(total, reset_num_timesteps=False)
        environment = stepping.read()
        read.append((environment, deciding.read() - environment, learning.read()))
    environment, policy, update = np.median(read[1:], axis=0).tolist()
    return total, {"environment": environment, "policy": policy, "update": update}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--listeners", type=int, default=1_024)
    parser.add_argument("--repeats", type=int, default=7)
    asked = parser.parse_args()
    print(machine())
    total, parts = seconds(asked.listeners, asked.repeats)
    whole = sum(parts.values())
    for part, spent in [*parts.items(), ("together", whole)]:
        print(f"{part:12} {spent / whole:6.1%} of the time, {short(total / spent):>7} decisions/s")


if __name__ == "__main__":
    main()
