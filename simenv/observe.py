"""What a learner sees of a listener who asks: numbers in [-1, 1], made of public facts only.

The Gymnasium faces and agents that serve a trained policy use the same `Observer`, so what was learned in one
is understood in the other. Tracks appear as their public features, never as their numbers.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import simenv._lanes as lanes
import simenv._prefetch as prefetch
import simenv.context as context
import simenv.floats as floats
from simenv._aligned import aligned, aligned_zeros
from simenv._cache import driver
from simenv._lanes import copy, copy_and_two_dots, dot, padded
from simenv._prefetch import fetch_a_line, fetch_two_lines
from simenv.context import COLUMNS
from simenv.errors import UsageError
from simenv.features import main_genre, track_features
from simenv.floats import ONE, TWO, ZERO, f32
from simenv.types import F32, I32, Exchange, Request, Setting

SITUATION = (*COLUMNS, "session", "visits", "finishing", "skips")
"""When, doing what, on what; tracks so far in the session, requests so far, share finished lately (-1 none, 1
all) and skips in a row."""

PLAY = ("outcome", "fraction", "recency")
"""Of each recent play, after its track's features: 1 finished or -1 skipped; fraction played;
1 / (1 + days ago)."""

MATCH = ("taste", "last", "artist", "genre", "popularity", "newness", "repeat")
"""Of each candidate, after its features: cosine with the listener's taste so far and with the track last
finished; what came of recent plays of its artist and of its genre; popularity as published; newness; and how
often it was played lately."""

MEMORY = 32
"""Plays of each listener that are remembered."""

_TRACK = np.dtype(
    [
        ("released", np.float64),
        ("seconds", np.float32),
        ("per_length", np.float32),  # 1 over the length of the vector of features; 0 of none
        ("popularity", np.float32),
        ("artist", np.int32),
        ("genre", np.int32),
    ],
    align=True,
)
_LISTENER = np.dtype(
    [
        ("plays", np.int32),
        ("finished", np.int32),  # the track last finished; -1: none
        ("skips", np.int32),
        ("finishing", np.float32),
    ]
)
_FRESH = (0, -1, 0, 0.0)
_THE_TRACK, _ITS_ARTIST, _OUTCOME, _MINUTE = range(4)  # integers: their sums vectorise
_NOBODY = -2  # a play that was not: matches no track or artist
_UNIT = f32(1 / 256)  # of an outcome
_PLAYED, _AGAIN = np.int32(1 << 16), np.int32(1 << 24)  # one sum holds outcomes, plays and plays of the track
_LOW_BYTE, _BYTE, _TWO_BYTES = np.uint32(255), np.uint32(8), np.uint32(16)  # unsigned: places in a table
_PACE, _MANY, _FEW, _NEW_DAYS = f32(0.1), f32(12), f32(2), f32(60)
_MINUTES = 1440.0
_NONE = np.int32(0)
_OF = ONE / (_FEW + np.arange(MEMORY + 1, dtype=np.float32))  # of n plays: their sum, shrunk to 0
_N_CONTEXT, _N_PLAY, _N_MATCH = len(COLUMNS), len(PLAY), len(MATCH)

compiled = driver(
    [Path(str(module.__file__)) for module in (context, floats, lanes, prefetch)] + [Path(__file__)]
)


class Observer:
    """Remembers what listeners did with their slates, and tells a learner about those who ask.

    A row of `of` is, in this order (`parts` says where): SITUATION; the listener's taste so far, (f,), a
    decayed mean of features x outcome; the last `history` plays, newest first, (f + 3,) each, zeros where
    there were none; and with candidates (f + 7,) for each of them, zeros where there is none.

    Args:
        setting: of the world; its catalogue and its number of listeners count.
        history: plays of a listener that are shown one by one.

    Raises:
        UsageError: if `history` is not in 0..32.
    """

    def __init__(self, setting: Setting, history: int = 4) -> None:
        if not 0 <= history <= MEMORY:
            raise UsageError(f"history={history} plays to show: expected 0 to {MEMORY}")
        catalogue, n = setting.catalogue, setting.n_listeners
        self.history = history
        self.features = track_features(catalogue)  # (T, f)
        self._tracks = aligned_zeros(len(catalogue), _TRACK)
        for name in ("released", "seconds", "artist"):
            self._tracks[name] = getattr(catalogue, name)
        genres, self._tracks["genre"] = np.unique(main_genre(catalogue), return_inverse=True)
        length = np.sqrt((self.features * self.features).sum(axis=1))
        self._tracks["per_length"] = np.divide(1, length, out=np.zeros_like(length), where=length > 0)
        self._listeners = np.zeros(n, _LISTENER)
        self._recent = aligned_zeros((n, 4, MEMORY), np.int32)
        self._by_genre = np.zeros((n, len(genres)), np.int32)  # outcomes of the recent plays
        self._padded = aligned(padded(self.features))
        self._taste = aligned_zeros((n, self._padded.shape[1]), np.float32)
        self.forget(np.arange(n, dtype=np.int32))

    @property
    def candidate_width(self) -> int:
        """Numbers that a candidate is described by."""
        return self.features.shape[1] + _N_MATCH

    def parts(self, candidates: int = 0) -> dict[str, slice]:
        """Where each part of a row lies, of those that are there: situation, taste, history, candidates."""
        f = self.features.shape[1]
        widths = {
            "situation": len(SITUATION),
            "taste": f,
            "history": self.history * (f + _N_PLAY),
            "candidates": candidates * self.candidate_width,
        }
        parts, start = {}, 0
        for name, width in widths.items():
            if width:
                parts[name] = slice(start, start + width)
            start += width
        return parts

    def publish(self, charts: F32) -> None:
        """New charts (T,): popularity is 1 - 2 ln(rank) / ln(T), rank from 1; before the first ones 0."""
        rank = np.empty(len(charts), np.float32)
        rank[np.argsort(-charts, kind="stable")] = np.arange(1, len(charts) + 1)
        logs = floats.log_array(rank)
        self._tracks["popularity"] = ONE - TWO * logs / max(logs.max(), f32(1e-9))

    def forget(self, rows: I32) -> None:
        """Other listeners take these rows; nothing is known of them."""
        self._listeners[rows] = _FRESH
        self._recent[rows] = _NOBODY
        self._by_genre[rows] = 0
        self._taste[rows] = 0

    def state(self) -> dict[str, NDArray]:
        """All that is remembered, as named arrays."""
        return {
            "listeners": self._listeners,
            "recent": self._recent,
            "by_genre": self._by_genre,
            "taste": self._taste,
            "popularity": self._tracks["popularity"],
        }

    def restore(self, state: dict[str, NDArray]) -> None:
        """Take `state` over, of an observer of the same setting."""
        for name, mine in self.state().items():
            mine[...] = state[name]

    def last_finished(self, rows: I32) -> I32:
        """(m,) the track that each of `rows` finished last; -1: none yet."""
        return self._listeners["finished"][rows]

    def see(self, exchange: Exchange) -> None:
        """Remember what came of a slate."""
        request, feedback = exchange.request, exchange.feedback
        _see(
            request.listeners, request.time, exchange.slate.tracks, feedback.reached, feedback.seconds,
            feedback.skipped, self._listeners, self._recent, self._by_genre, self._taste, self._padded,
            self._tracks,
        )  # fmt: skip

    def width(self, candidates: int = 0) -> int:
        """Numbers in a row that shows so many candidates."""
        f = self.features.shape[1]
        shown = len(SITUATION) + f + self.history * (f + _N_PLAY)
        return shown + candidates * self.candidate_width

    def of(self, request: Request, candidates: I32 | None = None, out: F32 | None = None) -> F32:
        """(m, width) what shows of those who ask and, if given, of their `candidates` (m, c); -1: none.

        `out` (m, width) is where to write it, all of it.
        """
        c = 0 if candidates is None else candidates.shape[1]
        out = np.empty((len(request), self.width(c)), np.float32) if out is None else out
        _show(
            request.listeners, request.time, request.context, request.session, request.visit, self._listeners,
            self._recent, self._taste, self._padded, self.features.shape[1], self.history, out,
        )  # fmt: skip
        if candidates is not None and c:
            self._match(request, candidates, self.width(), out)
        return out

    def of_candidates(self, request: Request, candidates: I32) -> F32:
        """(m, c, f + 7) features and MATCH of `candidates` (m, c) for those who ask."""
        out = np.empty((len(request), candidates.shape[1] * self.candidate_width), np.float32)
        self._match(request, candidates, 0, out)
        return out.reshape(*candidates.shape, self.candidate_width)

    def _match(self, request: Request, candidates: I32, start: int, out: F32) -> None:
        _match(
            request.listeners, request.time, candidates, self._listeners, self._recent, self._by_genre,
            self._taste, self._padded, self.features.shape[1], self._tracks, start, out,
        )  # fmt: skip


@compiled
def _see(
    rows, time, tracks, reached, seconds, skipped, listeners, recent, by_genre, taste, features, facts
):  # fmt: skip
    """The outcome of a play is 1 if finished, else fraction - 1: an early skip says more than a late one."""
    for j in range(len(rows)):
        u = rows[j]
        me = listeners[u]
        for slot in range(tracks.shape[1]):
            if not reached[j, slot]:
                continue
            i = tracks[j, slot]
            fraction = min(seconds[j, slot] / facts[i].seconds, ONE)
            if skipped[j, slot]:
                outcome, sign = fraction - ONE, -ONE
                me.skips += 1
            else:
                outcome, sign = ONE, ONE
                me.skips, me.finished = 0, i
            me.finishing += _PACE * (sign - me.finishing)
            at = me.plays % MEMORY
            forgotten, came = recent[u, _THE_TRACK, at], np.int32(outcome / _UNIT) + _PLAYED
            if forgotten >= 0:
                by_genre[u, facts[forgotten].genre] -= recent[u, _OUTCOME, at]
            by_genre[u, facts[i].genre] += came
            recent[u, _THE_TRACK, at] = i
            recent[u, _ITS_ARTIST, at] = facts[i].artist
            recent[u, _OUTCOME, at] = came
            recent[u, _MINUTE, at] = np.int32(time[j] * _MINUTES)
            me.plays += 1
            for f in range(features.shape[1]):
                taste[u, f] += _PACE * (outcome * features[i, f] - taste[u, f])


@compiled
def _show(rows, time, context, session, visit, listeners, recent, taste, features, width, history, out):
    """Everything but the candidates."""
    for j in range(len(rows)):
        u = rows[j]
        me, mine, plays, now, row = listeners[u], taste[u], recent[u], context[j], out[j]
        for c in range(_N_CONTEXT):
            row[c] = now[c]
        at = _N_CONTEXT
        row[at] = f32(session[j]) / (f32(session[j]) + _MANY)
        row[at + 1] = f32(visit[j]) / (f32(visit[j]) + _MANY * _MANY)
        row[at + 2] = me.finishing
        row[at + 3] = f32(me.skips) / (f32(me.skips) + _FEW)
        at += 4
        copy(mine, width, row, at)
        at += width
        for h in range(min(history, me.plays)):
            place = (me.plays - 1 - h) % MEMORY
            own = features[plays[_THE_TRACK, place]]
            outcome = _UNIT * f32(plays[_OUTCOME, place] - _PLAYED)
            copy(own, width, row, at)
            at += width
            finished = outcome == ONE
            row[at] = ONE if finished else -ONE
            row[at + 1] = ONE if finished else ONE + outcome
            days = f32(time[j] - plays[_MINUTE, place] / _MINUTES)
            row[at + 2] = ONE / (ONE + max(days, ZERO))
            at += _N_PLAY
        for rest in range(max(history - me.plays, 0) * (width + _N_PLAY)):
            row[at + rest] = ZERO


@compiled
def _match(
    rows, time, candidates, listeners, recent, by_genre, taste, features, width, facts, start, out
):  # fmt: skip
    """What each candidate is and how it fits, into `out` from column `start`."""
    for j in range(len(rows)):
        u = rows[j]
        coming = min(j + 1, len(rows) - 1)
        mine, plays, now = taste[u], recent[u], time[j]
        last = listeners[u].finished
        last_features = features[max(last, 0)]
        per_last = facts[last].per_length if last >= 0 else ZERO
        per_mine = _inverse(np.sqrt(dot(mine, mine)))
        for c in range(candidates.shape[1]):
            soon = max(candidates[coming, c], 0)  # one at a time: many at once would wait for one another
            fetch_two_lines(features, soon)
            fetch_a_line(facts, soon)
            i = candidates[j, c]
            at = start + c * (width + _N_MATCH)
            if i < 0:
                for e in range(width + _N_MATCH):
                    out[j, at + e] = ZERO
                continue
            fact, own = facts[i], features[i]
            with_mine, with_last = copy_and_two_dots(own, mine, last_features, out[j], at)
            fit = out[j, at + width : at + width + _N_MATCH]  # up to 7 zeros of the copy stand here
            of_artist, artists, repeats = _came_of(plays, i, fact.artist)
            of_genre, genres = _unpacked(by_genre[u, fact.genre])
            fit[0] = _cosine(with_mine * per_mine * fact.per_length)
            fit[1] = _cosine(with_last * per_last * fact.per_length)
            fit[2] = _UNIT * f32(of_artist) * _OF[artists]
            fit[3] = _UNIT * f32(of_genre) * _OF[genres]
            fit[4] = fact.popularity
            fit[5] = TWO * _NEW_DAYS / (_NEW_DAYS + f32(max(now - fact.released, 0.0))) - ONE
            fit[6] = f32(repeats) * _OF[repeats]


@floats.scalar
def _came_of(plays, track, artist):
    """Of `plays` (4, 32): outcomes of the artist's and their number; plays of the track."""
    total = _NONE
    for h in range(MEMORY):  # int32 throughout, so that it vectorises
        again = _AGAIN if plays[_THE_TRACK, h] == track else _NONE
        outcome = plays[_OUTCOME, h] if plays[_ITS_ARTIST, h] == artist else _NONE
        total = np.int32(total + again + outcome)
    outcomes, counts = _unpacked(total)
    return outcomes, counts & _LOW_BYTE, counts >> _BYTE


@floats.scalar
def _unpacked(total):
    """The outcomes, within 2^15 of 0, and the plays, with those of the track above them, of one sum."""
    outcomes = np.int32(np.int16(total))
    return outcomes, np.uint32(total - outcomes) >> _TWO_BYTES


@floats.scalar
def _inverse(length):
    """1 over a length; 0 of none."""
    return ONE / length if length > ZERO else ZERO


@floats.scalar
def _cosine(x):
    """A cosine, held within [-1, 1]."""
    return min(max(x, -ONE), ONE)
