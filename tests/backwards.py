"""Agents in a file of their own, as a user would write them."""

from dataclasses import dataclass

import numpy as np

from simenv.agents._ranking import pick
from simenv.agents.base import Agent, Wrapper
from simenv.types import Setting, Slate


@dataclass
class Backwards(Wrapper):
    """The worst of the pool first."""

    def recommend(self, request):
        tracks, scores, is_open = self.shortlist(request)
        places = pick(tracks, -scores, is_open, self.setting_.slate_size)
        chosen = np.take_along_axis(tracks, places, axis=1)
        return Slate(chosen, np.ones(chosen.shape, np.float32))


@dataclass
class First(Agent):
    """The first tracks of the catalogue."""

    shift: int = 0

    def begin(self, setting: Setting) -> None:
        self.setting_ = setting

    def recommend(self, request):
        tracks = np.tile(np.arange(self.setting_.slate_size, dtype=np.int32), (len(request), 1))
        return Slate(tracks + np.int32(self.shift), np.ones(tracks.shape, np.float32))


NOT_AN_AGENT = 3
