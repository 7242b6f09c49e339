"""The decisions in a log: who asked when, what they were shown with which chance, and what came of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simenv.context import ACTIVITIES, DEVICES, contexts
from simenv.errors import UsageError
from simenv.heard import Heard
from simenv.log import Log
from simenv.types import F32, I32, SKIPPED, SOURCES, Bool, Plays, Request

I64 = NDArray[np.int64]

_RECOMMENDED = SOURCES.index("recommended")


@dataclass(frozen=True, slots=True)
class Decisions:
    """Requests and their slates as far as they were reached, sorted by listener and visit."""

    request: Request  # (e,) of all; not ascending in listeners, as each may ask often
    tracks: I32  # (e, k); -1 where playback never came
    propensity: F32  # (e, k); 1 where playback never came: nothing was decided there
    finished: Bool  # (e, k) reached, and played to the end

    def __len__(self) -> int:
        return len(self.request)

    @property
    def reached(self) -> Bool:
        """(e, k) whether playback came to the slot."""
        return self.tracks >= 0


def decisions_of(log: Log, since: float = -np.inf, slate_size: int | None = None) -> Decisions:
    """The recommended plays of `log` from day `since` on, put together to slates.

    A log holds what was reached: slot 0 and, in a queue, the slots until the listener left. Who asked shows
    as it did at the time: the context at the first slot, the tracks played in the session before.

    Args:
        log: with visits, slots and context, as a world writes it.
        since: day.
        slate_size: k; None: the longest that was reached.

    Raises:
        UsageError: if the log holds no such slates, or not their first slots, or no context.
    """
    plays = log.plays()
    order = np.lexsort((plays.time, plays.listener))
    plays = plays.rows(order)
    shown = (plays.source == _RECOMMENDED) & (plays.visit >= 0) & (plays.slot >= 0) & (plays.time >= since)
    at = np.flatnonzero(shown)
    if not len(at):
        raise UsageError(
            "the log holds no recommended play with a visit and a slot: off-policy estimates need a log of "
            "slates, with propensities, as `simenv run ... --keep log` writes it"
        )
    told = plays.rows(at)
    new = np.ones(len(at), bool)
    new[1:] = (np.diff(told.listener) != 0) | (np.diff(told.visit) != 0)
    row, first = np.cumsum(new) - 1, np.flatnonzero(new)
    _check(told, new)
    k = int(told.slot.max()) + 1 if slate_size is None else slate_size
    shape = (len(first), k)
    tracks, propensity = np.full(shape, -1, np.int32), np.ones(shape, np.float32)
    finished = np.zeros(shape, bool)
    tracks[row, told.slot], propensity[row, told.slot] = told.track, told.propensity
    finished[row, told.slot] = ~told.has(SKIPPED)
    head = told.rows(first)
    request = Request(
        head.listener,
        head.time,
        contexts(head.time, head.activity, head.device),
        in_session(plays)[at[first]],
        head.visit,
    )
    return Decisions(request, tracks, propensity, finished)


def waves(decisions: Decisions, log: Log, heard: Heard) -> Iterator[I64]:
    """Places of the j-th decisions of every listener, j = 0, 1, ..., `heard` being fed what came before them.

    At each step `heard` knows all that those who ask had played when they asked, organic plays included, so
    that cooldowns are as they were; listeners of a wave ascend.

    Args:
        decisions: of `log`.
        log: all plays, earlier ones, too.
        heard: which has heard nothing yet.
    """
    plays, asked = log.plays(), decisions.request
    who = np.concatenate([asked.listeners, plays.listener])
    when = np.concatenate([asked.time, plays.time])
    is_play = np.arange(len(who)) >= len(asked)
    order = np.lexsort((is_play, when, who))  # a decision comes before the play of its first slot
    count = np.cumsum(~is_play[order])
    before = count - np.concatenate([[0], count])[np.searchsorted(who[order], who[order])]
    fed = order[is_play[order]] - len(asked)  # plays by listener and time
    turn = before[is_play[order]]
    fed, turn = (part[np.argsort(turn, kind="stable")] for part in (fed, turn))
    nth = np.empty(len(asked), np.int64)
    nth[order[~is_play[order]]] = before[~is_play[order]] - 1
    for j in range(int(nth.max(initial=-1)) + 1):
        lo, hi = np.searchsorted(turn, [j, j + 1])
        new = plays.rows(fed[lo:hi])
        heard.add(new.listener, new.track, new.time, new.seconds)
        yield np.flatnonzero(nth == j)


def _check(told: Plays, new: Bool) -> None:
    if headless := int((told.slot[new] != 0).sum()):
        raise UsageError(
            f"{headless:,} of {int(new.sum()):,} slates in the log lack their first slot: expected the log "
            "of a queue, in which all that was reached is known"
        )
    if (told.activity >= len(ACTIVITIES)).any() or (told.device >= len(DEVICES)).any():
        raise UsageError("the log has plays without a context: activity and device must be known")


def in_session(plays: Plays) -> I32:
    """(e,) tracks played before each play in its session, of plays in any order."""
    order = np.lexsort((plays.time, plays.session, plays.listener))
    listener, session = plays.listener[order], plays.session[order]
    new = np.ones(len(order), bool)
    new[1:] = (np.diff(listener) != 0) | (np.diff(session) != 0)
    begun, out = np.flatnonzero(new), np.empty(len(order), np.int32)
    out[order] = np.arange(len(order)) - begun[np.cumsum(new) - 1]
    return out
