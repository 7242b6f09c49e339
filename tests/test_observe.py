"""What a learner sees: public facts in [-1, 1], the same in a Gymnasium face and in a served world."""

from __future__ import annotations

import dataclasses

import gymnasium
import numpy as np
import pytest

import simenv  # noqa: F401  registers the ids
from simenv.catalogue import Catalogue
from simenv.context import COLUMNS
from simenv.errors import UsageError
from simenv.features import neighbours, track_features
from simenv.observe import MATCH, MEMORY, PLAY, SITUATION, Observer
from simenv.retrieve import Nearby
from simenv.rng import Key
from simenv.types import Exchange, Feedback, Request, Setting, Slate
from simenv.users.params import ListenerParams
from simenv.users.population import Population
from simenv.world import World

KEY = Key.root(1)


def few_tracks():
    """Six tracks by three artists in two genres, the last of none; audio in two columns."""
    audio = np.array([[0, 0], [0, 1], [1, 0], [1, 1], [0.5, 0.5], [0.2, 0.9]], np.float32)
    return dataclasses.replace(
        Catalogue.bare(6),
        audio=audio,
        features=("energy", "valence"),
        genre_start=np.array([0, 1, 2, 3, 4, 6, 6], np.int32),
        genre_ids=np.array([0, 0, 1, 1, 1, 0], np.int32),
        artist=np.array([0, 0, 1, 1, 2, 2], np.int32),
        seconds=np.array([100, 200, 300, 208, 100, 100], np.float32),
        released=np.array([-60.0, -30.0, 0.0, 0.0, 0.0, 5.0]),
        digest="",
    )


def setting(n=3, catalogue=None):
    return Setting(few_tracks() if catalogue is None else catalogue, n, 2, KEY, cooldown=0.0)


def request(listeners, time, visit=0):
    rows = np.asarray(listeners, np.int32)
    m = len(rows)
    context = np.zeros((m, len(COLUMNS)), np.float32)
    context[:, 1] = 1
    return Request(
        rows, np.full(m, float(time)), context, np.full(m, visit, np.int32), np.full(m, visit, np.int32)
    )


def plays(listeners, time, tracks, seconds, lengths):
    """An exchange in which everything was reached; what was played to its length was finished."""
    tracks = np.asarray(tracks, np.int32)
    seconds = np.asarray(seconds, np.float32)
    reached = seconds > 0
    feedback = Feedback(reached, seconds, reached & (seconds < lengths[tracks]), np.zeros(len(tracks), bool))
    return Exchange(
        request(listeners, time), Slate(tracks, np.full(tracks.shape, np.nan, np.float32)), feedback
    )


def test_features_are_public_bounded_and_alike_for_like_tracks():
    features = track_features(few_tracks())
    assert features.shape == (6, 2 + 8 + 1) and features.dtype == np.float32
    assert np.abs(features).max() <= 1
    np.testing.assert_array_equal(features[0, 2:10], features[1, 2:10])  # same genre
    assert (features[5, 2:10] == 0).all()  # none known
    assert features[3, 10] == 0  # ln(208 / 208)
    np.testing.assert_allclose(features[2, 10], np.log(300 / 208), rtol=1e-5)


def test_neighbours_are_the_nearest_by_cosine():
    luck = np.random.default_rng(0).normal(size=(60, 5)).astype(np.float32)
    near = neighbours(luck, 7)
    unit = luck / np.linalg.norm(luck, axis=1, keepdims=True)
    cosine = unit @ unit.T
    np.fill_diagonal(cosine, -2)
    np.testing.assert_array_equal(near, np.argsort(-cosine, axis=1)[:, :7])
    assert neighbours(luck[:3], 7).shape == (3, 2)
    assert neighbours(luck[:1], 7).shape == (1, 0)


