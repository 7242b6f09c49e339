"""Facts beside what was measured: the rows of the table, and their verdicts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from rich.table import Table

from simenv.scenarios._fact_list import Entry, Number, Verdict
from simenv.scenarios._measures import Measured
from simenv.scenarios._numbers import number as digits
from simenv.scenarios._numbers import spanned
from simenv.scenarios._stats import Interval, interval

Curve = tuple[NDArray, NDArray]
Worlds = Sequence[Mapping[int, Measured]]
"""What was measured in each world, by fact."""


@dataclass(frozen=True)
class Row:
    """One number of a fact or law: published, measured, judged."""

    entry: Entry
    number: Number
    span: Interval
    verdict: Verdict
    organic: Interval | None  # what listeners do by themselves; None where there is no such column
    why: str = ""  # why it misses, or there is no verdict or no measurement

    @property
    def name(self) -> str:
        """Of the row, the number of its fact or law first."""
        return f"{self.entry.label} {self.number.words}"


@dataclass(frozen=True)
class Judgement:
    """Facts or laws, their rows, and a curve of each for the figure."""

    entries: tuple[Entry, ...]
    rows: tuple[Row, ...]
    curves: Mapping[int, Curve]
    organic: Mapping[int, Curve]

    @property
    def word(self) -> str:
        """What an entry is: fact or law."""
        return self.entries[0].word

    def of(self, number: int) -> list[Row]:
        """The rows of one fact or law."""
        return [row for row in self.rows if row.entry.number == number]

    @property
    def missed(self) -> list[Row]:
        """Rows whose verdict is `misses` though they must hold."""
        return [row for row in self.rows if row.number.must and row.verdict == "misses"]


def judged(entries: tuple[Entry, ...], worlds: Worlds, organic: Worlds, why: Mapping[int, str]) -> Judgement:
    """Rows of `entries` from what was measured in `worlds`.

    Args:
        entries: facts or laws to show.
        worlds: measured, where verdicts are taken.
        organic: measured where nobody recommends; empty: no such column.
        why: by number, why it could not be measured, or what the plays are too short for.
    """
    rows = []
    for entry in entries:
        for i, number in enumerate(entry.numbers):
            span = _over(worlds, entry.number, i)
            beside = _over(organic, entry.number, i) if organic else None
            reason = why.get(entry.number, "")
            if reason:
                verdict: Verdict = "too short" if reason.startswith("needs") else "no verdict"
            else:
                verdict = number.verdict(span)
                if verdict == "no verdict":
                    reason = _undecided(span)
                elif verdict == "misses":
                    reason = _missed(entry, number, span, beside)
            rows.append(Row(entry, number, span, verdict, beside, reason))
    numbers = [entry.number for entry in entries]
    return Judgement(entries, tuple(rows), _curves(worlds, numbers), _curves(organic, numbers))


def records(table: Judgement) -> pd.DataFrame:
    """The rows as HOUSE.md 7 has them: fact, kind, low, high, measured, verdict."""
    return pd.DataFrame(
        [
            {
                "fact": row.name,
                "kind": row.number.kind,
                "low": row.number.low,
                "high": row.number.high,
                "measured": row.span.mean,
                "verdict": row.verdict,
            }
            for row in table.rows
        ]
    ).astype({"low": float, "high": float, "measured": float})


def printed(table: Judgement, served: str) -> Table:
    """The table for a terminal; `served` names the column where verdicts are taken."""
    out = Table(box=None, header_style="bold", pad_edge=False)
    organic = any(row.organic is not None for row in table.rows)
    for name in (table.word, "published", "band", served, "verdict", *(["organic"] if organic else [])):
        right = name in (served, "organic")
        out.add_column(name, justify="right" if right else "left", no_wrap=name != table.word)
    styles = {"misses": "bold red", "holds": "green"}
    for row in table.rows:
        *cells, verdict = _cells(row)
        cells = [cell.replace("[", "\\[") for cell in cells]
        style = "" if not row.number.must and row.verdict == "misses" else styles.get(row.verdict, "")
        beside = [_organic(row)] if organic else []
        out.add_row(*cells, f"[{style}]{verdict}[/]" if style else verdict, *beside)
    return out


def markdown(table: Judgement, served: str) -> list[str]:
    """The table in Markdown, reasons included."""
    organic = any(row.organic is not None for row in table.rows)
    head = [table.word, "published", "band", served, "verdict", *(["organic"] if organic else [])]
    rows = [head, ["---", "---", "---", "---:", "---", *(["---:"] if organic else [])]]
    for row in table.rows:
        rows.append([*_cells(row), *([_organic(row)] if organic else [])])
    return [f"| {' | '.join(row)} |" for row in rows]


def summary(table: Judgement) -> str:
    """How many rows came to which verdict, in a sentence."""
    parts = []
    for kind in ("tight", "loose", "sign", "law"):
        verdicts = [row.verdict for row in table.rows if row.number.kind == kind]
        judged = sum(v in ("holds", "misses") for v in verdicts)
        if verdicts:
            rest = f", {len(verdicts) - judged} without verdict" if judged < len(verdicts) else ""
            parts.append(f"{kind}: {verdicts.count('holds')} of {judged} hold{rest}")
    return "; ".join(parts) + "."


def reasons(table: Judgement) -> list[str]:
    """Why rows miss or have no verdict, a line an entry and reason."""
    lines = []
    for row in table.rows:
        line = f"{table.word.capitalize()} {row.entry.label}: {row.verdict}: {row.why}"
        if row.why and line not in lines:
            lines.append(line)
    return lines


def _cells(row: Row) -> list[str]:
    kind = f"{row.number.kind} {row.number.band}"
    return [
        row.name,
        row.number.published,
        kind,
        spanned(row.span, sign=row.number.direction),
        row.verdict,
    ]


def _organic(row: Row) -> str:
    return "" if row.organic is None else digits(row.organic.mean, sign=row.number.direction)


def _missed(entry: Entry, number: Number, span: Interval, organic: Interval | None) -> str:
    """On which side of its band a number lies, whether without recommendations too, and what moves it."""
    side = _side(number, span.mean)
    said = f"{number.words}: {side} the band"
    if organic is None:  # a log, or laws: nothing is known of what moves it
        return said
    if np.isfinite(organic.mean):
        alone = _side(number, organic.mean)
        same = alone == side
        said += ", without recommendations too" if same else f", but {alone} it without recommendations"
    return f"{said}. Moved by {entry.moved_by}" if entry.moved_by else said


def _side(number: Number, value: float) -> str:
    """Where a value lies: below its band, within it or above; of a sign, nothing is below."""
    if number.low is not None and (value < number.low or (number.direction and value == number.low)):
        return "below"
    return "above" if number.high is not None and value > number.high else "within"


def _undecided(span: Interval) -> str:
    if not np.isfinite(span.mean):
        return "these plays do not tell"
    return "an end of the band lies within the interval: more seeds decide"


def _over(worlds: Worlds, number: int, i: int) -> Interval:
    return interval(np.array([world[number].values[i] for world in worlds if number in world], float))


def _curves(worlds: Worlds, facts: Sequence[int]) -> dict[int, Curve]:
    """The mean curve of each fact over worlds, as long as the shortest."""
    curves = {}
    for fact in facts:
        have = [world[fact] for world in worlds if fact in world and len(world[fact].x)]
        if have:
            size = min(len(m.x) for m in have)
            curves[fact] = have[0].x[:size], np.mean([m.y[:size] for m in have], axis=0)
    return curves
