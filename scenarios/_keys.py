"""What a result depends on, as plain data and as a hash: who has the same key has the same numbers."""

from __future__ import annotations

import hashlib
import importlib.metadata
import inspect
import json
import math
from collections.abc import Iterable
from dataclasses import fields, is_dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from simenv.agents.base import Agent
from simenv.scenarios._arms import Arm, arm
from simenv.scenarios.base import Scenario
from simenv.scenarios.metrics.base import Metric

_ROOT = Path(__file__).parent
_CELL = ("_loop", "_cell", "_arms", "oracle", "base", "build")
"""Modules of this folder that run in a cell of an experiment."""
_TOLD = {"question", "primary", "shown", "agents", "seeds", "catalogue"}
"""Fields of a scenario that change no cell: how it is told, which cells there are, where the table lies."""


def plain(value: Any) -> Any:
    """`value` as what JSON can hold; dataclasses field by field, infinity as text.

    >>> plain((1.5, float("inf"), Path("a/b")))
    [1.5, 'inf', 'a/b']
    """
    if is_dataclass(value) and not isinstance(value, type):
        parts = {f.name: plain(getattr(value, f.name)) for f in fields(value)}
        return {"class": _name(type(value))} | parts if isinstance(value, Agent) else parts
    if isinstance(value, type):
        return _name(value)
    if isinstance(value, dict):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, tuple | list | frozenset | set):
        return [plain(v) for v in value]
    if isinstance(value, float) and not math.isfinite(value):
        return repr(value)
    if isinstance(value, np.generic):
        return plain(value.item())
    return value if value is None or isinstance(value, str | int | float) else str(value)


def digest(value: Any) -> str:
    """32 hexadecimal digits of plain data."""
    text = json.dumps(plain(value), sort_keys=True)
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def cell_key(scenario: Scenario, served_by: Arm, seed: int, table: str = "") -> str:
    """The key of one cell: every parameter, the version and the sources that run.

    Args:
        scenario: resolved.
        served_by: who serves.
        seed: of the world.
        table: the digest of the catalogue's file, if there is one.
    """
    told = plain(scenario)
    logger = agent_parts(arm(scenario.logged_by).make()) if scenario.logged_by else {}
    return digest(
        {
            "version": version(),
            "sources": package_sources(_CELL),
            "scenario": {name: value for name, value in told.items() if name not in _TOLD},
            "metrics": [plain(metric()) for metric in scenario.metrics],
            "metric_sources": [_read_by(metric) for metric in scenario.metrics],
            "catalogue": table,
            "logged_by": logger,
            **agent_parts(served_by.make()),
            "seed": seed,
        }
    )


def agent_parts(agent: Agent) -> dict[str, Any]:
    """What an agent's numbers depend on: its parameters, its sources and the files that it reads."""
    sources = [_source(kind) for kind in sorted(_classes(agent), key=_name)]
    files = [file_digest(path) for path in _files(agent) if path.is_file()]
    return {"agent": plain(agent), "agent_sources": sources} | ({"agent_files": files} if files else {})


@cache
def version() -> str:
    """Of this package."""
    return importlib.metadata.version("simenv-music")


def file_digest(path: Path) -> str:
    """32 hexadecimal digits of a file's content."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16)).hexdigest()


@cache
def package_sources(own: tuple[str, ...]) -> str:
    """Digest of all sources that agents run on, and of the modules `own` of this folder."""
    import simenv.agents.base
    import simenv.floats
    import simenv.users.params

    agents = Path(inspect.getfile(simenv.agents.base)).parent
    world = [Path(inspect.getfile(m)).parent for m in (simenv.floats, simenv.users.params)]
    cell = [_ROOT / f"{name}.py" for name in own]
    return _digest_of(
        [
            *(path for folder in world for path in folder.glob("*.py")),
            *(agents / "base.py", *agents.glob("_*.py")),
            *(*cell, *(_ROOT / "metrics").glob("*.py")),
        ]
    )


def _digest_of(paths: Iterable[Path]) -> str:
    hashed = hashlib.blake2b(digest_size=16)
    for path in sorted(paths):
        hashed.update(path.name.encode() + path.read_bytes())
    return hashed.hexdigest()


def _classes(agent: Agent) -> set[type]:
    """The classes of an agent and of those inside it, their ancestors included."""
    inner = [getattr(agent, f.name) for f in fields(agent)]
    found = {kind for kind in type(agent).__mro__ if issubclass(kind, Agent) and kind is not Agent}
    return found.union(*(_classes(other) for other in inner if isinstance(other, Agent)))


def _files(agent: Agent) -> list[Path]:
    """What an agent and those inside it read."""
    inner = [getattr(agent, f.name) for f in fields(agent)]
    own = [path for other in inner if isinstance(other, Agent) for path in _files(other)]
    return [*agent.files, *own]


def _source(kind: type) -> str:
    """The text of the file that defines a class; of a notebook's class, its own text; else its name."""
    if kind.__module__ != "__main__":
        path = inspect.getsourcefile(kind)
        if path and Path(path).exists():
            return _digest_of([Path(path)])
    try:
        return inspect.getsource(kind)
    except (OSError, TypeError):  # typed into a console: nothing better is known
        return _name(kind)


def _read_by(metric: type[Metric]) -> list[str]:
    """Digests of the files that a metric's values follow from."""
    return [_source(metric), *(_digest_of([Path(inspect.getfile(module))]) for module in metric.reads)]


def _name(kind: type) -> str:
    return f"{kind.__module__}:{kind.__qualname__}"
