"""Graded feedback: how much of a track a listener hears when it plays, as learners of ratings read it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from simenv.catalogue import Catalogue
from simenv.log import Log
from simenv.types import F32, REACHED

WORST, BEST = np.float32(1), np.float32(5)
"""Grades of a track that was left at once, and of one that was heard to the end."""


@dataclass(frozen=True, slots=True)
class Grades:
    """Who grades what how: e pairs of a listener and a track, sorted by listener, then track."""

    start: NDArray[np.int32]  # (n + 1,) where each listener's pairs begin
    track: NDArray[np.int32]  # (e,)
    grade: F32  # (e,) in [WORST, BEST]
    weight: F32  # (e,) decayed plays

    def __len__(self) -> int:
        return len(self.track)

    @property
    def listener(self) -> NDArray[np.int32]:
        """(e,) whose each pair is."""
        return np.repeat(np.arange(len(self.start) - 1, dtype=np.int32), np.diff(self.start))

    @property
    def sure(self) -> F32:
        """(e,) min(1, weight): 1 for all pairs as long as nothing decays."""
        return np.minimum(self.weight, 1)

    @classmethod
    def of(cls, log: Log, catalogue: Catalogue, half_life: float = np.inf) -> Self:
        """The grade of a pair: of its plays, or of its ratings where the log has some, averaged by age.

        A play's grade is 1 + 4 (seconds heard / length); ratings are stretched so that they go from 1 to 5.
        """
        shape = (log.n_listeners, log.n_tracks)
        weight = sparse.csr_array(shape, dtype=np.float32)
        total = sparse.csr_array(shape, dtype=np.float32)
        lowest, highest = _scale(log)
        for plays in log.since(0):
            plays = plays.rows(plays.has(REACHED))
            fade = np.exp2((plays.time - log.now) / half_life).astype(np.float32)
            fade *= 1 if plays.count is None else plays.count
            share = np.minimum(plays.seconds / catalogue.seconds[plays.track], 1)
            if plays.value is not None:
                rated = (plays.value - lowest) / max(highest - lowest, 1e-9)
                share = np.where(np.isnan(rated), share, rated)
            graded = fade * (WORST + (BEST - WORST) * share.astype(np.float32))
            where = (plays.listener, plays.track)
            weight = weight + sparse.coo_array((fade, where), shape=shape).tocsr()
            total = total + sparse.coo_array((graded, where), shape=shape).tocsr()
        weight.sort_indices()
        total.sort_indices()  # grades are at least 1, so both hold the same pairs
        grade = total.data / np.maximum(weight.data, np.float32(1e-30))
        return cls(weight.indptr, weight.indices, np.clip(grade, WORST, BEST), weight.data)


def _scale(log: Log) -> tuple[float, float]:
    """The lowest and the highest rating of a log; (inf, -inf) if it has none."""
    low, high = np.inf, -np.inf
    for plays in log.since(0):
        if plays.value is not None:
            low = min(low, float(np.nanmin(plays.value, initial=np.inf)))
            high = max(high, float(np.nanmax(plays.value, initial=-np.inf)))
    return low, high
