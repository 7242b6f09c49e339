"""Numbers of a play log that calibration fits: those of the facts, and more that tell parameters apart.

Each is a plain number that moves smoothly with the parameters, defined alike for a log and for our listeners.
A skip here is a play that ended within 30 s, as not every log says whether a track was left before its end.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from simenv.scenarios._fact_list import FACTS
from simenv.scenarios._listening import Listening, lacking
from simenv.scenarios.metrics.concentration import gini
from simenv.types import F64, HEARD_SECONDS, Bool

HAZARD_EDGES = (0, 2, 3, 4, 5, 7, 10, 15, 20, 30, 45, 60, 90, 120, 150)
"""Seconds of a track between which the hazard of stopping is read off."""
LAGS = (1, 5, 15)
RETURNS = {"an hour": 0.0417, "ten hours": 0.4031, "30 hours": 1.2538, "4 days": 3.8998}
SOON = 12.1298
"""Days; longer absences of a track are not looked at: a log must be much longer than they are."""
OFTEN, SOME, FAVOURITES, FURTHER = 100, 50, 10, 3


@dataclass(frozen=True)
class Moments:
    """Numbers that are measured together.

    Args:
        names: of the numbers, in order.
        measure: from plays; nan where they do not tell.
        needs: columns without which none can be measured.
        days: days needed of `history` and `window`, as for facts.
        grows: whether they depend on how long one looks, so that log and trial must be equally long.
        shown: whether they are shown beside the fit and not fitted: they depend on what no parameter of the
            listeners sets, the size of the catalogue above all.
    """

    names: tuple[str, ...]
    measure: Callable[[Listening], Sequence[float]]
    needs: frozenset[str] = frozenset()
    days: Mapping[str, float] = field(default_factory=dict)
    grows: bool = False
    shown: bool = False


def hazards(plays: Listening) -> list[float]:
    """Chance a second of stopping, of plays that got so far, between the edges of `HAZARD_EDGES`."""
    seconds, stopped = plays.events.seconds[plays.counted], _stopped(plays)[plays.counted]
    place = np.searchsorted(HAZARD_EDGES, seconds, side="right")  # 1: before the second edge
    ended = np.bincount(place, minlength=len(HAZARD_EDGES) + 1)
    left = np.bincount(place[stopped], minlength=len(HAZARD_EDGES) + 1)
    at_risk = np.maximum(len(seconds) - np.cumsum(ended), 0) + ended  # at the start of each
    return (left[1:-1] / np.maximum(at_risk[1:-1], 1) / np.diff(HAZARD_EDGES)).tolist()


def places(plays: Listening) -> list[float]:
    """Skips at places 1, 2 and 3 of a session over those at places 4 to 20."""
    skipped, place = _skipped(plays)[plays.counted], plays.position[plays.counted]
    plateau = _mean(skipped[(place >= 4) & (place <= 20)])
    return [_mean(skipped[place == at]) / plateau if plateau else np.nan for at in (1, 2, 3)]


def echoes(plays: Listening) -> list[float]:
    """Correlation of skips so many places apart in the same session."""
    skipped, found = _skipped(plays), []
    for lag in LAGS:
        later = np.flatnonzero(plays.counted & (plays.position > lag))
        now, then = skipped[later], skipped[later - lag]
        varied = len(later) > 1 and 0 < now.mean() < 1 and 0 < then.mean() < 1
        found.append(float(np.corrcoef(now, then)[0, 1]) if varied else np.nan)
    return found


def skippers(plays: Listening) -> list[float]:
    """Mean and sd over listeners of their share of skips."""
    shares = _shares(plays, _skipped(plays), plays.counted)
    return [_mean(shares), _sd(shares)]


def sessions(plays: Listening) -> list[float]:
    """Mean and sd of the logarithm of a session's tracks; share that end after one, or go on to 4."""
    tracks = plays.lengths[plays.late]
    return [_mean(np.log(tracks)), _sd(np.log(tracks)), _mean(tracks == 1), _mean(tracks >= 4)]


def leaving(plays: Listening) -> list[float]:
    """How often a session ends after a skip, over how often it ends after another play."""
    skipped, last = _skipped(plays), np.zeros(len(plays), bool)
    last[plays.starts + plays.lengths - 1] = True
    after, else_ = (_mean(last[plays.counted & which]) for which in (skipped, ~skipped))
    return [after / else_ if else_ else np.nan]


