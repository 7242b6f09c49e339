"""A trained policy as agents serve it, and on disk: model.json and model.npz, without pickle."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np

from simenv.agents._network import Bend, Layer, Network
from simenv.errors import UsageError
from simenv.types import F32

FORMAT = 1
"""Of the files; raised when an older model would be misread."""

Head = Literal["choice", "worth", "weights"]
"""What a network says: logits of the candidates' places, their worth, or weights of candidates' columns."""

_TOLD = ("algorithm", "head", "actions", "candidates", "history", "slate_size")


@dataclass(frozen=True, slots=True)
class Model:
    """A policy and the face it was trained in."""

    network: Network
    algorithm: str
    head: Head
    actions: str  # of the face: candidates, query or blend
    candidates: int  # c
    history: int
    slate_size: int = 1  # k; more: places are told slot after slot
    about: Mapping[str, Any] = field(default_factory=dict)  # how it was trained, for people


def save(model: Model, folder: Path) -> None:
    """Write `model` into `folder`, which is made; each file is there whole or as it was."""
    folder.mkdir(parents=True, exist_ok=True)
    arrays: dict[str, F32] = {}
    for i, layer in enumerate(model.network.layers):
        arrays |= {f"weight{i}": layer.weight, f"bias{i}": layer.bias}
    told = {
        "format": FORMAT,
        **{name: getattr(model, name) for name in _TOLD},
        "bends": [layer.bend for layer in model.network.layers],
        "about": dict(model.about),
    }
    own = uuid.uuid4().hex
    parts = {name: folder / f".{own}.{name}" for name in ("model.npz", "model.json")}
    try:
        with parts["model.npz"].open("wb") as file:
            np.savez(file, **arrays)  # type: ignore[arg-type]  # as NumPy declares it
        parts["model.json"].write_text(json.dumps(told, indent=2) + "\n")
        for name, part in parts.items():
            part.replace(folder / name)
    finally:
        for part in parts.values():
            part.unlink(missing_ok=True)


def read(folder: Path) -> Model:
    """The model that `save` wrote.

    Raises:
        UsageError: if there is none, it is damaged, or another version wrote it.
    """
    try:
        told = json.loads((folder / "model.json").read_text())
    except (FileNotFoundError, NotADirectoryError):
        raise UsageError(
            f"no model in {folder}: there is no model.json; `simenv train ppo --out {folder}` makes one"
        ) from None
    except ValueError:
        raise UsageError(f"{folder}/model.json is damaged: train the model again") from None
    if not isinstance(told, dict) or told.get("format") != FORMAT:
        there = told.get("format") if isinstance(told, dict) else None
        raise UsageError(
            f"{folder} holds a model of format {there}, this version reads {FORMAT}: train it again"
        )
    try:
        with np.load(folder / "model.npz", allow_pickle=False) as arrays:
            layers = tuple(
                Layer(arrays[f"weight{i}"], arrays[f"bias{i}"], bend) for i, bend in enumerate(told["bends"])
            )
        model = Model(Network(layers), **{name: told[name] for name in _TOLD}, about=told["about"])
        _check(model)
    except (OSError, KeyError, ValueError, TypeError, IndexError, EOFError) as error:
        raise UsageError(f"the model in {folder} is damaged ({error}): train it again") from None
    return model


def _check(model: Model) -> None:
    """Raise a ValueError if the parts of a model do not fit together."""
    layers = model.network.layers
    if not layers or any(layer.bend not in get_args(Bend) for layer in layers):
        raise ValueError("no layers, or of an unknown kind")
    for layer, after in pairwise(layers):
        if after.weight.shape[1] != len(layer.bias):
            raise ValueError("layers do not fit together")
    if any(layer.weight.shape[0] != len(layer.bias) for layer in layers):
        raise ValueError("weights and biases do not fit together")
    if not all(np.isfinite(layer.weight).all() and np.isfinite(layer.bias).all() for layer in layers):
        raise ValueError("weights that are no numbers")
    if model.head not in get_args(Head) or min(model.candidates, model.slate_size) < 1 or model.history < 0:
        raise ValueError("an unknown face")
    among = model.actions == "candidates"
    if among and model.network.outputs != model.candidates * model.slate_size:
        raise ValueError("as many numbers as candidates and slots are needed")
