"""Presets: files of listeners that are shipped, and those of one's own."""

import json
from dataclasses import fields
from pathlib import Path

import pytest

import simenv
from simenv.errors import UsageError
from simenv.scenarios._listeners import listeners_of
from simenv.users.params import ListenerParams
from simenv.users.presets import available, load, load_listeners, preset


def kept(path, told):
    path.write_text(told if isinstance(told, str) else json.dumps(told))
    return path


@pytest.mark.parametrize("name", available())
def test_every_preset_makes_listeners_other_than_the_default_ones(name):
    assert preset(name) != ListenerParams()


def test_a_file_gives_some_parameters_and_leaves_the_others(tmp_path):
    path = kept(tmp_path / "mine.json", {"parameters": {"mood": 1, "memory": 64}, "added": {"churn": 0.01}})
    ours = load(path, over=ListenerParams(churn=0.02, drift=0.5))
    assert (ours.mood, ours.memory, ours.drift) == (1.0, 64, 0.5)
    assert ours.churn == pytest.approx(0.03)
    changed = {f.name for f in fields(ours) if getattr(ours, f.name) != getattr(ListenerParams(), f.name)}
    assert changed == {"mood", "memory", "churn", "drift"}


def test_a_name_is_a_preset_and_a_path_is_a_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    usual = ListenerParams()
    assert load_listeners("mssd2018").impatience == usual.impatience + 1.25
    kept(tmp_path / "mine", {"parameters": {"mood": 1.0}})
    assert load_listeners("mine").mood == 1.0


def test_words_of_the_command_line_name_listeners_once():
    usual = ListenerParams(drift=0.5)
    assert listeners_of(["--days", "3"], usual) is usual
    for words in (["--listeners-from", "mssd2018"], ["--listeners_from=mssd2018", "--days", "3"]):
        found = listeners_of(words, usual)
        assert found.impatience == usual.impatience + 1.25 and found.drift == 0.5
    with pytest.raises(UsageError, match="name a preset or a file"):
        listeners_of(["--listeners-from", "--days"], usual)


def test_a_run_takes_a_preset_and_single_fields_still_win():
    result = simenv.run(
        "filter_bubble",
        ["random"],
        listeners=20,
        tracks=100,
        days=2,
        warmup=1,
        seeds=1,
        listeners_from="mssd2018",
        set={"listener.mood": 0.5},
    )
    listener = result.scenario.listener
    assert listener.impatience == ListenerParams().impatience + 1.25 and listener.mood == 0.5


@pytest.mark.parametrize(
    ("told", "says"),
    [
        ("{", "no JSON"),
        ([1], "holds no listeners"),
        ({"mood": 1.0}, "holds no listeners"),
        ({"parameters": [1]}, "expected parameters by name"),
        ({"parameters": {"moood": 1.0}}, "did you mean 'mood'"),
        ({"parameters": {"mood": "much"}}, "mood is 'much'; give a finite number"),
        ({"parameters": {"mood": True}}, "give a finite number"),
        ('{"parameters": {"mood": NaN}}', "give a finite number"),
        ({"parameters": {"sessions": 0}}, "listener.sessions is 0"),
        ({"parameters": {"memory": 100.5}}, "whole number"),
        ({"added": {"memory": -1000}}, "remembers 8"),
    ],
)
def test_files_that_are_no_listeners_are_refused(told, says, tmp_path):
    with pytest.raises(UsageError, match=says):
        load(kept(tmp_path / "mine.json", told))


def test_what_is_not_there_is_said_to_be_missing(tmp_path):
    with pytest.raises(UsageError, match="did you mean 'mssd2018'"):
        load_listeners("mssd2019")
    with pytest.raises(UsageError, match="cannot read listeners"):
        load_listeners(tmp_path / "none.json")
    with pytest.raises(UsageError, match="cannot read listeners"):
        load_listeners(tmp_path)


def test_the_page_on_listeners_names_every_parameter():
    page = (Path(__file__).parent.parent / "docs" / "listener.md").read_text()
    rows = [line.split("`")[1] for line in page.splitlines() if line.startswith("| `")]
    assert {f.name for f in fields(ListenerParams)} <= set(rows)
