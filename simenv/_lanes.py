"""Rows of floats in the processor's lanes, eight at a time: sums of products, and copies.

A plain loop must add one product after the other, and each addition waits for the one before. Left to choose
the order, a compiler chooses by machine; here it is written down, so that the bits are the same on every one.
Rows whose length is a multiple of eight leave nothing over: `padded` makes them.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.core.errors import TypingError
from numba.extending import intrinsic

from simenv.floats import F32, ZERO, scalar

_LANES, _FLOAT = 8, ir.FloatType()


def padded(rows: F32) -> F32:
    """`rows` (n, d) with zeros behind, as many as make their length a multiple of eight."""
    return np.ascontiguousarray(np.pad(rows, ((0, 0), (0, -rows.shape[1] % _LANES))))


def _check(*arrays: types.Array) -> None:
    for array in arrays:
        if array.layout != "C" or array.dtype != types.float32 or array.ndim != 1:
            raise TypingError(f"contiguous float32 rows were expected, not {array}")


def _lanes_at(context: Any, builder: ir.IRBuilder, kind: types.Array, row: ir.Value, at: ir.Value) -> ir.Value:
    """A pointer to the eight floats of `row` from place `at` on."""
    start = builder.gep(context.make_array(kind)(context, builder, row).data, [at])
    return builder.bitcast(start, ir.VectorType(_FLOAT, _LANES).as_pointer())


def _swapped(builder: ir.IRBuilder, lanes: ir.Value, by: int) -> ir.Value:
    """Each lane holds what the one `by` places off held."""
    order = ir.Constant(ir.VectorType(ir.IntType(32), _LANES), [lane ^ by for lane in range(_LANES)])
    return builder.shuffle_vector(lanes, lanes, order)


@intrinsic
def sums_of_four(typing: Any, a: types.Array, b: types.Array, at: types.Integer) -> Any:
    """(a0 b0 + a1 b1) + (a2 b2 + a3 b3) from place `at` on, and the same of the next four.

    Both arrays are contiguous float32 and hold eight numbers from `at` on: nothing checks that.
    """
    _check(a, b)

    def generate(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> ir.Value:
        def eight(row: types.Array, value: ir.Value) -> ir.Value:
            return builder.load(_lanes_at(context, builder, row, value, args[2]), align=4)

        sums = builder.fmul(eight(a, args[0]), eight(b, args[1]))
        for by in (1, 2):  # neighbours, then pairs
            sums = builder.fadd(sums, _swapped(builder, sums, by))
        parts = [builder.extract_element(sums, ir.IntType(32)(lane)) for lane in (0, 4)]
        return context.make_tuple(builder, signature.return_type, parts)

    return types.UniTuple(types.float32, 2)(a, b, at), generate


@intrinsic
def dot_of_eights(typing: Any, a: types.Array, b: types.Array) -> Any:
    """<a, b> of rows whose length is a multiple of eight: every eighth product is summed, then the eight sums.

    Quicker than `dot` where no other loop has to add up in the same order.
    """
    _check(a, b)

    def generate(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> ir.Value:
        vector = ir.VectorType(_FLOAT, _LANES)
        sums = cgutils.alloca_once_value(builder, ir.Constant(vector, [0.0] * _LANES))
        length = context.make_array(a)(context, builder, args[0]).nitems
        with cgutils.for_range_slice(
            builder, length.type(0), length, length.type(_LANES), inc=True
        ) as (at, _):
            parts = (
                builder.load(_lanes_at(context, builder, kind, row, at), align=4)
                for kind, row in zip((a, b), args, strict=True)
            )
            builder.store(builder.fadd(builder.load(sums), builder.fmul(*parts)), sums)
        total = builder.load(sums)
        for by in (4, 2, 1):
            total = builder.fadd(total, _swapped(builder, total, by))
        return builder.extract_element(total, ir.IntType(32)(0))

    return types.float32(a, b), generate


@intrinsic
def move_eight(typing: Any, source: types.Array, at: types.Integer, into: types.Array, to: types.Integer) -> Any:
    """Copy eight floats of `source` from place `at` on to `into`, from place `to` on: nothing checks either."""
    _check(source, into)

    def generate(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> ir.Value:
        lanes = builder.load(_lanes_at(context, builder, source, args[0], args[1]), align=4)
        builder.store(lanes, _lanes_at(context, builder, into, args[2], args[3]), align=4)
        return context.get_dummy_value()

    return types.void(source, at, into, to), generate


@scalar
def copy(source, width, into, to):
    """Copy the first `width` floats of a row to `into`, from place `to` on; eight at a time, the last twice."""
    if width < 8:
        for e in range(width):
            into[to + e] = source[e]
        return
    for e in range(0, width - 7, 8):
        move_eight(source, e, into, to + e)
    move_eight(source, width - 8, into, to + width - 8)


@scalar
def dot(a, b):
    """<a, b> of rows (d,): four products at a time, (1st + 2nd) + (3rd + 4th), then what is left over."""
    d = a.shape[0]
    total = ZERO
    for e in range(0, d - 7, 8):
        first, second = sums_of_four(a, b, e)
        total = total + first + second
    for e in range(d - d % 8, d - 3, 4):
        total += (a[e] * b[e] + a[e + 1] * b[e + 1]) + (a[e + 2] * b[e + 2] + a[e + 3] * b[e + 3])
    for e in range(d - d % 4, d):
        total += a[e] * b[e]
    return total
