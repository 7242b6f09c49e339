"""The laws of a world that is worth recommending in (LISTENER.md 13): bands, and what measures them.

They are not facts about people: they say that the instrument can measure. None has a knob of its own but
law 4, which the slope of churn over satisfaction assumes; so it is measured without that slope as well.
The published column is what the prototype gave, in two worlds of 1,500 listeners and 10,000 tracks.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from simenv.scenarios._fact_list import Entry, Number
from simenv.scenarios._law_metrics import MONTH
from simenv.scenarios._law_worlds import ALONE, DEEP, LEARNERS, LOYAL, NEW, PLANNER, USUAL, Lived, best
from simenv.types import F64

HYBRID, EXPLORER = "hybrid", "explore(of=hybrid)"
WEEK = 7


@dataclass(frozen=True)
class Law(Entry):
    """One law.

    Args:
        number, title, numbers: of `Entry`.
        measure: the values of `numbers` in the worlds of one seed.
        worlds: that must be lived, and by whom each is served.
        agents: that must exist.
    """

    word = "law"
    prefix = "W"

    measure: Callable[[Lived], tuple[float, ...]]
    worlds: Mapping[str, tuple[str, ...]]
    agents: tuple[str, ...] = ()


def room(lived: Lived) -> tuple[float, ...]:
    """W1: what a recommender can gain or lose."""
    return (lived.finished("oracle") - lived.finished("random"),)


def order(lived: Lived) -> tuple[float, ...]:
    """W2: who is better than whom."""
    c = {agent: lived.finished(agent) for agent in ("oracle", "random", "popular", "repeat", *LEARNERS)}
    top = best(lived)
    pairs = (("oracle", top), (top, "repeat"), (top, "popular"), ("repeat", "random"), ("popular", "random"))
    return (*(c[a] - c[b] for a, b in pairs), lived.closed(top))


def floors(lived: Lived) -> tuple[float, ...]:
    """W3: how far agents that learn no taste come."""
    return lived.closed("popular"), lived.closed("repeat")


def leavers(lived: Lived) -> tuple[float, ...]:
    """W4: whether it matters to who stays."""
    return tuple(lived.left("oracle", world) / lived.left("random", world) for world in (USUAL, LOYAL))


def narrowing(lived: Lived) -> tuple[float, ...]:
    """W5: what agents do to variety, of what is played and of what is liked."""
    shown = {agent: lived.topics(agent) for agent in ("content", "als", "random")}
    liked = {agent: lived.column("interests", agent)[-1] for agent in ("content", "random")}
    return (
        shown["als"] - shown["content"],
        shown["random"] - shown["als"],
        float(liked["random"] - liked["content"]),
    )


def concentration(lived: Lived) -> tuple[float, ...]:
    """W6: what agents do to the concentration of plays."""
    popular, organic, random = (lived.column("gini", a)[-1] for a in ("popular", "organic", "random"))
    return float(popular - organic), float(organic - random)


def new_music(lived: Lived) -> tuple[float, ...]:
    """W7: the order where nothing may be recommended again, and what exploring costs and brings."""
    ranks = ("oracle", HYBRID, "als", "popular", "random", EXPLORER)
    last = slice(-(lived.days // 3), None)
    c = [lived.finished(agent, NEW, last) for agent in ranks]
    young = [lived.share("young", "reached", agent, NEW, last) for agent in (EXPLORER, HYBRID)]
    return (*(a - b for a, b in pairwise(c[:5])), c[5] - c[1], young[0] - young[1])


def months(lived: Lived) -> dict[str, F64]:
    """By name, (b,) values of each 30 days of those who are alone: minutes, Gini, interests."""
    parts = {name: lived.column(name, "organic", ALONE) for name in ("listened", "here", "interests")}
    whole = len(parts["here"]) // MONTH * MONTH
    by_month = {name: values[:whole].reshape(-1, MONTH) for name, values in parts.items()}
    return {
        "minutes": by_month["listened"].sum(1) / by_month["here"].sum(1),
        "gini": lived.column("gini_month", "organic", ALONE)[MONTH - 1 : whole : MONTH],
        "interests": by_month["interests"].mean(1),
    }


def steadiness(lived: Lived) -> tuple[float, ...]:
    """W8: how far the world drifts by itself: the largest |month / mean - 1|."""
    return tuple(
        float(np.abs(values / values.mean() - 1).max()) if len(values) else np.nan
        for values in months(lived).values()
    )


def patience(lived: Lived) -> tuple[float, ...]:
    """W9: the myopic oracle leads at first, one that plans in the end."""
    soon = lived.minutes("oracle", WEEK) - lived.minutes(PLANNER, WEEK)
    return soon, lived.minutes(PLANNER, 2 * lived.days) - lived.minutes("oracle", 2 * lived.days)


def hindsight(lived: Lived) -> tuple[float, ...]:
    """W10: whether a log of listeners left alone has something to learn from."""
    als, popular = (lived.column(f"ndcg_{agent}", "organic", ALONE)[-1] for agent in ("als", "popular"))
    return (float(als / popular) if popular else np.nan,)


def _above(words: str, published: str, low: float = 0.0) -> Number:
    return Number(words, "law", low, None, published)


LAWS: tuple[Law, ...] = (
    Law(
        1,
        "room to gain and to lose",
        (Number("finished: oracle less random", "law", 0.25, 0.45, ".34, .35"),),
        room,
        {USUAL: ("oracle", "random")},
    ),
    Law(
        2,
        "who is better than whom",
        (
            _above("finished: oracle less best learner", "> 0"),
            _above("finished: best learner less repeat", "> 0"),
            _above("finished: best learner less popular", "> 0"),
            _above("finished: repeat less random", "> 0"),
            _above("finished: popular less random", "> 0"),
            Number("closed by the best learner", "law", 0.50, 0.90, ".82, .81"),
        ),
        order,
        {USUAL: ("oracle", "random", "popular", "repeat", *LEARNERS)},
    ),
    Law(
        3,
        "how far agents come that learn no taste",
        (
            Number("closed by popular", "law", 0.15, 0.50, ".44, .39"),
            Number("closed by repeat", "law", 0.30, 0.75, ".63, .63"),
        ),
        floors,
        {USUAL: ("oracle", "random", "popular", "repeat")},
    ),
    Law(
        4,
        "who stays",
        (
            _above("listeners left: oracle / random", "1.09, 1.11", 1.06),
            Number("the same, churn blind to satisfaction", "law", 0.98, 1.02, "1"),
        ),
        leavers,
        {USUAL: ("oracle", "random"), LOYAL: ("oracle", "random")},
    ),
    Law(
        5,
        "agents narrow what is heard and liked",
        (
            _above("topics10: als less content", "7.1 - 6.5"),
            _above("topics10: random less als", "9.5 - 7.1"),
            _above("interests: random less content", "2.23 - 2.05"),
        ),
        narrowing,
        {USUAL: ("content", "als", "random")},
    ),
    Law(
        6,
        "agents concentrate plays or spread them",
        (
            _above("Gini: popular less organic", ".82 - .70"),
            _above("Gini: organic less random", ".70 - .54"),
        ),
        concentration,
        {USUAL: ("popular", "random"), ALONE: ("organic",)},
    ),
    Law(
        7,
        "new music only: content helps, exploring pays",
        (
            _above("finished: oracle less hybrid", ".488 - .423"),
            _above("finished: hybrid less als", ".423 - .407"),
            _above("finished: als less popular", ".407 - .326"),
            _above("finished: popular less random", ".326 - .245"),
            _above("finished: explore less hybrid", ".430 - .423", -0.01),
            _above("young tracks: explore less hybrid", ".135 - .098"),
        ),
        new_music,
        {NEW: ("oracle", HYBRID, "als", "popular", "random", EXPLORER)},
        ("hybrid", "explore"),
    ),
    Law(
        8,
        "a world that is left alone stays as it is",
        (
            Number("minutes a day: farthest month from the mean", "law", None, 0.10, "27.5 to 28.4"),
            Number("Gini of plays: farthest month from the mean", "law", None, 0.10, ".79 to .76"),
            Number("interests: farthest month from the mean", "law", None, 0.10, "2.19 to 2.21"),
        ),
        steadiness,
        {ALONE: ("organic",)},
    ),
    Law(
        9,
        "hook and depth: planning pays, but not at once",
        (
            _above("minutes, first week: oracle less planner", "31.3 - 30.8"),
            _above("minutes, twice the days: planner less oracle", "29.4 - 27.1"),
        ),
        patience,
        {DEEP: ("oracle", PLANNER)},
    ),
    Law(
        10,
        "a log has something to learn from",
        (_above("NDCG@10 on new tracks: als / popular", "1.5", 1.3),),
        hindsight,
        {ALONE: ("organic",)},
    ),
)
"""All laws, by number."""
