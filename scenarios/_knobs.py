"""Parameters that calibration may move, in coordinates in which a step is about equally big everywhere."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import exp, log
from typing import Literal

import numpy as np

from simenv.errors import UsageError
from simenv.scenarios._registry import did_you_mean
from simenv.types import F64
from simenv.users.params import ListenerParams


@dataclass(frozen=True)
class Knob:
    """One parameter.

    Args:
        name: the field of `ListenerParams`.
        scale: log for amounts above 0, logit for shares, plain for what may be of either sign.
        low: least value that is tried.
        high: greatest value.
        unit: a change worth noticing, on the scale: a coordinate of 1. Facts pin a parameter down if its
            standard error is below half of this, and it is not moved if that is above one and a half.
    """

    name: str
    scale: Literal["log", "logit", "plain"]
    low: float
    high: float
    unit: float

    def coordinate(self, value: float) -> float:
        """Where a value stands, the bounds kept."""
        value = min(max(value, self.low), self.high)
        if self.scale == "plain":
            return value / self.unit
        return (log(value) if self.scale == "log" else log(value / (1 - value))) / self.unit

    def value(self, coordinate: float) -> float:
        """The value that stands at a coordinate, the bounds kept."""
        x = coordinate * self.unit
        value = x if self.scale == "plain" else exp(x) if self.scale == "log" else 1 / (1 + exp(-x))
        return float(min(max(value, self.low), self.high))

    def error(self, value: float, se: float) -> float:
        """The standard error of the value, of that of its coordinate."""
        slope = {"plain": 1.0, "log": value, "logit": value * (1 - value)}[self.scale]
        return se * self.unit * slope


KNOBS: tuple[Knob, ...] = (
    Knob("impatience", "plain", -4, 5, 0.3),
    Knob("hazard_seconds", "log", 0.5, 60, 0.3),
    Knob("hazard_late", "log", 2e-4, 0.1, 0.3),
    Knob("skipper", "log", 0.05, 4, 0.3),
    Knob("mood", "log", 0.1, 6, 0.3),
    Knob("mood_memory", "logit", 0.3, 0.998, 0.6),
    Knob("lift", "plain", -4, 5, 0.4),
    Knob("lift_tracks", "log", 0.2, 10, 0.4),
    Knob("leave", "logit", 0.02, 0.9, 0.3),
    Knob("leave_power", "plain", 0, 1.6, 0.15),
    Knob("leave_skips", "plain", -0.8, 1.5, 0.1),
    Knob("sessions", "log", 0.05, 20, 0.3),
    Knob("sessions_spread", "log", 0.05, 2.5, 0.3),
    Knob("discovery_a", "log", 0.2, 60, 0.4),
    Knob("discovery_b", "log", 0.2, 60, 0.4),
    Knob("recency", "plain", 0, 3, 0.2),
    Knob("frequency", "plain", 0, 3, 0.2),
    Knob("album_run", "logit", 0.005, 0.9, 0.3),
    Knob("known_artist", "logit", 0.02, 0.98, 0.5),
    Knob("churn", "log", 1e-5, 0.1, 0.6),
    Knob("chart_power", "plain", 0, 1.8, 0.3),
    Knob("worn", "plain", 0, 4, 0.4),
    Knob("hazard", "log", 0.01, 5, 0.3),
    Knob("base", "plain", -5, 4, 0.3),
)
"""The parameters that facts of listening depend on. Of two that do the same, the later one is held."""


def chosen(names: Sequence[str]) -> tuple[Knob, ...]:
    """The knobs of these names in the list's order, all if there are none.

    Raises:
        UsageError: on a name that is none.
    """
    known = tuple(knob.name for knob in KNOBS)
    for name in names:
        if name not in known:
            raise UsageError(
                f"--parameters {name}: calibration does not move it{did_you_mean(name, known)}\n"
                f"It can move {', '.join(known)}"
            )
    return tuple(knob for knob in KNOBS if not names or knob.name in names)


def place(listener: ListenerParams, knobs: Sequence[Knob]) -> F64:
    """(p,) coordinates of a listener's parameters."""
    return np.array([knob.coordinate(getattr(listener, knob.name)) for knob in knobs])


def at(listener: ListenerParams, knobs: Sequence[Knob], coordinates: F64) -> ListenerParams:
    """The listener with other values of these parameters, of six digits: files hold all of them."""
    values = (knob.value(x) for knob, x in zip(knobs, coordinates, strict=True))
    told = {knob.name: float(f"{value:.6g}") for knob, value in zip(knobs, values, strict=True)}
    return replace(listener, **told)  # type: ignore[arg-type]
