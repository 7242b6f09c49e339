"""report.md: the question, the answer with numbers, the table, the figures."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from simenv.errors import UsageError
from simenv.scenarios import _dose, _exploring, _folder, _looking_ahead
from simenv.scenarios._agreement import OFFLINE
from simenv.scenarios._answers import answered
from simenv.scenarios._folder import cell_folder
from simenv.scenarios._more_plots import more_figures
from simenv.scenarios._numbers import number, spanned
from simenv.scenarios._off_policy import table
from simenv.scenarios._plots import curves, differences
from simenv.scenarios._results import Failure, Result, write_text
from simenv.scenarios._words import AGAINST, notes, surface, unbeaten
from simenv.scenarios.metrics import describe

NAMED = 5  # tracks that rose and as many that fell, an agent


def write_report(result: Result) -> None:
    """Write tables, figures and report.md to the folder of `result`.

    Raises:
        UsageError: if nothing can be written there.
    """
    out = result.folder
    assert out is not None
    try:
        for failure in result.failures:
            write_text(
                out / f"failed-{cell_folder(failure.agent, failure.seed)}.txt", failure.trace or failure.why
            )
        if not result.outcomes:
            return
        part = out / "metrics.parquet.part"
        result.metrics.to_parquet(part, index=False)
        part.replace(out / "metrics.parquet")
        write_text(out / "summary.csv", result.tidy_summary().to_csv(index=False))
        figures = _write_figures(result, out / "figures")
        write_text(out / "report.md", told(result, figures))
    except OSError as error:
        raise UsageError(f"cannot write to {out}: {error.strerror or error}") from None


def written(result: Result) -> list[Path]:
    """The files of a run that are for reading, the report first."""
    out = result.folder
    assert out is not None
    files = [out / name for name in ("report.md", "summary.csv", "metrics.parquet", "run.json")]
    return [path for path in (*files, *sorted(out.glob("figures/*.png"))) if path.exists()]


def trace_file(result: Result, failure: Failure) -> Path:
    """Where it is told how a cell failed."""
    assert result.folder is not None
    return result.folder / f"failed-{cell_folder(failure.agent, failure.seed)}.txt"


def read_result(out: Path) -> Result:
    """The result in a run's folder, of the cells that are finished.

    Raises:
        UsageError: if it holds no run, or none of its cells is finished.
    """
    about = _folder.read_run(out)
    scenario = _folder.scenario_of(about["scenario"])
    outcomes = _folder.outcomes(out, set(about["cells"].values()))
    if not outcomes:
        raise UsageError(f"no cell is finished in {out}; run it with: {about['command']}")
    names = tuple(about["agents"])
    return Result(about["name"], scenario, names, outcomes, skipped=about["skipped"], folder=out)


def told(result: Result, figures: list[Path]) -> str:
    """The report in Markdown."""
    scenario = result.scenario
    lines = [f"# {scenario.question}", "", answered(result), ""]
    if result.folder is not None:
        remade = _folder.read_run(result.folder)["command"]
        lines += ["Made by:", "", f"    {remade}", ""]
    lines += [
        f"**Where**: {surface(result)}",
        "",
        "## What came out",
        "",
        *main_table(result),
        "",
        *notes(result),
        "",
        *(f"**Failed**: `{f.agent}`, seed {f.seed}: {f.why.splitlines()[0]}\n" for f in result.failures),
        *table(result),
        *_exploring.section(result),
        *_looking_ahead.section(result),
        *_dose.section(result),
        *_against_table(result),
        *_rose_and_fell(result),
        "## Figures",
        "",
        *(f"![{path.stem}](figures/{path.name})" for path in figures),
        "",
        "## What the columns say",
        "",
        *_glossary(result),
    ]
    return "\n".join(lines) + "\n"


def main_table(result: Result) -> list[str]:
    """Every agent: the primary metric, what it is beyond `popular`, the other metrics, with intervals."""
    primary, shown = result.scenario.primary, result.shown
    against = AGAINST in result.served
    head = ["agent", f"**{primary}**", *([f"{primary} vs {AGAINST}"] if against else []), *shown]
    rows = [head, ["---", *["---:"] * (len(head) - 1)]]
    for agent in result.served:
        row = [f"{agent}{' †' if unbeaten(result, agent) else ''}", spanned(result.mean(primary, agent))]
        if agent == AGAINST:
            row.append("")
        elif against:
            row.append(spanned(result.compare(primary, agent, AGAINST).difference, sign=True))
        rows.append([*row, *(spanned(result.mean(m, agent)) for m in shown)])
    return [f"| {' | '.join(row)} |" for row in rows]


def _against_table(result: Result) -> list[str]:
    primary = result.scenario.primary
    if AGAINST not in result.served or len(result.served) < 2 or result.scenario.seeds < 2:
        return []
    lines = [
        f"## {primary}, against `{AGAINST}` in the same worlds",
        "",
        "| agent | mean difference | interquartile mean | worlds above 0 | variance reduction by pairing |",
        "| --- | ---: | ---: | ---: | ---: |",
    ]
    for agent in result.served:
        p = result.compare(primary, agent, AGAINST)
        if agent != AGAINST and p.seeds:
            row = [agent, spanned(p.difference, sign=True), number(p.iqm, sign=True)]
            lines.append(f"| {' | '.join([*row, f'{p.improved:.0%}', number(p.variance_reduction)])} |")
    pairs = (
        "Variance reduction: (var a + var b) / var(a - b), how many times more worlds it would take unpaired."
    )
    return [*lines, "", pairs, ""]


def _rose_and_fell(result: Result) -> list[str]:
    """Real tracks by name whose share of plays an agent changed most."""
    path = result.folder / "tracks.parquet" if result.folder else None
    if path is None or not path.exists():
        return []
    names = pq.read_table(path)
    titles, artists = names["title"].to_pylist(), names["artist"].to_pylist()
    organic = "organic" in result.served
    base = "organic" if organic else "warm-up"
    than = "without recommendations in the same worlds" if organic else "in the warm-up"
    lines = [
        "## Tracks that rose and fell",
        "",
        f"Share of all plays of 30 s and more: {than}, and under the agent.",
    ]
    for agent in result.served:
        if agent == "organic":
            continue
        before = _shares(result, "organic", "during") if organic else _shares(result, agent, "before")
        now = _shares(result, agent, "during")
        order = np.argsort(now - before, kind="stable")
        lines += ["", f"**{agent}**", "", f"| | track | {base} | {agent} |", "| --- | --- | ---: | ---: |"]
        for word, rows in (("rose", order[::-1][:NAMED]), ("fell", order[:NAMED])):
            for i in rows:
                name = f"{titles[i]} - {artists[i]}".replace("|", "/")
                lines.append(f"| {word} | {name} | {before[i]:.3%} | {now[i]:.3%} |")
    return [*lines, ""]


def _shares(result: Result, agent: str, name: str) -> np.ndarray:
    """(T,) share of plays of each track, over all worlds of one agent."""
    total = np.sum([o.arrays[name] for o in result.outcomes if o.agent == agent], axis=0)
    return total / max(total.sum(), 1)


def _write_figures(result: Result, folder: Path) -> list[Path]:
    """The primary metric first: its curves, its differences, then the curves of the other metrics shown."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    scenario = result.scenario
    drawn = {scenario.primary: curves(result, scenario.primary)}
    if AGAINST in result.served and len(result.served) > 1:
        drawn[f"{scenario.primary}-difference"] = differences(result, scenario.primary, AGAINST)
    drawn |= {metric: curves(result, metric) for metric in result.shown if metric not in OFFLINE}
    drawn |= more_figures(result)
    for name, figure in drawn.items():
        figure.savefig(folder / f"{name}.png")
    return [folder / f"{name}.png" for name in drawn]


def _glossary(result: Result) -> list[str]:
    words = []
    for metric in (result.scenario.primary, *result.shown):
        column = describe(metric)
        when = "on the last day" if column.last else "mean over days"
        words.append(f"- `{metric}`: {column.words} ({when})")
    return words
