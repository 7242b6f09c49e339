"""How good lists of recommendations are, held against what was played: the offline metrics."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from simenv.log import Log
from simenv.scenarios._evaluate_split import Pairs
from simenv.scenarios.metrics.base import Column, mean, ratio
from simenv.scenarios.metrics.popularity import GROUPS, groups_of
from simenv.types import F64, I32, Bool

ACCURACY: Mapping[str, Column] = {
    "precision": Column("share of the first k that was played", 1),
    "recall": Column("share of what was played that is among the first k", 1),
    "hit": Column("share of listeners for whom one of the first k was played", 1),
    "mrr": Column("1 / place of the first that was played, 0 beyond k", 1),
    "map": Column("mean over what was played of the precision at its place, 0 beyond k", 1),
    "ndcg": Column("gains 1 / log2(1 + place) of what was played over those of the best order", 1),
}
"""Means over listeners, from 0 to 1, as trec_eval has them: what is relevant is relevant alike."""

BESIDE: Mapping[str, Column] = {
    "novelty": Column("mean of -log2 of a track's share of all plays that were learned from, bits"),
    "coverage": Column("share of all tracks that anybody is shown among the first k"),
    **{
        f"lift_{group}": Column(f"mean plays of what is shown over the listeners' own, less 1: {group}", -1)
        for group in GROUPS
    },
}
"""Beside accuracy; groups are the fifth of listeners with the least popular profile, the middle, the top."""


def hits_of(listeners: I32, tracks: I32, relevant: Pairs, n_tracks: int) -> Bool:
    """(m, k) whether each of `tracks` (m, k), shown to `listeners` (m,), is relevant."""
    return np.isin(listeners[:, None].astype(np.int64) * n_tracks + tracks, relevant)


def accuracy(hits: Bool, n_relevant: I32, k: int) -> dict[str, F64]:
    """(m,) each metric of `ACCURACY` at k for each listener.

    With h_j whether place j (from 1) is a hit and R the number of relevant tracks:

        precision = sum h / k; recall = sum h / R; hit = [sum h > 0]; mrr = 1 / min {j: h_j}
        map = sum_j h_j (h_1 + ... + h_j) / j / R
        ndcg = sum_j h_j / log2(1 + j) / sum_{j <= min(k, R)} 1 / log2(1 + j)

    Args:
        hits: (m, at least k).
        n_relevant: (m,) R, 1 or more.
        k: places that count.
    """
    hits = hits[:, :k]
    place = np.arange(1, k + 1)
    found = hits.sum(axis=1)
    gain = 1 / np.log2(1 + place)
    best = np.append(0, np.cumsum(gain))[np.minimum(n_relevant, k)]
    first = hits.argmax(axis=1) + 1
    return {
        "precision": found / k,
        "recall": found / n_relevant,
        "hit": (found > 0).astype(float),
        "mrr": np.where(found > 0, 1 / first, 0.0),
        "map": (hits * np.cumsum(hits, axis=1) / place).sum(axis=1) / n_relevant,
        "ndcg": hits @ gain / best,
    }


class Beside:
    """What else there is to say of lists: how unknown, how varied, how popular their tracks are.

    phi is the number of plays of 30 s and more that were learned from. With n_i of them, novelty counts
    -log2((n_i + 1) / (sum n + T)). Lift is (GAP_rec - GAP_profile) / GAP_profile of a group of listeners,
    GAP the mean over them of the mean phi of what they are shown, or of their plays (Abdollahpouri et al.
    2019).
    """

    def __init__(self, train: Log) -> None:
        plays = train.matrix()  # (n, T)
        phi = train.counts()  # (T,)
        self.phi, self.bits = phi, -np.log2((phi + 1) / (phi.sum() + len(phi)))
        total = plays.sum(axis=1)  # (n,)
        self.profile = np.divide(plays @ phi, total, out=np.full(len(total), np.nan), where=total > 0)
        self.group = groups_of(self.profile)  # (n,)

    def of(self, listeners: I32, tracks: I32) -> dict[str, float]:
        """Each of `BESIDE` of the tracks (m, k) that are shown to `listeners` (m,)."""
        shown, own, group = self.phi[tracks].mean(axis=1), self.profile[listeners], self.group[listeners]
        lift = {
            f"lift_{name}": ratio(mean(shown[group == i]), mean(own[group == i])) - 1
            for i, name in enumerate(GROUPS)
        }
        coverage = len(np.unique(tracks)) / len(self.phi)
        return {"novelty": float(self.bits[tracks].mean()), "coverage": coverage} | lift
