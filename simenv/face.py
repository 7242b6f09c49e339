"""What a Gymnasium face shows of the world and asks of a learner, and the stage its listeners live on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from simenv.actions import MODES
from simenv.catalogue import Catalogue
from simenv.errors import UsageError
from simenv.reward import LATER, REWARDS
from simenv.types import F32, RESPONSES

LAYOUTS = ("dict", "flat")


@dataclass(frozen=True, slots=True)
class Stage:
    """What an organic warm-up leaves behind, and faces never change."""

    catalogue: Catalogue
    counts: F32  # (T,) charts
    charts: Any  # the same as listeners read them
    day: float  # on which listeners are born


@dataclass(frozen=True)
class Face:
    """How a face shows the world, and what it asks of a learner."""

    slate_size: int = 1
    """k, tracks a decision. One by default: what a decision led to is then known exactly, and any learner of
    discrete actions can play."""
    horizon: int = 100
    """Decisions until an episode is truncated: about eight sessions."""
    share: float = 1.0
    """Share of sessions that are recommended."""
    past: float = 0.0
    """Organic days lived before the first decision."""
    cooldown: float = 0.0
    """Days in which what was heard is no candidate; inf: new music only."""
    reward: str = "completion"
    """Name in `reward.REWARDS` or `reward.LATER`."""
    actions: str = "candidates"
    """How tracks are chosen, one of `actions.MODES`."""
    observe: str = "dict"
    """Observations as a dictionary of vectors, or as one "flat" vector."""
    response: str = "queue"
    """How a slate is answered, one of `types.RESPONSES`."""
    candidates: int = 8
    """c, tracks to choose from, except in mode "tracks"."""
    history: int = 4
    """Recent plays that are shown one by one."""

    def __post_init__(self) -> None:
        for name in ("slate_size", "horizon", "candidates"):
            value = getattr(self, name)
            if not isinstance(value, int | np.integer) or value < 1:
                raise UsageError(f"{name}={value!r}: expected a whole number from 1")
        if not 0 < self.share <= 1:
            raise UsageError(f"share={self.share} of sessions: expected more than 0, or nobody asks, up to 1")
        if not 0 <= self.past < np.inf:
            raise UsageError(f"past={self.past} days: expected 0 or more")
        if not self.cooldown >= 0:
            raise UsageError(f"cooldown={self.cooldown} days: expected 0 or more, or inf for new music only")
        kinds = (("reward", (*REWARDS, *LATER)), ("actions", MODES), ("observe", LAYOUTS))
        for name, known in (*kinds, ("response", RESPONSES)):
            if getattr(self, name) not in known:
                raise UsageError(f"no {name} called {getattr(self, name)!r}; there are {', '.join(known)}")
        if self.actions != "tracks" and self.slate_size > self.candidates:
            raise UsageError(
                f"slate_size={self.slate_size} of candidates={self.candidates}: give at least as many"
            )
