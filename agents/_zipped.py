"""Models that Stable-Baselines3 itself has saved: pickles, for those who trust them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from gymnasium import spaces

from simenv.agents._learners import class_of, learner_called, model_of
from simenv.agents._model import Model
from simenv.errors import UsageError
from simenv.face import Face
from simenv.observe import MATCH, MEMORY, Observer
from simenv.types import Setting


def read_zip(path: Path, algorithm: str, setting: Setting) -> Model:
    """The policy in a .zip of Stable-Baselines3, as agents serve it.

    A .zip does not say which face it was trained in: the one is taken whose observations are as wide.

    Raises:
        UsageError: if it cannot be read, or there is no such face.
    """
    if not path.is_file():
        raise UsageError(f"no file {path} (looked in {Path.cwd()})")
    try:
        trained = class_of(learner_called(algorithm)).load(path, device="cpu")
    except UsageError:
        raise
    except Exception as error:  # whatever is wrong with a pickle
        raise UsageError(f"{path} cannot be read as a model of {algorithm}: {error}") from None
    return model_of(algorithm, trained, _face(trained, setting, path))


def _face(trained: Any, setting: Setting, path: Path) -> Face:
    seen, acts = trained.observation_space, trained.action_space
    if not isinstance(seen, spaces.Box) or len(seen.shape) != 1:
        raise UsageError(f"{path} reads {seen}: serve a model that was trained with observe=flat")
    f = Observer(setting, 0).features.shape[1]
    actions = "candidates"
    counts = range(1, 257)
    slots = 1
    if isinstance(acts, spaces.Discrete):
        counts = range(int(acts.n), int(acts.n) + 1)
    elif isinstance(acts, spaces.MultiDiscrete):
        counts, slots = range(int(acts.nvec[0]), int(acts.nvec[0]) + 1), len(acts.nvec)
    else:
        actions = "blend" if acts.shape == (len(MATCH),) else "query"
    for history in (4, *range(MEMORY + 1)):
        own = Observer(setting, history)
        for c in counts:
            if own.width(c) == seen.shape[0]:
                return Face(slots, actions=actions, candidates=c, history=history, observe="flat")
    raise UsageError(
        f"{path} reads {seen.shape[0]} numbers, which no face shows of tracks with {f} features: "
        "it was trained on a catalogue with other features"
    )
