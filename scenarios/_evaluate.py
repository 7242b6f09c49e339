"""`simenv evaluate`: on a log of your own, which recommender would have done best."""

from __future__ import annotations

import json
import shlex
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Literal

import tyro
from rich.console import Console

from simenv.catalogue import Catalogue
from simenv.errors import UsageError
from simenv.scenarios import _folder
from simenv.scenarios._arms import OWN, Arm, arms
from simenv.scenarios._columns import mapping
from simenv.scenarios._evaluate_board import Board
from simenv.scenarios._evaluate_log import read_any_log
from simenv.scenarios._evaluate_report import Told, answer, notes, printed, write_report
from simenv.scenarios._evaluate_run import Lists, Task, all_served
from simenv.scenarios._evaluate_split import Seen, Split, split_log
from simenv.scenarios._evaluate_tracks import described, left_out
from simenv.scenarios._keys import digest, file_digest, package_sources, plain, version
from simenv.scenarios._results import Failure, write_json, write_text

_WIDTH = 132  # of tables where there is no terminal to ask
_USUAL = ("random", "popular", "repeat", "userknn", "itemknn", "als", "bpr")
_SOURCES = ("_columns", "_evaluate_log", "_evaluate_run", "_evaluate_split", "_evaluate_tracks")


@dataclass(frozen=True, kw_only=True)
class Evaluate:
    """Which recommender would have found what the listeners of a log played?

    Agents learn from one part of the log and are asked by the listeners of the other. Nothing is tuned, and
    the log is never split at random. The same command goes on where it stopped; another agent joins those
    that are finished. What listeners would have played had it been shown to them, no log says: simulate.
    """

    log: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="LOG")]
    """Plays, play counts or ratings: CSV, TSV or Parquet, gzipped or not."""
    agents: tuple[str, ...] = ()
    """Expressions, such as als or "als(factors=64)"; by default the floors and the classics, with a catalogue
    also content."""
    split: Literal["time", "last", "one"] | None = None
    """What is tested: the last days; each listener's last play; one track a listener, chosen by a hash. By
    default time, or one where the log has no times."""
    test: float = 0.2
    """Share of the days that --split time tests."""
    k: tuple[int, ...] = (10, 20)
    """Lengths of lists."""
    seen: tuple[Literal["drop", "keep"], ...] = ()
    """Whether tracks that the listener played before are dropped, from lists and from what is to be found, or
    kept; by default both, or drop with --split one."""
    seeds: int = 1
    """Seeds of the agents."""
    liked: float | None = None
    """Ratings from here on count as a play; by default from the middle of those in the log."""
    columns: tuple[str, ...] = ()
    """What columns of the log are called, NAME=COLUMN, where the usual names do not tell."""
    catalogue: Path | None = None
    """A table of the tracks (CSV, TSV or Parquet), joined by id."""
    catalogue_columns: tuple[str, ...] = ()
    """What columns of that table are called, NAME=COLUMN."""
    out: Path | None = None
    """Folder of the run; by default results/evaluate/ and the first digits of what was asked for."""
    json: Path | None = None
    """Write every value also to this file: agent, metric, k, value, split, seen, seed."""


def main(words: Sequence[str]) -> int:
    """Evaluate as `words` say; 1 if an agent failed.

    Raises:
        UsageError: if something asked for does not exist or cannot be done.
    """
    asked = tyro.cli(Evaluate, args=list(words), prog="simenv evaluate")
    given = _checked(asked)
    told = Console(stderr=True, highlight=False, soft_wrap=True)
    read = read_any_log(asked.log, mapping(asked.columns), asked.liked)
    split = split_log(read, asked.split, asked.test)
    usual: tuple[Seen, ...] = ("drop",) if split.way == "one" else ("drop", "keep")
    rules = tuple(dict.fromkeys(asked.seen)) or usual
    catalogue, joined = described(read, asked.catalogue, mapping(asked.catalogue_columns))
    facts = [f"{read.kind}: {read.words}", *read.said, *joined, split.words]
    told.print(*facts, sep="\n", markup=False)
    size = max(asked.k)
    if size > len(catalogue):
        raise UsageError(f"--k {size}: the log has {len(catalogue)} tracks")
    skipped = left_out(given, catalogue, read)
    for agent, why in skipped.items():
        told.print(f"left out: {agent} {why}", markup=False)
    tasks = [
        Task(arm, seed, seen)
        for seen in rules
        for seed in range(asked.seeds)
        for arm in given
        if arm.name not in skipped
    ]
    if not tasks:
        raise UsageError("no agent can be served: name others with --agents")
    for seen in rules:
        split.request(seen)  # before anything is learned: there may be nothing to test
    shared = _shared(asked, split, size)
    command = shlex.join(("simenv", "evaluate", *words))
    out = _prepared(asked.out or Path("results") / "evaluate" / shared[:10], shared, asked, command, facts)
    lists, failures = _serve(tasks, split, catalogue, size, out, shared, told)
    report = Told(asked.log.name, command, facts, skipped, failures)
    return _show(Board(split, lists, asked.k) if lists else None, report, out, asked.json)


