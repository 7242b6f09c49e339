"""Where scenarios are found: files of this folder."""

from __future__ import annotations

import difflib
import importlib
from pathlib import Path
from typing import TYPE_CHECKING

from simenv.errors import UsageError

if TYPE_CHECKING:
    from simenv.scenarios.base import Scenario

_HERE = Path(__file__).parent
_TOOLS = {"base", "build", "cli", "oracle"}


def available() -> tuple[str, ...]:
    """Names of all scenarios, sorted."""
    names = {path.stem for path in _HERE.glob("*.py") if not path.stem.startswith("_")}
    return tuple(sorted(names - _TOOLS))


def load(name: str) -> Scenario:
    """The SCENARIO that scenarios/<name>.py defines.

    Raises:
        UsageError: if there is none.
    """
    if name not in available():
        known = ", ".join(available())
        raise UsageError(f"no scenario called {name!r}{did_you_mean(name, available())}\nThere are {known}")
    return importlib.import_module(f"simenv.scenarios.{name}").SCENARIO


def did_you_mean(word: str, known: tuple[str, ...]) -> str:
    """``; did you mean 'filter_bubble'?``, or nothing if no known word is near."""
    near = difflib.get_close_matches(word, known, n=1)
    return f"; did you mean {near[0]!r}?" if near else ""
