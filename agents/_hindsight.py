"""What a log tells of the decisions in it: what showed, and what else could have been chosen."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from simenv.agents._mixing import asks
from simenv.agents._policy import Decisions
from simenv.agents._ranking import among, is_open, n_released
from simenv.agents._situation import Situations
from simenv.agents.base import Agent
from simenv.rng import Key
from simenv.types import F32, F64, I32, Bool, Plays, Request, Setting

_SHELF = 256  # tracks on a shelf that no agent fills


class Shelf(NamedTuple):
    """What could be chosen for each of m listeners."""

    row: I32  # (n,) the place of each listener below
    tracks: I32  # (m, c)
    standing: F32  # (m, c) how who finds candidates ranks them
    until: F64  # (m, c) days, when it was chosen; inf: never; -inf: there is none
    each: float  # alternatives that a track which was not chosen stands for


def shelf_of(finder: Agent | None, plays: Plays, now: float, setting: Setting, key: Key) -> Shelf:
    """What `finder` finds `now` for those who made `plays`, and what they played, which it no longer finds.

    Without a finder, or with fewer tracks than it shows, they might have chosen anything: 256 draws from all
    tracks, if there are more.
    """
    listeners = np.unique(plays.listener)
    asked, n_tracks, each = asks(listeners, now), len(setting.catalogue), 1.0
    if finder and n_released(asked.time, setting).min() >= finder.setting_.slate_size:
        found = finder.recommend(asked).tracks
    elif n_tracks <= _SHELF:
        found = np.tile(np.arange(n_tracks, dtype=np.int32), (len(listeners), 1))
    else:
        found = key.below(n_tracks, listeners[:, None], np.arange(_SHELF))
        each = n_tracks / _SHELF
    row = np.zeros(setting.n_listeners, np.int32)
    row[listeners] = np.arange(len(listeners))
    own, when = _last_plays(plays, row)
    free = is_open(asked, found, setting)
    when[among(own, np.where(free, found, -1))] = -np.inf  # it stands there already
    tracks = np.concatenate([found, own], axis=1)
    until = np.concatenate([np.where(free, np.inf, -np.inf), when], axis=1)
    return Shelf(row, tracks, standing(finder, asked, tracks, found.shape[1]), until, each)


def standing(finder: Agent | None, request: Request, tracks: I32, pool: int) -> F32:
    """(m, c) the finder's scores of `tracks` (m, c), on a scale on which the first `pool` have mean 0, sd 1.

    0 where it has no scores.
    """
    if not finder:
        return np.zeros(tracks.shape, np.float32)
    scores = finder.score(request, tracks)
    own = scores[:, :pool]
    mean, spread = own.mean(axis=1, keepdims=True), own.std(axis=1, keepdims=True)
    return np.nan_to_num((scores - mean) / np.maximum(spread, np.float32(1e-6)))


def decisions(
    sight: Situations, plays: Plays, chosen: Bool, shelf: Shelf, others: int, key: Key
) -> Decisions:
    """The decisions that those of `plays` (e,) were that are `chosen` (e,), in their order.

    Beside what was chosen stand `others` draws of what was on the shelf and not chosen yet. `sight` remembers
    all plays.
    """
    some = plays.rows(chosen)
    row = shelf.row[some.listener]
    mine = shelf.tracks[row] == some.track[:, None]
    free = (shelf.until[row] > some.time[:, None]) & ~mine
    seconds = (some.time[:, None] * 86_400).astype(np.int64)
    luck = np.where(free, key.uniform(some.listener[:, None], seconds, np.arange(free.shape[1])), 2)
    size = min(others, free.shape[1])
    at = np.argpartition(luck, size - 1, axis=1)[:, :size]
    there = np.take_along_axis(free, at, axis=1)
    at = np.concatenate([mine.argmax(axis=1)[:, None], at], axis=1)
    tracks = np.take_along_axis(shelf.tracks[row], at, axis=1)
    each = shelf.each * free.sum(axis=1) / np.maximum(there.sum(axis=1), 1)
    many = np.concatenate([np.ones((len(some), 1)), there * each[:, None]], axis=1).astype(np.float32)
    rows = np.empty((*tracks.shape, sight.width + 1), np.float32)
    rows[..., -1] = np.take_along_axis(shelf.standing[row], at, axis=1)
    place = np.cumsum(chosen) - 1
    for which, exchange in sight.rounds(plays):
        now = chosen[which]
        here = place[which[now]]
        rows[here, :, :-1] = sight.of(exchange.request.rows(now), tracks[here])
    return Decisions(tracks, rows, many)


def _last_plays(plays: Plays, row: I32) -> tuple[I32, F64]:
    """(m, w) tracks that each listener played, and when last; -inf: no more."""
    order = np.lexsort((plays.time, plays.track, plays.listener))
    listener, track = plays.listener[order], plays.track[order]
    last = np.append((np.diff(listener) != 0) | (np.diff(track) != 0), True)[: len(order)]
    of, track, time = row[listener[last]], track[last], plays.time[order][last]
    nth = np.arange(len(of)) - np.searchsorted(of, of)
    shape = (int(of.max(initial=-1)) + 1, int(nth.max(initial=-1)) + 1)
    tracks, when = np.zeros(shape, np.int32), np.full(shape, -np.inf)
    tracks[of, nth], when[of, nth] = track, time
    return tracks, when
