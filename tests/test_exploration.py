"""What exploring costs and earns, and what delay does: metrics against brute force, pairs, figures."""

from dataclasses import replace

import numpy as np
import pytest
from listening import K, N, World

import simenv
from simenv.scenarios import _dose, _exploring, load
from simenv.scenarios._answers import answered
from simenv.scenarios._cell import Outcome
from simenv.scenarios._dose import by_knob, within
from simenv.scenarios._exploring import Pair, difference, pairs
from simenv.scenarios._more_plots import more_figures
from simenv.scenarios._results import Result
from simenv.scenarios.metrics.learning import Learning, growth
from simenv.scenarios.metrics.segments import Segments
from simenv.scenarios.metrics.welfare import Welfare


def gaps_by_hand(world, day):
    """Regret of every request of a day in which a slot was reached, one by one."""
    for exchange, utility, _ in world.days[day][0]:
        for r, u in enumerate(exchange.request.listeners):
            reached = exchange.feedback.reached[r]
            shown = exchange.slate.tracks[r, reached].tolist()
            out = np.flatnonzero(world.catalogue.released <= exchange.request.time[r])
            others = [float(world.truth.liking[u, t]) for t in out if t not in shown]
            best = sorted([*others, *utility[r, reached].tolist()], reverse=True)[: len(shown)]
            yield np.mean(best) - utility[r, reached].mean()


def test_who_cannot_be_without_its_knob_has_no_greedy_version():
    agents = ["random", "private(of=popular)", "ucb", "ucb(width=0)"]
    assert pairs(agents) == [Pair("ucb", "ucb(width=0)", True)]


def test_regret_adds_up_request_by_request():
    world = World("learning", days=6)
    rows = world.run(Learning(share=1.0))
    so_far, requests, by_day = 0.0, [0], [0.0]
    for day, row in enumerate(rows):
        gaps = list(gaps_by_hand(world, day))
        so_far += sum(gaps)
        requests.append(requests[-1] + len(gaps))
        by_day.append(so_far)
        assert row["regret_total"] == pytest.approx(so_far / N, rel=1e-5)
    half = np.interp(requests[-1] / 2, requests, by_day)
    assert rows[-1]["regret_growth"] == pytest.approx(np.log2(so_far / half), rel=1e-4)


def test_regret_measured_on_some_requests_stands_for_all():
    world = World("share", days=14)
    whole, half = (world.run(Learning(share=share))[-1]["regret_total"] for share in (1.0, 0.5))
    assert half != whole
    assert half == pytest.approx(whole, rel=0.15)


def test_the_regret_that_adds_up_is_that_of_welfare():
    world = World("both", days=1)
    waves = sum(1 for _ in gaps_by_hand(world, 0))
    mean = world.run(Welfare(share=1.0))[0]["regret"]
    assert world.run(Learning(share=1.0))[0]["regret_total"] == pytest.approx(mean * waves / N)


@pytest.mark.parametrize("power", [0.5, 2 / 3, 1.0])
def test_growth_finds_the_exponent_of_a_power_law(power):
    requests = np.arange(401.0) * 7
    assert growth(requests, 3 * requests**power) == pytest.approx(power, abs=1e-6)


def test_growth_of_logarithmic_regret_falls_and_of_none_is_unknown():
    n = np.arange(1001.0)
    early, late = growth(n[:101], np.log1p(n[:101])), growth(n, np.log1p(n))
    assert 0 < late < early < 0.25
    assert np.isnan(growth(n, np.zeros(1001))) and np.isnan(growth(np.zeros(3), np.zeros(3)))


def test_explorers_and_loyalists_are_the_thirds_by_hidden_discovery_bots_apart():
    world = World("segments", days=5)
    nu = world.truth.columns["discovery"]
    honest = sorted((u for u in range(N) if not world.truth.columns["bot"][u]), key=lambda u: nu[u])
    third = len(honest) // 3
    for day, row in enumerate(world.run(Segments())):
        for name, members in (("loyalists", honest[:third]), ("explorers", honest[-third:])):
            slots = [s for s in world.slots(day) if s[0] in members and s[4]]
            assert row[f"finished_{name}"] == pytest.approx(np.mean([not s[6] for s in slots]))
    assert third >= 3 and K > 1


def test_exploring_arms_are_held_against_what_is_greedy_and_contextual_ones_against_what_has_no_context():
    arms = [
        *("hybrid", "explore(of=hybrid)", "epsgreedy(explore=0)", "epsgreedy"),
        *("ucb(of=hybrid, pool=50)", "linucb", "linucb(width=0)", "lints", "thompson", "als"),
    ]
    found = {(pair.arm, pair.against): pair.explores for pair in pairs(arms)}
    assert found == {
        ("explore(of=hybrid)", "hybrid"): True,
        ("epsgreedy", "epsgreedy(explore=0)"): True,
        ("ucb(of=hybrid, pool=50)", "hybrid"): True,
        ("linucb", "hybrid"): True,
        ("linucb", "linucb(width=0)"): True,
        ("lints", "hybrid"): True,
        ("linucb", "ucb(of=hybrid, pool=50)"): False,  # which finds among the same candidates
    }
    assert pairs(["als", "popular", "oracle", "organic"]) == []


