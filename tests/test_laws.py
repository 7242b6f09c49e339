"""`simenv facts --laws`: what holds and what misses where that is known, cells, resuming, the whole verb."""

import errno
import json
from dataclasses import replace

import numpy as np
import pytest
from scipy import sparse
from tiny import Tiny, checkerboard

from simenv.errors import UsageError
from simenv.scenarios import _cell, _facts, _law_run
from simenv.scenarios._arms import arm
from simenv.scenarios._cell import Outcome
from simenv.scenarios._fact_list import chosen
from simenv.scenarios._fact_table import judged
from simenv.scenarios._facts import main
from simenv.scenarios._law_list import EXPLORER, HYBRID, LAWS
from simenv.scenarios._law_metrics import Months, Tally
from simenv.scenarios._law_offline import Offline, ndcg
from simenv.scenarios._law_run import agents_table, law_cells
from simenv.scenarios._law_worlds import ALONE, DEEP, LOYAL, NEW, PLANNER, USUAL, Lived, worlds
from simenv.scenarios._loop import live
from simenv.scenarios._measures import Measured
from simenv.scenarios._progress import Watcher
from simenv.scenarios.base import EVERYONE, Scenario
from simenv.scenarios.metrics.base import Start
from simenv.types import SKIPPED, Day, Late

DAYS = 120
TINY = ("--listeners", "40", "--tracks", "300", "--warmup", "5", "--days", "24", "--first-seed", "3")


def tally(days, finished=0.5, young=0.1, left=0.9, minutes=20.0):
    """Counts of a world in which these shares are the same on every day."""
    flat = {"reached": 100, "completed": 100 * finished, "heard": 30, "young": 100 * young}
    flat |= {"listened": 1000 * minutes, "here": 1000, "first": 1000}
    staying = {"staying": np.linspace(1000, 1000 * left, days)}
    return {name: np.full(days, float(value)) for name, value in flat.items()} | staying


def outcome(values):
    return Outcome("key", "agent", 0, len(values["reached"]), values)


def good(usual=(), alone=(), **also):
    """Worlds of one seed in which every law holds, but for what is given otherwise."""
    finished = {"oracle": 0.60, "random": 0.25, "popular": 0.36, "repeat": 0.42}
    finished |= {"content": 0.45, "itemknn": 0.50, "als": 0.48} | dict(usual)
    left = {"oracle": 0.90, "random": also.get("stay", 0.80)}
    topics = {"content": 6.5, "als": 7.1, "random": 9.5} | also.get("topics", {})
    liked = {"content": 2.05, "random": also.get("liked", 2.23)}
    gini = {"popular": 0.82, "random": 0.54} | also.get("gini", {})
    cells = {}
    for agent, c in finished.items():
        at_the_end = {"topics10": topics.get(agent, 8.0), "interests": liked.get(agent, 2.1)}
        at_the_end |= {"gini": gini.get(agent, 0.7), "top1": 0.1, "coverage": 0.5, "drift": 0.1}
        values = tally(DAYS, c, left=left.get(agent, 0.85))
        cells[USUAL, agent] = outcome(values | {k: np.full(DAYS, v) for k, v in at_the_end.items()})
    months = np.full(300, np.nan)
    months[29::30] = 0.7
    own = {"gini": 0.70, "interests": 2.2, "top1": 0.1, "coverage": np.nan, "drift": 0.1}
    own |= {"ndcg_als": also.get("ndcg", 0.15), "ndcg_popular": 0.10}
    own |= {"reached": 0.0, "completed": 0.0}
    own = {name: np.full(300, value) for name, value in own.items()} | {"gini_month": months} | dict(alone)
    cells[ALONE, "organic"] = outcome(tally(300) | own)
    for agent in ("oracle", "random"):
        cells[LOYAL, agent] = outcome(
            tally(DAYS, left=0.85 if agent == "random" else also.get("loyal", 0.85))
        )
    ranks = {"oracle": 0.49, HYBRID: 0.42, "als": 0.41, "popular": 0.33, "random": 0.24, EXPLORER: 0.415}
    for agent, c in (ranks | also.get("new", {})).items():
        cells[NEW, agent] = outcome(tally(DAYS, c, young=0.135 if agent == EXPLORER else 0.098))
    myopic, planned = tally(240, minutes=30), tally(240, minutes=32)
    planned["listened"][:7] = 1000 * also.get("soon", 25.0)
    cells[DEEP, "oracle"], cells[DEEP, PLANNER] = outcome(myopic), outcome(planned)
    return Lived(cells, DAYS)


