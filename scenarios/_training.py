"""Training a policy step by step, so that it can be stopped at any time and goes on where it was."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from simenv.agents import _model
from simenv.agents._learners import make_learner, model_of
from simenv.env import PopulationEnv
from simenv.errors import UsageError
from simenv.rng import Key
from simenv.scenarios._train_judge import STRANGERS, Score, floors, returns, score, served

LEARNED = "learner.pt"
"""Parameters and the optimiser's state, read back without unpickling objects."""


@dataclass(frozen=True)
class Plan:
    """What is trained; whoever asks for the same goes on, however often it is judged."""

    algorithm: str
    env: str
    face: Mapping[str, Any]
    learner: Mapping[str, Any]
    envs: int
    seed: int
    every: int  # decisions between two judgements
    judges: int  # listeners who judge

    def told(self) -> dict[str, Any]:
        """As JSON would hold it, but for how often it is judged."""
        told = {name: value for name, value in asdict(self).items() if name != "every"}
        return json.loads(json.dumps(told, default=str))


@dataclass
class Curve:
    """What was measured so far: rows of steps, who, mean, low, high."""

    rows: list[dict[str, Any]]

    def add(self, steps: int, who: str, found: Score) -> None:
        self.rows.append({"steps": steps, "policy": who, **asdict(found)})

    def has(self, who: str, steps: int) -> bool:
        return any(row["policy"] == who and row["steps"] == steps for row in self.rows)


def claim(out: Path, plan: Plan) -> tuple[int, Curve]:
    """Decisions learned from so far in the folder `out`, which is made, and what was measured.

    Raises:
        UsageError: if it cannot be written to, or holds something else or another model.
    """
    if out.exists() and not out.is_dir():
        raise UsageError(f"--out {out} is a file: name a folder")
    try:
        out.mkdir(parents=True, exist_ok=True)
        about = out / "train.json"
        if not about.is_file():
            if any(out.iterdir()):
                raise UsageError(f"{out} holds files that are no model: name another folder with --out")
            write_json(about, {"plan": plan.told(), "done": 0, "rows": []})
            return 0, Curve([])
        told = json.loads(about.read_text())
        before, done, rows = told["plan"], int(told["done"]), list(told["rows"])
    except UsageError:  # which is a ValueError, too
        raise
    except OSError as error:
        raise UsageError(
            f"cannot write to {out}: {error.strerror or error}. Name another with --out"
        ) from None
    except (ValueError, KeyError, TypeError):
        raise UsageError(f"{out}/train.json is damaged: delete the folder, or name another") from None
    differs = [name for name, value in plan.told().items() if before.get(name) != value]
    if differs:
        was = ", ".join(f"{name}={before.get(name)!r}" for name in differs)
        raise UsageError(
            f"{out} holds another model ({was}): name another folder with --out, or delete this one"
        )
    if done and not (out / LEARNED).exists():
        raise UsageError(f"{out} lacks {LEARNED}, so that training cannot go on: delete the folder")
    return done, Curve(rows)


def go_on(
    plan: Plan,
    steps: int,
    out: Path,
    done: int,
    curve: Curve,
    make: Callable[[int], PopulationEnv],
    tell: Callable[[int], None],
    log: str | None = None,
) -> None:
    """Train from `done` decisions to `steps`, judging, writing the model and a checkpoint on the way.

    A model that goes on has its parameters and optimiser, new listeners, and an empty memory of past
    decisions (DQN, QR-DQN, SAC, TD3).

    Args:
        plan: what.
        steps: decisions in all.
        out: the folder, claimed.
        done: decisions learned from before.
        curve: what was measured before; it grows.
        make: makes a population of so many.
        tell: is told the decisions so far.
        log: a folder for TensorBoard.
    """
    from stable_baselines3.common.callbacks import BaseCallback

    judges, key = make(plan.judges), Key.root(plan.seed) / "judge"
    if not done:
        for who, choose in floors(judges, key).items():
            curve.add(0, who, score(returns(judges, choose, plan.seed + STRANGERS)))
    env = make(plan.envs)
    luck = (Key.root(plan.seed) / f"train {done}").seed32()
    learner = make_learner(plan.algorithm, env, luck, plan.learner, log)
    if done:
        _take_over(learner, out / LEARNED, done)

    def judged() -> None:
        """Measure, and write all that there is."""
        at = int(learner.num_timesteps)
        about = {"env": plan.env, "steps": at, "seed": plan.seed, "reward": env.face.reward}
        model = model_of(plan.algorithm, learner, env.face, about)
        if not curve.has(plan.algorithm, at):
            values = returns(judges, served(model, judges, key / "own"), plan.seed + STRANGERS)
            curve.add(at, plan.algorithm, score(values))
        _model.save(model, out)
        _put_down(learner, out / LEARNED)
        write_json(out / "train.json", {"plan": plan.told(), "done": at, "rows": curve.rows})

    class Judge(BaseCallback):
        """Judges every so many decisions, between an update and the next."""

        due = 0 if not done else done + plan.every

        def _on_rollout_start(self) -> None:
            if self.num_timesteps >= self.due:
                judged()
                self.due = (self.num_timesteps // plan.every + 1) * plan.every

        def _on_step(self) -> bool:
            tell(self.num_timesteps)
            return True

    learner.learn(steps - done, callback=Judge(), reset_num_timesteps=not done)
    judged()


def write_json(path: Path, what: Any) -> None:
    """Write under a temporary name and rename."""
    part = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    try:
        part.write_text(json.dumps(what, indent=2) + "\n")
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def _put_down(learner: Any, path: Path) -> None:
    import torch

    part = path.with_name(f".{path.name}.part")
    try:
        torch.save(learner.get_parameters(), part)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def _take_over(learner: Any, path: Path, done: int) -> None:
    import torch

    try:
        learner.set_parameters(torch.load(path, weights_only=True, map_location="cpu"), device="cpu")
    except Exception as error:  # whatever is wrong with the file
        raise UsageError(f"{path} cannot be read ({error}): delete the folder and train again") from None
    learner.num_timesteps = done
