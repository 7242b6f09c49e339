"""A catalogue of real tracks from a table: what it says is public, what only listeners hear is hashed."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa
from scipy import special

from simenv._genres import micro_genres, numbered, parents, public_genres
from simenv._rows import read_tracks
from simenv._tables import open_table
from simenv.catalogue import Catalogue, Hidden, Names
from simenv.errors import UsageError
from simenv.floats import exp_array, f32
from simenv.rng import U64, Key
from simenv.synthetic import DIMENSIONS, Synthetic, directions, near, orthogonal, unit
from simenv.types import F32, F64

UNKNOWN_SECONDS = 210.0


def from_table(
    source: str | Path | pa.Table,
    columns: Mapping[str, str] | None = None,
    *,
    key: Key,
    kappa: float = 0.5,
) -> tuple[Catalogue, Hidden]:
    """The tracks of a table, with a hidden sound for each.

    Needed are an artist and a title or a track_id. A track of unknown length lasts 210 s; one without a date
    was out before the start; the newest came out on the day before it. An artist's commonest sub-genre, or
    else genre, is their micro-genre. The sound is ``unit(h + A (kappa x / sqrt(d) - (1 - s) A' h))``, s =
    sqrt(1 - kappa^2): along eight directions A the whitened audio x, as far as kappa goes, beside it h, which
    follows genre, artist and track as in the synthetic world. Whatever is hidden is a hash of ids and names.

    Args:
        source: a CSV, TSV or Parquet file, gzipped or not; or a table.
        columns: used as -> name of the column, for columns that are not recognised: ``{"title": "Song"}``.
        key: of all that is drawn.
        kappa: how much of the sound the public audio tells, in [0, 1].

    Raises:
        UsageError: if the table cannot be used; the message says what to do.

    Warns:
        UserWarning: if rows were skipped (up to 1 %).
    """
    if not 0 <= kappa <= 1:
        raise UsageError(f"kappa={kappa}; a number from 0 (content says nothing) to 1 was expected")
    table = source if isinstance(source, pa.Table) else open_table(Path(source))
    tracks = read_tracks(table, columns or {})
    events = hashes(tracks.ids)
    # An artist without a name is one of their own.
    apart = ["" if name else track for name, track in zip(tracks.artists, tracks.ids, strict=True)]
    artists, artist = numbered(list(zip(tracks.artists, apart, strict=True)))
    artist_events = hashes("\n".join(parts) for parts in artists)
    albums, album = numbered([(str(a), title) for a, title in zip(artist, tracks.albums, strict=True)])

    of_artist = micro_genres(tracks, artist, artist_events, key / "micro-genre of artist")
    of_track = [of_artist[i] for i in artist]
    parent_of = parents(tracks, of_track)
    genres, genre_start, genre_ids = public_genres(tracks, [parent_of[name] for name in of_track])
    micros, micro_of = numbered(of_artist)
    micro = micro_of[artist]
    parent_names, parent = numbered([parent_of[name] for name in micros])
    genre_sounds = directions(key / "genre sound", hashes(parent_names))
    centres = near(genre_sounds[parent], 0.45, key / "micro-genre sound", hashes(micros))
    by_artist = near(centres[micro_of], 0.30, key / "artist sound", artist_events)
    sound = near(by_artist[artist], 0.25, key / "track sound", events)
    sound = blend(sound, whitened(tracks.audio), kappa, key / "axes")

    tilt = f32(0.5) * genre_sounds[parent[micro], 0] + f32(0.15) * (key / "arousal").normal(events)
    shared = f32(Synthetic.artist_quality)
    quality = shared * (key / "artist quality").normal(artist_events)[artist]
    quality += np.sqrt(1 - shared * shared) * (key / "track quality").normal(events)
    reach = exp_array(f32(Synthetic.reach) * (key / "reach").normal(artist_events))
    nothing = np.zeros(len(sound), np.int32)
    catalogue = Catalogue(
        audio=tracks.audio.astype(f32),
        genre_start=genre_start,
        genre_ids=genre_ids,
        album=album,
        artist=artist,
        label=nothing,
        group=nothing,
        seconds=np.nan_to_num(tracks.seconds, nan=UNKNOWN_SECONDS).astype(f32),
        released=before_start(tracks.released, (key / "age").exponential(events)),
        features=tracks.features,
        names=Names(
            ids=tracks.ids,
            tracks=tracks.titles,
            artists=[name or "unknown" for name, _ in artists],
            albums=[title or "unknown" for _, title in albums],
            genres=genres,
            groups=("unknown",),
        ),
    )
    hidden = Hidden(
        sound=sound,
        quality=quality,
        hook=np.zeros(len(sound), f32),
        depth=np.zeros(len(sound), f32),
        arousal=np.clip(f32(0.5) + tilt, 0, 1),
        reach=reach[artist],
        micro_genre=micro,
        centroids=unit(np.stack([sound[micro == m].sum(0) for m in range(len(micros))])),
        supply=(np.bincount(micro_of) / len(micro_of)).astype(f32),
    )
    return catalogue, hidden


def hashes(names: Iterable[str]) -> U64:
    """Events of things that have names: 64 bits each."""
    digests = b"".join(hashlib.blake2b(name.encode(), digest_size=8).digest() for name in names)
    return np.frombuffer(digests, ">u8").astype(np.uint64)


def whitened(audio: F64) -> F32:
    """(T, f) normal scores of the features' ranks, made uncorrelated with sd 1; constant directions are 0.

    Ranks, because a few instrumental or spoken tracks would else lie ten sd away from all others.
    """
    scores = np.empty_like(audio)
    for column in range(audio.shape[1]):
        _, place, counts = np.unique(audio[:, column], return_inverse=True, return_counts=True)
        middle = (np.cumsum(counts) - counts / 2) / len(audio)  # of equal values: of the ranks they share
        scores[:, column] = special.ndtri(middle)[place]
    values, axes = np.linalg.eigh(scores.T @ scores / len(scores))
    scale = np.where(values > 1e-6, 1 / np.sqrt(np.maximum(values, 1e-6)), 0.0)
    return (scores @ (axes * scale) @ axes.T).astype(f32)


def blend(sound: F32, shown: F32, kappa: float, key: Key) -> F32:
    """(T, d) unit rows: `sound`, in f directions of which `shown` takes the place to the extent of kappa."""
    axes = orthogonal(key, DIMENSIONS, shown.shape[1])
    along = np.einsum("td,df->tf", sound, axes)
    change = f32(kappa / np.sqrt(DIMENSIONS)) * shown - f32(1 - np.sqrt(1 - kappa**2)) * along
    return unit(sound + np.einsum("tf,df->td", change, axes))


def before_start(dates: F64, ages: F32) -> F64:
    """(T,) days of release, the newest on day -1; those without a date 400 days before that in the mean."""
    newest = dates[np.isfinite(dates)].max(initial=-np.inf)
    return -1.0 - np.where(np.isfinite(dates), newest - dates, 400.0 * ages.astype(np.float64))
