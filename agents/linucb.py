"""A contextual bandit that is an optimist: a linear estimate, and how little is known in its direction."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simenv.agents._linear import Linear
from simenv.agents._mixing import asks
from simenv.agents._ridge import upper
from simenv.agents.base import Weight
from simenv.types import F32, I32, Request


@dataclass
class Linucb(Linear):
    """Show the candidates with the highest upper bound of a linear estimate of being finished.

    With x what shows of a track to a listener at a moment, A = reg I + sum w x x' and b = sum w r x over the
    plays so far, r being 1 if finished and 0 if not, a candidate scores

        <A^-1 b, x> + width sqrt(x' A^-1 x).

    Propensities are 1, or with `explore` those of its uniform draws. New listeners and new tracks are judged
    by what shows of them.

    Args:
        width: alpha, of the bound.

    Source: LinUCB: Li, Chu, Langford & Schapire, WWW 2010; forgetting: Russac, Vernade & Cappe, NeurIPS 2019.
    Departs:
        1. parameters shared by all tracks by default, as in Chu et al. 2011 (theirs: of each arm; `arms`).
        2. A is factored anew for a batch (theirs: after each play), which is equal.
        3. what is counted fades day by day; the bound is that of A alone (Russac et al.: of two matrices).
        4. slates of the k best candidates of another agent (theirs: one of the arms).
    """

    width: Weight = 0.3

    @property
    def n_votes(self) -> int:
        return 1

    def votes(self, request: Request, tracks: I32) -> F32:
        return self.score(request, tracks)[:, :, None]

    def score(self, request: Request, tracks: I32) -> F32:
        rows = self.sight.of(request, tracks).reshape(-1, self.sight.width)
        out = np.empty(len(rows), np.float32)
        upper(rows, self.arm_[tracks].ravel(), self.estimate_, self.root_, self.width, out)
        return out.reshape(tracks.shape)

    def parts(self, listener: int, track: int) -> dict[str, float]:
        known = super().parts(listener, track)
        request = asks(np.array([listener], np.int32), self.now_)
        whole = float(self.score(request, np.array([[track]], np.int32))[0, 0])
        return known | {"bonus": whole - sum(known.values())}
