"""Graded feedback: how much of a track a listener hears when it plays, as learners of ratings read it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from simenv.catalogue import Catalogue
from simenv.log import Log
from simenv.types import F32, REACHED, Plays

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
        """The grade of a pair is 1 + 4 (seconds heard / length), averaged over plays by their age."""
        shape = (log.n_listeners, log.n_tracks)
        weight = sparse.csr_array(shape, dtype=np.float32)
        total = sparse.csr_array(shape, dtype=np.float32)
        for plays in log.parts():
            reached = plays.rows(plays.has(REACHED))
            fade = np.exp2((reached.time - log.now) / half_life).astype(np.float32)
            where = (reached.listener, reached.track)
            weight = weight + sparse.coo_array((fade, where), shape=shape).tocsr()
            graded = fade * grade_of(reached, catalogue)
            total = total + sparse.coo_array((graded, where), shape=shape).tocsr()
        weight.sort_indices()
        total.sort_indices()  # grades are at least 1, so both hold the same pairs
        grade = total.data / np.maximum(weight.data, np.float32(1e-30))
        return cls(weight.indptr, weight.indices, np.clip(grade, WORST, BEST), weight.data)


def grade_of(plays: Plays, catalogue: Catalogue) -> F32:
    """(e,) 1 + 4 (seconds heard / length) of each play, at most 5."""
    share = np.minimum(plays.seconds / catalogue.seconds[plays.track], 1)
    return (WORST + (BEST - WORST) * share).astype(np.float32)
