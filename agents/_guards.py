"""Agents that stand between another one and the log: it serves, and learns what they let through."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from simenv.agents._mixing import Mixture
from simenv.agents.base import Agent
from simenv.log import Log
from simenv.types import F32, I32, Late, Plays, Request, Slate


@dataclass
class Guard(Mixture, ABC):
    """An agent that answers as `of` does, which learns from `let_through(log)` instead of the log.

    Args:
        of: the agent within, or its expression.
    """

    of: Agent | str = "als"

    @property
    def inner(self) -> Agent:
        """`of`, which is an agent once the guard is made."""
        assert isinstance(self.of, Agent)
        return self.of

    @abstractmethod
    def let_through(self, log: Log) -> Log:
        """What the agent within may learn of a log."""

    def fit(self, log: Log) -> None:
        self.inner.fit(self.let_through(log))

    def recommend(self, request: Request) -> Slate:
        return self.inner.recommend(request)

    def score(self, request: Request, tracks: I32) -> F32:
        return self.inner.score(request, tracks)

    def probability(self, request: Request, tracks: I32, given: I32) -> F32:
        return self.inner.probability(request, tracks, given)

    def parts(self, listener: int, track: int) -> dict[str, float]:
        return self.inner.parts(listener, track)

    def explain(self, listener: int, track: int) -> str:
        return self.inner.explain(listener, track)


class Sieved(Log):
    """A log as seen through a sieve: nothing is copied before it is read.

    Args:
        log: what is behind; plays that it gets later are seen, too.
        sieve: the plays of a part that are let through.
        trusted: (n,) whose late likes and saves are.
    """

    def __init__(self, log: Log, sieve: Callable[[Plays], Plays], trusted: np.ndarray) -> None:
        super().__init__(log.n_listeners, log.n_tracks)
        self._log, self._sieve, self._trusted = log, sieve, trusted
        self.now = log.now

    def __len__(self) -> int:
        return sum(len(part) for part in self.parts())

    def parts(self) -> Iterator[Plays]:
        """What is let through of each part."""
        return (self._sieve(part) for part in self._log.parts())

    def since(self, read: int) -> Iterator[Plays]:
        """What is let through after the first `read`."""
        for part in map(self._sieve, self._log.since(0)):
            if read < len(part):
                yield part.rows(slice(read, None))
            read = max(read - len(part), 0)

    def late(self) -> Late:
        """Likes and saves of those who are trusted."""
        late = self._log.late()
        return late.rows(self._trusted[late.listener])
