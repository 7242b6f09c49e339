"""Who has heard what: the platform's memory, which answers cooldowns and tells discoveries from repeats."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import simenv.types as types
from simenv._cache import driver as cached
from simenv.types import F32, F64, HEARD_SECONDS, I32, U8, Bool

I64 = NDArray[np.int64]

_DAY = 86_400.0
driver = cached([Path(__file__), Path(types.__file__)])


class Heard:
    """Every play of n listeners among T tracks, skips and organic plays included.

    Two memories: a ring of each listener's last plays, which answers finite cooldowns, and one bit a listener
    and track that never forgets. Pages of memory are touched as listeners come to life, so a big population
    costs what it has played.

    Args:
        n_listeners: n.
        n_tracks: T.
        ring: plays of a listener that are remembered with their time; older ones no longer hold a cooldown.
        any_play: keep the bit "has played at all", which a cooldown without end needs.
        known: keep the bit "has played for 30 s or more", which tells discoveries from repeats.

    Raises:
        ValueError: if `ring` is negative.
    """

    def __init__(
        self, n_listeners: int, n_tracks: int, ring: int = 1024, any_play: bool = False, known: bool = True
    ) -> None:
        if ring < 0:
            raise ValueError(f"ring={ring} plays to remember: expected 0 or more")
        self.n_listeners, self.n_tracks = n_listeners, n_tracks
        self._track = np.zeros((n_listeners, ring), np.int32)  # (n, ring)
        self._second = np.zeros((n_listeners, ring), np.int32)  # (n, ring) second of the play, rounded down
        self._count = np.zeros(n_listeners, np.int64)  # (n,) plays so far; the next goes to count % ring
        width = (n_tracks + 7) // 8
        self._known = np.zeros((n_listeners if known else 0, width), np.uint8)  # (n, ceil(T / 8)) bits
        self._any = np.zeros((n_listeners if any_play else 0, width), np.uint8)

    @property
    def endless(self) -> bool:
        """Whether it can answer a cooldown without end."""
        return bool(len(self._any))

    def add(self, listener: I32, track: I32, time: F64, seconds: F32) -> Bool:
        """Enter plays in the given order, which for one listener is the order of time.

        Args:
            listener: (e,) rows.
            track: (e,).
            time: (e,) days.
            seconds: (e,) listened to.

        Returns:
            (e,) whether the listener had played the track for 30 s or more before; all False if `known` is
            not kept.
        """
        before = np.zeros(len(listener), np.bool_)
        _add(
            np.ascontiguousarray(listener, np.int32),
            np.ascontiguousarray(track, np.int32),
            np.ascontiguousarray(time, np.float64),
            np.ascontiguousarray(seconds, np.float32),
            self._track,
            self._second,
            self._count,
            self._known,
            self._any,
            before,
        )
        return before

    def forget(self, rows: I32) -> None:
        """Other listeners take these rows: they have heard nothing."""
        self._count[rows] = 0
        for bits in (self._known, self._any):
            if len(bits):
                bits[rows] = 0

    def forbidden(self, listeners: I32, time: F64, cooldown: float) -> tuple[I64, I32]:
        """Which tracks are in cooldown for each listener, as of `time`.

        Args:
            listeners: (m,) rows.
            time: (m,) days.
            cooldown: days; a track that was played less than so long ago is forbidden; inf: played ever.

        Returns:
            start (m + 1,) and tracks: those of row i are tracks[start[i]:start[i + 1]], perhaps repeated.

        Raises:
            ValueError: if the memory that this cooldown needs is not kept.
        """
        start = np.zeros(len(listeners) + 1, np.int64)
        if cooldown <= 0:
            return start, np.empty(0, np.int32)
        listeners = np.ascontiguousarray(listeners, np.int32)
        if np.isinf(cooldown):
            if len(self._any) < self.n_listeners:
                raise ValueError("a cooldown without end needs Heard(..., any_play=True)")
            _count_bits(listeners, self._any, start)
            tracks = np.empty(start[-1], np.int32)
            _list_bits(listeners, self._any, start, tracks)
            return start, tracks
        if not self._track.shape[1]:
            raise ValueError(f"a cooldown of {cooldown:g} days needs Heard(..., ring=1024)")
        since = (np.asarray(time, np.float64) - cooldown) * _DAY
        _count_recent(listeners, since, self._second, self._count, start)
        tracks = np.empty(start[-1], np.int32)
        _list_recent(listeners, self._track, self._count, start, tracks)
        return start, tracks

    def last(self, listener: int) -> F64:
        """(T,) day on which one listener last played each track; -inf: never, or longer ago than the ring."""
        last = np.full(self.n_tracks, -np.inf)
        kept = min(int(self._count[listener]), self._track.shape[1])
        np.maximum.at(last, self._track[listener, :kept], self._second[listener, :kept] / _DAY)
        return last

    def is_known(self, listeners: I32, tracks: I32) -> Bool:
        """(m, c) whether each listener has played `tracks` (m, c) for 30 s or more.

        Raises:
            ValueError: if `known` is not kept.
        """
        if len(self._known) < self.n_listeners:
            raise ValueError("whether a track is known needs Heard(..., known=True)")
        byte = self._known[listeners[:, None], tracks >> 3]
        return (byte >> (tracks & 7).astype(np.uint8)) & 1 != 0


@driver
def _add(
    listener: I32,
    track: I32,
    time: F64,
    seconds: F32,
    ring_track: I32,
    ring_second: I32,
    count: I64,
    known: U8,
    played: U8,
    before: Bool,
) -> None:
    ring = ring_track.shape[1]
    for e in range(len(listener)):
        u, i = listener[e], track[e]
        byte, bit = i >> 3, np.uint8(1 << (i & 7))
        if ring:
            at = count[u] % ring
            ring_track[u, at] = i
            ring_second[u, at] = np.int32(np.floor(time[e] * _DAY))
        count[u] += 1
        if len(known):
            before[e] = known[u, byte] & bit != 0
            if seconds[e] >= HEARD_SECONDS:
                known[u, byte] |= bit
        if len(played):
            played[u, byte] |= bit


@driver
def _count_recent(listeners: I32, since: F64, ring_second: I32, count: I64, start: I64) -> None:
    ring = ring_second.shape[1]
    for r in range(len(listeners)):
        u, n = listeners[r], 0
        kept = min(count[u], ring)
        while n < kept and ring_second[u, (count[u] - 1 - n) % ring] > since[r]:  # newest first
            n += 1
        start[r + 1] = start[r] + n


@driver
def _list_recent(listeners: I32, ring_track: I32, count: I64, start: I64, tracks: I32) -> None:
    ring = ring_track.shape[1]
    for r in range(len(listeners)):
        u = listeners[r]
        for n in range(start[r + 1] - start[r]):
            tracks[start[r] + n] = ring_track[u, (count[u] - 1 - n) % ring]


@driver
def _count_bits(listeners: I32, played: U8, start: I64) -> None:
    for r in range(len(listeners)):
        n = 0
        for byte in played[listeners[r]]:
            while byte:
                byte &= byte - np.uint8(1)
                n += 1
        start[r + 1] = start[r] + n


@driver
def _list_bits(listeners: I32, played: U8, start: I64, tracks: I32) -> None:
    for r in range(len(listeners)):
        row, at = played[listeners[r]], start[r]
        for b in range(len(row)):
            for bit in range(8):
                if row[b] >> bit & 1:
                    tracks[at] = 8 * b + bit
                    at += 1
