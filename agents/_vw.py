"""Vowpal Wabbit at work: arms as examples that are parsed once, laws over them, lessons, and its memory.

VW has no call for many requests at once. What makes it quick is that a track's features are parsed once and
kept, that a listener's are shared by all arms of a request, and that features are hashed by number.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from simenv.errors import UsageError
from simenv.types import F32, F64, I32

if TYPE_CHECKING:
    from vowpalwabbit import Example

KEPT = 4096
"""Arms that are kept parsed, 31 kB each."""


def features(values: F32) -> str:
    """Numbered features in VW's text format; zeros are left out."""
    return " ".join(f"{j}:{x:.5g}" for j, x in enumerate(values.tolist()) if x)


def about(known: F32, artist: I32) -> list[str]:
    """(T,) what an arm is told to be: `t` its features (T, f), `i` its number and its artist's (T,)."""
    pairs = enumerate(zip(known, artist.tolist(), strict=True))
    return [f"|t {features(x)} |i {i} a{a}" for i, (x, a) in pairs]


class Rabbit:
    """A contextual bandit of Vowpal Wabbit over numbered arms.

    Args:
        words: VW's options, one word each.
        arms: the features of every arm, in VW's text format.
        model: what `memory` gave; none: it has learned nothing.

    Raises:
        UsageError: if VW is not installed, or rejects an option; its message is shown.
    """

    def __init__(self, words: Sequence[str], arms: Sequence[str], model: bytes = b"") -> None:
        workspace = _library().Workspace
        with tempfile.TemporaryDirectory() as folder:
            given = ["--quiet", *words]
            if model:
                path = Path(folder) / "model"
                path.write_bytes(model)
                given += ["--initial_regressor", str(path)]
            try:
                self._vw = workspace(arg_list=given)
            except (RuntimeError, ValueError) as error:
                raise UsageError(f"Vowpal Wabbit rejects {' '.join(words)}: {error}") from None
        self._text = arms
        self._arms: dict[int, Example] = {}
        self._blank: list[Example] = []

    def example(self, text: str) -> Example:
        """What VW makes of a line of text."""
        return self._vw.example(text)

    def law(self, shared: Example, arms: Sequence[int]) -> F64:
        """(a,) chance of each of `arms`, of which those that VW cannot tell apart share theirs."""
        if len(arms) == 1:
            return np.ones(1)
        chance = np.array(self._vw.predict([shared, *map(self._arm, arms)]))
        return chance / chance.sum()

    def costs(self, shared: Example, arms: Sequence[int]) -> F64:
        """(a,) what VW expects each of `arms`, all different, to cost."""
        return self.costs_of(shared, [self._arm(i) for i in arms])

    def costs_of(self, shared: Example, arms: Sequence[Example]) -> F64:
        """As `costs`, of examples."""
        self._vw.predict([shared, *arms])
        return np.array([arm.get_partial_prediction() for arm in arms], np.float64)

    def teach(self, shared: Example, arm: int, cost: float, chance: float, others: Sequence[Example]) -> None:
        """Learn what `arm` cost, which was chosen with `chance` among it and `others`."""
        told = self.example(f"0:{cost:g}:{chance:.9g} {self._text[arm]}")
        self._vw.learn([shared, told, *others])

    def blanks(self, n: int) -> list[Example]:
        """n arms of which nothing is known."""
        while len(self._blank) < n:
            self._blank.append(self.example("|z"))
        return self._blank[:n]

    def arms(self, arms: Sequence[int]) -> list[Example]:
        """These arms, as examples."""
        return [self._arm(i) for i in arms]

    def memory(self) -> bytes:
        """All that it has learned."""
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "model"
            self._vw.save(path)
            return path.read_bytes()

    def _arm(self, i: int) -> Example:
        found = self._arms.get(i)
        if found is None:
            if len(self._arms) >= KEPT:
                self._arms.clear()
            found = self._arms[i] = self.example(self._text[i])
        return found


def _library() -> Any:
    try:
        import vowpalwabbit
    except ImportError:
        raise UsageError(
            "vw needs Vowpal Wabbit, which is not installed: pip install 'simenv-music[vw]'"
        ) from None
    return vowpalwabbit
