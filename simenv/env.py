"""The two Gymnasium faces of the world: one listener, and a population that asks as one, at every step."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space

from simenv._story import story
from simenv.crowd import Crowd
from simenv.errors import UsageError
from simenv.face import Face
from simenv.types import F32, Bool

Observation = F32 | dict[str, F32]


class NoSuchRender(UsageError, TypeError):
    """Also a TypeError: after one, Stable-Baselines3's `make_vec_env` no longer asks for pictures."""


class ListenerEnv(gymnasium.Env):
    """One listener; a decision is the next track, or the next few.

    Observations, actions and rewards are those of `crowd.Face`; see `observe.Observer` and `actions`.
    Episodes are terminated when the listener is gone for good and truncated at the horizon. ``reset(seed=s)``
    begins the listener's first life under a seed, ``reset()`` the next one.

    Args:
        crowd: of one listener.
        render_mode: "ansi": `render` tells who, when, what was played and how it ended.
    """

    metadata = {"render_modes": ["ansi"], "render_fps": 1}  # noqa: RUF012  as Gymnasium declares it

    def __init__(self, crowd: Crowd, render_mode: str | None = None) -> None:
        if len(crowd.rows) != 1:
            raise UsageError(f"a crowd of {len(crowd.rows)}; this face is of one listener")
        self.render_mode = _mode(render_mode)
        self._crowd = crowd
        self.observation_space = observation_space(crowd)
        self.action_space = crowd.mode.space
        self._over = False

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Observation, dict[str, Any]]:
        super().reset(seed=seed)
        self._crowd.begin(_seed(self, seed, self._crowd))
        self._over = False
        return self._observation(), {}

    def step(self, action: Any) -> tuple[Observation, float, bool, bool, dict[str, Any]]:
        """Play what `action` says.

        Raises:
            UsageError: on an action outside the space, before the first reset and after an episode's end.
        """
        if self._over:
            raise UsageError("the episode is over; call reset()")
        reward, terminated, truncated = self._crowd.step(np.asarray(action)[None])
        self._over = bool(terminated[0] or truncated[0])
        info = {name: column[0] for name, column in _info(self._crowd).items()}
        return self._observation(), float(reward[0]), bool(terminated[0]), bool(truncated[0]), info

    def action_masks(self) -> Bool:
        """(options,) which actions play something; for more than one slot, slot after slot."""
        return self._crowd.masks()[0]

    def render(self) -> str | None:  # type: ignore[override]
        """The last decision in a line, if the render mode is "ansi"."""
        return story(self._crowd, 0) if self.render_mode else None

    def _observation(self) -> Observation:
        flat = self._crowd.look()[0]
        if self._crowd.face.observe == "flat":
            return flat
        return {name: flat[part] for name, part in self._crowd.parts.items()}


