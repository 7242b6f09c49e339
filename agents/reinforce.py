"""Off-policy REINFORCE: a policy that learns from the platform's own log which choices were worth it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from simenv.agents import _panel
from simenv.agents._bandit import Bandit, Candidates
from simenv.agents._hindsight import decisions, shelf_of, standing
from simenv.agents._lasting import Plan, worth_later
from simenv.agents._mixing import asks
from simenv.agents._panel import drawn
from simenv.agents._policy import Climb, Decisions, Softmax
from simenv.agents._ranking import among
from simenv.agents._registry import name_of
from simenv.agents._returns import advantage
from simenv.agents._situation import Situations
from simenv.agents.base import Agent, Count, Number, Range, Weight
from simenv.features import USUAL_SECONDS
from simenv.log import Log
from simenv.types import (
    F32,
    I32,
    KNOWN,
    REACHED,
    SKIPPED,
    Bool,
    Day,
    Exchange,
    Plays,
    Request,
    Setting,
    Slate,
)

_CHARTS = 30.0  # days after which a play counts for half in the charts
Positive = Annotated[float, Range(0, above=True)]


@dataclass
class Reinforce(Bandit):
    """Choose by a softmax that goes up the slope of what choices led to, as the log tells of them.

    With x_c what shows of candidate c to a listener at a moment (`_situation.py`), and where the agent that
    finds candidates puts it (mean 0, sd 1 over the pool), pi(c) is proportional to exp(<theta, x_c> + b_c),
    b_c being the track's own. For each logged choice a, of chance beta(a), theta and b move by

        min(pi(a) / beta(a), cap) K (1 - pi(a))^(K - 1) (R - E R) grad ln pi(a).

    R is the reward of the play and of all that the listener plays later, discounted by exp(-days / horizon);
    E R is the listener's own mean of it, as listeners differ more than any choice changes them. K has the
    policy fill a slate: a choice that is in nearly every slate gains nothing more. beta is the propensity
    that was logged; where there is none, or it is 1, which no other choice could have had, it is a second
    softmax over the same x, fitted to what was chosen. Organic plays teach where the track was new to the
    listener; their beta is one of their own.

    What the finding agent had learned before the plays that teach is what it is held to have known: they are
    read before it is fitted to them. At first it is fitted to all but the last `held` days of the log, which
    then teach. New listeners and new tracks are judged by what shows of them.

    Args:
        of: the agent that finds candidates; None: all tracks are, which is slow when they are many.
        reward: completion: 1 if finished, else 0; minutes: how long it was listened to, 208 s being 1.
        horizon: days after which a reward counts for 1/e; 0: that of the play alone counts.
        critic: half-life, in days, of what a critic adds to the reward of a play: what plays of such a sound
            lead to, learned once by temporal differences in practice worlds (`_differences.py`); 0: none.
        slate: K; 0: that of the surface.
        cap: of the weights pi / beta; a small one lets all choices count alike.
        temperature: 0: the best are shown; else each slot is drawn from the candidates left, by a softmax of
            their logits over the temperature.
        trust: theta, at first, of where the finding agent puts a candidate; the rest begins at 0.
        organic: what an organic play counts for.
        learning_rate: length of a step, about.
        epochs: times through the plays of a fit, which goes on where the one before ended.
        reg: pull of theta and b to where they began.
        plays: that teach in a fit, at most; others are left out by lot.
        others: candidates beside the one chosen, by lot, that stand for all.
        held: days of the log, see above.
        steps: plays in practice, for the critic.
        envs: listeners in each practice world.

    Source: Chen, Beutel, Covington, Jain, Belletti & Chi, WSDM 2019; Williams, Machine Learning 1992.
    Departs:
        1. candidates are 100 of another agent, and logits linear in what shows of them (theirs: all items, by
            a recurrent network of what the listener did and free vectors of items); `of=None` has all tracks.
        2. what a play itself returns, by default (theirs: what comes after it, discounted, too).
        3. less the listener's mean (theirs: no baseline).
        4. beta is fitted for recommended and organic plays apart (theirs: for all agents together).
        5. a critic, if asked for, learned elsewhere (theirs: none).
        6. the best are shown (theirs: the first few, and draws for the rest of the slate).
    """

    of: Agent | str | None = field(default="hybrid", kw_only=True)
    reward: Literal["completion", "minutes"] = "completion"
    horizon: Weight = 0.0
    critic: Weight = 0.0
    slate: Number = 0
    cap: Positive = float(np.exp(3.0))
    temperature: Weight = 0.0
    trust: Weight = 2.0
    organic: Weight = 0.3
    learning_rate: Weight = 0.01
    epochs: Count = 4
    reg: Weight = 0.1
    plays: Count = 20_000
    others: Count = 15
    held: Number = 14
    steps: Count = 16_000_000
    envs: Count = 4_096

    personal: ClassVar[bool] = True

    @property
    def needs(self) -> frozenset[str]:  # type: ignore[override]
        """Practice worlds, for a critic."""
        return super().needs | ({"practice"} if self.critic else frozenset())

    @property
    def n_votes(self) -> int:
        return 1

    @property
    def policy(self) -> Softmax:
        """pi."""
        return Softmax(self.theta_, self.bias_)

    def begin(self, setting: Setting) -> None:
        super().begin(setting)
        self.sight, self.past = Situations(setting), Situations(setting)  # as of now, and of the last fit
        self.theta_ = np.zeros(self.sight.width + 1, np.float32)
        self.theta_[-1] = self.trust
        self.bias_ = np.zeros(len(setting.catalogue), np.float32)
        self.logged_theta_ = np.tile(self.theta_, (2, 1))  # beta of recommended and of organic plays
        self.logged_bias_ = np.tile(self.bias_, (2, 1))
        self.read_ = 0  # plays of the log
        self.later_ = np.zeros(len(setting.catalogue), np.float32)  # (T,) what the critic says
        if self.critic:
            plan = Plan(self.critic, self.steps, self.envs)
            self.later_ = worth_later(setting, plan, "reinforce", "reinforce(critic=0)")

    def update(self, exchange: Exchange) -> None:
        super().update(exchange)
        self.now_ = max(self.now_, float(exchange.request.time.max(initial=0)))
        self.sight.observer.see(exchange)

    def hear(self, news: Day) -> None:
        super().hear(news)
        self.now_ = max(self.now_, news.time)
        self.sight.observer.publish(news.charts)
        self.sight.remember(news.plays)

    def fit(self, log: Log) -> None:
        self.now_ = max(self.now_, log.now)
        new = Plays.concat(list(log.since(self.read_)))
        if len(new):
            self.read_ += len(new)
            self._read(new, log)
            for sight in (self.past, self.sight):
                sight.observer.publish(log.counts(_CHARTS).astype(np.float32))
            self.sight.observer.restore(self.past.observer.state())
        super().fit(log)

    def votes(self, request: Request, tracks: I32) -> F32:
        return self._logits(request, tracks, tracks.shape[1])[:, :, None]

    def score(self, request: Request, tracks: I32) -> F32:
        pool = self.candidates(request).tracks if self.inner else tracks[:, :0]
        both = np.concatenate([pool, tracks], axis=1)
        return self._logits(request, both, pool.shape[1])[:, pool.shape[1] :]

    def parts(self, listener: int, track: int) -> dict[str, float]:
        """As of the last news, in no particular moment."""
        request = asks(np.array([listener], np.int32), self.now_)
        pool = self.candidates(request).tracks if self.inner else np.empty((1, 0), np.int32)
        both = np.concatenate([pool, np.array([[track]], np.int32)], axis=1)
        row = self._shown(request, both, pool.shape[1])[0, -1] * self.theta_
        finder = f"place by {name_of(type(self.inner))}" if self.inner else "no place"
        out = {"the track": float(self.bias_[track])}
        for word, part in zip((*self.sight.words, finder), row.tolist(), strict=True):
            out[word] = out.get(word, 0.0) + part
        return out

    def state(self) -> dict[str, NDArray]:
        out = super().state()
        for name, sight in (("sight", self.sight), ("past", self.past)):
            out |= {f"{name}.{part}": array for part, array in sight.observer.state().items()}
        return out

    def restore(self, state: dict[str, NDArray]) -> None:
        super().restore({name: array for name, array in state.items() if "." not in name})
        for name, sight in (("sight", self.sight), ("past", self.past)):
            sight.observer.restore({part: state[f"{name}.{part}"] for part in sight.observer.state()})

    def _read(self, new: Plays, log: Log) -> None:
        """Learn from new plays, of which the agent that finds candidates knows nothing yet."""
        if self.inner and not np.isfinite(self.fitted_):
            old = new.time < log.now - self.held
            before = Log(log.n_listeners, log.n_tracks)
            before.append(new.rows(old))
            self.inner.fit(before)
            self.past.remember(new.rows(old))
            new = new.rows(~old)
        new = new.rows(new.has(REACHED))
        chosen = self._chosen_of(new)
        if chosen.any():
            self._learn(new, chosen, log.now)
        else:
            self.past.remember(new)

    def _chosen_of(self, plays: Plays) -> Bool:
        """(e,) which plays teach."""
        taught = plays.slot >= 0
        if self.organic:
            taught |= ~plays.has(KNOWN)
        luck = (self.setting_.key / "plays").uniform(*_event(plays))
        some = np.argsort(np.where(taught, luck, 2), kind="stable")[: min(self.plays, int(taught.sum()))]
        out = np.zeros(len(plays), bool)
        out[some] = True
        return out

    def _paid(self, plays: Plays) -> F32:
        """(e,) the reward of each play by itself, and what the critic adds."""
        more = self.later_[plays.track]
        if self.reward == "minutes":
            return (plays.seconds / USUAL_SECONDS + more).astype(np.float32)
        return (~plays.has(SKIPPED) + more).astype(np.float32)

    def _learn(self, plays: Plays, chosen: Bool, now: float) -> None:
        some, key = plays.rows(chosen), self.setting_.key
        shelf = shelf_of(self.inner, some, now, self.setting_, key / "shelf")
        made = decisions(self.past, plays, chosen, shelf, self.others, key / "others")
        gain = advantage(plays, self._paid(plays), chosen, self.horizon, now)
        gain *= np.where(some.slot < 0, self.organic, 1)
        order = np.argsort((key / "order").uniform(*_event(some)), kind="stable")
        some, made, gain = some.rows(order), made.some(order), gain[order]
        home = np.zeros_like(self.theta_)
        home[-1] = self.trust
        climb = Climb(self.learning_rate, self.epochs, self.reg, home)
        k = self.slate or self.setting_.slate_size
        climb.reinforce(self.policy, made, gain, self._logged(some, made, climb), k, self.cap)

    def _logged(self, some: Plays, made: Decisions, climb: Climb) -> F32:
        """(e,) beta, as it was logged or as the log makes it likely."""
        out = some.propensity.copy()
        for kind, rows in enumerate((some.slot >= 0, some.slot < 0)):
            if rows.any():
                beta = Softmax(self.logged_theta_[kind], self.logged_bias_[kind])
                climb.imitate(beta, made.some(np.flatnonzero(rows)))
                unknown = np.flatnonzero(rows & ~((out > 0) & (out < 1)))
                out[unknown] = beta.law(made.some(unknown))[:, 0]
        return out

    def _shown(self, request: Request, tracks: I32, pool: int) -> F32:
        """(m, c, d) x of `tracks` (m, c), the first `pool` being those that the finder would show."""
        place = standing(self.inner, request, tracks, pool)
        return np.concatenate([self.sight.of(request, tracks), place[:, :, None]], axis=2)

    def _logits(self, request: Request, tracks: I32, pool: int) -> F32:
        return self.policy.logits(tracks, self._shown(request, tracks, pool))

    def _chosen(self, request: Request, found: Candidates) -> Slate:
        if not self.temperature:
            return super()._chosen(request, found)
        m, k = len(request), self.setting_.slate_size
        places, chance = np.empty((m, k), np.int32), np.empty((m, k), np.float32)
        worth, used = self.votes(request, found.tracks)[:, :, 0], np.zeros(found.tracks.shape, bool)
        for slot in range(k):
            p = self._drawing(worth, found.is_open, used)
            place = drawn(p, self.setting_.key.uniform(request.listeners, request.visit, slot))
            places[:, slot] = place[:, 0]
            chance[:, slot] = np.take_along_axis(p, place, axis=1)[:, 0]
            np.put_along_axis(used, place, True, axis=1)
        forced = ~np.take_along_axis(found.is_open, places, axis=1)
        chance[~(found.sure[:, None] | forced)] = np.nan
        return Slate(np.take_along_axis(found.tracks, places, axis=1), chance)

    def _law(self, request: Request, found: Candidates, given: I32) -> F32:
        if not self.temperature:
            return super()._law(request, found, given)
        worth = self.votes(request, found.tracks)[:, :, 0]
        return self._drawing(worth, found.is_open, among(found.tracks, given))

    def _drawing(self, worth: F32, is_open: Bool, used: Bool) -> F32:
        """(m, c) chance of each candidate in the next slot, those `used` (m, c) being in the slate."""
        left = is_open & ~used
        n = left.sum(axis=1, keepdims=True)
        p = (1 - self.explore) * _panel.law(worth, left, self.temperature) + self.explore * left / np.maximum(
            n, 1
        )
        first = np.arange(used.shape[1]) == (~used).argmax(axis=1)[:, None]
        return np.where(n > 0, p, first).astype(np.float32)


def _event(plays: Plays) -> tuple[NDArray, ...]:
    """What tells plays apart: who, when (in seconds) and what."""
    return plays.listener, (plays.time * 86_400).astype(np.int64), plays.track
