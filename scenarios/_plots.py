"""Figures: the question as the title, units on axes, bands over worlds, one colour an agent everywhere."""

from __future__ import annotations

import colorsys
import hashlib
import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_hex, to_rgb
from matplotlib.figure import Figure

from simenv.scenarios._stats import interval
from simenv.scenarios.metrics import describe

if TYPE_CHECKING:
    from simenv.scenarios._results import Result

COLOURS = {
    "organic": "#7f7f7f",
    "oracle": "#111111",
    "random": "#b39b6b",
    "popular": "#d62728",
    "trending": "#ff6f61",
    "repeat": "#ff9d2e",
    "content": "#2ca02c",
    "itemknn": "#17becf",
    "userknn": "#0b7a75",
    "als": "#1f5fbf",
    "bpr": "#7a9cff",
    "svd": "#5b3fa8",
    "slopeone": "#c7b020",
    "hierarchy": "#8c564b",
    "trees": "#3d5a1e",
    "hybrid": "#e3479f",
    "ensemble": "#8a0f4f",
    "context": "#00a36c",
    "epsgreedy": "#9467bd",
    "ucb": "#2f4858",
    "thompson": "#e8590c",
    "linucb": "#0f8b8d",
    "lints": "#a4133c",
    "cascade_ucb": "#7cb518",
    "explore": "#b565d8",
    "mmr": "#6bb7e8",
    "calibrated": "#93b52f",
    "xquad": "#d08c60",
    "artist_cap": "#4f6d7a",
    "popularity_penalty": "#f08aa4",
    "fresh": "#54b894",
    "fair": "#9a7b00",
    "robust": "#5f5f9c",
    "private": "#a3a3c8",
    "sb3": "#006d77",
    "slateq": "#1b9e3a",
    "reinforce": "#7b2ff7",
    "vw": "#862e9c",
    "delayed": "#264653",
}
"""One fixed colour an agent in every figure of the project; variants of it get shades of their own."""

_DASHED = {"organic": (0, (4, 2)), "oracle": (0, (1, 1))}
_GREY = "#444444"


def colour(agent: str) -> str:
    """The colour of an agent: that of its expression, whatever it is run beside.

    A variant, `als(factors=64)`, has the hue of its name, a little off, and a lightness of its own; of a name
    without a colour the hue is its own, too.
    """
    if agent in COLOURS:
        return COLOURS[agent]
    name = agent.partition("(")[0]
    turn, shift, light = (byte / 255 for byte in hashlib.blake2b(agent.encode(), digest_size=3).digest())
    hue, _, strength = colorsys.rgb_to_hls(*to_rgb(COLOURS[name])) if name in COLOURS else (turn, 0, 0.6)
    return to_hex(colorsys.hls_to_rgb((hue + 0.12 * (shift - 0.5)) % 1, 0.28 + 0.44 * light, strength))


def curves(result: Result, metric: str) -> Figure:
    """A line an agent over days; the band is the 95 % bootstrap interval over worlds."""
    figure, axes = figure_of(result.scenario.question)
    ends: list[tuple[str, float]] = []
    for agent in result.served:
        values = result.curves(metric, agent)  # (seeds, days)
        days = np.arange(1, values.shape[1] + 1)
        known = np.isfinite(values).any(axis=0)
        if not known.any():
            continue
        spans = [interval(column) for column in values[:, known].T]
        mean = np.array([s.mean for s in spans])
        low, high = (np.array([getattr(s, end) for s in spans]) for end in ("low", "high"))
        style = _DASHED.get(agent, "-")
        marker = "o" if known.sum() == 1 else None
        axes.plot(days[known], mean, color=colour(agent), linewidth=1.6, linestyle=style, marker=marker, ms=4)
        axes.fill_between(days[known], low, high, color=colour(agent), alpha=0.1, linewidth=0)
        ends.append((agent, float(mean[-1])))
    axes.set_xlabel("days since recommendations began")
    axes.set_ylabel(wrapped(describe(metric).words, 46))
    axes.set_xlim(1 if result.scenario.days > 1 else 0.5, result.scenario.days + (result.scenario.days == 1))
    _label(axes, ends)
    seeds = len({o.seed for o in result.outcomes})
    note(figure, f"{size_of(result)}; {_worlds(seeds)}")
    return figure


