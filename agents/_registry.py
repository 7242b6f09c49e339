"""Where agents are found: files of this folder, entry points of other distributions, any file by its path."""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import inspect
import sys
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from types import ModuleType
from typing import Any

from simenv.agents._checks import did_you_mean
from simenv.agents.base import Agent
from simenv.errors import UsageError

_GROUP = "simenv.agents"
_HERE = Path(__file__).parent


def available() -> tuple[str, ...]:
    """Names of all agents, sorted: each file of the folder, and what other distributions register."""
    files = {
        path.stem for path in _HERE.glob("*.py") if path.stem != "base" and not path.stem.startswith("_")
    }
    return tuple(sorted(files | set(_registered())))


def class_of(name: str) -> type[Agent]:
    """The class of the agent called `name`; only its own module is imported.

    Raises:
        UsageError: if there is no such agent.
    """
    known = available()
    if name not in known:
        meant = did_you_mean(name, known)
        raise UsageError(f"no agent called {name!r}{meant}\nThere are {', '.join(known)}")
    registered = _registered()
    if name in registered:
        return _agent_class(registered[name].load(), registered[name].value)
    return _only_class(importlib.import_module(f"{_GROUP}.{name}"))


def class_at(reference: str) -> type[Agent]:
    """The class that `path/to/file.py:Class` names, the path being relative to the working directory.

    Raises:
        UsageError: if there is no such file or class, or it is no agent.
    """
    file, _, name = reference.rpartition(":")
    path = Path(file).expanduser()
    if not path.is_file():
        raise UsageError(f"no file {file} (looked in {Path.cwd()})")
    found = vars(_module(path.resolve())).get(name)
    if found is None:
        agents = [n for n, v in vars(_module(path.resolve())).items() if _is_agent(v)]
        raise UsageError(f"no class {name!r} in {file}{did_you_mean(name, agents)}")
    return _agent_class(found, reference)


def name_of(kind: type[Agent]) -> str:
    """What `class_of` or `class_at` finds the class by; the bare name of a class that neither can find."""
    module = kind.__module__
    if module.startswith(f"{_GROUP}."):
        return module.rpartition(".")[2]
    for name, entry in _registered().items():
        if entry.value == f"{module}:{kind.__qualname__}":
            return name
    path = Path(inspect.getsourcefile(kind) or "") if module.startswith("_agent_file_") else None
    if path is None:
        return kind.__name__
    base = Path.cwd()
    return f"{path.relative_to(base) if path.is_relative_to(base) else path}:{kind.__qualname__}"


def _registered() -> dict[str, EntryPoint]:
    return {entry.name: entry for entry in entry_points(group=_GROUP)}


def _module(path: Path) -> ModuleType:
    """The module in a file; a file that has changed is a new module."""
    text = path.read_bytes()
    name = f"_agent_file_{hashlib.blake2b(str(path).encode() + text, digest_size=8).hexdigest()}"
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, path)
        assert spec is not None and spec.loader is not None  # a file that ends in .py has a loader
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module  # dataclasses look their module up
        try:
            spec.loader.exec_module(module)
        except BaseException:
            del sys.modules[name]
            raise
    return sys.modules[name]


def _only_class(module: ModuleType) -> type[Agent]:
    own = [v for v in vars(module).values() if _is_agent(v) and v.__module__ == module.__name__]
    if len(own) != 1:
        raise UsageError(f"{module.__name__} must hold one agent class, it holds {len(own)}")
    return own[0]


def _agent_class(found: Any, where: str) -> type[Agent]:
    if not _is_agent(found):
        raise UsageError(f"{where} is no agent: expected a subclass of simenv.agents.base.Agent")
    return found


def _is_agent(value: Any) -> bool:
    return inspect.isclass(value) and issubclass(value, Agent) and not inspect.isabstract(value)
