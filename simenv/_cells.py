"""Cells of a table of tracks: text, lists, numbers and dates as people write them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date

import numpy as np
import pyarrow as pa

from simenv.types import F64, Bool

NOTHING = frozenset({"NA", "nan", "NaN", "NULL"})
"""Cells that say nothing, like empty ones."""


def text_of(column: pa.ChunkedArray) -> list[str]:
    """Cells as strings without outer spaces, empty where there is none; lists are joined by semicolons."""
    cells = column.to_pylist()
    if pa.types.is_list(column.type) or pa.types.is_large_list(column.type):
        return [";".join(str(part).strip() for part in cell or ()) for cell in cells]
    texts = ("" if cell is None else str(cell).strip() for cell in cells)
    return ["" if text in NOTHING else text for text in texts]


def parts_of(cell: str, separators: str) -> list[str]:
    """The parts of ``a; b`` or ``['a', 'b']``."""
    quoted = re.findall(r"'([^']*)'|\"([^\"]*)\"", cell) if cell[:1] + cell[-1:] == "[]" else []
    if quoted:
        return [a or b for a, b in quoted]
    return [part.strip() for part in re.split(f"[{separators}]", cell) if part.strip()]


def blank(cells: Sequence[str]) -> Bool:
    """(r,) whether the cell says nothing."""
    return np.array([not cell for cell in cells], bool)


def numbers_of(cells: Sequence[str]) -> F64:
    """(r,) nan where there is none."""

    def number(cell: str) -> float:
        try:
            return float(cell)
        except ValueError:
            return np.nan

    return np.array([number(cell) for cell in cells], np.float64)


def days_of(cells: Sequence[str]) -> F64:
    """(r,) days since 1970 of years, months and days as ISO 8601 writes them; nan where there is none.

    A year counts as its first day, a month likewise, as streaming services have it.
    """
    days: dict[str, float] = {}
    for cell in set(cells):
        found = re.match(r"([1-2]\d{3})(?:-(\d\d))?(?:-(\d\d))?(?:[T ].*|\.0)?$", cell)
        try:
            year, month, day = (int(part or 1) for part in found.groups()) if found else (0, 0, 0)
            days[cell] = float(date(year, month, day).toordinal() - date(1970, 1, 1).toordinal())
        except ValueError:
            days[cell] = np.nan
    return np.array([days[cell] for cell in cells], np.float64)
