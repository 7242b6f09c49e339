import gzip
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from simenv.errors import UsageError
from simenv.rng import Key
from simenv.table import from_table

KEY = Key.root(3) / "catalogue"
REAL = Path(__file__).parents[2] / "shared" / "data" / "spotify_songs.csv.gz"
GENRES = ("pop", "rock", "rap")


def columns_of(n=240) -> dict[str, list]:
    """A little table with the usual names: 4 tracks an artist, two sub-genres a genre."""
    artist = np.arange(n) // 4
    return {
        "track_id": [f"id{i:04}" for i in range(n)],
        "track_name": [f"Song, number {i}" for i in range(n)],
        "track_artist": [f"Band {a}" for a in artist],
        "track_album_name": [f"Record {i // 2}" for i in range(n)],
        "playlist_genre": [GENRES[a % 3] for a in artist],
        "playlist_subgenre": [f"{GENRES[a % 3]} {'old' if a % 2 else 'new'}" for a in artist],
        "duration_ms": [180_000 + 1000 * (i % 60) for i in range(n)],
        "track_album_release_date": [f"20{i % 20:02}-0{1 + i % 9}-1{i % 9}" for i in range(n)],
        "energy": [round((i * 37 % 101) / 101, 3) for i in range(n)],
        "Valence": [round((i * 53 % 97) / 97, 3) for i in range(n)],
        "tempo": [90 + i % 80 for i in range(n)],
    }


