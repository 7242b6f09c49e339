"""Likes and saves: whether a play earns one, and when it comes."""

from __future__ import annotations

import numpy as np

from simenv.floats import ONE, log32, scalar
from simenv.rng import Key, fold, stream, uniform
from simenv.types import F64, I32, LIKED, SAVED, U8, Bool, Late

_LIKE, _SAVE = stream("like"), stream("save")
_LIKE_DELAY, _SAVE_DELAY = stream("like delay"), stream("save delay")
_NONE = np.uint8(0)


@scalar
def logit(x):
    """ln(x / (1 - x)): x < sigmoid(u) iff it is below u, and it can be known before u is."""
    return log32(x / (ONE - x))


@scalar
def signals(utility, familiar, luck, p):
    """Bits of what a play earns: like ~ Bern(sigmoid(U - like_at)), save ~ Bern(sigmoid(U + F - save_at))."""
    bits = LIKED if logit(uniform(fold(luck, _LIKE))) < utility - p.like_at else _NONE
    if logit(uniform(fold(luck, _SAVE))) < utility + familiar - p.save_at:
        bits = np.uint8(bits | SAVED)
    return bits


def late_signals(
    key: Key, who: I32, life: I32, mean_days: tuple[float, float], at: tuple[I32, F64, I32, F64, U8]
) -> Late:
    """When likes and saves come: Exp(1 h) and Exp(1 d) after the play has ended.

    Args:
        key: of the listeners' luck.
        who: (e,) and life: (e,) which listener, in which life, played.
        mean_days: mean delays of a like and of a save.
        at: listener, time, track, time of the end, and flags of each play, (e,) each.
    """
    listener, time, track, ended, flags = at
    minute = (time * 1440).astype(np.int64)
    parts = []
    for flag, stream_, mean in zip((LIKED, SAVED), (_LIKE_DELAY, _SAVE_DELAY), mean_days, strict=True):
        of: Bool = (flags & flag) != 0
        delay = key.exponential(who[of], life[of], minute[of], track[of], stream_).astype(np.float64) * mean
        n = len(delay)
        came = ended[of] + delay
        parts.append(
            Late(
                listener[of], time[of], track[of], np.full(n, flag == LIKED), np.full(n, flag == SAVED), came
            )
        )
    return Late.concat(parts)
