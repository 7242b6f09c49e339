"""The world: who asks, and what happens when they are answered, window after window."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from simenv._answers import gather_heard
from simenv._truth import WorldTruth
from simenv.catalogue import Catalogue, Hidden
from simenv.errors import UsageError
from simenv.heard import Heard
from simenv.listeners import Listeners
from simenv.log import Log
from simenv.rng import Key
from simenv.slates import check_response, check_slate
from simenv.types import (
    F32,
    HEARD_SECONDS,
    I32,
    KNOWN,
    LIKED,
    SAVED,
    Bool,
    Day,
    Exchange,
    Late,
    Plays,
    Practice,
    Request,
    Response,
    Setting,
    Slate,
)

SECONDS_A_DAY = 86_400.0


class World:
    """n listeners among T tracks: the other half of every experiment's loop.

    ``waiting`` gives the next wave of requests, ``play`` answers it, ``turn`` ends a window. Listeners
    influence one another only through what ``turn`` published, so within a window they are independent.

    Args:
        catalogue: public facts of the tracks.
        hidden: what only listeners hear of them.
        listeners: the population.
        key: of this world's luck.
        share: of sessions that are recommended, in [0, 1].
        window: days that a window lasts.
        heard: the platform's memory; None keeps none, and then every cooldown is 0.
        log: where plays are kept; None: nowhere.
        response: how a slate is answered, one of `types.RESPONSES`.
    """

    def __init__(
        self,
        catalogue: Catalogue,
        hidden: Hidden,
        listeners: Listeners,
        key: Key,
        share: float = 0.35,
        window: float = 1.0,
        heard: Heard | None = None,
        log: Log | None = None,
        response: str = "queue",
    ) -> None:
        check_response(response)
        if not 0 <= share <= 1:
            raise UsageError(f"share={share} of sessions recommended: expected a number from 0 to 1")
        self.catalogue, self.key = catalogue, key
        self.share, self.window, self.response = share, window, response
        self.heard, self.log = heard, log
        self.today = 0.0  # the window now open
        self._listeners = listeners
        self._charts = listeners.first_charts()
        self._published = listeners.publish(self._charts, self.today)
        self._everyone = np.arange(len(listeners), dtype=np.int32)
        self._request: Request | None = None
        self._active: I32  # whose clocks may still move before ...
        self._until: float  # ... this day
        self._open_window()
        self._pending: list[Late] = []
        self.truth = WorldTruth(listeners, hidden)

    def __len__(self) -> int:
        return len(self._listeners)

    def setting(
        self,
        slate_size: int = 10,
        cooldown: float = 30.0,
        key: Key | None = None,
        practice: Practice | None = None,
    ) -> Setting:
        """What an agent is told of this world before its first request.

        Args:
            slate_size: k.
            cooldown: days; the surface's rule of what may be recommended again.
            key: of the agent's luck.
            practice: makes other worlds, for agents that train in some.

        Raises:
            UsageError: if the cooldown has no end and this world does not remember so long.
        """
        if self.heard is None:
            cooldown = 0.0
        elif cooldown == np.inf and not self.heard.endless:
            raise UsageError("cooldown=inf, but this world forgets: make it with make_world(cooldown=np.inf)")
        key = self.key / "agent" if key is None else key
        return Setting(
            self.catalogue, len(self), slate_size, key, cooldown, self.heard, practice, self.response
        )

    def waiting(self, until: float | None = None) -> Request | None:
        """Live through organic sessions; then who asks for a slate before `until` (or the window's end).

        Asked again before `play`, it gives the same request.

        Returns:
            the next wave of requests, one for each listener who asks; None when nobody does any more.
        """
        if self._request is not None:
            return self._request
        until = self.today + self.window if until is None else until
        if until > self._until:  # who was done by then may have more to do
            self._active, self._until = self._everyone, until
        plays = self._listeners.live(self._active, until, self.share, self._published)
        if len(plays):
            self._organic.append(self._enter(plays))
        asking = self._listeners.asking(self._active)
        if not len(asking):
            self._active = asking
            return None
        self._request = self._listeners.request(asking)
        return self._request

    def play(self, slate: Slate) -> Exchange:
        """Hand `slate` to those who wait; their hidden state and their clocks move on.

        Raises:
            UsageError: if nobody waits, or the slate has a wrong shape or dtype, or a track that is unknown,
                not yet released or twice in the same slate.
        """
        request = self._asked(slate)
        response = self._listeners.play(request.listeners, slate.tracks, self.response)
        self._request = None
        self._active = request.listeners
        feedback = response.feedback
        self.truth.utility = response.utility
        self.truth.known = np.zeros(response.flags.shape, bool)
        if self.heard is not None or self.log is not None:
            plays = self._enter(plays_of(request, slate, response, feedback.reached))
            self.truth.known[feedback.reached] = plays.has(KNOWN)
        else:  # charts, likes and saves come all the same
            earned = (response.flags & (LIKED | SAVED)) != 0
            heard = gathered(request.listeners, slate.tracks, response.seconds)
            self._expect(*heard, plays_of(request, slate, response, earned))
        return Exchange(request, slate, feedback)

    def imagine(self, slate: Slate) -> Exchange:
        """What `play(slate)` would bring, with the luck it would have; the world stays as it is.

        Raises:
            UsageError: as `play`.
        """
        request = self._asked(slate)
        response = self._listeners.imagine(request.listeners, slate.tracks, self.response)
        return Exchange(request, slate, response.feedback)

    def copy(self) -> World:
        """Another world in the same state: it has the same future, and neither knows of the other."""
        return copy.deepcopy(self)

    def turn(self) -> Day:
        """End the window: publish charts, late likes and saves, what comes out next; begin the next.

        Raises:
            UsageError: if somebody still waits for a slate.
        """
        if (request := self.waiting()) is not None:  # which also lives what nobody has asked to be lived yet
            raise UsageError(f"{len(request)} listeners wait for a slate: call play() before turn()")
        end = self.today + self.window
        nothing = np.empty(0, np.int32)
        listener, track = (
            np.concatenate(parts) for parts in zip((nothing, nothing), *self._counted, strict=True)
        )
        counted = np.bincount(track, minlength=len(self.catalogue))
        self._charts = self._listeners.next_charts(self._charts, counted, self.window)
        late = Late.concat(self._pending)
        due = late.came < end
        arrived, self._pending = late.rows(due), [late.rows(~due)]
        if self.log is not None:
            self.log.append_late(arrived)
            self.log.forget_before(end)
        released = self.catalogue.released
        news = Day(
            plays=Plays.concat(self._organic),
            late=arrived,
            charts=self._charts.copy(),
            released=np.flatnonzero((released > self.today) & (released <= end)).astype(np.int32),
            time=end,
        )
        self.today = end
        self._published = self._listeners.turn(self._charts, end, self.window, listener, track)
        self._open_window()
        return news

    def warm_up(self, days: int, each: Callable[[], None] = lambda: None) -> None:
        """Live `days` windows in which nothing is recommended; `each` is called after every one of them."""
        share, self.share = self.share, 0.0
        for _ in range(days):
            if self.waiting() is not None:  # pragma: no cover  nobody asks when nothing is recommended
                raise RuntimeError("a listener asked for a slate during the warm-up")
            self.turn()
            each()
        self.share = share

    def _asked(self, slate: Slate) -> Request:
        """Who waits, if `slate` can be played to them."""
        if self._request is None:
            raise UsageError(
                "nobody waits for a slate: call waiting() first, and turn() when it returns None"
            )
        check_slate(slate, self._request, self.catalogue, self._listeners.each)
        return self._request

    def _open_window(self) -> None:
        self._active, self._until = self._everyone, self.today
        self._organic: list[Plays] = []
        self._counted: list[tuple[I32, I32]] = []  # listeners and tracks of plays that count

    def _enter(self, plays: Plays) -> Plays:
        """Enter plays into the platform's memory and the log; hand back what is public of them."""
        earned = np.flatnonzero(plays.flags & (LIKED | SAVED))
        heard = gathered(plays.listener, plays.track[:, None], plays.seconds[:, None])
        self._expect(*heard, plays.rows(earned))
        flags = plays.flags & ~(LIKED | SAVED)
        if self.heard is not None:
            known = self.heard.add(plays.listener, plays.track, plays.time, plays.seconds)
            flags = np.where(known, flags | KNOWN, flags)
        plays = replace(plays, flags=flags)
        if self.log is not None:
            self.log.append(plays)
        return plays

    def _expect(self, listener: I32, track: I32, late: Plays) -> None:
        """Plays of 30 s and more will show when the window ends, and what plays earned some time later."""
        self._counted.append((listener, track))
        ended = late.time + late.seconds / SECONDS_A_DAY
        self._pending.append(self._listeners.late(late.listener, late.time, late.track, ended, late.flags))


def gathered(listeners: I32, tracks: I32, seconds: F32) -> tuple[I32, I32]:
    """Listeners and tracks of plays of 30 s and more, row by row: of (m,) who played (m, k) for (m, k)."""
    n = np.count_nonzero(seconds >= HEARD_SECONDS)
    who, what = np.empty((2, n + 1), np.int32)
    gather_heard(listeners, tracks, seconds, who, what)
    return who[:n], what[:n]


def plays_of(request: Request, slate: Slate, response: Response, which: Bool | None = None) -> Plays:
    """The plays of an exchange, by default all that were reached, listener by listener, slot by slot."""
    which = response.reached if which is None else which
    at = np.flatnonzero(which)
    row = at // which.shape[1]
    return Plays(
        time=response.time.ravel()[at],
        listener=request.listeners[row],
        track=slate.tracks.ravel()[at],
        visit=request.visit[row],
        session=response.session[row],
        slot=(at - row * which.shape[1]).astype(np.int8),
        source=np.zeros(len(at), np.uint8),
        propensity=slate.propensity.ravel()[at],
        seconds=response.seconds.ravel()[at],
        flags=response.flags.ravel()[at],
        activity=response.activity.ravel()[at],
        device=response.device.ravel()[at],
    )
