"""Agents made of several: all parts learn what the whole is told, and their scores come to one scale."""

from __future__ import annotations

from abc import ABC
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from scipy.stats import rankdata

from simenv.agents._checkpoint import agents_in
from simenv.agents._checks import hints_of, members
from simenv.agents._expressions import as_agent
from simenv.agents._mixing_loops import scale
from simenv.agents._ranking import all_open
from simenv.agents._registry import name_of
from simenv.agents.base import Agent, Scorer
from simenv.context import COLUMNS
from simenv.errors import UsageError
from simenv.log import Log
from simenv.types import F32, I32, Bool, Day, Exchange, Request, Setting

Scale = Literal["minmax", "z", "rank"]
"""How scores are brought to one scale over the open tracks of a listener: from 0 to 1; to mean 0 and standard
deviation 1; by the share of open tracks that do not score more."""

_WORDS = {"content": "sound", "popular": "charts", "trending": "charts", "repeat": "habit"}
_LISTENING = {"als", "bpr", "itemknn", "userknn", "slopeone", "svd"}


@dataclass
class Mixture(Agent, ABC):
    """An agent made of others: every field that may hold an agent is a part of it.

    All parts are begun in the same setting, each with luck of its own, and learn all that the whole is told,
    refits included.
    """

    def __post_init__(self) -> None:
        for name, hint in hints_of(type(self)).items():
            if any(isinstance(one, type) and issubclass(one, Agent) for one in members(hint)):
                setattr(self, name, as_agent(getattr(self, name)))
        super().__post_init__()

    @property
    def mixed(self) -> dict[str, Agent]:
        """The parts, by field."""
        return agents_in(self)

    @property
    def needs(self) -> frozenset[str]:  # type: ignore[override]
        """What any part needs."""
        return frozenset().union(*(part.needs for part in self.mixed.values()))

    @property
    def personal(self) -> bool:  # type: ignore[override]
        """Whether any part tells listeners apart."""
        return any(part.personal for part in self.mixed.values())

    def begin(self, setting: Setting) -> None:
        self.setting_ = setting
        for name, part in self.mixed.items():
            part.begin(replace(setting, key=setting.key / name))

    def update(self, exchange: Exchange) -> None:
        for part in self.mixed.values():
            part.update(exchange)

    def hear(self, news: Day) -> None:
        for part in self.mixed.values():
            part.hear(news)

    def fit(self, log: Log) -> None:
        for part in self.mixed.values():
            part.fit(log)

    def likeness(self, track: int) -> F32:
        """As the first part has it."""
        return next(iter(self.mixed.values())).likeness(track)


@dataclass
class Blend(Mixture, Scorer, ABC):
    """A mixture that ranks all tracks by what its parts score them with.

    Parts are heard by their scores alone, which is why the propensities are exact: a part's own exploring
    does not show, and a re-ranker counts for the scores of what it re-ranks.
    """

    def whole(self, part: Agent, request: Request) -> F32:
        """(m, T) a part's scores of all tracks, to be changed as one likes.

        Raises:
            UsageError: if it has none.
        """
        shape = (len(request), len(self.setting_.catalogue))
        if isinstance(part, Scorer):
            scores = part.scores(request)
            if scores.shape != shape or not scores.flags.writeable:
                scores = np.broadcast_to(scores, shape).copy()
        else:
            scores = part.score(request, np.tile(np.arange(shape[1], dtype=np.int32), (shape[0], 1)))
        if np.isnan(scores).any():
            name = name_of(type(part))
            raise UsageError(f"{name} does not score every track: mix agents that do, such as als or content")
        return np.ascontiguousarray(scores, np.float32)

    def level(self, part: Agent, request: Request, scale: Scale) -> F32:
        """(m, T) a part's scores of all tracks, brought to one scale over each listener's open tracks."""
        return levelled(self.whole(part, request), all_open(request, self.setting_), scale)


def levelled(scores: F32, is_open: Bool, how: Scale) -> F32:
    """`scores` (m, T) on the scale `how` over the open tracks of each row; they may be changed in place."""
    if how == "rank":
        n_open = is_open.sum(axis=1, keepdims=True)
        place = rankdata(np.where(is_open, scores, -np.inf), axis=1) - (~is_open).sum(axis=1, keepdims=True)
        return (np.maximum(place, 0) / np.maximum(n_open, 1)).astype(np.float32)
    scale(scores, is_open, how == "z")
    return scores


def asks(listeners: I32, time: float) -> Request:
    """The request of `listeners` (m,) at one time, in no particular context."""
    m = len(listeners)
    nothing = np.zeros(m, np.int32)
    return Request(listeners, np.full(m, time), np.zeros((m, len(COLUMNS)), np.float32), nothing, nothing)


def words_of(*parts: Agent) -> list[str]:
    """What each part goes by, in words; its name where two would go by the same."""
    names = [name_of(type(part)) for part in parts]
    words = ["listening" if name in _LISTENING else _WORDS.get(name, name) for name in names]
    if len(set(words)) == len(words):
        return words
    return [f"{name} ({i})" if names.count(name) > 1 else name for i, name in enumerate(names, 1)]
