"""Learners of the worth of slates by what is chosen from them (SlateQ): policies, learning, serving.

A learner values a video by Q(x, t), what comes of watching topic t with interests x, and a slate by

    V(x, A) = sum over A of v_t Q(x, t) / (v_0 + sum over A of v_t),

so that only the video watched teaches: Q(x, t) = E[minutes + discount V(x', A')]. A' is the slate shown next
(SARSA), or the one that the training optimiser finds among what is at hand (Q-learning). Q is linear: a level
a topic, and a slope an interest.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from simenv.agents._slates_of_choice import best, greedy, top
from simenv.rng import Key
from simenv.scenarios.findings._interest_evolution import MINUTES, OUTSIDE, SLATE, TOPICS, Crowd
from simenv.types import F64, I32

DISCOUNT = 0.99
CROWD, WAVES = 250, 1_200  # users at a time; steps of each: 300,000 steps, as in the paper
EXPLORED = 0.1  # share of slates by chance in training
SOLVED, HALF_LIFE, PRIOR = 50, 400, 1.0  # waves between solutions; waves; weight of the start
LEVELS = TOPICS + 1  # the last is of watching nothing
START = np.concatenate([np.full(TOPICS, MINUTES), np.zeros(1 + TOPICS)])  # (LEVELS + TOPICS,) weights


class View(NamedTuple):
    """What users may be shown, as a learner sees it."""

    topics: I32  # (n, c)
    attraction: F64  # (n, c) v
    worth: F64  # (n, c) Q
    nothing: F64  # (n,) Q of watching nothing, 0 for those who do not learn it


Find = Callable[[View], I32]
"""Places (n, SLATE) of a slate."""


def by_top(view: View) -> I32:
    return top(view.attraction, view.worth, SLATE)


def by_greed(view: View) -> I32:
    return greedy(view.attraction, view.worth, SLATE, OUTSIDE, view.nothing)


def by_best(view: View) -> I32:
    return best(view.attraction, view.worth, SLATE, OUTSIDE, view.nothing)


@dataclass(frozen=True)
class Policy:
    """A way to learn and to serve.

    Args:
        name: what it is called.
        serve: finds the slates that it shows.
        target: finds the slate that is looked ahead to; None: the one shown next.
        discount: of what comes after a video.
        nothing: whether it learns what watching nothing is worth; else that is 0.
        chance: share of slates by chance when it serves.
    """

    name: str
    serve: Find
    target: Find | None = None
    discount: float = DISCOUNT
    nothing: bool = False
    chance: float = 0.0


def worth(weights: F64, interest: F64, topics: I32) -> F64:
    """(n, c) Q(x, t) = level of t + <slopes, x>, of interests (n, TOPICS) and `topics` (n, c)."""
    return weights[topics] + (interest @ weights[LEVELS:])[:, None]


def features(interest: F64, topics: I32, share: F64) -> F64:
    """(n, f) what `worth` is linear in, summed over `topics` (n, c), each times its `share` (n, c)."""
    out = np.zeros((len(topics), LEVELS + TOPICS))
    np.add.at(out, (np.arange(len(topics))[:, None], topics), share)
    out[:, LEVELS:] = share.sum(axis=1, keepdims=True) * interest
    return out


def view(crowd: Crowd, policy: Policy, weights: F64) -> View:
    """What a crowd may be shown, and what `policy` thinks of it."""
    topics = crowd.videos()
    nothing = worth(weights, crowd.interest, np.full((len(topics), 1), TOPICS))[:, 0]
    return View(
        topics,
        crowd.attraction(topics),
        worth(weights, crowd.interest, topics),
        nothing if policy.nothing else np.zeros(len(topics)),
    )


def learn(policy: Policy, key: Key, waves: int = WAVES) -> F64:
    """The weights (f,) that `policy` learns from users who are replaced as they leave.

    With f of the video watched, and f' the features of the slate looked ahead to, times the chances that its
    videos are watched and 0 where the user has left, they solve (sum of f (f - discount f')') w = sum of f
    minutes. What is older counts for less, by half in HALF_LIFE waves.
    """
    crowd, size = Crowd(key / "users", np.arange(CROWD, dtype=np.int32)), len(START)
    gram, moment, weights = np.zeros((size, size)), np.zeros(size), START
    before: tuple[F64, F64, F64] | None = None  # features, minutes, whether the user stayed
    for wave in range(waves):
        seen = view(crowd, policy, weights)
        places = _served(policy.serve, seen, crowd, key, EXPLORED)
        if before is not None:
            ahead = places if policy.target is None else policy.target(seen)
            now, minutes, stayed = before
            later = _ahead(policy, crowd, seen, ahead) * stayed[:, None]
            gram = 0.5 ** (1 / HALF_LIFE) * gram + now.T @ (now - policy.discount * later)
            moment = 0.5 ** (1 / HALF_LIFE) * moment + now.T @ minutes
            if wave % SOLVED == 0:
                weights = np.linalg.solve(gram + PRIOR * np.eye(size), moment + PRIOR * START)
        interest = crowd.interest.copy()
        watched = crowd.watch(np.take_along_axis(seen.topics, places, axis=1))
        counts = np.ones(len(interest)) if policy.nothing else (watched.topic < TOPICS).astype(np.float64)
        now = features(interest, watched.topic[:, None], counts[:, None])
        before = now, watched.minutes, (~crowd.left).astype(np.float64)
        crowd.renew()
    return weights


def judge(policy: Policy, weights: F64, key: Key, luck: Key, users: int) -> F64:
    """(3, users) minutes, sum of quality, and number of the videos that each user watches until they leave.

    Args:
        policy: that serves, and learns no more.
        weights: (f,) learned.
        key: of the users' luck, the same for all policies.
        luck: of slates by chance.
        users: how many.
    """
    crowd, out = Crowd(key, np.arange(users, dtype=np.int32)), np.zeros((3, users))
    while len(crowd.who):
        seen = view(crowd, policy, weights)
        places = _served(policy.serve, seen, crowd, luck, policy.chance)
        watched = crowd.watch(np.take_along_axis(seen.topics, places, axis=1))
        out[:, crowd.who] += watched.minutes, watched.quality, watched.topic < TOPICS
        crowd.part()
    return out


def _served(find: Find, seen: View, crowd: Crowd, luck: Key, chance: float) -> I32:
    """(n, SLATE) places, by chance for a share `chance` of the slates."""
    places = find(seen)
    if not chance:
        return places
    blind = (luck / "explored").uniform(crowd.who, crowd.steps) < chance
    event = crowd.who[:, None], crowd.steps[:, None], np.arange(seen.topics.shape[1])
    shuffled = np.argsort((luck / "slate").uniform(*event), axis=1)[:, :SLATE]
    return np.where(blind[:, None], shuffled, places).astype(np.int32)


def _ahead(policy: Policy, crowd: Crowd, seen: View, places: I32) -> F64:
    """(n, f) features of the slates in `places`, and of nothing, times the chances that they are chosen."""
    attraction = np.take_along_axis(seen.attraction, places, axis=1)
    both = np.concatenate([attraction, np.full((len(places), 1), OUTSIDE)], axis=1)
    share = both / both.sum(axis=1, keepdims=True)
    share[:, -1] *= policy.nothing
    topics = np.take_along_axis(seen.topics, places, axis=1)
    nothing = np.full((len(places), 1), TOPICS, np.int32)
    return features(crowd.interest, np.concatenate([topics, nothing], axis=1), share)
