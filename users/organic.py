"""What listeners play by themselves: favourites, or something new by known artists, charts, friends, nearby.

Charts are what `World.turn` published: popularity is emergent, quality and reach only start it.
"""

from __future__ import annotations

import numpy as np

from simenv._lanes import dot
from simenv.floats import ONE, ZERO, exp32, f32, log32, scalar
from simenv.rng import below, exponential, fold, stream, uniform
from simenv.urns import draw_from
from simenv.users.activities import EXPLORING, arousal_wanted
from simenv.users.appeal import NOTHING, newness
from simenv.users.exposure import FAMILIAR, FLOOR_DAYS, days_since, exposure, minute_of, plays_of
from simenv.users.recognition import recognises

LIBRARY, ARTIST, CHARTS, NEW, FRIENDS, NEARBY = 1, 2, 3, 4, 5, 6  # places in simenv.types.SOURCES
CANDIDATES, OF_ARTIST = 10, 6

_WHICH, _REPLAY, _RUN, _DISCOVER = (stream(s) for s in ("which", "replay", "album run", "discover"))
_BY_ARTIST, _BY_CHARTS, _BY_NEW, _GUMBEL, _PLACE = (stream(f"candidate {i}") for i in range(5))
_BY_FRIENDS, _FRIEND = stream("candidate of a friend"), stream("friend")
_FIRST, _SECOND, _NEAR = (stream(f"remembered {i}") for i in range(3))
_ENOUGH = 5  # tracks remembered before any is replayed


@scalar
def recalled(memory, slot, match, now, p):
    """e^(.9 ln n - .75 ln(days + .15) + F + match): ACT-R's base level, liking and the session's focus."""
    days = days_since(now, memory.minutes[slot])
    recall = p.frequency * log32(plays_of(memory.counts[slot])) - p.recency * log32(days + FLOOR_DAYS)
    return exp32(recall + exposure(memory.traces, slot, days, p) + match)


@scalar
def replay_weight(memory, slot, interest, music, time, p):
    """How readily one remembered track comes to mind: `recalled`, with match 1.3 <mu, z>."""
    match = p.focus * dot(interest, music.sound[memory.tracks[slot]])
    return recalled(memory, slot, match, minute_of(time), p)


@scalar
def weigh_library(me, interest, memory, music, weights, p):
    """`replay_weight` of everything remembered, into `weights` (H,); once a session.

    The matches first, which jump about in the catalogue; then the rest, which runs in lanes.
    """
    for j in range(me.remembered):
        weights[j] = p.focus * dot(interest, music.sound[memory.tracks[j]])
    now = minute_of(me.clock)
    for j in range(me.remembered):
        weights[j] = recalled(memory, j, weights[j], now, p)


@scalar
def replay(me, tracks, weights, x):
    """A remembered track by its weight."""
    total = ZERO
    for j in range(me.remembered):
        total += weights[j]
    target = x * total
    j, seen = 0, weights[0]
    while j < me.remembered - 1 and seen <= target:
        j += 1
        seen += weights[j]
    return tracks[j]


@scalar
def worth(track, interest, music, time, wanted, luck, p):
    """How a candidate looks: taste, quality, newness and fit to the hour, with a logit choice's Gumbel noise.

    LISTENER.md 8 leaves out the fit; without it nights sound like days, whatever the hour asks for.
    """
    song = music.songs[track]
    value = p.match * dot(interest, music.sound[track]) + p.quality * song.quality
    value += newness(f32(time - song.released), p) - p.arousal * abs(song.arousal - wanted)
    return value - log32(exponential(luck))


@scalar
def remembered_artist(me, memory, music, luck):
    """Of two remembered tracks drawn evenly, the artist of the one with more plays x familiarity."""
    a = below(me.remembered, fold(luck, _FIRST))
    b = below(me.remembered, fold(luck, _SECOND))
    strength_a = np.int64(memory.counts[a]) * np.int64(memory.traces[FAMILIAR, a])
    strength_b = np.int64(memory.counts[b]) * np.int64(memory.traces[FAMILIAR, b])
    return music.songs[memory.tracks[b if strength_b > strength_a else a]].artist


@scalar
def by_artist(artist, charts, x):
    """A track of an artist by the root of its chart weight; -1 if none is out."""
    start = charts.artist_start
    at = draw_from(charts.by_artist, start[artist], start[artist + 1], x)
    return np.int64(charts.artist_tracks[at]) if at >= 0 else np.int64(-1)


