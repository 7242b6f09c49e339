"""A catalogue made up from nothing: genre > micro-genre > artist > album > track (LISTENER.md 1)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simenv.catalogue import AUDIO, CUES, Catalogue, Hidden, Names
from simenv.errors import UsageError
from simenv.floats import exp_array, f32
from simenv.rng import Key
from simenv.types import F32, F64, I32

DIMENSIONS = 16
"""d of the hidden sound."""

SLOWEST, FASTEST = 60.0, 180.0  # beats a minute


@dataclass(frozen=True)
class Synthetic:
    """The recipe of a synthetic catalogue: the same recipe and key give the same tracks, bit for bit.

    With e a random direction: ``c_micro = unit(c_genre + .45 e)``, ``z_artist = unit(c_micro + .30 e)``,
    ``z_track = unit(z_artist + .25 e)``; quality ``q = .9 q_artist + .44 N(0, 1)``, of mean 0 over tracks.
    What shows of a track's sound is ``squash(A [kappa z + sqrt(1 - kappa^2) noise])``.

    Plays concentrate on few artists because supply does: sizes of catalogues are log-normal, so is reach,
    and they and quality rise with an artist's standing. Sizes are about those of a public table of 28,356
    tracks by 10,692 artists: there the artists' top hundredth has .14 of the tracks, here .13 to .16.
    """

    tracks: int = 20_000
    """Tracks, those that come out during the simulation included."""
    artists: int | None = None
    """Artists; by default as many as tracks. One who gets no track is left out, two in three."""
    genres: int = 24
    """Genres; never more than micro-genres."""
    micro_genres: int = 300
    """Micro-genres; never more than a twelfth of the tracks."""
    kappa: float = 0.5
    """How much of the hidden sound shows in the audio features: 0 nothing, 1 all of eight directions."""
    arrivals: float = 0.001
    """Tracks that come out a day, as a share of those out on day 0."""
    days: float = 480.0
    """For how many days releases are scheduled."""
    past: float = 400.0
    """Mean age on day 0 of what is out by then, in days."""
    album: int = 10
    """Tracks an album, in the order in which an artist brought them out."""
    groups: tuple[str, ...] = ("men", "women", "others")
    """Groups of artists."""
    supply: tuple[float, ...] = (0.66, 0.30, 0.04)
    """Share of artists in each group."""
    major: float = 0.3
    """Share of artists on a major label."""
    micro_spread: float = 0.45
    """How far micro-genres lie from their genre."""
    artist_spread: float = 0.30
    """How far artists lie from their micro-genre."""
    track_spread: float = 0.25
    """How far tracks lie from their artist."""
    catalogue_spread: float = 1.7
    """Sd of the logarithm of artists' catalogue sizes; 0: all artists get tracks alike."""
    quality_spread: float = 1.0
    """Sd of quality over tracks; 0: all are equally good."""
    artist_quality: float = 0.9
    """Correlation of a track's quality with its artist's; 0: tracks alone are good or bad."""
    reach: float = 1.2
    """Sd of the logarithm of artists' reach, which weighs them in the first charts; 0: all alike."""
    standing: float = 0.5
    """Correlation of an artist's catalogue size, reach and quality with their standing, so that each two
    correlate by its square: who has more tracks is better known and somewhat better. 0: independent."""
    hook_and_depth: bool = False
    """Tracks have a hook h, which pleases at once, and a depth g, which satisfies in the long run: both
    N(0, 1), correlated by -.6; two more public features hint at them, correlated with them by .8."""

    def __post_init__(self) -> None:
        for name in ("tracks", "artists", "genres", "micro_genres", "album"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise UsageError(
                    f"{name}={value} for a synthetic catalogue; a whole number from 1 was expected"
                )
        if self.tracks < 2:
            raise UsageError(f"tracks={self.tracks}: a catalogue needs at least 2 tracks")
        if not 0 <= self.kappa <= 1:
            raise UsageError(f"kappa={self.kappa}; a number from 0 (content says nothing) to 1 was expected")
        for name in ("artist_quality", "standing"):
            if not 0 <= getattr(self, name) <= 1:
                raise UsageError(f"{name}={getattr(self, name)}; a number from 0 to 1 was expected")
        for name in ("catalogue_spread", "quality_spread", "reach"):
            if not 0 <= getattr(self, name) < np.inf:
                raise UsageError(f"{name}={getattr(self, name)}; a number from 0 was expected")
        if self.arrivals < 0 or self.days < 0 or self.past <= 0:
            raise UsageError("arrivals and days must not be negative, and past must be over 0 days")
        if len(self.supply) != len(self.groups) or min(self.supply) < 0 or abs(sum(self.supply) - 1) > 1e-6:
            raise UsageError(
                f"supply={self.supply}; one share for each of {self.groups} was expected, 1 in all"
            )

    def make(self, key: Key) -> tuple[Catalogue, Hidden]:
        """The tracks: what shows of them, and what only listeners hear."""
        n_micro = max(1, min(self.micro_genres, self.tracks // 12))
        n_genres = min(self.genres, n_micro)
        genre_sounds = directions(key / "genre sound", n_genres)
        # Two exponentials make a gamma of shape 2, and those the sizes of genres: Dirichlet(2).
        sizes = (key / "genre size").exponential(np.arange(n_genres)[:, None], np.arange(2)).sum(1)
        genre_of = draw(sizes, (key / "genre of micro-genre").uniform(np.arange(n_micro)))
        genre_of[:n_genres] = np.arange(n_genres)  # no genre is empty
        centroids = near(genre_sounds[genre_of], self.micro_spread, key / "micro-genre sound")

        artist, names = self._artists(key)  # (T,) 0..A-1, (A,) numbers that draws are keyed by
        micro_of = (key / "micro-genre of artist").below(n_micro, names)
        artist_sounds = near(centroids[micro_of], self.artist_spread, key / "artist sound", names)
        track = np.arange(self.tracks)
        sound = near(artist_sounds[artist], self.track_spread, key / "track sound")
        micro = micro_of[artist]
        main = genre_of[micro]

        released = self._releases(key)
        quality = f32(self.artist_quality) * self._trait(key, "artist quality", names)[artist]
        quality += f32(np.sqrt(1 - self.artist_quality**2)) * (key / "track quality").normal(track)
        quality -= f32(quality.mean(dtype=np.float64))  # good artists have more tracks than others
        quality *= f32(self.quality_spread)
        tilt = f32(0.5) * genre_sounds[main, 0] + f32(0.15) * (key / "arousal").normal(track)
        reach = exp_array(f32(self.reach) * self._trait(key, "reach", names))
        hook, depth = self._hook_and_depth(key / "hook and depth")
        audio = audio_of(sound, self.kappa, key / "audio")
        if self.hook_and_depth:
            audio = np.concatenate([audio, cues_of(hook, depth, key / "cues")], axis=1)
        start, ids = further_genres(key / "further genres", sound, genre_sounds, main)
        catalogue = Catalogue(
            audio=audio,
            genre_start=start,
            genre_ids=ids,
            album=albums(artist, released, self.album),
            artist=artist,
            label=((key / "label").uniform(names) < self.major).astype(np.int32)[artist],
            group=draw(np.array(self.supply), (key / "group").uniform(names))[artist],
            seconds=np.clip(f32(208) * exp_array(f32(0.28) * (key / "seconds").normal(track)), 60, 900),
            released=released,
            features=(*AUDIO, *CUES) if self.hook_and_depth else AUDIO,
            names=Names(groups=self.groups),
        )
        hidden = Hidden(
            sound=sound,
            quality=quality,
            hook=hook,
            depth=depth,
            arousal=np.clip(f32(0.5) + tilt, 0, 1),
            reach=reach[artist],
            micro_genre=micro,
            centroids=centroids,
            supply=(np.bincount(micro_of, minlength=n_micro) / len(names)).astype(f32),
        )
        return catalogue, hidden

    def _artists(self, key: Key) -> tuple[I32, NDArray[np.int64]]:
        """The artist of each track, from 0 without gaps, and the number each artist was drawn under."""
        n = self.tracks if self.artists is None else self.artists
        sizes = exp_array(f32(self.catalogue_spread) * self._trait(key, "catalogue size", np.arange(n)))
        drawn = draw(sizes, (key / "artist of track").uniform(np.arange(self.tracks)))
        names, artist = np.unique(drawn, return_inverse=True)
        return artist.astype(np.int32), names.astype(np.int64)

    def _trait(self, key: Key, trait: str, names: NDArray[np.integer]) -> F32:
        """(a,) N(0, 1): how much artists `names` have of `trait`, in part by their standing."""
        own = f32(np.sqrt(1 - self.standing**2)) * (key / trait).normal(names)
        return f32(self.standing) * (key / "standing").normal(names) + own

    def _hook_and_depth(self, key: Key) -> tuple[F32, F32]:
        """(T,) h and g, both N(0, 1), correlated by -.6; zeros where tracks have none."""
        if not self.hook_and_depth:
            return np.zeros(self.tracks, f32), np.zeros(self.tracks, f32)
        track = np.arange(self.tracks)
        hook = (key / "hook").normal(track)
        return hook, f32(-0.6) * hook + f32(0.8) * (key / "depth").normal(track)

    def _releases(self, key: Key) -> F64:
        """(T,) days: most before 0, the others evenly over the days to come."""
        track = np.arange(self.tracks)
        out = (key / "out on day 0").uniform(track) < 1 / (1 + self.arrivals * self.days)
        past = -1 - self.past * (key / "age").exponential(track).astype(np.float64)
        return np.where(out, past, self.days * (key / "release").uniform(track).astype(np.float64))


def unit(x: F32) -> F32:
    """Rows of length 1."""
    return x / np.sqrt((x * x).sum(-1, keepdims=True))


def directions(key: Key, rows: int | NDArray[np.integer], d: int = DIMENSIONS) -> F32:
    """(r, d) random unit rows; `rows` is their number, or the numbers they are drawn under."""
    events = np.arange(rows) if isinstance(rows, int) else rows
    return unit(key.normal(events[:, None], np.arange(d)))


def near(sounds: F32, spread: float, key: Key, rows: NDArray[np.integer] | None = None) -> F32:
    """(r, d) unit rows a step of length `spread` off `sounds`, in random directions."""
    return unit(
        sounds + f32(spread) * directions(key, len(sounds) if rows is None else rows, sounds.shape[1])
    )


def draw(weights: NDArray, uniforms: F32) -> I32:
    """Places in `weights`, drawn in proportion to them, by the inverse of their cumulative sum."""
    total = np.cumsum(weights, dtype=np.float64)
    return np.searchsorted(total, uniforms.astype(np.float64) * total[-1], side="right").astype(np.int32)


def albums(artist: I32, released: F64, length: int) -> I32:
    """(T,) albums: the tracks of an artist in the order in which they came out, `length` at a time."""
    order = np.lexsort((released, artist))
    by = artist[order]
    place = np.arange(len(by)) - np.searchsorted(by, by)  # of the track among the artist's own
    album = np.empty(len(by), np.int32)
    album[order] = np.cumsum((place % length == 0).astype(np.int32)) - 1
    return album


def further_genres(key: Key, sound: F32, genre_sounds: F32, main: I32) -> tuple[I32, I32]:
    """Genres of each track as CSR: the main one, then up to three others whose sound is nearest.

    Half of all tracks have a second genre, a fifth a third, a twentieth a fourth.
    """
    n, n_genres = len(sound), len(genre_sounds)
    rows = np.arange(n)
    cosine = np.einsum("td,gd->tg", sound, genre_sounds)  # not BLAS, whose bits depend on the machine
    cosine[rows, main] = np.inf
    nearest = np.argsort(-cosine, axis=1, kind="stable")[:, :4]  # the main genre comes first
    luck = key.uniform(rows)[:, None]
    kept = (luck < np.array([1.0, 0.5, 0.2, 0.05], f32))[:, : min(4, n_genres)]
    start = np.concatenate([[0], np.cumsum(kept.sum(1))]).astype(np.int32)
    return start, nearest[kept].astype(np.int32)


def audio_of(sound: F32, kappa: float, key: Key) -> F32:
    """(T, 8) AUDIO of tracks: eight directions of the sound under noise, squashed into their ranges."""
    axes = orthogonal(key / "axes", sound.shape[1], len(AUDIO))
    shown = np.einsum("td,df->tf", sound, axes) * f32(np.sqrt(sound.shape[1]))  # sd 1 over directions
    noise = (key / "noise").normal(np.arange(len(sound))[:, None], np.arange(len(AUDIO)))
    x = f32(kappa) * shown + f32(np.sqrt(1 - kappa**2)) * noise
    audio = f32(1) / (f32(1) + exp_array(f32(-1.4) * x))
    audio[:, AUDIO.index("tempo")] *= FASTEST - SLOWEST
    audio[:, AUDIO.index("tempo")] += SLOWEST
    return audio


def cues_of(hook: F32, depth: F32, key: Key) -> F32:
    """(T, 2) CUES of tracks: hook and depth under noise, correlated with them by .8, squashed into [0, 1]."""
    true = np.stack([hook, depth], axis=1)
    noise = key.normal(np.arange(len(hook))[:, None], np.arange(len(CUES)))
    return f32(1) / (f32(1) + exp_array(f32(-1.4) * (f32(0.8) * true + f32(0.6) * noise)))


def orthogonal(key: Key, d: int, columns: int) -> F32:
    """(d, columns) orthonormal columns, by Gram and Schmidt: the same bits on every machine."""
    q = key.normal(np.arange(d)[:, None], np.arange(columns)).astype(np.float64)
    for j in range(columns):
        for i in range(j):
            q[:, j] -= (q[:, i] * q[:, j]).sum() * q[:, i]
        q[:, j] /= np.sqrt((q[:, j] ** 2).sum())
    return q.astype(f32)
