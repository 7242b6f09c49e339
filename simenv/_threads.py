"""Big loops over rows, in pieces that a few threads share; what comes out must not depend on the cut."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any


class Crew:
    """A few threads, made lazily in the process that uses them: forking an idle crew is safe.

    Args:
        threads: how many, the caller's among them.
        block: rows at a time.
    """

    def __init__(self, threads: int, block: int) -> None:
        self.threads, self.block = threads, block
        self._pool: ThreadPoolExecutor | None = None

    def each(self, n: int, work: Callable[[int, int], Any]) -> list[Any]:
        """`work(low, high)` for every block of n rows; results in the order of rows."""
        cuts = [(low, min(low + self.block, n)) for low in range(0, n, self.block)]
        return self.share(work, cuts)

    def share(self, work: Callable[..., Any], tasks: Sequence[tuple]) -> list[Any]:
        """`work(*task)` of every task; results in their order. The caller's thread works, too."""
        if self.threads == 1 or len(tasks) <= 1:
            return [work(*task) for task in tasks]
        if self._pool is None:
            self._pool = ThreadPoolExecutor(self.threads - 1, thread_name_prefix="crew")
        out: list[Any] = [None] * len(tasks)
        todo = iter(range(len(tasks)))  # whoever is free takes the next

        def share() -> None:
            for i in todo:
                out[i] = work(*tasks[i])

        others = [self._pool.submit(share) for _ in range(min(self.threads, len(tasks)) - 1)]
        try:
            share()
        finally:
            for other in others:
                other.result()
        return out

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_pool": None}
