"""How far what was shown is from the best that could have been: regret, which a simulator can measure."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simenv.rng import Key
from simenv.types import F32, F64, Bool, Exchange, Setting, Truth

_BLOCK = 64  # requests whose appeal of all tracks is in memory at a time


@dataclass(frozen=True)
class Regret:
    """Mean U of the r best available tracks - mean U of the r slots reached: myopic, 0 if the best was shown.

    Available is what is out and not in cooldown, or was shown. Regret is measured on requests that the hash
    of (listener, visit) chose; the appeal of what was not reached is taken when the slate has ended.

    Args:
        setting: of the run.
        key: of the choice of requests.
        share: of requests on which regret is measured.
    """

    setting: Setting
    key: Key
    share: float

    def of(self, exchange: Exchange, truth: Truth) -> F64:
        """(r,) regret of each request of a wave that was chosen and had a slot reached."""
        reached, request = exchange.feedback.reached, exchange.request
        chosen = self.key.uniform(request.listeners, request.visit) < self.share
        rows = np.flatnonzero(chosen & reached.any(axis=1))
        found = np.empty(len(rows))
        for lo in range(0, len(rows), _BLOCK):
            block = rows[lo : lo + _BLOCK]
            appeal = truth.appeal(request.listeners[block])  # (b, T)
            allowed = self._available(exchange, block)
            for at, (row, u, ok) in enumerate(zip(block, appeal, allowed, strict=True), lo):
                shown = truth.utility[row, reached[row]]
                ok[exchange.slate.tracks[row, reached[row]]] = False  # counted as it was when it was reached
                best = _top(np.concatenate([u[ok], shown]), len(shown))
                found[at] = best.mean(dtype=np.float64) - shown.mean(dtype=np.float64)
        return found

    def _available(self, exchange: Exchange, rows: np.ndarray) -> Bool:
        """(b, T) which tracks could have been recommended."""
        setting, time = self.setting, exchange.request.time[rows]
        out = setting.catalogue.released[None, :] <= time[:, None]
        if setting.heard is not None and setting.cooldown > 0:
            listeners = exchange.request.listeners[rows]
            start, tracks = setting.heard.forbidden(listeners, time, setting.cooldown)
            out[np.repeat(np.arange(len(rows)), np.diff(start)), tracks] = False
        return out


def _top(values: F32, k: int) -> F32:
    """(k,) the greatest of `values`, in any order."""
    return np.partition(values, len(values) - k)[len(values) - k :]
