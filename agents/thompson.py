"""A bandit that plays what is best in a world that may be, drawn from what it believes."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from simenv.agents import _votes
from simenv.agents._ranking import blocks, check_supply, fill, forced, in_cooldown, joined, n_released
from simenv.agents._tally import WITHIN, Tally, shrunk
from simenv.agents.base import Share, Weight
from simenv.log import Log
from simenv.types import F32, F64, I32, Day, Exchange, Request, Setting, Slate

N_DRAWS = 256
"""Draws from the posterior that stand for it between two lessons."""

_LEAST = 0.01  # of a Beta law's two counts


@dataclass
class Thompson(Tally):
    """Show the track that is best in a draw from the posterior of every arm's share of finished plays.

    With n plays of an arm, s of them finished, its share is believed to be

        Beta(s + smoothing p, n - s + smoothing (1 - p)),    p = (1 + finished) / (2 + plays) over all arms.

    256 draws are made of an arm's share each time that something is learned of it, and of all arms every day.
    A slot shows, with probability `explore`, a uniform draw from the tracks left, else the best track left in
    one of the 256, itself drawn by the event: the histogram of the 256, mixed with that floor, is the exact
    propensity. A track adds .01 of its own estimate where the arm is not the track itself. A new track has
    the prior.

    Args:
        explore: the floor: chance that a slot is a uniform draw.

    Source: Thompson, Biometrika 1933; Chapelle & Li, NIPS 2011.
    Departs:
        1. 256 draws stand for the posterior until more is learned of an arm (theirs: a draw for each
           decision), so that chances are exact.
        2. a floor of .01 (theirs: none).
        3. the prior has the common share, `smoothing` plays strong (theirs: Beta(1, 1)).
        4. counts decay by days, with `half_life` (theirs: not at all).
        5. slates of k tracks, each slot by a draw of its own (theirs: one action).
    """

    smoothing: Weight = 5.0
    explore: Share = field(default=0.01, kw_only=True)

    @property
    def n_votes(self) -> int:
        return N_DRAWS

    def begin(self, setting: Setting) -> None:
        super().begin(setting)
        self.draws_ = np.empty((int(self.arm_.max()) + 1, N_DRAWS), np.float32)  # (arms, S)
        self._draw(np.arange(len(self.draws_)))

    def fit(self, log: Log) -> None:
        super().fit(log)
        self._draw(np.arange(len(self.draws_)))

    def hear(self, news: Day) -> None:
        super().hear(news)
        self._draw(np.arange(len(self.draws_)))

    def update(self, exchange: Exchange) -> None:
        super().update(exchange)
        self._draw(np.unique(self.arm_[exchange.slate.tracks[self.seen(exchange)]]))

    def worth(self) -> dict[str, F64]:
        return self.estimate()

    def posterior(self) -> tuple[F64, F64]:
        """(arms,) the two counts of each arm's Beta law."""
        plays, finished = self.of_arms()
        common = (1 + finished.sum()) / (2 + plays.sum())
        a, b = finished + self.smoothing * common, plays - finished + self.smoothing * (1 - common)
        return np.maximum(a, _LEAST), np.maximum(b, _LEAST)

    def draws(self) -> F32:
        """(T, S) worth of each track in each of the draws."""
        if self.arms == "tracks":
            return self.draws_
        own = WITHIN * shrunk(self.plays_, self.finished_, self.smoothing)
        return self.draws_[self.arm_] + own[:, None].astype(np.float32)

    def votes(self, request: Request, tracks: I32) -> F32:
        return self.draws()[tracks]

    def _draw(self, arms: NDArray[np.intp]) -> None:
        """Make the draws of `arms` anew."""
        a, b = self.posterior()
        luck = (self.setting_.key / f"posterior {self.rounds_}").generator()
        self.draws_[arms] = luck.beta(a[arms, None], b[arms, None], (len(arms), N_DRAWS))

    def recommend(self, request: Request) -> Slate:
        if self.inner:
            return super().recommend(request)
        check_supply(request, self.setting_)
        return joined([self._walked(rows) for rows in blocks(request, self.setting_)])

    def probability(self, request: Request, tracks: I32, given: I32) -> F32:
        if self.inner:
            return super().probability(request, tracks, given)
        setting, released = self.setting_, self.setting_.catalogue.released
        start, barred = in_cooldown(request, setting)
        order = self._order(request, start, given.shape[1] + 1)
        n, out = n_released(request.time, setting), np.empty(tracks.shape, np.float32)
        asked = (np.ascontiguousarray(tracks, np.int32), np.ascontiguousarray(given, np.int32))
        _votes.walk_law(
            order, start, barred, released, request.time, self.explore, n, *asked, out, *_scratch(released)
        )
        for row in np.flatnonzero(n <= 0).tolist():
            out[row] = tracks[row] == forced(request, row, given[row], setting)[:1]
        return out

    def _walked(self, request: Request) -> Slate:
        setting, released = self.setting_, self.setting_.catalogue.released
        m, k = len(request), setting.slate_size
        tracks, propensity = np.full((m, k), -1, np.int32), np.ones((m, k), np.float32)
        start, barred = in_cooldown(request, setting)
        order = self._order(request, start, k)
        n, event = n_released(request.time, setting), setting.key.bits(request.listeners, request.visit)
        _votes.walk(
            order, start, barred, released, request.time, event, self.explore, n, tracks, propensity,
            *_scratch(released),
        )  # fmt: skip
        fill(tracks, propensity, np.minimum(n, k), request, setting)
        return Slate(tracks, propensity)

    def _order(self, request: Request, start: NDArray[np.int64], slots: int) -> I32:
        """(S, l) the best tracks of each draw, so many that nobody needs more, whatever is barred to them."""
        late = int(np.count_nonzero(self.setting_.catalogue.released > request.time.min(initial=np.inf)))
        most = int(np.diff(start).max(initial=0)) + late + slots
        falling = np.ascontiguousarray(-self.draws().T)
        if most >= falling.shape[1]:
            return np.argsort(falling, axis=1).astype(np.int32)
        near = np.argpartition(falling, most - 1, axis=1)[:, :most]
        inside = np.argsort(np.take_along_axis(falling, near, axis=1), axis=1)
        return np.take_along_axis(near, inside, axis=1).astype(np.int32)


def _scratch(released: F64) -> tuple[I32, I32, I32, I32]:
    """What is barred and what is taken, for T tracks; how far each draw's list is read, and its best."""
    return (
        np.full(len(released), -1, np.int32),
        np.full(len(released), -1, np.int32),
        np.zeros(N_DRAWS, np.int32),
        np.zeros(N_DRAWS, np.int32),
    )
