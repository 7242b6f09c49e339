"""Saying how far a run is: bars on a terminal, a line a cell elsewhere, nothing in a program."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from simenv.scenarios._cell import Cell, Outcome

if TYPE_CHECKING:
    from rich.console import Console

    from simenv.scenarios._results import Failure


class Watcher:
    """Is told what becomes of cells; the base of three ways to say it."""

    @contextlib.contextmanager
    def watching(self, cells: Sequence[Cell], done: int) -> Iterator[None]:
        """Around the run of `cells`, `done` others being finished already."""
        yield

    def finished(self, cell: Cell, found: Outcome | Failure) -> None:
        """A cell has ended."""


class Quiet(Watcher):
    """Says nothing."""


class Lines(Watcher):
    """Says a line a cell: for logs and pipes."""

    def __init__(self, console: Console) -> None:
        self.console = console

    @contextlib.contextmanager
    def watching(self, cells: Sequence[Cell], done: int) -> Iterator[None]:
        self.left, self.total = len(cells), len(cells) + done
        if done:
            self._say(f"{done} of {self.total} cells are finished already")
        yield

    def finished(self, cell: Cell, found: Outcome | Failure) -> None:
        self.left -= 1
        self._say(f"{self.total - self.left}/{self.total} {said(cell, found)}")

    def _say(self, text: str) -> None:
        self.console.print(text, highlight=False, markup=False, soft_wrap=True)


class Bars(Watcher):
    """Draws a bar over all days that agents serve, from what the cells' progress files say."""

    def __init__(self, console: Console) -> None:
        self.console = console

    @contextlib.contextmanager
    def watching(self, cells: Sequence[Cell], done: int) -> Iterator[None]:
        from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

        columns = (
            TextColumn("{task.description}"),
            BarColumn(bar_width=None),
            TextColumn("day {task.completed}/{task.total}"),
            TextColumn("{task.fields[pace]}"),
            TimeRemainingColumn(),
        )
        self.cells, self.ended = cells, 0
        self.done, self.begun = done, time.perf_counter()
        with Progress(*columns, console=self.console, transient=True) as self.bar:
            self.task = self.bar.add_task(
                "", total=max(1, sum(cell.scenario.days for cell in cells)), pace=""
            )
            stop = threading.Event()
            reader = threading.Thread(target=self._follow, args=(stop,), daemon=True)
            reader.start()
            try:
                yield
            finally:
                stop.set()
                reader.join()

    def finished(self, cell: Cell, found: Outcome | Failure) -> None:
        self.ended += 1
        self.bar.console.print(said(cell, found), highlight=False, markup=False)

    def _follow(self, stop: threading.Event) -> None:
        while not stop.wait(0.3):
            told = [_told(cell) for cell in self.cells]
            days, plays = sum(d for d, _ in told), sum(p for _, p in told)
            total = len(self.cells) + self.done
            pace = plays / max(time.perf_counter() - self.begun, 1e-9)
            self.bar.update(
                self.task,
                completed=days,
                description=f"cell {self.ended + self.done}/{total}",
                pace=f"{pace:,.0f} plays/s",
            )


def said(cell: Cell, found: Outcome | Failure) -> str:
    """One line on what became of a cell."""
    head = f"{cell.who}, seed {cell.seed}: "
    if isinstance(found, Outcome):
        pace = found.plays / max(found.seconds, 1e-9)
        return (
            f"{head}{found.days} days, {found.plays:,} plays in {found.seconds:.1f} s ({pace:,.0f} plays/s)"
        )
    return f"{head}FAILED: {found.why.splitlines()[0]}"


def watcher_for(console: Console) -> Watcher:
    """Bars where there is a terminal, lines elsewhere."""
    return Bars(console) if console.is_terminal else Lines(console)


def _told(cell: Cell) -> tuple[int, int]:
    """Days served and plays so far, as the cell last said."""
    assert cell.progress is not None
    try:
        day, plays = cell.progress.read_text().split()
        return int(day), int(plays)
    except (OSError, ValueError):  # not begun, or just being written
        return 0, 0
