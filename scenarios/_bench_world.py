"""What `simenv bench` times: the world alone, and agents; see `_bench_faces` for the Gymnasium faces.

A case is made for so many listeners and threads, and gives back one repetition of its work.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from simenv.agents import Agent, load
from simenv.log import Log
from simenv.rng import Key
from simenv.scenarios.build import make_catalogue, make_world
from simenv.types import Request, Slate
from simenv.users.params import ListenerParams
from simenv.users.population import Population

TRACKS = 20_000
SLATE = 10
STAYING = ListenerParams(churn=0.0)  # nobody leaves for good, so every repetition has the same crowd

Work = Callable[[], int]
"""One repetition of a case: does it, and says how many plays that was."""


def queue(listeners: int, threads: int, slate: int = SLATE) -> Work:
    """World alone: prepared slates for everybody; every session is recommended."""
    world = make_world(
        listeners, TRACKS, listener=STAYING, cooldown=0.0, share=1.0, log=False, threads=threads
    )
    out = np.flatnonzero(world.catalogue.released_by(0.0)).astype(np.int32)
    unknown = np.full((listeners, slate), np.nan, np.float32)
    place = np.arange(slate)
    calls = max(1, 20_000 // listeners)

    def work() -> int:
        plays = 0
        for _ in range(calls):
            request = world.waiting(until=np.inf)
            assert request is not None  # nobody leaves for good
            start = (request.listeners * 7919 + request.visit * 104_729) % (len(out) - slate)
            tracks = out[start[:, None] + place]
            plays += int(world.play(Slate(tracks, unknown[: len(tracks)])).feedback.reached.sum())
        return plays

    return work


def kernel(listeners: int, threads: int) -> Work:
    """The compiled kernel without the world around it: one play a listener and call, in one thread."""
    catalogue, hidden = make_catalogue(TRACKS, Key.root(0) / "catalogue")
    population = Population(listeners, catalogue, hidden, STAYING, Key.root(0) / "listeners")
    rows = np.arange(listeners, dtype=np.int32)
    out = population.blank(rows, 1)
    results = (out.time, out.seconds, out.utility, out.flags, out.activity, out.device)
    slates = (rows[:, None] * 7919 + np.arange(64)[:, None, None] * 104_729) % TRACKS
    slates = np.ascontiguousarray(slates, np.int32)  # (64, n, 1)
    rounds = max(1, 500 // listeners)

    def work() -> int:
        for _ in range(rounds):
            population.people["position"] = 0  # nobody asks here, so sessions would never begin anew
            for slate in slates:
                population.play_some(rows, 0, listeners, slate, results)
        return rounds * len(slates) * listeners

    return work


def organic(listeners: int, threads: int) -> Work:
    """World alone: days in which listeners play what they like."""
    world = make_world(listeners, TRACKS, listener=STAYING, cooldown=0.0, log=True, threads=threads)
    days = max(1, 20_000 // listeners // 10)

    log = world.log
    assert log is not None

    def work() -> int:
        before = len(log)
        world.warm_up(days)
        return max(len(log) - before, 1)

    return work


def birth(listeners: int, threads: int) -> Work:
    """Listeners born a second."""

    def work() -> int:
        return len(make_world(listeners, TRACKS, cooldown=0.0, log=False, threads=threads))

    return work


def recommend(name: str, listeners: int, threads: int) -> Work:
    """An agent's slates for everybody at once, after a fortnight of organic listening; a play is a slot."""
    agent, request, _ = _agent(name, listeners)

    return lambda: agent.recommend(request).tracks.size


def fit(name: str, listeners: int, threads: int) -> Work:
    """An agent's batch training on a fortnight of organic listening; a play is a row of the log."""
    agent, _, log = _agent(name, listeners)

    def work() -> int:
        agent.fit(log)
        return len(log)

    return work


def _agent(name: str, listeners: int) -> tuple[Agent, Request, Log]:
    """An agent that has been fitted to a fortnight, a request of everybody at once, and the log."""
    world = make_world(listeners, TRACKS)
    world.warm_up(14)
    agent = load(name)
    agent.begin(world.setting(SLATE))
    assert world.log is not None
    agent.fit(world.log)
    world.share = 1.0
    request = world.waiting(until=np.inf)
    assert request is not None
    return agent, request, world.log