def verdicts(number, *lived):
    (law,) = chosen((number,), LAWS)
    table = judged((law,), [{number: Measured(law.measure(one))} for one in lived], [], {})
    return [row.verdict for row in table.rows]


@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.label)
def test_a_world_as_the_prototype_was_obeys_every_law(law):
    assert verdicts(law.number, good(), good(), good()) == ["holds"] * len(law.numbers)


def drifting():
    values = tally(300)
    values["listened"][:30] *= 1.2
    return {"listened": values["listened"], "interests": np.linspace(2.2, 3.0, 300)}


@pytest.mark.parametrize(
    ("number", "spoiled", "missed"),
    [
        (1, {"usual": {"oracle": 0.45}}, [0]),
        (1, {"usual": {"oracle": 0.75}}, [0]),
        (2, {"usual": {"als": 0.61}}, [0, 5]),
        (2, {"usual": {"repeat": 0.52, "popular": 0.51}}, [1, 2]),
        (2, {"usual": {"repeat": 0.24, "popular": 0.25}}, [3, 4]),
        (3, {"usual": {"popular": 0.25}}, [0]),
        (3, {"usual": {"repeat": 0.55}}, [1]),
        (4, {"stay": 0.86}, [0]),
        (4, {"loyal": 0.90}, [1]),
        (5, {"topics": {"content": 7.2}}, [0]),
        (5, {"topics": {"als": 9.6}}, [1]),
        (5, {"liked": 2.0}, [2]),
        (6, {"gini": {"popular": 0.69}}, [0]),
        (6, {"gini": {"random": 0.71}}, [1]),
        (7, {"new": {"als": 0.43}}, [1]),
        (7, {"new": {EXPLORER: 0.40}}, [4]),
        (8, {"alone": drifting()}, [0, 2]),
        (9, {"soon": 31.0}, [0]),
        (10, {"ndcg": 0.12}, [0]),
    ],
)
def test_a_world_that_breaks_a_law_is_found_out(number, spoiled, missed):
    found = verdicts(number, *[good(**spoiled)] * 3)
    assert [i for i, verdict in enumerate(found) if verdict == "misses"] == missed
    assert set(found) <= {"holds", "misses"}


def test_three_worlds_must_agree_on_a_direction_and_two_of_three_decide_nothing():
    other = good(gini={"popular": 0.69})
    assert verdicts(6, good(), good(), other) == ["no verdict", "holds"]
    assert verdicts(6, good(), other, other)[0] == "no verdict"
    assert verdicts(6, other, other, other)[0] == "misses"
    same = good(gini={"popular": 0.70})  # nothing is not a direction
    assert verdicts(6, same)[0] == "misses"


def test_a_missing_world_is_no_verdict_and_no_error():
    for law in LAWS:
        assert verdicts(law.number, Lived({}, DAYS)) == ["no verdict"] * len(law.numbers)


def test_shares_are_of_all_plays_and_not_of_days():
    values = tally(2)
    values["reached"], values["completed"] = np.array([10.0, 90.0]), np.array([10.0, 0.0])
    assert Lived({(USUAL, "als"): outcome(values)}, 2).finished("als") == pytest.approx(0.1)


