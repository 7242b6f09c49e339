"""What is published once a window, as urns that tracks are drawn from."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simenv.catalogue import Catalogue, Hidden
from simenv.types import F32, I32
from simenv.urns import Urn, urn
from simenv.users.params import ListenerParams
from simenv.users.social import NOBODY, Circle

FIRST_PLAYS = 400.0  # a listener: listening has a past, so charts begin about as full as plays keep them
NEW_FOR = 60.0  # days after which a release is no longer looked for as new
_ARTIST_FLOOR = 0.05  # what a track of a known artist weighs without a single play


class Charts(NamedTuple):
    """What organic listeners draw from. Unreleased tracks weigh nothing."""

    tracks: Urn  # (T,) charts ^ chart_power
    artist_start: I32  # (A + 1,) into artist_tracks
    artist_tracks: I32  # (T,) sorted by artist
    by_artist: Urn  # (T,) root of the chart weight
    micro_start: I32  # (M + 1,) into micro_tracks
    micro_tracks: I32  # (T,) sorted by micro-genre
    by_micro: Urn  # (T,) chart weight
    new_tracks: I32  # (r,) came out in the last 60 days
    new: Urn  # (r,) e^(q - age / 14 d)
    near: Urn  # (M * M,) of each micro-genre the others: e^(near cos)
    circle: Circle  # friends and what they play; nobody before the first turn


def grouped(of: I32, groups: int) -> tuple[I32, I32]:
    """Tracks sorted by group, and where each group starts, (groups + 1,)."""
    order = np.argsort(of, kind="stable").astype(np.int32)
    start = np.searchsorted(of[order], np.arange(groups + 1)).astype(np.int32)
    return order, start


class Publisher:
    """Makes `Charts` of chart counts; what never changes is worked out once."""

    def __init__(self, catalogue: Catalogue, hidden: Hidden, params: ListenerParams) -> None:
        self.catalogue, self.hidden, self.params = catalogue, hidden, params
        self.artist_tracks, self.artist_start = grouped(catalogue.artist, catalogue.n_artists)
        self.micro_tracks, self.micro_start = grouped(hidden.micro_genre, len(hidden.centroids))
        cosines = (hidden.centroids @ hidden.centroids.T).astype(np.float64)
        m = len(cosines)
        self.near = urn(np.exp(params.near * cosines).ravel(), m * np.arange(m + 1, dtype=np.int32))

    def first_charts(self, n_listeners: int) -> F32:
        """(T,) charts before anybody has played anything: 400 plays a listener, by reach x e^quality.

        Plays of a month outweigh them: with the charts' half-life of 30 days they fade as all plays do.
        """
        out = self.catalogue.released_by(0.0)
        weight = np.where(out, self.hidden.reach * np.exp(self.hidden.quality), 0.0)
        return (weight * (FIRST_PLAYS * n_listeners / max(weight.sum(), 1e-9))).astype(np.float32)

    def publish(self, counts: NDArray, time: float) -> Charts:
        """The tables at `time` for chart counts (T,)."""
        p, released = self.params, self.catalogue.released_by(time)
        weight = np.where(
            released, np.power(np.maximum(counts.astype(np.float64), 1e-12), p.chart_power), 0.0
        )
        root = np.where(released, np.sqrt(weight + _ARTIST_FLOOR), 0.0)
        age = time - self.catalogue.released
        new = np.flatnonzero(released & (age < NEW_FOR)).astype(np.int32)
        recent = np.exp(self.hidden.quality[new] - age[new] / p.new_days)
        return Charts(
            tracks=urn(weight, _whole(weight)),
            artist_start=self.artist_start,
            artist_tracks=self.artist_tracks,
            by_artist=urn(root[self.artist_tracks], self.artist_start),
            micro_start=self.micro_start,
            micro_tracks=self.micro_tracks,
            by_micro=urn(weight[self.micro_tracks], self.micro_start),
            new_tracks=new,
            new=urn(recent, _whole(recent)),
            near=self.near,
            circle=NOBODY,
        )


def _whole(weight: NDArray) -> I32:
    """Offsets of one group of all."""
    return np.array([0, len(weight)], np.int32)
