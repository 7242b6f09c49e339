"""What friends do to one another when a window ends: they hear what was played, and tastes come closer."""

from __future__ import annotations

from simenv._lanes import dot
from simenv.floats import ONE, ZERO, f32
from simenv.types import I32
from simenv.users.appeal import NOTHING
from simenv.users.drift import move, share_of
from simenv.users.kernels import compiled
from simenv.users.social import Circle


def told(circle: Circle, listener: I32, track: I32) -> Circle:
    """The circle after friends have heard of plays (e,), in the order in which each listener made theirs."""
    recent = circle.recent.copy()
    enter(listener, track, recent)
    return circle._replace(recent=recent)


@compiled
def enter(listener, track, recent):
    """Put each play first in its listener's row of `recent` (n, r); the last drops out."""
    for e in range(listener.shape[0]):
        mine = recent[listener[e]]
        for place in range(mine.shape[0] - 1, 0, -1):
            mine[place] = mine[place - 1]
        mine[0] = track[e]


@compiled
def pull(lo, hi, start, friends, people, before, taste, time, days, params, target):
    """Each interest goes a share of the way, `social_pull` a day, to the mean of friends' nearest interests.

    Moves listeners [lo, hi) in `taste`, looking at tastes as they were, `before`, so that the order does not
    matter. Who has not joined yet or is gone neither pulls nor is pulled. `target` (d,) is scratch.
    """
    share = share_of(params[0].social_pull, f32(days))
    for u in range(lo, hi):
        if not people[u].joined <= time < people[u].gone:
            continue
        for k in range(people[u].interests):
            target[:] = ZERO
            count = ZERO
            for f in range(start[u], start[u + 1]):
                v = friends[f]
                if not people[v].joined <= time < people[v].gone:
                    continue
                best, nearest = NOTHING, 0
                for j in range(people[v].interests):
                    alike = dot(before[u, k], before[v, j])
                    if alike > best:
                        best, nearest = alike, j
                for e in range(target.shape[0]):
                    target[e] += before[v, nearest, e]
                count += ONE
            if count > ZERO:
                for e in range(target.shape[0]):
                    target[e] /= count
                move(taste[u, k], target, share)
