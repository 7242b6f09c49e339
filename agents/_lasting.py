"""What a track's sound is worth after it was played: learned once in practice worlds, and kept on disk."""

from __future__ import annotations

import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from simenv.agents import _differences, _panel
from simenv.agents._differences import FACE, SETTLING, Learned, learn
from simenv.agents._practice import LUCK, WORLD, once, population, sources
from simenv.errors import UsageError
from simenv.features import DEVIATIONS, track_features
from simenv.types import F32, F64, Practice, Setting

Method = Literal["sarsa", "td"]

_ROUNDS = 4  # worlds practised in: what differs between them says how sure an estimate is
_FILE = "lasting.npz"


@dataclass(frozen=True)
class Plan:
    """How to practise.

    Args:
        half_life: days after which what comes counts for half.
        steps: plays to learn from, of all listeners and worlds together.
        envs: listeners in each world.
        memory: plays over which a listener's state looks back.
        method: sarsa: the future is that of the policies that were followed; td: of the best candidates.
    """

    half_life: float
    steps: int
    envs: int
    memory: int = 200
    method: Method = "sarsa"

    @property
    def horizon(self) -> int:
        """Plays of a listener; never so few that nothing is left to learn from."""
        return max(self.steps // (_ROUNDS * self.envs), SETTLING + 10)


def worth_later(setting: Setting, plan: Plan, agent: str, without: str) -> F32:
    """(T,) what playing a track leads to, in tracks of usual length, by its sound; 0 where it has none.

    Raises:
        UsageError: if `agent` is told of no practice worlds; `without` is how it does without them.
    """
    if setting.practice is None:
        raise UsageError(
            f"{agent} learns what lasts in practice worlds, which a log does not have: {without} goes by "
            "the log alone and needs none"
        )
    columns = len(setting.catalogue.features)
    if not columns:
        return np.zeros(len(setting.catalogue), np.float32)
    sound = DEVIATIONS * track_features(setting.catalogue)[:, :columns]
    return (sound * lasting(setting.practice, columns, plan)).sum(axis=1, dtype=np.float32)


def lasting(practice: Practice, columns: int, plan: Plan) -> F32:
    """(columns,) what a standard deviation of each column of sound is worth later, in tracks of usual length.

    Learned once a plan and kept on disk, as `trained` keeps policies. Each estimate is drawn towards 0 by
    how much it differs between worlds (James and Stein's rule, column by column).

    Args:
        practice: makes the populations.
        columns: of sound, the first of a track's features.
        plan: how to learn.
    """
    how = sources((sys.modules[__name__], _differences, _panel))
    told = {"practice": practice.digest, "lasting": how, "columns": columns, **asdict(plan)}

    def make(folder: Path) -> None:
        np.savez(folder / _FILE, worlds=_learn(practice, columns, plan))

    with np.load(once(told, _FILE, make) / _FILE, allow_pickle=False) as kept:
        return drawn_in(kept["worlds"])


def drawn_in(worlds: F64) -> F32:
    """(a,) means of estimates (r, a), times 1 - error^2 / mean^2, or 0 where that is below 0."""
    mean = worlds.mean(axis=0)
    error = worlds.var(axis=0, ddof=1) / len(worlds)
    sure = np.divide(error, mean * mean, out=np.ones_like(mean), where=mean != 0)
    return (mean * np.maximum(1 - sure, 0)).astype(np.float32)


def _learn(practice: Practice, columns: int, plan: Plan) -> F64:
    """(rounds, columns) what each world says."""
    said: list[Learned] = []
    for at in range(_ROUNDS):
        env = population(practice, num_envs=plan.envs, world=WORLD + at, horizon=plan.horizon, **FACE)
        best = np.mean([one.shown for one in said], axis=0) if said and plan.method == "td" else None
        luck = LUCK / "lasting" / str(at)
        said.append(learn(env, columns, plan.horizon, plan.memory, plan.half_life, luck, best))
    return np.stack([one.lasting for one in said])
