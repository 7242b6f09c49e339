"""`simenv/HookAndDepth-v0`: a face so small that what is best to do in it is known.

Only satisfaction, hook, depth and churn are on. Hooky tracks are finished more often; deep ones satisfy, and
whoever is not satisfied goes for good. So satisfaction is all that matters of a listener, and dynamic
programming over it (`_hook_and_depth_plan`) says what a learner can reach.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from simenv.scenarios.build import listener_env, population_env
from simenv.two_kinds import InTurn, TwoKinds
from simenv.users.params import ListenerParams

HORIZON = 60
"""Decisions until an episode is truncated."""

HISTORY = 6
"""Plays that show; of what came before them .6^6 is left in the satisfaction."""

LISTENER = ListenerParams(
    # all alike, from birth to the end
    interests=0.0,
    sessions=0.05,  # so far apart that the hour at which one ends tells nothing of the next
    sessions_spread=0.0,
    skipper=0.0,
    chronotype=0.0,
    drift=0.0,
    weight_drift=0.0,
    taste_pull=0.0,
    weight_pull=0.0,
    births=0.0,
    # in every situation
    activity=0.0,
    device=0.0,
    morning=0.0,
    evening=0.0,
    weekend=0.0,
    mood=0.0,
    lift=0.0,
    # whatever was heard before
    match=0.0,
    weight_gain=0.0,
    quality=0.0,
    newness=0.0,
    arousal=0.0,
    idiosyncrasy=0.0,
    noise=0.0,
    exposure=0.0,
    bored=0.0,
    worn=0.0,
    # and wherever in the session
    leave_power=0.0,
    leave_skips=0.0,
    satisfaction_return=0.0,
    # what is left
    base=1.0,
    hook=0.6,
    depth=2.0,
    satisfaction_pace=0.4,
    churn=0.0025,
    churn_satisfaction=3.0,
)
"""A hooky track is finished in 67 of 100 plays, a deep one in 26."""

_DEFAULTS: dict[str, Any] = {
    "tracks": 2,
    "catalogue": TwoKinds(),
    "listener_params": LISTENER,
    "horizon": HORIZON,
    "candidates": 2,
    "history": HISTORY,
    "retrieve": InTurn,
}

hook_and_depth_env = partial(listener_env, **_DEFAULTS)
"""`build.listener_env` with other defaults; any argument can be given."""

hook_and_depth_population = partial(population_env, **_DEFAULTS)
"""`build.population_env` with other defaults; any argument can be given."""
