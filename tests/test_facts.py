"""`simenv facts`: each fact on logs whose answer is known, verdicts, logs of others, the verb as a whole."""

import json

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
import pytest

from simenv.errors import UsageError
from simenv.scenarios import _measures as measures
from simenv.scenarios._fact_list import FACTS, Number, chosen
from simenv.scenarios._fact_log import read_log
from simenv.scenarios._fact_probe import exposure_curve
from simenv.scenarios._fact_run import measure
from simenv.scenarios._fact_table import judged, reasons
from simenv.scenarios._facts import main
from simenv.scenarios._listening import Events, Listening
from simenv.scenarios._measures import Measured
from simenv.scenarios._simulate import readable
from simenv.scenarios._stats import Interval
from simenv.scenarios.build import make_world
from simenv.users.activities import HOUR_WEIGHTS
from simenv.users.params import ListenerParams

MINUTE = 1 / 1440
TINY = ("--listeners", "40", "--tracks", "300", "--warmup", "3", "--days", "8")


def events(listener, track, time, seconds, **also):
    """Plays as columns of the right types."""
    columns = {name: None if value is None else np.asarray(value) for name, value in also.items()}
    return Events(
        np.asarray(listener, np.int32),
        np.asarray(track, np.int32),
        np.asarray(time, float),
        np.asarray(seconds, np.float32),
        **columns,
    )


def session(n, start=0.0, listener=0, first=0, **also):
    """One session of n tracks, four minutes each."""
    seconds = also.pop("seconds", np.full(n, 200.0))
    return events(
        np.full(n, listener), first + np.arange(n), start + 4 * MINUTE * np.arange(n), seconds, **also
    )


def together(*parts):
    names = parts[0].offers
    return Events(**{name: np.concatenate([getattr(p, name) for p in parts]) for name in names})


def plays(*parts, since=0.0, gone=None):
    return Listening.of(together(*parts), since, gone)


def test_a_silence_of_half_an_hour_after_the_end_of_a_play_ends_a_session():
    time = np.array([0, 4, 33, 70]) * MINUTE  # 4 + 4 + 30 > 33; 33 + 4 + 30 < 70
    heard = Listening.of(events([0] * 4, range(4), time, [240] * 4))
    assert heard.lengths.tolist() == [3, 1] and heard.position.tolist() == [1, 2, 3, 1]
    long = Listening.of(events([0, 0], [1, 2], [0, 59 * MINUTE], [1800, 10]))
    assert long.lengths.tolist() == [2]  # the silence is counted from the end of a long play
    numbered = Listening.of(events([0] * 4, range(4), time, [240] * 4, session=[0, 1, 1, 1]))
    assert numbered.lengths.tolist() == [1, 3]


def test_other_listeners_and_the_order_of_rows_change_nothing():
    a = session(12, listener=3, skipped=np.arange(12) % 2 == 0)
    b = session(12, listener=1, skipped=np.arange(12) % 3 == 0)
    one, two = plays(a, b), Listening.of(together(b, a).rows(np.arange(24)[::-1]))
    assert measures.runs(one).values == measures.runs(two).values
    assert one.lengths.tolist() == [12, 12]


def test_skips_are_counted_below_each_limit_and_a_finished_short_track_is_none():
    heard = plays(session(5, seconds=np.array([4, 8, 20, 25, 100]), skipped=np.array([1, 1, 1, 0, 1], bool)))
    assert measures.skips(heard).values == pytest.approx((0.2, 0.4, 0.6, 0.8))
    unknown = measures.skips(plays(session(5, seconds=np.array([4, 8, 20, 25, 100])))).values
    assert unknown[:3] == pytest.approx((0.2, 0.4, 0.8)) and np.isnan(unknown[3])


def test_long_sessions_leave_the_others_out():
    short = session(9, skipped=np.ones(9, bool), seconds=np.full(9, 1.0))
    long = session(10, 1.0, skipped=np.arange(10) < 5, seconds=np.array([5, 20, 20, 100, 178, *[200] * 5]))
    assert measures.long_sessions(plays(short, long)).values == pytest.approx((0.1, 0.3, 0.4))


