"""The story of a track as LISTENER.md tells it, told again in float64; and every parameter of it at work."""

from dataclasses import fields, replace
from functools import cache

import numpy as np
import pytest
from crowds import answer, charts, crowd, music, slates
from scipy import optimize

from simenv.rng import Key, stream
from simenv.scenarios.build import make_world
from simenv.synthetic import Synthetic
from simenv.types import LEFT, LIKED, REACHED, SAVED, SKIPPED
from simenv.users import activities
from simenv.users.params import ListenerParams

P = ListenerParams(
    drift=0.0, weight_drift=0.0, like_at=2.0, save_at=3.0
)  # only mood changes from track to track
N, K = 300, 12


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def hazard(t):
    return P.hazard * -np.expm1(-t / P.hazard_seconds) + P.hazard_late * t


def engagement(time, activity, device):
    hour, weekend = time % 1 * 24, time % 7 >= 5
    shift = activities.ENGAGEMENT[activity] + activities.DEVICE_ENGAGEMENT[device]
    shift += P.weekend * weekend + P.morning * (5 <= hour < 9) + P.evening * (hour >= 20 or hour < 3)
    return float(shift)


def appeal(me, time, activity, track):
    """True utility of a track not heard before."""
    public, hidden = music()
    k = np.arange(me["interests"])
    match = 2.8 * me["taste"][k] @ hidden.sound[track] + 0.35 * np.log(me["weight"][k] + 0.05)
    wanted = 0.5 + 0.18 * np.cos(2 * np.pi * (time % 1 * 24 - 15) / 24) + activities.AROUSAL[activity]
    new = 0.5 * np.exp(-max(time - public.released[track], 0) / 60)
    own = 0.25 * Key(int(me["luck"])).bell(stream("idiosyncrasy"), track)
    quality = 0.45 * hidden.quality[track] - 1.22
    return match.max() + quality + new - 0.9 * abs(hidden.arousal[track] - wanted) + own


@pytest.fixture(scope="module")
def first_visits():
    """New listeners ask for the first time: who they were, what they were shown, what they did."""
    population = crowd(N, P)
    population.live(np.arange(N, dtype=np.int32), 30.0, 1.0, charts())
    rows = population.asking(np.arange(N, dtype=np.int32))
    before = {name: column.copy() for name, column in population.columns.items()}
    tracks = slates(rows, rows * 0, K)
    return rows, before, tracks, population.play(rows, tracks), population


def test_every_play_is_as_the_book_says(first_visits):
    """Liking, mood, lift, noise, how long, likes, saves and the end: each with its own luck."""
    rows, before, tracks, response, _ = first_visits
    public, _ = music()
    kinds = np.zeros(5, int)
    assert len(rows) > 250
    for row, u in enumerate(rows):
        me = {name: column[u] for name, column in before.items()}
        luck, session = Key(int(me["luck"])), int(me["session"])
        mood = 1.9 * luck.bell(session, stream("session mood"))
        streak = 0
        for j in range(K):
            if not response.flags[row, j] & REACHED:
                break
            time, track = response.time[row, j], tracks[row, j]
            activity, device = response.activity[row, j], response.device[row, j]
            liking = appeal(me, time, activity, track)
            assert response.utility[row, j] == pytest.approx(liking, abs=2e-4)
            mood = 0.96 * mood + np.sqrt(1 - 0.96**2) * 1.9 * luck.bell(session, j, stream("mood"))
            lift = 1.3 * np.exp(-j / 0.9) * 0.6  # the session is recommended
            utility = liking + mood + lift + 0.35 * luck.bell(session, j, stream("noise"))
            eta = 0.23 - utility + me["skipper"] + engagement(time, activity, device)
            level = luck.exponential(session, j, stream("skip")) * np.exp(-eta)
            length = public.seconds[track]
            skipped = level < hazard(length)
            at = optimize.brentq(lambda x, level=level: hazard(x) - level, 0, length) if skipped else length
            streak = streak + 1 if skipped else 0
            leaves = 0.28 * (j + 1) ** -0.55 * np.exp(0.10 * (0.6 * min(streak, 4) - 0.75))
            chances = {
                SKIPPED: float(skipped),
                LIKED: sigmoid(utility - P.like_at) * (at >= 30),
                SAVED: sigmoid(utility - P.save_at) * (at >= 30),
                LEFT: leaves,
            }
            names = {SKIPPED: "skip", LIKED: "like", SAVED: "save", LEFT: "end"}
            draws = {flag: luck.uniform(session, j, stream(name)) for flag, name in names.items()}
            flags = REACHED + sum(flag for flag, chance in chances.items() if draws[flag] < chance)
            assert response.seconds[row, j] == pytest.approx(at, rel=2e-3, abs=5e-3)
            assert response.flags[row, j] == flags
            kinds += [1, skipped, flags & LIKED != 0, flags & SAVED != 0, flags & LEFT != 0]
    assert (kinds > 5).all()  # each kind of thing did happen


