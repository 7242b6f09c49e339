"""How alike two tracks are, from what is public of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simenv.catalogue import Catalogue
from simenv.types import F32, I32


@dataclass(frozen=True, slots=True)
class Likeness:
    """Likeness in [0, 1]: the weighted mean of likeness in audio features, genres and artist.

    Audio: the cosine of z-scaled features, at least 0. Genres: shared ones over the root of the product of
    their numbers. Artist: 1 if it is the same. What is missing is unlike.
    """

    audio: F32  # (T, f) unit rows; 0 where nothing is known
    artist: I32  # (T,)
    start: I32  # (T + 1,) into `ids`
    ids: I32  # genres of the tracks, none twice
    weights: F32  # (3,) of audio, genres and artist, 1 in all
    n_genres: int

    @classmethod
    def of(cls, catalogue: Catalogue, audio: float, genres: float, artist: float) -> Likeness:
        """That of the tracks of a catalogue, the three parts weighing as is said."""
        lists = catalogue.genre_matrix()
        weights = np.array([audio, genres, artist], np.float32)
        return cls(
            _unit_z(catalogue.audio),
            catalogue.artist,
            lists.indptr.astype(np.int32),
            lists.indices.astype(np.int32),
            weights / weights.sum(),
            catalogue.n_genres,
        )

    def between(self, track: int, others: I32) -> F32:
        """(c,) likeness of a track to each of `others` (c,)."""
        own = self.ids[self.start[track] : self.start[track + 1]]
        theirs = [self.ids[self.start[j] : self.start[j + 1]] for j in others]
        shared = np.array([np.isin(g, own).sum() / np.sqrt(max(len(g) * len(own), 1)) for g in theirs])
        sound = np.maximum(self.audio[others] @ self.audio[track], 0)
        same = self.artist[others] == self.artist[track]
        return (np.stack([sound, shared, same], axis=1) @ self.weights).astype(np.float32)


def _unit_z(audio: F32) -> F32:
    """Columns to mean 0 and sd 1, nan to 0; then rows to length 1."""
    if not audio.size:
        return np.zeros((len(audio), 1), np.float32)
    known = np.isfinite(audio)
    n = np.maximum(known.sum(axis=0), 1)
    middle = np.where(known, audio, 0).sum(axis=0) / n
    off = np.where(known, audio - middle, 0)
    spread = np.sqrt((off**2).sum(axis=0) / n)
    z = off / np.where(spread > 0, spread, 1)
    length = np.linalg.norm(z, axis=1, keepdims=True)
    return np.ascontiguousarray(z / np.where(length > 0, length, 1), np.float32)
