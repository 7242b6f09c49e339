"""The leaderboard: what every agent's lists come to, with intervals over listeners and seeds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from simenv.scenarios._evaluate_measures import ACCURACY, BESIDE, Beside, accuracy, hits_of
from simenv.scenarios._evaluate_run import Lists
from simenv.scenarios._evaluate_split import Seen, Split
from simenv.scenarios._stats import Interval, over_listeners
from simenv.types import F64

AGAINST = "popular"
"""What a recommender has to beat."""

COLUMNS = ("agent", "metric", "k", "value", "split", "seen", "seed")


@dataclass(frozen=True)
class Entry:
    """One agent under one rule: its means with their intervals, by metric and k."""

    agent: str
    seen: Seen
    means: dict[tuple[str, int], Interval]
    differences: dict[tuple[str, int], Interval]  # to `AGAINST`, listener by listener; empty without it
    fit_seconds: float
    recommend_seconds: float


class Board:
    """All lists of an evaluation, measured.

    Args:
        split: of the log.
        lists: of all agents, seeds and rules that are finished.
        ks: lengths of lists.
    """

    def __init__(self, split: Split, lists: Sequence[Lists], ks: Sequence[int]) -> None:
        self.split, self.lists, self.ks = split, list(lists), tuple(sorted(set(ks)))
        self.seens: tuple[Seen, ...] = tuple(dict.fromkeys(one.task.seen for one in lists))
        self.columns = [(name, k) for k in self.ks for name in ACCURACY]
        self.relevant = {seen: split.relevant(seen) for seen in self.seens}
        self.listeners = {seen: split.request(seen).listeners for seen in self.seens}  # (m,) who are tested

    @cached_property
    def entries(self) -> list[Entry]:
        """Every agent under every rule, the best NDCG at the smallest k first."""
        found = [entry for seen in self.seens for entry in self._entries(seen)]
        lead = ("ndcg", self.ks[0])
        return sorted(found, key=lambda e: (self.seens.index(e.seen), -e.means[lead].mean))

    def of(self, seen: Seen) -> list[Entry]:
        """The entries under one rule, best first."""
        return [entry for entry in self.entries if entry.seen == seen]

    @cached_property
    def rows(self) -> pd.DataFrame:
        """Every value: agent, metric, k (none for times), value, split, seen, seed."""
        rows = []
        for one in self.lists:
            task, values = one.task, self._values(one)
            means = dict(zip(self.columns, values.mean(axis=1), strict=True)) | self._beside(one)
            times = {
                ("fit_seconds", None): one.fit_seconds,
                ("recommend_seconds", None): one.recommend_seconds,
            }
            for (name, k), value in (means | times).items():
                rows.append([task.arm.name, name, k, value, self.split.way, task.seen, task.seed])
        return pd.DataFrame(rows, columns=list(COLUMNS)).astype({"k": "Int64", "value": float})

    def summary(self) -> pd.DataFrame:
        """Means over seeds with intervals: agent, seen, metric, k, mean, low, high, and beyond `popular`."""
        rows = []
        for e in self.entries:
            for (name, k), span in e.means.items():
                apart = e.differences.get((name, k), Interval(np.nan, np.nan, np.nan))
                row = [e.agent, e.seen, name, k, span.mean, span.low, span.high]
                rows.append([*row, apart.mean, apart.low, apart.high])
        names = ["agent", "seen", "metric", "k", "mean", "low", "high", "difference", "diff_low", "diff_high"]
        return pd.DataFrame(rows, columns=names)

    def _entries(self, seen: Seen) -> list[Entry]:
        by_agent: dict[str, list[Lists]] = {}
        for one in self.lists:
            if one.task.seen == seen:
                by_agent.setdefault(one.task.arm.name, []).append(one)
        base = self._stacked(by_agent[AGAINST]) if AGAINST in by_agent else None
        return [self._entry(agent, seen, lists, base) for agent, lists in by_agent.items()]

    def _entry(self, agent: str, seen: Seen, lists: list[Lists], base: F64 | None) -> Entry:
        values = self._stacked(lists)  # (q, s, m)
        parts = [values]
        if base is not None and base.shape == values.shape and agent != AGAINST:
            parts.append(values - base)
        spans = over_listeners(np.concatenate(parts))
        beside = [self._beside(one) for one in lists]
        means = dict(zip(self.columns, spans, strict=False))
        for column in beside[0]:
            value = float(np.mean([one[column] for one in beside]))
            means[column] = Interval(value, np.nan, np.nan)
        return Entry(
            agent,
            seen,
            means,
            dict(zip(self.columns, spans[len(self.columns) :], strict=False)),
            float(np.mean([one.fit_seconds for one in lists])),
            float(np.mean([one.recommend_seconds for one in lists])),
        )

    def _stacked(self, lists: list[Lists]) -> F64:
        """(q, s, m) values of `columns` by seed and listener."""
        ordered = sorted(lists, key=lambda one: one.task.seed)
        return np.stack([self._values(one) for one in ordered], axis=1)

    def _values(self, one: Lists) -> F64:
        """(q, m) values of `columns` for each listener."""
        relevant, rows = self.relevant[one.task.seen], self.listeners[one.task.seen]
        hits = hits_of(rows, one.tracks, relevant, self.split.train.n_tracks)
        n_relevant = np.bincount(relevant // self.split.train.n_tracks)[rows].astype(np.int32)
        return np.concatenate([np.stack([*accuracy(hits, n_relevant, k).values()]) for k in self.ks])

    def _beside(self, one: Lists) -> dict[tuple[str, int], float]:
        rows = self.listeners[one.task.seen]
        found = {k: self._profiles.of(rows, one.tracks[:, :k]) for k in self.ks}
        return {(name, k): found[k][name] for k in self.ks for name in BESIDE}

    @cached_property
    def _profiles(self) -> Beside:
        return Beside(self.split.train)
