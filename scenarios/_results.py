"""What a run found: tidy tables, comparisons paired by world, figures."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from simenv.errors import UsageError
from simenv.scenarios._cell import Outcome
from simenv.scenarios._registry import did_you_mean
from simenv.scenarios._stats import Interval, Paired, interval, paired
from simenv.scenarios.base import Scenario
from simenv.scenarios.metrics import describe

if TYPE_CHECKING:
    from matplotlib.figure import Figure

COLUMNS = ("scenario", "agent", "seed", "day", "metric", "value")


@dataclass(frozen=True)
class Failure:
    """A cell that came to nothing."""

    agent: str
    seed: int
    why: str  # one line
    trace: str = ""


@dataclass
class Result:
    """The values of all cells of one run, and what they say.

    Args:
        name: of the scenario.
        scenario: with every parameter as it was run.
        agents: names of the arms, in order.
        outcomes: of finished cells.
        failures: cells that came to nothing.
        skipped: agents that could not be served here, and why.
        folder: where the run is written; None: nowhere.
    """

    name: str
    scenario: Scenario
    agents: tuple[str, ...]
    outcomes: list[Outcome]
    failures: list[Failure] = field(default_factory=list)
    skipped: dict[str, str] = field(default_factory=dict)
    folder: Path | None = None

    def __post_init__(self) -> None:
        self.outcomes.sort(key=lambda o: (self.agents.index(o.agent), o.seed))

    def __repr__(self) -> str:
        cells = f"{len(self.outcomes)} cells of {', '.join(self.agents)}"
        return f"Result({self.name}: {cells}; see .metrics, .summary(), .paired(metric), .plot(metric))"

    @cached_property
    def metrics(self) -> pd.DataFrame:
        """Every value: scenario, agent, seed, day (1 is the first with recommendations), metric, value."""
        parts = [pd.DataFrame(columns=list(COLUMNS))] if not self.outcomes else []
        for o in self.outcomes:
            wide = pd.DataFrame({"day": np.arange(1, o.days + 1), **o.values})
            part = wide.melt("day", var_name="metric", value_name="value")
            parts.append(part.assign(scenario=self.name, agent=o.agent, seed=o.seed)[list(COLUMNS)])
        table = pd.concat(parts, ignore_index=True)
        return table.astype({"agent": "category", "metric": "category", "scenario": "category"})

    def values(self, metric: str) -> pd.DataFrame:
        """What a run comes to, seeds by agents: the last day's value or the mean over days.

        Raises:
            UsageError: if there is no such metric.
        """
        self._check(metric)
        last = describe(metric).last
        cells = {(o.seed, o.agent): _sum_up(o.values[metric], last) for o in self.outcomes}
        seeds = sorted({seed for seed, _ in cells})
        rows = [[cells.get((s, a), np.nan) for a in self.served] for s in seeds]
        return pd.DataFrame(rows, index=pd.Index(seeds, name="seed"), columns=list(self.served))

    def curves(self, metric: str, agent: str) -> np.ndarray:
        """(seeds, days) of one agent.

        Raises:
            UsageError: if there is no such metric or agent.
        """
        self._check(metric, agent)
        return np.stack([o.values[metric] for o in self.outcomes if o.agent == agent])

    def mean(self, metric: str, agent: str) -> Interval:
        """What a run of `agent` comes to, with its interval over worlds."""
        self._check(metric, agent)
        return interval(self.values(metric)[agent].to_numpy())

    def compare(self, metric: str, agent: str, against: str) -> Paired:
        """What `agent` does beyond `against` in the same worlds."""
        self._check(metric, agent, against)
        values = self.values(metric)
        return paired(values[agent].to_numpy(), values[against].to_numpy())

    def paired(self, metric: str, against: str = "popular") -> pd.DataFrame:
        """Every other agent against one, in the same worlds with the same luck: one row an agent.

        `difference` has the 95 % bootstrap interval `low`, `high` over seeds; `improved` is the share of
        worlds in which it is above 0; `variance_reduction` is how many times smaller pairing made its
        variance.

        Raises:
            UsageError: if there is no such metric or agent.
        """
        self._check(metric, against)
        rows = []
        for agent in self.served:
            if agent != against:
                p = self.compare(metric, agent, against)
                d = p.difference
                rows.append(
                    [
                        *(agent, against, metric, p.seeds, self.mean(metric, agent).mean),
                        *(d.mean, d.low, d.high, p.iqm, p.improved, p.variance_reduction),
                    ]
                )
        names = ("agent", "against", "metric", "seeds", "mean", "difference", "low", "high")
        return pd.DataFrame(rows, columns=[*names, "iqm", "improved", "variance_reduction"])

    def summary(self, metrics: Sequence[str] = ()) -> pd.DataFrame:
        """Means over worlds: agents by metrics, the scenario's own first if none are named."""
        chosen = metrics or (self.scenario.primary, *self.scenario.shown)
        return pd.DataFrame(
            {m: [self.mean(m, a).mean for a in self.served] for m in chosen},
            index=pd.Index(self.served, name="agent"),
        )

    def tidy_summary(self) -> pd.DataFrame:
        """What every cell comes to: scenario, agent, seed, metric, value."""
        rows = []
        for o in self.outcomes:
            for metric, values in o.values.items():
                rows.append([self.name, o.agent, o.seed, metric, _sum_up(values, describe(metric).last)])
        return pd.DataFrame(rows, columns=["scenario", "agent", "seed", "metric", "value"])

    def plot(self, metric: str) -> Figure:
        """The metric day by day: a line an agent, the band its 95 % interval over worlds."""
        from simenv.scenarios._plots import curves

        self._check(metric)
        return curves(self, metric)

    @property
    def served(self) -> tuple[str, ...]:
        """Agents with at least one finished cell, in order."""
        return tuple(a for a in self.agents if any(o.agent == a for o in self.outcomes))

    @property
    def shown(self) -> tuple[str, ...]:
        """The scenario's further metrics that at least one agent has values of."""
        known = [m for m in self.scenario.shown if any(np.isfinite(o.values[m]).any() for o in self.outcomes)]
        return tuple(known)

    def _check(self, metric: str, *agents: str) -> None:
        known = self.scenario.columns_measured
        if metric not in known:
            there = ", ".join(known)
            raise UsageError(f"no metric called {metric!r}{did_you_mean(metric, known)}\nThere are {there}")
        for agent in agents:
            if agent not in self.served:
                there = ", ".join(self.served)
                raise UsageError(f"{agent!r} has no values here; {there or 'nobody'} has")


def write_json(table: pd.DataFrame, path: Path) -> None:
    """Write the rows of a table as a JSON list; nan is null."""
    rows = table.astype(object).where(table.notna(), None).to_dict("records")
    write_text(path, json.dumps(rows, indent=1, default=_plain) + "\n")


def write_text(path: Path, text: str) -> None:
    """Write a file by way of a temporary name."""
    part = path.with_name(path.name + ".part")
    try:
        part.write_text(text)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else str(value)


def _sum_up(values: np.ndarray, last: bool) -> float:
    """What (days,) values come to; nan if none is known."""
    if last:
        return float(values[-1])
    known = values[np.isfinite(values)]
    return float(known.mean()) if len(known) else float("nan")
