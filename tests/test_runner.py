"""Cells, keys, resuming, and what a cell that fails may cost."""

import json
import os
import signal
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from simenv.agents.base import Agent
from simenv.agents.random import Random
from simenv.errors import UsageError
from simenv.scenarios import load
from simenv.scenarios._arms import arm
from simenv.scenarios._cell import ONE_THREAD, one_thread
from simenv.scenarios._folder import cell_folder, commit
from simenv.scenarios._keys import cell_key
from simenv.scenarios._progress import Watcher
from simenv.scenarios._runner import execute, run, settle
from simenv.scenarios.base import Scenario

TINY = replace(
    load("long_term_reward"),
    listeners=40,
    tracks=300,
    warmup=3,
    days=3,
    seeds=2,
    agents=("popular", "random"),
)


def tiny(*agents, **fields):
    return settle("long_term_reward", replace(TINY, **fields), agents or TINY.agents)


@dataclass
class Broken(Random):
    """Serves at random until it breaks, or kills its process."""

    kills: bool = False

    def hear(self, news):
        if self.kills:
            os.kill(os.getpid(), signal.SIGKILL)
        raise RuntimeError("broken\nfor good")


class Stop(Watcher):
    """Interrupts the run after so many cells."""

    def __init__(self, after):
        self.left = after

    def finished(self, cell, found):
        self.left -= 1
        if not self.left:
            raise KeyboardInterrupt


@pytest.fixture(scope="module")
def alone():
    """The values of a run in one piece, in this process."""
    return execute(tiny()).metrics


def test_jobs_change_nothing_and_a_killed_worker_costs_its_own_cells_only(tmp_path, alone):
    killer, thrower = Broken(kills=True), Broken()
    result = execute(tiny("popular", killer, "random", thrower), jobs=2, out=tmp_path / "run")
    assert {(f.agent, f.seed) for f in result.failures} == {
        *(("Broken(kills=True)", 0), ("Broken(kills=True)", 1)),
        *(("Broken", 0), ("Broken", 1)),
    }
    assert {f.why.split(";")[0] for f in result.failures if "kills" in f.agent} == {
        "its process died (SIGKILL(-9))"
    }
    pd.testing.assert_frame_equal(
        result.metrics.astype({"agent": str}), alone.astype({"agent": str}), check_exact=True
    )
    told = (tmp_path / "run" / "report.md").read_text()
    assert "**Failed**: `Broken`, seed 1: RuntimeError: broken" in told
    trace = (tmp_path / "run" / f"failed-{cell_folder('Broken', 0)}.txt").read_text()
    assert 'raise RuntimeError("broken' in trace


def test_threads_of_the_kernel_change_nothing(alone):
    pd.testing.assert_frame_equal(execute(tiny(), threads=2).metrics, alone, check_exact=True)


def test_an_interrupted_run_goes_on_where_it_stopped(tmp_path, alone):
    with pytest.raises(KeyboardInterrupt):
        execute(tiny(), out=tmp_path / "run", watcher=Stop(after=3))
    cells = sorted(p.name for p in (tmp_path / "run" / "cells").iterdir())
    assert len(cells) == 3
    made = {name: (tmp_path / "run" / "cells" / name).stat().st_mtime_ns for name in cells}
    result = execute(tiny(), out=tmp_path / "run")
    for name, when in made.items():
        assert (tmp_path / "run" / "cells" / name).stat().st_mtime_ns == when
    pd.testing.assert_frame_equal(result.metrics, alone, check_exact=True)
    stored = pd.read_parquet(tmp_path / "run" / "metrics.parquet")
    np.testing.assert_array_equal(stored["value"], alone["value"])
    assert execute(tiny(), out=tmp_path / "run", watcher=Stop(after=1)).outcomes  # nothing is left to run


def test_a_damaged_cell_is_run_again(tmp_path, alone):
    out = tmp_path / "run"
    execute(tiny(), out=out)
    (out / "cells" / "popular-0" / "metrics.parquet").write_bytes(b"half a file")
    (out / "cells" / "random-1" / "cell.json").write_text("{")
    pd.testing.assert_frame_equal(execute(tiny(), out=out).metrics, alone, check_exact=True)


def test_what_is_kept_is_made_even_if_the_cell_was_finished(tmp_path):
    out = tmp_path / "run"
    execute(tiny("popular", seeds=1), out=out)
    assert not (out / "cells" / "popular-0" / "log.parquet").exists()
    execute(tiny("popular", seeds=1), out=out, keep=("log", "agent"))
    log = pd.read_parquet(out / "cells" / "popular-0" / "log.parquet")
    assert log["time"].max() > 5 and (log["visit"] >= 0).any()
    assert (out / "cells" / "popular-0" / "agent" / "agent.json").exists()


