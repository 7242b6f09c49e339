"""Fairness to artists: every group gets its share of the slots."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from simenv.agents import _rules
from simenv.agents._rerank import Pool, Reranker, best_places
from simenv.agents.base import Count, Number
from simenv.types import F32, I32, Exchange, Request, Setting


@dataclass
class Fair(Reranker):
    """Show what the inner agent finds, so that groups of artists get their share of the slots.

    quota: a group with a target share p should have had, after j slots of a slate,

        floor(p j + owed + luck)

    of them, where owed is what earlier slates of this listener left over, within a slate's length, and luck
    in [0, 1) belongs to the listener and the group, so that rounding evens out over listeners from the first
    slate on. While a group has fewer its best open track comes next, that of the group which lacks most
    first; else the best of all does. shift: tracks of the largest group go `places` places down. New
    listeners and tracks are served like all others.

    Args:
        method: quota, which holds to the target, or shift, which does not know it.
        target: of a group: its share of the catalogue's tracks, or parity, the same for every group.
        groups: all, or smaller: the largest group has no quota, and takes what is left. A quota is a floor
            for each listener, so smaller groups then get more than their target where some love them.
        places: that the largest group goes down by.
        pool: tracks asked of the inner agent.

    Source: shift: Ferraro, Serra & Bauer, CHIIR 2021; quota: Zehlike et al., CIKM 2017 (FA*IR), owed from
        slate to slate as in Biega, Gummadi & Weikum, SIGIR 2018.
    Departs:
        1. the quota is the target itself (FA*IR: a quantile of the binomial law, which on average falls
            short).
    """

    method: Literal["quota", "shift"] = "quota"
    target: Literal["supply", "parity"] = "supply"
    groups: Literal["all", "smaller"] = "all"
    places: Number = 7
    pool: Count = 200

    def begin(self, setting: Setting) -> None:
        super().begin(setting)
        supply = np.bincount(setting.catalogue.group) / max(len(setting.catalogue), 1)
        self._largest = int(supply.argmax())
        parity = (supply > 0) / max((supply > 0).sum(), 1)
        self._share = (supply if self.target == "supply" else parity).astype(np.float32)  # (groups,)
        luck = (setting.key / "luck").uniform(np.arange(setting.n_listeners)[:, None], np.arange(len(supply)))
        self._luck = luck  # (n, groups)
        self.owed_ = np.zeros(luck.shape, np.float32)  # slots

    def update(self, exchange: Exchange) -> None:
        super().update(exchange)
        shown = self.setting_.catalogue.group[exchange.slate.tracks]
        k, rows = shown.shape[1], exchange.request.listeners
        got = np.stack([(shown == g).sum(axis=1) for g in range(len(self._share))], axis=1)
        self.owed_[rows] = np.clip(self.owed_[rows] + k * self._share - got, -k, k)

    def choose(self, request: Request, pool: Pool) -> I32:
        m, c = pool.tracks.shape
        k, group = self.setting_.slate_size, self.setting_.catalogue.group
        if self.method == "shift":
            down = self.places * (group[pool.tracks] == self._largest)
            return best_places(-(np.arange(c) + down).astype(np.float32), pool, k)
        places = np.empty((m, k), np.int32)
        _rules.quota(
            pool.tracks,
            pool.is_open,
            group,
            self._quotas(),
            (self.owed_ + self._luck)[request.listeners],
            np.empty(len(self._share), np.int32),
            np.full(c, -1, np.int32),
            places,
        )
        return places

    def because(self, listener: int, track: int, above: I32) -> str:
        catalogue = self.setting_.catalogue
        g = int(catalogue.group[track])
        name = catalogue.names.groups[g] if catalogue.names.groups else f"group {g}"
        held = int((catalogue.group[above] == g).sum())
        return f"{name}: {self._share[g]:.0%} is their target, {held} of {len(above)} tracks above are theirs"

    def _quotas(self) -> F32:
        """(groups,) share of the slots that each must have; 0: none."""
        quotas = self._share.copy()
        if self.groups == "smaller":
            quotas[self._largest] = 0
        return quotas
