"""A few days of random plays in a world of twelve, kept as records and told play by play, for brute force."""

from dataclasses import dataclass, field

import numpy as np

from simenv.catalogue import Catalogue, Hidden
from simenv.heard import Heard
from simenv.log import Log
from simenv.rng import Key
from simenv.scenarios.metrics.base import Start
from simenv.types import (
    KNOWN,
    LEFT,
    REACHED,
    SKIPPED,
    Day,
    Exchange,
    Feedback,
    Late,
    Plays,
    Request,
    Setting,
    Slate,
)

N, T, K, D = 12, 60, 5, 4  # listeners, tracks, slots, dimensions of sound
KEY = Key.root(7) / "test of metrics"


@dataclass
class FakeTruth:
    """A population that says what it is told to."""

    columns: dict
    tracks: Hidden
    utility: np.ndarray = field(default_factory=lambda: np.empty((0, 0), np.float32))
    known: np.ndarray = field(default_factory=lambda: np.empty((0, 0), bool))
    liking: np.ndarray = field(default_factory=lambda: np.empty((0, 0), np.float32))  # (n, T)

    def appeal(self, listeners, tracks=None):
        every = self.liking[listeners]
        return every if tracks is None else np.take_along_axis(every, tracks, axis=1)


class World:
    """A few days of random plays, kept both as records and as plain lists for brute force."""

    def __init__(self, name="world", days=14, cooldown=0.0):
        key = self.key = KEY / name
        unit = lambda x: (x / np.linalg.norm(x, axis=-1, keepdims=True)).astype(np.float32)  # noqa: E731
        self.micro = key.below(6, np.arange(T), 1)
        sound = unit((key / "sound").bell(np.arange(T)[:, None], np.arange(D)))
        zero = np.zeros(T, np.int32)
        many = 1 + key.below(2, np.arange(T), 2)
        genre = key.below(4, np.arange(T), 3)
        self.genres = [
            [int(g)] if m == 1 else [int(g), int(g + 1) % 4] for g, m in zip(genre, many, strict=True)
        ]
        released = np.full(T, -100.0)
        released[-8:] = np.arange(8) + 2.5
        self.catalogue = Catalogue(
            audio=np.zeros((T, 0), np.float32),
            genre_start=np.append(0, np.cumsum(many)).astype(np.int32),
            genre_ids=np.concatenate(self.genres).astype(np.int32),
            album=zero, artist=key.below(9, np.arange(T), 5), label=zero, group=key.below(3, np.arange(T), 6),
            seconds=np.full(T, 200, np.float32),
            released=released,
            features=(),
        )  # fmt: skip
        taste = unit((key / "taste").bell(np.arange(N)[:, None, None], np.arange(3)[:, None], np.arange(D)))
        weight = (key / "weight").uniform(np.arange(N)[:, None], np.arange(3))
        count = 1 + key.below(3, np.arange(N), 4)
        weight[np.arange(3) >= count[:, None]] = 0.5  # beyond the number of interests: not to be read
        of = weight * (np.arange(3) < count[:, None])
        self.truth = FakeTruth(
            columns={
                "taste": taste,
                "weight": np.where(of > 0, of / of.sum(1, keepdims=True), 0.5).astype(np.float32),
                "interests": count.astype(np.int8),
                "satisfaction": (key / "s").bell(np.arange(N)),
                "discovery": (key / "nu").uniform(np.arange(N)),
                "joined": np.zeros(N),
                "gone": np.full(N, np.inf),
                "bot": (np.arange(N) % 5 == 0).astype(np.int8),
                "target": np.where(np.arange(N) % 5 == 0, 3, -1),
            },
            tracks=Hidden(sound, *[zero] * 5, self.micro, sound[:6], np.full(6, 1 / 6, np.float32)),
            liking=(key / "liking").bell(np.arange(N)[:, None], np.arange(T)),
        )
        self.heard = Heard(N, T)
        self.setting = Setting(self.catalogue, N, K, key / "agent", cooldown, self.heard)
        self.log = Log(N, T)
        self.past = self.plays(0, 400, organic=True)
        self.log.append(self.past)
        self.days = [self._day(d) for d in range(days)]

    def plays(self, day, count, organic=True):
        event = (np.arange(count), 100 + day)
        out = np.flatnonzero(self.catalogue.released <= day)
        skipped = (self.key / "skip").uniform(*event) < 0.4
        flags = np.full(count, REACHED, np.uint8)
        flags |= np.where(skipped, SKIPPED, 0).astype(np.uint8)
        flags |= np.where((self.key / "left").uniform(*event) < 0.2, LEFT, 0).astype(np.uint8)
        flags |= np.where((self.key / "known").uniform(*event) < 0.5, KNOWN, 0).astype(np.uint8)
        seconds = np.where(skipped, 60 * (self.key / "seconds").uniform(*event), 200)
        return Plays(
            time=np.sort((self.key / "time").uniform(*event).astype(np.float64)) + day,
            listener=(self.key / "who").below(N, *event),
            track=out[(self.key / "what").below(len(out), *event)].astype(np.int32),
            visit=np.full(count, -1, np.int32),
            session=np.zeros(count, np.int32),
            slot=np.full(count, -1, np.int8),
            source=np.ones(count, np.uint8),
            propensity=np.full(count, np.nan, np.float32),
            seconds=seconds.astype(np.float32),
            flags=flags,
            activity=np.zeros(count, np.uint8),
            device=np.zeros(count, np.uint8),
        )

    def _wave(self, day, wave):
        chosen = (self.key / "asks").uniform(np.arange(N), day, wave) < 0.7
        rows = np.flatnonzero(chosen).astype(np.int32)
        m = len(rows)
        event = (rows[:, None], np.arange(K), 10 * day + wave)
        luck = (self.key / "slate").uniform(rows[:, None], np.arange(T), 10 * day + wave)
        luck[:, self.catalogue.released > day] = 2
        tracks = np.argsort(luck, axis=1)[:, :K].astype(np.int32)
        reached = np.arange(K) <= (self.key / "reach").below(K, rows, 10 * day + wave)[:, None]
        skipped = reached & ((self.key / "skips").uniform(*event) < 0.5)
        seconds = np.where(skipped, 70 * (self.key / "secs").uniform(*event), 200) * reached
        request = Request(
            rows, np.full(m, day + 0.1 + 0.1 * wave), np.zeros((m, 2), np.float32),
            np.zeros(m, np.int32), np.full(m, 10 * day + wave, np.int32),
        )  # fmt: skip
        feedback = Feedback(reached, seconds.astype(np.float32), skipped, reached[:, -1])
        exchange = Exchange(request, Slate(tracks, np.full((m, K), np.nan, np.float32)), feedback)
        utility = np.take_along_axis(self.truth.liking[rows], tracks, axis=1)
        return exchange, utility, (self.key / "known").uniform(*event) < 0.3

    def _day(self, day):
        late = Late.concat([])
        nothing = np.zeros(T, np.float32)
        news = Day(self.plays(day + 1, 40), late, nothing, np.empty(0, np.int32), day + 2.0)
        return [self._wave(day + 1, wave) for wave in range(8)], news

    def run(self, metric):
        """Rows of every day."""
        metric.begin(Start(self.setting, self.log, self.truth, 1.0))
        rows = []
        for waves, news in self.days:
            for exchange, self.truth.utility, self.truth.known in waves:
                metric.see(exchange, self.truth)
            rows.append(metric.day(news, self.truth))
        return rows

    def slots(self, day):
        """(listener, time, track, slot, reached, seconds, skipped, known, utility) of every slot of a day."""
        for exchange, utility, known in self.days[day][0]:
            f = exchange.feedback
            for row, listener in enumerate(exchange.request.listeners):
                time = exchange.request.time[row]
                for s in range(K):
                    yield (
                        int(listener), time, int(exchange.slate.tracks[row, s]), s, f.reached[row, s],
                        float(f.seconds[row, s]), f.skipped[row, s], known[row, s], float(utility[row, s]),
                    )  # fmt: skip
                    time += f.seconds[row, s] / 86_400

    def recommended(self, day):
        """(listener, time, track) of recommended plays of 30 s and more."""
        return [
            (u, t, i) for u, t, i, _, reached, seconds, *_ in self.slots(day) if reached and seconds >= 30
        ]

    def organic(self, plays):
        """(listener, time, track) of plays of 30 s and more."""
        heard = plays.seconds >= 30
        columns = (plays.listener[heard], plays.time[heard], plays.track[heard])
        return list(zip(*(c.tolist() for c in columns), strict=True))

    def everything(self, days):
        return [h for d in days for h in (*self.recommended(d), *self.organic(self.days[d][1].plays))]
