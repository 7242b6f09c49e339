"""A guard of privacy: the agent within learns from noisy counts, never from the plays themselves."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Any

import numpy as np
from scipy import sparse

from simenv.agents._guards import Guard
from simenv.agents.base import Number, Range, Weight
from simenv.log import Log
from simenv.rng import Key
from simenv.types import HEARD_SECONDS, REACHED, Day, Exchange, Plays, Setting

Positive = Annotated[float, Range(0, above=True)]


@dataclass
class Private(Guard):
    """Answer as the agent within does, which is fitted to differentially private counts of plays.

    At each fit, the plays of 30 s and more since the fit before are counted by listener and track, noise of
    Laplace's law of scale 1 / epsilon is added to every count, zeros included, and counts above a threshold
    are released for good: on average `spurious` tracks a listener that were never played pass it. An agent
    that answers everybody alike is given counts by track only, of which there are few, so that all above 0
    are released.

    What is protected: a single play. Two logs that differ in one play of 30 s and more give every set of
    released counts with chances that differ by a factor of at most e^epsilon; a play is counted once, so the
    factor holds over all fits together. What is not: a listener with p plays is protected by e^(p epsilon)
    only; that somebody asks, and that they are in the log; the times of fits, and of the newest play; what
    the cooldown bars, which knows plays as they are; and the guarantee is of real numbers, not of floats
    (Mironov, CCS 2012). Skips, likes, times, activities and devices are never released, nor is anything
    learned between fits.

    Args:
        of: the agent within.
        epsilon: of the guarantee; small is private.
        spurious: tracks a listener and fit that pass without a play; fewer raise the threshold for all.

    Source: Dwork, McSherry, Nissim & Smith, TCC 2006; sparse counts: Cormode, Procopiuc, Srivastava & Tran,
        ICDT 2012.
    Departs:
        1. released counts add up over fits (theirs: one release).
    """

    epsilon: Positive = 2.0
    spurious: Weight = 1.0
    fit_every: Number = field(default=7, kw_only=True)

    def begin(self, setting: Setting) -> None:
        super().begin(setting)
        self.read_, self.fits_ = 0, 0
        self.listener_, self.track_ = np.empty(0, np.int32), np.empty(0, np.int32)  # (e,) released counts
        self.time_, self.count_ = np.empty(0), np.empty(0, np.float32)

    def update(self, exchange: Exchange) -> None:
        """Nothing: these are plays."""

    def hear(self, news: Day) -> None:
        """Nothing: these are plays."""

    def let_through(self, log: Log) -> Log:
        shape = (log.n_listeners if self.inner.personal else 1, log.n_tracks)
        counts = sparse.csr_array(shape)
        for part in log.since(self.read_):
            part = part.rows(part.seconds >= HEARD_SECONDS)
            row = part.listener if self.inner.personal else np.zeros(len(part), np.int32)
            weight = np.ones(len(part)) if part.count is None else part.count
            counts = counts + sparse.coo_array((weight, (row, part.track)), shape=shape).tocsr()
        least = np.log(shape[1] / (2 * max(self.spurious, 1e-9))) / self.epsilon
        key = self.setting_.key / f"noise of fit {self.fits_}"
        noisy = noised(counts, self.epsilon, max(least, 0) if self.inner.personal else 0.0, key).tocoo()
        self.listener_ = np.append(self.listener_, noisy.row.astype(np.int32))
        self.track_ = np.append(self.track_, noisy.col.astype(np.int32))
        self.time_ = np.append(self.time_, np.full(noisy.nnz, log.now))
        self.count_ = np.append(self.count_, noisy.data.astype(np.float32))
        self.read_, self.fits_ = len(log), self.fits_ + 1
        return self._released(log)

    def _released(self, log: Log) -> Log:
        """All that has been released so far, each count as a play that stands for so many."""
        out = Log(log.n_listeners, log.n_tracks)
        columns: dict[str, Any] = {
            name: np.zeros(len(self.count_), dtype) for name, dtype in Plays.dtypes.items()
        }
        columns |= {
            "listener": self.listener_,
            "track": self.track_,
            "time": self.time_,
            "count": self.count_,
        }
        columns["seconds"] = self.setting_.catalogue.seconds[self.track_].astype(np.float32)
        columns["seconds"] = np.maximum(columns["seconds"], np.float32(HEARD_SECONDS))
        columns["propensity"][:], columns["slot"][:], columns["visit"][:] = np.nan, -1, -1
        columns["flags"][:] = REACHED
        out.append(Plays(**columns))
        out.now = log.now
        return out


def noised(counts: sparse.csr_array, epsilon: float, least: float, key: Key) -> sparse.csr_array:
    """(r, T) `counts` with noise of Laplace's law of scale 1 / epsilon; what is above `least` then.

    Cells of 0 are many, and few of them pass: how many do, which, and by how much is drawn from the same law
    without drawing the rest.
    """
    luck = key.generator()
    cells = counts.tocoo()
    n_cells = int(np.prod(counts.shape))
    known = cells.data + luck.laplace(0, 1 / epsilon, cells.nnz)
    n_pass = luck.binomial(n_cells, 0.5 * np.exp(-epsilon * least))
    at = luck.choice(n_cells, n_pass, replace=False, shuffle=False)
    at = at[~np.isin(at, cells.row.astype(np.int64) * counts.shape[1] + cells.col)]
    excess = least + luck.exponential(1 / epsilon, len(at))
    row, col = np.divmod(at, counts.shape[1])
    keep = known > least
    value = np.append(known[keep], excess)
    where = (np.append(cells.row[keep], row), np.append(cells.col[keep], col))
    return sparse.coo_array((value, where), shape=counts.shape).tocsr()
