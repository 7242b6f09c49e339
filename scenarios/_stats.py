"""Intervals and paired comparisons over worlds: the unit of replication is the seed, never the listener."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import stats

from simenv.rng import Key
from simenv.types import F64

RESAMPLES = 4_000
_KEY = Key.root(0) / "bootstrap"


@dataclass(frozen=True)
class Interval:
    """A mean over seeds with its 95 % bootstrap interval; the bounds are nan for fewer than two seeds."""

    mean: float
    low: float
    high: float

    @property
    def above(self) -> bool:
        """Whether all of it lies above 0."""
        return self.low > 0

    @property
    def below(self) -> bool:
        """Whether all of it lies below 0."""
        return self.high < 0


def interval(values: F64) -> Interval:
    """The mean of values (s,) over seeds, nan ones left out, and the percentile bootstrap of it.

    The resamples are the same in every call with as many values: an interval is a function of its numbers.
    """
    values = values[np.isfinite(values)]
    if not len(values):
        return Interval(np.nan, np.nan, np.nan)
    if len(values) == 1:
        return Interval(float(values[0]), np.nan, np.nan)
    chosen = _KEY.generator().integers(len(values), size=(RESAMPLES, len(values)))
    low, high = np.quantile(values[chosen].mean(axis=1), [0.025, 0.975])
    return Interval(float(values.mean()), float(low), float(high))


@dataclass(frozen=True)
class Paired:
    """What one agent does beyond another in the same worlds."""

    seeds: int
    difference: Interval
    iqm: float  # interquartile mean of the differences
    improved: float  # share of worlds in which the difference is above 0
    variance_reduction: float  # (var a + var b) / var(a - b): what independent worlds would have cost


def paired(values: F64, against: F64) -> Paired:
    """Compare values (s,) with `against` (s,), seed by seed; seeds where one is nan are left out."""
    both = np.isfinite(values) & np.isfinite(against)
    values, against = values[both], against[both]
    difference = values - against
    reduction = np.nan
    if len(values) > 1 and np.ptp(difference) > 0:
        reduction = (values.var(ddof=1) + against.var(ddof=1)) / difference.var(ddof=1)
    return Paired(
        seeds=len(values),
        difference=interval(difference),
        iqm=float(stats.trim_mean(difference, 0.25)) if len(values) else np.nan,
        improved=float((difference > 0).mean()) if len(values) else np.nan,
        variance_reduction=float(reduction),
    )
