"""RecSim NG, interest evolution: its recommender decides for all users at once; each chooses a document."""

import clock
import tensorflow as tf
from recsim_ng.applications.recsys_partially_observable_rl import simulation_config
from recsim_ng.core import network
from recsim_ng.lib.tensorflow import runtime

STEPS = 50

listeners, tracks, slate = clock.sizes()
assert slate == 2, "as the story is written"
tf.config.threading.set_intra_op_parallelism_threads(1)
tf.config.threading.set_inter_op_parallelism_threads(1)
variables, _ = simulation_config.create_interest_evolution_simulation_network(
    num_users=listeners, num_docs=tracks
)
story = runtime.TFRuntime(network=network.Network(variables=list(variables)))


def work():
    story.execute(num_steps=tf.constant(STEPS))["user response"].get("choice").numpy()
    return STEPS * listeners, STEPS * listeners


clock.measure("recsim-ng", work)
