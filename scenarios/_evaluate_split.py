"""What recommenders learn from and what they are tested on: never a random split."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from simenv.context import COLUMNS
from simenv.errors import UsageError
from simenv.log import Log
from simenv.rng import Key
from simenv.scenarios._evaluate_log import Imported
from simenv.types import F32, F64, HEARD_SECONDS, I32, Bool, Plays, Request

Way = Literal["time", "last", "one"]
Seen = Literal["drop", "keep"]
Pairs = NDArray[np.int64]
"""Sorted listener * T + track, each once."""

_KEY = Key.root(0) / "leave one out"


@dataclass(frozen=True)
class Split:
    """A log in two.

    Args:
        way: how it was split.
        words: the same for a reader, with what was left out.
        train: what agents are fitted to.
        played: pairs of a listener and a track in `train`, skips included.
        held: pairs that were played for 30 s or more in what is held out.
        when: (n,) the day on which each listener asks; 0 where the log has no times.
        timed: whether it has.
    """

    way: Way
    words: str
    train: Log
    played: Pairs
    held: Pairs
    when: F64
    timed: bool

    def relevant(self, seen: Seen) -> Pairs:
        """Pairs that a recommender should find: all of `held`, or with "drop" those not played before."""
        if seen == "keep":
            return self.held
        return self.held[~np.isin(self.held, self.played, assume_unique=True)]

    def request(self, seen: Seen) -> Request:
        """Everybody who has something to be found asks once."""
        rows = np.unique(self.relevant(seen) // self.train.n_tracks).astype(np.int32)
        if not len(rows):
            raise UsageError(
                f"the split {self.way!r} leaves nothing to test with --seen {seen}: whatever is held out was"
                " played before. Take --seen keep"
            )
        nothing = np.zeros(len(rows), np.int32)
        return Request(rows, self.when[rows], self._context(rows), nothing, nothing)

    def _context(self, rows: I32) -> F32:
        """(m, c) hour and weekday; nothing is known of activity and device."""
        if self.timed:
            return clock(self.when[rows])
        return np.zeros((len(rows), len(COLUMNS)), np.float32)


def clock(when: F64) -> F32:
    """(m, c) the context of which nothing is known but hour and weekday, at each of these days (m,)."""
    context = np.zeros((len(when), len(COLUMNS)), np.float32)
    for name, turns in (("hour", when % 1), ("weekday", np.floor(when) % 7 / 7)):
        context[:, COLUMNS.index(f"{name}_sin")] = np.sin(2 * np.pi * turns)
        context[:, COLUMNS.index(f"{name}_cos")] = np.cos(2 * np.pi * turns)
    return context


def split_log(read: Imported, way: Way | None = None, test: float = 0.2) -> Split:
    """Split a log.

    - time: the last share `test` of its days is held out; listeners without a play before that are not tested
    - last: each listener's last play is held out; what others played after it is still learned from
    - one: of each listener one track is held out with all of its plays, chosen by a hash with a fixed key

    Args:
        read: what was read.
        way: by default time, or one where the log has no times.
        test: share of days that `time` holds out.

    Raises:
        UsageError: if the log has no times and needs them, or nothing is left to learn from or to test.
    """
    way = way or ("time" if read.timed else "one")
    if way != "one" and not read.timed:
        raise UsageError(
            f"--split {way}: the log has no times. Take --split one, or say which column it is:"
            " --columns time=COLUMN"
        )
    if not 0 < test < 1:
        raise UsageError(f"--test {test:g}: expected a share of the days between 0 and 1")
    plays = read.log.plays()
    out, words = {"time": _by_time, "last": _last, "one": _one}[way](plays, read, test)
    heard = plays.seconds >= HEARD_SECONDS
    train = Log(read.log.n_listeners, read.log.n_tracks)
    train.append(plays.rows(~out))
    pair = plays.listener.astype(np.int64) * train.n_tracks + plays.track
    held, played = np.unique(pair[out & heard]), np.unique(pair[~out])
    learned = np.isin(held // train.n_tracks, plays.listener[~out & heard])
    held, strangers = held[learned], len(np.unique(held[~learned] // train.n_tracks))
    if not len(held):
        raise UsageError(
            f"the split {way!r} leaves nothing to test: no listener has plays of 30 s and more both before"
            f" and after it ({len(plays):,} rows, {int(out.sum()):,} of them held out). Take another --split,"
            " or another --test"
        )
    if strangers:
        words += f"; {strangers:,} listeners with nothing to learn from are not tested"
    return Split(way, words, train, played, held, _when(plays, out, read), read.timed)


def _by_time(plays: Plays, read: Imported, test: float) -> tuple[Bool, str]:
    first, last = plays.time[0], plays.time[-1]
    at = last - test * (last - first)
    words = f"the last {test:.0%} of its {last - first:,.1f} days is held out, {{}} rows of {{}}"
    out = plays.time >= at
    return out, words.format(f"{int(out.sum()):,}", f"{len(plays):,}")


def _last(plays: Plays, read: Imported, test: float) -> tuple[Bool, str]:
    heard = np.flatnonzero(plays.seconds >= HEARD_SECONDS)  # oldest first
    place = np.zeros(read.log.n_listeners, np.int64)
    place[plays.listener[heard]] = heard + 1  # the last one written stays
    out = np.zeros(len(plays), bool)
    out[place[place > 0] - 1] = True
    return out, "each listener's last play is held out; what others played after it is learned from"


def _one(plays: Plays, read: Imported, test: float) -> tuple[Bool, str]:
    heard = plays.seconds >= HEARD_SECONDS
    draw = _KEY.bits(plays.listener, plays.track)
    order = np.lexsort((draw, ~heard, plays.listener))
    who = plays.listener[order]
    lead = order[np.append(True, np.diff(who) != 0)]  # of each listener: the lowest draw among what was heard
    chosen = np.full(read.log.n_listeners, -1, np.int32)
    chosen[plays.listener[lead]] = plays.track[lead]
    out = chosen[plays.listener] == plays.track
    return out, "of each listener one track is held out, chosen by a hash"


def _when(plays: Plays, out: Bool, read: Imported) -> F64:
    """(n,) the day of each listener's first play that is held out."""
    when = np.zeros(read.log.n_listeners)
    if read.timed:
        rows = np.flatnonzero(out)[::-1]  # newest first
        when[plays.listener[rows]] = plays.time[rows]  # the oldest stays
    return when
