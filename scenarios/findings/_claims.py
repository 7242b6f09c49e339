"""What a paper claims beside what was measured: rows, verdicts that follow from intervals, tables of both."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from simenv.scenarios._stats import Interval

Verdict = Literal["replicated", "partially", "not replicated", "inconclusive", ""]


@dataclass(frozen=True)
class Row:
    """One number of a finding with its 95 % interval; no verdict where nothing is claimed of it."""

    finding: str
    arm: str  # faithful: the paper's own world
    claim: str
    published: float  # nan where the paper has no such number
    measured: float
    low: float
    high: float
    verdict: Verdict = ""


def verdict(span: Interval, least: float = -math.inf, most: float = math.inf) -> Verdict:
    """Replicated if all of the interval lies in [least, most], not replicated if none of it does.

    >>> [verdict(Interval(2.0, low, high), least=0.0) for low, high in ((1, 3), (-1, 3), (-3, -1))]
    ['replicated', 'inconclusive', 'not replicated']
    """
    if least <= span.low and span.high <= most:
        return "replicated"
    return "not replicated" if span.high < least or span.low > most else "inconclusive"


def together(verdicts: Sequence[Verdict]) -> Verdict:
    """Of a finding: as its claims are if they agree, partially if only some of them replicate.

    >>> together(["replicated", "inconclusive"]), together(["not replicated", "inconclusive"])
    ('partially', 'not replicated')
    """
    replicated = [one == "replicated" for one in verdicts]
    if any(replicated):
        return "replicated" if all(replicated) else "partially"
    return "not replicated" if "not replicated" in verdicts else "inconclusive"


def told(title: str, rows: Sequence[Row]) -> list[str]:
    """Rows as a table in Markdown, line by line, under a column called `title`."""
    cells = [[title, "published", "measured", *(["verdict"] if any(row.verdict for row in rows) else [])]]
    for row in rows:
        published = "" if math.isnan(row.published) else f"{row.published:.4g}"
        cells.append([row.claim, published, _spanned(row), row.verdict][: len(cells[0])])
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = [" | ".join(cell.ljust(w) for cell, w in zip(line, widths, strict=True)) for line in cells]
    lines.insert(1, " | ".join("-" * w for w in widths))
    return [f"| {line} |" for line in lines]


def report(title: str, where: str, command: str, rows: Sequence[Row], remarks: Sequence[str]) -> list[str]:
    """A finding in Markdown, line by line.

    Args:
        title: the question.
        where: it was measured.
        command: that makes it again.
        rows: with verdicts, the claims; without, levels.
        remarks: on how to read it, a paragraph each.
    """
    claims, levels = [row for row in rows if row.verdict], [row for row in rows if not row.verdict]
    verdicts = [row.verdict for row in claims]
    count = f"{verdicts.count('replicated')} of {len(claims)} claims replicate"
    answer = f"{together(verdicts).capitalize()}: {count}."
    tables = [*told("claim", claims), "", *told("level", levels)]
    lines = [f"# {title}", "", answer, "", "Made by:", "", f"    {command}", "", f"**Where**: {where}.", ""]
    return [*lines, *tables, *(line for remark in remarks for line in ("", remark))]


def _spanned(row: Row) -> str:
    """The measured value and its interval, to two digits of the interval's width."""
    width = row.high - row.low
    places = max(0, 1 - math.floor(math.log10(width))) if width > 0 else 2
    return f"{row.measured:.{places}f} [{row.low:.{places}f}, {row.high:.{places}f}]"
