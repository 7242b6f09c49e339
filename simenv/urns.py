"""Drawing places by their weights, fast: cumulative sums, and a guide to where in them to begin to look."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simenv.floats import scalar
from simenv.types import F64, I32

_SHORT = 1 - 1e-12  # a guide may point too early, never too late


class Urn(NamedTuple):
    """Weights of places in groups; a group is a stretch [low, high) of places."""

    sums: F64  # (n,) cumulative weights, which start anew in every group
    guide: I32  # (n,) the j-th of a group of m: the first place whose sum exceeds j / m of the group's


def urn(weight: NDArray, start: I32) -> Urn:
    """The urn of `weight` (n,); `start` (g + 1,) offsets of the groups.

    Sums are differences of one long sum: what is less than 1e-16 of everything together weighs nothing.
    """
    total = np.cumsum(weight, dtype=np.float64)
    sizes = np.diff(start)
    before = np.concatenate([[0.0], total])[start]
    each_before = np.repeat(before[:-1], sizes)
    sums = np.maximum(total - each_before, 0.0)
    first = np.repeat(start[:-1], sizes)
    part = (np.arange(len(sums)) - first) / np.repeat(sizes, sizes)
    target = each_before + part * np.repeat(np.diff(before), sizes)
    guide = np.clip(np.searchsorted(total, target * _SHORT, side="right"), first, None)
    return Urn(sums, guide.astype(np.int32))


@scalar
def draw_from(urn, low, high, x):
    """A place in the group [low, high) by weight, from x in (0, 1); -1: nothing there has weight.

    Chen & Asau's guide (1974): one or two places are looked at, however many there are.
    """
    if high <= low or urn.sums[high - 1] <= 0.0:
        return -1
    target = x * urn.sums[high - 1]
    place = np.int64(urn.guide[low + np.int64(x * (high - low))])
    while place < high - 1 and urn.sums[place] <= target:
        place += 1
    return place
