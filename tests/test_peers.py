"""The table that puts other simulators beside us: its arithmetic, and what it does with those that fail."""

import json
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

FAKE = """
import json, sys
with open(sys.argv[0] + ".calls", "a") as calls:
    print(*sys.argv[1:], file=calls)
print("a word of its own")
rates = {"user_steps_per_s": 50.0, "plays_per_s": 500.0, "peak_mb": 10.0}
print(json.dumps({"version": "7.1"} | rates))
"""


@pytest.fixture
def peers(monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "benchmarks")
    import peers

    yield peers
    for name in ("peers", "field"):
        del sys.modules[name]


@pytest.fixture
def case(tmp_path, peers, monkeypatch):
    """Makes a case of a peer whose script says `text`; we are measured by a script of ours, twice as fast."""
    (tmp_path / "ours.py").write_text(FAKE.replace("50.0", "100.0"))
    monkeypatch.setattr(peers, "STEPS", tmp_path)

    def make(name, text, installs=()):
        script = tmp_path / f"peer_{name}.py"
        script.write_text(text)
        return peers.Case(peers.Peer(name, script, installs), 3, 40, 10, "alone")

    return make


def table(peers, cases, folder, *words):
    """Exit status, and the rows and reasons that were written."""
    words = ["--work", str(folder / "envs"), "--out", str(folder / "t.md"), *words]
    status = peers.main(words, cases)
    return status, json.loads((folder / "t.json").read_text())


def test_rates_are_put_beside_ours_turn_by_turn(peers, case, tmp_path, capsys):
    status, said = table(peers, [case("fast", FAKE)], tmp_path, "--rounds", "3")
    (row,) = said["rows"]
    assert status == 0 and not said["missing"]
    assert (row["peer"], row["version"], row["ratio"], row["plays_ratio"]) == ("fast", "7.1", 2.0, 1.0)
    assert (row["listeners"], row["tracks"], row["slate"], row["rounds"]) == (3, 40, 10, 3)
    assert (tmp_path / "peer_fast.py.calls").read_text() == "3 40 10\n" * 3
    assert (tmp_path / "ours.py.calls").read_text() == "3 40 10 alone\n" * 3
    assert "| fast 7.1 | alone | 3 | 40 | 10 | 50 | 100 | **2.0** |" in capsys.readouterr().out


def test_a_peer_that_fails_or_does_not_install_says_why_and_costs_only_itself(peers, case, tmp_path):
    cases = [
        case("broken", "raise ValueError('no users')"),
        case("gone", FAKE, (("./no-such-folder",),)),
        case("well", FAKE),
    ]
    status, said = table(peers, cases, tmp_path, "--rounds", "2")
    assert status == 0 and [row["peer"] for row in said["rows"]] == ["well"]
    assert said["missing"]["broken"] == "fails: ValueError: no users"
    assert said["missing"]["gone"].startswith("does not install: ")
    assert "no-such-folder" in said["missing"]["gone"]
    assert not (tmp_path / "peer_gone.py.calls").exists()
    assert "- broken fails: ValueError: no users" in (tmp_path / "t.md").read_text()


def test_nothing_measured_is_no_success(peers, case, tmp_path):
    status, said = table(peers, [case("broken", "raise ValueError")], tmp_path, "--rounds", "1")
    assert status == 1 and said["rows"] == []


def test_an_environment_is_made_once_and_anew_when_its_list_changes(peers, case, tmp_path):
    peer = case("well", FAKE).peer
    assert peers.install(peer, tmp_path) == ""
    made = tmp_path / peer.python
    mark = made.parent / "mark"
    mark.touch()
    assert peers.install(peer, tmp_path) == "" and mark.exists()
    (tmp_path / "nothing.txt").touch()
    other = peers.Peer(peer.name, peer.script, (("-r", str(tmp_path / "nothing.txt")),))
    assert peers.install(other, tmp_path) == "" and not mark.exists() and made.exists()


def test_a_measurement_that_hangs_is_given_up(peers, case, monkeypatch):
    monkeypatch.setattr(peers, "PATIENCE", 0.2)
    slow = case("slow", "import time; time.sleep(60)")
    rate, reason = peers.measure(sys.executable, slow.peer.script, slow)
    assert rate is None and reason == "fails: took longer than 0.2 seconds"


@pytest.mark.parametrize(
    ("words", "said"), [(("--only", "FAST"), "There are fast"), (("--rounds", "0"), "--rounds 0: expected 1")]
)
def test_bad_usage_says_what_there_is(peers, case, tmp_path, capsys, words, said):
    assert peers.main(["--work", str(tmp_path), *words], [case("fast", FAKE)]) == 2
    assert said in capsys.readouterr().err


def test_every_peer_has_its_script_unless_it_no_longer_installs(peers):
    without = {case.peer.name for case in peers.CASES if not case.peer.script.exists()}
    assert without == {"Sim4Rec"}


@pytest.mark.parametrize("face", ["alone", "crowd", "served"])
def test_our_own_steps_count_listeners_and_what_they_played(face, monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "benchmarks" / "steps")
    monkeypatch.delitem(sys.modules, "clock", raising=False)
    import ours

    listeners = 1 if face == "alone" else 20
    steps, plays = getattr(ours, face)(listeners, 60, 4)()
    assert steps > 0 and steps % listeners == 0 and steps <= plays <= 4 * steps
    for name in ("ours", "clock"):
        del sys.modules[name]
