"""Populations by name: files of parameters, shipped in users/presets/ or made by `simenv calibrate`.

A file is a JSON object. `parameters` gives values of fields of `ListenerParams`, `added` what is added to the
value that is there already; whatever else the file says (where the numbers come from) is for readers.
"""

from __future__ import annotations

import difflib
import json
import math
from collections.abc import Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from simenv.errors import UsageError
from simenv.users.params import ListenerParams

_HERE = Path(__file__).parent / "presets"
_FIELDS = {f.name: f.default for f in fields(ListenerParams)}


def available() -> tuple[str, ...]:
    """Names of all presets, sorted."""
    return tuple(sorted(path.stem for path in _HERE.glob("*.json")))


def preset(name: str, over: ListenerParams | None = None) -> ListenerParams:
    """The listeners that users/presets/<name>.json describes.

    Args:
        name: of the preset.
        over: what the file leaves open; by default the default listeners.

    Raises:
        UsageError: if there is no such preset.
    """
    if name not in available():
        near = _meant(name, available())
        raise UsageError(f"no listeners called {name!r}{near}\nThere are {', '.join(available())}")
    return load(_HERE / f"{name}.json", over)


def load(path: Path | str, over: ListenerParams | None = None) -> ListenerParams:
    """The listeners that a file describes.

    Args:
        path: of the file.
        over: what the file leaves open; by default the default listeners.

    Raises:
        UsageError: if there is no such file, it holds something else, or a value is impossible.
    """
    path, over = Path(path), over or ListenerParams()
    try:
        told = json.loads(path.read_text())
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or error
        raise UsageError(f"cannot read listeners from {path}: {why}") from None
    except ValueError as error:
        raise UsageError(f"{path} is no JSON ({error}): simenv calibrate writes such files") from None
    if not isinstance(told, dict) or not {"parameters", "added"} & set(told):
        raise UsageError(f'{path} holds no listeners: {{"parameters": {{"mood": 1.5}}}} was expected')
    values = _numbers(path, told.get("parameters", {}))
    for name, more in _numbers(path, told.get("added", {})).items():
        values[name] = values.get(name, getattr(over, name)) + more
    try:
        return replace(over, **values)
    except UsageError as error:
        raise UsageError(f"{path}: {error}") from None


def load_listeners(given: Path | str, over: ListenerParams | None = None) -> ListenerParams:
    """The listeners of a preset's name or of a file: what `--listeners-from` takes.

    A name of letters alone is a preset, unless there is a file of that name.

    Raises:
        UsageError: if there is neither, or the file cannot be used.
    """
    if str(given) in available() or (str(given).isidentifier() and not Path(given).exists()):
        return preset(str(given), over)
    return load(given, over)


def _numbers(path: Path, told: Any) -> dict[str, Any]:
    """Parameters and their numbers, checked."""
    if not isinstance(told, Mapping):
        raise UsageError(f"{path}: expected parameters by name, got {told!r:.60}")
    for name, value in told.items():
        if name not in _FIELDS:
            raise UsageError(f"{path}: listeners have no parameter {name!r}{_meant(name, tuple(_FIELDS))}")
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            raise UsageError(f"{path}: {name} is {value!r:.60}; give a finite number")
        if isinstance(_FIELDS[name], int) and value != int(value):
            raise UsageError(f"{path}: {name} is {value}; give a whole number")
    return {
        name: int(value) if isinstance(_FIELDS[name], int) else float(value) for name, value in told.items()
    }


def _meant(word: str, known: tuple[str, ...]) -> str:
    near = difflib.get_close_matches(word, known, n=1)
    return f"; did you mean {near[0]!r}?" if near else ""
