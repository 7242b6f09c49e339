"""What is held back from an agent: records as named arrays, and a log as it was."""

from __future__ import annotations

import types
import typing
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simenv.log import Log
from simenv.types import Late, Plays


class AsOf(Log):
    """A log as it was when it had fewer rows: nothing is copied before it is read.

    Args:
        log: what has grown since.
        rows: plays that it had.
        n_late: late likes and saves that it had.
        now: time of its newest play then, days.
    """

    def __init__(self, log: Log, rows: int, n_late: int, now: float) -> None:
        super().__init__(log.n_listeners, log.n_tracks)
        self._log, self._rows, self._n_late = log, rows, n_late
        self.now = now

    def __len__(self) -> int:
        return self._rows

    def parts(self) -> Iterator[Plays]:
        """All plays of then, a part at a time."""
        return self._first(self._log.parts(), self._rows)

    def since(self, read: int) -> Iterator[Plays]:
        """Those after the first `read`."""
        return self._first(self._log.since(read), self._rows - read)

    def late(self) -> Late:
        """Likes and saves that had arrived."""
        return self._log.late().rows(slice(self._n_late))

    @staticmethod
    def _first(parts: Iterator[Plays], rows: int) -> Iterator[Plays]:
        for part in parts:
            if rows <= 0:
                return
            yield part if len(part) <= rows else part.rows(slice(rows))
            rows -= len(part)


def packed(record: Any, name: str) -> dict[str, NDArray]:
    """Every array and number of a record, and of the records in it, as `name.field`."""
    out: dict[str, NDArray] = {}
    for field in fields(record):
        value = getattr(record, field.name)
        if is_dataclass(value):
            out |= packed(value, f"{name}.{field.name}")
        elif value is not None:
            out[f"{name}.{field.name}"] = np.asarray(value)
    return out


def unpacked(kind: type, arrays: dict[str, NDArray], name: str) -> Any:
    """Undo `packed`: the record of a kind."""
    hints, values = typing.get_type_hints(kind), {}
    for field in fields(kind):
        hint, full = hints[field.name], f"{name}.{field.name}"
        if is_dataclass(hint):
            values[field.name] = unpacked(typing.cast(type, hint), arrays, full)
        elif full in arrays:
            values[field.name] = arrays[full] if arrays[full].ndim else arrays[full].item()
        else:
            assert typing.get_origin(hint) is types.UnionType, f"{full} is missing"
            values[field.name] = None
    return kind(**values)
