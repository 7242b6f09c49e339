"""Moments of a log as rows of a file of facts, each with how sure the log is of it."""

from __future__ import annotations

import numpy as np

from simenv.scenarios._listening import Listening
from simenv.scenarios._moments import measured

GROUPS = 10
"""Groups of listeners from whose differences errors are read."""


def moment_records(plays: Listening) -> list[dict[str, str | float]]:
    """Rows for a file of facts: all moments with their 95 % intervals, and what the log is like.

    Kind moment: low and high are two standard errors away from what is measured. Kind about: days and
    listeners of the log, and whether its sessions are numbered (1) or told apart by silence (0).
    """
    about = {
        "listeners": float(len(np.unique(plays.events.listener))),
        "days of history": plays.since - plays.begun,
        "days that count": plays.until - plays.since,
        "sessions are numbered": float(plays.events.session is not None),
    }
    found, error = measured(plays), errors(plays)
    apart = {name: 2 * error.get(name, np.nan) for name in found}
    rows: list[dict[str, str | float]] = [
        {"fact": name, "kind": "moment", "low": x - apart[name], "high": x + apart[name], "measured": x}
        for name, x in found.items()
    ]
    rows += [
        {"fact": name, "kind": "about", "low": np.nan, "high": np.nan, "measured": x}
        for name, x in about.items()
    ]
    return [row | {"verdict": "no verdict"} for row in rows]


def errors(plays: Listening) -> dict[str, float]:
    """Standard errors of the moments over listeners, from ten groups of them; none for fewer than 50."""
    _, who = np.unique(plays.events.listener[plays.starts], return_inverse=True)
    if who.max() + 1 < 5 * GROUPS:
        return {}
    groups = [measured(plays.only(who % GROUPS == group)) for group in range(GROUPS)]
    shared = set.intersection(*(set(group) for group in groups))
    return {name: float(np.std([group[name] for group in groups], ddof=1)) / GROUPS**0.5 for name in shared}
