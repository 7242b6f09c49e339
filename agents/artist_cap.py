"""A business rule: no artist fills a slate."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simenv.agents import _rules
from simenv.agents._rerank import Pool, Reranker
from simenv.agents.base import Count
from simenv.types import I32, Request


@dataclass
class ArtistCap(Reranker):
    """Show what the inner agent finds, at most `limit` tracks by an artist.

    Tracks are taken in the inner agent's order; one whose artist has had `limit` tracks waits, and is shown
    only if the pool has no other open track left. New listeners and tracks are served as by the inner agent.

    Args:
        limit: tracks by an artist in a slate.

    Source: none needed: a rule of every service.
    Departs: from nothing.
    """

    limit: Count = 1

    def choose(self, request: Request, pool: Pool) -> I32:
        m, c = pool.tracks.shape
        places = np.empty((m, self.setting_.slate_size), np.int32)
        catalogue = self.setting_.catalogue
        _rules.capped(
            pool.tracks,
            pool.is_open,
            catalogue.artist,
            self.limit,
            np.zeros(catalogue.n_artists, np.int32),
            np.full(c, -1, np.int32),
            places,
        )
        return places

    def because(self, listener: int, track: int, above: I32) -> str:
        catalogue = self.setting_.catalogue
        n = int((catalogue.artist[above] == catalogue.artist[track]).sum())
        if n < self.limit:
            return "artists with tracks above it have had their share"
        return f"{catalogue.names.artist(catalogue.artist[track])} has {n} in the slate already"
