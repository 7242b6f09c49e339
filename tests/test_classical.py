"""Neighbours, factors, grades and hierarchies, held against hand-made sums and naive versions."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import sparse
from tiny import KEY, Tiny, catalogue, checkerboard, one_hit, plays, request

from simenv.agents import load, parse
from simenv.agents._descent import descend
from simenv.agents._grades import Grades
from simenv.agents._neighbours import nearest
from simenv.agents._pairs import by_weight
from simenv.agents._shapley import shapley
from simenv.agents._supervised import GROUPS, columns_of, lessons
from simenv.log import Log
from simenv.types import SKIPPED, Setting

N, T = 30, 24
EVERYTHING = np.arange(T, dtype=np.int32)


def log_of(listener, track, seconds, time=None):
    """Plays of tracks of 200 s, by default one a minute."""
    new = plays(listener, track, np.arange(len(track)) / 1440 if time is None else time, np.ones(len(track)))
    new.seconds[:] = seconds
    new.flags[new.seconds < 200] |= SKIPPED
    log = Log(N, T)
    log.append(new)
    return log


def some_log(e=400):
    i = np.arange(e)
    seconds = np.where((KEY / "skip").uniform(i) < 0.3, 10, 40 + 160 * (KEY / "heard").uniform(i).round())
    return log_of((KEY / "who").below(N - 2, i), (KEY / "what").below(T - 2, i), seconds)


def begun(text, log, tracks=None):
    agent = parse(text)
    agent.begin(Setting.of_log(log, catalogue(T) if tracks is None else tracks))
    agent.fit(log)
    return agent


def scores(agent, listeners=range(N)):
    return agent.scores(request(list(listeners), 2.0))


def dense_grades(log):
    grades = Grades.of(log, catalogue(T))
    r = np.full((N, T), np.nan)
    r[grades.listener, grades.track] = grades.grade
    return r


# Neighbours


def test_centred_likeness_is_pearsons_correlation_zeros_included():
    m = np.where((KEY / "m").uniform(np.arange(20)[:, None], np.arange(9)) < 0.4, 1, 0) * np.arange(1, 10)
    near = nearest(sparse.csr_array(m.astype(np.float32)), 9, centred=True).toarray()
    shared = (m > 0).astype(int).T @ (m > 0)
    expected = np.where((np.corrcoef(m.T) > 0) & (shared > 0), np.corrcoef(m.T), 0)
    np.fill_diagonal(expected, 0)
    np.testing.assert_allclose(near, expected, atol=1e-6)


def test_userknn_is_what_it_says():
    log, k, significance = some_log(), 5, 4.0
    agent = begun(f"userknn(neighbours={k}, significance={significance:g}, rarity=1, penalty=.3)", log)
    w = np.log1p(log.matrix().toarray()) - 0.5 * np.log1p(log.matrix(skips=True).toarray())
    told = w * (np.log(N / np.maximum((w != 0).sum(axis=0), 1)) + 1)
    centred = told - told.mean(axis=1, keepdims=True)
    length = np.maximum(np.linalg.norm(centred, axis=1), 1e-9)
    shared = (w != 0).astype(int) @ (w != 0).T
    alike = centred @ centred.T / np.outer(length, length) * shared / (shared + significance)
    np.fill_diagonal(alike, 0)
    alike[shared == 0] = 0
    kept = np.where(alike >= np.sort(alike, axis=1)[:, [-k]], np.maximum(alike, 0), 0)
    votes = (
        kept @ (w / np.maximum((w > 0).sum(axis=0), 1) ** 0.3) / kept.sum(axis=1, keepdims=True).clip(1e-9)
    )
    np.testing.assert_allclose(scores(agent)[: N - 2], votes[: N - 2], atol=1e-5)
    assert (scores(agent)[N - 1] == agent.shares_).all()  # nobody knows the last two


def test_userknn_says_how_many_of_the_nearest_play_a_track():
    world = Tiny(checkerboard()).warm_up(8)
    agent = load("userknn")
    agent.begin(world.setting)
    agent.fit(world.log)
    fans = (world.log.matrix()[agent.near_[[4]].indices[np.argsort(-agent.near_[[4]].data)[:10]]][:, [2]]).nnz
    assert agent.explain(4, 2).endswith(f"played by {fans} of their 10 nearest")
    agent.begin(world.setting)
    assert "nearest" not in agent.explain(4, 2)


def test_a_penalty_moves_neighbours_votes_towards_the_tail():
    track = np.minimum((T * (KEY / "tail").uniform(np.arange(900)) ** 3).astype(int), T - 1)
    log = log_of((KEY / "who").below(N, np.arange(900)), track, 200)
    for name in ("userknn", "itemknn"):
        plain, damped = (begun(f"{name}(penalty={p})", log) for p in (0, 2))
        plays_of = log.counts()
        shown = [plays_of[np.argsort(-scores(a), axis=1)[:, :5]].mean() for a in (plain, damped)]
        assert shown[1] < 0.9 * shown[0], name


# Factors


def test_entries_come_by_their_weights():
    weights = np.array([1, 5, 0.2, 3, 0.7, 9, 9], np.float32)
    keep, alias = by_weight(weights)
    p = np.minimum(keep, 1) / len(weights)
    np.add.at(p, alias, 1 / len(weights) - np.minimum(keep, 1) / len(weights))
    np.testing.assert_allclose(p, weights / weights.sum(), rtol=1e-5)


def test_bpr_puts_liked_tracks_first_and_repeats_itself_bit_for_bit():
    log = some_log()
    one, other = (begun("bpr(epochs=200)", log) for _ in range(2))
    np.testing.assert_array_equal(one.y_, other.y_)
    liked = (np.log1p(log.matrix().toarray()) - 0.5 * np.log1p(log.matrix(skips=True).toarray())) > 0
    s = scores(one)
    wins = [(s[u][liked[u]][:, None] > s[u][~liked[u]]).mean() for u in range(N - 2)]
    assert np.mean(wins) > 0.95
    one.fit(log)
    other.fit(log)
    np.testing.assert_array_equal(one.x_, other.x_)


def test_svd_takes_the_steps_of_the_book():
    log, f, rate, reg = some_log(150), 3, np.float32(0.05), np.float32(0.1)
    grades = Grades.of(log, catalogue(T))
    u, i = grades.listener, grades.track
    order = np.argsort(KEY.bits(np.arange(len(u))))
    p, q = ((KEY / s).normal(np.arange(m)[:, None], np.arange(f)) / 10 for s, m in (("p", N), ("q", T)))
    b_u, b_i, mean = np.zeros(N, np.float32), np.zeros(T, np.float32), grades.grade.mean()
    mine = [x.copy() for x in (b_u, b_i, p, q)]
    descend(u, i, grades.grade, grades.sure, order, mean, *mine, rate, reg, 4)
    for at in np.tile(order, 4):
        a, b = u[at], i[at]
        error = grades.grade[at] - (mean + b_u[a] + b_i[b] + p[a] @ q[b])
        b_u[a] += rate * (error - reg * b_u[a])
        b_i[b] += rate * (error - reg * b_i[b])
        p[a], q[b] = p[a] + rate * (error * q[b] - reg * p[a]), q[b] + rate * (error * p[a] - reg * q[b])
    for got, expected in zip(mine, (b_u, b_i, p, q), strict=True):
        np.testing.assert_allclose(got, expected, atol=1e-5)


def test_svd_knows_nothing_of_who_has_graded_nothing():
    agent = begun("svd", some_log())
    np.testing.assert_allclose(scores(agent, [N - 1])[0], agent.mean_ + agent.bias_i_, rtol=1e-6)
    np.testing.assert_allclose(scores(agent)[:, T - 1], agent.mean_ + agent.bias_u_, rtol=1e-6)


# Grades


def test_a_grade_is_the_share_heard_averaged_over_plays_by_age():
    log = log_of([3, 3, 5], [7, 7, 7], [200, 50, 100], [0.0, 10.0, 10.0])
    r = dense_grades(log)
    np.testing.assert_allclose([r[3, 7], r[5, 7]], [(5 + 2) / 2, 3])
    faded = Grades.of(log, catalogue(T), half_life=10)
    np.testing.assert_allclose(faded.grade, [(0.5 * 5 + 2) / 1.5, 3], rtol=1e-6)
    np.testing.assert_allclose(faded.sure, [1, 1])
    np.testing.assert_allclose(faded.weight, [1.5, 1])


def test_ratings_and_counts_of_an_imported_log_are_read():
    new = log_of([3, 3, 5], [7, 8, 7], 200).plays()
    log = Log(N, T)
    count, value = np.float32([4, 1, 1]), np.float32([2, 10, np.nan])
    log.append(replace(new, count=count, value=value))
    grades = Grades.of(log, catalogue(T))
    np.testing.assert_allclose(grades.grade, [1, 5, 5])  # the lowest, the highest, heard to its end
    np.testing.assert_allclose(grades.weight, [4, 1, 1])


def test_slope_one_as_in_the_paper():
    """One grades i 1 and j 1.5; who grades i 2 is expected to grade j 2.5."""
    log = log_of([0, 0, 1], [4, 9, 4], [0.001, 25, 50])
    agent = begun("slopeone(bipolar=False, smoothing=0)", log)
    np.testing.assert_allclose(agent.score(request([1]), np.array([[9]], np.int32)), [[2.5]], atol=1e-3)


@pytest.mark.parametrize("bipolar", [False, True])
def test_slope_one_against_loops(bipolar):
    log = some_log()
    agent, r = begun(f"slopeone(bipolar={bipolar}, smoothing=0)", log), dense_grades(log)
    mean = np.array([row[~np.isnan(row)].mean() if (~np.isnan(row)).any() else 0 for row in r])
    got = scores(agent)
    for u in range(0, N - 2, 5):
        for i in range(T - 2):
            total = weight = 0.0
            for j in np.flatnonzero(~np.isnan(r[u])):
                both = ~np.isnan(r[:, i]) & ~np.isnan(r[:, j])
                if bipolar:
                    both &= (r[:, i] > mean) == (r[:, j] > mean)
                if i != j and both.any():
                    total += (r[both, i] - r[both, j]).sum() + both.sum() * r[u, j]
                    weight += both.sum()
            if weight:
                np.testing.assert_allclose(got[u, i], total / weight, rtol=1e-4)
    np.testing.assert_allclose(got[:, T - 1], agent.mean_ + agent.bias_u_, rtol=1e-5)


def test_slope_one_keeps_differences_of_the_top_only():
    log = some_log()
    agent = begun("slopeone(top=6, smoothing=0)", log)
    assert agent.common_.shape == (6, 6)
    rest = np.setdiff1d(EVERYTHING, agent.track_)
    usual = agent.mean_ + agent.bias_u_[:, None] + agent.bias_i_[rest]
    np.testing.assert_allclose(scores(agent)[:, rest], usual, rtol=1e-5)


# Charts


def test_what_trends_overtakes_what_was_popular():
    log = log_of(np.arange(30) % N, [2] * 20 + [5] * 10, 200, [0.0] * 20 + [21.0] * 10)
    assert scores(begun("popular", log))[0].argmax() == 2
    trending = begun("trending", log)
    assert scores(trending)[0].argmax() == 5
    np.testing.assert_allclose(scores(trending)[0, [2, 5]], [20 / 8, 10], rtol=1e-6)


@pytest.mark.parametrize("name", ["userknn", "itemknn", "bpr", "svd", "slopeone", "hierarchy", "trees"])
def test_tastes_that_move_are_followed_with_a_half_life(name):
    """Everyone loved their own kind first, then the other; with decay the other counts."""
    world = Tiny(checkerboard(24, 24), tracks=catalogue(24))
    world.warm_up(12)
    world.loves = ~world.loves
    world.day += 30
    world.warm_up(10)
    agent = parse(f"{name}(half_life=2)")
    agent.begin(world.setting)
    agent.fit(world.log)
    shown = agent.recommend(request(np.arange(24), float(world.day))).tracks
    assert np.take_along_axis(world.loves, shown, axis=1).mean() > 0.8


# Hierarchy


def test_a_track_has_the_rates_of_its_album_artist_and_genres():
    """Tracks 0 to 5: albums 0 0 1 1 2 2, artists 0 0 0 1 1 1, genres even and odd."""
    log = log_of([0, 0, 0, 1], [0, 0, 3, 5], [200, 100, 20, 200])
    agent = begun("hierarchy(everyone=0, smoothing=0)", log)
    got = scores(agent)[0]
    own = {0: 0.75, 3: 0.1}
    album, artist, genre = {0: 0.75, 1: 0.1}, {0: 0.75, 1: 0.1}, {0: 0.75, 1: 0.1}
    for i in range(12):
        levels = [(0.4, album.get(i // 2)), (0.3, artist.get(i // 3)), (0.3, genre[i % 2])]
        known = [(w, r) for w, r in levels if r is not None]  # levels that are missing drop out
        expected = own.get(i, sum(w * r for w, r in known) / sum(w for w, _ in known))
        np.testing.assert_allclose(got[i], expected, rtol=1e-5, err_msg=str(i))


def test_few_plays_are_smoothed_towards_what_is_expected():
    log = log_of([0, 1, 1, 1], [0, 1, 1, 1], [200, 20, 20, 20])
    agent = begun("hierarchy(smoothing=2)", log)
    levels = agent.levels_
    mean = (1 + 0.3) / 4
    np.testing.assert_allclose(levels.of_artist[[0, 5]], [(1.3 + 2 * mean) / 6, mean], rtol=1e-5)
    np.testing.assert_allclose(levels.of_album[0], (1.3 + 2 * levels.of_artist[0]) / 6, rtol=1e-5)
    np.testing.assert_allclose(levels.of_track[0], (1 + 2 * levels.of_album[0]) / 3, rtol=1e-5)
    parts = agent.parts(0, 0)
    np.testing.assert_allclose(parts["the track itself"], 1 / 3, rtol=1e-5)
    np.testing.assert_allclose(levels.of_track[2], levels.of_album[1])  # a new track: as its album
    np.testing.assert_allclose(levels.of_album[1], levels.of_artist[0])  # that has none: as its artist


def test_the_best_genre_or_their_mean():
    tracks = catalogue(T)
    start = np.concatenate([np.arange(3), 2 + 2 * np.arange(1, T - 1)]).astype(np.int32)
    genres = np.concatenate([[0, 1], np.tile([0, 1], T - 2)]).astype(np.int32)
    tracks = replace(tracks, genre_start=start, genre_ids=genres, digest="")
    log = log_of([0, 0], [0, 1], [200, 20])
    only_genres = "album=0, artist=0, everyone=0, smoothing=0"
    mean, best = (
        scores(begun(f"hierarchy({only_genres}, combine={combine})", log, tracks))[0, 9]
        for combine in ("mean", "max")
    )
    np.testing.assert_allclose([mean, best], [0.55, 1.0], rtol=1e-5)


# Trees


def test_no_row_knows_its_own_outcome():
    """Whether the newest plays were finished changes what is learned, not what it is learned from."""
    log = some_log()
    x, y = lessons(log, catalogue(T), np.inf, 3.0, 1000, KEY)
    assert len(x) == len(y) == 120
    assert x.shape[1] == len(columns_of(catalogue(T)))
    new = log.plays()
    flags, seconds = new.flags.copy(), new.seconds.copy()
    flags[280:], seconds[280:] = 1, 200
    changed = Log(N, T)
    changed.append(replace(new, flags=flags, seconds=seconds))
    other, finished = lessons(changed, catalogue(T), np.inf, 3.0, 1000, KEY)
    np.testing.assert_array_equal(x, other)
    assert finished.all()
    assert 0.2 < y.mean() < 0.8
    assert len(lessons(log, catalogue(T), np.inf, 3.0, 50, KEY)[1]) == 50


def test_shapley_values_of_a_product_are_shared():
    group = np.array([0, 1, 1, 2])

    def predict(x):
        return x[:, 0] + x[:, 1] * x[:, 2] + x[:, 0] * x[:, 3]

    row, usual = np.float32([2, 3, 4, 1]), np.float32([0, 1, 1, 0])
    none, adds = shapley(predict, row, usual, group, 3)
    np.testing.assert_allclose(none, 1)
    np.testing.assert_allclose(adds, [3, 11, 1])


@pytest.mark.parametrize("model", ["logistic", "tree", "forest", "boosted"])
def test_every_classifier_learns_what_is_finished(model):
    world = Tiny(one_hit()).warm_up(20)
    agent = parse(f"trees(model={model}, trees=20)")
    agent.begin(world.setting)
    agent.fit(world.log)
    hits = agent.score(request([0]), np.arange(40, dtype=np.int32)[None])[0]
    seen = np.unique(world.log.plays().track)
    loved = seen[seen % 10 == 3]
    assert hits[loved].min() > 0.5 > np.median(hits)
    parts = agent.parts(0, 3)
    assert set(parts) == {"usual", *GROUPS}


def test_candidates_stand_before_all_others():
    world = Tiny(checkerboard()).warm_up()
    agent = parse("trees(pool=8)")
    agent.begin(world.setting)
    agent.fit(world.log)
    s = scores(agent, [0, 1])
    assert ((s >= 0).sum(axis=1) == 8).all()
    assert (s[s < 0] < -5).all()
