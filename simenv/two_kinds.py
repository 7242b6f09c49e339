"""A catalogue of two kinds of track, of which one pleases at once and one lasts, both always on offer."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from simenv.catalogue import CUES, Catalogue, Hidden
from simenv.errors import UsageError
from simenv.rng import Key
from simenv.synthetic import Synthetic
from simenv.types import F32, I32, Request, Setting

HOOKY, DEEP = 0, 1
"""Kinds of track: number i is of kind i % 2."""
HOOK, DEPTH = (1.0, -1.0), (-1.0, 1.0)
"""Hook h and depth g of each kind."""
SECONDS = 208.0
"""Length of every track."""


@dataclass(frozen=True)
class TwoKinds:
    """The recipe of a catalogue in which tracks differ by their kind alone: hooky, deep, hooky, deep, ...

    What shows is exact: catchiness 1 and substance 0 of a hooky track, 0 and 1 of a deep one. All are out
    before the start, have one genre and last 208 s.
    """

    tracks: int = 2
    """Tracks."""

    def __post_init__(self) -> None:
        if self.tracks < 2:
            raise UsageError(f"tracks={self.tracks}: two kinds of track need at least 2 tracks")

    def make(self, key: Key) -> tuple[Catalogue, Hidden]:
        """The tracks: what shows of them, and what only listeners hear."""
        recipe = Synthetic(self.tracks, genres=1, micro_genres=1, arrivals=0.0, quality_spread=0.0)
        public, hidden = recipe.make(key)
        kind = np.arange(self.tracks) % 2
        shown = np.stack([kind == HOOKY, kind == DEEP], axis=1).astype(np.float32)
        seconds = np.full(self.tracks, SECONDS, np.float32)
        hook, depth = (np.array(of, np.float32)[kind] for of in (HOOK, DEPTH))
        return (
            replace(public, audio=shown, features=CUES, seconds=seconds, digest=""),
            replace(hidden, hook=hook, depth=depth),
        )


class InTurn:
    """The candidates are tracks 0 to c - 1 always, so that the kinds take turns: an even place is hooky.

    Args:
        setting: of the world; its catalogue, cooldown and memory count.
        candidates: c; places beyond the catalogue stay empty (-1), and so do those of what is in cooldown.
    """

    def __init__(self, setting: Setting, candidates: int) -> None:
        self.setting = setting
        self._all = np.full(candidates, -1, np.int32)
        first = min(candidates, len(setting.catalogue))
        self._all[:first] = np.arange(first)

    def publish(self, charts: F32) -> None:
        """Charts do not count."""

    def renew(self, rows: I32, who: I32, life: I32, key: Key) -> None:
        """Nor does chance."""

    def of(self, request: Request, last: I32) -> I32:
        """(m, c) candidates of those who ask; what each finished `last` does not count."""
        found = np.tile(self._all, (len(request), 1))
        heard = self.setting.heard
        if heard is not None and self.setting.cooldown > 0:
            start, tracks = heard.forbidden(request.listeners, request.time, self.setting.cooldown)
            rows = np.repeat(np.arange(len(request)), np.diff(start))
            offered = tracks < len(self._all)
            found[rows[offered], tracks[offered]] = -1
        return found
