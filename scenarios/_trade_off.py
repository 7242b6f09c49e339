"""What variety costs: arms that are one agent but for one number, joined in the order of that number."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from itertools import groupby
from typing import TYPE_CHECKING, Any

from matplotlib.figure import Figure

from simenv.agents import expression
from simenv.agents.base import Agent
from simenv.scenarios._arms import arm
from simenv.scenarios._plots import colour, figure_of, note, size_of, wrapped
from simenv.scenarios.metrics import describe

if TYPE_CHECKING:
    from simenv.scenarios._results import Result

RELEVANCE = "finished"
VARIETY = ("topics10", "ild", "calibration", "coverage", "gini", "novelty")
"""Metrics that relevance is traded for; those that a scenario shows are drawn, three at most."""
_LEAST = 3  # arms that make a curve
_PANELS = 3


@dataclass(frozen=True)
class Family:
    """Arms that differ in one number only."""

    name: str  # of the agent, what they share included
    knob: str  # the number's name
    arms: tuple[tuple[float, str], ...]  # the number and the arm, ascending


def families(agents: Sequence[str]) -> list[Family]:
    """Three arms and more of one agent each, which differ in one number."""
    found = []
    made = sorted((type(each).__name__, name, each) for name in agents if (each := arm(name).make()))
    for _, members in groupby(made, key=lambda one: one[0]):
        arms = {name: each for _, name, each in members}
        if len(arms) < _LEAST:
            continue
        said = [_said(each) for each in arms.values()]
        knobs = [name for name in said[0] if len({repr(one[name]) for one in said}) > 1]
        if len(knobs) != 1 or not all(isinstance(one[knobs[0]], int | float) for one in said):
            continue
        steps = sorted((float(one[knobs[0]]), name) for one, name in zip(said, arms, strict=True))
        shared = [f"{name}={said[0][name]}" for name in ("of",) if name in said[0]]
        agent = next(iter(arms)).partition("(")[0]
        found.append(Family(f"{agent}({', '.join(shared)})" if shared else agent, knobs[0], tuple(steps)))
    return found


def _said(agent: Agent) -> dict[str, Any]:
    """The parameters of an agent by name; agents among them as expressions."""
    values = {field.name: getattr(agent, field.name) for field in fields(agent)}
    return {name: expression(v) if isinstance(v, Agent) else v for name, v in values.items()}


def trade_off(result: Result) -> Figure | None:
    """Relevance against variety; None where no arms make a curve, or nothing is to be traded."""
    scenario = result.scenario
    drawn = [name for name in VARIETY if name in (scenario.primary, *result.shown)][:_PANELS]
    curves = families([name for name in result.served if name not in ("organic", "oracle")])
    if not drawn or not curves or RELEVANCE not in scenario.columns_measured:
        return None
    figure, first = figure_of(scenario.question, panels=len(drawn))
    on_curves = {name for family in curves for _, name in family.arms}
    alone = [name for name in result.served if name not in on_curves and name != "organic"]
    for axes, metric in zip(figure.axes, drawn, strict=True):
        for name in alone:
            x, y = result.mean(metric, name).mean, result.mean(RELEVANCE, name).mean
            axes.plot(x, y, "D", color=colour(name), ms=6, label=name)
        for family in curves:
            across = [result.mean(metric, name).mean for _, name in family.arms]
            up = [result.mean(RELEVANCE, name).mean for _, name in family.arms]
            hue = colour(family.name.partition("(")[0])
            axes.plot(
                across, up, "o-", color=hue, linewidth=1.6, ms=4, label=f"{family.name}, by {family.knob}"
            )
            for i in (0, -1):  # numbers between would touch
                value, at = family.arms[i][0], (across[i], up[i])
                axes.annotate(f"{value:g}", at, (4, 4), textcoords="offset points", fontsize=7.5, color=hue)
        axes.set_xlabel(wrapped(describe(metric).words, 34))
        axes.margins(0.1)
    first.set_ylabel(wrapped(describe(RELEVANCE).words, 46))
    handles, names = first.get_legend_handles_labels()
    figure.legend(handles, names, loc="outside right center", frameon=False, fontsize=8.5)
    note(figure, f"{size_of(result)}; means over worlds")
    return figure
