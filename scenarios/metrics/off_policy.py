"""What a log says of an agent that did not write it, beside what is true."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from simenv import _ope, decisions, ope, ope_slates
from simenv.agents.base import Agent
from simenv.scenarios import _estimates, _logged, _replay, _reward_model
from simenv.scenarios._estimates import (
    FIRST,
    SLATES,
    WITH_WRONG,
    WORDS,
    estimates,
    truth_of,
)
from simenv.scenarios._logged import Evidence, Lived, earned, gathered, lived_frozen
from simenv.scenarios.metrics.base import Column, Metric, Start, mean, ratio
from simenv.types import F64, Day, Exchange, Truth

TRUTHS = {"first": "share of first slots finished", "slate": "tracks finished a slate"}
WHERE = {
    "": "on the states in the log",
    "_frozen": "in a loop of its own without learning",
    "_loop": "in a loop of its own",
    "_log": "by the agent that wrote the log",
}


def _columns() -> dict[str, Column]:
    made: dict[str, Column] = {}
    for name, words in TRUTHS.items():
        made |= {name + end: Column(f"{words}, {where}", 1, last=True) for end, where in WHERE.items()}
    for name in (*FIRST, *SLATES):
        made[name] = Column(f"{TRUTHS[truth_of(name)]} as estimated: {WORDS[name]}", last=True)
    for name in WITH_WRONG:
        base, _, how = name.partition("_")
        words = f"{TRUTHS['first']} as estimated: {WORDS[base]}, propensities wrong ({WORDS[how]})"
        made[name] = Column(words, last=True)
    made["ess"] = Column("effective sample size of IPS, share of decisions", 1, last=True)
    made["weight"] = Column("mean weight of IPS, near 1 if the log supports the agent", last=True)
    return made


@dataclass
class OffPolicy(Metric):
    """What the log of the scenario's `logged_by` says of the agent that serves, and what is true of it.

    Before the run that other agent writes a log in a copy of the world. At every decision in it the world is
    asked what an agent like the one that serves, fitted to the warm-up and frozen, would have earned in its
    place: `first` in slot 0, `slate` in all. Estimates know the log and that agent's chances alone. Rows are
    of the days so far; nan for arms that no log can teach.

    - first, slate = truth on the states in the log
    - first_frozen, slate_frozen = truth in a loop of that agent's own in which it never learns again
    - first_loop, slate_loop = truth in the loop of this run, in which it learns
    - first_log, slate_log = what the log itself earned
    - ips ... cascade_dr = estimates of simenv.ope and simenv.ope_slates; models are cross-fitted on all of
      the log
    - ips_uniform ... dr_floored = estimates of `first` with propensities that are not those of the log
    - ess, weight = (sum w)^2 / sum w^2 / decisions, and the mean of w

    Kept beside, in the order of ESTIMATORS: `ope_low` and `ope_high`, 95 % intervals over listeners after the
    last day by Student's t, `ope_wide_low` and `ope_wide_high`, by the bootstrap.

    Args:
        cap: where weights are cut, and from which `switch` asks the model.
        floor: under which no propensity is, where that is what is wrong.
        draws: slates of the agent a decision, over which its truth is a mean.
    """

    cap: float = 20.0
    floor: float = 0.05
    draws: int = 4

    columns: ClassVar[Mapping[str, Column]] = _columns()
    reads = (_estimates, _logged, _replay, _reward_model, _ope, ope, ope_slates, decisions)

    def begin(self, start: Start) -> None:
        self.first_, self.slate_, self.served_ = 0.0, 0.0, 0
        self.days_ = 0
        self.told_: list[dict[str, float]] = []
        self.bounds_: dict[str, F64] = {}
        alone, world, logger, target = start.copy(), start.copy(), start.logger(), start.another()
        if alone is None or world is None or logger is None or target is None:
            return

        def another() -> Agent:
            made = start.another()
            assert made is not None
            return made

        frozen = lived_frozen(alone, start.setting, target, start.days)
        evidence = gathered(world, start.log, start.setting, logger, another, start.days, self.draws)
        self.key_ = key = start.setting.key / "off-policy"
        self.told_ = [self._told(evidence, frozen, day) for day in range(start.days)]
        everything = np.ones(len(evidence.decisions), bool)
        for word, redrawn in (("", None), ("wide_", key / "bootstrap")):
            found = estimates(evidence, everything, self.cap, self.floor, key, redrawn).values()
            self.bounds_[f"ope_{word}low"] = np.array([each.low for each in found])
            self.bounds_[f"ope_{word}high"] = np.array([each.high for each in found])

    def see(self, exchange: Exchange, truth: Truth) -> None:
        first, slate = earned(exchange)
        self.first_ += float(first.sum())
        self.slate_ += float(slate.sum())
        self.served_ += len(first)

    def day(self, news: Day, truth: Truth) -> dict[str, float]:
        row = dict(self.told_[self.days_]) if self.told_ else dict.fromkeys(self.columns, float("nan"))
        self.days_ += 1
        row["first_loop"] = ratio(self.first_, self.served_)
        row["slate_loop"] = ratio(self.slate_, self.served_)
        return row

    def arrays(self) -> dict[str, F64]:
        return self.bounds_

    def _told(self, evidence: Evidence, frozen: Lived, day: int) -> dict[str, float]:
        """All that is known on `day`, but for what the run itself earns."""
        row = dict.fromkeys(self.columns, float("nan"))
        alone = frozen.day <= day
        row["first_frozen"], row["slate_frozen"] = mean(frozen.first[alone]), mean(frozen.slate[alone])
        so_far = evidence.truth.day <= day
        if not so_far.any():
            return row
        log = evidence.decisions
        row["first"] = mean(evidence.truth.first[so_far])
        row["slate"] = mean(evidence.truth.slate[so_far])
        row["first_log"] = mean(log.finished[so_far, 0])
        row["slate_log"] = mean(log.finished[so_far].sum(axis=1))
        found = estimates(evidence, so_far, self.cap, self.floor, self.key_)
        row |= {name: each.value for name, each in found.items()}
        row["ess"] = found["ips"].effective / found["ips"].decisions
        row["weight"] = mean(evidence.target[so_far, 0] / log.propensity[so_far, 0])
        return row
