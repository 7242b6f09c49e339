"""Sums of products in the processor's lanes, in a written order: the same bits on every machine.

A plain loop must add one product after the other, and each addition waits for the one before. Left to choose
the order, a compiler chooses by machine.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.core.errors import TypingError
from numba.extending import intrinsic

from simenv.floats import ZERO, scalar

_LANES, _FLOAT = 8, ir.FloatType()


@intrinsic
def sums_of_four(typing: Any, a: types.Array, b: types.Array, at: types.Integer) -> Any:
    """(a0 b0 + a1 b1) + (a2 b2 + a3 b3) from place `at` on, and the same of the next four.

    Both arrays are contiguous float32 and hold eight numbers from `at` on: nothing checks that.
    """
    for array in (a, b):
        if array.layout != "C" or array.dtype != types.float32 or array.ndim != 1:
            raise TypingError(f"contiguous float32 rows were expected, not {array}")

    def generate(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> ir.Value:
        def eight(row: types.Array, value: ir.Value) -> ir.Value:
            start = builder.gep(context.make_array(row)(context, builder, value).data, [args[2]])
            lanes = builder.bitcast(start, ir.VectorType(_FLOAT, _LANES).as_pointer())
            return builder.load(lanes, align=4)

        def swapped(lanes: ir.Value, by: int) -> ir.Value:
            order = ir.Constant(ir.VectorType(ir.IntType(32), _LANES), [lane ^ by for lane in range(_LANES)])
            return builder.shuffle_vector(lanes, lanes, order)

        sums = builder.fmul(eight(a, args[0]), eight(b, args[1]))
        for by in (1, 2):  # neighbours, then pairs
            sums = builder.fadd(sums, swapped(sums, by))
        parts = [builder.extract_element(sums, ir.IntType(32)(lane)) for lane in (0, 4)]
        return context.make_tuple(builder, signature.return_type, parts)

    return types.UniTuple(types.float32, 2)(a, b, at), generate


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
