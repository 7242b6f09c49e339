"""Agents on a log: fitted to one part, asked by the listeners of the other, each a cell that is kept."""

from __future__ import annotations

import json
import time
import traceback
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from simenv.catalogue import Catalogue
from simenv.errors import UsageError
from simenv.heard import Heard
from simenv.scenarios._arms import Arm
from simenv.scenarios._cell import one_thread
from simenv.scenarios._evaluate_split import Seen, Split
from simenv.scenarios._folder import cell_folder
from simenv.scenarios._keys import agent_parts, digest
from simenv.scenarios._results import Failure
from simenv.types import I32, Setting


@dataclass(frozen=True)
class Task:
    """One agent, one seed, one rule for what was played before."""

    arm: Arm
    seed: int
    seen: Seen

    @property
    def words(self) -> str:
        """What it is called."""
        return (
            f"{self.arm.name}, seed {self.seed}, seen tracks {'dropped' if self.seen == 'drop' else 'kept'}"
        )

    def key(self, shared: str) -> str:
        """Of all that its numbers depend on; `shared` is the digest of what all tasks have in common."""
        return digest([shared, agent_parts(self.arm.make()), self.seed, self.seen])

    def file(self, out: Path) -> Path:
        """Where its lists are kept."""
        return out / "cells" / f"{cell_folder(self.arm.name, self.seed)}-{self.seen}.npz"


@dataclass(frozen=True)
class Lists:
    """What an agent recommends to each listener who is tested.

    Args:
        task: who, and how.
        tracks: (m, k) best first.
        fit_seconds: that learning took.
        recommend_seconds: that all lists took.
    """

    task: Task
    tracks: I32
    fit_seconds: float
    recommend_seconds: float


def setting_of(split: Split, catalogue: Catalogue, size: int, seed: int, seen: Seen) -> Setting:
    """What an agent is told: with "drop" only new music may be shown, as the platform remembers it."""
    setting = Setting.of_log(split.train, catalogue, size, seed)
    if seen == "keep":
        return setting
    plays = split.train.plays()
    heard = Heard(setting.n_listeners, len(catalogue), ring=0, any_play=True, known=False)
    heard.add(plays.listener, plays.track, plays.time, plays.seconds)
    return replace(setting, cooldown=np.inf, heard=heard)


def served(task: Task, split: Split, catalogue: Catalogue, size: int) -> Lists:
    """Fit the agent to what it may learn from and ask it for lists of `size` tracks."""
    request = split.request(task.seen)
    agent = task.arm.make()
    with one_thread():
        begun = time.perf_counter()
        agent.begin(setting_of(split, catalogue, size, task.seed, task.seen))
        agent.fit(split.train)
        fitted = time.perf_counter()
        agent.recommend(request.rows(slice(0, 1)))  # loads compiled code, which is nobody's time
        asked = time.perf_counter()
        tracks = agent.recommend(request).tracks
        return Lists(task, tracks, fitted - begun, time.perf_counter() - asked)


def all_served(
    tasks: Sequence[Task], split: Split, catalogue: Catalogue, size: int, out: Path, shared: str
) -> Iterator[tuple[Task, Lists | Failure, bool]]:
    """Each task with its lists or why it has none, and whether they were there already."""
    for task in tasks:
        path, key = task.file(out), task.key(shared)
        kept = _read(path, key, task)
        if kept is not None:
            yield task, kept, True
            continue
        try:
            lists = served(task, split, catalogue, size)
        except Exception as error:  # whatever an agent does costs its own cell only
            user = isinstance(error, UsageError)
            why = str(error) if user else f"{type(error).__name__}: {error}"
            yield task, Failure(task.arm.name, task.seed, why, traceback.format_exc()), False
            continue
        _write(lists, path, key)
        yield task, lists, False


def _write(lists: Lists, path: Path, key: str) -> None:
    about = {"key": key, "fit": lists.fit_seconds, "recommend": lists.recommend_seconds}
    part = path.with_suffix(".part")
    try:
        with part.open("wb") as file:
            np.savez_compressed(file, tracks=lists.tracks, about=np.array(json.dumps(about)))
        part.replace(path)
    except OSError as error:
        raise UsageError(f"cannot write {path}: {error.strerror or error}") from None
    finally:
        part.unlink(missing_ok=True)


def _read(path: Path, key: str, task: Task) -> Lists | None:
    """The lists that `_write` wrote, unless they are others or damaged."""
    try:
        with path.open("rb") as opened, np.load(opened) as file:
            about, tracks = json.loads(str(file["about"])), file["tracks"]
        return Lists(task, tracks, about["fit"], about["recommend"]) if about["key"] == key else None
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return None
