"""Worlds to compute facts from: served by an agent, left alone, and in the mode of long sessions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from simenv.scenarios import _listening, _measures
from simenv.scenarios._arms import Arm
from simenv.scenarios._cell import Cell, Outcome
from simenv.scenarios._fact_list import FACTS, Fact
from simenv.scenarios._fact_probe import exposure_curve
from simenv.scenarios._fact_table import Judgement, judged
from simenv.scenarios._keys import cell_key
from simenv.scenarios._listening import Listening, lacking
from simenv.scenarios._measures import Measured
from simenv.scenarios.base import Scenario
from simenv.scenarios.metrics.base import Column, Metric, Start
from simenv.types import F64, Day, Exchange, Truth
from simenv.users.presets import preset

LONG, LONG_FACT = "mssd2018", 2
"""The world of long sessions, a preset, and the one fact that is measured there, and nowhere else."""
LONG_DAYS = 30
"""Days that the mode of long sessions is lived for, the warm-up aside."""
PROBE_FACT = 8
"""The fact that is measured apart from the plays of a world."""
PROBED = 60
"""Plays of the forced-exposure probe."""


@dataclass
class Published(Metric):
    """Every published fact, measured on all plays when the run is over; what came before it is history."""

    columns: ClassVar[Mapping[str, Column]] = {}
    reads = (_measures, _listening)

    def begin(self, start: Start) -> None:
        self.start_ = start

    def see(self, exchange: Exchange, truth: Truth) -> None:
        pass  # what is measured is in the log

    def day(self, news: Day, truth: Truth) -> dict[str, float]:
        return {}

    def arrays(self) -> dict[str, F64]:
        start = self.start_
        gone: F64 = start.truth.columns["gone"]
        plays = Listening.of_log(start.log, start.setting.catalogue, start.truth.tracks, gone, start.today)
        found, _ = measure(plays, [fact.number for fact in FACTS])
        found[LONG_FACT] = _measures.long_sessions(plays)
        kept = {"days": np.array(plays.spans)}
        for number, one in found.items():
            kept |= {f"{number}": np.array(one.values), f"{number}.x": one.x, f"{number}.y": one.y}
        return kept


def measure(plays: Listening, numbers: Sequence[int]) -> tuple[dict[int, Measured], dict[int, str]]:
    """Measure the facts of these numbers where the plays can tell; what is too short, with the reason."""
    measured, short = {}, {}
    for fact in FACTS:
        if fact.number not in numbers or fact.measure is None or fact.missing(plays.offers):
            continue
        measured[fact.number] = fact.measure(plays)
        if reason := lacking(plays.spans, fact.days):
            short[fact.number] = reason
    return measured, short


def fact_cells(scenario: Scenario, arm: Arm, seeds: Sequence[int], facts: Sequence[Fact]) -> list[Cell]:
    """All worlds that have to be lived through for these facts."""
    listener = preset(LONG, over=scenario.listener)
    long = replace(scenario, listener=listener, days=min(scenario.days, LONG_DAYS))
    numbers = {fact.number for fact in facts}
    wanted = [("", scenario, arm), ("", scenario, Arm("organic"))] if numbers - {LONG_FACT} else []
    wanted += [(LONG, long, Arm("organic"))] if LONG_FACT in numbers else []
    return [
        Cell(one, who, seed, cell_key(one, who, seed), name) for name, one, who in wanted for seed in seeds
    ]


def judged_in(facts: tuple[Fact, ...], cells: Sequence[Cell], outcomes: Mapping[str, Outcome]) -> Judgement:
    """Rows of `facts` from the outcomes of `cells` by key, as far as there are any."""
    worlds: list[Mapping[int, Measured]] = []
    organic: list[Mapping[int, Measured]] = []
    why: dict[int, str] = {}
    for cell in cells:
        if cell.key not in outcomes:
            continue
        measured, short = _measured(outcomes[cell.key])
        long = measured.pop(LONG_FACT)
        measured[PROBE_FACT] = _measures.exposed(exposure_curve(cell.scenario.listener, PROBED))
        if cell.world == LONG:
            worlds.append({LONG_FACT: long})
        elif cell.arm.name == "organic":
            organic.append(measured)
        else:
            worlds.append(measured)
            why |= short
    return judged(facts, worlds, organic, why)


def _measured(outcome: Outcome) -> tuple[dict[int, Measured], dict[int, str]]:
    """What `Published` kept of a world: measurements by fact, and what it was too short for."""
    kept = outcome.arrays
    measured = {
        fact.number: Measured(tuple(kept[name].tolist()), kept[f"{name}.x"], kept[f"{name}.y"])
        for fact in FACTS
        if (name := f"{fact.number}") in kept
    }
    history, window = kept["days"].tolist()
    reasons = {fact.number: lacking((history, window), fact.days) for fact in FACTS}
    return measured, {number: reason for number, reason in reasons.items() if reason and number in measured}
