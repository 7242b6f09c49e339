"""How little an account behaves like a person: robust z-scores of its plays, for `robust.py`."""

from __future__ import annotations

import numpy as np
from scipy import sparse

from simenv.catalogue import Catalogue
from simenv.log import Log
from simenv.types import F64, Bool

SIGNS = ("rate", "burst", "track", "artist")
"""What is looked at: ln plays a day; ln most plays in an hour; log-odds of the share of plays that go to the
account's most played track, and artist."""

_HOURS = 24
_LEAST_SPREAD = 0.25  # of a sign, so that a crowd that is all alike has no outliers


def signs(log: Log, catalogue: Catalogue) -> tuple[F64, F64]:
    """(n, 4) SIGNS of each account, and (n,) its plays, of any length."""
    n = log.n_listeners
    first, burst = np.full(n, np.inf), np.zeros(n)
    plays = sparse.csr_array((n, log.n_tracks))
    for part in log.since(0):
        np.minimum.at(first, part.listener, part.time)
        hours = np.floor(part.time * _HOURS).astype(np.int64)
        span = hours.max(initial=0) + 1
        hour, times = np.unique(part.listener * span + hours, return_counts=True)
        np.maximum.at(burst, hour // span, times)
        where = (part.listener, part.track)
        plays = plays + sparse.coo_array((np.ones(len(part)), where), shape=plays.shape).tocsr()
    total = plays.sum(axis=1)
    by = sparse.csr_array(
        (np.ones(log.n_tracks), (np.arange(log.n_tracks), catalogue.artist)),
        shape=(log.n_tracks, catalogue.n_artists),
    )
    days = np.maximum(log.now - np.where(total > 0, first, log.now), 1)
    shares = [_log_odds(_most(sums), total) for sums in (plays, plays @ by)]
    return np.column_stack([np.log1p(total / days), np.log1p(burst), *shares]), total


def robust_z(values: F64, among: Bool) -> F64:
    """(n, s) distance from the median of `among` (n,), in 1.4826 median absolute deviations."""
    if not among.any():
        return np.zeros_like(values)
    middle = np.median(values[among], axis=0)
    spread = 1.4826 * np.median(np.abs(values[among] - middle), axis=0)
    return (values - middle) / np.maximum(spread, _LEAST_SPREAD)


def _most(counts: sparse.csr_array) -> F64:
    """(n,) the largest of each row."""
    return counts.max(axis=1).toarray().ravel() if counts.shape[1] else np.zeros(counts.shape[0])


def _log_odds(part: F64, whole: F64) -> F64:
    return np.log((part + 0.5) / (whole - part + 0.5))
