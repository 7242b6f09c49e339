"""Logs of plays as people have them: opened, their columns recognised, brought to the columns of facts."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
from numpy.typing import NDArray

from simenv._tables import places_of, require
from simenv.errors import UsageError
from simenv.scenarios._listening import Events
from simenv.types import F64, I32, Bool

NAMES: Mapping[str, tuple[str, ...]] = {
    "listener": ("listener", "listener_id", "user", "user_id", "userid", "username", "user_name"),
    "track": ("track", "track_id", "track_uri", "spotify_track_uri", "item_id", "song_id", "track_name"),
    "time": ("time", "timestamp", "ts", "datetime", "played_at", "start_time", "date_time"),
    "seconds": ("seconds", "seconds_played", "played_seconds", "ms_played", "msplayed", "play_time"),
    "session": ("session", "session_id"),
    "artist": ("artist", "artist_id", "artist_name", "master_metadata_album_artist_name"),
    "length": ("track_seconds", "track_length", "track_duration", "track_duration_ms", "duration_ms"),
    "skipped": ("skipped", "skip"),
    "genre": ("genre", "main_genre", "genre_id"),
    "source": ("source", "context_type"),
}
"""What a column may be used as, and under which names it is recognised, capitals and spaces aside."""

NEEDED = ("listener", "track", "time", "seconds")
CHARTS = ("charts", "chart", "radio")
PERSONAL = ("recommended", "personalised", "personalized", "personalized playlist")
UNREADABLE = 0.01  # share of rows above which a log is refused
MILLISECONDS = 10_000.0  # plays of which the middle one is longer than so many seconds count in milliseconds
EPOCH, EPOCH_MS = 1e7, 1e11  # numbers beyond are seconds or milliseconds since 1970, not days
THURSDAY = 3.0  # the weekday on which 1970 began; day 0 of ours is a Monday
UNFINISHED = 1.0  # seconds: a play that ends so much before its track does was skipped


def read_log(path: Path, columns: Mapping[str, str]) -> tuple[Events, str]:
    """The plays in a CSV, TSV or Parquet file, and what was left out, in words.

    Args:
        path: the file; text may be gzipped.
        columns: used as -> name of the column, where it is not recognised.

    Raises:
        UsageError: if there is no such file, it is empty or no table, a needed column is missing, or more
            than 1 % of the rows cannot be read.
    """
    table = _open(path)
    places = places_of(table.column_names, columns, NAMES)
    for name in NEEDED:
        require(places, table.column_names, name)
    found = {name: table.column(place).combine_chunks() for name, place in places.items()}
    if not table.num_rows:
        raise UsageError(f"the log {path} is empty: it has a header and no plays")
    time = _days(found["time"], path)
    seconds = _numbers(found["seconds"])
    finite = seconds[np.isfinite(seconds)]
    if len(finite) and np.median(finite) > MILLISECONDS:
        seconds = seconds / 1000
    good = np.isfinite(time) & (seconds >= 0)
    for name in ("listener", "track"):
        good &= ~np.asarray(pc.is_null(found[name]))
    bad = int(np.sum(~good))
    if bad > UNREADABLE * len(good):
        raise UsageError(
            f"{bad:,} of {len(good):,} rows of {path} have no listener, track, time, or seconds from 0: more"
            " than 1 % is too many"
        )
    source = _words(found["source"]) if "source" in found else None
    events = Events(
        listener=_codes(found["listener"]),
        track=_codes(found["track"]),
        time=time,
        seconds=seconds.astype(np.float32),
        session=_codes(found["session"]) if "session" in found else None,
        skipped=_skipped(found, seconds),
        artist=_codes(found["artist"]) if "artist" in found else None,
        genre=_codes(found["genre"]) if "genre" in found else None,
        charts=None if source is None else np.isin(source, CHARTS),
        personal=None if source is None else np.isin(source, PERSONAL),
    )
    left_out = f"{bad:,} of {len(good):,} rows cannot be read and are left out" if bad else ""
    return (events.rows(np.flatnonzero(good)) if bad else events), left_out


def _open(path: Path) -> pa.Table:
    if not path.is_file():
        raise UsageError(f"no log at {path}: {'that is a folder' if path.is_dir() else 'no such file'}")
    try:
        with path.open("rb") as file:
            magic = file.read(4)
        if magic == b"PAR1":
            return pq.read_table(path)
        with pa.input_stream(str(path), compression="gzip" if magic[:2] == b"\x1f\x8b" else None) as stream:
            head = stream.read(1 << 16).split(b"\n", 1)[0].decode("utf-8-sig")
        if not head.strip():
            raise UsageError(f"the log {path} is empty; a table with a header and a row a play was expected")
        delimiter = max("\t,;", key=head.count)
        with pa.input_stream(str(path), compression="gzip" if magic[:2] == b"\x1f\x8b" else None) as stream:
            return pa_csv.read_csv(stream, parse_options=pa_csv.ParseOptions(delimiter=delimiter))
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        reason = str(error).splitlines()[0]
        raise UsageError(
            f"{path} is not a table that can be read: CSV or TSV in UTF-8, gzipped or not, or Parquet was"
            f" expected ({reason})"
        ) from None


def _days(column: pa.Array, path: Path) -> F64:
    """(e,) days, day 0 a Monday, of days, of seconds or milliseconds since 1970, or ISO 8601; nan: none."""
    if not (pa.types.is_floating(column.type) or pa.types.is_integer(column.type)):
        try:
            if pa.types.is_dictionary(column.type):
                column = column.dictionary_decode()
            zoned = pa.types.is_string(column.type) and _has_zone(column)
            moments = column.cast(pa.timestamp("us", "UTC" if zoned else _zone(column.type)))
        except pa.ArrowException as error:
            raise UsageError(
                f"the times of {path} cannot be read: days, seconds since 1970, or ISO 8601 such as"
                f" 2024-05-01T18:30:00 were expected ({str(error).splitlines()[0]})"
            ) from None
        return _numbers(moments.cast(pa.int64())) / 86_400e6 + THURSDAY
    time = _numbers(column)
    most = np.nanmax(time, initial=0.0)
    if most > EPOCH:
        return time / (86_400e3 if most > EPOCH_MS else 86_400.0) + THURSDAY
    return time


def _has_zone(column: pa.Array) -> bool:
    first = next((cell.as_py() for cell in column if cell.is_valid), "")
    return re.search(r"(Z|[+-]\d\d:?\d\d)$", first) is not None


def _zone(kind: pa.DataType) -> str | None:
    return kind.tz if pa.types.is_timestamp(kind) else None


def _numbers(column: pa.Array) -> F64:
    """(e,) float64; nan where there is none, or what stands there is no number."""
    if pa.types.is_null(column.type):
        return np.full(len(column), np.nan)
    if not (pa.types.is_floating(column.type) or pa.types.is_integer(column.type)):
        return np.full(len(column), np.nan)
    return column.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False)


def _codes(column: pa.Array) -> I32:
    """(e,) a number for every different value; -1 where there is none."""
    coded = column if pa.types.is_dictionary(column.type) else column.dictionary_encode()
    return coded.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int32)


def _words(column: pa.Array) -> NDArray:
    """(e,) text in small letters, empty where there is none."""
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    return np.array([str(cell or "").strip().lower() for cell in column.to_pylist()])


def _skipped(found: Mapping[str, pa.Array], seconds: F64) -> Bool | None:
    """(e,) whether the play ended before its track did; None if nothing tells."""
    if "skipped" in found:
        column = found["skipped"]
        if pa.types.is_boolean(column.type):
            return np.asarray(column.fill_null(False), bool)
        return np.isin(_words(column), ("true", "1", "1.0", "yes", "t"))
    if "length" not in found:
        return None
    length = _numbers(found["length"])
    finite = length[np.isfinite(length)]
    if len(finite) and np.median(finite) > MILLISECONDS:
        length = length / 1000
    return seconds < length - UNFINISHED  # of unknown length: finished
