"""`simenv evaluate`: logs of others, splits, metrics against an independent library, the verb as a whole."""

import gzip
import json
import re
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from simenv.errors import UsageError
from simenv.rng import Key
from simenv.scenarios._arms import arm
from simenv.scenarios._evaluate import main
from simenv.scenarios._evaluate_log import read_any_log
from simenv.scenarios._evaluate_measures import Beside, accuracy, hits_of
from simenv.scenarios._evaluate_run import Task, served
from simenv.scenarios._evaluate_split import split_log
from simenv.scenarios._evaluate_tracks import described
from simenv.scenarios._stats import over_listeners, resampled
from simenv.types import SKIPPED

KEY = Key.root(3) / "evaluate"
LASTFM = Path(__file__).parents[2] / "shared" / "data" / "lastfm_user_artists.tsv.gz"


def written(folder, name="log.csv", **columns):
    """A log as a text file."""
    rows = zip(*columns.values(), strict=True)
    text = "\n".join([",".join(columns), *(",".join(str(cell) for cell in row) for row in rows)]) + "\n"
    path = folder / name
    path.write_bytes(gzip.compress(text.encode()) if name.endswith(".gz") else text.encode())
    return path


def checkerboard(n=24, n_tracks=20, per_day=4, days=15):
    """Columns of a log in which even listeners play even tracks."""
    e = np.arange(n * per_day * days)
    who, day = e % n, e // (n * per_day)
    track = 2 * (KEY / "track").below(n_tracks // 2, e) + who % 2
    return {"user": who, "song_id": track, "time": day + (e // n % per_day) / 24}


# Reading


@pytest.mark.parametrize("name", ["log.csv", "log.tsv.gz", "log.parquet"])
def test_a_log_is_the_same_in_every_file(tmp_path, name):
    columns = {"User ID": ["b", "a", "b"], "item_id": [7, 7, 5], "timestamp": [3.5, 4.0, 4.5]}
    path = tmp_path / name
    if name.endswith("parquet"):
        pq.write_table(pa.table(columns), path)
    else:
        written(tmp_path, name, **columns)
        if ".tsv" in name:
            path.write_bytes(gzip.compress(gzip.decompress(path.read_bytes()).replace(b",", b"\t")))
    read = read_any_log(path, {})
    plays = read.log.plays()
    assert read.listeners == ["a", "b"] and read.tracks == ["5", "7"] and read.kind == "events"
    assert plays.listener.tolist() == [1, 0, 1] and plays.track.tolist() == [1, 1, 0]
    assert plays.time.tolist() == [3.5, 4.0, 4.5] and not plays.has(SKIPPED).any()
    assert "User ID as listener" in read.said[0] and "item_id as track" in read.said[0]


def test_play_counts_are_never_unrolled(tmp_path):
    path = written(tmp_path, userID=[1, 1, 2], artistID=[5, 6, 5], weight=[300_000, 2, 40])
    read = read_any_log(path, {})
    assert read.kind == "counts" and len(read.log) == 3 and not read.timed
    assert read.log.matrix().toarray().tolist() == [[300_000, 2], [40, 0]]
    assert read.log.counts().tolist() == [300_040, 2]


def test_ratings_are_likes_and_skips_around_the_middle(tmp_path):
    path = written(tmp_path, user=[1, 1, 2, 2], movieId=[5, 6, 5, 7], rating=[1, 5, 3, 2.5])
    read = read_any_log(path, {})
    assert read.kind == "ratings" and "from 3 on one counts as a play" in " ".join(read.said)
    assert read.log.matrix().toarray().tolist() == [[0, 1, 0], [1, 0, 0]]
    assert read.log.matrix(skips=True).toarray().tolist() == [[1, 0, 0], [0, 0, 1]]
    assert sorted(read.log.plays().value.tolist()) == [1, 2.5, 3, 5]
    assert read_any_log(path, {}, liked=2.5).log.matrix().nnz == 3
    with pytest.raises(UsageError, match="the highest rating is 5"):
        read_any_log(path, {}, liked=6)


@pytest.mark.parametrize(
    ("columns", "says", "total"),
    [
        ({"count": [2, 3, 1, 1]}, "1 rows repeat .*plays are summed", 7),
        ({"time": [1.0, 1.0, 1.0, 2.0]}, "1 rows repeat .*plays are summed", 4),
        ({"rating": [5, 4, 4, 4]}, "1 rows repeat .*ratings are averaged", 3),
    ],
)
def test_duplicate_rows_are_brought_together_and_said(tmp_path, columns, says, total):
    path = written(tmp_path, user=[1, 1, 2, 2], track=[5, 5, 5, 6], **columns)
    read = read_any_log(path, {}, liked=1)
    assert len(read.log) == 3 and read.log.counts().sum() == total
    assert re.search(says, " ".join(read.said))
    if "rating" in columns:
        assert sorted(read.log.plays().value.tolist()) == [4, 4, 4.5]


def test_times_are_recognised_however_they_are_written(tmp_path):
    seconds = np.array([1_714_588_200, 1_714_588_500, 1_714_674_600])  # Wednesday 2024-05-01 18:30 UTC
    texts = ["2024-05-01T18:30:00", "2024-05-01 18:35:00", "2024-05-02T18:30:00"]
    zoned = [f"{text}Z" for text in texts]
    for times, words in (
        (seconds, "seconds"),
        (seconds * 1000, "milliseconds"),
        (texts, "dates"),
        (zoned, "dates"),
    ):
        read = read_any_log(written(tmp_path, user=[1, 1, 2], track=[1, 2, 1], ts=times), {})
        assert f"times are {words}" in " ".join(read.said)
        assert np.floor(read.log.plays().time).tolist() == [2, 2, 3]  # of the log's first week
        assert read.log.plays().time % 1 * 24 == pytest.approx([18.5, 18.5 + 1 / 12, 18.5])


def test_sessions_end_with_half_an_hour_of_silence(tmp_path):
    minutes = np.array([0, 4, 50, 0, 3])
    path = written(
        tmp_path, user=[1, 1, 1, 2, 2], track=range(5), time=minutes / 1440, seconds=[200, 10, 200, 200, 200]
    )
    read = read_any_log(path, {})
    plays = read.log.plays()
    assert {(u, s) for u, s in zip(plays.listener.tolist(), plays.session.tolist(), strict=True)} == {
        (0, 0),
        (0, 1),
        (1, 0),
    }
    assert plays.has(SKIPPED).sum() == 1 and "under 30 s" in " ".join(read.said)


def test_a_few_unreadable_rows_are_left_out_and_many_refused(tmp_path):
    n = 300
    count = ["3"] * n
    count[7], count[8] = "many", "-2"
    path = written(tmp_path, user=[i % 10 for i in range(n)], track=range(n), plays=count)
    read = read_any_log(path, {})
    assert len(read.log) == n - 2 and "first in row 8: 'many'" in " ".join(read.said)
    with pytest.raises(UsageError, match=r"no count from 0 \(first in row 1: '-3'\).*More than 1 %"):
        read_any_log(written(tmp_path, user=[1, 2], track=[1, 2], plays=[-3, 4]), {})


@pytest.mark.parametrize(
    ("columns", "says"),
    [
        ({"who": [1, 2], "track": [1, 2]}, "recognised as listener.*who, track.*--columns listener=COLUMN"),
        ({"user": [1, 2], "what": [1, 2]}, "recognised as track"),
        ({"user": [1, 1], "track": [1, 2]}, "1 listener"),
        ({"user": [1, 2], "track": [1, 1]}, r"1 track\(s\)"),
        ({"user": [1, 2], "track": [1, 2], "time": ["noon", "night"]}, "the first is 'noon'"),
        ({"user": [1, 2], "track": [1, 2], "time": ["2024-05-01", "12"]}, "1 of 2 rows .*no time"),
        ({"user": ["", 2], "track": [1, 2]}, "1 of 2 rows .*no listener"),
    ],
)
def test_a_log_that_cannot_be_used_says_why(tmp_path, columns, says):
    with pytest.raises(UsageError, match=says):
        read_any_log(written(tmp_path, **columns), {})


# Splitting


@pytest.fixture
def read(tmp_path):
    return read_any_log(written(tmp_path, **checkerboard()), {})


def test_a_split_by_time_learns_from_the_past_only(read):
    split = split_log(read, "time", 0.2)
    last = read.log.plays().time.max()
    cut = last - 0.2 * (last - read.log.plays().time.min())
    assert split.train.plays().time.max() < cut <= split.when[split.request("keep").listeners].min()
    late = read.log.plays().rows(read.log.plays().time >= cut)
    assert set(split.held.tolist()) == set((late.listener * 20 + late.track).tolist())
    assert set(split.relevant("drop")) == set(split.held) - set(split.played)


def test_leave_last_out_holds_out_the_newest_play_of_each(read):
    split = split_log(read, "last")
    plays = read.log.plays()
    assert len(split.train) == len(plays) - 24 and len(split.held) == 24
    for u in range(24):
        mine = plays.rows(plays.listener == u)
        assert u * 20 + mine.track[mine.time.argmax()] in split.held


def test_leave_one_out_holds_out_a_track_whole_and_the_same_each_time(tmp_path, read):
    split = split_log(read, "one")
    assert len(split.held) == 24 and not np.isin(split.held, split.played).any()
    columns = {name: list(reversed(cells)) for name, cells in checkerboard().items()}
    again = split_log(read_any_log(written(tmp_path, "again.csv", **columns), {}), "one")
    np.testing.assert_array_equal(again.held, split.held)
    np.testing.assert_array_equal(split.relevant("drop"), split.relevant("keep"))


def test_a_split_that_leaves_nothing_to_test_says_so(tmp_path):
    once = read_any_log(written(tmp_path, user=[1, 2, 3], track=[1, 1, 2], time=[0, 1, 2]), {})
    for way in ("time", "last", "one"):
        with pytest.raises(UsageError, match="leaves nothing to test"):
            split_log(once, way)
    same = read_any_log(written(tmp_path, user=[1, 1, 2, 2], track=[1, 1, 2, 2], time=[0, 9, 0, 9]), {})
    with pytest.raises(UsageError, match="--seen keep"):
        split_log(same, "last").request("drop")
    untimed = read_any_log(written(tmp_path, user=[1, 1, 2, 2], track=[1, 3, 2, 3]), {})
    assert split_log(untimed).way == "one"
    with pytest.raises(UsageError, match="has no times"):
        split_log(untimed, "last")
    with pytest.raises(UsageError, match="--test 1"):
        split_log(same, "time", 1.0)


def test_what_was_played_before_is_dropped_or_kept(read):
    split = split_log(read, "time", 0.2)
    catalogue, _ = described(read, None, {})
    for seen in ("drop", "keep"):
        rows = split.request(seen).listeners
        shown = served(Task(arm("itemknn"), 0, seen), split, catalogue, 4).tracks
        again = hits_of(rows, shown, split.played, 20)
        assert len(rows) and (not again.any() if seen == "drop" else again.any())


def test_a_learner_finds_what_a_checkerboard_holds_out(read):
    split = split_log(read, "one")
    catalogue, _ = described(read, None, {})
    rows = split.request("drop").listeners
    shown = served(Task(arm("als"), 0, "drop"), split, catalogue, 10).tracks
    assert hits_of(rows, shown, split.relevant("drop"), 20)[:, :3].any(axis=1).mean() > 0.9


# Measuring


def test_metrics_are_those_of_ir_measures():
    ir = pytest.importorskip("ir_measures")
    m, n_tracks, size = 60, 40, 20
    u = np.arange(m)[:, None]
    tracks = np.argsort((KEY / "lists").uniform(u, np.arange(n_tracks)), axis=1)[:, :size].astype(np.int32)
    relevant = (KEY / "relevant").uniform(u, np.arange(n_tracks)) < (KEY / "share").uniform(u) * 0.4
    relevant[:, 0] = True
    pairs = np.flatnonzero(relevant)
    qrels = [ir.Qrel(str(p // n_tracks), str(p % n_tracks), 1) for p in pairs.tolist()]
    run = [
        ir.ScoredDoc(str(r), str(t), -float(j)) for r in range(m) for j, t in enumerate(tracks[r].tolist())
    ]
    hits = hits_of(np.arange(m), tracks, pairs, n_tracks)
    for k in (1, 5, 10, 20):
        theirs = {
            "precision": ir.P @ k,
            "recall": ir.R @ k,
            "hit": ir.Success @ k,
            "mrr": ir.RR @ k,
            "map": ir.AP @ k,
            "ndcg": ir.nDCG @ k,
        }
        ours = accuracy(hits, relevant.sum(axis=1), k)
        assert set(ours) == set(theirs)
        for name, measure in theirs.items():
            want = {int(v.query_id): v.value for v in measure.iter_calc(qrels, run)}
            np.testing.assert_allclose(ours[name], [want[r] for r in range(m)], atol=1e-9, err_msg=name)


def test_novelty_coverage_and_lift_by_hand(tmp_path):
    path = written(tmp_path, user=[1, 1, 2, 3, 3], track=[1, 2, 1, 1, 3], count=[6, 2, 4, 2, 2])
    log = read_any_log(path, {}).log  # phi = 12, 2, 2
    beside = Beside(log)
    np.testing.assert_allclose(beside.profile, [9.5, 12, 7])
    assert beside.group.tolist() == [1, 2, 0]
    found = beside.of(np.array([0, 1, 2]), np.array([[2], [2], [0]]))
    assert found["coverage"] == pytest.approx(2 / 3)
    assert found["novelty"] == pytest.approx(-np.mean(np.log2(np.array([3, 3, 13]) / 19)))
    want = {"lift_diverse": 2 / 9.5 - 1, "lift_mainstream": 2 / 12 - 1, "lift_niche": 12 / 7 - 1}
    assert {name: found[name] for name in want} == pytest.approx(want)


def test_intervals_over_listeners_cover_and_pair():
    truth, covered = 0.3, 0
    for trial in range(60):
        values = ((KEY / "hits").uniform(trial, np.arange(200)) < truth).astype(float)[None, None]
        (span,) = over_listeners(values)
        covered += span.low <= truth <= span.high
    assert covered >= 52
    both = (
        (KEY / "two").uniform(np.arange(2)[:, None, None], np.arange(3)[:, None], np.arange(40)).astype(float)
    )
    a, b, apart = resampled(np.stack([both[0], both[1], both[0] - both[1]]))
    np.testing.assert_allclose(apart, a - b, atol=1e-12)
    assert np.isnan(over_listeners(values[:, :, :1])[0].low)


# The verb


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    written(tmp_path, **checkerboard())
    return tmp_path


def test_the_verb_prints_a_leaderboard_writes_its_files_and_goes_on(folder, capsys):
    words = [
        "log.csv",
        "--agents",
        "popular",
        "itemknn",
        "--k",
        "3",
        "5",
        "--seeds",
        "2",
        "--json",
        "rows.json",
    ]
    assert main(words) == 0
    said = capsys.readouterr()
    assert "user as listener" in said.err and "song_id as track" in said.err and "held out" in said.err
    assert "ndcg@3" in said.out and "vs popular" in said.out and "finished already" not in said.err
    rows = json.loads((folder / "rows.json").read_text())
    assert list(rows[0]) == ["agent", "metric", "k", "value", "split", "seen", "seed"]
    assert {(r["agent"], r["seen"], r["seed"]) for r in rows} == {
        (a, s, i) for a in ("popular", "itemknn") for s in ("drop", "keep") for i in (0, 1)
    }
    assert {r["k"] for r in rows if r["metric"] == "ndcg"} == {3, 5}
    assert [r["k"] for r in rows if r["metric"] == "fit_seconds"] == [None] * 8
    (run,) = (folder / "results" / "evaluate").iterdir()
    for name in ("report.md", "summary.csv", "metrics.parquet", "run.json", "figures/accuracy.png"):
        assert (run / name).stat().st_size > 0 and f"{run.relative_to(folder)}/{name}" in said.out
    report = (run / "report.md").read_text()
    assert "simenv evaluate log.csv" in report and "Tracks new to the listener only: the first 5" in report

    assert main([*words, "--agents", "itemknn", "popular", "random"]) == 0
    again = capsys.readouterr().err
    assert again.count("finished already") == 8 and again.count("random, seed") == again.count("fitted") == 4
    kept = {tuple(r.values()) for r in json.loads((folder / "rows.json").read_text())}
    assert {tuple(r.values()) for r in rows} <= kept
    assert len(list((folder / "results" / "evaluate").iterdir())) == 1


def test_an_agent_that_fails_costs_only_itself(folder, capsys):
    (folder / "mine.py").write_text(
        "from simenv.agents.random import Random\n\nclass Broken(Random):\n"
        "    def fit(self, log):\n        raise RuntimeError('broken')\n"
    )
    assert main(["log.csv", "--agents", "mine.py:Broken", "popular", "--split", "one", "--out", "o"]) == 1
    said = capsys.readouterr()
    assert "FAILED: mine.py:Broken, seed 0: RuntimeError: broken" in said.out and "popular" in said.out
    assert "Traceback" in next((folder / "o").glob("failed-*.txt")).read_text()
    cell = next((folder / "o" / "cells").glob("popular-0-drop.npz"))
    cell.write_bytes(cell.read_bytes()[:100])  # damaged: it is made again
    assert main(["log.csv", "--agents", "popular", "--split", "one", "--out", "o"]) == 0
    assert "fitted" in capsys.readouterr().err


def test_a_catalogue_is_joined_by_id_and_lets_content_work(folder, capsys):
    names = [f"id{i:02d}" for i in range(20)]
    columns = checkerboard()
    columns["song_id"] = [names[i] for i in columns["song_id"]]
    written(folder, **columns)
    kinds = ["jazz" if i % 2 else "rock" for i in range(18)]
    written(
        folder,
        "tracks.csv",
        id=names[:18],
        title=names[:18],
        artist=[f"a{i}" for i in range(18)],
        genre=kinds,
    )
    words = ["log.csv", "--split", "one", "--agents", "content", "random", "--k", "3", "--json", "rows.json"]
    assert main([*words, "--catalogue", "tracks.csv"]) == 0
    assert "tracks.csv knows 18 of the 20 tracks" in capsys.readouterr().err
    rows = json.loads((folder / "rows.json").read_text())
    found = {r["agent"]: r["value"] for r in rows if r["metric"] == "hit"}
    assert found["content"] > 2 * found["random"]
    (folder / "needy.py").write_text(
        "from simenv.agents.random import Random\n\nclass Needy(Random):\n    needs = frozenset({'genres'})\n"
    )
    assert main([*words, "--agents", "needy.py:Needy", "random"]) == 0
    assert "left out: needy.py:Needy needs genres" in capsys.readouterr().err
    written(folder, "others.csv", id=["x", "y"], title=["x", "y"], artist=["a", "b"])
    with pytest.raises(UsageError, match="knows none of the log's tracks: an id of the log is 'id00'"):
        main([*words, "--catalogue", "others.csv"])


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["log.csv", "--agents", "als(factors=3"], r"cannot be read(.|\n)*\^"),
        (["log.csv", "--agents", "alss"], "did you mean 'als'"),
        (["log.csv", "--agents", "oracle"], "simulated worlds only"),
        (["none.csv"], "no log at none.csv"),
        (["log.csv", "--columns", "user"], "NAME=COLUMN"),
        (["log.csv", "--columns", "who=user"], "cannot be used as 'who'"),
        (["log.csv", "--k", "0"], "--k 0"),
        (["log.csv", "--k", "30"], "the log has 20 tracks"),
        (["log.csv", "--seeds", "0"], "--seeds 0"),
        (["log.csv", "--catalogue-columns", "a=b"], "goes with --catalogue"),
        (["log.csv", "--out", "log.csv", "--agents", "random"], "is a file"),
        (["log.csv", "--out", ".", "--agents", "random"], "files that are no run"),
    ],
)
def test_bad_usage_says_what_to_do(folder, words, says):
    with pytest.raises(UsageError, match=says):
        main(words)
    assert not (folder / "results").exists()


def test_a_folder_of_another_evaluation_is_refused(folder):
    assert main(["log.csv", "--agents", "random", "--out", "o"]) == 0
    with pytest.raises(UsageError, match="another run"):
        main(["log.csv", "--agents", "random", "--out", "o", "--test", ".3"])


@pytest.mark.skipif(not LASTFM.exists(), reason="needs ../shared/data/lastfm_user_artists.tsv.gz")
def test_learners_beat_popular_by_a_wide_margin_on_real_play_counts(folder):
    words = [str(LASTFM), "--split", "one", "--agents", "popular", "itemknn", "als", "--json", "rows.json"]
    assert main(words) == 0
    rows = json.loads((folder / "rows.json").read_text())
    ndcg = {r["agent"]: r["value"] for r in rows if r["metric"] == "ndcg" and r["k"] == 10}
    assert min(ndcg["als"], ndcg["itemknn"]) > 2.5 * ndcg["popular"] > 0.02