def test_early_skips_are_relative_to_places_4_to_20():
    skipped = np.zeros(20, bool)
    skipped[[1, 3, 5]] = True  # place 2; two of seventeen on the plateau
    values = measures.early(plays(session(20, skipped=skipped))).values
    assert values == pytest.approx((0.0, 17 / 2))
    assert np.isnan(measures.early(plays(session(20, skipped=np.zeros(20, bool)))).values).all()


def test_runs_tell_repetition_from_alternation():
    blocks = measures.runs(plays(session(20, skipped=np.arange(20) < 10)))
    assert blocks.values == pytest.approx((18 / 19, 0.9))
    other = measures.runs(plays(session(20, skipped=np.arange(20) % 2 == 0)))
    assert other.values == pytest.approx((0.0, -1.0))
    same = measures.runs(plays(session(20, skipped=np.ones(20, bool)))).values
    assert same[0] == 1 and np.isnan(same[1])


def test_a_new_session_has_no_track_before():
    parts = [session(1, day, skipped=np.array([day % 2 == 0])) for day in range(4)]
    assert np.isnan(measures.runs(plays(*parts)).values).all()


def test_weekends_are_saturday_and_sunday_and_charts_stand_against_what_is_personal():
    parts = [
        session(
            1,
            day + 0.5,
            skipped=np.array([day >= 5]),
            charts=np.array([day == 0]),
            personal=np.array([day == 6]),
        )
        for day in range(7)
    ]
    assert measures.situations(plays(*parts)).values == pytest.approx((1.0, -1.0))


def test_session_lengths_give_their_shares_and_hazards():
    parts = [session(n, day) for day, n in enumerate((9, 10, 19, 20, 25))]
    values = measures.lengths(plays(*parts)).values
    assert values == pytest.approx((2 / 4, 1 / 4, 1 / 3))
    assert np.isnan(measures.lengths(plays(session(3))).values).all()


def test_a_repeat_needs_an_earlier_play_of_30_seconds_by_the_same_listener():
    heard = Listening.of(events([0, 0, 0, 0, 1], [7, 7, 7, 8, 7], [0, 1, 2, 3, 4], [29.9, 30, 31, 200, 200]))
    assert heard.known.tolist() == [False, False, True, False, False]
    assert measures.repeats(heard).values == pytest.approx((1 / 4,))


def test_history_before_since_is_remembered_but_not_counted():
    heard = plays(
        session(2, 0.0, skipped=np.ones(2, bool)), session(2, 5.0, skipped=np.zeros(2, bool)), since=3
    )
    assert heard.counted.tolist() == [False, False, True, True]
    assert heard.known.tolist() == [False, False, True, True]
    assert measures.skips(heard).values[3] == 0
    with pytest.raises(UsageError, match="lower --since"):
        plays(session(2), since=30)


def test_exposure_peaks_and_wears_out_and_without_wear_never_falls_to_half():
    peak, left = measures.exposed(exposure_curve(ListenerParams(), 60)).values
    assert 5 <= peak <= 25 and left < 0.5
    tireless = measures.exposed(exposure_curve(ListenerParams(worn=0.0, bored=0.0), 60)).values
    assert tireless[0] > 25 and tireless[1] == pytest.approx(1.0, abs=1e-3)
    unmoved = measures.exposed(exposure_curve(ListenerParams(worn=0.0, bored=0.0, exposure=0.0), 60))
    assert np.isnan(unmoved.values[1])


def test_artists_of_one_listen_each_are_equal_and_a_power_law_has_its_slope():
    equal = plays(session(40, artist=np.arange(40)))
    assert measures.artists(equal).values == pytest.approx((0.0, 1 / 40, 0.0), abs=1e-12)
    amounts = np.round(20_000 / np.arange(1, 201)).astype(int)
    artist = np.repeat(np.arange(200), amounts)
    n = len(artist)
    zipf = Listening.of(events(np.arange(n), np.arange(n), np.zeros(n), np.full(n, 60), artist=artist))
    gini, top, slope = measures.artists(zipf).values
    assert slope == pytest.approx(-1, abs=0.01) and top == pytest.approx(amounts[:2].sum() / n) and gini > 0.6
    nobody = plays(session(3, artist=np.arange(3), seconds=np.full(3, 5.0)))
    assert np.isnan(measures.artists(nobody).values).all()


