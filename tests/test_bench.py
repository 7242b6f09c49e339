"""`simenv bench`: what its columns count."""

import json
import math
import time
from pathlib import Path

import numpy as np
import pytest

from simenv.agents import available
from simenv.agents._mixing import Mixture
from simenv.agents._registry import class_of
from simenv.agents.base import Agent, Wrapper
from simenv.env import PopulationEnv
from simenv.errors import UsageError
from simenv.scenarios import _bench, _bench_faces
from simenv.scenarios._bench import plan, short, table_of
from simenv.scenarios._bench_measure import Timing, cases, measure
from simenv.scenarios._bench_memory import array_bytes, bytes_a_listener, copy_bandwidth
from simenv.scenarios._bench_world import ONLINE, settled
from simenv.scenarios._bench_year import year
from simenv.scenarios.build import make_world
from simenv.users.params import ListenerParams


def test_copying_moves_bytes_at_a_finite_rate_on_any_number_of_threads():
    for threads in (1, 3):
        assert 0 < copy_bandwidth(threads, size=1 << 16) < math.inf


def test_bytes_a_listener_grow_with_what_a_listener_remembers():
    def of(slots):
        params = ListenerParams(memory=slots)
        return bytes_a_listener(lambda n: make_world(n, 50, listener=params, cooldown=0.0, log=False))

    assert of(24) - of(8) == 16 * 16  # 16 bytes a track


def test_bytes_a_listener_count_the_platform_s_memory_where_it_is_kept():
    def of(cooldown, tracks):
        return bytes_a_listener(lambda n: make_world(n, tracks, cooldown=cooldown, heard_plays=10, log=False))

    ring, count, bits = 10 * (4 + 4), 8, 800 // 8
    assert of(30.0, 800) - of(0.0, 800) == ring + count + bits
    assert of(0.0, 800) == of(0.0, 80)  # tables of tracks are nobody's


def test_bytes_a_listener_count_the_friends_who_are_made_on_the_first_day():
    friends = bytes_a_listener(settled) - bytes_a_listener(
        lambda n: make_world(n, 50, cooldown=0.0, log=False)
    )
    assert (
        4 + 4 * 4 + 4 * 3 < friends < 400
    )  # where they stand, what they played last, three and more of them


def test_memory_that_is_shared_counts_once():
    whole = np.zeros((10, 4), np.float32)
    assert array_bytes([whole, whole, whole[2:], (whole.T, {"again": whole})]) == 160


def test_a_row_says_how_much_of_the_copy_bandwidth_the_kernel_reaches():
    row = measure("queue", 20, 1, repeats=2)
    assert row.plays_per_s > 0 and row.peak_mb > 0 and row.bytes_a_listener > 1_000
    slates = row.plays_per_s / 10  # at least: a slate plays ten tracks at most
    assert row.copy_share * row.copy_gb_per_s * 1e9 > 0.5 * slates * row.bytes_a_listener
    assert 0 < row.copy_share < 10


def test_what_is_not_the_kernel_alone_has_no_share():
    row = measure("birth", 20, 1, repeats=1)
    assert row.bytes_a_listener > 1_000 and row.copy_share is None and row.copy_gb_per_s is None


def test_a_year_counts_every_play_and_runs_once():
    task = year(40, 1, days=2)
    assert task.once and task.work().plays == task.work().plays > 40


def test_the_year_is_lived_only_when_asked_for():
    assert "year" not in {name for name, _, _ in plan((), (), (1,))}
    assert plan(("year",), (), (2,)) == [("year", 10_000, 2)]
    assert plan(("year",), (50,), (1,)) == [("year", 50, 1)]


def test_what_stable_baselines_steps_is_timed_by_its_decisions(monkeypatch):
    pytest.importorskip("stable_baselines3")
    monkeypatch.setattr(_bench_faces, "TRACKS", 200)
    taken = []
    step = PopulationEnv.step
    monkeypatch.setattr(
        PopulationEnv, "step", lambda env, actions: taken.append(actions) or step(env, actions)
    )
    make, slate = cases()["sb3:env"]
    assert make(30, 1).work().plays == sum(map(len, taken)) > 0 and slate == 1
    assert {len(actions) for actions in taken} == {30} and 0 <= np.min(taken) < np.max(taken) == 7


