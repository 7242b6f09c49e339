"""Uniform over what may be shown: the floor, and the cleanest log for off-policy work."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from simenv.agents._ranking import uniform, uniform_chance
from simenv.agents.base import Agent
from simenv.types import F32, I32, Request, Setting, Slate


@dataclass
class Random(Agent):
    """Draw every slot uniformly from the open tracks that are left: propensity 1 / (A - j) in slot j of A.

    Source: none needed.
    Departs: from nothing.
    """

    personal: ClassVar[bool] = False

    def begin(self, setting: Setting) -> None:
        self.setting_ = setting

    def recommend(self, request: Request) -> Slate:
        return uniform(request, self.setting_)

    def probability(self, request: Request, tracks: I32, given: I32) -> F32:
        return uniform_chance(request, tracks, given, self.setting_)

    def parts(self, listener: int, track: int) -> dict[str, float]:
        return {"chance": 1.0}
