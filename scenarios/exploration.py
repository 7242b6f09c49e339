"""Where only new music counts and new music keeps coming, does it pay to try what nobody knows?

The horizon is stated beforehand: `finished`, the mean over 60 days; the report adds its first and last third.
`--warmup 0 --listener.drift 0 --listener.weight-drift 0 --listener.births 0 --listener.newness 0
--synthetic.arrivals 0` is the stationary version, in which an agent starts from nothing and nothing moves.
"""

from simenv.scenarios.base import Scenario
from simenv.scenarios.metrics.arrivals import Arrivals
from simenv.scenarios.metrics.beyond import Beyond
from simenv.scenarios.metrics.learning import Learning
from simenv.scenarios.metrics.reward import Reward
from simenv.scenarios.metrics.segments import Segments
from simenv.scenarios.metrics.welfare import Welfare

SCENARIO = Scenario(
    question="What does exploring cost now, and what does it earn later?",
    primary="finished",
    shown=(
        *("regret", "regret_total", "regret_growth", "freshness", "audience", "found", "discovery"),
        *("finished_explorers", "finished_loyalists"),
    ),
    metrics=(Reward, Welfare, Learning, Beyond, Arrivals, Segments),
    agents=(
        *("organic", "random", "popular", "als", "hybrid", "explore(of=hybrid)"),
        *("epsgreedy(explore=0)", "epsgreedy", "ucb(width=0)", "ucb", "thompson"),
        *(
            "ucb(of=hybrid, pool=50)",
            "thompson(of=hybrid, pool=50)",
        ),  # candidates as linucb and lints have them
        *("linucb(width=0)", "linucb", "lints", "oracle"),
    ),
    listeners=600,
    tracks=3_000,
    days=60,
    seeds=20,
    cooldown=float("inf"),
)
