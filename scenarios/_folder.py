"""A run's folder: what is in it, who may write to it, and what it takes to make it again."""

from __future__ import annotations

import importlib
import importlib.metadata
import json
import platform
import re
import shlex
import subprocess
from collections.abc import Collection, Sequence
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from simenv.catalogue import Catalogue
from simenv.errors import UsageError
from simenv.scenarios import _cell, _registry
from simenv.scenarios._cell import Cell, Outcome
from simenv.scenarios._keys import digest, plain, version
from simenv.scenarios.base import Scenario
from simenv.synthetic import Synthetic
from simenv.users.params import ListenerParams

if TYPE_CHECKING:
    from simenv.scenarios._runner import Plan

_LIBRARIES = ("numpy", "numba", "scipy", "implicit", "pandas", "pyarrow", "joblib", "gymnasium")


def prepare(out: Path, plan: Plan, cells: Sequence[Cell]) -> None:
    """Make the folder of a run and say in its run.json what will be in it.

    Raises:
        UsageError: if it cannot be written to, or holds something else or cells of another run.
    """
    claim(out, {cell.key for cell in cells})
    try:
        write_run(out, plan, cells)
        if plan.catalogue is not None:
            _write_names(plan.catalogue, out / "tracks.parquet")
    except OSError as error:
        raise _unwritable(out, error) from None


def claim(out: Path, keys: Collection[str]) -> None:
    """Make the folder of a run that may hold the cells with these keys and no others.

    Raises:
        UsageError: if it cannot be written to, or holds something else or cells of another run.
    """
    if out.exists() and not out.is_dir():
        raise UsageError(f"--out {out} is a file: name a folder")
    if out.is_dir() and any(out.iterdir()) and not (out / "run.json").exists():
        raise UsageError(f"{out} holds files that are no run: name another folder with --out")
    for about in _cells(out):
        if about["key"] not in keys:
            raise UsageError(
                f"{out} holds cells of another run ({about['agent']}, seed {about['seed']}): other "
                "parameters, other sources, or an agent or seed that is not asked for now.\n"
                "Name another folder with --out, or delete this one"
            )
    try:
        (out / "cells").mkdir(parents=True, exist_ok=True)
        probe = out / "cells" / ".probe"
        probe.write_text("x" * 4096)
        probe.unlink()
    except OSError as error:
        raise _unwritable(out, error) from None


def cell_folder(who: str, seed: int) -> str:
    """The folder of a cell: readable, and different for different agents and worlds."""
    plain = re.sub(r"[^A-Za-z0-9_=.-]+", "-", who).strip("-.")[:60]
    return f"{plain}-{seed}" if plain == who else f"{plain}-{digest(who)[:6]}-{seed}"


def outcomes(out: Path, keys: Collection[str], keep: Sequence[str] = ()) -> list[Outcome]:
    """Outcomes of the cells with these keys that are in the folder, whole, with all that is to be kept."""
    found = []
    for folder in sorted((out / "cells").glob("*/")):
        kept = all((folder / {"log": "log.parquet", "agent": "agent"}[word]).exists() for word in keep)
        try:
            outcome = _cell.read(folder)
        except (OSError, ValueError, KeyError, TypeError):  # damaged: it is run again
            continue
        if kept and outcome.key in keys:
            found.append(outcome)
    return found


def write_run(out: Path, plan: Plan, cells: Sequence[Cell]) -> None:
    """Write run.json: every parameter of every part, versions, commit, the command that makes it again."""
    about = {
        "name": plan.name,
        "command": command(plan),
        "scenario": plain(plan.scenario),
        "agents": {arm.name: plain(arm.make()) for arm in plan.arms},
        "skipped": dict(plan.skipped),
        "catalogue": plan.table,
        "cells": {f"{cell.arm.name} {cell.seed}": cell.key for cell in cells},
        "version": version(),
        "commit": commit(),
        "written": datetime.now(UTC).isoformat(timespec="seconds"),
        "python": platform.python_version(),
        "machine": f"{platform.system()} {platform.machine()}",
        "libraries": {name: importlib.metadata.version(name) for name in _LIBRARIES},
    }
    part = out / "run.json.part"
    part.write_text(json.dumps(about, indent=2) + "\n")
    part.replace(out / "run.json")


