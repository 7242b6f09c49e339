"""Published facts about music listening: what is measured, what was published, which band is good enough."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Literal, TypeVar

import numpy as np

from simenv.errors import UsageError
from simenv.scenarios import _measures as measures
from simenv.scenarios._listening import Listening
from simenv.scenarios._measures import Measured
from simenv.scenarios._stats import Interval

Kind = Literal["tight", "loose", "sign", "law"]
Verdict = Literal["holds", "misses", "too short", "no verdict"]


@dataclass(frozen=True)
class Number:
    """One row of the table.

    Args:
        words: what is measured.
        kind: tight, law: must hold; loose: reported; sign: only its direction counts.
        low: end of the band; None: open.
        high: end of the band; None: open.
        published: what was published, in words.
    """

    words: str
    kind: Kind
    low: float | None
    high: float | None
    published: str = ""

    def verdict(self, span: Interval) -> Verdict:
        """What the interval (of a single world: the value) says of the band.

        It holds if all of the interval lies in the band, misses if none of it does; where an end of the band
        lies within the interval more worlds have to decide.
        """
        if not np.isfinite(span.mean):
            return "no verdict"
        least, most = (span.low, span.high) if np.isfinite(span.low) else (span.mean, span.mean)
        low = -np.inf if self.low is None else self.low
        high = np.inf if self.high is None else self.high
        if self.direction:  # nothing is not a direction
            return "holds" if least > low else "misses" if most <= low else "no verdict"
        if low <= least and most <= high:
            return "holds"
        return "misses" if most < low or least > high else "no verdict"

    @property
    def must(self) -> bool:
        """Whether it must hold."""
        return self.kind in ("tight", "law")

    @property
    def direction(self) -> bool:
        """Whether only its sign counts."""
        return self.kind == "sign" or (self.kind == "law" and self.low == 0 and self.high is None)

    @property
    def band(self) -> str:
        """The band in words."""
        if self.low is None:
            return f"< {self.high:g}"
        return f"> {self.low:g}" if self.high is None else f"{self.low:g} to {self.high:g}"


@dataclass(frozen=True)
class Entry:
    """What a table has verdicts on.

    Args:
        number: for ever.
        title: in a few words.
        numbers: rows of the table.
        moved_by: parameters that move them, and why; told where one misses.
    """

    number: int
    title: str
    numbers: tuple[Number, ...]
    moved_by: str = field(default="", kw_only=True)

    word: ClassVar[str]  # what such an entry is
    prefix: ClassVar[str] = ""

    @property
    def label(self) -> str:
        """Its number, as tables write it."""
        return f"{self.prefix}{self.number}"


@dataclass(frozen=True)
class Fact(Entry):
    """A published fact: the numbers that stand for it, and what measures them.

    Args:
        number: of LISTENER.md 12, for ever.
        title: in a few words.
        numbers: rows of the table.
        measure: from plays; None for what is measured apart from the plays of the world.
        needs: columns without which nothing of it can be measured.
        days: days needed of `history` (from the first play) and `window` (from the first counted one).
    """

    word = "fact"

    measure: Callable[[Listening], Measured] | None
    needs: frozenset[str] = frozenset()
    days: Mapping[str, float] = field(default_factory=dict)

    def missing(self, offers: frozenset[str]) -> str:
        """Why it cannot be measured in plays with these columns; empty if it can."""
        if self.measure is None:
            return "of our own listeners only: a log of plays cannot show it"
        lacking = sorted(self.needs - offers)
        if "gone" in lacking:
            return "a log does not say who has gone for good"
        return f"no column tells {' and '.join(lacking)}" if lacking else ""


FACTS: tuple[Fact, ...] = (
    Fact(
        1,
        "how soon tracks are skipped",
        (
            Number("skipped within 5 s", "tight", 0.21, 0.28, ".241"),
            Number("skipped within 10 s", "tight", 0.26, 0.33, ".290"),
            Number("skipped within 30 s", "tight", 0.32, 0.39, ".350"),
            Number("skipped before the end", "tight", 0.45, 0.53, ".486"),
        ),
        measures.skips,
    ),
    Fact(
        2,
        "skips in long sessions (mssd2018 mode)",
        (
            Number("long sessions, skipped within 6 s", "loose", 0.37, 0.47, ".42"),
            Number("long sessions, skipped within 23 s", "loose", 0.47, 0.57, ".52"),
            Number("long sessions, skipped within 177 s", "loose", 0.60, 0.70, ".65"),
        ),
        None,
        moved_by="impatience and hazard_seconds of the preset mssd2018",
    ),
    Fact(
        3,
        "skips early in a session",
        (
            Number("skips at place 1 over those at 4-20", "tight", 0.58, 0.82, ".71"),
            Number("skips at place 2 over those at 4-20", "tight", 0.82, 0.96, ".90"),
        ),
        measures.early,
        frozenset({"skipped"}),
    ),
    Fact(
        4,
        "skips come in runs",
        (
            Number("skipped or not like the track before", "loose", 0.68, 0.78, ".742"),
            Number("correlation of skips, lag 1", "loose", 0.35, 0.55),
        ),
        measures.runs,
        frozenset({"skipped"}),
        moved_by="mood and mood_memory: a mood that lasts makes skips come in runs",
    ),
    Fact(
        5,
        "when and where more is skipped",
        (
            Number("skips: weekend less weekday", "sign", 0.0, None, "> 0"),
            Number("skips: charts, radio less personalised", "sign", 0.0, None, "> 0"),
        ),
        measures.situations,
        frozenset({"skipped"}),
        {"window": 7},
    ),
    Fact(
        6,
        "how long sessions are",
        (
            Number("20 tracks and more, of 10 and more", "tight", 0.45, 0.56, ".507"),
            Number("sessions that end after track 10", "tight", 0.070, 0.092, ".082"),
            Number("sessions that end after track 19", "tight", 0.048, 0.065, ".058"),
        ),
        measures.lengths,
    ),
    Fact(
        7,
        "how much is repeated",
        (Number("repeats, last 30 days", "loose", 0.55, 0.80, ".6 to .8"),),
        measures.repeats,
        days={"history": 270},
        moved_by="discovery_a and discovery_b, who looks for new music: favourites add up for as long as a "
        "listener stays, the taste for new music does not grow with them",
    ),
    Fact(
        8,
        "liking rises with exposure, then wears out",
        (
            Number("one play a day: F peaks at play", "tight", 5, 25, "inverted U"),
            Number("one play a day: F(60) over the peak", "tight", None, 0.5, "inverted U"),
        ),
        None,
    ),
    Fact(
        9,
        "how plays concentrate on artists",
        (
            Number("artists: Gini of plays", "loose", 0.80, 0.95, ".893"),
            Number("artists: share of the top 1 %", "loose", 0.25, 0.60, ".519"),
            Number("artists: Zipf slope of ranks 10-1000", "loose", -1.4, -0.7, "-.99"),
        ),
        measures.artists,
        frozenset({"artist"}),
        moved_by="chart_power and reach, and how many artists there are: of few, 1 % is next to nobody",
    ),
    Fact(
        10,
        "how tastes move over quarters",
        (
            Number("genre shares, a quarter apart", "loose", 0.30, 0.50, ".4"),
            Number("rise to five quarters apart", "loose", 0.04, None, "rising"),
        ),
        measures.quarters,
        frozenset({"genre"}),
        {"window": 540},
        moved_by="drift, weight_drift and births, against taste_pull and weight_pull",
    ),
    Fact(
        11,
        "how many leave for good",
        (Number("listeners lost a month", "tight", 0.035, 0.065, ".048 to .055"),),
        measures.churn,
        frozenset({"gone"}),
        {"window": 30},
    ),
    Fact(
        12,
        "what the hour asks for",
        (
            Number("sessions by hour, as the template", "loose", 0.8, 1.0),
            Number("arousal of plays: 10-17 h less 23-04 h", "sign", 0.0, None),
        ),
        measures.hours,
        moved_by="chronotype, which spreads the hours, and activity",
    ),
    Fact(
        13,
        "how many artists a week",
        (Number("distinct artists a listener-week", "loose", 20, 45, "30 to 41"),),
        measures.variety,
        frozenset({"artist"}),
        {"window": 7},
        moved_by="sessions, how often they listen, and discovery_a and discovery_b",
    ),
    Fact(
        14,
        "how new tracks are found",
        (
            Number("first hearings by a known artist", "loose", 0.50, 0.75, ".64"),
            Number("same artist as the track before", "loose", 0.18, 0.34, ".26"),
        ),
        measures.discoveries,
        frozenset({"artist"}),
        moved_by="known_artist and album_run",
    ),
)
"""All facts, by number. Sources stand with what measures them."""


Some = TypeVar("Some", bound=Entry)


def chosen(numbers: tuple[int, ...], entries: tuple[Some, ...]) -> tuple[Some, ...]:
    """Those of `entries` that have these numbers, all if there are none.

    Raises:
        UsageError: on a number that none has.
    """
    known = {entry.number for entry in entries}
    for number in numbers:
        if number not in known:
            word = entries[0].word
            raise UsageError(f"--only {number}: no such {word}; they are numbered 1 to {max(known)}")
    return tuple(entry for entry in entries if not numbers or entry.number in numbers)
