"""The command line: exit statuses, messages without tracebacks, files."""

import json
import os
import pty
import signal
import subprocess
import sys

import pandas as pd
import pyarrow.parquet as pq
import pytest

from simenv.scenarios.cli import VERBS, main
from simenv.types import SOURCES

SMALL = ("--listeners", "30", "--tracks", "200", "--warmup", "2", "--days", "2", "--seeds", "2")


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def wrong(capsys, *words):
    """What is said of bad usage."""
    try:
        status = main(words)
    except SystemExit as end:  # how tyro ends
        status = end.code
    said = capsys.readouterr()
    assert status == 2 and "Traceback" not in said.err
    return said.err


def test_a_run_prints_a_table_writes_its_files_and_goes_on(folder, capsys):
    words = ("run", "long_term_reward", "--agents", "popular", "random", *SMALL, "--json", "rows.json")
    assert main(words) == 0
    said = capsys.readouterr()
    assert "Who makes the most" in said.out and "vs popular" in said.out and "report.md" in said.out
    assert said.err.count(" plays in ") == 4
    run = next((folder / "results" / "long_term_reward").iterdir())
    for name in ("run.json", "metrics.parquet", "summary.csv", "report.md", "figures/reward_total.png"):
        assert (run / name).stat().st_size > 0, name
        assert name == "run.json" or f"{run.relative_to(folder)}/{name}" in said.out
    rows = pd.DataFrame(json.loads((folder / "rows.json").read_text()))
    stored = pd.read_parquet(run / "metrics.parquet")
    assert list(rows.columns) == list(stored.columns) and len(rows) == len(stored)
    assert main(words) == 0
    assert "4 of 4 cells are finished already" in capsys.readouterr().err
    assert len(list((folder / "results" / "long_term_reward").iterdir())) == 1

    (run / "report.md").unlink()
    assert main(("report", str(run), "--json", "again.json")) == 0
    assert "made by:" in (run / "report.md").read_text().lower()
    assert (folder / "again.json").read_text() == (folder / "rows.json").read_text()


def test_a_cell_that_fails_ends_with_1_and_a_line(folder, capsys):
    (folder / "mine.py").write_text(
        "from simenv.agents.random import Random\n\nclass Broken(Random):\n"
        "    def hear(self, news):\n        raise RuntimeError('broken')\n"
    )
    assert main(("run", "filter_bubble", "--agents", "random", "mine.py:Broken", *SMALL)) == 1
    said = capsys.readouterr()
    assert "FAILED: mine.py:Broken, seed 0: RuntimeError: broken" in said.out
    assert "Traceback" not in said.out + said.err
    assert "2 of 4 cells are missing" in said.out
    run = next((folder / "results" / "filter_bubble").iterdir())
    assert main(("report", str(run))) == 1


def test_every_parameter_of_every_part_is_an_option(folder, capsys):
    options = ("--listener.drift", "0", "--synthetic.kappa", ".9", "--cooldown", "inf", "--slate-size", "5")
    assert main(("run", "filter_bubble", "--agents", "random", *SMALL, *options, "--out", "mine")) == 0
    told = json.loads((folder / "mine" / "run.json").read_text())["scenario"]
    assert told["listener"]["drift"] == 0 and told["synthetic"]["kappa"] == 0.9
    assert told["cooldown"] == "inf" and told["slate_size"] == 5
    report = (folder / "mine" / "report.md").read_text()
    assert "new music only" in report and "a queue of 5 tracks" in report


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("rnu",), "did you mean 'run'"),
        (("run",), "name one of cold_start, delay, exploration, filter_bubble"),
        (("run", "filter_buble"), "did you mean 'filter_bubble'"),
        (("run", "filter_bubble", "--agents", "alss"), "did you mean 'als'"),
        (("run", "filter_bubble", "--agents", "als(factor=3)"), "did you mean 'factors'"),
        (("run", "filter_bubble", "--listner", "3"), "--listeners"),
        (("run", "filter_bubble", "--days", "many"), "many"),
        (("run", "filter_bubble", "--days", "-3"), "expected a whole number from 1"),
        (("run", "filter_bubble", "--jobs", "0", "--agents", "random"), "jobs=0"),
        (("run", "filter_bubble", "--catalogue", "nowhere.csv"), "nowhere.csv"),
        (("run", "filter_bubble", "--catalogue", "x.csv", "--columns", "title"), "NAME=COLUMN"),
        (("report", "nowhere"), "no run"),
        (("simulate", "--out", "log.txt"), ".parquet or .csv"),
        (("simulate", "--out", "nowhere/log.csv"), "nowhere/log.csv"),
        (("simulate", "--out", "log.csv", "--listeners", "0"), "listeners=0"),
    ],
)
def test_bad_usage_ends_with_2_and_says_what_to_do(words, message, capsys):
    assert message in wrong(capsys, *words)


def test_the_version_and_the_help_load_nothing_heavy():
    code = (
        "import sys; from simenv.scenarios.cli import main; main(['--version']); main(['--help'])\n"
        "heavy = {'tyro', 'pandas', 'matplotlib', 'numba', 'torch', 'joblib'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    said = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False
    )
    assert said.returncode == 0, said.stderr
    assert said.stdout.startswith("simenv 0") and all(verb in said.stdout for verb in VERBS)


def test_list_names_scenarios_and_agents(capsys):
    assert main(("list",)) == 0
    said = capsys.readouterr().out
    assert all(name in said for name in ("filter_bubble", "als", "oracle", "organic"))


@pytest.mark.parametrize("suffix", ["parquet", "csv"])
def test_a_simulated_log_explains_itself(folder, suffix, capsys):
    words = ("simulate", "--days", "3", "--listeners", "30", "--tracks", "200", "--agent", "popular")
    assert main((*words, "--out", f"log.{suffix}")) == 0
    path = folder / f"log.{suffix}"
    log = pd.read_csv(path) if suffix == "csv" else pq.read_table(path).to_pandas()
    assert f"{len(log):,} plays" in capsys.readouterr().out
    assert log["time"].is_monotonic_increasing and log["time"].max() < 3.5
    assert set(log["source"].astype(str)) <= set(SOURCES)
    asked = log["source"].astype(str) == "recommended"
    assert asked.any() and log.loc[asked, "request"].notna().all() and log.loc[~asked, "slot"].isna().all()
    assert log["skipped"].dtype == bool and (log["seconds"] > 0).all()
    assert not list(folder.glob("*.part"))


def test_a_terminal_sees_bars_and_an_interrupt_keeps_what_is_finished(folder):
    """As in life: on a terminal, stopped by Ctrl-C in the middle."""
    here, there = pty.openpty()
    command = [sys.executable, "-m", "simenv.scenarios.cli", "run", "filter_bubble", "--agents", "random"]
    sizes = ["--listeners", "60", "--tracks", "300", "--warmup", "5", "--days", "7", "--seeds", "400"]
    running = subprocess.Popen(
        [*command, *sizes, "--out", "run"],
        stdout=there,
        stderr=there,
        cwd=folder,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a job in the background ignores it
    )
    os.close(there)
    seen = b""
    while b"plays in" not in seen:
        seen += os.read(here, 4096)
    running.send_signal(2)
    try:
        while more := os.read(here, 4096):
            seen += more
    except OSError:  # the other end is closed
        pass
    assert running.wait(30) == 130
    assert b"plays/s" in seen and b"the same command goes on" in seen and b"Traceback" not in seen
    cells = list((folder / "run" / "cells").iterdir())
    assert cells and not [c for c in cells if c.name.startswith(".")]
