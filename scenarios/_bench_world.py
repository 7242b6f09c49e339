"""What `simenv bench` times: the world alone, and agents; see `_bench_faces` for the Gymnasium faces.

A case is made for so many listeners and threads, and gives back a task: its work, to be repeated.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from simenv.agents import Agent, load
from simenv.rng import Key
from simenv.scenarios._bench_memory import bytes_a_listener
from simenv.scenarios.build import make_catalogue, make_world, practice
from simenv.types import Request, Slate
from simenv.users.params import ListenerParams
from simenv.users.population import Population
from simenv.world import World

TRACKS = 20_000
SLATE = 10
ONLINE = (
    "cascade_ucb",
    "epsgreedy",
    "lints",
    "linucb",
    "popular",
    "reinforce",
    "sb3",
    "slateq",
    "thompson",
    "trending",
    "ucb",
    "vw",
)
"""Agents that learn from every exchange by themselves; named here so that not all need be imported."""
STAYING = ListenerParams(churn=0.0)  # nobody leaves for good, so every repetition has the same crowd


class Done(NamedTuple):
    """What one repetition of a case did."""

    plays: int
    served: int = 0
    """How often the kernel took up a listener's columns to play something; 0: more than the kernel works."""


@dataclass(frozen=True)
class Task:
    """A case made ready."""

    work: Callable[[], Done]
    """One repetition."""
    bytes_a_listener: float | None = None
    once: bool = False
    """Too long to repeat: it has compiled already, and runs once."""


def queue(
    listeners: int, threads: int, slate: int = SLATE, tracks: int = TRACKS, who: ListenerParams = STAYING
) -> Task:
    """World alone: prepared slates for everybody; every session is recommended."""

    def make(n: int) -> World:
        return make_world(n, tracks, listener=who, cooldown=0.0, share=1.0, log=False, threads=threads)

    world = make(listeners)
    out = np.flatnonzero(world.catalogue.released_by(0.0)).astype(np.int32)
    unknown = np.full((listeners, slate), np.nan, np.float32)
    prepared = np.ascontiguousarray(np.lib.stride_tricks.sliding_window_view(out, slate))
    calls = max(1, 20_000 // listeners)

    def work() -> Done:
        plays = served = 0
        for _ in range(calls):
            request = world.waiting(until=np.inf)
            assert request is not None  # nobody leaves for good
            which = (request.listeners * 7919 + request.visit * 104_729) % len(prepared)
            chosen = prepared.take(which, axis=0)
            plays += int(world.play(Slate(chosen, unknown[: len(chosen)])).feedback.reached.sum())
            served += len(request)
        return Done(plays, served)

    return Task(work, bytes_a_listener(make))


def kernel(listeners: int, threads: int, who: ListenerParams = STAYING) -> Task:
    """The compiled kernel without the world around it: one play a listener and call, in one thread."""
    catalogue, hidden = make_catalogue(TRACKS, Key.root(0) / "catalogue")

    def make(n: int) -> Population:
        return Population(n, catalogue, hidden, who, Key.root(0) / "listeners")

    population = make(listeners)
    rows = np.arange(listeners, dtype=np.int32)
    out = population.blank(rows, 1)
    slates = (rows[:, None] * 7919 + np.arange(64)[:, None, None] * 104_729) % TRACKS
    slates = np.ascontiguousarray(slates, np.int32)  # (64, n, 1)
    rounds = max(1, 500 // listeners)

    def work() -> Done:
        for _ in range(rounds):
            population.people["position"] = 0  # nobody asks here, so sessions would never begin anew
            for slate in slates:
                population.play_some(rows, 0, listeners, slate, out.results)
        plays = rounds * len(slates) * listeners
        return Done(plays, plays)

    return Task(work, bytes_a_listener(make))


def organic(listeners: int, threads: int, who: ListenerParams = STAYING) -> Task:
    """World alone: days in which listeners play what they like."""
    world = make_world(listeners, TRACKS, listener=who, cooldown=0.0, share=0.0, threads=threads)
    days = max(1, 20_000 // listeners // 10)

    def work() -> Done:
        plays = served = 0
        for _ in range(days):
            who = world.turn().plays.listener  # a listener's plays of a day follow one another
            plays += len(who)
            served += int(np.count_nonzero(np.diff(who, prepend=-1)))
        return Done(max(plays, 1), served)

    return Task(work, bytes_a_listener(settled))


def settled(listeners: int, cooldown: float = 0.0) -> World:
    """A world after its first day, by which friends are known, without its log."""
    world = make_world(listeners, TRACKS, listener=STAYING, cooldown=cooldown, log=False)
    world.warm_up(1)
    return world


def birth(listeners: int, threads: int) -> Task:
    """Listeners born a second."""

    def make(n: int) -> World:
        return make_world(n, TRACKS, cooldown=0.0, log=False, threads=threads)

    return Task(lambda: Done(len(make(listeners))), bytes_a_listener(make))


def recommend(name: str, listeners: int, threads: int) -> Task:
    """An agent's slates for everybody at once, after a fortnight of organic listening; a play is a slot."""
    agent, request, _ = _agent(name, listeners)

    return Task(lambda: Done(agent.recommend(request).tracks.size))


def fit(name: str, listeners: int, threads: int) -> Task:
    """An agent's batch training on a fortnight of organic listening; a play is a row of the log."""
    agent, _, world = _agent(name, listeners)
    log = world.log
    assert log is not None

    def work() -> Done:
        agent.fit(log)
        return Done(len(log))

    return Task(work)


def update(name: str, listeners: int, threads: int) -> Task:
    """An agent's online learning from everybody's answer to one slate; a play is a slot that was reached."""
    agent, request, world = _agent(name, listeners)
    slate = agent.recommend(request)
    exchange = world.play(slate)

    def work() -> Done:
        agent.update(exchange)
        return Done(int(exchange.feedback.reached.sum()))

    return Task(work)


def _agent(name: str, listeners: int) -> tuple[Agent, Request, World]:
    """An agent that has been fitted to a fortnight, a request of everybody at once, and their world."""
    world = make_world(listeners, TRACKS)
    world.warm_up(14)
    agent = load(name)
    agent.begin(world.setting(SLATE, practice=practice(TRACKS)))
    assert world.log is not None
    agent.fit(world.log)
    world.share = 1.0
    request = world.waiting(until=np.inf)
    assert request is not None
    return agent, request, world
