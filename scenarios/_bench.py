"""How fast it is: plays a second of the world and of every agent, each case in a process of its own.

Speeds are of this machine, at this moment: compare ratios from one call, not numbers from two. A case is run
once uncounted (it compiles) and then seven times; the table shows the median and the best.
"""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import pandas as pd
import tyro
from rich.console import Console
from rich.table import Table

from simenv.errors import UsageError
from simenv.scenarios._bench_measure import DAYS, Timing, cases, in_a_process
from simenv.scenarios._registry import did_you_mean
from simenv.scenarios._results import write_json
from simenv.users.presets import load_listeners

LISTENERS = (1, 1_000, 100_000)
MANY = 10_000
"""Listeners where a case has a size of its own: agents, and the year."""
COLUMNS = ("listeners", "threads", "plays/s", "best", "seconds", "peak MB", "bytes each", "of copy", "load")


@dataclass(frozen=True)
class Bench:
    """Time the world, its Gymnasium faces and the agents, each case in a process of its own.

    "bytes each" is what one more listener takes in all arrays that grow with the listeners. "of copy" is the
    share of the machine's copy bandwidth that the listeners' kernel reaches: those bytes, counted once each
    time it takes up a listener (for a slate, or for a day of organic plays), a second, over the bytes read
    and written a second by copying 256 MB on as many threads, in the same process right after. Not counted:
    what is written back, the tracks' tables, results. It is shown where the kernel alone is at work.
    """

    cases: tuple[str, ...] = ()
    """Cases, queue for example; by default all but year. An unknown one lists them."""
    listeners: tuple[int, ...] = ()
    """Sizes of the world; by default 1, 1,000 and 100,000, and agents at 10,000 too."""
    threads: tuple[int, ...] = (1,)
    """Threads of the listeners' kernel."""
    days: int = DAYS
    """Days that the case year lives; it runs once, for 10,000 listeners unless --listeners says otherwise."""
    listeners_from: str | None = None
    """A preset or a file that `simenv calibrate` wrote: listeners of queue, radio, kernel, organic, year."""
    json: Path | None = None
    """Also write the rows to this file."""


def plan(
    chosen: Sequence[str], listeners: Sequence[int], threads: Sequence[int]
) -> list[tuple[str, int, int]]:
    """Which case runs with how many listeners and threads.

    Agents are measured at 10,000 listeners, when asked for by name or when no sizes are given; the year only
    when asked for.

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
    asked_only = ("year", "agent:") if listeners else ("year",)
    names = list(chosen) or [name for name in known if not name.startswith(asked_only)]
    own_sizes = {"step": (1,), "year": listeners or (MANY,)}  # a step is one listener's by definition
    rows = []
    for name in names:
        usual = (MANY,) if name.startswith("agent:") else listeners or LISTENERS
        one_thread = name in ("step", "kernel")
        rows += [
            (name, size, t) for size in own_sizes.get(name, usual) for t in ((1,) if one_thread else threads)
        ]
    return rows


def bench(words: Sequence[str]) -> int:
    """Measure what `words` ask for and print it; the rows so far stay when it is interrupted.

    Raises:
        UsageError: on an unknown case, a size below 1, or a file that cannot be written.
    """
    asked = tyro.cli(Bench, args=list(words), prog="simenv bench")
    if asked.days < 1:
        raise UsageError(f"--days {asked.days}: expected 1 or more")
    rows = plan(asked.cases, asked.listeners, asked.threads)
    who = asked.listeners_from or ""
    if who:
        load_listeners(who)  # what cannot be used is refused before anything is timed
    screen = Console()
    screen.print(machine(), highlight=False)
    timings: list[Timing] = []
    failed: list[str] = []
    try:
        for case, listeners, threads in rows:
            print(f"{case}, {listeners:,} listeners, {threads} threads", end="\r", file=sys.stderr)
            try:
                timings.append(in_a_process(case, listeners, threads, asked.days, who))
            except RuntimeError as error:
                failed.append(str(error))
                continue
            if asked.json is not None:
                write_json(pd.DataFrame([asdict(timing) for timing in timings]), asked.json)
    finally:
        screen.print(table_of(timings), highlight=False)
    for message in failed:
        print(f"simenv: {message}", file=sys.stderr)
    return 1 if failed else 0


def table_of(timings: Sequence[Timing]) -> Table:
    """The rows as they are printed."""
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold")
    table.add_column("case", no_wrap=True, min_width=max((len(row.case) for row in timings), default=0))
    for name in COLUMNS:
        table.add_column(name, justify="right", no_wrap=True)
    for row in timings:
        table.add_row(
            row.case,
            f"{row.listeners:,}",
            str(row.threads),
            short(row.plays_per_s),
            short(row.best_plays_per_s),
            f"{row.seconds:.3g}",
            f"{row.peak_mb:,.0f}",
            "" if row.bytes_a_listener is None else f"{row.bytes_a_listener:,.0f}",
            "" if row.copy_share is None else f"{row.copy_share:.1%}",
            f"{row.load:.1f}",
        )
    return table


def short(rate: float) -> str:
    """Three digits of a rate and its unit: 2,345,678 is 2.35 M."""
    for size, unit in ((1e6, " M"), (1e3, " k")):
        if rate >= size:
            return f"{rate / size:.3g}{unit}" if rate < 1e3 * size else f"{rate / size:,.0f}{unit}"
    return f"{rate:.3g}"


def machine() -> str:
    """The machine in a line: processor, cores, load."""
    return (
        f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.2f}"
    )
