"""Off-policy estimators against exact expectations: every action that a log might show is enumerated."""

from itertools import permutations, product

import numpy as np
import pytest

from simenv import ope, ope_slates
from simenv.errors import UsageError
from simenv.ope import Spread
from simenv.rng import Key

KEY = Key.root(5) / "ope"
CONTEXTS, ACTIONS = 3, 4


def simplex(name, *shape):
    """Probabilities over the last axis, none of them 0."""
    raw = (KEY / name).uniform(*np.ogrid[tuple(slice(n) for n in shape)]).astype(float) + 0.1
    return raw / raw.sum(axis=-1, keepdims=True)


MU, PI = simplex("mu", CONTEXTS, ACTIONS), simplex("pi", CONTEXTS, ACTIONS)
WORTH = (KEY / "worth").uniform(*np.ogrid[:CONTEXTS, :ACTIONS]).astype(float)
GUESS = (KEY / "guess").uniform(*np.ogrid[:CONTEXTS, :ACTIONS]).astype(float)
VALUE = (PI * WORTH).sum(axis=1).mean()


def expectation(estimator):
    """Over all that the log might show of three contexts: exact, as every log is tried with its chance."""
    total = 0.0
    for shown in product(range(ACTIONS), repeat=CONTEXTS):
        at = (np.arange(CONTEXTS), np.array(shown))
        total += MU[at].prod() * estimator(at)
    return total


def dr(at, mu=MU, guess=GUESS, **more):
    expected = (PI * guess).sum(axis=1)
    return ope.doubly_robust(WORTH[at], mu[at], PI[at], guess[at], expected, **more)


def test_ips_and_doubly_robust_are_unbiased_with_the_propensities_of_the_log():
    assert expectation(lambda at: ope.ips(WORTH[at], MU[at], PI[at]).value) == pytest.approx(VALUE)
    assert expectation(lambda at: dr(at).value) == pytest.approx(VALUE)
    beyond = ope.beyond(MU, PI, GUESS, 1.2)
    by_hand = (PI * np.where(PI > 1.2 * MU, GUESS, WORTH)).sum(axis=1).mean()
    switch = expectation(lambda at: ope.switch(WORTH[at], MU[at], PI[at], beyond, 1.2).value)
    assert switch == pytest.approx(by_hand) and switch != pytest.approx(VALUE)


def test_with_wrong_propensities_only_a_right_model_saves_doubly_robust():
    wrong = np.full_like(MU, 1 / ACTIONS)
    assert expectation(lambda at: ope.ips(WORTH[at], wrong[at], PI[at]).value) != pytest.approx(
        VALUE, rel=0.01
    )
    assert expectation(lambda at: dr(at, wrong).value) != pytest.approx(VALUE, rel=0.01)
    assert expectation(lambda at: dr(at, wrong, WORTH).value) == pytest.approx(VALUE)


def test_doubly_robust_with_a_perfect_model_does_not_depend_on_what_was_shown():
    found = [
        dr((np.arange(CONTEXTS), np.array(a)), guess=WORTH).value for a in product(range(ACTIONS), repeat=3)
    ]
    np.testing.assert_allclose(found, VALUE, rtol=1e-12)


def one_log(n=400):
    """Decisions of 40 listeners: reward, mu, pi, q, qbar, listener."""
    x = (KEY / "context").below(CONTEXTS, np.arange(n))
    a = (MU[x].cumsum(axis=1) < (KEY / "action").uniform(np.arange(n))[:, None]).sum(axis=1)
    reward = ((KEY / "reward").uniform(np.arange(n)) < WORTH[x, a]).astype(float)
    return reward, MU[x, a], PI[x, a], GUESS[x, a], (PI * GUESS).sum(axis=1)[x], np.arange(n) % 40


def test_snips_moves_with_the_rewards_and_forgets_the_scale_of_propensities():
    reward, mu, pi, *_ = one_log()
    plain = ope.snips(reward, mu, pi).value
    assert ope.snips(3 + 2 * reward, mu, pi).value == pytest.approx(3 + 2 * plain)
    assert ope.snips(reward, mu / 2, pi).value == pytest.approx(plain)
    assert ope.ips(reward, mu / 2, pi).value == pytest.approx(2 * ope.ips(reward, mu, pi).value)
    same = ope.snips(reward, mu, mu)
    assert same.value == pytest.approx(reward.mean()) and same.effective == pytest.approx(len(reward))


