"""The cells of a run: what is finished is read, the rest is lived, one cell at a time or several.

Workers write each cell's folder under a temporary name and rename it, so that whatever ends a run, what was
finished is there, and the same call goes on from it.
"""

from __future__ import annotations

import re
import signal
import tempfile
import traceback
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from joblib import Parallel, delayed
from joblib.externals.loky import ProcessPoolExecutor
from joblib.externals.loky.process_executor import BrokenProcessPool

from simenv.errors import UsageError
from simenv.scenarios._cell import ONE_THREAD, Cell, Outcome, run_cell
from simenv.scenarios._folder import cell_folder, outcomes
from simenv.scenarios._keys import digest
from simenv.scenarios._progress import Quiet, Watcher
from simenv.scenarios._results import Failure


def complete(
    cells: Sequence[Cell],
    jobs: int = 1,
    threads: int = 1,
    out: Path | None = None,
    keep: Sequence[str] = (),
    watcher: Watcher | None = None,
) -> tuple[list[Outcome], list[Failure]]:
    """The outcomes of `cells`, those that are whole in the folder `out` read, the others lived.

    Args:
        cells: to have.
        jobs: cells at a time, each in a process of its own; 1: in this process.
        threads: of the listeners' kernel, in each cell.
        out: where cells are kept; None: nowhere.
        keep: of "log" and "agent", what else a cell must have written.
        watcher: is told what becomes of them.

    Raises:
        KeyboardInterrupt: finished cells stay in `out`.
    """
    watcher = watcher or Quiet()
    done = [] if out is None else outcomes(out, {cell.key for cell in cells}, keep)
    have = {o.key for o in done}
    failures: list[Failure] = []
    with tempfile.TemporaryDirectory(prefix="simenv-") as told:
        todo = [
            replace(
                cell,
                threads=threads,
                folder=None if out is None else out / "cells" / cell_folder(cell.who, cell.seed),
                keep=tuple(keep),
                progress=Path(told) / f"{i}",
            )
            for i, cell in enumerate(cells)
            if cell.key not in have
        ]
        with watcher.watching(todo, len(done)):
            for cell, found in _run_all(todo, jobs):
                watcher.finished(cell, found)
                (failures if isinstance(found, Failure) else done).append(found)  # type: ignore[arg-type]
    return done, failures


def check_jobs(jobs: int, threads: int = 1) -> None:
    """Raise a UsageError if `jobs` or `threads` is below 1."""
    for word, number in (("jobs", jobs), ("threads", threads)):
        if number < 1:
            raise UsageError(f"{word}={number}: expected 1 or more")


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
        return Failure(cell.who, cell.seed, why, "" if user else traceback.format_exc())


def _run_all(cells: Sequence[Cell], jobs: int) -> Iterator[tuple[Cell, Outcome | Failure]]:
    """Cells and what they found, in the order in which they finish."""
    if jobs == 1 or not cells:
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
            return cell, Failure(cell.who, cell.seed, "stopped before it began")
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
            return cell, Failure(cell.who, cell.seed, why)
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