def _checked(asked: Evaluate) -> tuple[Arm, ...]:
    """The agents that are asked for, once all that can be wrong without a log is known to be right."""
    if asked.seeds < 1:
        raise UsageError(f"--seeds {asked.seeds}: expected 1 or more")
    if not asked.k or min(asked.k) < 1:
        raise UsageError(f"--k {' '.join(map(str, asked.k))}: expected whole numbers from 1")
    if asked.catalogue_columns and asked.catalogue is None:
        raise UsageError("--catalogue-columns goes with --catalogue FILE only")
    found = arms(asked.agents or (*_USUAL, *(["content"] if asked.catalogue else [])))
    for arm in found:
        if arm.name in OWN:
            raise UsageError(
                f"--agents {arm.name}: it lives in simulated worlds only; a log shows no true tastes"
            )
    return found


def _shared(asked: Evaluate, split: Split, size: int) -> str:
    """The digest of what all agents have in common."""
    told = [asked.columns, asked.liked, split.way, asked.test, size, asked.catalogue_columns]
    files = [file_digest(path) for path in (asked.log, asked.catalogue) if path is not None]
    return digest([told, files, version(), package_sources(_SOURCES)])


def _prepared(out: Path, shared: str, asked: Evaluate, command: str, facts: Sequence[str]) -> Path:
    """The folder of the run, with its run.json.

    Raises:
        UsageError: if it cannot be written to, or holds something else.
    """
    if (out / "run.json").exists() and _folder.read_run(out).get("digest") != shared:
        raise UsageError(
            f"{out} holds another run: another log, split or version. Name another folder with --out, or"
            " delete this one"
        )
    _folder.claim(out, ())
    about = {
        "name": "evaluate",
        "digest": shared,
        "command": command,
        "asked": plain(replace(asked, out=None, json=None)),
        "facts": list(facts),
        "version": version(),
        "commit": _folder.commit(),
    }
    write_text(out / "run.json", json.dumps(about, indent=2) + "\n")
    return out


def _serve(
    tasks: Sequence[Task],
    split: Split,
    catalogue: Catalogue,
    size: int,
    out: Path,
    shared: str,
    told: Console,
) -> tuple[list[Lists], list[Failure]]:
    """Lists of all tasks, and what came to nothing; a line on each."""
    lists: list[Lists] = []
    failures: list[Failure] = []
    for i, (task, found, kept) in enumerate(all_served(tasks, split, catalogue, size, out, shared), 1):
        head = f"{i}/{len(tasks)} {task.words}:"
        if isinstance(found, Failure):
            failures.append(found)
            write_text(out / f"failed-{task.file(out).stem}.txt", found.trace)
            told.print(f"{head} FAILED: {found.why.splitlines()[0]}", markup=False)
            continue
        lists.append(found)
        how = "finished already" if kept else "fitted"
        took = f"{found.fit_seconds:.1f} s, {len(found.tracks):,} lists in {found.recommend_seconds:.1f} s"
        told.print(f"{head} {how} ({took})", markup=False)
    return lists, failures


def _show(board: Board | None, told: Told, out: Path, json_file: Path | None) -> int:
    """Print and write what came out; 1 if an agent failed."""
    screen = Console(highlight=False, soft_wrap=True)
    if not screen.is_terminal:
        screen.width = _WIDTH
    if board is not None:
        files = write_report(board, told, out)
        for seen in board.seens:
            text = answer(board, seen).replace("`", "")
            screen.print("", *textwrap.wrap(text, screen.width), "", sep="\n", markup=False)
            screen.print(printed(board, seen, board.ks[0], screen.width))
        screen.print(*("\n" + line.replace("`", "") for line in notes(board, told)), sep="", markup=False)
        if json_file is not None:
            try:
                write_json(board.rows, json_file)
            except OSError as error:
                raise UsageError(f"cannot write {json_file}: {error.strerror or error}") from None
            files.append(json_file)
        screen.print("\nWritten:", *files, sep="\n  ", markup=False)
    for f in told.failures:
        screen.print(f"FAILED: {f.agent}, seed {f.seed}: {f.why.splitlines()[0]}", markup=False)
    return 1 if told.failures else 0
