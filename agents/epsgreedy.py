"""A bandit: mostly what was finished most often so far, sometimes something else."""

from __future__ import annotations

from dataclasses import dataclass, field

from simenv.agents._arms import armed, armed_chance
from simenv.agents._tally import Tally
from simenv.agents.base import Share
from simenv.types import F32, F64, I32, Request, Slate


@dataclass
class Epsgreedy(Tally):
    """Show tracks of the arm with the highest estimated share of finished plays; explore now and then.

    Of n plays that were reached, s of them finished, the estimate is (s + smoothing p) / (n + smoothing), p
    being the share over all arms. A track scores the estimate of its arm, plus .01 of its own where the arm
    is not the track itself. A slot explores with probability `explore`: an arm uniformly, then a track of it
    uniformly; among the candidates of another agent, a candidate uniformly. Feedback counts when it comes, in
    batches and late as it may be.

    Args:
        explore: chance that a slot explores, in [0, 1].

    Source: Sutton & Barto, Reinforcement Learning, 2nd ed. 2018, ch. 2.
    Departs:
        1. estimates are shrunk to the common share (theirs: first estimates are a parameter).
        2. counts decay with `half_life` (theirs: a constant step size, which decays by plays, not by days).
        3. slates of k tracks, each slot a draw of its own (theirs: one action).
    """

    explore: Share = field(default=0.1, kw_only=True)

    def worth(self) -> dict[str, F64]:
        return self.estimate()

    def recommend(self, request: Request) -> Slate:
        if self.inner or self.arms == "tracks":
            return super().recommend(request)
        return armed(lambda _: self._worth(), self.arm_, request, self.setting_, self.explore)

    def probability(self, request: Request, tracks: I32, given: I32) -> F32:
        if self.inner or self.arms == "tracks":
            return super().probability(request, tracks, given)
        return armed_chance(
            lambda _: self._worth(), self.arm_, request, tracks, given, self.setting_, self.explore
        )
