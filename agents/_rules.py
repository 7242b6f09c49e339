"""The compiled loops of re-rankers that follow a rule: caps, quotas, days since.

A loop that fills `places` (m, k) with places in the pool takes open tracks first, then the others by place.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from simenv import _cache, floats
from simenv.floats import ZERO, scalar
from simenv.types import F32, F64, I32, Bool

driver = _cache.driver([Path(__file__), Path(floats.__file__)])


@scalar
def fill(free, taken, row, filled, places):
    """Fill the slots from `filled` on: open tracks that are left, then the others, by place."""
    k = places.shape[1]
    for wanted in (True, False):
        for i in range(len(free)):
            if filled < k and taken[i] != row and free[i] == wanted:
                places[row, filled] = i
                taken[i] = row
                filled += 1


@driver
def capped(tracks: I32, free: Bool, owner: I32, limit: int, count: I32, taken: I32, places: I32) -> None:
    """Open tracks by place, at most `limit` by an owner; then those over the limit.

    Args:
        tracks: (m, c) the pool.
        free: (m, c) whether open.
        owner: (T,) whose each track is.
        limit: tracks by an owner.
        count: (owners,) of 0, scratch.
        taken: (c,) of -1, scratch.
        places: (m, k) out.
    """
    for r in range(len(tracks)):
        at = 0
        for i in range(tracks.shape[1]):
            who = owner[tracks[r, i]]
            if at < places.shape[1] and free[r, i] and count[who] < limit:
                count[who] += 1
                places[r, at], taken[i] = i, r
                at += 1
        for j in range(at):
            count[owner[tracks[r, places[r, j]]]] = 0
        fill(free[r], taken, r, at, places)


@driver
def quota(
    tracks: I32, free: Bool, group: I32, share: F32, owed: F32, got: I32, taken: I32, places: I32
) -> None:
    """Open tracks by place, but the group that lacks most of its quota comes first.

    After j slots a group should have had floor(owed + share j) of them.

    Args:
        tracks: (m, c) the pool.
        free: (m, c) whether open.
        group: (T,).
        share: (groups,) of the slots; 0: no quota.
        owed: (m, groups) slots it is owed from earlier slates.
        got: (groups,) scratch.
        taken: (c,) of -1, scratch.
        places: (m, k) out.
    """
    for r in range(len(tracks)):
        got[:] = 0
        at = 0
        while at < places.shape[1]:
            best, most = -1, ZERO
            for i in range(tracks.shape[1]):
                if free[r, i] and taken[i] != r:
                    g = group[tracks[r, i]]
                    lack = ZERO
                    if share[g] > 0:
                        due = np.floor(owed[r, g] + share[g] * np.float32(at + 1))
                        lack = max(due - np.float32(got[g]), ZERO)
                    if best < 0 or lack > most:
                        best, most = i, lack
            if best < 0:
                break
            places[r, at], taken[best] = best, r
            at += 1
            got[group[tracks[r, best]]] += 1
        fill(free[r], taken, r, at, places)


@driver
def looked_up(start: I32, column: I32, value: F64, rows: I32, columns: I32, out: F64) -> None:
    """Entries of a sparse matrix at `rows` (m,) and `columns` (m, c) into `out`, -inf where there is none.

    Args:
        start: (n + 1,) into `column` and `value`.
        column: ascending in each row.
        value: of the entries.
        rows: (m,).
        columns: (m, c).
        out: (m, c) out.
    """
    for r in range(len(rows)):
        for j in range(columns.shape[1]):
            low, end = start[rows[r]], start[rows[r] + 1]
            high = end
            while low < high:
                middle = (low + high) // 2
                if column[middle] < columns[r, j]:
                    low = middle + 1
                else:
                    high = middle
            out[r, j] = value[low] if low < end and column[low] == columns[r, j] else -np.inf
