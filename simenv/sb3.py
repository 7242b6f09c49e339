"""The population as Stable-Baselines3 wants it: a VecEnv without an object for every listener."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from gymnasium import Wrapper
from gymnasium.vector import AutoresetMode
from stable_baselines3.common.vec_env import VecEnv

from simenv.env import PopulationEnv
from simenv.errors import UsageError

Indices = None | int | Iterable[int]
_BY_ROW = ("action_masks", "render")
"""Methods whose result has an entry for each listener."""


def as_vec_env(env: PopulationEnv) -> PopulationVecEnv:
    """`env` as Stable-Baselines3's VecEnv.

    Raises:
        UsageError: if it is not a `PopulationEnv`, which ``gymnasium.make_vec`` makes, or does not begin the
            next life in the same step.
    """
    if not isinstance(env, PopulationEnv):
        raise UsageError(
            f"a {type(env).__name__} was given; make a PopulationEnv: "
            "gymnasium.make_vec('simenv/Listener-v0', num_envs=...)"
        )
    if env.metadata["autoreset_mode"] is not AutoresetMode.SAME_STEP:
        raise UsageError("Stable-Baselines3 resets in the same step: leave autoreset_mode out")
    return PopulationVecEnv(env)


class PopulationVecEnv(VecEnv):
    """A `PopulationEnv` in Stable-Baselines3's words.

    What showed at an episode's end is ``info["terminal_observation"]``, and ``info["TimeLimit.truncated"]``
    tells the horizon from a listener who is gone. Listeners whose episode goes on share one empty info.
    """

    def __init__(self, env: PopulationEnv) -> None:
        self.env = env
        super().__init__(env.num_envs, env.single_observation_space, env.single_action_space)

    def reset(self) -> Any:
        observation, _ = self.env.reset(seed=self._seeds[0])
        self._reset_seeds()
        self._reset_options()
        return observation

    def step_async(self, actions: np.ndarray) -> None:
        self._actions = actions

    def step_wait(self) -> tuple[Any, np.ndarray, np.ndarray, list[dict[str, Any]]]:
        observation, rewards, terminated, truncated, info = self.env.step(self._actions)
        done = terminated | truncated
        infos: list[dict[str, Any]] = [{}] * self.num_envs
        for row in np.flatnonzero(done).tolist():
            infos[row] = {
                "terminal_observation": info["final_obs"][row],
                "TimeLimit.truncated": bool(truncated[row]),
            }
        return observation, rewards, done, infos

    def close(self) -> None:
        self.env.close()

    def get_attr(self, attr_name: str, indices: Indices = None) -> list[Any]:
        """An attribute of the population, once for each listener asked about.

        Raises:
            AttributeError: if there is none; masks are there only where actions are whole numbers.
        """
        if attr_name == "action_masks" and not self.env.maskable:
            raise AttributeError("actions are numbers in [-1, 1], which no mask hides")
        return [getattr(self.env, attr_name)] * len(self._places(indices))

    def set_attr(self, attr_name: str, value: Any, indices: Indices = None) -> None:
        """Set an attribute of the population as a whole.

        Raises:
            UsageError: if only some listeners are meant.
        """
        if indices is not None:
            raise UsageError(f"{attr_name} belongs to the whole population: leave indices out")
        setattr(self.env, attr_name, value)

    def env_method(
        self, method_name: str, *method_args: Any, indices: Indices = None, **method_kwargs: Any
    ) -> list[Any]:
        """Call `action_masks` or `render` once, for all; the results of the listeners asked about.

        Raises:
            AttributeError: for other methods, which have no result for each listener.
        """
        if method_name not in _BY_ROW:
            raise AttributeError(f"no {method_name} of single listeners; there are {', '.join(_BY_ROW)}")
        results = getattr(self.env, method_name)(*method_args, **method_kwargs)
        return [results[place] for place in self._places(indices)]

    def env_is_wrapped(self, wrapper_class: type[Wrapper], indices: Indices = None) -> list[bool]:
        return [False] * len(self._places(indices))

    def _places(self, indices: Indices) -> list[int]:
        return list(self._get_indices(indices))
