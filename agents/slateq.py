"""What a track is worth now and for weeks to come, and slates made of such tracks."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from simenv.agents import _slates_of_choice as slates_of_choice
from simenv.agents._lasting import Plan, worth_later
from simenv.agents._linear import Linear
from simenv.agents._ranking import is_open
from simenv.agents._ridge import Ridge
from simenv.agents.base import Count, Weight
from simenv.types import F32, F64, I32, Exchange, Request, Setting

_SHUT = -1e6  # worth of what may not be shown
_LEAST = 1e-3  # share of times that the least attractive track is picked


@dataclass
class Slateq(Linear):
    """Show the slate of the greatest long-term worth, which is the sum of its tracks' own.

    A track i that listener u plays is worth

        Q(u, i) = E[reward | u, i] + <later, sound of i>,

    the first as linucb estimates it, play by play; the second what plays of such a sound lead to, in tracks
    of usual length, listeners coming back more often and staying longer. `later` is learned once, by temporal
    differences, in practice worlds (`_differences.py`), as no platform has plays enough to see it.

    Where a slate is a queue, its tracks are all played in turn, and the best slate is the k best. Where one
    is picked, or none, with probability v_i / (1 + sum v), a slate is worth sum v Q / (1 + sum v), and
    `slates` says how one is found; v is learned from what was picked, on no matter which place.

    Args:
        method: sarsa: the future is that of the policies practised; td: of the best next track (Q-learning).
        slates: where one is picked: top: the k largest v Q; greedy: track by track; best: exactly.
        horizon: days after which what comes counts for half; 0: now is all that counts, without practice.
        memory: plays over which the state of a listener looks back.
        steps: plays in practice.
        envs: listeners in each practice world.

    Source: SlateQ: Ie et al., IJCAI 2019; least-squares temporal differences: Lagoudakis & Parr, JMLR 2003.
    Departs:
        1. Q is linear, fitted by least squares (theirs: a deep network, by gradients).
        2. the future depends on a track's sound alone (theirs: on all that is known of it and the listener).
        3. learned in practice worlds (theirs: from the platform's log), where every play is one decision.
        4. the exact slate by Dinkelbach's iteration (theirs: a linear program).
    """

    method: Literal["sarsa", "td"] = "sarsa"
    slates: Literal["top", "greedy", "best"] = "top"
    horizon: Weight = 90.0
    memory: Count = 200
    steps: Count = 16_000_000
    envs: Count = 4_096
    reward: Literal["completion", "minutes"] = field(default="minutes", kw_only=True)

    @property
    def needs(self) -> frozenset[str]:  # type: ignore[override]
        """Practice worlds, where more than now counts."""
        return super().needs | ({"practice"} if self.horizon else frozenset())

    @property
    def n_votes(self) -> int:
        return 1

    def begin(self, setting: Setting) -> None:
        super().begin(setting)
        self.later_ = self._later(setting)  # (T,)
        d = self.sight.width
        self.picks_gram_, self.picks_moment_ = np.zeros((1, d, d)), np.zeros((1, d))
        self.picks_estimate_, self.picks_root_ = np.zeros((1, d), np.float32), np.zeros((1, d, d), np.float32)
        self.slates_ = np.zeros(2)  # shown, and answered by nothing
        self.picks.solve()

    @property
    def picks(self) -> Ridge:
        """What is picked of what is shown, as a regression."""
        parts = self.picks_gram_, self.picks_moment_, self.picks_estimate_, self.picks_root_
        return Ridge(*parts, self.reg)

    def update(self, exchange: Exchange) -> None:
        if self.setting_.response != "queue":
            self._see_picks(exchange)
        super().update(exchange)

    def score(self, request: Request, tracks: I32) -> F32:
        return super().score(request, tracks) + self.later_[tracks]

    def votes(self, request: Request, tracks: I32) -> F32:
        worth = self.score(request, tracks)
        if self.setting_.response != "queue":
            worth = self._by_place(request, tracks, worth)
        return worth[:, :, None]

    def parts(self, listener: int, track: int) -> dict[str, float]:
        return super().parts(listener, track) | {"later": float(self.later_[track])}

    def _later(self, setting: Setting) -> F32:
        """(T,) what plays lead to, in tracks of usual length."""
        if not self.horizon:
            return np.zeros(len(setting.catalogue), np.float32)
        plan = Plan(self.horizon, self.steps, self.envs, self.memory, self.method)
        return worth_later(setting, plan, "slateq", "slateq(horizon=0)")

    def _see_picks(self, exchange: Exchange) -> None:
        """Learn from which of the tracks shown was picked."""
        request, picked = exchange.request, exchange.feedback.reached
        rows = self.sight.of(request, exchange.slate.tracks)
        rows = rows.reshape(-1, rows.shape[2])
        arm = np.zeros(len(rows), np.int32)
        self.picks.add(rows, arm, picked.ravel().astype(np.float32), np.ones(len(rows)))
        self.picks.solve()
        self.slates_ += np.array([len(picked), np.count_nonzero(~picked.any(axis=1))])

    def _attraction(self, request: Request, tracks: I32) -> F64:
        """(m, c) v of each track, 1 being that of none: how often it is picked where nothing else is."""
        rows = self.sight.of(request, tracks)
        share = np.einsum("mcd,d->mc", rows, self.picks_estimate_[0]).astype(np.float64)
        shown, empty = self.slates_
        return np.maximum(share, _LEAST) / ((empty + 1) / (shown + 2))

    def _by_place(self, request: Request, tracks: I32, worth: F32) -> F32:
        """(m, c) votes by which the slate found comes first, in its order, and then what is worth most."""
        k = self.setting_.slate_size
        v = self._attraction(request, tracks)
        q = np.where(is_open(request, tracks, self.setting_), worth.astype(np.float64), _SHUT)
        if self.slates == "top":
            places = slates_of_choice.top(v, q, k)
        elif self.slates == "greedy":
            places = slates_of_choice.greedy(v, q, k, outside=1.0)
        else:
            places = slates_of_choice.best(v, q, k, outside=1.0)
        votes = worth - worth.max(initial=0.0)
        np.put_along_axis(votes, places, np.arange(k, 0, -1, dtype=np.float32)[None, :], axis=1)
        return votes
