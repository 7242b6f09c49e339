"""Where an answer is learned from: a log, a run, a catalogue, or a small world that is lived at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from simenv.catalogue import Catalogue, Names
from simenv.errors import UsageError
from simenv.log import Log
from simenv.rng import Key
from simenv.scenarios._cell import one_thread
from simenv.scenarios._evaluate_log import read_any_log
from simenv.scenarios._evaluate_tracks import described
from simenv.scenarios._kept import OTHERWISE, logs, open_run
from simenv.scenarios.build import make_catalogue, make_world

LISTENERS, TRACKS, DAYS = 1_000, 4_000, 30
"""The small world."""


@dataclass(frozen=True)
class Source:
    """What is known: plays and tracks.

    Args:
        log: all plays.
        catalogue: its tracks.
        listeners: what listeners are called; empty: by their numbers.
        timed: whether plays have times.
        said: what it is, and what was done to it: one sentence each.
    """

    log: Log
    catalogue: Catalogue
    listeners: tuple[str, ...]
    timed: bool
    said: tuple[str, ...]


def of_log(
    path: Path, columns: Mapping[str, str], table: Path | None, table_columns: Mapping[str, str]
) -> Source:
    """A log of plays, play counts or ratings, its tracks joined by id from a table if there is one."""
    read = read_any_log(path, columns)
    catalogue, joined = described(read, table, table_columns)
    names = catalogue.names
    if table is None:
        catalogue = replace(catalogue, names=Names(ids=read.tracks, tracks=read.tracks))
    else:
        titles = [
            own if name == "unknown" else name
            for name, own in zip(names.tracks or read.tracks, read.tracks, strict=True)
        ]
        catalogue = replace(catalogue, names=replace(names, ids=read.tracks, tracks=titles))
    said = (f"{read.kind}: {read.words}", *read.said, *joined)
    return Source(read.log, catalogue, tuple(read.listeners), read.timed, said)


def of_run(folder: Path, agent: str) -> Source:
    """What was played in a run: in its first world, under `agent` if it served there, else the first one."""
    run = open_run(folder)
    cell = next((cell for cell in run.cells if cell.who == agent), run.cells[0])
    ((_, plays),) = logs(run, [cell])
    with one_thread():
        catalogue = run.scenario.world(cell.seed).catalogue
    log = Log(run.scenario.listeners, len(catalogue))
    log.append(plays)
    said = f"{len(plays):,} plays of {run.name}, served by {cell.who}, seed {cell.seed}"
    return Source(log, catalogue, (), True, (said, *(() if run.same(cell) else (OTHERWISE,))))


def of_catalogue(table: Path, columns: Mapping[str, str]) -> Source:
    """Tracks that nobody has played yet."""
    catalogue, _ = make_catalogue(0, Key.root(0) / "catalogue", table, columns)
    return Source(
        Log(1, len(catalogue)), catalogue, (), False, (f"{len(catalogue):,} tracks of {table.name}",)
    )


def of_world(table: Path | None, columns: Mapping[str, str]) -> Source:
    """A small world in which listeners have lived by themselves for some weeks."""
    with one_thread():
        world = make_world(LISTENERS, TRACKS, catalogue=table, columns=columns)
        world.warm_up(DAYS)
    assert world.log is not None, "a world keeps its plays unless told otherwise"
    log = Log(LISTENERS, len(world.catalogue))
    log.append(world.log.joined())
    plays = f"{len(log):,} plays of {LISTENERS:,} simulated listeners in {DAYS} days"
    tracks = f"{len(log.counts()):,} tracks of {table.name if table else 'a made-up catalogue'}"
    return Source(log, world.catalogue, (), True, (f"{plays}, {tracks}",))


def row_of(listener: str, source: Source) -> int:
    """The row of a listener, by name or number.

    Raises:
        UsageError: if there is none.
    """
    known = source.listeners
    if listener in known:
        return known.index(listener)
    if not known and listener.isdecimal() and int(listener) < source.log.n_listeners:
        return int(listener)
    there = (
        f"{len(known):,} have names such as {', '.join(known[:4])}"
        if known
        else f"they are numbered from 0 to {source.log.n_listeners - 1}"
    )
    raise UsageError(f"no listener {listener!r}: {there}")
