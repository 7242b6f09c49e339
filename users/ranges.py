"""What each parameter of the listeners may be; those not named here may be any finite number."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING

from simenv.errors import UsageError

if TYPE_CHECKING:
    from simenv.users.params import ListenerParams

BOTS = ("bots_push", "bots_nuke", "bots_bandwagon", "bots_farm")
POSITIVE = (
    *("evenness", "sessions", "discovery_a", "discovery_b", "mainstream_a", "mainstream_b"),
    *("newcomer_days", "lift_tracks", "newness_days", "bored_days", "worn_plays", "worn_days"),
    *("fatigue_days", "hazard_seconds", "new_days", "chart_half_life", "like_days", "save_days"),
    "bot_rate",
)
NOT_NEGATIVE = (
    *("interests", "sessions_spread", "skipper", "chronotype", "mood", "newness", "arousal"),
    *("idiosyncrasy", "noise", "hazard", "hazard_late", "gap", "leave", "churn", "frequency"),
    *("recency", "chart_power", "shelf_power", "look_noise", "look_seconds", "births"),
    *("birth_weight",),
)
SHARES = (
    *("newcomers", "mood_memory", "lift_recommended", "learn", "satisfaction_pace", "drift"),
    *("weight_drift", "taste_pull", "weight_pull", "album_run", "known_artist", "new_releases"),
    *("cascade", "swipe", "homophily", "social_pull", "aversion", "friends"),
    *BOTS,
)
MEMORY = (8, 4096)  # `exposure.weakest` keeps a slot in 12 bits

RANGES: Mapping[str, tuple[float, float, str]] = {
    **dict.fromkeys(POSITIVE, (math.nextafter(0, 1), math.inf, "above 0")),
    **dict.fromkeys(NOT_NEGATIVE, (0, math.inf, "0 or more")),
    **dict.fromkeys(SHARES, (0, 1, "a share, from 0 to 1")),
    "degree_mean": (0, 1000, "from 0 to 1,000 friends"),
    "degree_spread": (0, 3, "from 0 to 3"),
    "bot_artists": (1, math.inf, "at least one"),
}
"""Least, most, and both in words, by parameter."""


def check(params: ListenerParams) -> None:
    """Refuse parameters that make no listener.

    Raises:
        UsageError: names the field, its value and what it may be.
    """
    for name, value in asdict(params).items():
        if not math.isfinite(value):
            raise UsageError(f"listener.{name} is {value}; give a finite number")
        low, high, words = RANGES.get(name, (-math.inf, math.inf, ""))
        if not low <= value <= high:
            raise UsageError(f"listener.{name} is {value}; it must be {words}")
    bots = sum(getattr(params, name) for name in BOTS)
    if bots > 1:
        raise UsageError(f"listener.{', '.join(BOTS)} sum to {bots:g}; at most 1 of all listeners are bots")
    if params.memory != int(params.memory) or not MEMORY[0] <= params.memory <= MEMORY[1]:
        raise UsageError(
            f"listener.memory is {params.memory}; a listener remembers {MEMORY[0]} to {MEMORY[1]:,} tracks"
        )
