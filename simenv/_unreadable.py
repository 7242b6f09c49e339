"""Rows of a table that cannot be read: counted, with the reasons, and too many refused."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from simenv.errors import UsageError
from simenv.types import Bool

UNREADABLE = 0.01  # share of rows above which a table is refused


class Unreadable:
    """Counts the rows of a table that cannot be read, and why.

    Args:
        table: as `open_table` gives it, or from anywhere else.

    Attributes:
        bad: (r,) whether the row is left out.
    """

    def __init__(self, table: pa.Table) -> None:
        notes = table.schema.metadata or {}
        self.source = notes.get(b"source", b"the table").decode()
        self.torn = int(notes.get(b"torn", b"0"))  # rows with too many or too few cells are not in the table
        self.bad: Bool = np.zeros(table.num_rows, bool)
        self.reasons: Counter[str] = Counter()
        if self.torn:
            self.reasons["wrong number of cells"] = self.torn

    def need(self, good: Bool, otherwise: str, cells: Sequence[object] | pa.Array) -> None:
        """Leave out rows that are not `good`; `cells` are shown to their owner."""
        failed = np.flatnonzero(~good & ~self.bad)
        if len(failed):
            row = failed[0]
            cell = cells[row].as_py() if isinstance(cells, pa.Array) else cells[row]
            self.reasons[f"{otherwise} (first in row {row + 1}: {cell!r})"] = len(failed)
            self.bad[failed] = True

    def told(self) -> str:
        """What was left out and why, in words; empty if nothing was.

        Raises:
            UsageError: if that is more than 1 % of all rows.
        """
        total, failed = len(self.bad) + self.torn, int(self.bad.sum()) + self.torn
        reasons = "; ".join(f"{count}: {reason}" for reason, count in self.reasons.most_common())
        message = f"{failed:,} of {total:,} rows of {self.source} cannot be read: {reasons}"
        if failed > UNREADABLE * total:
            raise UsageError(f"{message}. More than 1 % is too many")
        return f"{message}. They are skipped" if failed else ""
