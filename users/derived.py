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

WEIGHTS = 512
"""Steps in which the gain of an interest's weight is tabulated, from weight 0 to 1."""

AGES = 512
"""Steps in which newness is tabulated, from age 0 to 16 of its time constants; then it is over."""

KNOTS = 256
"""Pieces in which listening times are tabulated, up to LONG_TRACK seconds."""

LONG_TRACK = 900.0

_SKIP_UNIT, _SKIP_MEAN, _CAP = 0.6, 0.75, 0.9
_NEW_FOR = 16.0  # time constants
_FLOOR = 0.05  # of an interest's weight
_HALVINGS = 80  # of an interval of seconds: down to the last bit
_SHORTEST = 1e-30  # days; what is not out yet must not be 0 times infinity
_TOLERANCE = 1e-3  # of a tabulated listening time: so many seconds, and so much of it

DERIVED: list[tuple[str, type, tuple[int, ...]]] = [
    ("ending", np.float32, (STREAKS, LONGEST + 1)),  # chance that the session ends: no exp, no log
    ("lifting", np.float32, (2, LONGEST)),  # what a track gains at its position, own and recommended: no exp
    ("gaining", np.float32, (WEIGHTS + 2,)),  # gain ln(w + .05), and the last once more: no log
    ("ageing", np.float32, (AGES + 2,)),  # newness at an age, and the last once more: no exp
    ("ageing_steps", np.float32, ()),  # to a day
    ("leaving", np.float32, (KNOTS, 4)),  # L^-1 piece by piece, each a cubic of its part: no exp
    ("leaving_pieces", np.float32, ()),  # pieces to a unit of L
    ("leaving_late", np.float32, ()),  # seconds to a piece beyond the last
    ("leaving_rough", np.int32, ()),  # 1: L^-1 is too steep for its table, which is a first guess only
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


def gaining(p: ListenerParams) -> NDArray:
    """(514,) gain ln(w + .05) of weights 0, 1/512, ..., 1 and again 1; between them a line is 2e-4 off."""
    weight = np.minimum(np.arange(WEIGHTS + 2) / WEIGHTS, 1.0)
    return p.weight_gain * np.log(weight + _FLOOR)


def ageing(p: ListenerParams) -> tuple[NDArray, float]:
    """(514,) newness e^(-age / newness_days) of 512 ages, then twice 0: it is over; and steps to a day.

    Between them a line is 1.2e-4 of the newness off.
    """
    value = p.newness * np.exp(-_NEW_FOR / AGES * np.arange(AGES + 2))
    value[AGES:] = 0.0
    return value, AGES / _NEW_FOR / max(p.newness_days, _SHORTEST)


def leaving(p: ListenerParams) -> tuple[NDArray, float, float, int]:
    """L^-1, seconds: (256, 4) cubics, pieces to a unit, seconds to a piece beyond the last, and if rough.

    Each cubic has the inverse's values and slopes at its ends (Hermite), slopes held where it stays monotone
    (Fritsch & Carlson 1980). At the defaults it is less than 1e-4 s off.
    """
    top = float(hazard(np.array(LONG_TRACK), p))
    if not 0 < top < np.inf:  # nobody skips, or everybody at once
        return np.zeros((KNOTS, 4)), 0.0, 0.0, 0
    knots = np.linspace(0.0, top, KNOTS + 1)
    seconds = unhazard(knots, p)
    rise = np.diff(seconds)
    slope = top / KNOTS / (p.hazard / p.hazard_seconds * np.exp(-seconds / p.hazard_seconds) + p.hazard_late)
    steep = np.minimum(np.append(rise, np.inf), np.insert(rise, 0, np.inf))
    begin, end = np.minimum(slope, 3 * steep)[:-1], np.minimum(slope, 3 * steep)[1:]
    cubics = np.stack([seconds[:-1], begin, 3 * rise - 2 * begin - end, begin + end - 2 * rise], axis=1)
    cubics = cubics.round(7)  # machines differ in the last bits of exp, and differences magnify that
    middle = unhazard((knots[:-1] + knots[1:]) / 2, p)
    rough = np.abs(cubics @ (0.5 ** np.arange(4)) - middle) > _TOLERANCE * (1 + middle)
    late = top / KNOTS / p.hazard_late if p.hazard_late else 0.0
    return cubics, KNOTS / top, late, int(rough.any())


def unhazard(level: F64, p: ListenerParams) -> F64:
    """Seconds t <= 900 at which L(t) = `level`, by halving."""
    low, high = np.zeros(len(level)), np.full(len(level), LONG_TRACK)
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        below = hazard(middle, p) < level
        low, high = np.where(below, middle, low), np.where(below, high, middle)
    return high


def derived(p: ListenerParams) -> tuple[NDArray | float, ...]:
    """The values of DERIVED, in order."""
    with np.errstate(over="ignore"):
        return (ending(p), lifting(p), gaining(p), *ageing(p), *leaving(p))
