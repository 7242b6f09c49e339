"""Every metric against brute force on small random data, and what none of them may do."""

from collections import Counter
from math import log2

import numpy as np
import pytest
from listening import K, N, T, World

from simenv.scenarios.metrics import describe, families
from simenv.scenarios.metrics.base import Hearings, effective
from simenv.scenarios.metrics.beyond import Beyond
from simenv.scenarios.metrics.concentration import Concentration, gini
from simenv.scenarios.metrics.fairness import Fairness, gaps
from simenv.scenarios.metrics.popularity import Popularity, restricted_mean
from simenv.scenarios.metrics.reward import Reward
from simenv.scenarios.metrics.welfare import Welfare
from simenv.types import KNOWN, LEFT, SKIPPED, Day, Exchange, Plays, Slate


@pytest.fixture(scope="module")
def world():
    return World()


@pytest.mark.parametrize("kind", families(), ids=lambda k: k.__name__)
def test_a_metric_says_exactly_the_columns_it_promises(kind, world):
    for row in world.run(kind()):
        assert set(row) == set(kind.columns)
        assert all(isinstance(value, float) for value in row.values())


def test_no_two_metrics_say_the_same_name():
    names = Counter(name for kind in families() for name in kind.columns)
    assert max(names.values()) == 1
    assert all(describe(name).words for name in names)


@pytest.mark.parametrize("kind", families(), ids=lambda k: k.__name__)
def test_where_nothing_is_recommended_nothing_is_made_up(kind):
    world = World("organic")
    for waves, _ in world.days:
        waves.clear()
    last = world.run(kind())[-1]
    about_recommendations = {
        *("finished", "reward", "reward_total", "welfare", "regret", "gini_exposure", "coverage", "arp"),
        *(
            "group_gap",
            "parity",
            "attacked",
            "lift",
            "lift_niche",
            "ild",
            "topics10",
            "calibration",
            "known",
            "freshness",
            "novelty",
        ),
    }
    for name in about_recommendations & set(last):
        assert np.isnan(last[name]), name
    for name in {"minutes", "gini", "top1", "tail", "interests", "homogeneity", "discovery"} & set(last):
        assert np.isfinite(last[name]), name


@pytest.mark.parametrize("kind", families(), ids=lambda k: k.__name__)
def test_a_day_on_which_nobody_plays_and_nobody_is_left_breaks_nothing(kind):
    world = World("gone", days=8)
    world.truth.columns["gone"] = np.zeros(N)
    for waves, _ in world.days:
        waves.clear()
    world.days = [(w, Day(Plays.concat([]), n.late, n.charts, n.released, n.time)) for w, n in world.days]
    assert not np.isfinite(list(world.run(kind())[-1].values())).any() or kind is Concentration


def test_rewards_are_those_counted_by_hand(world):
    total = 0
    for day, row in enumerate(world.run(Reward())):
        slots, plays = list(world.slots(day)), world.days[day][1].plays
        done = [s for s in slots if s[4] and not s[6]]
        total += len(done)
        left = sum(e.feedback.left.sum() for e, _, _ in world.days[day][0])
        new = sum(1 for s in done if not s[7])
        organic = sum(1 for f in plays.flags.tolist() if not f & int(SKIPPED) and not f & int(KNOWN))
        assert row["finished"] == pytest.approx(len(done) / sum(s[4] for s in slots))
        assert row["reward"] == pytest.approx(len(done) / N)
        assert row["reward_total"] == pytest.approx(total / N)
        assert row["minutes"] == pytest.approx(
            (sum(s[5] for s in slots) + plays.seconds.sum()) / 60 / N, rel=1e-5
        )
        assert row["sessions"] == pytest.approx((left + plays.has(LEFT).sum()) / N)
        assert row["discovery"] == pytest.approx((new + organic) / N)


def test_retention_counts_the_first_listeners_only():
    world = World("leaving", days=3)
    world.truth.columns["gone"][:3] = [2.5, 0.5, 9.0]  # one leaves on the second day; one was never there
    world.truth.columns["joined"][5] = 2.2  # comes later
    rows = world.run(Reward())
    assert [row["retention"] for row in rows] == pytest.approx([1.0, 9 / 10, 9 / 10])


def test_regret_is_the_gap_to_the_best_available():
    world = World("regret", days=1)
    row = world.run(Welfare(share=1.0))[0]
    gaps, utilities = [], []
    for exchange, utility, _ in world.days[0][0]:
        for r, u in enumerate(exchange.request.listeners):
            reached = exchange.feedback.reached[r]
            shown = utility[r][reached]
            out = world.catalogue.released <= exchange.request.time[r]
            best = np.sort(world.truth.liking[u][out])[::-1][: reached.sum()]
            gaps.append(best.mean() - shown.mean())
            utilities += shown.tolist()
    assert row["regret"] == pytest.approx(np.mean(gaps), rel=1e-5)
    assert row["welfare"] == pytest.approx(np.mean(utilities), rel=1e-5)


