"""Every file of scenarios/ is an experiment that can be run."""

import importlib
from dataclasses import replace

import numpy as np
import pytest

from simenv.errors import UsageError
from simenv.scenarios import available, load
from simenv.scenarios._arms import arms
from simenv.scenarios._runner import execute, settle
from simenv.scenarios.base import REFERENCES
from simenv.scenarios.metrics import describe


@pytest.fixture(params=available())
def name(request):
    return request.param


def test_it_asks_one_question_and_names_what_answers_it(name):
    scenario = load(name)
    assert scenario.question.endswith("?") and scenario.question.count("?") == 1
    assert importlib.import_module(f"simenv.scenarios.{name}").__doc__
    assert all(describe(metric).words for metric in (scenario.primary, *scenario.shown))
    assert scenario.seeds >= 5


def test_its_arms_exist_and_hold_the_references(name):
    scenario = load(name)
    names = {a.name for a in arms(scenario.agents)}
    pointless = {"repeat"} if np.isinf(scenario.cooldown) else set()  # where only new music counts
    assert set(REFERENCES) - pointless <= names


def test_it_says_its_surface(name):
    usual = replace(load(name), cooldown=30.0, share=0.35).surface
    assert "10 tracks" in usual and "30 days" in usual and "35% of sessions" in usual
    assert "new music only" in replace(load(name), cooldown=float("inf")).surface
    assert "every session" in replace(load(name), share=1.0).surface


def test_it_runs(name):
    small = replace(load(name), listeners=30, tracks=200, warmup=2, days=7, seeds=1)
    result = execute(settle(name, small, ["organic", "popular"]))
    assert np.isfinite(result.mean(small.primary, "popular").mean)
    assert set(result.metrics["metric"]) == set(small.columns_measured)


@pytest.mark.parametrize("cooldown", [0.0, float("inf")])
def test_surfaces_differ_in_what_was_known(cooldown):
    small = replace(
        load("filter_bubble"), listeners=30, tracks=300, warmup=10, days=3, seeds=1, cooldown=cooldown
    )
    known = execute(settle("filter_bubble", small, ["popular"])).mean("known", "popular").mean
    assert known == 0 if cooldown else known > 0.2


def test_an_unknown_scenario_is_told_with_what_is_near():
    with pytest.raises(UsageError, match="did you mean 'filter_bubble'"):
        load("filter_buble")
