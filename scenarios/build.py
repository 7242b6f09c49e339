"""The only place where a world is put together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from simenv.catalogue import Catalogue, Hidden
from simenv.errors import UsageError
from simenv.heard import Heard
from simenv.log import Log
from simenv.rng import Key
from simenv.synthetic import Synthetic
from simenv.table import from_table
from simenv.users.params import ListenerParams
from simenv.users.population import Population
from simenv.world import World


def make_world(
    listeners: int = 10_000,
    tracks: int = 20_000,
    seed: int = 0,
    *,
    listener: ListenerParams | None = None,
    catalogue: Synthetic | Path | str | None = None,
    columns: Mapping[str, str] | None = None,
    cooldown: float = 30.0,
    share: float = 0.35,
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
        cooldown: days; the longest that agents will be held to. 0: the platform's memory is not kept.
        share: of sessions that are recommended.
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
    public, hidden = make_catalogue(tracks, key / "catalogue", catalogue, columns)
    population = Population(
        listeners, public, hidden, listener or ListenerParams(), key / "listeners", threads
    )
    memory = (
        Heard(listeners, len(public), heard_plays, any_play=cooldown == float("inf")) if cooldown else None
    )
    kept = Log(listeners, len(public)) if log else None
    return World(public, hidden, population, key, share, heard=memory, log=kept)


def make_catalogue(
    tracks: int,
    key: Key,
    catalogue: Synthetic | Path | str | None = None,
    columns: Mapping[str, str] | None = None,
) -> tuple[Catalogue, Hidden]:
    """Tracks as they show and as they sound: of a table, or of a recipe with so many `tracks`."""
    if catalogue is None or isinstance(catalogue, Synthetic):
        return replace(catalogue or Synthetic(), tracks=tracks).make(key)
    return from_table(catalogue, columns, key=key)
