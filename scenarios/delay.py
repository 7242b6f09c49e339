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
    activity=0.0,
    device=0.0,
    mood=0.0,
    lift=0.0,
    arousal=0.0,
    match=0.0,
    weight_gain=0.0,
    quality=1.0,
    newness=0.0,
    exposure=0.0,
    bored=0.0,
    worn=0.0,
    drift=0.0,
    weight_drift=0.0,
    births=0.0,
    churn=0.0,
    satisfaction_return=0.0,
)
"""Listeners who like the same tracks for ever."""

BANDITS = ("thompson", "ucb")

SCENARIO = Scenario(
    question="What does late feedback cost a bandit that draws, and one that trusts its bounds?",
    assumed="tastes are alike and never move, and the same ten tracks go to all who ask until feedback comes",
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
