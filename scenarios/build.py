"""The only place where a world is put together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from gymnasium.vector import AutoresetMode

from simenv.catalogue import Catalogue, Hidden
from simenv.crowd import Crowd
from simenv.env import ListenerEnv, PopulationEnv
from simenv.errors import UsageError
from simenv.face import Face, Stage
from simenv.heard import Heard
from simenv.log import Log
from simenv.retrieve import MakeRetriever, Nearby
from simenv.rng import Key
from simenv.synthetic import Synthetic
from simenv.table import from_table
from simenv.two_kinds import TwoKinds
from simenv.users.params import ListenerParams
from simenv.users.population import Population
from simenv.world import World

Source = Synthetic | TwoKinds | Path | str | None
"""Of a catalogue: a recipe, or a table of real tracks; None: the usual recipe."""


def make_world(
    listeners: int = 10_000,
    tracks: int = 20_000,
    seed: int = 0,
    *,
    listener: ListenerParams | None = None,
    catalogue: Source = None,
    columns: Mapping[str, str] | None = None,
    kappa: float = 0.5,
    cooldown: float = 30.0,
    share: float = 0.35,
    response: str = "queue",
    heard_plays: int = 1024,
    log: bool = True,
    threads: int = 1,
) -> World:
    """A world on its first day.

    Args:
        listeners: n.
        tracks: T of a synthetic catalogue; a table of real tracks has as many as it has.
        seed: of everything that happens by chance.
        listener: what all listeners have in common.
        catalogue: a recipe, or a table of real tracks (CSV, TSV or Parquet); by default a synthetic one.
        columns: what the columns of the table are called, where the usual names do not tell:
            ``{"title": "song"}``.
        kappa: how far a real track's public features tell its sound, in [0, 1]; a recipe has its own.
        cooldown: days; the longest that agents will be held to. 0: the platform's memory is not kept.
        share: of sessions that are recommended.
        response: how slates are answered: queue, shelf, cascade or carousel.
        heard_plays: plays of a listener that the platform remembers with their time.
        log: keep every play.
        threads: that share a big population.

    Raises:
        UsageError: on a size below 1, or a table that cannot be read.
    """
    for name, value in (("listeners", listeners), ("tracks", tracks), ("threads", threads)):
        if value < 1:
            raise UsageError(f"{name}={value}: a world needs at least one")
    if not cooldown >= 0:
        raise UsageError(f"cooldown={cooldown} days: expected 0 or more, or inf for new music only")
    key = Key.root(seed)
    public, hidden = make_catalogue(tracks, key / "catalogue", catalogue, columns, kappa)
    population = Population(
        listeners, public, hidden, listener or ListenerParams(), key / "listeners", threads
    )
    memory = (
        Heard(listeners, len(public), heard_plays, any_play=cooldown == float("inf")) if cooldown else None
    )
    kept = Log(listeners, len(public)) if log else None
    return World(public, hidden, population, key, share, heard=memory, log=kept, response=response)


def make_catalogue(
    tracks: int,
    key: Key,
    catalogue: Source = None,
    columns: Mapping[str, str] | None = None,
    kappa: float = 0.5,
) -> tuple[Catalogue, Hidden]:
    """Tracks as they show and as they sound: of a table, or of a recipe with so many `tracks`."""
    if catalogue is None or isinstance(catalogue, Synthetic | TwoKinds):
        return replace(catalogue or Synthetic(), tracks=tracks).make(key)
    return from_table(catalogue, columns, key=key, kappa=kappa)


STAGE_LISTENERS, STAGE_DAYS = 1_000, 28
"""Who make the charts of a face by living organically, and for how long: whole weeks, to a Monday."""


def listener_env(
    *,
    listener: int = 0,
    world: int = 0,
    tracks: int = 2_000,
    catalogue: Source = None,
    listener_params: ListenerParams | None = None,
    slate_size: int = 1,
    horizon: int = 100,
    share: float = 1.0,
    past: float = 0.0,
    cooldown: float = 0.0,
    reward: str = "completion",
    actions: str = "candidates",
    observe: str = "flat",
    response: str = "queue",
    candidates: int = 8,
    history: int = 4,
    retrieve: MakeRetriever = Nearby,
    render_mode: str | None = None,
) -> ListenerEnv:
    """One listener, a decision a step: ``gymnasium.make("simenv/Listener-v0")``.

    Args:
        listener: number, from 0: row `listener` of a population under the same seed.
        world: seed of the catalogue and its charts; listeners come from the seed that `reset` is given.
        tracks: T of a synthetic catalogue.
        catalogue: a recipe, or a table of real tracks.
        listener_params: what all listeners have in common.
        slate_size: k, tracks a decision.
        horizon: decisions until an episode is truncated.
        share: of sessions that are recommended, above 0.
        past: organic days lived before the first decision.
        cooldown: days in which what was heard is no candidate; inf: new music only.
        reward: completion, minutes, graded, likes or return.
        actions: candidates, tracks, query or blend.
        observe: dict or flat.
        response: how a slate is answered: queue, shelf, cascade or carousel.
        candidates: c, tracks to choose from, except when actions are tracks.
        history: recent plays that are shown one by one.
        retrieve: makes the retriever of candidates.
        render_mode: None or "ansi".

    Raises:
        UsageError: on a value out of its range.
    """
    if listener < 0:
        raise UsageError(f"listener={listener}: listeners are numbered from 0")
    surface = (slate_size, horizon, share, past, cooldown, reward)
    face = Face(*surface, actions, observe, response, candidates, history)
    crowd = _crowd(1, listener, (world, tracks, catalogue), listener_params, face, retrieve, threads=1)
    return ListenerEnv(crowd, render_mode)


def population_env(
    num_envs: int = 1,
    *,
    world: int = 0,
    tracks: int = 2_000,
    catalogue: Source = None,
    listener_params: ListenerParams | None = None,
    slate_size: int = 1,
    horizon: int = 100,
    share: float = 1.0,
    past: float = 0.0,
    cooldown: float = 0.0,
    reward: str = "completion",
    actions: str = "candidates",
    observe: str = "flat",
    response: str = "queue",
    candidates: int = 8,
    history: int = 4,
    retrieve: MakeRetriever = Nearby,
    threads: int = 1,
    render_mode: str | None = None,
    autoreset_mode: str | AutoresetMode = AutoresetMode.SAME_STEP,
) -> PopulationEnv:
    """Many listeners, a decision each a step: ``gymnasium.make_vec("simenv/Listener-v0", num_envs=4096)``.

    Args:
        num_envs: n.
        world, tracks, catalogue, listener_params, slate_size, horizon, share, past, cooldown, reward: as in
            `listener_env`, and so are actions, observe, response, candidates, history, retrieve, render_mode.
        threads: that share a big population; the result does not depend on them.
        autoreset_mode: when the next life begins, Gymnasium's "SameStep" or "NextStep".

    Raises:
        UsageError: on a value out of its range.
    """
    for name, value in (("num_envs", num_envs), ("threads", threads)):
        if value < 1:
            raise UsageError(f"{name}={value}: expected at least one")
    surface = (slate_size, horizon, share, past, cooldown, reward)
    face = Face(*surface, actions, observe, response, candidates, history)
    crowd = _crowd(num_envs, 0, (world, tracks, catalogue), listener_params, face, retrieve, threads)
    return PopulationEnv(crowd, render_mode, autoreset_mode)


@dataclass(frozen=True)
class Practising:
    """Makes populations of other worlds with a scenario's own surface: a `simenv.types.Practice`."""

    own: Mapping[str, Any]
    """Arguments of `population_env` that are fixed unless others are given."""

    def __call__(self, **options: Any) -> PopulationEnv:
        """A population of ``num_envs`` in the world of the seed ``world``."""
        return population_env(**{**self.own, **options})

    @property
    def digest(self) -> str:
        """Of the arguments, a table's content included, the version and the sources."""
        from simenv.scenarios._keys import digest, file_digest, package_sources, version

        table = self.own["catalogue"]
        read = file_digest(Path(table)) if isinstance(table, str | Path) else ""
        told = {name: value for name, value in self.own.items() if not (read and name == "catalogue")}
        return digest([version(), package_sources(("build",)), told, read])