def test_quarters_measure_how_far_genres_moved():
    def quarter(q, genre):
        time = 90 * q + np.linspace(0, 89.9, 210)
        return events([0] * 210, range(210), time, [60] * 210, genre=np.asarray(genre))

    half = np.arange(210) % 2
    moved = [quarter(0, half), quarter(1, half), *(quarter(q, np.zeros(210, int)) for q in range(2, 6))]
    assert measures.quarters(plays(*moved)).values == pytest.approx((0.0, 0.5))
    assert np.isnan(measures.quarters(plays(*moved[:5])).values).all()  # a quarter is missing
    few = plays(*(part.rows(np.arange(0, 210, 2)) for part in moved))
    assert np.isnan(measures.quarters(few).values).all()  # too few plays of anyone


def test_churn_is_a_monthly_rate_of_those_who_were_there():
    both = (session(1, 0.0), session(1, 59.5))
    gone = np.array([10.0, 40.0, np.inf, np.inf])
    assert measures.churn(plays(*both, gone=gone)).values == pytest.approx((1 - np.sqrt(0.5),))
    assert measures.churn(plays(*both, gone=np.full(4, np.inf))).values == (0.0,)


def test_hours_follow_the_template_and_arousal_its_sign():
    amounts = np.round(100 * np.array(HOUR_WEIGHTS)).astype(int)
    time = np.repeat(np.arange(24) / 24 + 0.001, amounts)
    n = len(time)
    loud = ((time * 24 >= 10) & (time * 24 < 17)).astype(np.float32)
    heard = Listening.of(events(np.arange(n), np.arange(n), time, np.full(n, 60), arousal=loud))
    assert measures.hours(heard).values == pytest.approx((1.0, 1.0), abs=1e-3)
    flat = Listening.of(events(np.arange(24), np.arange(24), np.arange(24) / 24, np.full(24, 60)))
    assert np.isnan(measures.hours(flat).values).all()


def test_variety_counts_artists_of_whole_weeks():
    first = session(6, 0.0, artist=np.array([1, 1, 2, 2, 3, 3]))
    second = session(2, 8.0, artist=np.array([1, 1]))
    third = session(5, 14.0, artist=np.arange(5))  # a week that has just begun
    assert measures.variety(plays(first, second, third)).values == pytest.approx((2.0,))
    assert np.isnan(measures.variety(plays(first)).values).all()


def test_discoveries_know_the_artist_or_not():
    one = session(4, artist=np.array([1, 1, 2, 1]))
    assert measures.discoveries(plays(one)).values == pytest.approx((2 / 4, 1 / 3))
    again = session(4, 1.0, artist=np.array([1, 1, 2, 1]))  # nothing of it is heard for the first time
    assert measures.discoveries(plays(one, again)).values == pytest.approx((2 / 4, 1 / 3))


@pytest.mark.parametrize(
    ("span", "verdict"),
    [
        (Interval(0.5, 0.45, 0.55), "holds"),
        (Interval(0.5, 0.35, 0.55), "no verdict"),
        (Interval(0.3, 0.25, 0.35), "misses"),
        (Interval(0.4, np.nan, np.nan), "holds"),
        (Interval(0.39, np.nan, np.nan), "misses"),
        (Interval(np.nan, np.nan, np.nan), "no verdict"),
    ],
)
def test_the_verdict_follows_from_the_interval(span, verdict):
    assert Number("share", "tight", 0.4, 0.6).verdict(span) == verdict


def test_open_bands_and_signs():
    sign, below = Number("more", "sign", 0.0, None), Number("half", "tight", None, 0.5)
    single = [sign.verdict(Interval(value, np.nan, np.nan)) for value in (0.01, 0.0, -0.01)]
    assert single == ["holds", "misses", "misses"]
    assert sign.verdict(Interval(0.0, -0.1, 0.1)) == "no verdict"
    assert below.verdict(Interval(-3.0, np.nan, np.nan)) == "holds"
    assert below.verdict(Interval(0.51, np.nan, np.nan)) == "misses"


def test_what_is_too_short_or_missing_gets_no_verdict_however_good_it_looks():
    (fact,) = chosen((7,), FACTS)
    assert judged((fact,), [{7: Measured((0.6,))}], [], {}).rows[0].verdict == "holds"
    assert judged((fact,), [{7: Measured((0.6,))}], [], {7: "needs 270 days"}).rows[0].verdict == "too short"
    assert judged((fact,), [], [], {7: "no column tells it"}).rows[0].verdict == "no verdict"
    (skips,) = chosen((1,), FACTS)
    table = judged((skips,), [{1: Measured((0.9, 0.9, 0.9, 0.9))}] * 2, [], {})
    assert len(table.missed) == 4


