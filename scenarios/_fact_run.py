"""Worlds to compute facts from: served by an agent, left alone, and in the mode of long sessions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from joblib import Parallel, delayed

from simenv.scenarios import _measures as measures
from simenv.scenarios._arms import Arm
from simenv.scenarios._cell import one_thread
from simenv.scenarios._fact_list import FACTS
from simenv.scenarios._fact_probe import exposure_curve
from simenv.scenarios._listening import Listening
from simenv.scenarios._loop import live
from simenv.scenarios._measures import Measured
from simenv.scenarios.base import Scenario
from simenv.types import F64
from simenv.users.presets import preset
from simenv.world import World

LONG_DAYS = 30
"""Days that the mode of long sessions is lived for, the warm-up aside."""
PROBED = 60
"""Plays of the forced-exposure probe."""


@dataclass(frozen=True)
class Task:
    """One world to live through."""

    scenario: Scenario
    arm: Arm
    seed: int
    facts: tuple[int, ...]  # by number
    long: bool = False  # the mode of long sessions, for fact 2 alone

    @property
    def words(self) -> str:
        """What it is, for who waits."""
        return f"{'mssd2018 mode' if self.long else self.arm.name}, seed {self.seed}"


@dataclass(frozen=True)
class Found:
    """What one world gave: measurements by fact, and why others are missing."""

    task: Task
    measured: dict[int, Measured]
    short: dict[int, str]
    plays: int


def tasks(scenario: Scenario, arm: Arm, seeds: Sequence[int], facts: Sequence[int]) -> list[Task]:
    """All worlds that have to be lived through for these facts, by number."""
    wanted = [(arm, False), (Arm("organic"), False)] if set(facts) - {2} else []
    wanted += [(Arm("organic"), True)] if 2 in facts else []
    return [Task(scenario, who, seed, tuple(facts), long) for who, long in wanted for seed in seeds]


def lived(todo: Sequence[Task], jobs: int) -> Iterator[Found]:
    """Live through worlds, `jobs` at a time, each in a process of its own; in the order they finish."""
    if jobs == 1 or len(todo) < 2:
        yield from map(find, todo)
        return
    yield from Parallel(n_jobs=jobs, return_as="generator_unordered", batch_size=1)(
        delayed(find)(task) for task in todo
    )


def find(task: Task) -> Found:
    """Live through one world and measure its facts."""
    if task.long:
        return _find_long(task)
    world = lived_world(task.scenario, task.arm, task.seed)
    plays = listening(world, task.scenario.warmup)
    measured, short = measure(plays, task.facts)
    if 8 in task.facts:
        measured[8] = measures.exposed(exposure_curve(task.scenario.listener, PROBED))
    return Found(task, measured, short, len(plays))


def measure(plays: Listening, numbers: Sequence[int]) -> tuple[dict[int, Measured], dict[int, str]]:
    """Measure the facts of these numbers where the plays can tell; what is too short, with the reason."""
    measured, short = {}, {}
    for fact in FACTS:
        if fact.number not in numbers or fact.measure is None or fact.missing(plays.offers):
            continue
        measured[fact.number] = fact.measure(plays)
        if reason := plays.short_of(fact.days):
            short[fact.number] = reason
    return measured, short


def listening(world: World, since: float) -> Listening:
    """All plays of `world`; those before day `since` are history."""
    assert world.log is not None, "facts need every play"
    gone: F64 = world.truth.columns["gone"]
    return Listening.of_log(world.log, world.catalogue, world.truth.tracks, gone, since)


def _find_long(task: Task) -> Found:
    impatient = preset("mssd2018", over=task.scenario.listener)
    scenario = replace(task.scenario, listener=impatient, days=min(task.scenario.days, LONG_DAYS))
    plays = listening(lived_world(scenario, task.arm, task.seed), scenario.warmup)
    return Found(task, {2: measures.long_sessions(plays)}, {}, len(plays))


def lived_world(scenario: Scenario, arm: Arm, seed: int) -> World:
    """The world of a scenario on its last day, `arm` having served."""
    with one_thread():
        world = scenario.world(seed)
        world.warm_up(scenario.warmup)
        setting = world.setting(scenario.slate_size, scenario.cooldown)
        agent = arm.begin(world, setting)
        for _ in live(world, agent, setting, scenario.days):
            pass  # what is measured is in the log
    return world
