"""Tables as people have them: opened, and their columns recognised."""

from __future__ import annotations

import csv
import difflib
import re
from collections.abc import Mapping
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import csv as pa_csv

from simenv.catalogue import AUDIO
from simenv.errors import UsageError

NAMES: Mapping[str, tuple[str, ...]] = {
    "track_id": ("track_id", "id", "track_uri", "uri", "spotify_id", "spotify_track_id"),
    "title": ("title", "track_name", "name", "track", "song", "song_name", "track_title"),
    "artist": ("artist", "track_artist", "artist_name", "artists", "artist_names", "track_artists"),
    "album": ("album", "track_album_name", "album_name", "track_album"),
    "genres": ("genres", "genre", "playlist_genre", "track_genre", "main_genre", "artist_genres"),
    "seconds": ("seconds", "duration_ms", "duration", "track_duration_ms", "duration_s", "length"),
    "released": ("released", "track_album_release_date", "release_date", "album_release_date", "year"),
    **{feature: (feature,) for feature in AUDIO},
}
"""What a column may be used as, and under which names it is recognised, capitals and spaces aside."""

SUB_GENRES = ("playlist_subgenre", "subgenre", "sub_genre", "subgenres")


def open_table(path: Path, kind: str = "catalogue", row: str = "track") -> pa.Table:
    """The table in a CSV, TSV or Parquet file, gzipped or not; cells of text files are strings.

    Args:
        path: the file.
        kind: what errors call it.
        row: what errors say that a row of it holds.

    Raises:
        UsageError: if there is no such file, or it is empty or no table.
    """
    if not path.is_file():
        raise UsageError(f"no {kind} at {path}: {'that is a folder' if path.is_dir() else 'no such file'}")
    try:
        with path.open("rb") as file:
            magic = file.read(4)
        if not magic:
            raise UsageError(
                f"the {kind} {path} is empty; a table with a header and a row a {row} was expected"
            )
        if magic == b"PAR1":
            return pq.read_table(path).replace_schema_metadata({"source": str(path)})
        return _read_text(path, "gzip" if magic[:2] == b"\x1f\x8b" else None)
    except (pa.ArrowException, OSError, UnicodeDecodeError, csv.Error) as error:
        reason = str(error).splitlines()[0]
        raise UsageError(
            f"{path} is not a table that can be read: CSV or TSV in UTF-8, gzipped or not, or Parquet"
            f" was expected ({reason})"
        ) from None


def _read_text(path: Path, compression: str | None) -> pa.Table:
    with pa.input_stream(str(path), compression=compression) as stream:
        head = stream.read(1 << 16)
    if b"\0" in head:
        raise UsageError(f"{path} is not a table: it is binary. Save it as CSV, TSV or Parquet")
    line = head.split(b"\n", 1)[0].decode("utf-8-sig").rstrip("\r")
    delimiter = max("\t,;", key=line.count)
    names = next(csv.reader([line], delimiter=delimiter), [])
    torn = 0

    def skip(row: pa_csv.InvalidRow) -> str:
        nonlocal torn
        torn += 1
        return "skip"

    places = [str(i) for i in range(len(names))]  # so that a name may stand twice
    with pa.input_stream(str(path), compression=compression) as stream:
        table = pa_csv.read_csv(
            stream,
            pa_csv.ReadOptions(column_names=places, skip_rows=1),
            pa_csv.ParseOptions(delimiter=delimiter, newlines_in_values=True, invalid_row_handler=skip),
            pa_csv.ConvertOptions(column_types=dict.fromkeys(places, pa.string()), strings_can_be_null=False),
        )
    metadata = {"torn": str(torn), "source": str(path)}
    return table.rename_columns(names).replace_schema_metadata(metadata)


def recognise(names: list[str], columns: Mapping[str, str]) -> dict[str, int]:
    """Which column of a table of tracks is used as what: its place by name.

    Args:
        names: of all columns of the table.
        columns: used as -> name of the column, where the user says so.

    Raises:
        UsageError: if a needed column is missing, or `columns` names what is not there.
    """
    places = places_of(names, columns, NAMES)
    if "genres" not in columns:
        places |= places_of(names, {}, {"sub_genres": SUB_GENRES})
    require(places, names, "artist")
    if "track_id" not in places:
        require(places, names, "title", "title or track_id")
    return places


def places_of(
    names: list[str], columns: Mapping[str, str], known: Mapping[str, tuple[str, ...]]
) -> dict[str, int]:
    """Where each of `known` is among the columns `names`: where `columns` says, else under an alias.

    Raises:
        UsageError: if `columns` names what is not known or not there.
    """
    for name, column in columns.items():
        if name not in known:
            close = difflib.get_close_matches(name, known, 1)
            hint = f"; did you mean {close[0]!r}?" if close else f"; it is one of {', '.join(known)}"
            raise UsageError(f"{name}={column}: a column cannot be used as {name!r}{hint}")
        if names.count(column) != 1:
            count = "no column" if column not in names else "more than one column"
            raise UsageError(f"{name}={column}: the table has {count} {column!r}; it has {', '.join(names)}")
    plain = [re.sub(r"[\s\-]+", "_", name.strip().lower()) for name in names]
    places = {}
    for name, aliases in known.items():
        found = [plain.index(alias) for alias in aliases if alias in plain]
        if name in columns:
            places[name] = names.index(columns[name])
        elif found:
            places[name] = found[0]
    return places


def require(places: Mapping[str, int], names: list[str], name: str, what: str | None = None) -> None:
    """Say which column is missing, what there is and how to map it, if `name` has no place.

    Raises:
        UsageError: then; it calls the column `what`.
    """
    if name not in places:
        raise UsageError(
            f"the table has no column that is recognised as {what or name};"
            f" its columns are {', '.join(names)}. Say which one it is: --columns {name}=COLUMN"
        )
