"""What a calibration is asked for, checked, and the worlds that follow from it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated

import tyro

from simenv.errors import UsageError
from simenv.scenarios._arms import arm
from simenv.scenarios._keys import digest, plain, version
from simenv.scenarios._knobs import Knob
from simenv.scenarios._moments import FAMILY
from simenv.scenarios._registry import did_you_mean
from simenv.scenarios._targets import ROWS, Targets
from simenv.scenarios._trial import Setting
from simenv.scenarios.base import Scenario
from simenv.synthetic import Synthetic
from simenv.users.params import ListenerParams

LONGEST = 60
"""Days that trials count at most, unless more are asked for."""
USUAL, BEFORE, PUBLISHED = 45, 30, 60
"""Days that count where the facts do not say; lived before; lived, and known, before published facts."""


@dataclass(frozen=True, kw_only=True)
class Calibrate:
    """Fit the listeners' parameters to facts: those of a log (simenv facts --of LOG --json FACTS.json), to
    published ones in the same form, or to distributions of listening histories.

    Every trial is lived under the same luck. Finished trials are kept: the same command goes on where it
    stopped. What the facts do not pin down stays as it was, and the report says so.
    """

    facts: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="FACTS.json")]
    """The facts."""
    out: Path = Path("listeners.json")
    """File to write; --listeners-from takes it."""
    parameters: tuple[str, ...] = ()
    """Parameters to fit; by default all that facts of listening depend on. An unknown one lists them."""
    hold: tuple[str, ...] = ()
    """Moments to hold out, by name: they are shown beside the fit and not fitted."""
    budget: int = 300
    """Trials at most."""
    listeners: int = 1_000
    """Listeners of a trial."""
    tracks: int = 3_000
    """Tracks of its synthetic catalogue."""
    days: int | None = None
    """Days that count; by default as many as the log's, 60 at most; of published facts 45."""
    history: int | None = None
    """Days before those that the plays include; by default as in the log; of published facts the warm-up."""
    warmup: int | None = None
    """Days that listeners have lived before they count, the history included; by default 30 and the history.
    Of a simulated log that begins on day 0 this is 0 and its history."""
    agent: str = "organic"
    """Who served those whom the facts are of; by default nobody is known to have."""
    share: float = 0.35
    """Share of sessions that the agent serves."""
    seed: int = 0
    """Of the first world."""
    seeds: int = 1
    """Worlds of a trial."""
    slack: float = 0.02
    """Share of each number that is forgiven, as no model is right in all."""
    jobs: int = 2
    """Worlds at a time, each in a process of its own."""
    folder: Path | None = None
    """Where finished trials are kept; by default results/calibrate/ and a digest of what was asked."""
    listeners_from: str | None = None
    """A preset or a file to start from, and to keep what is not fitted from."""
    listener: ListenerParams = field(default_factory=ListenerParams)
    """Where the search starts."""
    synthetic: Synthetic = field(default_factory=Synthetic)
    """The recipe of the synthetic catalogue."""


def check(asked: Calibrate, targets: Targets, knobs: Sequence[Knob]) -> None:
    """Refuse what cannot be done before anything is lived.

    Raises:
        UsageError: on a value out of range, an unknown moment, or a budget that is too small.
    """
    for name in ("budget", "seeds", "jobs"):
        if getattr(asked, name) < 1:
            raise UsageError(f"--{name} {getattr(asked, name)}: expected 1 or more")
    if not (asked.slack >= 0 and math.isfinite(asked.slack)):
        raise UsageError(f"--slack {asked.slack}: expected a share from 0, such as .02")
    for name in ("days", "history", "warmup"):
        value = getattr(asked, name)
        if value is not None and value < (name == "days"):
            raise UsageError(f"--{name} {value}: expected {int(name == 'days')} or more")
    for name in asked.hold:
        if name not in FAMILY:
            raise UsageError(f"--hold {name!r}: there is no such moment{did_you_mean(name, tuple(FAMILY))}")
    if asked.budget < least(knobs):
        raise UsageError(too_small(asked.budget, knobs))
    if not targets.names:
        raise UsageError("nothing is left to fit")


