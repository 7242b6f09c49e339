"""The one grammar for agents: what it reads, what it writes, and what it says of mistakes."""

from importlib.metadata import EntryPoint

import numpy as np
import pytest
from backwards import First

from simenv.agents import Agent, _registry, as_agent, available, expression, load, parse
from simenv.agents.als import Als
from simenv.agents.popular import Popular
from simenv.errors import UsageError

FILE = "tests/backwards.py:Backwards"


@pytest.fixture(autouse=True)
def here(monkeypatch, request):
    monkeypatch.chdir(request.config.rootpath)


def test_available_lists_the_folder():
    assert {"als", "content", "epsgreedy", "itemknn", "popular", "random", "repeat"} <= set(available())
    assert not {"base", "__init__", "_ranking"} & set(available())
    assert all(isinstance(load(name), Agent) for name in available())


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("als", "als"),
        (" als ( ) ", "als"),
        ("als(factors=32)", "als"),
        ("als(factors = 64, reg=.05)", "als(factors=64, reg=0.05)"),
        ("popular(half_life=inf)", "popular"),
        ("popular(explore=+0.25, fit_every=2)", "popular(fit_every=2, explore=0.25)"),
        ("popular(half_life=1e3)", "popular(half_life=1000)"),
        ("popular(explore=.1234567890123)", "popular(explore=0.1234567890123)"),
        ("content(scale='minmax')", "content(scale=minmax)"),
        ("content(scale=minmax)", "content(scale=minmax)"),
        (FILE, FILE),
        (f"{FILE}(of=als, pool=100)", FILE),
        (f"{FILE}(of=als(factors=8))", f"{FILE}(of=als(factors=8))"),
        (f"{FILE}(of='popular(explore=.5)')", f"{FILE}(of=popular(explore=0.5))"),
        (f"{FILE}(of={FILE}(of=random), pool=3)", f"{FILE}(of={FILE}(of=random), pool=3)"),
        ("tests/backwards.py:First(shift=-3)", "tests/backwards.py:First(shift=-3)"),
    ],
)
def test_the_text_is_canonical_and_reads_back(text, canonical):
    agent = parse(text)
    assert expression(agent) == canonical
    again = parse(canonical)
    assert again == agent
    assert type(again) is type(agent)


def test_values_have_the_types_of_their_fields():
    agent = load("popular", half_life=7, explore=1)
    assert type(agent.half_life) is type(agent.explore) is float
    assert parse("popular(half_life=7)") == Popular(half_life=7.0)
    assert load("als", factors=np.int64(8)) == Als(factors=8)


def test_agents_classes_and_text_are_all_agents():
    agent = Als(factors=4)
    assert as_agent(agent) is agent
    assert as_agent(Als) == Als()
    assert as_agent("als(factors=4)") == agent
    assert expression(First(shift=2)) == "First(shift=2)"  # found nowhere by name: a class of a notebook
    with pytest.raises(UsageError, match="not 3"):
        as_agent(3)


@pytest.mark.parametrize(
    ("text", "message", "column"),
    [
        ("alss", "no agent called 'alss'; did you mean 'als'", 0),
        ("zzz(of=als)", "There are als, ", 0),
        ("als(factor=3)", "als has no parameter 'factor'; did you mean 'factors'", 4),
        ("als(factors=3, zzz=1)", "It has fit_every, explore, factors, ", 15),
        ("als(factors=)", "cannot be read: ", None),
        ("als(factors=3", "cannot be read: ", None),
        ("als(3)", r"write als\(parameter=value\)", 4),
        ("als(**x)", r"write als\(parameter=value\)", 4),
        ("als(factors=[3])", "expected a number, a name", 12),
        ("als(factors=radio-ppo)", "expected a number, a name", 12),
        ("als(factors=-'x')", "expected a number, a name", 12),
        ("als(factors=...)", "expected a number, a name", 12),
        ("als(factors=x)", "als: factors='x': expected a whole number", 12),
        ("als(factors=2.5)", "als: factors=2.5: expected a whole number", 12),
        ("als(factors=True)", "als: factors=True: expected a whole number", 12),
        ("als(factors=popular)", "als: factors='popular': expected a whole number", 12),
        ("als(factors=popular())", "als: factors=Popular", 12),
        ("content(scale=3)", "content: scale=3: expected z or minmax", 14),
        ("'als'", "expected the name of an agent", 0),
        ("als()()", "expected the name of an agent", 0),
        ("", "cannot be read: ", 0),
        (f"{FILE}(of=alss)", "did you mean 'als'", len(FILE) + 4),
        (f"{FILE}(of=als(reg=-1))", "als: reg=-1: expected 0 or more", len(FILE) + 12),
        (f"{FILE}(of=3)", "backwards: of=3: expected an agent or text", len(FILE) + 4),
        ("nowhere.py:Mine", "no file nowhere.py", 0),
        (
            "tests/backwards.py:Backward",
            "no class 'Backward' in tests/backwards.py; did you mean 'Backwards'",
            0,
        ),
        ("tests/backwards.py:NOT_AN_AGENT", "is no agent", 0),
    ],
)
def test_a_mistake_is_pointed_at(text, message, column):
    with pytest.raises(UsageError, match=message) as caught:
        parse(text)
    shown, caret = str(caught.value).splitlines()[-2:]
    assert shown == f"  {text}"
    assert caret.strip() == "^"
    assert column is None or caret.index("^") == 2 + column  # None: Python's versions differ


def test_load_says_what_is_wrong_without_an_arrow():
    with pytest.raises(UsageError, match="no agent called 'alss'; did you mean 'als'") as caught:
        load("alss")
    assert "^" not in str(caught.value)
    with pytest.raises(UsageError, match="did you mean 'factors'"):
        load("als", factor=3)


def test_agents_of_other_distributions(monkeypatch):
    entry = EntryPoint("elsewhere", "backwards:First", "simenv.agents")
    monkeypatch.setattr(_registry, "entry_points", lambda group: [entry] if group == "simenv.agents" else [])
    assert "elsewhere" in available()
    agent = parse("elsewhere(shift=4)")
    assert agent == First(shift=4)
    assert expression(agent) == "elsewhere(shift=4)"


def test_a_file_that_has_changed_is_read_again(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    source = (_registry._HERE / "random.py").read_text()
    (tmp_path / "mine.py").write_text(source)
    first = parse("mine.py:Random")
    assert parse("mine.py:Random") == first
    (tmp_path / "mine.py").write_text(source + "\nMORE = 1\n")
    assert type(parse("mine.py:Random")) is not type(first)


def test_a_file_that_breaks_is_not_half_remembered(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.py").write_text("raise KeyError('x')\n")
    for _ in range(2):
        with pytest.raises(KeyError):
            parse("mine.py:Mine")
