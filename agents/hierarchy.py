"""What a listener hears of a track, else of its album, its artist, its genres."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from simenv.agents._levels import Levels
from simenv.agents.base import Days, Number, Scorer, Weight
from simenv.log import Log
from simenv.types import F32, Request, Setting


@dataclass
class Hierarchy(Scorer):
    """Show the tracks of which the listener should hear most, as their album, artist and genres tell.

    The rate of anything is (h + smoothing m) / (n + smoothing): n plays, h the shares heard of them summed, m
    what is expected. A track the listener has not played is expected at the weighted mean of their rates of
    its album (from its siblings), its artist and its genres, and of everyone's rate of the track; levels of
    which the listener has played nothing drop out, the weights of the others growing to sum to 1. A track
    they have played has a rate of its own, smoothed towards that. Everyone's rates are smoothed likewise: a
    track's towards its album's, that towards its artist's, that towards the mean of all plays; so a new track
    has its artist's rate from its first day. A new listener is shown what everyone hears most of.

    Args:
        album: weight of the listener's rate of the album.
        artist: of the artist.
        genres: of the genres.
        everyone: of everyone's rate of the track.
        combine: of several genres: the mean of the rates, or the best (max).
        smoothing: plays that what is expected is worth.
        half_life: days after which a play counts for half; inf: all count alike.

    Source: Yahoo! Music's taxonomy of tracks, albums, artists and genres: Koenigstein, Dror & Koren, RecSys
        2011; Bayesian means as of charts and film lists.
    Departs:
        1. smoothed means (theirs: biases and factors of every level, learned together).
        2. grades are listened shares (theirs: ratings from 0 to 100).
    """

    album: Weight = 0.4
    artist: Weight = 0.3
    genres: Weight = 0.3
    everyone: Weight = 0.3
    combine: Literal["mean", "max"] = "mean"
    smoothing: Weight = 3.0
    half_life: Days = np.inf
    fit_every: Number = field(default=1, kw_only=True)

    def begin(self, setting: Setting) -> None:
        self.setting_ = setting
        self.levels_ = Levels.nothing(setting.n_listeners, setting.catalogue)

    def fit(self, log: Log) -> None:
        self.levels_ = Levels.of(log, self.setting_.catalogue, self.half_life, self.smoothing)

    def state(self) -> dict[str, NDArray]:
        return self.levels_.arrays()

    def restore(self, state: dict[str, NDArray]) -> None:
        self.levels_ = Levels(**state)

    def scores(self, request: Request) -> F32:
        weights = np.array([self.album, self.artist, self.genres, self.everyone], np.float32)
        catalogue, best = self.setting_.catalogue, self.combine == "max"
        return self.levels_.blended(request.listeners, catalogue, weights, self.smoothing, best)

    def parts(self, listener: int, track: int) -> dict[str, float]:
        catalogue, levels = self.setting_.catalogue, self.levels_
        own = slice(levels.start[listener], levels.start[listener + 1])
        tracks, plays, heard = levels.track[own], levels.plays[own], levels.heard[own]

        def rate(mates: NDArray[np.bool_], expected: np.float32) -> float:
            """The listener's rate of some of their tracks; nan if there are none."""
            n = plays[mates].sum()
            return (
                float((heard[mates].sum() + self.smoothing * expected) / (n + self.smoothing))
                if n
                else np.nan
            )

        a, b = catalogue.album[track], catalogue.artist[track]
        member = catalogue.genre_matrix()[tracks]
        genres = [
            rate(member[:, [g]].toarray()[:, 0] > 0, levels.of_genre[g]) for g in catalogue.genres_of(track)
        ]
        known = [r for r in genres if not np.isnan(r)]
        of_genres = (max(known) if self.combine == "max" else float(np.mean(known))) if known else np.nan
        levels_of = {
            "album": (self.album, rate(catalogue.album[tracks] == a, levels.of_album[a])),
            "artist": (self.artist, rate(catalogue.artist[tracks] == b, levels.of_artist[b])),
            "genres": (self.genres, of_genres),
            "everyone": (self.everyone, float(levels.of_track[track])),
        }
        said = {name: pair for name, pair in levels_of.items() if pair[0] and not np.isnan(pair[1])}
        said = said or {"everyone": (1.0, float(levels.of_track[track]))}
        whole = sum(weight for weight, _ in said.values())
        n, h = float(plays[tracks == track].sum()), float(heard[tracks == track].sum())
        left = self.smoothing / (n + self.smoothing) if n else 1.0
        parts = {name: left * weight * value / whole for name, (weight, value) in said.items()}
        return parts | ({"the track itself": h / (n + self.smoothing)} if n else {})
