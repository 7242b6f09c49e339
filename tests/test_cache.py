"""Compiled kernels are kept on disk, and never kept when anything that they are made of has changed."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from simenv import _cache

ROOT = Path(__file__).parents[1]

RNG = """
from numba import njit

SHIFT = 1

@njit
def draw(x):
    return x * 1000 + SHIFT
"""
KERNELS = """
from pathlib import Path
from simenv._cache import driver
from rng import draw

@driver(Path(__file__).parent.glob("*.py"))
def play(x):
    return draw(x)

print(play(7), sum(play.stats.cache_hits.values()))
"""
WATCHED = """
import ast, importlib, pathlib, sys, types
import numba, numpy
from numba.core.registry import CPUDispatcher
import simenv._cache as _cache

seen = []

def spy(sources):
    sources = {pathlib.Path(path).resolve() for path in sources}
    def decorate(function):
        seen.append((sources, function))
        return numba.njit(function)
    return decorate

_cache.driver = spy
for name in sys.argv[1:]:
    importlib.import_module(name)

def inlined(function, found, before):
    # the files of all that a function calls or reads as a constant, its own included
    if function in before:
        return
    before.add(function)
    module = sys.modules[function.__module__]
    found.add(pathlib.Path(module.__file__).resolve())
    home = {}
    for node in ast.walk(ast.parse(pathlib.Path(module.__file__).read_text())):
        if isinstance(node, ast.ImportFrom) and node.module.startswith("simenv"):
            home |= {alias.asname or alias.name: node.module for alias in node.names}
    read, names = list(function.__code__.co_names), set()
    while read:
        name = read.pop()
        if name in names:
            continue
        names.add(name)
        value = getattr(module, name, None)
        if isinstance(value, CPUDispatcher):
            inlined(value.py_func, found, before)
        elif isinstance(value, types.ModuleType) and value.__name__.startswith("simenv."):
            found.add(pathlib.Path(value.__file__).resolve())
        elif name in home and value is not None:
            found.add(pathlib.Path(sys.modules[home[name]].__file__).resolve())
        elif value is not None:
            read += made_of(module, name)

def made_of(module, name):
    # the names in the assignment of a module's constant
    for node in ast.parse(pathlib.Path(module.__file__).read_text()).body:
        if isinstance(node, ast.Assign) and any(name in ast.unparse(t) for t in node.targets):
            return [n.id for n in ast.walk(node.value) if isinstance(n, ast.Name)]
    return []

assert seen
for sources, function in seen:
    found = set()
    inlined(function, found, set())
    for path in sorted(found - sources):
        print(function.__module__, function.__name__, "is not compiled anew after an edit of", path.name)
"""


def run(*args, **env):
    done = subprocess.run(
        [sys.executable, *args], capture_output=True, text=True, env=os.environ | env, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_kernel_is_loaded_until_something_that_it_inlines_is_edited(tmp_path):
    """Numba by itself would look at the kernel's own file and miss the edit of the file beside it."""
    source, kernels, cache = tmp_path / "rng.py", tmp_path / "kernels.py", str(tmp_path / "cache")
    source.write_text(RNG)
    kernels.write_text(KERNELS)
    assert run(str(kernels), XDG_CACHE_HOME=cache).split() == ["7001", "0"]
    assert run(str(kernels), XDG_CACHE_HOME=cache).split() == ["7001", "1"]
    source.write_text(RNG.replace("SHIFT = 1", "SHIFT = 2"))
    assert run(str(kernels), XDG_CACHE_HOME=cache).split() == ["7002", "0"]


def test_every_driver_names_all_that_it_inlines():
    """Functions that it calls and constants that it reads: an edit of any must lead to another folder."""
    modules = []
    for folder, package in (("simenv", "simenv"), ("users", "simenv.users"), ("agents", "simenv.agents")):
        for path in sorted((ROOT / folder).glob("*.py")):
            if path.stem != "_cache" and "_cache" in path.read_text():
                modules.append(f"{package}.{path.stem}")
    assert {"simenv.users.kernels", "simenv.heard"} <= set(modules)
    assert run("-c", WATCHED, *modules) == ""


@pytest.fixture
def homes(tmp_path, monkeypatch):
    """The user's cache and the temporary folder, in a place of this test's own."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(_cache.tempfile, "tempdir", str(tmp_path))
    return tmp_path


def test_the_cache_of_other_sources_is_another(homes):
    a, b = homes / "a.py", homes / "b.py"
    a.write_text("x = 1")
    b.write_text("x = 2")
    folders = {_cache.cache_folder(sources) for sources in ([a], [b], [a, b], [b, a])}
    assert len(folders) == 3
    assert all(folder.parent == homes / "home" / "simenv" for folder in folders)


def test_without_a_home_kernels_are_kept_in_a_temporary_folder(homes):
    (homes / "home").write_text("a file where the cache should be")
    folder = _cache.cache_folder([Path(__file__)])
    assert folder.is_dir()
    assert folder.parent.parent.parent == homes
    assert _cache.cache_folder([Path(__file__)]) == folder


def test_a_home_that_is_read_only_is_passed_over(homes, monkeypatch):
    mine, other = _cache.cache_folder([Path(__file__)]), os.access
    monkeypatch.setattr(_cache.os, "access", lambda path, mode: path != mine and other(path, mode))
    assert mine.parent.parent == homes / "home"
    assert _cache.cache_folder([Path(__file__)]) != mine


def test_where_nothing_can_be_kept_kernels_still_compile(homes, monkeypatch):
    monkeypatch.setattr(_cache.os, "access", lambda path, mode: False)
    folder = _cache.cache_folder([Path(__file__)])
    assert folder.is_dir()
    assert folder.name.startswith("simenv-")
