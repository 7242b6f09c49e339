"""A world small enough to know the answer: listeners love some tracks, finish those, and skip all others."""

import numpy as np
from practising import Practising

from simenv.catalogue import Catalogue
from simenv.context import COLUMNS
from simenv.heard import Heard
from simenv.log import Log
from simenv.rng import Key
from simenv.types import REACHED, SKIPPED, Day, Exchange, Feedback, Late, Plays, Request, Setting

KEY = Key.root(11) / "tiny"


def catalogue(n_tracks, kind=None, released=None):
    """Tracks whose sound and genre tell their kind (T,), by default even or odd; three an artist."""
    i = np.arange(n_tracks)
    kind = i % 2 if kind is None else kind
    noise = (KEY / "sound").uniform(i[:, None], np.arange(4))
    return Catalogue(
        audio=(0.6 * kind[:, None] + 0.4 * noise).astype(np.float32),
        genre_start=np.arange(n_tracks + 1, dtype=np.int32),
        genre_ids=kind.astype(np.int32),
        album=(i // 2).astype(np.int32),
        artist=(i // 3).astype(np.int32),
        label=np.zeros(n_tracks, np.int32),
        group=np.zeros(n_tracks, np.int32),
        seconds=np.full(n_tracks, 200, np.float32),
        released=np.full(n_tracks, -1.0) if released is None else np.asarray(released, float),
        features=("energy", "valence", "liveness", "speechiness"),
    )


def request(listeners, time=1.0, visit=0):
    """A request of these rows, in no particular context."""
    m = len(listeners)
    return Request(
        np.asarray(listeners, np.int32),
        np.full(m, time, float),
        np.zeros((m, len(COLUMNS)), np.float32),
        np.zeros(m, np.int32),
        np.full(m, visit, np.int32) if np.isscalar(visit) else np.asarray(visit, np.int32),
    )


def plays(listener, track, time, finished, slot=-1, visit=-1):
    """Plays as columns: 200 s where finished, else skipped after 3 s."""
    columns = {name: np.zeros(len(listener), dtype) for name, dtype in Plays.dtypes.items()}
    columns["listener"], columns["track"] = np.asarray(listener, np.int32), np.asarray(track, np.int32)
    columns["time"] = np.asarray(time, np.float64)
    columns["seconds"] = np.where(finished, 200, 3).astype(np.float32)
    columns["flags"] = np.where(finished, REACHED, REACHED | SKIPPED).astype(np.uint8)
    columns["propensity"][:] = np.nan
    columns["slot"][:], columns["visit"][:] = slot, visit
    return Plays(**columns)


class Tiny:
    """n listeners; `loves` (n, T) says whom each track pleases. Everyone asks twice a day."""

    def __init__(self, loves, cooldown=0.0, slate_size=5, tracks=None, seed=0):
        self.loves = loves
        n, n_tracks = loves.shape
        self.catalogue = catalogue(n_tracks) if tracks is None else tracks
        self.log, self.heard = Log(n, n_tracks), Heard(n, n_tracks, any_play=True)
        self.setting = Setting(
            self.catalogue, n, slate_size, Key.root(seed) / "agent", cooldown, self.heard, Practising()
        )
        self.day, self.visit, self.shown = 0, 0, []

    def organic(self, per_day=6):
        """A day of everyone's own plays: most of what they love, among two thirds of the catalogue."""
        n, n_tracks = self.loves.shape
        u, s = np.repeat(np.arange(n), per_day), np.tile(np.arange(per_day), n)
        track = (KEY / "track").below(max(n_tracks * 2 // 3, 1), u, s, self.day)
        keep = self.loves[u, track] | ((KEY / "try").uniform(u, s, self.day) < 0.3)
        u, s, track = u[keep], s[keep], track[keep]
        return self.enter(plays(u, track, self.day + (s + 1) / (per_day + 2), self.loves[u, track]))

    def enter(self, new):
        self.log.append(new)
        self.heard.add(new.listener, new.track, new.time, new.seconds)
        return new

    def warm_up(self, days=12):
        for _ in range(days):
            self.organic()
            self.day += 1
        return self

    def wave(self, agent):
        """Everyone asks once, and hears the slate to its end."""
        asked = request(np.arange(len(self.loves)), self.day + 0.9 + 0.05 * (self.visit % 2), self.visit)
        slate = agent.recommend(asked)
        loved = np.take_along_axis(self.loves, slate.tracks, axis=1)
        seconds = np.where(loved, 200, 3).astype(np.float32)
        feedback = Feedback(np.ones_like(loved), seconds, ~loved, np.zeros(len(loved), bool))
        m, k = slate.tracks.shape
        self.enter(
            plays(
                np.repeat(asked.listeners, k),
                slate.tracks.ravel(),
                np.repeat(asked.time, k) + np.tile(np.arange(k) / 1e4, m),
                loved.ravel(),
                np.tile(np.arange(k), m),
                self.visit,
            )
        )
        self.visit += 1
        self.shown.append(slate.tracks)
        agent.update(Exchange(asked, slate, feedback))
        return loved.mean()

    def run(self, agent, days=6):
        """The loop of an experiment; the share of loved tracks on the last day."""
        agent.begin(self.setting)
        agent.fit(self.log)
        for _ in range(days):
            share = (self.wave(agent) + self.wave(agent)) / 2
            own = self.organic()
            self.day += 1
            charts = np.bincount(own.track, minlength=len(self.catalogue)).astype(np.float32)
            agent.hear(Day(own, Late.concat([]), charts, np.empty(0, np.int32), float(self.day)))
            agent.fit(self.log)
        return share


def checkerboard(n=24, n_tracks=48):
    """Even listeners love even tracks."""
    return np.add.outer(np.arange(n), np.arange(n_tracks)) % 2 == 0


def one_hit(n=24, n_tracks=40):
    """A tenth of the tracks is loved by all."""
    return np.tile(np.arange(n_tracks) % 10 == 3, (n, 1))
