"""SlateQ's own world keeps its laws, its learners solve what they say, and verdicts follow from intervals."""

import json
from dataclasses import replace

import numpy as np
import pytest

from simenv.rng import Key
from simenv.scenarios.findings import ie2019
from simenv.scenarios.findings._claims import Row, report
from simenv.scenarios.findings._interest_evolution import OUTSIDE, QUALITY, SLATE, TIME, TOPICS, Crowd, moved
from simenv.scenarios.findings._slate_learners import (
    START,
    Policy,
    by_greed,
    by_top,
    features,
    judge,
    learn,
    view,
    worth,
)

KEY = Key.root(3) / "ie2019"
N = 20_000


def crowd(n=N):
    return Crowd(KEY, np.arange(n, dtype=np.int32))


def test_what_is_watched_follows_the_logit():
    users = crowd()
    users.interest[:] = np.linspace(-1, 1, TOPICS)
    slate = np.tile(np.array([0, 10, 19], np.int32), (N, 1))
    expected = np.append(np.exp(users.interest[0, [0, 10, 19]]), OUTSIDE)
    expected /= expected.sum()
    topic = users.watch(slate).topic
    shares = np.array([(topic == t).mean() for t in (0, 10, 19, TOPICS)])
    assert np.abs(shares - expected).max() < 4 * 0.5 / np.sqrt(N)


def test_time_is_spent_as_the_formula_has_it():
    users = crowd(2_000)
    users.time[:1_000] = 2.5  # less than a video takes
    before = users.time.copy()
    watched = users.watch(users.videos()[:, :SLATE])
    some = watched.topic < TOPICS
    assert 0.3 < some.mean() < 0.7
    np.testing.assert_array_equal(watched.minutes, np.where(some, np.where(before < 4, 2.5, 4.0), 0.0))
    spent = before - users.time
    np.testing.assert_allclose(spent[~some], 0.5)
    given_back = 0.9 / 3.4 * watched.minutes * watched.quality
    np.testing.assert_allclose(spent[some], (watched.minutes - given_back)[some])


def test_quality_lies_around_the_mean_of_its_topic():
    users = crowd()
    watched = users.watch(users.videos()[:, :SLATE])
    some = watched.topic < TOPICS
    off = watched.quality[some] - QUALITY[watched.topic[some]]
    assert abs(off.mean()) < 0.005 and abs(off.std() - 0.1) < 0.005
    assert QUALITY.mean() == pytest.approx(-0.6) and (QUALITY < 0).sum() == 13


@pytest.mark.parametrize("interest", [-1.0, -0.5, 0.0, 0.5, 1.0])
def test_interest_moves_up_as_often_as_it_is_strong(interest):
    luck = (np.arange(1000) + 0.5) / 1000
    found = moved(np.full(1000, interest), luck)
    step = 0.3 * (1 - abs(interest)) * (1 - interest)
    assert set(np.unique(found.round(12))) <= {round(interest + step, 12), round(interest - step, 12)}
    if step:
        assert (found > interest).mean() == pytest.approx((interest + 1) / 2)


def test_only_interest_in_what_was_watched_moves():
    users = crowd(2_000)
    before = users.interest.copy()
    topic = users.watch(users.videos()[:, :SLATE]).topic
    changed = np.argwhere(users.interest != before)
    assert len(changed) > 500
    np.testing.assert_array_equal(topic[changed[:, 0]], changed[:, 1])


def test_luck_is_the_users_own_whoever_is_beside_them():
    whole, part = crowd(50), Crowd(KEY, np.arange(20, 30, dtype=np.int32))
    for _ in range(3):
        shown = whole.videos()
        np.testing.assert_array_equal(part.videos(), shown[20:30])
        one, other = whole.watch(shown[:, :SLATE]), part.watch(shown[20:30, :SLATE])
        for column, alone in zip(one, other, strict=True):
            np.testing.assert_array_equal(alone, column[20:30])


def test_who_comes_was_never_there_before():
    users = crowd(30)
    users.time[[3, 7]] = 0
    users.renew()
    assert users.who[[3, 7]].tolist() == [30, 31] and (users.time == TIME).all()
    users.time[[0, 3]] = -1
    users.renew()
    assert users.who[[0, 3]].tolist() == [32, 33] and not users.left.any()
    users.time[5] = 0
    users.part()
    assert len(users.who) == len(users.time) == len(users.interest) == len(users.steps) == 29


def test_worth_is_linear_in_features():
    rng = (Key.root(1) / "weights").generator()
    weights, interest = rng.normal(size=len(START)), rng.normal(size=(6, TOPICS))
    topics = rng.integers(0, TOPICS + 1, size=(6, 4))
    topics[:, 1] = topics[:, 0]  # two videos of a topic count twice
    share = rng.random((6, 4))
    np.testing.assert_allclose(
        features(interest, topics, share) @ weights, (share * worth(weights, interest, topics)).sum(axis=1)
    )


