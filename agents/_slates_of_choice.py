"""Slates of which one item or none is chosen, by a conditional logit, and what they are worth.

A listener shown the slate A chooses item i with probability v_i / (v_0 + sum over A of v), and nothing with
v_0 over the same. If chosen items are worth q_i, and choosing nothing q_0, the slate is worth

    V(A) = (v_0 q_0 + sum over A of v_i q_i) / (v_0 + sum over A of v_i).

`top` and `greedy` are quick, `best` is exact: as good as any slate of k different items. All three answer in
places (m, k) of the c candidates, ties going to the earlier place, a row's answer being its own whatever the
other rows are. Attractions v are above 0; an item that may not be chosen is one with q far below all others.

Source: Ie et al., IJCAI 2019, who find the best slate by a linear program; here by Dinkelbach's iteration
(Management Science 13, 1967), which needs none.

>>> attraction, worth = np.array([[2.0, 1.0, 1.0]]), np.array([[3.0, 5.0, 4.0]])
>>> top(attraction, worth, 2), best(attraction, worth, 2, outside=1.0)
(array([[0, 1]], dtype=int32), array([[1, 2]], dtype=int32))
>>> value(attraction[:, :2], worth[:, :2], outside=1.0), value(attraction[:, 1:], worth[:, 1:], outside=1.0)
(array([2.75]), array([3.]))
"""

from __future__ import annotations

import numpy as np

from simenv.types import F64, I32


def value(attraction: F64, worth: F64, outside: F64 | float, nothing: F64 | float = 0.0) -> F64:
    """(m,) what slates are worth.

    Args:
        attraction: (m, k) v of the items of each slate.
        worth: (m, k) q.
        outside: v_0, one for all or (m,).
        nothing: q_0, one for all or (m,).
    """
    return (outside * nothing + (attraction * worth).sum(axis=1)) / (outside + attraction.sum(axis=1))


def top(attraction: F64, worth: F64, k: int) -> I32:
    """(m, k) places of the k largest v q among candidates (m, c): best if v_0 is far above all v."""
    return _largest(attraction * worth, k)


def greedy(attraction: F64, worth: F64, k: int, outside: F64 | float, nothing: F64 | float = 0.0) -> I32:
    """(m, k) places found one by one: next is the item with which the slate so far is worth most."""
    m = len(attraction)
    rows, free = np.arange(m), np.ones(attraction.shape, bool)
    mass = np.broadcast_to(np.asarray(outside, np.float64), m).copy()
    total = mass * nothing
    places = np.empty((m, k), np.int32)
    for slot in range(k):
        then = (total[:, None] + attraction * worth) / (mass[:, None] + attraction)
        places[:, slot] = chosen = np.where(free, then, -np.inf).argmax(axis=1)
        free[rows, chosen] = False
        mass += attraction[rows, chosen]
        total += attraction[rows, chosen] * worth[rows, chosen]
    return places


def best(attraction: F64, worth: F64, k: int, outside: F64 | float, nothing: F64 | float = 0.0) -> I32:
    """(m, k) places of a slate that no other is worth more than, by falling v (q - V).

    A slate worth V is best if and only if the k largest v (q - V) are those of its items: else the slate of
    those that are is worth more, and is tried next. V grows at each try, so that this ends, mostly at the
    third; what is found is worth the most that any slate is, but for rounding.
    """
    reached = value(*_of(top(attraction, worth, k), attraction, worth), outside, nothing)
    while True:
        places = _largest(attraction * (worth - reached[:, None]), k)
        then = value(*_of(places, attraction, worth), outside, nothing)
        if not (then > reached).any():
            return places
        reached = np.maximum(then, reached)


def _of(places: I32, attraction: F64, worth: F64) -> tuple[F64, F64]:
    """(m, k) v and q of those in `places` (m, k)."""
    return np.take_along_axis(attraction, places, axis=1), np.take_along_axis(worth, places, axis=1)


def _largest(scores: F64, k: int) -> I32:
    """(m, k) places of the largest `scores` (m, c), falling; of equal ones the earlier."""
    return np.argsort(-scores, axis=1, kind="stable")[:, :k].astype(np.int32)
