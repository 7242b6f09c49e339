"""Who leads after a day, a month and a year, and what looking ahead is worth: of totals that grow."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from simenv.agents.base import Agent
from simenv.scenarios._arms import OWN, known_by_name, turned_down, turned_up
from simenv.scenarios._numbers import number, spanned
from simenv.scenarios._stats import Interval, interval
from simenv.scenarios.metrics import describe
from simenv.types import F64

if TYPE_CHECKING:
    from simenv.scenarios._results import Result

TOTAL = "minutes_total"
"""The primary metric of scenarios that ask this."""
MOMENTS = {"a day": 1, "a month": 30, "a year": 360}
"""When it is asked who leads."""
REINFORCED = ("slateq", "reinforce", "sb3")
"""Agents that may learn what their slates lead to."""
FORESIGHT = ("horizon", "critic", "depth")
"""Fields that make an agent look ahead, at 0 it does not; those of REINFORCED without any always do."""


def learners(agents: Sequence[str]) -> tuple[list[str], list[str]]:
    """Arms that see no truth and serve: those that look at the present, and those that look ahead."""
    known = known_by_name(agents)
    myopic: list[str] = []
    ahead: list[str] = []
    for name in agents:
        made = known.get(name)
        if type(made) not in OWN.values():
            (ahead if made is not None and _looks_ahead(name, made) else myopic).append(name)
    return myopic, ahead


def _looks_ahead(name: str, agent: Agent) -> bool:
    always = not hasattr(agent, "horizon")
    return name.partition("(")[0] in REINFORCED and (always or bool(turned_up(agent, FORESIGHT)))


def twins(agents: Sequence[str]) -> dict[str, str]:
    """Arms that look ahead, and the same agent without foresight, where it is served, too."""
    short = {name: turned_down(made, FORESIGHT) for name, made in known_by_name(agents).items()}
    return {name: other for name, other in short.items() if other and other in agents}


def answer(result: Result) -> str:
    """Who leads after a day, a month, a year; nothing where another question is asked."""
    if result.scenario.primary != TOTAL:
        return ""
    here = [name for group in learners(result.served) for name in group]
    if len(here) < 2:
        return ""
    said = []
    for words, day in MOMENTS.items():
        if day > result.scenario.days:
            continue
        so_far = {name: result.curves(TOTAL, name)[:, day - 1] for name in here}
        first, second = sorted(here, key=lambda name: -so_far[name].mean())[:2]
        lead = spanned(_apart(so_far[first], so_far[second]), sign=True)
        level = number(float(so_far[first].mean()))
        said.append(f"after {words} `{first}` ({level}, {lead} beyond `{second}`)")
    if not said:
        return ""
    return f"Of those that learn, the most `{TOTAL}` ({describe(TOTAL).words}) has {'; '.join(said)}."


def section(result: Result) -> list[str]:
    """Tables: arms that look ahead against the best that do not, and arms against their myopic twins."""
    if result.scenario.primary != TOTAL:
        return []
    myopic, ahead = learners(result.served)
    values = result.values(TOTAL)
    lines: list[str] = []
    if myopic and ahead:
        best = max(myopic, key=lambda name: values[name].mean())
        lines += [
            f"## Agents that look ahead, against the best that does not, `{best}`",
            "",
            f"| agent | {TOTAL} beyond it | worlds above 0 |",
            "| --- | ---: | ---: |",
        ]
        for name in ahead:
            compared = result.compare(TOTAL, name, best)
            apart, above = spanned(compared.difference, sign=True), f"{compared.improved:.0%}"
            lines.append(f"| {name} | {apart} | {above} |")
        lines.append("")
    pairs = twins(result.served)
    if pairs:
        moments = {words: day for words, day in MOMENTS.items() if day <= result.scenario.days}
        lines += [
            f"## What looking ahead costs and brings: {TOTAL} beyond the same agent without it",
            "",
            f"| agent | {' | '.join(f'after {words}' for words in moments)} | retention |",
            f"| --- | {' | '.join(['---:'] * (len(moments) + 1))} |",
        ]
        for name, short in pairs.items():
            differences = [
                spanned(_apart(*(result.curves(TOTAL, one)[:, day - 1] for one in (name, short))), sign=True)
                for day in moments.values()
            ]
            stay = spanned(result.compare("retention", name, short).difference, sign=True)
            lines.append(f"| {name} | {' | '.join(differences)} | {stay} |")
        lines.append("")
    return lines


def _apart(one: F64, other: F64) -> Interval:
    return interval(np.asarray(one) - np.asarray(other))
