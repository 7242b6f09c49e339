"""Facts beside what was measured: the rows of the table, and their verdicts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from rich.table import Table

from simenv.scenarios._fact_list import Fact, Number, Verdict
from simenv.scenarios._measures import Measured
from simenv.scenarios._stats import Interval, interval
from simenv.scenarios._words import number as digits
from simenv.scenarios._words import spanned

Curve = tuple[NDArray, NDArray]
Worlds = Sequence[Mapping[int, Measured]]
"""What was measured in each world, by fact."""


@dataclass(frozen=True)
class Row:
    """One number of a fact: published, measured, judged."""

    fact: int
    number: Number
    span: Interval
    verdict: Verdict
    organic: Interval | None  # what listeners do by themselves; None where there is no such column
    why: str = ""  # why there is no verdict or no measurement

    @property
    def name(self) -> str:
        """Of the row, the fact's number first."""
        return f"{self.fact} {self.number.words}"


@dataclass(frozen=True)
class Judgement:
    """Facts, their rows, and a curve a fact for the figure."""

    facts: tuple[Fact, ...]
    rows: tuple[Row, ...]
    curves: Mapping[int, Curve]
    organic: Mapping[int, Curve]

    def of(self, fact: int) -> list[Row]:
        """The rows of one fact."""
        return [row for row in self.rows if row.fact == fact]

    @property
    def missed(self) -> list[Row]:
        """Rows whose verdict is `misses` though they must hold."""
        return [row for row in self.rows if row.number.kind == "tight" and row.verdict == "misses"]


def judged(facts: tuple[Fact, ...], worlds: Worlds, organic: Worlds, why: Mapping[int, str]) -> Judgement:
    """Rows of `facts` from what was measured in `worlds`.

    Args:
        facts: to show.
        worlds: measured, where verdicts are taken.
        organic: measured where nobody recommends; empty: no such column.
        why: by fact, why it could not be measured, or what the plays are too short for.
    """
    rows = []
    for fact in facts:
        for i, number in enumerate(fact.numbers):
            span = _over(worlds, fact.number, i)
            reason = why.get(fact.number, "")
            if reason:
                verdict: Verdict = "too short" if reason.startswith("needs") else "no verdict"
            else:
                verdict = number.verdict(span)
                reason = _undecided(span) if verdict == "no verdict" else ""
            beside = _over(organic, fact.number, i) if organic else None
            rows.append(Row(fact.number, number, span, verdict, beside, reason))
    numbers = [fact.number for fact in facts]
    return Judgement(facts, tuple(rows), _curves(worlds, numbers), _curves(organic, numbers))


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


HEAD = ("fact", "published", "band", "measured", "verdict")


def printed(table: Judgement, served: str) -> Table:
    """The table for a terminal; `served` names the column where verdicts are taken."""
    out = Table(box=None, header_style="bold", pad_edge=False)
    organic = any(row.organic is not None for row in table.rows)
    names = [*HEAD, "organic"] if organic else HEAD
    for name in names:
        right = name in ("measured", "organic")
        head = served if name == "measured" else name
        out.add_column(head, justify="right" if right else "left", no_wrap=name != "fact")
    styles = {"misses": "bold red", "holds": "green"}
    for row in table.rows:
        *cells, verdict = _cells(row)
        cells = [cell.replace("[", "\\[") for cell in cells]
        style = "" if row.number.kind != "tight" and row.verdict == "misses" else styles.get(row.verdict, "")
        beside = [_organic(row)] if organic else []
        out.add_row(*cells, f"[{style}]{verdict}[/]" if style else verdict, *beside)
    return out


def markdown(table: Judgement, served: str) -> list[str]:
    """The table in Markdown, reasons included."""
    organic = any(row.organic is not None for row in table.rows)
    head = ["fact", "published", "band", served, "verdict", *(["organic"] if organic else [])]
    rows = [head, ["---", "---", "---", "---:", "---", *(["---:"] if organic else [])]]
    for row in table.rows:
        rows.append([*_cells(row), *([_organic(row)] if organic else [])])
    return [f"| {' | '.join(row)} |" for row in rows]


def summary(table: Judgement) -> str:
    """How many rows came to which verdict, in a sentence."""
    parts = []
    for kind in ("tight", "loose", "sign"):
        verdicts = [row.verdict for row in table.rows if row.number.kind == kind]
        judged = sum(v in ("holds", "misses") for v in verdicts)
        if verdicts:
            rest = f", {len(verdicts) - judged} without verdict" if judged < len(verdicts) else ""
            parts.append(f"{kind}: {verdicts.count('holds')} of {judged} hold{rest}")
    return "; ".join(parts) + "."


def reasons(table: Judgement) -> list[str]:
    """Why rows have no verdict, a line a fact and reason."""
    lines = []
    for row in table.rows:
        line = f"Fact {row.fact}: {row.verdict}: {row.why}"
        if row.why and line not in lines:
            lines.append(line)
    return lines


def _cells(row: Row) -> list[str]:
    kind = f"{row.number.kind} {row.number.band}"
    return [
        row.name,
        row.number.published,
        kind,
        spanned(row.span, sign=row.number.kind == "sign"),
        row.verdict,
    ]


def _organic(row: Row) -> str:
    return "" if row.organic is None else digits(row.organic.mean, sign=row.number.kind == "sign")


def _undecided(span: Interval) -> str:
    if not np.isfinite(span.mean):
        return "these plays do not tell"
    return "an end of the band lies within the interval: more seeds decide"


def _over(worlds: Worlds, fact: int, i: int) -> Interval:
    return interval(np.array([world[fact].values[i] for world in worlds if fact in world], float))


def _curves(worlds: Worlds, facts: Sequence[int]) -> dict[int, Curve]:
    """The mean curve of each fact over worlds, as long as the shortest."""
    curves = {}
    for fact in facts:
        have = [world[fact] for world in worlds if fact in world and len(world[fact].x)]
        if have:
            size = min(len(m.x) for m in have)
            curves[fact] = have[0].x[:size], np.mean([m.y[:size] for m in have], axis=0)
    return curves
