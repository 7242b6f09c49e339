"""Asking the processor to fetch memory before it is needed: rows of other listeners are a long way off."""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

_LINE = 64  # bytes that a processor fetches at once
_READ, _KEEP, _DATA = (ir.Constant(ir.IntType(32), value) for value in (0, 3, 1))


@intrinsic
def fetch(typing: Any, row: types.Array) -> Any:
    """Begin to load a contiguous array into the cache; nothing waits for it, and nothing changes."""

    def generate(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> ir.Value:
        array = context.make_array(row)(context, builder, args[0])
        start = builder.bitcast(array.data, cgutils.voidptr_t)
        size = builder.mul(array.nitems, array.itemsize)
        prefetch = cgutils.get_or_insert_function(
            builder.module,
            ir.FunctionType(ir.VoidType(), [cgutils.voidptr_t, *[ir.IntType(32)] * 3]),
            "llvm.prefetch.p0",
        )
        line = ir.Constant(size.type, _LINE)
        with cgutils.for_range_slice(builder, size.type(0), size, line, inc=True) as (place, _):
            builder.call(prefetch, [builder.gep(start, [place]), _READ, _KEEP, _DATA])
        return context.get_dummy_value()

    return types.void(row), generate
