"""The world of Ie et al. (2019): videos of twenty topics, users whose interests move and whose time runs out.

A user has an interest I_t in [-1, 1] in each topic and 200 minutes of time. At every step ten videos are at
hand, each of a topic drawn by chance, and three are shown. The user watches a video of topic t with
probability proportional to e^(I_t), or none, e^1. A video takes 4 minutes, what is left if that is less, and
gives some of it back, the more the better it is: time falls by w - (.9 / 3.4) w q after w minutes of quality
q, and by 1/2 where none is watched. Quality is N(mean of the topic, .1^2); the means rise from -3 to 0 over
fourteen topics and from 0 to 3 over the other six. Interest in what was watched moves by

    I += a (1 - I) with probability (I + 1) / 2, else I -= a (1 - I),    a = .3 (1 - |I|).

Users leave when their time is up. What shows of a video is its topic; interests are known, time is not.
A user's luck belongs to who they are and how many steps they have had, whatever is shown to them.

Source: Ie et al., IJCAI 2019 (arXiv:1905.12767), with the numbers of the authors' RecSim.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simenv.rng import Key
from simenv.types import F32, F64, I32, Bool

TOPICS, VIDEOS, SLATE = 20, 10, 3
MINUTES, TIME, WASTED = 4.0, 200.0, 0.5
OUTSIDE = float(np.e)  # e to the power of the logit of watching nothing, 1
RETURNED = 0.9 / 3.4  # of a video's minutes, for each unit of its quality
QUALITY = np.concatenate([np.linspace(-3, 0, 14), np.linspace(0, 3, 6)])  # (TOPICS,) means
_QUALITY_SD, _PACE = 0.1, 0.3


class Watched(NamedTuple):
    """What users did with their slates."""

    topic: I32  # (n,) of the video; TOPICS where none was watched
    minutes: F64  # (n,) 0 where none was
    quality: F64  # (n,) 0 where none was


class Crowd:
    """Users side by side. Whoever leaves is replaced, by `renew`, or not, by `part`.

    Args:
        key: the luck of all users there are.
        who: (n,) numbers of the first ones.
    """

    def __init__(self, key: Key, who: I32) -> None:
        self.key = key
        self.who = who.copy()  # (n,)
        self.steps = np.zeros(len(who), np.int32)  # (n,)
        self.interest = np.empty((len(who), TOPICS))  # (n, TOPICS) in [-1, 1]
        self.time = np.empty(len(who))  # (n,) minutes left
        self._born(np.arange(len(who)))

    def videos(self) -> I32:
        """(n, VIDEOS) topics of what is at hand."""
        event = self.who[:, None], self.steps[:, None], np.arange(VIDEOS)
        return (self.key / "video").below(TOPICS, *event)

    def attraction(self, topics: I32) -> F64:
        """(n, c) e^I of videos of `topics` (n, c)."""
        return np.exp(np.take_along_axis(self.interest, topics, axis=1))

    def watch(self, topics: I32) -> Watched:
        """Show videos of `topics` (n, SLATE); one or none is watched, and time and interests move on."""
        rows = np.arange(len(self.who))
        place = _drawn(self.attraction(topics), (self.key / "choice").uniform(self.who, self.steps))
        some = place >= 0
        topic = topics[rows, np.maximum(place, 0)]
        quality = QUALITY[topic] + _QUALITY_SD * (self.key / "quality").normal(self.who, self.steps)
        minutes = np.minimum(self.time, MINUTES)
        self.time -= np.where(some, minutes - RETURNED * minutes * quality, WASTED)
        interest = self.interest[rows, topic]
        luck = (self.key / "interest").uniform(self.who, self.steps)
        self.interest[rows, topic] = np.where(some, moved(interest, luck), interest)
        self.steps += 1
        return Watched(
            np.where(some, topic, TOPICS).astype(np.int32),
            np.where(some, minutes, 0.0),
            np.where(some, quality, 0.0),
        )

    @property
    def left(self) -> Bool:
        """(n,) whether their time is up."""
        return self.time <= 0

    def part(self) -> None:
        """Let those whose time is up go."""
        stay = ~self.left
        self.who, self.steps = self.who[stay], self.steps[stay]
        self.interest, self.time = self.interest[stay], self.time[stay]

    def renew(self) -> None:
        """Let others, never seen before, come in the place of those whose time is up."""
        rows = np.flatnonzero(self.left)
        self.who[rows] = self.who.max() + 1 + np.arange(len(rows))
        self._born(rows)

    def _born(self, rows: NDArray[np.intp]) -> None:
        event = self.who[rows, None], np.arange(TOPICS)
        self.interest[rows] = 2 * (self.key / "born").uniform(*event).astype(np.float64) - 1
        self.time[rows], self.steps[rows] = TIME, 0


def moved(interest: F64, luck: F32) -> F64:
    """(n,) interest in a topic after a video of it, given `luck` (n,) in (0, 1)."""
    step = _PACE * (1 - np.abs(interest)) * (1 - interest)
    return np.clip(np.where(luck < (interest + 1) / 2, interest + step, interest - step), -1, 1)


def _drawn(attraction: F64, luck: F32) -> I32:
    """(n,) the place in the slate that `luck` (n,) chooses, v (n, SLATE) against OUTSIDE; -1: none."""
    ends = OUTSIDE + np.cumsum(attraction, axis=1)  # nothing comes first: it lies at [0, OUTSIDE)
    at = luck * ends[:, -1]
    return np.where(at < OUTSIDE, -1, (at[:, None] >= ends[:, :-1]).sum(axis=1)).astype(np.int32)
