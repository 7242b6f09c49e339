"""`simenv train`: a policy learned by reinforcement in one of the Gymnasium environments."""

from __future__ import annotations

import ast
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any, Literal

import gymnasium
import tyro
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from simenv.agents._learners import check_fits, checked_values, class_of, learner_called
from simenv.env import PopulationEnv
from simenv.errors import UsageError
from simenv.scenarios._cell import one_thread
from simenv.scenarios._numbers import number
from simenv.scenarios._registry import did_you_mean
from simenv.scenarios._train_figure import UNITS, draw
from simenv.scenarios._training import Curve, Plan, claim, go_on, write_json

_BUILDS = "simenv.scenarios."


@dataclass(frozen=True, kw_only=True)
class FaceOptions:
    """What listeners show and are asked; what is not given is as the environment has it."""

    slate_size: int | None = None
    """k, tracks a decision."""
    horizon: int | None = None
    """Decisions until an episode ends."""
    share: float | None = None
    """Share of sessions that are recommended."""
    past: float | None = None
    """Organic days lived before the first decision."""
    cooldown: float | None = None
    """Days in which what was heard is no candidate; inf: new music only."""
    reward: str | None = None
    """completion, minutes, graded, likes or return."""
    actions: str | None = None
    """candidates, tracks, query or blend."""
    response: Literal["queue", "shelf", "cascade", "carousel"] | None = None
    """How a slate is answered."""
    candidates: int | None = None
    """c, tracks to choose from."""
    history: int | None = None
    """Recent plays that are shown one by one."""
    tracks: int | None = None
    """Tracks of a synthetic catalogue."""
    world: int | None = None
    """Seed of the catalogue and its charts."""
    catalogue: Path | None = None
    """A table of real tracks instead of a synthetic catalogue."""

    def given(self) -> dict[str, Any]:
        """What was given."""
        return {name: value for name, value in asdict(self).items() if value is not None}


@dataclass(frozen=True, kw_only=True)
class Train:
    """Train a policy on simulated listeners, and write what `sb3(model=...)` serves in experiments.

    It is judged by listeners it was not trained on, beside chance and the most popular candidate. The same
    command goes on where it stopped; with more --steps it goes on further.
    """

    algorithm: Annotated[str, tyro.conf.Positional]
    """ppo, a2c, dqn, sac, td3; with sb3-contrib trpo, qrdqn, maskableppo."""
    out: Path | None = None
    """Folder of the model; by default results/models/ and the algorithm's and environment's names."""
    env: str = "simenv/Listener-v0"
    """Id of the environment."""
    steps: float = 1e6
    """Decisions to learn from, of all listeners together."""
    envs: int = 256
    """Listeners at a time."""
    seed: int = 0
    """Of everything that happens by chance."""
    judges: int = 500
    """Listeners who judge."""
    every: float | None = None
    """Decisions between two judgements, and checkpoints; by default a tenth of the steps."""
    threads: int = 1
    """Threads of the listeners' kernel."""
    face: FaceOptions = field(default_factory=FaceOptions)
    """What listeners show and are asked."""
    learner: tuple[str, ...] = ()
    """Parameters of the algorithm, NAME=VALUE, such as learning_rate=3e-4 gamma=.9 "net_arch=[64, 64]"."""
    json: Path | None = None
    """Also write the rows of the table and the curve there."""


def main(words: Sequence[str]) -> int:
    """Train as `words` say.

    Raises:
        UsageError: if something asked for does not exist or fit, or nothing can be written.
    """
    asked = tyro.cli(Train, args=list(words), prog="simenv train")
    console, said = Console(), Console(stderr=True)
    plan, steps = _plan(asked)
    options = {**plan.face, "observe": "flat", "threads": asked.threads}

    def make(n: int) -> PopulationEnv:
        try:
            env = gymnasium.make_vec(plan.env, num_envs=n, **options)
        except TypeError as error:
            raise UsageError(f"{plan.env} does not take these options of its face: {error}") from None
        if not isinstance(env, PopulationEnv):
            raise UsageError(f"{plan.env} makes a {type(env).__name__}: train in an environment of listeners")
        return env

    face = make(1).face
    check_fits(plan.algorithm, face)
    checked_values(plan.algorithm, plan.learner)
    out = asked.out or Path("results/models") / f"{plan.algorithm}-{plan.env.rpartition('/')[2].lower()}"
    done, curve = claim(out, plan)
    if done >= steps:
        said.print(f"{out} has learned from {done:,} decisions already", highlight=False, soft_wrap=True)
    else:
        with one_thread(), _bar(said, done, steps) as (bar, task):
            log = str(out / "tensorboard") if find_spec("tensorboard") else None
            go_on(plan, steps, out, done, curve, make, lambda at: bar.update(task, completed=at), log)
    draw(plan, curve, face, out / "curve.png")
    console.print(_table(plan, curve, face.reward, face.horizon))
    for name in ("model.json", "curve.png"):
        console.print(f"{out / name}", highlight=False, soft_wrap=True)
    if face.actions != "tracks":
        console.print(f'serve it: simenv run popularity_bias --agents popular "sb3(model={str(out)!r})"',
                      highlight=False, markup=False, soft_wrap=True)  # fmt: skip
    if asked.json is not None:
        write_json(asked.json, rows_of(plan, curve, face.reward))
    return 0


