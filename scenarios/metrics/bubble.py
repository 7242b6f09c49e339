"""Whether what is shown narrows, and what that does to what listeners want."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from simenv.scenarios.metrics.base import Column, Metric, Start, effective, here, mean, ratio, unit
from simenv.types import F32, Day, Exchange, Truth


@dataclass
class Bubble(Metric):
    """Variety of slates, and true tastes of those still here.

    - ild = mean over the day's recommended slates of the mean of 1 - cos(z_i, z_j) over pairs of slots, z the
      hidden sound
    - interests = mean of exp(entropy of w), w the shares of a listener's interests
    - drift = mean of 1 - cos(m(now), m(start)), m = sum_k w_k mu_k a listener's taste as a whole. Tastes
      drift without recommendations too: what an agent induces is its difference to the arm `organic`
    """

    columns: ClassVar[Mapping[str, Column]] = {
        "ild": Column("distance between tracks of a slate, 1 - cosine of sound"),
        "interests": Column("effective number of interests of a listener", last=True),
        "drift": Column("distance of taste from the start, 1 - cosine", last=True),
    }

    def begin(self, start: Start) -> None:
        self.sound_ = start.truth.tracks.sound
        self.taste_ = whole_taste(start.truth)  # (n, d)
        self.distance_, self.slates_ = 0.0, 0

    def see(self, exchange: Exchange, truth: Truth) -> None:
        k = exchange.slate.tracks.shape[1]
        if k < 2:
            return
        together = np.zeros((len(exchange.request), self.sound_.shape[1]))  # (m, d)
        for slot in range(k):  # a slot at a time: (m, k, d) of a big wave would be gigabytes
            together += self.sound_[exchange.slate.tracks[:, slot]]
        cosine = ((together**2).sum(axis=1) - k) / (k * (k - 1))  # rows of sound have length 1
        self.distance_ += float((1 - cosine).sum())
        self.slates_ += len(cosine)

    def day(self, news: Day, truth: Truth) -> dict[str, float]:
        still = here(truth, news.time)
        moved = 1 - (whole_taste(truth)[still] * self.taste_[still]).sum(axis=1, dtype=np.float64)
        row = {
            "ild": ratio(self.distance_, self.slates_),
            "interests": mean(effective(_shares(truth)[still])),
            "drift": mean(moved),
        }
        self.distance_, self.slates_ = 0.0, 0
        return row


def _shares(truth: Truth) -> F32:
    """(n, K) shares of interests, 0 beyond the number that a listener has."""
    weight = truth.columns["weight"]
    return np.where(np.arange(weight.shape[1]) < truth.columns["interests"][:, None], weight, 0)


def whole_taste(truth: Truth) -> F32:
    """(n, d) unit rows: the mean of each listener's interests by their shares."""
    shares, taste = _shares(truth), truth.columns["taste"]
    whole = np.zeros((len(shares), taste.shape[2]), np.float32)
    for k in range(shares.shape[1]):
        whole += shares[:, k, None] * taste[:, k]
    return unit(whole)
