"""The two Gymnasium faces: one is the rows of the other, and both keep Gymnasium's promises."""

from __future__ import annotations

import subprocess
import sys
import tracemalloc

import gymnasium
import numpy as np
import pytest
from gymnasium import wrappers
from gymnasium.utils.env_checker import check_env
from gymnasium.vector import AsyncVectorEnv, AutoresetMode, SyncVectorEnv
from gymnasium.wrappers import vector

import simenv  # noqa: F401  registers the ids
from simenv.actions import MODES
from simenv.errors import UsageError
from simenv.face import LAYOUTS
from simenv.scenarios.build import practice
from simenv.types import LIKED
from simenv.users.params import ListenerParams

ID = "simenv/Listener-v0"
FLEETING = ListenerParams(churn=0.5)  # most are gone within days
FAITHFUL = ListenerParams(churn=0.0)


def alone(**options):
    return gymnasium.make(ID, **{"tracks": 300, "observe": "dict"} | options)


def crowd(n, **options):
    return gymnasium.make_vec(ID, num_envs=n, **{"tracks": 300, "observe": "dict"} | options)


def equal(a, b):
    if isinstance(a, dict):
        assert a.keys() == b.keys()
        for name in a:
            equal(a[name], b[name])
    else:
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("observe", LAYOUTS)
@pytest.mark.parametrize("actions", MODES)
@pytest.mark.parametrize("slate_size", [1, 3])
def test_gymnasium_finds_nothing_to_complain_of(actions, observe, slate_size):
    response = "queue" if slate_size == 1 else "carousel"
    env = alone(
        actions=actions, observe=observe, slate_size=slate_size, response=response, render_mode="ansi"
    )
    check_env(env.unwrapped)


@pytest.mark.parametrize("history", [0, 1, 32])
@pytest.mark.parametrize("observe", LAYOUTS)
def test_nor_with_another_history(observe, history):
    env = alone(observe=observe, history=history)
    check_env(env.unwrapped)
    shown = crowd(2, observe="dict", history=history).reset(seed=1)[0]
    assert shown["history"].shape == (2, history * 20) if history else "history" not in shown


def test_make_vec_gives_the_native_population():
    env = crowd(8)
    assert type(env.unwrapped).__name__ == "PopulationEnv"
    assert env.metadata["autoreset_mode"] is AutoresetMode.SAME_STEP


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"actions": "tracks", "slate_size": 3, "observe": "flat", "reward": "graded"},
        {"actions": "query", "slate_size": 2, "reward": "likes", "cooldown": 2.0},
        {"actions": "blend", "reward": "return", "observe": "flat", "share": 0.4, "past": 3.0},
        {"cooldown": np.inf, "past": 2.0, "reward": "minutes", "candidates": 20},
        {"response": "shelf", "slate_size": 4, "reward": "return"},
    ],
    ids=str,
)
def test_a_row_is_that_listener_alone_also_after_autoresets(options):
    """Bit for bit what Gymnasium makes of so many single environments, final observations included."""
    n, steps = 6, 30
    options = {"horizon": 9, "listener_params": FLEETING, **options}
    many = crowd(n, **options)
    single = SyncVectorEnv(
        [lambda i=i: alone(listener=i, **options) for i in range(n)],
        autoreset_mode=AutoresetMode.SAME_STEP,
    )
    equal(many.reset(seed=5)[0], single.reset(seed=[5] * n)[0])
    many.action_space.seed(1)
    ended = np.zeros(2, int)
    for _ in range(steps):
        actions = many.action_space.sample()
        here, there = many.step(actions), single.step(actions)
        for a, b in zip(here[:4], there[:4], strict=True):
            equal(a, b)
        done = here[2] | here[3]
        ended += here[2].sum(), here[3].sum()
        for row in range(n):
            name = "final_info" if done[row] else "tracks"
            assert here[4][f"_{name}"][row] == there[4][f"_{name}"][row]
            if done[row]:
                equal(here[4]["final_obs"][row], there[4]["final_obs"][row])
                for column in ("tracks", "seconds"):
                    equal(here[4]["final_info"][column][row], there[4]["final_info"][column][row])
            else:
                equal(here[4]["tracks"][row], there[4]["tracks"][row])
                equal(here[4]["seconds"][row], there[4]["seconds"][row])
    assert (ended > 0).all(), "both ways to end an episode must have been seen"