def rows_of(plan: Plan, curve: Curve, reward: str) -> list[dict[str, Any]]:
    """One row a judgement: env, algorithm, seed, steps, policy, reward, mean, low, high."""
    head = {"env": plan.env, "algorithm": plan.algorithm, "seed": plan.seed, "reward": reward}
    return [head | row for row in curve.rows]


def _plan(asked: Train) -> tuple[Plan, int]:
    learner = learner_called(asked.algorithm)
    class_of(learner)
    name = asked.algorithm.lower().replace("-", "").replace("_", "")
    known = tuple(
        id_
        for id_, spec in gymnasium.registry.items()
        if id_.startswith("simenv/") and str(spec.vector_entry_point).startswith(_BUILDS)
    )
    if asked.env not in known:
        meant = did_you_mean(asked.env, known)
        raise UsageError(f"no environment called {asked.env!r}{meant}\nThere are {', '.join(known)}")
    every = asked.steps / 10 if asked.every is None else asked.every
    for word, count in (("steps", asked.steps), ("every", every)):
        if not (1 <= count < math.inf and (word == "every" or count == int(count))):
            raise UsageError(f"--{word} {count:g}: expected a whole number from 1")
    for word in ("envs", "judges", "threads"):
        if getattr(asked, word) < 1:
            raise UsageError(f"--{word} {getattr(asked, word)}: expected 1 or more")
    if not 0 <= asked.seed < 1 << 31:
        raise UsageError(f"--seed {asked.seed}: expected a whole number from 0 to below 2^31")
    values = _values(asked.learner)
    face = asked.face.given()
    plan = Plan(name, asked.env, face, values, asked.envs, asked.seed, int(every), asked.judges)
    return plan, int(asked.steps)


def _values(texts: tuple[str, ...]) -> dict[str, Any]:
    """NAME=VALUE as a mapping; a value that is no number, list or word of Python is text."""
    out: dict[str, Any] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not (name and equals and value):
            raise UsageError(f"--learner: {text!r} is not NAME=VALUE, such as learning_rate=3e-4")
        try:
            out[name] = ast.literal_eval(value)
        except (ValueError, SyntaxError):
            out[name] = value
    return out


def _table(plan: Plan, curve: Curve, reward: str, horizon: int) -> Table:
    title = f"{UNITS[reward]} in {horizon} decisions, by {plan.judges:,} listeners nobody was trained on"
    table = Table(title=title, title_justify="left")
    for word in ("policy", "decisions learned from", "mean", "95 % interval"):
        table.add_column(word, justify="left" if word == "policy" else "right")
    last = {row["policy"]: row for row in curve.rows}
    for who, row in last.items():
        span = f"[{number(row['low'])}, {number(row['high'])}]".replace("[", r"\[")
        table.add_row(who, f"{row['steps']:,}" if row["steps"] else "-", number(row["mean"]), span)
    return table


class _bar:
    """A bar over decisions on a terminal, nothing elsewhere."""

    def __init__(self, console: Console, done: int, steps: int) -> None:
        columns = (
            TextColumn("{task.description}"),
            BarColumn(bar_width=None),
            TextColumn("{task.completed:,.0f}/{task.total:,.0f} decisions"),
            TimeRemainingColumn(),
        )
        self.bar = Progress(*columns, console=console, transient=True, disable=not console.is_terminal)
        self.task = self.bar.add_task("learning", total=steps, completed=done)

    def __enter__(self) -> tuple[Progress, Any]:
        self.bar.start()
        return self.bar, self.task

    def __exit__(self, *_: object) -> None:
        self.bar.stop()
