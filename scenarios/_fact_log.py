"""Logs of plays as people have them, brought to the columns that facts are computed from."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from simenv._tables import require
from simenv._unreadable import Unreadable
from simenv.scenarios import _columns
from simenv.scenarios._listening import Events

NAMES: Mapping[str, tuple[str, ...]] = {
    "listener": _columns.LISTENER,
    "track": _columns.TRACK,
    "time": _columns.TIME,
    "seconds": _columns.SECONDS,
    "session": ("session", "session_id"),
    "artist": ("artist", "artist_id", "artist_name", "master_metadata_album_artist_name"),
    "length": _columns.LENGTH,
    "skipped": _columns.SKIPPED,
    "genre": ("genre", "main_genre", "genre_id"),
    "source": ("source", "context_type"),
}
"""What a column may be used as, and under which names it is recognised, capitals and spaces aside."""

NEEDED = ("listener", "track", "time", "seconds")
CODED = ("listener", "track", "session", "artist", "genre")
CHARTS = ("charts", "chart", "radio")
PERSONAL = ("recommended", "personalised", "personalized", "personalized playlist")


def read_log(path: Path, columns: Mapping[str, str]) -> tuple[Events, str]:
    """The plays in a CSV, TSV or Parquet file, and what was left out, in words.

    Args:
        path: the file; text may be gzipped.
        columns: used as -> name of the column, where it is not recognised.

    Raises:
        UsageError: if there is no such file, it is empty or no table, a needed column is missing, or more
            than 1 % of the rows cannot be read.
    """
    table, places = _columns.open_log(path, columns, NAMES)
    for name in NEEDED:
        require(places, table.column_names, name)
    found = {name: _columns.cells(table.column(place)) for name, place in places.items()}
    check = Unreadable(table)
    for name in ("listener", "track"):
        check.need(found[name].is_valid().to_numpy(zero_copy_only=False), f"no {name}", found[name])
    time, _ = _columns.days(found["time"])
    seconds = _columns.lengths(found["seconds"])
    check.need(np.isfinite(time), "no time", found["time"])
    check.need(seconds >= 0, "no seconds from 0", found["seconds"])
    left_out = check.told()
    source = _columns.words(found["source"]) if "source" in found else None
    code = {name: _columns.coded(cells)[0] for name, cells in found.items() if name in CODED}
    events = Events(
        listener=code["listener"],
        track=code["track"],
        time=time,
        seconds=seconds.astype(np.float32),
        session=code.get("session"),
        skipped=_columns.stopped(found, seconds),
        artist=code.get("artist"),
        genre=code.get("genre"),
        charts=None if source is None else np.isin(source, CHARTS),
        personal=None if source is None else np.isin(source, PERSONAL),
    )
    return (events.rows(np.flatnonzero(~check.bad)) if check.bad.any() else events), left_out
