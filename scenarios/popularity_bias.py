"""Does recommending the popular make the popular more popular?"""

from simenv.scenarios.base import Scenario

SCENARIO = Scenario(
    question="How far does listening concentrate under each recommender, and what does spreading it cost?",
    primary="gini",
    shown=("top1", "coverage", "arp", "lift", "tail", "newcomers", "group_gap", "finished"),
)
