"""Logs of a finished run: those that were kept are read, the other cells are lived again."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from simenv.errors import UsageError
from simenv.log import read_parquet
from simenv.scenarios._arms import arm
from simenv.scenarios._cell import Cell
from simenv.scenarios._folder import cell_folder, read_run, scenario_of
from simenv.scenarios._grid import complete
from simenv.scenarios._keys import cell_key, file_digest
from simenv.scenarios._progress import Watcher
from simenv.scenarios._registry import did_you_mean
from simenv.scenarios.base import Scenario
from simenv.types import Plays

OTHERWISE = (
    "the run was written by other sources, or its catalogue has changed: logs that it kept are read as they"
    " are, tracks are described and other cells lived again as of now"
)


@dataclass(frozen=True)
class Run:
    """A finished run, as far as its logs are concerned.

    Args:
        folder: where it is.
        name: of its scenario.
        scenario: with every parameter as it was run.
        keys: of its cells, by agent and seed.
        cells: the same cells with the sources of now.
    """

    folder: Path
    name: str
    scenario: Scenario
    keys: dict[tuple[str, int], str]
    cells: tuple[Cell, ...]

    def same(self, cell: Cell) -> bool:
        """Whether living the cell again gives what was lived then."""
        return self.keys[cell.who, cell.seed] == cell.key

    def path(self, cell: Cell) -> Path:
        """Where the log of a cell is, if it was kept."""
        return self.folder / "cells" / cell_folder(cell.who, cell.seed) / "log.parquet"

    def kept(self, cell: Cell) -> bool:
        """Whether the folder holds the log of this very cell."""
        try:
            about = json.loads((self.path(cell).with_name("cell.json")).read_text())
        except (OSError, ValueError):
            return False
        return about.get("key") == self.keys[cell.who, cell.seed] and self.path(cell).is_file()


def open_run(folder: Path) -> Run:
    """The run in a folder.

    Raises:
        UsageError: if it holds none, or none of a scenario, or its catalogue or agents are gone.
    """
    about = read_run(folder)
    if "scenario" not in about:
        verb = about.get("name", "another verb")
        raise UsageError(
            f"{folder} holds a run of {verb}, in which nobody listened: name one of `simenv run`"
        )
    scenario = scenario_of(about["scenario"])
    table = ""
    if scenario.catalogue is not None:
        if not scenario.catalogue.is_file():
            raise UsageError(
                f"the run's catalogue {scenario.catalogue} is not there (looked in {Path.cwd()})"
            )
        table = file_digest(scenario.catalogue)
    keys = {_who(name): key for name, key in about["cells"].items()}
    arms = {name: arm(name) for name in about["agents"]}
    cells = [
        Cell(scenario, arms[who], seed, cell_key(scenario, arms[who], seed, table)) for who, seed in keys
    ]
    return Run(folder, about["name"], scenario, keys, tuple(cells))


def choose(run: Run, agents: Sequence[str], seeds: Sequence[int]) -> tuple[Cell, ...]:
    """The cells of these agents and seeds; of all where none are named.

    Raises:
        UsageError: if the run has no such agent or seed.
    """
    names = list(dict.fromkeys(who for who, _ in run.keys))
    known = sorted({seed for _, seed in run.keys})
    wanted = {arm(agent).name for agent in agents}
    for name in sorted(wanted - set(names)):
        there = ", ".join(names)
        raise UsageError(
            f"no agent {name!r} in this run{did_you_mean(name, tuple(names))}\nThere are {there}"
        )
    for seed in seeds:
        if seed not in known:
            raise UsageError(f"no seed {seed} in this run: it has {', '.join(map(str, known))}")
    return tuple(
        cell for cell in run.cells if (not wanted or cell.who in wanted) and (not seeds or cell.seed in seeds)
    )


def logs(
    run: Run, cells: Sequence[Cell], jobs: int = 1, watcher: Watcher | None = None
) -> Iterator[tuple[Cell, Plays]]:
    """Each cell with all its plays, the warm-up included, late likes and saves joined.

    A cell whose log was not kept is lived again. If the sources are those that wrote the run, its log is then
    kept there; else the run's folder is not touched.

    Raises:
        UsageError: if a cell fails, or its log cannot be written or read.
    """
    missing = [cell for cell in cells if not run.kept(cell)]
    with tempfile.TemporaryDirectory(prefix="simenv-") as elsewhere:
        for there, out in ((True, run.folder), (False, Path(elsewhere))):
            lost = [cell for cell in missing if run.same(cell) == there]
            if not lost:
                continue
            _, failures = complete(lost, jobs, 1, out, ("log",), watcher)
            if failures:
                first = failures[0]
                raise UsageError(f"{first.agent}, seed {first.seed} could not be lived again: {first.why}")
        for cell in cells:
            out = run.folder if run.kept(cell) else Path(elsewhere)
            yield cell, _read(replace(run, folder=out).path(cell))


def _who(name: str) -> tuple[str, int]:
    agent, _, seed = name.rpartition(" ")
    return agent, int(seed)


def _read(path: Path) -> Plays:
    try:
        return read_parquet(path)
    except (OSError, ValueError, KeyError) as error:
        why: Any = getattr(error, "strerror", None) or error
        raise UsageError(
            f"cannot read {path}: {why}. Delete the cell's folder, and it is lived again"
        ) from None
