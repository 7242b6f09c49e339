"""SlateQ (Ie et al., 2019) in its own world: slates that look ahead earn more than myopic ones.

python -m simenv.scenarios.findings.ie2019

MYOP looks at the minutes of the video watched alone, SARSA ahead to the slate shown next, QL (Q-learning) to
the one worth most, as its training optimiser finds it: top-k (TT), greedy (GT), optimal (OT). Slates are
served by top-k (TS), greedily (GS) or optimally (OS). The learners stand in `_slate_learners`, the world in
`_interest_evolution`.

Source: Ie et al., IJCAI 2019 (arXiv:1905.12767).
Departs:
    1. Q is linear, a level a topic and a slope an interest, fitted by least-squares temporal differences
       (Lagoudakis & Parr, JMLR 2003) that forget; the paper: a deep network, by its stochastic gradients.
    2. Discount .99, a tenth of the slates by chance in training; the paper's are not known to us.
    3. Which of the choice rules of RecSim the paper used is not known to us either: the logit with a logit of
       1 for watching nothing was chosen of four because Random earns what it does in the paper. That level is
       thus no evidence; the order of the others is.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import tyro

from simenv.errors import UsageError
from simenv.rng import Key
from simenv.scenarios._results import write_json
from simenv.scenarios._stats import Interval, resampled
from simenv.scenarios.findings._claims import Row, Verdict, report, verdict
from simenv.scenarios.findings._slate_learners import Policy, by_best, by_greed, by_top, judge, learn
from simenv.types import F64

NAME = "ie2019"
TITLE = "SlateQ: do slates that look ahead earn more than myopic ones?"
PUBLISHED = {
    Policy("Random", by_top, discount=0, chance=1): (159.2, -0.5929),
    Policy("MYOP-TS", by_top, discount=0): (166.3, -0.5428),
    Policy("MYOP-GS", by_greed, discount=0): (166.3, -0.5475),
    Policy("SARSA-TS", by_top): (168.4, -0.4908),
    Policy("SARSA-GS", by_greed): (172.1, -0.3876),
    Policy("QL-TT-TS", by_top, by_top): (168.4, -0.4931),
    Policy("QL-GT-GS", by_greed, by_greed): (172.9, -0.3772),
    Policy("QL-OT-TS", by_top, by_best): (169.0, -0.4905),
    Policy("QL-OT-GS", by_greed, by_best): (173.8, -0.3408),
    Policy("QL-OT-OS", by_best, by_best): (174.6, -0.3056),
    Policy("SARSA-GS, nothing valued too", by_greed, nothing=True): (np.nan, np.nan),
}
"""Minutes that a user watches, and the mean quality of videos watched."""
REMARKS = (
    "In brackets 95 % bootstrap intervals over users, the same for all policies, and training runs. A claim"
    " replicates if all of its interval lies where the claim is true. The one on Random is assumed, not"
    " found: of four choice rules the one was taken under which it holds. The others are on signs: how much"
    " is gained stands beside what is published, and is not claimed.",
    "Quality is that of all videos watched together: users who stay longer count for more.",
    "The last policy is not in the paper. The learners of the authors' RecSim, and so those above, count what"
    " comes after watching nothing as worth 0, though users go on. The last one learns what it is worth.",
)


@dataclass(frozen=True)
class Claim:
    """That what one policy reaches, less what another does, lies in [least, most]."""

    words: str
    of: str
    against: str = ""  # nobody: the value itself
    what: str = "minutes"
    least: float = 0.0
    most: float = np.inf

    def of_all(self, values: F64) -> F64:
        """Of `values` (p, ...) of all policies, the one that is claimed something of."""
        names = [policy.name for policy in PUBLISHED]
        own = values[names.index(self.of)]
        return own - values[names.index(self.against)] if self.against else own


CLAIMS = (
    Claim("Random's return, within 1 % (assumed)", "Random", least=159.2 * 0.99, most=159.2 * 1.01),
    Claim("MYOP-TS earns more than Random", "MYOP-TS", "Random"),
    Claim("SARSA-TS earns more than MYOP-TS", "SARSA-TS", "MYOP-TS"),
    Claim("SARSA-GS earns more than SARSA-TS", "SARSA-GS", "SARSA-TS"),
    Claim("QL-TT-TS earns more than MYOP-TS", "QL-TT-TS", "MYOP-TS"),
    Claim("QL-TT-TS earns as much as SARSA-TS, but for half a minute", "QL-TT-TS", "SARSA-TS", least=-0.5),
    Claim("QL-GT-GS earns more than SARSA-GS", "QL-GT-GS", "SARSA-GS"),
    Claim("QL-OT-GS earns more than QL-OT-TS", "QL-OT-GS", "QL-OT-TS"),
    Claim("QL-OT-OS earns more than QL-OT-GS", "QL-OT-OS", "QL-OT-GS"),
    Claim("MYOP-TS: better videos than Random", "MYOP-TS", "Random", what="quality"),
    Claim("SARSA-TS: better videos than Random", "SARSA-TS", "Random", what="quality"),
    Claim("SARSA-GS: better videos than SARSA-TS", "SARSA-GS", "SARSA-TS", what="quality"),
)


def run(users: int = 5_000, seed: int = 0, runs: int = 5) -> list[Row]:
    """Train each policy `runs` times, judge it on the same users, and hold it against the paper.

    Intervals are bootstraps over users and training runs, all policies being drawn together. Rows without a
    verdict are levels, those with one the claims.
    """
    key = Key.root(seed) / NAME
    found = np.empty((len(PUBLISHED), 3, runs, users))
    for p, policy in enumerate(PUBLISHED):
        for r in range(runs):
            luck = key / f"run {r}"
            found[p, :, r] = judge(policy, learn(policy, luck), key / "judged", luck, users)
    drawn = resampled(found.reshape(-1, runs, users)).reshape(len(PUBLISHED), 3, -1)
    every = np.concatenate([found.mean(axis=(2, 3))[:, :, None], drawn], axis=2)  # the mean, then draws
    reached = {"minutes": every[:, 0], "quality": every[:, 1] / every[:, 2]}
    rows = []
    for what, values in reached.items():
        for policy, published, one in zip(PUBLISHED, _published(what), values, strict=True):
            rows.append(_row(f"{what}: {policy.name}", published, _span(one)))
    for claim in CLAIMS:
        span = _span(claim.of_all(reached[claim.what]))
        said = verdict(span, claim.least, claim.most)
        rows.append(_row(claim.words, float(claim.of_all(_published(claim.what))), span, said))
    return rows


def _published(what: str) -> F64:
    """(p,) of each policy, minutes or quality."""
    return np.array([values[what == "quality"] for values in PUBLISHED.values()])


def _row(words: str, published: float, span: Interval, said: Verdict = "") -> Row:
    return Row(NAME, "faithful", words, float(published), span.mean, span.low, span.high, said)


def _span(values: F64) -> Interval:
    """Of a mean and its draws."""
    low, high = np.quantile(values[1:], [0.025, 0.975])
    return Interval(float(values[0]), float(low), float(high))


@dataclass(frozen=True, kw_only=True)
class Asked:
    """Make the returns of SlateQ's paper again."""

    users: int = 5_000
    """Users that each policy is judged on."""
    runs: int = 5
    """Trainings of each policy."""
    seed: int = 0
    """Of all luck."""
    json: Path | None = None
    """File to write the rows to."""

    def __post_init__(self) -> None:
        for name, least in (("users", 2), ("runs", 1)):
            if getattr(self, name) < least:
                raise UsageError(f"--{name} {getattr(self, name)}: expected {least} or more")


def main(words: Sequence[str] | None = None) -> None:
    """Print, in Markdown, what each policy reaches and what becomes of each claim.

    Raises:
        UsageError: on a value out of its range.
    """
    given = list(sys.argv[1:] if words is None else words)
    asked = tyro.cli(Asked, args=given, prog=f"python -m simenv.scenarios.findings.{NAME}")
    rows = run(asked.users, asked.seed, asked.runs)
    command = " ".join(["python -m", f"simenv.scenarios.findings.{NAME}", *given])
    where = f"{asked.users:,} users, trained {asked.runs} times for 300,000 steps, seed {asked.seed}"
    print("\n".join(report(TITLE, where, command, rows, REMARKS)))
    if asked.json is not None:
        write_json(pd.DataFrame(rows), asked.json)


if __name__ == "__main__":
    try:
        main()
    except UsageError as error:
        print(error, file=sys.stderr)
        sys.exit(2)
