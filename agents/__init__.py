"""Recommenders: one idea a file, every one an `Agent` behind one interface (see `base.py`)."""

if __name__ != "simenv.agents":
    raise ImportError("import simenv.agents; the folder agents/ is a part of the package simenv")

from simenv.agents._checkpoint import restore
from simenv.agents._expressions import as_agent, expression, load, parse
from simenv.agents._registry import available
from simenv.agents.base import Agent, Scorer, Wrapper

__all__ = ["Agent", "Scorer", "Wrapper", "as_agent", "available", "expression", "load", "parse", "restore"]
