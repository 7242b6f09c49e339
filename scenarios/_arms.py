"""Who serves: agents, the oracle, and nobody at all."""

from __future__ import annotations

import contextlib
import copy
from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from typing import ClassVar

from simenv.agents import as_agent, available, expression, parse
from simenv.agents.base import Agent
from simenv.errors import UsageError
from simenv.scenarios._registry import did_you_mean
from simenv.scenarios.oracle import Oracle
from simenv.types import Request, Setting, Slate
from simenv.world import World

Given = str | Agent | type[Agent]


@dataclass
class Organic(Agent):
    """Nobody recommends anything: what listeners do by themselves."""

    personal: ClassVar[bool] = False

    def begin(self, setting: Setting) -> None:
        pass

    def recommend(self, request: Request) -> Slate:
        raise RuntimeError("a listener asked for a slate though no session is recommended")


OWN: dict[str, type[Agent]] = {"organic": Organic, "oracle": Oracle}
"""Arms that are no file of agents/: the runner resolves them."""


@dataclass(frozen=True)
class Arm:
    """One side of a comparison.

    Args:
        name: the canonical expression of its agent; `organic` and `oracle` are names, too.
        agent: None where the name says all: then every process makes its own.
    """

    name: str
    agent: Agent | None = None

    def make(self) -> Agent:
        """The agent, ready to begin."""
        if self.agent is not None:
            return self.agent
        return parse(self.name, OWN)

    def begin(self, world: World, setting: Setting) -> Agent:
        """The agent, begun in `world`: the oracle looks, and for `organic` no session is recommended."""
        agent = self.make()
        agent.begin(setting)
        if isinstance(agent, Oracle):
            agent.look(world.truth)
        if isinstance(agent, Organic):
            world.share = 0.0
        return agent

    def another(self) -> Agent | None:
        """A new agent like the one that serves; None for arms of the runner's own: no log teaches them."""
        agent = copy.deepcopy(self.make())
        return None if type(agent) in OWN.values() else agent

    @property
    def remade_by_name(self) -> bool:
        """Whether a command line can name it."""
        return self.agent is None


def arm(given: Given) -> Arm:
    """The arm of an expression, an agent or an agent's class.

    Raises:
        UsageError: if there is no such agent.
    """
    if isinstance(given, str):
        given = given.strip()
        known = (*OWN, *available())
        if given.isidentifier() and given not in known:
            there = ", ".join(sorted(known))
            raise UsageError(f"no agent called {given!r}{did_you_mean(given, known)}\nThere are {there}")
    agent = parse(given, OWN) if isinstance(given, str) else as_agent(given)
    name = _name(agent)
    return Arm(name) if _found_by(name, agent) else Arm(name, agent)


def arms(given: Iterable[Given]) -> tuple[Arm, ...]:
    """The arms of `given`, in order.

    Raises:
        UsageError: if there is no such agent, or two are the same.
    """
    found = tuple(arm(g) for g in given)
    names = [a.name for a in found]
    for name in names:
        if names.count(name) > 1:
            raise UsageError(f"the agent {name} is named {names.count(name)} times: name each once")
    return found


def known_by_name(names: Iterable[str]) -> dict[str, Agent]:
    """The agents of arms that a name alone makes, in order: a report has nothing else to go by."""
    made: dict[str, Agent] = {}
    for name in names:
        with contextlib.suppress(UsageError):  # somebody's own agent, handed over as an object
            made[name] = arm(name).make()
    return made


def turned_up(agent: Agent, knobs: Iterable[str]) -> list[str]:
    """Which of its fields among `knobs` are numbers other than 0."""
    values = {f.name: getattr(agent, f.name) for f in fields(agent) if f.name in knobs}
    return [name for name, value in values.items() if isinstance(value, int | float) and value]


def turned_down(agent: Agent, knobs: Iterable[str]) -> str | None:
    """The name of the same agent with those of `knobs` at 0 that are not; None if all are or may not be."""
    up = turned_up(agent, knobs)
    with contextlib.suppress(UsageError):
        return arm(replace(agent, **dict.fromkeys(up, 0))).name if up else None
    return None


def _name(agent: Agent) -> str:
    own = {kind: name for name, kind in OWN.items()}
    return expression(agent, own.get(type(agent)))


def _found_by(name: str, agent: Agent) -> bool:
    """Whether `name` alone makes the same agent again, in any process."""
    try:
        again = parse(name, OWN)
    except UsageError:  # a class of a notebook, say
        return False
    same = all(_value(getattr(again, f.name)) == _value(getattr(agent, f.name)) for f in fields(agent))
    return type(again) is type(agent) and same


def _value(value: object) -> object:
    return expression(value) if isinstance(value, Agent) else value
