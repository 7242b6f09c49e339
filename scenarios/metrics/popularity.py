"""Whether the popular is recommended beyond what listeners themselves play, and how new music gets heard."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from simenv.scenarios.metrics.base import Column, Hearings, Metric, Start, mean, ratio
from simenv.types import F64, I32, Day, Exchange, Truth

GROUPS = ("niche", "diverse", "mainstream")


@dataclass
class Popularity(Metric):
    """Popularity of what is recommended, beside that of what its listeners played in the warm-up.

    phi_i is the number of plays of 30 s and more. Recommended slots count whether reached or not.

    - arp = mean phi of the day's recommended slots / mean phi of tracks; phi of all plays before the day
    - lift = mean over listeners of (GAP_rec - GAP_profile) / mean GAP_profile, GAP the mean phi of their
      recommended slots so far and of their plays in the warm-up, phi that of the warm-up (Abdollahpouri et
      al. 2019).
      `lift_niche`, `lift_diverse`, `lift_mainstream`: among the fifth of listeners with the least popular
      profile, the three in the middle and the fifth with the most popular one
    - newcomers = mean days from release to the first `plays` plays (all sources) among tracks that came out
      since the start, at most `days`: the area under the Kaplan-Meier curve, with tracks too young censored

    Args:
        plays: of 30 s and more, until a new track counts as found.
        days: the restriction of the mean.
    """

    plays: int = 100
    days: float = 21.0

    columns: ClassVar[Mapping[str, Column]] = {
        "arp": Column("popularity of what is recommended, in that of the mean track", -1),
        "lift": Column("popularity lift over listeners' own profiles", -1, last=True),
        **{f"lift_{g}": Column(f"popularity lift, {g} listeners", -1, last=True) for g in GROUPS},
        "newcomers": Column("days to a new track's first 100 plays, at most 21", -1, last=True),
    }

    def begin(self, start: Start) -> None:
        setting = start.setting
        self.released_, self.start_ = setting.catalogue.released, start.today
        self.phi_ = start.log.counts()  # (T,) frozen
        self.plays_ = self.phi_.copy()  # (T,) before this day
        self.today_ = np.zeros(len(self.phi_))  # (T,)
        self.profile_ = _profiles(start, self.phi_)  # (n,) nan: played nothing
        self.shown_ = np.zeros(setting.n_listeners)  # (n,) sum of phi over recommended slots
        self.slots_ = np.zeros(setting.n_listeners)  # (n,)
        self.group_ = groups_of(self.profile_)  # (n,) place in GROUPS, -1 none
        self.found_ = np.full(len(self.phi_), np.inf)  # (T,) day of the first `plays` plays
        self._new_day()

    def _new_day(self) -> None:
        self.plays_ += self.today_
        self.today_[:] = 0
        self.arp_ = self.recommended_ = 0.0

    def see(self, exchange: Exchange, truth: Truth) -> None:
        tracks = exchange.slate.tracks
        self.arp_ += float(self.plays_[tracks].sum())
        self.recommended_ += tracks.size
        self.shown_[exchange.request.listeners] += self.phi_[tracks].sum(axis=1)
        self.slots_[exchange.request.listeners] += tracks.shape[1]
        self.today_ += np.bincount(Hearings.recommended(exchange).track, minlength=len(self.today_))

    def day(self, news: Day, truth: Truth) -> dict[str, float]:
        self.today_ += np.bincount(Hearings.of(news.plays).track, minlength=len(self.today_))
        out = self.released_ < news.time
        row = {
            "arp": ratio(ratio(self.arp_, self.recommended_), mean(self.plays_[out])),
            "lift": self._lift(np.isfinite(self.profile_)),
            **{f"lift_{g}": self._lift(self.group_ == i) for i, g in enumerate(GROUPS)},
        }
        self._new_day()
        self.found_[(self.plays_ >= self.plays) & np.isinf(self.found_)] = news.time
        return row | {"newcomers": self._newcomers(news.time)}

    def _lift(self, group: np.ndarray) -> float:
        """(GAP_rec - GAP_profile) / GAP_profile over the listeners of `group` who were shown anything."""
        of = group & (self.slots_ > 0)
        profile = mean(self.profile_[of])
        return ratio(mean(self.shown_[of] / self.slots_[of]) - profile, profile)

    def _newcomers(self, now: float) -> float:
        """The area under the Kaplan-Meier curve of not having been found, from release to `days`."""
        new = (self.released_ >= self.start_) & (self.released_ < now)
        age = np.minimum(now, self.found_[new]) - self.released_[new]
        return restricted_mean(age, np.isfinite(self.found_[new]), self.days)


def restricted_mean(age: F64, found: np.ndarray, limit: float) -> float:
    """Mean days until found, at most `limit`, from ages (e,) at which tracks were found or last looked at.

    nan if no track is old enough to say: the curve is known no further than the greatest age.
    """
    if not len(age) or (age.max() < limit and not found[age == age.max()].all()):
        return float("nan")
    survival, last, area = 1.0, 0.0, 0.0
    for t in np.unique(age[found & (age < limit)]):
        area += survival * (t - last)
        survival *= 1 - (found & (age == t)).sum() / (age >= t).sum()
        last = t
    return float(area + survival * (limit - last))


def _profiles(start: Start, phi: F64) -> F64:
    """(n,) mean popularity of what each listener played for 30 s and more in the warm-up; nan: nothing."""
    total, plays = np.zeros(start.setting.n_listeners), np.zeros(start.setting.n_listeners)
    for part in start.log.parts():
        hearings = Hearings.of(part)
        total += np.bincount(hearings.listener, phi[hearings.track], len(total))
        plays += np.bincount(hearings.listener, minlength=len(plays))
    return np.divide(total, plays, out=np.full(len(total), np.nan), where=plays > 0)


def groups_of(profile: F64) -> I32:
    """(n,) places in GROUPS: the lowest fifth of profiles, those between, the highest; -1 without one."""
    has = np.isfinite(profile)
    group = np.full(len(profile), -1, np.int32)
    if has.any():
        low, high = np.quantile(profile[has], [0.2, 0.8])
        group[has] = 1 + (profile[has] > high) - (profile[has] <= low).astype(np.int32)
    return group
