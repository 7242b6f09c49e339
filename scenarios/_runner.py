"""Runs a scenario: a grid of agents by worlds, resumed where it stopped, a cell at a time or several."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from simenv.catalogue import Catalogue
from simenv.errors import UsageError
from simenv.rng import Key
from simenv.scenarios import _registry
from simenv.scenarios._arms import Arm, Given, arms
from simenv.scenarios._cell import Cell
from simenv.scenarios._folder import prepare
from simenv.scenarios._grid import check_jobs, complete
from simenv.scenarios._keys import cell_key, file_digest
from simenv.scenarios._progress import Watcher
from simenv.scenarios._report import write_report
from simenv.scenarios._results import Result
from simenv.scenarios.base import Scenario, field_names
from simenv.scenarios.build import make_catalogue
from simenv.users.presets import load_listeners


@dataclass(frozen=True)
class Plan:
    """A scenario with everything settled: what `execute` runs."""

    name: str
    scenario: Scenario
    arms: tuple[Arm, ...]
    skipped: Mapping[str, str] = field(default_factory=dict)
    catalogue: Catalogue | None = None  # of real tracks
    table: str = ""  # digest of its file

    def cells(self) -> tuple[Cell, ...]:
        """All cells, world by world, so that the first results compare all agents."""
        return tuple(
            Cell(self.scenario, arm, seed, cell_key(self.scenario, arm, seed, self.table))
            for seed in range(self.scenario.seeds)
            for arm in self.arms
        )


def run(
    name: str,
    agents: Sequence[Given] | None = None,
    *,
    jobs: int = 1,
    threads: int = 1,
    out: Path | str | None = None,
    listeners: int | None = None,
    tracks: int | None = None,
    days: int | None = None,
    seeds: int | None = None,
    warmup: int | None = None,
    cooldown: float | None = None,
    catalogue: Path | str | None = None,
    listeners_from: Path | str | None = None,
    set: Mapping[str, Any] | None = None,  # noqa: A002  the word of the command line
    keep: Sequence[str] = (),
) -> Result:
    """Run a scenario and compare its agents.

    Args:
        name: of the scenario.
        agents: expressions, agents or their classes; by default the scenario's own.
        jobs: cells at a time, each in a process of its own; 1: in this process.
        threads: of the listeners' kernel, in each cell.
        out: a folder to write to and to resume from; None writes nothing.
        listeners: n.
        tracks: T.
        days: that agents serve.
        seeds: number of worlds.
        warmup: organic days before.
        cooldown: days in which nothing is recommended again to who heard it; inf: new music only.
        catalogue: a table of real tracks instead of a synthetic catalogue.
        listeners_from: a preset or a file that `simenv calibrate` wrote: what all listeners have in common.
        set: any other field, parts of parts with a dot: ``{"listener.drift": 0.0, "share": 0.5}``.
        keep: of "log" and "agent", what else to write.

    Raises:
        UsageError: if something asked for does not exist, or nothing can be written to `out`.
        RuntimeError: if a cell failed; what has finished is in `out`.
    """
    named = {
        "listeners": listeners,
        "tracks": tracks,
        "days": days,
        "seeds": seeds,
        "warmup": warmup,
        "cooldown": cooldown,
        "catalogue": None if catalogue is None else Path(catalogue),
    }
    given = {key: value for key, value in named.items() if value is not None} | dict(set or {})
    scenario = _registry.load(name)
    if listeners_from is not None:
        scenario = replace(scenario, listener=load_listeners(listeners_from, scenario.listener))
    plan = settle(name, configured(scenario, given), agents)
    result = execute(plan, jobs, threads, None if out is None else Path(out), keep)
    if result.failures:
        lost = "\n".join(f"  {f.agent}, seed {f.seed}: {f.why}" for f in result.failures)
        raise RuntimeError(f"{len(result.failures)} cells failed\n{lost}\n{result.failures[0].trace}")
    return result


def configured(scenario: Scenario, given: Mapping[str, Any]) -> Scenario:
    """The scenario with other values of some fields.

    Raises:
        UsageError: if there is no such field, or its value is impossible.
    """
    parts: dict[str, dict[str, Any]] = {}
    plain: dict[str, Any] = {}
    for name, value in given.items():
        if name not in field_names():
            raise UsageError(f"a scenario has no {name!r}{_registry.did_you_mean(name, field_names())}")
        whole, dot, part = name.partition(".")
        if dot:
            parts.setdefault(whole, {})[part] = value
        else:
            plain[name] = value
    if isinstance(plain.get("catalogue"), str):
        plain["catalogue"] = Path(plain["catalogue"])
    inner = {name: replace(getattr(scenario, name), **values) for name, values in parts.items()}
    return replace(scenario, **plain, **inner)


def settle(name: str, scenario: Scenario, agents: Sequence[Given] | None = None) -> Plan:
    """Find every agent, read the catalogue if it is a file, and leave out agents that lack what they need.

    Raises:
        UsageError: if an agent or the catalogue cannot be had, or no agent is left.
    """
    if isinstance(agents, str):
        raise UsageError(f"agents={agents!r}: expected a list, such as [{agents!r}]")
    found = arms(scenario.agents if agents is None else agents)
    scenario = replace(scenario, agents=tuple(a.name for a in found))
    catalogue, table = None, ""
    if scenario.catalogue is not None:
        columns = scenario.named_columns()
        catalogue, _ = make_catalogue(scenario.tracks, Key.root(0), scenario.catalogue, columns)
        table = file_digest(scenario.catalogue)
        scenario = replace(scenario, tracks=len(catalogue))
    offered = offers(catalogue) | ({"practice"} if scenario.practises else set())
    skipped = {}
    for a in found:
        missing = sorted(a.make().needs - offered)
        if missing:
            skipped[a.name] = f"needs {', '.join(missing)}, which this world does not offer"
    kept = tuple(a for a in found if a.name not in skipped)
    if not kept:
        raise UsageError(f"no agent can be served: {'; '.join(f'{a} {why}' for a, why in skipped.items())}")
    return Plan(name, scenario, kept, skipped, catalogue, table)


def offers(catalogue: Catalogue | None) -> frozenset[str]:
    """What agents may need and find in a world: None is a synthetic catalogue."""
    have = {"times"}
    if catalogue is None or catalogue.audio.shape[1]:
        have.add("audio")
    if catalogue is None or len(catalogue.genre_ids):
        have.add("genres")
    return frozenset(have)


def execute(
    plan: Plan,
    jobs: int = 1,
    threads: int = 1,
    out: Path | None = None,
    keep: Sequence[str] = (),
    watcher: Watcher | None = None,
) -> Result:
    """Run the cells of `plan` that are not finished yet; write tables, figures and a report to `out`.

    Raises:
        UsageError: if `jobs` or `threads` is below 1, or `out` cannot be used.
        KeyboardInterrupt: finished cells stay in `out`.
    """
    check_jobs(jobs, threads)
    for word in keep:
        if word not in ("log", "agent"):
            raise UsageError(f"keep={word!r}: expected log or agent")
    cells = plan.cells()
    if out is not None:
        prepare(out, plan, cells)
    done, failures = complete(cells, jobs, threads, out, keep, watcher)
    names = tuple(a.name for a in plan.arms)
    result = Result(plan.name, plan.scenario, names, done, failures, dict(plan.skipped), out)
    if out is not None:
        write_report(result)
    return result
