"""Cold start and offline beside online: their metrics against brute force, their notes and figures."""

from dataclasses import replace

import numpy as np
import pytest
from listening import N, T, World
from matplotlib.text import Text
from tiny import Tiny

import simenv
from simenv.agents import load as agent
from simenv.scenarios import load
from simenv.scenarios._agreement import agreement, compared
from simenv.scenarios._arms import arm
from simenv.scenarios._cell import Outcome
from simenv.scenarios._more_plots import more_figures
from simenv.scenarios._results import Result
from simenv.scenarios._words import notes
from simenv.scenarios.metrics.arrivals import FROM, Arrivals
from simenv.scenarios.metrics.base import Start
from simenv.scenarios.metrics.offline import Offline
from simenv.types import KNOWN, SKIPPED


def test_shares_by_plays_so_far_are_those_counted_one_by_one():
    world = World("cold", days=6)
    metric = Arrivals(few=30, many=45)
    rows = world.run(metric)
    so_far, of_track = np.zeros(N, int), np.zeros(T, int)
    for u, t in zip(world.past.listener, world.past.track, strict=True):
        so_far[u] += 1
        of_track[t] += 1
    told = np.zeros((3, 2))
    listeners, tracks = np.zeros((2, len(FROM))), np.zeros((2, len(FROM)))
    for waves, news in world.days:
        for exchange, _, _ in waves:
            before, before_track = so_far.copy(), of_track.copy()
            for i, u in enumerate(exchange.request.listeners):
                for s in np.flatnonzero(exchange.feedback.reached[i]):
                    t, done = exchange.slate.tracks[i, s], not exchange.feedback.skipped[i, s]
                    told[int(before[u] >= 30) + int(before[u] >= 45)] += 1, done
                    listeners[:, sum(before[u] >= FROM) - 1] += 1, done
                    if world.catalogue.released[t] >= 1.0:
                        tracks[:, sum(before_track[t] >= FROM) - 1] += 1, done
                    so_far[u] += 1
                    of_track[t] += 1
        for u, t in zip(news.plays.listener, news.plays.track, strict=True):
            so_far[u] += 1
            of_track[t] += 1
    for name, (reached, finished) in zip(("first", "next", "later"), told, strict=True):
        assert rows[-1][f"finished_{name}"] == pytest.approx(finished / reached)
    arrays = metric.arrays()
    np.testing.assert_array_equal(arrays["listeners_reached"], listeners[0])
    np.testing.assert_array_equal(arrays["listeners_finished"], listeners[1])
    np.testing.assert_array_equal(arrays["tracks_reached"], tracks[0])
    np.testing.assert_array_equal(arrays["tracks_finished"], tracks[1])
    assert tracks[0].sum() > 0


def test_a_new_track_has_an_audience_once_enough_have_heard_it_to_the_end_for_the_first_time():
    world = World("audience", days=12)
    rows = world.run(Arrivals(audience=3, days=4.0))
    fans, found = np.zeros(T, int), np.full(T, np.inf)
    for waves, news in world.days:
        for exchange, _, known in waves:
            f = exchange.feedback
            for i, s in np.argwhere(f.reached & ~f.skipped & ~known):
                fans[exchange.slate.tracks[i, s]] += 1
        for t, flags in zip(news.plays.track, news.plays.flags, strict=True):
            fans[t] += not flags & (SKIPPED | KNOWN)
        found[(fans >= 3) & np.isinf(found)] = news.time
    released = world.catalogue.released
    old = (released >= 1.0) & (released <= world.days[-1][1].time - 4)
    assert old.sum() >= 3
    assert rows[-1]["found"] == pytest.approx((found[old] - released[old] <= 4).mean())
    assert 0 < rows[-1]["audience"] <= 4


def offline(name, world):
    def another():
        return None if name is None else agent(name)

    metric = Offline(k=5)
    metric.begin(Start(world.setting, world.log, None, float(world.day), another))
    return metric.day(None, None)


