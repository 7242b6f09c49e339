"""Big loops over rows, in blocks that a few threads share; what comes out must not depend on the cut."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any


class Crew:
    """A few threads, made lazily in the process that uses them: forking an idle crew is safe.

    Args:
        threads: how many; with 1, or with no more blocks than threads, the caller's thread does it all.
        block: rows at a time.
    """

    def __init__(self, threads: int, block: int) -> None:
        self.threads, self.block = threads, block
        self._pool: ThreadPoolExecutor | None = None

    def each(self, n: int, work: Callable[[int, int], Any]) -> list[Any]:
        """`work(low, high)` for every block of n rows; results in the order of rows."""
        cuts = [(low, min(low + self.block, n)) for low in range(0, n, self.block)]
        if self.threads == 1 or len(cuts) <= self.threads:
            return [work(*cut) for cut in cuts]
        if self._pool is None:
            self._pool = ThreadPoolExecutor(self.threads, thread_name_prefix="crew")
        return list(self._pool.map(lambda cut: work(*cut), cuts))

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_pool": None}
