"""RecoGym, environment 1: one product shown, clicked or not; the organic views between are part of a step."""

import itertools

import clock
from recogym import env_1_args
from recogym.envs import RecoEnv1

_, tracks, slate = clock.sizes()
assert slate == 1, "it shows one product"
env = RecoEnv1()
env.init_gym({**env_1_args, "random_seed": 0, "num_products": tracks})
users = itertools.count()


def begin():
    """A user who is not gone before the first recommendation."""
    gone = True
    while gone:
        env.reset(next(users))
        _, _, gone, _ = env.step(None)


begin()


def work():
    for step in range(64):
        _, _, done, _ = env.step(31 * step % tracks)
        if done:
            begin()
    return 64, 64


clock.measure("recogym", work)
