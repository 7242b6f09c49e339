"""Genres of real tracks: which are public, and which micro-genre a track belongs to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import TypeVar

import numpy as np

from simenv._rows import Tracks
from simenv.rng import U64, Key
from simenv.types import I32

MOST = 300
"""Micro-genres: what is rarer counts as no genre."""

Name = TypeVar("Name", str, tuple[str, str])


def numbered(names: list[Name]) -> tuple[list[Name], I32]:
    """The different names in order, and the place of each of `names` among them."""
    different = sorted(set(names))
    place = {name: i for i, name in enumerate(different)}
    return different, np.array([place[name] for name in names], np.int32)


def commonest(names: Iterable[str]) -> list[str]:
    """The different names, the commonest first; equally common ones in order of the alphabet."""
    counts = Counter(names)
    return sorted(counts, key=lambda name: (-counts[name], name))


def micro_genres(tracks: Tracks, artist: I32, artists: U64, key: Key) -> list[str]:
    """(A,) micro-genre of each artist: the sub-genre (or genre) that most of their tracks stand under.

    Where an artist or the whole table has none, one by luck.

    Args:
        tracks: as the table has them.
        artist: (T,) 0..A-1.
        artists: (A,) events.
        key: of the luck.
    """
    given = tracks.sub_genres if any(tracks.sub_genres) else tracks.genres
    known = commonest(name for names in given for name in names)[:MOST]
    common = set(known)
    counts: list[Counter[str]] = [Counter() for _ in artists]
    for row, names in zip(artist, given, strict=True):
        counts[row].update(common.intersection(names))
    lots = known or [f"micro-genre {i}" for i in range(min(MOST, max(1, len(artist) // 12)))]
    luck = key.below(len(lots), artists)
    return [
        max(own, key=lambda name: (own[name], name)) if own else lots[i]
        for own, i in zip(counts, luck, strict=True)
    ]


def parents(tracks: Tracks, micro: list[str]) -> dict[str, str]:
    """The genre of each micro-genre: the commonest of its tracks, or itself if they have none."""
    genres: dict[str, list[str]] = {name: [] for name in micro}
    for name, given in zip(micro, tracks.genres, strict=True):
        genres[name] += given
    return {name: commonest(given)[0] if given else name for name, given in genres.items()}


def public_genres(tracks: Tracks, main: list[str]) -> tuple[list[str], I32, I32]:
    """Names of all genres, and those of each track as CSR: `main` first if it is among them, four at most."""
    kept = []
    for genre, given in zip(main, tracks.genres, strict=True):
        kept.append(sorted(commonest(given), key=lambda name: name != genre)[:4])
    names, ids = numbered([name for genres in kept for name in genres])
    start = np.concatenate([[0], np.cumsum([len(genres) for genres in kept])]).astype(np.int32)
    return names, start, ids
