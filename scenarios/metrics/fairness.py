"""Who of the artists is shown: groups beside their share of the music, and those whom bots act on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from simenv.scenarios.metrics.base import Column, Metric, Start, ratio
from simenv.types import F64, Day, Exchange, Truth
from simenv.users.adversaries import HONEST


@dataclass
class Fairness(Metric):
    """Shares of recommended slots so far, beside shares of the tracks that are out.

    - group_gap = the largest distance, over groups of artists, of the share of slots from that of tracks; nan
      where all artists are of one group
    - parity = slots a track of the group that gets fewest, over those of the group that gets most
    - attacked = share of the slots of honest listeners that goes to artists whom bots act on, over the share
      of tracks that is theirs; nan where there are no bots
    """

    columns: ClassVar[Mapping[str, Column]] = {
        "group_gap": Column("largest gap of a group's share of slots to that of tracks", -1, last=True),
        "parity": Column("slots a track, least over most favoured group of artists", 1, last=True),
        "attacked": Column("slots of artists whom bots act on, over their share of tracks", 0, last=True),
    }

    def begin(self, start: Start) -> None:
        self.catalogue_ = start.setting.catalogue
        hidden = start.truth.columns
        aims = hidden["target"][hidden["bot"] != HONEST]
        self.aimed_at_ = np.isin(self.catalogue_.artist, aims)  # (T,)
        self.slots_ = np.zeros(int(self.catalogue_.group.max(initial=0)) + 1)  # (groups,)
        self.attacked_ = self.honest_slots_ = 0

    def see(self, exchange: Exchange, truth: Truth) -> None:
        tracks = exchange.slate.tracks
        self.slots_ += np.bincount(self.catalogue_.group[tracks].ravel(), minlength=len(self.slots_))
        if self.aimed_at_.any():
            shown = tracks[truth.columns["bot"][exchange.request.listeners] == HONEST]
            self.honest_slots_ += shown.size
            self.attacked_ += int(self.aimed_at_[shown].sum())

    def day(self, news: Day, truth: Truth) -> dict[str, float]:
        out = self.catalogue_.released_by(news.time)
        supply = np.bincount(self.catalogue_.group[out], minlength=len(self.slots_)) / out.sum()
        theirs = ratio(self.aimed_at_[out].sum(), out.sum())
        return gaps(self.slots_, supply) | {
            "attacked": ratio(ratio(self.attacked_, self.honest_slots_), theirs)
        }


def gaps(slots: F64, supply: F64) -> dict[str, float]:
    """`group_gap` and `parity` of (groups,) slots beside (groups,) shares of the tracks.

    >>> gaps(np.array([30.0, 10.0]), np.array([0.5, 0.5]))["group_gap"]
    0.25
    """
    there = supply > 0
    if there.sum() < 2 or not slots.sum():
        return {"group_gap": np.nan, "parity": np.nan}
    share = slots[there] / slots.sum()
    favour = share / supply[there]
    return {
        "group_gap": float(np.abs(share - supply[there]).max()),
        "parity": float(favour.min() / favour.max()),
    }
