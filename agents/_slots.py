"""The compiled loops under `_ranking.py`: the k best of many scores, uniform draws, what is open to whom.

A track is *open* to a row, a listener who asks, if it is out by the row's time and not barred to it. What
is barred comes as lists, row r's being barred[start[r]:start[r + 1]].
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from simenv import _cache, floats, rng
from simenv.floats import scalar
from simenv.types import F32, F64, I32, Bool

I64 = NDArray[np.int64]

_TRIES = 64  # rejected draws before the open tracks are counted out
_CHUNK = 64  # scores that are looked at together
_NEVER = np.float32(-np.inf)
driver = _cache.driver([Path(__file__), Path(rng.__file__), Path(floats.__file__)])


@scalar
def _insert(best, best_score, n, track, score):
    """Put a track into the n best, which are sorted by falling score; a tie stays behind."""
    at = n
    while at > 0 and best_score[at - 1] < score:
        best[at], best_score[at] = best[at - 1], best_score[at - 1]
        at -= 1
    best[at], best_score[at] = track, score


@scalar
def _top(scores, mark, released, time, row, best, best_score, size):
    """Put the `size` best open tracks into `best`, best first, ties by number. True: a score is nan."""
    n_tracks, n, i = len(scores), 0, 0
    while n < size and i < n_tracks:
        s = scores[i]
        if s != s:
            return True
        if mark[i] != row and released[i] <= time:
            _insert(best, best_score, n, i, s)
            n += 1
        i += 1
    least = best_score[size - 1]
    while i < n_tracks:
        end = min(i + _CHUNK, n_tracks)
        some = False
        for j in range(i, end):
            some |= not (scores[j] <= least)  # true of nan, too
        if some:
            for j in range(i, end):
                s = scores[j]
                if s <= least:
                    continue
                if s != s:
                    return True
                if mark[j] != row and released[j] <= time:
                    _insert(best, best_score, size - 1, j, s)
                    least = best_score[size - 1]
        i = end
    return False


@scalar
def draw_open(h, mark, taken, released, time, row, left):
    """One of the `left` tracks that are open and not taken, uniformly."""
    n_tracks = len(mark)
    for attempt in range(1, _TRIES + 1):
        i = rng.below(n_tracks, rng.fold(h, attempt))
        if mark[i] != row and taken[i] != row and released[i] <= time:
            return np.int32(i)
    nth = rng.below(left, rng.fold(h, _TRIES + 1))
    i = np.int64(-1)
    while nth >= 0:
        i += 1
        if mark[i] != row and taken[i] != row and released[i] <= time:
            nth -= 1
    return np.int32(i)


@scalar
def bar(start, barred, released, time, row, mark):
    """Mark what is barred to a row with its number; how many of these tracks are out at `time`."""
    n = 0
    for e in range(start[row], start[row + 1]):
        i = barred[e]
        if mark[i] != row:
            mark[i] = row
            n += released[i] <= time
    return n


@driver
def fill_slots(
    scores: F32,
    start: I64,
    barred: I32,
    released: F64,
    time: F64,
    event: NDArray[np.uint64],
    explore: float,
    n_open: I32,
    tracks: I32,
    propensity: F32,
    mark: I32,
    taken: I32,
    best: I32,
    best_score: F32,
) -> bool:
    """Fill `tracks` (m, k) with open tracks and `propensity` with their chances, as far as they last.

    Args:
        scores: (m, T), or (1, T) for all alike; not read if `explore` is 1.
        start: (m + 1,) into `barred`.
        barred: tracks that are not open, repeats allowed.
        released: (T,) days.
        time: (m,) days.
        event: (m,) hash of who draws, and when.
        explore: chance that a slot is a uniform draw.
        n_open: (m,) comes in as the number of released tracks, leaves as the number of open ones.
        tracks: (m, k) out.
        propensity: (m, k) out.
        mark: (T,) of -1, the last row to which a track was barred.
        taken: (T,) of -1, the last row that has it in its slate.
        best: (k,) scratch.
        best_score: (k,) scratch.

    Returns:
        False if a score that was read is nan.
    """
    m, k = tracks.shape
    for r in range(m):
        n_open[r] -= bar(start, barred, released, time[r], r, mark)
        size = min(k, n_open[r])
        if (
            explore < 1
            and size > 0
            and _top(scores[min(r, len(scores) - 1)], mark, released, time[r], r, best, best_score, size)
        ):
            return False
        at = 0
        for j in range(size):
            left = n_open[r] - j
            h = rng.fold(event[r], j)
            chosen = np.int32(-1)
            if explore < 1:
                while taken[best[at]] == r:
                    at += 1
                chosen = best[at]
            p = explore / left
            if explore > 0 and rng.uniform(rng.fold(h, 0)) < explore:
                drawn = draw_open(h, mark, taken, released, time[r], r, left)
                p += (1 - explore) * (drawn == chosen)
                chosen = drawn
            else:
                p += 1 - explore
            taken[chosen] = r
            tracks[r, j] = chosen
            propensity[r, j] = p
    return True


@driver
def mark_open(
    tracks: I32, start: I64, barred: I32, released: F64, time: F64, is_open: Bool, n_open: I32, mark: I32
) -> None:
    """Whether each of `tracks` (m, c) is open, into `is_open`; the rest as in `fill_slots`."""
    for r in range(len(tracks)):
        n_open[r] -= bar(start, barred, released, time[r], r, mark)
        for j in range(tracks.shape[1]):
            is_open[r, j] = mark[tracks[r, j]] != r and released[tracks[r, j]] <= time[r]
