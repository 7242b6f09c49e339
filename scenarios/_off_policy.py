"""How far estimates from a log are right: bias, error, coverage and ranks, over agents and worlds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from simenv.scenarios._agreement import rank_correlation
from simenv.scenarios._estimates import ESTIMATORS, FIRST, SLATES, WITH_WRONG, WORDS, truth_of
from simenv.scenarios._numbers import number, spanned
from simenv.scenarios._stats import Interval, interval
from simenv.types import F64, Bool

if TYPE_CHECKING:
    from simenv.scenarios._results import Result

LOG, LOOP = "", "_frozen"
"""Two truths: on the states in the log, and in a loop of the agent's own; neither learns."""


@dataclass(frozen=True)
class Judged:
    """Errors of one estimator against one truth, all agents and worlds together."""

    bias: Interval  # mean of estimate - truth over agents, and its interval over worlds
    error: float  # root mean square
    relative: float  # root mean square of (estimate - truth) / truth
    leaning: float  # mean of (estimate - truth) / truth
    holds: float  # share of intervals by Student's t that hold the truth
    holds_wide: float  # and of bootstrap intervals
    ranks: Interval  # Spearman's, of agents by estimate and by truth
    cells: int


def measured(result: Result) -> bool:
    """Whether anything was estimated from a log."""
    return bool(estimated_arms(result))


def estimated_arms(result: Result) -> list[str]:
    """Agents of whom a log said something."""
    return [a for a in result.served if any("ope_low" in o.arrays for o in result.outcomes if o.agent == a)]


def judged(result: Result, estimator: str, which: str = LOG) -> Judged:
    """Hold an estimator's values after the last day against the truth called `which`."""
    agents, truth = estimated_arms(result), truth_of(estimator) + which
    found = result.values(estimator)[agents].to_numpy()  # (seeds, agents)
    true = result.values(truth)[agents].to_numpy()
    off = found - true
    with np.errstate(divide="ignore", invalid="ignore"):
        share = off / true
    known, relative = np.isfinite(off), np.isfinite(share)
    each = np.array([row[ok].mean() if ok.any() else np.nan for row, ok in zip(off, known, strict=True)])
    return Judged(
        interval(each),
        _root_mean_square(off[known]),
        _root_mean_square(share[relative]),
        float(share[relative].mean()) if relative.any() else float("nan"),
        _share(holds(result, estimator, truth)),
        _share(holds(result, estimator, truth, "wide_")),
        rank_correlation(result, estimator, truth),
        int(known.sum()),
    )


def holds(result: Result, estimator: str, truth: str, word: str = "") -> Bool:
    """(cells,) whether the interval of each cell that has one holds the truth."""
    at, said = ESTIMATORS.index(estimator), []
    for o in result.outcomes:
        if "ope_low" in o.arrays and np.isfinite(o.arrays[f"ope_{word}low"][at]):
            true = o.values[truth][-1]
            said.append(o.arrays[f"ope_{word}low"][at] <= true <= o.arrays[f"ope_{word}high"][at])
    return np.array(said, bool)


def sentence(result: Result) -> str:
    """The question of `off_policy` answered, with numbers."""
    named = {"DR": "dr", "IPS": "ips", "the direct method": "dm"}
    told = []
    for words, name in named.items():
        found = judged(result, name)
        bias, error = spanned(found.bias, sign=True), number(found.error)
        told.append(f"{words} by {bias} on average and {error} in root mean square ({found.holds:.0%})")
    alone, wrong = judged(result, "dr", LOOP), judged(result, "ips_uniform")
    agents = len(estimated_arms(result))
    return (
        f"On the states in the log of `{result.scenario.logged_by}`, estimates of what each of {agents} "
        f"agents would have earned there (`first`, the share of first slots finished) are off: "
        f"{'; '.join(told)}; in brackets the share of 95 % intervals that hold the truth. Against loops of "
        f"the agents' own, where listeners become what the agent makes of them, DR is off by "
        f"{spanned(alone.bias, sign=True)} and {number(alone.error)}; IPS with propensities mistaken for "
        f"uniform ones by {spanned(wrong.bias, sign=True)}."
    )


def table(result: Result) -> list[str]:
    """A row an estimator: how far it is right on the states in the log, and in loops of the agents' own."""
    if not measured(result):
        return []
    head = (
        *("estimator", "estimates", "bias", "RMSE", "intervals that hold the truth", "of bootstrap ones"),
        *("rank correlation", "bias in own loop", "RMSE in own loop", "rank correlation in own loop"),
    )
    lines = [f"| {' | '.join(head)} |", f"| --- | --- |{' ---: |' * (len(head) - 2)}"]
    for name in (*FIRST, *SLATES, *WITH_WRONG):
        log, loop = judged(result, name), judged(result, name, LOOP)
        row = [
            *(f"`{name}`", f"`{truth_of(name)}`", spanned(log.bias, sign=True), number(log.error)),
            *(_percent(log.holds), _percent(log.holds_wide), spanned(log.ranks, sign=True)),
            *(spanned(loop.bias, sign=True), number(loop.error), spanned(loop.ranks, sign=True)),
        ]
        lines.append(f"| {' | '.join(row)} |")
    wrong = ", ".join(f"`_{how}`: {WORDS[how]}" for how in ("uniform", "shuffled", "floored"))
    return [
        "## How far estimates are right",
        "",
        *lines,
        "",
        f"{len(estimated_arms(result))} agents; bias is estimate - truth, its interval over worlds. "
        f"Own loop: the same agents, which never learn again, serve alone. Wrong propensities: {wrong}.",
        "",
    ]


def _root_mean_square(values: F64) -> float:
    return float(np.sqrt((values**2).mean())) if len(values) else float("nan")


def _share(said: Bool) -> float:
    return float(said.mean()) if len(said) else float("nan")


def _percent(share: float) -> str:
    return f"{share:.0%}" if np.isfinite(share) else "-"