def test_offline_accuracy_tells_who_knows_tastes_from_who_does_not():
    n, n_tracks = 40, 60
    world = Tiny((np.arange(n)[:, None] + np.arange(n_tracks)) % 2 == 0).warm_up()
    knows, draws = offline("itemknn", world), offline("random", world)
    assert knows["ndcg_all"] > 1.3 * draws["ndcg_all"] > 0
    assert offline("repeat", world)["ndcg_all"] > offline("repeat", world)["ndcg_new"]
    assert np.isnan(list(offline(None, world).values())).all()
    assert np.isnan(list(offline("als", Tiny(world.loves).warm_up(0)).values())).all()


def test_what_is_measured_offline_is_a_new_agent_like_the_one_that_serves():
    mine = agent("als", factors=4)
    again = arm(mine).another()
    assert again is not mine and again == mine
    assert arm("als(factors=4)").another().factors == 4
    assert arm("organic").another() is None and arm("oracle").another() is None
    sizes = {"listeners": 30, "tracks": 200, "warmup": 6, "days": 1, "seeds": 1}
    with_metric = simenv.run("offline_online", ["als"], **sizes)
    without = simenv.run("popularity_bias", ["als"], **sizes)
    for name in ("finished", "minutes", "gini"):
        assert with_metric.mean(name, "als").mean == without.mean(name, "als").mean


def ranked(offline, online, seeds=2):
    """A result in which agents have these values, a little apart between worlds."""
    scenario = replace(load("offline_online"), seeds=seeds, days=2, agents=tuple(offline))
    outcomes = []
    for name in offline:
        for seed in range(seeds):
            values = dict.fromkeys(scenario.columns_measured, np.full(2, 0.5))
            values |= {"ndcg_new": np.full(2, offline[name] * (1 + seed / 10))}
            values |= {"ndcg_all": np.full(2, np.nan)}
            values |= {"reward_total": np.full(2, online[name] + seed)}
            outcomes.append(Outcome(f"{name}{seed}", name, seed, 2, values))
    return Result("offline_online", scenario, tuple(offline), outcomes)


def test_the_report_says_how_far_ranks_agree_and_who_is_misjudged_most():
    offline = {"random": 0.1, "popular": 0.2, "content": 0.3, "repeat": 0.9, "oracle": np.nan}
    same = ranked(offline, {"random": 1, "popular": 2, "content": 3, "repeat": 4, "oracle": 9})
    first, second = agreement(same)
    assert "4 agents" in first and "+1.00 [+1.00, +1.00]" in first and "disagreement" not in first
    assert "known of 0 agents" in second
    assert compared(same, "ndcg_new") == ["random", "popular", "content", "repeat"]
    other = ranked(offline, {"random": 2, "popular": 3, "content": 4, "repeat": 1, "oracle": 9})
    first = agreement(other)[0]
    assert "-0.20" in first and "`repeat`: 1st of 4 agents on the log, 4th in the loop" in first
    assert any(first == line for line in notes(other))
    figure = more_figures(other)["offline_online"]
    named = {text.get_text() for text in figure.findobj(Text)}
    assert {"random", "repeat"} <= named and "oracle" not in named


def test_the_cold_start_report_draws_shares_by_plays_so_far(tmp_path):
    sizes = {"listeners": 80, "tracks": 300, "warmup": 4, "days": 4, "seeds": 1}
    result = simenv.run("cold_start", ["random", "popular"], out=tmp_path, **sizes)
    assert np.isfinite(result.mean("finished_first", "popular").mean)
    assert "plays_so_far" in (tmp_path / "report.md").read_text()
    assert (tmp_path / "figures" / "plays_so_far.png").stat().st_size > 10_000
    usual = load("cold_start")  # where listeners join all along
    assert usual.listener.newcomers > 0 and usual.listener.newcomer_days == usual.warmup + usual.days