def test_regret_is_zero_for_the_best_slate_and_passes_over_what_is_in_cooldown():
    world = World("best", days=1, cooldown=30.0)
    exchange, _, known = world.days[0][0][0]
    request = exchange.request
    favourite = world.truth.liking[:, world.catalogue.released <= 1].argmax(axis=1).astype(np.int32)
    m = len(request)
    rows = request.listeners
    world.heard.add(rows, favourite[rows], np.full(m, 0.9), np.full(m, 200, np.float32))
    liking = np.where(world.catalogue.released <= 1, world.truth.liking[rows], -9.0)
    liking[np.arange(m), favourite[rows]] = -9.0  # in cooldown
    tracks = np.argsort(-liking, axis=1)[:, :K].astype(np.int32)
    utility = np.take_along_axis(world.truth.liking[rows], tracks, axis=1)
    best = Exchange(request, Slate(tracks, exchange.slate.propensity), exchange.feedback)
    reached = exchange.feedback.reached
    played = int(reached.sum())  # which the memory knows before a metric sees it
    who, seconds = np.repeat(rows, reached.sum(1)), np.full(played, 99, np.float32)
    world.heard.add(who, tracks[reached], np.full(played, 1.2), seconds)
    world.days = [([(best, utility, known)], world.days[0][1])]
    assert world.run(Welfare(share=1.0))[0]["regret"] == pytest.approx(0, abs=1e-6)


def test_concentration_is_that_of_the_plays_counted_one_by_one(world):
    rows = world.run(Concentration())
    before = Counter(i for _, _, i in world.organic(world.past))
    for day in (0, 5, 13):
        plays = Counter(i for _, _, i in world.everything(range(day + 1)))
        out = [i for i in range(T) if world.catalogue.released[i] <= day + 2.0]
        x = [plays[i] for i in out]
        assert rows[day]["gini"] == pytest.approx(brute_gini(x))
        assert rows[day]["top1"] == pytest.approx(max(x) / sum(x))
        shown = Counter()
        for d in range(day + 1):
            for _, _, i, slot, *_ in world.slots(d):
                shown[i] += 1 / log2(2 + slot)
        assert rows[day]["gini_exposure"] == pytest.approx(brute_gini([shown[i] for i in out]))
        assert rows[day]["coverage"] == pytest.approx(len(shown) / len(out))
        head, held = set(), 0
        for i in sorted(before, key=lambda i: (-before[i], i)):
            if held < 0.8 * sum(before.values()):
                head.add(i)
                held += before[i]
        today = world.everything([day])
        assert rows[day]["tail"] == pytest.approx(sum(i not in head for *_, i in today) / len(today))


def brute_gini(x):
    """Half the mean absolute difference of all pairs, relative to the mean."""
    n = len(x)
    return sum(abs(a - b) for a in x for b in x) / (2 * n * sum(x))


def test_gini_of_nothing_is_not_a_number():
    assert np.isnan(gini(np.zeros(4)))
    assert gini(np.array([0, 0, 0, 3])) == 0.75


def test_lift_compares_slates_with_the_same_listeners_own_plays(world):
    rows = world.run(Popularity())
    phi = Counter(i for _, _, i in world.organic(world.past))
    own = {u: [] for u in range(N)}
    for u, _, i in world.organic(world.past):
        own[u].append(phi[i])
    profile = {u: np.mean(v) for u, v in own.items() if v}
    shown = {u: [] for u in range(N)}
    for d in range(14):
        for u, _, i, *_ in world.slots(d):
            shown[u].append(phi[i])
    low, high = np.quantile(list(profile.values()), [0.2, 0.8])
    groups = {
        "lift": list(profile),
        "lift_niche": [u for u in profile if profile[u] <= low],
        "lift_mainstream": [u for u in profile if profile[u] > high],
    }
    for name, members in groups.items():
        gap = np.mean([profile[u] for u in members])
        assert rows[-1][name] == pytest.approx((np.mean([np.mean(shown[u]) for u in members]) - gap) / gap)
    plays = Counter(i for _, _, i in world.organic(world.past)) + Counter(
        i for *_, i in world.everything(range(13))
    )
    mean = np.mean([plays[i] for i in range(T) if world.catalogue.released[i] < 15])
    today = np.mean([plays[i] for _, _, i, *_ in world.slots(13)])
    assert rows[-1]["arp"] == pytest.approx(today / mean)


def test_newcomers_wait_until_the_day_of_their_last_needed_play():
    world = World("newcomers")
    rows = world.run(Popularity(plays=5, days=4.0))
    released, ages, found = world.catalogue.released, [], []
    for i in range(T - 8, T):
        plays = np.cumsum([sum(j == i for *_, j in world.everything([d])) for d in range(14)])
        day = np.flatnonzero(plays >= 5)
        found.append(len(day) > 0)
        ages.append((day[0] + 2.0 if len(day) else 15.0) - released[i])
    brute = brute_survival(np.array(ages), np.array(found), 4.0)
    assert rows[-1]["newcomers"] == pytest.approx(brute)
    assert np.isnan(rows[0]["newcomers"])  # no track has come out yet


