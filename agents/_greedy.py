"""The compiled loops of re-rankers that weigh relevance against what a slate holds already.

Every loop fills `places` (m, k) with places in the pool. Open tracks come first, by the loop's own rule, ties
going to the earlier place; then the others by place.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from simenv import _cache, floats
from simenv.agents import _rules, _vectors
from simenv.agents._rules import fill
from simenv.agents._vectors import dot
from simenv.floats import ONE, ZERO, log32, scalar
from simenv.types import F32, I32, Bool

_SMOOTH = np.float32(0.01)  # Steck's alpha: what keeps the divergence finite
_LEAST = np.float32(-3.4e38)
driver = _cache.driver(
    [Path(__file__), Path(_rules.__file__), Path(_vectors.__file__), Path(floats.__file__)]
)


@scalar
def _likeness(a, b, audio, artist, marked, n_marked, start, ids, by_audio, by_genres, by_artist):
    """Likeness in [0, 1] of tracks a and b, the genres of a being `marked`; weights add up to 1."""
    shared = 0
    for e in range(start[b], start[b + 1]):
        shared += marked[ids[e]] == a
    n = start[b + 1] - start[b]
    total = by_artist * np.float32(artist[a] == artist[b])
    if n > 0 and n_marked > 0:
        total += by_genres * np.float32(shared) / np.sqrt(np.float32(n * n_marked))
    return total + by_audio * max(dot(audio[a], audio[b]), ZERO)


@driver
def mmr(
    tracks: I32,
    relevance: F32,
    free: Bool,
    audio: F32,
    artist: I32,
    start: I32,
    ids: I32,
    weights: F32,
    balance: float,
    marked: I32,
    nearest: F32,
    taken: I32,
    places: I32,
) -> None:
    """Next is the track of most balance r - (1 - balance) (likeness to the most alike in the slate).

    Args:
        tracks: (m, c) the pool.
        relevance: (m, c).
        free: (m, c) whether open.
        audio: (T, f) unit rows, or 0.
        artist: (T,).
        start: (T + 1,) into `ids`.
        ids: genres of the tracks.
        weights: (3,) of audio, genres and artist, 1 in all.
        balance: in [0, 1].
        marked: (G,) of -1, scratch.
        nearest: (c,) scratch.
        taken: (c,) of -1, scratch.
        places: (m, k) out.
    """
    keep, spread = np.float32(balance), np.float32(1 - balance)
    for r in range(len(tracks)):
        nearest[:] = ZERO
        at = 0
        while at < places.shape[1]:
            best, most = -1, _LEAST
            for i in range(tracks.shape[1]):
                if free[r, i] and taken[i] != r:
                    value = keep * relevance[r, i] - spread * nearest[i]
                    if value > most:
                        best, most = i, value
            if best < 0:
                break
            places[r, at], taken[best] = best, r
            at += 1
            a = tracks[r, best]
            for e in range(start[a], start[a + 1]):
                marked[ids[e]] = a
            for i in range(tracks.shape[1]):
                if free[r, i] and taken[i] != r:
                    alike = _likeness(
                        a,
                        tracks[r, i],
                        audio,
                        artist,
                        marked,
                        start[a + 1] - start[a],
                        start,
                        ids,
                        weights[0],
                        weights[1],
                        weights[2],
                    )
                    nearest[i] = max(nearest[i], alike)
        fill(free[r], taken, r, at, places)


@scalar
def _term(p, q):
    """One genre's part of the divergence of the slate's shares q from the listener's p."""
    return p * (log32(p) - log32((ONE - _SMOOTH) * q + _SMOOTH * p)) if p > 0 else ZERO


@driver
def calibrated(
    tracks: I32,
    relevance: F32,
    free: Bool,
    wanted: F32,
    start: I32,
    ids: I32,
    balance: float,
    mass: F32,
    term: F32,
    taken: I32,
    places: I32,
) -> None:
    """Next is the track of most balance (sum of r) - (1 - balance) KL(wanted, shares of the slate).

    Args:
        tracks: (m, c) the pool.
        relevance: (m, c).
        free: (m, c) whether open.
        wanted: (m, G) the listener's shares of genres; 0 for one without a history.
        start: (T + 1,) into `ids`.
        ids: genres of the tracks.
        balance: in [0, 1].
        mass: (G,) scratch, what the slate holds of each genre.
        term: (G,) scratch.
        taken: (c,) of -1, scratch.
        places: (m, k) out.
    """
    keep, spread = np.float32(balance), np.float32(1 - balance)
    for r in range(len(tracks)):
        mass[:] = ZERO
        at = 0
        while at < places.shape[1]:
            size = np.float32(at + 1)
            for g in range(len(mass)):  # the divergence's parts, if the next track were of no genre
                term[g] = _term(wanted[r, g], mass[g] / size)
            best, most = -1, _LEAST
            for i in range(tracks.shape[1]):
                if free[r, i] and taken[i] != r:
                    t = tracks[r, i]
                    part = ONE / np.float32(start[t + 1] - start[t])
                    change = ZERO
                    for e in range(start[t], start[t + 1]):
                        g = ids[e]
                        change += _term(wanted[r, g], (mass[g] + part) / size) - term[g]
                    value = keep * relevance[r, i] - spread * change
                    if value > most:
                        best, most = i, value
            if best < 0:
                break
            places[r, at], taken[best] = best, r
            at += 1
            t = tracks[r, best]
            for e in range(start[t], start[t + 1]):
                mass[ids[e]] += ONE / np.float32(start[t + 1] - start[t])
        fill(free[r], taken, r, at, places)


@driver
def xquad(
    tracks: I32,
    relevance: F32,
    free: Bool,
    wanted: F32,
    start: I32,
    ids: I32,
    balance: float,
    smooth: bool,
    count: I32,
    taken: I32,
    places: I32,
) -> None:
    """Next is the track of most balance r + (1 - balance) (wanted, times what the slate leaves uncovered).

    Args:
        tracks: (m, c) the pool.
        relevance: (m, c).
        free: (m, c) whether open.
        wanted: (m, D) how much each listener wants each aspect.
        start: (T + 1,) into `ids`.
        ids: aspects of the tracks.
        balance: in [0, 1].
        smooth: an aspect is covered by its share of the slate; else by a single track.
        count: (D,) scratch, tracks of each aspect in the slate.
        taken: (c,) of -1, scratch.
        places: (m, k) out.
    """
    keep, spread = np.float32(balance), np.float32(1 - balance)
    for r in range(len(tracks)):
        count[:] = 0
        at = 0
        while at < places.shape[1]:
            best, most = -1, _LEAST
            for i in range(tracks.shape[1]):
                if free[r, i] and taken[i] != r:
                    t = tracks[r, i]
                    gain = ZERO
                    for e in range(start[t], start[t + 1]):
                        d = ids[e]
                        if smooth:
                            open_share = ONE - np.float32(count[d]) / np.float32(max(at, 1))
                        else:
                            open_share = np.float32(count[d] == 0)
                        gain += wanted[r, d] * open_share
                    gain /= np.float32(max(start[t + 1] - start[t], 1))
                    value = keep * relevance[r, i] + spread * gain
                    if value > most:
                        best, most = i, value
            if best < 0:
                break
            places[r, at], taken[best] = best, r
            at += 1
            t = tracks[r, best]
            for e in range(start[t], start[t + 1]):
                count[ids[e]] += 1
        fill(free[r], taken, r, at, places)
