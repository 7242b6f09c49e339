"""How much listeners hear of a track, of its album, its artist and its genres."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Self

import numpy as np
from numpy.typing import NDArray

from simenv.agents._grades import BEST, WORST, Grades
from simenv.agents._level_loops import blend, tell
from simenv.catalogue import Catalogue
from simenv.log import Log
from simenv.types import F32, I32

LEVELS = ("track", "album", "artist", "genres")
"""From the narrowest to the widest."""


@dataclass(frozen=True, slots=True)
class Levels:
    """Everyone's plays, and the share heard of them, of every listener and of all together.

    A rate is (h + smoothing m) / (n + smoothing): n decayed plays, h the shares heard of them summed, m what
    is expected: of an artist and of a genre the mean of all plays, of an album its artist's rate, of a track
    its album's.
    """

    start: I32  # (n + 1,) where each listener's tracks begin
    track: I32  # (e,)
    plays: F32  # (e,) decayed
    heard: F32  # (e,) shares heard, summed; 0 to plays
    of_track: F32  # (T,) everyone's rates
    of_album: F32
    of_artist: F32
    of_genre: F32

    @classmethod
    def nothing(cls, n_listeners: int, catalogue: Catalogue) -> Self:
        """Nobody has played anything: everyone's rates are one half."""
        none = np.empty(0, np.float32)
        half = [np.full(size, 0.5, np.float32) for size in _sizes(catalogue)]
        start, track = np.zeros(n_listeners + 1, np.int32), np.empty(0, np.int32)
        return cls(start, track, none, none, *half)

    @classmethod
    def of(cls, log: Log, catalogue: Catalogue, half_life: float, smoothing: float) -> Self:
        """What `log` says; an empty one says nothing."""
        grades = Grades.of(log, catalogue, half_life)
        if not len(grades):
            return cls.nothing(log.n_listeners, catalogue)
        heard = (grades.weight * (grades.grade - WORST) / (BEST - WORST)).astype(np.float32)
        n_tracks, n_albums, n_artists, n_genres = _sizes(catalogue)
        n = np.bincount(grades.track, grades.weight, n_tracks)
        h = np.bincount(grades.track, heard, n_tracks)
        mean = np.full(1, h.sum() / n.sum())
        count = np.diff(catalogue.genre_start)

        def rate(whose: I32, size: int, n: NDArray, h: NDArray, prior: NDArray) -> F32:
            plays, total = np.bincount(whose, n, size), np.bincount(whose, h, size)
            return ((total + smoothing * prior) / np.maximum(plays + smoothing, 1e-9)).astype(np.float32)

        artist = rate(catalogue.artist, n_artists, n, h, mean)
        above = np.zeros(n_albums, np.float32)
        above[catalogue.album] = artist[catalogue.artist]
        album = rate(catalogue.album, n_albums, n, h, above)
        track = rate(np.arange(n_tracks, dtype=np.int32), n_tracks, n, h, album[catalogue.album])
        genre = rate(catalogue.genre_ids, n_genres, np.repeat(n, count), np.repeat(h, count), mean)
        return cls(grades.start, grades.track, grades.weight, heard, track, album, artist, genre)

    def arrays(self) -> dict[str, NDArray]:
        """All fields by name: what `Levels(**arrays)` takes."""
        return {f.name: getattr(self, f.name) for f in fields(self)}

    def blended(
        self, rows: I32, catalogue: Catalogue, weights: F32, smoothing: float, best_genre: bool
    ) -> F32:
        """(m, T) the weighted mean of the rates of those levels that each listener knows; see `Hierarchy`.

        Args:
            rows: (m,) listeners.
            catalogue: of the tracks.
            weights: (4,) of album, artist, genres, and of everyone's rate of the track.
            smoothing: plays that what is expected is worth.
            best_genre: of several genres take the best rate, not their mean.
        """
        out = np.empty((len(rows), len(self.of_track)), np.float32)
        blend(
            rows,
            *self._columns(catalogue),
            np.float32(smoothing),
            weights,
            best_genre,
            *_scratch(catalogue),
            out,
        )
        return out

    def facts(self, rows: I32, tracks: I32, catalogue: Catalogue, smoothing: float) -> F32:
        """(m, c, 8) ln(1 + plays) and rate of each listener at each of LEVELS of `tracks` (m, c).

        Rates are smoothed towards everyone's; several genres count with their mean.
        """
        out = np.zeros((*tracks.shape, 2 * len(LEVELS)), np.float32)
        tracks = np.ascontiguousarray(tracks)
        own = [np.empty(len(catalogue), np.float32) for _ in range(2)]
        tell(rows, *self._columns(catalogue), np.float32(smoothing), tracks, *own, *_scratch(catalogue), out)
        out[..., ::2] = np.log1p(out[..., ::2])
        return out

    def _columns(self, catalogue: Catalogue) -> tuple[NDArray, ...]:
        c = catalogue
        return (*self.arrays().values(), c.album, c.artist, c.genre_start, c.genre_ids)


def _sizes(catalogue: Catalogue) -> tuple[int, int, int, int]:
    """Tracks, albums, artists, genres."""
    n_albums = int(catalogue.album.max(initial=-1)) + 1
    return len(catalogue), n_albums, catalogue.n_artists, catalogue.n_genres


def _scratch(catalogue: Catalogue) -> list[F32]:
    """Room for plays and rates of albums, artists and genres."""
    return [np.empty(size, np.float32) for size in _sizes(catalogue)[1:] * 2]
