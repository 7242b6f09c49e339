"""What off-policy estimators share: their result, its interval, and the checks at their door."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from simenv.errors import UsageError
from simenv.rng import Key
from simenv.types import F64

_AT_ONCE = 50  # resamples held in memory together
_SLACK = 1e-6  # of a float32 probability above 1


@dataclass(frozen=True, slots=True)
class Spread:
    """How an interval is made.

    Args:
        level: share of logs whose interval holds the truth, in (0, 1).
        clusters: (e,) whose decision each is, a listener's row, say: decisions of one are not independent;
            None: all are.
        key: of the resamples of a percentile bootstrap over clusters; None: Student's t.
        redraws: resamples.
    """

    level: float = 0.95
    clusters: NDArray[np.integer] | None = None
    key: Key | None = None
    redraws: int = 1_000


ALONE = Spread()
"""Student's t, every decision by itself."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a policy is worth, as a log has it.

    `low` and `high` are nan for fewer than two clusters, all three where the estimator divides by weights
    that are all 0: the log shows nothing that the policy would show.
    """

    value: float
    low: float
    high: float
    effective: float  # (sum w)^2 / sum w^2: decisions that unweighted would say as much
    heaviest: float  # largest weight; nan where nothing is weighted
    clipped: float  # share of decisions whose weight was cut
    decisions: int

    def holds(self, truth: float) -> bool:
        """Whether the interval holds `truth`."""
        return self.low <= truth <= self.high


def estimated(
    top: F64, bottom: F64 | None, spread: Spread, weight: F64 | None = None, clipped: float = 0.0
) -> Estimate:
    """The sum over columns j of sum_e top / sum_e bottom, with its interval.

    Student's t rests on the linear part: cluster g moves the value by u_g = sum_j (top_gj - v_j bottom_gj) /
    bottom_j, its variance being G / (G - 1) sum u_g^2 for G clusters. The bootstrap draws clusters anew.

    Args:
        top: (e, j) what each decision adds.
        bottom: (e, j) what it counts for; None: 1.
        spread: of the interval.
        weight: (e,) of decisions, for what is said beside the value; None: nothing is weighted.
        clipped: share of weights that were cut.

    Raises:
        UsageError: if there is no decision, or the spread is impossible.
    """
    if not 0 < spread.level < 1:
        raise UsageError(f"level={spread.level} of an interval: expected a number between 0 and 1")
    if not len(top):
        raise UsageError("no decision to estimate from: hand over a log with at least one")
    bottom = np.ones(top.shape) if bottom is None else bottom
    tops, bottoms = (_by_cluster(part, spread.clusters) for part in (top, bottom))  # (G, j)
    effective, heaviest = float(len(top)), float("nan")
    if weight is not None:
        effective = float(weight.sum() ** 2 / max((weight**2).sum(), np.finfo(float).tiny))
        heaviest = float(weight.max())
    if not (bottoms.sum(axis=0) > 0).all():
        nan = float("nan")
        return Estimate(nan, nan, nan, effective, heaviest, clipped, len(top))
    parts = tops.sum(axis=0) / bottoms.sum(axis=0)  # (j,)
    low, high = _bounds(tops, bottoms, parts, spread)
    return Estimate(float(parts.sum()), low, high, effective, heaviest, clipped, len(top))


def _bounds(tops: F64, bottoms: F64, parts: F64, spread: Spread) -> tuple[float, float]:
    n = len(tops)
    if n < 2:
        return float("nan"), float("nan")
    tail = (1 - spread.level) / 2
    if spread.key is None:
        moved = ((tops - parts * bottoms) / bottoms.sum(axis=0)).sum(axis=1)  # (G,)
        half = stats.t.ppf(1 - tail, n - 1) * np.sqrt(n / (n - 1) * (moved**2).sum())
        return float(parts.sum() - half), float(parts.sum() + half)
    generator, found = spread.key.generator(), []
    for at in range(0, spread.redraws, _AT_ONCE):
        size = min(_AT_ONCE, spread.redraws - at)
        drawn = generator.integers(n, size=(size, n))  # (r, G)
        with np.errstate(invalid="ignore", divide="ignore"):
            found.append((tops[drawn].sum(axis=1) / bottoms[drawn].sum(axis=1)).sum(axis=1))
    values = np.concatenate(found)
    low, high = np.quantile(values[np.isfinite(values)], [tail, 1 - tail])
    return float(low), float(high)


def _by_cluster(values: F64, clusters: NDArray[np.integer] | None) -> F64:
    """(G, j) sums of (e, j) over the decisions of each cluster."""
    if clusters is None:
        return values
    if len(clusters) != len(values):
        raise UsageError(f"{len(clusters)} clusters for {len(values)} decisions: name one a decision")
    _, group = np.unique(clusters, return_inverse=True)
    return np.stack([np.bincount(group, column) for column in values.T], axis=1)


def ratios(logged: NDArray, target: NDArray) -> F64:
    """Target probability over logged propensity of what was shown, in any shape.

    Raises:
        UsageError: if either is missing or no probability; it says how many.
    """
    _same_shape({"logged": logged, "target": target})
    total = logged.size
    what = f"of {total:,} logged propensities"
    missing, zero = int(np.isnan(logged).sum()), int((logged <= 0).sum())
    if missing:
        raise UsageError(
            f"{missing:,} {what} are missing: log the chance of what is shown when it is shown "
            "(Slate.propensity), or leave those decisions out and say so"
        )
    if zero:
        raise UsageError(
            f"{zero:,} {what} are zero or less, but what was shown had a chance: mend the log, or leave "
            "those decisions out and say so"
        )
    if (logged > 1 + _SLACK).any():
        raise UsageError(f"{int((logged > 1 + _SLACK).sum()):,} {what} are above 1: expected probabilities")
    if unknown := int(np.isnan(target).sum()):
        raise UsageError(
            f"{unknown:,} of {total:,} target probabilities are unknown (nan): choose a policy that knows "
            "the chance of what it shows (Agent.probability)"
        )
    if ((target < 0) | (target > 1 + _SLACK)).any():
        wrong = int(((target < 0) | (target > 1 + _SLACK)).sum())
        raise UsageError(f"{wrong:,} of {total:,} target probabilities are not within 0 and 1")
    return target.astype(np.float64) / logged


def numbers(arrays: Mapping[str, NDArray]) -> list[F64]:
    """The arrays as float64.

    Raises:
        UsageError: if their shapes differ, or a value is missing.
    """
    _same_shape(arrays)
    for name, array in arrays.items():
        if missing := int((~np.isfinite(array)).sum()):
            raise UsageError(f"{missing:,} of {array.size:,} values of {name} are missing or infinite")
    return [array.astype(np.float64) for array in arrays.values()]


def fitting(weight: F64, arrays: Mapping[str, NDArray]) -> list[F64]:
    """The arrays as float64, all of the shape of the weights; errors as `numbers`."""
    return numbers({"logged": weight, **arrays})[1:]


def capped(weight: F64, cap: float) -> tuple[F64, float]:
    """Weights, none above `cap`, and the share of them that were cut.

    Raises:
        UsageError: if the cap is not above 0.
    """
    if not cap > 0:
        raise UsageError(f"cap={cap} of weights: expected a number above 0, or inf for none")
    return np.minimum(weight, cap), float((weight > cap).mean()) if weight.size else 0.0


def _same_shape(arrays: Mapping[str, NDArray]) -> None:
    shapes = {name: array.shape for name, array in arrays.items()}
    if len(set(shapes.values())) > 1:
        told = ", ".join(f"{name} {shape}" for name, shape in shapes.items())
        raise UsageError(f"shapes differ: {told}; expected one value a decision in each")
