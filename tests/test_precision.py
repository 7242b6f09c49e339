"""Mechanisms stay in float32: a float64 is a time, never an accident of a literal or of an integer."""

import json
import os
import subprocess
import sys

import pytest

# In a process of its own, without optimisation: drivers are compiled anew, so that all they inline is too.
COMPILE = """
import importlib, json, pkgutil, sys
import numba, numpy as np
from numba import types
from numba.core import ir
from numba.core.registry import CPUDispatcher
import simenv.users as users
from simenv.scenarios.build import make_world
from simenv.types import Slate
from simenv.users.params import ListenerParams

def answer():
    tracks = np.tile(np.arange(2, dtype=np.int32), (len(world.waiting()), 1))
    world.play(Slate(tracks, np.ones(tracks.shape, np.float32)))

world = make_world(20, 100, seed=1, share=0.9, listener=ListenerParams(social_pull=0.1))
rows = world.waiting().listeners
world.truth.appeal(rows)
world.truth.appeal(rows, np.zeros((len(rows), 2), np.int32))
answer()
world.response = "shelf"
while world.waiting() is not None:
    answer()
world.turn()
functions = {}
for place in pkgutil.iter_modules(users.__path__):
    module = importlib.import_module(f"simenv.users.{place.name}")
    for name, function in vars(module).items():
        if isinstance(function, CPUDispatcher) and function.py_func.__module__ == module.__name__:
            functions[f"{place.name}.{name}"] = function
drivers = {name for name, function in functions.items() if not function.targetoptions.get("forceinline")}
for name in drivers:
    for signature in functions[name].nopython_signatures:
        numba.njit(functions[name].py_func, error_model="numpy", _nrt=False).compile(signature.args)

def wide(kind):
    return any(wide(part) for part in kind) if isinstance(kind, types.BaseTuple) else kind == types.float64

def accidents(overload):
    # operations whose result is float64 though no operand is, constants aside
    note = overload.type_annotation
    statements = [s for block in note.blocks.values() for s in block.find_insts(ir.Assign)]
    fixed = {s.target.name for s in statements if isinstance(s.value, ir.Const | ir.Global | ir.FreeVar)}
    for s in statements:
        if isinstance(s.value, ir.Expr) and s.value.op in ("binop", "inplace_binop", "unary"):
            names = [v.name for v in s.value.list_vars()]
            if wide(note.typemap[s.target.name]) and not any(
                wide(note.typemap[name]) for name in names if name not in fixed
            ):
                yield f"line {s.loc.line}"

out = []
for name, function in functions.items():
    overloads = [] if name in drivers else list(function.overloads.values())
    out.append({
        "name": name,
        "reached": bool(function.overloads),
        "wide": [str(o.signature) for o in overloads
                 if wide(o.signature.return_type) and not any(wide(a) for a in o.signature.args)],
        "accidents": sorted({line for o in overloads for line in accidents(o)}),
    })
json.dump(out, sys.stdout)
"""


@pytest.fixture(scope="module")
def mechanisms():
    done = subprocess.run(
        [sys.executable, "-c", COMPILE],
        capture_output=True,
        text=True,
        env=os.environ | {"NUMBA_OPT": "0"},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_every_mechanism_is_part_of_some_listener(mechanisms):
    assert len(mechanisms) > 40
    assert [m["name"] for m in mechanisms if not m["reached"]] == []


def test_float32_in_float32_out(mechanisms):
    assert [(m["name"], m["wide"]) for m in mechanisms if m["wide"]] == []


def test_nothing_within_becomes_float64_by_accident(mechanisms):
    assert [(m["name"], m["accidents"]) for m in mechanisms if m["accidents"]] == []
