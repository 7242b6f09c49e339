"""What an exchange was worth to the platform, by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from simenv.types import F32, HEARD_SECONDS, Exchange

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


REWARDS: Mapping[str, Reward] = {"completion": completion, "minutes": minutes, "graded": graded}
"""Rewards that the exchange itself decides. Faces know two more, `likes` and `return`, which come later."""
