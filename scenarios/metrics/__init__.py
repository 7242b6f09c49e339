"""What is measured, a family a file."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache

from simenv.scenarios.metrics.base import Column, Metric

__all__ = ["Column", "Metric", "describe", "families"]


@cache
def families() -> tuple[type[Metric], ...]:
    """Every metric that a file of this folder defines."""
    names = sorted(m.name for m in pkgutil.iter_modules(__path__) if m.name != "base" and m.name[0] != "_")
    modules = [importlib.import_module(f"{__name__}.{name}") for name in names]
    found = [kind for module in modules for kind in vars(module).values() if isinstance(kind, type)]
    own = {m.__name__ for m in modules}
    return tuple(k for k in found if issubclass(k, Metric) and k is not Metric and k.__module__ in own)


def describe(name: str) -> Column:
    """What the column called `name` says.

    Raises:
        KeyError: if no metric has such a column.
    """
    for family in families():
        if name in family.columns:
            return family.columns[name]
    raise KeyError(name)
