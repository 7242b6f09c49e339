"""Intervals, pairing, tables, figures and the report's sentences."""

import json
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import pytest
from matplotlib.text import Text

import simenv
from simenv.agents.popular import Popular
from simenv.errors import UsageError
from simenv.scenarios import _looking_ahead, load
from simenv.scenarios._answers import answered
from simenv.scenarios._cell import Outcome
from simenv.scenarios._numbers import number
from simenv.scenarios._plots import COLOURS, apart, colour, curves, differences
from simenv.scenarios._report import main_table, told
from simenv.scenarios._results import Result, write_json
from simenv.scenarios._stats import interval, paired
from simenv.scenarios._words import answer, notes, surface, unbeaten
from simenv.scenarios.metrics import describe

DAYS = 8


@dataclass
class Mine(Popular):
    """An agent that no name finds."""

    twist: float = 2.0


def result(levels, seeds=4, primary="reward_total", noise=0.0):
    """A result in which agent a's values are level(a) + seed, `noise` apart between seeds."""
    scenario = replace(load("popularity_bias"), primary=primary, seeds=seeds, days=DAYS, agents=tuple(levels))
    outcomes = []
    for agent, level in levels.items():
        for seed in range(seeds):
            luck = noise * np.sin(7 * seed + sum(map(ord, agent)))
            curve = np.linspace(0, 1, DAYS) * (level + seed + luck)
            values = {name: curve.copy() for name in scenario.columns_measured}
            outcomes.append(Outcome(f"{agent}{seed}", agent, seed, DAYS, values, {}))
    return Result("popularity_bias", scenario, tuple(levels), outcomes)


def test_an_interval_holds_the_mean_and_is_the_same_every_time():
    values = np.array([1.0, 2.0, 4.0, 9.0])
    span = interval(values)
    assert span.mean == 4 and span.low < 4 < span.high and span.low >= 1 and span.high <= 9
    assert span == interval(values)
    one = interval(np.array([3.0, np.nan]))
    assert one.mean == 3 and np.isnan(one.low)
    assert np.isnan(interval(np.array([np.nan])).mean)


def test_the_bootstrap_covers_the_truth_about_as_often_as_it_says():
    from simenv.rng import Key

    draws = (Key.root(3) / "coverage").normal(np.arange(400)[:, None], np.arange(20)).astype(float)
    covered = [(s := interval(row)).low <= 0 <= s.high for row in draws]
    assert 0.87 < np.mean(covered) < 0.98  # a percentile bootstrap of 20 is a little narrow


def test_pairing_takes_away_what_worlds_have_in_common():
    worlds = np.array([10.0, 20.0, 30.0, 40.0])
    pair = paired(worlds + np.array([1, 1.1, 0.9, 1.0]), worlds)
    assert pair.difference.mean == pytest.approx(1) and pair.improved == 1 and pair.difference.above
    assert pair.variance_reduction > 1000
    assert np.isnan(paired(worlds, worlds).variance_reduction)
    holed = paired(np.array([1.0, np.nan, 3.0]), np.array([0.0, 5.0, np.nan]))
    assert holed.seeds == 1 and holed.difference.mean == 1


def test_a_run_is_summed_up_by_its_last_day_or_its_mean():
    r = result({"popular": 1.0}, seeds=1)
    assert describe("reward_total").last and not describe("finished").last
    assert r.mean("reward_total", "popular").mean == pytest.approx(1.0)
    assert r.mean("finished", "popular").mean == pytest.approx(0.5)


def test_values_of_a_seed_that_is_missing_are_unknown():
    r = result({"popular": 1.0, "als": 2.0})
    r = replace(r, outcomes=[o for o in r.outcomes if (o.agent, o.seed) != ("als", 2)])
    assert np.isnan(r.values("gini").loc[2, "als"])
    row = r.paired("gini", against="popular").iloc[0]
    assert row["seeds"] == 3 and row["difference"] == pytest.approx(1.0)


