"""What bandits share: candidates from another agent or all tracks, votes among them, exact propensities."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np

from simenv.agents import _votes
from simenv.agents._expressions import as_agent
from simenv.agents._ranking import all_open, among, check_supply, forced, is_open, joined
from simenv.agents.base import Agent, Count, Number, Share
from simenv.log import Log
from simenv.types import F32, I32, Bool, Day, Exchange, Request, Setting, Slate

_BLOCK = 1 << 21  # votes held at once: 8 MB, which a processor's cache may hold


class Candidates(NamedTuple):
    """What a slate is chosen from."""

    tracks: I32  # (m, c) when no open one is left, the others follow in this order
    is_open: Bool  # (m, c)
    sure: Bool  # (m,) whether they could not have been others, so that propensities are known


@dataclass
class Bandit(Agent, ABC):
    """Learns from what it tries: chooses by votes among candidates, and learns when feedback comes.

    A subclass says `votes`; slates, cooldown, exploration and propensities follow from them (`_votes.py`).
    Propensities are exact, but unknown where the agent that finds candidates explores itself.

    Args:
        of: the agent that finds candidates, or its expression; None: all tracks are.
        pool: candidates asked of it; never fewer than the slate, nor more than were released at the start.
        explore: chance that a slot is a uniform draw from the candidates left, in [0, 1].
    """

    of: Agent | str | None = field(default=None, kw_only=True)
    pool: Count = field(default=100, kw_only=True)
    explore: Share = field(default=0.0, kw_only=True)
    fit_every: Number = field(default=7, kw_only=True)

    def __post_init__(self) -> None:
        super().__post_init__()
        self.of = None if self.of is None else as_agent(self.of)

    @property
    def inner(self) -> Agent | None:
        """The agent that finds candidates."""
        assert not isinstance(self.of, str)
        return self.of

    @property
    def needs(self) -> frozenset[str]:  # type: ignore[override]
        """What the agent that finds candidates needs."""
        return self.inner.needs if self.inner else frozenset()

    @abstractmethod
    def votes(self, request: Request, tracks: I32) -> F32:
        """(m, c, S) worth of each of `tracks` (m, c) by each of S votes."""

    @property
    @abstractmethod
    def n_votes(self) -> int:
        """S."""

    def begin(self, setting: Setting) -> None:
        self.setting_ = setting
        self.now_ = 0.0  # days
        self.fitted_ = -np.inf  # when the inner agent last was, days
        if self.inner:
            supply = int(np.count_nonzero(setting.catalogue.released <= 0))
            size = max(min(self.pool, supply), setting.slate_size)
            self.inner.begin(replace(setting, slate_size=size, key=setting.key / "of"))

    def update(self, exchange: Exchange) -> None:
        if self.inner:
            self.inner.update(exchange)

    def hear(self, news: Day) -> None:
        if self.inner:
            self.inner.hear(news)

    def fit(self, log: Log) -> None:
        if not self.inner:
            return
        every = self.inner.fit_every
        if not np.isfinite(self.fitted_) or (every and round(log.now - self.fitted_) >= every):
            self.inner.fit(log)
            self.fitted_ = log.now

    def recommend(self, request: Request) -> Slate:
        found = self.candidates(request)
        check_supply(request, self.setting_)
        return joined([self._chosen(*part) for part in self._blocks(request, found)])

    def probability(self, request: Request, tracks: I32, given: I32) -> F32:
        found = self.candidates(request)
        out, at = np.empty(tracks.shape, np.float32), 0
        for rows, some in self._blocks(request, found):
            here = slice(at, at := at + len(rows))
            law = self._law(rows, some, given[here])
            each = [(law * (some.tracks == column[:, None])).sum(axis=1) for column in tracks[here].T]
            out[here] = np.where(some.sure[:, None], np.stack(each, axis=1), np.nan)
        return out

    def likeness(self, track: int) -> F32:
        return self.inner.likeness(track) if self.inner else super().likeness(track)

    def candidates(self, request: Request) -> Candidates:
        """What the inner agent finds, or all tracks."""
        if not self.inner:
            return _everything(request, self.setting_)
        slate = self.inner.recommend(request)
        free = is_open(request, slate.tracks, self.setting_)
        return Candidates(slate.tracks, free, ((slate.propensity == 1) | ~free).all(axis=1))

    def _blocks(self, request: Request, found: Candidates) -> Iterator[tuple[Request, Candidates]]:
        size = max(1, _BLOCK // (found.tracks.shape[1] * self.n_votes))
        for at in range(0, max(len(request), 1), size):
            rows = slice(at, at + size)
            some = Candidates(found.tracks[rows], found.is_open[rows], found.sure[rows])
            yield request.rows(rows), some

    def _chosen(self, request: Request, found: Candidates) -> Slate:
        m, k, s = len(request), self.setting_.slate_size, self.n_votes
        places, chance = np.empty((m, k), np.int32), np.empty((m, k), np.float32)
        event = self.setting_.key.bits(request.listeners, request.visit)
        used = np.empty(found.tracks.shape[1], np.bool_)
        votes, scratch = self.votes(request, found.tracks), (np.empty(s, np.float32), np.empty(s, np.int32))
        _votes.choose(votes, found.is_open, event, self.explore, places, chance, used, *scratch)
        forced = ~np.take_along_axis(found.is_open, places, axis=1)
        chance[~(found.sure[:, None] | forced)] = np.nan
        return Slate(np.take_along_axis(found.tracks, places, axis=1), chance)

    def _law(self, request: Request, found: Candidates, given: I32) -> F32:
        """(m, c) chance of each candidate in the slot after `given` (m, j)."""
        chance, s = np.empty(found.tracks.shape, np.float32), self.n_votes
        votes, scratch = self.votes(request, found.tracks), (np.empty(s, np.float32), np.empty(s, np.int32))
        _votes.law(votes, found.is_open, among(found.tracks, given), self.explore, chance, *scratch)
        return chance


def _everything(request: Request, setting: Setting) -> Candidates:
    """All tracks; where fewer than a slate are open, these first, then the others, oldest play first."""
    n_tracks = len(setting.catalogue)
    tracks = np.tile(np.arange(n_tracks, dtype=np.int32), (len(request), 1))
    free = all_open(request, setting)
    for row in np.flatnonzero(free.sum(axis=1) < setting.slate_size).tolist():
        first = np.flatnonzero(free[row]).astype(np.int32)
        then = forced(request, row, first, setting)
        never = np.setdiff1d(tracks[row], np.concatenate([first, then]))
        tracks[row] = np.concatenate([first, then, never])
        free[row] = np.arange(n_tracks) < len(first)
    return Candidates(tracks, free, np.ones(len(request), bool))
