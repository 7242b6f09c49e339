"""One grammar for agents everywhere: ``als``, ``als(factors=64)``, ``mmr(of=als)``, ``mine.py:Mine(x=3)``.

A value is a number, a string in quotes, True, False, None, a name, or another agent where the parameter takes
one; a name is a string where it does not. Read with `ast`; nothing is evaluated.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from dataclasses import MISSING, fields
from typing import Any

from simenv.agents._checks import checked, did_you_mean, hints_of, members
from simenv.agents._registry import class_at, class_of, name_of
from simenv.agents.base import Agent
from simenv.errors import UsageError

_FILE = re.compile(r"""("[^"]*"|'[^']*')|([\w./~\\-]+\.py:[A-Za-z_]\w*)""")
_NUMBERS = {"inf": float("inf"), "nan": float("nan")}


def load(name: str, **values: Any) -> Agent:
    """The agent called `name`, or `path/to/file.py:Class`, with these hyper-parameters.

    Raises:
        UsageError: if there is none, or a hyper-parameter is unknown or out of range.
    """
    kind = class_at(name) if ".py:" in name else class_of(name)
    _check_names(kind, name, values)
    return kind(**values)


def parse(text: str, beside: Mapping[str, type[Agent]] | None = None) -> Agent:
    """The agent that an expression describes.

    Args:
        text: the expression.
        beside: classes that only the outermost name may mean, by that name, beside those of the registry.

    Raises:
        UsageError: pointing at the character that is wrong.
    """
    return _Reader(text).read(beside or {})


def as_agent(given: Agent | type[Agent] | str) -> Agent:
    """An agent as it is, one of a class with its defaults, or what an expression describes.

    Raises:
        UsageError: if `given` is none of these.
    """
    if isinstance(given, Agent):
        return given
    if isinstance(given, str):
        return parse(given)
    if isinstance(given, type) and issubclass(given, Agent):
        return given()
    raise UsageError(
        f"expected an agent, its class or an expression such as 'als(factors=64)', not {given!r}"
    )


def expression(agent: Agent, name: str | None = None) -> str:
    """The canonical text of an agent: its name and the fields that are not at their defaults.

    Args:
        agent: that is to be told.
        name: what its class is called; by default what the registry finds it by.
    """
    parts = []
    for f in fields(agent):
        value, default = getattr(agent, f.name), f.default
        if isinstance(value, Agent) and isinstance(default, str):
            default = parse(default)
        if default is MISSING or value != default:
            parts.append(f"{f.name}={_text(value)}")
    return (name or name_of(type(agent))) + (f"({', '.join(parts)})" if parts else "")


def _text(value: Any) -> str:
    if isinstance(value, Agent):
        return expression(value)
    if isinstance(value, float):
        short = f"{value:g}"
        return short if float(short) == value else repr(value)
    if isinstance(value, str) and value.isidentifier() and value not in (*_NUMBERS, "True", "False", "None"):
        return value
    return repr(value)


def _check_names(kind: type[Agent], name: str, given: Any) -> None:
    known = [f.name for f in fields(kind)]
    for word in given:
        if word not in known:
            raise UsageError(
                f"{name} has no parameter {word!r}{did_you_mean(word, known)}\nIt has {', '.join(known)}"
            )


class _Reader:
    """Reads one expression; files are hidden from Python's grammar behind names of the same length."""

    def __init__(self, text: str) -> None:
        self.text = text.strip()
        self.files: dict[str, str] = {}
        self.masked = _FILE.sub(self._mask, self.text)

    def read(self, beside: Mapping[str, type[Agent]]) -> Agent:
        try:
            tree = ast.parse(self.masked, mode="eval")
        except SyntaxError as error:
            raise self._error(max((error.offset or 1) - 1, 0), f"cannot be read: {error.msg}") from None
        return self._agent(tree.body, beside)

    def _mask(self, found: re.Match[str]) -> str:
        if found[1]:
            return found[1]
        name = f"_{len(self.files)}".ljust(len(found[2]), "_")
        self.files[name] = found[2]
        return name

    def _agent(self, node: ast.expr, beside: Mapping[str, type[Agent]]) -> Agent:
        call = node if isinstance(node, ast.Call) else None
        head = call.func if call else node
        if not isinstance(head, ast.Name):
            raise self._error(head.col_offset, "expected the name of an agent")
        name = self.files.get(head.id, head.id)
        try:
            kind = beside.get(name) or (class_at if head.id in self.files else class_of)(name)
        except UsageError as error:
            raise self._error(head.col_offset, str(error)) from None
        values = self._values(call, kind, name) if call else {}
        try:
            return kind(**values)
        except UsageError as error:
            raise self._error(head.col_offset, str(error)) from None

    def _values(self, call: ast.Call, kind: type[Agent], name: str) -> dict[str, Any]:
        hints, values = hints_of(kind), {}
        for argument in call.args:
            raise self._error(argument.col_offset, f"write {name}(parameter=value)")
        for keyword in call.keywords:
            if keyword.arg is None:
                raise self._error(keyword.col_offset, f"write {name}(parameter=value)")
            try:
                _check_names(kind, name, [keyword.arg])
            except UsageError as error:
                raise self._error(keyword.col_offset, str(error)) from None
            hint = hints[keyword.arg]
            value = self._value(keyword.value, hint)
            try:
                values[keyword.arg] = checked(value, hint, f"{kind.__name__.lower()}: {keyword.arg}")
            except UsageError as error:
                raise self._error(keyword.value.col_offset, str(error)) from None
        return values

    def _value(self, node: ast.expr, hint: Any) -> Any:
        takes_agent = any(isinstance(one, type) and issubclass(one, Agent) for one in members(hint))
        if isinstance(node, ast.Call) or (takes_agent and isinstance(node, ast.Name)):
            return self._agent(node, {})
        sign, inner = 1, node
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub | ast.UAdd):
            sign, inner = (-1 if isinstance(node.op, ast.USub) else 1), node.operand
        value: Any = None
        if isinstance(inner, ast.Name):
            value = _NUMBERS.get(inner.id, self.files.get(inner.id, inner.id))
        elif isinstance(inner, ast.Constant) and not isinstance(inner.value, bytes | complex):
            value = inner.value
        if inner is not node and isinstance(value, int | float) and not isinstance(value, bool):
            return sign * value
        if inner is node and isinstance(node, ast.Name | ast.Constant) and not isinstance(value, type(...)):
            return value
        raise self._error(node.col_offset, "expected a number, a name, a 'string' or an agent")

    def _error(self, column: int, message: str) -> UsageError:
        column = len(self.masked.encode()[:column].decode(errors="ignore"))  # ast counts bytes
        return UsageError(f"{message}\n  {self.text}\n  {' ' * column}^")
