"""A bandit that heeds positions: what a listener passed over teaches, what was never reached does not."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simenv.agents._tally import Tally
from simenv.agents.base import Weight
from simenv.log import Log
from simenv.types import F64, Bool, Exchange, Setting


@dataclass
class CascadeUcb(Tally):
    """Show the tracks of the highest upper bounds, best first, and learn from the slots that were looked at.

    A listener goes down the slate and stops at the last slot reached. Slots above it that were not reached
    were passed over: seen, not finished. Where none was reached, all were. Slots below were not seen and
    teach nothing. A queue reaches slot after slot; of a cascade the one track picked is reached. With n slots
    of an arm seen, s of them finished, N of all arms, and p the share over all, a track scores

        (s + smoothing p) / (n + smoothing) + width sqrt(2 ln(1 + N) / (n + smoothing)),

    plus .01 of its own estimate where the arm is not the track itself. Propensities are 1, or with `explore`
    those of its uniform draws. A new track has the widest bound.

    Args:
        width: of the bound; .87 is the original's.

    Source: CascadeUCB1: Kveton, Szepesvari, Wen & Ashkan, ICML 2015.
    Departs:
        1. seen slots are told from those reached (theirs: from the click).
        2. estimates are shrunk to the common share (theirs: every track is seen once first).
        3. counts decay with `half_life` (theirs: all count alike).
        4. a queue has a reward for every slot reached (theirs: for the first click alone).
        5. width .1 (theirs: sqrt(1.5 / 2) = .87).
        6. the log tells what was played, not what was passed over: `fit` leaves that as it was learned.
    """

    width: Weight = 0.1

    def begin(self, setting: Setting) -> None:
        super().begin(setting)
        self.passed_ = np.zeros(len(setting.catalogue))  # (T,) times passed over, as of `now_`

    def worth(self) -> dict[str, F64]:
        return {**self.estimate(), "bonus": self.width * self.bonus()}

    def seen(self, exchange: Exchange) -> Bool:
        return seen_slots(exchange.feedback.reached)

    def update(self, exchange: Exchange) -> None:
        super().update(exchange)
        passed = self.seen(exchange) & ~exchange.feedback.reached
        self.passed_ += np.bincount(exchange.slate.tracks[passed], minlength=len(self.passed_))

    def fit(self, log: Log) -> None:
        before = self.now_
        super().fit(log)
        self.passed_ *= self.faded(before, self.now_)
        self.plays_ += self.passed_

    def age(self, now: float) -> None:
        self.passed_ *= self.faded(self.now_, now)
        super().age(now)


def seen_slots(reached: Bool) -> Bool:
    """(m, k) slots down to the last one `reached` (m, k); all where none was."""
    below = np.cumsum(reached[:, ::-1], axis=1)[:, ::-1] > 0
    return below | ~reached.any(axis=1, keepdims=True)
