"""Maximal marginal relevance: slates that are relevant and of many kinds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simenv.agents import _greedy
from simenv.agents._likeness import Likeness
from simenv.agents._rerank import Pool, Reranker
from simenv.agents.base import Share, Weight
from simenv.errors import UsageError
from simenv.types import I32, Request, Setting


@dataclass
class Mmr(Reranker):
    """Show tracks that are relevant and unlike those already in the slate.

    The next track is, of the open ones of the pool, the one of most

        balance r - (1 - balance) max over tracks j in the slate of likeness(track, j)

    with relevance r in [0, 1] over the pool. Likeness in [0, 1] is the weighted mean of the cosine of
    z-scaled audio features (at least 0), that of genres, and having the same artist; what is missing counts
    as unlike. New listeners and tracks are served as by the inner agent.

    Args:
        balance: 1: the inner agent's order; 0: as unlike as can be after the first.
        audio: weight of the audio features in the likeness.
        genres: weight of the genres.
        artist: weight of the artist.

    Source: Carbonell & Goldstein, SIGIR 1998.
    Departs:
        1. relevance is min-max scaled over the pool (theirs: the engine's similarity to the query).
    """

    balance: Share = 0.7
    audio: Weight = 1.0
    genres: Weight = 1.0
    artist: Weight = 1.0

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.audio + self.genres + self.artist <= 0:
            raise UsageError("mmr: audio, genres and artist all weigh 0: one of them must count")

    def begin(self, setting: Setting) -> None:
        super().begin(setting)
        self._likeness = Likeness.of(setting.catalogue, self.audio, self.genres, self.artist)

    def choose(self, request: Request, pool: Pool) -> I32:
        m, c = pool.tracks.shape
        places = np.empty((m, self.setting_.slate_size), np.int32)
        of = self._likeness
        _greedy.mmr(
            pool.tracks,
            pool.relevance,
            pool.is_open,
            of.audio,
            of.artist,
            of.start,
            of.ids,
            of.weights,
            self.balance,
            np.full(of.n_genres, -1, np.int32),
            np.empty(c, np.float32),
            np.full(c, -1, np.int32),
            places,
        )
        return places

    def because(self, listener: int, track: int, above: I32) -> str:
        if not len(above):
            return "the first of the slate"
        like = self._likeness.between(track, above)
        most = int(like.argmax())
        artist = self.setting_.catalogue.artist
        if artist[track] in artist[above]:
            return f"an artist that is in the slate, likeness {like[most]:.2f} to track {above[most]}"
        return f"an artist not yet in the slate, likeness at most {like[most]:.2f}"