@pytest.mark.slow
def test_the_shares_of_ppo_s_time_are_all_of_it(monkeypatch):
    pytest.importorskip("stable_baselines3")
    monkeypatch.syspath_prepend(Path(__file__).parent.parent / "benchmarks")
    ppo_shares = pytest.importorskip("ppo_shares")
    start = time.perf_counter()
    decisions, parts = ppo_shares.seconds(listeners=8_192, repeats=1)
    whole = time.perf_counter() - start
    assert decisions == 2 * 8_192 and list(parts) == ["environment", "policy", "update"]
    assert min(parts.values()) > 0 and sum(parts.values()) < whole


def test_cases_of_one_thread_are_measured_on_one():
    assert plan(("kernel", "step", "queue"), (5,), (1, 2)) == [
        *(("kernel", 5, 1), ("step", 1, 1)),
        *(("queue", 5, 1), ("queue", 5, 2)),
    ]


def test_an_unknown_case_lists_them_and_sizes_begin_at_1():
    with pytest.raises(UsageError, match=r"did you mean 'queue'.*\n.*year"):
        plan(("queu",), (), (1,))
    with pytest.raises(UsageError, match="threads 0"):
        plan((), (), (0,))
    with pytest.raises(UsageError, match="--days 0"):
        _bench.bench(["--days", "0"])


def fake(case, **of):
    rates = {
        "plays_per_s": 2_345_678.0,
        "best_plays_per_s": 3e6,
        "seconds": 0.5,
        "peak_mb": 99.0,
        "load": 1.0,
    }
    nothing = {"bytes_a_listener": None, "copy_gb_per_s": None, "copy_share": None}
    return Timing(case=case, listeners=5, tracks=9, slate=1, threads=1, **(rates | nothing | of))


def test_a_case_that_fails_is_named_and_costs_only_itself(tmp_path, monkeypatch, capsys):
    def in_a_process(case, listeners, threads, days, who):
        if case == "radio":
            raise RuntimeError("bench case radio with 5 listeners failed")
        return fake(case, bytes_a_listener=3566.0, copy_gb_per_s=30.0, copy_share=0.125)

    monkeypatch.setattr(_bench, "in_a_process", in_a_process)
    words = ["--cases", "queue", "radio", "kernel", "--listeners", "5", "--json", str(tmp_path / "b.json")]
    assert _bench.bench(words) == 1
    said = capsys.readouterr()
    assert "radio" in said.err and "12.5%" in said.out and "3,566" in said.out and "2.35 M" in said.out
    rows = json.loads((tmp_path / "b.json").read_text())
    assert [row["case"] for row in rows] == ["queue", "kernel"]
    assert {"plays_per_s", "peak_mb", "bytes_a_listener", "copy_gb_per_s", "copy_share"} <= rows[0].keys()


def test_an_interrupted_bench_keeps_its_rows(tmp_path, monkeypatch, capsys):
    def in_a_process(case, listeners, threads, days, who):
        if case == "radio":
            raise KeyboardInterrupt
        return fake(case)

    monkeypatch.setattr(_bench, "in_a_process", in_a_process)
    with pytest.raises(KeyboardInterrupt):
        _bench.bench(["--cases", "queue", "radio", "--listeners", "5", "--json", str(tmp_path / "b.json")])
    assert "queue" in capsys.readouterr().out and "queue" in (tmp_path / "b.json").read_text()


def test_every_agent_that_learns_online_by_itself_is_timed_learning():
    kinds = {name: class_of(name) for name in available()}
    learning = {name for name, kind in kinds.items() if kind.update is not Agent.update}
    by_others = {name for name, kind in kinds.items() if issubclass(kind, Wrapper | Mixture)}
    by_others.remove("vw")  # another agent finds its candidates, but it learns by itself
    assert set(ONLINE) == learning - by_others, "name it in scenarios/_bench_world.py"
    assert {f"agent:{name}:update" for name in ONLINE} < set(cases())
    assert measure("agent:cascade_ucb:update", 20, 1, repeats=2).plays_per_s > 0


def test_rates_are_printed_to_three_digits_and_blanks_where_nothing_is_counted():
    cells = [list(column.cells) for column in table_of([fake("agent:als:fit")]).columns]
    assert cells[3] == ["2.35 M"] and cells[7] == cells[8] == [""]
    assert [short(rate) for rate in (12.34, 7_840.0, 2_345_678.0)] == ["12.3", "7.84 k", "2.35 M"]