def write(path: Path, columns: dict[str, list], delimiter=",") -> Path:
    rows = zip(*columns.values(), strict=True)
    lines = [delimiter.join(f'"{cell}"' for cell in row) for row in (list(columns), *rows)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.fixture
def columns():
    return columns_of()


def test_usual_names_are_recognised(tmp_path, columns):
    catalogue, hidden = from_table(write(tmp_path / "songs.csv", columns), key=KEY)
    assert len(catalogue) == 240 and catalogue.n_artists == 60
    assert catalogue.features == ("energy", "valence", "tempo")
    assert catalogue.names.genres == ["pop", "rap", "rock"]
    assert len(hidden.centroids) == 6 and hidden.supply.sum() == pytest.approx(1)
    row = list(catalogue.names.ids).index("id0017")
    assert catalogue.names.track(row) == "Song, number 17"
    assert catalogue.names.artist(catalogue.artist[row]) == "Band 4"
    assert catalogue.names.album(catalogue.album[row]) == "Record 8"
    assert [catalogue.names.genre(g) for g in catalogue.genres_of(row)] == ["rock"]
    assert catalogue.seconds[row] == 197
    np.testing.assert_allclose(catalogue.audio[row], [columns[n][17] for n in ("energy", "Valence", "tempo")])
    for rows in (hidden.sound, hidden.centroids):
        np.testing.assert_allclose((rows**2).sum(1), 1, rtol=1e-5)


def test_every_format_gives_the_same_catalogue(tmp_path, columns):
    plain = write(tmp_path / "songs.csv", columns)
    (tmp_path / "songs.csv.gz").write_bytes(gzip.compress(plain.read_bytes()))
    (tmp_path / "bom.csv").write_bytes(b"\xef\xbb\xbf" + plain.read_bytes())
    pq.write_table(pa.table(columns), tmp_path / "songs.parquet")
    write(tmp_path / "songs.tsv", columns, "\t")
    catalogue, hidden = from_table(plain, key=KEY)
    for source in ("songs.csv.gz", "bom.csv", "songs.parquet", "songs.tsv"):
        other, sound = from_table(tmp_path / source, key=KEY)
        assert other.digest == catalogue.digest, source
        np.testing.assert_array_equal(sound.sound, hidden.sound)
    assert from_table(pa.table(columns), key=KEY)[0].digest == catalogue.digest


def test_the_order_of_rows_and_of_columns_does_not_matter(columns):
    catalogue, hidden = from_table(pa.table(columns), key=KEY)
    order = Key.root(5).bits(np.arange(240)).argsort()
    shuffled = {name: [columns[name][i] for i in order] for name in reversed(columns)}
    again, same = from_table(pa.table(shuffled), key=KEY)
    assert again.digest == catalogue.digest and again.names.tracks == catalogue.names.tracks
    for name in ("sound", "quality", "arousal", "reach", "micro_genre"):
        np.testing.assert_array_equal(getattr(same, name), getattr(hidden, name))


def test_a_track_keeps_its_hidden_quality_when_others_join_the_table(columns):
    _, hidden = from_table(pa.table(columns), key=KEY)
    some, part = from_table(pa.table({name: cells[40:200] for name, cells in columns.items()}), key=KEY)
    assert len(some) == 160
    np.testing.assert_array_equal(part.quality, hidden.quality[40:200])


def test_rows_of_one_track_are_united_with_all_their_genres(columns):
    doubled = {name: [*cells, cells[0]] for name, cells in columns.items()}
    doubled["playlist_genre"][-1] = "rock"
    catalogue, _ = from_table(pa.table(doubled), key=KEY)
    assert len(catalogue) == 240
    assert [catalogue.names.genre(g) for g in catalogue.genres_of(0)] == ["pop", "rock"]


def test_the_newest_track_comes_out_the_day_before_and_dates_of_any_precision_keep_their_order(columns):
    columns["track_album_release_date"] = ["2001"] * 238 + ["2001-05", "2003-02-28"]
    released = from_table(pa.table(columns), key=KEY)[0].released
    assert released[-1] == -1
    assert released[-1] - released[-2] == 365 + 303  # from 1 May 2001
    assert released[-2] - released[0] == 120


def test_what_is_missing_has_a_stated_fallback():
    n = 60
    bare = pa.table({"title": [f"T{i}" for i in range(n)], "artist": [f"A{i // 3}" for i in range(n)]})
    catalogue, hidden = from_table(bare, key=KEY)
    assert catalogue.features == () and catalogue.audio.shape == (n, 0)
    assert catalogue.n_genres == 0 and (np.diff(catalogue.genre_start) == 0).all()
    assert (catalogue.seconds == 210).all() and (catalogue.released < 0).all()
    assert 1 < len(hidden.centroids) <= 5
    assert from_table(bare.rename_columns(["track_id", "artist"]), key=KEY)[0].names.track(3) == "T11"


def test_tracks_of_unknown_artists_have_artists_of_their_own(columns):
    columns["track_artist"][:2] = ["", "NA"]
    catalogue, _ = from_table(pa.table(columns), key=KEY)
    assert catalogue.artist[0] != catalogue.artist[1]
    assert catalogue.names.artist(catalogue.artist[0]) == "unknown"


def test_columns_can_be_named(columns):
    columns["Lied"] = columns.pop("track_name")
    columns["Kraft"] = columns.pop("energy")
    catalogue, _ = from_table(pa.table(columns), {"title": "Lied", "energy": "Kraft"}, key=KEY)
    assert catalogue.names.track(5) == "Song, number 5" and "energy" in catalogue.features


def test_lists_of_artists_and_genres_are_understood():
    table = pa.table(
        {
            "name": ["a", "b", "c"],
            "artists": ["['Guns N', 'X']", "Simon; Garfunkel", "AC/DC"],
            "genres": [["Folk", "pop"], ["folk"], []],
        }
    )
    catalogue, _ = from_table(table, key=KEY)
    by = {catalogue.names.track(i): catalogue.names.artist(catalogue.artist[i]) for i in range(3)}
    assert by == {"a": "Guns N", "b": "Simon", "c": "AC/DC"}
    assert catalogue.names.genres == ["folk", "pop"]
    assert np.diff(catalogue.genre_start).tolist() == [2, 1, 0]


def with_cell(columns, name, cell, rows=(3,)):
    return {
        n: [cell if n == name and i in rows else c for i, c in enumerate(cells)]
        for n, cells in columns.items()
    }


@pytest.mark.parametrize(
    ("name", "cell", "says"),
    [
        ("energy", "loud", "energy is not within 0 to 1"),
        ("energy", "", "energy is not within 0 to 1"),
        ("energy", "nan", "energy is not within 0 to 1"),
        ("Valence", "1.2", "valence is not within 0 to 1.*'1.2'"),
        ("tempo", "-5", "tempo is not within 0 to 300"),
        ("duration_ms", "0", "length is not within"),
        ("duration_ms", "90000000", "length is not within"),
        ("duration_ms", "long", "length is not within"),
        ("track_album_release_date", "2019-13-45", "no date of release.*2019-13-45"),
        ("track_album_release_date", "spring", "no date of release"),
        ("track_id", "", "no track_id"),
    ],
)
def test_a_row_that_cannot_be_read_is_skipped_with_a_warning(columns, name, cell, says, tmp_path):
    path = write(tmp_path / "songs.csv", with_cell(columns, name, cell))
    with pytest.warns(UserWarning, match=rf"1 of 240 rows of .*songs.csv cannot be read: 1: .*{says}"):
        catalogue, _ = from_table(path, key=KEY)
    assert len(catalogue) == 239


def test_a_row_that_contradicts_another_of_the_same_id_is_skipped(columns):
    doubled = {name: [*cells, cells[0]] for name, cells in columns.items()}
    doubled["track_name"][-1] = "Something else"
    with pytest.warns(UserWarning, match="another row of its track_id says otherwise.*id0000"):
        catalogue, _ = from_table(pa.table(doubled), key=KEY)
    assert len(catalogue) == 240


def test_rows_with_a_wrong_number_of_cells_are_counted(columns, tmp_path):
    path = write(tmp_path / "songs.csv", columns)
    path.write_text(path.read_text() + '"id9999","too few"\n')
    with pytest.warns(UserWarning, match="1 of 241 rows .*wrong number of cells"):
        assert len(from_table(path, key=KEY)[0]) == 240


def test_over_one_in_a_hundred_unreadable_rows_are_too_many(columns):
    bad = with_cell({n: [str(c) for c in cells] for n, cells in columns.items()}, "energy", "63", range(3))
    with pytest.raises(UsageError, match=r"3 of 240 rows of the table cannot be read.*More than 1 %"):
        from_table(pa.table(bad), key=KEY)


def test_a_missing_column_is_named_with_the_way_to_map_it(columns):
    del columns["track_artist"]
    with pytest.raises(UsageError, match=r"recognised as artist.*track_name.*--columns artist=COLUMN"):
        from_table(pa.table(columns), key=KEY)
    del columns["track_name"], columns["track_id"]
    columns["artist"] = ["A"] * 240
    with pytest.raises(UsageError, match=r"recognised as title or track_id.*--columns title=COLUMN"):
        from_table(pa.table(columns), key=KEY)


def test_a_wrong_mapping_is_refused(columns):
    with pytest.raises(UsageError, match="'titel'; did you mean 'title'"):
        from_table(pa.table(columns), {"titel": "track_name"}, key=KEY)
    with pytest.raises(UsageError, match="no column 'Song'; it has track_id"):
        from_table(pa.table(columns), {"title": "Song"}, key=KEY)
    with pytest.raises(UsageError, match="kappa=2"):
        from_table(pa.table(columns), kappa=2, key=KEY)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "is empty"),
        (bytes(range(256)) * 40, "is not a table"),
        (b"\x1f\x8b" + b"rubbish" * 40, "is not a table"),
        (b"PAR1" + b"rubbish" * 40, "is not a table"),
        (b"title,artist\nM\xfcsli,B\xe4nd\n", "UTF-8"),
        (b"Dear diary,\ntoday I heard a song.\n", "recognised as artist"),
        (b"title,artist\n", "at least 2 tracks|is not a table"),
        (b"title,artist\nOne,Alone\n", "at least 2 tracks"),
    ],
)
def test_files_that_are_no_catalogue_are_refused(tmp_path, content, says):
    path = tmp_path / "songs.csv"
    path.write_bytes(content)
    with pytest.raises(UsageError, match=says):
        from_table(path, key=KEY)


