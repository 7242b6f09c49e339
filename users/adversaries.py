"""Bots: accounts that act for or against one artist, and mean nothing of what they play.

- push: plays tracks of the artist to the end, again and again.
- nuke: leaves tracks of the artist within seconds, so that they look bad.
- bandwagon: pushes, and hides every other play among the charts.
- farm: plays tracks of the artist for little more than the 30 seconds that count.

In recommended sessions they do the same to tracks of the artist; all others a nuke plays to the end, and the
rest leave within seconds. A bot comes `bot_rate` times a day, its sessions end as anybody's do, its plays are
logged and count in the charts. It likes and learns nothing, so its satisfaction stays 0.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from simenv.catalogue import Catalogue
from simenv.floats import HALF, f32, scalar
from simenv.rng import Key, fold, stream, uniform
from simenv.types import HEARD_SECONDS, I32, REACHED, SKIPPED
from simenv.users.activities import go_on
from simenv.users.organic import CHARTS, LIBRARY, by_artist, from_charts
from simenv.users.session import advance

if TYPE_CHECKING:
    from simenv.users.params import ListenerParams

HONEST, PUSH, NUKE, BANDWAGON, FARM = range(5)
"""Values of the hidden column `bot`."""

_AIM, _COVER, _SECONDS = stream("bot aims"), stream("bot hides"), stream("bot seconds")
_HEARD, _GLANCE, _MORE = f32(HEARD_SECONDS), f32(1), f32(4)


def enlist(
    people: NDArray, rows: I32, life: I32, first: int, key: Key, catalogue: Catalogue, p: ListenerParams
) -> None:
    """Turn some of the newly born in `rows` into bots: columns `bot`, `target` (an artist) and `rate`.

    Who is one hangs on their own luck alone, so nobody else is changed by it. Number `first` is in row 0.
    """
    shares = (p.bots_push, p.bots_nuke, p.bots_bandwagon, p.bots_farm)
    if not any(shares):
        return
    who = rows.astype(np.int64) + first
    place = np.searchsorted(np.cumsum(shares), (key / "bot").uniform(who, life), side="right")
    is_bot = place < len(shares)
    bots, who, life = rows[is_bot], who[is_bot], life[is_bot]
    artists = targets(key, catalogue, p.bot_artists)
    people["bot"][bots] = PUSH + place[is_bot]
    people["target"][bots] = artists[(key / "bot target").below(len(artists), who, life)]
    people["rate"][bots] = p.bot_rate


def targets(key: Key, catalogue: Catalogue, count: int) -> I32:
    """(count,) artists that bots act on, drawn evenly among those who have a track out on day 0."""
    out = catalogue.released_by(0.0)
    artists = np.unique(catalogue.artist[out] if out.any() else catalogue.artist)
    luck = (key / "bot targets").uniform(artists)
    return artists[np.argsort(luck, kind="stable")[:count]]


@scalar
def aim(me, charts, luck):
    """What a bot plays by itself, and what it passes for: a track of its artist; else one from the charts."""
    x = uniform(fold(luck, _AIM))
    if me.bot != BANDWAGON or uniform(fold(luck, _COVER)) < HALF:
        track = by_artist(me.target, charts, x)
        if track >= 0:
            return track, LIBRARY
    return from_charts(charts, x), CHARTS


@scalar
def pretend(me, song, recommended, luck, p):
    """Play one track to a bot: seconds and flags. Nothing of the bot changes but where it stands in time."""
    seconds = song.seconds
    glance = _GLANCE + _MORE * uniform(fold(luck, _SECONDS))
    if song.artist == me.target:
        if me.bot == NUKE:
            seconds = glance
        if me.bot == FARM:
            seconds = _HEARD + glance
    elif recommended and me.bot != NUKE:
        seconds = glance
    seconds = min(seconds, song.seconds)
    flags = REACHED
    if seconds < song.seconds:
        flags = np.uint8(flags | SKIPPED)
    advance(me, seconds, p)
    me.position += 1
    go_on(me, luck)
    return seconds, flags
