"""All estimates of one target policy from one log, true propensities and wrong ones."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simenv import ope, ope_slates
from simenv.ope import Estimate, Spread
from simenv.rng import Key
from simenv.scenarios._logged import Evidence
from simenv.types import F64, Bool

FIRST = ("ips", "snips", "dm", "dr", "switch", "ips_clipped", "dr_clipped")
"""Estimators of what slot 0 earns."""
SLATES = ("sips", "iips", "rips", "rips_normalised", "slate_dm", "cascade_dr")
"""Estimators of what a slate earns."""
WRONG = ("uniform", "shuffled", "floored")
"""Propensities that are not those of the log."""
WITH_WRONG = tuple(f"{name}_{how}" for how in WRONG for name in ("ips", "snips", "dr"))
ESTIMATORS = (*FIRST, *WITH_WRONG, *SLATES)

WORDS = {
    "ips": "inverse propensity scoring (IPS)",
    "snips": "self-normalised IPS",
    "dm": "direct method",
    "dr": "doubly robust (DR)",
    "switch": "SWITCH-DR, weights over 20 left to the model",
    "ips_clipped": "IPS, weights cut at 20",
    "dr_clipped": "DR, weights cut at 20",
    "sips": "standard IPS of slates",
    "iips": "independent IPS",
    "rips": "reward interaction IPS",
    "rips_normalised": "reward interaction IPS, self-normalised",
    "slate_dm": "direct method of slates",
    "cascade_dr": "cascade doubly robust",
    "uniform": "pretending uniform draws",
    "shuffled": "shuffled",
    "floored": "none under .05",
}


def truth_of(estimator: str) -> str:
    """The column that holds what an estimator estimates."""
    return "slate" if estimator in SLATES else "first"


def estimates(
    evidence: Evidence, rows: Bool, cap: float, floor: float, key: Key, redrawn: Key | None = None
) -> dict[str, Estimate]:
    """Every one of ESTIMATORS, of the decisions `rows` (e,), with intervals over listeners.

    Args:
        evidence: the log and what the target policy would have done.
        rows: decisions that count, at least one.
        cap: where weights are cut, and from which `switch` asks the model.
        floor: under which no propensity is, in the wrong ones of that name.
        key: by which the wrong ones are shuffled.
        redrawn: of a bootstrap; None: Student's t.
    """
    log = evidence.decisions
    spread = Spread(clusters=log.request.listeners[rows], key=redrawn)
    finished = log.finished[rows].astype(np.float64)
    logged, target = log.propensity[rows].astype(np.float64), evidence.target[rows]
    reward, mu, pi = finished[:, 0], logged[:, 0], target[:, 0]
    q, qbar = evidence.predicted[rows], evidence.expected[rows]
    after, after_mean = evidence.predicted_rest[rows], evidence.expected_rest[rows]
    found = {
        "ips": ope.ips(reward, mu, pi, spread=spread),
        "snips": ope.snips(reward, mu, pi, spread=spread),
        "dm": ope.direct(qbar, spread),
        "dr": ope.doubly_robust(reward, mu, pi, q, qbar, spread=spread),
        "switch": ope.switch_dr(reward, mu, pi, q, qbar, cap, spread),
        "ips_clipped": ope.ips(reward, mu, pi, cap, spread),
        "dr_clipped": ope.doubly_robust(reward, mu, pi, q, qbar, cap, spread),
        "sips": ope_slates.sips(finished, logged, target, spread=spread),
        "iips": ope_slates.iips(finished, logged, target, spread=spread),
        "rips": ope_slates.rips(finished, logged, target, spread=spread),
        "rips_normalised": ope_slates.rips(finished, logged, target, normalised=True, spread=spread),
        "slate_dm": ope.direct(after_mean[:, 0], spread),
        "cascade_dr": ope_slates.cascade_dr(finished, logged, target, after, after_mean, spread=spread),
    }
    for how, wrong in wrong_propensities(mu, evidence.n_tracks, floor, key).items():
        found[f"ips_{how}"] = ope.ips(reward, wrong, pi, spread=spread)
        found[f"snips_{how}"] = ope.snips(reward, wrong, pi, spread=spread)
        found[f"dr_{how}"] = ope.doubly_robust(reward, wrong, pi, q, qbar, spread=spread)
    return {name: found[name] for name in ESTIMATORS}


def wrong_propensities(logged: F64, n_tracks: int, floor: float, key: Key) -> dict[str, NDArray]:
    """What `logged` (e,) is mistaken for: one chance for all tracks, other decisions', none under `floor`."""
    shuffled = np.argsort(key.bits(np.arange(len(logged))), kind="stable")
    return {
        "uniform": np.full(len(logged), 1 / n_tracks),
        "shuffled": logged[shuffled],
        "floored": np.maximum(logged, floor),
    }