def amounts(plays: Listening) -> list[float]:
    """Quartiles and the 95th percentile over listeners of sessions a day, then of plays a day."""
    days = plays.until - plays.since
    firsts = plays.events.listener[plays.starts[plays.late]]
    everything = plays.events.listener[plays.counted]
    found: list[float] = []
    for who in (firsts, everything):
        _, counts = np.unique(who, return_counts=True)
        found += np.quantile(counts / days, (0.25, 0.5, 0.75, 0.95)).tolist()
    return found


def repeats(plays: Listening) -> list[float]:
    """Share of plays of 30 s that are of a track played for 30 s before; its sd over listeners."""
    heard = plays.counted & plays.heard
    return [_mean(plays.known[heard]), _sd(_shares(plays, plays.known, heard))]


def returns(plays: Listening) -> list[float]:
    """Of plays that follow the last one of the same track within 12 days, the share that do so sooner."""
    events, rows = plays.events, np.flatnonzero(plays.heard)
    order = rows[np.lexsort((rows, events.track[rows], events.listener[rows]))]
    same = (np.diff(events.listener[order]) == 0) & (np.diff(events.track[order]) == 0)
    away = np.diff(events.time[order])[same & plays.counted[order[1:]]]
    away = away[away < SOON]
    return [_mean(away < limit) for limit in RETURNS.values()]


def favourites(plays: Listening) -> list[float]:
    """Means over listeners of the share of plays that go to their ten tracks played most, and to the first;
    of the share of their tracks that they played once.
    """
    rows = np.flatnonzero(plays.counted & plays.heard)
    listener, track = plays.events.listener[rows], plays.events.track[rows]
    pairs, counts = np.unique(listener.astype(np.int64) << 32 | track, return_counts=True)
    order = np.lexsort((-counts, pairs >> 32))
    who, counts = (pairs >> 32)[order], counts[order]
    starts = np.flatnonzero(np.append(True, np.diff(who) != 0))
    place = np.arange(len(who)) - np.repeat(starts, np.diff(np.append(starts, len(who))))
    total, tracks = np.bincount(who, counts), np.bincount(who)
    often = total >= OFTEN
    top, best = (np.bincount(who, counts * (place < size)) for size in (FAVOURITES, 1))
    once = np.bincount(who, counts == 1)
    return [_mean(part[often] / of[often]) for part, of in ((top, total), (best, total), (once, tracks))]


def artists(plays: Listening) -> list[float]:
    """Plays by the artist of the play three before; mean over listeners of artists over tracks played."""
    assert plays.events.artist is not None
    artist = plays.events.artist
    later = np.flatnonzero(plays.counted & (plays.position > FURTHER))
    rows = np.flatnonzero(plays.counted & plays.heard)
    listener = plays.events.listener[rows]
    size = np.bincount(listener)
    different = []
    for thing in (plays.events.track, artist):
        pairs = np.unique(listener.astype(np.int64) << 32 | thing[rows])
        different.append(np.bincount(pairs >> 32, minlength=len(size)))
    tracks, names = (counts[size >= OFTEN] for counts in different)
    return [_mean(artist[later] == artist[later - FURTHER]), _mean(names / tracks)]


def lost(plays: Listening) -> list[float]:
    """Of listeners heard in the first two weeks that count, the share not heard in the last two."""
    time, who = plays.events.time[plays.counted], plays.events.listener[plays.counted]
    before, after = (np.unique(who[which]) for which in (time < plays.since + 14, time >= plays.until - 14))
    return [_mean(~np.isin(before, after))]


