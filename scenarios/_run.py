"""`simenv run` and `simenv report`: an experiment from the command line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal

import tyro
from rich.console import Console
from rich.table import Table

from simenv.errors import UsageError
from simenv.scenarios._progress import watcher_for
from simenv.scenarios._registry import available, load
from simenv.scenarios._report import (
    AGAINST,
    answer,
    notes,
    number,
    read_result,
    spanned,
    unbeaten,
    write_report,
    written,
)
from simenv.scenarios._results import Result, write_json
from simenv.scenarios._runner import execute, run_name, settle
from simenv.scenarios.base import Scenario


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
    usual = Run(name=name or "SCENARIO", scenario=load(name or available()[0]))
    asked = tyro.cli(
        Run, default=usual, args=list(words), prog="simenv run", config=(tyro.conf.SuppressFixed,)
    )
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
    screen = Console()
    if result.outcomes:
        screen.print(f"[bold]{result.scenario.question}[/bold]")
        screen.print(answer(result).replace("`", ""), highlight=False)
        screen.print(_table(result), *_notes(result), sep="\n", highlight=False)
        if json is not None:
            _write_json(result, json)
            screen.print(f"{json}", highlight=False, soft_wrap=True)
        screen.print(f"Written to {result.folder}:", highlight=False, soft_wrap=True)
        for path in written(result):
            screen.print(f"  {path}", highlight=False, soft_wrap=True)
    for f in result.failures:
        trace = f"\n{f.trace}" if f.trace else ""
        screen.print(f"FAILED: {f.agent}, seed {f.seed}: {f.why}{trace}", highlight=False, markup=False)
    missing = len(result.agents) * result.scenario.seeds - len(result.outcomes)
    if missing:
        total = len(result.agents) * result.scenario.seeds
        again = "the same command runs the missing ones again"
        screen.print(f"{missing} of {total} cells are missing; {again}.", highlight=False)
    return 1 if missing else 0


def _table(result: Result) -> Table:
    """Agents: the primary metric and the difference to `popular` with intervals, then other means."""
    primary, shown = result.scenario.primary, result.scenario.shown
    table = Table(box=None, header_style="bold", pad_edge=False, padding=(0, 1))
    table.add_column("agent", no_wrap=True)
    table.add_column(primary, justify="right")
    against = AGAINST in result.served
    if against:
        table.add_column(f"minus {AGAINST}", justify="right")
    for metric in shown:
        table.add_column(metric, justify="right", overflow="fold")
    for agent in result.served:
        row = [f"{agent}{' †' if unbeaten(result, agent) else ''}", spanned(result.mean(primary, agent))]
        if against:
            apart = result.compare(primary, agent, AGAINST).difference
            row.append("" if agent == AGAINST else spanned(apart, sign=True))
        table.add_row(*row, *(number(result.mean(metric, agent).mean) for metric in shown))
    return table


def _notes(result: Result) -> list[str]:
    return [line.replace("`", "").replace("**", "").replace("[", "\\[") for line in notes(result) if line]


def _write_json(result: Result, path: Path) -> None:
    try:
        write_json(result.metrics, path)
    except OSError as error:
        raise UsageError(f"cannot write {path}: {error.strerror or error}") from None
