"""Policies trained in practice worlds: once a configuration, kept on disk, shared by all who ask."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
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
        env = practice(num_envs=envs, world=WORLD, observe="flat", **options)
        if not isinstance(env, PopulationEnv):
            raise UsageError(f"practice made a {type(env).__name__}; expected a PopulationEnv")
        _model.publish(train(env, algorithm, steps), folder)

    return _model.read(once(told, "model.json", make))


def once(told: Mapping[str, Any], file: str, make: Callable[[Path], None]) -> Path:
    """The folder of what was learned as `told`, in which `file` is; `make` writes it where it is not yet.

    One process makes it, and others that want the same wait for it.
    """
    name = hashlib.blake2b(json.dumps(told, sort_keys=True).encode(), digest_size=16).hexdigest()
    folder = models() / name
    with _alone(folder.with_name(f"{name}.lock")):
        if not (folder / file).exists():
            make(folder)
    return folder


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

    hashed = hashlib.blake2b(digest_size=16)
    for module in (_learners, _model):
        hashed.update(Path(str(module.__file__)).read_bytes())
    for library in ("stable_baselines3", "torch"):
        hashed.update(version(library).encode())
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