@pytest.mark.parametrize(
    "options",
    [
        {"reward": "graded"},
        {"response": "shelf", "slate_size": 4, "reward": "return"},
        {"share": 0.4, "past": 3.0, "cooldown": 2.0, "reward": "likes"},
    ],
    ids=str,
)
def test_in_the_next_step_lives_begin_as_gymnasium_s_own_vectors_begin_them(options):
    n, options = 6, {"horizon": 9, "listener_params": FLEETING, "observe": "flat", **options}
    many = crowd(n, autoreset_mode="NextStep", **options)
    single = SyncVectorEnv([lambda i=i: alone(listener=i, **options) for i in range(n)])
    assert many.metadata["autoreset_mode"] is single.metadata["autoreset_mode"] is AutoresetMode.NEXT_STEP
    many.action_space.seed(1)
    for seed in (5, 6):  # the second time in the middle of lives
        equal(many.reset(seed=seed)[0], single.reset(seed=[seed] * n)[0])
        over, ended = np.zeros(n, bool), np.zeros(2, int)
        for _ in range(30):
            actions = many.action_space.sample()
            here, there = many.step(actions), single.step(actions)
            for a, b in zip(here[:4], there[:4], strict=True):
                equal(a, b)
            np.testing.assert_array_equal(here[4]["_tracks"], ~over)
            if not over.all():
                equal(here[4]["tracks"][~over], there[4]["tracks"][~over])
            over = here[2] | here[3]
            ended += here[2].sum(), here[3].sum()
        assert (ended > 0).all(), "both ways to end an episode must have been seen"


def test_gymnasium_s_wrappers_of_vectors_see_whole_episodes():
    def played(**options):
        env = crowd(20, observe="flat", horizon=7, listener_params=FLEETING, **options)
        env = vector.RecordEpisodeStatistics(vector.NormalizeReward(env))
        env.reset(seed=1)
        for _ in range(25):
            _, _, terminated, truncated, info = env.step(np.zeros(20, int))
            done = terminated | truncated
            np.testing.assert_array_equal(info.get("_episode", np.zeros(20, bool)), done)
            assert not truncated.any() or (info["episode"]["l"][truncated] == 7).all()
        return env.episode_count

    assert played() > 60 and played(autoreset_mode="NextStep") > 60


def test_gymnasium_s_wrappers_of_what_vectors_show_take_lives_that_begin_in_the_next_step():
    env = crowd(50, observe="flat", horizon=7, autoreset_mode="NextStep")
    env = vector.NormalizeObservation(env)
    env.reset(seed=1)
    for step in range(40):
        seen = env.step(np.full(50, step % 8))[0]
    varies = env.obs_rms.var > 1e-3
    assert varies.sum() > 100 and np.abs(seen[:, varies]).mean() < 2
    with pytest.raises(ValueError, match="NEXT_STEP"):
        vector.NormalizeObservation(crowd(50, observe="flat"))


@pytest.mark.parametrize(
    "wrapper",
    [
        wrappers.RecordEpisodeStatistics,
        wrappers.NormalizeObservation,
        wrappers.NormalizeReward,
        lambda env: wrappers.FrameStackObservation(env, 3),
        lambda env: wrappers.TimeLimit(env, 5),
        wrappers.Autoreset,
    ],
)
def test_gymnasium_s_wrappers_of_one_listener_are_taken(wrapper):
    env = wrapper(alone(observe="flat", horizon=9))
    env.action_space.seed(1)
    env.reset(seed=1)
    for _ in range(30):
        seen, _, terminated, truncated, _ = env.step(env.action_space.sample())
        assert env.observation_space.contains(seen)
        if (terminated or truncated) and not isinstance(env, wrappers.Autoreset):
            env.reset()


def test_an_id_that_names_the_package_needs_no_import():
    say = "import gymnasium; print(gymnasium.make('simenv:simenv/HookAndDepth-v0').action_space, end='')"
    run = subprocess.run([sys.executable, "-c", say], capture_output=True, text=True, check=True)
    assert run.stdout == "Discrete(2)"


def test_threads_change_nothing():
    one, two = crowd(9_000, threads=1), crowd(9_000, threads=2)
    equal(one.reset(seed=2)[0], two.reset(seed=2)[0])
    for place in range(3):
        actions = np.full(9_000, place)
        for a, b in zip(one.step(actions)[:4], two.step(actions)[:4], strict=True):
            equal(a, b)


