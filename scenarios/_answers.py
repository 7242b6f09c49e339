"""The sentence that answers a scenario's question: of its own kind where it has one, else who is best."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simenv.scenarios import _dose, _exploring, _looking_ahead, _off_policy
from simenv.scenarios._words import answer

if TYPE_CHECKING:
    from simenv.scenarios._results import Result


def answered(result: Result) -> str:
    """One or two sentences, with numbers."""
    if _off_policy.measured(result):
        return _off_policy.sentence(result)
    own = _exploring.answer(result) or _looking_ahead.answer(result) or _dose.answer(result)
    return f"{own} {answer(result)}" if own else answer(result)
