import numpy as np
import pytest
from scipy import special

from simenv.catalogue import AUDIO, CUES, Catalogue
from simenv.errors import UsageError
from simenv.rng import Key
from simenv.synthetic import Synthetic

KEY = Key.root(3) / "catalogue"


@pytest.fixture(scope="module")
def made():
    return Synthetic(tracks=6_000).make(KEY)


def explained(catalogue, hidden) -> float:
    """Share of the variance of the sound that the audio explains linearly."""
    x = catalogue.audio.astype(np.float64)
    x[:, AUDIO.index("tempo")] = (x[:, AUDIO.index("tempo")] - 60) / 120
    x = np.column_stack([np.ones(len(x)), np.log(x / (1 - x))])
    sound = hidden.sound.astype(np.float64)
    left = sound - x @ np.linalg.lstsq(x, sound, rcond=None)[0]
    return 1 - (left**2).sum() / ((sound - sound.mean(0)) ** 2).sum()


def test_the_same_recipe_and_key_give_the_same_tracks_and_another_key_gives_others(made):
    again, other = Synthetic(tracks=6_000).make(KEY)[0], Synthetic(tracks=6_000).make(Key.root(4))[0]
    assert again.digest == made[0].digest != other.digest


def test_records_have_the_promised_types_and_ranges(made):
    catalogue, hidden = made
    for name in ("album", "artist", "label", "group", "genre_start", "genre_ids"):
        assert getattr(catalogue, name).dtype == np.int32, name
    assert catalogue.audio.dtype == catalogue.seconds.dtype == np.float32
    assert catalogue.released.dtype == np.float64
    assert catalogue.audio.shape == (6_000, len(AUDIO))
    tempo = AUDIO.index("tempo")
    seven = np.delete(catalogue.audio, tempo, axis=1)
    assert seven.min() >= 0 and seven.max() <= 1
    assert catalogue.audio[:, tempo].min() >= 60 and catalogue.audio[:, tempo].max() <= 180
    assert catalogue.seconds.min() >= 60 and catalogue.seconds.max() <= 900
    assert np.median(catalogue.seconds) == pytest.approx(208, rel=0.03)
    for name in ("sound", "quality", "arousal", "reach", "centroids", "supply"):
        assert getattr(hidden, name).dtype == np.float32, name
    for rows in (hidden.sound, hidden.centroids):
        np.testing.assert_allclose((rows**2).sum(1), 1, rtol=1e-5)
    assert hidden.supply.sum() == pytest.approx(1, abs=1e-5)
    assert hidden.arousal.min() >= 0 and hidden.arousal.max() <= 1
    assert set(catalogue.artist) == set(range(catalogue.n_artists))


def test_tracks_lie_by_their_artist_and_artists_by_their_micro_genre(made):
    catalogue, hidden = made
    own = (hidden.sound * hidden.centroids[hidden.micro_genre]).sum(1)
    expected = 1 / np.sqrt((1 + 0.30**2) * (1 + 0.25**2))  # of nearly orthogonal steps
    assert own.mean() == pytest.approx(expected, abs=0.01)
    apart = (hidden.sound * np.roll(hidden.sound, 1, axis=0)).sum(1)
    assert abs(apart.mean()) < 0.15
    for artist in range(5):
        rows = np.flatnonzero(catalogue.artist == artist)
        assert len(set(hidden.micro_genre[rows])) == len(set(hidden.reach[rows])) == 1


def test_the_tracks_of_an_artist_share_some_of_their_quality(made):
    catalogue, hidden = made
    sums = np.bincount(catalogue.artist, hidden.quality)
    counts = np.bincount(catalogue.artist)
    means = (sums / counts)[counts >= 8]
    assert means.std() == pytest.approx(0.9, abs=0.15)
    assert hidden.quality.mean() == pytest.approx(0, abs=1e-6)
    assert hidden.quality.std() == pytest.approx(1, abs=0.15)  # the few who have most tracks sway it


