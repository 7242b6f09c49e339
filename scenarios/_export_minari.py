"""Sessions as episodes of offline reinforcement learning, in the format of Minari."""

from __future__ import annotations

import os
import re
import shutil
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from gymnasium.spaces import Box, Discrete

from simenv.catalogue import Catalogue
from simenv.errors import UsageError
from simenv.scenarios._export_feedback import decisions
from simenv.types import LEFT, Plays

HISTORY = 4
"""Recent plays that an observation shows one by one, as the Gymnasium faces do."""

_WHERE = "MINARI_DATASETS_PATH"


def library() -> Any:
    """Minari.

    Raises:
        UsageError: if it is not installed.
    """
    try:
        import minari
    except ImportError:
        raise UsageError(
            "--to minari needs the package minari, which is not installed: pip install 'minari[arrow]'"
        ) from None
    return minari


def minari(plays: Plays, catalogue: Catalogue, folder: Path) -> None:
    """The dataset `dataset_id(folder.name)` under the folder, an episode a session, a step a play.

    Observations are those of the Gymnasium faces, (d,) public facts in [-1, 1] before each play; actions are
    tracks; the reward is 1 if the track was finished. An episode is terminated if the listener left after
    its last recommended play, else truncated. Infos hold the propensity, nan where it is unknown.

    Raises:
        UsageError: if nothing was recommended, or Minari is not installed.
    """
    found = decisions(plays, catalogue, HISTORY, by_play=True)
    episode = library().data_collector.EpisodeBuffer
    told = found.plays
    new = np.flatnonzero((np.diff(told.listener, prepend=-1) != 0) | (np.diff(told.session, prepend=-1) != 0))
    episodes = []
    for i, (start, end) in enumerate(zip(new, np.append(new[1:], len(told)), strict=True)):
        last = np.zeros(end - start, bool)
        last[-1] = True
        left = bool(told.has(LEFT)[end - 1])
        episodes.append(
            episode(
                id=i,
                observations=np.concatenate([found.known[start:end], found.after[end - 1 : end]]),
                actions=told.track[start:end].astype(np.int64),
                rewards=found.finished[start:end].astype(np.float64),
                terminations=last & left,
                truncations=last & (not left),
                infos={"propensity": [*told.propensity[start:end].tolist(), float("nan")]},
            )
        )
    name = dataset_id(folder.name)
    shutil.rmtree(folder / name, ignore_errors=True)
    with _datasets_in(folder), warnings.catch_warnings():
        warnings.filterwarnings("ignore", r".*(is set to|is) None", UserWarning)  # what it likes to be told
        library().create_dataset_from_buffers(
            name,
            episodes,
            observation_space=Box(-1, 1, (found.known.shape[1],), np.float32),
            action_space=Discrete(len(catalogue)),
            algorithm_name=folder.name,
            description="Sessions of simulated music listeners with a recommender.",
            data_format="arrow",
        )


def dataset_id(cell: str) -> str:
    """What Minari calls a cell: `simenv/<agent and seed>-v0`, in the characters that it takes."""
    return f"simenv/{re.sub(r'[^A-Za-z0-9_-]+', '-', cell)}-v0"


@contextmanager
def _datasets_in(folder: Path) -> Iterator[None]:
    """Minari reads from its environment where datasets are kept."""
    before = os.environ.get(_WHERE)
    os.environ[_WHERE] = str(folder)
    try:
        yield
    finally:
        os.environ.pop(_WHERE)
        if before is not None:
            os.environ[_WHERE] = before
