"""What docstrings show is so."""

import doctest
import importlib
from pathlib import Path

import pytest

FOLDERS = {
    "simenv": "simenv",
    "simenv.agents": "agents",
    "simenv.users": "users",
    "simenv.scenarios": "scenarios",
    "simenv.scenarios.metrics": "scenarios/metrics",
    "simenv.scenarios.findings": "scenarios/findings",
}
ROOT = Path(__file__).parent.parent


def modules():
    """Every module of ours with an example in it."""
    for package, folder in FOLDERS.items():
        for path in sorted((ROOT / folder).glob("*.py")):
            if ">>> " in path.read_text():
                yield package if path.stem == "__init__" else f"{package}.{path.stem}"


@pytest.mark.parametrize("name", [*modules()])
def test_examples_are_true(name):
    found = doctest.testmod(importlib.import_module(name), optionflags=doctest.NORMALIZE_WHITESPACE)
    assert found.attempted and not found.failed


@pytest.mark.parametrize("folder", ["agents", "users", "scenarios"])
def test_a_mapped_folder_refuses_its_bare_name(folder, monkeypatch):
    monkeypatch.syspath_prepend(ROOT)
    monkeypatch.delitem(__import__("sys").modules, folder, raising=False)
    with pytest.raises(ImportError, match=f"import simenv.{folder}"):
        importlib.import_module(folder)


def test_the_package_offers_its_names_and_says_what_else_there_is():
    import simenv

    assert simenv.load("popular").fit_every >= 0
    assert "als" in simenv.available() and "run" in dir(simenv)
    assert simenv.run.__module__ == "simenv.scenarios._runner"
    with pytest.raises(AttributeError, match="it has make_world"):
        simenv.make_wrold  # noqa: B018


def test_the_gymnasium_id_is_registered_by_importing_the_package():
    import gymnasium

    import simenv  # noqa: F401

    entry = gymnasium.spec("simenv/Listener-v0")
    assert entry.entry_point == "simenv.scenarios.build:listener_env"
    assert entry.vector_entry_point == "simenv.scenarios.build:population_env"


def test_the_agent_in_the_readme_runs(tmp_path):
    """The file that README shows, as a file of somebody's own."""
    import simenv

    blocks = (ROOT / "README.md").read_text().split("```python\n")[1:]
    (own,) = (block.split("```")[0] for block in blocks if "class Genres(" in block)
    assert own.count("\n") < 40
    (tmp_path / "genres.py").write_text(own)
    agents = ["random", f"{tmp_path}/genres.py:Genres(charts=.02)"]
    found = simenv.run(
        "popularity_bias", agents, listeners=80, tracks=300, days=3, seeds=1, warmup=5
    ).summary()
    assert len(found) == 2 and found["finished"].notna().all()
