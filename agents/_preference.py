"""What listeners showed of their taste, as learners read it off the log."""

from __future__ import annotations

import numpy as np
from scipy import sparse

from simenv.log import Log
from simenv.types import F32, Bool


def net_plays(log: Log, half_life: float, skips: float) -> sparse.csr_array:
    """(n, T) float32: ln(1 + plays) - skips ln(1 + early skips), plays being of 30 s and more.

    Args:
        log: all that was played.
        half_life: days after which a play or a skip counts for half.
        skips: weight of tracks that were left before 30 s.
    """
    liked = log.matrix(half_life)
    liked.data = np.log1p(liked.data)
    if skips:
        left = log.matrix(half_life, skips=True)
        left.data = np.float32(skips) * np.log1p(left.data)
        liked = sparse.csr_array(liked - left)
    liked.sort_indices()
    return liked


def shares(log: Log, half_life: float = np.inf) -> F32:
    """(T,) plays of everyone over those of the most played track, in [0, 1]."""
    plays = log.counts(half_life)
    return (plays / max(plays.max(initial=0), 1)).astype(np.float32)


def or_shares(scores: F32, cold: Bool, shares: F32) -> F32:
    """`scores` (m, T), in place, with those of cold listeners (m,) replaced by what is popular."""
    scores[cold] = shares
    return scores
