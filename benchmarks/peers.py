"""Our listeners beside other simulators: user-steps a second on one machine, in one run.

Every peer is installed into a virtual environment of its own under --work. Then, round after round, each
case is run once by its peer and once by us in the same shape (listeners, tracks, slate size, face), one
process at a time on one thread; the table gives medians. A peer that does not install, or fails, costs its
own rows only, and the table says why.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Annotated

import tyro
from field import CASES, STEPS, Case, Peer

from simenv.errors import UsageError
from simenv.scenarios._bench import machine
from simenv.scenarios._results import write_text

HERE = Path(__file__).parent
PATIENCE = 300  # seconds that an installation, or one measurement, may take
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")


@dataclass
class Rate:
    """What one process measured."""

    version: str
    user_steps_per_s: float
    plays_per_s: float
    peak_mb: float


@dataclass(frozen=True)
class Options:
    """Put our cases beside the peers that still install; print a table, and write it."""

    work: Path = Path.home() / ".cache" / "simenv" / "peers"
    """Where the peers' environments are kept (some 6 GB); delete it when you like."""
    rounds: int = 5
    """Measurements of each case and of ours, in turn."""
    only: tuple[str, ...] = ()
    """Peers by name; by default all."""
    out: Annotated[Path, tyro.conf.arg(name="out")] = HERE / "peers.md"
    """The table; the same rows go to a .json file beside it, after every round."""


def install(peer: Peer, work: Path) -> str:
    """Make a peer's environment under `work`, unless it is there; say why it cannot be made, else nothing."""
    folder = (work / peer.python).parent.parent
    stamp, want = folder / "installed.json", json.dumps(peer.installs)
    if stamp.exists() and stamp.read_text() == want:
        return ""
    shutil.rmtree(folder, ignore_errors=True)
    python = [sys.executable, "-m"]
    pip = [*python, "pip", "--python", str(work / peer.python), "--disable-pip-version-check", "install"]
    make = [*python, "venv", "--without-pip", str(folder)]  # our pip serves: theirs would be older
    for command in (make, *([*pip, "--quiet", *words] for words in peer.installs)):
        if reason := _run(command)[1]:
            shutil.rmtree(folder, ignore_errors=True)
            return f"does not install: {reason}"
    stamp.write_text(want)
    return ""


def measure(python: str, script: Path, case: Case, *words: str) -> tuple[Rate | None, str]:
    """One measurement of a case in a process of its own: the rate, or why there is none."""
    sizes = (str(size) for size in (case.listeners, case.tracks, case.slate))
    said, reason = _run([python, str(script), *sizes, *words])
    if reason:
        return None, f"fails: {reason}"
    return Rate(**json.loads(said.splitlines()[-1])), ""


def compare(cases: Sequence[Case], options: Options) -> None:
    """Install, measure in turns, and write the table after every round."""
    missing: dict[str, str] = {}
    for peer in dict.fromkeys(case.peer for case in cases):
        print(f"{peer.name}: installing, if need be", file=sys.stderr)
        if reason := install(peer, options.work):
            missing[peer.name] = reason
    theirs: dict[Case, list[Rate]] = {case: [] for case in cases}
    ours: dict[Case, list[Rate]] = {case: [] for case in cases}
    for turn in range(options.rounds):
        for case in cases:
            if case.peer.name in missing:
                continue
            print(f"round {turn + 1} of {options.rounds}: {case.peer.name}", file=sys.stderr)
            rate, reason = measure(str(options.work / case.peer.python), case.peer.script, case)
            own, own_reason = measure(sys.executable, STEPS / "ours.py", case, case.face)
            if rate is None or own is None:
                missing[case.peer.name] = reason or f"simenv {own_reason}"
                continue
            theirs[case].append(rate)
            ours[case].append(own)
        rows = [row_of(case, theirs[case], ours[case]) for case in cases if theirs[case]]
        write_text(options.out.with_suffix(".json"), json.dumps({"rows": rows, "missing": missing}, indent=1))
        write_text(options.out, page(rows, missing, options))


