"""What an action of a Gymnasium face means: which tracks it plays.

    candidates   the places of k tracks among the c candidates in the observation
    tracks       k tracks by number
    query        a direction among public features: the k candidates that lie farthest along it
    blend        weights of `observe.MATCH`: the k candidates whose columns sum to most

Every action in the space is legal: a track that is not out yet, or is in the slate already, becomes a slot
that plays nothing (-1).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

import simenv.floats as floats
from simenv._cache import driver
from simenv.errors import UsageError
from simenv.floats import f32
from simenv.types import F32, F64, I32, Bool

I64 = NDArray[np.int64]
MODES = ("candidates", "tracks", "query", "blend")

compiled = driver([Path(__file__), Path(floats.__file__)])


@dataclass(frozen=True, slots=True)
class Choice:
    """k whole numbers below `options`: places among the candidates, or else tracks."""

    maskable: ClassVar[bool] = True
    options: int
    slots: int
    among_candidates: bool

    @property
    def space(self) -> spaces.Space:
        """Discrete for one slot, else MultiDiscrete."""
        if self.slots == 1:
            return spaces.Discrete(self.options)
        return spaces.MultiDiscrete([self.options] * self.slots)

    def read(self, actions: Any, n: int) -> I32:
        """(n, k) of what n listeners' learner chose.

        Raises:
            UsageError: on a wrong shape or type, or a number out of range.
        """
        array = np.asarray(actions)
        shape = (n,) if self.slots == 1 else (n, self.slots)
        if array.shape != shape or array.dtype.kind not in "iu":
            raise UsageError(
                f"actions are {array.dtype} of shape {array.shape}; whole numbers of shape {shape} are needed"
            )
        places = array.astype(np.int64, order="C").reshape(n, self.slots)
        if not _within(places, self.options):
            raise UsageError(
                f"actions go from {array.min()} to {array.max()}; 0 to {self.options - 1} are in the space"
            )
        return places.astype(np.int32)

    def tracks(self, actions: Any, candidates: I32, shown: Callable[[], F32]) -> I32:
        """(n, k) tracks that `actions` stand for, given the `candidates` (n, c)."""
        places = self.read(actions, len(candidates))
        if self.among_candidates:
            _pick(candidates, places)
        return places

    def masks(self, legal: Bool) -> Bool:
        """(n, k * options) which numbers may stand in each slot, one after another; `legal` (n, options).

        With more than one slot, number i is left to slot i % k, so that no choice the mask allows repeats a
        track.
        """
        if self.slots == 1:
            return legal
        own = np.arange(self.options) % self.slots == np.arange(self.slots)[:, None]  # (k, options)
        return (legal[:, None, :] & own).reshape(len(legal), -1)


@dataclass(frozen=True, slots=True)
class Direction:
    """`width` numbers in [-1, 1], by which candidates are scored: the columns from `start` count."""

    maskable: ClassVar[bool] = False
    start: int
    width: int
    slots: int

    @property
    def space(self) -> spaces.Space:
        """A symmetric Box."""
        return spaces.Box(-1, 1, (self.width,), np.float32)

    def read(self, actions: Any, n: int) -> F32:
        """(n, width) of n listeners' learner.

        Raises:
            UsageError: on a wrong shape or type, a nan, or a number beyond [-1, 1].
        """
        array = np.asarray(actions)
        if array.shape != (n, self.width) or array.dtype.kind != "f":
            raise UsageError(
                f"actions are {array.dtype} of shape {array.shape}; floats of shape {(n, self.width)} are "
                "needed"
            )
        if not (np.abs(array) <= 1).all():
            raise UsageError("actions must be numbers from -1 to 1: clip them, np.clip(actions, -1, 1)")
        return np.ascontiguousarray(array, np.float32)

    def tracks(self, actions: Any, candidates: I32, shown: Callable[[], F32]) -> I32:
        """(n, k) candidates of the highest score, best first; equal scores in the order of candidates.

        Args:
            actions: (n, width) weights.
            candidates: (n, c); -1: none, which comes last.
            shown: says what shows of the candidates, (n, c, columns).
        """
        weights = self.read(actions, len(candidates))
        out = np.full((len(candidates), self.slots), -1, np.int32)
        _best(weights, shown(), self.start, candidates, np.empty(candidates.shape[1], np.float32), out)
        return out

    def masks(self, legal: Bool) -> Bool:
        raise UsageError("actions are directions in [-1, 1], of which a mask hides none")


def playable(tracks: I32, time: F64, released: F64) -> I32:
    """`tracks` (m, k) with -1 in slots that play nothing: not out at `time` (m,), or in the slate before."""
    out = tracks.copy()
    _strike(out, time, released)
    return out


@compiled
def _within(places: I64, options: int) -> bool:
    """Whether all are from 0 to below `options`: of one listener, three times as fast as NumPy."""
    for j in range(places.shape[0]):
        for slot in range(places.shape[1]):
            if places[j, slot] < 0 or places[j, slot] >= options:
                return False
    return True


@compiled
def _pick(candidates: I32, places: I32) -> None:
    """The candidates in these places, instead of the places."""
    for j in range(places.shape[0]):
        for slot in range(places.shape[1]):
            places[j, slot] = candidates[j, places[j, slot]]


@compiled
def _strike(tracks: I32, time: F64, released: F64) -> None:
    for j in range(tracks.shape[0]):
        for slot in range(tracks.shape[1]):
            i = tracks[j, slot]
            legal = i >= 0 and released[i] <= time[j]
            for before in range(slot):
                legal = legal and tracks[j, before] != i
            if not legal:
                tracks[j, slot] = -1


_NEVER = f32(-1e9)


@compiled
def _best(weights: F32, shown: F32, start: int, candidates: I32, score: F32, out: I32) -> None:
    """`score` (c,) is scratch."""
    for j in range(candidates.shape[0]):
        for c in range(candidates.shape[1]):
            score[c] = _NEVER
            if candidates[j, c] >= 0:
                score[c] = f32(0)
                for f in range(weights.shape[1]):
                    score[c] += weights[j, f] * shown[j, c, start + f]
        for slot in range(min(out.shape[1], candidates.shape[1])):
            best = 0
            for c in range(candidates.shape[1]):
                if score[c] > score[best]:
                    best = c
            if score[best] > _NEVER:
                out[j, slot] = candidates[j, best]
                score[best] = _NEVER
