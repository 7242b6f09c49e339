"""What is measured of plays for each published fact: pure functions, a fact each, with its source.

Each gives its numbers in the order of the table (nan: these plays cannot tell) and a curve for its panel.
Only sessions that count are looked at (`Listening.counted`); what was played before them is history. [M]: a
number from memory.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from simenv.scenarios._listening import Listening, lacking
from simenv.scenarios.metrics.concentration import gini
from simenv.types import F64, Bool
from simenv.users.activities import HOUR_WEIGHTS

SECONDS = np.append(np.arange(0.0, 30.0), np.arange(30.0, 305.0, 5.0))
"""Where the skip curve is read off."""
PLACES = np.arange(1, 31)
"""Positions in a session at which curves are read off."""
RANKS = np.unique(np.geomspace(1, 1000, 40).astype(int))
"""Ranks of artists at which their shares are read off."""
QUARTER, QUARTERS, ENOUGH = 90, 6, 200


def _nothing() -> NDArray:
    return np.empty(0)


@dataclass(frozen=True)
class Measured:
    """Numbers of a fact, and a curve (x, y) for its panel; empty where there is none."""

    values: tuple[float, ...]
    x: NDArray = field(default_factory=_nothing)
    y: NDArray = field(default_factory=_nothing)


def skips(plays: Listening) -> Measured:
    """1. Share of plays skipped within 5, 10, 30 s, and before the end.

    Source: Lamere, The Skip, 2014: plays of over a billion listeners of a streaming service.
    """
    seconds, skipped = plays.events.seconds[plays.counted], _skipped(plays)
    if skipped is None:  # a track of 30 s and less is rare: what stopped so early was skipped
        early = tuple(float(np.mean(seconds < limit)) for limit in (5, 10, 30))
        return Measured((*early, np.nan), SECONDS[:31], _skipped_by(seconds, SECONDS[:31]))
    curve = _skipped_by(seconds, SECONDS, skipped)
    at = tuple(float(np.mean(skipped & (seconds < limit))) for limit in (5, 10, 30))
    return Measured((*at, float(skipped.mean())), SECONDS, curve)


def long_sessions(plays: Listening) -> Measured:
    """2. Share of plays in sessions of 10 and more skipped within 6, 23 and 177 s.

    Source: skip_1, skip_2, skip_3 of the Spotify sequential skip data set (Brost, Mehrotra and Jehan, WWW
    2019), .42, .52, .65; which seconds they stand for is implied, not published.
    """
    long = np.repeat(plays.lengths >= 10, plays.lengths) & plays.counted
    assert plays.events.skipped is not None
    seconds, skipped = plays.events.seconds[long], plays.events.skipped[long]
    at = tuple(_mean(skipped & (seconds < limit)) for limit in (6, 23, 177))
    return Measured(at, SECONDS, _skipped_by(seconds, SECONDS, skipped))


def early(plays: Listening) -> Measured:
    """3. Skip rate at positions 1 and 2 of a session, over that of positions 4 to 20.

    Source: the Spotify sequential skip data set (Brost et al. 2019): .71 and .90.
    """
    skipped, place = _skipped(plays), plays.position[plays.counted]
    assert skipped is not None
    plateau = _mean(skipped[(place >= 4) & (place <= 20)])
    rates = np.array([_mean(skipped[place == p]) for p in PLACES[:20]])
    ratios = rates / plateau if plateau else np.full(20, np.nan)
    return Measured((float(ratios[0]), float(ratios[1])), PLACES[:20], ratios)


def runs(plays: Listening) -> Measured:
    """4. How often a track is skipped like the one before in the session, and the lag-1 correlation.

    Source: the Spotify sequential skip data set: guessing the last skip again is right in .742 [M].
    """
    assert plays.events.skipped is not None
    now = plays.events.skipped[plays.followers]
    before = plays.events.skipped[plays.followers - 1]
    varied = len(now) > 1 and 0 < now.mean() < 1 and 0 < before.mean() < 1
    correlation = float(np.corrcoef(now, before)[0, 1]) if varied else np.nan
    return Measured((_mean(now == before), correlation))


def situations(plays: Listening) -> Measured:
    """5. Skip rate at weekends less that of weekdays; of charts and radio less that of what was personalised.

    Source: Lamere 2014 (weekends); the Spotify sequential skip data set (kinds of playlists); signs only [M].
    """
    skipped, counted = _skipped(plays), plays.counted
    assert skipped is not None
    weekend = np.floor(plays.events.time[counted]) % 7 >= 5
    apart = np.nan
    if plays.events.charts is not None and plays.events.personal is not None:
        charts, personal = plays.events.charts[counted], plays.events.personal[counted]
        apart = _mean(skipped[charts]) - _mean(skipped[personal])
    return Measured((_mean(skipped[weekend]) - _mean(skipped[~weekend]), apart))


def lengths(plays: Listening) -> Measured:
    """6. Share of sessions of 10 tracks and more that have 20; hazards of ending after tracks 10 and 19.

    Source: session lengths in the Spotify sequential skip data set, which has sessions of 10 to 20.
    """
    long = plays.lengths[plays.late]
    hazard = np.array([_mean(long[long >= place] == place) for place in PLACES])
    return Measured((_mean(long[long >= 10] >= 20), float(hazard[9]), float(hazard[18])), PLACES, hazard)


def repeats(plays: Listening) -> Measured:
    """7. Share of plays of 30 s and more, in the last 30 days, of tracks played for 30 s and more before.

    Source: repeat shares of long listening histories: .6 to .8 after 270 days [M].
    """
    time = plays.events.time
    month = np.floor((plays.until - time) / 30)  # 0 is the last one
    late = plays.counted & plays.heard & (month < 1)
    ends = np.arange(plays.until, plays.begun, -30.0)
    by_month = [_mean(plays.known[plays.heard & (month == m)]) for m in range(len(ends))]
    return Measured((_mean(plays.known[late]),), (ends - plays.begun)[::-1], np.array(by_month)[::-1])


def exposed(curve: F64) -> Measured:
    """8. The play at which F(n) peaks, and F(60) over that peak, for a track forced once a day.

    Source: Sguerra, Tran and Hennequin, RecSys 2022: liking is an inverted U in the number of exposures.

    Args:
        curve: (60,) F after n plays, of `simenv.scenarios._fact_probe`.
    """
    peak = float(curve.max())
    left = float(curve[-1]) / peak if peak > 0 else np.nan
    return Measured((float(curve.argmax() + 1), left), np.arange(1, len(curve) + 1), curve)


def artists(plays: Listening) -> Measured:
    """9. Plays of 30 s and more over artists that have any: Gini, share of the top 1 %, slope of the tail.

    Source: Last.fm histories of 1,892 listeners (HetRec 2011), measured: .893, .519, -.99.
    """
    assert plays.events.artist is not None
    amounts = np.bincount(plays.events.artist[plays.counted & plays.heard])
    ranked = np.sort(amounts[amounts > 0])[::-1].astype(np.float64)
    n = len(ranked)
    if not n:
        return Measured((np.nan, np.nan, np.nan))
    rank = np.arange(10, min(1000, n) + 1)
    slope = np.polyfit(np.log(rank), np.log(ranked[rank - 1]), 1)[0] if len(rank) > 1 else np.nan
    top = ranked[: max(1, n // 100)].sum() / ranked.sum()
    shares = np.full(len(RANKS), np.nan)
    shares[n >= RANKS] = ranked[RANKS[n >= RANKS] - 1] / ranked.sum()
    return Measured((gini(ranked), float(top), float(slope)), RANKS, shares)


def quarters(plays: Listening) -> Measured:
    """10. Total variation between a listener's genre shares in the first quarter and in those after it.

    Of listeners with more than 200 plays of 30 s and more in each of six quarters of 90 days.

    Source: Spotify 2021: from .4 to .6 over 17 quarters.
    """
    assert plays.events.genre is not None
    if lacking(plays.spans, {"window": QUARTER * QUARTERS}):
        return Measured((np.nan, np.nan))
    events, genre = plays.events, plays.events.genre
    quarter = np.floor((events.time - plays.since) / QUARTER).astype(int)
    of = plays.counted & plays.heard & (genre >= 0) & (quarter >= 0) & (quarter < QUARTERS)
    who, listener = np.unique(events.listener[of], return_inverse=True)
    shape = (len(who), QUARTERS, int(genre.max(initial=0)) + 1)
    amounts = np.zeros(shape)
    np.add.at(amounts, (listener, quarter[of], genre[of]), 1)
    amounts = amounts[(amounts.sum(2) > ENOUGH).all(1)]
    if not len(amounts):
        return Measured((np.nan, np.nan))
    shares = amounts / amounts.sum(2, keepdims=True)
    apart = np.abs(shares[:, 1:] - shares[:, :1]).sum(2).mean(0) / 2  # (5,)
    return Measured((float(apart[0]), float(apart[-1] - apart[0])), np.arange(1, QUARTERS), apart)


def churn(plays: Listening) -> Measured:
    """11. Share of listeners lost in 30 days.

    Source: public filings of streaming services: .048 to .055 a month.
    """
    assert plays.gone is not None
    days = np.arange(plays.since, plays.until + 1)
    here = np.array([np.sum(plays.gone > day) for day in days], float)
    if not here[0] or len(days) < 2:
        return Measured((np.nan,))
    monthly = 1 - (here[-1] / here[0]) ** (30 / (days[-1] - days[0]))
    return Measured((float(monthly),), days - days[0], here / here[0])


def hours(plays: Listening) -> Measured:
    """12. Session starts by hour against the template; arousal of plays at 10-17 h less that at 23-04 h.

    Source: the template is that of `simenv.users.activities`; the sign of arousal: Park et al., Nature Human
    Behaviour 2019 [M].
    """
    hour = (plays.events.time % 1.0) * 24.0
    starts = np.bincount(hour[plays.starts[plays.late]].astype(int), minlength=24).astype(float)
    agreement = float(np.corrcoef(starts, HOUR_WEIGHTS)[0, 1]) if np.ptp(starts) else np.nan
    apart = np.nan
    if plays.events.arousal is not None:
        by_day = plays.counted & (hour >= 10) & (hour < 17)
        by_night = plays.counted & ((hour >= 23) | (hour < 4))
        apart = _mean(plays.events.arousal[by_day]) - _mean(plays.events.arousal[by_night])
    return Measured((agreement, apart), np.arange(24), starts / starts.sum())


def variety(plays: Listening) -> Measured:
    """13. Distinct artists in a week of a listener, weeks without plays of 30 s left out.

    Source: weekly counts of distinct artists: 30 to 41 [M].
    """
    events = plays.events
    assert events.artist is not None
    week = np.floor((events.time - plays.since) / 7).astype(np.int64)
    whole = (week >= 0) & (plays.since + 7 * (week + 1) <= plays.until)
    of = plays.counted & plays.heard & whole
    different = np.unique(np.stack([events.listener[of], week[of], events.artist[of]], axis=1), axis=0)
    if not len(different):
        return Measured((np.nan,))
    _, amounts = np.unique(different[:, :2], axis=0, return_counts=True)
    return Measured((float(amounts.mean()),))


def discoveries(plays: Listening) -> Measured:
    """14. First hearings (30 s) of a track by an artist heard before; tracks by the artist of the one before.

    Source: 58 listening histories, measured: .64 and .26.
    """
    assert plays.events.artist is not None
    first = plays.counted & plays.heard & ~plays.known
    artist, later = plays.events.artist, plays.followers
    return Measured((_mean(plays.artist_known[first]), _mean(artist[later] == artist[later - 1])))


def _skipped(plays: Listening) -> Bool | None:
    """Of the plays that count, whether each was skipped; None if nobody knows."""
    return None if plays.events.skipped is None else plays.events.skipped[plays.counted]


def _skipped_by(seconds: NDArray, limits: F64, skipped: Bool | None = None) -> F64:
    """(x,) share of plays that were skipped within each of `limits`."""
    ended = np.sort(seconds if skipped is None else seconds[skipped])
    return np.searchsorted(ended, limits) / max(len(seconds), 1)


def _mean(values: NDArray) -> float:
    """The mean as float64; nan of nothing."""
    return float(values.mean(dtype=np.float64)) if len(values) else np.nan