def test_what_is_not_reached_is_blank(first_visits):
    _, _, _, response, _ = first_visits
    left = (response.flags & LEFT != 0).cumsum(axis=1) - (response.flags & LEFT != 0)
    beyond = left > 0
    assert beyond.any()
    np.testing.assert_array_equal(response.flags & REACHED == 0, beyond)
    for column in (response.time, response.seconds, response.utility, response.flags):
        assert not column[beyond].any()


def test_clocks_move_by_what_was_heard_and_the_gap(first_visits):
    _, before, _, response, _ = first_visits
    step = np.diff(response.time, axis=1) * 86_400
    both = response.flags[:, 1:] & REACHED != 0
    expected = response.seconds[:, :-1].astype(float) + P.gap
    np.testing.assert_allclose(step[both], expected[both], atol=1e-6)
    np.testing.assert_array_equal(response.time[:, 0], before["clock"][first_visits[0]])


def test_a_thousand_skips_on_day_500_take_their_time_to_the_microsecond():
    """float32 days would freeze them: 1.2 s is less than one step of float32 after day 256."""
    restless = {"hazard": 0.0, "hazard_late": 0.08, "mood": 0.0, "match": 0.0, "exposure": 0.0, "leave": 0.0}
    population, rows = crowd(4, ListenerParams(**restless, churn=0.0)), np.arange(4, dtype=np.int32)
    population.bear(rows, life=0, time=500.0)
    tracks = np.tile(np.arange(300, dtype=np.int32), (4, 1))  # as many as a session can have
    for _ in range(4):
        population.live(rows, 600.0, 1.0, charts())
        start = population.people["clock"].copy()
        response = population.play(rows, tracks)
        assert (response.flags & SKIPPED != 0).all()
        assert 0.3 < np.median(response.seconds) < 3
        passed = (response.seconds.astype(float) + 3.0).cumsum(axis=1)[:, :-1] / 86_400
        np.testing.assert_allclose(response.time[:, 1:], start[:, None] + passed, atol=1e-6 / 86_400, rtol=0)


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_the_first_track_is_lifted_and_less_so_if_recommended(share):
    """With a constant hazard, the time until the skip grows by e^lift."""
    seconds = []
    for lift in (0.0, 1.3):
        params = ListenerParams(lift=lift, hazard=0.0, hazard_late=1000.0)
        population, rows = crowd(100, params), np.arange(100, dtype=np.int32)
        plays = population.live(rows, 20.0, share, charts())
        if share == 0:
            _, first = np.unique(plays.listener, return_index=True)
            seconds.append(plays.seconds[first])
        else:
            rows = population.asking(rows)
            seconds.append(population.play(rows, slates(rows, rows * 0, 1)).seconds[:, 0])
    np.testing.assert_allclose(seconds[1] / seconds[0], np.exp(1.3 * (0.6 if share else 1)), rtol=2e-3)


# -- no parameter is dead

SWITCHED_ON = {"friends": 0.6, "social_pull": 0.01, "aversion": 0.001, "bots_push": 0.05, "bot_artists": 5}
BASE = ListenerParams(fatigue=0.1, newcomers=0.2, newcomer_days=6.0, churn=0.01, births=0.02, **SWITCHED_ON)
OTHERWISE = {
    "elsewhere": 1.0,
    "fatigue": 0.2,
    "hook": 0.5,
    "depth": 0.7,
    "memory": 24,
    "new_releases": 0.6,
    "newcomers": 0.6,
    "mood_memory": 0.5,
    "births": 0.1,
    "bots_push": 0.2,
    "bots_nuke": 0.1,
    "bots_bandwagon": 0.1,
    "bots_farm": 0.1,
    "bot_artists": 1,
}


ANSWERED = {"shelf_power": "shelf", "cascade": "cascade", "swipe": "carousel"}  # else by queue
ANSWERED |= dict.fromkeys(("look_noise", "elsewhere", "look_seconds"), "shelf")


def outcome(params, response="queue"):
    """All that shows and all that is hidden of nine days with random recommendations."""
    recipe = Synthetic(hook_and_depth=True)
    world = make_world(80, 400, seed=5, listener=params, catalogue=recipe, share=0.5, response=response)
    out = []
    for _ in range(9):
        while (request := world.waiting()) is not None:
            out.append(world.play(answer(request, world.catalogue)).feedback.seconds.ravel())
        news = world.turn()
        out += [news.charts, news.late.came, news.plays.time, news.plays.track, news.plays.seconds]
    out += [world.truth.columns[name].ravel() for name in ("gone", "satisfaction", "taste", "weight")]
    return b"".join(np.ascontiguousarray(part).tobytes() for part in out)


@cache
def base(response="queue"):
    return outcome(BASE, response)


def test_the_same_seed_is_the_same_world():
    assert outcome(BASE) == base()


@pytest.mark.parametrize("name", [f.name for f in fields(ListenerParams)])
def test_no_parameter_is_dead(name):
    """RecoGym ignored `prob_leave_bandit` for years (FIELD.md, bug 8)."""
    value = getattr(BASE, name)
    response = ANSWERED.get(name, "queue")
    assert outcome(replace(BASE, **{name: OTHERWISE.get(name, value * 0.6)}), response) != base(response)
