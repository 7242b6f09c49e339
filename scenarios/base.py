"""What an experiment is."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Literal

from simenv.errors import UsageError
from simenv.scenarios.build import make_world, practice
from simenv.scenarios.metrics.base import Metric
from simenv.scenarios.metrics.beyond import Beyond
from simenv.scenarios.metrics.bubble import Bubble
from simenv.scenarios.metrics.calibration import Calibration
from simenv.scenarios.metrics.concentration import Concentration
from simenv.scenarios.metrics.fairness import Fairness
from simenv.scenarios.metrics.homogeneity import Homogeneity
from simenv.scenarios.metrics.popularity import Popularity
from simenv.scenarios.metrics.reward import Reward
from simenv.scenarios.metrics.topics import Topics
from simenv.scenarios.metrics.welfare import Welfare
from simenv.slates import check_response
from simenv.synthetic import Synthetic
from simenv.types import Practice, Setting
from simenv.users.params import ListenerParams
from simenv.world import World

REFERENCES = ("organic", "random", "popular", "repeat", "oracle")
"""Arms that every comparison should have: no recommender, three floors and the ceiling."""

EVERYONE = (*REFERENCES[:-1], "content", "itemknn", "als", "epsgreedy", "oracle")
"""The reference arms and the learners."""

ALL_METRICS: tuple[type[Metric], ...] = (
    *(Reward, Welfare, Concentration, Popularity, Bubble),
    *(Topics, Homogeneity, Calibration, Beyond, Fairness),
)


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """A question, and everything that is needed to answer it again."""

    question: str
    """What is asked."""
    assumed: str = field(default="", kw_only=True)
    """What the world was made to show, if it was: the report then calls the answer assumed, not found."""
    agents: tuple[str, ...] = EVERYONE
    """Arms: expressions such as als or "als(factors=32)"; organic and oracle are arms of the runner's own."""
    logged_by: str | None = None
    """Who writes the log from which the arms are judged off-policy, where that is asked: an expression."""
    metrics: tuple[type[Metric], ...] = ALL_METRICS
    """What is measured."""
    primary: str
    """The metric that answers the question."""
    shown: tuple[str, ...] = ()
    """Further metrics in the report's table and figures."""
    listeners: int = 1_500
    """Listeners, everyone who will ever live."""
    tracks: int = 6_000
    """Tracks of a synthetic catalogue; a table has as many as it has."""
    warmup: int = 60
    """Organic days before the first recommendation, the same for all agents."""
    days: int = 42
    """Days that agents serve."""
    seeds: int = 5
    """Worlds, seeds 0, 1, ...: what intervals are taken over."""
    slate_size: int = 10
    """Tracks a slate."""
    cooldown: float = 30.0
    """Days in which nothing is recommended again to who heard it; inf: new music only."""
    response: Literal["queue", "shelf", "cascade", "carousel"] = "queue"
    """How a slate is answered: a queue plays slot after slot; of the others one track is picked, or none."""
    share: float = 0.35
    """Share of sessions that are recommended."""
    catalogue: Path | None = None
    """A table of real tracks (CSV, TSV or Parquet) instead of a synthetic catalogue."""
    columns: tuple[str, ...] = ()
    """What columns of the table are called, NAME=COLUMN, where the usual names do not tell."""
    listener: ListenerParams = field(default_factory=ListenerParams)
    """What all listeners have in common."""
    synthetic: Synthetic = field(default_factory=Synthetic)
    """The recipe of the synthetic catalogue."""

    def __post_init__(self) -> None:
        for name in ("listeners", "tracks", "days", "seeds", "slate_size"):
            if getattr(self, name) < 1:
                raise UsageError(f"{name}={getattr(self, name)}: expected a whole number from 1")
        if self.warmup < 0:
            raise UsageError(f"warmup={self.warmup}: expected 0 days or more")
        check_response(self.response)
        if not 0 <= self.share <= 1:
            raise UsageError(f"share={self.share} of sessions recommended: expected a number from 0 to 1")
        if not self.cooldown >= 0:
            raise UsageError(f"cooldown={self.cooldown} days: expected 0 or more, or inf for new music only")
        if not self.agents:
            raise UsageError("no agent to run: name at least one, or organic")
        if self.synthetic.tracks not in (self.tracks, Synthetic.tracks):
            raise UsageError(f"synthetic.tracks={self.synthetic.tracks}: set tracks instead")
        known = [name for metric in self.metrics for name in metric.columns]
        for name in (self.primary, *self.shown):
            if name not in known:
                raise UsageError(f"no metric called {name!r} is measured here; there are {', '.join(known)}")
        self.named_columns()

    def world(self, seed: int, threads: int = 1) -> World:
        """The world of `seed` on its first day: `warm_up(warmup)` is still to be lived."""
        return make_world(
            self.listeners,
            self.tracks,
            seed,
            listener=self.listener,
            catalogue=self.catalogue or self._recipe(),
            columns=self.named_columns(),
            kappa=self.synthetic.kappa,
            cooldown=max(self.cooldown, 1.0),  # metrics ask what is known, also where agents need not care
            share=self.share,
            response=self.response,
            threads=threads,
        )

    def setting(self, world: World) -> Setting:
        """What an agent is told of a world of this scenario, practice worlds like it included."""
        return world.setting(self.slate_size, self.cooldown, practice=self._practice())

    @property
    def practises(self) -> bool:
        """Whether agents can train in worlds like it: not where a table's columns must be told."""
        return not self.columns

    def _practice(self) -> Practice | None:
        if not self.practises:
            return None
        return practice(
            self.tracks,
            self.catalogue or self._recipe(),
            self.listener,
            slate_size=self.slate_size,
            share=self.share or 1.0,
            cooldown=self.cooldown,
            past=float(self.warmup),
        )

    def _recipe(self) -> Synthetic:
        """The synthetic catalogue's recipe, with releases for as long as the scenario lasts."""
        return replace(self.synthetic, days=max(self.synthetic.days, self.warmup + self.days))

    def named_columns(self) -> Mapping[str, str]:
        """`columns` as a mapping.

        Raises:
            UsageError: if one is not NAME=COLUMN.
        """
        pairs = [text.partition("=") for text in self.columns]
        for text, (name, equals, column) in zip(self.columns, pairs, strict=True):
            if not (name and equals and column):
                raise UsageError(f"columns: {text!r} is not NAME=COLUMN, such as title=track_name")
        return {name: column for name, _, column in pairs}

    @property
    def surface(self) -> str:
        """Where recommendations appear, in words: what they may hold, how they are played, how often."""
        if math.isinf(self.cooldown):
            rule = "new music only (nothing is recommended that the listener has heard)"
        elif self.cooldown:
            rule = f"nothing is recommended that the listener heard less than {self.cooldown:g} days ago"
        else:
            rule = "anything may be recommended at any time"
        own = f"{self.share:.0%} of sessions are recommended, the others are the listener's own"
        sessions = "every session is recommended" if self.share == 1 else own
        how = "played in order" if self.response == "queue" else "of which one is picked, or none"
        return f"a {self.response} of {self.slate_size} tracks, {how}; {rule}; {sessions}"

    @property
    def columns_measured(self) -> tuple[str, ...]:
        """Names of all that the metrics say."""
        return tuple(name for metric in self.metrics for name in metric.columns)


def field_names() -> tuple[str, ...]:
    """What can be set in a scenario, parts of parts written with a dot."""
    names = []
    for f in fields(Scenario):
        part = {"listener": ListenerParams, "synthetic": Synthetic}.get(f.name)
        names += [f"{f.name}.{p.name}" for p in fields(part)] if part else [f.name]
    return tuple(names)
