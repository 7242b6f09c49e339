"""The clock that every simulator is measured by: standard library only, for it runs in each one's Python.

A user-step: one listener gets one recommendation decision (a slate) and answers it. A response: what a
listener did with one item, or with a slate of which one item at most can be chosen.
"""

import json
import resource
import sys
import time
from importlib.metadata import version
from pathlib import Path

SECONDS = 1.5


def sizes():
    """Listeners, tracks and slate size, as the command line gives them."""
    return tuple(int(word) for word in sys.argv[1:4])


def peak_mb():
    """Most memory this process held; Linux's `ru_maxrss` begins with its parent's, so it is second."""
    try:
        status = Path("/proc/self/status").read_text()
        return int(status.split("VmHWM:")[1].split()[0]) / 1024
    except (OSError, IndexError):
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def measure(package, work, seconds=SECONDS):
    """Print how fast `work` is, in JSON; it gives back (user-steps, responses), and runs once uncounted."""
    work()
    steps = responses = 0
    start = time.perf_counter()
    while (passed := time.perf_counter() - start) < seconds or not steps:
        more_steps, more_responses = work()
        steps += more_steps
        responses += more_responses
    row = {
        "version": version(package),
        "user_steps_per_s": steps / passed,
        "plays_per_s": responses / passed,
        "peak_mb": peak_mb(),
    }
    print(json.dumps(row))
