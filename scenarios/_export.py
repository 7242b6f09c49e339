"""`simenv export`: the logs of a finished run in the formats that other libraries read."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import pyarrow as pa
import pyarrow.csv as pc
import pyarrow.parquet as pq
import tyro
from rich.console import Console

from simenv.catalogue import Catalogue
from simenv.errors import UsageError
from simenv.scenarios import _export_bandits as bandits
from simenv.scenarios import _export_minari as offline
from simenv.scenarios._export_tables import begun, interactions, items, rated, tracks_table
from simenv.scenarios._folder import cell_folder
from simenv.scenarios._grid import check_jobs
from simenv.scenarios._kept import OTHERWISE, choose, logs, open_run
from simenv.scenarios._progress import watcher_for
from simenv.scenarios._registry import did_you_mean
from simenv.scenarios._simulate import write_plays, written
from simenv.types import Plays

Write = Callable[[Plays, Catalogue, Path], None]


@dataclass(frozen=True, kw_only=True)
class Export:
    """Write what was played in a finished run, so that other libraries can be fed from it.

    A folder a cell (an agent in a world), its warm-up included. Cells that were run with `--keep log` are
    read; the others are lived again, with the same luck, and their logs kept.

    parquet, csv: plays (as `simenv simulate` writes them) and tracks, everything public.
    recbole: atomic files, CELL.inter (a play a row) and CELL.item.
    lenskit: ratings.csv (user_id, item_id, rating, timestamp; a listener and track a row, with the count of
    plays) and tracks.csv.
    vw: feedback.vw, a recommended play an event with its cost (0 finished, 1 not) and propensity, for `vw
    --cb_explore_adf --cb_type mtr`; its arms are the track and those after it in its slate.
    obp: feedback.npz, the arrays of Open Bandit Pipeline's BanditFeedback.
    minari: a dataset of sessions as episodes for offline reinforcement learning (needs the package minari).
    vw and obp refuse logs with unknown propensities.
    A rating is 1 + 4 (seconds heard / length); timestamps are seconds since 1970, day 0
    being 1 January 2024, as the dates of release have it.
    """

    run: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="RUN")]
    """Folder of the run."""
    to: str
    """Format: parquet, csv, recbole, lenskit, vw, obp or minari."""
    out: Path | None = None
    """Folder to write to; by default RUN/export/FORMAT."""
    agents: tuple[str, ...] = ()
    """Of which agents; by default all."""
    seeds: tuple[int, ...] = ()
    """Of which worlds; by default all."""
    jobs: int = 1
    """Cells that are lived again at a time."""


def main(words: Sequence[str]) -> int:
    """Export as `words` say.

    Raises:
        UsageError: if there is no such run, format, agent or seed, or nothing can be written.
    """
    asked = tyro.cli(Export, args=list(words), prog="simenv export")
    if asked.to not in FORMATS:
        there = ", ".join(FORMATS)
        raise UsageError(
            f"--to {asked.to}: no such format{did_you_mean(asked.to, tuple(FORMATS))}\nThere are {there}"
        )
    if asked.to == "minari":
        offline.library()
    check_jobs(asked.jobs)
    run = open_run(asked.run)
    cells = choose(run, asked.agents, asked.seeds)
    told, screen = (Console(stderr=err, highlight=False, soft_wrap=True) for err in (True, False))
    out = asked.out or asked.run / "export" / asked.to
    _claim(out)
    if not all(run.same(cell) for cell in cells):
        told.print(f"note: {OTHERWISE}", markup=False)
    for cell, plays in logs(run, cells, asked.jobs, watcher_for(told)):
        folder = out / cell_folder(cell.who, cell.seed)
        plays = begun(plays)
        try:
            folder.mkdir(exist_ok=True)
            FORMATS[asked.to](plays, run.scenario.world(cell.seed).catalogue, folder)
        except OSError as error:
            raise UsageError(f"cannot write to {folder}: {error.strerror or error}") from None
        except UsageError as error:
            raise UsageError(f"{cell.who}, seed {cell.seed}: {error}") from None
        if asked.to in BY_PROPENSITY and (plays.propensity[plays.slot >= 0] == 1).all():
            told.print(f"note: {cell.who} leaves nothing to chance: {CERTAIN}", markup=False)
        screen.print(f"{cell.who}, seed {cell.seed}: {len(plays):,} plays: {folder}", markup=False)
    return 0


def _claim(out: Path) -> None:
    """Make the folder, before anything is lived."""
    try:
        out.mkdir(parents=True, exist_ok=True)
        probe = out / ".probe"
        probe.write_text("x" * 4096)
        probe.unlink()
    except OSError as error:
        why = error.strerror or error
        raise UsageError(f"--out {out} cannot be written to: {why}. Name another folder") from None


def _parquet(plays: Plays, catalogue: Catalogue, folder: Path) -> None:
    with written(folder / "plays.parquet") as part:
        write_plays(plays, catalogue, part, ".parquet")
    with written(folder / "tracks.parquet") as part:
        pq.write_table(tracks_table(catalogue), part)


def _csv(plays: Plays, catalogue: Catalogue, folder: Path) -> None:
    with written(folder / "plays.csv") as part:
        write_plays(plays, catalogue, part, ".csv")
    _text(tracks_table(catalogue), folder / "tracks.csv")


def _recbole(plays: Plays, catalogue: Catalogue, folder: Path) -> None:
    for kind, table in (("inter", interactions(plays, catalogue)), ("item", items(catalogue))):
        _text(table, folder / f"{folder.name}.{kind}", "\t")


def _lenskit(plays: Plays, catalogue: Catalogue, folder: Path) -> None:
    _text(rated(plays, catalogue), folder / "ratings.csv")
    names = tracks_table(catalogue)
    _text(names.rename_columns(["item_id", *names.column_names[1:]]), folder / "tracks.csv")


def _text(table: pa.Table, path: Path, delimiter: str = ",") -> None:
    """Write a table as text; where cells are parted by tabs none is quoted, as RecBole reads."""
    style = "needed" if delimiter == "," else "none"
    with written(path) as part:
        if style == "none":  # whose header pyarrow would still quote
            part.write_text(delimiter.join(table.column_names) + "\n")
            with part.open("ab") as file:
                pc.write_csv(
                    table, file, pc.WriteOptions(include_header=False, delimiter="\t", quoting_style="none")
                )
        else:
            pc.write_csv(table, part, pc.WriteOptions(quoting_style="needed"))


BY_PROPENSITY = ("vw", "obp")
"""Formats of logged bandit feedback."""
CERTAIN = "all propensities are 1, and such a log cannot tell what another policy would have earned"
FORMATS: Mapping[str, Write] = {
    "parquet": _parquet,
    "csv": _csv,
    "recbole": _recbole,
    "lenskit": _lenskit,
    "vw": bandits.vw,
    "obp": bandits.obp,
    "minari": offline.minari,
}
"""How a cell's plays and tracks are written into its folder."""
