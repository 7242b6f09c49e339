"""Trials of a calibration: worlds lived with other parameters under the same luck, each kept on disk."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path

import numpy as np
from joblib import Parallel, delayed
from joblib.externals.loky.process_executor import TerminatedWorkerError

from simenv.errors import UsageError
from simenv.scenarios import _fact_list, _listening, _measures, _moments
from simenv.scenarios._arms import Arm
from simenv.scenarios._cell import one_thread
from simenv.scenarios._keys import cell_key, digest, file_digest
from simenv.scenarios._listening import Listening
from simenv.scenarios._loop import live
from simenv.scenarios._moments import measured
from simenv.scenarios._results import write_text
from simenv.scenarios.base import Scenario
from simenv.types import F64
from simenv.users.params import ListenerParams


class Spent(Exception):
    """The budget of trials is spent."""


@dataclass(frozen=True)
class Setting:
    """What every trial has in common.

    Args:
        scenario: the worlds; the last days of its warm-up are the plays' history.
        arm: who serves after the warm-up.
        history: days before those that count which the plays include.
        numbered: whether sessions are told apart by number, else by silence, as in the log to be met.
        names: of the moments.
    """

    scenario: Scenario
    arm: Arm
    history: int
    numbered: bool
    names: tuple[str, ...]

    def key(self, listener: ListenerParams, seed: int) -> str:
        """Who has the same key has the same moments: parameters, sizes, sources."""
        told = [self.history, self.numbered, sorted(self.names), _sources()]
        return digest([cell_key(replace(self.scenario, listener=listener), self.arm, seed), told])

    def plays(self, listener: ListenerParams, seed: int) -> Listening:
        """What is heard in one world."""
        scenario = replace(self.scenario, listener=listener)
        with one_thread():
            world = scenario.world(seed)
            world.warm_up(scenario.warmup)
            surface = world.setting(scenario.slate_size, scenario.cooldown)
            agent = self.arm.begin(world, surface)
            for _ in live(world, agent, surface, scenario.days):
                pass  # what is measured is in the log
        assert world.log is not None, "a scenario keeps every play"
        gone: F64 = world.truth.columns["gone"]
        plays = Listening.of_log(world.log, world.catalogue, world.truth.tracks, gone, scenario.warmup)
        begun = scenario.warmup - self.history
        if begun > 0:  # what no log of these days would show
            plays = plays.only(plays.events.time[plays.starts] >= begun)
        if not self.numbered:
            plays = Listening.of(replace(plays.events, session=None), self.history, plays.gone)
        if not plays.late.any():
            raise UsageError("no session of a trial counts: give trials more --listeners or --days")
        return plays


@dataclass
class Trials:
    """Moments by parameters, from disk where a trial was finished before.

    Args:
        setting: of all trials.
        folder: a file a world.
        jobs: worlds at a time, each in a process of its own.
        seeds: worlds of a trial; its moments are their means.
        budget: trials in all, those found on disk included, so that a fit begun anew takes the same path.
        tell: called after each batch with the number of trials so far and its moments (l, s, M).
    """

    setting: Setting
    folder: Path
    jobs: int
    seeds: tuple[int, ...]
    budget: int
    tell: Callable[[int, F64], None] = lambda used, moments: None
    used: int = 0
    lived: int = 0
    asked: set[str] = field(default_factory=set)

    def moments(self, listeners: Sequence[ListenerParams], seeds: Sequence[int] = ()) -> F64:
        """(l, s, M) moments of listeners in worlds, nan where one cannot tell; `seeds` as in all trials.

        Raises:
            Spent: if more trials are asked for than the budget has left.
            UsageError: if a world's process died.
        """
        seeds = tuple(seeds) or self.seeds
        keys = [[self.setting.key(listener, seed) for seed in seeds] for listener in listeners]
        fresh = {digest(row) for row in keys} - self.asked
        if self.used + len(fresh) > self.budget:
            raise Spent
        todo = [
            (listener, seed, self.folder / f"{key}.json")
            for listener, row in zip(listeners, keys, strict=True)
            for seed, key in zip(seeds, row, strict=True)
            if _read(self.folder / f"{key}.json") is None
        ]
        todo = list({path: (listener, seed, path) for listener, seed, path in todo}.values())
        self._live(todo)
        self.asked |= fresh
        self.used += len(fresh)
        self.lived += len(todo)
        found = [[_read(self.folder / f"{key}.json") or {} for key in row] for row in keys]
        names = self.setting.names
        moments = np.array([[[w.get(name, np.nan) for name in names] for w in row] for row in found])
        self.tell(self.used, moments)
        return moments

    def _live(self, todo: Sequence[tuple[ListenerParams, int, Path]]) -> None:
        try:
            if self.jobs == 1 or len(todo) < 2:
                for one in todo:
                    live_and_keep(self.setting, *one)
            else:
                Parallel(n_jobs=self.jobs, batch_size=1)(
                    delayed(live_and_keep)(self.setting, *one) for one in todo
                )
        except TerminatedWorkerError:
            raise UsageError(
                "a trial's process died; if memory ran out, use fewer --jobs or --listeners. Finished trials"
                f" are kept in {self.folder}"
            ) from None
        except OSError as error:
            raise UsageError(
                f"cannot keep a trial in {self.folder}: {error.strerror or error}. Finished ones are there"
            ) from None


def live_and_keep(setting: Setting, listener: ListenerParams, seed: int, path: Path) -> None:
    """Live through one world and write its moments to a file, which is there whole or not at all."""
    found = measured(setting.plays(listener, seed), setting.names)
    write_text(path, json.dumps(found, indent=1) + "\n")


@cache
def _sources() -> list[str]:
    """Of what measures moments, as it was when it was loaded."""
    return [file_digest(Path(str(m.__file__))) for m in (_moments, _listening, _measures, _fact_list)]


def _read(path: Path) -> dict[str, float] | None:
    """The moments in a file; None if it is not there, or damaged."""
    try:
        found = json.loads(path.read_text())
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None
