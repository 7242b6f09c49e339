"""Slates from arms: tracks in groups, explored group by group, with exact propensities.

Every track belongs to one arm. Slot j shows, with probability `explore`, a uniform draw from the tracks left
in an arm drawn uniformly from those that have any left; else the best track left. With m arms left, and l
tracks left in the arm of the track, its propensity is

    (1 - explore) [it is the best left] + explore / (m l)

and 1 in a slot that is filled by force. Draws belong to the event (listener, visit, slot).
"""

from __future__ import annotations

import numpy as np
from scipy import sparse

from simenv.agents._ranking import Score, all_open, best, blocks, check_supply, fill, joined, mixed
from simenv.catalogue import Catalogue
from simenv.features import main_genre
from simenv.types import F32, I32, Bool, Request, Setting, Slate


def armed(score: Score, arm: I32, request: Request, setting: Setting, explore: float) -> Slate:
    """Slates of the best tracks by `score`, explored by `arm` (T,), the arm of each track.

    Raises:
        UsageError: if a score is nan, or fewer than k tracks are released.
    """
    check_supply(request, setting)
    parts = [_armed(score(rows), arm, rows, setting, explore) for rows in blocks(request, setting)]
    return joined(parts)


def armed_chance(
    score: Score, arm: I32, request: Request, tracks: I32, given: I32, setting: Setting, explore: float
) -> F32:
    """(m, c) probability that `armed` shows each of `tracks` (m, c) in the slot after `given` (m, j)."""
    out = np.empty(tracks.shape, np.float32)
    at = 0
    for rows in blocks(request, setting):
        here = slice(at, at := at + len(rows))
        left = all_open(rows, setting)
        np.put_along_axis(left, given[here], False, axis=1)
        size = _sizes(left, arm)  # (m, arms)
        shown = np.take_along_axis(left, tracks[here], axis=1)
        mates = np.take_along_axis(size, arm[tracks[here]], axis=1)
        arms = np.maximum((size > 0).sum(axis=1, keepdims=True), 1)
        spread = shown / (arms * np.maximum(mates, 1))
        out[here] = mixed(spread, score(rows), rows, tracks[here], given[here], setting, explore)
    return out


def _armed(scores: F32, arm: I32, request: Request, setting: Setting, explore: float) -> Slate:
    m, k = len(request), setting.slate_size
    top, n = best(scores, request, setting, k)
    left = all_open(request, setting)  # (m, T) tracks that may still be shown
    size = _sizes(left, arm)  # (m, arms) how many of each arm
    tracks, propensity = np.full((m, k), -1, np.int32), np.ones((m, k), np.float32)
    for j in range(k):
        row = np.flatnonzero(n > j)
        first = np.take_along_axis(left[row], top[row], axis=1).argmax(axis=1)
        chosen = greedy = top[row, first]
        who = (request.listeners[row], request.visit[row])
        coin = setting.key.uniform(*who, j, 0) < explore
        if coin.any():
            chosen = greedy.copy()
            where = row[coin]
            chosen[coin] = _drawn(left[where], size[where], arm, setting, [w[coin] for w in who], j)
        chance = explore / ((size[row] > 0).sum(axis=1) * size[row, arm[chosen]])
        tracks[row, j] = chosen
        propensity[row, j] = chance + (1 - explore) * (chosen == greedy)
        left[row, chosen] = False
        size[row, arm[chosen]] -= 1
    fill(tracks, propensity, np.minimum(n, k), request, setting)
    return Slate(tracks, propensity)


def _drawn(left: Bool, size: I32, arm: I32, setting: Setting, who: list[I32], slot: int) -> I32:
    """(m,) a uniform draw from a uniform draw of the arms that have tracks left."""
    some = size > 0
    nth = setting.key.below(some.sum(axis=1), *who, slot, 1)
    picked = (some.cumsum(axis=1) > nth[:, None]).argmax(axis=1)
    nth = setting.key.below(size[np.arange(len(size)), picked], *who, slot, 2)
    mates = left & (arm == picked[:, None])
    return (mates.cumsum(axis=1, dtype=np.int32) > nth[:, None]).argmax(axis=1).astype(np.int32)


def _sizes(left: Bool, arm: I32) -> I32:
    """(m, arms) how many tracks each arm has left."""
    n_tracks = len(arm)
    member = sparse.csr_array(
        (np.ones(n_tracks, np.float32), (np.arange(n_tracks), arm)), shape=(n_tracks, int(arm.max()) + 1)
    )
    return (member.T @ left.T.astype(np.float32)).T.astype(np.int32)


def arm_of(catalogue: Catalogue, arms: str) -> I32:
    """(T,) the arm of each track, one of tracks, artists or main genres; tracks without a genre share one."""
    if arms == "tracks":
        return np.arange(len(catalogue), dtype=np.int32)
    if arms == "artists":
        return catalogue.artist
    genre = main_genre(catalogue)
    return np.where(genre < 0, catalogue.n_genres, genre).astype(np.int32)
