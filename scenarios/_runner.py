"""Runs a scenario: a grid of agents by worlds, resumed where it stopped, a cell at a time or several."""

from __future__ import annotations

import re
import signal
import tempfile
import traceback
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from joblib import Parallel, delayed
from joblib.externals.loky import ProcessPoolExecutor
from joblib.externals.loky.process_executor import BrokenProcessPool

from simenv.catalogue import Catalogue
from simenv.errors import UsageError
from simenv.rng import Key
from simenv.scenarios import _registry
from simenv.scenarios._arms import Arm, Given, arms
from simenv.scenarios._cell import ONE_THREAD, Cell, Outcome, run_cell
from simenv.scenarios._folder import cell_folder, outcomes, prepare
from simenv.scenarios._keys import cell_key, digest, file_digest
from simenv.scenarios._progress import Quiet, Watcher
from simenv.scenarios._report import write_report
from simenv.scenarios._results import Failure, Result
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
    offered = offers(catalogue)
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
    for word, number in (("jobs", jobs), ("threads", threads)):
        if number < 1:
            raise UsageError(f"{word}={number}: expected 1 or more")
    for word in keep:
        if word not in ("log", "agent"):
            raise UsageError(f"keep={word!r}: expected log or agent")
    watcher = watcher or Quiet()
    cells = plan.cells()
    done: list[Outcome] = []
    if out is not None:
        prepare(out, plan, cells)
        done = outcomes(out, {cell.key for cell in cells}, keep)
    have = {o.key for o in done}
    with tempfile.TemporaryDirectory(prefix="simenv-") as told:
        todo = [
            replace(
                cell,
                threads=threads,
                folder=None if out is None else out / "cells" / cell_folder(cell.arm.name, cell.seed),
                keep=tuple(keep),
                progress=Path(told) / f"{i}",
            )
            for i, cell in enumerate(cells)
            if cell.key not in have
        ]
        failures: list[Failure] = []
        with watcher.watching(todo, len(done), plan.scenario.days):
            for cell, found in _run_all(todo, jobs):
                watcher.finished(cell, found)
                (failures if isinstance(found, Failure) else done).append(found)  # type: ignore[arg-type]
    names = tuple(a.name for a in plan.arms)
    result = Result(plan.name, plan.scenario, names, done, failures, dict(plan.skipped), out)
    if out is not None:
        write_report(result)
    return result


def run_name(cells: Sequence[Cell]) -> str:
    """What the folder of a run is called by default: the first digits of the digest of its cells' keys."""
    return digest(sorted(cell.key for cell in cells))[:10]


def guarded(cell: Cell) -> Outcome | Failure:
    """What a cell finds, or why it came to nothing."""
    try:
        return run_cell(cell)
    except Exception as error:  # whatever an agent does costs its own cell only
        user = isinstance(error, UsageError)
        why = str(error) if user else f"{type(error).__name__}: {error}"
        return Failure(cell.arm.name, cell.seed, why, "" if user else traceback.format_exc())


def _run_all(cells: Sequence[Cell], jobs: int) -> Iterator[tuple[Cell, Outcome | Failure]]:
    """Cells and what they found, in the order in which they finish."""
    if jobs == 1 or len(cells) < 2:
        for cell in cells:
            yield cell, guarded(cell)
        return
    workers = _Workers()
    found = Parallel(n_jobs=jobs, prefer="threads", return_as="generator_unordered", batch_size=1)(
        delayed(workers)(cell) for cell in cells
    )
    try:
        yield from found
    finally:  # also when interrupted: no process outlives the run
        workers.stop()


class _Workers:
    """Processes that run a cell at a time, so that the death of one is no other cell's.

    A process serves one cell after another; each has a pool of its own, as a pool breaks as a whole.
    """

    def __init__(self) -> None:
        self.idle: list[ProcessPoolExecutor] = []
        self.busy: set[ProcessPoolExecutor] = set()
        self.stopped = False

    def __call__(self, cell: Cell) -> tuple[Cell, Outcome | Failure]:
        if self.stopped:
            return cell, Failure(cell.arm.name, cell.seed, "stopped before it began")
        pool = self.idle.pop() if self.idle else _pool()
        self.busy.add(pool)
        try:
            found = pool.submit(guarded, cell).result()
            self.idle.append(pool)
            return cell, found
        except BrokenProcessPool as error:
            codes = re.search(r"\{(.*?)\}", str(error))
            how = f" ({codes[1]})" if codes else ""
            why = f"its process died{how}; if memory ran out, use fewer jobs or smaller sizes"
            return cell, Failure(cell.arm.name, cell.seed, why)
        finally:
            self.busy.discard(pool)

    def stop(self) -> None:
        """End the processes, also those that are in the middle of a cell."""
        self.stopped = True
        for pool in (*self.busy, *self.idle):
            pool.shutdown(wait=True, kill_workers=pool in self.busy)

    def __getstate__(self) -> dict:  # on a cluster each task begins with processes of its own
        return {"idle": [], "busy": set(), "stopped": False}


def _pool() -> ProcessPoolExecutor:
    return ProcessPoolExecutor(1, env=ONE_THREAD, initializer=_leave_interrupts_to_the_parent)


def _leave_interrupts_to_the_parent() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
