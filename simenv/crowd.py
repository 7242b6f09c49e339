"""A crowd of listeners who all ask at every step: what both Gymnasium faces are made of.

The catalogue and the charts stand still, so listeners are independent, and each can be reborn at any time. A
listener is (seed, row, life): the same alone or in a crowd, bit for bit.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np

from simenv._recycled import Recycled
from simenv._threads import Crew
from simenv.actions import Choice, Direction, playable
from simenv.context import blank_request
from simenv.errors import UsageError
from simenv.face import Face, Stage
from simenv.heard import Heard
from simenv.observe import MATCH, Observer
from simenv.retrieve import MakeRetriever
from simenv.reward import LATER, REWARDS, Consequence
from simenv.rng import Key
from simenv.types import (
    F32,
    F64,
    I32,
    LIKED,
    Bool,
    Exchange,
    Plays,
    Request,
    Response,
    Setting,
    Slate,
)
from simenv.world import SECONDS_A_DAY, plays_of

_BLOCK = 1_024  # listeners whose requests and candidates stay in the cache meanwhile
_PATIENCE = 100  # lives that may end in a row before their first decision


class Residents(Protocol):
    """What a crowd asks of a population (implemented in users/)."""

    def __len__(self) -> int: ...

    def bear(self, rows: I32, life: I32, time: float, key: Key) -> None:
        """Listeners `rows` are born at `time`, in their `life`-th life."""
        ...

    def live(self, rows: I32, until: float, share: float, charts: Any) -> Plays:
        """Let `rows` live organically until each asks or `until`."""
        ...

    def fill_in(self, request: Request) -> None:
        """Write into a blank request, or a part of one, what its listeners show of their situation."""
        ...

    def play(self, rows: I32, tracks: I32, response: str) -> Response:
        """Hand `tracks` (m, k) to `rows`, who ask; -1 plays nothing. `response` is one of RESPONSES."""
        ...

    def returns(self, rows: I32) -> F64:
        """(m,) days: when each of `rows` acts next; inf: gone for good."""
        ...


class Crowd:
    """n listeners who ask, are answered, and ask again.

    Args:
        listeners: the population, of whom nobody has lived yet.
        stage: where they live.
        face: what a learner sees and does.
        retrieve: makes the retriever of candidates.
        first: number of the first listener, so that one alone can be the i-th of many.
        threads: that share a big crowd.
    """

    def __init__(
        self,
        listeners: Residents,
        stage: Stage,
        face: Face,
        retrieve: MakeRetriever,
        first: int = 0,
        threads: int = 1,
    ) -> None:
        n, total = len(listeners), len(stage.catalogue)
        if face.actions == "tracks" and face.slate_size > total:
            raise UsageError(f"slate_size={face.slate_size} of a catalogue of {total} tracks")
        self.stage, self.face = stage, face
        self.rows = np.arange(n, dtype=np.int32)
        self.who = self.rows + np.int32(first)
        self.lives = np.zeros(n, np.int32)
        self.steps = np.zeros(n, np.int64)
        self._listeners, self._crew = listeners, Crew(threads, _BLOCK)
        self._heard = (
            Heard(n, total, any_play=np.isinf(face.cooldown), known=False) if face.cooldown else None
        )
        setting = Setting(
            stage.catalogue, n, face.slate_size, Key.root(0), cooldown=face.cooldown, heard=self._heard
        )
        self.observer = Observer(setting, face.history)
        self.observer.publish(stage.counts)
        f = self.observer.features.shape[1]
        modes: dict[str, Choice | Direction] = {
            "candidates": Choice(face.candidates, face.slate_size, among_candidates=True),
            "tracks": Choice(total, face.slate_size, among_candidates=False),
            "query": Direction(0, f, face.slate_size),
            "blend": Direction(f, len(MATCH), face.slate_size),
        }
        self.mode = modes[face.actions]
        self._retriever = retrieve(setting, face.candidates) if face.actions != "tracks" else None
        if self._retriever is not None:
            self._retriever.publish(stage.counts)
        self._candidates = 0 if self._retriever is None else face.candidates
        self._width = self.observer.width(self._candidates)
        self.parts: Mapping[str, slice] = self.observer.parts(self._candidates)
        self._shown = Recycled()
        self._unknown = np.full((n, face.slate_size), np.nan, np.float32)
        self._key: Key | None = None
        self.request: Request | None = None  # of everyone, now
        self.candidates = np.empty((n, 0), np.int32)
        self.exchange: Exchange | None = None  # the last

    def begin(self, seed: int | None) -> None:
        """Everyone's first life under a seed, or, without one, everyone's next life."""
        if seed is not None:
            self._key = Key.root(seed)
            self.lives[:] = -1
        self.exchange = None
        self.renew(self.rows)

    def renew(self, rows: I32) -> None:
        """The next life of `rows` begins, and lasts until they ask for the first time."""
        if self._key is None:
            raise UsageError("call reset() before step()")
        for _ in range(_PATIENCE):
            self.lives[rows] += 1
            self.steps[rows] = 0
            self._listeners.bear(rows, self.lives[rows], self.stage.day, self._key)
            self.observer.forget(rows)
            if self._retriever is not None:
                self._retriever.renew(rows, self.who[rows], self.lives[rows], self._key)
            if self._heard is not None:
                self._heard.forget(rows)
            if self.face.past:
                self._live(rows, self.stage.day + self.face.past, 0.0)
            self._live(rows, np.inf, self.face.share)
            rows = rows[self._gone(rows)]
            if not len(rows):
                return
        raise UsageError(
            f"{len(rows)} listeners left for good before their first decision, {_PATIENCE} times in a row; "
            f"lower past={self.face.past} days or the parameter churn, or raise share={self.face.share}"
        )

    def begin_again(self, rows: I32) -> None:
        """The life of `rows` begins anew, as if they had not been asked anything."""
        self.lives[rows] -= 1
        self.renew(rows)

    def look(self) -> F32:
        """(n, width) what shows of everyone as they ask."""
        shown = self._shown.take((len(self.rows), self._width))
        self.request, self.candidates = self._look(self.rows, shown)
        return shown

    def look_at(self, rows: I32) -> F32:
        """(m, width) what shows of `rows`, who ask or are gone."""
        shown = np.empty((len(rows), self._width), np.float32)
        self._look(rows, shown)
        return shown

    def step(self, actions: Any, resting: Bool | None = None) -> tuple[F32, Bool, Bool]:
        """Everyone is played what `actions` say, and lives until they ask again; `resting` (n,) play nothing.

        Returns:
            rewards (n,), terminated (n,): gone for good, and truncated (n,): still here at the horizon.
        """
        request = self.request
        if request is None:
            raise UsageError("call reset() before step()")
        candidates = self.candidates
        tracks = self.mode.tracks(
            actions, candidates, lambda: self.observer.of_candidates(request, candidates)
        )
        tracks = playable(tracks, request.time, self.stage.catalogue.released)
        if resting is not None:
            tracks[resting] = -1
        response = self._listeners.play(self.rows, tracks, self.face.response)
        exchange = Exchange(request, Slate(tracks, self._unknown), response.feedback)
        self.exchange = exchange
        self.observer.see(exchange)
        if self._heard is not None:
            self._remember(plays_of(request, exchange.slate, response))
        left = self.rows[exchange.feedback.left]
        reward = self._reward(exchange, response, left)
        gone = np.zeros(len(self.rows), bool)
        if len(left):
            self._live(left, np.inf, self.face.share)
            gone[left] = self._gone(left)
        self.steps += 1
        return reward, gone, (self.steps >= self.face.horizon) & ~gone

    def masks(self) -> Bool:
        """(n, k * options) the numbers that play something new, slot after slot (see `Choice.masks`).

        Raises:
            UsageError: if actions are not whole numbers, and before the first reset.
        """
        if self.request is None:
            raise UsageError("call reset() before action_masks()")
        if self._retriever is not None:
            return self.mode.masks(self.candidates >= 0)
        legal = self.stage.catalogue.released <= self.request.time[:, None]  # (n, T)
        if self._heard is not None:
            start, tracks = self._heard.forbidden(self.rows, self.request.time, self.face.cooldown)
            legal[np.repeat(self.rows, np.diff(start)), tracks] = False
        return self.mode.masks(legal)

    def _look(self, rows: I32, shown: F32) -> tuple[Request, I32]:
        """What `rows` ask and their candidates; into `shown` (m, width) what shows of them."""
        candidates = np.empty((len(rows), self._candidates), np.int32)
        request = blank_request(rows)

        def work(low: int, high: int) -> None:
            here = slice(low, high)
            asking = request.rows(here)
            self._listeners.fill_in(asking)
            if self._retriever is not None:
                candidates[here] = self._retriever.of(asking, self.observer.last_finished(rows[here]))
            self.observer.of(asking, candidates[here], shown[here])

        self._crew.each(len(rows), work)
        return request, candidates

    def _reward(self, exchange: Exchange, response: Response, left: I32) -> F32:
        name = self.face.reward
        if name in REWARDS:
            return REWARDS[name](exchange)
        away = np.full(len(self.rows), np.nan)
        if len(left):
            ended = (response.time[left] + response.seconds[left] / SECONDS_A_DAY).max(axis=1)
            away[left] = self._listeners.returns(left) - ended
        return LATER[name](Consequence((response.flags & LIKED) != 0, away))

    def _live(self, rows: I32, until: float, share: float) -> None:
        plays = self._listeners.live(rows, until, share, self.stage.charts)
        if self._heard is not None:
            self._remember(plays)

    def _remember(self, plays: Plays) -> None:
        if self._heard is not None:
            self._heard.add(plays.listener, plays.track, plays.time, plays.seconds)

    def _gone(self, rows: I32) -> Bool:
        return np.isinf(self._listeners.returns(rows))
