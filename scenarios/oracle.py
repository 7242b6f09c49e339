"""The ceiling: a recommender that knows what listeners feel."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from simenv.agents._ranking import chance, ranked
from simenv.agents.base import Agent, Weight
from simenv.errors import UsageError
from simenv.types import F32, I32, Request, Setting, Slate, Truth


@dataclass
class Oracle(Agent):
    """Shows the open tracks of the greatest true appeal now + depth x lasting part of the track.

    At depth 0 it plans nothing, so its bound is myopic. With more it gives up some of now for what satisfies
    later. It lives beside the experiments, as no agent may see a listener's truth: the runner alone calls
    `look`.

    Args:
        depth: weight of a track's lasting part, which is 0 where the catalogue's recipe has none.

    Source: none needed.
    Departs: from nothing.
    """

    depth: Weight = 0.0

    personal: ClassVar[bool] = True

    def begin(self, setting: Setting) -> None:
        self.setting_ = setting
        self.truth_: Truth | None = None

    def look(self, truth: Truth) -> None:
        """See what is hidden, from now on."""
        self.truth_ = truth

    def recommend(self, request: Request) -> Slate:
        return ranked(self._scores, request, self.setting_)

    def score(self, request: Request, tracks: I32) -> F32:
        truth = self._seen()
        return self._planned(truth.appeal(request.listeners, tracks), truth.tracks.depth[tracks])

    def probability(self, request: Request, tracks: I32, given: I32) -> F32:
        return chance(self._scores, request, tracks, given, self.setting_)

    def _scores(self, request: Request) -> F32:
        truth = self._seen()
        return self._planned(truth.appeal(request.listeners), truth.tracks.depth)  # (m, T)

    def _planned(self, appeal: F32, lasting: F32) -> F32:
        return appeal + np.float32(self.depth) * lasting if self.depth else appeal

    def _seen(self) -> Truth:
        if self.truth_ is None:
            raise UsageError("the oracle has seen nothing: only an experiment can call look(world.truth)")
        return self.truth_
