"""`simenv calibrate`: listeners who do what a log, or published facts, say of listeners."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import tyro
from rich.console import Console

from simenv.errors import UsageError
from simenv.scenarios._calibrate_plan import Calibrate, check, folder_of, probe, setting_of, too_small, worlds
from simenv.scenarios._calibration import Calibration, Moment, printed, told, written
from simenv.scenarios._fit import Scale, fit, means, scale_of
from simenv.scenarios._keys import version
from simenv.scenarios._knobs import Knob, chosen
from simenv.scenarios._listeners import listeners_of
from simenv.scenarios._targets import Targets, read_targets
from simenv.scenarios._trial import Setting, Spent, Trials
from simenv.types import F64
from simenv.users.params import ListenerParams

_WIDTH = 132  # of tables where there is no terminal to ask
NOISE, FRESH = 5, 3
"""Worlds from which the noise between worlds is read; worlds on which the result is looked at afterwards."""
APART = 1_000
"""The seeds of those worlds begin so far after the first one."""


def main(words: Sequence[str]) -> int:
    """Calibrate as `words` say and write the listeners found.

    Raises:
        UsageError: if something asked for does not exist or cannot be done.
    """
    usual = Calibrate(facts=tyro.MISSING, listener=listeners_of(words, ListenerParams()))
    asked = tyro.cli(Calibrate, default=usual, args=list(words), prog="simenv calibrate")
    knobs, targets = chosen(asked.parameters), read_targets(asked.facts)
    told_out = Console(stderr=True, highlight=False, soft_wrap=True)
    check(asked, targets, knobs)
    setting, targets = setting_of(asked, targets)
    probe(asked.out)
    folder = folder_of(asked, setting)
    told_out.print(f"{asked.facts.name}: {targets.form}, {len(targets.rows)} numbers", markup=False)
    told_out.print(f"{worlds(setting)}; trials are kept in {folder}", markup=False)
    try:
        found = calibrate(asked, knobs, targets, setting, folder, told_out)
    except KeyboardInterrupt:
        told_out.print(f"Finished trials are in {folder}; the same command goes on from there.")
        raise
    about = {
        "command": shlex.join(("simenv", "calibrate", *words)),
        "version": version(),
        "facts": targets.form,
        "worlds": worlds(setting),
        "seeds": {"fitted": list(found.seeds), "fresh": list(found.fresh_seeds)},
    }
    written(found, about, asked.out, folder)
    screen = Console(highlight=False, soft_wrap=True)
    if not screen.is_terminal:
        screen.width = _WIDTH
    for table in printed(found):
        screen.print(table, "")
    screen.print(
        *told(found), "", "Written:", f"  {asked.out}", f"  {folder / 'report.md'}", sep="\n", markup=False
    )
    return 0


def calibrate(
    asked: Calibrate,
    knobs: Sequence[Knob],
    targets: Targets,
    setting: Setting,
    folder: Path,
    screen: Console,
) -> Calibration:
    """Measure the noise, search, and look at the result in fresh worlds.

    Raises:
        UsageError: if the budget does not suffice, or no number can be fitted.
    """
    seeds = tuple(range(asked.seed, asked.seed + asked.seeds))
    apart = range(asked.seed + APART, asked.seed + APART + max(NOISE, FRESH))
    fitted = tuple(row for row in targets.rows if not row.held)
    narrow = replace(setting, names=tuple(row.name for row in fitted))

    scale: Scale | None = None
    least = float("inf")

    def tell(used: int, moments: F64) -> None:
        nonlocal least
        if scale is not None:
            least = float(np.fmin.reduce([least, *map(scale.distance, moments.mean(axis=1))]))
            screen.print(f"{used} of {asked.budget} trials, nearest so far {least:.2f}")

    trials = Trials(narrow, folder, asked.jobs, seeds, asked.budget, tell)
    noise = trials.moments([asked.listener], tuple(apart)[:NOISE])[0]
    scale = scale_of(fitted, noise, asked.slack)
    if not scale.fitted.any():
        raise UsageError("these trials tell none of the numbers: give them more --listeners or --days")
    try:
        found = fit(trials, scale, asked.listener, knobs)
    except Spent:
        raise UsageError(too_small(asked.budget, knobs)) from None
    screen.print(f"{found.how}; looking at the result in {FRESH} fresh worlds", markup=False)
    fresh_seeds = tuple(apart)[:FRESH]
    wide = Trials(setting, folder, asked.jobs, seeds, budget=4)
    both = [asked.listener, found.listener]
    here, fresh = means(wide, both), means(wide, both, fresh_seeds)
    all_sd = scale_of(targets.rows, wide.moments(both[1:], fresh_seeds)[0], asked.slack)
    return Calibration(
        start=asked.listener,
        fit=found,
        asked=tuple(knobs),
        moments=_moments(targets, scale, all_sd, here, fresh),
        left_out=targets.left_out,
        trials=trials.used,
        seeds=seeds,
        fresh_seeds=fresh_seeds,
    )


def _moments(targets: Targets, scale: Scale, all_sd: Scale, here: F64, fresh: F64) -> tuple[Moment, ...]:
    """One row a number: wanted, before, after, in fresh worlds."""
    in_fit = iter(range(len(scale.wanted)))
    rows = []
    for i, target in enumerate(targets.rows):
        j = None if target.held else next(in_fit)
        used = j is not None and bool(scale.fitted[j])
        sd = float(scale.sd[j]) if j is not None and used else float(all_sd.sd[i])
        rows.append(
            Moment(
                name=target.name,
                wanted=target.wanted,
                sd=sd,
                start=float(here[0, i]),
                fitted_to=float(here[1, i]),
                fresh_start=float(fresh[0, i]),
                fresh=float(fresh[1, i]),
                fitted=used,
            )
        )
    return tuple(rows)
