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
    "eight_bytes",
    "expanded",
    "helper",
    "inlined",
    "largest_bytes",
    "least_bytes",
    "lowest_bit",
    "next_bytes",
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
_BYTES = ir.VectorType(_I8, 8)


def _lowest_bit(typing_context: Any, word: Any) -> Any:
    """Position of the lowest bit that is set; `word` must not be zero."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        kind = ir.FunctionType(_I64, [_I64, _I1])
        count = builder.module.declare_intrinsic("llvm.cttz", [_I64], kind)
        return builder.call(count, [arguments[0], _I1(1)])

    return types.uint64(types.uint64), generate


def _row(context: Any, builder: Any, kind: Any, table: Any, row: Any) -> Any:
    """Address of a row."""
    array = context.make_array(kind)(context, builder, table)
    stride = builder.extract_value(array.strides, 0)
    start = builder.bitcast(array.data, _I8.as_pointer())
    return builder.gep(start, [builder.mul(stride, row)])


def _prefetch(typing_context: Any, table: Any, row: Any) -> Any:
    """Ask for the first cache line of a row, without waiting for it."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        address = _row(context, builder, signature.args[0], *arguments)
        kind = ir.FunctionType(ir.VoidType(), [_I8.as_pointer(), _I32, _I32, _I32])
        fetch = builder.module.declare_intrinsic(
            "llvm.prefetch", [_I8.as_pointer()], kind
        )
        builder.call(fetch, [address, _I32(0), _I32(3), _I32(1)])
        return context.get_dummy_value()

    return types.void(table, types.int64), generate


def _eight_bytes(typing_context: Any, table: Any, row: Any, first: Any) -> Any:
    """Eight bytes of a row from column `first` on, as one word."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        table, row, first = arguments
        start = _row(context, builder, signature.args[0], table, row)
        address = builder.bitcast(builder.gep(start, [first]), _I64.as_pointer())
        return builder.load(address, align=1)

    return types.uint64(table, types.int64, types.int64), generate


def _select_bytes(is_better: str) -> Any:
    """Byte by byte, the better one of two words."""

    def of_words(typing_context: Any, one: Any, other: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            a, b = (builder.bitcast(word, _BYTES) for word in arguments)
            best = builder.select(builder.icmp_unsigned(is_better, a, b), a, b)
            return builder.bitcast(best, _I64)

        return types.uint64(types.uint64, types.uint64), generate

    return of_words


def _next_bytes(typing_context: Any, word: Any) -> Any:
    """Each byte of a word and one more, modulo 256."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        ones = ir.Constant(_BYTES, [1] * 8)
        return builder.bitcast(
            builder.add(builder.bitcast(arguments[0], _BYTES), ones), _I64
        )

    return types.uint64(types.uint64), generate


lowest_bit: Any = intrinsic(_lowest_bit)
prefetch: Any = intrinsic(_prefetch)
eight_bytes: Any = intrinsic(_eight_bytes)
least_bytes: Any = intrinsic(_select_bytes("<"))
largest_bytes: Any = intrinsic(_select_bytes(">"))
next_bytes: Any = intrinsic(_next_bytes)
