"""What exploring costs and earns, and what delay does: metrics against brute force, pairs, notes and figures."""

import numpy as np
import pytest
from listening import K, N, World

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
