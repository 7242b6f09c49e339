"""The ceiling: a recommender that knows what listeners feel."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from simenv.agents._ranking import chance, ranked
from simenv.agents.base import Agent
from simenv.errors import UsageError
from simenv.types import F32, I32, Request, Setting, Slate, Truth


@dataclass
class Oracle(Agent):
    """Shows the open tracks of the greatest true appeal now; it plans nothing, so its bound is myopic.

    It lives beside the experiments, as no agent may see a listener's truth: the runner alone calls `look`.

    Source: none needed.
    Departs: from nothing.
    """

    personal: ClassVar[bool] = True

    def begin(self, setting: Setting) -> None:
        self.setting_ = setting
        self.truth_: Truth | None = None

    def look(self, truth: Truth) -> None:
        """See what is hidden, from now on."""
        self.truth_ = truth

    def recommend(self, request: Request) -> Slate:
        return ranked(self._appeal, request, self.setting_)

    def score(self, request: Request, tracks: I32) -> F32:
        return self._seen().appeal(request.listeners, tracks)

    def probability(self, request: Request, tracks: I32, given: I32) -> F32:
        return chance(self._appeal, request, tracks, given, self.setting_)

    def _appeal(self, request: Request) -> F32:
        return self._seen().appeal(request.listeners)  # (m, T)

    def _seen(self) -> Truth:
        if self.truth_ is None:
            raise UsageError("the oracle has seen nothing: only an experiment can call look(world.truth)")
        return self.truth_
