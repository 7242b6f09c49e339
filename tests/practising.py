"""The checkerboard as a practice world: even listeners love even tracks, and another life loves the other."""

import numpy as np

from simenv.crowd import Crowd
from simenv.env import PopulationEnv
from simenv.face import Face, Stage
from simenv.retrieve import Nearby
from simenv.types import Plays, Response

TRACKS = 60


class Checkered:
    """Residents who ask every hour for ever, and finish what they love."""

    def __init__(self, n):
        self.time, self.visit, self.kind = np.zeros(n), np.zeros(n, np.int32), np.zeros(n, np.int32)

    def __len__(self):
        return len(self.time)

    def bear(self, rows, life, time, key):
        self.time[rows], self.visit[rows], self.kind[rows] = time, 0, (rows + life) % 2

    def live(self, rows, until, share, charts):
        return Plays.concat([])

    def fill_in(self, request):
        rows = request.listeners
        request.time[:], request.session[:], request.visit[:] = self.time[rows], 0, self.visit[rows]

    def play(self, rows, tracks, response):
        reached = tracks >= 0
        loved = reached & (tracks % 2 == self.kind[rows][:, None])
        nothing = np.zeros(tracks.shape, np.uint8)
        self.time[rows] += 1 / 24
        self.visit[rows] += 1
        return Response(
            time=np.repeat(self.time[rows][:, None], tracks.shape[1], axis=1),
            seconds=np.where(loved, 200, 3 * reached).astype(np.float32),
            utility=loved.astype(np.float32),
            flags=nothing,
            activity=nothing,
            device=nothing,
            reached=reached,
            skipped=reached & ~loved,
            left=np.zeros(len(rows), bool),
            session=self.visit[rows],
        )

    def returns(self, rows):
        return self.time[rows]


class Practising:
    """Makes populations of the checkerboard."""

    digest = "checkerboard"

    def __call__(self, num_envs, world, observe="flat", horizon=40, **options):
        from tiny import catalogue

        stage = Stage(catalogue(TRACKS), np.zeros(TRACKS, np.float32), None, 1.0)
        face = Face(observe=observe, horizon=horizon, **options)
        return PopulationEnv(Crowd(Checkered(num_envs), stage, face, Nearby))
