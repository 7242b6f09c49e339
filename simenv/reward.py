"""What an exchange was worth to the platform, by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from simenv.types import F32, F64, HEARD_SECONDS, Bool, Exchange

WEEK = 7.0
"""Days within which a listener has to come back for the reward `return`."""

Reward = Callable[[Exchange], F32]


def completion(exchange: Exchange) -> F32:
    """(m,) tracks listened to the end."""
    feedback = exchange.feedback
    return (feedback.reached & ~feedback.skipped).sum(axis=1, dtype=np.float32)


def minutes(exchange: Exchange) -> F32:
    """(m,) minutes of music listened to."""
    return exchange.feedback.seconds.sum(axis=1, dtype=np.float32) / np.float32(60)


def graded(exchange: Exchange) -> F32:
    """(m,) +1 a track that was finished, else +.5 if 30 s or more were played, else -1."""
    feedback = exchange.feedback
    grade = np.where(feedback.skipped, np.where(feedback.seconds >= HEARD_SECONDS, 0.5, -1.0), 1.0)
    return np.where(feedback.reached, grade, 0.0).sum(axis=1).astype(np.float32)


@dataclass(frozen=True, slots=True)
class Consequence:
    """What an exchange leads to, known to a Gymnasium face at once and to a platform only later."""

    liked: Bool  # (m, k) the play earned a like
    away: F64  # (m,) days from the end of the session until the next; inf: gone for good; nan: it goes on


def likes(consequence: Consequence) -> F32:
    """(m,) plays that earned a like, paid with the play."""
    return consequence.liked.sum(axis=1, dtype=np.float32)


def returns(consequence: Consequence) -> F32:
    """(m,) 1 if the session ended and the listener comes back within a week, paid with its last track."""
    return (consequence.away < WEEK).astype(np.float32)  # nan is not


REWARDS: Mapping[str, Reward] = {"completion": completion, "minutes": minutes, "graded": graded}
"""Rewards that the exchange itself decides."""

LATER: Mapping[str, Callable[[Consequence], F32]] = {"likes": likes, "return": returns}
"""Rewards that come later in a world; a face pays them at the step that caused them."""
