"""Who knows whom: friendships, made once by event; the more homophily, the more friends' tastes are alike.

Every listener holds out as many hands as they will have friends. A hand is held out among those who share one
of the listener's interests, with probability `homophily`, or else anywhere; whoever stand side by side there
shake hands. Hands that met their owner or an old friend are held out again in the next round. So degrees are
those drawn, whatever the homophily is (a configuration model in communities; Molloy & Reed 1995).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simenv.rng import Key, fold, stream, uniform
from simenv.types import F32, I32
from simenv.users.kernels import compiled
from simenv.users.params import ListenerParams
from simenv.users.session import draw_interest

RECENT = 4
"""Plays of a listener that their friends know of."""

CROWD = 25
"""Listeners to a community, at least: in small worlds micro-genres are too many to meet in."""

_ROUNDS = 6
_ALIKE, _INTEREST, _SPOT = stream("alike"), stream("shared interest"), stream("spot")
_LOW, _HALF = np.uint64(0xFFFFFFFF), np.uint64(32)
_PLACE, _CUT = np.uint64(48), np.uint64(16)

Pairs = NDArray[np.uint64]
"""Friendships, ascending: the smaller row in the upper half of the bits, the greater in the lower."""


class Circle(NamedTuple):
    """Friends as a kernel reads them; where nobody knows anybody, no array has any row."""

    start: I32  # (n + 1,) into friends
    friends: I32  # (l,) rows of the friends of each listener, ascending
    recent: I32  # (n, RECENT) what each listener played last as of the last turn, latest first; -1: nothing


NOBODY = Circle(np.empty(0, np.int32), np.empty(0, np.int32), np.empty((0, RECENT), np.int32))


def befriend(
    key: Key, interests: NDArray, home: NDArray, weight: F32, centroids: F32, params: ListenerParams
) -> Circle:
    """The friends of n listeners, none of whom has played anything yet.

    Args:
        key: of this luck.
        interests: (n,) how many each has; home: (n, 5) their micro-genres; weight: (n, 5) what they weigh.
        centroids: (M, d) where micro-genres lie.
        params: degree_mean, degree_spread, homophily.
    """
    n = len(home)
    left = degrees(key, n, params)
    group = communities(centroids, n // CROWD)
    known: Pairs = np.empty(0, np.uint64)
    for turn in range(_ROUNDS):
        owner, spot = np.empty(left.sum(), np.int32), np.empty(left.sum(), np.uint64)
        luck = np.uint64((key / f"round {turn}").word)
        hold_out(left, interests, home, weight, group, np.float32(params.homophily), luck, owner, spot)
        side = owner[np.argsort(spot, kind="stable")]
        new = pairs(side[: len(side) // 2 * 2].reshape(-1, 2))
        new = new[~np.isin(new, known, assume_unique=True)]
        known = np.sort(np.concatenate([known, new]))
        left -= np.bincount((new >> _HALF).astype(np.int64), minlength=n)
        left -= np.bincount((new & _LOW).astype(np.int64), minlength=n)
    both = np.sort(np.concatenate([known, (known << _HALF) | (known >> _HALF)]))
    start = np.searchsorted(both, np.arange(n + 1, dtype=np.uint64) << _HALF).astype(np.int32)
    return Circle(start, (both & _LOW).astype(np.int32), np.full((n, RECENT), -1, np.int32))


def degrees(key: Key, n: int, params: ListenerParams) -> NDArray[np.int64]:
    """(n,) friends that each would have: log-normal, rounded up or down by chance so that the mean stays."""
    rows, spread = np.arange(n), params.degree_spread
    normal = (key / "degree").normal(rows).astype(np.float64)
    wanted = params.degree_mean * np.exp(spread * normal - spread**2 / 2)
    return np.minimum(wanted + (key / "rounding").uniform(rows), n - 1).astype(np.int64)


def communities(centroids: F32, most: int) -> I32:
    """(M,) the community in which the listeners of each micro-genre meet: itself, or with its nearest.

    Where there are more micro-genres than `most`, some of them far apart lead, and others follow the nearest
    leader.
    """
    n = len(centroids)
    if n <= most:
        return np.arange(n, dtype=np.int32)
    cosine = np.einsum("md,ld->ml", centroids, centroids)  # not BLAS, whose bits depend on the machine
    leaders, nearest = [0], cosine[0]
    while len(leaders) < most:
        leaders.append(int(np.argmin(nearest)))
        nearest = np.maximum(nearest, cosine[leaders[-1]])
    return np.argmax(cosine[:, leaders], axis=1).astype(np.int32)


@compiled
def hold_out(left, interests, home, weight, group, homophily, luck, owner, spot):
    """The hands that are still free, (h,) in all: whose each is, and where it is held out.

    Spots sort by place, then by chance: place 0 is anywhere, 1 + c is community c. `left` (n,) counts hands.
    """
    h = 0
    for u in range(left.shape[0]):
        mine = fold(luck, u)
        for hand in range(left[u]):
            event = fold(mine, hand)
            place = np.int64(0)
            if uniform(fold(event, _ALIKE)) < homophily:
                k = draw_interest(weight[u], interests[u], uniform(fold(event, _INTEREST)))
                place = np.int64(1) + group[home[u, k]]
            owner[h] = u
            spot[h] = np.uint64(place) << _PLACE | fold(event, _SPOT) >> _CUT
            h += 1


def pairs(hands: I32) -> Pairs:
    """Friendships of the two owners in each row of `hands` (h, 2): each once, none with oneself."""
    hands = hands[hands[:, 0] != hands[:, 1]]
    low, high = hands.min(axis=1), hands.max(axis=1)
    met = np.sort((low.astype(np.uint64) << _HALF) | high.astype(np.uint64))
    once = np.ones(len(met), bool)  # np.unique hashes, which takes seconds for numbers such as these
    once[1:] = met[1:] != met[:-1]
    return met[once]
