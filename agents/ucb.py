"""A bandit that is an optimist: what is little known is thought better than it seems."""

from __future__ import annotations

from dataclasses import dataclass

from simenv.agents._tally import Tally
from simenv.agents.base import Weight
from simenv.types import F64


@dataclass
class Ucb(Tally):
    """Show tracks of the arm with the highest upper bound of its share of finished plays.

    With n plays of an arm, s of them finished, N plays of all arms, and p the share over all,

        (s + smoothing p) / (n + smoothing) + width sqrt(2 ln(1 + N) / (n + smoothing)),

    plus .01 of the track's own estimate where the arm is not the track itself. Propensities are 1, or with
    `explore` those of its uniform draws. Everybody who asks before feedback comes is shown the same: counts
    are all that is known, and a wave of listeners is one batch. A new track has the widest bound.

    Args:
        width: of the bound; 1 is the original's.

    Source: UCB1: Auer, Cesa-Bianchi & Fischer, Machine Learning 2002; discounted: Garivier & Moulines, ALT
        2011.
    Departs:
        1. estimates are shrunk to the common share, and the bound counts these plays too (theirs: every arm
           is played once first).
        2. counts decay by days, with `half_life` (theirs: by plays).
        3. slates of the k best tracks (theirs: one action); feedback in batches (theirs: after each play).
        4. width .1 (theirs: 1, for rewards of any law in [0, 1]).
    """

    width: Weight = 0.1

    def worth(self) -> dict[str, F64]:
        return {**self.estimate(), "bonus": self.width * self.bonus()}
