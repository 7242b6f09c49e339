"""Portraits of listeners: how response modes and segments skip, repeat and stay.

Draws docs/figures/portraits.png:
    python benchmarks/portraits.py [--listeners 1000] [--days 30] [--out docs/figures/portraits.png]

Each mode and each segment lives in a world of its own, seed 0, after 30 organic days, with `als` serving 35 %
of sessions. Modes are measured on recommended sessions, segments on all.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from simenv.agents import load
from simenv.scenarios._loop import live
from simenv.scenarios.build import make_world
from simenv.types import F64, KNOWN, SKIPPED, Plays
from simenv.users.params import ListenerParams
from simenv.users.presets import preset

SECONDS = np.arange(0, 181, 3)
LENGTHS = np.arange(1, 41)
WARM_UP = 30
MODES: Mapping[str, tuple[str, int]] = {
    "queue of 10": ("queue", 10),
    "radio": ("queue", 1),
    "shelf of 10": ("shelf", 10),
    "carousel of 10": ("carousel", 10),
}
"""How slates are answered, and how long they are."""
SEGMENTS = ("mainstream", "niche", "explorer", "loyalist", "background")
COLOURS: Mapping[str, tuple[str, ...]] = {
    "modes": ("#264653", "#2a9d8f", "#8ab17d", "#c9b458"),
    "segments": ("#e76f51", "#f2a45c", "#6d597a", "#c0577b", "#3f7cac"),
}
"""None of them an agent's colour, none of them twice."""


@dataclass(frozen=True)
class Portrait:
    """What a crowd does."""

    skipped: F64  # share of plays skipped within SECONDS
    repeats: float  # share of plays of tracks that the listener had heard before
    lengths: F64  # share of sessions of at least LENGTHS tracks


def portrait(plays: Plays) -> Portrait:
    """The portrait of whoever made these plays."""
    early = np.sort(plays.seconds[plays.has(SKIPPED)])
    _, tracks = np.unique(np.stack([plays.listener, plays.session]), axis=1, return_counts=True)
    return Portrait(
        skipped=np.searchsorted(early, SECONDS, side="right") / len(plays),
        repeats=float(plays.has(KNOWN).mean()),
        lengths=(tracks[:, None] >= LENGTHS).mean(axis=0),
    )


def lived(
    listener: ListenerParams, response: str, slate_size: int, listeners: int, tracks: int, days: int
) -> Plays:
    """All plays after the warm-up, in a world in which `als` serves."""
    world = make_world(listeners, tracks, seed=0, listener=listener, response=response)
    world.warm_up(WARM_UP)
    setting = world.setting(slate_size)
    agent = load("als")
    agent.begin(setting)
    for _ in live(world, agent, setting, days):
        pass
    assert world.log is not None
    plays = Plays.concat(list(world.log.parts()))
    return plays.rows(plays.time >= WARM_UP)


def drawn(rows: Mapping[str, Mapping[str, Portrait]]) -> Figure:
    """A row of panels for each group of portraits, a colour for each of them."""
    figure = Figure(figsize=(12, 7.2), dpi=120, layout="constrained")
    figure.suptitle("How they skip, repeat and stay", fontsize=14, fontweight="bold", x=0.01, ha="left")
    panels = figure.subplots(len(rows), 3, squeeze=False, gridspec_kw={"width_ratios": [1.2, 0.9, 1.2]})
    for (title, people), (skip, repeat, length) in zip(rows.items(), panels, strict=True):
        for (name, seen), colour in zip(people.items(), COLOURS[title], strict=True):
            skip.plot(SECONDS, 100 * seen.skipped, color=colour, label=name, lw=1.8)
            length.plot(LENGTHS, 100 * seen.lengths, color=colour, lw=1.8)
            repeat.plot(100 * seen.repeats, name, "o", color=colour, ms=8)
        _dress(skip, f"{title}: skipped by then", "seconds into the track", "% of plays")
        _dress(repeat, "heard before", "% of plays", "")
        _dress(length, "session goes on", "tracks", "% of sessions this long")
        skip.set(xlim=(0, 180), ylim=(0, None), xticks=range(0, 181, 30))
        skip.legend(frameon=False, fontsize=9, loc="lower right")
        repeat.set(xlim=(0, 100), ylim=(len(people) - 0.5, -0.5))
        repeat.grid(axis="y", color="#dddddd")
        length.set(yscale="log", xlim=(1, 40), ylim=(1, 100), xticks=[1, 10, 20, 30, 40])
        length.set_yticks([1, 3, 10, 30, 100], labels=["1", "3", "10", "30", "100"])
    return figure


def _dress(axes: Axes, title: str, x: str, y: str) -> None:
    axes.set_title(title, fontsize=11, loc="left")
    axes.set(xlabel=x, ylabel=y)
    axes.spines[["top", "right"]].set_visible(False)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--listeners", type=int, default=1_000)
    parser.add_argument("--tracks", type=int, default=6_000)
    parser.add_argument("--days", type=int, default=30)
    parser.add_argument("--out", type=Path, default=Path("docs/figures/portraits.png"))
    asked = parser.parse_args()
    size = (asked.listeners, asked.tracks, asked.days)
    modes = {}
    for name, (response, slots) in MODES.items():
        plays = lived(ListenerParams(), response, slots, *size)
        modes[name] = portrait(plays.rows(plays.visit >= 0))
    segments = {name: portrait(lived(preset(name), "queue", 10, *size)) for name in SEGMENTS}
    drawn({"modes": modes, "segments": segments}).savefig(asked.out)
    for name, seen in (modes | segments).items():
        half_minute = float(np.interp(30, SECONDS, seen.skipped))
        mean = 1 + float(seen.lengths[1:].sum())
        print(f"{name:15} skipped in 30 s {half_minute:.2f}  repeats {seen.repeats:.2f}  tracks {mean:.1f}")


if __name__ == "__main__":
    main()
