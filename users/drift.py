"""How tastes change: toward what was enjoyed, back to the long-run taste, and to new interests."""

from __future__ import annotations

import math

from simenv._lanes import dot, lean
from simenv._lanes import scale as stretch
from simenv.floats import ONE, ZERO, exp32, f32, log32, scalar

_ALMOST_ONE = f32(0.999999)


@scalar
def move(interest, target, share):
    """mu <- unit(mu + share (target - mu)): an interest goes a share of the way to a place on the sphere."""
    lean(interest, target, share)
    stretch(interest, ONE / math.sqrt(dot(interest, interest)))


@scalar
def enjoy(taste, weight, n, k, sound, p):
    """A finished track draws the interest k that it served toward its sound, and k gains weight."""
    if p.drift > ZERO:
        move(taste[k], sound, p.drift)
    for j in range(n):
        weight[j] *= ONE - p.weight_drift
    weight[k] += p.weight_drift


@scalar
def resent(interest, sound, p):
    """A track that was skipped early drives the interest that it served away from its sound."""
    if p.aversion > ZERO:
        move(interest, sound, -p.aversion)


@scalar
def share_of(pull, days):
    """1 - (1 - pull)^days: the share of the way that a pull of so much a day goes in `days`."""
    return ONE - exp32(days * log32(ONE - min(pull, _ALMOST_ONE)))


@scalar
def recover(tastes, n, centroids, days, p):
    """In `days` without music, tastes and weights go part of the way back to the long-run taste."""
    if p.taste_pull > ZERO:
        share = share_of(p.taste_pull, days)
        for k in range(n):
            move(tastes.taste[k], centroids[tastes.home[k]], share)
    if p.weight_pull > ZERO:
        share = share_of(p.weight_pull, days)
        for k in range(n):
            tastes.weight[k] += share * (tastes.home_weight[k] - tastes.weight[k])


@scalar
def new_interest(me, tastes, centroids, micro_genre, p):
    """A new interest takes the place of the weakest, in the long-run taste too; both are scaled to sum 1.

    A listener of one interest gains a second instead. Births that only add would give everybody five
    interests within a year, lift utility for all and leave no bubble to be in.
    """
    slot = 0
    if me.interests == 1:
        slot = 1
        me.interests = 2
    else:
        for k in range(me.interests):
            if tastes.weight[k] < tastes.weight[slot]:
                slot = k
    for e in range(centroids.shape[1]):
        tastes.taste[slot, e] = centroids[micro_genre, e]
    tastes.home[slot] = micro_genre
    tastes.weight[slot] = tastes.home_weight[slot] = p.birth_weight
    scale(tastes.weight, me.interests)
    scale(tastes.home_weight, me.interests)


@scalar
def scale(weight, n):
    """Make the first n weights sum to 1."""
    total = ZERO
    for k in range(n):
        total += weight[k]
    for k in range(n):
        weight[k] /= total
