"""Rows of a table of tracks: read, checked, and the rows of one track brought together."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from simenv._cells import blank, days_of, numbers_of, parts_of, text_of
from simenv._tables import NAMES, recognise
from simenv._unreadable import Unreadable
from simenv.catalogue import AUDIO
from simenv.errors import UsageError
from simenv.types import F64

LONGEST = 6 * 3600.0  # seconds
FASTEST = 300.0  # beats a minute
MILLISECONDS = 10_000.0  # a table whose middle track is longer than so many seconds counts in milliseconds


@dataclass(frozen=True, slots=True)
class Tracks:
    """What a table says of T tracks, in the order of their ids."""

    ids: list[str]
    titles: list[str]
    artists: list[str]  # empty where unknown
    albums: list[str]  # empty where unknown
    genres: list[list[str]]  # of each row that the track stands in, the main one first
    sub_genres: list[list[str]]
    seconds: F64  # nan where unknown
    released: F64  # days since 1970, nan where unknown
    audio: F64  # (T, f)
    features: tuple[str, ...]


def read_tracks(table: pa.Table, columns: Mapping[str, str]) -> Tracks:
    """The tracks of a table; neither the order of its rows nor that of its columns matters.

    Args:
        table: as `open_table` gives it, or from anywhere else.
        columns: used as -> name of the column, where it is not recognised.

    Raises:
        UsageError: if a column is missing, over 1 % of the rows cannot be read, or fewer than two tracks can.

    Warns:
        UserWarning: if rows were skipped: how many, and why.
    """
    places = recognise(table.column_names, columns)
    n = table.num_rows
    text = dict.fromkeys((*NAMES, "sub_genres"), [""] * n)
    text |= {name: text_of(table.column(place)) for name, place in places.items()}
    if "genres" not in places:
        text["genres"] = text["sub_genres"]
    check = Unreadable(table)

    features = tuple(feature for feature in AUDIO if feature in places)
    audio = np.empty((n, len(features)))
    for column, feature in enumerate(features):
        most = FASTEST if feature == "tempo" else 1.0
        audio[:, column] = numbers_of(text[feature])
        within = (audio[:, column] >= 0) & (audio[:, column] <= most)
        check.need(within, f"{feature} is not within 0 to {most:g}", text[feature])
    seconds = numbers_of(text["seconds"])
    if np.median(seconds[np.isfinite(seconds)] if np.isfinite(seconds).any() else 0) > MILLISECONDS:
        seconds /= 1000
    possible = (seconds > 0) & (seconds <= LONGEST)
    check.need(possible | blank(text["seconds"]), "its length is not within 0 to 6 hours", text["seconds"])
    released = days_of(text["released"])
    check.need(np.isfinite(released) | blank(text["released"]), "no date of release", text["released"])
    artists = [next(iter(parts_of(cell, ";")), "") for cell in text["artist"]]
    ids, named = text["track_id"], "track_id" if "track_id" in places else "title"
    check.need(~blank(text[named]), f"no {named}", text["artist"])
    if named == "title":
        lengths = [f"{x:g}" for x in seconds]
        ids = [" / ".join(row) for row in zip(text["title"], artists, text["album"], lengths, strict=True)]

    numbers = np.nan_to_num(np.column_stack([seconds, released, audio]), nan=-np.inf).tolist()
    facts = list(zip(ids, text["title"], artists, text["album"], numbers, strict=True))
    order = sorted(np.flatnonzero(~check.bad).tolist(), key=facts.__getitem__)
    rows: dict[str, list[int]] = {}  # of each track, the row that speaks for it first
    for i in order:
        rows.setdefault(ids[i], []).append(i)
    same = np.ones(n, bool)
    for group in rows.values():
        same[group] = [facts[i] == facts[group[0]] for i in group]
    check.need(same, f"another row of its {named} says otherwise", ids)
    if told := check.told():
        warnings.warn(told, stacklevel=3)
    if len(rows) < 2:
        raise UsageError(f"a catalogue needs at least 2 tracks; {check.source} has {len(rows)} in {n} rows")

    lead = [group[0] for group in rows.values()]
    genres, sub_genres = (
        [
            [part for i in group if same[i] for part in parts_of(text[name][i].lower(), ";|,")]
            for group in rows.values()
        ]
        for name in ("genres", "sub_genres")
    )
    return Tracks(
        ids=list(rows),
        titles=[text["title"][i] or ids[i] for i in lead],
        artists=[artists[i] for i in lead],
        albums=[text["album"][i] for i in lead],
        genres=genres,
        sub_genres=sub_genres,
        seconds=seconds[lead],
        released=released[lead],
        audio=audio[lead],
        features=features,
    )