def read_run(out: Path) -> dict[str, Any]:
    """What run.json says.

    Raises:
        UsageError: if there is none, or it is not whole.
    """
    try:
        return json.loads((out / "run.json").read_text())
    except (FileNotFoundError, NotADirectoryError):
        raise UsageError(f"{out} holds no run: there is no run.json in it") from None
    except ValueError:
        raise UsageError(f"{out}/run.json is damaged: run the scenario again") from None


def scenario_of(told: dict[str, Any]) -> Scenario:
    """The scenario that `plain` told.

    Raises:
        UsageError: if another version told it.
    """
    told = dict(told)
    metrics = [name.split(":") for name in told["metrics"]]
    try:
        told["metrics"] = tuple(getattr(importlib.import_module(module), kind) for module, kind in metrics)
        told["catalogue"] = Path(told["catalogue"]) if told["catalogue"] else None
        told["cooldown"] = float(told["cooldown"])
        told["listener"] = ListenerParams(**told["listener"])
        told["synthetic"] = Synthetic(**_tuples(told["synthetic"]))
        return Scenario(**_tuples(told))
    except (TypeError, AttributeError, ImportError):
        raise UsageError("the run was written by another version of simenv: run the scenario again") from None


def command(plan: Plan) -> str:
    """The command line that makes the run again, from the folder it was started in.

    An agent that was made in a program is named, but no command line can make it.
    """
    words = ["simenv", "run", plan.name, "--agents", *plan.scenario.agents]
    usual = _registry.load(plan.name)
    for f in fields(Scenario):
        value, default = getattr(plan.scenario, f.name), getattr(usual, f.name)
        if f.name in ("question", "metrics", "agents") or value == default:
            continue
        if f.name == "tracks" and plan.scenario.catalogue:
            continue
        words += _options(f"--{f.name.replace('_', '-')}", value, default)
    return shlex.join(words)


def commit() -> str:
    """The commit of the sources; "unknown" outside a checkout, with "+" if they have been changed since."""
    here = Path(__file__).parent
    try:
        said = [
            subprocess.run(["git", *words], cwd=here, capture_output=True, text=True, timeout=10, check=True)
            for words in (["rev-parse", "HEAD"], ["status", "--porcelain", "."], ["ls-files", __file__])
        ]
    except (OSError, subprocess.SubprocessError):
        return "unknown"
    head, changed, tracked = (s.stdout.strip() for s in said)
    return (head + "+" * bool(changed)) if tracked else "unknown"


def _unwritable(out: Path, error: OSError) -> UsageError:
    why = error.strerror or error
    return UsageError(f"cannot write to {out}: {why}. Name another folder with --out")


def _options(name: str, value: Any, default: Any) -> list[str]:
    """The words that set one field; of a part, only what differs from its default."""
    if is_dataclass(value):
        return [
            word
            for f in fields(value)
            if getattr(value, f.name) != getattr(default, f.name)
            for word in _options(f"{name}.{f.name.replace('_', '-')}", getattr(value, f.name), None)
        ]
    return [name, *(map(str, value) if isinstance(value, tuple) else [str(value)])]


def _cells(out: Path) -> list[dict[str, Any]]:
    """What the cells in a folder say of themselves; damaged ones are passed over."""
    found = []
    for path in sorted(out.glob("cells/*/cell.json")):
        try:
            found.append(json.loads(path.read_text()))
        except (OSError, ValueError):
            continue
    return [about for about in found if {"key", "agent", "seed"} <= set(about)]


def _write_names(catalogue: Catalogue, path: Path) -> None:
    names = catalogue.names
    if not len(names.tracks):
        return
    artists = [names.artist(int(a)) for a in catalogue.artist]
    pq.write_table(pa.table({"title": list(names.tracks), "artist": artists}), path)


def _tuples(told: dict[str, Any]) -> dict[str, Any]:
    return {key: tuple(v) if isinstance(v, list) else v for key, v in told.items()}
