"""A log that one policy writes while the world is asked, wave by wave, what another one would have earned."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from simenv.agents.base import Agent
from simenv.decisions import Decisions, decisions_of
from simenv.log import Log
from simenv.scenarios._replay import replayed
from simenv.scenarios._reward_model import Facts, cross_fitted
from simenv.types import F64, Exchange, Setting
from simenv.world import World

_APART = 1 << 20  # visits between the draws of one decision: further than anybody's own visits


@dataclass(frozen=True, slots=True)
class Lived:
    """What e slates earned, in the order of decisions: by listener, then visit."""

    day: NDArray[np.int64]  # (e,) from 0
    first: F64  # (e,) whether slot 0 was finished, or its mean over draws
    slate: F64  # (e,) slots finished


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a log says of a target policy, and what was true of it on the states in that log."""

    decisions: Decisions
    truth: Lived  # of the target policy, decision by decision
    target: F64  # (e, k) its chances of what was shown, 1 where nobody came
    predicted: F64  # (e,) model of slot 0
    expected: F64  # (e,) its mean over the target policy's choice
    predicted_rest: F64  # (e, k) model of a slot and all that follow, 0 where nobody came
    expected_rest: F64  # (e, k)
    n_tracks: int


def gathered(
    world: World,
    past: Log,
    setting: Setting,
    logger: Agent,
    target: Callable[[], Agent],
    days: int,
    draws: int,
) -> Evidence:
    """Let `logger` serve `world`, and hold what its log says of `target` beside the truth.

    Both policies are frozen: they are fitted to what was played before, and learn nothing later.

    Args:
        world: a copy, in which nobody waits yet.
        past: what was played before.
        setting: of the run.
        logger: begun here.
        target: makes the target policy.
        days: of the log.
        draws: slates of the target policy a decision, over which its truth is a mean.
    """
    assert world.log is not None
    surface, since = (
        world.setting(setting.slate_size, setting.cooldown, practice=setting.practice),
        world.today,
    )
    other = target()
    for agent in (logger, other):
        agent.begin(surface)
        agent.fit(past)
    truth = sorted_by_decision(_what_if(world, logger, other, days, draws))
    decisions = decisions_of(world.log, since, setting.slate_size)
    facts, key = Facts.of(past, surface), surface.key / "folds"
    finished = decisions.finished.astype(np.float64)
    first = cross_fitted(facts, decisions, finished[:, :1], key)
    to_come = finished[:, ::-1].cumsum(axis=1)[:, ::-1]  # in the slot and after it
    rest = cross_fitted(facts, decisions, to_come, key)
    shape = decisions.tracks.shape
    chance, predicted, expected = np.ones(shape), np.zeros((2, *shape)), np.zeros((2, *shape))
    for known in replayed(target(), decisions, world.log, past, surface):
        at, slot, rows = known.at, known.slot, np.arange(len(known.at))
        shown = decisions.tracks[at, slot]
        chance[at, slot] = known.of_all[rows, shown]
        for i, model in enumerate((first, rest)):
            if i or not slot:
                worth = model.expects(at, slot, known.request.listeners)
                predicted[i, at, slot] = worth[rows, shown]
                expected[i, at, slot] = (known.of_all * worth).sum(axis=1, dtype=np.float64)
    return Evidence(
        decisions=decisions,
        truth=truth,
        target=chance,
        predicted=predicted[0, :, 0],
        expected=expected[0, :, 0],
        predicted_rest=predicted[1],
        expected_rest=expected[1],
        n_tracks=len(surface.catalogue),
    )


def lived_frozen(world: World, setting: Setting, agent: Agent, days: int) -> Lived:
    """What `agent` earns in a loop of its own, in `world`, a copy, if it never learns again."""
    assert world.log is not None
    agent.begin(world.setting(setting.slate_size, setting.cooldown, practice=setting.practice))
    agent.fit(world.log)
    return sorted_by_decision(_alone(world, agent, days))


def earned(exchange: Exchange) -> tuple[F64, F64]:
    """(m,) whether slot 0 was finished, and (m,) how many slots were."""
    done = exchange.feedback.reached & ~exchange.feedback.skipped
    return done[:, 0].astype(np.float64), done.sum(axis=1, dtype=np.float64)


Wave = tuple[NDArray, ...]
"""Listeners, visits, days, and what slot 0 and the slate earned: (m,) each."""


def _alone(world: World, agent: Agent, days: int) -> Iterator[Wave]:
    for day in range(days):
        while (request := world.waiting()) is not None:
            exchange = world.play(agent.recommend(request))
            yield request.listeners, request.visit, np.full(len(request), day), *earned(exchange)
        world.turn()


def _what_if(world: World, logger: Agent, other: Agent, days: int, draws: int) -> Iterator[Wave]:
    for day in range(days):
        while (request := world.waiting()) is not None:
            first, slate = np.zeros((2, len(request)))
            for draw in range(1, draws + 1):  # 0 is the luck of the logger
                visit = (request.visit + draw * _APART).astype(np.int32)  # the event of the agent's draws
                imagined = world.imagine(other.recommend(replace(request, visit=visit)))
                for total, of_draw in zip((first, slate), earned(imagined), strict=True):
                    total += of_draw / draws
            world.play(logger.recommend(request))
            yield request.listeners, request.visit, np.full(len(request), day), first, slate
        world.turn()


def sorted_by_decision(waves: Iterator[Wave]) -> Lived:
    """All waves as one table, by listener and visit."""
    parts = list(waves)
    if not parts:
        nothing = np.empty(0)
        return Lived(np.empty(0, np.int64), nothing, nothing)
    listener, visit, day, first, slate = (np.concatenate(part) for part in zip(*parts, strict=True))
    order = np.lexsort((visit, listener))
    return Lived(day[order].astype(np.int64), first[order], slate[order])
