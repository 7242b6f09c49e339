"""Does a learner that knows nothing of music find out what listeners like?

Stable-Baselines3's PPO chooses the next track among eight candidates for 512 listeners at a time. Every
episode is a listener it has never met, so the curve is that of new listeners. Takes under three minutes:

    python docs/examples/train_ppo.py
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import gymnasium
import numpy as np
import torch
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from stable_baselines3 import PPO
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.vec_env import VecEnv

import simenv  # noqa: F401  registers the environment
from simenv.observe import MATCH
from simenv.rng import Key
from simenv.sb3 import as_vec_env

LISTENERS, HORIZON, CANDIDATES, DECISIONS = 512, 100, 8, 25  # decisions a listener between two updates
POPULARITY = MATCH.index("popularity") - len(MATCH)


def listeners(n: int = LISTENERS) -> VecEnv:
    """Listeners who ask at every step; a decision is one of eight tracks, and a finished track is worth 1."""
    env = gymnasium.make_vec(
        "simenv/Listener-v0",
        num_envs=n,
        horizon=HORIZON,
        candidates=CANDIDATES,
        observe="flat",
        reward="completion",
    )
    return as_vec_env(env)


class Returns(BaseCallback):
    """Collects the return of every episode that ends, and the number of decisions made by then."""

    def __init__(self) -> None:
        super().__init__()
        self.ended: list[tuple[int, float]] = []
        self.running = np.zeros(LISTENERS)

    def _on_step(self) -> bool:
        self.running += self.locals["rewards"]
        done = self.locals["dones"]
        self.ended += [(self.num_timesteps, float(value)) for value in self.running[done]]
        self.running[done] = 0
        return True


def train(seed: int, steps: int) -> tuple[PPO, np.ndarray]:
    """A learner, and the (episodes, 2) decisions and returns of its training."""
    seen = Returns()
    learner = PPO(
        "MlpPolicy",
        listeners(),
        n_steps=DECISIONS,
        batch_size=LISTENERS * DECISIONS // 8,
        n_epochs=5,
        learning_rate=1e-3,
        gamma=0.6,  # nearly all that a track leads to shows in the next few
        gae_lambda=0.9,
        ent_coef=0.005,
        seed=seed,
        device="cpu",
    )
    learner.learn(steps, callback=seen)
    return learner, np.array(seen.ended)


def returns(choose, n: int = 2_000, seed: int = 1_000_000) -> np.ndarray:
    """(n,) returns of listeners nobody was trained on, the same for every policy."""
    env = listeners(n)
    env.seed(seed)
    seen, total, here = env.reset(), np.zeros(n), np.ones(n, bool)
    for _ in range(HORIZON):
        seen, rewards, done, _ = env.step(choose(seen))
        total += rewards * here
        here &= ~done  # after an episode's end the row is another listener
    return total


def popular(seen: np.ndarray) -> np.ndarray:
    """The candidate that is highest in the charts."""
    shown = seen[:, -CANDIDATES * candidate_width() :].reshape(len(seen), CANDIDATES, -1)
    return shown[:, :, POPULARITY].argmax(axis=1)


def candidate_width() -> int:
    """Numbers that a candidate is described by: its public features, then MATCH."""
    env = gymnasium.make("simenv/Listener-v0", candidates=CANDIDATES, observe="dict")
    return env.observation_space["candidates"].shape[0] // CANDIDATES


def binned(curve: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """Mean return of the episodes that ended between each two `edges`."""
    place = np.searchsorted(edges, curve[:, 0], side="left") - 1
    return np.array([curve[place == b, 1].mean() for b in range(len(edges) - 1)])


def interval(values: np.ndarray) -> tuple[float, float]:
    """A mean and the half width of its 95 % interval."""
    return float(values.mean()), float(1.96 * values.std(ddof=1) / len(values) ** 0.5)


def draw(curves: list[np.ndarray], base: dict[str, np.ndarray], steps: int) -> Figure:
    """Return during training, beside what needs no training."""
    figure = Figure(figsize=(8, 4.8), dpi=130, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    figure.suptitle("Does PPO learn what listeners like?", fontsize=11.5, x=0.01, ha="left")
    edges = np.linspace(0, steps, min(20, max(1, steps // (HORIZON * LISTENERS))) + 1)
    middle = (edges[1:] + edges[:-1]) / 2e6
    lines = np.stack([binned(curve, edges) for curve in curves])  # (seeds, bins)
    mean = lines.mean(axis=0)
    axes.fill_between(middle, lines.min(axis=0), lines.max(axis=0), color="#1f5fbf", alpha=0.2, linewidth=0)
    axes.plot(middle, mean, color="#1f5fbf", linewidth=1.8)
    ends = [("PPO", mean[-1], "#1f5fbf")]
    for name, colour in (("random", "#b39b6b"), ("most popular", "#d62728")):
        level, half = interval(base[name])
        axes.axhspan(level - half, level + half, color=colour, alpha=0.25, linewidth=0)
        axes.axhline(level, color=colour, linewidth=1.2)
        ends.append((name, level, colour))
    for name, level, colour in ends:  # beside the axes, at the end of each line
        axes.annotate(
            name, (steps / 1e6, level), (6, 0), textcoords="offset points", color=colour, va="center"
        )
    axes.set_xlim(0, steps / 1e6)
    axes.set_xlabel("decisions of the learner, millions")
    axes.set_ylabel(f"tracks finished of {HORIZON}, mean over listeners")
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    axes.grid(True, color="#e6e6e6", linewidth=0.6)
    axes.set_axisbelow(True)
    note = (
        f"{CANDIDATES} candidates a decision, a new listener every {HORIZON} decisions. Blue band: lowest "
        f"and highest of {len(curves)} learners;\nother bands: 95 % intervals over "
        f"{len(base['random']):,} listeners."
    )
    figure.supxlabel(note, fontsize=8, x=0.01, ha="left", color="#444444")
    return figure


def main() -> None:
    """Train, compare on new listeners, draw."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--steps", type=int, default=1_024_000, help="decisions of each learner")
    parser.add_argument("--seeds", type=int, default=3, help="learners")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent.parent / "figures" / "ppo.png")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    start = time.perf_counter()
    luck = Key.root(0).generator()
    scores = {
        "random": returns(lambda seen: luck.integers(0, CANDIDATES, len(seen))),
        "most popular": returns(popular),
    }
    curves = []
    for seed in range(asked.seeds):
        learner, curve = train(seed, asked.steps)
        curves.append(curve)
        scores[f"PPO, seed {seed}"] = returns(
            lambda seen, of=learner: of.predict(seen, deterministic=True)[0]
        )
    print(f"tracks finished of {HORIZON} by the same {len(scores['random']):,} new listeners")
    for name, values in scores.items():
        mean, half = interval(values)
        more, within = interval(values - scores["random"])
        print(f"{name:14} {mean:6.2f} +- {half:.2f}    beyond random {more:+6.2f} +- {within:.2f}")
    asked.out.parent.mkdir(parents=True, exist_ok=True)
    draw(curves, scores, asked.steps).savefig(asked.out)
    print(f"{asked.out} after {time.perf_counter() - start:.0f} s")


if __name__ == "__main__":
    main()
