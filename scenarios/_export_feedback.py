"""Recommended plays as logged decisions: what was known of the listener, what was played, what came of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simenv.agents._supervised import moments
from simenv.catalogue import Catalogue
from simenv.decisions import in_session
from simenv.errors import UsageError
from simenv.observe import Observer
from simenv.rng import Key
from simenv.types import (
    F32,
    F64,
    I32,
    REACHED,
    SKIPPED,
    Bool,
    Exchange,
    Feedback,
    Plays,
    Request,
    Setting,
    Slate,
)


@dataclass(frozen=True)
class Decisions:
    """Recommended plays that were begun, listener by listener in order, and what was known before each."""

    plays: Plays  # (e,)
    known: F32  # (e, d) a row of `Observer.of`: public facts, in [-1, 1]
    after: F32  # (e, d) the same when the play, and all that was decided with it, had ended
    parts: dict[str, slice]  # where the columns of `known` lie: situation, taste, history

    @property
    def finished(self) -> Bool:
        """(e,) which were heard to the end."""
        return ~self.plays.has(SKIPPED)


def decisions(plays: Plays, catalogue: Catalogue, history: int = 0, by_play: bool = False) -> Decisions:
    """The decisions of a cell's log, and what was known when they were made.

    Args:
        plays: all of a cell's, organic ones included.
        catalogue: of their tracks.
        history: recent plays that are shown one by one.
        by_play: what is known grows with every play; else with every slate, as the recommender knew it.

    Raises:
        UsageError: if nothing was recommended.
    """
    plays = plays.rows(plays.has(REACHED))
    played = in_session(plays)
    chosen = np.flatnonzero(plays.slot >= 0)
    chosen = chosen[np.lexsort((plays.slot[chosen], plays.visit[chosen], plays.listener[chosen]))]
    if not len(chosen):
        raise UsageError(
            "no play of this log was recommended, so there are no decisions to learn from: "
            "export the cells of agents (--agents), not of `organic`"
        )
    plays, played = plays.rows(chosen), played[chosen]
    observer = Observer(Setting(catalogue, int(plays.listener.max()) + 1, 1, Key.root(0)), history)
    known, after = (np.empty((len(plays), observer.width()), np.float32) for _ in range(2))
    new = _changes(plays.listener, plays.visit, *((plays.slot,) if by_play else ()))
    start, end = np.flatnonzero(new), np.append(np.flatnonzero(new)[1:], len(plays))
    turn = _turn(plays.listener[start])
    order = np.argsort(turn, kind="stable")
    for some in np.split(order, np.flatnonzero(np.diff(turn[order])) + 1):  # everyone's n-th, n = 0, 1, ...
        first, size = start[some].astype(np.int32), (end - start)[some].astype(np.int32)
        exchange = _exchange(plays, played, first, size)
        rows, at = np.repeat(np.arange(len(some)), size), _spread(first, size)
        known[at] = observer.of(exchange.request)[rows]
        observer.see(exchange)
        after[at] = observer.of(_later(exchange, size))[rows]
    return Decisions(plays, known, after, observer.parts())


def propensities(plays: Plays) -> F64:
    """(e,) those of recommended plays, in (0, 1].

    Raises:
        UsageError: if any is unknown or 0: they are never guessed.
    """
    p = plays.propensity.astype(np.float64)
    bad = int((~(p > 0)).sum())  # nan too
    if bad:
        raise UsageError(
            f"{bad:,} of {len(p):,} recommended plays have no propensity, without which nothing can be "
            "learned of what was not shown: export (--agents) a cell of an agent that logs them, such as vw, "
            "epsgreedy or 'als(explore=.1)'; a re-ranker of an agent that explores does not"
        )
    return p


def _exchange(plays: Plays, played: I32, first: I32, size: I32) -> Exchange:
    """Slates that begin at the rows `first` and have `size` plays each; empty slots were not reached."""
    m, k = len(first), int(size.max())
    at = np.minimum(first[:, None] + np.arange(k), len(plays) - 1)
    reached = np.arange(k) < size[:, None]
    head = plays.rows(first)
    request = Request(head.listener, head.time, moments(head), played[first], head.visit)
    slate = Slate(np.where(reached, plays.track[at], 0).astype(np.int32), np.full((m, k), np.nan, np.float32))
    seconds = np.where(reached, plays.seconds[at], 0).astype(np.float32)
    return Exchange(
        request, slate, Feedback(reached, seconds, reached & plays.has(SKIPPED)[at], np.zeros(m, bool))
    )


def _later(exchange: Exchange, size: I32) -> Request:
    """The request of the same listeners when their slates have ended."""
    asked = exchange.request
    time = asked.time + exchange.feedback.seconds.sum(axis=1, dtype=np.float64) / 86_400
    return Request(
        asked.listeners,
        time,
        asked.context,
        (asked.session + size).astype(np.int32),
        asked.visit + np.int32(1),
    )


def _turn(listeners: I32) -> I32:
    """(g,) how many came before each of the same listener, who stand together."""
    start = np.flatnonzero(_changes(listeners))
    return (np.arange(len(listeners)) - np.repeat(start, np.diff(np.append(start, len(listeners))))).astype(
        np.int32
    )


def _changes(*columns: np.ndarray) -> Bool:
    """(e,) where any of the columns is other than in the row before; the first row is."""
    out = np.zeros(len(columns[0]), bool)
    out[:1] = True
    for column in columns:
        out[1:] |= column[1:] != column[:-1]
    return out


def _spread(first: I32, size: I32) -> I32:
    """The rows first, first + 1, ... of each group, one group after another."""
    start = np.repeat(first - np.append(0, np.cumsum(size)[:-1]), size)
    return (start + np.arange(int(size.sum()))).astype(np.int32)
