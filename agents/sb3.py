"""A policy trained by reinforcement learning in other worlds, and served in this one."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from simenv.agents import _panel
from simenv.agents._learners import learner_called
from simenv.agents._mixing import asks
from simenv.agents._model import Model, read
from simenv.agents._panel import Panel, drawn, panel_of, worth
from simenv.agents._practice import trained
from simenv.agents._ranking import check_supply, joined
from simenv.agents._zipped import read_zip
from simenv.agents.base import Agent, Count, Number, Weight
from simenv.errors import UsageError
from simenv.log import Log
from simenv.observe import MATCH, Observer
from simenv.retrieve import Nearby
from simenv.rng import Key
from simenv.types import F32, I32, Day, Exchange, Request, Setting, Slate

_BLOCK = 1_024  # listeners whose candidates are described at once
_RULE = Key.root(0) / "candidates"  # of no world: which candidates there are is a rule, not luck


@dataclass
class Sb3(Agent):
    """Show what a policy of Stable-Baselines3 or sb3-contrib chooses among retrieved candidates.

    Without a `model` it is trained in `setting.practice` worlds when it begins: once a configuration, kept in
    the folder of models, and shared by all seeds. A policy that chooses one track a decision fills a slate
    slot by slot, each among candidates of its own (`_panel.py`): with logits z of those left, it shows c by

        softmax(z / temperature)_c,

    the policy's own law at temperature 1; at 0, and by default where there are no logits (DQN, QR-DQN: worth;
    SAC, TD3: weights of the candidates' columns), the best. Candidates are those of the face
    (`simenv.retrieve.Nearby`), a fixed function of the listener and of the requests answered so far, so that
    propensities are exact. It sees what the face shows: what became of slates, and charts; no organic plays.
    A new listener is served by charts and context, a new track by its features.

    Args:
        model: a folder that `simenv train` wrote, which needs no trust; or a .zip of Stable-Baselines3's own,
            which is a pickle and does.
        algorithm: that trains, or that made the .zip: ppo, a2c, dqn, sac, td3; trpo, qrdqn, maskableppo.
        steps: decisions to train for.
        envs: listeners at a time in training.
        candidates: c in training.
        reward: in training, one of the face's.
        temperature: of the softmax; None: 1 with logits, else 0.
        trust: that loading a .zip may run what is in it.

    Source: PPO: Schulman et al. 2017; A2C: Mnih et al., ICML 2016; DQN: Mnih et al., Nature 2015; SAC:
        Haarnoja et al., ICML 2018; TD3: Fujimoto et al., ICML 2018; by Stable-Baselines3 (Raffin et al., JMLR
        2021). Slates without replacement: Plackett 1975; Luce 1959.
    Departs:
        1. trained on slates of one and served on slates of k (theirs: of what they were trained on).
        2. a slate is filled from what was known when it was asked for (training: what came of each track).
        3. gamma .6 (theirs: .99): nearly all that a track leads to shows in the next few.
    """

    model: str | None = None
    algorithm: str = "ppo"
    steps: Count = 200_000
    envs: Count = 256
    candidates: Count = 8
    reward: Literal["completion", "minutes", "graded", "likes", "return"] = "completion"
    temperature: Weight | None = None
    trust: bool = False
    fit_every: Number = field(default=0, kw_only=True)

    def __post_init__(self) -> None:
        super().__post_init__()
        self.algorithm = self.algorithm.lower()
        learner_called(self.algorithm)
        if self.model is not None and self.model.endswith(".zip") and not self.trust:
            raise UsageError(
                f"{self.model} is a pickle, which may run anything when it is loaded: if you trust whoever "
                "made it, say trust=True; the folders that `simenv train` writes need no trust"
            )

    @property
    def needs(self) -> frozenset[str]:  # type: ignore[override]
        """Practice worlds, unless there is a model."""
        return frozenset() if self.model else frozenset({"practice"})

    @property
    def files(self) -> tuple[Path, ...]:
        if self.model is None:
            return ()
        path = Path(self.model).expanduser()
        return (path,) if self.model.endswith(".zip") else (path / "model.json", path / "model.npz")

    def begin(self, setting: Setting) -> None:
        self.setting_ = setting
        self.policy = self._policy(setting)
        self.observer = Observer(setting, self.policy.history)
        self._check(self.policy)
        r = _panel.decisions(self.policy, setting.slate_size)
        self.retriever = Nearby(replace(setting, key=_RULE), self.policy.candidates * r)
        self.charts_ = np.zeros(len(setting.catalogue), np.float32)  # (T,)
        self.answered_ = np.zeros(setting.n_listeners, np.int32)  # (n,) requests
        self._publish()

    def update(self, exchange: Exchange) -> None:
        self.observer.see(exchange)
        self.answered_[exchange.request.listeners] += 1

    def hear(self, news: Day) -> None:
        self.charts_ = news.charts.astype(np.float32)
        self._publish()

    def fit(self, log: Log) -> None:
        """What was played lately stands for charts until the first are published."""
        if not self.charts_.any():
            self.charts_ = log.counts(7.0).astype(np.float32)
            self._publish()

    def recommend(self, request: Request) -> Slate:
        check_supply(request, self.setting_)
        if not len(request):
            nothing = (0, self.setting_.slate_size)
            return Slate(np.empty(nothing, np.int32), np.empty(nothing, np.float32))
        return joined([self._slate(some) for some in _blocks(request)])

    def probability(self, request: Request, tracks: I32, given: I32) -> F32:
        if not len(request):
            return np.empty(tracks.shape, np.float32)
        out, at = [], 0
        for some in _blocks(request):
            here = slice(at, at := at + len(some))
            shown, p = self._law(some, self._panel(some), given[here])
            out.append(((tracks[here, :, None] == shown[:, None, :]) * p[:, None, :]).sum(axis=2))
        return np.concatenate(out).astype(np.float32)

    def parts(self, listener: int, track: int) -> dict[str, float]:
        """How the track looks to the policy, beside this listener: MATCH of the observation."""
        request = asks(np.array([listener], np.int32), self.setting_.catalogue.released[track].clip(0).item())
        shown = self.observer.of_candidates(request, np.array([[track]], np.int32))[0, 0, -len(MATCH) :]
        return dict(zip(MATCH, shown.tolist(), strict=True))

    def state(self) -> dict[str, NDArray]:
        remembered = self.observer.state()
        return super().state() | {f"observer.{name}": array for name, array in remembered.items()}

    def restore(self, state: dict[str, NDArray]) -> None:
        super().restore({name: array for name, array in state.items() if not name.startswith("observer.")})
        self._publish()
        kept = {name.partition(".")[2]: a for name, a in state.items() if name.startswith("observer.")}
        self.observer.restore(kept)

    def _policy(self, setting: Setting) -> Model:
        if self.model is not None and self.model.endswith(".zip"):
            return read_zip(Path(self.model), self.algorithm, setting)
        if self.model is not None:
            return read(Path(self.model).expanduser())
        if setting.practice is None:
            raise UsageError(
                f"sb3 trains {self.algorithm} in practice worlds, which a log does not have: give it a "
                'model, sb3(model="results/models/radio-ppo"), that `simenv train` wrote'
            )
        actions = "candidates" if learner_called(self.algorithm).places else "blend"
        options = {
            "slate_size": 1,
            "actions": actions,
            "candidates": self.candidates,
            "reward": self.reward,
        }
        return trained(setting.practice, self.algorithm, self.steps, self.envs, options)

    def _check(self, policy: Model) -> None:
        """Raise a UsageError if `policy` does not fit what shows of this world."""
        if policy.actions not in ("candidates", "query", "blend"):
            raise UsageError(
                f"the model chooses tracks by number (actions={policy.actions}), which mean something in one "
                "catalogue only: train one with actions=candidates"
            )
        width = self.observer.width(policy.candidates)
        if policy.network.inputs != width:
            raise UsageError(
                f"the model reads {policy.network.inputs} numbers, of {policy.candidates} candidates; tracks "
                f"here have {self.observer.features.shape[1]} features, so that {width} show: train one on a "
                "catalogue with the same features"
            )
        if policy.head == "weights":
            f = self.observer.features.shape[1]
            wide = f if policy.actions == "query" else self.observer.candidate_width - f
            if policy.network.outputs != wide:
                raise UsageError(f"the model says {policy.network.outputs} weights, {wide} are needed here")

    @property
    def _temperature(self) -> float:
        if self.temperature is not None:
            return self.temperature
        return 1.0 if self.policy.head == "choice" else 0.0

    def _publish(self) -> None:
        self.observer.publish(self.charts_)
        self.retriever.publish(self.charts_)

    def _panel(self, request: Request) -> Panel:
        """Requests are numbered by those answered, as far as it was told."""
        asked = replace(request, visit=self.answered_[request.listeners])
        return panel_of(asked, self.retriever, self.observer, self.policy.candidates)

    def _slate(self, request: Request) -> Slate:
        m, k = len(request), self.setting_.slate_size
        panel, key = self._panel(request), self.setting_.key
        tracks, propensity = np.empty((m, k), np.int32), np.empty((m, k), np.float32)
        for slot in range(k):
            shown, p = self._law(request, panel, tracks[:, :slot])
            place = drawn(p, key.uniform(request.listeners, request.visit, slot))
            tracks[:, slot] = np.take_along_axis(shown, place, axis=1)[:, 0]
            propensity[:, slot] = np.take_along_axis(p, place, axis=1)[:, 0]
        return Slate(tracks, propensity)

    def _law(self, request: Request, panel: Panel, given: I32) -> tuple[I32, F32]:
        """(m, c) what the slot after `given` may show, and the chance of each."""
        slot = given.shape[1]
        decision = slot // self.policy.slate_size
        shown, left = panel.tracks[:, :, decision].copy(), panel.left(decision, given)
        p = _panel.law(worth(self.policy, panel, slot), left, self._temperature)
        for row in np.flatnonzero(~left.any(axis=1)).tolist():
            follows = _panel.next_without(request, row, given[row], self.charts_, self.setting_)
            shown[row] = np.where(np.arange(shown.shape[1]) == 0, follows, -1)
            p[row] = shown[row] >= 0
        return shown, p


def _blocks(request: Request) -> list[Request]:
    return [request.rows(np.s_[at : at + _BLOCK]) for at in range(0, len(request), _BLOCK)]
