"""What every agent promises (AGENTS.md), tested on whatever files the folder holds."""

from dataclasses import replace

import numpy as np
import pytest
from tiny import Tiny, catalogue, checkerboard, one_hit, plays, request

from simenv.agents import available, expression, load, parse, restore
from simenv.errors import UsageError
from simenv.heard import Heard
from simenv.log import Log
from simenv.rng import Key
from simenv.types import Setting

WRAPPED = "tests/backwards.py:Backwards"
VARIANTS = (
    "popular(explore=.4, half_life=5)",
    "als(explore=.5, factors=4, half_life=20)",
    "content(explore=.3, scale=minmax, artist=.3)",
    "itemknn(weighting=adjusted, overlap=2, penalty=.5)",
    "itemknn(weighting=tfidf, explore=.2)",
    "itemknn(weighting=cosine, skips=0)",
    "userknn(overlap=2, penalty=.5, rarity=0, half_life=9, explore=.2)",
    "bpr(factors=4, popular=0, disliked=0, half_life=20)",
    "svd(factors=4, half_life=9, explore=.3)",
    "slopeone(top=20, smoothing=0, overlap=2, half_life=9)",
    "slopeone(bipolar=False)",
    "hierarchy(combine=max, everyone=0, half_life=9)",
    "trees(model=logistic, pool=9, half_life=9)",
    "trees(model=tree, explore=.2)",
    "trees(model=forest, trees=5)",
    "hybrid(mode=switching, scale=rank, explore=.3)",
    "hybrid(mode=cascade, pool=9, doubt=1, scale=minmax)",
    "hybrid(of=itemknn(weighting=cosine), cold=hierarchy)",
    "ensemble(weights=learned, scale=z, again=2)",
    "robust(of=popular(explore=.2), weight=.5, limit=1)",
    "context(mode=prefilter, strength=2)",
    "context(mode=postfilter, of=content, explore=.3)",
    "context(half_life=9, factors=4)",
    "private(of=popular, epsilon=.5)",
    "epsgreedy(arms=artists, explore=.6)",
    "epsgreedy(arms=genres, explore=.5)",
    "epsgreedy(of=content, pool=7, explore=.5)",
    "ucb(arms=artists, explore=.3, half_life=5)",
    "ucb(arms=genres, of=als, pool=9)",
    "thompson(arms=genres, smoothing=0, explore=.2)",
    "thompson(of=itemknn, pool=12, half_life=9)",
    "thompson(of=epsgreedy, explore=0)",
    "cascade_ucb(of=popular, explore=.2)",
    "linucb(of=None, explore=.3, width=2)",
    "linucb(of=popular, arms=artists, organic=0)",
    "lints(of=content, arms=genres, pool=12, half_life=5)",
    "lints(of=None, width=3, explore=.1)",
    "mmr(of=als(factors=4, explore=.3), balance=.2)",
    "mmr(of=explore(of=popular, slots=2), artist=0, pool=12)",
    "explore(of=content, slots=2, newcomers=9)",
    "explore(of=random, slots=1, bonus=0)",
    "explore(of=itemknn, half_life=9, newcomers=5)",
    "calibrated(of=repeat, balance=.1, half_life=9)",
    "xquad(of=popular, aspects=genres, coverage=binary)",
    "artist_cap(of=mmr(of=content), limit=2)",
    "popularity_penalty(of=userknn, shape=head)",
    "fresh(of=popular, tired_track=0, new=3)",
    "fair(of=als, method=shift)",
    "fair(of=content, target=parity, groups=all)",
    "sb3(algorithm=a2c, steps=600, envs=12, candidates=6, temperature=.5)",
    "sb3(algorithm=dqn, steps=600, envs=4, candidates=5)",
    "sb3(algorithm=sac, steps=300, envs=4, candidates=8)",
    "reinforce(critic=20, steps=9000, envs=12, reward=minutes)",
    "slateq(horizon=0, slates=best, explore=.2)",
    "slateq(method=td, steps=9000, envs=12, of=content, pool=8)",
    "delayed(of=epsgreedy(explore=.4), days=1)",
    "delayed(of=als(factors=4), days=2, batch=3)",
    "delayed(of=content, days=0)",
    "vw(explore=bag, policies=3, of=content, interactions='lt lct')",
    "vw(explore=squarecb, gamma=2, pool=12, of=hierarchy)",
    "vw(explore=cover, policies=2, epsilon=.2)",
    "vw(explore=rnd, policies=2, estimator=ips, of=popular)",
    "vw(estimator=dr, epsilon=.3, of=itemknn)",
    "reinforce(of=None, temperature=1, organic=0)",
    "reinforce(of=popular, pool=9, explore=.3, temperature=.5, horizon=2)",
    "reinforce(of=random, explore=.4, held=0)",
    WRAPPED,
    f"{WRAPPED}(of=content, pool=7)",
)
QUICK = {"sb3": "sb3(steps=20000, envs=64)", "slateq": "slateq(steps=20000, envs=24)"}
"""What takes longer by default than a test may."""
EVERY = (*(QUICK.get(name, name) for name in available()), *VARIANTS)