def test_one_listener_disturbs_no_other():
    usual, other = crowd(20, observe="flat"), crowd(20, observe="flat")
    usual.reset(seed=3), other.reset(seed=3)
    for _ in range(30):
        actions = np.zeros(20, int)
        seen = usual.step(actions)[0]
        actions[13] = 5
        otherwise = other.step(actions)[0]
    assert set(np.flatnonzero((seen != otherwise).any(axis=1))) == {13}


def test_reset_without_a_seed_is_the_life_that_an_autoreset_begins():
    played, reset = crowd(5, horizon=4), crowd(5, horizon=4)
    first = played.reset(seed=7)[0]
    for _ in range(4):
        after, _, _, truncated, _ = played.step(np.ones(5, int))
    assert truncated.all()
    equal(reset.reset(seed=7)[0], first)
    equal(reset.reset()[0], after)
    assert not np.array_equal(after["situation"], first["situation"])
    equal(reset.reset(seed=7)[0], first)  # nothing of the lives between remains


def test_nothing_of_earlier_lives_remains():
    """Neither what listeners know nor what the platform remembers: a used environment is as good as new."""
    options = {"share": 0.3, "past": 15.0, "cooldown": np.inf, "actions": "tracks", "horizon": 10}
    used, fresh = crowd(20, **options), crowd(20, **options)
    used.reset(seed=1)
    for _ in range(3):
        used.reset()
    equal(used.reset(seed=2)[0], fresh.reset(seed=2)[0])
    for step in range(12):
        np.testing.assert_array_equal(used.action_masks(), fresh.action_masks())
        actions = used.action_masks().argmax(axis=1) + step % 2
        for a, b in zip(used.step(actions)[:4], fresh.step(actions)[:4], strict=True):
            equal(a, b)


def test_other_seeds_are_other_listeners():
    env = crowd(5, observe="flat")
    assert not np.array_equal(env.reset(seed=1)[0], env.reset(seed=2)[0])
    unseeded = [crowd(5, observe="flat").reset()[0] for _ in range(2)]
    assert not np.array_equal(*unseeded)


def test_the_horizon_truncates_and_leaving_for_good_terminates():
    env = crowd(40, horizon=12, listener_params=FLEETING)
    env.reset(seed=1)
    age = np.zeros(40, int)
    gone = 0
    for _ in range(30):
        _, _, terminated, truncated, _ = env.step(np.zeros(40, int))
        age += 1
        assert not (terminated & truncated).any()
        np.testing.assert_array_equal(truncated, (age == 12) & ~terminated)
        age[terminated | truncated] = 0
        gone += terminated.sum()
    assert gone > 10
    env = crowd(40, horizon=12, listener_params=FAITHFUL)
    env.reset(seed=1)
    assert not any(env.step(np.zeros(40, int))[2].any() for _ in range(30))


@pytest.mark.parametrize("actions", MODES)
@pytest.mark.parametrize("slate_size", [1, 4])
def test_every_action_of_the_space_is_legal(actions, slate_size):
    options = {"actions": actions, "slate_size": slate_size, "cooldown": 3.0, "listener_params": FLEETING}
    env = crowd(30, horizon=25, **options)
    env.reset(seed=1)
    env.action_space.seed(4)
    for _ in range(120):
        observation, reward, _, _, _ = env.step(env.action_space.sample())
        assert np.isfinite(reward).all()
    assert observation in env.observation_space


def test_what_cannot_be_played_plays_nothing():
    env = crowd(2, actions="tracks", slate_size=3, cooldown=30.0)
    env.reset(seed=1)
    catalogue, now = env._crowd.stage.catalogue, env._crowd.request.time
    out = np.flatnonzero(catalogue.released <= now.min())
    later = int(np.flatnonzero(catalogue.released > now.max() + 30)[0])
    actions = np.array([[out[0], out[0], out[1]], [later, out[2], later]])
    info = env.step(actions)[4]
    np.testing.assert_array_equal(info["tracks"], [[out[0], -1, out[1]], [-1, out[2], -1]])
    assert (info["seconds"][info["tracks"] < 0] == 0).all() and info["seconds"][0, 0] > 0
    again = env.step(actions)[4]  # in cooldown, and played all the same
    assert again["tracks"][0, 0] == out[0] and again["seconds"][0, 0] > 0


def test_a_slate_of_nothing_passes_no_time():
    env = crowd(1, actions="tracks")
    env.reset(seed=1)
    later = int(np.argmax(env._crowd.stage.catalogue.released))
    before = env._crowd.request.time.copy()
    _, reward, terminated, _, _ = env.step(np.array([later]))
    assert reward[0] == 0 and not terminated[0]
    np.testing.assert_array_equal(env._crowd.request.time, before)


