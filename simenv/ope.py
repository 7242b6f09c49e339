"""What another policy would have earned, estimated from a log: one track a decision.

A decision e shows one track, whose reward is r. The policy that wrote the log showed it with chance mu, the
target policy would with chance pi; w = pi / mu. A model may add q, the reward it expects of what was shown,
and qbar, the mean of its expectations over all that the target policy might show. With mu as it was (and
above 0 wherever pi is), `ips` and `doubly_robust` are unbiased; `direct` is as good as the model.

>>> reward, mu, pi = np.array([1.0, 0.0, 1.0]), np.array([0.5, 0.25, 0.25]), np.array([0.25, 0.25, 0.5])
>>> ips(reward, mu, pi).value.__round__(4), snips(reward, mu, pi).value.__round__(4)
(0.8333, 0.7143)
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simenv._ope import ALONE, Estimate, Spread, capped, estimated, fitting, numbers, ratios
from simenv.errors import UsageError
from simenv.types import F64

__all__ = ["Estimate", "Spread", "beyond", "direct", "doubly_robust", "ips", "snips", "switch", "switch_dr"]


def ips(
    reward: NDArray, logged: NDArray, target: NDArray, cap: float = np.inf, spread: Spread = ALONE
) -> Estimate:
    """Inverse propensity scoring: the mean of w r.

    Args:
        reward: (e,) of what was shown.
        logged: (e,) mu, the chance with which it was shown, in (0, 1].
        target: (e,) pi, the chance with which the target policy would have shown it.
        cap: weights above it are cut to it, which biases the value and steadies it; inf: none is.
        spread: how the interval is made.

    Raises:
        UsageError: if an array does not fit, or propensities are missing, zero or no probabilities.

    Source: Horvitz & Thompson, JASA 1952; clipping: Ionides, JCGS 2008.
    """
    weight, cut = capped(ratios(logged, target), cap)
    (reward,) = fitting(weight, {"reward": reward})
    return estimated(_column(weight * reward), None, spread, weight, cut)


def snips(
    reward: NDArray, logged: NDArray, target: NDArray, cap: float = np.inf, spread: Spread = ALONE
) -> Estimate:
    """Self-normalised: sum w r / sum w. It stays within the rewards, and moves along when all of them do.

    Arguments and errors are those of `ips`.

    Source: Swaminathan & Joachims, NeurIPS 2015.
    """
    weight, cut = capped(ratios(logged, target), cap)
    (reward,) = fitting(weight, {"reward": reward})
    return estimated(_column(weight * reward), _column(weight), spread, weight, cut)


def direct(expected: NDArray, spread: Spread = ALONE) -> Estimate:
    """Direct method: the mean of qbar (e,), which only the model answers for.

    Raises:
        UsageError: if a value is missing.
    """
    (expected,) = numbers({"expected": expected})
    return estimated(_column(expected), None, spread)


def doubly_robust(
    reward: NDArray,
    logged: NDArray,
    target: NDArray,
    predicted: NDArray,
    expected: NDArray,
    cap: float = np.inf,
    spread: Spread = ALONE,
) -> Estimate:
    """The mean of qbar + w (r - q): unbiased if the propensities or the model are right.

    Args:
        reward: (e,).
        logged: (e,) mu.
        target: (e,) pi.
        predicted: (e,) q of what was shown; of a model that has not seen this decision, or the interval is
            too short.
        expected: (e,) qbar, the sum over tracks of pi q.
        cap: of weights.
        spread: how the interval is made.

    Raises:
        UsageError: as `ips`.

    Source: Dudik, Langford & Li, ICML 2011.
    """
    weight, cut = capped(ratios(logged, target), cap)
    reward, predicted, expected = fitting(
        weight, {"reward": reward, "predicted": predicted, "expected": expected}
    )
    return estimated(_column(expected + weight * (reward - predicted)), None, spread, weight, cut)


def switch_dr(
    reward: NDArray,
    logged: NDArray,
    target: NDArray,
    predicted: NDArray,
    expected: NDArray,
    threshold: float,
    spread: Spread = ALONE,
) -> Estimate:
    """The mean of qbar + w (r - q) [w <= threshold]: heavy weights give way to the model.

    With threshold inf it is `doubly_robust`, with 0 `direct` (of weights above 0). Other arguments and errors
    are those of `doubly_robust`.

    Source: Wang, Agarwal & Dudik, ICML 2017 (SWITCH-DR).
    """
    weight, over = _switched(ratios(logged, target), threshold)
    reward, predicted, expected = fitting(
        weight, {"reward": reward, "predicted": predicted, "expected": expected}
    )
    return estimated(_column(expected + weight * (reward - predicted)), None, spread, weight, over)


def switch(
    reward: NDArray,
    logged: NDArray,
    target: NDArray,
    beyond: NDArray,
    threshold: float,
    spread: Spread = ALONE,
) -> Estimate:
    """The mean of w r [w <= threshold] + `beyond`, what the model expects of all tracks of heavier weight.

    With threshold inf it is `ips`, with 0 `direct`. `beyond` (e,) is what the function of that name makes;
    the rest is as in `ips`.

    Source: Wang, Agarwal & Dudik, ICML 2017 (SWITCH).
    """
    weight, over = _switched(ratios(logged, target), threshold)
    reward, beyond = fitting(weight, {"reward": reward, "beyond": beyond})
    return estimated(_column(beyond + weight * reward), None, spread, weight, over)


def beyond(logged: NDArray, target: NDArray, predictions: NDArray, threshold: float) -> F64:
    """(e,) sum over tracks of pi q [pi > threshold mu], of all tracks (e, c) that might be shown.

    Raises:
        UsageError: if shapes differ, a value is missing or the threshold is negative.
    """
    _check_threshold(threshold)
    mu, pi, q = numbers({"logged": logged, "target": target, "predictions": predictions})
    heavy = pi > threshold * mu if np.isfinite(threshold) else (mu <= 0) & (pi > 0)
    return (pi * q * heavy).sum(axis=1)


def _switched(weight: F64, threshold: float) -> tuple[F64, float]:
    """Weights, those above `threshold` replaced by 0, and the share of them."""
    _check_threshold(threshold)
    over = weight > threshold
    return np.where(over, 0.0, weight), float(over.mean()) if len(over) else 0.0


def _check_threshold(threshold: float) -> None:
    if not threshold >= 0:
        raise UsageError(f"threshold={threshold} of weights: expected 0 or more, or inf")


def _column(values: F64) -> F64:
    """(e, 1), as one decision shows one track."""
    if values.ndim != 1:
        raise UsageError(
            f"arrays of shape {values.shape}: one track a decision (e,); for slates, simenv.ope_slates"
        )
    return values[:, None]
