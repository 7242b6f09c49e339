"""What a log says of an agent before it serves: accuracy on the last days of the warm-up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from simenv.agents.base import Agent
from simenv.errors import UsageError
from simenv.log import Log
from simenv.scenarios import _evaluate_measures, _evaluate_run, _evaluate_split
from simenv.scenarios._evaluate_log import Imported
from simenv.scenarios._evaluate_measures import accuracy, hits_of
from simenv.scenarios._evaluate_run import setting_of
from simenv.scenarios._evaluate_split import Seen, Split, split_log
from simenv.scenarios.metrics.base import Column, Metric, Start, mean
from simenv.types import Day, Exchange, Truth


@dataclass
class Offline(Metric):
    """NDCG of the agent that serves, as `simenv evaluate` measures it on the log of the warm-up.

    A new agent like it learns from the first days and is asked by every listener for `k` tracks, which are
    held against what they played for 30 s and more in the last share `test` of the days. The same number
    every day; nan for arms that no log can teach, and where nothing is left to test.

    - ndcg_new: of tracks that the listener had not played before, with those left out of lists
    - ndcg_all: of all tracks

    Args:
        k: places.
        test: share of the days that is held out.
    """

    k: int = 10
    test: float = 0.2

    columns: ClassVar[Mapping[str, Column]] = {
        "ndcg_new": Column("NDCG@10 on the log of the warm-up, new tracks only", 1, last=True),
        "ndcg_all": Column("NDCG@10 on the log of the warm-up, all tracks", 1, last=True),
    }
    reads = (_evaluate_split, _evaluate_run, _evaluate_measures)

    def begin(self, start: Start) -> None:
        self.values_ = dict.fromkeys(self.columns, float("nan"))
        agent = start.another()
        if agent is None or not len(start.log):
            return
        try:
            split = split_log(_as_imported(start.log), "time", self.test)
        except UsageError:  # too short a warm-up
            return
        rules: tuple[tuple[str, Seen], ...] = (("ndcg_new", "drop"), ("ndcg_all", "keep"))
        for column, seen in rules:
            if len(split.relevant(seen)):
                self.values_[column] = self._ndcg(agent, start, split, seen)

    def _ndcg(self, agent: Agent, start: Start, split: Split, seen: Seen) -> float:
        request, relevant = split.request(seen), split.relevant(seen)
        agent.begin(setting_of(split, start.setting.catalogue, self.k, 0, seen))
        agent.fit(split.train)
        tracks = agent.recommend(request).tracks
        n_tracks = split.train.n_tracks
        hits = hits_of(request.listeners, tracks, relevant, n_tracks)
        n_relevant = np.bincount(relevant // n_tracks)[request.listeners].astype(np.int32)
        return mean(accuracy(hits, n_relevant, self.k)["ndcg"])

    def see(self, exchange: Exchange, truth: Truth) -> None:
        pass  # all is known before the first slate

    def day(self, news: Day, truth: Truth) -> dict[str, float]:
        return dict(self.values_)


def _as_imported(log: Log) -> Imported:
    """The log in the order of time, as if it had been read from a file."""
    plays = log.plays()
    sorted_log = Log(log.n_listeners, log.n_tracks)
    sorted_log.append(plays.rows(np.argsort(plays.time, kind="stable")))
    listeners, tracks = ([str(i) for i in range(size)] for size in (log.n_listeners, log.n_tracks))
    return Imported(sorted_log, listeners, tracks, "events", True, [])