def row_of(case: Case, theirs: Sequence[Rate], ours: Sequence[Rate]) -> dict:
    """One line of the table: medians over the rounds, and their ratios."""
    shape = {"peer": case.peer.name, "version": theirs[0].version, "face": case.face}
    sizes = {name: size for name, size in asdict(case).items() if name in ("listeners", "tracks", "slate")}
    rates: dict[str, float] = {"rounds": len(theirs)}
    for name in ("user_steps_per_s", "plays_per_s", "peak_mb"):
        rates[name] = median(getattr(rate, name) for rate in theirs)
        rates[f"our_{name}"] = median(getattr(rate, name) for rate in ours)
    rates["ratio"] = rates["our_user_steps_per_s"] / rates["user_steps_per_s"]
    rates["plays_ratio"] = rates["our_plays_per_s"] / rates["plays_per_s"]
    return shape | sizes | rates


def page(rows: Sequence[dict], missing: dict[str, str], options: Options) -> str:
    """The table as Markdown, with what its words mean and how it was made."""
    lines = [
        "# simenv beside other simulators",
        "",
        f"Made by `python benchmarks/peers.py --rounds {options.rounds}`: medians, one thread; {machine()}.",
        "What a user-step, a response and a face are, and what the rows leave out: docs/benchmarks.md.",
        "",
        "| peer | face | listeners | tracks | slate | user-steps/s | ours | **ours / peer** "
        "| responses/s | ours | ours / peer | peak MB | ours |",
        "|---|---|" + "---:|" * 11,
    ]
    for row in rows:
        lines.append(
            "| {peer} {version} | {face} | {listeners:,} | {tracks:,} | {slate} | {user_steps_per_s:,.0f} "
            "| {our_user_steps_per_s:,.0f} | **{ratio:,.1f}** | {plays_per_s:,.0f} | {our_plays_per_s:,.0f} "
            "| {plays_ratio:,.1f} | {peak_mb:,.0f} | {our_peak_mb:,.0f} |".format(**row)
        )
    lines += ["", *(f"- {name} {reason}" for name, reason in missing.items())]
    return "\n".join(lines).rstrip() + "\n"


def main(words: Sequence[str] | None = None, cases: Sequence[Case] = CASES) -> int:
    """Compare; 1: nothing could be measured, 2: bad usage."""
    options = tyro.cli(Options, args=words, description=__doc__)
    try:
        chosen = choose(cases, options)
        compare(chosen, options)
    except UsageError as error:
        print(f"peers: {error}", file=sys.stderr)
        return 2
    print(options.out.read_text())
    return 0 if json.loads(options.out.with_suffix(".json").read_text())["rows"] else 1


def choose(cases: Sequence[Case], options: Options) -> list[Case]:
    """The cases of the peers that are asked for.

    Raises:
        UsageError: on an unknown peer, or no rounds.
    """
    names = dict.fromkeys(case.peer.name for case in cases)
    if unknown := [name for name in options.only if name not in names]:
        raise UsageError(f"no peer called {unknown[0]!r}\nThere are {', '.join(names)}")
    if options.rounds < 1:
        raise UsageError(f"--rounds {options.rounds}: expected 1 or more")
    return [case for case in cases if not options.only or case.peer.name in options.only]


def _run(command: Sequence[str]) -> tuple[str, str]:
    """What a command printed, and why it failed in a line: nothing if it did not."""
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=PATIENCE, env={**os.environ, **ONE_THREAD}
        )
    except subprocess.TimeoutExpired:
        return "", f"took longer than {PATIENCE} seconds"
    except OSError as error:
        return "", error.strerror or "cannot be run"
    if not done.returncode:
        return done.stdout, ""
    said = [line.strip() for line in done.stderr.splitlines() if line.strip() and "WARNING" not in line]
    causes = [line.removeprefix("ERROR: ") for line in said if line.startswith("ERROR: ")]  # as pip says it
    return "", [*causes[:1], *said[-1:], f"exit status {done.returncode}"][0][:200]


if __name__ == "__main__":
    sys.exit(main())