def test_catalogues_are_about_as_unequal_as_in_a_public_table():
    """28,356 tracks by 10,692 artists: 2.65 an artist, .61 with one, .142 by the artists' top hundredth."""
    sizes = np.sort(np.bincount(Synthetic(tracks=28_356).make(KEY)[0].artist))[::-1]
    assert 2.3 < sizes.mean() < 3.6
    assert 0.45 < (sizes == 1).mean() < 0.7
    assert 0.12 < sizes[: len(sizes) // 100].sum() / sizes.sum() < 0.2


def by_artist(recipe: Synthetic) -> np.ndarray:
    """(3, A) logarithms of the catalogue sizes and reach of artists, and their tracks' mean quality."""
    catalogue, hidden = recipe.make(KEY)
    counts = np.bincount(catalogue.artist)
    sums = [np.bincount(catalogue.artist, x) for x in (np.log(hidden.reach), hidden.quality)]
    return np.stack([np.log(counts), *(total / counts for total in sums)])


def test_who_has_more_tracks_is_better_known_and_somewhat_better_as_standing_says():
    known = [
        np.corrcoef(by_artist(Synthetic(tracks=6_000, artists=500, standing=s))) for s in (0.0, 0.5, 0.9)
    ]
    for i, j in ((0, 1), (0, 2), (1, 2)):
        none, some, much = (correlations[i, j] for correlations in known)
        assert abs(none) < 0.1 < some < 0.4 < 0.55 < much < 0.85


def test_supply_can_be_made_all_alike():
    alike = by_artist(
        Synthetic(tracks=6_000, artists=500, catalogue_spread=0, quality_spread=0, reach=0, standing=0.9)
    )
    assert np.exp(alike[0]).std() == pytest.approx(np.sqrt(12), rel=0.15)  # Poisson: by chance alone
    assert not alike[1:].any()


def test_what_shows_of_the_sound_rises_with_kappa_from_nothing():
    r2 = [explained(*Synthetic(tracks=6_000, kappa=kappa).make(KEY)) for kappa in (0.0, 0.5, 1.0)]
    assert r2[0] < 0.01  # 8 features and a constant fit 6,000 tracks a little by luck
    assert 0.10 < r2[1] < 0.30
    assert 0.40 < r2[2] < 0.80


def test_genres_tell_of_the_sound_even_where_audio_does_not():
    catalogue, hidden = Synthetic(tracks=6_000, kappa=0.0).make(KEY)
    main = catalogue.genre_ids[catalogue.genre_start[:-1]]
    means = np.stack([hidden.sound[main == g].mean(0) for g in range(catalogue.n_genres)])
    left = ((hidden.sound - means[main]) ** 2).sum() / ((hidden.sound - hidden.sound.mean(0)) ** 2).sum()
    assert left < 0.6


def test_a_track_has_one_to_four_genres_all_different(made):
    catalogue, _ = made
    counts = np.diff(catalogue.genre_start)
    assert counts.min() == 1 and counts.max() == 4
    assert (counts >= 2).mean() == pytest.approx(0.5, abs=0.03)
    assert all(len(set(catalogue.genres_of(i))) == counts[i] for i in range(300))


def test_arrivals_are_a_share_of_what_is_out_a_day():
    recipe = Synthetic(tracks=20_000, arrivals=0.002, days=200)
    released = recipe.make(KEY)[0].released
    out = (released < 0).sum()
    assert released.max() < 200 and -released[released < 0].max() >= 1
    assert (released >= 0).sum() / 200 == pytest.approx(0.002 * out, rel=0.05)
    assert (Synthetic(tracks=500, arrivals=0.0).make(KEY)[0].released < 0).all()


def test_albums_are_of_one_artist_and_in_order_of_release(made):
    catalogue, _ = made
    sizes = np.bincount(catalogue.album)
    assert sizes.min() >= 1 and sizes.max() == 10
    big = int(np.bincount(catalogue.artist).argmax())
    rows = np.flatnonzero(catalogue.artist == big)
    rows = rows[np.argsort(catalogue.released[rows])]
    assert (np.diff(catalogue.album[rows]) >= 0).all()
    pairs = np.unique(np.column_stack([catalogue.album, catalogue.artist]), axis=0)
    assert len(pairs) == len(sizes)


def test_groups_of_artists_are_supplied_in_their_shares():
    catalogue, _ = Synthetic(tracks=4_000, artists=3_000, supply=(0.2, 0.5, 0.3)).make(KEY)
    group = np.array([catalogue.group[catalogue.artist == a][0] for a in range(catalogue.n_artists)])
    np.testing.assert_allclose(np.bincount(group) / len(group), (0.2, 0.5, 0.3), atol=0.04)
    assert catalogue.names.groups == ("men", "women", "others")


@pytest.mark.parametrize("tracks", [2, 13, 150])
def test_small_catalogues_have_fewer_micro_genres(tracks):
    catalogue, hidden = Synthetic(tracks=tracks).make(KEY)
    assert len(catalogue) == tracks
    assert len(hidden.centroids) == len(hidden.supply) == max(1, tracks // 12)
    assert hidden.micro_genre.max() < len(hidden.centroids)


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"tracks": 0}, "tracks=0"),
        ({"tracks": 1}, "at least 2 tracks"),
        ({"genres": -3}, "genres=-3"),
        ({"kappa": 1.5}, "kappa=1.5"),
        ({"arrivals": -0.1}, "arrivals"),
        ({"standing": 1.2}, "standing=1.2; a number from 0 to 1"),
        ({"artist_quality": -0.1}, "artist_quality=-0.1"),
        ({"catalogue_spread": -1.0}, "catalogue_spread=-1.0; a number from 0"),
        ({"quality_spread": np.nan}, "quality_spread=nan"),
        ({"reach": np.inf}, "reach=inf"),
        ({"supply": (0.5, 0.4, 0.2)}, "1 in all"),
        ({"supply": (1.0,)}, "one share for each"),
    ],
)
def test_impossible_recipes_are_refused(wrong, says):
    with pytest.raises(UsageError, match=says):
        Synthetic(**wrong)


