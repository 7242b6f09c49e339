"""Rows of floats, eight at a time in the processor's lanes, in a written order: the same bits everywhere.

A plain loop must add one product after the other, and each addition waits for the one before. Left to choose
the order, a compiler chooses by machine; and of rows as short as ours it makes scalars.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.core.errors import TypingError
from numba.extending import intrinsic

from simenv.floats import F32, ZERO, scalar

_LANES, _FLOAT = 8, ir.FloatType()
_VECTOR, _ORDER = ir.VectorType(_FLOAT, _LANES), ir.VectorType(ir.IntType(32), _LANES)

Row = tuple[types.Array, ir.Value]
"""An array as the compiler knows it: its type and its value."""


def padded(rows: F32) -> F32:
    """`rows` (n, d) with zeros behind, as many as make their length a multiple of eight."""
    return np.ascontiguousarray(np.pad(rows, ((0, 0), (0, -rows.shape[1] % _LANES))))


def _check(*arrays: types.Array) -> None:
    for array in arrays:
        if array.layout != "C" or array.dtype != types.float32 or array.ndim != 1:
            raise TypingError(f"contiguous float32 rows were expected, not {array}")


def _pointer(context: Any, builder: ir.IRBuilder, row: Row, at: ir.Value) -> ir.Value:
    start = builder.gep(context.make_array(row[0])(context, builder, row[1]).data, [at])
    return builder.bitcast(start, _VECTOR.as_pointer())


def _load(context: Any, builder: ir.IRBuilder, row: Row, at: ir.Value) -> ir.Value:
    """Eight floats of a row from place `at` on."""
    return builder.load(_pointer(context, builder, row, at), align=4)


def _store(context: Any, builder: ir.IRBuilder, lanes: ir.Value, row: Row, at: ir.Value) -> None:
    builder.store(lanes, _pointer(context, builder, row, at), align=4)


def _everywhere(builder: ir.IRBuilder, value: ir.Value) -> ir.Value:
    """A float in all eight lanes."""
    lanes = ir.Constant(_VECTOR, ir.Undefined)
    for lane in range(_LANES):
        lanes = builder.insert_element(lanes, value, ir.IntType(32)(lane))
    return lanes


def _swapped(builder: ir.IRBuilder, lanes: ir.Value, by: int) -> ir.Value:
    """Every lane in the place of the one whose number differs by the bit `by`."""
    return builder.shuffle_vector(lanes, lanes, ir.Constant(_ORDER, [lane ^ by for lane in range(_LANES)]))


def _added_up(builder: ir.IRBuilder, lanes: ir.Value) -> ir.Value:
    """The sum of eight lanes v: ((v0 + v4) + (v2 + v6)) + ((v1 + v5) + (v3 + v7))."""
    for by in (4, 2, 1):
        lanes = builder.fadd(lanes, _swapped(builder, lanes, by))
    return builder.extract_element(lanes, ir.IntType(32)(0))


def _added_up_both(builder: ir.IRBuilder, a: ir.Value, b: ir.Value) -> list[ir.Value]:
    """`_added_up` of two, for little more than the price of one: four lanes are left of each after a step."""
    low, high = ([*half, *(lane + _LANES for lane in half)] for half in ([0, 1, 2, 3], [4, 5, 6, 7]))
    parts = (builder.shuffle_vector(a, b, ir.Constant(_ORDER, order)) for order in (low, high))
    lanes = builder.fadd(*parts)
    for by in (2, 1):
        lanes = builder.fadd(lanes, _swapped(builder, lanes, by))
    return [builder.extract_element(lanes, ir.IntType(32)(lane)) for lane in (0, _LANES // 2)]


def _products(blocks: int) -> Callable[..., Any]:
    """What adds up a[i] b[i] over so many blocks of eight, lane by lane, and then the lanes."""

    def products(typing: Any, a: types.Array, b: types.Array, at: types.Integer) -> Any:
        _check(a, b)

        def generate(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> ir.Value:
            rows, sums = list(zip((a, b), args, strict=False)), None
            for block in range(blocks):
                here = builder.add(args[2], ir.Constant(args[2].type, block * _LANES))
                product = builder.fmul(*(_load(context, builder, row, here) for row in rows))
                sums = product if sums is None else builder.fadd(sums, product)
            return _added_up(builder, sums)

        return types.float32(a, b, at), generate

    return products


sum_of_eight, sum_of_sixteen = intrinsic(_products(1)), intrinsic(_products(2))
"""Sums of the products of two contiguous float32 rows from a place on, which must hold so many: unchecked."""


@intrinsic
def copy_and_two_sums(
    typing: Any,
    row: types.Array,
    a: types.Array,
    b: types.Array,
    into: types.Array,
    to: types.Integer,
    blocks: types.Integer,
) -> Any:
    """Sums of row[i] a[i] and row[i] b[i] over so many blocks of eight, and a copy of row[i] at into[to + i].

    Nothing checks that they are there.
    """
    _check(row, a, b, into)

    def generate(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> ir.Value:
        own, *others = zip((row, a, b), args[:3], strict=True)
        size = args[5].type
        nothing = ir.Constant(_VECTOR, [0.0] * _LANES)
        sums = [cgutils.alloca_once_value(builder, nothing) for _ in others]
        with cgutils.for_range(builder, args[5]) as loop:
            at = builder.mul(loop.index, ir.Constant(size, _LANES))
            lanes = _load(context, builder, own, at)
            _store(context, builder, lanes, (into, args[3]), builder.add(args[4], at))
            for total, other in zip(sums, others, strict=True):
                product = builder.fmul(lanes, _load(context, builder, other, at))
                builder.store(builder.fadd(builder.load(total), product), total)
        both = _added_up_both(builder, *(builder.load(total) for total in sums))
        return context.make_tuple(builder, signature.return_type, both)

    return types.UniTuple(types.float32, 2)(row, a, b, into, to, blocks), generate


@intrinsic
def copy_eight(
    typing: Any, source: types.Array, at: types.Integer, into: types.Array, to: types.Integer
) -> Any:
    """Eight floats of `source` from place `at` on, to place `to` of `into` and on: nothing checks either."""
    _check(source, into)

    def generate(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> ir.Value:
        lanes = _load(context, builder, (source, args[0]), args[1])
        _store(context, builder, lanes, (into, args[2]), args[3])
        return context.get_dummy_value()

    return types.void(source, at, into, to), generate


@intrinsic
def lean_eight(
    typing: Any, row: types.Array, at: types.Integer, target: types.Array, share: types.Float
) -> Any:
    """row += share (target - row), of eight floats from place `at` on: nothing checks that they are there."""
    _check(row, target)

    def generate(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> ir.Value:
        own = _load(context, builder, (row, args[0]), args[1])
        gap = builder.fsub(_load(context, builder, (target, args[2]), args[1]), own)
        moved = builder.fadd(own, builder.fmul(_everywhere(builder, args[3]), gap))
        _store(context, builder, moved, (row, args[0]), args[1])
        return context.get_dummy_value()

    return types.void(row, at, target, types.float32), generate


@intrinsic
def scale_eight(typing: Any, row: types.Array, at: types.Integer, by: types.Float) -> Any:
    """row *= by, of eight floats from place `at` on: nothing checks that they are there."""
    _check(row)

    def generate(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> ir.Value:
        own = _load(context, builder, (row, args[0]), args[1])
        _store(context, builder, builder.fmul(own, _everywhere(builder, args[2])), (row, args[0]), args[1])
        return context.get_dummy_value()

    return types.void(row, at, types.float32), generate


@scalar
def dot(a, b):
    """<a, b> of rows (d,): sixteen products at a time, then eight, then what is left over one by one."""
    d = a.shape[0]
    total = ZERO
    for e in range(0, d - 15, 16):
        total += sum_of_sixteen(a, b, e)
    if d % 16 >= 8:
        total += sum_of_eight(a, b, d - d % 16)
    for e in range(d - d % 8, d):
        total += a[e] * b[e]
    return total


@scalar
def copy_and_two_dots(row, a, b, into, to):
    """<row, a> and <row, b> of rows (d,), d a multiple of 8: every eighth product, then the eight sums.

    All of `row` goes to `into`, from place `to` on, meanwhile.
    """
    return copy_and_two_sums(row, a, b, into, to, row.shape[0] // 8)


@scalar
def copy(source, width, into, to):
    """Copy the first `width` floats of a row to `into`, from place `to` on; the last eight may go twice."""
    if width < 8:
        for e in range(width):
            into[to + e] = source[e]
        return
    for e in range(0, width - 7, 8):
        copy_eight(source, e, into, to + e)
    copy_eight(source, width - 8, into, to + width - 8)


@scalar
def lean(row, target, share):
    """row += share (target - row) of rows (d,)."""
    d = row.shape[0]
    for e in range(0, d - 7, 8):
        lean_eight(row, e, target, share)
    for e in range(d - d % 8, d):
        row[e] += share * (target[e] - row[e])


@scalar
def scale(row, by):
    """row *= by of a row (d,)."""
    d = row.shape[0]
    for e in range(0, d - 7, 8):
        scale_eight(row, e, by)
    for e in range(d - d % 8, d):
        row[e] *= by
