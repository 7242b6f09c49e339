"""What passes between listeners, recommender and experiment: the whole vocabulary.

Letters, the same everywhere: n listeners in all, m who ask now, k slots of a slate, c candidates, T tracks,
A artists, d latent dimensions, f public features. Arrays are C-ordered, listeners first, and never written to
once they are in a record. Times are float64 days from the start of the warm-up: float32 days would freeze
short skips after day 256.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from simenv.rng import Key

if TYPE_CHECKING:
    from simenv.catalogue import Catalogue, Hidden
    from simenv.heard import Heard
    from simenv.log import Log

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]
I32 = NDArray[np.int32]
U8 = NDArray[np.uint8]
Bool = NDArray[np.bool_]

SOURCES = ("recommended", "library", "artist", "charts", "new", "friends", "nearby", "imported")
"""How a play came about; `Plays.source` is a place in this tuple."""

RESPONSES = ("queue", "shelf", "cascade", "carousel")
"""How a slate is answered: a queue plays slot after slot (with a slate of one: radio); from the others one
track is picked, or none."""

REACHED, SKIPPED, LIKED, SAVED, LEFT, KNOWN = (np.uint8(1 << b) for b in range(6))
"""Bits of `Plays.flags`: playback reached the slot; stopped before the end; liked or saved (later); the
session ended after it; the same listener had already played the track for 30 s or more."""

HEARD_SECONDS = 30.0
"""A play of this length counts: for charts, play counts, `known` and `discovery`."""


class Practice(Protocol):
    """Makes populations of other worlds: `env.PopulationEnv`, given ``num_envs``, ``world`` and the like."""

    @property
    def digest(self) -> str:
        """Of all that these populations depend on: equal for equal worlds."""
        ...

    def __call__(self, **options: Any) -> object: ...


@dataclass(frozen=True, slots=True)
class Setting:
    """Told to an agent or a metric before the first request."""

    catalogue: Catalogue
    n_listeners: int
    slate_size: int
    key: Key  # the agent's own luck, apart from the listeners'
    cooldown: float = (
        30.0  # days; nothing is recommended that was heard less than so long ago; inf: new music only
    )
    heard: Heard | None = (
        None  # the platform's memory, which answers the cooldown; None: nobody has heard anything
    )
    practice: Practice | None = None  # makes VectorEnvs of other worlds, for agents that train in them
    response: str = "queue"  # how a slate is answered, one of RESPONSES

    @classmethod
    def of_log(
        cls, log: Log, catalogue: Catalogue | None = None, slate_size: int = 10, seed: int = 0
    ) -> Setting:
        """The setting of a log without a world: nothing is in cooldown.

        Args:
            log: whom and what it names fixes the numbers of listeners and tracks.
            catalogue: what is known of the tracks; by default nothing but that they exist.
            slate_size: k.
            seed: of the agent's luck.
        """
        from simenv.catalogue import Catalogue

        catalogue = Catalogue.bare(log.n_tracks) if catalogue is None else catalogue
        return cls(catalogue, log.n_listeners, slate_size, Key.root(seed) / "agent", cooldown=0.0)


@dataclass(frozen=True, slots=True)
class Request:
    """Who asks for music now, and what shows of their situation."""

    listeners: I32  # (m,) ascending rows of the population; agents index their own arrays by them
    time: F64  # (m,) days
    context: F32  # (m, c) columns named by `simenv.context.COLUMNS`, in [-1, 1]
    session: I32  # (m,) tracks played so far in this session
    visit: I32  # (m,) requests so far: the event number of agents' draws

    def __len__(self) -> int:
        return len(self.listeners)

    def rows(self, which: NDArray | slice) -> Request:
        """The request of some of its listeners: `which` indexes m."""
        return Request(*(getattr(self, f.name)[which] for f in fields(self)))


@dataclass(frozen=True, slots=True)
class Slate:
    """The answer: an ordered list of tracks for each listener who asks."""

    tracks: I32  # (m, k)
    propensity: (
        F32  # (m, k) P(this track in this slot | request, the tracks in the slots before); nan if unknown
    )


@dataclass(frozen=True, slots=True)
class Feedback:
    """What is known when the slate ends."""

    reached: Bool  # (m, k) playback came to the slot; of a shelf at most one, which was picked
    seconds: F32  # (m, k) listened to, 0 where not reached
    skipped: Bool  # (m, k) reached, and stopped before the end
    left: Bool  # (m,) the session is over


@dataclass(frozen=True, slots=True)
class Response:
    """What listeners did with a slate, hidden parts included: between a population and its world only."""

    time: F64  # (m, k) when each play began
    seconds: F32  # (m, k) 0 where not reached
    utility: F32  # (m, k) appeal as it was then; 0 where not reached
    flags: U8  # (m, k) LIKED and SAVED as earned, though they show later; 0 where not reached
    activity: U8  # (m, k)
    device: U8  # (m, k)
    reached: Bool  # (m, k)
    skipped: Bool  # (m, k)
    left: Bool  # (m,)
    session: I32  # (m,)

    @property
    def results(self) -> tuple[NDArray, ...]:
        """What a kernel writes, in the order in which it takes them: all but the session."""
        played = (self.time, self.seconds, self.utility, self.flags, self.activity, self.device)
        return (*played, self.reached, self.skipped, self.left)

    @property
    def feedback(self) -> Feedback:
        """What shows of it when the slate ends."""
        return Feedback(self.reached, self.seconds, self.skipped, self.left)


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request, its answer and what came of it."""

    request: Request
    slate: Slate
    feedback: Feedback