def test_switch_is_doubly_robust_at_one_end_and_the_model_at_the_other():
    reward, mu, pi, q, qbar, _ = one_log()
    full, model = ope.doubly_robust(reward, mu, pi, q, qbar), ope.direct(qbar)
    assert ope.switch_dr(reward, mu, pi, q, qbar, np.inf).value == full.value
    assert ope.switch_dr(reward, mu, pi, q, qbar, 0.0).value == model.value
    every = ope.beyond(MU, PI, GUESS, 0.0)
    np.testing.assert_allclose(every, (PI * GUESS).sum(axis=1))
    none = np.zeros(len(reward))
    assert (ope.beyond(MU, PI, GUESS, np.inf) == 0).all()
    assert ope.switch(reward, mu, pi, none, np.inf).value == ope.ips(reward, mu, pi).value
    assert ope.switch(reward, mu, pi, qbar, 0.0).value == pytest.approx(model.value)


def test_cut_weights_are_counted_and_bounded():
    reward, mu, pi, q, qbar, _ = one_log()
    w = pi / mu
    cut = ope.ips(reward, mu, pi, cap=1.5)
    assert cut.value == pytest.approx((np.minimum(w, 1.5) * reward).mean())
    assert cut.clipped == pytest.approx((w > 1.5).mean()) and cut.heaviest == 1.5
    free = ope.ips(reward, mu, pi)
    assert free.clipped == 0 and free.heaviest == w.max() and free.effective < cut.effective <= len(w)
    assert free.effective == pytest.approx(w.sum() ** 2 / (w**2).sum())
    assert ope.doubly_robust(reward, mu, pi, q, qbar, cap=1e-9).value == pytest.approx(qbar.mean(), abs=1e-6)


def test_intervals_hold_the_truth_as_often_as_they_say():
    n, logs = 240, 400
    at = (KEY / "many").bits(np.arange(logs)[:, None], np.arange(n)) % CONTEXTS
    draw = (KEY / "shown").uniform(np.arange(logs)[:, None], np.arange(n))
    lucky = (KEY / "luck").uniform(np.arange(logs)[:, None], np.arange(n))
    held = np.zeros(4)
    for x, u, v in zip(at.astype(int), draw, lucky, strict=True):
        a = (MU[x].cumsum(axis=1) < u[:, None]).sum(axis=1)
        given = ((v < WORTH[x, a]).astype(float), MU[x, a], PI[x, a])
        redrawn = Spread(key=KEY / "redrawn", redraws=200)
        model = (GUESS[x, a], (PI * GUESS).sum(axis=1)[x])
        held += [
            ope.ips(*given).holds(VALUE),
            ope.snips(*given).holds(VALUE),
            ope.doubly_robust(*given, *model).holds(VALUE),
            ope.snips(*given, spread=redrawn).holds(VALUE),
        ]
    assert (np.abs(held / logs - 0.95) < 0.035).all()  # three standard errors


def test_decisions_of_one_listener_count_as_one_another():
    reward, mu, pi, *_, listener = one_log()
    fourfold = [np.repeat(part, 4) for part in (reward, mu, pi)]
    who = np.repeat(np.arange(len(reward)), 4)
    copied, once = ope.ips(*fourfold, spread=Spread(clusters=who)), ope.ips(reward, mu, pi)
    np.testing.assert_allclose([copied.low, copied.high], [once.low, once.high])
    naive = ope.ips(*fourfold)
    assert naive.high - naive.low < 0.6 * (once.high - once.low)
    redrawn = [
        ope.ips(reward, mu, pi, spread=Spread(clusters=listener, key=KEY / k)) for k in ("a", "a", "b")
    ]
    assert redrawn[0] == redrawn[1] != redrawn[2]
    one = ope.ips(reward, mu, pi, spread=Spread(clusters=np.zeros(len(reward), int)))
    assert np.isnan([one.low, one.high]).all() and not one.holds(one.value)


def slates(n_tracks=4, k=2):
    return np.array(list(permutations(range(n_tracks), k)))


def chances(policy, order):
    """(s, k) chance of each track given those before: weights (T,) or (k, T), over what is left."""
    weight = np.broadcast_to(policy, (order.shape[1], policy.shape[-1]))
    out = np.empty(order.shape)
    for j in range(order.shape[1]):
        left = np.ones((len(order), policy.shape[-1]), bool)
        left[np.arange(len(order))[:, None], order[:, :j]] = False
        out[:, j] = weight[j, order[:, j]] / (left * weight[j]).sum(axis=1)
    return out


