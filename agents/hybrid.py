"""Two agents in one: what the crowd's listening tells, and what can be told before anybody has listened."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from simenv.agents._mixing import Blend, Scale, asks, words_of
from simenv.agents._ranking import best
from simenv.agents.base import Agent, Count, Number, Share, Weight
from simenv.log import Log
from simenv.types import F32, I32, Request, Setting

_BEHIND = np.float32(1000)
"""What keeps tracks that are no candidates behind: scores of mean 0 and sd 1 stay below the root of T."""


@dataclass
class Hybrid(Blend):
    """Mix two agents, the one that learns from listening fading in with plays.

    With a and b the scores of `of` and `cold`, each brought to one scale over the listener's open tracks, a
    track scores

        w a + (1 - w) b - doubt w (1 - w) |a - b|,    w = most alpha(listener) alpha(track),

    alpha(plays) = min(1, plays / trust), plays being of 30 s and more as of the last fit. So a new listener
    and a new track, which nobody has played, are judged by `cold` alone; with `content` that is its sound,
    genres and artist, and for a listener without any play what is popular.

    Args:
        of: learns from listening.
        cold: can tell without.
        mode: weighted: as above; switching: w is 1 where alpha alpha is 1/2 and more, else 0; cascade: as
            weighted, among the `pool` open tracks that `cold` likes best, the rest behind.
        trust: plays of a listener, and of a track, after which `of` is trusted in full.
        most: weight of `of` then, in [0, 1]; not read by switching.
        scale: of scores: from 0 to 1, mean 0 and sd 1, or share of open tracks that do not score more.
        doubt: how much a track loses that the two disagree about.
        pool: candidates of a cascade.

    Source: Burke, User Modeling and User-Adapted Interaction 2002 (weighted, switching, cascade).
    Departs:
        1. weights are of each listener and track (theirs: of the system).
        2. the cascade ranks by both (theirs: by the second, which only breaks ties of the first).
    """

    of: Agent | str = "als"
    cold: Agent | str = "content"
    mode: Literal["weighted", "switching", "cascade"] = "weighted"
    trust: Count = 5
    most: Share = 0.7
    scale: Scale = "z"
    doubt: Weight = 0.0
    pool: Count = 200
    fit_every: Number = field(default=7, kw_only=True)

    def begin(self, setting: Setting) -> None:
        super().begin(setting)
        self.by_listener_ = np.zeros(setting.n_listeners, np.float32)  # alpha
        self.by_track_ = np.zeros(len(setting.catalogue), np.float32)
        self.now_ = 0.0  # days

    def fit(self, log: Log) -> None:
        super().fit(log)
        trust = np.float32(self.trust)
        self.by_listener_ = np.minimum(log.matrix().sum(axis=1) / trust, 1).astype(np.float32)
        self.by_track_ = np.minimum(log.counts() / trust, 1).astype(np.float32)
        self.now_ = log.now

    def scores(self, request: Request) -> F32:
        w, a, b = self._weighed(request)
        scores = np.subtract(a, b, out=a)
        lost = np.float32(self.doubt) * w * (1 - w) * np.abs(scores) if self.doubt else None
        scores *= w
        scores += b
        if lost is not None:
            scores -= lost
        if self.mode == "cascade":
            scores[~self._candidates(request, b)] -= _BEHIND
        return scores

    def parts(self, listener: int, track: int) -> dict[str, float]:
        """As of the end of the log."""
        request = asks(np.array([listener], np.int32), self.now_)
        all_w, all_a, all_b = self._weighed(request)
        w, a, b = (float(x[0, track]) for x in (all_w, all_a, all_b))
        first, second = words_of(*self.mixed.values())
        parts = {first: w * a, second: (1 - w) * b}
        if self.doubt:
            parts["disagreement"] = -self.doubt * w * (1 - w) * abs(a - b)
        if self.mode == "cascade" and not self._candidates(request, all_b)[0, track]:
            parts["no candidate"] = -float(_BEHIND)
        return parts

    def explain(self, listener: int, track: int) -> str:
        """The shares of the two, then the parts of the score."""
        w = self.weight(np.array([listener], np.int32))[0, track]
        shares = zip(words_of(*self.mixed.values()), (w, 1 - w), strict=True)
        mix = ", ".join(f"{100 * share:.0f} % {word}" for word, share in shares)
        return f"{super().explain(listener, track)} ({mix})"

    def weight(self, listeners: I32) -> F32:
        """(m, T) weight of `of` for each listener and track, in [0, 1]."""
        known = self.by_listener_[listeners, None] * self.by_track_
        if self.mode == "switching":
            return (known >= np.float32(0.5)).astype(np.float32)
        known *= np.float32(self.most)
        return known

    def _weighed(self, request: Request) -> tuple[F32, F32, F32]:
        """(m, T) weight, and scores of both on one scale."""
        a, b = (self.level(part, request, self.scale) for part in self.mixed.values())
        return self.weight(request.listeners), a, b

    def _candidates(self, request: Request, scores: F32) -> np.ndarray:
        """(m, T) which tracks are among the open ones that `cold` likes best."""
        size = min(max(self.pool, self.setting_.slate_size), scores.shape[1])
        tracks, _ = best(scores, request, self.setting_, size)
        row, place = np.nonzero(tracks >= 0)
        out = np.zeros(scores.shape, bool)
        out[row, tracks[row, place]] = True
        return out
