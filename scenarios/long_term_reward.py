"""Who is best after a day, a month and a year?

A world made so that the answer can change: half of a track's quality is split into a *hook*, which pleases at
once, and a *depth*, which satisfies for long, and who has the one tends to lack the other. Listeners who are
satisfied come back sooner and stay. So an arm that goes by what is finished now pays for it later, and what
is found about looking ahead is *assumed* to be there to be found. What is not: whether any recommender finds
it, from what shows.
"""

from simenv.scenarios._law_worlds import DEPTH, HOOK, PLANNER
from simenv.scenarios.base import Scenario
from simenv.scenarios.metrics.reward import Reward
from simenv.scenarios.metrics.welfare import Welfare
from simenv.synthetic import Synthetic
from simenv.users.params import ListenerParams

SCENARIO = Scenario(
    question="Who makes the most of a day, of a month, and of a year with those whom it keeps?",
    assumed="tracks that please at once satisfy less in the long run (hook and depth, correlation -.6)",
    primary="minutes_total",
    shown=("finished", "minutes", "retention", "satisfaction", "reward_total", "welfare", "regret"),
    metrics=(Reward, Welfare),
    agents=(
        *("organic", "random", "popular", "repeat", "als", "hybrid", "linucb(reward=minutes)"),
        *("slateq(horizon=0)", "slateq"),
        *("reinforce(reward=minutes)", "reinforce(critic=90, reward=minutes)"),
        *("sb3(reward=minutes)", "sb3(algorithm=dqn, reward=minutes)"),
        *("oracle", PLANNER),
    ),
    listeners=500,
    tracks=4_000,
    days=360,
    seeds=20,
    listener=ListenerParams(hook=HOOK, depth=DEPTH),
    synthetic=Synthetic(hook_and_depth=True),
)
