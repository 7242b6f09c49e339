"""Most played lately."""

from __future__ import annotations

from dataclasses import dataclass

from simenv.agents._charts import Charts
from simenv.agents.base import Days


@dataclass
class Trending(Charts):
    """Show what was played most lately for 30 s and more, recommended or not: the charts of the week.

    A play counts 2^(-age / half_life), at every request as of the newest exchange or day. A new track that
    catches on overtakes old favourites within a few half-lives; one that nobody has played waits.

    Args:
        half_life: days after which a play counts for half.

    Source: recent popularity as a baseline; Ji, Sun, Zhang & Li, SIGIR 2020.
    Departs:
        1. plays fade exponentially (theirs: those of a window count, and no others).
    """

    half_life: Days = 7.0

    def parts(self, listener: int, track: int) -> dict[str, float]:
        return {"plays by everyone lately": float(self.plays_[track])}
