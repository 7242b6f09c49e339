"""What belongs together and is handed on together: bundles of one listener's rows, and of the tracks' tables.

A driver makes them once a listener. They are tuples of views, which the compiler takes apart for nothing.
"""

from __future__ import annotations

from typing import NamedTuple

from numpy.typing import NDArray

from simenv.types import F32, I32


class Tastes(NamedTuple):
    """What one listener likes, now and in the long run; the first `me.interests` places count."""

    taste: F32  # (5, d) interests mu_k, unit rows
    weight: F32  # (5,) their weights w_k, sum 1
    home: NDArray  # (5,) int16 micro-genres of the long-run taste
    home_weight: F32  # (5,)


class Memory(NamedTuple):
    """What one listener remembers; the first `me.remembered` of H slots are in use."""

    tracks: I32  # (H,) -1 where free
    minutes: NDArray  # (H,) uint32, of the last play
    counts: NDArray  # (H,) uint16 plays, in 1/256
    traces: NDArray  # (3, H) uint16 familiarity, satiation, wear (users/exposure.py)
    filters: NDArray  # (2, 64) uint64 what is recognised (users/recognition.py)
    genres: F32  # (G,) recent plays of each genre, (0,) where fatigue is off (users/fatigue.py)


class Music(NamedTuple):
    """The tracks as listeners hear them."""

    songs: NDArray  # (T,) of population.SONG
    sound: F32  # (T, d) z
