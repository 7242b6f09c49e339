"""Four simple agents under one roof, weighted by how much is known of a listener."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from scipy.special import expit

from simenv.agents._mixing import Blend, Scale, asks, levelled, words_of
from simenv.agents._ranking import all_open
from simenv.agents._stacking import learned_weights
from simenv.agents.base import Agent, Count, Number, Weight
from simenv.agents.repeat import OWN, Repeat
from simenv.log import Log
from simenv.types import F32, Bool, Request, Setting

_BY_HISTORY = ((0.0, 0.7, 0.3), (0.0, 0.5, 0.5), (0.6, 0.3, 0.1))
"""Weights of listening, sound and charts: without a play, with few, with more."""


@dataclass
class Ensemble(Blend):
    """Add up what the crowd's listening, a track's sound, the charts and the listener's habit say.

    Each of `of`, `content` and `popular` is brought to one scale over the open tracks, and weighted

        0, .7, .3 without a play;  0, .5, .5 with less than `few`;  .6, .3, .1 from there on.

    To that is added `again` times the chance that a track of the listener's own comes to mind, 1 / (1 +
    e^-activation), as `repeat` counts activation: people play again what they play often and lately. Tracks
    in cooldown are not open, so that habit counts where it may. A new listener is shown what is popular, and
    from the first play on what sounds alike; a new track is found by its sound.

    Args:
        of: learns from listening.
        content: knows tracks before they are played.
        popular: knows what everyone plays.
        repeat: knows what each listener plays again.
        weights: history: as above; learned: for listeners with `few` plays and more a logistic regression
            says which score tells best what is played in the newest fifth of the log, from what the plays
            before it told; with too few plays to learn from, as above.
        again: weight of habit where weights are not learned.
        few: plays of 30 s and more.
        scale: of scores: from 0 to 1, mean 0 and sd 1, or share of open tracks that do not score more.

    Source: Burke, User Modeling and User-Adapted Interaction 2002 (weights); Wolpert, Neural Networks 1992
        (stacking); Anderson & Schooler, Psychological Science 1991 (activation).
    Departs:
        1. stacked on one held-out stretch of time (theirs: cross-validation, which would learn from the
            future).
    """

    of: Agent | str = "als"
    content: Agent | str = "content"
    popular: Agent | str = "popular"
    repeat: Repeat | str = "repeat"
    weights: Literal["history", "learned"] = "history"
    again: Weight = 1.0
    few: Count = 2
    scale: Scale = "minmax"
    fit_every: Number = field(default=7, kw_only=True)

    def begin(self, setting: Setting) -> None:
        super().begin(setting)
        self.plays_ = np.zeros(setting.n_listeners, np.float32)  # (n,)
        self.weights_ = self._by_history()  # (3, 4) by history and part
        self.now_ = 0.0  # days

    def fit(self, log: Log) -> None:
        self.weights_ = self._by_history()
        if self.weights == "learned":
            learned = learned_weights(list(self.mixed.values()), self._levels, log, self.setting_, self.few)
            self.weights_[2] = self.weights_[2] if learned is None else learned
        super().fit(log)
        self.plays_ = log.matrix().sum(axis=1).astype(np.float32)
        self.now_ = log.now

    def scores(self, request: Request) -> F32:
        weights = self._weights_of(request)
        levels = self._levels(self.mixed.values(), request, all_open(request, self.setting_))
        total = np.zeros((len(request), len(self.setting_.catalogue)), np.float32)
        for level, weight in zip(levels, weights.T, strict=True):
            level *= weight[:, None]
            total += level
        return total

    def parts(self, listener: int, track: int) -> dict[str, float]:
        """As of the end of the log."""
        request = asks(np.array([listener], np.int32), self.now_)
        weights = self._weights_of(request)[0]
        levels = self._levels(self.mixed.values(), request, all_open(request, self.setting_))
        words = words_of(*self.mixed.values())
        return {word: float(w * x[0, track]) for word, w, x in zip(words, weights, levels, strict=True) if w}

    def _weights_of(self, request: Request) -> F32:
        """(m, 4) weights for each listener."""
        plays = self.plays_[request.listeners]
        return self.weights_[(plays > 0).astype(np.int32) + (plays >= self.few)]

    def _levels(self, parts: Iterable[Agent], request: Request, is_open: Bool) -> Iterator[F32]:
        """(m, T) of each of `parts`, which are as those of the ensemble: scores on one scale, then habit."""
        *others, repeat = parts
        for part in others:
            yield levelled(self.whole(part, request), is_open, self.scale)
        scores = self.whole(repeat, request)
        own = scores > OWN / 2
        habit = np.zeros_like(scores)
        habit[own] = expit(scores[own] - OWN)
        yield habit

    def _by_history(self) -> F32:
        return np.column_stack([_BY_HISTORY, np.full(len(_BY_HISTORY), self.again)]).astype(np.float32)
