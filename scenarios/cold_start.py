"""What to recommend to whom nobody knows yet, and how music gets heard that nobody has played."""

from simenv.scenarios.base import ALL_METRICS, REFERENCES, Scenario
from simenv.scenarios.metrics.arrivals import Arrivals
from simenv.users.params import ListenerParams

SCENARIO = Scenario(
    question="Who serves new listeners best, and under whom do new tracks find an audience?",
    primary="finished_first",
    shown=("finished_next", "finished_later", "audience", "found", "finished", "freshness", "retention"),
    metrics=(*ALL_METRICS, Arrivals),
    agents=(*REFERENCES[:-1], "content", "als", "hybrid", "ensemble", "explore(of=hybrid)", "oracle"),
    listener=ListenerParams(newcomers=0.5, newcomer_days=102.0),
)
