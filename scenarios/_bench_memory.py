"""What memory has to do with speed: bytes that a listener takes, and how fast this machine copies bytes."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields, is_dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

COPIED = 1 << 28  # bytes, far more than caches hold
_COPIES = 7
_FEW, _MORE = 1_000, 2_000


def copy_bandwidth(threads: int = 1, size: int = COPIED) -> float:
    """Bytes a second that copying moves, those read and those written both counted: a median of 7 copies.

    Args:
        threads: that share the copy, a slice each.
        size: bytes copied at a time.
    """
    source, target = np.ones(size, np.uint8), np.zeros(size, np.uint8)  # touched, so every page is there
    cuts = np.linspace(0, size, threads + 1).astype(int)
    parts = [slice(lo, hi) for lo, hi in pairwise(cuts)]

    def copy(part: slice) -> None:
        np.copyto(target[part], source[part])

    rates = []
    with ThreadPoolExecutor(threads) as pool:
        for _ in range(_COPIES):
            start = time.perf_counter()
            list(pool.map(copy, parts))
            rates.append(2 * size / (time.perf_counter() - start))
    return float(np.median(rates))


def bytes_a_listener(make: Callable[[int], object]) -> float:
    """Bytes that one more listener takes in what `make(n)` makes of n: every array with an axis of listeners.

    The difference between two sizes, so no list of columns can fall behind what there is.
    """
    return (array_bytes(make(_MORE)) - array_bytes(make(_FEW))) / (_MORE - _FEW)


def array_bytes(thing: object) -> int:
    """Bytes of all arrays that an object of ours holds, at any depth; shared memory counts once."""
    owners: dict[int, NDArray] = {}
    seen: set[int] = set()
    waiting: list[Any] = [thing]
    while waiting:
        one = waiting.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        if isinstance(one, np.ndarray):
            while isinstance(one.base, np.ndarray):
                one = one.base
            owners[id(one)] = one
        elif isinstance(one, dict):
            waiting += one.values()
        elif isinstance(one, list | tuple):
            waiting += one
        elif type(one).__module__.startswith("simenv"):
            waiting += getattr(one, "__dict__", {}).values()
            waiting += [getattr(one, field.name) for field in fields(one)] if is_dataclass(one) else []
    return sum(owner.nbytes for owner in owners.values())
