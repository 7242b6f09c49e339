"""What is kept of a listener, a track and an organic play: one record each, as kernels read them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simenv.catalogue import Catalogue, Hidden
from simenv.errors import UsageError
from simenv.features import main_genre
from simenv.types import Plays
from simenv.users.derived import hazard
from simenv.users.params import ListenerParams

DIMENSIONS = 256
"""d of the hidden sound at most: a listener's interests are kept in five times as many floats."""
MICRO_GENRES = 32_767
"""Micro-genres at most: a listener's long-run taste names them in 16 bits."""

PERSON = np.dtype(  # signed throughout: uint8 beside int64 is float64 to Numba
    [
        ("luck", np.uint64),  # hash of who they are
        ("clock", np.float64),  # days: when they act next
        ("gone", np.float64),  # when they left for good; inf: not
        ("activity_until", np.float64),
        ("updated", np.float64),  # when tastes were last pulled back
        ("tired", np.float64),  # when counters of genre fatigue were last faded
        ("joined", np.float64),
        ("rate", np.float32),  # sessions a day
        ("discovery", np.float32),
        ("mainstream", np.float32),
        ("skipper", np.float32),
        ("chronotype", np.float32),  # hours
        ("satisfaction", np.float32),
        ("mood", np.float32),
        ("session", np.int32),
        ("visit", np.int32),
        ("last_track", np.int32),
        ("life", np.int32),
        ("target", np.int32),  # the artist a bot acts on; -1: no bot
        ("position", np.int16),  # tracks played in this session
        ("remembered", np.int16),
        ("filter_fill", np.int16),
        ("filter_now", np.int8),
        ("streak", np.int16),
        ("interests", np.int8),
        ("focus", np.int8),
        ("activity", np.int8),
        ("device", np.int8),
        ("phase", np.int8),
        ("bot", np.int8),  # 0: honest; else as in users/adversaries.py
    ],
    align=True,
)
SONG = np.dtype(
    [
        ("released", np.float64),
        ("quality", np.float32),
        ("hook", np.float32),
        ("depth", np.float32),
        ("arousal", np.float32),
        ("seconds", np.float32),
        ("hazard", np.float32),  # L(seconds): of leaving it before its end at utility 0
        ("artist", np.int32),
        ("genre", np.int32),  # the main one; -1: unknown
    ],
    align=True,
)
FELT = ("quality", "hook", "depth", "arousal")
"""Fields of SONG that only listeners feel."""
EVENT = np.dtype(
    [
        ("time", np.float64),
        ("listener", np.int32),
        ("track", np.int32),
        ("session", np.int32),
        ("seconds", np.float32),
        ("flags", np.uint8),
        ("source", np.uint8),
        ("activity", np.uint8),
        ("device", np.uint8),
    ],
    align=True,
)


def songs_of(catalogue: Catalogue, hidden: Hidden, params: ListenerParams) -> NDArray:
    """(T,) SONG: the tracks as kernels read them.

    Raises:
        UsageError: if a number is missing or impossible, or there are more dimensions than fit.
    """
    if not 1 <= hidden.sound.shape[1] <= DIMENSIONS:
        raise UsageError(f"the sound has {hidden.sound.shape[1]} dimensions; 1 to {DIMENSIONS} were expected")
    if not 1 <= len(hidden.centroids) <= MICRO_GENRES:
        raise UsageError(f"{len(hidden.centroids)} micro-genres; 1 to {MICRO_GENRES:,} were expected")
    songs = np.zeros(len(catalogue), SONG)
    for facts, names in ((catalogue, ("released", "seconds", "artist")), (hidden, FELT)):
        for name in names:
            songs[name] = getattr(facts, name)
            _check(f"{name} of track", songs[name])
    songs["genre"] = main_genre(catalogue)
    _check("sound of track", hidden.sound)
    _check("centroid of micro-genre", hidden.centroids)
    if len(songs) and songs["seconds"].min() <= 0:
        track = int(songs["seconds"].argmin())
        raise UsageError(f"seconds of track {track} is {songs['seconds'][track]}; a length is above 0")
    songs["hazard"] = hazard(songs["seconds"].astype(np.float64), params)
    return songs


def _check(what: str, values: NDArray) -> None:
    bad = ~np.isfinite(values.reshape(len(values), -1)).all(axis=1)
    if bad.any():
        raise UsageError(f"{what} {int(bad.argmax())} is not a finite number: mend the catalogue")


def blank_plays(m: int) -> Plays:
    """Log columns of m organic plays: what they are is yet to be written, but for what is alike of all."""
    columns: dict[str, NDArray] = {name: np.empty(m, dtype) for name, dtype in Plays.dtypes.items()}
    columns["visit"].fill(-1)
    columns["slot"].fill(-1)
    columns["propensity"].fill(np.nan)
    return Plays(**columns)


NO_PLAYS = blank_plays(0)
"""Of a window in which nobody plays anything."""
