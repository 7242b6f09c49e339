"""`simenv facts`: what is published about music listening, beside what our listeners do."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass, field
from json import dumps
from pathlib import Path

import tyro
from joblib.externals.loky.process_executor import TerminatedWorkerError
from rich.console import Console

from simenv.errors import UsageError
from simenv.scenarios._arms import Arm, arm
from simenv.scenarios._columns import mapping
from simenv.scenarios._fact_figure import figure
from simenv.scenarios._fact_list import Fact, chosen
from simenv.scenarios._fact_log import read_log
from simenv.scenarios._fact_run import Found, lived, measure, tasks
from simenv.scenarios._fact_table import Judgement, judged, markdown, printed, reasons, records, summary
from simenv.scenarios._folder import commit
from simenv.scenarios._keys import digest, file_digest, plain, version
from simenv.scenarios._listening import Listening
from simenv.scenarios._results import write_json, write_text
from simenv.scenarios._runner import offers
from simenv.scenarios.base import Scenario
from simenv.synthetic import Synthetic
from simenv.users.params import ListenerParams

_WIDTH = 132  # of tables where there is no terminal to ask


@dataclass(frozen=True, kw_only=True)
class Facts:
    """Compute published facts of music listening: of our listeners, or of a log of plays.

    Verdicts are taken where recommended sessions are served by an agent, refitted as it says (als: weekly);
    what listeners do without recommendations stands beside it. Exit status 1: a tight fact misses its band.
    Worlds are lived again each time: nothing is resumed. With --of LOG nothing is lived: the plays of the log
    are measured, its verdicts only say where it lies, and the exit status is 0.
    """

    agent: str = "als"
    """Who recommends."""
    listeners: int = 2_000
    """Listeners."""
    tracks: int = 10_000
    """Tracks of a synthetic catalogue."""
    days: int = 210
    """Days that the agent serves; fact 7 needs 270 with the warm-up, fact 10 needs 540 without."""
    warmup: int = 60
    """Organic days before that; history, not measured."""
    seeds: int = 2
    """Worlds: what intervals are taken over."""
    first_seed: int = 0
    """Seed of the first world; the others follow."""
    only: tuple[int, ...] = ()
    """Facts by number; by default all."""
    jobs: int = 1
    """Worlds at a time, each in a process of its own."""
    small: bool = False
    """1,000 listeners, one world, 60 + 45 days, facts 1, 3, 4, 6, 8, 12; other options go before."""
    of: Path | None = None
    """A log of plays instead of our listeners: CSV, TSV or Parquet."""
    columns: tuple[str, ...] = ()
    """What columns of the log are called, NAME=COLUMN, where the usual names do not tell."""
    since: float = 0.0
    """Day of the log, from its first, before which plays are history only."""
    out: Path | None = None
    """Folder of table, figure and report; by default results/facts/ and a digest of what was asked."""
    json: Path | None = None
    """Write the rows also to this file: fact, kind, low, high, measured, verdict."""
    listener: ListenerParams = field(default_factory=ListenerParams)
    """What all listeners have in common."""
    synthetic: Synthetic = field(default_factory=Synthetic)
    """The recipe of the synthetic catalogue."""


SMALL = Facts(small=True, listeners=1_000, days=45, seeds=1, only=(1, 3, 4, 6, 8, 12))
"""What --small stands for: the facts that a continuous check can afford."""


def main(words: Sequence[str]) -> int:
    """Compute and print facts as `words` say; 1 if a tight one misses.

    Raises:
        UsageError: if something asked for does not exist or cannot be done.
    """
    usual = SMALL if "--small" in words else Facts()
    asked = tyro.cli(Facts, default=usual, args=list(words), prog="simenv facts")
    facts = chosen(asked.only)
    if asked.of is not None:
        table, served, note = _of_log(asked, facts)
        out = _folder(asked)
    else:
        who, scenario = _who(asked.agent), _scenario(asked)
        out = _folder(asked)  # before worlds are lived: it may be a place that cannot be written to
        table, served, note = _of_worlds(asked, facts, who, scenario)
    _write(table, served, note, out, asked, shlex.join(("simenv", "facts", *words)))
    screen = Console(highlight=False, soft_wrap=True)
    if not screen.is_terminal:
        screen.width = _WIDTH
    screen.print(note, "", markup=False, sep="\n")
    screen.print(printed(table, served), "")
    screen.print(summary(table), *reasons(table), sep="\n", markup=False)
    screen.print("\nWritten:", *(out / name for name in FILES), sep="\n  ", markup=False)
    return 1 if table.missed and asked.of is None else 0


def _of_worlds(
    asked: Facts, facts: tuple[Fact, ...], who: Arm, scenario: Scenario
) -> tuple[Judgement, str, str]:
    """What our listeners do, who serves them, and a note on the worlds."""
    told = Console(stderr=True, highlight=False, soft_wrap=True)
    seeds = range(asked.first_seed, asked.first_seed + scenario.seeds)
    todo = tasks(scenario, who, seeds, [fact.number for fact in facts])
    found: list[Found] = []
    try:
        for one in lived(todo, asked.jobs):
            found.append(one)
            told.print(f"{len(found)}/{len(todo)} {one.task.words}: {one.plays:,} plays", markup=False)
    except TerminatedWorkerError:
        raise UsageError(
            "a world's process died; if memory ran out, use fewer --jobs or --listeners"
        ) from None
    found.sort(key=lambda one: one.task.seed)
    served = [one for one in found if one.task.arm == who]
    apart = [one.measured for one in found if one.task.long]
    organic = [one.measured for one in found if one.task.arm != who and not one.task.long]
    worlds = [*(one.measured for one in served), *apart]
    why = {number: reason for one in served for number, reason in one.short.items()}
    which = f"seed {seeds[0]}" if len(seeds) == 1 else f"seeds {seeds[0]} to {seeds[-1]}"
    note = (
        f"{scenario.listeners:,} listeners, {scenario.tracks:,} tracks, {scenario.days} days after"
        f" {scenario.warmup} organic ones, {scenario.share:.0%} of sessions served by {who.name}, {which}"
    )
    return judged(facts, worlds, organic, why), who.name, note


def _of_log(asked: Facts, facts: tuple[Fact, ...]) -> tuple[Judgement, str, str]:
    """What the listeners of a log do, what they are called, and a note on the log."""
    assert asked.of is not None
    events, left_out = read_log(asked.of, mapping(asked.columns))
    plays = Listening.of(events, asked.since)
    measured, short = measure(plays, [fact.number for fact in facts])
    missing = {fact.number: reason for fact in facts if (reason := fact.missing(plays.offers))}
    listeners = len(set(events.listener.tolist()))
    days = plays.until - plays.begun
    note = f"{asked.of.name}: {len(plays):,} plays of {listeners:,} listeners, {days:g} days"
    return judged(facts, [measured], [], missing | short), "log", f"{note}; {left_out}" if left_out else note


def _who(given: str) -> Arm:
    """The arm that serves.

    Raises:
        UsageError: if there is no such agent, it recommends nothing, or needs what synthetic worlds lack.
    """
    who = arm(given)
    if who.name == "organic":
        raise UsageError(
            "--agent organic: verdicts need somebody who recommends; organic stands beside anyway"
        )
    if missing := sorted(who.make().needs - offers(None)):
        raise UsageError(f"--agent {given}: it needs {', '.join(missing)}, which this world does not offer")
    return who


def _scenario(asked: Facts) -> Scenario:
    """What is asked for as a scenario: its fields, checked as a scenario's are."""
    if asked.jobs < 1:
        raise UsageError(f"--jobs {asked.jobs}: expected 1 or more")
    for name, given in (("columns", asked.columns), ("since", asked.since)):
        if given:
            raise UsageError(f"--{name} goes with --of LOG only")
    return Scenario(
        question="What do listeners do?",
        primary="minutes",
        listeners=asked.listeners,
        tracks=asked.tracks,
        warmup=asked.warmup,
        days=asked.days,
        seeds=asked.seeds,
        listener=asked.listener,
        synthetic=asked.synthetic,
    )


