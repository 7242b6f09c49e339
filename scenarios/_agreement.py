"""Whether a log ranks agents as living with them does."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import stats

from simenv.scenarios._stats import Interval, interval

if TYPE_CHECKING:
    from simenv.scenarios._results import Result

OFFLINE = ("ndcg_new", "ndcg_all")
"""What a log says beforehand, of scenarios that ask it."""
_LEAST = 3  # agents: two are always in perfect order, one way or the other


def compared(result: Result, metric: str, against: str | None = None) -> list[str]:
    """Agents with a value of `metric` and of `against`, the primary metric if it is not named."""
    both = (metric, against or result.scenario.primary)
    return [a for a in result.served if all(np.isfinite(result.mean(m, a).mean) for m in both)]


def rank_correlation(result: Result, metric: str, against: str | None = None) -> Interval:
    """Spearman's rho of agents by `metric` and by `against`: its mean over worlds, and interval."""
    agents, other = compared(result, metric, against), against or result.scenario.primary
    x, y = result.values(metric)[agents].to_numpy(), result.values(other)[agents].to_numpy()
    return interval(np.array([_rho(a, b) for a, b in zip(x, y, strict=True)]))


def agreement(result: Result) -> list[str]:
    """How far a log ranks agents as living with them does, and whom it misjudges most: a line a metric."""
    lines = []
    primary = result.scenario.primary
    for metric in OFFLINE:
        if metric not in result.scenario.columns_measured:
            continue
        agents = compared(result, metric)
        if len(agents) < _LEAST:
            lines.append(f"`{metric}` and `{primary}` are known of {len(agents)} agents: too few to rank.")
            continue
        offline, online = (
            stats.rankdata([-result.mean(name, a).mean for a in agents]) for name in (metric, primary)
        )
        rho = rank_correlation(result, metric)
        known = f" [{rho.low:+.2f}, {rho.high:+.2f}]" if np.isfinite(rho.low) else ""
        worst = int(np.argmax(np.abs(offline - online)))
        of = f"{len(agents)} agents"
        told = f"{rho.mean:+.2f}{known} (Spearman)"
        text = f"Ranks of {of} by `{metric}` and by `{primary}` have a correlation of {told}."
        if offline[worst] != online[worst]:
            text += (
                f" The worst disagreement is `{agents[worst]}`: {_place(offline[worst])} of {of} on the"
                f" log, {_place(online[worst])} in the loop."
            )
        lines.append(text)
    return lines


def _rho(a: np.ndarray, b: np.ndarray) -> float:
    """Spearman's; nan if a value is missing, or either does not tell agents apart."""
    if len(a) < 2 or not np.isfinite([a, b]).all() or np.ptp(a) == 0 or np.ptp(b) == 0:
        return float("nan")
    return float(stats.spearmanr(a, b).statistic)


def _place(rank: float) -> str:
    """
    >>> _place(1.0), _place(2.5), _place(13.0)
    ('1st', '2.5th', '13th')
    """
    if rank != int(rank):
        return f"{rank:g}th"
    ending = {1: "st", 2: "nd", 3: "rd"}.get(int(rank) % 10, "th")
    return f"{int(rank)}{'th' if int(rank) % 100 in (11, 12, 13) else ending}"
