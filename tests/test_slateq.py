"""SlateQ in our worlds: what lasts of a play is learned in practice, and slates are made of it."""

import numpy as np
import pytest
from practising import Checkered
from tiny import Tiny, catalogue, checkerboard, request

import simenv.agents._slates_of_choice as slates_of_choice
from simenv.agents import parse
from simenv.agents._lasting import Plan, _learn, drawn_in
from simenv.crowd import Crowd
from simenv.env import PopulationEnv
from simenv.face import Face, Stage
from simenv.retrieve import Nearby
from simenv.types import Exchange, Feedback, Slate

TRACKS = 60


class Grateful(Checkered):
    """Who is played more of a sound (column 0) comes back sooner, whatever they finish."""

    def __init__(self, n, sound, thanks):
        super().__init__(n)
        self.sound, self.thanks, self.lately = sound, thanks, np.zeros(n)

    def bear(self, rows, life, time, key):
        super().bear(rows, life, time, key)
        self.lately[rows] = 0

    def play(self, rows, tracks, response):
        out = super().play(rows, tracks, response)
        heard = np.where(tracks[:, 0] >= 0, self.sound[tracks[:, 0]], 0.0)
        self.lately[rows] += 0.02 * (heard - self.lately[rows])
        self.time[rows] += np.exp(-self.thanks * self.lately[rows]) - 1 / 24
        return out


class Practice:
    def __init__(self, thanks):
        self.thanks, self.made = thanks, 0

    @property
    def digest(self):
        return f"grateful {self.thanks}"

    def __call__(self, num_envs, world, observe="flat", horizon=40, **options):
        self.made += 1
        kind = np.arange(TRACKS) % 2
        tracks = catalogue(TRACKS, kind=np.zeros(TRACKS, int) + kind)
        sound = tracks.audio[:, 1] - tracks.audio[:, 1].mean()
        stage = Stage(tracks, np.zeros(TRACKS, np.float32), None, 1.0)
        face = Face(observe=observe, horizon=horizon, **options)
        sound = sound / sound.std()
        return PopulationEnv(Crowd(Grateful(num_envs, sound, self.thanks), stage, face, Nearby))
