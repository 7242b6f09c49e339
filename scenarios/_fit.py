"""Simulated moments: parameters under which trials give the numbers wanted, and how sure the numbers are.

Minimises sum_i rho(((m_i(x) - w_i) / s_i)^2) by SciPy's trust-region least squares; rho is its soft L1 beyond
two s, so that a number out of the model's reach bends the others little. m are the moments of worlds with the
same luck in every trial, w what is wanted, s^2 = error of w^2 + noise of m between worlds^2 + (slack w)^2.
The Jacobian comes from differences over steps so large that they stand above the worlds' noise, and is kept
until the search has moved by such a step.

Source: McFadden, Econometrica 1989; Gourieroux and Monfort, Simulation-Based Econometric Methods, 1996.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import least_squares

from simenv.scenarios._knobs import Knob, at, place
from simenv.scenarios._targets import Target
from simenv.scenarios._trial import Spent, Trials
from simenv.types import F64, Bool
from simenv.users.params import ListenerParams

STEP = 0.7
"""Of differences, in units of coordinates."""
PINNED, LOOSE = 0.5, 1.5
"""Standard errors, in units of a coordinate, up to which a parameter is pinned down, and beyond which it is
not moved; between the two it is known roughly."""
SOFT = 2.0
"""Standardised residuals beyond which a moment's pull grows no more."""
ROUNDS = 3
"""Searches at most, each with what the numbers tell where the one before ended."""
_SPENT = "the budget of trials is spent"
_NEAR = 1e-6  # of a bound, where the search may not begin


@dataclass(frozen=True)
class Scale:
    """What residuals are measured in.

    Args:
        wanted: (M,) numbers to reach.
        sd: (M,) how far off each may be.
        fitted: (M,) which are fitted; the others are held out.
    """

    wanted: F64
    sd: F64
    fitted: Bool

    def residuals(self, moments: F64) -> F64:
        """(F,) of moments (M,), standardised; those held out left out."""
        return ((moments - self.wanted) / self.sd)[self.fitted]

    def distance(self, moments: F64) -> float:
        """Root of the mean squared residual: 1 is as near as the errors let one come."""
        return float(np.sqrt(np.mean(self.residuals(moments) ** 2)))


@dataclass(frozen=True)
class Fit:
    """Where the search ended.

    Args:
        listener: all parameters.
        knobs: what was moved.
        held: by name, why a parameter stays where it was: the numbers do not tell it.
        errors: (k,) standard errors of coordinates of `knobs`, in units.
        singular: (k,) singular values of the Jacobian at the end, in standard errors a unit.
        how: why the search ended.
    """

    listener: ListenerParams
    knobs: tuple[Knob, ...]
    held: Mapping[str, str]
    errors: F64
    singular: F64
    how: str


def scale_of(targets: Sequence[Target], worlds: F64, slack: float) -> Scale:
    """What residuals are measured in.

    Args:
        targets: M numbers.
        worlds: (s, M) moments of worlds that differ in luck alone; nan: cannot be fitted.
        slack: share of each number that is forgiven, as no model is right in all.
    """
    wanted = np.array([target.wanted for target in targets])
    error = np.array([target.error for target in targets])
    finite = np.isfinite(worlds).all(axis=0)
    noise = np.where(finite, np.nan_to_num(worlds).std(axis=0, ddof=1), 0.0)
    sd = np.maximum(np.sqrt(error**2 + noise**2 + (slack * wanted) ** 2), 1e-6)
    return Scale(wanted, sd, finite & ~np.array([target.held for target in targets]))


def fit(trials: Trials, scale: Scale, start: ListenerParams, asked: Sequence[Knob]) -> Fit:
    """Search from `start` until the numbers are met, nothing gets better, or the budget is spent.

    Where a search ends, it is looked again which parameters the numbers tell there; if there are more, it
    goes on with them too.

    Raises:
        Spent: if the budget does not suffice for the first Jacobian.
    """
    jacobian = differences(trials, scale, start, asked, both=True)
    moved: list[int] = []
    more = movable(jacobian)
    best, how = start, "the numbers tell no parameter"
    for _ in range(ROUNDS):
        if set(more) <= set(moved):
            break
        moved = sorted({*moved, *more})
        search = _Search(trials, scale, best, tuple(asked[i] for i in moved), jacobian[:, moved])
        how = search.run()
        best = search.best
        try:
            jacobian = differences(trials, scale, best, asked, both=True)
        except Spent:
            jacobian[:, moved] = search.jacobian
            how = _SPENT
            break
        more = movable(jacobian)
    ours = jacobian[:, moved]
    singular = np.asarray(np.linalg.svd(ours, compute_uv=False) if moved else (), np.float64)
    knobs = tuple(asked[i] for i in moved)
    return Fit(best, knobs, _why_held(jacobian, asked, moved), standard_errors(ours), singular, how)