def differences(result: Result, metric: str, against: str) -> Figure:
    """What each agent does beyond one of them, world by world: bars are 95 % bootstrap intervals."""
    figure, axes = figure_of(result.scenario.question)
    agents = [a for a in result.served if a != against]
    values = result.values(metric)
    agents = [a for a in agents if (values[a] - values[against]).notna().any()]
    for row, agent in enumerate(reversed(agents)):
        apart = (values[agent] - values[against]).dropna().to_numpy()
        span = interval(apart)
        axes.plot(apart, np.full(len(apart), row - 0.2), "o", color=colour(agent), alpha=0.5, ms=4, mew=0)
        if np.isfinite(span.low):
            axes.plot([span.low, span.high], [row, row], color=colour(agent), linewidth=2.5)
        axes.plot(span.mean, row, "D", color=colour(agent), ms=6)
    axes.axvline(0, color=_GREY, linewidth=0.8)
    axes.set_yticks(range(len(agents)), list(reversed(agents)))
    axes.set_ylim(-0.6, max(len(agents), 1) - 0.4)
    axes.set_xlabel(wrapped(f"{describe(metric).words}: difference to {against} in the same world", 70))
    note(figure, f"{size_of(result)}; dots worlds, diamonds means, bars 95 % bootstrap intervals")
    return figure


def figure_of(question: str, panels: int = 1) -> tuple[Figure, Axes]:
    """An empty figure and its first panel, with room to the right, without touching any state of pyplot."""
    figure = Figure(figsize=(8 + 2 * (panels - 1), 4.8), dpi=130, layout="constrained")
    FigureCanvasAgg(figure)
    figure.subplots(1, panels, sharey=True)
    figure.suptitle(wrapped(question, 78), fontsize=11.5, x=0.01, ha="left")
    for axes in figure.axes:
        for side in ("top", "right"):
            axes.spines[side].set_visible(False)
        axes.grid(True, color="#e6e6e6", linewidth=0.6)
        axes.set_axisbelow(True)
        axes.tick_params(labelsize=9)
    return figure, figure.axes[0]


def _label(axes: Axes, ends: Sequence[tuple[str, float]]) -> None:
    """Write each agent's name beside the end of its line, outside the axes, apart where they would touch."""
    if not ends:
        axes.text(0.5, 0.5, "no agent has a value", transform=axes.transAxes, ha="center", color=_GREY)
        return
    low, high = axes.get_ylim()
    order = sorted(ends, key=lambda end: end[1])
    wanted = np.array([(value - low) / (high - low) for _, value in order])
    for (agent, _), at, height in zip(order, wanted, apart(wanted, 0.055), strict=True):
        hue = colour(agent)
        line = {"arrowstyle": "-", "color": hue, "lw": 0.6, "shrinkA": 0, "shrinkB": 0, "relpos": (0, 0.5)}
        axes.annotate(
            textwrap.shorten(agent, 42, placeholder="..."),
            xy=(1, at),
            xycoords="axes fraction",
            xytext=(1.05, height),
            textcoords="axes fraction",
            color=hue,
            fontsize=9,
            va="center",
            annotation_clip=False,
            arrowprops=line,
        )


def apart(wanted: np.ndarray, gap: float) -> np.ndarray:
    """Ascending heights moved as little as needed to be `gap` apart, and within [0, 1] if there is room.

    >>> apart(np.array([0.5, 0.5]), 0.1)
    array([0.45, 0.55])
    """
    if not len(wanted):
        return wanted
    gap = min(gap, 1 / max(len(wanted) - 1, 1))
    steps = gap * np.arange(len(wanted))
    level = wanted - steps  # heights are `gap` apart where this does not fall: what falls is pooled
    blocks: list[list[float]] = []
    for value in level:
        blocks.append([value, 1])
        while len(blocks) > 1 and blocks[-2][0] > blocks[-1][0]:
            (v2, n2), (v1, n1) = blocks.pop(), blocks.pop()
            blocks.append([(v1 * n1 + v2 * n2) / (n1 + n2), n1 + n2])
    smooth = np.repeat([v for v, _ in blocks], [int(n) for _, n in blocks])
    return np.clip(smooth, 0, 1 - steps[-1]) + steps


def note(figure: Figure, text: str) -> None:
    figure.supxlabel(text, fontsize=7.5, color=_GREY, x=0.01, ha="left")


def size_of(result: Result) -> str:
    s = result.scenario
    days = f"{s.days} days after {s.warmup} organic ones"
    return f"{result.name}: {s.listeners:,} listeners, {s.tracks:,} tracks, {days}"


def _worlds(seeds: int) -> str:
    return "one world" if seeds == 1 else f"mean of {seeds} worlds and its 95 % bootstrap interval"


def wrapped(text: str, width: int) -> str:
    return "\n".join(textwrap.wrap(text, width))
