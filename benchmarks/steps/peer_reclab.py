"""RecLab, topics with boredom: every user rates one item; of a longer slate it looks at the first only."""

import clock
import numpy as np
from reclab.environments import Topics

listeners, tracks, slate = clock.sizes()
assert slate == 1, "of a slate it rates one item"
env = Topics(
    num_topics=19,
    num_users=listeners,
    num_items=tracks,
    rating_frequency=1.0,
    noise=0.5,
    topic_change=0.1,
    memory_length=5,
    boredom_threshold=2,
    boredom_penalty=1,
)
env.seed(0)
env.reset()
turns = 0


def work():
    global turns
    turns += 1
    who = np.arange(len(env.online_users))
    _, _, ratings, _ = env.step((7 * who[:, None] + 13 * turns) % tracks)
    return len(who), len(ratings)


clock.measure("reclab", work)