def test_what_misses_says_on_which_side_whether_recommended_or_not_and_what_moves_it():
    (fact,) = chosen((7,), FACTS)

    def said(value, organic):
        table = judged((fact,), [{7: Measured((value,))}], [{7: Measured((organic,))}] if organic else [], {})
        return reasons(table)

    assert said(0.7, 0.9) == []
    (high,) = said(0.85, 0.81)
    assert high.startswith("Fact 7: misses: repeats, last 30 days: above the band")
    assert ", without recommendations too. Moved by discovery_a" in high
    assert "below the band, but within it without recommendations. Moved by" in said(0.5, 0.6)[0]
    assert said(0.85, None) == ["Fact 7: misses: repeats, last 30 days: above the band"]
    (unmeasured,) = said(0.85, np.nan)
    assert "above the band. Moved by discovery_a" in unmeasured  # and nothing of what was not measured


def test_a_sign_that_is_not_there_lies_below_its_band():
    (fact,) = chosen((5,), FACTS)
    table = judged((fact,), [{5: Measured((0.0, 0.1))}], [{5: Measured((0.0, np.nan))}], {})
    (said,) = reasons(table)
    assert said == (
        "Fact 5: misses: skips: weekend less weekday: below the band, without recommendations too"
    )


def test_every_loose_number_knows_what_moves_it():
    for fact in FACTS:
        loose = any(number.kind == "loose" for number in fact.numbers)
        assert bool(fact.moved_by) == loose, fact.label


@pytest.fixture(scope="module")
def world():
    lived = make_world(60, 400, seed=5)
    lived.warm_up(12)
    return lived


def listening(world, since):
    """All plays of `world`; those before day `since` are history."""
    gone = world.truth.columns["gone"]
    return Listening.of_log(world.log, world.catalogue, world.truth.tracks, gone, since)


@pytest.mark.parametrize("kind", ["parquet", "csv", "tsv"])
def test_a_simulated_log_gives_the_numbers_of_its_world(world, tmp_path, kind):
    table = readable(world.log.joined(), world.catalogue)
    path = tmp_path / f"log.{kind}"
    if kind == "parquet":
        pq.write_table(table, path)
    else:
        spelled = table.drop_columns(["activity", "device"])
        for name in ("source", "artist"):  # CSV knows no categories
            at = spelled.column_names.index(name)
            spelled = spelled.set_column(at, name, spelled[name].cast(pa.string()))
        tab = pa_csv.WriteOptions(delimiter="\t" if kind == "tsv" else ",")
        pa_csv.write_csv(spelled, path, tab)
    ours = listening(world, 4)
    found, left_out = read_log(path, {})
    assert not left_out
    theirs = Listening.of(found, 4)
    numbers = [fact.number for fact in FACTS]
    (a, short), (b, also_short) = measure(ours, numbers), measure(theirs, numbers)
    assert set(a) - set(b) == {10, 11} and set(b) == {1, 3, 4, 5, 6, 7, 9, 12, 13, 14}
    assert {n: r for n, r in short.items() if n in b} == also_short
    for number in b:
        values = a[number].values[:1] if number == 12 else a[number].values  # arousal is hidden
        np.testing.assert_allclose(b[number].values[: len(values)], values, rtol=1e-9, atol=1e-12)


def written(tmp_path, columns):
    path = tmp_path / "log.parquet"
    pq.write_table(pa.table(columns), path)
    return path


