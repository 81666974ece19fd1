"""What kernels of trees have in common: how they are compiled, and instructions."""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic

from ensembles._compiled import keep_compiled

__all__ = ["borrowed", "compiled", "helper", "inlined", "lowest_bit", "prefetch"]

# Division by zero gives an infinity, as in numpy, which leaves loops free of branches.
compiled = keep_compiled(error_model="numpy")
# Part of the kernels that call it, and kept in their cache.
helper = njit(nogil=True, error_model="numpy")
# For what is called once a node and takes many arrays: a call hands each of them on in
# ten words, and nodes of few rows took a quarter longer. It makes compilation slow.
inlined = njit(inline="always")

_I1, _I8, _I32, _I64 = (ir.IntType(bits) for bits in (1, 8, 32, 64))


def _lowest_bit(typing_context: Any, word: Any) -> Any:
    """Position of the lowest bit that is set; `word` must not be zero."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        kind = ir.FunctionType(_I64, [_I64, _I1])
        count = builder.module.declare_intrinsic("llvm.cttz", [_I64], kind)
        return builder.call(count, [arguments[0], _I1(1)])

    return types.uint64(types.uint64), generate


def _prefetch(typing_context: Any, table: Any, row: Any) -> Any:
    """Ask for the first cache line of a row, without waiting for it."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        array = context.make_array(signature.args[0])(context, builder, arguments[0])
        stride = builder.extract_value(array.strides, 0)
        start = builder.bitcast(array.data, _I8.as_pointer())
        address = builder.gep(start, [builder.mul(stride, arguments[1])])
        kind = ir.FunctionType(ir.VoidType(), [_I8.as_pointer(), _I32, _I32, _I32])
        fetch = builder.module.declare_intrinsic(
            "llvm.prefetch", [_I8.as_pointer()], kind
        )
        builder.call(fetch, [address, _I32(0), _I32(3), _I32(1)])
        return context.get_dummy_value()

    return types.void(table, types.int64), generate


def _borrowed(typing_context: Any, table: Any) -> Any:
    """The same array, whose references nobody counts; None for None.

    Counting is an atomic instruction, and a function that takes arrays counts those of
    each: for a node of few rows that took as long as its splits. Whoever called must
    hold the array meanwhile.
    """

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        if isinstance(table, types.NoneType):
            return context.get_dummy_value()
        array = context.make_array(table)(context, builder, arguments[0])
        nothing = ir.Constant(array.meminfo.type, None)
        array.meminfo = nothing
        array.parent = ir.Constant(array.parent.type, None)
        return array._getvalue()

    return table(table), generate


borrowed: Any = intrinsic(_borrowed)
lowest_bit: Any = intrinsic(_lowest_bit)
prefetch: Any = intrinsic(_prefetch)
