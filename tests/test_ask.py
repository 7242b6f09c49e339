"""Asking a recommender: what is found, what is answered, why, and what is said when it cannot be."""

import json

import numpy as np
import pyarrow as pa
import pyarrow.csv as pc
import pytest
from tiny import Tiny

import simenv
from simenv.agents import load, parse
from simenv.catalogue import Catalogue
from simenv.errors import UsageError
from simenv.scenarios import _ask_source
from simenv.scenarios._ask_answer import for_listener, with_newcomer
from simenv.scenarios._ask_find import find_track, moment
from simenv.scenarios._ask_reasons import common, reason
from simenv.scenarios._ask_source import Source, of_catalogue
from simenv.scenarios.cli import main

SONGS = {
    "track_id": ["a1", "b2", "c3", "d4", "e5", "f6"],
    "title": ["Déjà Vu", "Halo", "Halo", "Don't Start Now", "Bad Guy", "Crazy in Love"],
    "artist": ["Beyoncé", "Beyoncé", "Depeche Mode", "Dua Lipa", "Billie Eilish", "Beyoncé"],
    "genre": ["r&b", "pop", "rock", "pop", "pop", "r&b"],
    "energy": [0.7, 0.7, 0.6, 0.8, 0.4, 0.7],
    "tempo": [105, 100, 120, 124, 135, 104],
}


@pytest.fixture
def songs(tmp_path):
    pc.write_csv(pa.table(SONGS), tmp_path / "songs.csv")
    return tmp_path / "songs.csv"


@pytest.fixture
def small(monkeypatch):
    for name, size in (("LISTENERS", 40), ("TRACKS", 200), ("DAYS", 6)):
        monkeypatch.setattr(_ask_source, name, size)


@pytest.fixture(scope="module")
def even():
    """Half of the listeners love even tracks, half odd ones."""
    n, n_tracks = 40, 60
    world = Tiny((np.arange(n)[:, None] + np.arange(n_tracks)) % 2 == 0).warm_up()
    return Source(world.log, world.catalogue, (), True, ())


def asked(capsys, *words):
    status = main(("ask", *words))
    said = capsys.readouterr()
    return status, said.out, said.err


@pytest.mark.parametrize(
    ("words", "row"),
    [("c3", 2), ("deja vu", 0), ("DONT START NOW", 3), ("halo beyonce", 1), ("Halo by Depeche Mode", 2)],
)
def test_tracks_are_found_whatever_the_case_and_the_accents(words, row, songs):
    assert find_track(words, of_catalogue(songs, {}).catalogue, np.zeros(6)) == row


@pytest.mark.parametrize(
    ("words", "hint"),
    [("halo", "Halo by Depeche Mode"), ("bad gal", "did you mean\n  Bad Guy by"), ("crazy", "Crazy in Love")],
)
def test_what_is_not_found_has_near_misses(words, hint, songs):
    with pytest.raises(UsageError, match=hint):
        find_track(words, of_catalogue(songs, {}).catalogue, np.zeros(6))


def test_a_catalogue_alone_answers_with_tracks_alike(songs, capsys):
    status, out, _ = asked(capsys, "content", "--catalogue", str(songs), "--track", "deja vu", "--k", "2")
    assert status == 0
    first = next(line for line in out.splitlines() if line.startswith("1 "))
    assert "Crazy in Love by Beyoncé (r&b)" in first and "same artist, both r&b, close" in first
    status, _, err = asked(capsys, "als", "--catalogue", str(songs), "--track", "deja vu", "--k", "2")
    assert status == 2 and "als has learned nothing of Déjà Vu by Beyoncé" in err


def test_the_moments_that_people_say():
    assert moment("Friday 22:00", 0.0) == (4 + 22 / 24, "Friday 22:00, Friday night")
    assert moment("7:30", 3.5)[0] == pytest.approx(4 + 7.5 / 24)
    assert moment("tue", 1.6)[1].startswith("Tuesday 12:00") and moment("tue", 1.6)[0] == 8.5
    for text in ("T 9", "moonday", "25:00", "", "10:75"):
        with pytest.raises(UsageError, match="expected a weekday"):
            moment(text, 0.0)


@pytest.mark.parametrize("name", ["als", "itemknn", "userknn", "content"])
def test_a_listener_is_shown_what_they_love_with_the_scores_and_reasons_of_the_agent(name, even):
    agent = load(name)
    answer = for_listener(agent, name, even, 4, 6, 0.0, None)
    assert (answer.tracks % 2 == 0).all()
    assert (np.diff(answer.scores) <= 0).all() and np.isfinite(answer.scores).all()
    assert all(answer.reasons) and "plays of" in answer.said[0]
    if name == "itemknn":  # the tracks it names are the listener's own
        own = even.log.matrix()[[4]].indices
        assert any(f"Track {track} by" in answer.reasons[0] for track in own)
    if name == "userknn":
        assert "of your 10 nearest" in answer.reasons[0]


def test_nothing_is_shown_again_before_its_time(even):
    own = even.log.plays()
    own = set(own.track[own.listener == 4].tolist())
    again = for_listener(load("itemknn"), "itemknn", even, 4, 10, 0.0, None)
    new = for_listener(load("itemknn"), "itemknn", even, 4, 10, np.inf, None)
    assert own & set(again.tracks.tolist()) and not own & set(new.tracks.tolist())