FILES = ("report.md", "facts.json", "facts.png", "run.json")


def _folder(asked: Facts) -> Path:
    """Where results go, made if need be.

    Raises:
        UsageError: if it cannot be made.
    """
    told = {k: v for k, v in plain(asked).items() if k not in ("out", "json", "jobs", "small")}
    if asked.of is not None and asked.of.is_file():
        told["of"] = file_digest(asked.of)
    out = asked.out or Path("results") / "facts" / digest([told, version()])[:10]
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(
            f"cannot write to {out}: {error.strerror or error}. Name another with --out"
        ) from None
    return out


def _write(table: Judgement, served: str, note: str, out: Path, asked: Facts, command: str) -> None:
    """The report, the rows, the figure, and what was asked for.

    Raises:
        UsageError: if a file cannot be written.
    """
    rows = records(table)
    lines = [
        "# What is published about listening, and what these listeners do",
        "",
        summary(table),
        "",
        "Made by:",
        "",
        f"    {command}",
        "",
        f"**Where**: {note}.",
        "",
        *markdown(table, served),
        "",
        f"Verdicts are on the column {served}. In brackets, where there are two worlds and more: the 95 %"
        " bootstrap interval over worlds. A number holds if all of its interval lies in the band, misses if"
        " none does. Bands are ours; sources stand in scenarios/_measures.py.",
        "",
        *(f"- {line}" for line in reasons(table)),
        "",
        "![facts](facts.png)",
    ]
    about = {"command": command, "asked": plain(asked), "version": version(), "commit": commit()}
    try:
        write_text(out / "report.md", "\n".join(lines) + "\n")
        write_json(rows, out / "facts.json")
        write_text(out / "run.json", dumps(about, indent=2) + "\n")
        figure(table, served, note).savefig(out / "facts.png")
        if asked.json is not None:
            write_json(rows, asked.json)
    except OSError as error:
        raise UsageError(f"cannot write {error.filename or out}: {error.strerror or error}") from None
