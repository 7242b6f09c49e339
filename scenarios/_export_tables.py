"""Plays and tracks as tables for others: ours in words, RecBole's atomic files, LensKit's ratings."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from simenv.catalogue import Catalogue
from simenv.types import F64, REACHED, Plays

MONDAY = 1_704_067_200
"""Seconds since 1970 of day 0, which is a Monday: others have no days of ours. 1 January 2024."""
WORST, BEST = 1.0, 5.0
"""Ratings of a play that was left at once, and of one that was heard to the end."""


def tracks_table(catalogue: Catalogue, separator: str = "|") -> pa.Table:
    """All that is public of every track, one row a track; its genres joined by `separator`."""
    names, every = catalogue.names, range(len(catalogue))
    groups = names.groups or [f"Group {g}" for g in range(int(catalogue.group.max(initial=-1)) + 1)]
    columns = {
        "track": pa.array(np.arange(len(catalogue), dtype=np.int32)),
        "track_id": pa.array(list(names.ids) or [str(i) for i in every]),
        "title": pa.array([names.track(i) for i in every]),
        "artist": pa.array([names.artist(a) for a in catalogue.artist.tolist()]),
        "album": pa.array([names.album(a) for a in catalogue.album.tolist()]),
        "genres": pa.array(
            [separator.join(names.genre(g) for g in catalogue.genres_of(i).tolist()) for i in every]
        ),
        "label": pa.array([("independent", "major")[i] for i in catalogue.label.tolist()]),
        "group": pa.array([groups[g] for g in catalogue.group.tolist()]),
        "seconds": pa.array(catalogue.seconds),
        "released": pa.array(timestamps(catalogue.released), pa.timestamp("s")),
    }
    audio = {name: pa.array(catalogue.audio[:, j]) for j, name in enumerate(catalogue.features)}
    return pa.table(columns | audio)


def timestamps(time: F64) -> np.ndarray:
    """(e,) seconds since 1970, whole, of days."""
    return MONDAY + np.floor(time * 86_400).astype(np.int64)


def ratings(plays: Plays, catalogue: Catalogue) -> F64:
    """(e,) 1 + 4 (seconds heard / length), in [1, 5]."""
    heard = np.minimum(plays.seconds.astype(np.float64) / catalogue.seconds[plays.track], 1)
    return WORST + (BEST - WORST) * heard


def interactions(plays: Plays, catalogue: Catalogue) -> pa.Table:
    """RecBole's .inter: every play that was begun."""
    return pa.table(
        {
            "user_id:token": pa.array(plays.listener),
            "item_id:token": pa.array(plays.track),
            "rating:float": pa.array(ratings(plays, catalogue).round(3)),
            "timestamp:float": pa.array(timestamps(plays.time)),
        }
    )


def items(catalogue: Catalogue) -> pa.Table:
    """RecBole's .item: its sequences are parted by spaces, so words of one genre are joined by _."""
    table, every = tracks_table(catalogue), range(len(catalogue))
    genre = [catalogue.names.genre(g).replace(" ", "_") for g in range(catalogue.n_genres)]
    columns = {
        "item_id:token": table["track"],
        "title:token_seq": pa.array([_one_line(title) for title in table["title"].to_pylist()]),
        "artist:token": pa.array([_one_line(artist) for artist in table["artist"].to_pylist()]),
        "album:token": pa.array([_one_line(album) for album in table["album"].to_pylist()]),
        "genres:token_seq": pa.array([" ".join(genre[g] for g in catalogue.genres_of(i)) for i in every]),
        "seconds:float": table["seconds"],
        "released:float": pa.array(catalogue.released),
    }
    return pa.table(columns | {f"{name}:float": table[name] for name in catalogue.features})


def rated(plays: Plays, catalogue: Catalogue) -> pa.Table:
    """LensKit's ratings, a row a listener and track: the mean of their plays, when the last was, how many.

    In the order of the last play.
    """
    pair = plays.listener.astype(np.int64) * len(catalogue) + plays.track
    pairs, place, count = np.unique(pair, return_inverse=True, return_counts=True)
    mean = np.bincount(place, ratings(plays, catalogue), len(pairs)) / np.maximum(count, 1)
    last = np.zeros(len(pairs))
    np.maximum.at(last, place, plays.time)
    order = np.lexsort((pairs, last))
    return pa.table(
        {
            "user_id": pa.array((pairs // len(catalogue))[order]),
            "item_id": pa.array((pairs % len(catalogue))[order]),
            "rating": pa.array(mean[order].round(3)),
            "timestamp": pa.array(timestamps(last[order])),
            "count": pa.array(count[order]),
        }
    )


def begun(plays: Plays) -> Plays:
    """Those that were reached, in the order of time."""
    plays = plays.rows(np.flatnonzero(plays.has(REACHED)))
    return plays.rows(np.argsort(plays.time, kind="stable"))


def _one_line(text: str) -> str:
    """RecBole parts cells by tabs and knows no quotes."""
    return " ".join(text.replace('"', "'").split())
