"""Do recommendations narrow what people hear, and what they come to want?"""

from simenv.scenarios.base import Scenario

SCENARIO = Scenario(
    question="Does what listeners are shown narrow week by week, and do their tastes follow?",
    primary="topics10",
    shown=("topics", "ild", "interests", "drift", "homogeneity", "calibration", "finished"),
)
