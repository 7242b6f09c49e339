"""Logs of others as ours: events, play counts or ratings; what was recognised as what, what was left out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import pyarrow as pa

from simenv._tables import require
from simenv._unreadable import Unreadable
from simenv.errors import UsageError
from simenv.log import Log
from simenv.scenarios import _columns
from simenv.scenarios._listening import GAP_DAYS
from simenv.types import F64, HEARD_SECONDS, I32, REACHED, SKIPPED, SOURCES, Bool, Plays

NAMES: Mapping[str, tuple[str, ...]] = {
    "listener": _columns.LISTENER,
    "track": (*_columns.TRACK, "itemid", "item", "movie_id", "movieid", "song", "artist_id", "artistid"),
    "time": _columns.TIME,
    "seconds": _columns.SECONDS,
    "length": _columns.LENGTH,
    "skipped": _columns.SKIPPED,
    "count": ("count", "plays", "play_count", "playcount", "n_plays", "listens", "weight"),
    "value": ("value", "rating", "stars"),
}
"""What a column may be used as, and under which names it is recognised, capitals and spaces aside."""

Kind = Literal["events", "counts", "ratings"]


@dataclass(frozen=True)
class Imported:
    """A log that was read.

    Args:
        log: its plays, oldest first; day 0 is the Monday of its first week.
        listeners: (n,) what they are called in the file.
        tracks: (T,) likewise.
        kind: what a row is.
        timed: whether it says when.
        said: what was recognised as what, and what was done to it: one sentence each.
    """

    log: Log
    listeners: list[str]
    tracks: list[str]
    kind: Kind
    timed: bool
    said: list[str]

    @property
    def words(self) -> str:
        """How much there is, in words."""
        return f"{len(self.log):,} rows, {len(self.listeners):,} listeners, {len(self.tracks):,} tracks"


def read_any_log(path: Path, columns: Mapping[str, str], liked: float | None = None) -> Imported:
    """The log in a CSV, TSV or Parquet file of plays, play counts or ratings.

    A play of unknown length is taken for one of 30 s and more; if nothing says what was skipped, shorter ones
    are. Rows of the same listener, track and time are brought together: counts are summed, ratings averaged.

    Args:
        path: the file; text may be gzipped.
        columns: used as -> name of the column, where it is not recognised.
        liked: ratings from here on count as a play, those below as an early skip; None: the middle between
            the lowest and the highest.

    Raises:
        UsageError: if there is no such file or it is no log, a needed column is missing, more than 1 % of
            the rows cannot be read, or there are not two listeners and two tracks.
    """
    table, places = _columns.open_log(path, columns, NAMES)
    for name in ("listener", "track"):
        require(places, table.column_names, name)
    found = {name: _columns.cells(table.column(place)) for name, place in places.items()}
    said = [_recognised(table.column_names, places)]
    check = Unreadable(table)
    for name in ("listener", "track"):
        check.need(found[name].is_valid().to_numpy(zero_copy_only=False), f"no {name}", found[name])
    numbers = {name: _column(found[name], name, check, said) for name in _READ if name in found}
    if left_out := check.told():
        said.append(left_out)
    skipped = _columns.stopped(found, numbers.get("seconds"))
    keep = ~check.bad
    if "count" in numbers and (nothing := int((numbers["count"][keep] == 0).sum())):
        said.append(f"{nothing:,} rows of 0 plays are left out")
        keep &= numbers["count"] != 0
    listener, listeners = _columns.coded(found["listener"].filter(pa.array(keep)))
    track, tracks = _columns.coded(found["track"].filter(pa.array(keep)))
    if len(listeners) < 2 or len(tracks) < 2:
        raise UsageError(
            f"{path} has {len(listeners)} listener(s) and {len(tracks)} track(s): recommenders learn from"
            " others, so at least 2 of each are needed"
        )
    numbers = {name: column[keep] for name, column in numbers.items()}
    skipped = None if skipped is None else skipped[keep]
    seconds, skipped = _lasted(numbers, skipped, liked, said, len(listener))
    log = Log(len(listeners), len(tracks))
    log.append(_together(_plays(listener, track, {**numbers, "seconds": seconds}, skipped), said))
    kind: Kind = "ratings" if "value" in numbers else "counts" if "count" in numbers else "events"
    return Imported(log, listeners, tracks, kind, "time" in numbers, said)


_READ = ("time", "count", "seconds", "value")


def _column(cells: pa.Array, name: str, check: Unreadable, said: list[str]) -> F64:
    """(e,) numbers of one of the columns `_READ`, checked."""
    if name == "time":
        values, written = _columns.days(cells)
        said.append(f"times are {written}")
    else:
        values = _columns.lengths(cells) if name == "seconds" else _columns.numbers(cells)
    if name in ("count", "seconds"):
        check.need(values >= 0, f"no {name} from 0", cells)
    else:
        check.need(np.isfinite(values), f"no {name}", cells)
    return values


def _recognised(names: list[str], places: Mapping[str, int]) -> str:
    used = [f"{names[place]} as {name}" for name, place in places.items()]
    aside = [name for place, name in enumerate(names) if place not in places.values()]
    return f"columns: {', '.join(used)}" + (f"; not used: {', '.join(aside)}" if aside else "")


def _lasted(
    numbers: Mapping[str, F64], skipped: Bool | None, liked: float | None, said: list[str], n: int
) -> tuple[F64, Bool | None]:
    """Seconds and skips (n,) as the log has them, or as what else it says suggests."""
    if "value" in numbers:
        return _from_ratings(numbers["value"], liked, said)
    if "seconds" not in numbers:
        return np.where(np.zeros(n, bool) if skipped is None else skipped, 0.0, HEARD_SECONDS), skipped
    seconds = numbers["seconds"]
    if skipped is None:
        said.append("nothing says what was skipped: plays under 30 s are taken to be")
        skipped = seconds < HEARD_SECONDS
    return seconds, skipped


def _from_ratings(value: F64, liked: float | None, said: list[str]) -> tuple[F64, Bool]:
    """Seconds and skips (e,) that ratings stand for."""
    low, high = float(value.min()), float(value.max())
    limit = (low + high) / 2 if liked is None else liked
    good = value >= limit
    said.append(
        f"ratings go from {low:g} to {high:g}: from {limit:g} on one counts as a play, below as an early skip"
    )
    if not good.any():
        raise UsageError(f"--liked {limit:g}: the highest rating is {high:g}")
    return np.where(good, HEARD_SECONDS, 0.0), ~good


def _plays(listener: I32, track: I32, numbers: Mapping[str, F64], skipped: Bool | None) -> Plays:
    """The rows in the order of time, ties by listener and track; in weeks from that of the first."""
    n = len(listener)
    time = numbers.get("time", np.zeros(n))
    order = np.lexsort((numbers["seconds"], track, listener, time))
    flags = np.full(n, REACHED, np.uint8)
    if skipped is not None:
        flags[skipped[order]] |= SKIPPED
    listener, time, seconds = listener[order], time[order], numbers["seconds"][order]
    time = time - 7 * np.floor(time[0] / 7)
    timed = "time" in numbers
    more = {name: numbers[name][order].astype(np.float32) for name in Plays.optional if name in numbers}
    return Plays(
        time=time,
        listener=listener,
        track=track[order],
        visit=np.full(n, -1, np.int32),
        session=_sessions(listener, time, seconds) if timed else np.zeros(n, np.int32),
        slot=np.full(n, -1, np.int8),
        source=np.full(n, SOURCES.index("imported"), np.uint8),
        propensity=np.full(n, np.nan, np.float32),
        seconds=seconds.astype(np.float32),
        flags=flags,
        activity=np.zeros(n, np.uint8),
        device=np.zeros(n, np.uint8),
        **more,
    )


def _sessions(listener: I32, time: F64, seconds: F64) -> I32:
    """(e,) the number of each play's session: half an hour of silence ends one."""
    order = np.lexsort((time, listener))
    who, when, until = listener[order], time[order], time[order] + seconds[order] / 86_400
    new = np.ones(len(order), bool)
    new[1:] = (when[1:] > until[:-1] + GAP_DAYS) & (who[1:] == who[:-1])
    number = np.cumsum(new)
    first = np.searchsorted(who, who)  # where each one's plays begin
    session = np.empty(len(order), np.int32)
    session[order] = number - number[first]
    return session


def _together(plays: Plays, said: list[str]) -> Plays:
    """Rows of the same listener, track and time as one: counts summed, ratings averaged, the longest play."""
    order = np.lexsort((-plays.seconds, plays.track, plays.listener, plays.time))
    key = np.stack([plays.time[order], plays.listener[order], plays.track[order]])
    first = np.ones(len(order), bool)
    first[1:] = (np.diff(key, axis=1) != 0).any(axis=0)
    if first.all():
        return plays
    group = np.cumsum(first) - 1
    size = np.bincount(group)
    one = plays.rows(order[first])
    columns = one.columns()
    if plays.value is not None:
        columns["value"] = (np.bincount(group, plays.value[order]) / size).astype(np.float32)
    else:
        each = np.ones(len(order)) if plays.count is None else plays.count[order]
        columns["count"] = np.bincount(group, each).astype(np.float32)
    how = "ratings are averaged" if plays.value is not None else "plays are summed"
    said.append(f"{len(order) - len(one):,} rows repeat a listener, track and time: their {how}")
    return Plays(**columns)
