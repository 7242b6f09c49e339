"""What time it is, as agents that heed it tell: in words, in four parts of the week, in columns."""

from __future__ import annotations

import numpy as np

from simenv.catalogue import Catalogue
from simenv.log import Log
from simenv.types import F32, F64, HEARD_SECONDS, I32, Request

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
PARTS = ("night", "morning", "afternoon", "evening")
"""Six hours each, from midnight."""

N_CELLS = 4
"""Parts of the week: working days and weekends, from 6 to 18 o'clock and the rest."""


def in_words(time: float) -> str:
    """``it is Friday night``; the night after Friday's evening is Friday's, day 0 being a Monday."""
    part = int(time % 1 * len(PARTS))
    day = int(time - (0.25 if part == 0 else 0)) % len(DAYS)
    late = part == 3 and round(time % 1 * 24, 6) >= 22  # so that 22:00 of any week is night
    return f"it is {DAYS[day]} {'night' if late else PARTS[part]}"


def cell_of(time: F64) -> I32:
    """(m,) the part of the week, in [0, N_CELLS)."""
    weekend = np.floor(time) % 7 >= 5
    day = (time % 1 >= 0.25) & (time % 1 < 0.75)
    return (2 * weekend + day).astype(np.int32)


def columns(request: Request) -> F32:
    """(m, 15) the moment of each listener: hour and weekday by the clock, the rest as it shows."""
    hour, weekday = request.time % 1, np.floor(request.time) % 7 / 7
    out = request.context.copy()
    turns = 2 * np.pi * np.stack([hour, hour, weekday, weekday], axis=1)
    out[:, 0:4:2], out[:, 1:4:2] = np.sin(turns[:, ::2]), np.cos(turns[:, ::2])
    return out


def split_by_week(log: Log) -> Log:
    """The log of N_CELLS + 1 profiles a listener: row u (N_CELLS + 1) is all of u, then come the parts."""
    out = Log(log.n_listeners * (N_CELLS + 1), log.n_tracks)
    for part in log.since(0):
        whole = part.listener * (N_CELLS + 1)
        for listener in (whole, whole + 1 + cell_of(part.time)):
            out.append(type(part)(**{**part.columns(), "listener": listener.astype(np.int32)}))
    return out


def energy_by_hour(log: Log, catalogue: Catalogue, smoothing: float) -> tuple[F32, F32]:
    """(48,) mean energy of what is heard in each hour of working days, then weekends, and (T,) of tracks.

    Both in standard deviations from the mean of all that is heard; hours are drawn towards that mean as if
    `smoothing` more plays had it. A track whose energy is not known, or a catalogue without, has 0.
    """
    means, tracks = np.zeros(48, np.float32), np.zeros(len(catalogue), np.float32)
    if "energy" not in catalogue.features:
        return means, tracks
    energy = catalogue.audio[:, catalogue.features.index("energy")].astype(np.float64)
    n, total, squares = np.zeros(48), np.zeros(48), 0.0
    for part in log.parts():
        part = part.rows((part.seconds >= HEARD_SECONDS) & np.isfinite(energy[part.track]))
        of, heard = hour_of(part.time), energy[part.track]
        n += np.bincount(of, minlength=48)
        total += np.bincount(of, heard, 48)
        squares += float(heard @ heard)
    whole = max(n.sum(), 1)
    mean = total.sum() / whole
    spread = np.sqrt(max(squares / whole - mean**2, 0))
    if not spread > 0:
        return means, tracks
    tracks[:] = np.where(np.isfinite(energy), (energy - mean) / spread, 0)
    means[:] = (total - n * mean) / np.maximum(n + smoothing, 1) / spread
    return means, tracks


def hour_of(time: F64) -> I32:
    """(m,) the hour of a working day, or 24 more at a weekend."""
    return (np.floor(time % 1 * 24) + 24 * (np.floor(time) % 7 >= 5)).astype(np.int32)
