"""What listeners get: how much they truly like what is played to them, and how far from the best it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from simenv.scenarios.metrics.base import Column, Metric, Start, ratio
from simenv.types import F32, Bool, Day, Exchange, Truth

_BLOCK = 64  # requests whose appeal of all tracks is in memory at a time


@dataclass
class Welfare(Metric):
    """True utility, which no agent sees; its divergence from reward is the point.

    - welfare = mean U of recommended plays that were reached, U less noise, mood and the session's lift
    - regret = mean over requests of [mean U of the r best available - mean U of the r slots reached]: myopic,
      and 0 if the best was shown in any order

    Available is what is out and not in cooldown, or was shown. Regret is measured on requests that the hash
    of (listener, visit) chose; the appeal of what was not reached is taken when the slate has ended.

    Args:
        share: of requests on which regret is measured.
    """

    share: float = 0.01

    columns: ClassVar[Mapping[str, Column]] = {
        "welfare": Column("mean true utility of recommended plays", 1),
        "regret": Column("true utility below the best available, mean of a request", -1),
    }

    def begin(self, start: Start) -> None:
        self.setting_ = start.setting
        self.key_ = start.setting.key / "regret"
        self._new_day()

    def _new_day(self) -> None:
        self.utility_ = self.regret_ = 0.0
        self.reached_ = self.requests_ = 0

    def see(self, exchange: Exchange, truth: Truth) -> None:
        reached, utility = exchange.feedback.reached, truth.utility
        self.utility_ += float(utility[reached].sum(dtype=np.float64))
        self.reached_ += int(reached.sum())
        request = exchange.request
        chosen = self.key_.uniform(request.listeners, request.visit) < self.share
        rows = np.flatnonzero(chosen & reached.any(axis=1))
        for lo in range(0, len(rows), _BLOCK):
            block = rows[lo : lo + _BLOCK]
            appeal = truth.appeal(request.listeners[block])  # (b, T)
            allowed = self._available(exchange, block)
            for row, u, ok in zip(block, appeal, allowed, strict=True):
                shown = utility[row, reached[row]]
                ok[exchange.slate.tracks[row, reached[row]]] = False  # counted as it was when it was reached
                best = _top(np.concatenate([u[ok], shown]), len(shown))
                self.regret_ += float(best.mean(dtype=np.float64) - shown.mean(dtype=np.float64))
        self.requests_ += len(rows)

    def _available(self, exchange: Exchange, rows: np.ndarray) -> Bool:
        """(b, T) which tracks could have been recommended."""
        setting, time = self.setting_, exchange.request.time[rows]
        out = setting.catalogue.released[None, :] <= time[:, None]
        if setting.heard is not None and setting.cooldown > 0:
            listeners = exchange.request.listeners[rows]
            start, tracks = setting.heard.forbidden(listeners, time, setting.cooldown)
            out[np.repeat(np.arange(len(rows)), np.diff(start)), tracks] = False
        return out

    def day(self, news: Day, truth: Truth) -> dict[str, float]:
        row = {
            "welfare": ratio(self.utility_, self.reached_),
            "regret": ratio(self.regret_, self.requests_),
        }
        self._new_day()
        return row


def _top(values: F32, k: int) -> F32:
    """(k,) the greatest of `values`, in any order."""
    return np.partition(values, len(values) - k)[len(values) - k :]
