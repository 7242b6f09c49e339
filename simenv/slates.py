"""What a slate, and the way it is answered, must be before anything is played."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from simenv._answers import all_playable
from simenv.catalogue import Catalogue
from simenv.errors import UsageError
from simenv.types import I32, RESPONSES, Request, Slate

Each = Callable[[I32, Callable[[int, int], Any]], list[Any]]
"""Does `work(lo, hi)` of every stretch of some rows."""


def check_slate(slate: Slate, request: Request, catalogue: Catalogue, each: Each) -> None:
    """Refuse a slate that cannot be played; `each` shares the work among threads.

    Raises:
        UsageError: says what was wrong, where, and what to do.
    """
    tracks, propensity = slate.tracks, slate.propensity
    if tracks.ndim != 2 or len(tracks) != len(request) or not tracks.shape[1]:
        raise UsageError(
            f"slate.tracks has shape {tracks.shape}; {len(request)} listeners asked, so "
            f"({len(request)}, k) is needed"
        )
    if tracks.dtype != np.int32:
        raise UsageError(f"slate.tracks is {tracks.dtype}; make it int32: tracks.astype(np.int32)")
    if propensity.shape != tracks.shape or propensity.dtype != np.float32:
        raise UsageError(
            f"slate.propensity is {propensity.dtype} of shape {propensity.shape}; float32 of shape "
            f"{tracks.shape} is needed (np.nan where it is not known)"
        )
    rows, when = np.ascontiguousarray(tracks), request.time
    fine = each(request.listeners, lambda lo, hi: all_playable(rows[lo:hi], when[lo:hi], catalogue.released))
    if all(fine):
        return
    unknown = (tracks < 0) | (tracks >= len(catalogue))
    if unknown.any():
        raise UsageError(
            f"the slate holds track {tracks[unknown][0]}; the catalogue knows 0 to {len(catalogue) - 1}"
        )
    early = catalogue.released[tracks] > request.time[:, None]
    if early.any():
        row = int(np.flatnonzero(early.any(axis=1))[0])
        track = tracks[row][early[row]][0]
        raise UsageError(
            f"the slate of listener {request.listeners[row]} holds track {track}, which comes out on day "
            f"{catalogue.released[track]:.2f}, after day {request.time[row]:.2f}; leave it out until then"
        )
    ordered = np.sort(tracks, axis=1)
    twice = (ordered[:, 1:] == ordered[:, :-1]).any(axis=1)
    if twice.any():
        row = int(np.flatnonzero(twice)[0])
        raise UsageError(
            f"the slate of listener {request.listeners[row]} holds a track twice: {tracks[row].tolist()}"
        )


def check_response(response: str) -> None:
    """Refuse a way of answering slates that does not exist.

    Raises:
        UsageError: names those that do.
    """
    if response not in RESPONSES:
        raise UsageError(f"no response called {response!r}; there are {', '.join(RESPONSES)}")
