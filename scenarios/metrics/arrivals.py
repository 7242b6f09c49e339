"""New listeners and new tracks: what recommending brings by what was played so far."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from simenv.scenarios.metrics.base import Column, Metric, Start, ratio
from simenv.scenarios.metrics.popularity import restricted_mean
from simenv.types import F64, KNOWN, REACHED, SKIPPED, Day, Exchange, Truth

FROM = np.array([0, 5, 10, 20, 50, 100, 200, 500])
"""Plays so far at which the bins of the curves begin."""


@dataclass
class Arrivals(Metric):
    """Share of recommended plays finished, by how much was played so far, and how new tracks are found.

    Plays so far are all that were begun, organic ones included, those of the day being counted from the next
    slate on (recommended) or the next day on (organic): what a recommender has been told.

    - finished_first, finished_next, finished_later = finished / reached so far of listeners with under
      `few` plays so far, with `few` to `many`, with more; in the run
    - audience = mean days from release until `audience` first hearings were played to the end (all sources)
      among tracks that came out since the start, at most `days`: the area under the Kaplan-Meier curve
    - found = share of the tracks that came out at least `days` ago, since the start, that had found them

    Kept beside: `listeners_reached`, `listeners_finished`, `tracks_reached`, `tracks_finished`: recommended
    plays by the plays so far of the listener, and of tracks that came out since the start, in bins `FROM`.

    Args:
        few: plays so far up to which a listener is new.
        many: plays from which much is known.
        audience: listeners.
        days: the restriction of the mean.
    """

    few: int = 20
    many: int = 100
    audience: int = 20
    days: float = 21.0

    columns: ClassVar[Mapping[str, Column]] = {
        "finished_first": Column(
            "share of recommended plays finished so far, listeners of under 20 plays", 1, last=True
        ),
        "finished_next": Column(
            "share of recommended plays finished so far, listeners of 20 to 99 plays", 1, last=True
        ),
        "finished_later": Column(
            "share of recommended plays finished so far, listeners of 100 plays and more", 1, last=True
        ),
        "audience": Column(
            "days until 20 listeners have heard a new track to the end, at most 21", -1, last=True
        ),
        "found": Column(
            "share of tracks out for 21 days that 20 listeners have heard to the end", 1, last=True
        ),
    }

    def begin(self, start: Start) -> None:
        self.start_, self.released_ = start.today, start.setting.catalogue.released
        n, n_tracks = start.setting.n_listeners, len(self.released_)
        self.of_listener_, self.of_track_ = np.zeros(n, np.int64), np.zeros(n_tracks, np.int64)
        for part in start.log.parts():
            begun = part.has(REACHED)
            self.of_listener_ += np.bincount(part.listener[begun], minlength=n)
            self.of_track_ += np.bincount(part.track[begun], minlength=n_tracks)
        self.fans_ = np.zeros(n_tracks, np.int64)  # first hearings to the end, since the start
        self.found_ = np.full(n_tracks, np.inf)  # day of the last one needed
        self.told_ = np.zeros((3, 2))  # few, next, later: reached, finished
        self.listeners_, self.tracks_ = np.zeros((2, len(FROM))), np.zeros((2, len(FROM)))

    def see(self, exchange: Exchange, truth: Truth) -> None:
        row, slot = np.nonzero(exchange.feedback.reached)
        listener, track = exchange.request.listeners[row], exchange.slate.tracks[row, slot]
        done = ~exchange.feedback.skipped[row, slot]
        so_far = self.of_listener_[listener]
        stage = (so_far >= self.few).astype(int) + (so_far >= self.many)
        for amounts, reached in ((self.told_[:, 0], None), (self.told_[:, 1], done)):
            amounts += np.bincount(stage, reached, 3)
        new = self.released_[track] >= self.start_
        for bins, plays, of in (
            (self.listeners_, so_far, np.ones(len(row), bool)),
            (self.tracks_, self.of_track_[track], new),
        ):
            place = np.searchsorted(FROM, plays[of], "right") - 1
            bins[0] += np.bincount(place, minlength=len(FROM))
            bins[1] += np.bincount(place, done[of], len(FROM))
        self.of_listener_ += np.bincount(listener, minlength=len(self.of_listener_))
        self.of_track_ += np.bincount(track, minlength=len(self.of_track_))
        first = done & ~truth.known[row, slot]
        self.fans_ += np.bincount(track[first], minlength=len(self.fans_))

    def day(self, news: Day, truth: Truth) -> dict[str, float]:
        plays = news.plays
        begun = plays.has(REACHED)
        self.of_listener_ += np.bincount(plays.listener[begun], minlength=len(self.of_listener_))
        self.of_track_ += np.bincount(plays.track[begun], minlength=len(self.of_track_))
        first = begun & ~plays.has(SKIPPED) & ~plays.has(KNOWN)
        self.fans_ += np.bincount(plays.track[first], minlength=len(self.fans_))
        self.found_[(self.fans_ >= self.audience) & np.isinf(self.found_)] = news.time
        new = (self.released_ >= self.start_) & (self.released_ < news.time)
        released, found = self.released_[new], self.found_[new]
        old = released <= news.time - self.days
        in_time = (found[old] - released[old] <= self.days).sum()
        return {
            **{
                f"finished_{name}": ratio(finished, reached)
                for name, (reached, finished) in zip(("first", "next", "later"), self.told_, strict=True)
            },
            "audience": restricted_mean(
                np.minimum(news.time, found) - released, np.isfinite(found), self.days
            ),
            "found": ratio(in_time, old.sum()),
        }

    def arrays(self) -> dict[str, F64]:
        return {
            "listeners_reached": self.listeners_[0],
            "listeners_finished": self.listeners_[1],
            "tracks_reached": self.tracks_[0],
            "tracks_finished": self.tracks_[1],
        }
