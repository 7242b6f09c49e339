"""What a linear learner sees of a track for a listener at a moment: public facts only."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from simenv.context import ACTIVITIES, COLUMNS
from simenv.features import GENRE_DIRECTIONS
from simenv.observe import MATCH, Observer
from simenv.types import (
    F32,
    I32,
    REACHED,
    SKIPPED,
    Exchange,
    Feedback,
    Plays,
    Request,
    Setting,
    Slate,
)


class Situations:
    """Rows x of numbers about in [-1, 1] that describe a track to a listener at a moment.

    In this order: the track's public features; how it matches what the listener did with the last 32 plays
    (`simenv.observe.MATCH`); every column of the context times the track's energy (its first audio feature
    where there is no energy), so that tracks may suit a moment; and 1.

    Args:
        setting: its catalogue and number of listeners count.
    """

    def __init__(self, setting: Setting) -> None:
        self.observer = Observer(setting, history=0)
        names = setting.catalogue.features
        self._energy = np.zeros(len(setting.catalogue), np.float32)  # (T,)
        if names:
            self._energy = self.observer.features[:, names.index("energy") if "energy" in names else 0]
        sound = len(names)
        words = ["sound"] * sound + ["genres"] * GENRE_DIRECTIONS + ["length"]
        self.words = (*words, *MATCH, *["moment"] * len(COLUMNS), "everything")

    @property
    def width(self) -> int:
        """d."""
        return len(self.words)

    def of(self, request: Request, tracks: I32) -> F32:
        """(m, c, d) each of `tracks` (m, c) to each listener who asks."""
        own = self.observer.of_candidates(request, tracks)
        moment = request.context[:, None, :] * self._energy[tracks][:, :, None]
        return np.concatenate([own, moment, np.ones((*tracks.shape, 1), np.float32)], axis=2)

    def replay(self, plays: Plays) -> Iterator[tuple[Plays, F32]]:
        """Plays in rounds, one of a listener in each, with what showed of them (e, d) before they began."""
        plays = plays.rows(plays.has(REACHED))
        for which, exchange in self.rounds(plays):
            yield plays.rows(which), self.of(exchange.request, exchange.slate.tracks)[:, 0]

    def remember(self, plays: Plays) -> None:
        """Remember what was reached of `plays`."""
        for _ in self.rounds(plays.rows(plays.has(REACHED))):
            pass

    def rounds(self, plays: Plays) -> Iterator[tuple[NDArray[np.int64], Exchange]]:
        """Plays that were reached in rounds, one of a listener in each.

        A round is their rows and, as answers to slates of one track, what they were. It is remembered when
        the next one is asked for.
        """
        order = np.lexsort((plays.time, plays.listener))
        listener = plays.listener[order]
        nth = np.arange(len(order)) - np.searchsorted(listener, listener)
        order, at = order[np.argsort(nth, kind="stable")], 0
        for size in np.bincount(nth).tolist():
            which = order[at : (at := at + size)]
            exchange = _as_exchange(plays.rows(which))
            yield which, exchange
            self.observer.see(exchange)


def _as_exchange(plays: Plays) -> Exchange:
    """Plays as answers to slates of one track."""
    request = Request(plays.listener, plays.time, context_of(plays), plays.session, plays.visit)
    tracks = plays.track[:, None]
    feedback = Feedback(
        np.ones(tracks.shape, bool),
        plays.seconds[:, None],
        plays.has(SKIPPED)[:, None],
        np.zeros(len(plays), bool),
    )
    return Exchange(request, Slate(tracks, plays.propensity[:, None]), feedback)


def context_of(plays: Plays) -> F32:
    """(e, c) the context of each play, as `Request.context` shows it."""
    turns = 2 * np.pi * np.stack([plays.time % 1, np.floor(plays.time) % 7 / 7], axis=1)
    out = np.zeros((len(plays), len(COLUMNS)), np.float32)
    out[:, 0:4:2], out[:, 1:4:2] = np.sin(turns), np.cos(turns)
    row, activity = np.arange(len(plays)), 4
    out[row, activity + plays.activity] = 1
    out[row, activity + len(ACTIVITIES) + plays.device] = 1
    return out
