"""What every recommender is: the interface, and the wrapper around another one."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from simenv.agents._checks import Count, Days, Number, Range, Share, Weight, check_fields
from simenv.agents._ranking import alike, chance, is_open, ranked, scores_of
from simenv.errors import UsageError
from simenv.log import Log
from simenv.types import F32, I32, Bool, Day, Exchange, Request, Setting, Slate

__all__ = ["Agent", "Count", "Days", "Number", "Range", "Scorer", "Share", "Weight", "Wrapper"]


class _Begun:
    """What every agent keeps when it begins; declared apart, as a dataclass would make it a parameter."""

    setting_: Setting


@dataclass
class Agent(_Begun, ABC):
    """A recommender.

    A subclass is a dataclass: its fields are its hyper-parameters and nothing else, checked against their
    types (`Share`, `Count`, `Days`, ...) when it is made. What it learns is made in `begin`, has a name that
    ends in an underscore, and changes in `update`, `hear` and `fit` only.

    Args:
        fit_every: days between batch retrainings; 0: never.
    """

    fit_every: Number = field(default=1, kw_only=True)

    needs: ClassVar[frozenset[str]] = frozenset()  # of {"audio", "genres", "times", "practice"}
    personal: ClassVar[bool] = True  # False: everybody is answered alike

    def __post_init__(self) -> None:
        check_fields(self, type(self).__name__.lower())

    @property
    def files(self) -> tuple[Path, ...]:
        """What it reads beside its parameters, whose content its results depend on."""
        return ()

    @abstractmethod
    def begin(self, setting: Setting) -> None:
        """Forget everything and prepare for `setting`."""

    @abstractmethod
    def recommend(self, request: Request) -> Slate:
        """A slate for each listener who asks. Never learns: asked twice, it answers the same."""

    def update(self, exchange: Exchange) -> None:
        """Learn online from what became of a slate."""

    def hear(self, news: Day) -> None:
        """Learn from a day's organic plays, late likes, charts and releases."""

    def fit(self, log: Log) -> None:
        """Learn in batch from all that was played."""

    def score(self, request: Request, tracks: I32) -> F32:
        """(m, c) how good each of `tracks` (m, c) is for each listener; nan where it cannot tell."""
        return np.full(tracks.shape, np.nan, np.float32)

    def probability(self, request: Request, tracks: I32, given: I32) -> F32:
        """(m, c) chance of each of `tracks` in the slot after the tracks `given` (m, j); nan if unknown."""
        return np.full(tracks.shape, np.nan, np.float32)

    def parts(self, listener: int, track: int) -> dict[str, float]:
        """What adds up to the score of a track for a listener, each part by its name."""
        return {}

    def explain(self, listener: int, track: int) -> str:
        """Why this track, in words: the three largest parts of its score."""
        parts = self.parts(listener, track)
        most = sorted(parts, key=lambda name: -abs(parts[name]))[:3]
        reasons = ", ".join(f"{name} {parts[name]:+.3g}" for name in most)
        return f"Track {track} for listener {listener}: {reasons or 'no reason is known'}"

    def similar(self, track: int, k: int) -> Slate:
        """(1, k) tracks more like this one, most alike first.

        Raises:
            UsageError: if the agent knows no likeness between tracks, or there are not k others.
        """
        return alike(self.likeness(track), track, k)

    def likeness(self, track: int) -> F32:
        """(T,) how much like this one every track is.

        Raises:
            UsageError: if the agent knows no likeness between tracks.
        """
        name = type(self).__name__.lower()
        raise UsageError(f"{name} knows no likeness between tracks: ask als, itemknn or content")

    def state(self) -> dict[str, NDArray]:
        """What has been learned, as named arrays; by default every attribute that ends in an underscore."""
        from simenv.agents._checkpoint import learned

        return learned(self)

    def restore(self, state: dict[str, NDArray]) -> None:
        """Take `state` over, after `begin`."""
        from simenv.agents._checkpoint import take_over

        take_over(self, state)

    def save(self, path: Path | str) -> Path:
        """Write a checkpoint, a folder that `simenv.restore(path, setting)` reads."""
        from simenv.agents._checkpoint import save

        return save(self, Path(path))


