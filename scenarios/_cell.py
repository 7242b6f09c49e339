"""One cell of an experiment: one agent in one world, from the first day to files on disk."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from simenv.agents.base import Agent
from simenv.log import Log, write_parquet
from simenv.scenarios._arms import Arm, arm
from simenv.scenarios._loop import live
from simenv.scenarios.base import Scenario

ONE_THREAD = {name: "1" for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")}


@dataclass(frozen=True)
class Cell:
    """What a worker needs to know."""

    scenario: Scenario
    arm: Arm
    seed: int
    key: str
    world: str = ""  # what its scenario is called, where a run has several
    threads: int = 1
    folder: Path | None = None  # where its results go; None: nowhere
    keep: tuple[str, ...] = ()  # of "log", "agent"
    progress: Path | None = None  # a file that says how far it is

    @property
    def who(self) -> str:
        """Who serves, and in which world if there are several."""
        return f"{self.world}: {self.arm.name}" if self.world else self.arm.name


@dataclass
class Outcome:
    """What a cell found."""

    key: str
    agent: str
    seed: int
    days: int
    values: dict[str, NDArray]  # (days,) float64 by metric
    arrays: dict[str, NDArray] = field(default_factory=dict)  # float64 by name
    seconds: float = 0.0
    plays: int = 0
    peak_mb: float = float("nan")  # of the process


def run_cell(cell: Cell) -> Outcome:
    """Live through one cell; write its folder, if it has one, under a temporary name and rename it."""
    with one_thread():
        begun = time.perf_counter()
        world = cell.scenario.world(cell.seed, cell.threads)
        log = world.log
        assert log is not None, "an experiment keeps every play"
        world.warm_up(cell.scenario.warmup, lambda: _tell(cell, 0, len(log)))
        setting = cell.scenario.setting(world)
        agent = cell.arm.begin(world, setting)
        metrics = [metric() for metric in cell.scenario.metrics]
        rows: list[dict[str, float]] = []
        served_by = (cell.arm.another, _logger(cell.scenario))
        for row in live(world, agent, setting, cell.scenario.days, metrics, *served_by):
            rows.append(row)
            _tell(cell, len(rows), len(log))
        outcome = Outcome(
            cell.key,
            cell.who,
            cell.seed,
            len(rows),
            values={name: np.array([row[name] for row in rows]) for name in rows[0]} if rows else {},
            arrays={name: array for metric in metrics for name, array in metric.arrays().items()},
            seconds=time.perf_counter() - begun,
            plays=len(log),
            peak_mb=peak_mb(),
        )
        if cell.folder is not None:
            write(outcome, cell, log, agent)
    return outcome


def _logger(scenario: Scenario) -> Callable[[], Agent | None]:
    """Makes the agent that writes a log for off-policy work, if the scenario has one."""
    return arm(scenario.logged_by).another if scenario.logged_by else lambda: None


def write(outcome: Outcome, cell: Cell, log: Log, agent: Agent) -> None:
    """Write a cell's folder; it is there whole or not at all."""
    assert cell.folder is not None
    part = cell.folder.with_name(f".{cell.folder.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    try:
        _write_values(outcome, cell.scenario.columns_measured, part / "metrics.parquet")
        np.savez_compressed(part / "arrays.npz", **outcome.arrays)  # type: ignore[arg-type]
        if "log" in cell.keep:
            write_parquet(log.joined(), part / "log.parquet")
        if "agent" in cell.keep:
            agent.save(part / "agent")
        about = asdict(outcome)
        for name in ("values", "arrays"):
            del about[name]
        (part / "cell.json").write_text(json.dumps(about, indent=2) + "\n")
        shutil.rmtree(cell.folder, ignore_errors=True)
        part.replace(cell.folder)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def read(folder: Path) -> Outcome:
    """The outcome that `write` wrote.

    Raises:
        OSError, ValueError: if the folder is not whole.
    """
    about = json.loads((folder / "cell.json").read_text())
    table = pq.read_table(folder / "metrics.parquet")
    values = {name: table[name].to_numpy() for name in table.column_names if name != "day"}
    with np.load(folder / "arrays.npz") as arrays:
        return Outcome(**about, values=values, arrays=dict(arrays))


def _write_values(outcome: Outcome, names: tuple[str, ...], path: Path) -> None:
    days = {"day": np.arange(1, outcome.days + 1, dtype=np.int32)}
    pq.write_table(pa.table(days | {name: outcome.values[name] for name in names}), path)


def _tell(cell: Cell, day: int, plays: int) -> None:
    """Say how far the cell is, in a file that another process may read at any time."""
    if cell.progress is not None:
        with contextlib.suppress(OSError):  # a progress bar is not worth a failed cell
            cell.progress.write_text(f"{day} {plays}\n")


@contextlib.contextmanager
def one_thread() -> Iterator[None]:
    """BLAS, OpenMP and torch with one thread each: their sums must not depend on how many there are."""
    before = {name: os.environ.get(name) for name in ONE_THREAD}
    os.environ.update(ONE_THREAD)  # for libraries that are loaded from now on
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(1)
    try:
        with threadpool_limits(1):  # for those that are loaded already
            yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def peak_mb() -> float:
    """The most memory this process has held, MiB; nan where the system does not say."""
    if sys.platform == "win32":
        return float("nan")
    import resource

    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most / (1 << 20 if sys.platform == "darwin" else 1 << 10)
