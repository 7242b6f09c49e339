"""Cells of play logs: moments, numbers, yes and no, names, as people write them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from simenv._cells import NOTHING
from simenv._tables import open_table, places_of
from simenv._unreadable import Unreadable
from simenv.errors import UsageError
from simenv.types import F64, I32, Bool

LISTENER = ("listener", "listener_id", "user", "user_id", "userid", "username", "user_name")
TRACK = ("track_id", "track_uri", "spotify_track_uri", "item_id", "song_id", "track", "track_name")
TIME = ("time", "timestamp", "ts", "datetime", "played_at", "start_time", "date_time")
SECONDS = ("seconds", "seconds_played", "played_seconds", "ms_played", "msplayed", "play_time")
LENGTH = ("track_seconds", "track_length", "track_duration", "track_duration_ms", "duration_ms")
SKIPPED = ("skipped", "skip")
"""Names under which the columns that every log may have are recognised."""

MILLISECONDS = 10_000.0  # lengths of which the middle one is more than so many seconds are milliseconds
EPOCH, EPOCH_MS = 1e7, 1e11  # numbers beyond are seconds or milliseconds since 1970, not days
THURSDAY = 3.0  # the weekday on which 1970 began; day 0 of ours is a Monday
UNFINISHED = 1.0  # seconds: a play that ends so much before its track does was skipped

_NUMBER = r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$"
_MOMENT = r"^\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d+)?)?)?"
_ZONE = r"(Z|[+-]\d\d:?\d\d)$"


def open_log(
    path: Path, columns: Mapping[str, str], known: Mapping[str, tuple[str, ...]]
) -> tuple[pa.Table, dict[str, int]]:
    """The table of a log, and where each of the `known` columns stands in it.

    Args:
        path: CSV, TSV or Parquet, gzipped or not.
        columns: used as -> name of the column, where it is not recognised.
        known: what a column may be used as, and the names under which it is recognised.

    Raises:
        UsageError: if there is no such file, it is no table or has no plays, or `columns` names what is not
            there.
    """
    table = open_table(path, "log", "play")
    places = places_of(table.column_names, columns, known)
    if not table.num_rows:
        Unreadable(table).told()  # raises if its rows were torn
        raise UsageError(f"the log {path} is empty: it has a header and no plays")
    return table, places


def mapping(columns: Sequence[str]) -> dict[str, str]:
    """NAME=COLUMN as the command line has it: used as -> name of the column.

    Raises:
        UsageError: if one is not written so.
    """
    pairs = [text.partition("=") for text in columns]
    for text, (name, equals, column) in zip(columns, pairs, strict=True):
        if not (name and equals and column):
            raise UsageError(f"--columns {text}: expected NAME=COLUMN, such as listener=user_name")
    return {name: column for name, _, column in pairs}


def cells(column: pa.ChunkedArray | pa.Array) -> pa.Array:
    """A column in one piece; text without outer spaces, null where it says nothing."""
    if isinstance(column, pa.ChunkedArray):
        column = column.combine_chunks()
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        column = pc.utf8_trim_whitespace(column)
        column = pc.if_else(pc.is_in(column, pa.array(["", *NOTHING], column.type)), None, column)
    return column


def numbers(column: pa.Array) -> F64:
    """(e,) float64; nan where there is none, or what stands there is no number."""
    kind = column.type
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        column = pc.if_else(pc.match_substring_regex(column, _NUMBER), column, None)
    elif not (pa.types.is_floating(kind) or pa.types.is_integer(kind) or pa.types.is_decimal(kind)):
        return np.full(len(column), np.nan)
    return column.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False)


def lengths(column: pa.Array) -> F64:
    """(e,) seconds, of seconds or milliseconds; nan where there are none."""
    seconds = numbers(column)
    finite = seconds[np.isfinite(seconds)]
    return seconds / 1000 if len(finite) and np.median(finite) > MILLISECONDS else seconds


def days(column: pa.Array) -> tuple[F64, str]:
    """(e,) days, day 0 a Monday, nan where there is no moment; and how moments are written, in words.

    They are days, seconds or milliseconds since 1970, or ISO 8601; cells that are not written as most are
    count as unreadable.

    Raises:
        UsageError: if no cell is a moment.
    """
    time = numbers(column)
    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        dated = pc.fill_null(pc.match_substring_regex(column, _MOMENT), False)
        if np.count_nonzero(dated) > np.isfinite(time).sum():
            return _of_text(pc.if_else(dated, column, None)), "dates"
    elif pa.types.is_temporal(column.type):
        zone = column.type.tz if pa.types.is_timestamp(column.type) else None
        return _of_moments(column.cast(pa.timestamp("us", zone))), "dates"
    if not np.isfinite(time).any():
        first = next((cell.as_py() for cell in column if cell.is_valid), "")
        raise UsageError(
            "the times of the log cannot be read: days, seconds or milliseconds since 1970, or ISO 8601 such"
            f" as 2024-05-01T18:30:00 were expected (the first is {first!r})"
        )
    most = np.nanmax(time)
    if most > EPOCH_MS:
        return time / 86_400e3 + THURSDAY, "milliseconds since 1970"
    return (time / 86_400 + THURSDAY, "seconds since 1970") if most > EPOCH else (time, "days")


def _of_text(column: pa.Array) -> F64:
    """(e,) days of ISO 8601, all with a zone or none with one, as most are."""
    zoned = pc.fill_null(pc.match_substring_regex(column, _MOMENT + _ZONE), False)
    some = bool(2 * np.count_nonzero(zoned) > len(column) - column.null_count)
    column = pc.if_else(zoned if some else pc.invert(zoned), column, None)
    try:
        return _of_moments(column.cast(pa.timestamp("us", "UTC" if some else None)))
    except pa.ArrowException as error:
        raise UsageError(
            "the times of the log cannot be read: ISO 8601 such as 2024-05-01T18:30:00 was expected"
            f" ({str(error).splitlines()[0]})"
        ) from None


def _of_moments(column: pa.Array) -> F64:
    return numbers(column.cast(pa.int64())) / 86_400e6 + THURSDAY


def words(column: pa.Array) -> NDArray:
    """(e,) text in small letters, empty where there is none."""
    return np.array([str(cell or "").strip().lower() for cell in column.to_pylist()])


def coded(column: pa.Array) -> tuple[I32, list[str]]:
    """(e,) places in the sorted list of different values, -1 where there is none; and the list, as text."""
    found = column.dictionary_encode()
    names = np.array([str(value) for value in found.dictionary.to_pylist()], object)
    order = np.argsort(names, kind="stable")
    place = np.empty(len(names) + 1, np.int32)
    place[order], place[-1] = np.arange(len(names)), -1
    return place[found.indices.fill_null(-1).to_numpy(zero_copy_only=False)], names[order].tolist()


def stopped(found: Mapping[str, pa.Array], seconds: F64 | None) -> Bool | None:
    """(e,) whether the play ended before its track did, as `skipped` or `length` tell; None: neither does."""
    if "skipped" in found:
        column = found["skipped"]
        if pa.types.is_boolean(column.type):
            return np.asarray(column.fill_null(False), bool)
        return np.isin(words(column), ("true", "1", "1.0", "yes", "t"))
    if "length" not in found or seconds is None:
        return None
    return seconds < lengths(found["length"]) - UNFINISHED  # of unknown length: finished