@pytest.fixture(autouse=True)
def here(monkeypatch, request):
    monkeypatch.chdir(request.config.rootpath)


@pytest.fixture(autouse=True, scope="session")
def models(tmp_path_factory):
    """Where practice-trained models of these tests are kept."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SIMENV_MODELS", str(tmp_path_factory.mktemp("models")))
        yield


@pytest.fixture(params=EVERY)
def agent(request):
    return parse(request.param)


def begun(agent, world, fit=True):
    agent.begin(world.setting)
    if fit:
        agent.fit(world.log)
    return agent


def same(a, b):
    np.testing.assert_array_equal(a.tracks, b.tracks)
    np.testing.assert_array_equal(a.propensity, b.propensity)


def legal(slate, asked, setting):
    m, k = len(asked), setting.slate_size
    assert slate.tracks.shape == slate.propensity.shape == (m, k)
    assert slate.tracks.dtype == np.int32
    assert slate.propensity.dtype == np.float32
    assert ((slate.tracks >= 0) & (slate.tracks < len(setting.catalogue))).all()
    assert (np.diff(np.sort(slate.tracks, axis=1), axis=1) > 0).all(), "a track twice in a slate"
    assert (setting.catalogue.released[slate.tracks] <= asked.time[:, None]).all()
    p = slate.propensity
    assert (np.isnan(p) | ((p > 0) & (p <= 1))).all()
    if setting.cooldown and setting.heard is not None:
        start, barred = setting.heard.forbidden(asked.listeners, asked.time, setting.cooldown)
        for row in range(m):
            no = barred[start[row] : start[row + 1]]
            n_open = (np.delete(setting.catalogue.released, no) <= asked.time[row]).sum()
            if n_open >= k:
                assert not np.isin(slate.tracks[row], no).any(), "a track in cooldown"


def lived(cooldown=2.0, **more):
    released = np.where(np.arange(48) % 7 == 6, 20.0, -1.0)  # some are yet to come
    return Tiny(checkerboard(), cooldown, tracks=catalogue(48, released=released), **more).warm_up()


def test_slates_are_legal_and_asking_teaches_nothing(agent):
    world = lived()
    begun(agent, world)
    for visit in range(3):
        asked = request(np.arange(0, 24, 2), 12.5, visit)
        slate = agent.recommend(asked)
        legal(slate, asked, world.setting)
        same(slate, agent.recommend(asked))
        world.wave(agent)
    legal(agent.recommend(request([])), request([]), world.setting)


def test_slates_hold_released_tracks_only(agent):
    world = lived(cooldown=0.0, slate_size=48)
    begun(agent, world)
    with pytest.raises(UsageError, match=r"only 42 are released on day 12\.5"):
        agent.recommend(request([0, 3], 12.5))
    slate = agent.recommend(request([0, 3], 21.0))  # as long as the catalogue
    np.testing.assert_array_equal(np.sort(slate.tracks, axis=1), np.tile(np.arange(48), (2, 1)))


def near(frequency, p, draws):
    return (np.abs(frequency - p) <= 5 * np.sqrt(p * (1 - p) / draws) + 1e-6).all()


def test_propensities_are_frequencies(agent):
    """Slot 1, and slot 2 given slot 1; an agent that does not know its propensities says so everywhere."""
    draws = 6000
    world = Tiny(checkerboard(4, 12), 3.0, slate_size=4).warm_up(9)
    begun(agent, world)
    asked = request(np.full(draws, 2), 9.4, np.arange(draws))
    slate = agent.recommend(asked)
    if np.isnan(slate.propensity).any():
        assert np.isnan(slate.propensity).all()
        return
    all_tracks = np.tile(np.arange(12, dtype=np.int32), (draws, 1))
    given = np.empty((draws, 0), np.int32)
    rows = np.ones(draws, bool)
    for slot in range(2):
        tracks, p = slate.tracks[rows, slot], slate.propensity[rows, slot]
        shown = np.bincount(tracks, minlength=12)
        said = np.array([p[tracks == i].mean() if shown[i] else 0 for i in range(12)])
        assert all(np.ptp(p[tracks == i]) < 1e-6 for i in np.flatnonzero(shown))
        assert near(shown / rows.sum(), said, rows.sum())
        law = agent.probability(asked, all_tracks, given)[0]
        if not np.isnan(law).any():
            np.testing.assert_allclose(law.sum(), 1, rtol=1e-5)
            assert near(shown / rows.sum(), law, rows.sum())
        given = np.full((draws, 1), np.bincount(tracks).argmax(), np.int32)
        rows &= slate.tracks[:, 0] == given[0, 0]


@pytest.mark.parametrize("cooldown", [0.0, 3.0, np.inf])
def test_probability_is_the_propensity(agent, cooldown):
    world = Tiny(checkerboard(6, 14), cooldown, slate_size=6).warm_up(9)
    begun(agent, world)
    asked = request(np.arange(6), 9.4, np.arange(6))
    slate = agent.recommend(asked)
    everything = np.tile(np.arange(14, dtype=np.int32), (6, 1))
    for slot in range(6):
        given = slate.tracks[:, :slot]
        p = agent.probability(asked, everything, given)
        assert p.shape == (6, 14)
        assert p.dtype == np.float32
        if np.isnan(p).any():
            assert np.isnan(p).all()
            continue
        np.testing.assert_allclose(p.sum(axis=1), 1, rtol=1e-5)
        assert not np.take_along_axis(p, given, axis=1).any()
        shown = np.take_along_axis(p, slate.tracks[:, slot : slot + 1], axis=1)[:, 0]
        np.testing.assert_allclose(shown, slate.propensity[:, slot], rtol=1e-5)


@pytest.mark.parametrize("cooldown", [5.0, np.inf])
def test_a_short_shelf_is_filled_with_the_oldest_plays(agent, cooldown):
    world = Tiny(checkerboard(3, 8), cooldown, slate_size=5)
    order = np.array([4, 0, 6, 1, 3, 7])  # tracks 2 and 5 are open
    for u in range(2):
        world.enter(plays(np.full(6, u), order, 1 + np.arange(6) / 10, np.ones(6, bool)))
    begun(agent, world)
    slate = agent.recommend(request([0, 1, 2], 2.0))
    legal(slate, request([0, 1, 2], 2.0), world.setting)
    for row in range(2):
        assert set(slate.tracks[row, :2]) == {2, 5}
        assert slate.tracks[row, 2:].tolist() == [4, 0, 6]
        assert slate.propensity[row, 2:].tolist() == [1, 1, 1]


def test_strangers_and_an_empty_log(agent):
    world = Tiny(checkerboard(), 1.0)
    begun(agent, world, fit=False)  # nobody has played anything, nothing was fitted
    legal(agent.recommend(request(np.arange(24))), request(np.arange(24)), world.setting)
    agent.fit(world.log)
    legal(agent.recommend(request(np.arange(24))), request(np.arange(24)), world.setting)
    some = np.arange(40)  # listeners 20 to 23 play nothing, tracks 40 to 47 are played by nobody
    world.enter(plays(some % 20, some, some / 10, some % 3 > 0))
    agent.fit(world.log)
    asked = request([0, 20, 23], 5.0)
    legal(agent.recommend(asked), asked, world.setting)
    scores = agent.score(asked, np.tile(np.arange(48, dtype=np.int32), (3, 1)))
    assert np.isfinite(scores).all() or np.isnan(scores).all()
    assert agent.explain(20, 45)


@pytest.mark.parametrize(("n", "n_tracks"), [(1, 12), (5, 1), (1, 1), (3, 5)])
def test_the_smallest_worlds(agent, n, n_tracks):
    k = min(n_tracks, 5)
    world = Tiny(np.ones((n, n_tracks), bool), slate_size=k).warm_up(3)
    assert world.run(agent, days=2) == 1
    asked = request(np.arange(n), 6.0)
    legal(agent.recommend(asked), asked, world.setting)


def test_alone_as_in_a_crowd(agent):
    world = lived()
    begun(agent, world)
    world.wave(agent)
    asked = request(np.arange(24), 13.0, np.arange(24))
    crowd, everything = agent.recommend(asked), np.arange(48, dtype=np.int32)[None]
    for row in range(24):
        one = asked.rows(np.s_[row : row + 1])
        alone = agent.recommend(one)
        differ = crowd.tracks[row] != alone.tracks[0]
        if differ.any():  # only tracks of nearly equal scores may change places: sums of BLAS differ
            scores = agent.score(one, everything)[0]
            a, b = scores[crowd.tracks[row, differ]], scores[alone.tracks[0, differ]]
            np.testing.assert_allclose(a, b, atol=1e-5 * np.ptp(scores))
        else:
            np.testing.assert_array_equal(crowd.propensity[row], alone.propensity[0])


def test_saved_and_restored_it_goes_on_the_same(agent, tmp_path):
    world = lived()
    begun(agent, world)
    world.wave(agent)
    path = agent.save(tmp_path / "deep" / "model")
    agent.save(path)  # over itself
    other = restore(path, world.setting)
    assert other == agent
    assert not list(path.parent.glob("*.part"))
    asked = request(np.arange(24), 13.0, 4)
    same(agent.recommend(asked), other.recommend(asked))
    for one in (agent, other):
        one.fit(world.log)
    same(agent.recommend(asked), other.recommend(asked))


def test_the_same_seed_gives_the_same_run(agent):
    def shown():
        world = lived()
        world.run(agent, days=3)
        return np.concatenate(world.shown)

    np.testing.assert_array_equal(shown(), shown())  # and so begin() forgets all


def test_begin_forgets(agent):
    fresh = parse(expression(agent))
    world = lived()
    world.run(agent, days=2)
    agent.begin(world.setting)
    fresh.begin(world.setting)
    asked = request(np.arange(24), 15.0)
    same(agent.recommend(asked), fresh.recommend(asked))


@pytest.mark.parametrize("name", available())
def test_it_beats_random_where_the_answer_is_known(name):
    """Personal agents in the checkerboard world, the others in the world of one hit; cooldown 0."""
    agent = parse(QUICK.get(name, name))
    if name == "random":
        shares = [Tiny(loves).warm_up().run(agent) for loves in (checkerboard(), one_hit())]
        np.testing.assert_allclose(shares, [0.5, 0.1], atol=0.1)
        return
    loves = checkerboard() if agent.personal else one_hit()
    lucky = Tiny(loves).warm_up().run(load("random"))
    assert Tiny(loves).warm_up().run(agent) > lucky + 0.2


def test_explanations_name_the_parts_of_the_score(agent):
    world = lived(cooldown=0.0)
    begun(agent, world)
    world.wave(agent)
    agent.fit(world.log)
    asked = request([5], float(world.log.now))
    for track in agent.recommend(asked).tracks[0]:
        parts = agent.parts(5, int(track))
        score = agent.score(asked, np.array([[track]], np.int32))[0, 0]
        if not np.isnan(score):
            np.testing.assert_allclose(sum(parts.values()), score, rtol=1e-3, atol=1e-4)
        top = max(parts, key=lambda name: abs(parts[name]))
        assert top in agent.explain(5, int(track))


def test_more_like_this_or_a_clear_word(agent):
    world = lived()
    begun(agent, world)
    try:
        slate = agent.similar(4, 6)
    except UsageError as error:
        assert "knows no likeness between tracks" in str(error)
        return
    assert slate.tracks.shape == (1, 6)
    assert 4 not in slate.tracks
    assert (slate.tracks % 2 == 0).mean() > 0.8  # even tracks go together
    with pytest.raises(UsageError, match="there are 47 others"):
        agent.similar(4, 48)


def test_learning_is_seen_by_wrappers_too():
    world = lived(cooldown=0.0)
    outer, inner = parse(f"{WRAPPED}(of=popular, pool=9)"), load("popular")
    world.run(outer, days=2)
    assert outer.inner.plays_.sum() > 0
    inner.begin(replace(world.setting, slate_size=9))
    inner.restore(outer.inner.state())
    asked = request([0, 7], 15.0)
    plays_of = outer.inner.plays_
    worst = np.sort(plays_of[inner.recommend(asked).tracks], axis=1)[:, : world.setting.slate_size]
    np.testing.assert_array_equal(plays_of[outer.recommend(asked).tracks], worst)
    assert not outer.personal
    assert parse(WRAPPED).personal


def test_a_checkpoint_for_another_catalogue_is_refused(tmp_path):
    world = lived()
    path = begun(load("popular"), world).save(tmp_path / "popular")
    with pytest.raises(UsageError, match="was fitted to the catalogue"):
        restore(path, replace(world.setting, catalogue=catalogue(48)))
    with pytest.raises(UsageError, match="knows 24 listeners, but the setting has 25"):
        restore(path, replace(world.setting, n_listeners=25))
    with pytest.raises(UsageError, match="no agent was saved"):
        restore(tmp_path / "nowhere", world.setting)
    (tmp_path / "mine").mkdir()
    with pytest.raises(UsageError, match="is no checkpoint"):
        begun(load("popular"), world).save(tmp_path / "mine")


def test_a_log_without_a_world_will_do(agent):
    log = Log(6, 10)
    i = np.arange(60)
    log.append(plays(i % 6, i % 10, i / 10, i % 4 > 0))
    setting = Setting.of_log(log, slate_size=10)
    if "practice" in agent.needs:
        with pytest.raises(UsageError, match="a log does not have"):
            agent.begin(setting)
        return
    agent.begin(setting)
    agent.fit(log)
    legal(agent.recommend(request(np.arange(6), 9.0)), request(np.arange(6), 9.0), setting)


def test_missing_audio_and_genres_are_no_harm():
    world = Tiny(checkerboard())
    tracks = catalogue(48)
    audio = tracks.audio.copy()
    audio[::5] = np.nan
    start = np.minimum(np.arange(49), 30).astype(np.int32)  # tracks from 30 on have no genre
    world.catalogue = replace(
        tracks, audio=audio, genre_start=start, genre_ids=tracks.genre_ids[:30], digest=""
    )
    world.setting = replace(world.setting, catalogue=world.catalogue)
    for text in ("content", "content(scale=minmax)", "epsgreedy(arms=genres)"):
        agent = parse(text)
        world.warm_up(3)
        begun(agent, world)
        asked = request(np.arange(24), float(world.day) + 1)
        legal(agent.recommend(asked), asked, world.setting)
    similar = parse("content(artist=0)")
    similar.begin(world.setting)
    assert np.isfinite(similar.features_).all()


def test_content_recommends_what_nobody_has_played():
    world = Tiny(checkerboard(24, 48))
    u, s = np.divmod(np.arange(24 * 8), 8)
    track = 2 * s + u % 2  # their own kind, among the first 16 tracks
    world.enter(plays(u, track, s / 10, np.ones(len(u), bool)))
    agent = begun(load("content"), world)
    new = np.tile(np.arange(16, 48, dtype=np.int32), (24, 1))
    best = np.take_along_axis(new, agent.score(request(np.arange(24)), new).argsort(axis=1)[:, -5:], axis=1)
    assert (best % 2 == np.arange(24)[:, None] % 2).all()


def test_als_starts_from_the_factors_it_has():
    world = lived()
    agent = begun(parse("als(epochs=20, refit=1)"), world)
    before = agent.y_.copy()
    agent.fit(world.log)
    assert 0 < np.abs(agent.y_ - before).max() < 0.1 * np.abs(before).max()


def test_skips_speak_against_a_track():
    world = Tiny(np.ones((12, 10), bool))
    u, i = np.divmod(np.arange(12 * 10), 10)
    world.enter(plays(u, i, u / 10, i != 7))
    for _ in range(4):
        world.enter(plays(u, i, 2 + u / 10, i != 7))
    for name in ("als", "content", "itemknn", "repeat", "epsgreedy"):
        slate = begun(load(name), world).recommend(request(np.arange(12), 3.0))
        assert not (slate.tracks == 7).any(), name


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("als(factors=0)", "als: factors=0: expected 1 or more"),
        ("als(half_life=0)", "als: half_life=0: expected more than 0"),
        ("content(scale=zz)", "content: scale='zz': expected z or minmax"),
        ("popular(explore=1.5)", r"popular: explore=1.5: expected a number in \[0, 1\]"),
        ("random(fit_every=-1)", "random: fit_every=-1: expected 0 or more"),
    ],
)
def test_hyper_parameters_are_checked_when_an_agent_is_made(text, message):
    with pytest.raises(UsageError, match=message):
        parse(text)


def test_the_ring_may_be_all_there_is():
    """A finite cooldown does not need the bit a track."""
    setting = Setting(catalogue(9), 2, 3, Key.root(0), 4.0, Heard(2, 9, any_play=False))
    agent = load("random")
    agent.begin(setting)
    legal(agent.recommend(request([0, 1])), request([0, 1]), setting)