class PopulationEnv(VectorEnv):
    """Many listeners, none of whom disturbs another; the same as so many `ListenerEnv`, row by row.

    Whose episode ends begins the next life within the same step, and what they showed at the end stands in
    ``info["final_obs"]``; or, as Gymnasium's own vectors do it, they show the end and begin the next life in
    the step after, whatever the action, with a reward of 0.

    Args:
        crowd: the listeners.
        render_mode: "ansi": `render` gives a line for each.
        autoreset_mode: Gymnasium's "SameStep" or "NextStep".
    """

    metadata = {"render_modes": ["ansi"], "render_fps": 1, "autoreset_mode": AutoresetMode.SAME_STEP}  # noqa: RUF012

    def __init__(
        self,
        crowd: Crowd,
        render_mode: str | None = None,
        autoreset_mode: str | AutoresetMode = AutoresetMode.SAME_STEP,
    ) -> None:
        self.render_mode = _mode(render_mode)
        self.metadata = {**self.metadata, "autoreset_mode": _autoreset(autoreset_mode)}
        self.num_envs = len(crowd.rows)
        self._crowd = crowd
        self.single_observation_space = observation_space(crowd)
        self.single_action_space = crowd.mode.space
        self._over = np.zeros(self.num_envs, bool)  # whose next life begins in the next step

    @cached_property
    def observation_space(self) -> spaces.Space:  # type: ignore[override]
        """Batched when first asked for: the bounds of a million listeners take gigabytes."""
        return batch_space(self.single_observation_space, self.num_envs)

    @cached_property
    def action_space(self) -> spaces.Space:  # type: ignore[override]
        """Batched when first asked for."""
        return batch_space(self.single_action_space, self.num_envs)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Observation, dict[str, Any]]:
        super().reset(seed=seed)
        self._crowd.begin(_seed(self, seed, self._crowd))
        self._over = np.zeros(self.num_envs, bool)
        return self._arranged(self._crowd.look()), {}

    def step(self, actions: Any) -> tuple[Observation, F32, Bool, Bool, dict[str, Any]]:
        """Play to everyone what `actions` say.

        Raises:
            UsageError: on actions outside the space, and before the first reset.
        """
        if self.metadata["autoreset_mode"] is AutoresetMode.NEXT_STEP:
            return self._step_or_begin(actions)
        crowd = self._crowd
        rewards, terminated, truncated = crowd.step(actions)
        done = terminated | truncated
        columns = _info(crowd)
        info: dict[str, Any] = {}
        if done.any():
            rows = crowd.rows[done]
            info = {
                "final_obs": self._each(self._arranged(crowd.look_at(rows)), rows),
                "_final_obs": done,
                "final_info": _marked({name: column.copy() for name, column in columns.items()}, done),
                "_final_info": done.copy(),
            }
            crowd.renew(rows)
        info |= _marked(columns, ~done)
        return self._arranged(crowd.look()), rewards, terminated, truncated, info

    @property
    def face(self) -> Face:
        """What it shows and asks."""
        return self._crowd.face

    @property
    def candidates_shown(self) -> slice:
        """Where candidates stand in a flat observation; nowhere in mode "tracks"."""
        return self._crowd.parts.get("candidates", slice(0, 0))

    @property
    def maskable(self) -> bool:
        """Whether actions are whole numbers, so that `action_masks` can hide some."""
        return self._crowd.mode.maskable

    def action_masks(self) -> Bool:
        """(n, options) which actions play something; for more than one slot, slot after slot."""
        return self._crowd.masks()

    def render(self) -> tuple[str, ...] | None:  # type: ignore[override]
        """The last decision of everyone, a line each, if the render mode is "ansi"."""
        return tuple(story(self._crowd, row) for row in range(self.num_envs)) if self.render_mode else None

    def _step_or_begin(self, actions: Any) -> tuple[Observation, F32, Bool, Bool, dict[str, Any]]:
        """Those whose episode is over begin the next life instead."""
        crowd, over = self._crowd, self._over
        rows = crowd.rows[over]
        if len(rows):
            crowd.renew(rows)  # somebody must be there, if only to be played nothing
        rewards, terminated, truncated = crowd.step(actions, over)
        if len(rows):
            crowd.begin_again(rows)
            for column in (rewards, terminated, truncated):
                column[over] = 0
        self._over = terminated | truncated
        return self._arranged(crowd.look()), rewards, terminated, truncated, _marked(_info(crowd), ~over)

    def _arranged(self, flat: F32) -> Observation:
        if self._crowd.face.observe == "flat":
            return flat
        return {name: flat[:, part] for name, part in self._crowd.parts.items()}

    def _each(self, observation: Observation, rows: Any) -> np.ndarray:
        """Observations of `rows` one by one, each in its place of n; None elsewhere."""
        out = np.empty(self.num_envs, object)
        if isinstance(observation, dict):
            for place, row in enumerate(rows.tolist()):
                out[row] = {name: part[place] for name, part in observation.items()}
        else:
            for row, seen in zip(rows.tolist(), observation, strict=True):
                out[row] = seen
        return out


def observation_space(crowd: Crowd) -> spaces.Space:
    """Of one listener: numbers in [-1, 1], as a vector or as a dictionary of vectors."""
    if crowd.face.observe == "flat":
        return _box(sum(part.stop - part.start for part in crowd.parts.values()))
    return spaces.Dict({name: _box(part.stop - part.start) for name, part in crowd.parts.items()})


def _box(width: int) -> spaces.Box:
    return spaces.Box(-1, 1, (width,), np.float32)


def _mode(render_mode: str | None) -> str | None:
    if render_mode not in (None, "ansi"):
        raise NoSuchRender(f'render_mode={render_mode!r}: expected None or "ansi"')
    return render_mode


def _autoreset(mode: str | AutoresetMode) -> AutoresetMode:
    known = (AutoresetMode.SAME_STEP, AutoresetMode.NEXT_STEP)
    for one in known:
        if mode in (one, one.value):
            return one
    given = mode.value if isinstance(mode, AutoresetMode) else mode
    raise UsageError(f"autoreset_mode={given!r}: expected {' or '.join(one.value for one in known)}")


def _seed(env: gymnasium.Env | VectorEnv, seed: int | None, crowd: Crowd) -> int | None:
    """The seed to begin with: the one given, chance's the first time, None to go on to the next life."""
    return env.np_random_seed if seed is not None or crowd.request is None else None  # type: ignore[return-value]


def _info(crowd: Crowd) -> dict[str, np.ndarray]:
    """What was played (-1: nothing) and for how many seconds, (n, k) each; the day of the request, (n,)."""
    if crowd.exchange is None:
        return {}
    exchange = crowd.exchange
    return {
        "tracks": exchange.slate.tracks,
        "seconds": exchange.feedback.seconds,
        "time": exchange.request.time,
    }


def _marked(columns: dict[str, np.ndarray], where: Bool) -> dict[str, Any]:
    """Columns, and beside each, under its name with a line before it, for whom it holds."""
    return columns | {f"_{name}": where.copy() for name in columns}