def test_names_are_made_up_on_demand(made):
    names = made[0].names
    assert (names.track(7), names.artist(0), names.genre(3)) == ("Track 7", "Artist 0", "Genre 3")


def test_a_bare_catalogue_knows_only_that_its_tracks_exist():
    bare = Catalogue.bare(4)
    assert len(bare) == bare.n_artists == 4
    assert bare.n_genres == 0 and bare.audio.shape == (4, 0)
    assert bare.released_by(0.0).all()


def test_hook_and_depth_pull_apart_and_show_through_noise():
    public, hidden = Synthetic(tracks=20_000, hook_and_depth=True).make(Key.root(3))
    assert np.corrcoef(hidden.hook, hidden.depth)[0, 1] == pytest.approx(-0.6, abs=0.02)
    assert (hidden.hook.std(), hidden.depth.std()) == pytest.approx((1, 1), abs=0.02)
    cues = public.audio[:, -2:]
    assert public.features[-2:] == CUES
    assert ((cues >= 0) & (cues <= 1)).all()
    for cue, true in zip(cues.T, (hidden.hook, hidden.depth), strict=True):
        assert np.corrcoef(special.logit(cue.astype(float)), true)[0, 1] == pytest.approx(0.8, abs=0.02)


def test_without_hook_and_depth_the_same_tracks_have_none():
    public, hidden = Synthetic(tracks=300).make(Key.root(3))
    other, deep = Synthetic(tracks=300, hook_and_depth=True).make(Key.root(3))
    assert not hidden.hook.any() and not hidden.depth.any()
    np.testing.assert_array_equal(public.audio, other.audio[:, :-2])
    np.testing.assert_array_equal(hidden.quality, deep.quality)
