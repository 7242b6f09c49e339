"""simenv in the shape of a peer: the same listeners, tracks, slate size and face.

alone    one listener through Gymnasium's `step`, observation and resets included; slates chosen beforehand
crowd    everybody who asks at once; slates chosen beforehand
served   everybody who asks at once; `popular` decides, and learns from the answers
"""

import sys

import clock
import numpy as np

from simenv.agents import load
from simenv.scenarios._bench_world import STAYING, queue
from simenv.scenarios.build import listener_env, make_world


def alone(listeners, tracks, slate):
    env = listener_env(tracks=tracks, slate_size=slate, actions="tracks")
    env.reset(seed=0)
    out = np.flatnonzero(env.action_masks()[:tracks])  # the others are yet to be released
    chosen = out[(np.arange(64)[:, None] * 13 + np.arange(slate) * 31) % len(out)]
    actions = chosen if slate > 1 else chosen[:, 0]

    def work():
        plays = 0
        for action in actions:
            _, _, terminated, truncated, info = env.step(action)
            plays += np.count_nonzero(info["seconds"])
            if terminated or truncated:
                env.reset()
        return len(actions), plays

    return work


def crowd(listeners, tracks, slate):
    task = queue(listeners, 1, slate, tracks)

    def work():
        done = task.work()
        return done.served, done.plays

    return work


def served(listeners, tracks, slate):
    world = make_world(listeners, tracks, listener=STAYING, cooldown=0.0, share=1.0)
    agent = load("popular")
    agent.begin(world.setting(slate, cooldown=0.0))

    def work():
        request = world.waiting(until=np.inf)
        exchange = world.play(agent.recommend(request))
        agent.update(exchange)
        return len(request), int(exchange.feedback.reached.sum())

    return work


if __name__ == "__main__":
    face = {"alone": alone, "crowd": crowd, "served": served}[sys.argv[4]]
    clock.measure("simenv-music", face(*clock.sizes()))
