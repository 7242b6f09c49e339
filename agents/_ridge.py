"""Ridge regressions that learn play by play and forget day by day, one for each arm."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from simenv import _cache, _lanes, floats
from simenv._lanes import dot
from simenv.floats import ZERO
from simenv.types import F32, F64, I32

driver = _cache.driver([Path(str(module.__file__)) for module in (_lanes, floats)] + [Path(__file__)])


class Ridge:
    """The regression of rewards r on rows x (d,), for each arm: A = reg I + sum w x x', b = sum w r x.

    The estimate is A^-1 b, and the variance of x's prediction, in units of the noise's, x' A^-1 x. A batch is
    added at once, and A = C C' factored anew for the arms that it touched: that equals one Sherman-Morrison
    update of A^-1 for each play (a test), and is cheaper from d plays of an arm on.

    Args:
        gram: (arms, d, d) sum of w x x'; changed in place, as are the others.
        moment: (arms, d) sum of w r x.
        estimate: (arms, d) out.
        root: (arms, d, d) out: C^-1, lower triangular, so that x' A^-1 x = |C^-1 x|^2.
        reg: strength of the prior, which is 0.
    """

    def __init__(self, gram: F64, moment: F64, estimate: F32, root: F32, reg: float) -> None:
        self.gram, self.moment, self.estimate, self.root, self.reg = gram, moment, estimate, root, reg

    def add(self, rows: F32, arm: I32, reward: F32, weight: F64) -> None:
        """Count plays: `rows` (e, d), their `arm` (e,), `reward` (e,) and `weight` (e,); then `solve`."""
        if not len(rows):
            return
        order = np.argsort(arm, kind="stable")
        arms, first = np.unique(arm[order], return_index=True)
        for a, which in zip(arms.tolist(), np.split(order, first[1:]), strict=True):
            x = rows[which].astype(np.float64)
            self.gram[a] += x.T @ (weight[which, None] * x)
            self.moment[a] += x.T @ (weight[which] * reward[which])

    def fade(self, factor: float) -> None:
        """Let all that was counted count for `factor` of it; then `solve`."""
        self.gram *= factor
        self.moment *= factor

    def solve(self, arms: I32 | slice = slice(None)) -> None:
        """Find the estimates of `arms` and the roots of their variance anew."""
        whole = self.gram[arms] + self.reg * np.eye(self.gram.shape[1])
        root = np.linalg.inv(np.linalg.cholesky(whole))
        half = root @ self.moment[arms][:, :, None]
        self.estimate[arms] = (root.transpose(0, 2, 1) @ half)[:, :, 0]
        self.root[arms] = root


@driver
def upper(rows: F32, arm: I32, estimate: F32, root: F32, width: float, out: F32) -> None:
    """<estimate, x> + width sqrt(x' A^-1 x) of `rows` (e, d) of each `arm` (e,), into `out` (e,)."""
    d = rows.shape[1]
    for e in range(len(rows)):
        x, a = rows[e], arm[e]
        variance = ZERO
        for i in range(d):
            y = dot(root[a, i, : i + 1], x[: i + 1])
            variance += y * y
        out[e] = dot(estimate[a], x) + np.float32(width) * np.sqrt(variance)
