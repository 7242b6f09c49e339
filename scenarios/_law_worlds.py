"""The worlds that laws are read off: who serves each, for how long, and what is counted in it.

Horizons are shares of the days asked for, 120 by default, so that a short run is the same in small.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from simenv.scenarios._cell import Outcome
from simenv.scenarios._law_metrics import Months, Tally
from simenv.scenarios._law_offline import Offline
from simenv.scenarios.base import Scenario
from simenv.scenarios.metrics.bubble import Bubble
from simenv.scenarios.metrics.concentration import Concentration
from simenv.scenarios.metrics.topics import Topics
from simenv.types import F64

USUAL, ALONE, LOYAL, NEW, DEEP = "usual", "alone", "loyal", "new music", "hook and depth"
LEARNERS = ("content", "itemknn", "als")
PLANNER = "oracle(depth=0.7)"
HOOK, DEPTH = 0.5, 0.7
"""Weights of hook and depth in the world that has them (LISTENER.md 1)."""


def worlds(scenario: Scenario) -> dict[str, Scenario]:
    """The worlds by name.

    - usual: the default surface
    - alone: nobody recommends, for two and a half times as long
    - loyal: going for good does not depend on satisfaction
    - new music: nothing is recommended that the listener has heard
    - hook and depth: tracks that please at once are not those that satisfy, for twice as long
    """
    days, listener = scenario.days, scenario.listener
    long = days * 5 // 2
    # Releases as far as the longest goes: all worlds of a seed have the same tracks.
    recipe = replace(scenario.synthetic, days=max(scenario.synthetic.days, scenario.warmup + long))
    base = replace(scenario, synthetic=recipe, metrics=(Tally,), primary="completed", shown=())
    apart = replace(listener, hook=HOOK, depth=DEPTH)
    return {
        USUAL: replace(base, metrics=(Tally, Concentration, Topics, Bubble)),
        ALONE: replace(base, days=long, metrics=(Tally, Concentration, Months, Bubble, Offline)),
        LOYAL: replace(base, listener=replace(listener, churn_satisfaction=0.0)),
        NEW: replace(base, cooldown=float("inf")),
        DEEP: replace(base, days=2 * days, listener=apart, synthetic=replace(recipe, hook_and_depth=True)),
    }


@dataclass(frozen=True)
class Lived:
    """What the worlds of one seed came to.

    Args:
        outcomes: by world and agent; some may be missing.
        days: that agents serve in the usual world.
    """

    outcomes: Mapping[tuple[str, str], Outcome]
    days: int

    def column(self, name: str, agent: str, world: str = USUAL) -> F64:
        """(d,) values day by day; one nan if that world is missing.

        Who is alone lives longer: of them the days that others have, unless it is the world `ALONE` that is
        asked for.
        """
        if agent == "organic" and world == USUAL:
            return self.column(name, agent, ALONE)[: self.days]
        outcome = self.outcomes.get((world, agent))
        return np.full(1, np.nan) if outcome is None else outcome.values[name]

    def share(
        self, part: str, whole: str, agent: str, world: str = USUAL, days: slice = slice(None)
    ) -> float:
        """Sum of one count over that of another, over `days`; nan if there was nothing."""
        over = self.column(whole, agent, world)[days].sum()
        return float(self.column(part, agent, world)[days].sum() / over) if over else np.nan

    def finished(self, agent: str, world: str = USUAL, days: slice = slice(None)) -> float:
        """c: the share of recommended plays that are finished."""
        return self.share("completed", "reached", agent, world, days)

    def closed(self, agent: str) -> float:
        """How much of the room between random and the oracle an agent closes."""
        least, most = self.finished("random"), self.finished("oracle")
        return (self.finished(agent) - least) / (most - least) if most != least else np.nan

    def left(self, agent: str, world: str = USUAL) -> float:
        """The share of the listeners of the start who are still here on the last day."""
        return float(self.column("staying", agent, world)[-1] / self.column("first", agent, world)[-1])

    def topics(self, agent: str) -> float:
        """`topics10`, mean over the whole weeks of the second half."""
        ends = np.arange(7, self.days + 1, 7)
        ends = ends[ends - 7 >= self.days // 2] if len(ends) else ends
        values = self.column("topics10", agent)
        return float(values[ends - 1].mean()) if len(ends) and len(values) == self.days else np.nan

    def minutes(self, agent: str, days: int) -> float:
        """Minutes a listener of the start and day, over the first `days` of the world of hook and depth."""
        first = self.column("first", agent, DEEP)[0]
        listened = self.column("listened", agent, DEEP)[:days]
        return float(listened.sum() / (len(listened) * first))


def best(lived: Lived, agents: Sequence[str] = LEARNERS) -> str:
    """Who of `agents` gets most finished in the usual world of this seed."""
    known = {agent: lived.finished(agent) for agent in agents}
    return max(known, key=lambda agent: known[agent] if np.isfinite(known[agent]) else -np.inf)
