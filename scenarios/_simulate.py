"""`simenv simulate`: a log of plays in words that explain themselves, without an experiment."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as pc
import pyarrow.parquet as pq
import tyro
from rich.console import Console

from simenv.catalogue import Catalogue
from simenv.context import ACTIVITIES, DEVICES
from simenv.errors import UsageError
from simenv.scenarios._arms import Arm, arm
from simenv.scenarios._cell import one_thread
from simenv.scenarios._listeners import listeners_of
from simenv.scenarios._loop import live
from simenv.scenarios.base import Scenario
from simenv.synthetic import Synthetic
from simenv.types import KNOWN, LEFT, LIKED, REACHED, SAVED, SKIPPED, SOURCES, Plays
from simenv.users.params import ListenerParams

_ROWS = 1 << 20  # plays written at a time
_FLAGS = {
    "reached": REACHED,
    "skipped": SKIPPED,
    "known": KNOWN,
    "liked": LIKED,
    "saved": SAVED,
    "session_ended": LEFT,
}


@dataclass(frozen=True, kw_only=True)
class Simulate:
    """Let listeners live for some days and write what they played, one row a play.

    Columns: time (days), listener, session, track, its id and title where tracks have them, artist, source;
    request, slot and propensity of recommended plays; seconds, reached, skipped, known (played for 30 s
    before), liked, saved, session_ended, activity, device.
    """

    out: Path
    """File to write: .parquet or .csv."""
    days: int = 30
    """Days."""
    agent: str | None = None
    """Who recommends; by default nobody does."""
    listeners: int = 1_000
    """Listeners."""
    tracks: int = 4_000
    """Tracks of a synthetic catalogue."""
    seed: int = 0
    """Of everything that happens by chance."""
    warmup: int = 0
    """Organic days before the agent serves; they are in the log."""
    share: float = 0.35
    """Share of sessions that are recommended, if there is an agent."""
    cooldown: float = 30.0
    """Days in which nothing is recommended again to who heard it; inf: new music only."""
    slate_size: int = 10
    """Tracks a slate."""
    catalogue: Path | None = None
    """A table of real tracks (CSV, TSV or Parquet) instead of a synthetic catalogue."""
    columns: tuple[str, ...] = ()
    """What columns of the table are called, NAME=COLUMN, where the usual names do not tell."""
    threads: int = 1
    """Threads of the listeners' kernel."""
    listeners_from: str | None = None
    """A preset or a file that `simenv calibrate` wrote: what all listeners have in common, options aside."""
    listener: ListenerParams = field(default_factory=ListenerParams)
    """What all listeners have in common."""
    synthetic: Synthetic = field(default_factory=Synthetic)
    """The recipe of the synthetic catalogue."""


def main(words: Sequence[str]) -> int:
    """Simulate and write a log as `words` say.

    Raises:
        UsageError: if something asked for does not exist, or the file cannot be written.
    """
    usual = Simulate(out=tyro.MISSING, listener=listeners_of(words, ListenerParams()))
    asked = tyro.cli(Simulate, default=usual, args=list(words), prog="simenv simulate")
    if asked.out.suffix not in (".parquet", ".csv"):
        raise UsageError(f"--out {asked.out}: expected a name that ends in .parquet or .csv")
    who = arm(asked.agent or "organic")
    scenario = _scenario(asked)
    try:
        with written(asked.out) as part:
            count = _live_and_write(scenario, who, asked, part)
    except OSError as error:
        raise UsageError(f"cannot write {asked.out}: {error.strerror or error}") from None
    days = asked.warmup + asked.days
    Console().print(
        f"{count:,} plays of {scenario.listeners:,} listeners in {days} days: {asked.out}",
        highlight=False,
        soft_wrap=True,
    )
    return 0


def _scenario(asked: Simulate) -> Scenario:
    """What is asked for as a scenario: its fields, checked as a scenario's are."""
    shared = {f.name for f in fields(Scenario)} & {f.name for f in fields(Simulate)}
    told = {name: getattr(asked, name) for name in sorted(shared)}
    return Scenario(question="What do listeners play?", primary="minutes", **told)


def _live_and_write(scenario: Scenario, who: Arm, asked: Simulate, part: Path) -> int:
    with one_thread():
        world = scenario.world(asked.seed, asked.threads)
        world.warm_up(scenario.warmup)
        setting = scenario.setting(world)
        agent = who.begin(world, setting)
        for _ in live(world, agent, setting, scenario.days):
            pass  # nothing is measured
    assert world.log is not None, "a scenario keeps every play"
    plays = world.log.joined()
    plays = plays.rows(np.argsort(plays.time, kind="stable"))
    write_plays(plays, world.catalogue, part, asked.out.suffix)
    return len(plays)


def write_plays(plays: Plays, catalogue: Catalogue, path: Path, suffix: str) -> None:
    """Write plays in words to `path`, some at a time, as what `suffix` says: .csv or .parquet."""
    kind = pc.CSVWriter if suffix == ".csv" else pq.ParquetWriter
    with contextlib.ExitStack() as stack:
        writer = None
        for lo in range(0, max(len(plays), 1), _ROWS):
            table = readable(plays.rows(slice(lo, lo + _ROWS)), catalogue)
            if suffix == ".csv":  # which knows no categories
                table = table.cast(pa.schema([(f.name, _spelled(f.type)) for f in table.schema]))
            if writer is None:
                writer = stack.enter_context(kind(path, table.schema))
            writer.write_table(table)


def readable(plays: Plays, catalogue: Catalogue) -> pa.Table:
    """Plays in words: what was a code is a name, what was a bit is a column, what does not apply is null."""
    organic = plays.visit < 0
    columns = {
        "time": pa.array(plays.time),
        "listener": pa.array(plays.listener),
        "session": pa.array(plays.session),
        "track": pa.array(plays.track),
    }
    names = catalogue.names
    artists = [names.artist(i) for i in range(catalogue.n_artists)]
    if len(names.ids):
        columns["track_id"] = pa.DictionaryArray.from_arrays(plays.track, pa.array(names.ids))
    if len(names.tracks):
        columns["title"] = pa.DictionaryArray.from_arrays(plays.track, pa.array(names.tracks))
    columns["artist"] = pa.DictionaryArray.from_arrays(catalogue.artist[plays.track], pa.array(artists))
    columns |= {
        "source": _named(plays.source, SOURCES),
        "request": pa.array(plays.visit, mask=organic),
        "slot": pa.array(plays.slot, mask=organic),
        "propensity": pa.array(plays.propensity, mask=np.isnan(plays.propensity)),
        "seconds": pa.array(plays.seconds),
        **{name: pa.array(plays.has(flag)) for name, flag in _FLAGS.items()},
        "activity": _named(plays.activity, ACTIVITIES),
        "device": _named(plays.device, DEVICES),
    }
    return pa.table(columns)


def _named(codes: np.ndarray, names: tuple[str, ...]) -> pa.DictionaryArray:
    return pa.DictionaryArray.from_arrays(pa.array(codes.astype(np.int8)), pa.array(names))


def _spelled(kind: pa.DataType) -> pa.DataType:
    return kind.value_type if pa.types.is_dictionary(kind) else kind


@contextlib.contextmanager
def written(path: Path) -> Iterator[Path]:
    """A temporary name beside `path`, which takes its place when all went well."""
    part = path.with_name(path.name + ".part")
    part.write_bytes(b"")  # so that what cannot be written fails before days are lived
    try:
        yield part
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
