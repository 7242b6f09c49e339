"""Figures of off-policy estimates: against the truth, and how far off by estimator."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure

from simenv.scenarios._estimates import ESTIMATORS, FIRST, SLATES, WITH_WRONG
from simenv.scenarios._off_policy import LOG, LOOP, estimated_arms, judged
from simenv.scenarios._plots import colour, figure_of, note, size_of

if TYPE_CHECKING:
    from simenv.scenarios._results import Result

_DRAWN = ("ips", "snips", "dm", "dr")
_LEAST = 1e-3  # relative error that is drawn at the left end


def against_truth(result: Result) -> Figure:
    """Every agent in every world: what a log says of it, with intervals, and what is true on its states."""
    figure, first = figure_of(result.scenario.question, panels=len(_DRAWN))
    agents = estimated_arms(result)
    truth = result.values("first")[agents].to_numpy()
    low, high = np.nanmin(truth), np.nanmax(truth)
    wide = high - low
    for axes, name in zip(figure.axes, _DRAWN, strict=True):
        at = ESTIMATORS.index(name)
        for o in result.outcomes:
            if "ope_low" not in o.arrays:
                continue
            x, hue = o.values["first"][-1], colour(o.agent)
            ends = [o.arrays["ope_low"][at], o.arrays["ope_high"][at]]
            axes.plot([x, x], ends, color=hue, linewidth=0.9, alpha=0.6)
            axes.plot(x, o.values[name][-1], "o", color=hue, ms=4, label=o.agent)
        axes.plot([low, high], [low, high], color="#444444", linewidth=0.8, zorder=0)
        axes.set_title(name, fontsize=10)
        axes.set_xlabel("truth, states in the log", fontsize=8.5)
    first.set_ylim(low - wide, high + wide)
    first.set_ylabel("share of first slots finished, estimated")
    handles, names = first.get_legend_handles_labels()
    once = dict(zip(names, handles, strict=True))
    figure.legend(once.values(), once.keys(), loc="outside right center", frameon=False, fontsize=8.5)
    note(figure, f"{size_of(result)}; log of {result.scenario.logged_by}; bars 95 % intervals over listeners")
    return figure


def by_estimator(result: Result) -> Figure:
    """How far off each estimator is, as a share of the truth, on the states in the log and in own loops."""
    figure, axes = figure_of(result.scenario.question)
    figure.set_size_inches(8, 6.4)
    names = [*FIRST, *SLATES, *WITH_WRONG]
    for row, name in enumerate(reversed(names)):
        for which, hue, lift in ((LOG, "#1f77b4", 0.13), (LOOP, "#d62728", -0.13)):
            found = judged(result, name, which)
            if not np.isfinite(found.relative):
                continue
            error, bias = max(found.relative, _LEAST), max(abs(found.leaning), _LEAST)
            axes.plot([_LEAST, error], [row + lift] * 2, color=hue, linewidth=1, alpha=0.35)
            axes.plot(error, row + lift, "o", color=hue, ms=5)
            axes.plot(bias, row + lift, "|", color=hue, ms=8, mew=1.6)
    axes.set_xscale("log")
    axes.set_yticks(range(len(names)), list(reversed(names)), fontsize=8.5)
    axes.set_xlabel("error as a share of the truth: dots root mean square, ticks bias (without its sign)")
    for hue, text in (("#1f77b4", "states in the log"), ("#d62728", "a loop of its own")):
        axes.plot([], [], "o", color=hue, label=text)
    axes.legend(frameon=False, fontsize=8.5, loc="lower right")
    note(figure, f"{size_of(result)}; log of {result.scenario.logged_by}; agents and worlds together")
    return figure
