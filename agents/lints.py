"""A contextual bandit that plays what is best under parameters drawn from what it believes."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from simenv.agents._linear import Linear
from simenv.agents.base import Share, Weight
from simenv.agents.thompson import N_DRAWS
from simenv.types import F32, I32, Request


@dataclass
class Lints(Linear):
    """Show the candidate that is best under linear parameters drawn from their posterior.

    With x what shows of a track to a listener at a moment, A = reg I + sum w x x' and b = sum w r x over the
    plays so far, r being 1 if finished and 0 if not, the parameters are believed to be

        N(A^-1 b, width^2 A^-1).

    Each time something is learned 256 draws are made. A slot shows, with probability `explore`, a uniform
    draw from the candidates left, else the best left under one of the 256, itself drawn by the event: the
    histogram of the 256, mixed with that floor, is the exact propensity. New listeners and new tracks are
    judged by what shows of them.

    Args:
        width: of the posterior, v.
        explore: the floor: chance that a slot is a uniform draw.

    Source: Agrawal & Goyal, ICML 2013.
    Departs:
        1. 256 draws for a batch of listeners (theirs: a draw for each decision), so that chances are exact.
        2. a floor of .01 (theirs: none).
        3. what is counted fades day by day, with `half_life` (theirs: not at all).
        4. slates of k candidates of another agent, each slot by a draw of its own (theirs: one of the arms).
        5. arms with parameters of their own share the 256 normal draws, each in an order of its own (theirs:
           independent draws).
    """

    width: Weight = 0.3
    explore: Share = field(default=0.01, kw_only=True)

    @property
    def n_votes(self) -> int:
        return N_DRAWS

    def votes(self, request: Request, tracks: I32) -> F32:
        rows = self.sight.of(request, tracks).reshape(-1, self.sight.width)
        arm, luck = self.arm_[tracks].ravel(), self.normal()
        out = np.empty((len(rows), N_DRAWS), np.float32)
        for a in np.unique(arm).tolist():
            mine = slice(None) if self.arms == "shared" else arm == a
            out[mine] = rows[mine] @ self.drawn(a, luck).T
        return out.reshape(*tracks.shape, N_DRAWS)

    def normal(self) -> F32:
        """(S, d) standard normal draws of this round."""
        key = self.setting_.key / f"posterior {self.rounds_}"
        return key.normal(np.arange(N_DRAWS)[:, None], np.arange(self.sight.width))

    def drawn(self, arm: int, normal: F32) -> F32:
        """(S, d) parameters of an arm in each draw: A^-1 b + width C'^-1 z, with A = C C'."""
        turn = 0 if self.arms == "shared" else int((self.setting_.key / "turn").below(N_DRAWS, arm))
        away = np.roll(normal, turn, axis=0) @ self.root_[arm]
        return self.estimate_[arm] + np.float32(self.width) * away
