"""A guard against bots: what accounts play that do not behave like people is not learned from."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from simenv.agents._guards import Guard, Sieved
from simenv.agents._suspicion import SIGNS, robust_z, signs
from simenv.agents.base import Count, Number, Share, Weight
from simenv.log import Log
from simenv.types import Bool, Day, Exchange, Feedback, Plays, Setting, Slate


@dataclass
class Robust(Guard):
    """Answer as the agent within does, which learns without the plays of accounts that look like bots.

    Of each account with `fewest` plays and more, four signs are compared with the crowd's: ln plays a day, ln
    plays in the busiest hour, and log-odds of the shares of its most played track and artist. An account is
    flagged if the sum of its robust z-scores, (x - median) / (1.4826 MAD) where that is positive, is more
    than `limit`. Flags are made at every fit and hold until the next, for what is learned online as well. The
    charts in the day's news are the world's, bots and all. A new account has no sign yet and counts. Pushes,
    nukes and farms concentrate on an artist and stand out; a bandwagon that hides every other play among the
    charts looks like a keen listener, and is not found.

    Args:
        of: the agent within.
        limit: sum of z-scores from which an account is flagged.
        fewest: plays of any length before an account is judged.
        weight: what a play of a flagged account counts for in a fit; 0: nothing, it is left out. Online it is
            always left out.

    Source: robust z-scores: Iglewicz & Hoaglin 1993; profiles of attacks: Burke, Mobasher, Williams &
        Bhaumik, KDD 2006.
    Departs:
        1. signs of plays (theirs: of ratings).
        2. no classifier of known attacks (theirs: trained on them).
    """

    limit: Weight = 8.0
    fewest: Count = 20
    weight: Share = 0.0
    fit_every: Number = field(default=7, kw_only=True)

    def begin(self, setting: Setting) -> None:
        super().begin(setting)
        self.suspicion_ = np.zeros((setting.n_listeners, len(SIGNS)))  # positive z-scores

    @property
    def flagged(self) -> Bool:
        """(n,) accounts that look like bots, as of the last fit."""
        return self.suspicion_.sum(axis=1) > self.limit

    def let_through(self, log: Log) -> Log:
        found, plays = signs(log, self.setting_.catalogue)
        judged = plays >= self.fewest
        self.suspicion_ = np.where(judged[:, None], np.maximum(robust_z(found, judged), 0), 0)
        return Sieved(log, self._sieve, ~self.flagged)

    def update(self, exchange: Exchange) -> None:
        keep = ~self.flagged[exchange.request.listeners]
        slate, feedback = exchange.slate, exchange.feedback
        self.inner.update(
            Exchange(
                exchange.request.rows(keep),
                Slate(slate.tracks[keep], slate.propensity[keep]),
                Feedback(
                    feedback.reached[keep],
                    feedback.seconds[keep],
                    feedback.skipped[keep],
                    feedback.left[keep],
                ),
            )
        )

    def hear(self, news: Day) -> None:
        late = news.late.rows(~self.flagged[news.late.listener])
        plays = news.plays.rows(~self.flagged[news.plays.listener])
        self.inner.hear(replace(news, plays=plays, late=late))

    def _sieve(self, plays: Plays) -> Plays:
        flagged = self.flagged[plays.listener]
        if not self.weight:
            return plays.rows(~flagged)
        counts = np.ones(len(plays)) if plays.count is None else plays.count
        return replace(plays, count=np.where(flagged, self.weight * counts, counts).astype(np.float32))
