"""Intervals and paired comparisons over worlds: the unit of replication is the seed, never the listener."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import stats

from simenv.rng import Key
from simenv.types import F64

RESAMPLES = 4_000
REDRAWN, _AT_ONCE = 1_000, 50  # times that the listeners of a log are, so many in memory
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


def over_listeners(values: F64) -> list[Interval]:
    """The means of quantities (q, s, m) over s seeds and m listeners of one log, with bootstrap intervals."""
    means = values.mean(axis=(1, 2))
    if values.shape[2] < 2:
        return [Interval(float(mean), np.nan, np.nan) for mean in means]
    low, high = np.quantile(resampled(values), [0.025, 0.975], axis=1)
    return [Interval(*map(float, one)) for one in zip(means, low, high, strict=True)]


def resampled(values: F64) -> F64:
    """(q, r) means of quantities (q, s, m) over s seeds and m listeners of one log, drawn anew r times.

    Here there is no other world: listeners are drawn anew, and seeds beside them where there are two and
    more. All quantities share the draws, in every call with as many seeds and listeners.
    """
    q, s, m = values.shape
    generator = _KEY.generator()
    flat, found = values.reshape(q * s, m), []
    for _ in range(0, REDRAWN, _AT_ONCE):
        listeners = generator.multinomial(m, np.full(m, 1 / m), size=_AT_ONCE) / m  # (r, m)
        seeds = generator.multinomial(s, np.full(s, 1 / s), size=_AT_ONCE) / s  # (r, s)
        found.append(np.einsum("qsr,rs->qr", (flat @ listeners.T).reshape(q, s, -1), seeds))
    return np.concatenate(found, axis=1)
