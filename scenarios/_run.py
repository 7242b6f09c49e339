"""`simenv run` and `simenv report`: an experiment from the command line."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated, Literal

import tyro
from rich.console import Console
from rich.table import Table

from simenv.errors import UsageError
from simenv.scenarios._answers import answered
from simenv.scenarios._grid import run_name
from simenv.scenarios._listeners import listeners_of
from simenv.scenarios._numbers import number, spanned
from simenv.scenarios._progress import watcher_for
from simenv.scenarios._registry import available, load
from simenv.scenarios._report import read_result, trace_file, write_report, written
from simenv.scenarios._results import Result, write_json
from simenv.scenarios._runner import execute, settle
from simenv.scenarios._words import AGAINST, notes, unbeaten
from simenv.scenarios.base import Scenario

_WIDTH = 110  # of tables where there is no terminal to ask


@dataclass(frozen=True, kw_only=True)
class Run:
    """Run a scenario: every agent in every world, then tables, figures and a report.

    The same command goes on where it stopped. Every parameter of every part is an option.
    """

    name: Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="SCENARIO")]
    """Scenario; `simenv list` names them."""
    out: Path | None = None
    """Folder of the run; by default results/SCENARIO/ and the first digits of what was asked for."""
    jobs: int = 1
    """Cells (an agent in a world) at a time, each in a process of its own."""
    threads: int = 1
    """Threads of the listeners' kernel in each cell."""
    keep: tuple[Literal["log", "agent"], ...] = ()
    """What else to write of each cell: its log, its agent as it was in the end."""
    listeners_from: str | None = None
    """A preset or a file that `simenv calibrate` wrote: what all listeners have in common, options aside."""
    json: Path | None = None
    """Write every value also to this file: scenario, agent, seed, day, metric, value."""
    scenario: Annotated[Scenario, tyro.conf.arg(name="")] = field(
        default_factory=lambda: load(available()[0])
    )


@dataclass(frozen=True)
class Report:
    """Write the tables, figures and report of a run again, from the cells that are finished."""

    folder: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="DIR")]
    """Folder of the run."""
    json: Path | None = None
    """Write every value also to this file: scenario, agent, seed, day, metric, value."""


def run(words: Sequence[str]) -> int:
    """Run a scenario as `words` say; 1 if a cell failed.

    Raises:
        UsageError: if something asked for does not exist or cannot be done.
    """
    name = words[0] if words and not words[0].startswith("-") else None
    if name is None and not {"-h", "--help"} & set(words):
        raise UsageError(f"simenv run SCENARIO [OPTIONS]: name one of {', '.join(available())}")
    scenario = load(name or available()[0])
    scenario = replace(scenario, listener=listeners_of(words, scenario.listener))
    usual = Run(name=name or "SCENARIO", scenario=scenario)
    words = ["--help"] if {"-h", "--help"} & set(words) else list(words)  # else the help hides what is given
    asked = tyro.cli(Run, default=usual, args=words, prog="simenv run", config=(tyro.conf.SuppressFixed,))
    plan = settle(asked.name, asked.scenario)
    out = asked.out or Path("results") / plan.name / run_name(plan.cells())
    told = Console(stderr=True)
    for agent, why in plan.skipped.items():
        told.print(f"left out: {agent} {why}", highlight=False)
    try:
        result = execute(plan, asked.jobs, asked.threads, out, asked.keep, watcher_for(told))
    except KeyboardInterrupt:
        told.print(f"Finished cells are in {out}; the same command goes on from there.", soft_wrap=True)
        raise
    return _show(result, asked.json)


def report(words: Sequence[str]) -> int:
    """Write the report in a run's folder again; 1 if cells are missing.

    Raises:
        UsageError: if there is no run.
    """
    asked = tyro.cli(Report, args=list(words), prog="simenv report")
    result = read_result(asked.folder)
    write_report(result)
    return _show(result, asked.json)


def _show(result: Result, json: Path | None) -> int:
    """Print what came out and where it is written; 1 if a cell is missing."""
    screen = Console(highlight=False, soft_wrap=True)
    if not screen.is_terminal:
        screen.width = _WIDTH
    if result.outcomes:
        screen.print(f"[bold]{result.scenario.question}[/bold]\n")
        screen.print(*textwrap.wrap(_plain(answered(result)), screen.width), "", sep="\n", markup=False)
        screen.print(_table(result, screen.width))
        screen.print(*("\n" + _plain(line) for line in notes(result) if line), sep="", markup=False)
        if json is not None:
            _write_json(result, json)
            screen.print(f"\n{json}", markup=False, end="")
        screen.print("\nWritten:", *written(result), sep="\n  ", markup=False)
    for f in result.failures:
        screen.print(f"FAILED: {f.agent}, seed {f.seed}: {f.why.splitlines()[0]}", markup=False)
        screen.print(f"  {trace_file(result, f)}", markup=False)
    total = len(result.agents) * result.scenario.seeds
    missing = total - len(result.outcomes)
    if missing:
        screen.print(f"{missing} of {total} cells are missing; run it again and it goes on from there.")
    return 1 if missing else 0


def _table(result: Result, width: int) -> Table:
    """The primary metric and the difference to `popular` with intervals, then what else fits, means alone."""
    primary, against = result.scenario.primary, AGAINST in result.served
    rows = {"agent": [f"{a}{' †' if unbeaten(result, a) else ''}" for a in result.served]}
    rows[primary] = [spanned(result.mean(primary, a)) for a in result.served]
    if against:
        apart = {a: spanned(result.compare(primary, a, AGAINST).difference, sign=True) for a in result.served}
        rows[f"vs {AGAINST}"] = ["" if a == AGAINST else apart[a] for a in result.served]
    for metric in result.shown:
        rows[metric] = [number(result.mean(metric, a).mean) for a in result.served]
    table = Table(box=None, header_style="bold", pad_edge=False)
    for name, cells in rows.items():
        width -= max(map(len, (name, *cells))) + 2
        if width < 0:
            break
        table.add_column(name, justify="left" if name == "agent" else "right", no_wrap=True)
    for line in zip(*list(rows.values())[: len(table.columns)], strict=True):
        table.add_row(*(cell.replace("[", "\\[") for cell in line))
    return table


def _plain(text: str) -> str:
    return text.replace("`", "").replace("**", "")


def _write_json(result: Result, path: Path) -> None:
    try:
        write_json(result.metrics, path)
    except OSError as error:
        raise UsageError(f"cannot write {path}: {error.strerror or error}") from None
