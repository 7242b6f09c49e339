"""The forced-exposure probe: one track, played whole once a day, through the listeners' own mechanism."""

from __future__ import annotations

import numpy as np

from simenv.floats import ONE
from simenv.types import F64
from simenv.users.exposure import exposure, faded, remember
from simenv.users.kernels import compiled
from simenv.users.params import ListenerParams


def exposure_curve(listener: ListenerParams, plays: int) -> F64:
    """(plays,) F(n): what n plays, one a day, add to the track's appeal a day after the n-th."""
    out = np.empty(plays, np.float32)
    _play_daily(np.zeros((3, 1), np.uint16), listener.record(), out)
    return out.astype(np.float64)


@compiled
def _play_daily(traces, params, out):
    p = params[0]
    for n in range(out.shape[0]):
        remember(traces, 0, faded(traces, 0, ONE, p), ONE, p)
        out[n] = exposure(traces, 0, ONE, p)
