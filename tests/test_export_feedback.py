"""Logged decisions for others: Vowpal Wabbit learns, OBP's arrays, Minari's episodes; nothing is guessed."""

import shutil
import sys
from dataclasses import replace

import numpy as np
import pytest
import vowpalwabbit
from tiny import catalogue, plays

import simenv
from simenv.errors import UsageError
from simenv.log import read_parquet
from simenv.observe import Observer
from simenv.rng import Key
from simenv.scenarios._export_bandits import obp, vw
from simenv.scenarios._export_feedback import decisions, propensities
from simenv.scenarios._export_minari import dataset_id, minari
from simenv.scenarios._kept import open_run
from simenv.scenarios.cli import main
from simenv.types import LEFT, REACHED, SKIPPED, Setting


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    out = tmp_path_factory.mktemp("run") / "r"
    sizes = {"listeners": 40, "tracks": 200, "warmup": 3, "days": 3, "seeds": 1}
    agents = ["popular(explore=.3)", "mmr(of=popular(explore=.3))", "organic"]
    simenv.run("long_term_reward", agents, out=out, keep=("log",), **sizes)
    return out


@pytest.fixture
def run(ran, tmp_path):
    return shutil.copytree(ran, tmp_path / "run")


def cell(run, number=0):
    found = open_run(run)
    one = found.cells[number]
    return read_parquet(found.path(one)), found.scenario.world(0).catalogue


def told(plays):
    """Recommended plays that were begun, in the order of time."""
    plays = plays.rows(plays.has(REACHED) & (plays.slot >= 0))
    return plays.rows(np.argsort(plays.time, kind="stable"))


def exported(run, kind, file):
    assert main(("export", str(run), "--to", kind, "--agents", "popular(explore=.3)")) == 0
    return next((run / "export" / kind).glob(f"*/{file}"))


