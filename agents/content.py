"""Music that sounds and is filed like what the listener plays."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from simenv.agents._preference import net_plays, or_shares, shares
from simenv.agents.base import Count, Days, Number, Scorer, Weight
from simenv.catalogue import Catalogue
from simenv.log import Log
from simenv.rng import Key
from simenv.types import F32, I32, Request, Setting


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
        buckets: columns for artists; more artists than that share them by a signed hash.
        skips: what an early skip takes away, in plays.
        half_life: days after which a play counts for half; inf: all count alike.

    Source: Pazzani & Billsus, The Adaptive Web 2007; signed hashing: Weinberger et al., ICML 2009.
    Departs:
        1. groups of features are weighted to a length of their own (theirs: TF-IDF of words).
    """

    audio: Weight = 1.0
    genres: Weight = 1.5
    artist: Weight = 0.5
    scale: Literal["z", "minmax"] = "z"
    buckets: Count = 256
    skips: Weight = 0.5
    half_life: Days = np.inf
    fit_every: Number = field(default=7, kw_only=True)

    def begin(self, setting: Setting) -> None:
        self.setting_ = setting
        self.features_ = self._features(setting.catalogue)  # (T, f) unit rows, or 0
        self.profile_ = np.zeros(
            (setting.n_listeners, self.features_.shape[1]), np.float32
        )  # unit rows, or 0
        self.shares_ = np.zeros(len(setting.catalogue), np.float32)

    def fit(self, log: Log) -> None:
        self.shares_ = shares(log, self.half_life)
        self.profile_ = _unit(net_plays(log, self.half_life, self.skips) @ self.features_)

    def parts(self, listener: int, track: int) -> dict[str, float]:
        catalogue = self.setting_.catalogue
        if not self.profile_[listener].any():
            return {"plays by everyone": float(self.shares_[track])}
        each = (self.profile_[listener] * self.features_[track]).tolist()
        genres = [f"genre {catalogue.names.genre(g)}" for g in range(catalogue.n_genres)]
        names = [*catalogue.features, *genres]
        parts = {name: part for name, part in zip(names, each, strict=False) if part}
        return parts | {"artist": float(sum(each[len(names) :]))}

    def likeness(self, track: int) -> F32:
        return self.features_ @ self.features_[track]

    def scores(self, request: Request) -> F32:
        profile = self.profile_[request.listeners]
        return or_shares(profile @ self.features_.T, np.logical_not(profile.any(axis=1)), self.shares_)

    def _features(self, catalogue: Catalogue) -> F32:
        audio = _unit(_scaled(catalogue.audio, self.scale))
        genres = catalogue.genre_matrix().toarray()
        artist = _one_hot(catalogue.artist, catalogue.n_artists, self.buckets, self.setting_.key / "artist")
        groups = (self.audio * audio, self.genres * _unit(genres), self.artist * artist)
        return _unit(np.concatenate(groups, axis=1, dtype=np.float32))


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


def _one_hot(ids: I32, n_ids: int, buckets: int, key: Key) -> F32:
    """(T, min(n_ids, buckets)) one 1 a row; with more ids than buckets, a 1 or -1 where its hash says."""
    if n_ids <= buckets:
        place, sign = ids, np.ones(len(ids), np.float32)
    else:
        place = key.below(buckets, ids)
        sign = np.where(key.below(2, ids, 1), np.float32(1), np.float32(-1))
    out = np.zeros((len(ids), min(n_ids, buckets)), np.float32)
    out[np.arange(len(ids)), place] = sign
    return out
