"""What variety costs: arms that are one agent but for one number, joined in the order of that number."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from matplotlib.figure import Figure

from simenv.agents import expression
from simenv.agents.base import Agent
from simenv.scenarios._arms import known_by_name
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
    """Three arms and more of one agent each, which differ in one number; an arm may be in several."""
    kinds: dict[tuple[str, str], dict[str, dict[str, Any]]] = {}
    for name, made in known_by_name(agents).items():
        said = _said(made)
        kinds.setdefault((type(made).__name__, str(said.get("of") or "")), {})[name] = said
    return [family for kind in sorted(kinds) for family in _of_one_kind(kinds[kind])]


def _of_one_kind(arms: Mapping[str, Mapping[str, Any]]) -> list[Family]:
    """The families among arms of one agent, whose parameters are given by name."""
    found, first = [], next(iter(arms.values()))
    agent = next(iter(arms)).partition("(")[0]
    for knob in first:
        if isinstance(first[knob], bool) or not isinstance(first[knob], int | float):
            continue
        alike: dict[str, list[tuple[float, str]]] = {}
        for name, said in arms.items():
            rest = repr([(k, v) for k, v in said.items() if k != knob])
            alike.setdefault(rest, []).append((float(said[knob]), name))
        shared = f"(of={first['of']})" if first.get("of") else ""
        steps = [tuple(sorted(each)) for each in alike.values() if len(each) >= _LEAST]
        found += [Family(f"{agent}{shared}", knob, each) for each in steps]
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
