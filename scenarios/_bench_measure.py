"""One row of `simenv bench`: a case measured in a process of its own."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from functools import partial

import numpy as np

from simenv.agents import available
from simenv.scenarios._bench_faces import sb3, step, vec_env, vector
from simenv.scenarios._bench_memory import copy_bandwidth
from simenv.scenarios._bench_world import (
    ONLINE,
    SLATE,
    TRACKS,
    Task,
    birth,
    fit,
    kernel,
    organic,
    queue,
    recommend,
    update,
)
from simenv.scenarios._bench_year import year
from simenv.users.params import ListenerParams
from simenv.users.presets import load_listeners

REPEATS = 7
DAYS = 365

Make = Callable[[int, int], Task]


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
    bytes_a_listener: float | None  # of every array that grows with the listeners; None for agents
    copy_gb_per_s: float | None  # what copying moves here and now, read and written, on as many threads
    copy_share: float | None  # of that: listeners' columns, once each time the kernel takes one up


def cases(days: int = DAYS, who: ListenerParams | None = None) -> dict[str, tuple[Make, int]]:
    """Every case by name: what makes it, and its slate size.

    Args:
        days: of the case `year`.
        who: the listeners of the cases that time them; nobody leaves for good, except in the year.
    """
    who = who or ListenerParams()
    staying = replace(who, churn=0.0)
    world: dict[str, tuple[Make, int]] = {
        "queue": (partial(queue, who=staying), SLATE),
        "radio": (partial(queue, slate=1, who=staying), 1),
        "kernel": (partial(kernel, who=staying), 1),
        "organic": (partial(organic, who=staying), 0),
        "birth": (birth, 0),
        "step": (step, 1),
        "vector": (vector, 1),
        "vector20": (partial(vector, candidates=20), 1),
        "sb3": (sb3, 1),
        "sb3:env": (vec_env, 1),
        "year": (partial(year, days=days, who=who), SLATE),
    }
    agents: dict[str, tuple[Make, int]] = {
        f"agent:{name}:{verb}": (partial(case, name), SLATE)
        for name in available()
        for verb, case in (("recommend", recommend), ("fit", fit), ("update", update))
        if verb != "update" or name in ONLINE
    }
    return world | agents


def measure(
    case: str, listeners: int, threads: int, days: int = DAYS, repeats: int = REPEATS, who: str = ""
) -> Timing:
    """Run one case here and now: once uncounted, then `repeats` times; after that, copy memory."""
    make, slate = cases(days, load_listeners(who) if who else None)[case]
    load = os.getloadavg()[0]
    task = make(listeners, threads)
    if not task.once:
        task.work()
    plays, served, seconds = [], [], []
    for _ in range(1 if task.once else repeats):
        start = time.perf_counter()
        done = task.work()
        seconds.append(time.perf_counter() - start)
        plays.append(done.plays)
        served.append(done.served)
    rates = np.divide(plays, seconds)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024  # before the copy takes memory too
    moves = bool(any(served)) and task.bytes_a_listener is not None
    copied = copy_bandwidth(threads) if moves else None
    moved = np.median(np.divide(served, seconds)) * (task.bytes_a_listener or 0.0)
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
        bytes_a_listener=task.bytes_a_listener,
        copy_gb_per_s=None if copied is None else copied / 1e9,
        copy_share=None if copied is None else float(moved / copied),
    )


def in_a_process(case: str, listeners: int, threads: int, days: int = DAYS, who: str = "") -> Timing:
    """Measure one case in a process of its own, so that its peak memory is its own.

    Raises:
        RuntimeError: if the case fails; the message holds the end of what it printed.
    """
    words = (case, str(listeners), str(threads), str(days), who)
    command = [sys.executable, "-m", "simenv.scenarios._bench_measure", *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"bench case {case} with {listeners:,} listeners failed:\n{done.stderr[-2000:]}")
    return Timing(**json.loads(done.stdout.splitlines()[-1]))


if __name__ == "__main__":
    name, *sizes, agent = sys.argv[1:]
    size, workers, lived = map(int, sizes)
    print(json.dumps(asdict(measure(name, size, workers, lived, who=agent))))
