"""Figures of an evaluation: who finds what was played, and what that costs in variety."""

from __future__ import annotations

import textwrap

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import LogLocator, NullFormatter

from simenv.scenarios._evaluate_board import Board, Entry
from simenv.scenarios._evaluate_split import Seen
from simenv.scenarios._numbers import number
from simenv.scenarios._plots import apart, colour
from simenv.scenarios.metrics.popularity import GROUPS

RULE = {"drop": "Tracks new to the listener only", "keep": "Tracks played before or not"}
"""What --seen means, in words."""

_GREY = "#444444"


def accuracy_figure(board: Board, title: str) -> Figure:
    """NDCG of every agent with its interval, a panel a rule."""
    k = board.ks[0]
    figure, panels = _panels(board, title, "Which recommender finds what was played?")
    for axes, seen in zip(panels, board.seens, strict=True):
        entries = board.of(seen)[::-1]
        for row, entry in enumerate(entries):
            span = entry.means["ndcg", k]
            axes.plot([span.low, span.high], [row, row], color=colour(entry.agent), linewidth=2.5)
            axes.plot(span.mean, row, "D", color=colour(entry.agent), ms=6)
            place = span.high if np.isfinite(span.high) else span.mean
            axes.annotate(
                number(span.mean), (place, row), (6, 0), textcoords="offset points", va="center", fontsize=8
            )
        axes.set_yticks(range(len(entries)), [_short(entry.agent) for entry in entries])
        axes.set_ylim(-0.6, len(entries) - 0.4)
        ends = [np.fmax(e.means["ndcg", k].high, e.means["ndcg", k].mean) for e in entries]
        axes.set_xlim(0, 1.15 * max(*ends, 1e-3))
        axes.set_xlabel(f"NDCG at {k}")
    return figure


def variety_figure(board: Board, title: str) -> Figure:
    """NDCG beside the share of tracks that anybody is shown, a panel a rule."""
    k = board.ks[0]
    figure, panels = _panels(board, title, "What does finding it cost in variety?")
    for axes, seen in zip(panels, board.seens, strict=True):
        entries = board.of(seen)
        points = [(e.means["coverage", k].mean, e.means["ndcg", k].mean) for e in entries]
        for entry, point in zip(entries, points, strict=True):
            axes.plot(*point, "D", color=colour(entry.agent), ms=6, clip_on=False)
        _logarithmic(axes)
        axes.set_ylim(0, 1.1 * max(max(y for _, y in points), 1e-3))
        _name_points(axes, entries, points)
        axes.set_xlabel(f"share of all tracks shown to anybody\namong the first {k}, log scale")
    panels[0].set_ylabel(f"NDCG at {k}")
    return figure


def lift_figure(board: Board, title: str) -> Figure:
    """Popularity lift of every agent by group of listeners, a panel a rule."""
    k = board.ks[0]
    figure, panels = _panels(board, title, "Who is shown music more popular than their own?")
    marks = dict(zip(GROUPS, "osD", strict=True))
    for axes, seen in zip(panels, board.seens, strict=True):
        entries = board.of(seen)[::-1]
        for row, entry in enumerate(entries):
            times = [1 + entry.means[f"lift_{group}", k].mean for group in GROUPS]
            axes.plot([min(times), max(times)], [row, row], color=colour(entry.agent), linewidth=1, alpha=0.5)
            for group, value in zip(GROUPS, times, strict=True):
                axes.plot(value, row, marks[group], color=colour(entry.agent), ms=6)
        axes.axvline(1, color=_GREY, linewidth=0.8)
        _logarithmic(axes)
        axes.set_yticks(range(len(entries)), [_short(entry.agent) for entry in entries])
        axes.set_ylim(-0.6, len(entries) - 0.4)
        axes.set_xlabel("mean plays of what is shown, over the listeners' own, log scale")
    handles = [Line2D([], [], marker=mark, color=_GREY, linestyle="none") for mark in marks.values()]
    figure.legend(handles, GROUPS, loc="outside right upper", fontsize=8, frameon=False, title="listeners")
    return figure


def _name_points(axes: Axes, entries: list[Entry], points: list[tuple[float, float]]) -> None:
    """Write each agent's name to the right of the axes, with a line to its point."""
    low, high = axes.get_ylim()
    order = np.argsort([y for _, y in points], kind="stable")
    heights = apart(np.array([(points[i][1] - low) / (high - low) for i in order]), 0.045)
    for i, height in zip(order, heights, strict=True):
        hue = colour(entries[i].agent)
        line = {"arrowstyle": "-", "color": hue, "lw": 0.6, "shrinkA": 0, "shrinkB": 3, "relpos": (0, 0.5)}
        axes.annotate(
            _short(entries[i].agent),
            points[i],
            (1.03, height),
            textcoords="axes fraction",
            va="center",
            fontsize=8,
            color=hue,
            arrowprops=line,
        )


def _logarithmic(axes: Axes) -> None:
    """A logarithmic x axis with plain numbers."""
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5), numticks=8))
    axes.xaxis.set_major_formatter("{x:g}")
    axes.xaxis.set_minor_formatter(NullFormatter())


def _short(agent: str) -> str:
    return textwrap.shorten(agent, 34, placeholder="...")


def _panels(board: Board, note: str, question: str) -> tuple[Figure, list[Axes]]:
    n = len(board.seens)
    height = 1.7 + 0.32 * max(len(board.of(seen)) for seen in board.seens)
    figure = Figure(figsize=(4.6 * n + (3 if n == 1 else 1), max(height, 3.6)), dpi=130, layout="constrained")
    FigureCanvasAgg(figure)
    panels = list(np.atleast_1d(figure.subplots(1, n)))
    for axes, seen in zip(panels, board.seens, strict=True):
        _plain(axes, seen, n)
    figure.suptitle(question, fontsize=11.5, x=0.01, ha="left")
    figure.supxlabel(note, fontsize=7.5, color=_GREY, x=0.01, ha="left")
    return figure, panels


def _plain(axes: Axes, seen: Seen, panels: int) -> None:
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    axes.grid(True, color="#e6e6e6", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.tick_params(labelsize=9)
    axes.set_title(RULE[seen], fontsize=9.5, loc="left")
