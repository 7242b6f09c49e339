"""Rows to learn from for `trees.py`: what is known of a listener, a track and the moment before a play."""

from __future__ import annotations

import numpy as np

from simenv.agents._levels import LEVELS, Levels
from simenv.agents._preference import shares
from simenv.catalogue import Catalogue
from simenv.context import COLUMNS, contexts
from simenv.log import Log
from simenv.rng import Key
from simenv.types import F32, F64, I32, REACHED, SKIPPED, Bool, Plays

_NEWEST = 0.3  # share of plays that is learned from

GROUPS = (
    "track",
    "album",
    "artist",
    "genres",
    "everyone",
    "popularity",
    "age",
    "sound",
    "listener",
    "moment",
)
"""What columns belong to, in the order of `columns_of`."""


def columns_of(catalogue: Catalogue) -> I32:
    """(f,) the place in GROUPS of each column of `rows_of`."""
    sizes = (*(2 for _ in LEVELS), 1, 1, 1, catalogue.audio.shape[1] + 1, 2, len(COLUMNS))
    return np.repeat(np.arange(len(GROUPS), dtype=np.int32), sizes)


def rows_of(
    levels: Levels,
    popularity: F32,
    listeners: I32,
    tracks: I32,
    time: F64,
    moment: F32,
    catalogue: Catalogue,
    smoothing: float,
) -> F32:
    """(m, c, f) what is known of `listeners` (m,) and `tracks` (m, c) at `time` (m,) days.

    Columns: ln(1 + plays) and rate of the listener at each level; everyone's rate of the track; its share of
    plays; ln(1 + days since its release); audio, missing values 0, and ln seconds; ln(1 + plays) and mean
    rate of the listener; `moment` (m, 15), the context.
    """
    m, c = tracks.shape
    n = np.diff(levels.start)[listeners]
    plays = _sums(levels.plays, levels.start)[listeners]
    rate = _sums(levels.heard, levels.start)[listeners] / np.maximum(plays, 1e-9)
    own = np.stack([np.log1p(plays), np.where(n > 0, rate, 0.5)], axis=1)
    of_track = np.stack([levels.of_track, popularity], axis=1)
    sound = np.column_stack([np.nan_to_num(catalogue.audio), np.log(catalogue.seconds)])
    age = np.log1p(np.maximum(time[:, None] - catalogue.released[tracks], 0))
    parts = (
        levels.facts(listeners, tracks, catalogue, smoothing),
        of_track[tracks],
        age[..., None],
        sound[tracks],
        np.broadcast_to(own[:, None], (m, c, own.shape[1])),
        np.broadcast_to(moment[:, None], (m, c, moment.shape[1])),
    )
    return np.concatenate(parts, axis=2, dtype=np.float32)


def lessons(
    log: Log, catalogue: Catalogue, half_life: float, smoothing: float, most: int, key: Key
) -> tuple[F32, Bool]:
    """(e, f) rows of `rows_of` for the newest plays, as known before any of them; (e,) which were finished.

    The newest 30 % of plays are learned from, at most `most` of them; what is known is what the plays before
    them told, so that no row knows its own outcome. With too few plays, no rows.

    Args:
        log: all that was played.
        catalogue: of the tracks.
        half_life: days after which a play counts for half in what is known.
        smoothing: plays that an expected rate is worth.
        most: rows.
        key: by which plays are chosen if there are more.
    """
    plays = log.plays()
    plays = plays.rows(plays.has(REACHED))
    cut = np.quantile(plays.time, 1 - _NEWEST) if len(plays) else 0.0
    past = Log(log.n_listeners, log.n_tracks)
    past.append(plays.rows(plays.time < cut))
    new = np.flatnonzero(plays.time >= cut)
    chosen = np.sort(new[np.argsort(key.bits(new), kind="stable")[:most]])
    new_plays = plays.rows(chosen[np.argsort(plays.listener[chosen], kind="stable")])
    levels = Levels.of(past, catalogue, half_life, smoothing)
    rows = rows_of(
        levels,
        shares(past, half_life),
        new_plays.listener,
        new_plays.track[:, None],
        new_plays.time,
        moments(new_plays),
        catalogue,
        smoothing,
    )
    return rows[:, 0], ~new_plays.has(SKIPPED)


def moments(plays: Plays) -> F32:
    """(e, 15) the context of each play, columns named by `simenv.context.COLUMNS`."""
    return contexts(plays.time, plays.activity, plays.device)


def _sums(values: F32, start: I32) -> F64:
    """(n,) sums of each listener's values."""
    return np.diff(np.append(0.0, np.cumsum(values, dtype=np.float64))[start])