def test_what_is_unknown_is_told_with_what_is_near():
    r = result({"popular": 1.0, "als": 2.0})
    with pytest.raises(UsageError, match="did you mean 'gini'"):
        r.paired("ginni")
    with pytest.raises(UsageError, match="popular, als has"):
        r.paired("gini", against="random")


def test_metrics_are_tidy():
    r = result({"popular": 1.0, "als": 2.0}, seeds=2)
    table = r.metrics
    assert list(table.columns) == ["scenario", "agent", "seed", "day", "metric", "value"]
    assert not table.duplicated(["agent", "seed", "day", "metric"]).any()
    of = table[(table.metric == "gini") & (table.agent == "als") & (table.seed == 1)]
    assert of["day"].tolist() == list(range(1, DAYS + 1)) and of["value"].iloc[-1] == pytest.approx(3.0)


def test_json_has_the_same_rows_and_null_for_nan(tmp_path):
    table = pd.DataFrame({"agent": ["als", "als"], "seed": [0, 1], "value": [0.5, np.nan]})
    write_json(table, tmp_path / "rows.json")
    assert json.loads((tmp_path / "rows.json").read_text()) == [
        {"agent": "als", "seed": 0, "value": 0.5},
        {"agent": "als", "seed": 1, "value": None},
    ]


def test_the_answer_names_the_ends_the_bounds_and_the_gain():
    said = answer(result({"organic": 0.0, "random": 1.0, "popular": 2.0, "als": 5.0, "oracle": 9.0}))
    assert "under `random`" in said and "under `als`" in said
    assert "`als` differs from `popular` by +3.00 [+3.00, +3.00]" in said
    assert "`oracle`, which sees true tastes, comes to 10.5" in said
    fewer = answer(result({"random": 1.0, "popular": 2.0, "als": 5.0}, primary="gini"))
    assert "`random` differs from `popular` by -1.00" in fewer  # less concentration is better


def test_learners_that_do_not_beat_popular_are_marked_and_missing_arms_named():
    r = result({"random": 1.0, "popular": 2.0, "als": 5.0, "content": 1.9, "itemknn": 2.05}, noise=1.0)
    assert not unbeaten(r, "als") and unbeaten(r, "content") and unbeaten(r, "itemknn")
    assert not unbeaten(r, "random")  # a floor is not expected to
    table = "\n".join(main_table(r))
    assert "| content † |" in table and "| als |" in table
    said = " ".join(notes(r))
    assert "`content`, `itemknn`" in said and "missing here: `organic`, `repeat`, `oracle`" in said


def test_where_more_is_neither_good_nor_bad_agents_are_held_to_what_is_finished():
    r = result({"popular": 2.0, "als": 5.0, "content": 1.0}, primary="drift")
    assert describe("drift").better == 0
    assert unbeaten(r, "content") and not unbeaten(r, "als")
    assert "on `finished`: `content`" in " ".join(notes(r))


def test_one_world_gives_no_interval_and_says_so():
    r = result({"popular": 2.0, "als": 5.0}, seeds=1)
    assert "[" not in answer(r) and "One world only" in notes(r)[0]
    assert "1 world;" in surface(r)


def test_numbers_are_short_and_never_in_powers_of_ten():
    given = (12345.6, -0.5, 1.0, 0.00012, float("nan"))
    assert [number(x) for x in given] == ["12,346", "-0.500", "1.00", "0.0001", "-"]
    assert number(2.5, sign=True) == "+2.50"


def test_an_agent_has_one_colour_whatever_it_is_run_beside():
    assert colour("als") == COLOURS["als"] and len(set(COLOURS.values())) == len(COLOURS)
    assert colour("als(factors=8)") == colour("als(factors=8)")