def test_a_row_says_what_its_parts_promise():
    """Listener 1 finishes track 0, skips track 2 after 75 of 300 s; listeners 0 and 2 play nothing."""
    catalogue = few_tracks()
    observer = Observer(setting(), history=3)
    observer.see(plays([1], 1.0, [[0, 2]], [[100, 75]], catalogue.seconds))
    parts = observer.parts(2)
    asked = request([0, 1, 2], 3.0, visit=12)
    seen = observer.of(asked, np.array([[1, -1], [1, 4], [1, 1]], np.int32))
    assert seen.shape == (3, observer.width(2)) == (3, parts["candidates"].stop)
    features = observer.features

    situation = dict(zip(SITUATION, seen[1, parts["situation"]], strict=True))
    assert situation["hour_cos"] == 1 and situation["session"] == 0.5
    assert situation["finishing"] == pytest.approx(0.1 - 0.1 * 1.1)
    assert situation["skips"] == pytest.approx(1 / 3)

    taste = 0.9 * 0.1 * features[0] - 0.1 * 0.75 * features[2]
    np.testing.assert_allclose(seen[1, parts["taste"]], taste, atol=1e-6)

    shown = seen[1, parts["history"]].reshape(3, -1)
    np.testing.assert_array_equal(shown[0, : -len(PLAY)], features[2])  # newest first
    np.testing.assert_allclose(shown[0, -len(PLAY) :], [-1, 0.25, 1 / 3], atol=1e-3)
    np.testing.assert_allclose(shown[1, -len(PLAY) :], [1, 1, 1 / 3], atol=1e-3)
    assert (shown[2] == 0).all()

    match = seen[1, parts["candidates"]].reshape(2, -1)
    np.testing.assert_array_equal(match[:, : -len(MATCH)], features[[1, 4]])
    one = dict(zip(MATCH, match[0, -len(MATCH) :], strict=True))  # by the artist and of the genre of track 0
    cosine = features[1] @ taste / np.linalg.norm(features[1]) / np.linalg.norm(taste)
    assert one["taste"] == pytest.approx(cosine, abs=1e-5)
    cosine = features[1] @ features[0] / np.linalg.norm(features[1]) / np.linalg.norm(features[0])
    assert one["last"] == pytest.approx(cosine, abs=1e-5)
    assert one["artist"] == one["genre"] == pytest.approx(1 / 3)
    assert one["newness"] == pytest.approx(2 * 60 / (60 + 33) - 1, abs=1e-5)
    assert one["repeat"] == one["popularity"] == 0
    other = dict(zip(MATCH, match[1, -len(MATCH) :], strict=True))  # of the genre of track 2 only
    assert other["artist"] == 0 and other["genre"] == pytest.approx(-0.75 / 3)

    assert not seen[0, parts["taste"]].any() and not seen[0, parts["history"]].any()
    assert not seen[0, parts["candidates"]].reshape(2, -1)[1].any()  # no candidate there
    np.testing.assert_array_equal(observer.last_finished(np.arange(3, dtype=np.int32)), [-1, 0, -1])


def test_candidates_alone_are_those_of_the_row():
    observer = Observer(setting())
    observer.see(plays([0, 2], 1.0, [[0, 2], [4, 1]], [[100, 75], [3, 200]], few_tracks().seconds))
    asked, candidates = request([0, 2], 2.0), np.array([[5, 1, -1], [2, 3, 0]], np.int32)
    row = observer.of(asked, candidates)[:, observer.parts(3)["candidates"]]
    np.testing.assert_array_equal(observer.of_candidates(asked, candidates).reshape(2, -1), row)


def test_a_repeat_shows_and_a_forgotten_listener_is_new():
    observer = Observer(setting())
    fresh = observer.of(request([0], 2.0), np.array([[0]], np.int32))
    for _ in range(3):
        observer.see(plays([0], 1.0, [[0, 1]], [[100, 0]], few_tracks().seconds))
    seen = observer.of(request([0], 2.0), np.array([[0]], np.int32))
    assert seen[0, -1] == pytest.approx(3 / 5)
    observer.forget(np.array([0], np.int32))
    np.testing.assert_array_equal(observer.of(request([0], 2.0), np.array([[0]], np.int32)), fresh)


