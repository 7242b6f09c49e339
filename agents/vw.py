"""A contextual bandit of Vowpal Wabbit over the tracks that another agent finds."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import combinations
from typing import TYPE_CHECKING, Annotated, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simenv.agents._profile import Profiles, plain_features
from simenv.agents._ranking import is_open
from simenv.agents._vw import Rabbit, about, features
from simenv.agents.base import Agent, Count, Number, Range, Share, Weight, Wrapper
from simenv.context import COLUMNS
from simenv.errors import UsageError
from simenv.log import Log
from simenv.types import F32, F64, I32, Bool, Day, Exchange, Request, Setting, Slate

if TYPE_CHECKING:
    from vowpalwabbit import Example

Arms = Annotated[int, Range(1, 100)]
Positive = Annotated[float, Range(0, above=True)]

NAMES = {"l": "listener", "c": "moment", "t": "sound and genres", "i": "track and artist"}
"""What each namespace holds, by its letter."""


class Pool(NamedTuple):
    """What a slate is drawn from."""

    tracks: I32  # (m, a) open ones first, in the inner agent's order; then the rest in its order
    n_open: I32  # (m,)
    sure: Bool  # (m,) whether the inner agent had no choice but this pool


@dataclass
class Vw(Wrapper):
    """Draw each slot from the law that Vowpal Wabbit has over what is left of the inner agent's pool.

    VW's `cb_explore_adf` is told of the listener (`l`: mean of the features of plays, those skipped negative,
    over plays + 5, and the share finished likewise), of the moment (`c`: the request's context) and of each
    arm (`t`: public features of the track, `i`: its number and its artist's). A slot's propensity is the
    probability that VW gives the track among the arms which the slots before have left; 1 if no open track is
    left and the slot is filled by force. So the chance of a slate is the product over its slots, exactly;
    where the inner agent itself explores it is unknown. Every slot that was reached teaches: the cost is 0 if
    the track was finished, else 1, and counts by 1 / propensity. Arms that
    VW cannot tell apart share their chance, so all of the pool is tried at first; a new listener is known by
    the moment alone and a new track by its features. Scores are VW's expected share finished, of the last
    policy where there are several.

    Args:
        of: the inner agent, which finds the arms.
        pool: arms of a request, at most; VW takes 1 to 2 microseconds for each in every slot.
        explore: how VW explores: epsilon, bag, cover, squarecb or rnd.
        epsilon: share of the uniform law that is mixed in; with squarecb not used.
        policies: of bag and cover; predictors of rnd.
        gamma: of squarecb: higher is greedier.
        alpha: of rnd: bonus of what is not known yet.
        estimator: VW's `cb_type`, how costs are estimated; squarecb takes mtr alone.
        interactions: pairs or more of namespaces that meet, parted by spaces.
        rate: learning rate.
        bits: of the table of weights.
        options: more of VW's options, as one would type them.

    Source: Bietti, Agarwal & Langford, A contextual bandit bake-off, JMLR 2021 (epsilon, bag, cover); Foster
        & Rakhlin, ICML 2020 (squarecb); VW's `--rnd` (Ash, Zhang, Goel, Krishnamurthy & Kakade, ICLR 2022);
        mtr: multitask regression, in the first.
    Departs:
        1. a slate is a slot after slot, each a bandit of its own (theirs: one action).
        2. updates are adaptive and invariant, not normalised: features are in [-1, 1] anyway, and a saved
           VW does not resume normalised updates of several policies (theirs: normalised).
        3. with mtr, epsilon, bag and squarecb a lesson has as many blank arms beside the one chosen as the
           pool has tracks less one, in every slot: of those not chosen VW needs the number alone. Cover, rnd
           and other estimators weigh the pool as it is when the lesson comes (theirs: as it was).
        4. of rnd a saved VW resumes the law exactly, but not the size of its next steps (theirs: too).
    """

    of: Agent | str = "als"
    pool: Arms = 50
    explore: Literal["epsilon", "bag", "cover", "squarecb", "rnd"] = "epsilon"
    epsilon: Share = 0.05
    policies: Count = 5
    gamma: Positive = 10.0
    alpha: Weight = 0.1
    estimator: Literal["mtr", "dr", "ips", "sm"] = "mtr"
    interactions: str = "lt ct li"
    rate: Positive = 0.5
    bits: Annotated[int, Range(8, 28)] = 18
    options: str = ""
    fit_every: Number = field(default=7, kw_only=True)

    def __post_init__(self) -> None:
        super().__post_init__()
        for word in self.interactions.split():
            if len(word) < 2 or set(word) - set(NAMES):
                letters = ", ".join(f"{letter} ({name})" for letter, name in NAMES.items())
                raise UsageError(f"vw: interactions={word!r}: expected two letters or more of {letters}")
        Rabbit(self._words(0), ())

    @property
    def personal(self) -> bool:  # type: ignore[override]
        """True: it knows the listener, whatever the inner agent does."""
        return True

    def begin(self, setting: Setting) -> None:
        super().begin(setting)
        known = plain_features(setting.catalogue)
        self.about_ = about(known, setting.catalogue.artist)
        self.profiles_ = Profiles(known, setting.n_listeners)
        self.rabbit_ = Rabbit(self._words(setting.key.seed32()), self.about_)

    def fit(self, log: Log) -> None:
        super().fit(log)
        self.profiles_.fit(log)

    def hear(self, news: Day) -> None:
        super().hear(news)
        self.profiles_.add_plays(news.plays)

    def update(self, exchange: Exchange) -> None:
        self._learn(exchange)
        super().update(exchange)
        self.profiles_.add(exchange)

    def recommend(self, request: Request) -> Slate:
        m, k = len(request), self.setting_.slate_size
        pool = self._pool(request)
        luck = self.setting_.key.uniform(request.listeners[:, None], request.visit[:, None], np.arange(k))
        tracks, chance = np.empty((m, k), np.int32), np.ones((m, k), np.float32)
        for row, shared in enumerate(self._shared(request)):
            arms = pool.tracks[row].tolist()
            n_open = int(pool.n_open[row])
            for slot in range(k):
                place = 0
                if n_open:
                    law = self.rabbit_.law(shared, arms[:n_open])
                    place = _drawn(law, float(luck[row, slot]))
                    chance[row, slot] = law[place] if pool.sure[row] else np.nan
                    n_open -= 1
                tracks[row, slot] = arms.pop(place)
        return Slate(tracks, chance)

    def probability(self, request: Request, tracks: I32, given: I32) -> F32:
        pool = self._pool(request)
        out = np.zeros(tracks.shape, np.float32)
        for row, shared in enumerate(self._shared(request)):
            before = set(given[row].tolist())
            n_open = int(pool.n_open[row])
            free, rest = (
                [i for i in part.tolist() if i not in before] for part in np.split(pool.tracks[row], [n_open])
            )
            law = (
                dict(zip(free, self.rabbit_.law(shared, free), strict=True))
                if free
                else dict.fromkeys(rest[:1], 1.0)
            )
            out[row] = [law.get(i, 0.0) for i in tracks[row].tolist()]
            if free and not pool.sure[row]:
                out[row] = np.nan
        return out

    def score(self, request: Request, tracks: I32) -> F32:
        out = np.empty(tracks.shape, np.float32)
        for row, shared in enumerate(self._shared(request)):
            arms, place = np.unique(tracks[row], return_inverse=True)
            out[row] = 1 - self.rabbit_.costs(shared, arms.tolist())[place]
        return out

    def parts(self, listener: int, track: int) -> dict[str, float]:
        """What each namespace, and each meeting of some, adds to the expected share finished.

        VW's costs are linear in the features and their products, so what a set of namespaces adds is what is
        expected with it, less what its subsets add.
        """
        request = Request(
            np.array([listener], np.int32),
            np.zeros(1),
            np.zeros((1, len(COLUMNS)), np.float32),
            np.zeros(1, np.int32),
            np.zeros(1, np.int32),
        )
        text = self._told(request)[0] + " " + self.about_[track]
        said = {piece[0]: f"|{piece}" for piece in text.split("|")[1:]}
        adds: dict[tuple[str, ...], float] = {}
        for size in range(len(NAMES) + 1):
            for some in combinations(NAMES, size):
                shared, arm = (" ".join(said[name] for name in some if name in side) for side in ("lc", "ti"))
                examples = [
                    self.rabbit_.example(f"shared {shared or '|z'}"),
                    self.rabbit_.example(arm or "|z"),
                ]
                whole = float(self.rabbit_.costs_of(examples[0], examples[1:])[0])
                adds[some] = whole - sum(part for less, part in adds.items() if set(less) < set(some))
        named = {
            " and ".join(NAMES[name] for name in some) or "any play": part for some, part in adds.items()
        }
        named["any play"] -= 1
        return {name: -part for name, part in named.items() if abs(part) > 1e-7}

    def explain(self, listener: int, track: int) -> str:
        """Its own reasons, then the inner agent's."""
        return f"{Agent.explain(self, listener, track)}; found by: {self.inner.explain(listener, track)}"

    def state(self) -> dict[str, NDArray]:
        model = np.frombuffer(self.rabbit_.memory(), np.uint8)
        return {"model": model, "sums": self.profiles_.sums, "plays": self.profiles_.plays}

    def restore(self, state: dict[str, NDArray]) -> None:
        self.profiles_.sums, self.profiles_.plays = state["sums"], state["plays"]
        self.rabbit_ = Rabbit(self._words(), self.about_, state["model"].tobytes())

    def _pool(self, request: Request) -> Pool:
        slate = self.inner.recommend(request)
        free = is_open(request, slate.tracks, self.setting_)
        order = np.argsort(~free, axis=1, kind="stable")
        sure = ((slate.propensity == 1) | ~free).all(axis=1)
        return Pool(np.take_along_axis(slate.tracks, order, axis=1), free.sum(axis=1).astype(np.int32), sure)

    def _shared(self, request: Request) -> Iterator[Example]:
        """What all arms of a request have in common, a listener at a time."""
        return map(self.rabbit_.example, self._told(request))

    def _told(self, request: Request) -> list[str]:
        profile = self.profiles_.of(request.listeners)
        both = zip(profile, request.context, strict=True)
        return [f"shared |l {features(mine)} |c {features(now)}" for mine, now in both]

    def _learn(self, exchange: Exchange) -> None:
        request, slate, feedback = exchange.request, exchange.slate, exchange.feedback
        unknown = int(np.isnan(slate.propensity[feedback.reached]).sum())
        if unknown:
            raise UsageError(
                f"vw learns by propensities, and {unknown} of the {feedback.reached.sum()} slots that were "
                f"reached have none: an agent within that explores by itself leaves them unknown; "
                "set its explore=0"
            )
        alone = (
            self.estimator == "mtr" and self.explore in ("epsilon", "bag", "squarecb") and not self.options
        )
        pool = None if alone else self._pool(request)
        for row, shared in enumerate(self._shared(request)):
            shown = slate.tracks[row].tolist()
            for slot in np.flatnonzero(feedback.reached[row]).tolist():
                if pool is None:
                    others = self.rabbit_.blanks(self.inner.setting_.slate_size - 1)
                else:
                    left = pool.tracks[row, : pool.n_open[row]].tolist()
                    others = self.rabbit_.arms([i for i in left if i not in shown[: slot + 1]])
                cost, chance = float(feedback.skipped[row, slot]), float(slate.propensity[row, slot])
                self.rabbit_.teach(shared, shown[slot], cost, chance, others)

    def _words(self, seed: int | None = None) -> list[str]:
        """VW's options; its model brings the state of its own luck."""
        how = {
            "epsilon": ["--epsilon", f"{self.epsilon:g}"],
            "bag": ["--bag", str(self.policies), "--epsilon", f"{self.epsilon:g}"],
            "cover": ["--cover", str(self.policies), "--epsilon", f"{self.epsilon:g}"],
            "squarecb": ["--squarecb", "--gamma_scale", f"{self.gamma:g}"],
            "rnd": [
                "--rnd",
                str(self.policies),
                "--rnd_alpha",
                f"{self.alpha:g}",
                "--epsilon",
                f"{self.epsilon:g}",
            ],
        }[self.explore]
        words = ["--cb_explore_adf", *how, "--cb_type", self.estimator, "--adaptive", "--invariant"]
        words += ["--bit_precision", str(self.bits), "--learning_rate", f"{self.rate:g}"]
        words += [word for pair in self.interactions.split() for word in ("--interactions", pair)]
        words += [] if seed is None else ["--random_seed", str(seed)]
        return words + shlex.split(self.options)


def _drawn(law: F64, luck: float) -> int:
    """The place that `luck`, in (0, 1), falls on."""
    bounds = law.cumsum()
    return int(np.searchsorted(bounds / bounds[-1], luck, side="right"))