def practice(
    tracks: int,
    catalogue: Source = None,
    listener: ListenerParams | None = None,
    *,
    slate_size: int = 10,
    share: float = 0.35,
    cooldown: float = 30.0,
    past: float = 60.0,
) -> Practising:
    """What `Setting.practice` holds: makes populations of other worlds, with a scenario's own surface.

    Call it with ``num_envs`` and ``world`` (a seed of the learner's own), and any other argument of
    `population_env`.
    """
    return Practising(
        {
            "tracks": tracks,
            "catalogue": catalogue,
            "listener_params": listener,
            "slate_size": slate_size,
            "share": share,
            "cooldown": cooldown,
            "past": past,
        }
    )


def _crowd(
    n: int,
    first: int,
    place: tuple[int, int, Source],
    params: ListenerParams | None,
    face: Face,
    retrieve: MakeRetriever,
    threads: int,
) -> Crowd:
    """n listeners from the `first` on; `place` is the world's seed, its tracks and its catalogue."""
    params = params or ListenerParams()
    stage, hidden = _stage(*place, params)
    listeners = Population(n, stage.catalogue, hidden, params, Key.root(0), threads, first)
    return Crowd(listeners, stage, face, retrieve, first, threads)


@lru_cache(maxsize=4)
def _stage(world: int, tracks: int, catalogue: Source, params: ListenerParams) -> tuple[Stage, Hidden]:
    """A catalogue and the charts that a small population left behind by living organically for four weeks."""
    if tracks < 1:
        raise UsageError(f"tracks={tracks}: a world needs at least one")
    key = Key.root(world)
    public, hidden = make_catalogue(tracks, key / "catalogue", catalogue)
    listeners = Population(STAGE_LISTENERS, public, hidden, params, key / "listeners")
    warm = World(public, hidden, listeners, key, share=0.0)
    for _ in range(STAGE_DAYS):
        warm.waiting()
        news = warm.turn()
    return Stage(public, news.charts, listeners.publish(news.charts, news.time), news.time), hidden
