"""The drivers: compiled loops over listeners. One reads the rows of a listener once and tells their story.

Each takes a range [lo, hi) of places in `rows`, so that a crowd can be cut into chunks for threads: a
listener touches only rows of their own, and the result cannot depend on the cut.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

import simenv._lanes as lanes
import simenv._prefetch as prefetch
import simenv.context as context
import simenv.floats as floats
import simenv.rng as rng
import simenv.types as types
import simenv.urns as urns
from simenv._cache import driver
from simenv._prefetch import fetch
from simenv.context import show_context
from simenv.floats import ZERO, exp32, f32, scalar
from simenv.types import LEFT, SKIPPED
from simenv.users.activities import arousal_wanted
from simenv.users.adversaries import HONEST, aim
from simenv.users.appeal import (
    NOTHING,
    affinity,
    cosines,
    fixed_appeal,
    fixed_appeal_of,
    idiosyncrasy,
    weight_gain,
)
from simenv.users.birth import be_born, forget, take_interest
from simenv.users.choice import choose_slot, decline, look
from simenv.users.derived import LONGEST
from simenv.users.exposure import days_since, exposure, find, minute_of
from simenv.users.fatigue import genre_fatigue
from simenv.users.listen import listen, play_luck
from simenv.users.organic import choose, replay_weight, weigh_library
from simenv.users.rows import Memory, Music, Tastes
from simenv.users.session import ASKING, IDLE, begin, ends, plan_return

SOURCES = [
    *Path(__file__).parent.glob("*.py"),
    *(Path(str(module.__file__)) for module in (context, floats, lanes, prefetch, rng, types, urns)),
]
compiled = driver(SOURCES)
NO_FLAGS = np.uint8(0)


@compiled
def bear(
    rows, lo, hi, first, life, time, nobody, people, taste, weight, home, home_weight, tracks, minutes,
    counts, traces, filters, genres, centroids, laws, params,
):  # fmt: skip
    """New listeners take `rows`, number `first` being in row 0; `nobody` (1,) is a person to begin from.

    The memory of who has not lived through a session is as it was made, and is not touched.
    """
    p = params[0]
    for j in range(lo, hi):
        u = rows[j]
        lived = people[u].session > 0
        people[u] = nobody[0]
        me, who = people[u], u + first
        be_born(me, who, life[j], time, laws, p)
        take_interest(me, who, Tastes(taste[u], weight[u], home[u], home_weight[u]), centroids, laws)
        if lived:
            forget(tracks[u], minutes[u], counts[u], traces[u], filters[u], genres[u])


@compiled
def settle_in(rows, lo, hi, people, params):
    """Plan the first session of listeners who were just born."""
    p = params[0]
    for j in range(lo, hi):
        plan_return(people[rows[j]], p)


@compiled
def ask(rows, people, time, shown, session, visit):
    """What each of `rows` shows of their situation, into the four last arguments, a row each."""
    for j in range(len(rows)):
        me = people[rows[j]]
        time[j], session[j], visit[j] = me.clock, me.position, me.visit
        show_context(shown[j], me.clock, me.activity, me.device)


@scalar
def look_ahead(u, people, taste, weight, tracks, minutes, counts, traces, filters):
    """Begin to load the rows of the next listener; a big crowd would spend a fifth of its time waiting."""
    fetch(people, u)
    fetch(taste, u)
    fetch(weight, u)
    fetch(tracks, u)
    fetch(minutes, u)
    fetch(counts, u)
    fetch(traces, u)
    fetch(filters, u)


@compiled
def play(
    rows, lo, hi, slate, people, taste, weight, home, home_weight, tracks, minutes, counts, traces, filters,
    genres, songs, sound, params, time, seconds, utility, flags, activity, device, reached, skipped, left,
):  # fmt: skip
    """Play to each of `rows` (m,) their row of `slate` (m, k), until it or the session is over.

    The last nine arguments are results, (m, k) each and `left` (m,); what is not reached stays as it is. A
    track under 0 plays nothing.
    """
    p, music = params[0], Music(songs, sound)
    for j in range(lo, hi):
        u = rows[j]
        if j + 1 < hi:
            look_ahead(rows[j + 1], people, taste, weight, tracks, minutes, counts, traces, filters)
            for slot in range(slate.shape[1]):
                i = slate[j + 1, slot]
                if i >= 0:
                    fetch(songs, i)
                    fetch(sound, i)
        me = people[u]
        tastes = Tastes(taste[u], weight[u], home[u], home_weight[u])
        memory = Memory(tracks[u], minutes[u], counts[u], traces[u], filters[u], genres[u])
        me.visit += 1
        for slot in range(slate.shape[1]):
            i = slate[j, slot]
            if i < 0:
                continue
            luck = play_luck(me)
            time[j, slot], activity[j, slot], device[j, slot] = me.clock, me.activity, me.device
            heard, bits, liking, _ = listen(me, tastes, memory, music, i, True, luck, p)
            seconds[j, slot], utility[j, slot] = heard, liking
            over = ends(me, luck, p)
            flags[j, slot] = np.uint8(bits | LEFT) if over else bits
            reached[j, slot], skipped[j, slot] = True, bits & SKIPPED != 0
            if over:
                left[j] = True
                plan_return(me, p)
                break


@compiled
def browse(
    rows, lo, hi, slate, pi, looks, people, taste, weight, home, home_weight, tracks, minutes, counts, traces,
    filters, genres, songs, sound, params, time, seconds, utility, flags, activity, device, reached, skipped,
    left,
):  # fmt: skip
    """Show to each of `rows` (m,) their row of `slate` (m, k); at most one track is picked and played.

    `pi` (k,) says how likely each slot is looked at, `looks` (k,) is scratch. Where nothing is picked and the
    session is over, slot 0 says so. Else as in `play`.
    """
    p, music = params[0], Music(songs, sound)
    for j in range(lo, hi):
        u = rows[j]
        me = people[u]
        tastes = Tastes(taste[u], weight[u], home[u], home_weight[u])
        memory = Memory(tracks[u], minutes[u], counts[u], traces[u], filters[u], genres[u])
        me.visit += 1
        luck = play_luck(me)
        wanted = arousal_wanted(me.clock, me.activity, p)
        for slot in range(slate.shape[1]):
            i = slate[j, slot]
            looks[slot] = ZERO
            if i >= 0:
                looks[slot] = pi[slot] * exp32(look(me, tastes, memory, music, i, wanted, luck, p))
        slot, bits = choose_slot(looks, luck, p), NO_FLAGS
        if slot >= 0:
            time[j, slot], activity[j, slot], device[j, slot] = me.clock, me.activity, me.device
            heard, bits, liking, _ = listen(me, tastes, memory, music, slate[j, slot], True, luck, p)
            seconds[j, slot], utility[j, slot] = heard, liking
            reached[j, slot], skipped[j, slot] = True, bits & SKIPPED != 0
        else:
            decline(me, p)
        over = left[j] = ends(me, luck, p)
        flags[j, max(slot, 0)] = np.uint8(bits | LEFT) if over else bits
        if over:
            plan_return(me, p)


@compiled
def live(
    rows, lo, hi, until, share, people, taste, weight, home, home_weight, tracks, minutes, counts, traces,
    filters, genres, songs, sound, params, centroids, charts, weights, buffer,
):  # fmt: skip
    """Let each of `rows` live until they ask, or until their next session begins at `until` or later.

    Organic plays go to `buffer` (b,) of `population.EVENT`; when it may not hold one more session, the loop
    pauses. `weights` (H,) is scratch.

    Returns:
        the place in `rows` to go on from, and how many plays are in the buffer.
    """
    p, music = params[0], Music(songs, sound)
    count = 0
    for j in range(lo, hi):
        u = rows[j]
        if j + 1 < hi:
            fetch(people, rows[j + 1])
            fetch(taste, rows[j + 1])
        me = people[u]
        tastes = Tastes(taste[u], weight[u], home[u], home_weight[u])
        memory = Memory(tracks[u], minutes[u], counts[u], traces[u], filters[u], genres[u])
        while me.phase == IDLE and me.clock < until:
            if buffer.shape[0] - count < LONGEST:
                return j, count
            if begin(me, tastes, centroids, share, p):
                me.phase = ASKING
                break
            interest = tastes.taste[me.focus]
            weigh_library(me, interest, memory, music, weights, p)
            over = False
            while not over:
                luck = play_luck(me)
                if me.bot == HONEST:
                    i, source = choose(me, u, tastes, memory, weights, music, charts, luck, p)
                else:
                    i, source = aim(me, charts, luck)
                event = buffer[count]
                event.time, event.listener, event.track, event.session = me.clock, u, i, me.session
                event.source, event.activity, event.device = source, me.activity, me.device
                seconds, flags, _, slot = listen(me, tastes, memory, music, i, False, luck, p)
                over = ends(me, luck, p)
                event.seconds = seconds
                event.flags = np.uint8(flags | LEFT) if over else flags
                count += 1
                if slot >= 0:
                    weights[slot] = replay_weight(memory, slot, interest, music, me.clock, p)
            plan_return(me, p)
    return hi, count


@compiled
def enter(events, start, time, listener, track, session, seconds, flags, source, activity, device):
    """Write `events` (e,) of a buffer into columns, from row `start` on."""
    for e in range(events.shape[0]):
        event, row = events[e], start + e
        time[row], listener[row], track[row] = event.time, event.listener, event.track
        session[row], seconds[row], flags[row] = event.session, event.seconds, event.flags
        source[row], activity[row], device[row] = event.source, event.activity, event.device


@compiled
def appeal(
    rows,
    lo,
    hi,
    candidates,
    people,
    taste,
    weight,
    tracks,
    minutes,
    traces,
    genres,
    songs,
    sound,
    params,
    out,
):
    """True utility less noise, mood and lift of `candidates` (m, c) at listeners' own times, into `out`."""
    p = params[0]
    for j in range(lo, hi):
        u = rows[j]
        me = people[u]
        wanted = arousal_wanted(me.clock, me.activity, p)
        for c in range(candidates.shape[1]):
            i = candidates[j, c]
            liking, _ = affinity(taste[u], weight[u], me.interests, sound[i], p)
            liking += fixed_appeal_of(me, songs[i], i, wanted, p)
            liking -= genre_fatigue(me, genres[u], songs[i].genre, p)
            slot = find(tracks[u], i)
            if slot >= 0:
                liking += exposure(traces[u], slot, days_since(minute_of(me.clock), minutes[u, slot]), p)
            out[j, c] = liking


