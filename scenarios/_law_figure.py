"""One figure of all laws: a small panel each, what the agents did beside what the law asks of them."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from simenv.scenarios._fact_table import Judgement, Row
from simenv.scenarios._law_list import EXPLORER, HYBRID, WEEK, months
from simenv.scenarios._law_metrics import MONTH
from simenv.scenarios._law_worlds import ALONE, DEEP, LEARNERS, LOYAL, NEW, PLANNER, USUAL, Lived
from simenv.scenarios._plots import colour
from simenv.types import F64

TITLE = "Is this a world worth recommending in?"
_BAND, _INK, _GREY, _MISS, _HOLD = "#cfe8cf", "#222222", "#8a8a8a", "#c0392b", "#2e7d32"
_WIDE = 5  # panels a row
_CLOSED = (*LEARNERS, "repeat", "popular")

Drawer = Callable[[Axes, Sequence[Lived], Sequence[Row]], None]


def figure(judged: Judgement, lived: Sequence[Lived], note: str) -> Figure:
    """All laws of `judged`, drawn from the worlds behind them: means over seeds."""
    wide = min(_WIDE, len(judged.entries))
    tall = -(-len(judged.entries) // wide)
    room = max(wide, 2)  # panels' widths that title and legend have
    drawing = Figure(figsize=(3.3 * room, 2.9 * tall + 1.0), dpi=120)
    FigureCanvasAgg(drawing)
    drawing.set_layout_engine("constrained", w_pad=0.08, h_pad=0.10)
    for place, law in enumerate(judged.entries):
        axes = drawing.add_subplot(tall, wide, place + 1)
        axes.set_title(textwrap.fill(f"{law.label}. {law.title}", 34), fontsize=9.5, loc="left")
        for side in ("top", "right"):
            axes.spines[side].set_visible(False)
        axes.tick_params(labelsize=8)
        rows = judged.of(law.number)
        if any(np.isfinite(row.span.mean) for row in rows):
            _DRAWERS[law.number](axes, lived, rows)
            _verdict(axes, rows)
        else:
            text = textwrap.fill(f"not measured: {rows[0].why}", 30)
            axes.text(
                0.5, 0.5, text, transform=axes.transAxes, ha="center", va="center", fontsize=8, color=_GREY
            )
            axes.set_axis_off()
    drawing.suptitle(TITLE, fontsize=13, x=0.01, ha="left")
    names = dict.fromkeys(agent for one in lived for _, agent in one.outcomes)
    drawing.legend(
        handles=[*(_handle(agent) for agent in names), Patch(color=_BAND, label="what the law asks for")],
        loc="outside lower left",
        alignment="left",
        ncols=min(6, 2 * room),
        fontsize=9,
        title=textwrap.fill(note, 44 * room),
        title_fontsize=9,
        frameon=False,
    )
    return drawing


def _verdict(axes: Axes, rows: Sequence[Row]) -> None:
    """Written above the panel to the right: what all of its rows come to."""
    verdicts = [row.verdict for row in rows]
    word = next((v for v in ("misses", "no verdict") if v in verdicts), "holds")
    hue = {"misses": _MISS, "holds": _HOLD}.get(word, _GREY)
    axes.text(
        1, -0.16, word, transform=axes.transAxes, ha="right", va="top", fontsize=8, color=hue, weight="bold"
    )


def _handle(agent: str) -> Line2D:
    return Line2D([], [], color=colour(agent), linewidth=2, label=agent)


def _mean(curves: Sequence[F64]) -> F64:
    """The mean over seeds, as long as the shortest that is whole."""
    whole = [curve for curve in curves if len(curve) > 1] or [np.full(1, np.nan)]
    size = min(map(len, whole))
    return np.mean([curve[:size] for curve in whole], axis=0)


def _weekly(lived: Sequence[Lived], part: str, whole: str, agent: str, world: str) -> tuple[F64, F64]:
    """Days, and a share by weeks."""
    above, below = (_mean([one.column(name, agent, world) for one in lived]) for name in (part, whole))
    size = max(min(WEEK, len(above)), 1)
    n = len(above) // size * size
    share = above[:n].reshape(-1, size).sum(1) / below[:n].reshape(-1, size).sum(1)
    return size * np.arange(1.0, len(share) + 1), share.astype(np.float64)


def _finished(axes: Axes, lived: Sequence[Lived], agents: Sequence[str], world: str) -> None:
    for agent in agents:
        axes.plot(*_weekly(lived, "completed", "reached", agent, world), color=colour(agent), linewidth=1.6)
    axes.set_xlabel("days", fontsize=8, loc="left")
    axes.set_ylabel("share finished", fontsize=8)


def _room(axes: Axes, lived: Sequence[Lived], rows: Sequence[Row]) -> None:
    _finished(axes, lived, ("oracle", "random"), USUAL)
    least = float(np.mean([one.finished("random") for one in lived]))
    number = rows[0].number
    assert number.low is not None and number.high is not None
    axes.axhspan(least + number.low, least + number.high, color=_BAND, zorder=0)


def _closed(axes: Axes, agents: Sequence[str], lived: Sequence[Lived]) -> None:
    """How much of the room each agent closes, a line an agent, the best on top; a dot a world."""
    values = {agent: [one.closed(agent) for one in lived] for agent in agents}
    order = sorted(agents, key=lambda agent: float(np.mean(values[agent])))
    for height, agent in enumerate(order):
        axes.plot(
            values[agent], np.full(len(lived), height), "o", color=colour(agent), ms=4, alpha=0.5, mew=0
        )
        axes.plot(np.mean(values[agent]), height, "D", color=colour(agent), ms=6)
    axes.set_yticks(range(len(order)), order)
    axes.set_ylim(-0.6, len(order) - 0.4)
    axes.set_xlim(0, 1)
    axes.set_xlabel("share of the room that is closed", fontsize=8, loc="left")


def _order(axes: Axes, lived: Sequence[Lived], rows: Sequence[Row]) -> None:
    _closed(axes, _CLOSED, lived)
    axes.axvspan(rows[-1].number.low or 0, rows[-1].number.high or 1, color=_BAND, zorder=0)


def _floors(axes: Axes, lived: Sequence[Lived], rows: Sequence[Row]) -> None:
    _closed(axes, ("repeat", "popular"), lived)
    heights = {
        text.get_text(): place for text, place in zip(axes.get_yticklabels(), axes.get_yticks(), strict=True)
    }
    for agent, row in zip(("popular", "repeat"), rows, strict=True):
        low, high = row.number.low or 0, row.number.high or 1
        axes.barh(heights[agent], high - low, left=low, height=0.5, color=_BAND, zorder=0)


def _leavers(axes: Axes, lived: Sequence[Lived], rows: Sequence[Row]) -> None:
    for world, style in ((USUAL, "-"), (LOYAL, (0, (2, 1)))):
        for agent in ("oracle", "random"):
            staying = _mean(
                [one.column("staying", agent, world) / one.column("first", agent, world) for one in lived]
            )
            axes.plot(
                np.arange(len(staying)) + 1, staying, color=colour(agent), linestyle=style, linewidth=1.6
            )
    axes.set_xlabel("days", fontsize=8, loc="left")
    axes.set_ylabel("share of listeners left", fontsize=8)
    axes.text(0.04, 0.06, "dashed: churn blind to satisfaction", transform=axes.transAxes, fontsize=7.5)


def _narrowing(axes: Axes, lived: Sequence[Lived], rows: Sequence[Row]) -> None:
    for agent in ("content", "als", "random"):
        topics = _mean([one.column("topics10", agent) for one in lived])[WEEK - 1 :: WEEK]
        axes.plot((np.arange(len(topics)) + 1) * WEEK, topics, color=colour(agent), linewidth=1.6)
    axes.set_xlabel("days", fontsize=8, loc="left")
    axes.set_ylabel("micro-genres in 10 plays", fontsize=8)


def _concentration(axes: Axes, lived: Sequence[Lived], rows: Sequence[Row]) -> None:
    for agent in ("popular", "organic", "random"):
        gini = _mean([one.column("gini", agent) for one in lived])
        axes.plot(np.arange(len(gini)) + 1, gini, color=colour(agent), linewidth=1.6)
    axes.set_xlabel("days", fontsize=8, loc="left")
    axes.set_ylabel("Gini of plays so far", fontsize=8)


def _new_music(axes: Axes, lived: Sequence[Lived], rows: Sequence[Row]) -> None:
    _finished(axes, lived, ("oracle", HYBRID, "als", "popular", "random", EXPLORER), NEW)


def _steadiness(axes: Axes, lived: Sequence[Lived], rows: Sequence[Row]) -> None:
    axes.axhspan(-(rows[0].number.high or 0), rows[0].number.high or 0, color=_BAND, zorder=0)
    hues = ("#1f5fbf", "#d62728", "#2ca02c")
    for hue, (name, _) in zip(hues, months(lived[0]).items(), strict=True):
        values = _mean([months(one)[name] for one in lived])
        days = (np.arange(len(values)) + 1) * MONTH
        axes.plot(days, values / values.mean() - 1, color=hue, linewidth=1.6, marker="o", ms=3)
        axes.annotate(
            name, (days[-1], values[-1] / values.mean() - 1), fontsize=7.5, color=hue, va="bottom", ha="right"
        )
    axes.set_xlabel("days, organic", fontsize=8, loc="left")
    axes.set_ylabel("month / mean - 1", fontsize=8)


def _patience(axes: Axes, lived: Sequence[Lived], rows: Sequence[Row]) -> None:
    days, myopic = _weekly(lived, "listened", "first", "oracle", DEEP)
    _, planned = _weekly(lived, "listened", "first", PLANNER, DEEP)
    axes.axhline(0, color=_INK, linewidth=0.8)
    axes.plot(days, planned - myopic, color=colour(PLANNER), linewidth=1.6)
    axes.set_xlabel("days", fontsize=8, loc="left")
    axes.set_ylabel("minutes: planner less oracle", fontsize=8)


def _hindsight(axes: Axes, lived: Sequence[Lived], rows: Sequence[Row]) -> None:
    agents = ("popular", "als")
    values = [[float(one.column(f"ndcg_{agent}", "organic", ALONE)[-1]) for one in lived] for agent in agents]
    for height, (agent, each) in enumerate(zip(agents, values, strict=True)):
        axes.barh(height, np.mean(each), color=colour(agent), height=0.5)
        axes.plot(each, np.full(len(each), height), "o", color=_INK, ms=3)
    axes.axvspan(
        (rows[0].number.low or 0) * float(np.mean(values[0])), axes.get_xlim()[1], color=_BAND, zorder=0
    )
    axes.set_yticks(range(len(agents)), agents)
    axes.set_xlabel("NDCG@10 on new tracks", fontsize=8, loc="left")


_DRAWERS: Mapping[int, Drawer] = {
    1: _room,
    2: _order,
    3: _floors,
    4: _leavers,
    5: _narrowing,
    6: _concentration,
    7: _new_music,
    8: _steadiness,
    9: _patience,
    10: _hindsight,
}
