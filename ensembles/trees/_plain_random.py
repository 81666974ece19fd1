"""Random words as Python's whole numbers: numba's `word_of` without numba."""

from __future__ import annotations

from ensembles._random import GOLDEN

__all__ = ["STEP", "WORD", "word_of"]

WORD = (1 << 64) - 1
# From one state of a stream to the next.
STEP = int(GOLDEN)


def word_of(state: int) -> int:
    """The word of a stream at this state, of which the low 64 bits count."""
    state &= WORD
    z = (state ^ (state >> 30)) * 0xBF58476D1CE4E5B9 & WORD
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB & WORD
    return z ^ (z >> 31)