def mean_over(order, mu, estimate):
    """The exact expectation of an estimator of one decision."""
    return sum(p * estimate(slice(i, i + 1)) for i, p in enumerate(mu.prod(axis=1)))


def test_slate_estimators_are_unbiased_where_their_assumption_holds():
    order = slates(4, 3)
    mu, pi = chances(simplex("log", 4), order), chances(simplex("new", 3, 4), order)
    by_track = WORTH[np.arange(3), order]
    reached = np.cumprod(np.concatenate([np.ones((len(order), 1)), by_track[:, :-1] > 0.4], axis=1), axis=1)
    cascade = by_track * reached  # a bad track ends the session
    whole = by_track * (1 + (order[:, -1:] == 0))  # the last track changes all

    def truth(reward):
        return (pi.prod(axis=1) * reward.sum(axis=1)).sum()

    def mean(estimator, reward):
        return mean_over(order, mu, lambda s: estimator(reward[s], mu[s], pi[s]).value)

    for reward in (by_track, cascade, whole):
        assert mean(ope_slates.sips, reward) == pytest.approx(truth(reward))
    for reward in (by_track, cascade):
        assert mean(ope_slates.rips, reward) == pytest.approx(truth(reward))
    assert mean(ope_slates.rips, whole) != pytest.approx(truth(whole), rel=1e-3)
    flat = np.tile(simplex("flat", 4), (3, 1))
    free, steady = np.array(list(product(range(4), repeat=3))), simplex("steady", 3, 4)
    mu, pi = flat[np.arange(3), free], steady[np.arange(3), free]  # no slot depends on another
    alone = WORTH[np.arange(3), free]
    told = mean_over(free, mu, lambda s: ope_slates.iips(alone[s], mu[s], pi[s]).value)
    assert told == pytest.approx((pi.prod(axis=1) * alone.sum(axis=1)).sum())


def test_slots_that_nobody_came_to_may_be_left_out():
    """With mu = pi = 1 there, RIPS stays what it is and SIPS stays unbiased."""
    order = slates(4, 3)
    mu, pi = chances(simplex("log", 4), order), chances(simplex("new", 4), order)
    reward = np.where(order == 1, 1.0, 0.5)
    gone = np.cumsum(order == 0, axis=1) - (order == 0) > 0  # track 0 drives everybody away
    reward[gone] = 0
    truth = (pi.prod(axis=1) * reward.sum(axis=1)).sum()
    short = [np.where(gone, 1.0, part) for part in (mu, pi)]
    for estimator in (ope_slates.sips, ope_slates.rips):
        found = mean_over(order, mu, lambda s, e=estimator: e(reward[s], short[0][s], short[1][s]).value)
        assert found == pytest.approx(truth)
    full, less = ope_slates.rips(reward, mu, pi), ope_slates.rips(reward, *short)
    assert full.value == pytest.approx(less.value)


def test_cascade_dr_is_unbiased_with_any_model_and_still_with_the_right_one():
    order = slates(4, 2)
    policy, other = simplex("log", 4), simplex("new", 2, 4)
    mu, pi = chances(policy, order), chances(other, order)
    reward = (KEY / "pairs").uniform(order, order[:, :1]).astype(float)  # depends on its track and the first
    pairs = list(map(tuple, order))

    def later(first, second):
        return reward[pairs.index((first, second)), 1]

    def second_mean(q, first):
        p = [0.0 if b == first else other[1, b] for b in range(4)]
        return sum(pb * q(first, b) for b, pb in enumerate(p) if pb) / sum(p)

    right = np.array([reward[pairs.index((a, (a + 1) % 4)), 0] + second_mean(later, a) for a in range(4)])
    truth = (other[0] / other[0].sum()) @ right
    for first, second in ((right, later), (GUESS[0], lambda a, b: GUESS[1, b])):
        q = np.array([[first[a], second(a, b)] for a, b in pairs])
        mean_first = (other[0] / other[0].sum()) @ first
        qbar = np.array([[mean_first, second_mean(second, a)] for a, _ in pairs])
        each = [
            ope_slates.cascade_dr(reward[s], mu[s], pi[s], q[s], qbar[s]).value
            for s in (slice(i, i + 1) for i in range(len(order)))
        ]
        assert mu.prod(axis=1) @ np.array(each) == pytest.approx(truth)
        if first is right:
            np.testing.assert_allclose(each, truth)


