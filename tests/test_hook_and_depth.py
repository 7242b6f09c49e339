"""The face whose optimum is known: what dynamic programming says is what listeners do."""

from __future__ import annotations

from dataclasses import replace

import gymnasium
import numpy as np
import pytest

import simenv  # noqa: F401  registers the id
from simenv.errors import UsageError
from simenv.scenarios._hook_and_depth import HORIZON, LISTENER
from simenv.scenarios._hook_and_depth_plan import Game, always, returns
from simenv.two_kinds import DEEP, HOOKY, TwoKinds

ID = "simenv/HookAndDepth-v0"
GAME = Game()
PLAN = GAME.best()


@pytest.mark.parametrize(
    "policy",
    [always(0), always(0.5), always(1), PLAN],
    ids=["hooky", "random", "deep", "optimum"],
)
def test_listeners_return_what_dynamic_programming_says(policy):
    found = returns(gymnasium.make_vec(ID, num_envs=4_000), GAME, policy, seed=5)
    error = found.std(ddof=1) / len(found) ** 0.5
    assert abs(found.mean() - GAME.worth(policy)) < 3.3 * error


def test_the_myopic_policy_leaves_much_to_be_had_and_no_fixed_mixture_has_it():
    assert GAME.kinds[HOOKY].finished > 2 * GAME.kinds[DEEP].finished
    assert GAME.worth(GAME.myopic) == GAME.worth(always(0)) <= 0.85 * PLAN.value
    assert max(GAME.worth(always(share)) for share in np.linspace(0, 1, 21)) <= 0.9 * PLAN.value


@pytest.mark.parametrize("depth", [0.0, 0.05])
def test_where_depth_hardly_counts_the_myopic_policy_is_optimal(depth):
    shallow = Game(replace(LISTENER, depth=depth))
    best = shallow.best()
    assert shallow.worth(shallow.myopic) == pytest.approx(best.value, rel=1e-9)
    assert not best(shallow.satisfaction, HORIZON).any()


def test_the_plan_is_worth_what_it_says_whatever_the_grid():
    assert GAME.worth(PLAN) == pytest.approx(PLAN.value, rel=1e-9)
    assert Game(points=2001).best().value == pytest.approx(PLAN.value, rel=1e-3)


def test_the_best_policy_satisfies_first_and_pleases_the_satisfied_and_at_the_end():
    s = GAME.satisfaction
    early, last = PLAN(s, HORIZON), PLAN(s, 1)
    assert PLAN(np.zeros(1), HORIZON)[0] == 1 and not last.any()
    where = np.flatnonzero(np.diff(early))
    assert s[where].max() < 1.5 and early[s > 1.5].max() == 0


def test_satisfaction_follows_from_what_was_played_and_for_how_long():
    """What `returns` reckons for its policies is what the listeners feel."""
    env = gymnasium.make_vec(ID, num_envs=50, listener_params=replace(LISTENER, churn=0.0))
    felt, told = [], []

    def policy(satisfaction, left):
        told.append(satisfaction.copy())
        felt.append(env.unwrapped._crowd._listeners.people["satisfaction"].copy())
        return np.full(len(satisfaction), 0.5)

    returns(env, GAME, policy, seed=1)
    assert len(told) == HORIZON and np.std(told[-1]) > 0.3
    np.testing.assert_allclose(told, felt, atol=1e-4)


def test_both_kinds_show_exactly_and_are_always_on_offer():
    env = gymnasium.make_vec(ID, num_envs=3, observe="dict", candidates=4, tracks=10)
    seen, _ = env.reset(seed=1)
    shown = seen["candidates"].reshape(3, 4, -1)[:, :, :2]
    np.testing.assert_allclose(shown, np.tile([[0.4, -0.4], [-0.4, 0.4]], (3, 2, 1)), rtol=1e-6)
    assert env.step(np.array([0, 3, 2]))[4]["tracks"].ravel().tolist() == [0, 3, 2]


def test_what_is_in_cooldown_is_not_on_offer():
    env = gymnasium.make_vec(ID, num_envs=2, candidates=4, cooldown=np.inf, share=1.0)
    env.reset(seed=1)
    np.testing.assert_array_equal(env.action_masks(), [[True, True, False, False]] * 2)
    env.step(np.array([0, 1]))
    np.testing.assert_array_equal(
        env.action_masks(), [[False, True, False, False], [True, False, False, False]]
    )


def test_two_kinds_need_two_tracks():
    with pytest.raises(UsageError, match="at least 2"):
        TwoKinds(tracks=1)
