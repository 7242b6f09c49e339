"""Lists of tracks for somebody, or like a track: with scores, reasons and the path that answered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from simenv.agents.base import Agent
from simenv.errors import UsageError
from simenv.heard import Heard
from simenv.log import Log
from simenv.rng import Key
from simenv.scenarios._ask_find import title_of
from simenv.scenarios._ask_reasons import FALLBACKS, common, reason
from simenv.scenarios._ask_source import Source
from simenv.scenarios._evaluate_split import clock
from simenv.types import F32, HEARD_SECONDS, I32, REACHED, SOURCES, Plays, Request, Setting


@dataclass(frozen=True)
class Answer:
    """k tracks, best first.

    Args:
        tracks: (k,).
        scores: (k,) nan where the agent cannot tell.
        reasons: (k,) in words.
        said: which path answered, and what else there is to say: one sentence each.
    """

    tracks: I32
    scores: F32
    reasons: tuple[str, ...]
    said: tuple[str, ...]


def for_listener(
    agent: Agent, name: str, source: Source, row: int, k: int, cooldown: float, at: float | None
) -> Answer:
    """What `agent`, fitted to the log of `source`, shows the listener in `row`.

    Args:
        agent: not begun.
        name: what it is called.
        source: what it learns from.
        row: who asks.
        k: tracks.
        cooldown: days in which nothing is shown again to who heard it; inf: new music only.
        at: when they ask, days; None: at the end of the log.
    """
    catalogue = source.catalogue
    when = source.log.now if at is None else at
    log = Log(source.log.n_listeners, source.log.n_tracks)
    log.append(source.log.plays())
    log.now = when  # agents explain themselves as of the end of the log
    own = log.plays()
    own = own.rows(np.flatnonzero(own.listener == row))
    own = own.rows(np.argsort(own.time, kind="stable"))
    heard = Heard(log.n_listeners, log.n_tracks, any_play=True, known=False)
    heard.add(own.listener, own.track, own.time, own.seconds)
    setting = replace(_setting(source, k), cooldown=cooldown, heard=heard)
    agent.begin(setting)
    agent.fit(log)
    request = _asks(row, when, at is not None or source.timed)
    tracks = agent.recommend(request).tracks
    reasons = tuple(reason(agent, row, track, catalogue) for track in tracks[0].tolist())
    said = [_path(agent, name, row, tracks[0], own)]
    if at is not None:
        later = agent.recommend(_asks(row, when + 0.5, True)).tracks
        if np.array_equal(later, tracks):
            said.append(f"{name} does not look at the clock: twelve hours later the list is the same.")
    return Answer(tracks[0], agent.score(request, tracks)[0], reasons, tuple(said))


def like_track(agent: Agent, name: str, source: Source, track: int, k: int) -> Answer:
    """What `agent`, fitted to the log of `source`, holds to be most like a track.

    Raises:
        UsageError: if it knows no likeness between tracks, or has learned none of this one.
    """
    agent.begin(_setting(source, 1))
    agent.fit(source.log)
    likeness = agent.likeness(track)
    tracks = agent.similar(track, k).tracks[0]
    others = np.delete(likeness, track)
    called = title_of(track, source.catalogue)
    if others.max() == others.min():
        raise UsageError(
            f"{name} has learned nothing of {called}: it takes plays of it. Name a --log or --run in which it"
            " is played, or ask content with a --catalogue"
        )
    reasons = tuple(common(source.catalogue, source.log, track, other) for other in tracks.tolist())
    plays = int(source.log.counts()[track])
    said = f"Like {called}, as {name} sees it; " + (
        f"{plays:,} plays of it are known." if plays else "no play needed."
    )
    return Answer(tracks, likeness[tracks], reasons, (said,))


def with_newcomer(source: Source, likes: Sequence[int]) -> Source:
    """The same log with one listener more, who has just played the tracks `likes` to the end."""
    log, n = source.log, len(likes)
    grown = Log(log.n_listeners + 1, log.n_tracks)
    plays = log.plays()
    grown.append(plays)
    seconds = np.maximum(source.catalogue.seconds[np.array(likes, np.int32)], HEARD_SECONDS)
    more = {column: np.ones(n, np.float32) for column in Plays.optional if getattr(plays, column) is not None}
    if plays.value is not None and len(plays):
        more["value"] = np.full(n, plays.value.max(), np.float32)
    grown.append(
        Plays(
            time=np.full(n, log.now),
            listener=np.full(n, log.n_listeners, np.int32),
            track=np.array(likes, np.int32),
            visit=np.full(n, -1, np.int32),
            session=np.zeros(n, np.int32),
            slot=np.full(n, -1, np.int8),
            source=np.full(n, SOURCES.index("imported"), np.uint8),
            propensity=np.full(n, np.nan, np.float32),
            seconds=seconds.astype(np.float32),
            flags=np.full(n, REACHED, np.uint8),
            activity=np.zeros(n, np.uint8),
            device=np.zeros(n, np.uint8),
            **more,
        )
    )
    return replace(source, log=grown)


def _setting(source: Source, k: int) -> Setting:
    if not 0 < k < len(source.catalogue):
        raise UsageError(f"--k {k}: expected 1 to {len(source.catalogue) - 1}, for there are so many tracks")
    return Setting(source.catalogue, source.log.n_listeners, k, Key.root(0) / "agent")


def _asks(row: int, when: float, timed: bool) -> Request:
    time, nothing = np.array([when]), np.zeros(1, np.int32)
    context = clock(time) if timed else clock(time) * 0
    return Request(np.array([row], np.int32), time, context, nothing, nothing)


def _path(agent: Agent, name: str, row: int, tracks: I32, own: Plays) -> str:
    """How the list came about: personal, for everybody alike, or a fallback."""
    if not agent.personal:
        return f"{name} answers everybody alike."
    fallen = [set(agent.parts(row, track)) in FALLBACKS for track in tracks.tolist()]
    known = f"{len(own):,} plays of {len(np.unique(own.track)):,} tracks" if len(own) else "no plays"
    if all(fallen):
        return f"Cold start: {name} knows too little of them ({known}) and falls back on what is popular."
    if any(fallen):
        return f"From {known}; {sum(fallen)} of {len(fallen)} are a fallback, what is popular."
    if not len(own):
        return f"Cold start: nothing is known of this listener; {name} answers from what it knows of tracks."
    return f"From {known}."
