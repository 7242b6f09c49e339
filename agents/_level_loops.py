"""The compiled loops under `_levels.py`: a listener's rates by album, artist and genre, and what they say."""

from __future__ import annotations

from pathlib import Path

from simenv import _cache, floats
from simenv.floats import ONE, ZERO, f32, scalar

driver = _cache.driver([Path(__file__), Path(floats.__file__)])


@scalar
def _rate(n, h, m, smoothing):
    """What is heard, h in n plays, smoothed towards m."""
    return (h + smoothing * m) / (n + smoothing) if n + smoothing > ZERO else m


@scalar
def _settle(n, rate, prior, smoothing):
    """Turn sums of what was heard into rates, in place."""
    for e in range(len(n)):
        rate[e] = _rate(n[e], rate[e], prior[e], smoothing)


@scalar
def _gather(
    own, track, plays, heard, of_album, of_artist, of_genre, album, artist, genre_start, genre_ids, smoothing,
    album_n, artist_n, genre_n, album_rate, artist_rate, genre_rate,
):  # fmt: skip
    """Plays and rates of one listener, whose tracks lie at `own`, by album, artist and genre."""
    album_n[:], artist_n[:], genre_n[:] = ZERO, ZERO, ZERO
    album_rate[:], artist_rate[:], genre_rate[:] = ZERO, ZERO, ZERO
    for e in own:
        i = track[e]
        album_n[album[i]] += plays[e]
        album_rate[album[i]] += heard[e]
        artist_n[artist[i]] += plays[e]
        artist_rate[artist[i]] += heard[e]
        for g in genre_ids[genre_start[i] : genre_start[i + 1]]:
            genre_n[g] += plays[e]
            genre_rate[g] += heard[e]
    _settle(album_n, album_rate, of_album, smoothing)
    _settle(artist_n, artist_rate, of_artist, smoothing)
    _settle(genre_n, genre_rate, of_genre, smoothing)


@driver
def blend(
    rows, start, track, plays, heard, of_track, of_album, of_artist, of_genre, album, artist, genre_start,
    genre_ids, smoothing, weights, best_genre, album_n, artist_n, genre_n, album_rate, artist_rate,
    genre_rate, out,
):  # fmt: skip
    """`Levels.blended`, into `out` (m, T)."""
    for r in range(len(rows)):
        own = range(start[rows[r]], start[rows[r] + 1])
        _gather(
            own, track, plays, heard, of_album, of_artist, of_genre, album, artist, genre_start, genre_ids,
            smoothing, album_n, artist_n, genre_n, album_rate, artist_rate, genre_rate,
        )  # fmt: skip
        for i in range(out.shape[1]):
            total, weight = weights[3] * of_track[i], weights[3]
            if album_n[album[i]] > ZERO:
                total += weights[0] * album_rate[album[i]]
                weight += weights[0]
            if artist_n[artist[i]] > ZERO:
                total += weights[1] * artist_rate[artist[i]]
                weight += weights[1]
            known, genres = ZERO, ZERO
            for g in genre_ids[genre_start[i] : genre_start[i + 1]]:
                if genre_n[g] > ZERO:
                    known += ONE
                    genres = max(genres, genre_rate[g]) if best_genre else genres + genre_rate[g]
            if known > ZERO:
                total += weights[2] * (genres if best_genre else genres / known)
                weight += weights[2]
            out[r, i] = total / weight if weight > ZERO else of_track[i]
        for e in own:
            out[r, track[e]] = _rate(plays[e], heard[e], out[r, track[e]], smoothing)


@driver
def tell(
    rows, start, track, plays, heard, of_track, of_album, of_artist, of_genre, album, artist, genre_start,
    genre_ids, smoothing, tracks, track_n, track_h, album_n, artist_n, genre_n, album_rate, artist_rate,
    genre_rate, out,
):  # fmt: skip
    """`Levels.facts`, plays not yet as logarithms, into `out` (m, c, 8) of zeros."""
    track_n[:], track_h[:] = ZERO, ZERO
    for r in range(len(rows)):
        own = range(start[rows[r]], start[rows[r] + 1])
        _gather(
            own, track, plays, heard, of_album, of_artist, of_genre, album, artist, genre_start, genre_ids,
            smoothing, album_n, artist_n, genre_n, album_rate, artist_rate, genre_rate,
        )  # fmt: skip
        for e in own:
            track_n[track[e]], track_h[track[e]] = plays[e], heard[e]
        for c in range(tracks.shape[1]):
            i, row = tracks[r, c], out[r, c]
            row[0], row[1] = track_n[i], _rate(track_n[i], track_h[i], of_track[i], smoothing)
            row[2], row[3] = album_n[album[i]], album_rate[album[i]]
            row[4], row[5] = artist_n[artist[i]], artist_rate[artist[i]]
            genres = genre_ids[genre_start[i] : genre_start[i + 1]]
            for g in genres:
                row[6] += genre_n[g] / f32(len(genres))
                row[7] += genre_rate[g] / f32(len(genres))
        for e in own:
            track_n[track[e]], track_h[track[e]] = ZERO, ZERO
