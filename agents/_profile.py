"""What a listener's plays sound like, kept up to date: a profile of public features."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from simenv.catalogue import Catalogue
from simenv.features import track_features
from simenv.log import Log
from simenv.types import F32, I32, REACHED, SKIPPED, Bool, Exchange, Plays

FEW = np.float32(5)
"""Plays that a profile of nothing is worth."""


class Profiles:
    """The listeners' sums of features by what became of each play: finished 1, skipped -1.

    Args:
        features: (T, f) of the tracks.
        n_listeners: n.
    """

    def __init__(self, features: F32, n_listeners: int) -> None:
        ones = np.ones((len(features), 1), np.float32)
        self._features = np.concatenate([features, ones], axis=1)  # (T, f + 1)
        self.sums = np.zeros((n_listeners, features.shape[1] + 1), np.float32)
        self.plays = np.zeros(n_listeners, np.float32)

    def of(self, listeners: I32) -> F32:
        """(m, f + 1) sums over plays + 5, in [-1, 1]; the last column is finished less skipped."""
        return self.sums[listeners] / (self.plays[listeners] + FEW)[:, None]

    def fit(self, log: Log) -> None:
        """Begin anew, with all plays of a log."""
        self.sums[:], self.plays[:] = 0, 0
        for part in log.parts():
            self.add_plays(part)

    def add(self, exchange: Exchange) -> None:
        """What became of slates."""
        row, slot = np.nonzero(exchange.feedback.reached)
        skipped = exchange.feedback.skipped[row, slot]
        self._add(exchange.request.listeners[row], exchange.slate.tracks[row, slot], skipped)

    def add_plays(self, plays: Plays) -> None:
        """Plays that were begun."""
        plays = plays.rows(plays.has(REACHED))
        self._add(plays.listener, plays.track, plays.has(SKIPPED))

    def _add(self, listeners: I32, tracks: I32, skipped: Bool) -> None:
        sign = np.where(skipped, np.float32(-1), np.float32(1))[:, None]
        np.add.at(self.sums, listeners, sign * self._features[tracks])
        np.add.at(self.plays, listeners, np.float32(1))


def plain_features(catalogue: Catalogue) -> F32:
    """(T, f) `track_features`, where audio that is missing is taken for the mean."""
    known = np.isfinite(catalogue.audio)
    if not known.all():
        sums = np.where(known, catalogue.audio, 0).sum(axis=0)
        mean = sums / np.maximum(known.sum(axis=0), 1)
        audio = np.where(known, catalogue.audio, mean).astype(np.float32)
        catalogue = replace(catalogue, audio=audio)
    return track_features(catalogue)
