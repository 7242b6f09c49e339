"""The compiled loops under the bandits: candidates are voted for, and a slot shows what one vote says.

A vote is one opinion of every candidate's worth: one draw from a posterior, or an estimate with its bonus.
With S votes and A candidates left, slot j (from 0) shows, with probability `explore`, a uniform draw from
those left, else the best of them by a vote drawn uniformly, so that its propensity is

    (1 - explore) (votes by which it is the best left) / S + explore / A

and 1 in a slot that is filled by force. Draws belong to the event (listener, visit, slot).
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from simenv import _cache, floats, rng
from simenv.agents import _slots
from simenv.agents._slots import bar, draw_open
from simenv.floats import scalar
from simenv.types import F32, F64, I32, Bool

I64 = NDArray[np.int64]
U64 = NDArray[np.uint64]

_LEAST = np.float32(-np.inf)
_NOBODY = np.int32(-1)
_UNIFORM, _WHICH, _VOTE = 0, 1, 2  # last parts of a slot's event
driver = _cache.driver([Path(str(module.__file__)) for module in (_slots, floats, rng)] + [Path(__file__)])


@scalar
def _winners(votes, free, used, most, who):
    """The best place left by each vote, into `who` (S,), ties to the earlier place; how many are left."""
    n_votes, left = len(who), 0
    for s in range(n_votes):
        most[s], who[s] = _LEAST, _NOBODY
    for c in range(len(free)):
        if not free[c] or used[c]:
            continue
        left += 1
        row, place = votes[c], np.int32(c)
        for s in range(n_votes):
            better = row[s] > most[s]
            most[s] = row[s] if better else most[s]
            who[s] = place if better else who[s]
    return left


@scalar
def _nth(free, used, nth):
    """The nth place, from 0, that is left."""
    c = np.int64(-1)
    while nth >= 0:
        c += 1
        nth -= free[c] and not used[c]
    return np.int32(c)


@scalar
def _first_unused(used):
    c = 0
    while used[c]:
        c += 1
    return np.int32(c)


@scalar
def _share(who, place):
    """The share of votes won by `place`."""
    n = 0
    for s in range(len(who)):
        n += who[s] == place
    return n / len(who)


@driver
def choose(
    votes: F32,
    free: Bool,
    event: U64,
    explore: float,
    places: I32,
    chance: F32,
    used: Bool,
    most: F32,
    who: I32,
) -> None:
    """Fill `places` (m, k) of each row's candidates, and the `chance` (m, k) that each had.

    Args:
        votes: (m, c, S) finite worth of each candidate by each vote.
        free: (m, c) which candidates are open; when none is left, the others follow by place.
        event: (m,) hash of who draws, and when.
        explore: chance that a slot is a uniform draw.
        places: (m, k) out.
        chance: (m, k) out.
        used: (c,) scratch.
        most: (S,) scratch.
        who: (S,) scratch.
    """
    for r in range(len(free)):
        used[:] = False
        for j in range(places.shape[1]):
            left = _winners(votes[r], free[r], used, most, who)
            if not left:
                place, p = _first_unused(used), 1.0
            else:
                h = rng.fold(event[r], j)
                if explore > 0 and rng.uniform(rng.fold(h, _UNIFORM)) < explore:
                    place = _nth(free[r], used, rng.below(left, rng.fold(h, _WHICH)))
                else:
                    place = who[rng.below(len(who), rng.fold(h, _VOTE))]
                p = (1 - explore) * _share(who, place) + explore / left
            used[place] = True
            places[r, j] = place
            chance[r, j] = p


@driver
def law(votes: F32, free: Bool, used: Bool, explore: float, chance: F32, most: F32, who: I32) -> None:
    """The `chance` (m, c) of each place in the slot after those `used` (m, c); the rest as in `choose`."""
    for r in range(len(free)):
        left = _winners(votes[r], free[r], used[r], most, who)
        for c in range(free.shape[1]):
            chance[r, c] = explore / left if left and free[r, c] and not used[r, c] else 0.0
        if not left:
            chance[r, _first_unused(used[r])] = 1.0
            continue
        for s in range(len(who)):
            chance[r, who[s]] += (1 - explore) / len(who)


@scalar
def _is_left(i, mark, taken, released, time, row):
    return mark[i] != row and taken[i] != row and released[i] <= time


@scalar
def _best_left(order, at, mark, taken, released, time, row, who):
    """The best open track left by each vote, into `who` (S,); `at` (S,) is how far each list is read."""
    for s in range(len(who)):
        while not _is_left(order[s, at[s]], mark, taken, released, time, row):
            at[s] += 1
        who[s] = order[s, at[s]]


@driver
def walk(
    order: I32,
    start: I64,
    barred: I32,
    released: F64,
    time: F64,
    event: U64,
    explore: float,
    n_open: I32,
    tracks: I32,
    propensity: F32,
    mark: I32,
    taken: I32,
    at: I32,
    who: I32,
) -> None:
    """Fill `tracks` (m, k) when all listeners share the votes, and every open track is a candidate.

    Args:
        order: (S, l) the best tracks by each vote, best first: so many that no list is read past its end.
        start: (m + 1,) into `barred`.
        barred: tracks that are not open, repeats allowed.
        released: (T,) days.
        time: (m,) days.
        event: (m,) hash of who draws, and when.
        explore: chance that a slot is a uniform draw.
        n_open: (m,) comes in as the number of released tracks, leaves as the number of open ones.
        tracks: (m, k) out, as far as open tracks last.
        propensity: (m, k) out.
        mark: (T,) of -1, the last row to which a track was barred.
        taken: (T,) of -1, the last row that has it in its slate.
        at: (S,) scratch.
        who: (S,) scratch.
    """
    for r in range(len(tracks)):
        n_open[r] -= bar(start, barred, released, time[r], r, mark)
        at[:] = 0
        for j in range(min(tracks.shape[1], n_open[r])):
            _best_left(order, at, mark, taken, released, time[r], r, who)
            left = n_open[r] - j
            h = rng.fold(event[r], j)
            if explore > 0 and rng.uniform(rng.fold(h, _UNIFORM)) < explore:
                chosen = draw_open(rng.fold(h, _WHICH), mark, taken, released, time[r], r, left)
            else:
                chosen = who[rng.below(len(who), rng.fold(h, _VOTE))]
            taken[chosen] = r
            tracks[r, j] = chosen
            propensity[r, j] = (1 - explore) * _share(who, chosen) + explore / left


@driver
def walk_law(
    order: I32,
    start: I64,
    barred: I32,
    released: F64,
    time: F64,
    explore: float,
    n_open: I32,
    tracks: I32,
    given: I32,
    chance: F32,
    mark: I32,
    taken: I32,
    at: I32,
    who: I32,
) -> None:
    """The `chance` (m, c) of each of `tracks` (m, c) in the slot after `given` (m, j), as `walk` fills it.

    `n_open` (m,) leaves as the number of open tracks that are not given; where it is 0, so is every chance.
    """
    for r in range(len(tracks)):
        n_open[r] -= bar(start, barred, released, time[r], r, mark)
        for j in range(given.shape[1]):
            i = given[r, j]
            n_open[r] -= _is_left(i, mark, taken, released, time[r], r)
            taken[i] = r
        chance[r] = 0
        if n_open[r] <= 0:
            continue
        at[:] = 0
        _best_left(order, at, mark, taken, released, time[r], r, who)
        for c in range(tracks.shape[1]):
            i = tracks[r, c]
            if _is_left(i, mark, taken, released, time[r], r):
                chance[r, c] = (1 - explore) * _share(who, i) + explore / n_open[r]