class Columns:
    """A table as columns of one length; subclasses are dataclasses whose `dtypes` name the columns.

    `optional` names float32 columns that may be None, with what stands for a value that is not there.
    """

    __slots__ = ()
    dtypes: ClassVar[Mapping[str, type]]
    optional: ClassVar[Mapping[str, float]] = {}

    def rows(self, which: NDArray | slice) -> Self:
        """Some of the rows."""
        return type(self)(**{name: column[which] for name, column in self.columns().items()})

    def columns(self) -> dict[str, NDArray]:
        """The columns by name, of the optional ones those that are there."""
        found = {name: getattr(self, name) for name in (*self.dtypes, *self.optional)}
        return {name: column for name, column in found.items() if column is not None}

    @classmethod
    def concat(cls, parts: Sequence[Self]) -> Self:
        """Parts one after another; no part gives no rows."""
        if len(parts) == 1:
            return parts[0]
        columns = {
            name: np.concatenate([np.empty(0, dtype), *(getattr(p, name) for p in parts)])
            for name, dtype in cls.dtypes.items()
        }
        for name, absent in cls.optional.items():
            there = [getattr(p, name) for p in parts]
            if any(column is not None for column in there):
                size = [len(next(iter(p.columns().values()))) for p in parts]
                filled = [np.full(n, absent) if c is None else c for c, n in zip(there, size, strict=True)]
                columns[name] = np.concatenate(filled).astype(np.float32)
        return cls(**columns)


@dataclass(frozen=True, slots=True)
class Plays(Columns):
    """Plays as columns, (e,) each: the rows of a `Log`."""

    dtypes: ClassVar[Mapping[str, type]] = {
        "time": np.float64,
        "listener": np.int32,
        "track": np.int32,
        "visit": np.int32,
        "session": np.int32,
        "slot": np.int8,
        "source": np.uint8,
        "propensity": np.float32,
        "seconds": np.float32,
        "flags": np.uint8,
        "activity": np.uint8,
        "device": np.uint8,
    }
    optional: ClassVar[Mapping[str, float]] = {"count": 1.0, "value": np.nan}

    time: F64  # days, when the play began
    listener: I32
    track: I32
    visit: I32  # the request it answers; -1 organic
    session: I32  # the listener's session number
    slot: NDArray[np.int8]  # place in the slate; -1 organic
    source: U8  # place in SOURCES
    propensity: F32  # nan if unknown or organic
    seconds: F32
    flags: U8  # REACHED | SKIPPED | ...
    activity: U8  # place in simenv.context.ACTIVITIES
    device: U8  # place in simenv.context.DEVICES
    count: F32 | None = None  # of imported logs: plays that the row stands for; None: one each
    value: F32 | None = None  # of imported logs: the listener's rating, nan where there is none

    def __len__(self) -> int:
        return len(self.time)

    def has(self, flag: np.uint8) -> Bool:
        """(e,) whether the bit `flag` is set."""
        return (self.flags & flag) != 0


@dataclass(frozen=True, slots=True)
class Late(Columns):
    """Likes and saves, which come after the play that earned them: columns, (e,) each."""

    dtypes: ClassVar[Mapping[str, type]] = {
        "listener": np.int32,
        "time": np.float64,
        "track": np.int32,
        "liked": np.bool_,
        "saved": np.bool_,
        "came": np.float64,
    }

    listener: I32
    time: F64  # of the play
    track: I32
    liked: Bool
    saved: Bool
    came: F64  # when the signal arrives

    def __len__(self) -> int:
        return len(self.time)


@dataclass(frozen=True, slots=True)
class Day:
    """What `World.turn` publishes when a window ends."""

    plays: Plays  # organic plays of the window
    late: Late  # signals that came in it
    charts: F32  # (T,) decayed plays of everyone
    released: I32  # tracks that come out in the next window
    time: float  # the end of the window, days


class Truth(Protocol):
    """What is hidden, for metrics and oracles only; no agent is ever handed it."""

    @property
    def columns(self) -> Mapping[str, NDArray]:
        """The hidden columns of the population, by name, listeners first."""
        ...

    @property
    def tracks(self) -> Hidden:
        """What only listeners hear of the tracks."""
        ...

    @property
    def utility(self) -> F32:
        """(m, k) appeal of every slot of the last exchange, as it was when it was reached."""
        ...

    @property
    def known(self) -> Bool:
        """(m, k) whether the listener had played the track for 30 s or more before the last exchange."""
        ...

    def appeal(self, listeners: I32, tracks: I32 | None = None) -> F32:
        """(m, c) true utility less noise, mood and session lift, at each listener's own time.

        Args:
            listeners: (m,) rows.
            tracks: (m, c); None: all T.
        """
        ...
