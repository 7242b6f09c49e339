"""Whether recommendations keep the proportions of what a listener plays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from scipy import sparse

from simenv.catalogue import Catalogue
from simenv.scenarios.metrics.base import Column, Hearings, Metric, Start, here, mean
from simenv.types import F64, Day, Exchange, Truth


@dataclass
class Calibration(Metric):
    """How far the genres of what is recommended are from those that a listener plays by themselves.

    calibration = mean over listeners of KL(p, .99 q + .01 p) = sum_g p_g ln(p_g / (.99 q_g + .01 p_g)).

    p are the shares of public genres in a listener's plays of 30 s and more in the warm-up, q those in all
    recommended slots so far; a track counts evenly for each of its genres (Steck 2018). Measured on a
    sample of listeners that the hash chose; who was shown fewer than `slots` tracks is left out.

    Args:
        sample: listeners.
        slots: least number of recommended slots.
    """

    sample: int = 2_000
    slots: int = 20

    columns: ClassVar[Mapping[str, Column]] = {
        "calibration": Column("divergence of recommended genres from own genres, nats", -1, last=True)
    }

    def begin(self, start: Start) -> None:
        first = np.flatnonzero(here(start.truth, start.today))
        luck = (start.setting.key / "calibration").uniform(first)
        chosen = first[np.argsort(luck, kind="stable")[: self.sample]]
        self.place_ = np.full(start.setting.n_listeners, -1, np.int32)
        self.place_[chosen] = np.arange(len(chosen))
        self.genres_ = _genre_shares(start.setting.catalogue)  # (T, g)
        self.own_ = np.zeros((len(chosen), self.genres_.shape[1]))  # (s, g)
        self.shown_ = np.zeros_like(self.own_)
        self.slots_ = np.zeros(len(chosen), np.int64)
        for part in start.log.parts():
            hearings = Hearings.of(part)
            self.own_ += self._amounts(hearings.listener, hearings.track)

    def _amounts(self, listener: np.ndarray, track: np.ndarray) -> F64:
        """(s, g) plays (e,) of listeners (e,) by genre."""
        of = self.place_[listener] >= 0
        place, track = self.place_[listener[of]], track[of]
        shape = (len(self.own_), len(track))
        who = sparse.csr_array((np.ones(len(track)), (place, np.arange(len(track)))), shape=shape)
        return (who @ self.genres_[track]).toarray()

    def see(self, exchange: Exchange, truth: Truth) -> None:
        tracks = exchange.slate.tracks
        listener = np.repeat(exchange.request.listeners, tracks.shape[1])
        self.shown_ += self._amounts(listener, tracks.ravel())
        place = self.place_[listener]
        self.slots_ += np.bincount(place[place >= 0], minlength=len(self.slots_))

    def day(self, news: Day, truth: Truth) -> dict[str, float]:
        of = (self.slots_ >= self.slots) & self.own_.any(axis=1) & self.shown_.any(axis=1)
        return {"calibration": mean(divergence(self.own_[of], self.shown_[of]))}


def divergence(own: F64, shown: F64) -> F64:
    """(s,) KL(p, .99 q + .01 p) of amounts (s, g), neither row all zero."""
    p = own / own.sum(axis=1, keepdims=True)
    q = 0.99 * shown / shown.sum(axis=1, keepdims=True) + 0.01 * p
    log = np.log(p / np.where(p > 0, q, 1), out=np.zeros_like(p), where=p > 0)
    return (p * log).sum(axis=1)


def _genre_shares(catalogue: Catalogue) -> sparse.csr_array:
    """(T, g) rows sum to 1, or to 0 for a track of no known genre."""
    many = np.diff(catalogue.genre_start)
    share = np.repeat(1 / np.maximum(many, 1), many)
    shape = (len(catalogue), max(catalogue.n_genres, 1))
    return sparse.csr_array((share, catalogue.genre_ids, catalogue.genre_start), shape=shape)
