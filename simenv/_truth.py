"""What is hidden in a world, as metrics and oracles may see it."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from simenv.catalogue import Hidden
from simenv.listeners import Listeners
from simenv.types import F32, I32, Bool


class WorldTruth:
    """What is hidden in a world; implements `simenv.types.Truth`."""

    def __init__(self, listeners: Listeners, hidden: Hidden) -> None:
        self._listeners, self.tracks = listeners, hidden
        self.utility: F32 = np.empty((0, 0), np.float32)
        self.known: Bool = np.empty((0, 0), bool)

    @property
    def columns(self) -> Mapping[str, NDArray]:
        """The hidden columns of the population, by name."""
        return self._listeners.columns

    def appeal(self, listeners: I32, tracks: I32 | None = None) -> F32:
        """(m, c) appeal of `tracks` (m, c), or of all T, at each listener's own time."""
        return self._listeners.appeal(listeners, tracks)
