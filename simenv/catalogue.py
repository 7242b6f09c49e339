"""Tracks: what shows of them, and what only a listener hears."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, fields

import numpy as np
from scipy import sparse

from simenv.types import F32, F64, I32, Bool

AUDIO = (
    "acousticness",
    "danceability",
    "energy",
    "instrumentalness",
    "liveness",
    "speechiness",
    "valence",
    "tempo",
)
"""Audio features in the sense of the streaming services: seven in [0, 1], and the tempo in beats a minute."""

CUES = ("catchiness", "substance")
"""Two more features in [0, 1] of tracks with hook and depth: each hints at one of the two."""


@dataclass(frozen=True, slots=True)
class Names:
    """What tracks, artists and genres are called; made up from their numbers where nobody said."""

    ids: Sequence[str] = ()  # (T,) identities in the source table
    tracks: Sequence[str] = ()  # (T,) titles
    artists: Sequence[str] = ()
    albums: Sequence[str] = ()
    genres: Sequence[str] = ()
    groups: Sequence[str] = ()  # of artists, as `Catalogue.group` numbers them

    def track(self, track: int) -> str:
        return self.tracks[track] if self.tracks else f"Track {track}"

    def artist(self, artist: int) -> str:
        return self.artists[artist] if self.artists else f"Artist {artist}"

    def album(self, album: int) -> str:
        return self.albums[album] if self.albums else f"Album {album}"

    def genre(self, genre: int) -> str:
        return self.genres[genre] if self.genres else f"Genre {genre}"


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Public facts of T tracks: all that anyone may know of them."""

    audio: F32  # (T, f) columns named by `features`; in the units of AUDIO
    genre_start: I32  # (T + 1,) genres of track i are genre_ids[genre_start[i]:genre_start[i + 1]]
    genre_ids: I32  # (g,) one or more a track, the main one first; none where unknown
    album: I32  # (T,)
    artist: I32  # (T,)
    label: I32  # (T,) 0 independent, 1 major
    group: I32  # (T,) of the artist: gender, say
    seconds: F32  # (T,)
    released: F64  # (T,) day it comes out; under 0: before the start
    features: tuple[str, ...] = AUDIO
    names: Names = field(default_factory=Names)
    digest: str = ""  # of all arrays: models that were fitted to another catalogue are refused

    def __post_init__(self) -> None:
        if not self.digest:
            h = hashlib.blake2b(digest_size=8)
            for f in fields(self):
                value = getattr(self, f.name)
                if isinstance(value, np.ndarray):
                    h.update(np.ascontiguousarray(value).tobytes())
            object.__setattr__(self, "digest", h.hexdigest())

    def __len__(self) -> int:
        return len(self.artist)

    @property
    def n_artists(self) -> int:
        return int(self.artist.max(initial=-1)) + 1

    @property
    def n_genres(self) -> int:
        return int(self.genre_ids.max(initial=-1)) + 1

    def released_by(self, time: float) -> Bool:
        """(T,) whether each track is out at `time`."""
        return self.released <= time

    def genres_of(self, track: int) -> I32:
        """The genres of one track, the main one first."""
        return self.genre_ids[self.genre_start[track] : self.genre_start[track + 1]]

    def genre_matrix(self) -> sparse.csr_array:
        """(T, G) float32: 1 where a track has a genre."""
        ones = np.ones(len(self.genre_ids), np.float32)
        shape = (len(self), self.n_genres)
        matrix = sparse.csr_array((ones, self.genre_ids, self.genre_start), shape=shape, copy=True)
        matrix.sum_duplicates()  # in place, hence the copy: the catalogue's arrays are not written to
        matrix.data[:] = 1
        return matrix

    def choose(self, rows: I32) -> Catalogue:
        """The tracks `rows` (c,) of this catalogue, in that order; -1: one of which nothing is known.

        Such a track has an artist and an album of its own, no genre, the mean of every audio feature, 210 s,
        and was out before the start.
        """
        known, unknown = rows >= 0, np.flatnonzero(rows < 0)
        at = np.where(known, rows, 0)
        own = np.cumsum(~known) - 1  # numbers the unknown ones
        mean = self.audio.mean(axis=0) if len(self) else self.audio.sum(axis=0)
        genres = [self.genres_of(row) if row >= 0 else self.genre_ids[:0] for row in rows.tolist()]
        start = np.append(0, np.cumsum([len(g) for g in genres]))
        n_albums = int(self.album.max(initial=-1)) + 1
        names = self.names
        more = ["unknown"] * len(unknown)
        return Catalogue(
            audio=np.where(known[:, None], self.audio[at], mean).astype(np.float32),
            genre_start=start.astype(np.int32),
            genre_ids=np.concatenate([self.genre_ids[:0], *genres]),
            album=np.where(known, self.album[at], n_albums + own).astype(np.int32),
            artist=np.where(known, self.artist[at], self.n_artists + own).astype(np.int32),
            label=np.where(known, self.label[at], 0).astype(np.int32),
            group=np.where(known, self.group[at], 0).astype(np.int32),
            seconds=np.where(known, self.seconds[at], 210).astype(np.float32),
            released=np.where(known, self.released[at], -1.0),
            features=self.features,
            names=Names(
                ids=[names.ids[row] if row >= 0 else "" for row in rows] if names.ids else (),
                tracks=[names.tracks[row] if row >= 0 else "unknown" for row in rows] if names.tracks else (),
                artists=[*names.artists, *more] if names.artists else (),
                albums=[*names.albums, *more] if names.albums else (),
                genres=names.genres,
                groups=names.groups,
            ),
        )

    @classmethod
    def bare(cls, n_tracks: int) -> Catalogue:
        """A catalogue that knows only that its tracks exist: every track by an artist of its own."""
        zero, own = np.zeros(n_tracks, np.int32), np.arange(n_tracks, dtype=np.int32)
        return cls(
            audio=np.zeros((n_tracks, 0), np.float32),
            genre_start=np.zeros(n_tracks + 1, np.int32),
            genre_ids=np.empty(0, np.int32),
            album=own,
            artist=own,
            label=zero,
            group=zero,
            seconds=np.full(n_tracks, 210, np.float32),
            released=np.full(n_tracks, -1.0),
            features=(),
        )


@dataclass(frozen=True, slots=True)
class Hidden:
    """What only listeners hear of T tracks (LISTENER.md 1)."""

    sound: F32  # (T, d) z, unit rows
    quality: F32  # (T,) q
    hook: F32  # (T,) h, sd 1: what pleases at once; 0 where tracks have none
    depth: F32  # (T,) g, sd 1: what satisfies in the long run; 0 where tracks have none
    arousal: F32  # (T,) e in [0, 1]
    reach: F32  # (T,) of its artist: the weight in the first charts
    micro_genre: I32  # (T,)
    centroids: F32  # (M, d) unit rows, where each micro-genre lies
    supply: F32  # (M,) share of artists of each micro-genre: where listeners' interests come from
