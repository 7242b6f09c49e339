"""Slates from arms: tracks in groups, explored group by group, with exact propensities.

Every track belongs to one arm. Slot j shows, with probability `explore`, a uniform draw from the tracks left in an
arm drawn uniformly from those that have any left; else the best track left. With m arms left, and l tracks left in
the arm of the track, its propensity is

    (1 - explore) [it is the best left] + explore / (m l)

and 1 in a slot that is filled by force. Draws belong to the event (listener, visit, slot).
"""

from __future__ import annotations

import numpy as np
from scipy import sparse

from simenv.agents._ranking import Score, _among, _blocks, _joined, _ranked, fill, forced, is_open
from simenv.types import F32, I32, Bool, Request, Setting, Slate