def test_times_and_units_are_recognised(tmp_path):
    base = {"user_id": ["a", "a", "b"], "song_id": [1, 2, 1], "ms_played": [20_000, 200_000, 31_000]}
    thursday = [1_714_588_200, 1_714_588_500, 1_714_674_600]  # 2024-05-01 18:30 UTC was a Wednesday
    texts = ["2024-05-01T18:30:00", "2024-05-01 18:35:00", "2024-05-02T18:30:00"]
    zoned = ["2024-05-01T18:30:00Z", "2024-05-01T18:35:00Z", "2024-05-02T18:30:00Z"]
    for time in (thursday, [1000 * t for t in thursday], texts, zoned, pa.array(thursday, pa.timestamp("s"))):
        found, _ = read_log(written(tmp_path, base | {"ts": time}), {})
        assert found.seconds.tolist() == [20, 200, 31]
        assert np.floor(found.time % 7).tolist() == [2, 2, 3]  # Wednesday, Wednesday, Thursday
        assert found.time % 1 * 24 == pytest.approx([18.5, 18.5 + 1 / 12, 18.5])
    days, _ = read_log(written(tmp_path, base | {"time": [0.5, 0.6, 7.0]}), {})
    assert days.time.tolist() == [0.5, 0.6, 7.0] and days.offers == {"listener", "track", "time", "seconds"}


def test_columns_are_mapped_and_a_length_tells_what_was_skipped(tmp_path):
    path = written(
        tmp_path,
        {
            "wer": ["x"] * 3,
            "track": list("abc"),
            "time": [0.0, 0.1, 0.2],
            "seconds": [100.0, 199.5, 60.0],
            "duration_ms": [200_000, 200_000, None],
            "source": ["radio", "Recommended", None],
        },
    )
    found, _ = read_log(path, {"listener": "wer"})
    assert found.skipped.tolist() == [True, False, False]
    assert found.charts.tolist() == [True, False, False] and found.personal.tolist() == [False, True, False]


@pytest.mark.parametrize(
    ("columns", "given", "says"),
    [
        ({"track": [1], "time": [0.0], "seconds": [9]}, {}, "no column that is recognised as listener"),
        ({"user": [1], "track": [1], "time": [0.0], "seconds": [9]}, {"listner": "user"}, "'listener'"),
        ({"user": [1], "track": [1], "time": [0.0], "seconds": [9]}, {"artist": "who"}, "no column 'who'"),
        ({"user": [], "track": [], "time": [], "seconds": []}, {}, "no plays"),
        ({"user": [1], "track": [1], "time": ["noon"], "seconds": [9]}, {}, "ISO 8601"),
        ({"user": [1], "track": [1], "time": [0.0], "seconds": ["long"]}, {}, "1 of 1 rows"),
        ({"user": [1], "track": [1], "time": [0.0], "seconds": [-9]}, {}, "More than 1 %"),
    ],
)
def test_a_log_that_cannot_be_read_says_why(tmp_path, columns, given, says):
    with pytest.raises(UsageError, match=says):
        read_log(written(tmp_path, columns), given)


def test_files_that_are_no_logs_say_so(tmp_path):
    (tmp_path / "empty.csv").write_text("")
    (tmp_path / "torn.csv").write_text("user,track,time,seconds\n1,2,3\n")
    for name, says in (
        ("none.csv", "no such file"),
        ("empty.csv", "is empty"),
        ("torn.csv", "1 of 1 rows .*wrong number of cells"),
    ):
        with pytest.raises(UsageError, match=says):
            read_log(tmp_path / name, {})
    with pytest.raises(UsageError, match="that is a folder"):
        read_log(tmp_path, {})


def test_a_few_bad_rows_are_left_out_and_told(tmp_path):
    n = 200
    seconds = [float("nan"), *[60.0] * (n - 1)]
    columns = {"user": [1] * n, "track": range(n), "time": [float(i) for i in range(n)], "seconds": seconds}
    found, left_out = read_log(written(tmp_path, {k: list(v) for k, v in columns.items()}), {})
    assert len(found.time) == n - 1 and "1 of 200 rows" in left_out


def test_the_verb_prints_a_table_and_writes_its_files(tmp_path, capsys):
    words = [*TINY, "--agent", "popular", "--seeds", "2", "--out", str(tmp_path / "o"), "--json"]
    status = main([*words, str(tmp_path / "rows.json")])
    said = capsys.readouterr()
    rows = json.loads((tmp_path / "rows.json").read_text())
    assert list(rows[0]) == ["fact", "kind", "low", "high", "measured", "verdict"]
    assert len(rows) == sum(len(fact.numbers) for fact in FACTS)
    assert {row["verdict"] for row in rows} <= {"holds", "misses", "too short", "no verdict"}
    by_name = {row["fact"]: row for row in rows}
    assert by_name["7 repeats, last 30 days"]["verdict"] == "too short" and "needs 270 days" in said.out
    assert by_name["10 genre shares, a quarter apart"]["measured"] is None
    assert by_name["8 one play a day: F peaks at play"]["verdict"] == "holds"
    assert status == any(row["kind"] == "tight" and row["verdict"] == "misses" for row in rows)
    for name in ("report.md", "facts.json", "facts.png", "run.json"):
        assert (tmp_path / "o" / name).stat().st_size > 0 and name in said.out
    assert (tmp_path / "o" / "facts.json").read_text() == (tmp_path / "rows.json").read_text()
    assert "organic" in said.out and "popular" in said.out and "6/6" in said.err