def lived(name, values, metrics, days=6, seeds=4):
    """A result whose metrics are given for each agent, seed and day by functions of seed and day."""
    scenario = replace(load(name), seeds=seeds, days=days, agents=tuple(values))
    outcomes = []
    for agent, of in values.items():
        for seed in range(seeds):
            days_ = np.arange(days)
            columns = dict.fromkeys(scenario.columns_measured, np.full(days, 0.5))
            columns |= {metric: of(seed, days_) for metric in metrics}
            outcomes.append(Outcome(f"{agent}{seed}", agent, seed, days, columns))
    return Result(name, scenario, tuple(values), outcomes)


def test_exploring_is_told_by_what_it_costs_first_and_earns_last():
    def greedy(seed, day):
        return 0.4 + 0.01 * seed + 0 * day

    def explorer(seed, day):
        return greedy(seed, day) + np.where(day < 2, -0.02, np.where(day < 4, 0.0, 0.03))

    result = lived("exploration", {"hybrid": greedy, "explore(of=hybrid)": explorer}, ["finished"])
    (pair,) = pairs(result.served)
    told = [difference(result, "finished", pair, which).mean for which in range(3)]
    assert told == pytest.approx([-0.02, 0.0, 0.03])
    assert "-0.0200" in answered(result) and "+0.0300" in answered(result)
    lines = "\n".join(_exploring.section(result))
    assert "| `explore(of=hybrid)` | `hybrid` |" in lines and "+0.0033" in lines
    assert "now_and_later" in more_figures(result)
    alone = lived("exploration", {"hybrid": greedy, "als": explorer}, ["finished"])
    assert _exploring.section(alone) == [] and "now_and_later" not in more_figures(alone)


def test_worlds_that_only_one_of_a_pair_has_lived_are_left_out():
    def greedy(seed, day):
        return 0.4 + 0.1 * seed + 0 * day

    result = lived("exploration", {"hybrid": greedy, "explore(of=hybrid)": greedy}, ["finished"])
    result.outcomes[:] = [o for o in result.outcomes if (o.agent, o.seed) not in {("hybrid", 0)}]
    (pair,) = pairs(result.served)
    assert difference(result, "finished", pair, 0).mean == pytest.approx(0)


def test_late_feedback_is_told_by_what_it_takes_from_each_agent():
    lost = {"thompson": 0.01, "ucb": 0.03}
    values = {
        f"delayed(of={agent}, days={days})": lambda seed, day, p=0.4 - loss * days: p + 0.01 * seed + 0 * day
        for agent, loss in lost.items()
        for days in (0, 1, 7)
    }
    result = lived("delay", {"random": lambda seed, day: 0.1 + 0 * day, **values}, ["finished"])
    (curves,) = by_knob(result).values()
    assert [within(family) for family in curves] == ["thompson", "ucb"]
    said = answered(result)
    assert "from days 0 to 7 `thompson` changes by -0.0700" in said and "`ucb` changes by -0.210" in said
    assert "`thompson` less `ucb`: +0.140" in said
    assert "| ucb | 7 | 0.205" in "\n".join(_dose.section(result))
    assert "dose" in more_figures(result)


@pytest.mark.parametrize(
    "name, arms, figure",
    [
        ("exploration", ["epsgreedy(explore=0)", "epsgreedy", "oracle"], "now_and_later"),
        ("delay", [f"delayed(of=thompson, days={d})" for d in (0, 1, 3)], "dose"),
    ],
)
def test_the_scenarios_run_and_draw_what_they_ask(name, arms, figure, tmp_path):
    sizes = {"listeners": 40, "tracks": 150, "warmup": 3, "days": 6, "seeds": 2}
    result = simenv.run(name, arms, out=tmp_path, **sizes)
    assert all(np.isfinite(result.mean("regret_total", a).mean) for a in result.served)
    report = (tmp_path / "report.md").read_text()
    assert f"figures/{figure}.png" in report and "in the same worlds" in report
    assert (tmp_path / "figures" / f"{figure}.png").stat().st_size > 10_000


def test_the_oracle_has_no_regret_in_a_world_that_stands_still():
    sizes = {"listeners": 40, "tracks": 80, "days": 3, "seeds": 1}
    result = simenv.run("delay", ["oracle", "random"], **sizes)
    assert result.mean("regret", "oracle").mean == pytest.approx(0, abs=1e-4)
    assert result.mean("regret_total", "random").mean > 1
