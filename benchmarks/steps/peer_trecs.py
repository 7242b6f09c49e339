"""T-RECS, popularity: it decides for all users and is trained at every step; each user picks an item."""

import contextlib
import io
import os
import tempfile
import warnings

import clock

os.chdir(tempfile.mkdtemp())  # it writes a log where it is imported
warnings.simplefilter("ignore")

from trecs.models import PopularityRecommender  # noqa: E402

listeners, tracks, slate = clock.sizes()
model = PopularityRecommender(num_users=listeners, num_items=tracks, num_items_per_iter=slate, seed=0)


def work():
    with contextlib.redirect_stderr(io.StringIO()):  # a bar of progress
        model.run(timesteps=1)
    return listeners, listeners


clock.measure("trecs", work)