def test_a_folder_of_another_run_is_refused(tmp_path):
    execute(tiny("popular", seeds=1), out=tmp_path / "run")
    with pytest.raises(UsageError, match="cells of another run"):
        execute(tiny("popular", seeds=1, days=2), out=tmp_path / "run")
    execute(tiny("popular", "random", seeds=1), out=tmp_path / "run")  # more of the same is no other run
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("do not touch")
    with pytest.raises(UsageError, match="no run"):
        execute(tiny("popular"), out=tmp_path / "mine")


def test_a_folder_that_cannot_be_written_is_told_before_work_starts(tmp_path):
    (tmp_path / "file").write_text("")
    for out in (tmp_path / "file", tmp_path / "file" / "below", Path("/dev/null/run")):
        with pytest.raises(UsageError, match="--out"):
            execute(tiny("popular"), out=out, watcher=Stop(after=0))


def test_a_key_is_what_a_cell_depends_on_and_no_more():
    key = cell_key(TINY, arm("popular"), 0)
    assert key == cell_key(replace(TINY, question="?", primary="retention", seeds=9), arm("popular"), 0)
    listener = replace(TINY.listener, drift=0.0)
    for other in (
        cell_key(TINY, arm("popular"), 1),
        cell_key(TINY, arm("popular(explore=.1)"), 0),
        cell_key(replace(TINY, listener=listener), arm("popular"), 0),
        cell_key(replace(TINY, cooldown=float("inf")), arm("popular"), 0),
        cell_key(TINY, arm("popular"), 0, table="abc"),
    ):
        assert other != key


def test_folders_of_cells_differ_where_agents_do():
    names = [cell_folder(agent, 0) for agent in ("als", "als(a=1)", "als(a='1')", "a/b.py:C", "a.b.py:C")]
    assert len(set(names)) == len(names) and names[0] == "als-0"
    assert all("/" not in name for name in names)


def test_agents_come_as_words_instances_and_classes(alone):
    result = execute(tiny("popular", Random))
    assert result.agents == ("popular", "random")
    pd.testing.assert_frame_equal(result.metrics, alone, check_exact=True)
    with pytest.raises(UsageError, match="did you mean 'organic'"):
        tiny("orgnic")
    with pytest.raises(UsageError, match="2 times"):
        tiny("popular", "popular()")
    with pytest.raises(UsageError, match="expected a list"):
        settle("long_term_reward", TINY, "popular")


NOTEBOOK = """
from dataclasses import dataclass
import numpy as np
import simenv
from simenv.agents.base import Agent
from simenv.types import Slate

@dataclass
class Newest(Agent):
    \"\"\"Whatever came out last, of an even or odd number.\"\"\"

    odd: int = 0

    def begin(self, setting):
        self.order_ = np.argsort(-setting.catalogue.released, kind="stable")
        self.setting_ = setting

    def recommend(self, request):
        out = self.setting_.catalogue.released[self.order_] < request.time.min()
        chosen = self.order_[out & (self.order_ % 2 == self.odd)][: self.setting_.slate_size]
        tracks = np.tile(chosen.astype(np.int32), (len(request), 1))
        return Slate(tracks, np.ones(tracks.shape, np.float32))

if __name__ == "__main__":
    said = simenv.run(
        "popularity_bias", agents=[Newest, Newest(odd=1)], listeners=30, tracks=200, days=2, seeds=1,
        set={"warmup": 2}, jobs=2,
    )
    print(said.summary(["finished", "coverage"]).to_csv())
"""