def test_labels_stand_apart_and_as_near_as_they_can():
    wanted = np.array([0.1, 0.5, 0.5, 0.52, 0.9])
    placed = apart(wanted, 0.1)
    assert (np.diff(placed) >= 0.1 - 1e-9).all() and placed[0] == 0.1 and placed[-1] == 0.9
    assert placed[1:4].mean() == pytest.approx(wanted[1:4].mean())
    crowd = apart(np.full(30, 1.0), 0.1)
    assert crowd.min() >= 0 and crowd.max() <= 1 + 1e-9
    assert apart(np.empty(0), 0.1).size == 0


def test_a_curve_has_the_question_units_and_labels_outside_the_lines():
    agents = {"organic": 0.0, "random": 1.0, "popular": 1.01, "als": 1.02, "oracle": 9.0}
    figure = curves(result(agents), "reward_total")
    axes = figure.axes[0]
    assert figure.get_suptitle().replace("\n", " ") == load("popularity_bias").question
    assert axes.get_ylabel().replace("\n", " ") == describe("reward_total").words
    assert axes.get_xlabel() == "days since recommendations began"
    assert len(axes.lines) == len(axes.collections) == len(agents)
    figure.canvas.draw()
    right = axes.get_window_extent().x1
    boxes = [Text.get_window_extent(text) for text in axes.texts]  # without their arrows
    assert {t.get_text() for t in axes.texts} == set(agents)
    assert all(box.x0 > right and box.x1 <= figure.bbox.x1 for box in boxes)
    assert not any(a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[:i])


def test_figures_of_one_world_of_one_day_and_of_nothing_are_drawn():
    r = result({"popular": 2.0, "als": 5.0}, seeds=1)
    assert len(curves(r, "gini").axes[0].lines) == 2
    assert differences(r, "gini", "popular").axes[0].get_yticklabels()[0].get_text() == "als"
    for o in r.outcomes:
        o.values["gini"][:] = np.nan
    assert curves(r, "gini").axes[0].texts[0].get_text() == "no agent has a value"


def test_who_leads_when_and_what_looking_ahead_brings():
    names = {"als": 5, "slateq(horizon=0)": 6, "slateq": 8, "oracle": 9, "oracle(depth=0.7)": 12, "Mine()": 1}
    scenario = replace(load("long_term_reward"), seeds=4, days=DAYS, agents=tuple(names))
    outcomes = []
    for agent, level in names.items():
        for seed in range(4):
            slow = np.linspace(0, 1, DAYS) ** (2 if agent == "slateq" else 1)  # behind at first
            values = {name: slow * (level + seed) + 1 for name in scenario.columns_measured}
            if agent == "als":
                values["minutes_total"][0] = 3
            outcomes.append(Outcome(f"{agent}{seed}", agent, seed, DAYS, values, {}))
    r = Result("long_term_reward", scenario, tuple(names), outcomes)
    assert _looking_ahead.learners(r.served) == (["als", "slateq(horizon=0)", "Mine()"], ["slateq"])
    assert _looking_ahead.twins(r.served) == {"slateq": "slateq(horizon=0)", "oracle(depth=0.7)": "oracle"}
    said = _looking_ahead.answer(r)
    assert "after a day `als` (3.00, +2.00" in said and "a month" not in said
    table = "\n".join(_looking_ahead.section(r))
    assert "the best that does not, `slateq(horizon=0)`" in table
    assert "| slateq | +2.00 [+2.00, +2.00] | 100% |" in table
    assert "| oracle(depth=0.7) | +0.0000 [+0.0000, +0.0000] | +3.00 [+3.00, +3.00] |" in table
    assert "Learned in other simulated worlds of this kind before they served: `slateq`." in " ".join(
        notes(r)
    )


def test_somebodys_own_agent_is_reported_like_others():
    r = simenv.run("exploration", ["random", Mine()], listeners=20, tracks=60, days=2, seeds=1)
    assert "| Mine |" in told(r, []) and "`Mine`" in answered(r)
