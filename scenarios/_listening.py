"""Plays as each listener heard them, one after another: what every published fact is computed from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from simenv.catalogue import Catalogue, Hidden
from simenv.errors import UsageError
from simenv.log import Log
from simenv.types import F32, F64, HEARD_SECONDS, I32, SKIPPED, SOURCES, Bool

GAP_DAYS = 30 / 1440
"""A silence of 30 minutes ends a session, where a log does not number its sessions."""


@dataclass(frozen=True)
class Events:
    """Plays as columns, (e,) each, in any order; what is not known is None."""

    listener: I32
    track: I32
    time: F64  # days; whole numbers are midnights, day 0 is a Monday
    seconds: F32  # played
    session: NDArray | None = None  # number of the listener's session
    skipped: Bool | None = None  # stopped before the end
    artist: I32 | None = None
    genre: I32 | None = None  # main one; -1 unknown
    charts: Bool | None = None  # played from charts or radio
    personal: Bool | None = None  # chosen for this listener by a recommender
    arousal: F32 | None = None  # of the track, hidden from recommenders

    def rows(self, which: NDArray) -> Events:
        """Some of the plays."""
        columns = ((f.name, getattr(self, f.name)) for f in fields(self))
        return replace(self, **{name: column[which] for name, column in columns if column is not None})

    @property
    def offers(self) -> frozenset[str]:
        """Names of the columns that are known."""
        return frozenset(f.name for f in fields(self) if getattr(self, f.name) is not None)


@dataclass(frozen=True)
class Listening:
    """Plays sorted by listener and time, with what follows from their order.

    Args:
        events: sorted.
        starts: (s,) where each session begins.
        since: the day from which sessions are counted; what was played before is history only.
        gone: (n,) the day each listener went for good, inf: not yet; None where nobody can know.
    """

    events: Events
    starts: NDArray
    since: float
    gone: F64 | None = None

    @classmethod
    def of(cls, events: Events, since: float = 0.0, gone: F64 | None = None) -> Listening:
        """Sort `events` and tell sessions apart; `since` counts from the first day of the plays.

        Raises:
            UsageError: if there are no plays, or none as late as `since`.
        """
        if not len(events.time):
            raise UsageError("the log is empty: there is no play to compute facts from")
        events = events.rows(np.lexsort((events.time, events.listener)))
        new = np.ones(len(events.time), bool)
        if events.session is None:
            new[1:] = np.diff(events.time) > events.seconds[:-1] / 86_400.0 + GAP_DAYS
        else:
            new[1:] = events.session[1:] != events.session[:-1]
        new[1:] |= np.diff(events.listener) != 0
        heard = cls(events, np.flatnonzero(new), float(np.floor(events.time.min())) + since, gone)
        if not heard.counted.any():
            raise UsageError(f"no session begins {since:g} days or more after the first play: lower --since")
        return heard

    @classmethod
    def of_log(
        cls, log: Log, catalogue: Catalogue, hidden: Hidden, gone: F64 | None = None, since: float = 0.0
    ) -> Listening:
        """The plays of a world's log, with what its catalogue knows of their tracks."""
        plays = log.plays()
        main = np.full(len(catalogue), -1, np.int32)
        some = np.diff(catalogue.genre_start) > 0
        main[some] = catalogue.genre_ids[catalogue.genre_start[:-1][some]]
        events = Events(
            listener=plays.listener,
            track=plays.track,
            time=plays.time,
            seconds=plays.seconds,
            session=plays.session,
            skipped=plays.has(SKIPPED),
            artist=catalogue.artist[plays.track],
            genre=main[plays.track],
            charts=plays.source == SOURCES.index("charts"),
            personal=plays.source == SOURCES.index("recommended"),
            arousal=hidden.arousal[plays.track],
        )
        return cls.of(events, since, gone)

    def __len__(self) -> int:
        return len(self.events.time)

    @property
    def offers(self) -> frozenset[str]:
        """What is known beyond listener, track, time and seconds."""
        return self.events.offers | ({"gone"} if self.gone is not None else frozenset())

    @cached_property
    def lengths(self) -> NDArray:
        """(s,) plays of each session."""
        return np.diff(np.append(self.starts, len(self)))

    @cached_property
    def position(self) -> NDArray:
        """(e,) place of the play in its session, from 1."""
        return np.arange(len(self)) - np.repeat(self.starts, self.lengths) + 1

    @cached_property
    def late(self) -> Bool:
        """(s,) whether the session is counted: it begins at `since` or later."""
        return self.events.time[self.starts] >= self.since

    @cached_property
    def counted(self) -> Bool:
        """(e,) whether the play belongs to a session that is counted."""
        return np.repeat(self.late, self.lengths)

    @cached_property
    def heard(self) -> Bool:
        """(e,) whether the play is one of 30 s and more."""
        return self.events.seconds >= HEARD_SECONDS

    @cached_property
    def known(self) -> Bool:
        """(e,) whether this listener had played the track for 30 s or more before."""
        return self._before(self.events.track)

    @cached_property
    def artist_known(self) -> Bool:
        """(e,) whether this listener had played the artist for 30 s or more before."""
        assert self.events.artist is not None
        return self._before(self.events.artist)

    @cached_property
    def followers(self) -> NDArray:
        """(f,) rows of counted plays that have one before them in the same session."""
        return np.flatnonzero(self.counted & (self.position > 1))

    @cached_property
    def begun(self) -> float:
        """The day of the first play."""
        return float(np.floor(self.events.time.min()))

    @cached_property
    def until(self) -> float:
        """The midnight after the last session began."""
        return float(np.floor(self.events.time[self.starts].max())) + 1.0

    @property
    def spans(self) -> tuple[float, float]:
        """Days from the first play, and from the first that counts, to the end."""
        return self.until - self.begun, self.until - self.since

    def only(self, which: Bool) -> Listening:
        """The plays of some sessions, `which` (s,): as if no other had been in the log."""
        rows = np.repeat(which, self.lengths)
        starts = np.cumsum(np.append(0, self.lengths[which]))[:-1]
        return replace(self, events=self.events.rows(np.flatnonzero(rows)), starts=starts)

    def _before(self, thing: I32) -> Bool:
        """(e,) whether the listener has an earlier play of 30 s and more of the same `thing` (e,)."""
        order = np.lexsort((np.arange(len(self)), thing, self.events.listener))
        listener, thing, heard = self.events.listener[order], thing[order], self.heard[order]
        earlier: NDArray = np.cumsum(heard) - heard
        first = np.ones(len(order), bool)
        first[1:] = (np.diff(listener) != 0) | (np.diff(thing) != 0)
        starts = np.flatnonzero(first)
        base: NDArray = np.repeat(earlier[starts], np.diff(np.append(starts, len(order))))
        before = np.empty(len(order), bool)
        before[order] = earlier > base
        return before


def lacking(spans: tuple[float, float], needs: Mapping[str, float]) -> str:
    """What plays of these `spans` are too short for, in words; empty if they are long enough.

    Args:
        spans: of `Listening`.
        needs: days by `history`, counted from the first play, and by `window`, counted from `since`.
    """
    have = dict(zip(("history", "window"), spans, strict=True))
    words = {"history": "of history", "window": "that count"}
    for name, days in needs.items():
        if have[name] < days:
            return f"needs {days:g} days {words[name]}, has {have[name]:g}"
    return ""
