"""What one number does: arms that are one agent but for it, in the order of that number."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure

from simenv.scenarios._numbers import spanned
from simenv.scenarios._plots import colour, figure_of, note, size_of, wrapped
from simenv.scenarios._stats import interval
from simenv.scenarios._trade_off import VARIETY, Family, families
from simenv.scenarios.metrics import describe
from simenv.types import F64

if TYPE_CHECKING:
    from simenv.scenarios._results import Result

MEANT = {"days": "days that feedback comes late", "batch": "days between two deliveries of feedback"}
"""Numbers whose name alone does not say what they are."""
BESIDE = ("oracle", "popular", "random")
"""Arms that have no such number, drawn as levels."""


def by_knob(result: Result) -> dict[str, list[Family]]:
    """Arms that make a curve, by the number in which they differ; none where variety is what it costs."""
    if set(VARIETY) & {result.scenario.primary, *result.shown}:
        return {}
    found: dict[str, list[Family]] = {}
    for family in families([a for a in result.served if a not in BESIDE]):
        found.setdefault(family.knob, []).append(family)
    return found


def within(family: Family) -> str:
    """What a family's curve is called: the agent inside, where there is one."""
    return family.name.partition("(of=")[2].removesuffix(")") or family.name


def change(result: Result, family: Family, metric: str) -> F64:
    """(seeds,) what the last arm has beyond the first in the same worlds."""
    values = result.values(metric)
    (_, first), (_, last) = family.arms[0], family.arms[-1]
    return (values[last] - values[first]).to_numpy()


def answer(result: Result) -> str:
    """What the number does to each agent, and which of them it does more to; nothing without curves."""
    metric, said = result.scenario.primary, []
    for knob, curves in by_knob(result).items():
        for family in curves:
            low, high = (value for value, _ in (family.arms[0], family.arms[-1]))
            span = spanned(interval(change(result, family, metric)), sign=True)
            said.append(f"from {knob} {low:g} to {high:g} `{within(family)}` changes by {span}")
        for one, other in combinations(curves, 2):
            if [v for v, _ in one.arms] == [v for v, _ in other.arms]:
                apart = interval(change(result, one, metric) - change(result, other, metric))
                names = f"`{within(one)}` less `{within(other)}`"
                said.append(f"{names}: {spanned(apart, sign=True)}")
    what = f"`{metric}` ({describe(metric).words}, {result.scenario.days} days), in the same worlds"
    return f"{what}: {'; '.join(said)}." if said else ""


def dose(result: Result) -> Figure | None:
    """The primary metric by each number, a line an agent; None where no arms make a curve."""
    panels = by_knob(result)
    if not panels:
        return None
    metric = result.scenario.primary
    figure, first = figure_of(result.scenario.question, panels=len(panels))
    for axes, (knob, curves) in zip(figure.axes, panels.items(), strict=True):
        for family in curves:
            spans = [result.mean(metric, name) for _, name in family.arms]
            mean, low, high = (np.array([getattr(s, at) for s in spans]) for at in ("mean", "low", "high"))
            at, hue = [value for value, _ in family.arms], colour(within(family).partition("(")[0])
            axes.plot(at, mean, "o-", color=hue, linewidth=1.6, ms=4, label=within(family))
            axes.fill_between(at, low, high, color=hue, alpha=0.15, linewidth=0)
        for agent in (a for a in BESIDE if a in result.served):
            level = result.mean(metric, agent).mean
            axes.axhline(level, color=colour(agent), linewidth=1, linestyle=(0, (4, 2)), label=agent)
        axes.set_xlabel(MEANT.get(knob, f"{knob} of {curves[0].name.partition('(')[0]}"))
        axes.set_ylim(bottom=0)
    first.set_ylabel(wrapped(describe(metric).words, 46))
    handles, names = first.get_legend_handles_labels()
    figure.legend(handles, names, loc="outside right center", frameon=False, fontsize=8.5)
    note(figure, f"{size_of(result)}; means and 95 % bootstrap bands over worlds")
    return figure


def section(result: Result) -> list[str]:
    """A table of the curves: the primary metric at each number, and what it changes from the first on."""
    metric, lines = result.scenario.primary, []
    for knob, curves in by_knob(result).items():
        lines += [f"## {metric} by {knob}", "", f"| agent | {knob} | {metric} | beyond the first |"]
        lines.append("| --- | ---: | ---: | ---: |")
        for family in curves:
            first = family.arms[0][1]
            for value, name in family.arms:
                apart = "" if name == first else spanned(result.compare(metric, name, first).difference, True)
                lines.append(
                    f"| {within(family)} | {value:g} | {spanned(result.mean(metric, name))} | {apart} |"
                )
        lines.append("")
    return lines
