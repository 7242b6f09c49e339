"""Logs out of a finished run: the formats others read, cells lived again, bad usage."""

import csv
import shutil

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

import simenv
from simenv.log import read_parquet
from simenv.scenarios._kept import open_run
from simenv.scenarios.cli import main
from simenv.types import REACHED


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    """A run whose logs were kept."""
    out = tmp_path_factory.mktemp("run") / "r"
    sizes = {"listeners": 30, "tracks": 200, "warmup": 3, "days": 2, "seeds": 1}
    simenv.run("long_term_reward", ["popular", "content"], out=out, keep=("log",), **sizes)
    return out


@pytest.fixture
def run(ran, tmp_path):
    return shutil.copytree(ran, tmp_path / "run")


def truth(run, who="popular-0"):
    plays = read_parquet(run / "cells" / who / "log.parquet")
    return plays.rows(plays.has(REACHED))


def test_parquet_and_csv_tell_the_same(run):
    plays = truth(run)
    for kind in ("parquet", "csv"):
        assert main(("export", str(run), "--to", kind)) == 0
    one = pd.read_parquet(run / "export" / "parquet" / "popular-0" / "plays.parquet")
    other = pd.read_csv(run / "export" / "csv" / "popular-0" / "plays.csv")
    assert len(one) == len(other) == len(plays)
    np.testing.assert_array_equal(one["listener"], other["listener"])
    assert one["seconds"].sum() == pytest.approx(plays.seconds.sum(), rel=1e-5)
    tracks = pq.read_table(run / "export" / "parquet" / "popular-0" / "tracks.parquet").to_pandas()
    assert len(tracks) == 200 and {"title", "artist", "genres", "tempo", "released"} <= set(tracks)
    artist = tracks.set_index("track")["artist"]
    assert (artist[one["track"]].to_numpy() == one["artist"].astype(str).to_numpy()).all()


@pytest.mark.parametrize("kind", ["parquet", "csv"])
def test_what_is_exported_can_be_evaluated_with_its_catalogue(run, kind, tmp_path, capsys):
    assert main(("export", str(run), "--to", kind, "--agents", "popular")) == 0
    folder = run / "export" / kind / "popular-0"
    words = (str(folder / f"plays.{kind}"), "--catalogue", str(folder / f"tracks.{kind}"), "--k", "5")
    out = tmp_path / "board"
    assert main(("evaluate", *words, "--agents", "popular", "content", "--out", str(out))) == 0
    told = capsys.readouterr().out
    assert "content" in told and f"tracks.{kind} knows" in (out / "report.md").read_text()


def test_recbole_has_typed_headers_parted_by_tabs(run):
    assert main(("export", str(run), "--to", "recbole", "--agents", "popular")) == 0
    folder = run / "export" / "recbole" / "popular-0"
    assert not (folder.parent / "content-0").exists()
    with (folder / "popular-0.inter").open() as file:
        rows = list(csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    assert rows[0] == ["user_id:token", "item_id:token", "rating:float", "timestamp:float"]
    assert len(rows) - 1 == len(truth(run)) and {len(row) for row in rows} == {4}
    assert all(1 <= float(row[2]) <= 5 for row in rows[1:])
    times = [int(row[3]) for row in rows[1:]]
    assert times == sorted(times) and times[0] >= 1_704_067_200
    with (folder / "popular-0.item").open() as file:
        items = list(csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    kinds = {cell.rpartition(":")[2] for cell in items[0]}
    assert kinds == {"token", "token_seq", "float"} and len(items) == 201
    assert {len(row) for row in items} == {len(items[0])}


def test_lenskit_gets_each_listener_and_track_once(run):
    assert main(("export", str(run), "--to", "lenskit")) == 0
    folder = run / "export" / "lenskit" / "popular-0"
    rows = pd.read_csv(folder / "ratings.csv")
    plays = truth(run)
    assert list(rows.columns[:4]) == ["user_id", "item_id", "rating", "timestamp"]
    assert not rows.duplicated(["user_id", "item_id"]).any() and rows["count"].sum() == len(plays)
    assert rows["timestamp"].is_monotonic_increasing and rows["rating"].between(1, 5).all()
    tracks = pd.read_csv(folder / "tracks.csv").set_index("item_id")
    pair = (plays.listener == rows["user_id"][0]) & (plays.track == rows["item_id"][0])
    heard = np.minimum(plays.seconds[pair] / tracks["seconds"][rows["item_id"][0]], 1).mean()
    assert rows["rating"][0] == pytest.approx(1 + 4 * heard, abs=2e-3)


def test_a_cell_whose_log_was_not_kept_is_lived_again_with_the_same_luck(run, capsys):
    kept = truth(run)
    (run / "cells" / "popular-0" / "log.parquet").unlink()
    assert main(("export", str(run), "--to", "csv")) == 0
    assert "popular, seed 0: 2 days" in capsys.readouterr().err
    again = truth(run)
    np.testing.assert_array_equal(kept.time, again.time)
    np.testing.assert_array_equal(kept.flags, again.flags)


def test_a_run_of_other_sources_is_said_to_be_one_and_left_alone(run, capsys):
    about = (run / "run.json").read_text()
    key = open_run(run).keys["popular", 0]
    (run / "run.json").write_text(about.replace(key, "0" * 32))
    before = (run / "cells" / "popular-0" / "cell.json").read_bytes()
    assert main(("export", str(run), "--to", "csv", "--agents", "popular")) == 0
    assert "other sources" in capsys.readouterr().err
    assert (run / "cells" / "popular-0" / "cell.json").read_bytes() == before


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("nowhere", "--to", "csv"), "nowhere holds no run"),
        (("{run}", "--to", "recbol"), "did you mean 'recbole'"),
        (("{run}", "--to", "csv", "--out", "{run}/run.json"), "cannot be written to"),
        (("{run}", "--to", "csv", "--agents", "als"), "no agent 'als' in this run"),
        (("{run}", "--to", "csv", "--seeds", "7"), "no seed 7"),
        (("{run}", "--to", "csv", "--jobs", "0"), "jobs=0"),
    ],
)
def test_bad_usage_ends_with_2_and_says_what_to_do(words, message, ran, capsys):
    assert main(("export", *(word.format(run=ran) for word in words))) == 2
    assert message in capsys.readouterr().err


def test_a_run_in_which_nobody_listened_is_refused(tmp_path, capsys):
    (tmp_path / "run.json").write_text('{"name": "evaluate"}')
    assert main(("export", str(tmp_path), "--to", "csv")) == 2
    assert "a run of evaluate" in capsys.readouterr().err
