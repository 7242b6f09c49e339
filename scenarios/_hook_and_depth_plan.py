"""What is best to do in `simenv/HookAndDepth-v0`, by dynamic programming over satisfaction and steps left.

With S the satisfaction, n the steps left and a the kind of track that is played,

    Q_n(S, a) = P(finished | a) + E[k(S') V_{n-1}(S')],    S' = (1 - pace) S + pace y,    V_0 = 0,
    k(S) = 1 - leave h(S) / (h(S) + sessions),    h(S) = churn e^(-churn_satisfaction S):

what y does to S is `session.settle`'s, how long a track plays `skipping.listening_time`'s, and whoever leaves
a session goes for good if that comes first, as `session.plan_return` has it. V is the return that is not
discounted, until the listener is gone or the horizon is reached.

Exact but for the steps of the grid of S, those of the listening times of skipped tracks (quantiles), and the
hour of the day, which shifts the next session by hours where weeks lie between.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from simenv.env import PopulationEnv
from simenv.rng import Key
from simenv.scenarios._hook_and_depth import HORIZON, LISTENER
from simenv.two_kinds import DEEP, DEPTH, HOOK, HOOKY, SECONDS
from simenv.types import F64
from simenv.users.derived import hazard
from simenv.users.params import ListenerParams

Policy = Callable[[F64, int], F64]
"""(satisfactions, steps left) -> the probability of a deep track at each."""

_QUANTILES = 32  # listening times of a skipped track that stand for all
_FINE = 4001  # times at which the hazard is tabulated, of which those quantiles are read off
_LUCK = Key.root(0) / "hook and depth"


class Kind(NamedTuple):
    """What one play of a kind of track may lead to."""

    finished: float  # probability
    lasting: F64  # (m,) values of y, each as likely as `chance` (m,) says
    chance: F64


@dataclass(frozen=True)
class Plan:
    """What is best, and what it is worth."""

    satisfaction: F64  # (g,) grid
    gain: F64  # (horizon, g) of a deep track over a hooky one, with 1, 2, ... steps left
    value: float  # of a listener at birth: S = 0, the whole horizon left

    def __call__(self, satisfaction: F64, left: int) -> F64:
        """As a `Policy`: 1 where a deep track is better, else 0."""
        return (np.interp(satisfaction, self.satisfaction, self.gain[left - 1]) > 0).astype(float)


@dataclass(frozen=True)
class Game:
    """The face as a decision problem.

    Args:
        listener: of which everything is off but satisfaction, hook, depth and churn.
        horizon: steps.
        points: of the grid of satisfaction.
    """

    listener: ListenerParams = LISTENER
    horizon: int = HORIZON
    points: int = 1001
    kinds: tuple[Kind, Kind] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "kinds", (self._kind(HOOKY), self._kind(DEEP)))

    @property
    def satisfaction(self) -> F64:
        """(g,) from the least that S can be to the most."""
        most = 1 + abs(self.listener.depth)
        return np.linspace(-most, most, self.points)

    def stays(self, satisfaction: F64) -> F64:
        """k(S): the probability that a listener is still there at the next step."""
        p = self.listener
        going = p.churn * np.exp(-p.churn_satisfaction * satisfaction)
        return 1 - p.leave * going / (going + p.sessions)

    def worth(self, policy: Policy) -> float:
        """The expected return of a policy that knows S."""
        values = np.zeros(self.points)
        for left in range(1, self.horizon + 1):
            hooky, deep = self._ahead(values)
            chance = policy(self.satisfaction, left)
            values = hooky + chance * (deep - hooky)
        return self._at_birth(values)

    def best(self) -> Plan:
        """The policy of the highest return."""
        values, gain = np.zeros(self.points), np.empty((self.horizon, self.points))
        for step in range(self.horizon):
            hooky, deep = self._ahead(values)
            gain[step], values = deep - hooky, np.maximum(hooky, deep)
        return Plan(self.satisfaction, gain, self._at_birth(values))

    def myopic(self, satisfaction: F64, left: int) -> F64:
        """The `Policy` that plays what is finished most often now."""
        return always(self.kinds[DEEP].finished > self.kinds[HOOKY].finished)(satisfaction, left)

    def _kind(self, kind: int) -> Kind:
        p = self.listener
        times = np.linspace(0, SECONDS, _FINE)
        scale = np.exp(p.impatience - p.base - p.hook * HOOK[kind])
        leaving = scale * hazard(times, p)  # skipped iff over an Exp(1) draw
        finished = float(np.exp(-leaving[-1]))
        quantile = (np.arange(_QUANTILES) + 0.5) / _QUANTILES * (1 - finished)
        seconds = np.interp(-np.log1p(-quantile), leaving, times)
        lasting = p.depth * DEPTH[kind] * np.append(seconds / SECONDS, 1.0)
        skipped = np.append(np.ones(_QUANTILES), 0.0)
        chance = np.append(np.full(_QUANTILES, (1 - finished) / _QUANTILES), finished)
        return Kind(finished, lasting + 1 - 2 * skipped, chance)

    def _ahead(self, values: F64) -> tuple[F64, F64]:
        """Q_n of a hooky and of a deep track over the grid, (g,) each; `values` are V_{n-1}."""
        pace, grid = self.listener.satisfaction_pace, self.satisfaction
        later = self.stays(grid) * values
        hooky, deep = (
            kind.finished
            + np.interp((1 - pace) * grid[:, None] + pace * kind.lasting, grid, later) @ kind.chance
            for kind in self.kinds
        )
        return hooky, deep

    def _at_birth(self, values: F64) -> float:
        return float(np.interp(0.0, self.satisfaction, values))


def always(share: float) -> Policy:
    """The `Policy` that plays deep tracks with the same probability everywhere."""
    return lambda satisfaction, left: np.full(len(satisfaction), float(share))


def returns(env: PopulationEnv, game: Game, policy: Policy, seed: int) -> F64:
    """(n,) undiscounted returns of a first life each, played by a policy that is told S.

    S is reckoned from what was played and for how long, which the face says, not read from the listeners.
    """
    p, n = game.listener, env.num_envs
    rows = np.arange(n)
    satisfaction, total, here = np.zeros(n), np.zeros(n), np.ones(n, bool)
    env.reset(seed=seed)
    for left in range(game.horizon, 0, -1):
        deep = _LUCK.uniform(rows, seed, left) < policy(satisfaction, left)
        _, reward, terminated, truncated, info = env.step(np.where(deep, DEEP, HOOKY))
        total += reward * here
        here &= ~(terminated | truncated)  # whose life is over is somebody else from now on
        if not here.any():
            break
        fraction = info["seconds"][:, 0].astype(np.float64) / SECONDS
        lasting = p.depth * np.where(deep, DEPTH[DEEP], DEPTH[HOOKY]) * fraction
        answer = np.where(fraction < 1, -1.0, 1.0) + lasting
        satisfaction += p.satisfaction_pace * (answer - satisfaction)
    return total
