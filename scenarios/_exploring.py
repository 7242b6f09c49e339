"""What exploring costs at first and earns later: arms beside what they would be without it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.figure import Figure

from simenv.agents import expression
from simenv.agents.base import Agent
from simenv.scenarios._arms import known_by_name, turned_down, turned_up
from simenv.scenarios._numbers import number, spanned
from simenv.scenarios._plots import colour, figure_of, note, size_of, wrapped
from simenv.scenarios._stats import Interval, interval
from simenv.scenarios.metrics import describe
from simenv.types import F64

if TYPE_CHECKING:
    from simenv.scenarios._results import Result

KNOBS = ("explore", "bonus", "slots", "width", "epsilon")
"""Fields that make an agent explore; at 0 it does not."""
WITHOUT_CONTEXT = {"linucb": "ucb", "lints": "thompson", "vw": "epsgreedy"}
"""Bandits that read a listener and a track, and what they are without."""
THIRDS = ("first", "second", "last")
_MEASURED = "regret_growth"  # scenarios that ask what exploring brings measure it


@dataclass(frozen=True)
class Pair:
    """An arm and what it is to be held against."""

    arm: str
    against: str
    explores: bool  # the other does not explore; else it is the same without context


def pairs(agents: Sequence[str]) -> list[Pair]:
    """Exploring arms with their greedy versions, contextual ones with their context-free versions."""
    made = known_by_name(agents)
    exploring = [
        Pair(name, greedy, True)
        for name, agent in made.items()
        for greedy in _greedy(agent)
        if greedy in made and greedy != name
    ]
    informed = [
        Pair(name, other, False)
        for name, agent in made.items()
        for other, plain in made.items()
        if WITHOUT_CONTEXT.get(_kind(name)) == _kind(other)
        and _inner(agent) == _inner(plain)
        and bool(turned_up(agent, KNOBS)) == bool(turned_up(plain, KNOBS))
    ]
    return exploring + informed


def _greedy(agent: Agent) -> list[str]:
    """The same agent without exploring, its knobs at 0, and the agent within; nothing if it is greedy."""
    greedy, inner = turned_down(agent, KNOBS), _inner(agent)
    return [greedy, *([inner] if inner else [])] if greedy else []


def _kind(name: str) -> str:
    return name.partition("(")[0]


def _inner(agent: Agent) -> str:
    """The agent within, by its expression; empty if there is none."""
    inner = getattr(agent, "of", None)
    return expression(inner) if isinstance(inner, Agent) else ""


def third(result: Result, metric: str, agent: str, which: int) -> F64:
    """(seeds,) mean over one third of the days of `agent`; nan where none of them has a value."""
    values = result.curves(metric, agent)  # (seeds, days)
    ends = np.linspace(0, values.shape[1], len(THIRDS) + 1).astype(int)
    part = values[:, ends[which] : ends[which + 1]]
    known = np.isfinite(part)
    total = np.where(known, part, 0).sum(axis=1)
    return np.divide(total, known.sum(axis=1), out=np.full(len(part), np.nan), where=known.any(axis=1))


def difference(result: Result, metric: str, pair: Pair, which: int) -> Interval:
    """What an arm has beyond the other in the same worlds, in one third of the days."""
    one, other = ({o.seed for o in result.outcomes if o.agent == a} for a in (pair.arm, pair.against))
    both = sorted(one & other)
    values = []
    for agent, seeds in ((pair.arm, one), (pair.against, other)):
        values.append(third(result, metric, agent, which)[np.searchsorted(sorted(seeds), both)])
    return interval(values[0] - values[1])


def asked(result: Result) -> list[Pair]:
    """The pairs of a scenario that asks what exploring brings."""
    few = result.scenario.days < len(THIRDS)
    return [] if few or _MEASURED not in result.scenario.columns_measured else pairs(result.served)


def answer(result: Result) -> str:
    """What exploring costs and earns, from the arm that it does least for to the one that it does most for.

    Empty where no arm explores.
    """
    exploring = [pair for pair in asked(result) if pair.explores]
    if not exploring:
        return ""
    metric, said = result.scenario.primary, []
    for which in (0, 2):
        spans = {pair: difference(result, metric, pair, which) for pair in exploring}
        order = sorted(exploring, key=lambda pair: spans[pair].mean)
        ends = [
            f"{spanned(spans[pair], sign=True)} (`{pair.arm}` less `{pair.against}`)"
            for pair in dict.fromkeys((order[0], order[-1]))
        ]
        said.append(f"{' to '.join(ends)} in the {THIRDS[which]} third of the days")
    what = f"`{metric}` ({describe(metric).words}, {result.scenario.days} days)"
    return f"Exploring changes {what} in the same worlds by {', and by '.join(said)}."


def section(result: Result) -> list[str]:
    """A table of the pairs: what each arm has beyond the other, by thirds of the days."""
    metric, found = result.scenario.primary, asked(result)
    if not found:
        return []
    more = [m for m in ("freshness", "found", "regret") if m in result.shown]
    head = ["arm", "against", *(f"{metric}, {name} third" for name in THIRDS), f"{metric}, all days", *more]
    lines = ["## What exploring and context cost and earn", "", f"| {' | '.join(head)} |"]
    lines.append(f"| --- | --- |{' ---: |' * (len(head) - 2)}")
    for pair in found:
        spans = [difference(result, metric, pair, which) for which in range(len(THIRDS))]
        spans += [result.compare(m, pair.arm, pair.against).difference for m in (metric, *more)]
        cells = [f"`{pair.arm}`", f"`{pair.against}`", *(spanned(span, sign=True) for span in spans)]
        lines.append(f"| {' | '.join(cells)} |")
    growth = ", ".join(
        f"{number(result.mean(_MEASURED, a).mean)} `{a}`" for a in result.served if a != "organic"
    )
    told = "Mean differences in the same worlds, with 95 % bootstrap intervals over worlds."
    return [*lines, "", told, "", f"Exponent of the growth of regret (1: linear): {growth}.", ""]


def now_and_later(result: Result) -> Figure | None:
    """The difference of each pair by thirds of the days; None where no arm explores or has context."""
    found = asked(result)
    if not found:
        return None
    metric = result.scenario.primary
    kinds = [k for k in (True, False) if any(pair.explores == k for pair in found)]
    figure, first = figure_of(result.scenario.question, panels=len(kinds))
    for axes, kind in zip(figure.axes, kinds, strict=True):
        some = [pair for pair in found if pair.explores == kind]
        for i, pair in enumerate(some):
            spans = [difference(result, metric, pair, which) for which in range(len(THIRDS))]
            x = np.arange(len(THIRDS)) + 0.5 * (i + 0.5 - len(some) / 2) / len(some)
            hue, again = colour(pair.arm), any(pair.arm == before.arm for before in some[:i])
            mean, low, high = (np.array([getattr(s, at) for s in spans]) for at in ("mean", "low", "high"))
            style: dict[str, Any] = {"linestyle": (0, (4, 2)), "mfc": "white"} if again else {}
            name = f"{pair.arm} - {pair.against}"
            axes.plot(x, mean, marker="o", color=hue, linewidth=1.4, ms=5, label=name, **style)
            axes.vlines(x, low, high, color=hue, linewidth=2)
        axes.axhline(0, color="#444444", linewidth=0.8)
        axes.set_xticks(range(len(THIRDS)), [f"{name} third" for name in THIRDS])
        axes.set_xlabel("of the days, " + ("exploring less greedy" if kind else "with context less without"))
        axes.legend(frameon=False, fontsize=8)
    first.set_ylabel(wrapped(f"{describe(metric).words}: difference in the same world", 46))
    note(figure, f"{size_of(result)}; means and 95 % bootstrap intervals over worlds")
    return figure
