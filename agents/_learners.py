"""The algorithms of Stable-Baselines3 and sb3-contrib that train policies, and what they leave behind."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from simenv.agents._checks import did_you_mean
from simenv.agents._model import Head, Model
from simenv.agents._network import Layer, Network
from simenv.env import PopulationEnv
from simenv.errors import UsageError
from simenv.face import Face

Usual = Callable[[int], dict[str, Any]]

GAMMA = 0.6
"""Nearly all that a track leads to shows in the next few."""


@dataclass(frozen=True, slots=True)
class Learner:
    """An algorithm: where its class is, what its policy looks like, and how it is set for n listeners."""

    module: str
    kind: str
    family: Literal["actor", "worth", "squashed"]
    usual: Usual

    @property
    def places(self) -> bool:
        """Whether it can choose places among candidates."""
        return self.family != "squashed"

    @property
    def weights(self) -> bool:
        """Whether it can say numbers in [-1, 1]."""
        return self.family != "worth"


def _rollouts(n: int) -> dict[str, Any]:
    """24 decisions a listener between two updates, in eight batches."""
    return {"n_steps": 24, "batch_size": 3 * n, "gamma": GAMMA, "gae_lambda": 0.9, "learning_rate": 1e-3}


def _ppo(n: int) -> dict[str, Any]:
    return _rollouts(n) | {"n_epochs": 5, "ent_coef": 0.005}


def _a2c(n: int) -> dict[str, Any]:
    return {"n_steps": 8, "gamma": GAMMA, "gae_lambda": 0.9, "learning_rate": 1e-3, "ent_coef": 0.005}


def _replayed(n: int) -> dict[str, Any]:
    """A gradient step for every 32 decisions, each of 256 that are remembered."""
    return {
        "buffer_size": 50_000,
        "learning_starts": 2_000,
        "batch_size": 256,
        "train_freq": 1,
        "gradient_steps": max(1, n // 32),
        "gamma": GAMMA,
        "learning_rate": 5e-4,
    }


def _q(n: int) -> dict[str, Any]:
    return _replayed(n) | {
        "target_update_interval": 2_000,
        "exploration_fraction": 0.3,
        "exploration_final_eps": 0.05,
        "policy_kwargs": {"net_arch": [64, 64]},
    }


def _qr(n: int) -> dict[str, Any]:
    return _q(n) | {"policy_kwargs": {"net_arch": [64, 64], "n_quantiles": 25}}


def _sac(n: int) -> dict[str, Any]:
    return _replayed(n) | {"policy_kwargs": {"net_arch": [64, 64]}}


def _td3(n: int) -> dict[str, Any]:
    from stable_baselines3.common.noise import NormalActionNoise

    width = 1  # the noise is broadcast over the action
    return _sac(n) | {"action_noise": NormalActionNoise(np.zeros(width), np.full(width, 0.2))}


_SB3, _CONTRIB = "stable_baselines3", "sb3_contrib"

LEARNERS: Mapping[str, Learner] = {
    "ppo": Learner(_SB3, "PPO", "actor", _ppo),
    "a2c": Learner(_SB3, "A2C", "actor", _a2c),
    "dqn": Learner(_SB3, "DQN", "worth", _q),
    "sac": Learner(_SB3, "SAC", "squashed", _sac),
    "td3": Learner(_SB3, "TD3", "squashed", _td3),
    "trpo": Learner(_CONTRIB, "TRPO", "actor", _rollouts),
    "qrdqn": Learner(_CONTRIB, "QRDQN", "worth", _qr),
    "maskableppo": Learner(_CONTRIB, "MaskablePPO", "actor", _ppo),
}
"""By the name that a command or an expression gives."""


def learner_called(name: str) -> Learner:
    """The algorithm called `name`, in capitals or not.

    Raises:
        UsageError: if there is none.
    """
    plain = name.lower().replace("-", "").replace("_", "")
    if plain == "recurrentppo":
        raise UsageError(
            f"{name} remembers listeners in a state of its own, which sb3 does not serve: use ppo and let "
            "more plays show (history, up to 32), or train it by hand on simenv.sb3.as_vec_env"
        )
    if plain not in LEARNERS:
        raise UsageError(
            f"no algorithm called {name!r}{did_you_mean(plain, LEARNERS)}\nThere are {', '.join(LEARNERS)}"
        )
    return LEARNERS[plain]


def class_of(learner: Learner) -> Any:
    """The class of an algorithm.

    Raises:
        UsageError: if its library is not installed.
    """
    try:
        return getattr(importlib.import_module(learner.module), learner.kind)
    except ModuleNotFoundError as error:
        raise UsageError(
            f"{learner.kind} needs {learner.module.replace('_', '-')}, and {error.name} is not installed: "
            'pip install "simenv-music[rl]"'
        ) from None


def check_fits(name: str, face: Face) -> Learner:
    """The algorithm called `name`, if it can learn what `face` asks of it.

    Raises:
        UsageError: if not.
    """
    learner = learner_called(name)
    if face.actions in ("query", "blend"):
        if not learner.weights:
            raise UsageError(
                f"{name} chooses among whole numbers, but actions={face.actions} are numbers in [-1, 1]: "
                "use ppo, a2c, sac or td3, or actions=candidates"
            )
    elif not learner.places:
        raise UsageError(
            f"{name} says numbers in [-1, 1], but actions={face.actions} are whole numbers: "
            "use ppo, a2c or dqn, or actions=blend"
        )
    if face.slate_size > 1 and learner.family == "worth" and face.actions not in ("query", "blend"):
        raise UsageError(f"{name} chooses one track a decision, not slate_size={face.slate_size}: give 1")
    return learner


def make_learner(
    name: str, env: PopulationEnv, seed: int, values: Mapping[str, Any] | None = None, log: str | None = None
) -> Any:
    """An algorithm of Stable-Baselines3 that is about to learn in `env`, shown flat.

    Args:
        name: of the algorithm.
        env: whose listeners teach it.
        seed: of the algorithm's luck; below 2^32.
        values: of its parameters, beside our usual ones.
        log: a folder for TensorBoard.

    Raises:
        UsageError: if there is no such algorithm or parameter, or it cannot act in `env`.
    """
    from stable_baselines3.common.vec_env import VecMonitor

    from simenv.sb3 import as_vec_env

    learner = check_fits(name, env.face)
    kind = class_of(learner)
    options = learner.usual(env.num_envs) | checked_values(name, values or {})
    try:
        if "n_steps" in options and "batch_size" in options and "batch_size" not in (values or {}):
            options["batch_size"] = max(2, options["n_steps"] * env.num_envs // 8)
        luck = {"seed": seed, "device": "cpu", "tensorboard_log": log}
        return kind("MlpPolicy", VecMonitor(as_vec_env(env)), **luck, **options)
    except (TypeError, ValueError, AssertionError) as error:
        told = ", ".join(f"{word}={value!r}" for word, value in options.items())
        raise UsageError(f"{name} cannot be made with {told}: {error}") from None


def checked_values(name: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """`values` of an algorithm's parameters; ``net_arch`` is the widths of its hidden layers.

    Raises:
        UsageError: if it has no such parameter, or that is ours to give.
    """
    ours = {"self", "policy", "env", "seed", "device", "tensorboard_log", "_init_setup_model", "verbose"}
    takes = inspect.signature(class_of(learner_called(name)).__init__).parameters
    known = [*sorted(takes.keys() - ours), "net_arch"]
    out = dict(values)
    for word in values:
        if word not in known:
            raise UsageError(
                f"{name} has no parameter {word!r}{did_you_mean(word, known)}\nIt has {', '.join(known)}"
            )
    if "net_arch" in out:
        out["policy_kwargs"] = dict(out.get("policy_kwargs") or {}) | {"net_arch": list(out.pop("net_arch"))}
    return out


def model_of(name: str, trained: Any, face: Face, about: Mapping[str, Any] | None = None) -> Model:
    """What an algorithm has learned in a face so far, as agents serve it."""
    learner = learner_called(name)
    weights = face.actions in ("query", "blend")
    head: Head = "weights" if weights else "choice" if learner.family == "actor" else "worth"
    network = network_of(learner, trained.policy, weights)
    return Model(
        network, name, head, face.actions, face.candidates, face.history, face.slate_size, about or {}
    )


def network_of(learner: Learner, policy: Any, weights: bool) -> Network:
    """The part of a policy of Stable-Baselines3 that chooses, as layers.

    Raises:
        UsageError: if it is not made of linear layers with tanh or relu.
    """
    if learner.family == "actor":
        layers = _layers(policy.mlp_extractor.policy_net, policy.action_net)
        return Network((*layers[:-1], Layer(layers[-1].weight, layers[-1].bias, "clip" if weights else "")))
    if learner.kind == "SAC":
        layers = _layers(policy.actor.latent_pi, policy.actor.mu)
        return Network((*layers[:-1], Layer(layers[-1].weight, layers[-1].bias, "tanh")))
    if learner.kind == "TD3":
        return Network(_layers(policy.actor.mu))
    if learner.kind == "DQN":
        return Network(_layers(policy.q_net.q_net))
    *rest, last = _layers(policy.quantile_net.quantile_net)
    n = policy.n_quantiles  # whose mean is the worth
    weight = last.weight.reshape(n, -1, last.weight.shape[1]).mean(axis=0)
    return Network((*rest, Layer(weight, last.bias.reshape(n, -1).mean(axis=0))))


def _layers(*modules: Any) -> tuple[Layer, ...]:
    """The linear layers in `modules`, in order, each with the bend that follows it."""
    from torch import nn

    bends: dict[type, Any] = {nn.Tanh: "tanh", nn.ReLU: "relu"}
    out: list[Layer] = []
    flat = [m for module in modules for m in (module if isinstance(module, nn.Sequential) else [module])]
    for module in flat:
        if isinstance(module, nn.Linear):
            weight, bias = (p.detach().cpu().numpy().astype(np.float32) for p in (module.weight, module.bias))
            out.append(Layer(weight.copy(), bias.copy()))
        elif type(module) in bends and out:
            out[-1] = Layer(out[-1].weight, out[-1].bias, bends[type(module)])
        elif not isinstance(module, nn.Flatten | nn.Identity):
            raise UsageError(f"a policy with a layer {module!r} cannot be served: use linear, tanh and relu")
    return tuple(out)
