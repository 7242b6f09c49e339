"""SARDINE, SlateTopK-BoredInf: a user with boredom and influence; a slate of items, each clicked or not."""

import clock
import gymnasium
import sardine  # noqa: F401  it registers its environments

_, tracks, slate = clock.sizes()
assert (tracks, slate) == (1_000, 10), "as the environment is registered"
env = gymnasium.make("sardine/SlateTopK-BoredInf-v0")
env.reset(seed=0)
env.action_space.seed(0)
actions = [env.action_space.sample() for _ in range(64)]


def work():
    for action in actions:
        _, _, terminated, truncated, _ = env.step(action)
        if terminated or truncated:
            env.reset()
    return len(actions), len(actions) * slate


clock.measure("sardine-rec", work)
