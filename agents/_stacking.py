"""Stacking for `ensemble.py`: weights of agents, learned from a stretch of the log that none of them saw."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits

from simenv.agents._expressions import expression, parse
from simenv.agents._mixing import asks
from simenv.agents.base import Agent
from simenv.log import Log
from simenv.types import F32, HEARD_SECONDS, I32, Bool, Request, Setting

Levels = Callable[[Iterable[Agent], Request, Bool], Iterator[F32]]
"""Scores (m, T) of each agent, on one scale over the open tracks (m, T) of a request."""

_HELD_OUT = 0.2  # share of plays that is learned from
_MOST = 10_000  # pairs of a listener and a track that were played
_OTHERS = 4  # tracks beside each
_FEWEST = 50  # pairs that are worth learning from
_AT_ONCE = 1 << 23  # scores held at once


def learned_weights(
    parts: Sequence[Agent], levels: Levels, log: Log, setting: Setting, few: int
) -> F32 | None:
    """(p,) weights of `parts` in a logistic regression of what is played next; None: too few plays.

    Fresh copies learn the plays before the newest fifth. Each pair of a listener and a track that meet in
    that fifth, the track being open as it begins, is held against four open tracks of other such pairs, so
    that what comes in everybody's way is not taken for what is liked. The regression tells from the levels
    which was played.

    Args:
        parts: of the mixture; they are left as they are.
        levels: of the mixture.
        log: all that was played.
        setting: of the mixture.
        few: plays of 30 s and more, before the newest fifth, of listeners who count.
    """
    plays = log.plays()
    plays = plays.rows(plays.seconds >= HEARD_SECONDS)
    if len(plays) < _FEWEST:
        return None
    cut = float(np.quantile(plays.time, 1 - _HELD_OUT))
    past = Log(log.n_listeners, log.n_tracks)
    for piece in log.parts():
        past.append(piece.rows(piece.time < cut))
    enough = past.matrix().sum(axis=1) >= few
    new = plays.rows((plays.time >= cut) & enough[plays.listener])
    pairs = np.unique(np.stack([new.listener, new.track]), axis=1)
    luck = (setting.key / "pairs").bits(np.arange(pairs.shape[1]))
    listener, track = pairs[:, np.sort(np.argsort(luck, kind="stable")[:_MOST])]
    if len(listener) < _FEWEST:
        return None
    fresh = [parse(expression(part)) for part in parts]
    for agent, known in zip(fresh, parts, strict=True):
        agent.begin(known.setting_)
        agent.fit(past)
    numbers = np.arange(len(listener))[:, None], np.arange(_OTHERS)
    others = track[(setting.key / "others").below(len(track), *numbers)]
    rows, played = _examples(fresh, levels, past, setting, cut, listener, np.column_stack([track, others]))
    if played.sum() < _FEWEST:
        return None
    with threadpool_limits(1):
        return LogisticRegression(max_iter=1000).fit(rows, played).coef_[0].astype(np.float32)


def _examples(
    parts: Sequence[Agent],
    levels: Levels,
    past: Log,
    setting: Setting,
    cut: float,
    listener: I32,
    tracks: I32,
) -> tuple[F32, Bool]:
    """(e, p) levels of open tracks; (e,) which were played: the first of `tracks` (q, 1 + others) a row."""
    last, released = past.last(), setting.catalogue.released <= cut
    rows, played = [], []
    who = np.unique(listener)
    size = max(1, _AT_ONCE // past.n_tracks)
    for at in range(0, len(who), size):
        some = who[at : at + size]
        then = last[some].toarray()
        is_open = released & ((then == 0) | (cut - then >= setting.cooldown))
        here = np.flatnonzero(np.isin(listener, some))
        place = np.searchsorted(some, listener[here])[:, None]
        asked = asks(some.astype(np.int32), cut)
        found = np.stack([x[place, tracks[here]] for x in levels(parts, asked, is_open)], axis=2)
        counts = is_open[place, tracks[here]]
        counts[:, 1:] &= tracks[here, 1:] != tracks[here, :1]
        counts &= counts[:, :1]  # others only beside a played track that was open
        rows.append(found[counts])
        played.append(np.broadcast_to(np.arange(tracks.shape[1]) == 0, counts.shape)[counts])
    return np.concatenate(rows), np.concatenate(played)