def test_agents_stand_beside_one_another_with_who_is_alone_for_as_long():
    table = agents_table([good(), good(usual={"als": 0.50})])
    assert table.index.tolist() == [agent for agent in EVERYONE if agent != "epsgreedy"]
    assert table.loc["als", "finished"] == pytest.approx(0.49) and table.loc["oracle", "closed"] == 1
    assert np.isnan(table.loc["organic", "finished"])
    assert table.loc["organic", "left"] == pytest.approx(np.linspace(1, 0.9, 300)[DAYS - 1])
    assert agents_table([Lived({}, DAYS)]) is None


@pytest.fixture
def small():
    return Scenario(question="?", primary="minutes", listeners=60, tracks=400, warmup=6, days=24, share=0.5)


def test_worlds_differ_in_what_their_law_is_about(small):
    found = worlds(small)
    assert found[LOYAL].listener.churn_satisfaction == 0 and found[NEW].cooldown == float("inf")
    assert found[ALONE].days == 60 and found[DEEP].days == 48
    deep = found[DEEP]
    assert (deep.listener.hook, deep.listener.depth, deep.synthetic.hook_and_depth) == (0.5, 0.7, True)
    assert not found[USUAL].synthetic.hook_and_depth and found[USUAL].listener == small.listener
    tracks = {name: one.world(0).catalogue.digest for name, one in found.items() if name != DEEP}
    assert len(set(tracks.values())) == 1


def test_cells_that_laws_share_are_lived_once_and_a_law_that_waits_has_none(small, monkeypatch):
    every = law_cells(small, [0, 1], LAWS)
    assert len({cell.key for cell in every}) == len(every)
    some = law_cells(small, [0, 1], chosen((1, 3), LAWS))
    assert {cell.who for cell in some} == {f"usual: {a}" for a in ("oracle", "random", "popular", "repeat")}
    assert {cell.key for cell in some} < {cell.key for cell in every}
    monkeypatch.setattr(_law_run, "available", lambda: ("als", "explore"))
    assert law_cells(small, [0], chosen((7,), LAWS)) == []
    assert _law_run.waits_for(LAWS[6]) == ["hybrid"]


def test_counts_are_those_of_the_log(small):
    world = replace(small, days=31).world(4)
    world.warm_up(small.warmup)
    setting = world.setting(5, 30.0)
    agent = arm("random").begin(world, setting)
    rows = list(live(world, agent, setting, 31, [Tally(), Months()]))
    plays = world.log.plays().rows(world.log.plays().time >= small.warmup)
    shown = plays.rows(plays.visit >= 0)
    total = {name: sum(row[name] for row in rows) for name in Tally.columns}
    assert total["reached"] == len(shown) > 0
    assert total["completed"] == len(shown) - shown.has(SKIPPED).sum()
    young = shown.time - world.catalogue.released[shown.track] < 60
    assert total["young"] == pytest.approx(young.sum(), abs=3)  # a slate's age is that of its request
    late = plays.time >= small.warmup  # a session that is under way at the end of the warm-up goes on
    assert total["listened"] == pytest.approx(plays.seconds[late].sum() / 60, rel=0.02)
    gone = world.truth.columns["gone"]
    assert rows[-1]["staying"] == (gone > small.warmup + 31).sum()
    assert rows[0]["first"] == (gone > small.warmup).sum()
    ginis = [row["gini_month"] for row in rows]
    assert np.isfinite(ginis[29]) and np.isnan(np.delete(ginis, 29)).all() and 0 < ginis[29] < 1


def test_ndcg_counts_hits_by_their_place_and_leaves_out_who_found_nothing():
    best = np.array([[4, 1, 2], [0, 1, 2], [3, 4, 0]], np.int32)
    relevant = sparse.csr_array(np.array([[0, 1, 0, 0, 0], [0] * 5, [1, 1, 0, 1, 1]], float))
    gain = 1 / np.log2([2, 3, 4])
    assert ndcg(best, relevant) == pytest.approx([gain[1], 1.0])


