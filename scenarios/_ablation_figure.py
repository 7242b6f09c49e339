"""The figure of the ablation: how plays concentrate in kinds of worlds, over days and by rank."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter
from numpy.typing import NDArray

from simenv.scenarios._plots import apart
from simenv.types import F64


@dataclass(frozen=True)
class Lived:
    """How plays of 30 s and more concentrate in one organic world."""

    days: NDArray  # (w,) each the end of a window of some weeks
    tracks: F64  # (w,) Gini index of its plays over tracks that are out
    artists: F64  # (w,) share of the 30 most played artists
    ranked: F64  # (A,) share of each artist played in the last window, most played first


Kind = tuple[str, str, Sequence[Lived]]
"""What a kind of world is called, its colour, and its worlds."""


def draw(kinds: Sequence[Kind], note: str) -> Figure:
    """Concentration over days, of tracks and of artists, and the shares of artists by rank."""
    figure = Figure(figsize=(11, 4.3), dpi=130, layout="constrained")
    FigureCanvasAgg(figure)
    over_tracks, over_artists, by_rank = figure.subplots(1, 3)
    figure.suptitle("Is popularity emergent?", fontsize=11.5, x=0.01, ha="left")
    for axes, name, label in (
        (over_tracks, "tracks", "Gini index of tracks' plays"),
        (over_artists, "artists", "share of plays of the top 30 artists"),
    ):
        ends = []
        for words, colour, worlds in kinds:
            _line(axes, colour, worlds[0].days, [getattr(one, name) for one in worlds])
            ends.append((float(np.mean([getattr(one, name)[-1] for one in worlds])), words, colour))
        axes.set_xlim(right=kinds[0][2][0].days[-1])
        axes.set_ylim(bottom=0)
        axes.set_xlabel("day")
        axes.set_ylabel(label)
        _label(axes, ends)
    by_rank.set(xscale="log", yscale="log", xlabel="rank of the artist", ylabel="share of plays")
    by_rank.xaxis.set_major_formatter(FuncFormatter(lambda rank, _: f"{rank:,.0f}"))
    for axes in (over_artists, by_rank):
        axes.yaxis.set_major_formatter(FuncFormatter(lambda share, _: f"{100 * share:g} %"))
    for _, colour, worlds in kinds:
        ranks = np.arange(1, min(len(one.ranked) for one in worlds) + 1)
        _line(by_rank, colour, ranks, [one.ranked[: len(ranks)] for one in worlds])
    figure.supxlabel(note, fontsize=7.5, color="#444444", x=0.01, ha="left")
    return figure


def _line(axes: Axes, colour: str, x: NDArray, worlds: Sequence[F64]) -> None:
    """The mean over worlds, in a band from the least to the most."""
    axes.plot(x, np.mean(worlds, axis=0), color=colour, linewidth=1.7)
    axes.fill_between(
        x, np.min(worlds, axis=0), np.max(worlds, axis=0), color=colour, alpha=0.15, linewidth=0
    )
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    axes.grid(True, color="#e6e6e6", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.tick_params(labelsize=9)


def _label(axes: Axes, ends: Sequence[tuple[float, str, str]]) -> None:
    """What each line is called, in its colour, beside its end; where they would touch, apart."""
    low, high = axes.get_ylim()
    order = sorted(ends)
    wanted = np.array([(end - low) / (high - low) for end, _, _ in order])
    for (_, words, colour), height in zip(order, apart(wanted, 0.055), strict=True):
        axes.text(1.02, height, words, color=colour, fontsize=9, va="center", transform=axes.transAxes)
