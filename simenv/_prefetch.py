"""Asking the processor to fetch memory before it is needed: rows of other listeners are a long way off."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.core.errors import TypingError
from numba.extending import intrinsic

_LINE = 64  # bytes that a processor fetches at once
_READ, _KEEP, _DATA = (ir.Constant(ir.IntType(32), value) for value in (0, 3, 1))


def _fetcher(lines: int | None) -> Callable[..., Any]:
    """What begins to load so many lines of a row, or all of them."""

    def fetch(typing: Any, array: types.Array, row: types.Integer) -> Any:
        if array.layout != "C":
            raise TypingError(f"a contiguous array was expected, not {array}")

        def generate(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> ir.Value:
            table = context.make_array(array)(context, builder, args[0])
            size = builder.extract_value(table.strides, 0)
            start = builder.gep(
                builder.bitcast(table.data, cgutils.voidptr_t),
                [builder.mul(builder.sext(args[1], size.type), size)],
            )
            prefetch = cgutils.get_or_insert_function(
                builder.module,
                ir.FunctionType(ir.VoidType(), [cgutils.voidptr_t, *[ir.IntType(32)] * 3]),
                "llvm.prefetch.p0",
            )

            def load(at: ir.Value) -> None:
                builder.call(prefetch, [builder.gep(start, [at]), _READ, _KEEP, _DATA])

            if lines is None:
                step = ir.Constant(size.type, _LINE)
                with cgutils.for_range_slice(builder, size.type(0), size, step, inc=True) as (at, _):
                    load(at)
            else:
                for line in range(lines):
                    load(ir.Constant(size.type, line * _LINE))
            return context.get_dummy_value()

        return types.void(array, row), generate

    return fetch


fetch = intrinsic(_fetcher(None))
"""Begin to load a row of a contiguous array into the cache; nothing waits for it, nothing changes."""
fetch_a_line, fetch_two_lines = intrinsic(_fetcher(1)), intrinsic(_fetcher(2))
"""The same of its first 64 bytes, or 128: of short rows, where a loop would take as long as what it saves."""
