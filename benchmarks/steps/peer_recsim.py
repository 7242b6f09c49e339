"""RecSim, interest evolution: a user chooses one document of the slate, or none; the documents stay."""

import clock
from recsim.environments import interest_evolution

_, tracks, slate = clock.sizes()
config = {"num_candidates": tracks, "slate_size": slate, "resample_documents": False, "seed": 0}
env = interest_evolution.create_environment(config)
env.reset()
actions = [[(13 * step + 31 * place) % tracks for place in range(slate)] for step in range(8)]


def work():
    for action in actions:
        _, _, done, _ = env.step(action)
        if done:
            env.reset()
    return len(actions), len(actions)


clock.measure("recsim", work)
