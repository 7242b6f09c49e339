"""Music that sounds and is filed like what the listener plays."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from scipy import sparse

from simenv.agents._preference import net_plays, or_shares, shares
from simenv.agents.base import Days, Number, Scorer, Weight
from simenv.catalogue import Catalogue
from simenv.log import Log
from simenv.types import F32, Request, Setting


@dataclass
class Content(Scorer):
    """Show the tracks whose public features point where the listener's profile does.

    A track is a unit vector: scaled audio features, genres and artist one-hot, each group by its weight; what
    is missing is 0. The profile is the sum of a listener's tracks by ln(1 + plays) - skips ln(1 + early
    skips), and the score its cosine. New tracks are shown from their first day. A listener without a profile
    is shown what is popular.

    Args:
        audio: weight of the audio features together.
        genres: weight of the genres together.
        artist: weight of the artist.
        scale: audio features to mean 0 and sd 1 (z), or from -1 to 1 (minmax).
        skips: what an early skip takes away, in plays.
        half_life: days after which a play counts for half; inf: all count alike.

    Source: Pazzani & Billsus, The Adaptive Web 2007.
    Departs:
        1. groups of features are weighted to a length of their own (theirs: TF-IDF of words).
    """

    audio: Weight = 0.5
    genres: Weight = 1.5
    artist: Weight = 1.0
    scale: Literal["z", "minmax"] = "z"
    skips: Weight = 0.5
    half_life: Days = np.inf
    fit_every: Number = field(default=7, kw_only=True)

    def begin(self, setting: Setting) -> None:
        self.setting_ = setting
        n, n_tracks = setting.n_listeners, len(setting.catalogue)
        self.features_, self.artists_ = self._features(setting.catalogue)  # together unit rows, or 0
        self.profile_ = np.zeros((n, self.features_.shape[1]), np.float32)  # together with the next: unit
        self.liked_ = sparse.csr_array((n, self.artists_.shape[1]), dtype=np.float32)  # rows, or 0
        self.cold_ = np.ones(n, bool)
        self.shares_ = np.zeros(n_tracks, np.float32)

    def fit(self, log: Log) -> None:
        self.shares_ = shares(log, self.half_life)
        plays = net_plays(log, self.half_life, self.skips)
        profile, liked = plays @ self.features_, plays @ self.artists_
        length = np.sqrt((profile**2).sum(axis=1) + (liked**2).sum(axis=1))
        self.cold_ = length == 0
        scale = 1 / np.where(self.cold_, 1, length)
        self.profile_ = (profile * scale[:, None]).astype(np.float32)
        self.liked_ = sparse.csr_array(sparse.diags_array(scale) @ liked, dtype=np.float32)

    def parts(self, listener: int, track: int) -> dict[str, float]:
        catalogue = self.setting_.catalogue
        if self.cold_[listener]:
            return {"plays by everyone": float(self.shares_[track])}
        each = (self.profile_[listener] * self.features_[track]).tolist()
        genres = [f"genre {catalogue.names.genre(g)}" for g in range(catalogue.n_genres)]
        names = [*catalogue.features, *genres]
        parts = {name: part for name, part in zip(names, each, strict=True) if part}
        return parts | {"artist": float((self.liked_[[listener]] @ self.artists_[[track]].T).sum())}

    def likeness(self, track: int) -> F32:
        same = (self.artists_ @ self.artists_[[track]].T).toarray()[:, 0]
        return self.features_ @ self.features_[track] + same

    def scores(self, request: Request) -> F32:
        u = request.listeners
        scores = self.profile_[u] @ self.features_.T
        by_artist = (self.liked_[u] @ self.artists_.T).tocoo()
        scores[by_artist.row, by_artist.col] += by_artist.data
        return or_shares(scores, self.cold_[u], self.shares_)

    def _features(self, catalogue: Catalogue) -> tuple[F32, sparse.csr_array]:
        """(T, f) audio and genres, and (T, A) the artist."""
        audio = _unit(_scaled(catalogue.audio, self.scale))
        genres = _unit(catalogue.genre_matrix().toarray())
        rest = np.concatenate([self.audio * audio, self.genres * genres], axis=1, dtype=np.float64)
        length = np.sqrt((rest**2).sum(axis=1) + self.artist**2)
        scale = 1 / np.where(length > 0, length, 1)
        tracks = np.arange(len(catalogue))
        artist = sparse.csr_array(
            ((self.artist * scale).astype(np.float32), (tracks, catalogue.artist)),
            shape=(len(catalogue), catalogue.n_artists),
        )
        return (rest * scale[:, None]).astype(np.float32), artist


def _unit(rows: F32) -> F32:
    """Rows of length 1; those of length 0 stay."""
    length = np.linalg.norm(rows, axis=1, keepdims=True)
    return (rows / np.where(length > 0, length, 1)).astype(np.float32)


def _scaled(audio: F32, scale: str) -> F32:
    """Columns scaled, nan and constant ones 0."""
    if not len(audio):
        return audio
    known = np.isfinite(audio)
    n = np.maximum(known.sum(axis=0), 1)
    filled = np.where(known, audio, 0)
    if scale == "minmax":
        low = np.where(known, audio, np.inf).min(axis=0)
        high = np.where(known, audio, -np.inf).max(axis=0)
        middle, spread = (high + low) / 2, (high - low) / 2
    else:
        middle = filled.sum(axis=0) / n
        spread = np.sqrt((np.where(known, audio - middle, 0) ** 2).sum(axis=0) / n)
    usable = known & np.isfinite(spread) & (spread > 0)
    return np.where(usable, (filled - middle) / np.where(spread > 0, spread, 1), 0).astype(np.float32)
