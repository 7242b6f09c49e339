"""The log: every play of everyone, as columns, append-only."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from scipy import sparse

from simenv.types import F64, HEARD_SECONDS, I32, LIKED, SAVED, SKIPPED, Bool, Late, Plays


class Log:
    """Plays in the order in which the platform learns of them; late likes and saves beside them.

    Args:
        n_listeners: n.
        n_tracks: T.
        keep: days that stay in memory; what is older moves to Parquet files under `spill`.
        spill: a folder for older days; needed if `keep` is finite.

    Raises:
        ValueError: if `keep` is finite and there is nowhere to spill to.
    """

    def __init__(
        self, n_listeners: int, n_tracks: int, keep: float = np.inf, spill: Path | None = None
    ) -> None:
        if np.isfinite(keep) and spill is None:
            raise ValueError(f"keep={keep} days needs a folder for older plays: Log(..., spill=folder)")
        self.n_listeners, self.n_tracks = n_listeners, n_tracks
        self.keep, self.spill = keep, spill
        self.now = 0.0  # days: the time of the newest play
        self._parts: list[Plays] = []
        self._spilled: list[Path] = []
        self._late: list[Late] = []
        self._sums: dict[tuple, tuple[int, float, Any]] = {}  # how many plays, as of when, their sum

    def append(self, plays: Plays) -> None:
        """Add plays; nothing is copied."""
        if len(plays):
            self._parts.append(plays)
            self.now = max(self.now, float(plays.time.max()))

    def append_late(self, late: Late) -> None:
        """Add likes and saves that have arrived."""
        if len(late.listener):
            self._late.append(late)

    def __len__(self) -> int:
        return sum(len(p) for p in self._parts) + sum(pq.read_metadata(p).num_rows for p in self._spilled)

    def parts(self) -> Iterator[Plays]:
        """All plays, a part at a time, oldest first: read a long log so and memory stays flat."""
        for path in self._spilled:
            yield read_parquet(path)
        yield from self._parts

    def plays(self) -> Plays:
        """All plays at once, without late signals."""
        if np.isinf(self.keep) and len(self._parts) > 1:
            self._parts = [Plays.concat(self._parts)]  # so that the next reader need not
        return Plays.concat(list(self.parts()))

    def late(self) -> Late:
        """All likes and saves that have arrived."""
        return Late.concat(self._late)

    def joined(self) -> Plays:
        """All plays, with the flags LIKED and SAVED set where the signal has arrived."""
        plays, late = self.plays(), self.late()
        order = np.lexsort((plays.time, plays.listener))
        flags = plays.flags.copy()
        for signal, flag in ((late.liked, LIKED), (late.saved, SAVED)):
            at = _find(plays, order, late.listener[signal], late.time[signal])
            flags[at] |= flag
        return replace(plays, flags=flags)

    def matrix(self, half_life: float = np.inf, skips: bool = False) -> sparse.csr_array:
        """(n, T) float32: plays of 30 s and more; with `skips`, tracks left before that.

        A row of an imported log counts for as many plays as it stands for.

        Args:
            half_life: days after which a play counts for half; inf: all count alike.
            skips: count what was left early instead of what was heard.
        """
        shape = (self.n_listeners, self.n_tracks)
        read, then, total = self._sums.get(
            (half_life, skips), (0, self.now, sparse.csr_array(shape, dtype=np.float32))
        )
        if then < self.now and total.nnz:
            total = total * np.exp2(np.float32((then - self.now) / half_life))
        for part in self.since(read):
            heard = part.seconds >= HEARD_SECONDS
            of = (part.has(SKIPPED) & ~heard) if skips else heard
            weight = self._weight(part, of, half_life).astype(np.float32)
            where = (part.listener[of], part.track[of])
            total = total + sparse.coo_array((weight, where), shape=shape).tocsr()  # sums repeats
        self._sums[half_life, skips] = len(self), self.now, total
        return total.copy()

    def last(self) -> sparse.csr_array:
        """(n, T) float64: the day of each listener's last play of 30 s and more of each track; 0: never."""
        shape = (self.n_listeners, self.n_tracks)
        read, _, total = self._sums.get(("last",), (0, 0.0, sparse.csr_array(shape, dtype=np.float64)))
        for part in self.since(read):
            part = part.rows(part.seconds >= HEARD_SECONDS)
            order = np.lexsort((part.time, part.track, part.listener))
            listener, track, time = part.listener[order], part.track[order], part.time[order]
            final = np.ones(len(time), bool)  # of its listener and track
            final[:-1] = (np.diff(listener) != 0) | (np.diff(track) != 0)
            newest = sparse.coo_array((time[final], (listener[final], track[final])), shape=shape)
            total = total.maximum(newest.tocsr())
        self._sums["last",] = len(self), self.now, total
        return total.copy()

    def counts(self, half_life: float = np.inf) -> F64:
        """(T,) float64: plays of 30 s and more of everyone, decayed as in `matrix`."""
        read, then, total = self._sums.get(("counts", half_life), (0, self.now, np.zeros(self.n_tracks)))
        total = total * np.exp2((then - self.now) / half_life)
        for part in self.since(read):
            heard = part.seconds >= HEARD_SECONDS
            weight = self._weight(part, heard, half_life)
            total += np.bincount(part.track[heard], weights=weight, minlength=self.n_tracks)
        self._sums["counts", half_life] = len(self), self.now, total
        return total.copy()

    def sessions(self) -> tuple[Plays, I32]:
        """Plays sorted by listener and time, and where each session begins: (s + 1,) offsets into them."""
        plays = self.plays()
        plays = plays.rows(np.lexsort((plays.time, plays.listener)))
        new = np.ones(len(plays), bool)
        new[1:] = (np.diff(plays.listener) != 0) | (np.diff(plays.session) != 0)
        return plays, np.append(np.flatnonzero(new), len(plays)).astype(np.int32)

    def forget_before(self, today: float) -> None:
        """Move plays that are older than `keep` days to disk, a Parquet file a call."""
        limit = today - self.keep
        n_old = 0
        while n_old < len(self._parts) and self._parts[n_old].time.max() < limit:
            n_old += 1  # none is passed over: the order of plays is kept
        if not n_old or self.spill is None:
            return
        self.spill.mkdir(parents=True, exist_ok=True)
        path = self.spill / f"plays-{len(self._spilled):06d}.parquet"
        write_parquet(Plays.concat(self._parts[:n_old]), path)
        self._spilled.append(path)
        self._parts = self._parts[n_old:]

    def _weight(self, part: Plays, of: Bool, half_life: float) -> F64:
        """What the rows `of` a part count for now: the plays that they stand for, decayed."""
        decayed = np.exp2((part.time[of] - self.now) / half_life)
        return decayed if part.count is None else decayed * part.count[of]

    def since(self, read: int) -> Iterator[Plays]:
        """All plays after the first `read`: a spilled file at a time, then what is in memory at once."""
        for path in self._spilled:
            size = pq.read_metadata(path).num_rows
            if read < size:
                yield read_parquet(path).rows(slice(read, None))
            read = max(read - size, 0)
        new = []
        for part in self._parts:
            if read < len(part):
                new.append(part.rows(slice(read, None)))
            read = max(read - len(part), 0)
        if new:
            yield Plays.concat(new)


def read_parquet(path: Path) -> Plays:
    """Plays that `write_parquet` wrote."""
    table = pq.read_table(path)
    more = {name: np.float32 for name in Plays.optional if name in table.column_names}
    dtypes = {**Plays.dtypes, **more}
    return Plays(**{name: table[name].to_numpy().astype(dtype) for name, dtype in dtypes.items()})


def write_parquet(plays: Plays, path: Path) -> None:
    """Write plays to `path` by way of a temporary name, so that no half a file is ever seen."""
    table = pa.table(plays.columns())
    part = path.with_name(path.name + ".part")
    try:
        pq.write_table(table, part)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def _find(plays: Plays, order: np.ndarray, listener: I32, time: np.ndarray) -> np.ndarray:
    """Rows of `plays` that these listeners began at these times; `order` sorts plays by listener and time."""
    kind = np.dtype([("listener", np.int32), ("time", np.float64)])
    have, want = np.empty(len(plays), kind), np.empty(len(listener), kind)
    have["listener"], have["time"] = plays.listener[order], plays.time[order]
    want["listener"], want["time"] = listener, time
    at = np.minimum(np.searchsorted(have, want), max(len(have) - 1, 0))
    return order[at[have[at] == want]]
