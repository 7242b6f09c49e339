"""What tests of populations and worlds share: a small catalogue, slates by event, and how a crowd lives."""

from functools import lru_cache

import numpy as np

from simenv.rng import Key
from simenv.scenarios.build import make_catalogue
from simenv.types import Plays, Slate
from simenv.users.params import ListenerParams
from simenv.users.population import Population
from simenv.users.records import PERSON

KEY = Key.root(8)
SLATES = KEY / "slates"
TRACKS = 400
STATE = (
    "taste",
    "weight",
    "home",
    "home_weight",
    "tracks",
    "minutes",
    "counts",
    "traces",
    "filters",
    "genres",
)
DEFAULT = ListenerParams()


@lru_cache(maxsize=1)
def music():
    """A catalogue and what is hidden of it; some tracks are yet to come out."""
    return make_catalogue(TRACKS, KEY / "catalogue")


def crowd(n=200, params=DEFAULT, threads=1, first=0, key=KEY):
    return Population(n, *music(), params, key / "listeners", threads, first)


@lru_cache(maxsize=1)
def charts():
    """The charts of day 0, the same for crowds of every size."""
    population = crowd(200)
    return population.publish(population.first_charts(), 0.0)


def slates(listeners, visits, k=4, catalogue=None):
    """(m, k) tracks that are out on day 0, by listener and visit: the same whoever else asks."""
    out = np.flatnonzero((music()[0] if catalogue is None else catalogue).released_by(0.0))
    start = SLATES.below(len(out), listeners, visits)
    return out[(start[:, None] + np.arange(k) * 7) % len(out)].astype(np.int32)


def answer(request, catalogue=None, k=4):
    """A slate for everybody who asks."""
    tracks = slates(request.listeners, request.visit, k, catalogue)
    return Slate(tracks, np.full(tracks.shape, 0.5, np.float32))


def live(population, rows=None, until=12.0, share=0.5, instead=slates):
    """Let `rows` live, alone with their slates; the plays of organic sessions."""
    rows = np.arange(len(population), dtype=np.int32) if rows is None else rows
    parts = []
    while len(rows):
        parts.append(population.live(rows, until, share, charts()))
        rows = population.asking(rows)
        if len(rows):
            request = population.request(rows)
            population.play(rows, instead(rows + population.first, request.visit))
    return Plays.concat(parts)


def state(population):
    """Everything that a population is, by name, listeners first."""
    people = {f"person.{name}": population.people[name] for name in PERSON.names}
    return people | {name: getattr(population, name) for name in STATE}


def changed(one, other):
    """Rows whose state is not the same bit for bit."""
    out = set()
    for name, column in state(one).items():
        same = column == state(other)[name]
        out |= set(np.flatnonzero(~same.reshape(len(column), -1).all(axis=1)).tolist())
    return out
