"""What the listener has played before: at a short cooldown hard to beat."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from simenv.agents._preference import shares
from simenv.agents.base import Scorer, Weight
from simenv.log import Log
from simenv.types import F32, Request, Setting

OWN = np.float32(100)
"""What lifts the listener's own tracks above all others."""


@dataclass
class Repeat(Scorer):
    """Show the listener's favourites, then what is popular.

    A track with n plays of 30 s and more, the last of them some days ago, and with early skips scores
    100 + often ln n - lately ln(days + .15) - ln(1 + skips); one never played scores its plays by everyone
    over those of the most played track. Counts are those of the last fit.

    Args:
        often: weight of the number of plays.
        lately: how fast they fade.

    Source: base-level activation of ACT-R (Anderson & Schooler, Psychological Science 1991), as next-basket
        and music studies use it (Reiter-Haas et al., RecSys 2021).
    Departs:
        1. one power law of the last play and the count (theirs: the sum over all plays of their age to the
            -.5).
        2. early skips count against a track (theirs: no skips).
    """

    often: Weight = 0.9
    lately: Weight = 0.5

    def begin(self, setting: Setting) -> None:
        self.setting_ = setting
        shape = (setting.n_listeners, len(setting.catalogue))
        self.plays_ = sparse.csr_array(shape, dtype=np.float32)
        self.skips_ = sparse.csr_array(shape, dtype=np.float32)
        self.last_ = sparse.csr_array(shape, dtype=np.float64)  # days
        self.shares_ = np.zeros(shape[1], np.float32)

    def fit(self, log: Log) -> None:
        self.plays_, self.skips_, self.last_ = log.matrix(), log.matrix(skips=True), log.last()
        self.shares_ = shares(log)

    def parts(self, listener: int, track: int) -> dict[str, float]:
        """As of the last play of anyone."""
        plays, skips = float(self.plays_[listener, track]), float(self.skips_[listener, track])
        if not plays:
            return {"plays by everyone": float(self.shares_[track])}
        days = max(self.last_.data.max(initial=0) - self.last_[listener, track], 0)
        return {
            "a track of their own": float(OWN),
            "plays": self.often * np.log(plays),
            "days since": -self.lately * np.log(days + 0.15),
            "early skips": -np.log1p(skips),
        }

    def scores(self, request: Request) -> F32:
        u = request.listeners
        plays, skips = self.plays_[u], self.skips_[u].toarray()
        row = np.repeat(np.arange(len(u)), np.diff(plays.indptr))
        last = self.last_[u].toarray()[row, plays.indices]
        days = np.maximum(request.time[row] - last, 0)
        value = self.often * np.log(plays.data) - self.lately * np.log(days + 0.15)
        scores = np.repeat(self.shares_[None, :], len(u), axis=0)
        scores[row, plays.indices] = OWN + value - np.log1p(skips[row, plays.indices])
        return scores
