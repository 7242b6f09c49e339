"""How long a track plays: a hazard of leaving it, high in the first seconds, scaled by how it is liked.

L(t) = A0 (1 - e^(-t / t0)) + l1 t is the cumulative hazard at utility 0 of an average listener.
"""

from __future__ import annotations

import numpy as np

from simenv.floats import TWO, ZERO, exp32, f32, scalar
from simenv.users.derived import KNOTS

_STEPS = 8
_CLOSE = f32(0.07)  # after a step so short what is left is about 1e-6
_LAST = np.int32(KNOTS - 1)
_PIECES = f32(KNOTS)


@scalar
def tabulated(target, p):
    """L^-1 of `target`, seconds: a cubic of the piece it falls into (`derived.leaving`)."""
    place = target * p.leaving_pieces
    inside = min(place, _PIECES)
    piece = min(np.int32(inside), _LAST)
    x = inside - f32(piece)
    cubic = p.leaving[piece]
    seconds = cubic[0] + x * (cubic[1] + x * (cubic[2] + x * cubic[3]))
    return seconds + (place - inside) * p.leaving_late


@scalar
def polished(seconds, target, p):
    """A better L^-1 of `target` than `seconds`, by Halley's steps, which triple the right digits."""
    x, late = seconds / p.hazard_seconds, p.hazard_late * p.hazard_seconds
    for _ in range(_STEPS):
        early = p.hazard * exp32(-x)
        short = target - p.hazard + early - late * x
        slope = early + late
        step = TWO * short * slope / (TWO * slope * slope - short * early)
        x += step
        if abs(step) < _CLOSE:
            break
    return x * p.hazard_seconds


@scalar
def listening_time(length, hazard, eta, draw, p):
    """Seconds listened to, and whether it was skipped.

    Skipped iff L(length) e^eta > E, then at t = L^-1(E e^-eta), read off a table.

    Args:
        length: of the track, seconds.
        hazard: L(length), the same for everybody (`derived.hazard`).
        eta: log scale of the hazard.
        draw: E ~ Exp(1).
        p: parameters.
    """
    target = draw * exp32(-eta)
    if target >= hazard:
        return length, False
    seconds = tabulated(target, p)
    if p.leaving_rough:
        seconds = polished(seconds, target, p)
    return min(max(seconds, ZERO), length), True
