"""One figure of all facts: a small panel each, our listeners against published points and bands."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from simenv.scenarios._fact_list import Entry
from simenv.scenarios._fact_table import Judgement, Row
from simenv.scenarios._numbers import number
from simenv.scenarios._plots import colour
from simenv.users.activities import HOUR_WEIGHTS

TITLE = "What is published about listening, and what these listeners do"
_BAND, _INK, _GREY = "#cfe8cf", "#222222", "#8a8a8a"
_WIDE = 5  # panels a row
_END = 300.0  # seconds: where "before the end" is drawn

Drawer = Callable[["Panel"], None]


class Panel:
    """One fact being drawn: its axes, rows and curves."""

    def __init__(self, axes: Axes, fact: Entry, judged: Judgement, hue: str) -> None:
        self.axes, self.fact, self.hue = axes, fact, hue
        self.rows: list[Row] = judged.of(fact.number)
        self.ours, self.organic = judged.curves.get(fact.number), judged.organic.get(fact.number)

    def lines(self, x_label: str, y_label: str) -> None:
        """Our curve over the organic one."""
        if self.organic is not None:
            self.axes.plot(*self.organic, color=_GREY, linewidth=1.1, linestyle=(0, (4, 2)), zorder=2)
        if self.ours is not None:
            marker = "D" if len(self.ours[0]) == 1 else None
            self.axes.plot(*self.ours, color=self.hue, linewidth=1.7, marker=marker, ms=5, zorder=3)
        self.axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
        self.axes.set_xlabel(x_label, fontsize=8)
        self.axes.set_ylabel(y_label, fontsize=8)

    def points(self, places: Sequence[float], rows: Sequence[Row]) -> None:
        """Published points of `rows` with their bands, at these places of the curve."""
        for place, row in zip(places, rows, strict=True):
            low, high = row.number.low, row.number.high
            assert low is not None and high is not None
            self.axes.plot(
                [place, place], [low, high], color=_BAND, linewidth=6, solid_capstyle="butt", zorder=1
            )
            published = _point(row)
            if published is not None:
                self.axes.plot(place, published, "o", color=_INK, ms=4, mfc="white", zorder=4)


def figure(judged: Judgement, served: str, note: str) -> Figure:
    """All facts of `judged`; `served` is what our curve is called."""
    wide = min(_WIDE, len(judged.entries)) if len(judged.entries) > 6 else min(3, len(judged.entries))
    tall = -(-len(judged.entries) // wide)
    drawing = Figure(figsize=(3.3 * max(wide, 2), 2.75 * tall + 1.0), dpi=120)
    FigureCanvasAgg(drawing)
    drawing.set_layout_engine("constrained", w_pad=0.08, h_pad=0.10)
    hue = colour(served)
    for place, fact in enumerate(judged.entries):
        axes = drawing.add_subplot(tall, wide, place + 1)
        _dress(axes, fact)
        panel = Panel(axes, fact, judged, hue)
        if any(np.isfinite(row.span.mean) for row in panel.rows) or panel.ours is not None:
            _DRAWERS.get(fact.number, _values)(panel)
        else:
            text = textwrap.fill(f"not measured: {panel.rows[0].why}", 30)
            axes.text(
                0.5, 0.5, text, transform=axes.transAxes, ha="center", va="center", fontsize=8, color=_GREY
            )
            axes.set_axis_off()
    drawing.suptitle(TITLE, fontsize=13, x=0.01, ha="left")
    drawing.legend(
        handles=_legend(judged, served, hue),
        loc="outside lower left",
        alignment="left",
        ncols=4,
        fontsize=9,
        title=note,
        title_fontsize=9,
        frameon=False,
    )
    return drawing


def _dress(axes: Axes, fact: Entry) -> None:
    axes.set_title(textwrap.fill(f"{fact.number}. {fact.title}", 34), fontsize=9.5, loc="left")
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    axes.tick_params(labelsize=7.5)
    axes.grid(True, color="#eeeeee", linewidth=0.6)
    axes.set_axisbelow(True)


def _legend(judged: Judgement, served: str, hue: str) -> list[Line2D | Patch]:
    handles: list[Line2D | Patch] = [Line2D([], [], color=hue, linewidth=1.7, marker="D", ms=5, label=served)]
    if any(row.organic is not None for row in judged.rows):
        dashes = (0, (4, 2))
        handles.append(Line2D([], [], color=_GREY, linestyle=dashes, marker="|", ms=8, label="organic only"))
    handles.append(Line2D([], [], color=_INK, marker="o", mfc="white", linestyle="", ms=5, label="published"))
    handles.append(Patch(color=_BAND, label="band"))
    return handles


def _skips(panel: Panel) -> None:
    panel.lines("seconds played", "share skipped by then")
    panel.points([5, 10, 30, _END], panel.rows)
    panel.axes.set_xscale("symlog", linthresh=30, linscale=1.4)
    panel.axes.set_xticks([0, 5, 10, 20, 30, 100, _END], ["0", "5", "10", "20", "30", "100", "end"])
    panel.axes.set_ylim(0, None)


def _long_skips(panel: Panel) -> None:
    panel.lines("seconds played", "share skipped by then")
    panel.points([6, 23, 177], panel.rows)
    panel.axes.set_ylim(0, None)


def _early(panel: Panel) -> None:
    panel.lines("position in the session", "skips over those at 4-20")
    panel.points([1, 2], panel.rows)


def _lengths(panel: Panel) -> None:
    panel.lines("after track", "share of sessions that end")
    panel.points([10, 19], panel.rows[1:])


def _repeats(panel: Panel) -> None:
    (row,) = panel.rows
    panel.axes.axhspan(row.number.low or 0, row.number.high or 1, color=_BAND, zorder=0)
    panel.lines("day", "repeats, by 30 days")
    panel.axes.set_ylim(0, 1)


def _exposure(panel: Panel) -> None:
    panel.axes.axvspan(panel.rows[0].number.low or 0, panel.rows[0].number.high or 1, color=_BAND, zorder=0)
    panel.lines("plays, one a day", "F: what they add to appeal")
    if panel.ours is not None:
        half = float(np.max(panel.ours[1])) / 2
        panel.axes.axhline(half, color=_INK, linewidth=0.8, linestyle=":")
        panel.axes.text(59, half, "half the peak", fontsize=7.5, ha="right", va="bottom")


def _artists(panel: Panel) -> None:
    panel.lines("rank of the artist", "share of plays")
    panel.axes.set_xscale("log")
    panel.axes.set_yscale("log")
    if panel.ours is None:
        return
    rank, share = panel.ours
    known = (rank >= 10) & np.isfinite(share)
    if known.any():
        start = np.flatnonzero(known)[0]
        line = share[start] * (rank[known] / rank[start]) ** -0.99
        panel.axes.plot(rank[known], line, color=_INK, linewidth=1, linestyle=":")
        panel.axes.text(
            0.04, 0.06, "dotted: published slope, -.99", transform=panel.axes.transAxes, fontsize=7.5
        )


def _quarters(panel: Panel) -> None:
    apart = panel.rows[0].number
    panel.axes.plot([1, 1], [apart.low or 0, apart.high or 1], color=_BAND, linewidth=6, zorder=1)
    panel.lines("quarters apart", "total variation of genre shares")
    panel.axes.set_xticks(range(1, 6))


def _churn(panel: Panel) -> None:
    if panel.ours is None:
        return _values(panel)
    (row,) = panel.rows
    days = panel.ours[0]
    high, low = ((1 - (rate or 0)) ** (days / 30) for rate in (row.number.low, row.number.high))
    panel.axes.fill_between(days, low, high, color=_BAND, linewidth=0, zorder=0)
    panel.lines("days", "share of listeners still here")


def _hours(panel: Panel) -> None:
    template = np.array(HOUR_WEIGHTS) / sum(HOUR_WEIGHTS)
    panel.axes.plot(np.arange(24), template, color=_INK, linewidth=1, linestyle=":")
    panel.lines("hour of the day", "share of sessions")
    panel.axes.text(0.35, 0.06, "dotted: template", transform=panel.axes.transAxes, fontsize=7.5)
    panel.axes.set_xticks([0, 6, 12, 18, 23])
    panel.axes.set_ylim(0, 1.3 * max(panel.axes.get_ylim()))
    if np.isfinite(arousal := panel.rows[1].span.mean):
        text = f"arousal, 10-17 h less 23-04 h: {number(arousal, sign=True)}"
        panel.axes.text(0.02, 0.97, text, transform=panel.axes.transAxes, fontsize=7.5, va="top")


def _values(panel: Panel) -> None:
    """Numbers without a curve: a line each, the band as a bar."""
    axes, heights = panel.axes, range(len(panel.rows))[::-1]
    for height, row in zip(heights, panel.rows, strict=True):
        low, high = row.number.low, row.number.high
        seen = [row.span.mean, row.organic.mean if row.organic else np.nan, low, high]
        reach = max((abs(v) for v in seen if v is not None and np.isfinite(v)), default=0.1)
        left, right = (low if low is not None else -reach), (high if high is not None else 1.3 * reach or 0.1)
        axes.barh(height, right - left, left=left, height=0.3, color=_BAND, zorder=1)
        published = _point(row)
        if published is not None:
            axes.plot(published, height, "o", color=_INK, ms=5, mfc="white", zorder=4)
        if row.organic is not None and np.isfinite(row.organic.mean):
            axes.plot(row.organic.mean, height, "|", color=_GREY, ms=14, mew=1.8, zorder=3)
        if np.isfinite(row.span.mean):
            axes.plot(row.span.mean, height, "D", color=panel.hue, ms=5, zorder=5)
            if np.isfinite(row.span.low):
                axes.plot(
                    [row.span.low, row.span.high], [height, height], color=panel.hue, linewidth=1.7, zorder=4
                )
        words = textwrap.fill(row.number.words, 44)
        axes.annotate(
            words, (0.0, height + 0.22), xycoords=("axes fraction", "data"), fontsize=7.5, va="bottom"
        )
    axes.set_yticks([])
    axes.locator_params(axis="x", nbins=6)
    axes.spines["left"].set_visible(False)
    axes.set_ylim(-0.5, len(panel.rows) - 0.25)
    axes.margins(x=0.1)


def _point(row: Row) -> float | None:
    """The published number, where it is one."""
    try:
        return float(row.number.published)
    except ValueError:
        return None


_DRAWERS: Mapping[int, Drawer] = {
    1: _skips,
    2: _long_skips,
    3: _early,
    6: _lengths,
    7: _repeats,
    8: _exposure,
    9: _artists,
    10: _quarters,
    11: _churn,
    12: _hours,
}
"""Panels with a curve; other facts are shown as values."""
