"""What another policy would have earned with slates, estimated from a log of slates.

A decision e shows k tracks, slot by slot; r_j is what slot j earned, 0 where it was not reached. mu_j and
pi_j are the chances of its track given the tracks in the slots before, as `Slate.propensity` has them; the
weight of slot j is w_j = pi_j / mu_j. Slots that nobody came to say nothing: give them mu = pi = 1 and r = 0.

    estimator          its weight of r_j     right if the reward of a slot depends on
    sips               w_1 ... w_k           the whole slate
    rips, cascade_dr   w_1 ... w_j           its track and those before it
    iips               w_j                   its track alone
    pseudo_inverse     linear in the slate   its track alone; only the slate's total is known

The fewer tracks a reward depends on, the lighter the weights and the narrower the interval.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simenv._ope import ALONE, Estimate, Spread, capped, estimated, fitting, numbers, ratios
from simenv.errors import UsageError
from simenv.types import F64

__all__ = ["Estimate", "Spread", "cascade_dr", "iips", "pseudo_inverse", "rips", "sips"]

_SAME = 1e-4  # relative: a propensity this near to uniform is


def sips(
    reward: NDArray, logged: NDArray, target: NDArray, cap: float = np.inf, spread: Spread = ALONE
) -> Estimate:
    """Standard: the mean of (w_1 ... w_k) (r_1 + ... + r_k). Always right, and hopeless for long slates.

    Args:
        reward: (e, k) what each slot earned.
        logged: (e, k) mu_j, in (0, 1].
        target: (e, k) pi_j.
        cap: weights above it are cut to it; inf: none is.
        spread: how the interval is made.

    Raises:
        UsageError: if an array does not fit, or propensities are missing, zero or no probabilities.
    """
    each = _weights(logged, target)
    weight, cut = capped(each.prod(axis=1), cap)
    (reward,) = fitting(each, {"reward": reward})
    return estimated((weight * reward.sum(axis=1))[:, None], None, spread, weight, cut)


def iips(
    reward: NDArray, logged: NDArray, target: NDArray, cap: float = np.inf, spread: Spread = ALONE
) -> Estimate:
    """Independent: the mean of the sum of w_j r_j. Arguments and errors are those of `sips`.

    Source: Li et al., KDD 2018.
    Departs:
        1. chances are those given the slots before (theirs: of a track in a slot whatever stands before),
           which differ as far as the target policy's slot depends on the tracks before.
    """
    weight, cut = capped(_weights(logged, target), cap)
    (reward,) = fitting(weight, {"reward": reward})
    return estimated((weight * reward).sum(axis=1)[:, None], None, spread, weight[:, -1], cut)


def rips(
    reward: NDArray,
    logged: NDArray,
    target: NDArray,
    cap: float = np.inf,
    normalised: bool = False,
    spread: Spread = ALONE,
) -> Estimate:
    """Reward interaction: the mean of the sum of (w_1 ... w_j) r_j; listeners come from the top.

    Args:
        reward: (e, k).
        logged: (e, k) mu_j.
        target: (e, k) pi_j.
        cap: of the products.
        normalised: divide the sum of each slot by the sum of its weights, as SNIPS does.
        spread: how the interval is made.

    Raises:
        UsageError: as `sips`.

    Source: McInerney et al., KDD 2020.
    """
    weight, cut = capped(_weights(logged, target).cumprod(axis=1), cap)
    (reward,) = fitting(weight, {"reward": reward})
    bottom = weight if normalised else None
    return estimated(weight * reward, bottom, spread, weight[:, -1], cut)


def cascade_dr(
    reward: NDArray,
    logged: NDArray,
    target: NDArray,
    predicted: NDArray,
    expected: NDArray,
    cap: float = np.inf,
    spread: Spread = ALONE,
) -> Estimate:
    """Doubly robust down the slate: the mean of the sum of W_j (r_j - q_j) + W_(j-1) qbar_j.

    W_j = w_1 ... w_j. Right with the propensities of the log, whatever the model, where RIPS is.

    Args:
        reward: (e, k).
        logged: (e, k) mu_j.
        target: (e, k) pi_j.
        predicted: (e, k) q_j, what a model expects of slot j and all after it, given the tracks up to j; 0 in
            slots that nobody came to.
        expected: (e, k) qbar_j, the mean of q_j over what the target policy would show in slot j.
        cap: of the products.
        spread: how the interval is made.

    Raises:
        UsageError: as `sips`.

    Source: Kiyohara et al., WSDM 2022.
    """
    weight, cut = capped(_weights(logged, target).cumprod(axis=1), cap)
    reward, predicted, expected = fitting(
        weight, {"reward": reward, "predicted": predicted, "expected": expected}
    )
    before = np.concatenate([np.ones((len(weight), 1)), weight[:, :-1]], axis=1)
    told = (weight * (reward - predicted) + before * expected).sum(axis=1)
    return estimated(told[:, None], None, spread, weight[:, -1], cut)


def pseudo_inverse(
    reward: NDArray, logged: NDArray, n_open: NDArray, target: NDArray, spread: Spread = ALONE
) -> Estimate:
    """PI, for uniform slates: the mean of W r; right if a slate's reward is a sum over its (slot, track).

    With A open tracks, k slots, p_j(i) the chance that the target policy shows track i in slot j (whatever
    stands before it), S the logged slate and s_j its tracks,

        W = 1 + A (A - 1) / (A - k) (c / k - k / A) + (A - 1) (d - c / k)
        c = sum over j, i in S of p_j(i),   d = sum over j of p_j(s_j)

    which is p' G^+ 1_S, G being the second moment of uniform slates. (With A = k the middle term is 0.)

    Args:
        reward: (e,) of the whole slate.
        logged: (e, k) mu_j, which must be 1 / (A - j), j from 0: uniform draws without replacement.
        n_open: (e,) A.
        target: (e, k, k) p_j of the logged track in slot i: [decision, j, i].
        spread: how the interval is made.

    Raises:
        UsageError: if slates were not uniform, or an array does not fit.

    Source: Swaminathan et al., NeurIPS 2017.
    Departs:
        1. uniform slates only, by the closed form above (theirs: any policy, by a numerical pseudo-inverse
           for each context).
    """
    if logged.ndim != 2 or len(n_open) != len(logged):
        raise UsageError(f"logged {logged.shape} for {len(n_open)} decisions: expected (e, k)")
    size, k = np.asarray(n_open, np.float64), logged.shape[1]
    uniform = 1 / (size[:, None] - np.arange(k))
    ratios(logged, np.ones(logged.shape))
    if off := int((np.abs(logged / uniform - 1) > _SAME).any(axis=1).sum()):
        raise UsageError(
            f"{off:,} of {len(logged):,} slates were not drawn uniformly: the pseudo-inverse is for logs of "
            "`random`; use rips or cascade_dr"
        )
    if target.shape != (len(logged), k, k):
        raise UsageError(f"target has shape {target.shape}; expected {(len(logged), k, k)}")
    reward, p = numbers({"reward": reward})[0], numbers({"target": target})[0]
    held, placed = p.sum(axis=(1, 2)) / k, np.einsum("ejj->e", p)
    more = np.divide(size * (size - 1), size - k, out=np.zeros_like(size), where=size > k)
    weight = 1 + more * (held - k / size) + (size - 1) * (placed - held)
    return estimated((weight * reward)[:, None], None, spread, weight)


def _weights(logged: NDArray, target: NDArray) -> F64:
    """(e, k) w_j."""
    each = ratios(logged, target)
    if each.ndim != 2 or not each.shape[1]:
        raise UsageError(f"arrays of shape {each.shape}: slates are (e, k); for single tracks, simenv.ope")
    return each