def least(knobs: Sequence[Knob]) -> int:
    """Trials without which nothing is found: start, noise, a step of each to either side, one more."""
    return 2 * len(knobs) + 3


def too_small(budget: int, knobs: Sequence[Knob]) -> str:
    return (
        f"--budget {budget} is too small for {len(knobs)} parameters: {least(knobs)} trials are the least,"
        f" and {6 * len(knobs)} are usual. Or fit fewer, with --parameters"
    )


def setting_of(asked: Calibrate, targets: Targets) -> tuple[Setting, Targets]:
    """What all trials have in common, and the numbers that they can tell.

    Raises:
        UsageError: if sizes are impossible, or nothing is left to fit.
    """
    of_log = targets.about.get("days that count")
    published = targets.form == ROWS and of_log is None
    days = asked.days or (USUAL if of_log is None else min(round(of_log), LONGEST))
    known = PUBLISHED if published else targets.about.get("days of history", 0)
    history = round(known) if asked.history is None else asked.history
    warmup = asked.warmup if asked.warmup is not None else history if published else BEFORE + history
    if history > warmup:
        raise UsageError(f"--warmup {warmup} is less than the history of {history} days that it includes")
    left_out, rows = dict(targets.left_out), []
    for row in targets.rows:
        family = FAMILY[row.name]
        spans = {"history": history + days, "window": days}
        if any(spans[name] < needed for name, needed in family.days.items()):
            left_out[row.name] = f"trials of {history} + {days} days are too short"
        elif family.grows and of_log and abs(of_log - days) > 0.1 * days:
            left_out[row.name] = (
                f"it grows with the days that count: {of_log:g} in the log, {days} in a trial"
            )
        else:
            rows.append(replace(row, held=row.held or row.name in asked.hold))
    if all(row.held for row in rows):
        raise UsageError("no number is left to fit; more --days may help")
    scenario = Scenario(
        question="What do listeners do?",
        primary="minutes",
        listeners=asked.listeners,
        tracks=asked.tracks,
        warmup=warmup,
        days=days,
        share=asked.share,
        listener=asked.listener,
        synthetic=asked.synthetic,
    )
    numbered = bool(targets.about.get("sessions are numbered", 1.0))
    setting = Setting(scenario, arm(asked.agent), history, numbered, tuple(row.name for row in rows))
    return setting, replace(targets, rows=tuple(rows), left_out=left_out)


def worlds(setting: Setting) -> str:
    """The worlds of trials in words."""
    s = setting.scenario
    served = (
        "nobody recommends"
        if setting.arm.name == "organic"
        else f"{s.share:.0%} of sessions by {setting.arm.name}"
    )
    told = "number" if setting.numbered else "silence"
    return (
        f"{s.listeners:,} listeners, {s.tracks:,} tracks, {s.days} days after {s.warmup} of which the last"
        f" {setting.history} are history, {served}, sessions told apart by {told}"
    )


def probe(out: Path) -> None:
    """Find out whether the result can be written.

    Raises:
        UsageError: if not.
    """
    if out.is_dir():
        raise UsageError(f"--out {out} is a folder: name a file")
    part = out.with_name(out.name + ".part")
    try:
        part.write_text("")
        part.unlink()
    except OSError as error:
        raise UsageError(f"cannot write {out}: {error.strerror or error}. Name another with --out") from None


def folder_of(asked: Calibrate, setting: Setting) -> Path:
    """Where trials are kept, made if need be: trials of other worlds may share it.

    Raises:
        UsageError: if it cannot be made.
    """
    about = [plain(setting.scenario), setting.arm.name, setting.history, setting.numbered, version()]
    folder = asked.folder or Path("results") / "calibrate" / digest(about)[:10]
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(
            f"cannot write to {folder}: {error.strerror or error}. Name another with --folder"
        ) from None
    return folder
