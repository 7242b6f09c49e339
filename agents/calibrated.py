"""Calibration: slates whose genres are in the proportions of what the listener plays."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simenv.agents import _greedy
from simenv.agents._preference import net_plays
from simenv.agents._rerank import Pool, Reranker, genre_lists, genre_shares
from simenv.agents.base import Days, Share
from simenv.log import Log
from simenv.types import I32, Request, Setting


@dataclass
class Calibrated(Reranker):
    """Show what the inner agent finds, in the proportions of genres that the listener plays.

    The next track is, of the open ones of the pool, the one that gives the slate the most

        balance (sum of r) - (1 - balance) KL(p, .99 q + .01 p)

    with relevance r in [0, 1] over the pool, p the shares of genres in the listener's history, each track
    weighing ln(1 + plays), and q those in the slate. A track of several genres counts for each in equal
    parts; to have none is a genre, too. A listener without a history is served as by the inner agent, and a
    new track by its genres like any other.

    Args:
        balance: 1: the inner agent's order; 0: the proportions alone.
        half_life: days after which a play counts for half in the history; inf: all count alike.

    Source: Steck, RecSys 2018.
    Departs:
        1. relevance is min-max scaled over the pool (theirs: the model's scores).
        2. the weights add up to 1, relevance's first (theirs: lambda is the divergence's).
    """

    balance: Share = 0.5
    half_life: Days = np.inf

    def begin(self, setting: Setting) -> None:
        super().begin(setting)
        self._start, self._ids = genre_lists(setting.catalogue)
        n_genres = int(self._ids.max(initial=0)) + 1
        self.history_ = np.zeros((setting.n_listeners, n_genres), np.float32)  # rows of sum 1, or 0

    def fit(self, log: Log) -> None:
        super().fit(log)
        plays = net_plays(log, self.half_life, 0.0)
        self.history_ = genre_shares(plays, self._start, self._ids, self.history_.shape[1])

    def choose(self, request: Request, pool: Pool) -> I32:
        m, c = pool.tracks.shape
        n_genres = self.history_.shape[1]
        places = np.empty((m, self.setting_.slate_size), np.int32)
        _greedy.calibrated(
            pool.tracks,
            pool.relevance,
            pool.is_open,
            self.history_[request.listeners],
            self._start,
            self._ids,
            self.balance,
            np.empty(n_genres, np.float32),
            np.empty(n_genres, np.float32),
            np.full(c, -1, np.int32),
            places,
        )
        return places

    def because(self, listener: int, track: int, above: I32) -> str:
        own = self._ids[self._start[track] : self._start[track + 1]]
        wanted = float(self.history_[listener, own].sum())
        held = sum(float(np.isin(self._ids[self._start[j] : self._start[j + 1]], own).mean()) for j in above)
        share = held / max(len(above), 1)
        return f"its genres are {wanted:.0%} of the listener's plays and {share:.0%} of the slate above"
