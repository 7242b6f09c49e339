"""Tracks as anyone may see them: public facts as numbers in [-1, 1], and which tracks lie near each other."""

from __future__ import annotations

from pathlib import Path

import numpy as np

import simenv.floats as floats
from simenv._cache import driver
from simenv.catalogue import Catalogue
from simenv.floats import f32, log_array
from simenv.rng import Key
from simenv.types import F32, I32

GENRE_DIRECTIONS = 8
"""Columns that genres are folded into, however many there are."""

DEVIATIONS = 2.5
"""Standard deviations of a column of audio that 1 stands for."""

USUAL_SECONDS = f32(208)
"""Of a track: the median of the usual catalogue."""

_DIRECTIONS = Key.root(0) / "genre directions"  # of no world: a genre's number means the same in all


def track_features(catalogue: Catalogue) -> F32:
    """(T, f) public features in [-1, 1]: audio about its mean, the genres' directions, the length.

    Audio columns are (x - mean) / (2.5 sd). Each genre has a fixed direction in 8 dimensions, and a track the
    mean of its genres'; real catalogues have hundreds. The length is ln(seconds / 208). Audio that is missing
    counts as the mean.
    """
    audio = catalogue.audio.astype(np.float64)
    missing = ~np.isfinite(audio)
    if missing.any():
        known = np.maximum((~missing).sum(axis=0), 1)
        audio = np.where(missing, np.where(missing, 0, audio).sum(axis=0) / known, audio)
    spread = np.maximum(DEVIATIONS * audio.std(axis=0), 1e-9)
    length = log_array(catalogue.seconds / USUAL_SECONDS)
    columns = ((audio - audio.mean(axis=0)) / spread, _genre_directions(catalogue), length[:, None])
    return np.clip(np.concatenate(columns, axis=1), -1, 1).astype(np.float32)


def main_genre(catalogue: Catalogue) -> I32:
    """(T,) the first genre of each track; -1 where unknown."""
    has = np.diff(catalogue.genre_start) > 0
    genre = np.full(len(catalogue), -1, np.int32)
    genre[has] = catalogue.genre_ids[catalogue.genre_start[:-1][has]]
    return genre


def neighbours(features: F32, most: int = 32) -> I32:
    """(T, b) the tracks nearest to each by the cosine of features, nearest first; b = min(most, T - 1)."""
    length = np.sqrt((features * features).sum(axis=1, keepdims=True))
    unit = np.ascontiguousarray((features / np.maximum(length, f32(1e-9))).T)
    out = np.zeros((len(features), min(most, len(features) - 1)), np.int32)
    _nearest(unit, np.empty(len(features), np.float32), np.empty(out.shape[1], np.float32), out)
    return out


def _genre_directions(catalogue: Catalogue) -> F32:
    """(T, 8) mean direction of each track's genres; 0 where none is known."""
    draws = _DIRECTIONS.normal(np.arange(catalogue.n_genres)[:, None], np.arange(GENRE_DIRECTIONS))
    directions = draws / np.sqrt((draws * draws).sum(axis=1, keepdims=True))
    count = np.diff(catalogue.genre_start)
    total = np.zeros((len(catalogue), GENRE_DIRECTIONS), np.float32)
    np.add.at(total, np.repeat(np.arange(len(catalogue)), count), directions[catalogue.genre_ids])
    return (total / np.maximum(count, 1)[:, None]).astype(np.float32)


@driver([Path(__file__), Path(floats.__file__)])
def _nearest(unit: F32, cosine: F32, best: F32, out: I32) -> None:
    """Insertion of each track's best into a short list; `unit` is (f, T): the sums run over tracks."""
    width, total = unit.shape
    most = out.shape[1]
    for i in range(total):
        cosine[:] = 0
        for f in range(width):
            weight = unit[f, i]
            for j in range(total):
                cosine[j] += weight * unit[f, j]
        best[:] = -np.inf
        for j in range(total):
            if j == i or cosine[j] <= best[most - 1]:
                continue
            place = most - 1
            while place > 0 and best[place - 1] < cosine[j]:
                best[place], out[i, place] = best[place - 1], out[i, place - 1]
                place -= 1
            best[place], out[i, place] = cosine[j], j
