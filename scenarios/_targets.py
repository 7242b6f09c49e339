"""What a calibration is to reach: numbers read from FACTS.json, with how far each may be off."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any, TypeGuard

import numpy as np

from simenv.errors import UsageError
from simenv.scenarios._moments import FAMILY, HAZARD_EDGES, RETURNS, SOON

ROWS, HISTORIES = "rows of simenv facts", "distributions of listening histories"
"""What a file may be recognised as."""
ABOUT = "about"
"""Kind of the rows that say what a log is like, such as its days."""
ROUGH = 0.05
"""Share of its value that a number without an error of its own may be off."""

_HELD = {"skip.pooled_under_5s", "skip.pooled_under_30s", "weekday_share_mon_to_sun"}
"""Of histories, what is shown and not fitted: it follows from what is, or no parameter moves it."""


@dataclass(frozen=True)
class Target:
    """One number to reach."""

    name: str  # of the moment
    wanted: float
    error: float  # standard error of what is wanted
    source: str  # kind of the row, or where in the file it stands
    held: bool = False  # shown beside the fit, and not fitted


@dataclass(frozen=True)
class Targets:
    """What a file of facts asks for.

    Args:
        form: what the file was recognised as, in words.
        rows: numbers to reach, a moment each.
        left_out: what is not used, with the reason.
        about: what the file says of its log: days, listeners, how sessions are told apart.
    """

    form: str
    rows: tuple[Target, ...]
    left_out: Mapping[str, str]
    about: Mapping[str, float] = field(default_factory=dict)

    @property
    def names(self) -> tuple[str, ...]:
        """Of all moments that have a number."""
        return tuple(row.name for row in self.rows)


def read_targets(path: Path) -> Targets:
    """The numbers in a file that `simenv facts --json` wrote, or in one of distributions of histories.

    Raises:
        UsageError: if there is no such file, it is no JSON, or nothing in it is recognised.
    """
    try:
        told = json.loads(path.read_text())
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or error
        raise UsageError(f"cannot read facts from {path}: {why}") from None
    except ValueError as error:
        raise UsageError(
            f"{path} is no JSON ({error}); simenv facts --of LOG --json FACTS.json writes such a file"
        ) from None
    if isinstance(told, list) and all(isinstance(row, dict) and "fact" in row for row in told):
        found = _of_rows(told)
    elif isinstance(told, dict) and {"per_user", "session", "skip_hazard_per_s"} & set(told):
        found = _of_histories(told)
    else:
        raise UsageError(
            f"{path} holds no facts: rows as simenv facts --json writes them (fact, kind, low, high,"
            " measured), or distributions of listening histories (per_user, session, skip, ...) were expected"
        )
    if not found.rows:
        raise UsageError(f"no number in {path} is one that can be fitted:\n  {said(found.left_out)}")
    return found


def said(left_out: Mapping[str, str]) -> str:
    """Reasons with what they hold for, a line a reason."""
    reasons: dict[str, list[str]] = {}
    for name, why in left_out.items():
        reasons.setdefault(why, []).append(name)
    return "\n  ".join(f"{why}: {', '.join(names)}" for why, names in reasons.items())


def _of_rows(told: list[dict[str, Any]]) -> Targets:
    """Rows of `simenv facts`: a moment's own interval if it was measured, else its fact's published band."""
    found: dict[str, Target] = {}
    left_out: dict[str, str] = {}
    about: dict[str, float] = {}
    for row in sorted(told, key=lambda row: row.get("kind") == "moment"):  # which then replace facts
        kind, value = str(row.get("kind", "")), row.get("measured")
        name = str(row["fact"])
        number, _, words = name.partition(" ")
        name = words if number.isdigit() and words in FAMILY else name
        if not _is_number(value):
            left_out.setdefault(name, "no value in the file")
        elif kind == ABOUT:
            about[name] = float(value)
        elif name not in FAMILY:
            left_out[name] = "nothing of that name is measured in a trial"
        elif kind == "sign":
            left_out[name] = "only its direction is published"
        else:
            low, high = row.get("low"), row.get("high")
            error = ROUGH * abs(value)
            if _is_number(low) and _is_number(high):
                error = abs(high - low) / 4
            found[name] = Target(name, float(value), float(error), kind, FAMILY[name].shown)
    for name in found:
        left_out.pop(name, None)
    return Targets(ROWS, tuple(found.values()), left_out, about)


def _of_histories(told: Mapping[str, Any]) -> Targets:
    """Distributions of listening histories, as percentiles, shares and hazards by name."""
    used: set[str] = set()
    found = []
    for name, value, error, where in _named(told):
        used.add(where)
        if _is_number(value):
            error = ROUGH * abs(value) if error is None or not _is_number(error) else error
            found.append(Target(name, float(value), float(error), where, held=where in _HELD))
    left_out = {place: "no moment is defined by it" for place in _places(told) if place not in used}
    gap = told.get("session", {}).get("gap_rule_s")
    about = {"sessions are numbered": 0.0} if _is_number(gap) else {}
    return Targets(HISTORIES, tuple(found), left_out, about)


def _named(told: Mapping[str, Any]) -> Iterator[tuple[str, Any, float | None, str]]:
    """Moment, value, its error if the file tells, and where it stands."""
    users, session = told.get("per_user", {}), told.get("session", {})
    n = _listeners(told)
    skip = users.get("skip_under_30s", {})
    where = "per_user.skip_under_30s"
    if skip:
        sd = skip.get("sd", np.nan)
        yield "30 s skips, mean over listeners", skip.get("mean"), sd / n**0.5, where
        yield "30 s skips, sd over listeners", skip.get("sd"), sd / (2 * n) ** 0.5, where
    for what in ("sessions", "plays"):
        where = f"per_user.{what}_per_day"
        law = users.get(f"{what}_per_day", {})
        for q in ("p25", "p50", "p75", "p95"):
            spread = (law["p75"] - law["p25"]) / 1.35 if {"p25", "p75"} <= set(law) else np.nan
            yield f"{what} a day, {q} of listeners", law.get(q), 1.5 * spread / n**0.5, where
    same = users.get("same_artist_as_previous", {})
    if same:
        sd = same.get("sd", np.nan)
        yield (
            "same artist as the track before",
            same.get("mean"),
            sd / n**0.5,
            "per_user.same_artist_as_previous",
        )
    for name, value in zip(("mean", "sd"), session.get("tracks_lognormal_mu_sd", ()), strict=False):
        yield f"ln tracks a session, {name}", value, None, "session.tracks_lognormal_mu_sd"
    by_place = told.get("skip", {}).get("by_position_in_session", {})
    plateau = [by_place[str(place)] for place in range(3, 20) if str(place) in by_place]
    for place in range(3):
        if plateau and str(place) in by_place:
            ratio = by_place[str(place)] / np.mean(plateau)
            name = f"30 s skips at place {place + 1} over those at 4-20"
            yield name, float(ratio), None, "skip.by_position_in_session"
    for low, high in pairwise(HAZARD_EDGES):
        value = told.get("skip_hazard_per_s", {}).get(f"{low}-{high}")
        yield f"stops a second, {low}-{high} s", value, None, "skip_hazard_per_s"
    yield from _returns(told.get("return_time_of_a_track", {}))
    for limit in (5, 30):
        value = told.get("skip", {}).get(f"pooled_under_{limit}s")
        yield f"skipped within {limit} s", value, None, f"skip.pooled_under_{limit}s"
    days = told.get("weekday_share_mon_to_sun", ())
    if len(days) == 7:
        yield "plays at weekends", days[5] + days[6], None, "weekday_share_mon_to_sun"


def _returns(told: Mapping[str, Any]) -> Iterator[tuple[str, float, None, str]]:
    """Shares of returns to a track, of those within 12 days, from a histogram whose edges fit."""
    edges, shares = np.array(told.get("edges_days", ())), np.cumsum(told.get("share", ()))
    if len(edges) != len(shares) + 1 or len(shares) < 2:
        return
    for name, limit in RETURNS.items():
        share = np.interp(limit, edges[1:], shares) / np.interp(SOON, edges[1:], shares)
        yield f"returns to a track within {name}, of 12 days", float(share), None, "return_time_of_a_track"


def _listeners(told: Mapping[str, Any]) -> float:
    """How many histories there are, as the first word of `source` that is a number says; else 50."""
    words = str(told.get("source", "")).split()
    return next((float(word) for word in words if word.isdigit()), 50.0)


def _places(told: Mapping[str, Any]) -> Iterator[str]:
    """What stands in the file: top-level names, and those below where there are parts."""
    for name, value in told.items():
        if name in ("per_user", "session", "skip") and isinstance(value, dict):
            yield from (f"{name}.{part}" for part in value if part != "gap_rule_s")
        elif name != "source":
            yield name


def _is_number(value: Any) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