@pytest.mark.parametrize("actions", ["candidates", "tracks"])
def test_masks_hide_the_unreleased_the_repeated_and_what_is_in_cooldown(actions):
    env = crowd(10, actions=actions, slate_size=2, cooldown=30.0, listener_params=FAITHFUL)
    env.reset(seed=1)
    luck = np.random.default_rng(0)  # whatever the mask allows must do
    options = env.single_action_space.nvec[0]
    heard = [set() for _ in range(10)]
    for _ in range(25):
        now = env._crowd.request.time
        mask = env.action_masks().reshape(10, 2, options)
        assert mask.any(axis=2).all()
        choice = np.array([[luck.choice(np.flatnonzero(slot)) for slot in row] for row in mask])
        tracks = env.step(choice)[4]["tracks"]
        assert (tracks >= 0).all()  # nothing unreleased, nothing repeated
        assert (env._crowd.stage.catalogue.released[tracks] <= now[:, None]).all()
        for row, seconds in enumerate(env._crowd.exchange.feedback.seconds):
            assert not heard[row] & set(tracks[row])
            heard[row] |= set(tracks[row][seconds > 0])


def test_a_mask_of_one_listener_is_the_row_of_the_mask_of_many():
    many, one = crowd(4, actions="tracks"), alone(actions="tracks", listener=2)
    many.reset(seed=1), one.reset(seed=1)
    np.testing.assert_array_equal(many.action_masks()[2], one.unwrapped.action_masks())
    with pytest.raises(UsageError, match="mask"):
        env = crowd(2, actions="query")
        env.reset(seed=1)
        env.action_masks()


def test_rewards_of_the_exchange_are_what_their_names_say():
    envs = {name: crowd(50, reward=name, slate_size=2) for name in ("completion", "minutes", "graded")}
    seconds_of = envs["minutes"]._crowd.stage.catalogue.seconds
    for env in envs.values():
        env.reset(seed=3)
    for _ in range(20):
        actions = np.tile([1, 4], (50, 1))
        pay = {}
        for name, env in envs.items():
            _, pay[name], _, _, info = env.step(actions)
        tracks, seconds = info["tracks"], info["seconds"]
        finished = seconds >= seconds_of[tracks] - 1e-3
        np.testing.assert_array_equal(pay["completion"], finished.sum(axis=1))
        np.testing.assert_allclose(pay["minutes"], seconds.sum(axis=1) / 60, rtol=1e-6)
        grade = np.where(finished, 1, np.where(seconds >= 30, 0.5, -1)) * (seconds > 0)
        np.testing.assert_array_equal(pay["graded"], grade.sum(axis=1))


def test_likes_are_paid_with_the_play_that_earned_them(monkeypatch):
    env = crowd(200, reward="likes", slate_size=2)
    listeners = env._crowd._listeners
    play, responses = listeners.play, []
    monkeypatch.setattr(listeners, "play", lambda *at: responses.append(play(*at)) or responses[-1])
    env.reset(seed=1)
    total = 0
    for _ in range(20):
        reward = env.step(np.tile([0, 5], (200, 1)))[1]
        np.testing.assert_array_equal(reward, ((responses[-1].flags & LIKED) != 0).sum(axis=1))
        total += reward.sum()
    assert total > 20


def test_return_is_paid_with_the_last_track_of_a_session():
    """With every session recommended, the next request tells when the listener came back."""
    env = crowd(300, reward="return", listener_params=ListenerParams(churn=0.02, sessions=0.3))
    env.reset(seed=1)
    paid, stayed_away, gone = 0, 0, 0
    for _ in range(40):
        began = env._crowd.request.time
        _, reward, terminated, truncated, _ = env.step(np.zeros(300, int))
        left = env._crowd.exchange.feedback.left
        assert not reward[~left].any() and not reward[terminated].any()
        ended = began + env._crowd.exchange.feedback.seconds[:, 0] / 86_400
        here = left & ~terminated & ~truncated
        back = env._crowd.request.time[here] - ended[here] < 7
        np.testing.assert_array_equal(reward[here], back)
        paid, stayed_away, gone = paid + back.sum(), stayed_away + (~back).sum(), gone + terminated.sum()
    assert min(paid, stayed_away, gone) > 10


def test_every_session_waits_for_a_slate_only_where_every_session_is_recommended():
    all_of_them, some = crowd(60, observe="flat"), crowd(60, observe="flat", share=0.3)
    for env in (all_of_them, some):
        env.reset(seed=2)
        for _ in range(40):
            env.step(np.zeros(60, int))
    assert some._crowd.request.time.mean() > all_of_them._crowd.request.time.mean() + 1


