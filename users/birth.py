"""How listeners are born: who they are, drawn by event from the laws of LISTENER.md 2."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import stats

from simenv.types import F32, I32

if TYPE_CHECKING:
    from simenv.users.population import Population

_GRID = np.concatenate(
    [[1e-6, 1e-5, 1e-4], np.linspace(5e-4, 1 - 5e-4, 2000), [1 - 1e-4, 1 - 1e-5, 1 - 1e-6]]
)


def quantiles(law: stats.distributions.rv_frozen, u: F32) -> F32:
    """Draws of a law by its inverse distribution function, read off a table of two thousand knots."""
    return np.interp(u, _GRID, law.ppf(_GRID)).astype(np.float32)


def born(population: Population, rows: I32, life: I32, time: float) -> None:
    """Write new listeners into `rows`: the same (row, life) is the same listener, whoever is born beside them."""
    p, key, hidden = population.params, population.key, population.hidden
    who = rows.astype(np.int64) + population.first
    n, most = len(rows), population.weight.shape[1]

    def normal(name: str) -> F32:
        return (key / name).normal(who, life)

    def uniform(name: str) -> F32:
        return (key / name).uniform(who, life)

    me = np.zeros(n, population.people.dtype)
    me["luck"] = (key / "luck").bits(who, life)
    me["life"] = life
    late = uniform("newcomer") < p.newcomers
    me["joined"] = time + np.where(late, uniform("joined") * p.newcomer_days, 0.0)
    me["clock"] = me["updated"] = me["joined"]
    me["activity_until"] = -1.0
    me["gone"] = np.inf
    spread = p.sessions_spread
    me["rate"] = p.sessions * np.exp(spread * normal("rate") - spread**2 / 2)
    me["discovery"] = quantiles(stats.beta(p.discovery_a, p.discovery_b), uniform("discovery"))
    me["mainstream"] = quantiles(stats.beta(p.mainstream_a, p.mainstream_b), uniform("mainstream"))
    me["skipper"] = p.skipper * normal("skipper")
    me["chronotype"] = p.chronotype * normal("chronotype")
    me["last_track"] = -1
    me["interests"] = 1 + np.minimum(_poisson(p.interests, uniform("interests")), most - 1)

    places = np.arange(most)
    has = places < me["interests"][:, None]  # (n, 5)
    supply = np.cumsum(hidden.supply, dtype=np.float64)
    spot = (key / "home").uniform(who[:, None], life[:, None], places) * supply[-1]
    home = np.minimum(np.searchsorted(supply, spot, side="right"), len(supply) - 1).astype(np.int16)
    gamma = quantiles(stats.gamma(p.evenness), (key / "weight").uniform(who[:, None], life[:, None], places))
    gamma = np.where(has, np.maximum(gamma, 1e-6), 0)
    weight = gamma / gamma.sum(axis=1, keepdims=True)

    population.people[rows] = me
    population.home[rows] = np.where(has, home, 0)
    population.taste[rows] = np.where(has[:, :, None], hidden.centroids[home], 0)
    population.weight[rows] = population.home_weight[rows] = weight
    population.tracks[rows] = -1
    if (life > 0).any():  # a first life finds its rows as they were made, and does not touch their memory
        population.minutes[rows] = 0
        population.traces[rows] = 0
        population.filters[rows] = 0


def _poisson(mean: float, u: F32) -> I32:
    """Poisson counts of uniforms."""
    return np.searchsorted(stats.poisson(max(mean, 0.0)).cdf(np.arange(64)), u).astype(np.int32)
