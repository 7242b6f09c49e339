"""What follows from the parameters alone, worked out once so that no play has to.

Fields of the kernels' parameter record beside the parameters themselves; each says what it saves.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from simenv.types import F64

if TYPE_CHECKING:
    from simenv.users.params import ListenerParams

LONGEST = 300
"""Tracks after which every session ends."""

STREAKS = 5
"""Skips in a row that are told apart: none, one, ..., four and more."""

_SKIP_UNIT, _SKIP_MEAN, _CAP = 0.6, 0.75, 0.9
_TOUCH = np.array([0.25, 0.8, 1.4, 2.0, 2.6, 3.3, 4.3, 20.0])  # where the hazard's tangents touch it, in t0

DERIVED: list[tuple[str, type, tuple[int, ...]]] = [
    ("ending", np.float32, (STREAKS, LONGEST + 1)),  # chance that the session ends: no exp, no log
    ("lifting", np.float32, (2, LONGEST)),  # what a track gains at its position, own and recommended: no exp
    ("touching", np.float32, (len(_TOUCH),)),  # first guesses of a listening time: one step instead of four
    ("touch_slope", np.float32, (len(_TOUCH),)),
]


def hazard(seconds: F64, p: ListenerParams) -> F64:
    """L(t) = A0 (1 - e^(-t / t0)) + l1 t, the cumulative hazard at utility 0 of an average listener."""
    return p.hazard * -np.expm1(-seconds / p.hazard_seconds) + p.hazard_late * seconds


def ending(p: ListenerParams) -> NDArray:
    """(5, 301) P(end after track k) = .28 k^-.55 exp(.10 (.6 min(skips in a row, 4) - .75)), at most .9."""
    skips, k = _SKIP_UNIT * np.arange(STREAKS)[:, None] - _SKIP_MEAN, np.maximum(np.arange(LONGEST + 1), 1)
    chance = np.minimum(p.leave * np.exp(p.leave_skips * skips) * k**-p.leave_power, _CAP)
    chance[:, LONGEST] = 1.0
    return chance


def lifting(p: ListenerParams) -> NDArray:
    """(2, 300) lift e^(-k / lift_tracks) of the k-th track from 0: in own sessions, in recommended ones."""
    return np.outer([p.lift, p.lift * p.lift_recommended], np.exp(-np.arange(LONGEST) / p.lift_tracks))


def tangents(p: ListenerParams) -> tuple[NDArray, NDArray]:
    """Lines x = a + b y, (8,) a and (8,) b, that touch the inverse of y = L(x t0) from below.

    Their maximum is a lower bound of the listening time, at the defaults at most .06 t0 too low.
    """
    slope = p.hazard * np.exp(-_TOUCH) + p.hazard_late * p.hazard_seconds
    with np.errstate(divide="ignore", invalid="ignore"):  # without any hazard nobody asks for a time
        return _TOUCH - hazard(_TOUCH * p.hazard_seconds, p) / slope, 1 / slope


def derived(p: ListenerParams) -> tuple[NDArray, ...]:
    """The values of DERIVED, in order."""
    with np.errstate(over="ignore"):
        return (ending(p), lifting(p), *tangents(p))
