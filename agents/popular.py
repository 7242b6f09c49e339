"""Most played by everyone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simenv.agents._charts import Charts
from simenv.agents.base import Days


@dataclass
class Popular(Charts):
    """Show what was played most for 30 s and more, recommended or not: the charts for all time.

    Counts grow with every exchange and every day's news; `fit` counts the log anew. A new track waits until
    it has been played.

    Args:
        half_life: days after which a play counts for half; inf: all count alike.

    Source: the usual baseline; see Cremonesi, Koren & Turrin, RecSys 2010, for how hard it is to beat.
    Departs:
        1. plays decay with `half_life` (theirs: all ratings count alike, as here by default).
    """

    half_life: Days = np.inf

    def parts(self, listener: int, track: int) -> dict[str, float]:
        return {"plays by everyone": float(self.plays_[track])}