def test_the_past_is_lived_before_the_first_decision():
    fresh, grown = crowd(30, past=0.0), crowd(30, past=20.0)
    fresh.reset(seed=1), grown.reset(seed=1)
    day = fresh._crowd.stage.day
    assert (grown._crowd.request.time >= day + 20).all() and (fresh._crowd.request.time >= day).all()
    remembered = [env._crowd._listeners.people["remembered"] for env in (fresh, grown)]
    assert not remembered[0].any() and remembered[1].mean() > 20


def test_observations_that_a_learner_keeps_stay_as_they_were():
    env = crowd(6, observe="flat")
    kept = [env.reset(seed=0)[0]]
    copies = [kept[0].copy()]
    for step in range(8):
        shown = env.step(np.full(6, step))[0]
        kept.append(shown[2:] if step % 2 else shown)  # a slice is enough
        copies.append(kept[-1].copy())
    for array, copy in zip(kept, copies, strict=True):
        np.testing.assert_array_equal(array, copy)


def test_memory_is_flat():
    env = crowd(64, horizon=20)
    env.reset(seed=1)
    actions = np.zeros(64, int)
    for _ in range(60):
        env.step(actions)
    tracemalloc.start()
    env.step(actions)
    before = tracemalloc.get_traced_memory()[0]
    for _ in range(500):
        env.step(actions)
    grown = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    assert grown < 400_000, f"{grown} bytes more after 500 steps of 64 listeners"


def test_it_survives_a_fork_after_use():
    used = alone(listener=1)
    used.reset(seed=4)
    expected = used.step(3)
    options = {"horizon": 5}
    env = AsyncVectorEnv([lambda i=i: alone(listener=i, **options) for i in range(3)], context="fork")
    env.reset(seed=[4] * 3)
    observation, reward, _, _, _ = env.step(np.full(3, 3))
    assert reward[1] == expected[1]
    equal({name: part[1] for name, part in observation.items()}, expected[0])
    for _ in range(12):
        env.step(np.full(3, 2))
    env.close()


def test_batched_spaces_are_made_when_asked_for():
    env = crowd(1_000).unwrapped
    assert "observation_space" not in vars(env)
    assert env.action_space.shape == (1_000,) and "action_space" in vars(env)
    assert env.observation_space["candidates"].shape[0] == 1_000


def test_another_retriever_can_be_handed_in():
    class Fixed:
        def __init__(self, setting, candidates):
            out = np.flatnonzero(setting.catalogue.released < 0)[:candidates].astype(np.int32)
            self.tracks = out

        def publish(self, charts):
            self.charts = charts

        def renew(self, rows, who, life, key):
            pass

        def of(self, request, last):
            return np.tile(self.tracks, (len(request), 1))

    env = crowd(3, retrieve=Fixed)
    env.reset(seed=1)
    info = env.step(np.array([0, 1, 2]))[4]
    assert info["tracks"][:, 0].tolist() == env._crowd._retriever.tracks[:3].tolist()


