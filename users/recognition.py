"""Whether a listener would say "I have heard this": two Bloom filters; when one is full the other is cleared.

512 bytes and 3 hashes each; after 600 insertions the older one is cleared and becomes the newer, so what is
long forgotten is new again. Under 15 % of what was never heard is taken for known (tested).
"""

from __future__ import annotations

import numpy as np

from simenv.floats import scalar
from simenv.rng import fold, stream

WORDS = 64  # of 64 bits: 512 bytes a filter
FILL = 600  # insertions after which the filters swap

_TRACK = stream("recognition")
_BIT, _WORD, _LOW = np.uint64(63), np.uint64(6), np.uint64(4095)
_ONE, _TWELVE = np.uint64(1), np.uint64(12)


@scalar
def in_filter(words, track):
    """Whether all three bits of a track are set in one filter (64,); no branch, as each is a coin toss."""
    h = fold(_TRACK, track)
    inside = _ONE
    for _ in range(3):
        bit = h & _LOW
        inside &= words[bit >> _WORD] >> (bit & _BIT)
        h >>= _TWELVE
    return inside == _ONE


@scalar
def recognises(filters, track):
    """Whether a track is taken for one heard before; `filters` (2, 64)."""
    return in_filter(filters[0], track) or in_filter(filters[1], track)


@scalar
def notice(me, filters, track):
    """Enter a track that was just heard into the newer filter, and swap filters when that is full."""
    new = not in_filter(filters[me.filter_now], track)
    if new and me.filter_fill >= FILL:
        me.filter_now = 1 - me.filter_now
        me.filter_fill = 0
        for w in range(WORDS):
            filters[me.filter_now, w] = np.uint64(0)
    h = fold(_TRACK, track)
    for _ in range(3):  # what is there already is set again: cheaper than to ask
        bit = h & _LOW
        filters[me.filter_now, bit >> _WORD] |= _ONE << (bit & _BIT)
        h >>= _TWELVE
    me.filter_fill += 1 if new else 0