def test_a_missing_file_and_a_folder_are_told_apart(tmp_path):
    with pytest.raises(UsageError, match="no such file"):
        from_table(tmp_path / "none.csv", key=KEY)
    with pytest.raises(UsageError, match="that is a folder"):
        from_table(tmp_path, key=KEY)


def explained(shown, sound) -> float:
    x = np.column_stack([np.ones(len(shown)), shown])
    left = sound - x @ np.linalg.lstsq(x, sound, rcond=None)[0]
    return 1 - (left**2).sum() / ((sound - sound.mean(0)) ** 2).sum()


def test_what_real_audio_tells_of_the_sound_rises_with_kappa():
    columns = columns_of(2_000)
    for feature in ("energy", "Valence", "tempo"):
        columns[feature] = (Key.root(9) / feature).uniform(np.arange(2_000)).tolist()
    shown = np.column_stack([columns[f] for f in ("energy", "Valence", "tempo")])
    r2 = [explained(shown, from_table(pa.table(columns), key=KEY, kappa=k)[1].sound) for k in (0.0, 0.5, 1.0)]
    assert r2[0] < 0.01 < 0.03 < r2[1] < 0.10 < r2[2]


@pytest.mark.skipif(
    not REAL.is_file(), reason=f"needs the real tracks at {REAL}, which are not part of the project"
)
def test_real_tracks_sound_like_synthetic_ones():
    catalogue, hidden = from_table(REAL, key=KEY)
    assert len(catalogue) == 28_356 and len(hidden.centroids) == 24
    assert catalogue.names.genres == ["edm", "latin", "pop", "r&b", "rap", "rock"]
    assert len(catalogue.features) == 8
    assert catalogue.released.max() == -1 and catalogue.released.min() < -20_000
    own = (hidden.sound * hidden.centroids[hidden.micro_genre]).sum(1)
    apart = (hidden.sound * np.roll(hidden.sound, 1, axis=0)).sum(1)
    assert 0.85 < own.mean() < 0.95  # .93 in the synthetic world
    assert -0.1 < apart.mean() < 0.25
    assert hidden.quality.std() == pytest.approx(1, abs=0.05)
