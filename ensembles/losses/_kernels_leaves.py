"""Values of some rank among the rows of each leaf."""

from __future__ import annotations

from typing import Any

from numba import njit

from ensembles._compiled import keep_compiled

__all__ = ["neighbours"]

_PLAIN: Any = {"error_model": "numpy", "_nrt": False, "no_cfunc_wrapper": True}
_PART: Any = {"nogil": True, "no_cpython_wrapper": True, **_PLAIN}
_compiled = keep_compiled(**_PLAIN)
_inlined = njit(**_PART)


@_inlined
def _part(room: Any, n: int, rank: int) -> None:
    """Order values so far that none before a rank is larger, and none after it less.

    C. A. R. Hoare, "Algorithm 65: find", Communications of the ACM 4(7), 1961.
    """
    first, last = 0, n - 1
    while first < last:
        low, middle, high = room[first], room[(first + last) >> 1], room[last]
        pivot = max(min(low, middle), min(max(low, middle), high))
        i, j = first, last
        while i <= j:
            while room[i] < pivot:
                i += 1
            while room[j] > pivot:
                j -= 1
            if i <= j:
                room[i], room[j] = room[j], room[i]
                i += 1
                j -= 1
        if rank <= j:
            last = j
        elif rank >= i:
            first = i
        else:
            return


@_compiled
def neighbours(
    values: Any, order: Any, bounds: Any, level: float, room: Any, found: Any
) -> None:
    """Write the two values that a quantile lies between, for each leaf.

    Leaf l has the rows ``order[bounds[l, 0] : bounds[l, 1]]``; its quantile lies at
    ``level * (n - 1)`` among its n values in ascending order. `room` has place for all
    rows, `found` two numbers for each leaf.
    """
    for leaf in range(len(bounds)):
        start = bounds[leaf, 0]
        n = bounds[leaf, 1] - start
        for i in range(n):
            room[i] = values[order[start + i]]
        rank = int(level * (n - 1))
        _part(room, n, rank)
        above = room[rank]
        if rank + 1 < n:
            above = room[rank + 1]
            for i in range(rank + 2, n):
                above = min(above, room[i])
        found[leaf, 0], found[leaf, 1] = room[rank], above
