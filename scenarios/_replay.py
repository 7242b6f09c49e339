"""What a policy would have shown where another one served: its chances, read off a log in order."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from simenv.agents.base import Agent
from simenv.decisions import Decisions, waves
from simenv.errors import UsageError
from simenv.heard import Heard
from simenv.log import Log
from simenv.types import F32, Request, Setting

I64 = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Chances:
    """A policy's chances in one slot of some decisions, given what was shown in the slots before."""

    at: I64  # (m,) places of the decisions
    slot: int
    request: Request  # of m listeners, ascending
    of_all: F32  # (m, T)


def replayed(
    agent: Agent, decisions: Decisions, log: Log, past: Log, setting: Setting, slots: int | None = None
) -> Iterator[Chances]:
    """The chances of `agent`, which learns from `past` and nothing later, in every slot that was reached.

    The log is gone through in order, and a memory of its own tells the agent what is in cooldown.

    Args:
        agent: begun here.
        decisions: of `log`.
        log: all plays, `past` included.
        past: what the agent is fitted to.
        setting: of the log's world; its memory is not read.
        slots: the first so many; None: all.

    Raises:
        UsageError: if the agent does not know its chances.
    """
    n, n_tracks = setting.n_listeners, len(setting.catalogue)
    heard = Heard(n, n_tracks, any_play=np.isinf(setting.cooldown), known=False)
    agent.begin(replace(setting, heard=heard))
    agent.fit(past)
    every = np.arange(n_tracks, dtype=np.int32)[None]
    for wave in waves(decisions, log, heard):
        for slot in range(decisions.tracks.shape[1] if slots is None else slots):
            at = wave[decisions.reached[wave, slot]]
            if not len(at):
                break
            request, given = decisions.request.rows(at), decisions.tracks[at, :slot]
            of_all = agent.probability(request, np.broadcast_to(every, (len(at), n_tracks)), given)
            if np.isnan(of_all).any():
                name = type(agent).__name__.lower()
                raise UsageError(
                    f"{name} does not know the chance of what it shows, so no log of another agent can tell "
                    "its worth: choose one with `probability`, such as als, content or popular"
                )
            yield Chances(at, slot, request, of_all)
