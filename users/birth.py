"""How listeners are born: who they are, drawn by event from the laws of LISTENER.md 2."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from scipy import special

from simenv.rng import normals, uniforms
from simenv.types import F32, F64, I32
from simenv.users.adversaries import enlist

if TYPE_CHECKING:
    from simenv.users.population import Population

TRAITS = (
    *("luck", "newcomer", "joined", "rate", "skipper", "chronotype"),
    *("discovery", "mainstream", "interests"),
)
"""What is drawn once for each listener: the names of the streams."""

_GRID = np.concatenate(
    [[1e-6, 1e-5, 1e-4], np.linspace(5e-4, 1 - 5e-4, 2000), [1 - 1e-4, 1 - 1e-5, 1 - 1e-6]]
)


def quantiles(inverse: np.ufunc, shape: tuple[float, ...], u: F32) -> F32:
    """Draws of a law by its inverse distribution function, read off a table of two thousand knots."""
    return np.interp(u, _GRID, _knots(inverse, shape)).astype(np.float32)


@lru_cache(maxsize=64)
def _knots(inverse: np.ufunc, shape: tuple[float, ...]) -> F64:
    """The table, kept: in a Gymnasium face single listeners are reborn all the time."""
    return inverse(*shape, _GRID)


def beta(a: float, b: float, u: F32) -> F32:
    """Beta(a, b) of uniforms."""
    return quantiles(special.betaincinv, (a, b), u)


def gamma(shape: float, u: F32) -> F32:
    """Gamma(shape, 1) of uniforms."""
    return quantiles(special.gammaincinv, (shape,), u)


def poisson(mean: float, u: F32) -> I32:
    """Poisson counts of uniforms."""
    return np.searchsorted(special.pdtr(np.arange(64), max(mean, 0.0)), u).astype(np.int32)


def born(population: Population, rows: I32, life: I32, time: float) -> None:
    """Write new listeners into `rows`: a (row, life) is the same listener, whoever is born beside them."""
    p, key, hidden = population.params, population.key, population.hidden
    who = rows.astype(np.int64) + population.first
    n, most = len(rows), population.weight.shape[1]

    bits = key.each(TRAITS, who, life)
    own = dict(zip(TRAITS, uniforms(bits), strict=True))
    rate, skipper, chronotype = normals(np.stack([own[name] for name in ("rate", "skipper", "chronotype")]))
    me = np.zeros(n, population.people.dtype)
    me["luck"] = bits[TRAITS.index("luck")]
    me["life"] = life
    late = own["newcomer"] < p.newcomers
    me["joined"] = time + np.where(late, own["joined"] * p.newcomer_days, 0.0)
    me["clock"] = me["updated"] = me["tired"] = me["joined"]
    me["activity_until"] = -1.0
    me["gone"] = np.inf
    spread = p.sessions_spread
    me["rate"] = p.sessions * np.exp(spread * rate - spread**2 / 2)
    enlist(me, who, life, key, population.catalogue, p)
    me["discovery"] = beta(p.discovery_a, p.discovery_b, own["discovery"])
    me["mainstream"] = beta(p.mainstream_a, p.mainstream_b, own["mainstream"])
    me["skipper"] = p.skipper * skipper
    me["chronotype"] = p.chronotype * chronotype
    me["last_track"] = -1
    me["interests"] = 1 + np.minimum(poisson(p.interests, own["interests"]), most - 1)

    places = np.arange(most)
    has = places < me["interests"][:, None]  # (n, 5)
    supply = np.cumsum(hidden.supply, dtype=np.float64)
    spot, heavy = uniforms(key.each(("home", "weight"), who[:, None], life[:, None], places))
    spot = spot * supply[-1]
    home = np.minimum(np.searchsorted(supply, spot, side="right"), len(supply) - 1).astype(np.int16)
    mass = gamma(p.evenness, heavy)
    mass = np.where(has, np.maximum(mass, 1e-6), 0)  # gammas scaled to sum 1 are Dirichlet
    weight = mass / mass.sum(axis=1, keepdims=True)

    lived = rows[population.people["session"][rows] > 0]
    population.people[rows] = me
    population.home[rows] = np.where(has, home, 0)
    population.taste[rows] = np.where(has[:, :, None], hidden.centroids[home], 0)
    population.weight[rows] = population.home_weight[rows] = weight
    population.tracks[rows] = -1
    if len(lived):  # who was never heard of has rows as they were made, and their memory is not touched
        population.minutes[lived] = 0
        population.counts[lived] = 0
        population.traces[lived] = 0
        population.filters[lived] = 0
        population.genres[lived] = 0
