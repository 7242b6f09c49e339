"""How long a track plays: a hazard of leaving it, high in the first seconds, scaled by how it is liked."""

from __future__ import annotations

from simenv.floats import ONE, ZERO, exp32, f32, scalar

_STEPS = 8
_CLOSE = f32(1e-4)


@scalar
def hazard(seconds, p):
    """L(t) = A0 (1 - e^(-t / t0)) + l1 t, the cumulative hazard at utility 0 of an average listener."""
    return p.hazard * (ONE - exp32(-seconds / p.hazard_seconds)) + p.hazard_late * seconds


@scalar
def listening_time(length, eta, draw, p):
    """Seconds listened to, and whether it was skipped.

    Skipped iff L(length) e^eta > E, then at t = L^-1(E e^-eta). L is concave, so Newton's steps from a lower
    bound climb to the root without passing it.

    Args:
        length: of the track, seconds.
        eta: log scale of the hazard.
        draw: E ~ Exp(1).
        p: parameters.
    """
    target = draw * exp32(-eta)
    if target >= hazard(length, p):
        return length, False
    slope = p.hazard / p.hazard_seconds + p.hazard_late
    t = max(target / slope, (target - p.hazard) / p.hazard_late if p.hazard_late > ZERO else ZERO)
    for _ in range(_STEPS):
        decay = exp32(-t / p.hazard_seconds)
        short = target - p.hazard * (ONE - decay) - p.hazard_late * t
        t += short / (p.hazard / p.hazard_seconds * decay + p.hazard_late)
        if abs(short) < _CLOSE:
            break
    return min(max(t, ZERO), length), True