class _Search:
    """One run of the optimiser from `start`: coordinates are counted from there, in units."""

    def __init__(
        self, trials: Trials, scale: Scale, start: ListenerParams, knobs: tuple[Knob, ...], jacobian: F64
    ) -> None:
        self.trials, self.scale, self.start, self.knobs = trials, scale, start, knobs
        self.origin, self.jacobian, self.taken = place(start, knobs), jacobian, np.zeros(len(knobs))
        self.best, self.least = start, np.inf

    def run(self) -> str:
        """Why the search ended; `best` is the best place that was seen."""
        low = np.array([knob.coordinate(knob.low) for knob in self.knobs]) - self.origin
        high = np.array([knob.coordinate(knob.high) for knob in self.knobs]) - self.origin
        try:
            found = least_squares(
                self.residuals,
                np.clip(self.taken, low + _NEAR, high - _NEAR),
                self.slopes,
                bounds=(low, high),
                loss="soft_l1",
                f_scale=SOFT,
                ftol=0.01,
                xtol=0.02,
            )
        except Spent:
            return _SPENT
        return f"the search ended: {found.message}"

    def residuals(self, x: F64) -> F64:
        listener = at(self.start, self.knobs, self.origin + x)
        found = self.scale.residuals(means(self.trials, [listener])[0])
        cost = float(np.sum(np.sqrt(1 + (found / SOFT) ** 2)))  # as the optimiser's, but for constants
        if cost < self.least:
            self.best, self.least = listener, cost
        return found

    def slopes(self, x: F64) -> F64:
        if np.abs(x - self.taken).max() > STEP:
            here = at(self.start, self.knobs, self.origin + x)
            self.jacobian, self.taken = differences(self.trials, self.scale, here, self.knobs), x.copy()
        return self.jacobian


def differences(
    trials: Trials, scale: Scale, listener: ListenerParams, knobs: Sequence[Knob], both: bool = False
) -> F64:
    """(F, k) change of the standardised moments a unit of each coordinate.

    Args:
        trials: live what is tried.
        scale: of the moments.
        listener: around whom.
        knobs: what is moved, one at a time.
        both: by a step to either side, where parameters that do the same must show it, curvature and all;
            else by one step inwards.
    """
    x = place(listener, knobs)
    tried, steps = [listener], []
    for i, knob in enumerate(knobs):
        inward = STEP if x[i] + STEP <= knob.coordinate(knob.high) else -STEP
        for side in (inward, -inward) if both else (inward,):
            moved = x.copy()
            moved[i] += side
            tried.append(at(listener, knobs, moved))
            steps.append(knob.coordinate(getattr(tried[-1], knob.name)) - x[i])
    here, *moments = (scale.residuals(m) for m in means(trials, tried))
    ends = np.array(moments).reshape(len(knobs), -1, len(here))  # (k, sides, F)
    step = np.array(steps).reshape(len(knobs), -1)
    if both:
        return np.nan_to_num((ends[:, 0] - ends[:, 1]).T / (step[:, 0] - step[:, 1]))
    return np.nan_to_num((ends[:, 0] - here).T / step[:, 0])


def movable(jacobian: F64) -> list[int]:
    """Columns of parameters that the moments tell together.

    While any standard error is above `LOOSE`, the last parameter of those is held: what moves the moments
    as others do is told apart by holding the one that stands later in the list.
    """
    kept = list(range(jacobian.shape[1]))
    while kept:
        loose = np.flatnonzero(standard_errors(jacobian[:, kept]) > LOOSE)
        if not len(loose):
            break
        kept.pop(int(loose[-1]))
    return kept


def standard_errors(jacobian: F64) -> F64:
    """(k,) of coordinates, errors of moments taken as independent; very large where nothing tells."""
    _, singular, v = np.linalg.svd(jacobian, full_matrices=False)
    errors = np.sqrt((v**2 / np.maximum(singular, 1e-9)[:, None] ** 2).sum(axis=0))
    return errors if jacobian.shape[0] >= jacobian.shape[1] else np.full(jacobian.shape[1], 1e9)


def means(trials: Trials, listeners: Sequence[ListenerParams], seeds: Sequence[int] = ()) -> F64:
    """(l, M) moments of listeners, means over the worlds of a trial; 0 where no world tells."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # of means of nothing
        return np.nan_to_num(np.nanmean(trials.moments(listeners, seeds), axis=1))


def _why_held(jacobian: F64, knobs: Sequence[Knob], moved: Sequence[int]) -> dict[str, str]:
    """Of each parameter that is not moved: too weak alone, or which others do what it does."""
    why = {}
    for i, knob in enumerate(knobs):
        column = jacobian[:, i]
        if i in moved:
            continue
        if not len(moved) or np.linalg.norm(column) * LOOSE < 1:
            why[knob.name] = "hardly moves the numbers"
            continue
        basis = jacobian[:, moved]
        parts, *_ = np.linalg.lstsq(basis, column, rcond=None)
        strong = np.argsort(-np.abs(parts) * np.linalg.norm(basis, axis=0))[:2]
        why[knob.name] = "does what others do: " + ", ".join(knobs[moved[j]].name for j in sorted(strong))
    return why
