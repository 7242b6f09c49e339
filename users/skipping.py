"""How long a track plays: a hazard of leaving it, high in the first seconds, scaled by how it is liked.

L(t) = A0 (1 - e^(-t / t0)) + l1 t is the cumulative hazard at utility 0 of an average listener.
"""

from __future__ import annotations

from simenv.floats import TWO, ZERO, exp32, f32, scalar

_STEPS = 8
_CLOSE = f32(0.07)  # after a step so short what is left is about 1e-6


@scalar
def first_guess(target, p):
    """A listening time, in t0, a little too short: the highest of the lines that touch L^-1 from below."""
    x = ZERO
    for line in range(p.touching.shape[0]):
        x = max(x, p.touching[line] + p.touch_slope[line] * target)
    return x


@scalar
def listening_time(length, hazard, eta, draw, p):
    """Seconds listened to, and whether it was skipped.

    Skipped iff L(length) e^eta > E, then at t = L^-1(E e^-eta), solved for x = t / t0. Halley's steps triple
    the right digits: after the first guess one is enough, where Newton's from the ends of L took four.

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
    x, late = first_guess(target, p), p.hazard_late * p.hazard_seconds
    for _ in range(_STEPS):
        early = p.hazard * exp32(-x)
        short = target - p.hazard + early - late * x
        slope = early + late
        step = TWO * short * slope / (TWO * slope * slope - short * early)
        x += step
        if abs(step) < _CLOSE:
            break
    return min(max(x * p.hazard_seconds, ZERO), length), True
