"""A softmax policy over candidates, and how logged decisions move it: top-K off-policy REINFORCE.

Candidate c of a decision, of which x_c (d,) shows and which stands for n_c alternatives like it, has

    pi_c = n_c exp(f_c) / sum_j n_j exp(f_j),    f_c = <theta, x_c> + b_c,

b_c being a number of its track's own.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simenv.types import F32, I32

I64 = NDArray[np.int64]

_BATCH = 512
_FIRST, _SECOND, _TINY = np.float32(0.9), np.float32(0.99), np.float32(1e-8)  # of Adam


class Decisions(NamedTuple):
    """Decisions that were logged, each with candidates of which the one at place 0 was chosen."""

    tracks: I32  # (e, c)
    rows: F32  # (e, c, d) what showed of each
    many: F32  # (e, c) alternatives that each stands for, 1 at place 0; 0: there is none

    def some(self, which: I64) -> Decisions:
        """Those of some rows."""
        return Decisions(self.tracks[which], self.rows[which], self.many[which])


@dataclass(frozen=True)
class Softmax:
    """A policy; its parameters are changed in place."""

    theta: F32  # (d,)
    bias: F32  # (T,)

    def logits(self, tracks: I32, rows: F32) -> F32:
        """(..., c) f of `tracks` (..., c), of which `rows` (..., c, d) show."""
        return rows @ self.theta + self.bias[tracks]

    def law(self, made: Decisions) -> F32:
        """(e, c) pi."""
        f = np.where(made.many > 0, self.logits(made.tracks, made.rows), -np.inf)
        p = made.many * np.exp(f - f.max(axis=1, keepdims=True))
        return p / p.sum(axis=1, keepdims=True)


def in_a_slate(chance: F32, k: int) -> F32:
    """lambda_K = K (1 - pi)^(K - 1): the slope in pi of 1 - (1 - pi)^K, the chance to be one of K draws."""
    return k * (1 - chance) ** (k - 1)


def corrected(chance: F32, logged: F32, cap: float) -> F32:
    """min(pi / beta, cap): what a decision counts for that was logged with the chance beta."""
    return np.minimum(chance / logged, np.float32(cap))


@dataclass(frozen=True)
class Climb:
    """Steps of Adam up a slope sum_e weight_e grad ln pi_e, by batches of decisions.

    Args:
        rate: length of a step, about.
        epochs: times through all decisions.
        reg: pull of the parameters towards `home`, in steps for each unit that they are away.
        home: (d,) where theta is at home; the tracks' own numbers are at 0.
    """

    rate: float
    epochs: int
    reg: float
    home: F32

    def imitate(self, policy: Softmax, made: Decisions) -> None:
        """Make what was chosen likely: the policy comes to be the one that the log tells of.

        Each candidate stands for itself alone, as likelihoods of choices among alternatives drawn by lot must
        have it (McFadden 1978).
        """
        alone = made._replace(many=np.sign(made.many))
        self._climb(policy, alone, lambda chance, which: np.ones_like(chance))

    def reinforce(self, policy: Softmax, made: Decisions, gain: F32, logged: F32, k: int, cap: float) -> None:
        """Make what paid likely in slates of K: weights are min(pi / beta, cap) lambda_K gain.

        Args:
            policy: pi.
            made: e decisions.
            gain: (e,) the return of each, less what was to be expected.
            logged: (e,) beta.
            k: K.
            cap: of pi / beta.
        """
        self._climb(
            policy,
            made,
            lambda chance, which: corrected(chance, logged[which], cap) * in_a_slate(chance, k) * gain[which],
        )

    def _climb(self, policy: Softmax, made: Decisions, weight: Callable[[F32, I64], F32]) -> None:
        both = (policy.theta, self.home), (policy.bias, np.zeros_like(policy.bias))
        moments = [(np.zeros_like(value), np.zeros_like(value)) for value, _ in both]
        n = 0
        for _ in range(self.epochs):
            for at in range(0, len(made.tracks), _BATCH):
                which = np.arange(at, min(at + _BATCH, len(made.tracks)))
                some, n = made.some(which), n + 1
                p = policy.law(some)
                slopes = _slopes(some, p, weight(p[:, 0], which), len(policy.bias))
                for (value, home), (first, second), slope in zip(both, moments, slopes, strict=True):
                    first += (1 - _FIRST) * (slope - first)
                    second += (1 - _SECOND) * (slope * slope - second)
                    step = first / (1 - _FIRST**n) / (np.sqrt(second / (1 - _SECOND**n)) + _TINY)
                    value += np.float32(self.rate) * (step - np.float32(self.reg) * (value - home))


def _slopes(made: Decisions, p: F32, weight: F32, n_tracks: int) -> tuple[F32, F32]:
    """(d,) and (T,) the mean of weight grad ln pi by theta and by the tracks' own numbers; `p` (e, c): pi."""
    pull = -p
    pull[:, 0] += 1
    pull *= (weight / np.float32(len(p)))[:, None]
    by_track = np.bincount(made.tracks.ravel(), pull.ravel(), n_tracks)
    return np.einsum("ec,ecd->d", pull, made.rows), by_track.astype(np.float32)
