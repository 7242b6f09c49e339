"""What tests of single mechanisms share: parameters as kernels read them, and listeners made by hand."""

import numpy as np

from simenv.rng import Key
from simenv.users.params import ListenerParams
from simenv.users.records import PERSON
from simenv.users.rows import Memory, Tastes

DEFAULT = ListenerParams()
UNHEARD = (np.float32(0),) * 3  # traces of a track not known


def params(**changes):
    """(1,) the parameter record of the default listener with some fields changed."""
    return ListenerParams(**changes).record()


def people(n=1, **columns):
    """(n,) listeners at rest on day 0 with the luck of their row, and what `columns` say."""
    out = np.zeros(n, PERSON)
    out["luck"] = (Key.root(5) / "luck").bits(np.arange(n))
    out["gone"], out["rate"], out["interests"], out["last_track"] = np.inf, 1.0, 1, -1
    for name, value in columns.items():
        out[name] = value
    return out


def unit(x):
    """Rows of length 1."""
    x = np.asarray(x, np.float64)
    return (x / np.linalg.norm(x, axis=-1, keepdims=True)).astype(np.float32)


def tastes(weight, home=None, d=8):
    """Interests along the first axes with these weights (n,), at home where they are."""
    n = len(weight)
    full = np.zeros(5, np.float32)
    full[:n] = weight
    taste = np.zeros((5, d), np.float32)
    taste[np.arange(n), np.arange(n)] = 1
    at = np.zeros(5, np.int16)
    at[:n] = np.arange(n) if home is None else home
    return Tastes(taste, full, at, full.copy())


def memory(slots=16):
    """A memory that holds nothing."""
    return Memory(
        np.full(slots, -1, np.int32),
        np.zeros(slots, np.uint32),
        np.zeros(slots, np.uint16),
        np.zeros((3, slots), np.uint16),
        np.zeros((2, 64), np.uint64),
        np.zeros(0, np.float32),
    )
