"""From scores to slates: what may be shown, the best of it, and the exact chance of what was drawn.

A track is *open* to a listener if it is released and not in cooldown. A slate takes open tracks; when fewer
than k are left it is filled with those in cooldown, oldest play first (a rare, slower path). With A open
tracks, slot j (from 0) shows, with probability `explore`, a uniform draw from the A - j open tracks not yet
in the slate, else the best of them, so that its propensity is

    (1 - explore) [it is the best left] + explore / (A - j)

and 1 in a slot that is filled by force. Draws belong to the event (listener, visit, slot).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from simenv.agents import _slots
from simenv.errors import UsageError
from simenv.types import F32, F64, I32, Bool, Request, Setting, Slate

Score = Callable[[Request], F32]
"""(m, T) scores of all tracks for the listeners of a request, or (1, T) when everyone is answered alike."""

_BLOCK = 1 << 24  # scores held at once: 64 MB


def ranked(score: Score, request: Request, setting: Setting, explore: float = 0.0) -> Slate:
    """The k best open tracks of each listener, best first, each slot explored with probability `explore`.

    Equal scores go to the lower track. Scores are asked for in blocks of listeners, so memory is bounded.

    Raises:
        UsageError: if a score is nan, or fewer than k tracks are released.
    """
    parts = [_ranked(score(rows), rows, setting, explore)[0] for rows in blocks(request, setting)]
    return joined(parts)


def uniform(request: Request, setting: Setting) -> Slate:
    """k open tracks, each drawn uniformly from those left; propensity 1 / (A - j)."""
    nothing = np.empty((0, 0), np.float32)
    return _ranked(nothing, request, setting, 1.0)[0]


def chance(
    score: Score, request: Request, tracks: I32, given: I32, setting: Setting, explore: float = 0.0
) -> F32:
    """(m, c) probability that `ranked` shows each of `tracks` (m, c) in the slot after `given` (m, j)."""
    out = np.empty(tracks.shape, np.float32)
    at = 0
    for rows in blocks(request, setting):
        here = slice(at, at := at + len(rows))
        out[here] = _chance(score(rows), rows, tracks[here], given[here], setting, explore)
    return out


def uniform_chance(request: Request, tracks: I32, given: I32, setting: Setting) -> F32:
    """(m, c) probability that `uniform` shows each of `tracks` (m, c) in the slot after `given` (m, j)."""
    return _chance(np.empty((0, 0), np.float32), request, tracks, given, setting, 1.0)


def scores_of(score: Score, request: Request, tracks: I32, setting: Setting) -> F32:
    """(m, c) those of the scores of all tracks that belong to `tracks` (m, c)."""
    out = np.empty(tracks.shape, np.float32)
    at = 0
    for rows in blocks(request, setting):
        here = slice(at, at := at + len(rows))
        out[here] = np.take_along_axis(score(rows), tracks[here], axis=1)
    return out


def alike(likeness: F32, track: int, k: int) -> Slate:
    """(1, k) the other tracks of most `likeness` (T,), most alike first, ties by number.

    Raises:
        UsageError: if there are not k other tracks.
    """
    if not 0 < k < len(likeness):
        raise UsageError(f"{k} tracks like track {track}: there are {len(likeness) - 1} others")
    order = np.argsort(-likeness, kind="stable")
    chosen = order[order != track][:k].astype(np.int32)[None]
    return Slate(chosen, np.full((1, k), np.nan, np.float32))


def is_open(request: Request, tracks: I32, setting: Setting) -> Bool:
    """(m, c) whether each of `tracks` (m, c) is released and out of cooldown for each listener."""
    return _open(request, tracks, setting)[0]


def all_open(request: Request, setting: Setting) -> Bool:
    """(m, T) which tracks are open to each listener."""
    out = setting.catalogue.released <= request.time[:, None]
    start, barred = in_cooldown(request, setting)
    out[np.repeat(np.arange(len(request)), np.diff(start)), barred] = False
    return out


def pick(tracks: I32, scores: F32, is_open: Bool, k: int) -> I32:
    """(m, k) places in `tracks` (m, c) of the best by score (m, c): open ones first, then the rest in order.

    Raises:
        UsageError: if a score is nan.
    """
    _no_nan(bool(np.isnan(scores).any()))
    forced = -np.arange(tracks.shape[1], dtype=np.float32)
    keys = (tracks, np.where(is_open, -scores, -forced), ~is_open)  # the last key counts first
    return np.lexsort(keys, axis=1)[:, :k].astype(np.int32)


def in_cooldown(request: Request, setting: Setting) -> tuple[NDArray[np.int64], I32]:
    """Tracks in cooldown as of the request, as `Heard.forbidden` lists them."""
    if setting.heard is None:
        return np.zeros(len(request) + 1, np.int64), np.empty(0, np.int32)
    return setting.heard.forbidden(request.listeners, request.time, setting.cooldown)


def forced(request: Request, row: int, given: I32, setting: Setting) -> I32:
    """All released tracks that are not among `given`, for one listener, oldest play first, then by number."""
    left = setting.catalogue.released <= request.time[row]
    left[given] = False
    tracks = np.flatnonzero(left).astype(np.int32)
    if setting.heard is None:
        return tracks
    return tracks[np.argsort(setting.heard.last(int(request.listeners[row]))[tracks], kind="stable")]


def fill(tracks: I32, propensity: F32, filled: I32, request: Request, setting: Setting) -> None:
    """Fill the slots from `filled` (m,) on with tracks in cooldown, oldest play first, in place."""
    k = tracks.shape[1]
    for row in np.flatnonzero(filled < k).tolist():
        n = filled[row]
        tracks[row, n:] = forced(request, row, tracks[row, :n], setting)[: k - n]
        propensity[row, n:] = 1


def check_supply(request: Request, setting: Setting) -> None:
    """Raise a UsageError if the tracks that are released cannot fill a slate."""
    least = int(n_released(request.time, setting).min(initial=np.iinfo(np.int32).max))
    if least < setting.slate_size:
        raise UsageError(
            f"a slate of {setting.slate_size} tracks, but only {least} are released on day "
            f"{request.time.min():.1f}: ask for a shorter slate or bring more music"
        )


def _ranked(scores: F32, request: Request, setting: Setting, explore: float, k: int = 0) -> tuple[Slate, I32]:
    """`ranked` of one block, and the number of open tracks (m,); `k` > 0: so many slots, none by force."""
    size = k or setting.slate_size
    if not k:
        check_supply(request, setting)
    start, barred = in_cooldown(request, setting)
    tracks = np.full((len(request), size), -1, np.int32)
    propensity = np.ones((len(request), size), np.float32)
    n = n_released(request.time, setting)
    event = setting.key.bits(request.listeners, request.visit)
    released = setting.catalogue.released
    clean = _slots.fill_slots(
        np.ascontiguousarray(scores, np.float32),
        start,
        barred,
        released,
        request.time,
        event,
        explore,
        n,
        tracks,
        propensity,
        np.full(len(released), -1, np.int32),
        np.full(len(released), -1, np.int32),
        np.empty(size, np.int32),
        np.empty(size, np.float32),
    )
    _no_nan(not clean)
    if not k:
        fill(tracks, propensity, np.minimum(n, size), request, setting)
    return Slate(tracks, propensity), n


def best(scores: F32, request: Request, setting: Setting, k: int) -> tuple[I32, I32]:
    """(m, k) the best open tracks by `scores` (m, T), -1 where there are no more; (m,) how many are open."""
    slate, n = _ranked(scores, request, setting, 0.0, k)
    return slate.tracks, n


def mixed(
    spread: F32, scores: F32, request: Request, tracks: I32, given: I32, setting: Setting, explore: float
) -> F32:
    """(m, c) chance of `tracks` in the slot after `given`, if that is explored with probability `explore`.

    Args:
        spread: (m, c) chance of each track in an exploring slot.
        scores: (m, T) or (1, T), of which another slot shows the best track left.
        request: who asks.
        tracks: (m, c).
        given: (m, j) the slots before.
        setting: of the agent.
        explore: in [0, 1]; at 1 no score is read.
    """
    k = given.shape[1] + 1
    p = explore * spread
    if explore < 1:
        top, n = best(scores, request, setting, k)
        first = (among(top, given) | (top < 0)).argmin(axis=1)[:, None]  # the best of what is left
        p = p + (1 - explore) * (tracks == np.take_along_axis(top, first, axis=1))
    else:
        n = _open(request, given, setting)[1]
    left = n - is_open(request, given, setting).sum(axis=1)
    for row in np.flatnonzero(left <= 0).tolist():
        p[row] = tracks[row] == forced(request, row, given[row], setting)[:1]
    return p.astype(np.float32)


def _chance(scores: F32, request: Request, tracks: I32, given: I32, setting: Setting, explore: float) -> F32:
    shown, n = _open(request, tracks, setting)
    left = n - is_open(request, given, setting).sum(axis=1)  # (m,) open tracks that are not given
    spread = (shown & ~among(tracks, given)) / np.maximum(left, 1)[:, None]
    return mixed(spread, scores, request, tracks, given, setting, explore)


def _open(request: Request, tracks: I32, setting: Setting) -> tuple[Bool, I32]:
    """(m, c) which of `tracks` are open, and (m,) how many tracks are in all."""
    start, barred = in_cooldown(request, setting)
    out, n = np.empty(tracks.shape, np.bool_), n_released(request.time, setting)
    tracks = np.ascontiguousarray(tracks, np.int32)
    released = setting.catalogue.released
    mark = np.full(len(released), -1, np.int32)
    _slots.mark_open(tracks, start, barred, released, request.time, out, n, mark)
    return out, n


def among(tracks: I32, given: I32) -> Bool:
    """(m, c) whether each of `tracks` (m, c) is one of `given` (m, j) of its row."""
    out = np.zeros(tracks.shape, bool)
    for j in range(given.shape[1]):
        out |= tracks == given[:, j : j + 1]
    return out


def blocks(request: Request, setting: Setting) -> Iterator[Request]:
    size = max(1, _BLOCK // max(len(setting.catalogue), 1))
    if len(request) <= size:
        yield request
        return
    for at in range(0, len(request), size):
        yield request.rows(np.arange(at, min(at + size, len(request))))


def joined(parts: list[Slate]) -> Slate:
    if len(parts) == 1:
        return parts[0]
    return Slate(np.concatenate([p.tracks for p in parts]), np.concatenate([p.propensity for p in parts]))


def n_released(time: F64, setting: Setting) -> I32:
    """(m,) tracks released at each time."""
    released = setting.catalogue.released
    late = np.sort(released[released > time.min(initial=np.inf)])
    return (len(released) - len(late) + np.searchsorted(late, time, "right")).astype(np.int32)


def _no_nan(found: bool) -> None:
    if found:
        raise UsageError("a score is nan: an agent must score every track it ranks with a number")