def test_popularity_falls_with_the_rank_from_one_to_minus_one():
    observer = Observer(setting())
    observer.publish(np.array([5, 9, 0, 3, 2, 1], np.float32))
    seen = observer.of_candidates(request([0], 6.0), np.arange(6, dtype=np.int32)[None])
    popularity = seen[0, :, -len(MATCH) + MATCH.index("popularity")]
    np.testing.assert_array_equal(np.argsort(-popularity), [1, 0, 3, 4, 5, 2])
    assert popularity.max() == 1 and popularity.min() == pytest.approx(-1)


def test_everything_stays_within_bounds_over_a_long_life():
    observer = Observer(setting(), history=32)
    lengths = few_tracks().seconds
    for step in range(200):
        track = np.array([[step % 6, (step * 5 + 1) % 6]])
        seconds = np.where(step % 3, lengths[track], 1e-3)
        observer.see(plays([1], step * 7.0, track, seconds, lengths))
    asked = request([0, 1], 1e5, visit=10**6)
    seen = observer.of(asked, np.tile(np.arange(6, dtype=np.int32), (2, 1)))
    assert np.abs(seen).max() <= 1 and seen.dtype == np.float32


def test_what_came_of_an_artist_and_a_genre_is_of_the_last_plays_only():
    observer, catalogue = Observer(setting()), few_tracks()
    luck = KEY / "plays"
    tracks = luck.below(6, np.arange(75))  # more than twice the memory
    fraction = np.where(luck.below(2, 1, np.arange(75)), 1, 0.25)
    for track, part in zip(tracks, fraction, strict=True):
        lengths = catalogue.seconds
        observer.see(plays([1], 1.0, [[track]], [[part * lengths[track]]], lengths))
    asked = request([1], 2.0)
    seen = observer.of_candidates(asked, np.arange(6, dtype=np.int32)[None])[0, :, -len(MATCH) :]

    recent, outcome = tracks[-MEMORY:], np.where(fraction == 1, 1, -0.75)[-MEMORY:]
    for name, of in (("artist", catalogue.artist), ("genre", np.array([0, 0, 1, 1, 1, -1]))):
        for track in range(6):
            alike = of[recent] == of[track]
            expected = outcome[alike].sum() / (2 + alike.sum())
            assert seen[track, MATCH.index(name)] == pytest.approx(expected, abs=1e-5), (name, track)
    counts = np.bincount(recent, minlength=6)
    np.testing.assert_allclose(seen[:, MATCH.index("repeat")], counts / (2 + counts), atol=1e-5)


def test_more_history_than_is_remembered_is_refused():
    with pytest.raises(UsageError, match="history=33"):
        Observer(setting(), history=33)


def test_a_face_shows_what_an_observer_sees_of_a_served_world():
    """The same listeners under the same slates, once through Gymnasium, once through World.play."""
    n, seed = 12, 5
    params = ListenerParams(churn=0.0)
    env = gymnasium.make_vec(
        "simenv/Listener-v0", num_envs=n, tracks=300, observe="flat", listener_params=params
    )
    seen, _ = env.reset(seed=seed)
    stage, population = env._crowd.stage, env._crowd._listeners
    listeners = Population(n, stage.catalogue, population.hidden, params, Key.root(seed))
    listeners.bear(np.arange(n, dtype=np.int32), 0, stage.day)
    world = World(stage.catalogue, population.hidden, listeners, Key.root(seed), share=1.0)
    served = world.setting(slate_size=1, key=Key.root(seed))
    observer, retriever = Observer(served), Nearby(served, 8)
    observer.publish(stage.counts), retriever.publish(stage.counts)
    for step in range(60):
        asked = world.waiting(until=np.inf)
        assert asked is not None and len(asked) == n
        candidates = retriever.of(asked, observer.last_finished(asked.listeners))
        np.testing.assert_array_equal(observer.of(asked, candidates), seen)
        place = np.full(n, step % 8)
        tracks = candidates[np.arange(n), place][:, None]
        observer.see(world.play(Slate(tracks, np.full((n, 1), np.nan, np.float32))))
        seen = env.step(place)[0]
