"""`simenv list`: what there is to run."""

from __future__ import annotations

import ast
import importlib.util
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import tyro
from rich.console import Console
from rich.table import Table

from simenv.agents import available as agents_available
from simenv.scenarios import available, load
from simenv.scenarios._arms import OWN


@dataclass(frozen=True)
class List:
    """Name the scenarios with their questions, and the agents."""


def main(words: Sequence[str]) -> int:
    """Print scenarios and agents."""
    tyro.cli(List, args=list(words), prog="simenv list")
    console = Console()
    scenarios = Table("scenario", "asks", "measured by", box=None, header_style="bold", pad_edge=False)
    for name in available():
        scenario = load(name)
        scenarios.add_row(name, scenario.question, scenario.primary)
    agents = Table("agent", "what it does", box=None, header_style="bold", pad_edge=False)
    for name in agents_available():
        agents.add_row(name, first_line(f"simenv.agents.{name}"))
    for name, kind in OWN.items():
        agents.add_row(name, (kind.__doc__ or "").strip().splitlines()[0])
    console.print(scenarios, "", agents, sep="\n")
    return 0


def first_line(module: str) -> str:
    """What a module says it is, read without running it; nothing for what is not a file of ours."""
    try:
        spec = importlib.util.find_spec(module)
    except ModuleNotFoundError:
        return ""
    if spec is None or spec.origin is None:
        return ""
    text = ast.get_docstring(ast.parse(Path(spec.origin).read_text())) or ""
    return text.splitlines()[0] if text else ""
