"""Rules of fatigue and recency: what was heard lately rests, what is new comes up."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from simenv.agents import _rules
from simenv.agents._rerank import Pool, Reranker, best_places
from simenv.agents.base import Days, Weight
from simenv.log import Log
from simenv.types import F32, I32, Request, Setting


@dataclass
class Fresh(Reranker):
    """Show what the inner agent finds, less what the listener is tired of, and more of what is new.

    Tracks are ranked by

        r - tired_track 2^(-d / rest) - tired_artist 2^(-e / rest) + new 2^(-age / young)

    with relevance r in [0, 1] over the pool, d and e the days since the listener last heard the track and its
    artist for 30 s and more, as of the last fit, and age the days since release; tracks that were out before
    the start are as old as the start. A new listener is tired of nothing; a new track gains most.

    Args:
        tired_track: what a track heard just now loses, in units of the pool's range of scores.
        tired_artist: what the tracks of an artist heard just now lose.
        rest: days after which half of either is forgotten.
        new: what a track gains on the day of its release.
        young: days after which half of it is gone.

    Source: fatigue: Ma et al., WWW 2016 (online feeds); recency as in Chakraborty et al., WWW 2017.
    Departs:
        1. one exponential law each (theirs: learned from counts; a learned model).
    """

    tired_track: Weight = 0.5
    tired_artist: Weight = 0.2
    rest: Days = 7.0
    new: Weight = 0.2
    young: Days = 30.0

    def begin(self, setting: Setting) -> None:
        super().begin(setting)
        n, catalogue = setting.n_listeners, setting.catalogue
        self.tracks_ = sparse.csr_array((n, len(catalogue)), dtype=np.float64)  # day of the last play
        self.artists_ = sparse.csr_array((n, catalogue.n_artists), dtype=np.float64)

    def fit(self, log: Log) -> None:
        super().fit(log)
        last = log.last().tocoo()
        self.tracks_ = sparse.csr_array(last)
        artist = self.setting_.catalogue.artist[last.coords[1]]
        order = np.lexsort((last.data, artist, last.coords[0]))
        row, artist, day = last.coords[0][order], artist[order], last.data[order]
        newest = np.ones(len(row), bool)
        newest[:-1] = (np.diff(row) != 0) | (np.diff(artist) != 0)
        shape = self.artists_.shape
        self.artists_ = sparse.csr_array((day[newest], (row[newest], artist[newest])), shape=shape)

    def choose(self, request: Request, pool: Pool) -> I32:
        worth = pool.relevance - self._tired(request, pool.tracks) + self._new(request, pool.tracks)
        return best_places(worth.astype(np.float32), pool, self.setting_.slate_size)

    def because(self, listener: int, track: int, above: I32) -> str:
        asked, tracks = self.question(listener), np.array([[track]], np.int32)
        tired, new = self._tired(asked, tracks).item(), self._new(asked, tracks).item()
        return f"fatigue costs it {tired:.2f} and its release gains it {new:.2f}"

    def _tired(self, request: Request, tracks: I32) -> F32:
        """(m, c) what each of `tracks` (m, c) loses."""
        artists = self.setting_.catalogue.artist[tracks]
        loss = np.zeros(tracks.shape, np.float32)
        for weight, last, what in (
            (self.tired_track, self.tracks_, tracks),
            (self.tired_artist, self.artists_, artists),
        ):
            day = np.empty(tracks.shape)
            _rules.looked_up(last.indptr, last.indices, last.data, request.listeners, what, day)
            loss += weight * np.exp2(-np.maximum(request.time[:, None] - day, 0) / self.rest)
        return loss

    def _new(self, request: Request, tracks: I32) -> F32:
        """(m, c) what each of `tracks` (m, c) gains."""
        released = np.maximum(self.setting_.catalogue.released[tracks], 0)
        age = np.maximum(request.time[:, None] - released, 0)
        return (self.new * np.exp2(-age / self.young)).astype(np.float32)
