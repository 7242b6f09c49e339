"""Which recommender is best when the month, and who is still there at its end, counts?"""

from simenv.scenarios.base import Scenario

SCENARIO = Scenario(
    question="Which recommender gets the most out of a month, and whom does it keep?",
    primary="reward_total",
    shown=("finished", "minutes", "retention", "satisfaction", "welfare", "regret", "known"),
    listeners=1_000,
    tracks=4_000,
    days=30,
)
