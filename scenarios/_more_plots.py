"""Figures of what is no curve over days: what is known so far, offline beside online, what variety costs."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from simenv.scenarios._agreement import OFFLINE, compared
from simenv.scenarios._dose import dose
from simenv.scenarios._exploring import now_and_later
from simenv.scenarios._off_policy import measured
from simenv.scenarios._off_policy_plots import against_truth, by_estimator
from simenv.scenarios._plots import colour, figure_of, note, size_of, wrapped
from simenv.scenarios._stats import Interval, interval
from simenv.scenarios._trade_off import trade_off
from simenv.scenarios.metrics import describe
from simenv.scenarios.metrics.arrivals import FROM

if TYPE_CHECKING:
    from simenv.scenarios._results import Result

_LEAST = 200  # plays of a bin, over all worlds, below which its share is not drawn
_BINS = [f"{a}-{b - 1}" for a, b in pairwise(FROM.tolist())] + [f"{FROM[-1]}+"]


def more_figures(result: Result) -> dict[str, Figure]:
    """Those that the result has the numbers of, by name."""
    drawn = {}
    if any("listeners_reached" in o.arrays for o in result.outcomes):
        drawn["plays_so_far"] = by_plays(result)
    if set(OFFLINE) & set(result.scenario.columns_measured) and len(compared(result, OFFLINE[0])) > 1:
        drawn["offline_online"] = offline_online(result)
    if measured(result):
        drawn |= {"estimates": against_truth(result), "estimators": by_estimator(result)}
    for name, draw in (("trade_off", trade_off), ("now_and_later", now_and_later), ("dose", dose)):
        if (figure := draw(result)) is not None:
            drawn[name] = figure
    return drawn


def by_plays(result: Result) -> Figure:
    """Share finished by the plays so far of the listener, and of new tracks; bands as in all figures."""
    figure, _ = figure_of(result.scenario.question, panels=2)
    left, right = figure.axes
    for axes, kind, label in (
        (left, "listeners", "plays of the listener so far"),
        (right, "tracks", "plays of the new track so far"),
    ):
        for agent in result.served:
            kept = [o.arrays for o in result.outcomes if o.agent == agent]
            reached = np.stack([a[f"{kind}_reached"] for a in kept])  # (seeds, bins)
            finished = np.stack([a[f"{kind}_finished"] for a in kept])
            shown = np.flatnonzero(reached.sum(axis=0) >= _LEAST)
            if not len(shown):
                continue
            with np.errstate(invalid="ignore"):
                spans = [interval(share) for share in (finished / reached)[:, shown].T]
            mean, low, high = (np.array([getattr(s, at) for s in spans]) for at in ("mean", "low", "high"))
            axes.plot(shown, mean, "o-", color=colour(agent), linewidth=1.6, ms=3.5, label=agent)
            axes.fill_between(shown, low, high, color=colour(agent), alpha=0.1, linewidth=0)
        axes.set_xticks(range(len(FROM)), _BINS, fontsize=8)
        axes.set_xlim(-0.4, len(FROM) - 0.6)
        axes.set_xlabel(label)
    left.set_ylabel("share of recommended plays finished")
    handles, names = left.get_legend_handles_labels()
    figure.legend(handles, names, loc="outside right center", frameon=False, fontsize=8.5)
    note(figure, f"{size_of(result)}; bins with {_LEAST} plays and more; bands 95 % over worlds")
    return figure


def offline_online(result: Result) -> Figure:
    """Every agent: what a log said of it beforehand, and what it then did."""
    figure, axes = figure_of(result.scenario.question)
    metric, primary = OFFLINE[0], result.scenario.primary
    agents = compared(result, metric)
    points = {a: (result.mean(metric, a), result.mean(primary, a)) for a in agents}
    for agent, (x, y) in points.items():
        for at, span, flat in ((y.mean, x, True), (x.mean, y, False)):
            if np.isfinite(span.low):
                ends, level = [span.low, span.high], [at, at]
                axes.plot(*((ends, level) if flat else (level, ends)), color=colour(agent), linewidth=1.2)
        axes.plot(x.mean, y.mean, "o", color=colour(agent), ms=6)
    axes.margins(0.12)
    _name_points(axes, points)
    axes.set_xlabel(f"offline: {describe(metric).words}")
    axes.set_ylabel(wrapped(f"in the loop: {describe(primary).words}", 46))
    note(figure, f"{size_of(result)}; bars 95 % bootstrap intervals over worlds")
    return figure


def _name_points(axes: Axes, points: Mapping[str, tuple[Interval, Interval]]) -> None:
    """Names beside the points: in the first corner in which one touches no other name."""
    wide, high = (np.ptp(ends) for ends in (axes.get_xlim(), axes.get_ylim()))
    placed: list[tuple[float, float]] = []  # middles of names, in shares of the axes
    for agent, (x, y) in sorted(points.items(), key=lambda point: -point[1][1].mean):
        corners = [(x.mean / wide + 0.05 * i, y.mean / high + 0.025 * j) for i, j in _CORNERS]
        apart = [all(abs(a - c) > 0.1 or abs(b - d) > 0.035 for c, d in placed) for a, b in corners]
        best = apart.index(True) if any(apart) else 0
        placed.append(corners[best])
        right, up = _CORNERS[best]
        axes.annotate(
            agent,
            (x.mean, y.mean),
            (6 * right, 5 if up > 0 else -12),
            textcoords="offset points",
            ha="left" if right > 0 else "right",
            color=colour(agent),
            fontsize=9,
        )


_CORNERS = ((1, 1), (1, -1), (-1, 1), (-1, -1))
