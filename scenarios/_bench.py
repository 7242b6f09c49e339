"""How fast it is: plays a second of the world and of every agent, each case in a process of its own.

Speeds are of this machine, at this moment: compare ratios from one call, not numbers from two. A case is run
`REPEATS` times after one run that is not counted (it compiles); the table shows the median and the best.
"""

from __future__ import annotations

import json
import os
import platform
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import partial

import numpy as np

from simenv.errors import UsageError

REPEATS = 7
LISTENERS = (1, 1_000, 100_000)
TRACKS = 20_000
AGENT_LISTENERS = 10_000
SLATE = 10


@dataclass(frozen=True)
class Timing:
    """One row of the table. For `fit`, a play is a row of the log; for `birth`, a listener."""

    case: str
    listeners: int
    tracks: int
    slate: int
    threads: int
    plays_per_s: float  # median
    best_plays_per_s: float
    seconds: float  # median, of one repetition
    peak_mb: float
    load: float  # of the machine, as the case began


Work = Callable[[], int]
"""One repetition of a case: does it, and says how many plays that was."""


def queue(listeners: int, threads: int, slate: int = SLATE) -> Work:
    """World alone: prepared slates for everybody; every session is recommended."""
    from simenv.scenarios.build import make_world
    from simenv.types import Slate

    world = make_world(listeners, TRACKS, cooldown=0.0, share=1.0, log=False, threads=threads)
    out = np.flatnonzero(world.catalogue.released_by(0.0)).astype(np.int32)
    unknown = np.full((listeners, slate), np.nan, np.float32)
    place = np.arange(slate)
    calls = max(1, 20_000 // listeners)

    def work() -> int:
        plays = 0
        for _ in range(calls):
            request = world.waiting(until=np.inf)
            if request is None:  # a lone listener has left for good
                return max(plays, 1)
            start = (request.listeners * 7919 + request.visit * 104_729) % (len(out) - slate)
            tracks = out[start[:, None] + place]
            plays += int(world.play(Slate(tracks, unknown[: len(tracks)])).feedback.reached.sum())
        return plays

    return work


def kernel(listeners: int, threads: int) -> Work:
    """The compiled kernel without the world around it: one play a listener and call, in one thread."""
    from simenv.rng import Key
    from simenv.scenarios.build import make_catalogue
    from simenv.users.params import ListenerParams
    from simenv.users.population import Population

    catalogue, hidden = make_catalogue(TRACKS, Key.root(0) / "catalogue")
    population = Population(listeners, catalogue, hidden, ListenerParams(), Key.root(0) / "listeners")
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
    from simenv.scenarios.build import make_world

    world = make_world(listeners, TRACKS, cooldown=0.0, log=True, threads=threads)
    days = max(1, 20_000 // listeners // 10)

    def work() -> int:
        before = len(world.log)
        world.warm_up(days)
        return max(len(world.log) - before, 1)

    return work


def birth(listeners: int, threads: int) -> Work:
    """Listeners born a second."""
    from simenv.scenarios.build import make_world

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


def _agent(name, listeners):  # type: ignore[no-untyped-def]
    from simenv.agents import load
    from simenv.scenarios.build import make_world

    world = make_world(listeners, TRACKS)
    world.warm_up(14)
    agent = load(name)
    agent.begin(world.setting(SLATE))
    agent.fit(world.log)
    world.share = 1.0
    request = world.waiting(until=np.inf)
    return agent, request, world.log


def cases() -> dict[str, tuple[Callable[[int, int], Work], int]]:
    """Every case by name: what makes it, and its slate size."""
    from simenv.agents import available
    from simenv.scenarios._bench_faces import sb3, step, vector

    world = {
        "queue": (queue, SLATE),
        "radio": (partial(queue, slate=1), 1),
        "kernel": (kernel, 1),
        "organic": (organic, 0),
        "birth": (birth, 0),
        "step": (step, 1),
        "vector": (vector, 1),
        "sb3": (sb3, 1),
    }
    agents = {
        f"agent:{name}:{verb}": (partial(case, name), SLATE)
        for name in available()
        for verb, case in (("recommend", recommend), ("fit", fit))
    }
    return world | agents


def measure(case: str, listeners: int, threads: int) -> Timing:
    """Run one case here and now: once uncounted, then `REPEATS` times."""
    make, slate = cases()[case]
    load = os.getloadavg()[0]
    work = make(listeners, threads)
    work()
    rates, seconds = [], []
    for _ in range(REPEATS):
        start = time.perf_counter()
        plays = work()
        seconds.append(time.perf_counter() - start)
        rates.append(plays / seconds[-1])
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return Timing(
        case=case,
        listeners=listeners,
        tracks=TRACKS,
        slate=slate,
        threads=threads,
        plays_per_s=float(np.median(rates)),
        best_plays_per_s=float(np.max(rates)),
        seconds=float(np.median(seconds)),
        peak_mb=peak,
        load=load,
    )


def plan(
    chosen: Sequence[str], listeners: Sequence[int], threads: Sequence[int]
) -> list[tuple[str, int, int]]:
    """Which case runs with how many listeners and threads.

    Agents are measured at 10,000 listeners, when asked for by name or when no sizes are given.

    Raises:
        UsageError: on an unknown case or a size below 1.
    """
    import difflib

    known = cases()
    for name in chosen:
        if name not in known:
            near = difflib.get_close_matches(name, known, 1)
            hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(known)}"
            raise UsageError(f"no bench case called {name!r}; {hint}")
    for what, sizes in (("listeners", listeners), ("threads", threads)):
        if any(size < 1 for size in sizes):
            raise UsageError(f"--{what} {min(sizes)}: expected 1 or more")
    names = chosen or [name for name in known if not (listeners and name.startswith("agent:"))]
    alone = {"step"}  # one listener by definition
    rows = []
    for name in names:
        sizes = (AGENT_LISTENERS,) if name.startswith("agent:") else listeners or LISTENERS
        sizes = (1,) if name in alone else sizes
        rows += [(name, size, t) for size in sizes for t in (threads or (1,))]
    return rows


def run(rows: Sequence[tuple[str, int, int]]) -> Iterator[Timing]:
    """Measure each row in a process of its own, so that its peak memory is its own.

    Raises:
        RuntimeError: if a case fails; the message holds the end of what it printed.
    """
    for case, listeners, threads in rows:
        command = [sys.executable, "-m", "simenv.scenarios._bench", case, str(listeners), str(threads)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(
                f"bench case {case} with {listeners:,} listeners failed:\n{done.stderr[-2000:]}"
            )
        yield Timing(**json.loads(done.stdout.splitlines()[-1]))


def machine() -> str:
    """The machine in a line: processor, cores, load."""
    return (
        f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.2f}"
    )


if __name__ == "__main__":
    print(json.dumps(asdict(measure(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))))