def test_the_verb_measures_a_log_and_leaves_out_what_it_cannot(world, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    log = readable(world.log.joined(), world.catalogue).drop_columns(["artist"])
    pq.write_table(log, "log.parquet")
    assert main(["--of", "log.parquet", "--since", "4", "--json", "rows.json"]) == 0
    said = capsys.readouterr().out
    assert "no column tells artist" in said and "of our own listeners only" in said
    rows = {row["fact"]: row for row in json.loads((tmp_path / "rows.json").read_text())}
    ours = measures.skips(listening(world, 4)).values
    assert rows["1 skipped within 5 s"]["measured"] == pytest.approx(ours[0], rel=1e-12)
    assert rows["9 artists: Gini of plays"]["measured"] is None
    (run,) = (tmp_path / "results" / "facts").iterdir()
    assert (run / "report.md").exists()


KILLER = """
import os, signal
from dataclasses import dataclass
from simenv.agents.random import Random

@dataclass
class Killer(Random):
    def hear(self, news):
        os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_killed_worker_costs_its_own_world_and_the_same_command_resumes(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "killer.py").write_text(KILLER)
    words = [*TINY, "--seeds", "1", "--only", "1", "--agent", "killer.py:Killer", "--jobs", "2"]
    assert main(words) == 1
    said = capsys.readouterr().out
    assert "FAILED: killer.py:Killer, seed 0: its process died (SIGKILL(-9))" in said
    (out,) = (tmp_path / "results" / "facts").iterdir()
    assert [path.name for path in (out / "cells").iterdir()] == ["organic-0"]
    assert "**Failed**: killer.py:Killer" in (out / "report.md").read_text()
    assert main(words) == 1
    assert "1 of 2 cells are finished already" in capsys.readouterr().err


def test_a_resumed_table_is_the_same_table(tmp_path, capsys):
    words = [*TINY, "--agent", "random", "--seeds", "2", "--out", str(tmp_path / "o")]
    main(words)
    first = capsys.readouterr().out
    (tmp_path / "o" / "cells" / "random-1" / "arrays.npz").write_bytes(b"half a file")
    main(words)
    again = capsys.readouterr()
    assert again.out == first and "5 of 6 cells are finished already" in again.err
    with pytest.raises(UsageError, match="cells of another run"):
        main([*words, "--listener.drift", "0"])


def test_small_is_a_preset_that_other_options_go_before(tmp_path, capsys):
    words = [
        "--small",
        "--listeners",
        "30",
        "--tracks",
        "200",
        "--days",
        "3",
        "--warmup",
        "2",
        "--agent",
        "random",
    ]
    main([*words, "--out", str(tmp_path / "o")])
    asked = json.loads((tmp_path / "o" / "run.json").read_text())["asked"]
    assert asked["only"] == [1, 3, 4, 6, 8, 12] and asked["seeds"] == 1 and asked["listeners"] == 30
    assert "9 artists" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--agent", "alss"], "did you mean 'als'"),
        (["--agent", "organic"], "somebody who recommends"),
        (["--only", "15"], "numbered 1 to 14"),
        (["--jobs", "0"], "jobs=0"),
        (["--listeners", "0"], "listeners=0"),
        (["--since", "3"], "goes with --of"),
        (["--of", "none.parquet"], "no such file"),
        (["--of", "x.csv", "--columns", "artist"], "NAME=COLUMN"),
    ],
)
def test_bad_usage_says_what_to_do(words, says, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "x.csv").write_text("user,track,time,seconds\n1,2,3,4\n")
    with pytest.raises(UsageError, match=says):
        main(words)
    assert not (tmp_path / "results").exists()