@scalar
def nearby(micro_genre, charts, luck):
    """A micro-genre near the interest's own, then one of its tracks by the charts; -1 if none is out."""
    x = uniform(fold(luck, _NEAR))
    start, m = charts.micro_start, charts.micro_start.shape[0] - 1
    near = draw_from(charts.near, micro_genre * m, (micro_genre + 1) * m, x) - micro_genre * m
    at = draw_from(charts.by_micro, start[near], start[near + 1], uniform(fold(luck, _PLACE)))
    return np.int64(charts.micro_tracks[at]) if at >= 0 else np.int64(-1)


@scalar
def from_charts(charts, x):
    """A track by its chart weight."""
    return np.int64(max(draw_from(charts.tracks, 0, charts.tracks.sums.shape[0], x), 0))


@scalar
def new_release(charts, x):
    """A track that came out lately, by quality and age."""
    return np.int64(charts.new_tracks[draw_from(charts.new, 0, charts.new_tracks.shape[0], x)])


@scalar
def from_friend(u, circle, luck):
    """One of the last plays of one of the friends of listener u, both drawn evenly; -1: there is none.

    Nobody has friends before the first turn, nor in a world that never turns.
    """
    start = circle.start
    if start.shape[0] == 0 or start[u] == start[u + 1]:
        return np.int64(-1)
    friend = circle.friends[start[u] + below(start[u + 1] - start[u], fold(luck, _FRIEND))]
    return np.int64(circle.recent[friend, below(circle.recent.shape[1], fold(luck, _PLACE))])


@scalar
def candidate(me, u, home, memory, music, charts, luck, p):
    """One thing to try, and where it was met: by a known artist, charts, releases, friends or nearby."""
    x = uniform(fold(luck, _PLACE))
    if me.remembered > _ENOUGH and uniform(fold(luck, _BY_ARTIST)) < p.known_artist:
        return by_artist(remembered_artist(me, memory, music, luck), charts, x), ARTIST
    if uniform(fold(luck, _BY_CHARTS)) < me.mainstream:
        return from_charts(charts, x), CHARTS
    if charts.new_tracks.shape[0] > 0 and uniform(fold(luck, _BY_NEW)) < p.new_releases:
        return new_release(charts, x), NEW
    if uniform(fold(luck, _BY_FRIENDS)) < p.friends:
        track = from_friend(u, charts.circle, luck)
        if track >= 0:
            return track, FRIENDS
    return nearby(home[me.focus], charts, luck), NEARBY


@scalar
def discover(me, u, interest, home, memory, music, charts, luck, p):
    """The best of ten candidates not heard before; if all ten are, one chart draw is taken as it comes."""
    luck = fold(luck, _DISCOVER)
    wanted = arousal_wanted(me.clock, me.activity, p)
    best, track, source = NOTHING, np.int64(-1), CHARTS
    for c in range(CANDIDATES):
        own = fold(luck, c)
        i, how = candidate(me, u, home, memory, music, charts, own, p)
        if i < 0 or recognises(memory.filters, i):
            continue
        value = worth(i, interest, music, me.clock, wanted, fold(own, _GUMBEL), p)
        if value > best:
            best, track, source = value, i, how
    if track < 0:
        track = from_charts(charts, uniform(fold(luck, _PLACE)))
    return track, source


@scalar
def one_more(me, interest, music, charts, luck, p):
    """One more track by the artist of the last (an album run), the best of six draws; -1: there is none."""
    artist = music.songs[me.last_track].artist
    wanted = arousal_wanted(me.clock, me.activity, p)
    best, track = NOTHING, np.int64(-1)
    for c in range(OF_ARTIST):
        own = fold(luck, c)
        i = by_artist(artist, charts, uniform(fold(own, _PLACE)))
        if i < 0 or i == me.last_track:
            continue
        value = worth(i, interest, music, me.clock, wanted, fold(own, _GUMBEL), p)
        if value > best:
            best, track = value, i
    return track


@scalar
def choose(me, u, tastes, memory, weights, music, charts, luck, p):
    """What an organic session of listener u plays next, and its source; `weights` (H,) are replay weights."""
    interest = tastes.taste[me.focus]
    if me.last_track >= 0 and uniform(fold(luck, _RUN)) < p.album_run:
        track = one_more(me, interest, music, charts, fold(luck, _RUN), p)
        if track >= 0:
            return track, ARTIST
    exploring = me.discovery * (ONE + p.activity * EXPLORING[me.activity])
    if me.remembered > _ENOUGH and uniform(fold(luck, _WHICH)) >= exploring:
        return np.int64(replay(me, memory.tracks, weights, uniform(fold(luck, _REPLAY)))), LIBRARY
    return discover(me, u, interest, tastes.home, memory, music, charts, luck, p)