def concentration(plays: Listening) -> list[float]:
    """Gini index of plays over tracks that have any, and the share of the top 1 %."""
    counts = np.bincount(plays.events.track[plays.counted & plays.heard])
    ranked = np.sort(counts[counts > 0])[::-1].astype(np.float64)
    if not len(ranked):
        return [np.nan, np.nan]
    return [gini(ranked), float(ranked[: max(1, len(ranked) // 100)].sum() / ranked.sum())]


def weekdays(plays: Listening) -> list[float]:
    """Share of plays at weekends."""
    return [_mean(np.floor(plays.events.time[plays.counted]) % 7 >= 5)]


_SHOWN_FACTS, _GROWING_FACTS = {5, 7, 9, 10, 12, 13}, {9, 14}
_OVER = ("p25", "p50", "p75", "p95")
_HISTORY = {"history": 28.0}

MOMENTS: tuple[Moments, ...] = (
    *(
        Moments(
            tuple(number.words for number in fact.numbers),
            lambda plays, measure=fact.measure: measure(plays).values,  # type: ignore[misc]
            fact.needs,
            fact.days,
            grows=fact.number in _GROWING_FACTS,
            shown=fact.number in _SHOWN_FACTS,
        )
        for fact in FACTS
        if fact.measure is not None
    ),
    Moments(
        tuple(f"stops a second, {a}-{b} s" for a, b in pairwise(HAZARD_EDGES)),
        hazards,
    ),
    Moments(tuple(f"30 s skips at place {at} over those at 4-20" for at in (1, 2, 3)), places),
    Moments(tuple(f"correlation of 30 s skips, lag {lag}" for lag in LAGS), echoes),
    Moments(("30 s skips, mean over listeners", "30 s skips, sd over listeners"), skippers),
    Moments(("ln tracks a session, mean", "ln tracks a session, sd"), lambda plays: sessions(plays)[:2]),
    Moments(("sessions of one track", "sessions of four tracks and more"), lambda p: sessions(p)[2:]),
    Moments(("sessions that end after a skip over others",), leaving),
    Moments(
        tuple(f"{what} a day, {q} of listeners" for what in ("sessions", "plays") for q in _OVER), amounts
    ),
    Moments(("repeats", "repeats, sd over listeners"), repeats, grows=True),
    Moments(
        tuple(f"returns to a track within {when}, of 12 days" for when in RETURNS), returns, days=_HISTORY
    ),
    Moments(
        ("plays of the ten favourites", "plays of the favourite", "tracks played once"),
        favourites,
        grows=True,
    ),
    Moments(
        ("same artist as three tracks before", "artists over tracks of a listener"),
        artists,
        frozenset({"artist"}),
        grows=True,
    ),
    Moments(("listeners lost between fortnights",), lost, days={"window": 42.0}, grows=True),
    Moments(("tracks: Gini of plays", "tracks: share of the top 1 %"), concentration, grows=True, shown=True),
    Moments(("plays at weekends",), weekdays, days={"window": 14.0}, shown=True),
)
"""All of them. The facts' own stand first, under their words in the table of facts."""

FAMILY: Mapping[str, Moments] = {name: family for family in MOMENTS for name in family.names}


def measured(plays: Listening, names: Iterable[str] = FAMILY) -> dict[str, float]:
    """Those of the moments `names` that the plays can tell."""
    wanted, found = set(names), dict[str, float]()
    for family in MOMENTS:
        known = not family.needs - plays.offers and not lacking(plays.spans, family.days)
        if known and wanted & set(family.names):
            found |= dict(zip(family.names, map(float, family.measure(plays)), strict=True))
    return {name: value for name, value in found.items() if name in wanted and np.isfinite(value)}


def _stopped(plays: Listening) -> Bool:
    """(e,) whether the play was left; where a log does not say, all plays count as left when they ended."""
    skipped = plays.events.skipped
    return np.ones(len(plays), bool) if skipped is None else skipped


def _skipped(plays: Listening) -> Bool:
    """(e,) whether the play was left within 30 s."""
    return _stopped(plays) & (plays.events.seconds < HEARD_SECONDS)


def _shares(plays: Listening, which: Bool, of: Bool) -> F64:
    """Share of `which` among the plays `of` each listener who has 50 of these."""
    who = plays.events.listener
    size = np.bincount(who[of], minlength=1)
    hits = np.bincount(who[of & which], minlength=len(size))[: len(size)]
    return hits[size >= SOME] / size[size >= SOME]


def _mean(values: NDArray) -> float:
    return float(values.mean(dtype=np.float64)) if len(values) else np.nan


def _sd(values: NDArray) -> float:
    return float(values.std(ddof=1)) if len(values) > 1 else np.nan