@pytest.mark.parametrize(
    "options, what",
    [
        ({"horizon": 0}, "horizon=0"),
        ({"slate_size": 9}, "slate_size=9 of candidates=8"),
        ({"actions": "tracks", "slate_size": 301}, "301 of a catalogue"),
        ({"share": 0.0}, "share=0.0"),
        ({"past": -1.0}, "past=-1.0"),
        ({"cooldown": float("nan")}, "cooldown=nan"),
        ({"reward": "clicks"}, "no reward called 'clicks'; there are completion"),
        ({"actions": "slate"}, "no actions called 'slate'"),
        ({"observe": "image"}, "no observe called"),
        ({"history": 99}, "history=99"),
        ({"render_mode": "human"}, "render_mode='human'"),
        ({"listener": -1}, "listener=-1"),
        ({"past": 400.0, "listener_params": ListenerParams(churn=9.0)}, "left for good"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_bad_argument_is_refused_with_what_to_do(options, what):
    with pytest.raises(UsageError, match=what):
        alone(disable_env_checker=True, **options).unwrapped.reset(seed=1)


def test_an_unknown_way_to_begin_the_next_life_is_refused():
    for mode in ("Disabled", "same_step", AutoresetMode.DISABLED):
        with pytest.raises(UsageError, match="SameStep or NextStep"):
            crowd(2, autoreset_mode=mode)


@pytest.mark.parametrize(
    "options, actions, what",
    [
        ({}, np.zeros(3), "float64"),
        ({}, np.zeros(2, int), r"shape \(2,\)"),
        ({}, np.full(3, 8), "0 to 7"),
        ({}, np.full(3, -1), "0 to 7"),
        ({"slate_size": 2}, np.zeros(3, int), r"\(3, 2\)"),
        ({"actions": "tracks"}, np.full(3, 300), "0 to 299"),
        ({"actions": "query"}, np.zeros((3, 2), np.float32), "floats of shape"),
        ({"actions": "blend"}, np.full((3, 7), np.nan, np.float32), "from -1 to 1"),
        ({"actions": "blend"}, np.full((3, 7), 2.0, np.float32), "clip"),
        ({"actions": "blend"}, np.zeros((3, 7), int), "int64"),
    ],
    ids=str,
)
def test_an_action_outside_the_space_is_refused(options, actions, what):
    env = crowd(3, **options)
    env.reset(seed=1)
    with pytest.raises(UsageError, match=what):
        env.step(actions)


def test_steps_out_of_turn_are_refused():
    with pytest.raises(UsageError, match=r"call reset\(\)"):
        crowd(2).step(np.zeros(2, int))
    env = alone(horizon=1).unwrapped
    env.reset(seed=1)
    assert env.step(0)[3]
    with pytest.raises(UsageError, match="over"):
        env.step(0)


def test_render_tells_who_when_what_and_how_it_ended():
    env = alone(listener=3, render_mode="ansi", slate_size=2)
    env.reset(seed=1)
    assert "listener 3" in env.render()
    for _ in range(30):
        env.step(np.array([0, 1]))
        text = env.render()
        track = env.unwrapped._crowd.exchange.slate.tracks[0, 0]
        assert f"Track {track} by Artist" in text and ("skipped" in text or "finished" in text)
        if env.unwrapped._crowd.exchange.feedback.left[0]:
            assert "session is over" in text
            break
    many = crowd(3, render_mode="ansi")
    many.reset(seed=1)
    many.step(np.zeros(3, int))
    assert [line.split(":")[0] for line in many.render()] == ["listener 0", "listener 1", "listener 2"]
    assert crowd(3).render() is None


def test_practice_makes_populations_of_other_worlds_with_the_scenario_s_surface():
    make = practice(tracks=300, slate_size=5, share=0.5, cooldown=10.0, past=2.0)
    one, other = make(num_envs=3, world=8), make(num_envs=3, world=9, actions="query", horizon=7)
    face = other._crowd.face
    assert (face.slate_size, face.share, face.cooldown, face.past, face.horizon) == (5, 0.5, 10.0, 2.0, 7)
    assert one._crowd.stage.catalogue.digest != other._crowd.stage.catalogue.digest
    other.reset(seed=1)
    assert (other._crowd.request.time >= other._crowd.stage.day + 2).all()


@pytest.mark.parametrize("name", sorted(name for name in gymnasium.registry if name.startswith("simenv/")))
def test_every_registered_environment_keeps_the_contract_and_is_flat(name):
    env = gymnasium.make(name, tracks=300).unwrapped
    assert isinstance(env.observation_space, gymnasium.spaces.Box), "most learners read flat arrays"
    check_env(env)
    native = gymnasium.make_vec(name, num_envs=3, tracks=300)
    assert type(native.unwrapped).__name__ == "PopulationEnv"
    assert native.single_observation_space == env.observation_space


def test_a_radio_plays_nothing_twice_a_day_and_a_shelf_is_picked_from():
    radio = gymnasium.make_vec("simenv/Radio-v0", num_envs=20, tracks=300, listener_params=FAITHFUL)
    radio.reset(seed=1)
    last = {}
    for _ in range(40):
        now = radio.unwrapped._crowd.request.time
        mask = radio.action_masks()
        tracks = radio.step(mask.argmax(axis=1))[4]["tracks"][:, 0]
        for row, track in enumerate(tracks):
            assert now[row] - last.get((row, track), -np.inf) >= 1
            last[row, track] = now[row]
    shelf = gymnasium.make_vec("simenv/Shelf-v0", num_envs=50, tracks=300)
    shelf.reset(seed=1)
    played = shelf.step(np.tile(np.arange(10), (50, 1)))[4]["seconds"] > 0
    assert (played.sum(axis=1) <= 1).all() and len(np.unique(played.argmax(axis=1))) > 3