@pytest.mark.parametrize("n_tracks, k", [(4, 2), (5, 3), (3, 3), (4, 1)])
def test_the_pseudo_inverse_is_unbiased_for_sums_over_slots_and_is_the_pseudo_inverse(n_tracks, k):
    order = slates(n_tracks, k)
    uniform = 1 / (n_tracks - np.arange(k, dtype=float)) * np.ones((len(order), 1))
    pi = chances(simplex("slots", k, n_tracks), order).prod(axis=1)
    marginal = np.zeros((k, n_tracks))
    for j in range(k):
        np.add.at(marginal[j], order[:, j], pi)
    worth = (KEY / "slot").uniform(*np.ogrid[:k, :n_tracks]).astype(float)
    reward = worth[np.arange(k), order].sum(axis=1)
    p = marginal[:, order].transpose(1, 0, 2)  # (s, slot, place)
    one = [
        ope_slates.pseudo_inverse(reward[[i]], uniform[[i]], np.array([n_tracks]), p[[i]]).value
        for i in range(len(order))
    ]
    assert np.mean(one) == pytest.approx(pi @ reward)
    shown = np.zeros((len(order), k * n_tracks))
    shown[np.arange(len(order))[:, None], np.arange(k) * n_tracks + order] = 1
    second = shown.T @ shown / len(order)
    weight = shown @ np.linalg.pinv(second) @ marginal.ravel()
    np.testing.assert_allclose(one, weight * reward, rtol=1e-8, atol=1e-10)


def test_the_pseudo_inverse_refuses_slates_that_were_not_drawn_uniformly():
    mu = np.full((5, 2), 0.4)
    with pytest.raises(UsageError, match=r"5 of 5 slates were not drawn uniformly.*rips"):
        ope_slates.pseudo_inverse(np.ones(5), mu, np.full(5, 10), np.full((5, 2, 2), 0.1))


@pytest.mark.parametrize(
    "change, said",
    [
        ({"logged": [0.5, np.nan, 0.5]}, "1 of 3 logged propensities are missing.*leave those decisions out"),
        ({"logged": [0.5, 0, -1]}, "2 of 3 logged propensities are zero or less.*mend the log"),
        ({"logged": [0.5, 2, 0.5]}, "1 of 3 logged propensities are above 1"),
        ({"target": [np.nan, np.nan, 0.1]}, "2 of 3 target probabilities are unknown.*choose a policy"),
        ({"target": [0.1, 1.2, -0.1]}, "2 of 3 target probabilities are not within 0 and 1"),
        ({"reward": [1, 0]}, r"shapes differ: .*reward \(2,\)"),
        ({"reward": [1, 0, np.inf]}, "1 of 3 values of reward are missing or infinite"),
        ({"cap": 0}, "cap=0 of weights"),
        ({"spread": Spread(level=1.0)}, "level=1.0"),
        ({"spread": Spread(clusters=np.array([1, 2]))}, "2 clusters for 3 decisions"),
    ],
)
def test_bad_input_is_told_with_how_many_and_what_to_do(change, said):
    usual = {"reward": [1, 0, 1], "logged": [0.5] * 3, "target": [0.2] * 3}
    arrays = {k: np.array(v, float) if isinstance(v, list) else v for k, v in (usual | change).items()}
    with pytest.raises(UsageError, match=said):
        ope.ips(**arrays)


def test_no_decision_and_slates_where_single_tracks_belong_are_refused():
    nothing, square = np.empty(0), np.full((2, 2), 0.5)
    with pytest.raises(UsageError, match="no decision"):
        ope.ips(nothing, nothing, nothing)
    with pytest.raises(UsageError, match=r"for slates, simenv\.ope_slates"):
        ope.ips(square, square, square)
    with pytest.raises(UsageError, match=r"for single tracks, simenv\.ope"):
        ope_slates.rips(square[0], square[0], square[0])
    with pytest.raises(UsageError, match="threshold=-1"):
        ope.beyond(MU, PI, GUESS, -1)
    never = ope.snips(square[0], square[0], np.zeros(2))
    assert np.isnan(never.value) and never.effective == 0
