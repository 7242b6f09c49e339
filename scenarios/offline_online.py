"""Can a log tell beforehand which recommender will do best? The question that only a simulator can ask."""

from simenv.scenarios.base import ALL_METRICS, EVERYONE, Scenario
from simenv.scenarios.metrics.offline import Offline

SCENARIO = Scenario(
    question="Does accuracy on a log rank recommenders as living with them does?",
    primary="reward_total",
    shown=("ndcg_new", "ndcg_all", "finished", "minutes", "retention", "welfare"),
    metrics=(*ALL_METRICS, Offline),
    agents=(*EVERYONE[:-1], "userknn", "bpr", "svd", "hierarchy", "trending", "hybrid", "ensemble", "oracle"),
    listeners=1_000,
    tracks=4_000,
    days=30,
)
