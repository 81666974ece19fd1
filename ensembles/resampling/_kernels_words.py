"""Random words, and numbers made of them, inside compiled kernels.

The words of a replicate are a stream of 64 bits each that starts from its key
(SplitMix64: Steele, Lea & Flood, "Fast splittable pseudorandom number generators",
OOPSLA 2014). A function that takes a state returns the state after the words it took.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit, uint64

from ensembles._compiled import keep_compiled
from ensembles._random import GOLDEN
from ensembles._typing import KeyArray
from ensembles.resampling._plan import CHUNK

__all__ = [
    "LOW_32",
    "below",
    "column_above",
    "compiled",
    "compiled_sum",
    "fill_fair",
    "inlined",
    "least_product",
    "number_of",
    "uniform",
    "word_of",
]

_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)
LOW_32 = np.uint64(0xFFFFFFFF)

compiled = keep_compiled()
# A call that passes arrays on counts their references; once a draw that is dear.
inlined = njit(inline="always")
# Sums may be reordered to fill vector registers; nothing else of fastmath is wanted.
compiled_sum = keep_compiled(fastmath={"reassoc", "contract"})


@inlined
def word_of(state: Any) -> Any:
    """The word of a stream at this state."""
    z = (state ^ (state >> uint64(30))) * _MIX_1
    z = (z ^ (z >> uint64(27))) * _MIX_2
    return z ^ (z >> uint64(31))


@inlined
def uniform(state: Any) -> Any:
    """State and a multiple of 2**-53 in [0, 1)."""
    state += GOLDEN
    return state, np.float64(word_of(state) >> uint64(11)) * 2.0**-53


@inlined
def column_above(u: Any, thresholds: Any, table: Any, column: Any) -> Any:
    """First column of a table, from `column` on, whose threshold exceeds u."""
    while thresholds[table, column] <= u:
        column += 1
    return column


@inlined
def least_product(size: int) -> Any:
    """Least low half that a random 32 bits times `size` may have.

    The high half is then a number below `size` (< 2**32), each equally likely (D.
    Lemire, "Fast random integer generation in an interval", ACM TOMACS 29(1), 2019).
    """
    return (uint64(2**32) - uint64(size)) % uint64(size)


@inlined
def below(state: Any, size: int, least: Any) -> Any:
    """State and a number below `size`, of which `least` is the least product."""
    while True:
        state += GOLDEN
        product = (word_of(state) >> uint64(32)) * uint64(size)
        if product & LOW_32 >= least:
            return state, np.int64(product >> uint64(32))


@inlined
def number_of(word: Any, size: Any) -> Any:
    """The number below `size` that the high half of a fair word stands for."""
    return (word >> uint64(32)) * uint64(size) >> uint64(32)


@inlined
def fill_fair(state: Any, size: int, least: Any, words: KeyArray) -> Any:
    """State, with a chunk of words that number each of `size` equally likely.

    Those that are not fair are replaced by the words that follow the chunk, in turn.
    """
    any_unfair = False
    for k in range(uint64(CHUNK)):
        state += GOLDEN
        word = word_of(state)
        words[k] = word
        any_unfair |= (word >> uint64(32)) * uint64(size) & LOW_32 < least
    if any_unfair:
        for k in range(uint64(CHUNK)):
            while (words[k] >> uint64(32)) * uint64(size) & LOW_32 < least:
                state += GOLDEN
                words[k] = word_of(state)
    return state