def test_a_newcomer_is_cold_and_what_they_like_warms_them(even):
    cold = with_newcomer(even, [])
    answer = for_listener(load("als"), "als", cold, 40, 5, 0.0, None)
    assert "Cold start" in answer.said[0] and set(answer.reasons) == {"popular with everyone"}
    warm = with_newcomer(even, [3, 7, 9, 11, 13])
    assert len(warm.log) == len(even.log) + 5 and even.log.n_listeners == 40
    answer = for_listener(load("itemknn"), "itemknn", warm, 40, 5, 0.0, 100.9)
    assert (answer.tracks % 2 == 1).all()
    assert "From 5 plays of 5 tracks." in answer.said
    assert any("does not look at the clock" in said for said in answer.said)


def test_the_moment_that_is_asked_about_is_the_moment_of_the_reasons(even):
    at, _ = moment("Friday 22:00", even.log.now)
    agent = load("context", mode="model")
    answer = for_listener(agent, "context", even, 4, 5, 0.0, at)
    assert "it is Friday night" in agent.parts(4, int(answer.tracks[0]))


def test_what_everybody_is_shown_is_said_to_be_so(even):
    answer = for_listener(load("popular"), "popular", even, 4, 5, 0.0, None)
    assert answer.said == ("popular answers everybody alike.",)


def test_an_explanation_of_its_own_is_told_with_names(even):
    agent = parse("als")
    for_listener(agent, "als", even, 4, 5, 0.0, None)
    agent.explain = lambda listener, track: (
        f"Track {track} for listener {listener}: beside track 8, 70 % taste"
    )
    assert "beside Track 8 by Artist 2, 70 % taste" in reason(agent, 4, 6, even.catalogue)


@pytest.mark.parametrize(
    ("name", "words"), [("hybrid", "% listening"), ("ensemble", "% listening"), ("mmr(of=hybrid)", "% sound")]
)
def test_mixtures_say_their_shares(name, words, even):
    reasons = for_listener(parse(name), name, even, 4, 5, 0.0, None).reasons
    assert words in reasons[0] and all(why.count("(") == why.count(")") for why in reasons)


def test_what_two_tracks_share_counts_their_listeners(even):
    heard = even.log.matrix()[:, [4, 8]].toarray() > 0
    words = common(even.catalogue, even.log, 4, 8)
    assert f"played by {heard.all(axis=1).sum()} of its {heard[:, 0].sum()} listeners" in words
    assert "same artist" in common(even.catalogue, even.log, 3, 4)
    assert common(Catalogue.bare(5), type(even.log)(1, 5), 0, 1) == "little in common that shows"


def test_the_small_world_and_a_log_and_a_run_answer(small, tmp_path, capsys, songs):
    rows = tmp_path / "rows.json"
    words = ("--listener", "3", "--k", "4", "--at", "fri 22", "--json", str(rows))
    status, out, _ = asked(capsys, "itemknn", *words)
    assert status == 0 and "40 simulated listeners in 6 days" in out and "Friday night" in out
    told = json.loads(rows.read_text())
    assert [row["place"] for row in told] == [1, 2, 3, 4] and set(told[0]) >= {"track", "score", "reason"}

    rows = [f"u{i},{track},2" for i in range(6) for track in ("a1", "b2", f"x{i}")]
    (tmp_path / "log.csv").write_text("\n".join(["user,track_id,plays", *rows]))
    words = ("--log", str(tmp_path / "log.csv"), "--catalogue", str(songs), "--k", "2")
    status, out, _ = asked(capsys, "itemknn", "--track", "deja vu", *words)
    assert status == 0 and "songs.csv knows 2 of the 8 tracks" in out
    assert "Halo by Beyoncé" in out and "played by 6 of its 6 listeners" in out
    status, _, err = asked(capsys, "itemknn", "--listener", "u9", *words)
    assert status == 2 and "6 have names such as u0, u1" in err

    sizes = {"listeners": 30, "tracks": 200, "warmup": 3, "days": 1, "seeds": 1}
    simenv.run("long_term_reward", ["popular", "content"], out=tmp_path / "run", **sizes)
    status, out, _ = asked(capsys, "content", "--run", str(tmp_path / "run"), "--listener", "2")
    assert status == 0 and "served by content, seed 0" in out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("als",), "ask for one of"),
        (("als", "--new", "--listener", "3"), "ask for one of"),
        (("alss", "--new"), "did you mean 'als'"),
        (("oracle", "--new"), "lives in simulated worlds only"),
        (("als", "--listener", "3", "--genres", "jazz"), "--genres goes with --new"),
        (("als", "--track", "x", "--at", "fri"), "--at goes with"),
        (("als", "--new", "--at", "noonish"), "expected a weekday"),
        (("als", "--new", "--k", "0"), "--k 0"),
        (("als", "--new", "--k", "400"), "expected 1 to 199"),
        (("als", "--new", "--cooldown", "-1"), "--cooldown -1.0"),
        (("als", "--new", "--genres", "jazz"), "no genre called 'jazz'"),
        (("als", "--listener", "4000"), "numbered from 0 to 39"),
        (("random", "--track", "3"), "knows no likeness"),
        (("als", "--new", "--log", "nowhere.csv"), "nowhere.csv"),
        (("als", "--new", "--run", "nowhere"), "no run"),
        (("als", "--new", "--log", "x", "--run", "y"), "--log or --run"),
        (("als", "--new", "--columns", "a=b"), "--columns goes with"),
    ],
)
def test_bad_usage_ends_with_2_and_says_what_to_do(words, message, small, capsys):
    status, _, err = asked(capsys, *words)
    assert status == 2 and message in err


def test_who_learns_in_practice_worlds_only_is_not_asked(capsys):
    assert main(["ask", "slateq", "--listener", "0"]) == 2
    said = capsys.readouterr().err
    assert "learns in practice worlds" in said and "slateq(horizon=0)" in said
