"""The filter-bubble family against brute force on small random data."""

from collections import Counter
from itertools import combinations
from math import exp, log

import numpy as np
import pytest
from listening import N, World

from simenv.scenarios.metrics.base import Start
from simenv.scenarios.metrics.bubble import Bubble
from simenv.scenarios.metrics.calibration import Calibration
from simenv.scenarios.metrics.homogeneity import Homogeneity
from simenv.scenarios.metrics.topics import Topics, slope


@pytest.fixture(scope="module")
def world():
    return World()


def test_distances_in_a_slate_are_those_of_all_pairs(world):
    rows = world.run(Bubble())
    z = world.truth.tracks.sound.astype(float)
    for day in (0, 13):
        apart = []
        for exchange, _, _ in world.days[day][0]:
            for slate in exchange.slate.tracks:
                apart.append(np.mean([1 - z[i] @ z[j] for i, j in combinations(slate, 2)]))
        assert rows[day]["ild"] == pytest.approx(np.mean(apart), rel=1e-5)
    c = world.truth.columns
    numbers = []
    for u in range(N):
        w = c["weight"][u, : c["interests"][u]].astype(float)
        numbers.append(exp(-sum(x * log(x) for x in w / w.sum())))
    assert rows[0]["interests"] == pytest.approx(np.mean(numbers), rel=1e-5)
    assert rows[-1]["drift"] == pytest.approx(0, abs=1e-6)


def test_drift_is_one_minus_the_cosine_to_the_taste_of_the_start():
    world = World("drift", days=1)
    c = world.truth.columns
    metric = Bubble()
    metric.begin(Start(world.setting, world.log, world.truth, 1.0))
    c["interests"][:] = 1
    metric.begin(Start(world.setting, world.log, world.truth, 1.0))
    before = c["taste"][:, 0].astype(float).copy()
    c["taste"][:, 0] = np.roll(c["taste"][:, 0], 1, axis=0)
    c["gone"][2] = 1.5  # who has gone does not count
    now = c["taste"][:, 0].astype(float)
    rest = [u for u in range(N) if u != 2]
    expected = np.mean([1 - before[u] @ now[u] for u in rest])
    assert metric.day(world.days[0][1], world.truth)["drift"] == pytest.approx(expected, rel=1e-5)


def test_topics_count_the_first_plays_of_each_week(world):
    rows = world.run(Topics(plays=12, recommended=6))
    weekly = []
    for week in (0, 1):
        days = range(7 * week, 7 * week + 7)
        for name, plays, size in (
            ("topics", world.everything(days), 12),
            ("topics10", [h for d in days for h in world.recommended(d)], 6),
        ):
            numbers = []
            for u in range(N):
                firsts = [world.micro[i] for _, i in sorted((t, i) for v, t, i in plays if v == u)][:size]
                if len(firsts) == size:
                    numbers.append(exp(-sum(c / size * log(c / size) for c in Counter(firsts).values())))
            assert len(numbers) > 3
            assert rows[7 * week + 6][name] == pytest.approx(np.mean(numbers))
            if name == "topics":
                weekly.append(np.mean(numbers))
    assert all(np.isnan(rows[5][name]) for name in rows[5])
    assert rows[12]["topics"] == rows[6]["topics"]  # of the last whole week
    assert rows[13]["bubble_speed"] == pytest.approx(weekly[1] - weekly[0])


def test_slope_is_that_of_a_line():
    assert slope(np.array([3.0, 1.0, -1.0])) == pytest.approx(-2)
    assert np.isnan(slope(np.array([3.0])))


def test_homogeneity_is_the_overlap_of_the_last_tracks(world):
    size = 8
    rows = world.run(Homogeneity(sample=N, size=size))
    history = sorted((t, u, i) for u, t, i in (*world.organic(world.past), *world.everything(range(14))))
    last = {}
    for u in range(N):
        tracks = []
        for _, v, i in history:
            if v == u:
                tracks = [j for j in tracks if j != i] + [i]
        last[u] = set(tracks[-size:])
    full = [u for u in range(N) if len(last[u]) == size]
    jaccard = {(u, v): len(last[u] & last[v]) / len(last[u] | last[v]) for u in full for v in full}
    expected = np.mean([jaccard[u, v] for u, v in combinations(full, 2)])
    assert rows[-1]["homogeneity"] == pytest.approx(expected, rel=1e-5)
    c = world.truth.columns
    whole = []
    for u in range(N):
        k = c["interests"][u]
        m = (c["weight"][u, :k, None] * c["taste"][u, :k]).sum(0)
        whole.append(m / np.linalg.norm(m))
    nearest = [max((v for v in range(N) if v != u), key=lambda v, u=u: whole[u] @ whole[v]) for u in range(N)]
    pairs = [jaccard[u, v] for u, v in enumerate(nearest) if u in full and v in full]
    assert rows[-1]["homogeneity_near"] == pytest.approx(np.mean(pairs), rel=1e-5)


def test_homogeneity_of_a_lonely_listener_is_unknown():
    world = World("lonely", days=2)
    world.truth.columns["joined"][1:] = 1e9
    row = world.run(Homogeneity(size=2))[-1]
    assert np.isnan(row["homogeneity"]) and np.isnan(row["homogeneity_near"])


def test_calibration_is_the_divergence_of_genres(world):
    rows = world.run(Calibration(sample=N, slots=20))
    own, shown = np.zeros((N, 4)), np.zeros((N, 4))
    for u, _, i in world.organic(world.past):
        for g in world.genres[i]:
            own[u, g] += 1 / len(world.genres[i])
    for d in range(14):
        for u, _, i, *_ in world.slots(d):
            for g in world.genres[i]:
                shown[u, g] += 1 / len(world.genres[i])
    numbers = []
    for p, q in zip(own, shown, strict=True):
        p, q = p / p.sum(), q / q.sum()
        q = 0.99 * q + 0.01 * p
        numbers.append(sum(a * log(a / b) for a, b in zip(p, q, strict=True) if a))
    assert rows[-1]["calibration"] == pytest.approx(np.mean(numbers))
