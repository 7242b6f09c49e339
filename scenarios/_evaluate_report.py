"""report.md of an evaluation: who finds what was played, the tables, the figures."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.table import Table

from simenv.errors import UsageError
from simenv.scenarios._evaluate_board import AGAINST, Board, Entry
from simenv.scenarios._evaluate_measures import ACCURACY, BESIDE
from simenv.scenarios._evaluate_plots import RULE, accuracy_figure, lift_figure, variety_figure
from simenv.scenarios._evaluate_split import Seen
from simenv.scenarios._numbers import number, spanned
from simenv.scenarios._results import Failure, write_text
from simenv.scenarios.metrics.popularity import GROUPS


@dataclass(frozen=True)
class Told:
    """What a report says beside its numbers.

    Args:
        log: the name of the file.
        command: that makes it again.
        facts: what was recognised and how the log was split: one sentence each.
        skipped: agents that could not be served, and why.
        failures: agents that came to nothing.
    """

    log: str
    command: str
    facts: Sequence[str]
    skipped: dict[str, str]
    failures: Sequence[Failure]


def answer(board: Board, seen: Seen) -> str:
    """Who did best under a rule, in one sentence with numbers."""
    k = board.ks[0]
    entries = board.of(seen)
    best, lead = entries[0], ("ndcg", k)
    text = f"{RULE[seen]}: `{best.agent}` finds best what {len(board.listeners[seen]):,} listeners played,"
    text += f" NDCG@{k} {spanned(best.means[lead])}"
    if lead in best.differences:
        text += f", {spanned(best.differences[lead], sign=True)} beyond `{AGAINST}`"
    if len(entries) > 1:
        second = entries[1]
        text += f"; next is `{second.agent}` with {spanned(second.means[lead])}"
    return text + "."


def unbeaten(entry: Entry, k: int) -> bool:
    """Whether an agent does not do better than `popular`, as far as the interval tells."""
    apart = entry.differences.get(("ndcg", k))
    return apart is not None and not apart.above


def cells(board: Board, seen: Seen, k: int) -> list[list[str]]:
    """The leaderboard as text, the head first."""
    names = [name for name in (*ACCURACY, *BESIDE) if name != "ndcg"]
    rows = [["agent", f"ndcg@{k}", f"vs {AGAINST}", *names, "fit s", "recommend s"]]
    for entry in board.of(seen):
        apart = entry.differences.get(("ndcg", k))
        row = [f"{entry.agent}{' †' if unbeaten(entry, k) else ''}", spanned(entry.means["ndcg", k])]
        row.append("" if apart is None else spanned(apart, sign=True))
        row += [number(entry.means[name, k].mean, sign=name.startswith("lift")) for name in names]
        rows.append([*row, number(entry.fit_seconds), number(entry.recommend_seconds)])
    return rows


def printed(board: Board, seen: Seen, k: int, width: int) -> Table:
    """The leaderboard for a terminal, as many columns as fit."""
    table = Table(box=None, header_style="bold", pad_edge=False)
    columns = list(zip(*cells(board, seen, k), strict=True))
    short = {f"lift_{group}": f"lift {group}" for group in GROUPS}
    for name, *column in columns:
        width -= max(map(len, (name, *column))) + 2
        if width < 0:
            break
        head = short.get(name, name)
        table.add_column(head, justify="left" if name == "agent" else "right", no_wrap=True)
    for line in list(zip(*columns, strict=True))[1:]:
        table.add_row(*(cell.replace("[", "\\[") for cell in line[: len(table.columns)]))
    return table


def notes(board: Board, told: Told) -> list[str]:
    """What a reader of the tables must know."""
    seeds = len({one.task.seed for one in board.lists})
    drawn = "over listeners" if seeds == 1 else f"over listeners and {seeds} seeds of the agents"
    lines = [f"In brackets the 95 % bootstrap interval {drawn}: this log is the only world there is."]
    k = board.ks[0]
    if any(unbeaten(entry, k) for entry in board.entries):
        lines.append(
            f"† does not beat `{AGAINST}` on NDCG@{k}, as far as the interval of the difference tells."
        )
    lines += [f"Left out: `{agent}` {why}." for agent, why in told.skipped.items()]
    return lines


FILES = ("report.md", "summary.csv", "metrics.parquet", "run.json")


def write_report(board: Board, told: Told, out: Path) -> list[Path]:
    """Write tables, figures and report.md to `out`; the files, the report first.

    Raises:
        UsageError: if something cannot be written.
    """
    try:
        part = out / "metrics.parquet.part"
        board.rows.to_parquet(part, index=False)
        part.replace(out / "metrics.parquet")
        write_text(out / "summary.csv", board.summary().to_csv(index=False))
        figures = _write_figures(board, told, out / "figures")
        write_text(out / "report.md", _markdown(board, told, figures))
    except OSError as error:
        raise UsageError(f"cannot write to {out}: {error.strerror or error}") from None
    return [*(out / name for name in FILES), *figures]


def _write_figures(board: Board, told: Told, folder: Path) -> list[Path]:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    title = f"{told.log}: {told.facts[-1]}"
    drawn = {"accuracy": accuracy_figure, "variety": variety_figure, "lift": lift_figure}
    for name, draw in drawn.items():
        draw(board, title).savefig(folder / f"{name}.png")
    return [folder / f"{name}.png" for name in drawn]


def _markdown(board: Board, told: Told, figures: list[Path]) -> str:
    lines = ["# Which recommender finds what was played?", ""]
    lines += [f"{answer(board, seen)}\n" for seen in board.seens]
    lines += ["Made by:", "", f"    {told.command}", ""]
    lines += [f"**The log**: {told.log}.", "", *(f"- {fact}" for fact in told.facts), ""]
    for seen in board.seens:
        for k in board.ks:
            head, *rows = cells(board, seen, k)
            lines += [f"## {RULE[seen]}: the first {k}", ""]
            table = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
            lines += [*(f"| {' | '.join(row)} |" for row in table), ""]
    lines += [f"{line}\n" for line in notes(board, told)]
    lines += [f"**Failed**: `{f.agent}`, seed {f.seed}: {f.why.splitlines()[0]}\n" for f in told.failures]
    lines += ["## Figures", "", *(f"![{path.stem}](figures/{path.name})" for path in figures), ""]
    lines += ["## What the columns say", ""]
    lines += [f"- `{name}`: {column.words}" for name, column in {**ACCURACY, **BESIDE}.items()]
    lines += ["- `fit s`, `recommend s`: seconds to learn, and to make the lists of all who are tested"]
    return "\n".join(lines) + "\n"
