"""A trained policy's network in NumPy: served without torch, and a listener alone as in a crowd."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from simenv.types import F32

Bend = Literal["", "tanh", "relu", "clip"]
"""What becomes of a layer's sums; "clip" holds them within [-1, 1]."""


@dataclass(frozen=True, slots=True)
class Layer:
    """``bend(x weight' + bias)``."""

    weight: F32  # (out, in)
    bias: F32  # (out,)
    bend: Bend = ""


@dataclass(frozen=True, slots=True)
class Network:
    """Layers one after another."""

    layers: tuple[Layer, ...]

    @property
    def inputs(self) -> int:
        """Numbers that it reads."""
        return self.layers[0].weight.shape[1]

    @property
    def outputs(self) -> int:
        """Numbers that it says."""
        return len(self.layers[-1].bias)

    def __call__(self, seen: F32) -> F32:
        """(m, outputs) what it says of `seen` (m, inputs).

        Sums are of double precision and then rounded, so that the number of rows does not show in them.
        """
        x = seen.astype(np.float64)
        for layer in self.layers:
            x = x @ layer.weight.T.astype(np.float64) + layer.bias
            if layer.bend == "tanh":
                x = np.tanh(x)
            elif layer.bend == "relu":
                x = np.maximum(x, 0)
            elif layer.bend == "clip":
                x = np.clip(x, -1, 1)
        return x.astype(np.float32)
