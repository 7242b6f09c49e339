"""Feedback comes late or in batches: which way of exploring bears it?

A world made to show it, so what it shows is *assumed*: tastes do not differ (`match` 0), tracks alone are
good or bad, nothing is used up, nothing moves, every session is recommended, and agents start from nothing.
A bound that learns nothing until tomorrow shows everybody the same ten tracks until then; draws from a
posterior differ from listener to listener. `simenv run exploration --agents "delayed(of=ucb, days=7)" ...`
asks the same among ordinary listeners with a past.
"""

from simenv.scenarios.base import Scenario
from simenv.scenarios.metrics.learning import Learning
from simenv.scenarios.metrics.reward import Reward
from simenv.scenarios.metrics.welfare import Welfare
from simenv.synthetic import Synthetic
from simenv.users.params import ListenerParams

STILL = ListenerParams(
    **dict.fromkeys(("activity", "device", "mood", "lift", "arousal"), 0.0),
    **dict.fromkeys(("match", "weight_gain", "newness", "exposure", "bored", "worn"), 0.0),
    **dict.fromkeys(("drift", "weight_drift", "births", "churn", "satisfaction_return"), 0.0),
    quality=1.0,
)
"""Listeners who like the same tracks for ever."""

BANDITS = ("thompson", "ucb")

SCENARIO = Scenario(
    question="What does late feedback cost a bandit that draws, and one that trusts its bounds?",
    primary="finished",
    shown=("regret", "regret_total", "regret_growth"),
    metrics=(Reward, Welfare, Learning),
    agents=(
        *("organic", "random", "popular", "repeat"),
        *(f"delayed(of={bandit}, days={days})" for bandit in BANDITS for days in (0, 1, 3, 7)),
        *(f"delayed(of={bandit}, days=0, batch={days})" for bandit in BANDITS for days in (1, 3, 7)),
        "oracle",
    ),
    listeners=200,
    tracks=100,
    warmup=0,
    days=42,
    seeds=20,
    cooldown=0.0,
    share=1.0,
    listener=STILL,
    synthetic=Synthetic(arrivals=0.0),
)
