"""`simenv ask`: what a recommender shows somebody, and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import pandas as pd
import tyro
from rich.console import Console
from rich.table import Table

from simenv.errors import UsageError
from simenv.scenarios._arms import OWN, Arm, arm
from simenv.scenarios._ask_answer import Answer, for_listener, like_track, with_newcomer
from simenv.scenarios._ask_find import find_genres, find_track, moment, of_genres, title_of
from simenv.scenarios._ask_source import Source, of_catalogue, of_log, of_run, of_world, row_of
from simenv.scenarios._cell import one_thread
from simenv.scenarios._columns import mapping
from simenv.scenarios._numbers import number
from simenv.scenarios._results import write_json
from simenv.scenarios._runner import offers

_WIDTH = 132  # of tables where there is no terminal to ask
_LIKED = 5  # tracks of a genre that a new listener is taken to have played


@dataclass(frozen=True, kw_only=True)
class Ask:
    """Ask a recommender for music: for a listener, for a new one, or for more like a track.

    It learns from a log, from a run, or from a small world that is simulated at once; with --track and a
    --catalogue alone from what the catalogue says of tracks. Prints a numbered list with scores and reasons.
    """

    agent: Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="AGENT")]
    """Expression, such as als or "content(artist=0)"."""
    listener: str | None = None
    """For this listener: a number, or a name in the log."""
    track: str | None = None
    """More like this track: its title, "TITLE by ARTIST", or its id."""
    new: bool = False
    """For a listener of whom nothing is known, but for --genres."""
    genres: tuple[str, ...] = ()
    """With --new: genres they like; they are taken to have just played the 5 most played tracks of each."""
    at: str | None = None
    """When they ask: a weekday, an hour or both, such as "Friday 22:00"; by default when the log ends."""
    k: int = 10
    """Tracks."""
    cooldown: float = 30.0
    """Days in which nothing is shown again to who heard it; inf: new music only."""
    log: Path | None = None
    """Plays, play counts or ratings to learn from: CSV, TSV or Parquet, gzipped or not."""
    columns: tuple[str, ...] = ()
    """What columns of the log are called, NAME=COLUMN, where the usual names do not tell."""
    run: Path | None = None
    """Folder of a finished run to learn from."""
    catalogue: Path | None = None
    """A table of real tracks (CSV, TSV or Parquet); those of --log are joined by id."""
    catalogue_columns: tuple[str, ...] = ()
    """What columns of that table are called, NAME=COLUMN."""
    json: Path | None = None
    """Write the list also to this file: place, track, title, artist, score, reason."""


def main(words: Sequence[str]) -> int:
    """Ask as `words` say.

    Raises:
        UsageError: if something asked for does not exist or cannot be answered.
    """
    asked = tyro.cli(Ask, args=list(words), prog="simenv ask")
    who = _checked(asked)
    source = _source(asked, who)
    lacks = who.make().needs - (offers(source.catalogue) - (frozenset() if source.timed else {"times"}))
    if "practice" in lacks:
        raise UsageError(
            f"{who.name} learns in practice worlds, which only `simenv run` makes: ask a trained model, "
            "sb3(model=...), or an agent that needs none, such as slateq(horizon=0)"
        )
    if lacks:
        raise UsageError(
            f"{who.name} needs {', '.join(sorted(lacks))}, which is not known here: name a --catalogue"
        )
    with one_thread():
        answer, said = _answer(asked, who, source)
    screen = Console(highlight=False, soft_wrap=True)
    if not screen.is_terminal:
        screen.width = _WIDTH
    screen.print(*source.said, *said, *answer.said, "", sep="\n", markup=False)
    screen.print(_table(answer, source), soft_wrap=False)
    if asked.json is not None:
        _write(answer, source, asked.json)
        screen.print(f"\n{asked.json}", markup=False)
    return 0


def _checked(asked: Ask) -> Arm:
    """The agent, once all that can be wrong without a log is known to be right."""
    who = arm(asked.agent)
    if who.name in OWN:
        raise UsageError(f"{who.name} cannot be asked: it lives in simulated worlds only")
    subjects = [asked.listener is not None, asked.track is not None, asked.new]
    if sum(subjects) != 1:
        raise UsageError("ask for one of: --listener N, --track TITLE, --new (with --genres, if you like)")
    if asked.genres and not asked.new:
        raise UsageError("--genres goes with --new only")
    if asked.at is not None and asked.track is not None:
        raise UsageError("--at goes with --listener or --new: tracks are alike at any hour")
    if asked.log is not None and asked.run is not None:
        raise UsageError("--log or --run: it learns from one of them")
    if asked.columns and asked.log is None:
        raise UsageError("--columns goes with --log FILE only")
    if asked.catalogue is not None and asked.run is not None:
        raise UsageError("--run has a catalogue of its own: leave --catalogue out")
    if asked.catalogue_columns and asked.catalogue is None:
        raise UsageError("--catalogue-columns goes with --catalogue FILE only")
    if not asked.cooldown >= 0:
        raise UsageError(f"--cooldown {asked.cooldown}: expected 0 days or more, or inf for new music only")
    if asked.k < 1:
        raise UsageError(f"--k {asked.k}: expected a whole number from 1")
    if asked.at is not None:
        moment(asked.at, 0.0)
    return who


def _source(asked: Ask, who: Arm) -> Source:
    columns = mapping(asked.catalogue_columns)
    if asked.log is not None:
        return of_log(asked.log, mapping(asked.columns), asked.catalogue, columns)
    if asked.run is not None:
        return of_run(asked.run, who.name)
    if asked.catalogue is not None and asked.track is not None:
        return of_catalogue(asked.catalogue, columns)
    return of_world(asked.catalogue, columns)


def _answer(asked: Ask, who: Arm, source: Source) -> tuple[Answer, list[str]]:
    """The answer, and what has been understood."""
    agent, plays = who.make(), source.log.counts()
    if asked.track is not None:
        track = find_track(asked.track, source.catalogue, plays)
        return like_track(agent, who.name, source, track, asked.k), []
    said = []
    if asked.new:
        likes = of_genres(find_genres(asked.genres, source.catalogue), source.catalogue, plays, _LIKED)
        source = with_newcomer(source, likes.tolist())
        row = source.log.n_listeners - 1
        if len(likes):
            named = "; ".join(title_of(i, source.catalogue) for i in likes.tolist())
            said.append(f"A new listener, taken to have just played {named}.")
        else:
            said.append("A new listener.")
    else:
        assert asked.listener is not None, "one of three is asked for"
        row = row_of(asked.listener, source)
    at = None
    if asked.at is not None:
        at, named = moment(asked.at, source.log.now)
        said.append(f"It is {named}.")
    return for_listener(agent, who.name, source, row, asked.k, asked.cooldown, at), said


def _table(answer: Answer, source: Source) -> Table:
    table = Table(box=None, header_style="bold", pad_edge=False)
    table.add_column("", justify="right")
    table.add_column("score", justify="right", no_wrap=True)
    table.add_column("track", max_width=48)
    table.add_column("why")
    rows = zip(answer.tracks.tolist(), answer.scores.tolist(), answer.reasons, strict=True)
    for place, (track, score, why) in enumerate(rows, 1):
        cells = (str(place), number(score), _with_genres(track, source), why)
        table.add_row(*(cell.replace("[", "\\[") for cell in cells))
    return table


def _with_genres(track: int, source: Source) -> str:
    names = source.catalogue.names
    genres = ", ".join(names.genre(g) for g in source.catalogue.genres_of(track).tolist())
    return title_of(track, source.catalogue) + (f" ({genres})" if genres else "")


def _write(answer: Answer, source: Source, path: Path) -> None:
    names, artist = source.catalogue.names, source.catalogue.artist
    tracks = answer.tracks.tolist()
    table = pd.DataFrame(
        {
            "place": np.arange(1, len(tracks) + 1),
            "track": [names.ids[i] if len(names.ids) else i for i in tracks],
            "title": [names.track(i) for i in tracks],
            "artist": [names.artist(int(artist[i])) for i in tracks],
            "score": answer.scores.astype(float),
            "reason": answer.reasons,
        }
    )
    try:
        write_json(table, path)
    except OSError as error:
        raise UsageError(f"cannot write {path}: {error.strerror or error}") from None
