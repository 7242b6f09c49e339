"""Agents on disk: a folder of JSON and arrays, without pickle, inner agents in sub-folders."""

from __future__ import annotations

import json
import numbers
import shutil
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from simenv.agents._expressions import expression, parse
from simenv.agents.base import Agent
from simenv.errors import UsageError
from simenv.types import Setting

_SPARSE = ("data", "indices", "indptr", "shape")


def save(agent: Agent, path: Path) -> Path:
    """Write `agent`, after `begin`, to the folder `path`, by way of a temporary name.

    Raises:
        UsageError: if `path` holds something else than a checkpoint.
    """
    if path.exists() and not (path / "agent.json").exists():
        raise UsageError(f"{path} exists and is no checkpoint: choose another folder")
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    shutil.rmtree(part, ignore_errors=True)
    try:
        _write(agent, part)
        shutil.rmtree(path, ignore_errors=True)
        part.replace(path)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return path


def restore(path: Path | str, setting: Setting) -> Agent:
    """The agent saved in the folder `path`, begun in `setting` and as wise as it was.

    Raises:
        UsageError: if there is no checkpoint, or it was fitted to another catalogue or number of listeners.
    """
    path = Path(path)
    about = _about(path)
    if about["catalogue"] != setting.catalogue.digest:
        raise UsageError(
            f"{path} was fitted to the catalogue {about['catalogue']}, not to {setting.catalogue.digest}: "
            "restore it with the catalogue it knows"
        )
    if about["listeners"] != setting.n_listeners:
        raise UsageError(
            f"{path} knows {about['listeners']} listeners, but the setting has {setting.n_listeners}"
        )
    agent = parse(about["agent"])
    agent.begin(setting)
    _read(agent, path)
    return agent


def learned(agent: Agent) -> dict[str, NDArray]:
    """Every attribute whose name ends in an underscore, but the setting: arrays, numbers and sparse matrices.

    Raises:
        TypeError: if one is none of these; such an agent writes `state` and `restore` of its own.
    """
    state: dict[str, NDArray] = {}
    for name, value in vars(agent).items():
        if not name.endswith("_") or name == "setting_":
            continue
        if sparse.issparse(value):
            csr = value.tocsr()
            state |= {f"{name}.{part}": np.asarray(getattr(csr, part)) for part in _SPARSE}
        elif isinstance(value, np.ndarray | numbers.Number):
            state[name] = np.asarray(value)
        else:
            raise TypeError(
                f"{type(agent).__name__}.{name} is a {type(value).__name__}: write state and restore"
            )
    return state


def take_over(agent: Agent, state: dict[str, NDArray]) -> None:
    """Undo `learned`."""
    for name, value in state.items():
        attribute, _, part = name.partition(".")
        if part == _SPARSE[0]:
            data, indices, indptr, shape = (state[f"{attribute}.{p}"] for p in _SPARSE)
            setattr(agent, attribute, sparse.csr_array((data, indices, indptr), shape=tuple(shape)))
        elif not part:
            setattr(agent, attribute, value if value.ndim else value.item())


def agents_in(agent: Agent) -> dict[str, Agent]:
    """The agents that an agent is made of, by the field that holds each."""
    values = {f.name: getattr(agent, f.name) for f in fields(agent)}
    return {name: value for name, value in values.items() if isinstance(value, Agent)}


def _write(agent: Agent, path: Path) -> None:
    path.mkdir()
    setting: Setting = agent.setting_  # type: ignore[attr-defined]
    inner = agents_in(agent)
    values = {f.name: getattr(agent, f.name) for f in fields(agent) if f.name not in inner}
    about = {
        "agent": expression(agent),
        "class": f"{type(agent).__module__}:{type(agent).__qualname__}",
        "fields": {
            name: repr(v) if isinstance(v, float) and not np.isfinite(v) else v for name, v in values.items()
        },
        "catalogue": setting.catalogue.digest,
        "listeners": setting.n_listeners,
    }
    (path / "agent.json").write_text(json.dumps(about, indent=2) + "\n")
    np.savez(path / "state.npz", **agent.state())  # type: ignore[arg-type]
    for name, other in inner.items():
        _write(other, path / name)


def _read(agent: Agent, path: Path) -> None:
    with np.load(path / "state.npz", allow_pickle=False) as state:
        agent.restore(dict(state))
    for name, other in agents_in(agent).items():
        _read(other, path / name)


def _about(path: Path) -> dict[str, Any]:
    try:
        return json.loads((path / "agent.json").read_text())
    except (FileNotFoundError, NotADirectoryError):
        raise UsageError(f"no agent was saved in {path}: there is no agent.json") from None


def _plain(value: Any) -> Any:
    """What JSON can hold: it has no infinity."""
    return value if not isinstance(value, float) or np.isfinite(value) else repr(value)
