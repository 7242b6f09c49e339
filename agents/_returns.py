"""What a play leads to: the listener's later plays, discounted, less what that listener's plays lead to."""

from __future__ import annotations

import numpy as np

from simenv.types import F32, F64, I32, Bool, Plays

_SHRINK = 10  # plays of everyone that a listener's mean is drawn towards


def later(listener: I32, time: F64, reward: F32, horizon: float) -> F64:
    """(e,) sum over the same listener's later plays j of reward_j exp(-(time_j - time_i) / horizon).

    Args:
        listener: (e,).
        time: (e,) days, in any order.
        reward: (e,) of each play.
        horizon: days after which a reward counts for 1/e; 0: nothing that comes later counts.
    """
    out = np.zeros(len(time))
    if not horizon:
        return out
    order = np.lexsort((time, listener))
    left, of = 0.0, -1
    rows = zip(order[::-1].tolist(), listener[order[::-1]].tolist(), time[order[::-1]].tolist(), strict=True)
    then, gain = 0.0, reward.tolist()
    for i, u, t in rows:
        left = left * np.exp((t - then) / horizon) if u == of else 0.0
        out[i] = left
        left, of, then = left + gain[i], u, t
    return out


def advantage(plays: Plays, reward: F32, chosen: Bool, horizon: float, now: float) -> F32:
    """(e,) return of the plays `chosen` less what plays of the same listener, of the same kind, return.

    The kinds are recommended and organic. As the log ends `now`, a play is expected to see of later rewards
    the listener's mean times 1 - exp(-(now - time) / horizon).
    """
    some, own = plays.rows(chosen), reward[chosen].astype(np.float64)
    out = np.zeros(len(some))
    for kind in (some.slot < 0, some.slot >= 0):
        out[kind] = own[kind] - _mean(some.listener[kind], own[kind], np.ones(int(kind.sum())))
    if horizon:
        seen = -np.expm1(-(now - some.time) / horizon)
        future = later(plays.listener, plays.time, reward, horizon)[chosen]
        out += future - seen * _mean(some.listener, future, seen)
    return out.astype(np.float32)


def _mean(listener: I32, value: F64, weight: F64) -> F64:
    """(e,) the sum of `value` over the sum of `weight` of each row's listener, shrunk to that of everyone."""
    if not len(listener):
        return np.empty(0)
    everyone = value.sum() / max(weight.sum(), 1e-12)
    total = np.bincount(listener, value) + _SHRINK * everyone
    return (total / (np.bincount(listener, weight) + _SHRINK))[listener]
