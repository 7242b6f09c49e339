"""The population: one row a listener, in columns; how listeners are born, how a crowd is cut into chunks."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from simenv._aligned import aligned, aligned_zeros
from simenv._threads import Crew
from simenv.catalogue import Catalogue, Hidden
from simenv.context import blank_request
from simenv.rng import Key
from simenv.types import F32, F64, I32, U8, Late, Plays, Request, Response
from simenv.users import kernels
from simenv.users.adversaries import enlist
from simenv.users.birth import NOBODY, laws
from simenv.users.charts import Charts, Publisher
from simenv.users.choice import examination
from simenv.users.derived import LONGEST
from simenv.users.influence import pull, told
from simenv.users.params import ListenerParams
from simenv.users.recognition import WORDS
from simenv.users.records import EVENT, NO_PLAYS, PERSON, blank_plays, songs_of
from simenv.users.session import ASKING, GONE
from simenv.users.signals import late_signals
from simenv.users.social import Circle, befriend

INTERESTS = 5
"""Interests that a listener can have at most."""

CHUNK = 65_536
ALONE = 2_000  # below so many rows the caller's thread does it
BUFFER = 1 << 16  # organic plays a call of the kernel may hold
ROOM = 4 * LONGEST  # and of one listener at most: fewer are quicker to make room for
BLOCK = 512  # tracks whose appeal is worked out side by side


class Population:
    """n listeners and the tracks that they hear.

    Args:
        n: listeners, everyone who will ever live.
        catalogue: public facts of the tracks.
        hidden: what only listeners hear of them.
        params: what all listeners have in common.
        key: of their luck.
        threads: that share a big crowd; the result does not depend on it.
        first: row number of the first listener, so that one listener alone can be the i-th of a crowd.
    """

    def __init__(
        self,
        n: int,
        catalogue: Catalogue,
        hidden: Hidden,
        params: ListenerParams,
        key: Key,
        threads: int = 1,
        first: int = 0,
    ) -> None:
        self.catalogue, self.hidden, self.params, self.key = catalogue, hidden, params, key
        self.first, self._crew = first, Crew(threads, CHUNK)
        self._record, self._publisher = params.record(), Publisher(catalogue, hidden, params)
        slots, d = params.memory, hidden.sound.shape[1]
        self.people = aligned_zeros(n, PERSON)
        self.taste = aligned_zeros((n, INTERESTS, d), np.float32)
        self.weight = aligned_zeros((n, INTERESTS), np.float32)
        self.home = aligned_zeros((n, INTERESTS), np.int16)
        self.home_weight = aligned_zeros((n, INTERESTS), np.float32)
        self.tracks = aligned_zeros((n, slots), np.int32)
        self.tracks[:] = -1  # free
        self.minutes = aligned_zeros((n, slots), np.uint32)
        self.counts = aligned_zeros((n, slots), np.uint16)
        self.traces = aligned_zeros((n, 3, slots), np.uint16)
        self.filters = aligned_zeros((n, 2, WORDS), np.uint64)
        self.genres = aligned_zeros((n, catalogue.n_genres if params.fatigue else 0), np.float32)
        self.songs, self._sound = songs_of(catalogue, hidden, params), aligned(hidden.sound)
        self._lanes, self._laws = self._side_by_side(), laws(params, hidden.supply, key)
        self._circle: Circle | None = None  # made at the first turn that needs it
        self.bear(np.arange(n, dtype=np.int32), life=0)

    def _side_by_side(self) -> tuple[NDArray, ...]:
        """The tracks as `kernels.appeal_of_all` reads them: (d, T) sound, (T,) merit, arousal and release."""
        p, songs = self._record[0], self.songs
        merit = p["quality"] * songs["quality"] + p["hook"] * songs["hook"]
        columns = (self.hidden.sound.T, merit, songs["arousal"], songs["released"])
        return tuple(np.ascontiguousarray(column) for column in columns)

    def __len__(self) -> int:
        return len(self.people)

    def bear(self, rows: I32, life: int | I32, time: float = 0.0, key: Key | None = None) -> None:
        """Listeners `rows` are born anew at `time`, as their `life`-th life; nothing earlier remains.

        With another `key` everyone has other luck from now on: then bear all rows.
        """
        if key not in (None, self.key):
            self.key, self._laws = key, laws(self.params, self.hidden.supply, key)
        lives = np.full(len(rows), life, np.int32)

        def work(lo: int, hi: int) -> None:
            kernels.bear(
                *(rows, lo, hi, self.first, lives, time, NOBODY, *self._state),
                *(self.hidden.centroids, self._laws, self._record),
            )
            who = (rows[lo:hi], lives[lo:hi], self.first)
            enlist(self.people, *who, self.key, self.catalogue, self.params)
            kernels.settle_in(rows, lo, hi, self.people, self._record)

        self.each(rows, work)

    def first_charts(self) -> F32:
        """(T,) charts before anybody has played anything."""
        return self._publisher.first_charts(len(self))

    def next_charts(self, charts: F32, plays: NDArray, days: float) -> F32:
        """Charts (T,) after `days` in which tracks were played `plays` (T,) times."""
        return (charts * np.exp2(-days / self.params.chart_half_life) + plays).astype(np.float32)

    def publish(self, charts: F32, time: float) -> Charts:
        """Charts as the listeners read them, at `time`."""
        return self._publisher.publish(charts, time)

    def turn(self, charts: F32, time: float, days: float, listener: I32, track: I32) -> Charts:
        """A window ends: friends hear of its plays, interests are pulled; charts as listeners read them.

        Args:
            charts: (T,) at `time`, when the window ends, of `days`.
            listener: (e,) who made each play of 30 s and more in it, and of which track: (e,) `track`; those
                of one listener stand in the order in which they were made.
        """
        p, published = self.params, self.publish(charts, time)
        if not (p.friends or p.social_pull):
            return published
        if self._circle is None:
            interests = self.people["interests"]
            lines = (interests, self.home, self.home_weight, self.hidden.centroids)
            self._circle = befriend(self.key / "friends", *lines, p)
        circle = self._circle = told(self._circle, listener, track)
        if p.social_pull:
            state = (circle.start, circle.friends, self.people, self.taste.copy(), self.taste)
            rest = (time, days, self._record)
            everyone, d = np.arange(len(self), dtype=np.int32), self.taste.shape[2]
            self.each(everyone, lambda lo, hi: pull(lo, hi, *state, *rest, np.empty(d, np.float32)))
        return published._replace(circle=circle)

    def live(self, rows: I32, until: float, share: float, charts: Charts) -> Plays:
        """Let `rows` live organically until each asks or `until`; their plays, listener by listener."""

        def work(lo: int, hi: int) -> list[NDArray]:
            parts, weights = [], np.zeros(self.params.memory, np.float32)
            while lo < hi:
                buffer = np.empty(min(BUFFER, ROOM * (hi - lo)), EVENT)
                lo, count = kernels.live(
                    rows, lo, hi, until, share, *self._rows, self.hidden.centroids, charts, weights, buffer
                )
                if count:
                    parts.append(buffer[:count].copy() if count < len(buffer) // 2 else buffer[:count])
            return parts

        parts = [part for chunk in self.each(rows, work) for part in chunk]
        if not parts:
            return NO_PLAYS
        starts = np.cumsum([0, *map(len, parts)])
        plays = blank_plays(int(starts[-1]))
        columns = (
            *(plays.time, plays.listener, plays.track, plays.session, plays.seconds, plays.flags),
            *(plays.source, plays.activity, plays.device),
        )
        places = list(zip(parts, starts, strict=False))
        self._crew.share(lambda part, start: kernels.enter(part, start, *columns), places)
        return plays

    def asking(self, rows: I32) -> I32:
        """Those of `rows` who wait for a slate."""
        return rows[self.people["phase"][rows] == ASKING]

    def request(self, rows: I32) -> Request:
        """What the listeners `rows` show of their situation."""
        request = blank_request(rows)
        self.each(rows, lambda lo, hi: self.fill_in(request.rows(slice(lo, hi))))
        return request

    def fill_in(self, request: Request) -> None:
        """Write into a blank request, or a part of one, what its listeners show of their situation."""
        kernels.ask(
            *(request.listeners, self.people),
            *(request.time, request.context, request.session, request.visit),
        )

    def returns(self, rows: I32) -> F64:
        """(m,) days: when each of `rows` acts next; inf: gone for good."""
        return np.where(self.people["phase"][rows] == GONE, np.inf, self.people["clock"][rows])

    def play(self, rows: I32, tracks: I32, response: str = "queue") -> Response:
        """Hand `tracks` (m, k) to `rows` (m,), who ask; what they do with them.

        Args:
            rows: who asks.
            tracks: a slate each.
            response: one of `simenv.types.RESPONSES`: a queue plays slot by slot until the session is over;
                of the others at most one track is played.
        """
        out = self.blank(rows, tracks.shape[1])
        if response == "queue":
            self.each(rows, lambda lo, hi: self.play_some(rows, lo, hi, tracks, out.results))
            return out
        pi = examination(response, tracks.shape[1], self.params)
        self.each(
            rows,
            lambda lo, hi: kernels.browse(
                rows, lo, hi, tracks, pi, np.empty_like(pi), *self._rows, *out.results
            ),
        )
        return out

    def imagine(self, rows: I32, tracks: I32, response: str = "queue") -> Response:
        """What `play` would give; `rows` stay as they are."""
        kept = [column[rows] for column in self._state]
        try:
            return self.play(rows, tracks, response)
        finally:
            for column, before in zip(self._state, kept, strict=True):
                column[rows] = before

    def blank(self, rows: I32, k: int) -> Response:
        """A response of `rows` to k slots, none of which has been reached."""
        shape = (len(rows), k)
        return Response(
            time=np.zeros(shape),
            seconds=np.zeros(shape, np.float32),
            utility=np.zeros(shape, np.float32),
            flags=np.zeros(shape, np.uint8),
            activity=np.zeros(shape, np.uint8),
            device=np.zeros(shape, np.uint8),
            reached=np.zeros(shape, bool),
            skipped=np.zeros(shape, bool),
            left=np.zeros(len(rows), bool),
            session=self.people["session"][rows],
        )

    def play_some(self, rows: I32, lo: int, hi: int, tracks: I32, results: tuple[NDArray, ...]) -> None:
        """The kernel's `play` on rows [lo, hi) of `rows`, into the arrays `results`."""
        kernels.play(rows, lo, hi, tracks, *self._rows, *results)

    @property
    def _memory(self) -> tuple[NDArray, ...]:
        """What listeners remember, as kernels take it."""
        return self.tracks, self.minutes, self.counts, self.traces, self.filters, self.genres

    @property
    def _rows(self) -> tuple[NDArray, ...]:
        """What every kernel that plays music is handed: listeners' rows, tracks' tables, parameters."""
        return (*self._state, self.songs, self._sound, self._record)

    @property
    def _state(self) -> tuple[NDArray, ...]:
        """All that playing to a listener changes, or might: columns with a row a listener."""
        return (
            *(self.people, self.taste, self.weight, self.home, self.home_weight),
            *self._memory,
        )

    def late(self, listener: I32, time: F64, track: I32, ended: F64, flags: U8) -> Late:
        """When the likes and saves that plays earned will come."""
        who, life = listener + np.int32(self.first), self.people["life"][listener]
        delays = (self.params.like_days, self.params.save_days)
        return late_signals(self.key / "signals", who, life, delays, (listener, time, track, ended, flags))

    def appeal(self, rows: I32, tracks: I32 | None = None) -> F32:
        """(m, c) appeal of `tracks` (m, c), or of all T, at each listener's own time."""
        out = np.empty((len(rows), len(self.songs) if tracks is None else tracks.shape[1]), np.float32)
        state = (
            *(self.people, self.taste, self.weight, self.tracks, self.minutes, self.traces, self.genres),
            self.songs,
        )

        def of_all(lo: int, hi: int) -> None:
            scratch = np.empty((2, BLOCK), np.float32)
            kernels.appeal_of_all(rows, lo, hi, *state, *self._lanes, self._record, scratch, out)

        def of_some(lo: int, hi: int) -> None:
            kernels.appeal(rows, lo, hi, tracks, *state, self.hidden.sound, self._record, out)

        self.each(rows, of_all if tracks is None else of_some)
        return out

    @property
    def columns(self) -> Mapping[str, NDArray]:
        """The hidden columns by name, listeners first: every scalar of PERSON, tastes and their weights."""
        scalars = {name: self.people[name] for name in PERSON.names or ()}
        return scalars | {
            "taste": self.taste,
            "weight": self.weight,
            "home": self.home,
            "home_weight": self.home_weight,
        }

    def each(self, rows: I32, work: Callable[[int, int], object]) -> list:
        """`work(lo, hi)` on chunks of `rows`, in the caller's thread or a few; results in row order."""
        if len(rows) == 1:  # a single listener's step is mostly calls
            return [work(0, 1)]
        threads = 1 if len(rows) < ALONE else self._crew.threads
        size = min(CHUNK, -(-len(rows) // threads)) if threads > 1 else CHUNK
        return self._crew.share(work, [(lo, min(lo + size, len(rows))) for lo in range(0, len(rows), size)])
