"""What a log of one recommender says of another, beside what that other would have earned."""

from simenv.scenarios.base import REFERENCES, Scenario
from simenv.scenarios.metrics.beyond import Beyond
from simenv.scenarios.metrics.off_policy import OffPolicy
from simenv.scenarios.metrics.reward import Reward
from simenv.scenarios.metrics.welfare import Welfare

SCENARIO = Scenario(
    question="Can a log of one recommender tell what another would have earned, and where does it mislead?",
    primary="first",
    shown=(
        *("ips", "snips", "dm", "dr", "switch", "ess", "first_frozen", "first_loop"),
        *("slate", "rips", "iips", "cascade_dr", "slate_frozen", "slate_loop"),
    ),
    metrics=(Reward, Welfare, Beyond, OffPolicy),
    agents=(
        *REFERENCES[:-1],
        *("als", "als(explore=.2)", "als(explore=.8)", "popular(explore=.3)"),
        *("content", "content(explore=.3)", "itemknn", "epsgreedy", "oracle"),
    ),
    logged_by="als(explore=.5)",
    listeners=1_000,
    tracks=400,
    days=30,
)
