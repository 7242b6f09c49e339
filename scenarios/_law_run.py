"""Laws: which cells they need, and what was found in them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from simenv.agents import available
from simenv.scenarios._arms import arm
from simenv.scenarios._cell import Cell, Outcome
from simenv.scenarios._fact_report import Finding
from simenv.scenarios._fact_table import judged
from simenv.scenarios._keys import cell_key
from simenv.scenarios._law_figure import TITLE, figure
from simenv.scenarios._law_list import Law
from simenv.scenarios._law_worlds import ALONE, USUAL, Lived, worlds
from simenv.scenarios._measures import Measured
from simenv.scenarios._results import Failure
from simenv.scenarios.base import EVERYONE, Scenario

REMARKS = (
    "A law says that the instrument can measure, nothing about people. In brackets, where there are two"
    " worlds and more: the 95 % bootstrap interval over worlds, differences being taken within each. A law"
    " holds if all of the interval lies in the band (of up to three worlds that is: if they all agree), and"
    " misses if none does. The published column is what the prototype gave.",
    "Finished: share of recommended plays that are finished. Closed by an agent: what it finishes beyond"
    " random, over what the oracle does. The planner is oracle(depth=0.7).",
)


def law_cells(scenario: Scenario, seeds: Sequence[int], laws: Sequence[Law]) -> list[Cell]:
    """The cells that `laws` need, each once, seed by seed; none of a law that waits for its agents."""
    return [cell for seed in seeds for cell in _cells(scenario, seed, laws).values()]


def _cells(scenario: Scenario, seed: int, laws: Sequence[Law]) -> dict[tuple[str, str], Cell]:
    """Those of one seed, by world and agent as laws name them."""
    found = worlds(scenario)
    wanted = {
        (world, agent): arm(agent)
        for law in laws
        if not waits_for(law)
        for world, agents in law.worlds.items()
        for agent in agents
    }
    return {
        (world, agent): Cell(found[world], who, seed, cell_key(found[world], who, seed), world)
        for (world, agent), who in wanted.items()
    }


def waits_for(law: Law) -> list[str]:
    """Agents of a law that do not exist."""
    return [name for name in law.agents if name not in available()]


def found_of(
    scenario: Scenario,
    seeds: Sequence[int],
    laws: tuple[Law, ...],
    outcomes: Mapping[str, Outcome],
    failures: Sequence[Failure],
    note: str,
) -> Finding:
    """What `laws` come to, from the outcomes of their cells by key."""
    lived = []
    for seed in seeds:
        cells = _cells(scenario, seed, laws)
        known = {at: outcomes[cell.key] for at, cell in cells.items() if cell.key in outcomes}
        lived.append(Lived(known, scenario.days))
    why = {law.number: f"waits for {' and '.join(names)}" for law in laws if (names := waits_for(law))}
    measured = [
        {law.number: Measured(law.measure(one)) for law in laws if law.number not in why} for one in lived
    ]
    table = judged(laws, measured, [], why)
    return Finding(
        title=TITLE,
        table=table,
        measured="measured",
        note=note,
        remarks=REMARKS,
        draw=lambda: figure(table, lived, note),
        agents=agents_table(lived),
        failures=failures,
    )


def agents_table(lived: Sequence[Lived]) -> pd.DataFrame | None:
    """What each agent did in the usual world, means over seeds; None if nobody served there."""
    rows: dict[str, list[dict[str, float]]] = {}
    for one in lived:
        for agent in EVERYONE:
            if (ALONE if agent == "organic" else USUAL, agent) in one.outcomes:
                rows.setdefault(agent, []).append(_did(one, agent))
    if not rows:
        return None
    return pd.DataFrame({agent: pd.DataFrame(did).mean() for agent, did in rows.items()}).T


def _did(lived: Lived, agent: str) -> dict[str, float]:
    """What one agent did in the usual world of one seed."""
    known = {
        "finished": lived.finished(agent),
        "closed": lived.closed(agent),
        "known": lived.share("heard", "reached", agent),
        "young": lived.share("young", "reached", agent),
        "minutes": lived.share("listened", "here", agent),
        "left": lived.left(agent),
        "topics10": np.nan if agent == "organic" else lived.topics(agent),
    }
    at_the_end = ("interests", "drift", "gini", "top1", "coverage")
    return known | {name: float(lived.column(name, agent)[-1]) for name in at_the_end}
