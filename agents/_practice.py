"""Policies trained in practice worlds: once a configuration, kept on disk, shared by all who ask."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

from simenv.agents import _learners, _model
from simenv.agents._learners import make_learner, model_of
from simenv.agents._model import Model
from simenv.env import PopulationEnv
from simenv.errors import UsageError
from simenv.rng import Key
from simenv.types import Practice

LUCK = Key.root(0) / "practice"
"""Of what is trained: the same in every world of a scenario, so that all of them share it."""

WORLD = 1_000_001
"""The seed of the world that is practised in: no scenario's."""


def trained(practice: Practice, algorithm: str, steps: int, envs: int, options: Mapping[str, Any]) -> Model:
    """The policy that `algorithm` comes to in `steps` decisions in a practice world.

    It is read from the folder of models if it is there.

    Args:
        practice: makes the population.
        algorithm: its name.
        steps: decisions, of all listeners together.
        envs: listeners at a time.
        options: of the population, beside its own.

    Raises:
        UsageError: if the algorithm cannot learn there, or its library is not installed.
    """
    told = {
        "practice": practice.digest,
        "algorithm": algorithm,
        "steps": steps,
        "envs": envs,
        "options": dict(options),
        "sources": _sources(),
    }

    def make(folder: Path) -> None:
        env = population(practice, num_envs=envs, world=WORLD, **options)
        _model.save(train(env, algorithm, steps), folder)

    return _model.read(once(told, "model.json", make))


def once(told: Mapping[str, Any], file: str, make: Callable[[Path], None]) -> Path:
    """The folder of what was learned as `told`, in which `file` is; `make` fills it where it is not yet.

    One process makes it, and others that want the same wait for it. It appears whole, under its name when all
    is written; where systems cannot lock, whoever came first has won.
    """
    name = hashlib.blake2b(json.dumps(told, sort_keys=True).encode(), digest_size=16).hexdigest()
    folder = models() / name
    with _alone(folder.with_name(f"{name}.lock")):
        if (folder / file).exists():
            return folder
        part = folder.with_name(f".{name}.{uuid.uuid4().hex}")
        try:
            part.mkdir()
            make(part)
            if not (folder / file).exists():
                part.replace(folder)
        except OSError:
            if not (folder / file).exists():
                raise
        finally:
            shutil.rmtree(part, ignore_errors=True)
    return folder


def population(practice: Practice, **options: Any) -> PopulationEnv:
    """What `practice` makes, its observations flat."""
    env = practice(observe="flat", **options)
    if not isinstance(env, PopulationEnv):
        raise UsageError(f"practice made a {type(env).__name__}; expected a PopulationEnv")
    return env


def train(env: PopulationEnv, algorithm: str, steps: int) -> Model:
    """Train in `env`, on one thread of torch, whose number would show in the sums."""
    import torch

    seed = (LUCK / algorithm).seed32()
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with torch.random.fork_rng(devices=[]):
            learner = make_learner(algorithm, env, seed)
            learner.learn(steps)
    finally:
        torch.set_num_threads(threads)
    return model_of(algorithm, learner, env.face, {"steps": int(learner.num_timesteps), "seed": seed})


def models() -> Path:
    """Where practice-trained models are kept: $SIMENV_MODELS, or the user's cache."""
    own = os.environ.get("SIMENV_MODELS")
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "simenv" / "models"
    folder = Path(own) if own else cache
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _sources() -> str:
    """Digest of what says how a policy is trained, and of the libraries that do it."""
    from importlib.metadata import version

    return sources((_learners, _model), *(version(name) for name in ("stable_baselines3", "torch")))


def sources(modules: Iterable[ModuleType], *versions: str) -> str:
    """Digest of what modules say, and of the versions of libraries."""
    hashed = hashlib.blake2b(digest_size=16)
    for module in modules:
        hashed.update(Path(str(module.__file__)).read_bytes())
    for version in versions:
        hashed.update(version.encode())
    return hashed.hexdigest()


@contextlib.contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Within it no other process is within it with the same `path`, where the system can lock files."""
    try:
        import fcntl
    except ImportError:  # the first to finish wins instead
        yield
        return
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
