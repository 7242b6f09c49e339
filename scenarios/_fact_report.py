"""What `simenv facts` found: on the screen, and as the files of its folder."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from json import dumps
from pathlib import Path
from typing import Any

import pandas as pd
from matplotlib.figure import Figure
from rich.console import Console
from rich.table import Table

from simenv.errors import UsageError
from simenv.scenarios._fact_table import Judgement, markdown, printed, reasons, records, summary
from simenv.scenarios._folder import cell_folder, commit
from simenv.scenarios._keys import version
from simenv.scenarios._numbers import number
from simenv.scenarios._results import Failure, write_json, write_text

_WIDTH = 132  # of tables where there is no terminal to ask


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What was found.

    Args:
        title: of the report.
        table: rows and verdicts.
        measured: what the column of verdicts is called.
        note: where it was measured.
        remarks: on how to read it, a paragraph each.
        draw: the figure.
        agents: agents by what they did, in the worlds behind the table; None: no such table.
        failures: worlds that came to nothing.
        more: rows that are written beside those of the table, and not shown.
    """

    title: str
    table: Judgement
    measured: str
    note: str
    remarks: Sequence[str]
    draw: Callable[[], Figure]
    agents: pd.DataFrame | None = None
    failures: Sequence[Failure] = field(default_factory=list)
    more: pd.DataFrame | None = None

    @property
    def status(self) -> int:
        """1 if something that must hold misses, or a world is missing."""
        return 1 if self.table.missed or self.failures else 0


def begin(out: Path, command: str, asked: Any) -> None:
    """Make the folder and say in its run.json what will be in it.

    Args:
        out: the folder.
        command: that makes all of it again.
        asked: everything asked for, as plain data.

    Raises:
        UsageError: if nothing can be written there.
    """
    about = {"command": command, "asked": asked, "version": version(), "commit": commit()}
    try:
        out.mkdir(parents=True, exist_ok=True)
        write_text(out / "run.json", dumps(about, indent=2) + "\n")
    except OSError as error:
        why = error.strerror or error
        raise UsageError(f"cannot write to {out}: {why}. Name another with --out") from None


def write(found: Finding, out: Path, command: str, json: Path | None) -> list[Path]:
    """Write report.md, the rows, the figure; the files that are for reading.

    Raises:
        UsageError: if a file cannot be written.
    """
    rows, kind = records(found.table), f"{found.table.word}s"
    if found.more is not None:
        rows = pd.concat([rows, found.more])
    try:
        write_json(rows, out / f"{kind}.json")
        found.draw().savefig(out / f"{kind}.png")
        if found.agents is not None:
            write_text(out / "agents.csv", found.agents.to_csv(index_label="agent"))
        for failure in found.failures:
            write_text(_trace(out, failure), failure.trace or failure.why)
        write_text(out / "report.md", "\n".join(_told(found, command, f"{kind}.png")) + "\n")
        if json is not None:
            write_json(rows, json)
    except OSError as error:
        raise UsageError(f"cannot write {error.filename or out}: {error.strerror or error}") from None
    names = ("report.md", f"{kind}.json", f"{kind}.png", "agents.csv", "run.json")
    return [out / name for name in names if (out / name).exists()]


def show(found: Finding, out: Path, files: Sequence[Path]) -> None:
    """Print what was found."""
    screen = Console(highlight=False, soft_wrap=True)
    if not screen.is_terminal:
        screen.width = _WIDTH
    screen.print(found.note, "", markup=False, sep="\n")
    screen.print(printed(found.table, found.measured), "")
    if found.agents is not None:
        screen.print(_beside(found.agents), "")
    screen.print(summary(found.table), *reasons(found.table), sep="\n", markup=False)
    for failure in found.failures:
        screen.print(f"FAILED: {_said(failure)}\n  {_trace(out, failure)}", markup=False)
    if found.failures:
        screen.print("Run it again and it goes on from there.")
    screen.print("\nWritten:", *files, sep="\n  ", markup=False)


def _told(found: Finding, command: str, picture: str) -> list[str]:
    """The report in Markdown, line by line."""
    lines = [f"# {found.title}", "", summary(found.table), "", "Made by:", "", f"    {command}", ""]
    lines += [f"**Where**: {found.note}.", "", *markdown(found.table, found.measured), ""]
    lines += [line for remark in found.remarks for line in (remark, "")]
    lines += [f"- {line}" for line in reasons(found.table)]
    lines += [f"- **Failed**: {_said(failure)}" for failure in found.failures]
    lines += ["", f"![{Path(picture).stem}]({picture})"]
    if found.agents is not None:
        head = ["agent", *found.agents.columns]
        rows = [head, ["---", *["---:"] * (len(head) - 1)]]
        rows += [[name, *map(number, row)] for name, *row in found.agents.itertuples()]
        lines += ["", "## The agents behind it", "", *(f"| {' | '.join(row)} |" for row in rows)]
    return lines


def _beside(agents: pd.DataFrame) -> Table:
    """The table of agents for a terminal."""
    table = Table(box=None, header_style="bold", pad_edge=False)
    table.add_column("agent", no_wrap=True)
    for name in agents.columns:
        table.add_column(name, justify="right")
    for name, *row in agents.itertuples():
        table.add_row(name, *map(number, row))
    return table


def _said(failure: Failure) -> str:
    return f"{failure.agent}, seed {failure.seed}: {failure.why.splitlines()[0]}"


def _trace(out: Path, failure: Failure) -> Path:
    return out / f"failed-{cell_folder(failure.agent, failure.seed)}.txt"
