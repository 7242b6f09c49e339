"""Genre fatigue: the more of a genre was heard in the last days, the less one more track of it appeals.

Each genre has a counter of its plays that fades within days. The counters exist only where fatigue is on.
"""

from __future__ import annotations

from simenv.floats import ONE, ZERO, exp32, f32, log32, scalar


@scalar
def genre_fatigue(me, genres, genre, p):
    """G = fatigue ln(1 + s), s the genre's plays, faded by e^(-dt / 2 d); 0 where it is off or unknown.

    Args:
        me: the listener's scalars.
        genres: (G,) their counters as of `me.tired`; (0,) where fatigue is off.
        genre: the track's main one; -1: unknown.
        p: parameters.
    """
    if genre < 0 or genres.shape[0] == 0:
        return ZERO
    faded = genres[genre] * exp32(-f32(me.clock - me.tired) / p.fatigue_days)
    return p.fatigue * log32(ONE + faded)


@scalar
def tire(me, genres, genre, fraction, p):
    """Count a play of `fraction` of a track of a genre; all counters are faded to this moment."""
    if genres.shape[0] == 0:
        return
    kept = exp32(-f32(me.clock - me.tired) / p.fatigue_days)
    me.tired = me.clock
    for g in range(genres.shape[0]):
        genres[g] *= kept
    if genre >= 0:
        genres[genre] += fraction
