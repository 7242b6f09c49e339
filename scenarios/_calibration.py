"""What a calibration found: its tables, and the file of listeners that it writes."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
from rich.table import Table

from simenv.errors import UsageError
from simenv.scenarios._fit import PINNED, Fit
from simenv.scenarios._knobs import Knob
from simenv.scenarios._results import write_text
from simenv.scenarios._targets import said
from simenv.users.params import ListenerParams


@dataclass(frozen=True)
class Moment:
    """One number: wanted, where the search started, where it ended, in its own worlds and in fresh ones."""

    name: str
    wanted: float
    sd: float  # how far off it may be; its weight is 1 / sd^2
    start: float
    fitted_to: float
    fresh_start: float
    fresh: float
    fitted: bool  # else held out

    @property
    def off(self) -> float:
        """How far off it is in fresh worlds, in sd."""
        return (self.fresh - self.wanted) / self.sd


@dataclass(frozen=True)
class Calibration:
    """A fit, and what its listeners do."""

    start: ListenerParams
    fit: Fit
    asked: tuple[Knob, ...]
    moments: tuple[Moment, ...]
    left_out: Mapping[str, str]
    trials: int
    seeds: tuple[int, ...]
    fresh_seeds: tuple[int, ...]

    @property
    def parameters(self) -> dict[str, float]:
        """What makes these listeners: values that were fitted, or are not the default ones."""
        usual, ours = ListenerParams(), self.fit.listener
        moved = {knob.name for knob in self.fit.knobs}
        names = [f.name for f in fields(ListenerParams)]
        return {name: getattr(ours, name) for name in names if name in moved or _differs(name, ours, usual)}

    def distance(self, column: str, fitted: bool) -> float:
        """Root mean square of how far off the numbers are, fitted or held out, in sd; nan of none."""
        rows = [row for row in self.moments if row.fitted == fitted]
        off = np.array([(getattr(row, column) - row.wanted) / row.sd for row in rows])
        return float(np.sqrt(np.mean(off**2))) if len(off) else float("nan")


MOMENTS = ("moment", "wanted", "sd", "start", "fitted", "fresh start", "fresh fitted", "off / sd", "weight")
PARAMETERS = ("parameter", "start", "fitted", "standard error", "what the facts say of it")


def moment_rows(found: Calibration) -> list[tuple[str, ...]]:
    """The table of numbers, those held out last."""
    ordered = sorted(found.moments, key=lambda row: not row.fitted)
    return [
        (
            row.name,
            *(f"{x:.4g}" for x in (row.wanted, row.sd, row.start, row.fitted_to, row.fresh_start, row.fresh)),
            f"{row.off:+.1f}",
            f"{row.sd**-2:.3g}" if row.fitted else "held out",
        )
        for row in ordered
    ]


def parameter_rows(found: Calibration) -> list[tuple[str, ...]]:
    """The table of parameters: how sure the facts are of each."""
    errors = dict(zip((knob.name for knob in found.fit.knobs), found.fit.errors, strict=True))
    rows: list[tuple[str, ...]] = []
    for knob in found.asked:
        before, after = (getattr(listener, knob.name) for listener in (found.start, found.fit.listener))
        if knob.name in errors:
            se = f"{knob.error(after, errors[knob.name]):.2g}"
            sure = "pinned down" if errors[knob.name] <= PINNED else "known roughly"
            rows.append((knob.name, f"{before:.4g}", f"{after:.4g}", se, sure))
        else:
            rows.append(
                (knob.name, f"{before:.4g}", f"{after:.4g}", "", f"held: {found.fit.held[knob.name]}")
            )
    return rows


def told(found: Calibration) -> list[str]:
    """What to know of the tables, a paragraph each."""
    s = found.fit.singular
    lines = [
        f"{found.fit.how[0].upper()}{found.fit.how[1:]} ({found.trials} trials).",
        "Root mean square distance of fitted numbers, in sd, in fresh worlds:"
        f" {found.distance('fresh_start', True):.2f} at the start, {found.distance('fresh', True):.2f} now.",
    ]
    if np.isfinite(held := found.distance("fresh", False)):
        before = found.distance("fresh_start", False)
        lines.append(f"Of numbers held out: {before:.2f} at the start, {held:.2f} now.")
    if len(s):
        lines.append(
            f"Singular values of the Jacobian, in sd a unit: {s[0]:.3g} to {s[-1]:.3g}. The facts are"
            f" {s[0] / max(s[-1], 1e-9):.3g} times surer of the best told combination of parameters than of"
            " the worst."
        )
    if found.left_out:
        lines.append(f"Not used:\n  {said(found.left_out)}")
    return lines


def printed(found: Calibration) -> list[Table]:
    """The tables for a terminal."""
    return [
        _table(MOMENTS, moment_rows(found), left=1),
        _table(PARAMETERS, parameter_rows(found), left=1, last_left=True),
    ]


def written(found: Calibration, about: Mapping[str, Any], out: Path, folder: Path) -> None:
    """Write the file of listeners, and the report beside the trials.

    Raises:
        UsageError: if a file cannot be written.
    """
    made = {
        "parameters": found.parameters,
        "made_by": dict(about) | {"trials": found.trials, "how": found.fit.how},
        "fit": {
            "parameters": [PARAMETERS, *parameter_rows(found)],
            "moments": [MOMENTS, *moment_rows(found)],
            "singular": [float(f"{x:.4g}") for x in found.fit.singular],
            "left_out": dict(found.left_out),
        },
    }
    text = re.sub(r"\[[^][{}]*\]", lambda row: " ".join(row[0].split()), json.dumps(made, indent=1))
    lines = [
        "# Listeners fitted to facts",
        "",
        f"    {about['command']}",
        "",
        f"{about['worlds']}.",
        "",
        *_markdown(MOMENTS, moment_rows(found)),
        "",
        *_markdown(PARAMETERS, parameter_rows(found)),
        "",
        *(f"{line}\n" for line in told(found)),
    ]
    try:
        write_text(folder / "report.md", "\n".join(lines))
        write_text(out, text + "\n")  # a row of a table is a line
    except OSError as error:
        raise UsageError(f"cannot write {error.filename or out}: {error.strerror or error}") from None


def _differs(name: str, ours: ListenerParams, usual: ListenerParams) -> bool:
    return getattr(ours, name) != getattr(usual, name)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]], left: int, last_left: bool = False) -> Table:
    out = Table(box=None, header_style="bold", pad_edge=False)
    for i, name in enumerate(head):
        to_left = i < left or (last_left and i == len(head) - 1)
        out.add_column(name, justify="left" if to_left else "right", no_wrap=not to_left)
    for row in rows:
        out.add_row(*(cell.replace("[", "\\[") for cell in row))
    return out


def _markdown(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    return [f"| {' | '.join(row)} |" for row in (head, ["---"] * len(head), *rows)]
