"""Least-squares temporal differences over a practice population: what plays lead to, weeks later.

Whether listeners come back depends on what they have heard over hundreds of plays, so that what one track
does to it drowns in all else that moves them. Three things make it visible:

- each listener is served by a policy of their own, softmax(theta x) over candidates with sound x, whose
  weights theta are drawn anew only now and then. So what is heard differs from listener to listener by chance
  alone, and for long;
- of what is shown, only how it differs from the candidates that it was chosen from is looked at: that is
  chance as well, whatever the listener's tastes;
- a listener's future is counted in days of their own usual listening, which differ tenfold.

With e that difference, and z its mean over the last plays, fading, Q is linear in

    [1, who the listener is, theta, z, e],

found by least squares such that Q = reward + gamma^days Q of the next play (SARSA), or of the best next
candidate (Q-learning); who is gone has no future. What lasts of a play is Q's weight of e less that of the
reward alone.

Source: LSTD: Bradtke & Barto, Machine Learning 22, 1996; for Q: Lagoudakis & Parr, JMLR 4, 2003. Policies
held for long: parameter-space exploration, Sehnke et al., Neural Networks 23, 2010.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from simenv.agents._panel import drawn, law
from simenv.env import PopulationEnv
from simenv.features import DEVIATIONS, USUAL_SECONDS
from simenv.observe import MATCH
from simenv.rng import Key
from simenv.types import F32, F64, Bool

SETTLING = 150
"""First plays of a listener, which only tell who they are."""

_CANDIDATES = 16

FACE: dict[str, Any] = {
    "slate_size": 1,
    "actions": "candidates",
    "candidates": _CANDIDATES,
    "share": 1.0,
    "past": 0.0,
    "history": 0,
    "reward": "minutes",
}
"""Of the population that is learned from: every play of everyone is a decision."""

_KEPT = 100  # plays, on average, for which a listener is served by one policy
_USUAL = 20.0, 0.5  # minutes and days that are added to what a listener did, for those who did little
_PRIOR = 1.0  # plays
_FEWEST = 10  # listeners still here, to learn from


class Learned(NamedTuple):
    """What one world says."""

    lasting: F64  # (a,) a standard deviation of each column of sound, in tracks of usual length
    shown: F64  # (a + 7,) weights of Q for what is shown: sound and MATCH


def learn(
    env: PopulationEnv, columns: int, horizon: int, memory: int, half_life: float, luck: Key, best: F64 | None
) -> Learned:
    """Serve a population for a while and solve for Q.

    Args:
        env: made with FACE and so many steps to its `horizon`.
        columns: a, of sound, the first of a track's features.
        horizon: plays of a listener.
        memory: plays over which z looks back.
        half_life: days after which what comes counts for half.
        luck: of the policies.
        best: (a + 7,) weights by which the best next candidate is found; None: the next play is what counts.
    """
    n, a = env.num_envs, columns
    rows = np.arange(n, dtype=np.int32)
    observation, _ = env.reset(seed=luck.seed32())
    assert not isinstance(observation, dict)
    policy, draw, anew = (luck / name for name in ("policy", "draw", "anew"))
    theta = policy.normal(rows[:, None], np.arange(a), 0)
    past = np.zeros((n, a), np.float32)
    known, sums = _Acquaintance(n), _Sums(1 + _Acquaintance.WIDTH + 3 * a + len(MATCH))
    before: _Step | None = None
    for step in range(horizon):
        shown, there = _shown(observation, env, a)
        chance = law((shown[:, :, :a] @ theta[:, :, None])[:, :, 0], there, 1.0)
        picked = drawn(chance, draw.uniform(rows, step))[:, 0].clip(max=_CANDIDATES - 1)
        middle = (shown * there[:, :, None]).sum(axis=1) / np.maximum(there.sum(axis=1), 1)[:, None]
        apart = shown[rows, picked] - middle
        observation, _, gone, _, info = env.step(picked)
        assert not isinstance(observation, dict)
        minutes, when = _played(info, gone)
        here = known.here
        if step < SETTLING:
            known.see(minutes, when, gone)
        elif here.any():
            now = np.concatenate([np.ones((n, 1)), known.who, theta, past, apart], axis=1)
            if before is not None:
                then = now if best is None else _with_best(now, shown, middle, there, best)
                discount = np.exp2(-(when - before.when) / half_life)
                sums.add(before.features[here], before.worth[here], discount[here], then[here])
            before = _Step(now, minutes / known.pace, when)
            sums.add_last(now[here & gone], before.worth[here & gone])
            sums.see((1 / known.pace)[here])
            known.here = here & ~gone
        past += (apart[:, :a] - past) / np.float32(memory)
        others = anew.uniform(rows, step) < 1 / _KEPT
        theta[others] = policy.normal(rows[others, None], np.arange(a), step + 1)
    return sums.solved(a)


class _Step(NamedTuple):
    """What everyone was at and did in one step."""

    features: F64  # (n, w) of Q
    worth: F64  # (n,) of the play, in days of usual listening
    when: F64  # (n,) days


class _Acquaintance:
    """Who listeners are, by what they do with their first SETTLING plays; who goes meanwhile is not known."""

    WIDTH = 4

    def __init__(self, n: int) -> None:
        self.here = np.ones(n, bool)
        self._plays, self._minutes, self._began = 0, np.zeros(n), np.zeros(n)
        self.pace = np.ones(n)  # minutes a day
        self.who = np.zeros((n, self.WIDTH))

    def see(self, minutes: F64, when: F64, gone: Bool) -> None:
        """A play of everyone."""
        if not self._plays:
            self._began = when
        self._plays += 1
        self._minutes += minutes
        self.here = self.here & ~gone
        if self._plays == SETTLING:
            days = np.where(self.here, when - self._began, 0.0)
            self.pace = (self._minutes + _USUAL[0]) / (days + _USUAL[1])
            self.who = self._told()

    def _told(self) -> F64:
        """(n, 4) ln of minutes a day and minutes a play, about their means, and their squares."""
        both = np.stack([np.log(self.pace), self._minutes / SETTLING], axis=1)
        if self.here.sum() >= _FEWEST:
            both = both - both[self.here].mean(axis=0)
        return np.concatenate([both, both * both], axis=1)


class _Sums:
    """The sums from which Q and the expected reward are found; rewards are days' worth of usual listening."""

    def __init__(self, width: int) -> None:
        self.gram, self.ahead = np.zeros((width, width)), np.zeros((width, width))
        self.reward = np.zeros(width)
        self.plays, self.minute = 0, 0.0  # and what a minute is worth in all of them together, days

    def add(self, now: F64, reward: F64, discount: F64, then: F64) -> None:
        """Plays, and those that followed."""
        self.add_last(now, reward)
        self.ahead += now.T @ (discount[:, None] * then)

    def add_last(self, now: F64, reward: F64) -> None:
        """Plays that nothing followed."""
        self.gram += now.T @ now
        self.reward += reward @ now

    def see(self, minute: F64) -> None:
        """What a minute is worth to listeners who play something."""
        self.plays += len(minute)
        self.minute += float(minute.sum())

    def solved(self, a: int) -> Learned:
        """Q's weights of what is shown, and what lasts of it, a being the columns of sound."""
        prior = _PRIOR * np.eye(len(self.reward))
        q = np.linalg.solve(self.gram - self.ahead + prior, self.reward).astype(np.float64)
        now = np.linalg.solve(self.gram + prior, self.reward).astype(np.float64)
        shown = slice(-(a + len(MATCH)), None)
        track = float(USUAL_SECONDS) / 60 * self.minute / max(self.plays, 1)  # days' worth
        return Learned((q - now)[shown][:a] / track if track else np.zeros(a), q[shown])


def _shown(observation: F32, env: PopulationEnv, a: int) -> tuple[F32, Bool]:
    """(n, c, a + 7) sound in standard deviations and MATCH of candidates, and (n, c) which can be played."""
    candidates = observation[:, env.candidates_shown].reshape(len(observation), _CANDIDATES, -1)
    match = candidates[:, :, -len(MATCH) :]
    return np.concatenate([DEVIATIONS * candidates[:, :, :a], match], axis=2), env.action_masks()


def _played(info: dict[str, Any], gone: Bool) -> tuple[F64, F64]:
    """(n,) minutes of the play, and the day it was asked for, of all, those gone for good included."""
    last = info.get("final_info", info)
    seconds = np.where(gone, last["seconds"][:, 0], info["seconds"][:, 0])
    return seconds.astype(np.float64) / 60, np.where(gone, last["time"], info["time"])


def _with_best(now: F64, shown: F32, middle: F32, there: Bool, weights: F64) -> F64:
    """`now`, had the best candidate been chosen."""
    places = np.where(there, shown @ weights.astype(np.float32), -np.inf).argmax(axis=1)
    out = now.copy()
    out[:, -shown.shape[2] :] = shown[np.arange(len(shown)), places] - middle
    return out
