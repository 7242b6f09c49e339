"""How good a policy is for listeners it was not trained on, beside what needs no training."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from simenv.agents._model import Model
from simenv.env import PopulationEnv
from simenv.observe import MATCH
from simenv.rng import Key
from simenv.types import F32, F64

Policy = Callable[[F32], np.ndarray]
"""Actions for flat observations (n, width)."""

STRANGERS = 1_000_000
"""Seed of the listeners that judge, added to that of the training."""

_POPULARITY = MATCH.index("popularity")


@dataclass(frozen=True, slots=True)
class Score:
    """A mean return and its 95 % interval over listeners."""

    mean: float
    low: float
    high: float


def returns(env: PopulationEnv, choose: Policy, seed: int) -> F64:
    """(n,) what a first episode pays, the same listeners for every policy under one seed."""
    seen, _ = env.reset(seed=seed)
    total, here = np.zeros(env.num_envs), np.ones(env.num_envs, bool)
    for _ in range(env.face.horizon):
        assert not isinstance(seen, dict), "shown flat"
        seen, rewards, terminated, truncated, _ = env.step(choose(seen))
        total += rewards * here
        here &= ~(terminated | truncated)  # after an episode's end the row is another listener
        if not here.any():
            break
    return total


def score(values: F64) -> Score:
    """Of returns (n,)."""
    half = 1.96 * values.std(ddof=1) / len(values) ** 0.5 if len(values) > 1 else np.nan
    mean = float(values.mean())
    return Score(mean, mean - half, mean + half)


def served(model: Model, env: PopulationEnv, key: Key) -> Policy:
    """A trained policy, its actions drawn by its own law where it has one."""
    face, calls = env.face, iter(range(1 << 62))
    options = model.candidates if face.actions != "tracks" else model.network.outputs // face.slate_size

    def choose(seen: F32) -> np.ndarray:
        said = model.network(seen)
        if model.head == "weights":
            return np.clip(said, -1, 1)
        values = said.reshape(len(seen), face.slate_size, options)
        if model.head == "choice":
            draw = key.uniform(
                np.arange(len(seen))[:, None, None],
                next(calls),
                np.arange(face.slate_size)[:, None],
                np.arange(options),
            )
            values = values - np.log(-np.log(draw.astype(np.float64)))  # Gumbel's trick
        return _as_actions(values.argmax(axis=2))

    return choose


def floors(env: PopulationEnv, key: Key) -> Mapping[str, Policy]:
    """What needs no training: chance and, where one can say so, the candidate highest in the charts."""
    face, calls = env.face, iter(range(1 << 62))
    n, k, c = env.num_envs, face.slate_size, face.candidates
    space = env.single_action_space
    width = space.shape[0] if face.actions in ("query", "blend") and space.shape else 0
    total = int(getattr(space, "n", 0) or getattr(space, "nvec", [0])[0])

    def chance(seen: F32) -> np.ndarray:
        call = next(calls)
        if width:
            return 2 * key.uniform(np.arange(n)[:, None], call, np.arange(width)) - 1
        draws = key.uniform(np.arange(n)[:, None], call, np.arange(total))
        return _as_actions(draws.argsort(axis=1)[:, :k])

    def popular(seen: F32) -> np.ndarray:
        if width:
            return np.tile((np.arange(width) == _POPULARITY).astype(np.float32), (n, 1))
        shown = seen[:, env.candidates_shown].reshape(n, c, -1)
        charts = shown[:, :, _POPULARITY - len(MATCH)]
        there = shown.any(axis=2)  # an empty place shows zeros
        return _as_actions(np.where(there, -charts, np.inf).argsort(axis=1, kind="stable")[:, :k])

    known = face.actions in ("candidates", "blend")
    return {"random": chance} | ({"popular": popular} if known else {})


def _as_actions(places: np.ndarray) -> np.ndarray:
    """(n,) for one slot, else (n, k)."""
    return places[:, 0] if places.shape[1] == 1 else places
