"""`simenv facts`: what is published about music listening, beside what our listeners do."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pandas as pd
import tyro
from rich.console import Console

from simenv.errors import UsageError
from simenv.scenarios._arms import Arm, arm
from simenv.scenarios._cell import Cell, Outcome
from simenv.scenarios._columns import mapping
from simenv.scenarios._fact_figure import TITLE, figure
from simenv.scenarios._fact_list import FACTS, chosen
from simenv.scenarios._fact_log import read_log
from simenv.scenarios._fact_report import Finding, begin, show, write
from simenv.scenarios._fact_run import Published, fact_cells, judged_in, measure
from simenv.scenarios._fact_table import Judgement, judged
from simenv.scenarios._folder import claim
from simenv.scenarios._grid import check_jobs, complete, run_name
from simenv.scenarios._keys import digest, file_digest, plain, version
from simenv.scenarios._law_list import LAWS
from simenv.scenarios._law_run import found_of, law_cells
from simenv.scenarios._listeners import listeners_of
from simenv.scenarios._listening import Listening
from simenv.scenarios._moment_rows import moment_records
from simenv.scenarios._progress import watcher_for
from simenv.scenarios._results import Failure
from simenv.scenarios._runner import offers
from simenv.scenarios.base import Scenario
from simenv.scenarios.metrics.reward import Reward
from simenv.synthetic import Synthetic
from simenv.users.params import ListenerParams


@dataclass(frozen=True, kw_only=True)
class Facts:
    """Compute published facts of music listening: of our listeners, or of a log of plays.

    Verdicts are taken where recommended sessions are served by an agent, refitted as it says (als: weekly);
    what listeners do without recommendations stands beside it. With --laws: whether recommenders can matter
    in such a world, from comparisons of agents. Exit status 1: a tight fact or a law misses its band. What is
    finished stays on disk, and the same command goes on. With --of LOG nothing is lived: the plays of the log
    are measured, its verdicts only say where it lies, and the exit status is 0.
    """

    agent: str = "als"
    """Who recommends; laws have agents of their own."""
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
    """Facts, or laws, by number; by default all."""
    jobs: int = 1
    """Worlds at a time, each in a process of its own."""
    small: bool = False
    """1,000 listeners, one world, 60 + 45 days, facts 1, 3, 4, 6, 8, 12; other options go before."""
    laws: bool = False
    """The laws: 5,000 listeners, 20,000 tracks, three worlds, 60 + 120 days; other options go before."""
    of: Path | None = None
    """A log of plays instead of our listeners: CSV, TSV or Parquet."""
    columns: tuple[str, ...] = ()
    """What columns of the log are called, NAME=COLUMN, where the usual names do not tell."""
    since: float = 0.0
    """Day of the log, from its first, before which plays are history only."""
    out: Path | None = None
    """Folder of table, figure and report; by default results/facts/ or results/laws/ and a digest."""
    json: Path | None = None
    """Write the rows also to this file: fact, kind, low, high, measured, verdict. Of a log there are more of
    them, of kinds moment and about: what simenv calibrate fits."""
    listeners_from: str | None = None
    """A preset or a file that `simenv calibrate` wrote: what all listeners have in common, options aside."""
    listener: ListenerParams = field(default_factory=ListenerParams)
    """What all listeners have in common."""
    synthetic: Synthetic = field(default_factory=Synthetic)
    """The recipe of the synthetic catalogue."""


SMALL = Facts(small=True, listeners=1_000, days=45, seeds=1, only=(1, 3, 4, 6, 8, 12))
"""What --small stands for: the facts that a continuous check can afford."""
LARGE = Facts(laws=True, listeners=5_000, tracks=20_000, days=120, seeds=3)
"""What --laws stands for."""


def main(words: Sequence[str]) -> int:
    """Compute and print facts or laws as `words` say; 1 if one that must hold misses.

    Raises:
        UsageError: if something asked for does not exist or cannot be done.
    """
    usual = SMALL if "--small" in words else LARGE if "--laws" in words else Facts()
    usual = replace(usual, listener=listeners_of(words, usual.listener))
    asked = tyro.cli(Facts, default=usual, args=list(words), prog="simenv facts")
    _check(asked)
    command = shlex.join(("simenv", "facts", *words))
    if asked.of is not None:
        found, out = _of_log(asked, command)
    elif asked.laws:
        found, out = _of_laws(asked, command)
    else:
        found, out = _of_worlds(asked, command)
    files = write(found, out, command, asked.json)
    show(found, out, files)
    return 0 if asked.of is not None else found.status


def _check(asked: Facts) -> None:
    """Refuse options that do not go together.

    Raises:
        UsageError: naming them.
    """
    check_jobs(asked.jobs)
    if asked.laws and (asked.small or asked.of is not None or asked.agent != Facts.agent):
        other = "--small" if asked.small else "--agent" if asked.of is None else "--of"
        raise UsageError(f"--laws {other}: laws are measured at one size, of our own worlds and agents")
    for name, given in (("columns", asked.columns), ("since", asked.since)):
        if given and asked.of is None:
            raise UsageError(f"--{name} goes with --of LOG only")


def _of_worlds(asked: Facts, command: str) -> tuple[Finding, Path]:
    """What our listeners do, and the folder that it is kept in."""
    facts, who, seeds = chosen(asked.only, FACTS), _who(asked.agent), _seeds(asked)
    scenario = replace(_scenario(asked), metrics=(Reward, Published))
    every, todo = fact_cells(scenario, who, seeds, FACTS), fact_cells(scenario, who, seeds, facts)
    outcomes, failures, out = _lived(asked, command, every, todo)
    table = judged_in(facts, todo, outcomes)
    note = f"{_size(scenario)}, {scenario.share:.0%} of sessions served by {who.name}, {_named(seeds)}"
    return _finding(table, who.name, note, failures), out


def _of_laws(asked: Facts, command: str) -> tuple[Finding, Path]:
    """Whether recommenders can matter to our listeners, and the folder that it is kept in."""
    laws, scenario, seeds = chosen(asked.only, LAWS), _scenario(asked), _seeds(asked)
    every, todo = law_cells(scenario, seeds, LAWS), law_cells(scenario, seeds, laws)
    outcomes, failures, out = _lived(asked, command, every, todo)
    note = f"{_size(scenario)}, {scenario.share:.0%} of sessions recommended, {_named(seeds)}"
    return found_of(scenario, seeds, laws, outcomes, failures, note), out


def _lived(
    asked: Facts, command: str, every: Sequence[Cell], todo: Sequence[Cell]
) -> tuple[dict[str, Outcome], list[Failure], Path]:
    """Outcomes of the cells `todo` by key, what failed, and the folder, which may hold `every` cell."""
    out = asked.out or Path("results") / ("laws" if asked.laws else "facts") / run_name(every)
    claim(out, {cell.key for cell in every})
    begin(out, command, plain(asked))
    told = Console(stderr=True, highlight=False, soft_wrap=True)
    try:
        done, failures = complete(todo, asked.jobs, out=out, watcher=watcher_for(told))
    except KeyboardInterrupt:
        told.print(f"Finished worlds are in {out}; the same command goes on from there.", markup=False)
        raise
    return {outcome.key: outcome for outcome in done}, failures, out


def _of_log(asked: Facts, command: str) -> tuple[Finding, Path]:
    """What the listeners of a log do, and the folder that it is kept in."""
    assert asked.of is not None
    facts = chosen(asked.only, FACTS)
    events, left_out = read_log(asked.of, mapping(asked.columns))
    plays = Listening.of(events, asked.since)
    measured, short = measure(plays, [fact.number for fact in facts])
    missing = {fact.number: reason for fact in facts if (reason := fact.missing(plays.offers))}
    listeners = len(set(events.listener.tolist()))
    note = f"{asked.of.name}: {len(plays):,} plays of {listeners:,} listeners, {plays.spans[1]:g} days"
    note = f"{note}; {left_out}" if left_out else note
    told = {k: v for k, v in plain(asked).items() if k not in ("out", "json", "jobs")}
    told["of"] = file_digest(asked.of)
    out = asked.out or Path("results") / "facts" / digest([told, version()])[:10]
    begin(out, command, plain(asked))
    found = _finding(judged(facts, [measured], [], missing | short), "log", note)
    return replace(found, more=pd.DataFrame(moment_records(plays))), out


def _finding(table: Judgement, served: str, note: str, failures: Sequence[Failure] = ()) -> Finding:
    remark = (
        f"Verdicts are on the column {served}. In brackets, where there are two worlds and more: the 95 %"
        " bootstrap interval over worlds. A number holds if all of its interval lies in the band, misses if"
        " none does. Bands are ours; sources stand in scenarios/_measures.py."
    )
    return Finding(
        title=TITLE,
        table=table,
        measured=served,
        note=note,
        remarks=(remark,),
        draw=lambda: figure(table, served, note),
        failures=failures,
    )


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


def _seeds(asked: Facts) -> range:
    return range(asked.first_seed, asked.first_seed + asked.seeds)


def _size(scenario: Scenario) -> str:
    return (
        f"{scenario.listeners:,} listeners, {scenario.tracks:,} tracks, {scenario.days} days after"
        f" {scenario.warmup} organic ones"
    )


def _named(seeds: range) -> str:
    return f"seed {seeds[0]}" if len(seeds) == 1 else f"seeds {seeds[0]} to {seeds[-1]}"
