"""The curve of a training: what the policy is worth to new listeners as it learns."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from simenv.face import Face
from simenv.scenarios._plots import apart, colour, figure_of, note
from simenv.scenarios._training import Curve, Plan

UNITS = {
    "completion": "tracks finished",
    "minutes": "minutes listened",
    "graded": "graded reward (finished 1, from 30 s .5, else -1)",
    "likes": "likes",
    "return": "returns within a week",
}
"""What an episode's rewards add up to."""


def draw(plan: Plan, curve: Curve, face: Face, path: Path) -> None:
    """Write the figure of `curve` to `path`."""
    name = plan.algorithm.upper() if len(plan.algorithm) < 6 else plan.algorithm
    figure, axes = figure_of(f"Does {name} learn what listeners like?")
    own = sorted((row for row in curve.rows if row["policy"] == plan.algorithm), key=lambda row: row["steps"])
    most = max((row["steps"] for row in own), default=1)
    scale, word = (1e6, "millions") if most >= 1e6 else (1e3, "thousands")
    steps = np.array([row["steps"] for row in own]) / scale
    hue = colour("sb3")
    axes.fill_between(
        steps, [row["low"] for row in own], [row["high"] for row in own], color=hue, alpha=0.2, lw=0
    )
    axes.plot(steps, [row["mean"] for row in own], color=hue, linewidth=1.8, marker="o", ms=3.5)
    ends = [(name, own[-1]["mean"], hue)] if own else []
    for row in curve.rows:
        if row["policy"] == plan.algorithm:
            continue
        shade = colour(row["policy"])
        axes.axhspan(row["low"], row["high"], color=shade, alpha=0.25, linewidth=0)
        axes.axhline(row["mean"], color=shade, linewidth=1.2)
        ends.append((row["policy"], row["mean"], shade))
    axes.set_xlim(0, most / scale)
    axes.set_xlabel(f"decisions learned from, {word}")
    axes.set_ylabel(f"{UNITS[face.reward]} in {face.horizon} decisions,\nmean over listeners")
    ends.sort(key=lambda end: end[1])
    low, high = axes.get_ylim()
    wanted = np.array([(value - low) / (high - low) for _, value, _ in ends])
    for (word, _, shade), height in zip(ends, apart(wanted, 0.055), strict=True):
        axes.text(1.02, height, word, color=shade, fontsize=9, va="center", transform=axes.transAxes)
    note(
        figure,
        f"{plan.env}, {face.candidates} candidates, seed {plan.seed}; the same {plan.judges:,} listeners, "
        "whom nobody was trained on, judge all; bands: 95 % intervals",
    )
    figure.savefig(path)
