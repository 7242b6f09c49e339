"""Listeners with hidden tastes, recommenders of every kind, and what becomes of both.

    import simenv

    world = simenv.make_world(listeners=10_000, tracks=20_000, seed=7)
    agent = simenv.load("als", factors=64)
    result = simenv.run("filter_bubble", agents=["random", "als"], days=10, seeds=2)
    result.plot("topics10")

Importing this imports nothing heavy: every name is fetched when it is first used.
"""

from __future__ import annotations

import importlib
import importlib.metadata
from typing import Any

import gymnasium

__version__ = importlib.metadata.version("simenv-music")

_NAMES = {
    "make_world": "simenv.scenarios.build",
    "run": "simenv.scenarios._runner",
    "load": "simenv.agents",
    "restore": "simenv.agents",
    "available": "simenv.agents",
    "load_listeners": "simenv.users.presets",
}
"""Where each name that this module offers is made; as text, for simenv/ imports none of the other folders."""

__all__ = ["__version__", "available", "load", "load_listeners", "make_world", "restore", "run"]


def __getattr__(name: str) -> Any:
    if name not in _NAMES:
        raise AttributeError(f"module 'simenv' has no attribute {name!r}; it has {', '.join(_NAMES)}")
    value = getattr(importlib.import_module(_NAMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_NAMES})


_PRESETS: dict[str, dict[str, object]] = {
    "simenv/Listener-v0": {},  # one of eight candidates: Discrete
    "simenv/ListenerBlend-v0": {"actions": "blend"},  # weigh what makes a candidate good: Box
    "simenv/Radio-v0": {
        "candidates": 20,
        "cooldown": 1.0,
        "reward": "minutes",
    },  # nothing twice a day: Discrete
    "simenv/Shelf-v0": {
        "slate_size": 10,
        "candidates": 40,
        "response": "shelf",
    },  # ten of forty: MultiDiscrete
    "simenv/HookAndDepth-v0": {},  # please now or satisfy: Discrete, and the optimum is known
}
"""Registered environments, as presets of the arguments of `simenv.scenarios.build.listener_env`."""

_MAKERS = {
    "simenv/HookAndDepth-v0": (
        "_hook_and_depth:hook_and_depth_env",
        "_hook_and_depth:hook_and_depth_population",
    )
}
"""Who makes one listener and a population, where it is not `simenv.scenarios.build`."""

for _id, _arguments in _PRESETS.items():
    if _id not in gymnasium.registry:
        _one, _many = _MAKERS.get(_id, ("build:listener_env", "build:population_env"))
        gymnasium.register(
            _id,
            entry_point=f"simenv.scenarios.{_one}",
            vector_entry_point=f"simenv.scenarios.{_many}",
            kwargs=_arguments,
        )
