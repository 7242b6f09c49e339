"""Types of hyper-parameters that know their range, and the check of an agent's fields against them."""

from __future__ import annotations

import difflib
import math
import numbers
import types
import typing
from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import Annotated, Any, Literal, Union

from simenv.errors import UsageError


@dataclass(frozen=True, slots=True)
class Range:
    """Numbers from `low` to `high`; `above`: without `low` itself."""

    low: float = -math.inf
    high: float = math.inf
    above: bool = False

    def __contains__(self, value: float) -> bool:
        return self.low <= value <= self.high and not (self.above and value == self.low)

    def __str__(self) -> str:
        if self.high < math.inf:
            return f"a number in [{self.low:g}, {self.high:g}]"
        return f"more than {self.low:g}" if self.above else f"{self.low:g} or more"


Share = Annotated[float, Range(0, 1)]
Count = Annotated[int, Range(1)]
Number = Annotated[int, Range(0)]
Weight = Annotated[float, Range(0)]
Days = Annotated[float, Range(0, above=True)]

_WORDS = {int: "a whole number", float: "a number", bool: "True or False", str: "text", type(None): "None"}


def hints_of(kind: type) -> dict[str, Any]:
    """The annotations of a dataclass's fields, resolved."""
    hints = typing.get_type_hints(kind, include_extras=True)
    return {f.name: hints[f.name] for f in fields(kind)}


def members(hint: Any) -> tuple[Any, ...]:
    """The alternatives of a union, or the hint alone."""
    return typing.get_args(hint) if typing.get_origin(hint) in (Union, types.UnionType) else (hint,)


def checked(value: Any, hint: Any, what: str) -> Any:
    """`value` if it is what `hint` says, whole numbers made float where a float is asked for.

    Raises:
        UsageError: otherwise; `what` names the parameter.
    """
    for one in members(hint):
        plain, limits = (*typing.get_args(one), None)[:2] if _is_annotated(one) else (one, None)
        if typing.get_origin(plain) is Literal:
            if value in typing.get_args(plain):
                return value
        elif _is_a(value, plain):
            value = float(value) if plain is float else value
            if limits is not None and value not in limits:
                raise UsageError(f"{what}={value:g}: expected {limits}")
            return value
    raise UsageError(f"{what}={value!r}: expected {_expected(hint)}")


def check_fields(agent: Any, name: str) -> None:
    """Check every field of a dataclass against its annotation, in place."""
    for field, hint in hints_of(type(agent)).items():
        setattr(agent, field, checked(getattr(agent, field), hint, f"{name}: {field}"))


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """``; did you mean 'als'?``, or nothing if no known word is near."""
    near = difflib.get_close_matches(word, list(known), n=1)
    return f"; did you mean {near[0]!r}?" if near else ""


def _is_annotated(hint: Any) -> bool:
    return typing.get_origin(hint) is Annotated


def _is_a(value: Any, kind: Any) -> bool:
    if kind is bool or isinstance(value, bool):
        return kind is bool and isinstance(value, bool)
    if kind is float:
        return isinstance(value, numbers.Real)
    if kind is int:
        return isinstance(value, numbers.Integral)
    return not isinstance(kind, type) or isinstance(value, kind)  # what is no plain type is not checked


def _expected(hint: Any) -> str:
    words = []
    for one in members(hint):
        plain = typing.get_args(one)[0] if _is_annotated(one) else one
        if typing.get_origin(plain) is Literal:
            words += [str(option) for option in typing.get_args(plain)]
        else:
            words.append(_WORDS.get(plain, f"an {plain.__name__}".lower()))
    return " or ".join(words)
