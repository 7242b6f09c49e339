"""A penalty on the head: what everyone plays gives way."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from simenv.agents._rerank import Pool, Reranker, best_places, in_head
from simenv.agents.base import Days, Share, Weight
from simenv.log import Log
from simenv.types import I32, Request, Setting


@dataclass
class PopularityPenalty(Reranker):
    """Show what the inner agent finds, less what is popular anyway.

    Tracks are ranked by r - penalty b, with relevance r in [0, 1] over the pool and b in [0, 1] the track's
    popularity: ln(1 + plays) / ln(1 + most plays of a track), or 1 in the head and 0 in the tail. New
    listeners are served as by the inner agent; a new track goes without penalty.

    Args:
        penalty: what the most popular track loses, in units of the pool's range of scores; 0: the inner
            agent's order.
        shape: log: the loss grows with the plays; head: all of the head lose alike.
        head: share of all plays that is the head's.
        half_life: days after which a play counts for half; inf: all count alike.

    Source: Abdollahpouri, Burke & Mobasher, RecSys 2017, who penalise in training; after it: Zhu et al.,
        WSDM 2021 (popularity compensation).
    Departs:
        1. the penalty is linear in the logarithm of plays (theirs: a regulariser; a bonus by scores).
    """

    penalty: Weight = 0.5
    shape: Literal["log", "head"] = "log"
    head: Share = 0.5
    half_life: Days = np.inf

    def begin(self, setting: Setting) -> None:
        super().begin(setting)
        self.popularity_ = np.zeros(len(setting.catalogue), np.float32)  # (T,) in [0, 1]

    def fit(self, log: Log) -> None:
        super().fit(log)
        plays = log.counts(self.half_life)
        if self.shape == "head":
            self.popularity_ = in_head(plays, self.head).astype(np.float32)
        else:
            most = np.log1p(plays.max(initial=0))
            self.popularity_ = (np.log1p(plays) / (most if most > 0 else 1)).astype(np.float32)

    def choose(self, request: Request, pool: Pool) -> I32:
        worth = pool.relevance - np.float32(self.penalty) * self.popularity_[pool.tracks]
        return best_places(worth, pool, self.setting_.slate_size)

    def because(self, listener: int, track: int, above: I32) -> str:
        loss = self.penalty * float(self.popularity_[track])
        return f"its popularity costs it {loss:.2f} of the pool's range of scores"
