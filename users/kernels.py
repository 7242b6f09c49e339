"""The drivers: compiled loops over listeners. One reads the rows of a listener once and tells their story.

Each takes a range [lo, hi) of places in `rows`, so that a crowd can be cut into chunks for threads: a listener
touches only rows of their own, and the result cannot depend on the cut.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

import simenv.floats as floats
import simenv.rng as rng
from simenv._cache import driver
from simenv.floats import ZERO, f32
from simenv.types import LEFT
from simenv.users.activities import arousal_wanted
from simenv.users.appeal import affinity, fixed_appeal, idiosyncrasy
from simenv.users.exposure import days_since, exposure
from simenv.users.listen import listen, play_luck
from simenv.users.organic import choose, replay_weight, weigh_library
from simenv.users.session import ASKING, IDLE, LONGEST, begin, ends, plan_return

SOURCES = [*Path(__file__).parent.glob("*.py"), Path(rng.__file__), Path(floats.__file__)]
compiled = driver(SOURCES)


@compiled
def settle_in(rows, lo, hi, people, params):
    """Plan the first session of listeners who were just born."""
    p = params[0]
    for j in range(lo, hi):
        plan_return(people[rows[j]], p)


@compiled
def play(
    rows, lo, hi, slate, people, taste, weight, tracks, minutes, traces, filters, songs, sound, params,
    time, seconds, utility, flags, activity, device,
):  # fmt: skip
    """Play to each of `rows` (m,) their row of `slate` (m, k), until it or the session is over.

    The last six arguments are results, (m, k) each; what is not reached stays as it is. A track under 0 plays
    nothing.
    """
    p = params[0]
    for j in range(lo, hi):
        u = rows[j]
        me = people[u]
        me.visit += 1
        my_taste, my_weight = taste[u], weight[u]
        my_tracks, my_minutes, my_traces, my_filters = tracks[u], minutes[u], traces[u], filters[u]
        for slot in range(slate.shape[1]):
            i = slate[j, slot]
            if i < 0:
                continue
            luck = play_luck(me)
            time[j, slot], activity[j, slot], device[j, slot] = me.clock, me.activity, me.device
            seconds[j, slot], bits, utility[j, slot], _ = listen(
                me, my_taste, my_weight, my_tracks, my_minutes, my_traces, my_filters, songs[i], sound[i], i,
                True, luck, p,
            )  # fmt: skip
            over = ends(me, luck, p)
            flags[j, slot] = np.uint8(bits | LEFT) if over else bits
            if over:
                plan_return(me, p)
                break


@compiled
def live(
    rows, lo, hi, until, share, people, taste, weight, home, home_weight, tracks, minutes, traces, filters,
    songs, sound, centroids, charts, params, weights, buffer,
):  # fmt: skip
    """Let each of `rows` live until they ask, or until their next session begins at `until` or later.

    Organic plays go to `buffer` (b,) of `population.EVENT`; when it may not hold one more session, the loop
    pauses. `weights` (H,) is scratch.

    Returns:
        the place in `rows` to go on from, and how many plays are in the buffer.
    """
    p = params[0]
    count = 0
    for j in range(lo, hi):
        u = rows[j]
        me = people[u]
        while me.phase == IDLE and me.clock < until:
            if buffer.shape[0] - count < LONGEST:
                return j, count
            if begin(me, taste[u], weight[u], home[u], home_weight[u], centroids, share, p):
                me.phase = ASKING
                break
            interest = taste[u, me.focus]
            weigh_library(me, interest, tracks[u], minutes[u], traces[u], sound, weights, p)
            over = False
            while not over:
                luck = play_luck(me)
                i, source = choose(
                    me,
                    taste[u],
                    home[u],
                    tracks[u],
                    traces[u],
                    filters[u],
                    weights,
                    songs,
                    sound,
                    charts,
                    luck,
                    p,
                )
                event = buffer[count]
                event.time, event.listener, event.track, event.session = me.clock, u, i, me.session
                event.source, event.activity, event.device = source, me.activity, me.device
                seconds, flags, _, slot = listen(
                    me, taste[u], weight[u], tracks[u], minutes[u], traces[u], filters[u], songs[i], sound[i], i,
                    False, luck, p,
                )  # fmt: skip
                over = ends(me, luck, p)
                event.seconds = seconds
                event.flags = np.uint8(flags | LEFT) if over else flags
                count += 1
                weights[slot] = replay_weight(
                    traces[u, slot], minutes[u, slot], interest, sound[i], me.clock, p
                )
            plan_return(me, p)
    return hi, count


@compiled
def appeal(
    rows, lo, hi, candidates, people, taste, weight, tracks, minutes, traces, songs, sound, params, out
):
    """True utility less noise, mood and lift of `candidates` at each listener's own time, into `out` (m, c).

    `candidates` is (m, c), or (1, c) for the same tracks to all.
    """
    p = params[0]
    shared = candidates.shape[0] == 1
    for j in range(lo, hi):
        u = rows[j]
        me = people[u]
        wanted = arousal_wanted(me.clock, me.activity, p)
        place = candidates[0] if shared else candidates[j]
        for c in range(place.shape[0]):
            i = place[c]
            song = songs[i]
            liking, _ = affinity(taste[u], weight[u], me.interests, sound[i], p)
            own = idiosyncrasy(me.luck, i, p)
            age = f32(me.clock - song.released)
            out[j, c] = liking + fixed_appeal(song.quality, song.arousal, age, wanted, own, p)
        for s in range(me.remembered):
            familiar = exposure(traces[u, s], days_since(me.clock, minutes[u, s]), p)
            if familiar == ZERO:
                continue
            for c in range(place.shape[0]):
                out[j, c] += familiar if place[c] == tracks[u, s] else ZERO