def test_who_looks_at_minutes_alone_learns_that_all_are_worth_the_same():
    weights = learn(Policy("MYOP", by_top, discount=0), KEY, waves=101)
    users = crowd(500)
    found = worth(weights, users.interest, users.videos())
    assert found.min() > 3.8 and found.max() < 4.05  # a last video may be cut short


def test_who_looks_ahead_knows_what_lies_ahead():
    """SARSA's Q without what comes after nothing: minutes until somebody watches nothing, discounted."""
    policy = Policy("SARSA", by_top)
    weights = learn(policy, KEY, waves=401)
    users = crowd(4_000)
    first = view(users, policy, weights)
    shown = np.take_along_axis(first.topics, by_top(first), axis=1)
    interest = users.interest.copy()
    watched = users.watch(shown)
    some = watched.topic < TOPICS
    expected = worth(weights, interest, watched.topic[:, None])[some, 0]
    earned, factor, on = watched.minutes[some], policy.discount, some.copy()
    while on.any():
        seen = view(users, policy, weights)
        watched = users.watch(np.take_along_axis(seen.topics, by_top(seen), axis=1))
        on &= watched.topic < TOPICS
        earned = earned + factor * np.where(on, watched.minutes, 0)[some]
        factor *= policy.discount
    error = earned.std() / np.sqrt(len(earned))
    # users at their first step are never cut short, and a tenth of the slates were by chance in training
    assert expected.mean() == pytest.approx(earned.mean(), abs=0.6 + 3 * error)
    assert earned.mean() > 2 * 4


def test_a_user_is_judged_alone_as_in_a_crowd():
    policy = Policy("SARSA", by_greed)
    many = judge(policy, START, KEY, KEY, 40)
    np.testing.assert_array_equal(judge(policy, START, KEY, KEY, 15), many[:, :15])
    assert (many[0] <= 4 * many[2]).all() and many[0].min() > 50


def test_slates_by_chance_are_by_chance():
    """Random's return depends on nothing that it learned."""
    chance = Policy("Random", by_top, discount=0, chance=1)
    biased = START + np.arange(len(START))
    np.testing.assert_array_equal(
        judge(chance, START, KEY, KEY, 30), judge(replace(chance, name="other"), biased, KEY, KEY, 30)
    )


@pytest.mark.slow
def test_looking_ahead_beats_minutes_alone_and_counting_nothing_beats_both():
    users = 600
    policies = [
        Policy("MYOP", by_greed, discount=0),
        Policy("SARSA", by_greed),
        Policy("more", by_greed, nothing=True),
    ]
    myopic, ahead, more = (judge(p, learn(p, KEY, waves=601), KEY, KEY, users)[0] for p in policies)
    for better, worse in ((ahead, myopic), (more, ahead)):
        gain = better - worse
        assert gain.mean() > 3 * gain.std() / np.sqrt(users)


def test_a_small_run_prints_what_it_found(monkeypatch, capsys, tmp_path):
    few = dict(list(ie2019.PUBLISHED.items())[:2])
    monkeypatch.setattr(ie2019, "PUBLISHED", few)
    monkeypatch.setattr(ie2019, "CLAIMS", ie2019.CLAIMS[:2])
    monkeypatch.setattr(ie2019, "learn", lambda policy, key: START)
    ie2019.main(["--users", "100", "--runs", "2", "--json", str(tmp_path / "rows.json")])
    said = capsys.readouterr().out
    rows = json.loads((tmp_path / "rows.json").read_text())
    assert [row["claim"] for row in rows[-2:]] == [claim.words for claim in ie2019.CLAIMS]
    assert len(rows) == 4 + 2 and all(row["low"] <= row["measured"] <= row["high"] for row in rows)
    assert rows[-1]["verdict"] == "replicated" and rows[-1]["low"] > 0
    assert rows[-1]["published"] == pytest.approx(7.1)
    assert "--users 100" in said and "MYOP-TS earns more than Random" in said


def test_a_report_says_how_many_claims_replicate():
    one = Row("it", "faithful", "a claim", 1.0, 2.0, 1.5, 2.5, "replicated")
    other = replace(one, claim="another", verdict="not replicated")
    level = replace(one, claim="a level", verdict="", published=float("nan"))
    lines = report("What?", "here", "command", [one, other, level], ["Mind."])
    assert "Partially: 1 of 2 claims replicate." in lines
    assert any("a level" in line and "2.0 [1.5, 2.5]" in line and "nan" not in line for line in lines)


@pytest.mark.parametrize("words", [["--users", "1"], ["--runs", "0"]])
def test_too_few_are_refused(words, capsys):
    with pytest.raises(SystemExit, match="2"):
        ie2019.main(words)
    assert f"{words[0]} {words[1]}: expected" in capsys.readouterr().err