def test_a_class_of_a_notebook_runs_in_other_processes(tmp_path):
    (tmp_path / "notebook.py").write_text(NOTEBOOK)
    said = subprocess.run(
        [sys.executable, "notebook.py"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert said.returncode == 0, said.stderr
    assert "Newest," in said.stdout and "Newest(odd=1)," in said.stdout


@dataclass
class Trained(Random):
    """Needs what no world offers."""

    needs = frozenset({"lyrics", "times"})


def test_an_agent_that_lacks_what_it_needs_is_left_out_with_a_reason():
    plan = tiny("popular", Trained())
    assert [a.name for a in plan.arms] == ["popular"]
    assert plan.skipped == {"Trained": "needs lyrics, which this world does not offer"}
    with pytest.raises(UsageError, match="needs lyrics"):
        tiny(Trained())


def test_nobody_is_recommended_anything_in_the_organic_arm_and_the_oracle_beats_chance():
    result = execute(tiny("organic", "random", "oracle", days=6))
    finished = result.values("finished")
    assert finished["organic"].isna().all()
    assert (finished["oracle"] > finished["random"] + 0.05).all()
    assert result.values("minutes")["organic"].gt(0).all()


def test_a_planner_weighs_what_lasts_and_is_named_as_other_agents_are():
    recipe = replace(TINY.synthetic, hook_and_depth=True)
    listener = replace(TINY.listener, hook=0.5, depth=0.7)
    scenario = replace(TINY, synthetic=recipe, listener=listener)
    world = scenario.world(0)
    world.warm_up(2)
    setting = world.setting()
    planner, myopic = (arm(text).begin(world, setting) for text in ("oracle(depth=.7)", "oracle"))
    request = world.waiting()
    tracks = np.tile(np.arange(300, dtype=np.int32), (len(request), 1))
    lasting = world.truth.tracks.depth
    beyond = planner.score(request, tracks) - myopic.score(request, tracks)
    np.testing.assert_allclose(beyond, np.tile(np.float32(0.7) * lasting, (len(request), 1)), atol=1e-5)
    far, near = (lasting[agent.recommend(request).tracks].mean() for agent in (planner, myopic))
    assert far > near
    assert (
        arm(" oracle( depth = .7 )").name == "oracle(depth=0.7)" and arm("oracle(depth=0)").name == "oracle"
    )
    assert cell_key(scenario, arm("oracle"), 0) != cell_key(scenario, arm("oracle(depth=.7)"), 0)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("oracle(depth=nan)", "depth=nan: expected 0 or more"),
        ("oracle(depth=-1)", "depth=-1: expected 0 or more"),
        ("oracle(deep=1)", "no parameter 'deep'; did you mean 'depth'"),
        ("organic(share=1)", "no parameter 'share'"),
    ],
)
def test_an_impossible_oracle_is_refused(text, says):
    with pytest.raises(UsageError, match=says):
        arm(text)


def test_one_seed_is_one_world_whoever_serves_it():
    """Pairing pays: worlds differ more from one another than agents do within them."""
    result = execute(tiny("random", "popular", seeds=6, days=7))
    row = result.paired("reward_total", against="random").iloc[0]
    assert row["seeds"] == 6 and row["variance_reduction"] > 2


def test_run_says_which_cells_failed():
    few = {"listeners": 20, "tracks": 100, "days": 2, "seeds": 1, "set": {"warmup": 1}}
    with pytest.raises(RuntimeError, match=r"1 cells failed\n  Broken, seed 0: RuntimeError: broken"):
        run("filter_bubble", [Broken()], **few)
    assert len(run("filter_bubble", ["random"], **few).outcomes) == 1


def test_run_takes_any_field_and_says_what_is_near():
    with pytest.raises(UsageError, match=r"did you mean 'listener.drift'"):
        run("filter_bubble", ["random"], set={"listener.drft": 0.0})
    with pytest.raises(UsageError, match="days=0"):
        run("filter_bubble", ["random"], days=0)
    with pytest.raises(UsageError, match="jobs=0"):
        execute(tiny("random"), jobs=0)


def test_inside_a_cell_libraries_have_one_thread():
    import threadpoolctl

    before = dict(os.environ)
    with one_thread():
        assert all(os.environ[name] == "1" for name in ONE_THREAD)
        assert {pool["num_threads"] for pool in threadpoolctl.threadpool_info()} <= {1}
    assert dict(os.environ) == before


def test_a_run_tells_how_it_is_made_again(tmp_path):
    fields = {"cooldown": float("inf"), "listener": replace(TINY.listener, drift=0.0)}
    execute(tiny("popular(explore=0.1)", seeds=1, **fields), out=tmp_path / "run")
    told = json.loads((tmp_path / "run" / "run.json").read_text())
    assert told["command"].startswith(
        "simenv run long_term_reward --agents 'popular(explore=0.1)' --listeners 40"
    )
    assert "--cooldown inf" in told["command"] and "--listener.drift 0.0" in told["command"]
    assert told["scenario"]["listener"]["drift"] == 0 and told["scenario"]["cooldown"] == "inf"
    assert told["agents"]["popular(explore=0.1)"]["explore"] == 0.1
    assert set(told["libraries"]) >= {"numpy", "numba"} and told["commit"] == commit()


def test_a_scenario_refuses_what_cannot_be():
    for wrong in (
        {"listeners": 0}, {"share": 1.5}, {"cooldown": -1.0}, {"primary": "ginni"}, {"columns": ("title",)},
        {"warmup": -1}, {"agents": ()},
    ):  # fmt: skip
        with pytest.raises(UsageError):
            replace(TINY, **wrong)
    assert isinstance(TINY, Scenario) and issubclass(Random, Agent)
