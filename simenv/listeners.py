"""What a world asks of its listeners; users/population.py implements it, and nothing here knows how."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from numpy.typing import NDArray

from simenv.types import F32, F64, I32, U8, Late, Plays, Request, Response


class Listeners(Protocol):
    """What a world asks of a population (implemented in users/)."""

    def __len__(self) -> int: ...

    @property
    def columns(self) -> Mapping[str, NDArray]:
        """The hidden columns, listeners first."""
        ...

    def each(self, rows: I32, work: Callable[[int, int], Any]) -> list[Any]:
        """`work(lo, hi)` of every stretch of `rows`, by the population's threads; results in order."""
        ...

    def live(self, rows: I32, until: float, share: float, charts: Any) -> Plays:
        """Let `rows` live organically until each asks or `until`; their plays, LIKED and SAVED as earned."""
        ...

    def asking(self, rows: I32) -> I32:
        """Those of `rows` who wait for a slate."""
        ...

    def request(self, rows: I32) -> Request: ...

    def play(self, rows: I32, tracks: I32, response: str) -> Response:
        """Hand `tracks` (m, k) to `rows`, who ask, and answer as `response`, one of RESPONSES, says."""
        ...

    def imagine(self, rows: I32, tracks: I32, response: str) -> Response:
        """What `play` would give; nobody is changed by it."""
        ...

    def late(self, listener: I32, time: F64, track: I32, ended: F64, flags: U8) -> Late:
        """When the likes and saves that plays earned (the bits of `flags`) will come."""
        ...

    def appeal(self, rows: I32, tracks: I32 | None) -> F32: ...

    def first_charts(self) -> F32: ...

    def next_charts(self, charts: F32, plays: NDArray, days: float) -> F32:
        """Charts (T,) after `days` in which tracks were played `plays` (T,) times."""
        ...

    def publish(self, charts: F32, time: float) -> Any:
        """Charts as the listeners read them."""
        ...

    def turn(self, charts: F32, time: float, days: float, listener: I32, track: I32) -> Any:
        """A window of `days` ends at `time`; what listeners read from now on, of charts and of one another.

        Each `listener` (e,) played their `track` (e,) for 30 s or more in it, in this order.
        """
        ...
