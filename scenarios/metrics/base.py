"""What every metric is: an accumulator that sees each exchange once and keeps only what it needs.

A day of a million listeners is gigabytes of plays, so no metric may count on reading the log again: state is
O(T) or O(n), or that of a sample which the hash of its event chose.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import ModuleType
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from simenv.agents.base import Agent
from simenv.log import Log
from simenv.types import F32, F64, HEARD_SECONDS, I32, Bool, Day, Exchange, Plays, Setting, Truth
from simenv.world import World


@dataclass(frozen=True, slots=True)
class Start:
    """What there is when the warm-up is over and the first recommendation has not been made."""

    setting: Setting
    log: Log  # the warm-up: organic plays, the same for every agent under one seed
    truth: Truth
    today: float  # days
    another: Callable[[], Agent | None] = lambda: None  # makes a new agent like the one that serves
    logger: Callable[[], Agent | None] = lambda: None  # makes the agent that writes a log for off-policy work
    copy: Callable[[], World | None] = lambda: None  # another world in the same state
    days: int = 0  # that the agent will serve


@dataclass(frozen=True, slots=True)
class Column:
    """What one number says, for tables and axes."""

    words: str  # with its unit: "minutes listened to, a listener and day"
    better: int = 0  # 1: more is better; -1: less is; 0: neither, it depends on who asks
    last: bool = False  # a run is summed up by the last day's value; otherwise by the mean over its days


class Metric(ABC):
    """A running measure of an experiment; `columns` names what it says.

    Values are those of a day, or so far where `Column.last` is set. What is not defined (no recommended
    play, nobody left) is nan, never a made-up number.
    """

    columns: ClassVar[Mapping[str, Column]]
    reads: ClassVar[
        tuple[ModuleType, ...]
    ] = ()  # beyond the world and this folder, what its values follow from

    @abstractmethod
    def begin(self, start: Start) -> None:
        """Forget everything and prepare for a run that begins now."""

    @abstractmethod
    def see(self, exchange: Exchange, truth: Truth) -> None:
        """Count a wave of recommendations and what became of them."""

    @abstractmethod
    def day(self, news: Day, truth: Truth) -> dict[str, float]:
        """Count the day's organic plays, and say the values of the day, by the name of their column."""

    def arrays(self) -> dict[str, F64]:
        """What else is kept with the results when the run is over, by name: amounts by track, curves."""
        return {}


@dataclass(frozen=True, slots=True)
class Hearings:
    """Plays of 30 s and more, (e,) each: what counts as having heard a track."""

    listener: I32
    time: F64  # days
    track: I32

    @classmethod
    def recommended(cls, exchange: Exchange) -> Hearings:
        """Those of an exchange; a slot's time is when its playback began, gaps apart."""
        seconds = exchange.feedback.seconds
        before = np.cumsum(seconds, axis=1, dtype=np.float64) - seconds
        time = exchange.request.time[:, None] + before / 86_400
        row, slot = np.nonzero(exchange.feedback.reached & (seconds >= HEARD_SECONDS))
        return cls(exchange.request.listeners[row], time[row, slot], exchange.slate.tracks[row, slot])

    @classmethod
    def of(cls, plays: Plays) -> Hearings:
        """Those among `plays`."""
        heard = plays.seconds >= HEARD_SECONDS
        return cls(plays.listener[heard], plays.time[heard], plays.track[heard])

    @classmethod
    def in_order(cls, parts: list[Hearings]) -> Hearings:
        """All of `parts`, sorted by listener and then by time."""
        listener = np.concatenate([p.listener for p in parts])
        time = np.concatenate([p.time for p in parts])
        order = np.lexsort((time, listener))
        return cls(listener[order], time[order], np.concatenate([p.track for p in parts])[order])


def here(truth: Truth, time: float) -> Bool:
    """(n,) who has joined by `time` and is not gone for good."""
    return (truth.columns["joined"] <= time) & (truth.columns["gone"] > time)


def ratio(amount: float, of: float) -> float:
    """amount / of; nan if there is nothing to divide by."""
    return float(amount) / float(of) if of else float("nan")


def mean(values: NDArray) -> float:
    """The mean in float64; nan of nothing."""
    return ratio(values.sum(dtype=np.float64), values.size)


def effective(amounts: NDArray) -> F64:
    """(r,) exp of the entropy of each row of `amounts` (r, c): how many equal parts are as diverse; nan of 0.

    >>> effective(np.array([[2.0, 2.0, 0.0], [3.0, 0.0, 0.0]]))
    array([2., 1.])
    """
    total = amounts.sum(axis=1, keepdims=True, dtype=np.float64)
    share = np.divide(amounts, total, out=np.full(amounts.shape, np.nan), where=total > 0)
    log = np.log(share, out=np.zeros_like(share), where=share > 0)
    return np.exp(-(share * log).sum(axis=1))


def unit(rows: NDArray) -> F32:
    """Rows (r, d) scaled to length 1; rows of zeros stay."""
    length = np.linalg.norm(rows, axis=-1, keepdims=True)
    return np.divide(rows, length, out=np.zeros_like(rows), where=length > 0)