@compiled
def appeal_of_all(
    rows, lo, hi, people, taste, weight, tracks, minutes, traces, genres, songs, sounds, merits, arousals,
    released, params, block, out,
):  # fmt: skip
    """`appeal` of all T tracks, into `out` (m, T), in blocks of tracks that the processor's lanes share.

    `sounds` is z the other way round, (d, T); `merits`, `arousals` and `released` (T,) are columns of
    `songs`, as lanes want them; `block` (2, b) is scratch. Each sum runs in the order of `appeal`, so the two
    give the same bits.
    """
    p = params[0]
    width, n_tracks = block.shape[1], sounds.shape[1]
    for j in range(lo, hi):
        u = rows[j]
        me = people[u]
        wanted = arousal_wanted(me.clock, me.activity, p)
        for start in range(0, n_tracks, width):
            size = min(width, n_tracks - start)
            for c in range(size):
                block[1, c] = NOTHING
            for k in range(me.interests):
                cosines(taste[u, k], sounds, start, size, block[0])
                gain = weight_gain(weight[u, k], p)
                for c in range(size):
                    block[1, c] = max(block[1, c], p.match * block[0, c] + gain)
            for c in range(size):
                block[0, c] = idiosyncrasy(me.luck, start + c, p)
            for c in range(size):
                i = start + c
                age = f32(me.clock - released[i])
                fixed = fixed_appeal(merits[i], age, arousals[i], wanted, block[0, c], p)
                out[j, i] = block[1, c] + fixed
        if genres.shape[1] > 0:
            for i in range(n_tracks):
                out[j, i] -= genre_fatigue(me, genres[u], songs[i].genre, p)
        now = minute_of(me.clock)
        for s in range(me.remembered):
            out[j, tracks[u, s]] += exposure(traces[u], s, days_since(now, minutes[u, s]), p)
