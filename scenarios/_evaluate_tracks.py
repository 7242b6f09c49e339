"""What is known of the tracks of a log, and which agents can do with that."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from simenv.catalogue import Catalogue
from simenv.errors import UsageError
from simenv.rng import Key
from simenv.scenarios._arms import Arm
from simenv.scenarios._evaluate_log import Imported
from simenv.scenarios._runner import offers
from simenv.table import from_table


def described(read: Imported, table: Path | None, columns: Mapping[str, str]) -> tuple[Catalogue, list[str]]:
    """The catalogue of a log's tracks, joined by id from a table, and how many were found, in words.

    Args:
        read: the log.
        table: CSV, TSV or Parquet; None: nothing is known but that they exist.
        columns: of the table, used as -> name, where they are not recognised.

    Raises:
        UsageError: if the table cannot be used, or knows none of the tracks.
    """
    if table is None:
        return Catalogue.bare(len(read.tracks)), []
    whole, _ = from_table(table, columns, key=Key.root(0) / "catalogue")
    row = {name: i for i, name in enumerate(whole.names.ids)}
    rows = np.array([row.get(name, -1) for name in read.tracks], np.int32)
    known = int((rows >= 0).sum())
    if not known:
        raise UsageError(
            f"{table} knows none of the log's tracks: an id of the log is {read.tracks[0]!r}, one of the"
            f" catalogue {whole.names.ids[0]!r}. Say which columns hold the ids: --columns track=COLUMN,"
            " --catalogue-columns track_id=COLUMN"
        )
    rest = "" if known == len(rows) else "; nothing is known of the others"
    return whole.choose(rows), [f"{table.name} knows {known:,} of the {len(rows):,} tracks{rest}"]


def left_out(agents: Sequence[Arm], catalogue: Catalogue, read: Imported) -> dict[str, str]:
    """Agents that need what the log does not offer, and what that is."""
    offered = offers(catalogue) - (frozenset() if read.timed else {"times"})
    reasons = {}
    for arm in agents:
        if lacks := arm.make().needs - offered:
            hint = ": name a --catalogue" if lacks <= {"audio", "genres"} else ""
            reasons[arm.name] = f"needs {', '.join(sorted(lacks))}, which this log does not offer{hint}"
    return reasons