@dataclass
class Scorer(Agent):
    """An agent that scores every track for a listener and shows the best that may be shown.

    A subclass says `scores`; slates, cooldown, releases, ties, exploration and propensities follow from them.

    Args:
        explore: chance that a slot is a uniform draw, in [0, 1].
    """

    explore: Share = field(default=0.0, kw_only=True)

    @abstractmethod
    def scores(self, request: Request) -> F32:
        """(m, T) scores of all tracks for each listener, or (1, T) if everybody is answered alike."""

    def recommend(self, request: Request) -> Slate:
        return ranked(self.scores, request, self.setting_, self.explore)

    def score(self, request: Request, tracks: I32) -> F32:
        return scores_of(self.scores, request, tracks, self.setting_)

    def probability(self, request: Request, tracks: I32, given: I32) -> F32:
        return chance(self.scores, request, tracks, given, self.setting_, self.explore)


@dataclass
class Wrapper(Agent):
    """An agent that makes its slates of what another one finds: re-rankers, guards.

    The inner agent is begun with slates of `pool` tracks and learns all that the wrapper is told, refits
    included. A subclass ranks `shortlist(request)` and reports propensities of its own.

    Args:
        of: the inner agent, or its expression.
        pool: tracks asked of it; never fewer than the slate, nor more than were released at the start.
    """

    of: Agent | str = "als"
    pool: Count = 100

    def __post_init__(self) -> None:
        from simenv.agents._expressions import as_agent

        super().__post_init__()
        self.of = as_agent(self.of)

    @property
    def inner(self) -> Agent:
        """`of`, which is an agent once the wrapper is made."""
        assert isinstance(self.of, Agent)
        return self.of

    @property
    def needs(self) -> frozenset[str]:  # type: ignore[override]
        """What the inner agent needs."""
        return self.inner.needs

    @property
    def personal(self) -> bool:  # type: ignore[override]
        """Whether the inner agent answers everybody alike."""
        return self.inner.personal

    def begin(self, setting: Setting) -> None:
        self.setting_ = setting
        supply = int(np.count_nonzero(setting.catalogue.released <= 0))
        size = max(min(self.pool, supply), setting.slate_size)
        self.inner.begin(replace(setting, slate_size=size, key=setting.key / "of"))

    def update(self, exchange: Exchange) -> None:
        self.inner.update(exchange)

    def hear(self, news: Day) -> None:
        self.inner.hear(news)

    def fit(self, log: Log) -> None:
        self.inner.fit(log)

    def shortlist(self, request: Request) -> tuple[I32, F32, Bool]:
        """The inner agent's pool (m, c): tracks, their scores, and which are open.

        Those that are not open come last, the one played longest ago first. A row that the inner agent cannot
        score is scored by its order, from 0 down.
        """
        return self.listed(request, self.inner.recommend(request))

    def listed(self, request: Request, slate: Slate) -> tuple[I32, F32, Bool]:
        """`shortlist` of a pool that was asked for already."""
        tracks = slate.tracks
        scores = self.inner.score(request, tracks)
        order = -np.arange(tracks.shape[1], dtype=np.float32)
        unknown = np.isnan(scores).any(axis=1, keepdims=True)
        return tracks, np.where(unknown, order, scores), is_open(request, tracks, self.setting_)

    def score(self, request: Request, tracks: I32) -> F32:
        return self.inner.score(request, tracks)

    def parts(self, listener: int, track: int) -> dict[str, float]:
        return self.inner.parts(listener, track)

    def likeness(self, track: int) -> F32:
        return self.inner.likeness(track)