def brute_survival(age, found, limit, steps=40_000):
    """The area under the product-limit curve, by walking along it in small steps."""
    at, survival, area = 0.0, 1.0, 0.0
    for step in range(steps):
        upto = (step + 1) * limit / steps
        area += survival * (upto - at)
        events = np.unique(age[found & (age > at) & (age <= upto)])
        for t in events:
            survival *= 1 - (found & (age == t)).sum() / (age >= t).sum()
        at = upto
    return pytest.approx(area, abs=2 * limit / steps * (1 + found.sum()))


def test_the_restricted_mean_is_unknown_where_the_curve_is():
    assert np.isnan(restricted_mean(np.empty(0), np.empty(0, bool), 4))
    assert np.isnan(restricted_mean(np.array([1.0, 2.0]), np.array([True, False]), 4))
    assert restricted_mean(np.array([1.0, 3.0]), np.array([True, True]), 4) == pytest.approx(2)
    assert restricted_mean(np.array([9.0, 9.0]), np.array([False, False]), 4) == pytest.approx(4)


def test_known_fresh_and_novel_are_shares_of_plays_that_were_reached(world):
    row = world.run(Beyond(young=6.0))[-1]
    phi = Counter(i for _, _, i in (*world.organic(world.past), *world.everything(range(13))))
    known, young, bits = [], [], []
    for exchange, _, already in world.days[13][0]:
        for r, time in enumerate(exchange.request.time):
            for s in np.flatnonzero(exchange.feedback.reached[r]):
                track = exchange.slate.tracks[r, s]
                known.append(already[r, s])
                young.append(time - world.catalogue.released[track] < 6.0)
                bits.append(-log2((phi[track] + 1) / (sum(phi.values()) + T)))
    assert 0 < np.mean(young) < 1
    assert row["known"] == pytest.approx(np.mean(known))
    assert row["freshness"] == pytest.approx(np.mean(young))
    assert row["novelty"] == pytest.approx(np.mean(bits))


def test_hearings_begin_when_the_slots_before_have_ended():
    exchange, _, _ = World("times", days=1).days[0][0][0]
    hearings = Hearings.recommended(exchange)
    row = int(np.flatnonzero(exchange.feedback.reached[:, 1] & (exchange.feedback.seconds[:, 1] >= 30))[0])
    track = exchange.slate.tracks[row, 1]
    at = np.flatnonzero((hearings.listener == exchange.request.listeners[row]) & (hearings.track == track))
    expected = exchange.request.time[row] + exchange.feedback.seconds[row, 0] / 86_400
    assert hearings.time[at] == pytest.approx([expected], abs=1e-9)


def test_effective_numbers_of_equal_parts_are_their_count():
    assert effective(np.array([[1.0, 1.0, 1.0, 1.0], [5.0, 0.0, 0.0, 0.0]])) == pytest.approx([4.0, 1.0])
    assert np.isnan(effective(np.zeros((1, 3))))


def test_groups_and_the_attacked_are_counted_slot_by_slot(world):
    catalogue, bots = world.catalogue, world.truth.columns["bot"] != 0
    slots, shown, theirs = Counter(), 0, 0
    for day, row in enumerate(world.run(Fairness())):
        for exchange, _, _ in world.days[day][0]:
            for u, tracks in zip(exchange.request.listeners, exchange.slate.tracks, strict=True):
                slots.update(catalogue.group[tracks].tolist())
                shown += 0 if bots[u] else len(tracks)
                theirs += 0 if bots[u] else sum(catalogue.artist[i] == 3 for i in tracks)
        out = catalogue.released <= world.days[day][1].time
        supply = {g: (catalogue.group[out] == g).mean() for g in range(3)}
        share = {g: slots[g] / slots.total() for g in range(3)}
        favour = [share[g] / supply[g] for g in range(3)]
        assert row["group_gap"] == pytest.approx(max(abs(share[g] - supply[g]) for g in range(3)))
        assert row["parity"] == pytest.approx(min(favour) / max(favour))
        assert row["attacked"] == pytest.approx(theirs / shown / (catalogue.artist[out] == 3).mean())


def test_one_group_alone_has_no_gap_and_without_bots_nobody_is_attacked():
    assert np.isnan(list(gaps(np.array([5.0, 0.0]), np.array([1.0, 0.0])).values())).all()
    assert gaps(np.array([30.0, 10.0]), np.array([0.5, 0.5])) == {
        "group_gap": 0.25,
        "parity": pytest.approx(1 / 3),
    }
    world = World("honest")
    world.truth.columns |= {"bot": np.zeros(N, np.int8), "target": np.full(N, -1)}
    assert np.isnan(world.run(Fairness())[-1]["attacked"])
