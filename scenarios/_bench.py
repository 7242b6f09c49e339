"""How fast it is: plays a second of the world and of every agent, each case in a process of its own.

Speeds are of this machine, at this moment: compare ratios from one call, not numbers from two. A case is run
once uncounted (it compiles) and then `REPEATS` times; the table shows the median and the best.
"""

from __future__ import annotations

import json
import os
import platform
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import tyro
from rich.console import Console
from rich.table import Table

from simenv.agents import available
from simenv.errors import UsageError
from simenv.scenarios._bench_faces import sb3, step, vector
from simenv.scenarios._bench_world import (
    SLATE,
    TRACKS,
    Work,
    birth,
    fit,
    kernel,
    organic,
    queue,
    recommend,
)
from simenv.scenarios._registry import did_you_mean
from simenv.scenarios._results import write_json

REPEATS = 7
LISTENERS = (1, 1_000, 100_000)
AGENT_LISTENERS = 10_000


@dataclass(frozen=True)
class Bench:
    """Time the world, its Gymnasium faces and the agents, each case in a process of its own."""

    cases: tuple[str, ...] = ()
    """Cases, queue for example; by default all. An unknown one lists them."""
    listeners: tuple[int, ...] = ()
    """Sizes of the world; by default 1, 1,000 and 100,000, and agents at 10,000 too."""
    threads: tuple[int, ...] = (1,)
    """Threads of the listeners' kernel."""
    json: Path | None = None
    """Also write the rows to this file."""


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


def cases() -> dict[str, tuple[Callable[[int, int], Work], int]]:
    """Every case by name: what makes it, and its slate size."""
    world: dict[str, tuple[Callable[[int, int], Work], int]] = {
        "queue": (queue, SLATE),
        "radio": (partial(queue, slate=1), 1),
        "kernel": (kernel, 1),
        "organic": (organic, 0),
        "birth": (birth, 0),
        "step": (step, 1),
        "vector": (vector, 1),
        "sb3": (sb3, 1),
    }
    agents: dict[str, tuple[Callable[[int, int], Work], int]] = {
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
    known = tuple(cases())
    for name in chosen:
        if name not in known:
            raise UsageError(
                f"no bench case {name!r}{did_you_mean(name, known)}\nThere are {', '.join(known)}"
            )
    for what, sizes in (("listeners", listeners), ("threads", threads)):
        if any(size < 1 for size in sizes):
            raise UsageError(f"--{what} {min(sizes)}: expected 1 or more")
    names = list(chosen) or [name for name in known if not (listeners and name.startswith("agent:"))]
    alone = {"step"}  # one listener by definition
    rows = []
    for name in names:
        sizes = (AGENT_LISTENERS,) if name.startswith("agent:") else listeners or LISTENERS
        sizes = (1,) if name in alone else sizes
        rows += [(name, size, t) for size in sizes for t in threads]
    return rows


def bench(words: Sequence[str]) -> int:
    """Measure what `words` ask for and print it, a row as it comes.

    Raises:
        UsageError: on an unknown case, a size below 1, or a file that cannot be written.
    """
    asked = tyro.cli(Bench, args=list(words), prog="simenv bench")
    rows = plan(asked.cases, asked.listeners, asked.threads)
    screen = Console()
    screen.print(machine(), highlight=False)
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("case")
    for name in ("listeners", "threads", "plays/s", "best", "peak MB", "load"):
        table.add_column(name, justify="right")
    timings, failed = [], []
    for case, listeners, threads in rows:
        print(f"{case}, {listeners:,} listeners, {threads} threads", end="\r", file=sys.stderr)
        try:
            timing = in_a_process(case, listeners, threads)
        except RuntimeError as error:
            failed.append(str(error))
            continue
        timings.append(timing)
        table.add_row(
            case,
            f"{listeners:,}",
            str(threads),
            f"{timing.plays_per_s:,.0f}",
            f"{timing.best_plays_per_s:,.0f}",
            f"{timing.peak_mb:,.0f}",
            f"{timing.load:.1f}",
        )
    screen.print(table, highlight=False)
    if asked.json is not None:
        write_json(pd.DataFrame([asdict(timing) for timing in timings]), asked.json)
    for message in failed:
        print(f"simenv: {message}", file=sys.stderr)
    return 1 if failed else 0


def in_a_process(case: str, listeners: int, threads: int) -> Timing:
    """Measure one case in a process of its own, so that its peak memory is its own.

    Raises:
        RuntimeError: if the case fails; the message holds the end of what it printed.
    """
    command = [sys.executable, "-m", "simenv.scenarios._bench", case, str(listeners), str(threads)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"bench case {case} with {listeners:,} listeners failed:\n{done.stderr[-2000:]}")
    return Timing(**json.loads(done.stdout.splitlines()[-1]))


def machine() -> str:
    """The machine in a line: processor, cores, load."""
    return (
        f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.2f}"
    )


if __name__ == "__main__":
    print(json.dumps(asdict(measure(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))))
