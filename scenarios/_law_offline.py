"""What agents would have recommended, against what listeners then found by themselves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
from scipy import sparse

import simenv.agents.als as als
import simenv.agents.popular as popular
from simenv.agents import _ranking
from simenv.agents.base import Scorer
from simenv.scenarios.metrics.base import Column, Hearings, Metric, Start, mean
from simenv.types import F32, F64, I32, Day, Exchange, Request, Truth

_BLOCK = 256  # listeners whose scores of all tracks are in memory at a time


@dataclass
class Offline(Metric):
    """Accuracy on a time split: fitted to the warm-up's log, tested on what is new in the days after it.

    NDCG@k = mean over listeners of [sum of 1 / log2(1 + place) over hits among the k best] / [that sum over
    the first min(k, r) places], r the tracks that the listener heard for 30 s or more in the `days` after the
    warm-up, not before, and that were out at its end; listeners without such a track are left out, and what
    they knew before is not ranked. Run it where nothing is recommended. Nan until those days are over.

    Args:
        days: of the test.
        k: places.
    """

    days: int = 14
    k: int = 10

    columns: ClassVar[Mapping[str, Column]] = {
        "ndcg_als": Column("NDCG@10 of als on the next 14 days", 1, last=True),
        "ndcg_popular": Column("NDCG@10 of popular on the next 14 days", 1, last=True),
    }
    reads = (als, popular, _ranking)

    def begin(self, start: Start) -> None:
        n, n_tracks = start.setting.n_listeners, len(start.setting.catalogue)
        self.known_ = start.log.matrix()  # (n, T) plays of 30 s and more
        self.out_ = start.setting.catalogue.released_by(start.today)  # (T,)
        self.best_ = {  # (n, k) each
            name: self._best(agent, start)
            for name, agent in (("als", als.Als()), ("popular", popular.Popular()))
        }
        self.found_ = sparse.csr_array((n, n_tracks), dtype=np.float32)  # plays of the test
        self.days_, self.values_ = 0, {name: float("nan") for name in self.columns}

    def _best(self, agent: Scorer, start: Start) -> I32:
        """(n, k) the best of what each listener does not know."""
        setting = replace(start.setting, heard=None)
        agent.begin(setting)
        agent.fit(start.log)
        parts = []
        for lo in range(0, setting.n_listeners, _BLOCK):
            rows = np.arange(lo, min(lo + _BLOCK, setting.n_listeners), dtype=np.int32)
            request = _asked(rows, start.today)
            scores = np.broadcast_to(agent.scores(request), (len(rows), len(self.out_))).copy()
            scores[self.known_[rows].nonzero()] = -np.inf
            parts.append(_ranking.best(scores, request, setting, self.k)[0])
        return np.concatenate(parts)

    def see(self, exchange: Exchange, truth: Truth) -> None:
        pass  # organic plays come with the day

    def day(self, news: Day, truth: Truth) -> dict[str, float]:
        self.days_ += 1
        if self.days_ <= self.days:
            heard = Hearings.of(news.plays)
            ones = np.ones(len(heard.track), np.float32)
            where = (heard.listener, heard.track)
            self.found_ = self.found_ + sparse.coo_array((ones, where), shape=self.found_.shape).tocsr()
        if self.days_ == self.days:
            new = self._new()
            self.values_ = {f"ndcg_{name}": mean(ndcg(best, new)) for name, best in self.best_.items()}
        return dict(self.values_)

    def _new(self) -> sparse.csr_array:
        """(n, T) what was heard in the test, could be ranked, and was not known before."""
        found = self.found_.tocoo()
        keys = found.coords[0].astype(np.int64) * len(self.out_) + found.coords[1]
        known = self.known_.tocoo()
        before = known.coords[0].astype(np.int64) * len(self.out_) + known.coords[1]
        new = self.out_[found.coords[1]] & ~np.isin(keys, before)
        where = (found.coords[0][new], found.coords[1][new])
        return sparse.coo_array((found.data[new], where), shape=found.shape).tocsr()


def ndcg(best: I32, relevant: sparse.csr_array) -> F64:
    """(r,) NDCG of the tracks `best` (n, k), best first, of listeners with any `relevant` (n, T) track."""
    gain = 1 / np.log2(2 + np.arange(best.shape[1]))  # (k,)
    amounts = np.diff(relevant.indptr)
    rows = np.flatnonzero(amounts)
    hits = np.array(
        [np.isin(best[u], relevant.indices[relevant.indptr[u] : relevant.indptr[u + 1]]) for u in rows]
    )
    ideal = np.cumsum(gain)[np.minimum(amounts[rows], best.shape[1]) - 1]
    return (hits.reshape(len(rows), -1) @ gain) / ideal


def _asked(rows: I32, time: float) -> Request:
    """Requests of these listeners, in no particular situation."""
    m = len(rows)
    nothing = np.zeros(m, np.int32)
    context: F32 = np.zeros((m, 0), np.float32)
    return Request(rows, np.full(m, time), context, nothing, nothing)
