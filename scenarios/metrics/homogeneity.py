"""Whether listeners come to hear the same music."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from scipy import sparse

from simenv.scenarios.metrics.base import Column, Hearings, Metric, Start, here, mean
from simenv.scenarios.metrics.bubble import whole_taste
from simenv.types import F32, I32, Day, Exchange, Truth


@dataclass
class Homogeneity(Metric):
    """Mean Jaccard index |C_u and C_v| / |C_u or C_v| of the last `size` different tracks heard for 30 s.

    - homogeneity = over all pairs of a sample of listeners
    - homogeneity_near = over pairs of a sampled listener and the one nearest in true taste at the start

    All plays count. The sample is drawn by the hash of the listener among those who were here at the start;
    who has heard fewer than `size` tracks is left out. Read it against the arm `organic`.

    Args:
        sample: listeners.
        size: different tracks a listener.
    """

    sample: int = 256
    size: int = 30

    columns: ClassVar[Mapping[str, Column]] = {
        "homogeneity": Column("overlap of two listeners' last 30 tracks (Jaccard)", -1, last=True),
        "homogeneity_near": Column("overlap of nearest listeners' last 30 tracks (Jaccard)", -1, last=True),
    }

    def begin(self, start: Start) -> None:
        first = np.flatnonzero(here(start.truth, start.today)).astype(np.int32)
        luck = (start.setting.key / "homogeneity").uniform(first)
        chosen = np.sort(first[np.argsort(luck, kind="stable")[: self.sample]])
        near = nearest(whole_taste(start.truth), chosen, first)
        self.rows_ = np.unique(np.concatenate([chosen, near]))  # listeners whose plays are kept
        self.chosen_ = np.searchsorted(self.rows_, chosen)  # places in rows_
        self.near_ = np.searchsorted(self.rows_, near)
        self.place_ = np.full(start.setting.n_listeners, -1, np.int32)
        self.place_[self.rows_] = np.arange(len(self.rows_))
        self.n_tracks_ = len(start.setting.catalogue)
        self.last_: list[dict[int, None]] = [{} for _ in self.rows_]  # in order of the last hearing
        self.hearings_: list[Hearings] = []  # of this day, recommended, of the sample
        for part in start.log.parts():
            self._remember([self._sampled(Hearings.of(part))])

    def _sampled(self, hearings: Hearings) -> Hearings:
        of = self.place_[hearings.listener] >= 0
        return Hearings(hearings.listener[of], hearings.time[of], hearings.track[of])

    def _remember(self, parts: list[Hearings]) -> None:
        hearings = Hearings.in_order(parts)
        for place, track in zip(self.place_[hearings.listener], hearings.track.tolist(), strict=True):
            tracks = self.last_[place]
            tracks.pop(track, None)
            tracks[track] = None
            if len(tracks) > self.size:
                del tracks[next(iter(tracks))]

    def see(self, exchange: Exchange, truth: Truth) -> None:
        self.hearings_.append(self._sampled(Hearings.recommended(exchange)))

    def day(self, news: Day, truth: Truth) -> dict[str, float]:
        self._remember([*self.hearings_, self._sampled(Hearings.of(news.plays))])
        self.hearings_ = []
        overlap = self._jaccard()
        among = overlap[np.ix_(self.chosen_, self.chosen_)]
        pairs = among[np.triu_indices(len(among), 1)]
        near = overlap[self.chosen_, self.near_][self.chosen_ != self.near_]
        return {
            "homogeneity": mean(pairs[np.isfinite(pairs)]),
            "homogeneity_near": mean(near[np.isfinite(near)]),
        }

    def _jaccard(self) -> F32:
        """(s, s) of the rows kept; nan where one of the two has heard too little."""
        row = np.repeat(np.arange(len(self.last_)), [len(t) for t in self.last_])
        track = np.fromiter((i for tracks in self.last_ for i in tracks), np.int64, len(row))
        shape = (len(self.last_), self.n_tracks_)
        heard = sparse.csr_array((np.ones(len(row), np.float32), (row, track)), shape=shape)
        both = (heard @ heard.T).toarray()
        full = np.array([len(tracks) == self.size for tracks in self.last_], bool)
        return np.where(full[:, None] & full[None, :], both / (2 * self.size - both), np.nan)


def nearest(taste: F32, chosen: I32, among: I32) -> I32:
    """(s,) for each of `chosen`, the other of `among` with the greatest cosine of taste; itself if alone."""
    out = chosen.copy()
    for i, u in enumerate(chosen):
        cosine = taste[among] @ taste[u]
        cosine[among == u] = -np.inf
        if np.isfinite(cosine).any():
            out[i] = among[np.argmax(cosine)]
    return out