def test_vowpal_wabbit_reads_the_file_and_learns(run):
    path, truth = exported(run, "vw", "feedback.vw"), told(cell(run)[0])
    events = [event.split("\n") for event in path.read_text().strip().split("\n\n")]
    assert len(events) == len(truth) > 100
    for e, (shared, chosen, *others) in enumerate(events):
        assert shared.startswith("shared |l ") and " |c " in shared
        label, _, rest = chosen.partition(" ")
        action, cost, p = label.split(":")
        assert (action, cost) == ("0", str(int(truth.has(SKIPPED)[e])))
        assert float(p) == pytest.approx(truth.propensity[e], rel=1e-6)
        assert f"|i {truth.track[e]} a" in rest
        assert all(line.startswith("|t ") for line in others)
    slate = (truth.listener == truth.listener[0]) & (truth.visit == truth.visit[0])
    assert len(events[0]) - 1 == slate.sum()
    words = f"--quiet --cb_explore_adf --cb_type mtr -q lt -d {path} --cache_file {path}.cache --passes 3"
    learner = vowpalwabbit.Workspace(words)
    rows = np.arange(0, len(events), max(len(events) // 300, 1))

    def expected(e):
        arms = [learner.example(line) for line in (events[e][0], events[e][1].partition(" ")[2])]
        learner.predict(arms)
        return arms[1].get_partial_prediction()

    costs = np.array([expected(e) for e in rows])
    skipped = truth.has(SKIPPED)[rows]
    assert costs[skipped].mean() > costs[~skipped].mean() + 0.1


def test_a_log_that_leaves_nothing_to_chance_is_noted(tmp_path, capsys):
    sizes = {"listeners": 20, "tracks": 200, "warmup": 2, "days": 2, "seeds": 1}
    simenv.run("long_term_reward", ["popular"], out=tmp_path / "run", keep=("log",), **sizes)
    assert main(("export", str(tmp_path / "run"), "--to", "vw")) == 0
    assert "popular leaves nothing to chance: all propensities are 1" in capsys.readouterr().err


def test_obp_gets_the_arrays_of_bandit_feedback(run):
    with np.load(exported(run, "obp", "feedback.npz")) as file:
        found = dict(file)
    truth, tracks = told(cell(run)[0]), cell(run)[1]
    n = len(truth)
    assert int(found["n_rounds"]) == n and int(found["n_actions"]) == len(tracks)
    np.testing.assert_array_equal(found["action"], truth.track)
    np.testing.assert_array_equal(found["position"], truth.slot)
    np.testing.assert_array_equal(found["reward"], ~truth.has(SKIPPED))
    np.testing.assert_allclose(found["pscore"], truth.propensity)
    for name in ("listener", "session", "time"):
        np.testing.assert_array_equal(found[name], getattr(truth, name))
    width = Observer(Setting(tracks, 1, 1, Key.root(0)), 0).width()
    assert found["context"].shape == (n, width)
    assert found["action_context"].shape[0] == len(tracks)
    assert all(np.isfinite(column).all() for column in found.values())


def test_minari_loads_episodes_that_are_sessions(run, monkeypatch):
    library = pytest.importorskip("minari")
    assert main(("export", str(run), "--to", "minari", "--agents", "popular(explore=.3)")) == 0
    assert main(("export", str(run), "--to", "minari", "--agents", "popular(explore=.3)")) == 0  # over itself
    folder = next((run / "export" / "minari").glob("*"))
    monkeypatch.setenv("MINARI_DATASETS_PATH", str(folder))
    data = library.load_dataset(dataset_id(folder.name))
    truth = told(cell(run)[0])
    order = np.lexsort((truth.slot, truth.visit, truth.listener))
    truth = truth.rows(order)
    sessions = np.unique(np.stack([truth.listener, truth.session]), axis=1).shape[1]
    assert data.total_episodes == sessions and data.total_steps == len(truth)
    episodes = list(data.iterate_episodes())
    np.testing.assert_array_equal(np.concatenate([e.actions for e in episodes]), truth.track)
    said = np.concatenate([e.infos["propensity"][:-1] for e in episodes])
    np.testing.assert_allclose(said, truth.propensity)
    np.testing.assert_array_equal(np.concatenate([e.rewards for e in episodes]), ~truth.has(SKIPPED))
    for episode in episodes:
        assert len(episode.observations) == len(episode.actions) + 1
        assert episode.terminations[-1] != episode.truncations[-1]
        assert not episode.terminations[:-1].any()
    ends = np.cumsum([len(e.actions) for e in episodes]) - 1
    np.testing.assert_array_equal([e.terminations[-1] for e in episodes], truth.has(LEFT)[ends])


def test_minari_says_what_to_install(run, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "minari", None)
    assert main(("export", str(run), "--to", "minari")) == 2
    assert "pip install 'minari[arrow]'" in capsys.readouterr().err


def few(n=12):
    """A listener's slates of three, everything finished but every third, known propensities."""
    i = np.arange(n)
    made = plays(np.zeros(n), i % 7, i // 3 + i % 3 / 400, i % 3 != 2, slot=i % 3, visit=i // 3)
    made = replace(made, session=(i // 6).astype(np.int32), propensity=np.full(n, 0.25, np.float32))
    return made


def test_what_is_known_is_what_the_observer_saw_before():
    tracks, made = catalogue(7), few()
    by_slate, by_play = decisions(made, tracks), decisions(made, tracks, by_play=True)
    np.testing.assert_array_equal(by_slate.known[0], by_slate.known[2])  # one slate, one knowledge
    assert (by_play.known[0] != by_play.known[2]).any()
    assert not by_slate.known[:3, by_slate.parts["taste"]].any()  # nobody has played anything yet
    np.testing.assert_array_equal(
        by_slate.known[3, by_slate.parts["taste"]], by_play.after[2, by_play.parts["taste"]]
    )
    np.testing.assert_array_equal(by_slate.finished, ~made.has(SKIPPED))
    later = decisions(replace(made, flags=np.where(np.arange(12) < 9, made.flags, REACHED)), tracks)
    np.testing.assert_array_equal(later.known, by_slate.known)  # what comes last is not known before


@pytest.mark.parametrize("p", [np.nan, 0.0])
@pytest.mark.parametrize("write", [vw, obp])
def test_propensities_are_never_guessed(write, p, tmp_path):
    made = few()
    broken = made.propensity.copy()
    broken[4:6] = p
    with pytest.raises(
        UsageError, match=r"2 of 12 recommended plays have no propensity.*such as vw, epsgreedy"
    ):
        write(replace(made, propensity=broken), catalogue(7), tmp_path)
    assert not list(tmp_path.iterdir())
    np.testing.assert_array_equal(propensities(made), 0.25)


def test_a_log_in_which_nothing_was_recommended_is_refused(tmp_path):
    made = few()
    own = replace(made, slot=np.full(12, -1, np.int8), visit=np.full(12, -1, np.int32))
    for write in (vw, obp, minari):
        with pytest.raises(UsageError, match="no play of this log was recommended"):
            write(own, catalogue(7), tmp_path)


def test_the_command_names_the_cell_that_it_refuses(run, capsys):
    assert main(("export", str(run), "--to", "vw", "--agents", "mmr(of=popular(explore=.3))")) == 2
    said = capsys.readouterr().err
    assert "mmr(of=popular(explore=0.3)), seed 0: " in said and "have no propensity" in said
    assert main(("export", str(run), "--to", "obp", "--agents", "organic")) == 2
    assert "no play of this log was recommended" in capsys.readouterr().err
