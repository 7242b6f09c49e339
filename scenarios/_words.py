"""What a result says, in words and short numbers: the sentence that answers, the notes under the table."""

from __future__ import annotations

import math

from simenv.scenarios._agreement import agreement
from simenv.scenarios._arms import known_by_name
from simenv.scenarios._numbers import number, spanned
from simenv.scenarios._results import Result
from simenv.scenarios.base import REFERENCES
from simenv.scenarios.metrics import describe

AGAINST = "popular"
"""What a recommender has to beat."""


def answer(result: Result) -> str:
    """The question answered in one sentence, with numbers."""
    metric = result.scenario.primary
    column = describe(metric)
    means = {a: result.mean(metric, a) for a in result.served}
    means = {a: m for a, m in means.items() if math.isfinite(m.mean)}
    agents = sorted((a for a in means if a not in ("organic", "oracle")), key=lambda a: means[a].mean)
    if not agents:
        return f"`{metric}` ({column.words}) is known of no agent: give it more days."
    low, high = agents[0], agents[-1]
    text = f"After {result.scenario.days} days `{metric}` ({column.words}) "
    if low == high:
        text += f"is {spanned(means[low])} under `{low}`"
    else:
        text += f"ranges from {spanned(means[low])} under `{low}` to {spanned(means[high])} under `{high}`"
    beside = []
    if "oracle" in means:
        beside.append(f"`oracle`, which sees true tastes, comes to {number(means['oracle'].mean)}")
    if "organic" in means:
        beside.append(f"without recommendations it is {number(means['organic'].mean)}")
    text += f" ({'; '.join(beside)})" if beside else ""
    best = low if column.better < 0 else high
    if AGAINST in agents and best != AGAINST:
        apart = result.compare(metric, best, AGAINST).difference
        text += f"; in the same worlds `{best}` differs from `{AGAINST}` by {spanned(apart, sign=True)}"
    return text + "."


def surface(result: Result) -> str:
    """The world and where recommendations appear, in words."""
    s = result.scenario
    tracks = f"{s.tracks:,} tracks" + (f" of {s.catalogue.name}" if s.catalogue else "")
    days = f"{s.warmup} organic days and then {s.days} with recommendations"
    worlds = f"{s.seeds} {'world' if s.seeds == 1 else 'worlds'}"
    return f"{s.listeners:,} listeners, {tracks}, {days}, {worlds}; {s.surface}."


def notes(result: Result) -> list[str]:
    """What a reader of the table must know."""
    lines = ["Means over worlds; in brackets the 95 % bootstrap interval over worlds."]
    if result.scenario.seeds == 1:
        lines = ["One world only: no interval can be given."]
    if result.scenario.assumed:
        lines.append(f"Assumed, not found: a world made to show it, in which {result.scenario.assumed}.")
    marked = [a for a in result.served if unbeaten(result, a)]
    if marked:
        names = ", ".join(f"`{a}`" for a in marked)
        lines.append(f"† does not beat `{AGAINST}` on `{yardstick(result)}`: {names}.")
    practised = [a for a, made in known_by_name(result.served).items() if "practice" in made.needs]
    if practised:
        names = ", ".join(f"`{a}`" for a in practised)
        lines.append(f"Learned in other simulated worlds of this kind before they served: {names}.")
    silent = [m for m in result.scenario.shown if m not in result.shown]
    if silent:
        lines.append(f"Nothing to measure for {', '.join(f'`{m}`' for m in silent)}.")
    missing = [a for a in REFERENCES if a not in result.served]
    if math.isinf(result.scenario.cooldown) and "repeat" in missing:
        missing.remove("repeat")  # it has nothing to say where only new music counts
    if missing:
        names = ", ".join(f"`{a}`" for a in missing)
        lines.append(f"Reference arms that are missing here: {names}.")
    lines += agreement(result)
    lines += [f"Left out: `{agent}` {why}." for agent, why in result.skipped.items()]
    return [line for text in lines for line in (text, "")][:-1]


def yardstick(result: Result) -> str:
    """What agents are held to: the primary metric; `finished` where more of it is neither good nor bad."""
    primary = result.scenario.primary
    measured = "finished" in result.scenario.columns_measured
    return "finished" if measured and not describe(primary).better else primary


def unbeaten(result: Result, agent: str) -> bool:
    """Whether a learner does not do better than `popular` on the yardstick, as far as intervals tell."""
    metric = yardstick(result)
    better = describe(metric).better
    if not better or agent in REFERENCES or AGAINST not in result.served:
        return False
    apart = result.compare(metric, agent, AGAINST).difference
    if math.isfinite(apart.low):
        return not (apart.above if better > 0 else apart.below)
    return not apart.mean * better > 0