def test_als_finds_what_is_new_to_each_and_nothing_is_known_before_the_test_is_over():
    world = Tiny(checkerboard(n=40, n_tracks=120)).warm_up(4)
    metric = Offline()
    metric.begin(Start(world.setting, world.log, None, float(world.day)))
    for listener, best in enumerate(metric.best_["als"]):
        assert not set(best) & set(metric.known_[[listener]].indices)
    said = []
    for day in range(16):
        nothing = (Late.concat([]), np.zeros(120, np.float32), np.empty(0, np.int32), 5.0 + day)
        said.append(metric.day(Day(world.organic(), *nothing), None))
        world.day += 1
    assert all(np.isnan(row["ndcg_als"]) for row in said[:13]) and said[13] == said[14] == said[15]
    assert said[-1]["ndcg_als"] > 1.3 * said[-1]["ndcg_popular"] > 0


def test_the_verb_measures_every_law_and_goes_on_where_it_stopped(tmp_path, capsys, monkeypatch):
    class Stop(Watcher):
        left = 5

        def finished(self, cell, found):
            self.left -= 1
            if not self.left:
                raise KeyboardInterrupt

    words = [
        "--laws",
        *TINY,
        "--seeds",
        "1",
        "--out",
        str(tmp_path / "o"),
        "--json",
        str(tmp_path / "rows.json"),
    ]
    with monkeypatch.context() as interrupted:
        interrupted.setattr(_facts, "watcher_for", lambda console: Stop())
        with pytest.raises(KeyboardInterrupt):
            main(words)
    assert "goes on from there" in capsys.readouterr().err
    made = {path: path.stat().st_mtime_ns for path in (tmp_path / "o" / "cells").iterdir()}
    assert len(made) == 5
    status = main(words)
    said = capsys.readouterr()
    assert "5 of" in said.err and all(path.stat().st_mtime_ns == when for path, when in made.items())
    rows = json.loads((tmp_path / "rows.json").read_text())
    assert {row["kind"] for row in rows} == {"law"} and len(rows) == sum(len(law.numbers) for law in LAWS)
    unknown = {row["fact"].split()[0] for row in rows if row["measured"] is None}
    assert unknown == {law.label for law in LAWS if _law_run.waits_for(law)}
    assert status == any(row["verdict"] == "misses" for row in rows)
    told = (tmp_path / "o" / "report.md").read_text()
    for text in (
        "simenv facts --laws",
        "The agents behind it",
        "| als |",
        "W4 listeners left: oracle / random",
    ):
        assert text in told
    assert "usual: oracle" not in said.out and "closed" in said.out
    for name in ("laws.json", "laws.png", "agents.csv", "run.json"):
        assert (tmp_path / "o" / name).stat().st_size > 0 and name in said.out
    assert main([*words, "--only", "8"]) in (0, 1)  # of the same folder, and nothing is lived again
    again = capsys.readouterr()
    assert "1 of 1 cells are finished" in again.err and "W1" not in again.out


def test_a_full_disk_costs_no_finished_world_and_says_so(tmp_path, capsys, monkeypatch):
    whole = _cell.write

    def full(outcome, cell, log, agent):
        if cell.arm.name == "random":
            raise OSError(errno.ENOSPC, "No space left on device")
        whole(outcome, cell, log, agent)

    monkeypatch.setattr(_cell, "write", full)
    words = ["--laws", *TINY, "--days", "3", "--seeds", "1", "--only", "1", "--out", str(tmp_path / "o")]
    assert main(words) == 1
    said = capsys.readouterr().out
    assert "FAILED: usual: random, seed 3: OSError: [Errno 28] No space left on device" in said
    assert "no verdict" in said and "Run it again" in said
    assert len(list((tmp_path / "o" / "cells").iterdir())) == 1


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--laws", "--only", "11"], "no such law; they are numbered 1 to 10"),
        (["--laws", "--small"], "--laws --small"),
        (["--laws", "--agent", "popular"], "--laws --agent"),
        (["--laws", "--of", "x.csv"], "--laws --of"),
        (["--laws", "--seeds", "0"], "seeds=0"),
    ],
)
def test_bad_usage_says_what_to_do(words, says, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match=says):
        main(words)
    assert not (tmp_path / "results").exists()
