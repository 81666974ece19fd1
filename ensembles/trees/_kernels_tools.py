"""What kernels of trees have in common: how they are compiled, and instructions."""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic

from ensembles._compiled import keep_compiled

__all__ = [
    "allocating",
    "compiled",
    "expanded",
    "helper",
    "inlined",
    "lowest_bit",
    "prefetch",
]

# Division by zero gives an infinity, as in numpy, which leaves loops free of branches.
# Nobody counts references to arrays: counting is an atomic instruction for each array
# that a function takes, and for a node of few rows it took as long as the splits. So
# kernels allocate nothing, and whoever calls them holds the arrays.
_PLAIN: Any = {"error_model": "numpy", "_nrt": False, "no_cfunc_wrapper": True}
_PART: Any = {"nogil": True, "no_cpython_wrapper": True, **_PLAIN}
compiled = keep_compiled(**_PLAIN)
# Allocates, and counts references.
allocating = keep_compiled(error_model="numpy")
# Part of the kernels that call it, and kept in their cache.
helper = njit(**_PART)
# What is called once a node and takes many arrays: a call would hand each of them on in
# ten words, and nodes of few rows took a quarter longer.
inlined = njit(forceinline=True, **_PART)
# The same before types are known: large functions are not optimized one by one first.
expanded = njit(inline="always")

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


lowest_bit: Any = intrinsic(_lowest_bit)
prefetch: Any = intrinsic(_prefetch)
