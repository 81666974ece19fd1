"""Learning rates as functions of the iteration: maths only.

T iterations are cut into M cycles that end at b_j = round(j T / M), j = 1, ..., M.
Within cycle j, iteration t = b_{j-1} + 1, ..., b_j has the phase

    phase(t) = (t - 1 - b_{j-1}) / (b_j - b_{j-1})        in [0, 1)

and the share (cos(pi phase) + 1) / 2 of the way from the lowest rate to the highest.
Each cycle has its own length in the phase, so M need not divide T: Huang et al. (2017),
eq. 2, which takes ceil(T / M) for all of them, would stop its last cycle half way down.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Sequence

__all__ = ["cosine_share", "cycle_ends", "held_then_falling", "triangle_share"]


def cycle_ends(n_iterations: int, n_cycles: int) -> list[int]:
    """Last iteration of each cycle, as even as whole numbers allow.

    Parameters
    ----------
    n_iterations : int
        Number of iterations T, counted from 1.
    n_cycles : int
        Number of cycles M.

    Returns
    -------
    list of int
        b_1, ..., b_M, strictly increasing; the last is T.

    Raises
    ------
    ValueError
        If there are fewer iterations than cycles.

    Examples
    --------
    >>> from ensembles.nets._schedules import cycle_ends
    >>> cycle_ends(10, 3)
    [3, 7, 10]
    """
    if n_iterations < n_cycles:
        raise ValueError(
            f"{n_cycles} cycles need at least {n_cycles} iterations, one each, and "
            f"there are {n_iterations}. Try more epochs, smaller batches or fewer "
            "snapshots."
        )
    # Whole numbers all the way: j * T / M as a float could round a tie either way.
    return [
        (2 * j * n_iterations + n_cycles) // (2 * n_cycles)
        for j in range(1, n_cycles + 1)
    ]


def cosine_share(iteration: int, ends: Sequence[int]) -> float:
    """Share of the way from the lowest rate to the highest, in (0, 1].

    Parameters
    ----------
    iteration : int
        Number of the iteration, from 1 to ``ends[-1]``.
    ends : sequence of int
        What `cycle_ends` returned.

    Returns
    -------
    float
        1 in the first iteration of a cycle, falling to near 0 in its last.

    Examples
    --------
    >>> from ensembles.nets._schedules import cosine_share
    >>> [round(0.1 * cosine_share(t, [4, 8]), 5) for t in range(1, 6)]
    [0.1, 0.08536, 0.05, 0.01464, 0.1]
    """
    cycle = bisect_left(ends, iteration)
    start = ends[cycle - 1] if cycle else 0
    phase = (iteration - 1 - start) / (ends[cycle] - start)
    return (math.cos(math.pi * phase) + 1) / 2


def triangle_share(iteration: int, turns: Sequence[int]) -> float:
    """Share of the way from the lowest rate to the highest, in straight lines.

    Parameters
    ----------
    iteration : int
        Number of the iteration, after ``turns[0]`` and up to ``turns[-1]``.
    turns : sequence of int
        Iterations in which the rate turns: it falls up to the second of them, rises up
        to the third, and so on.

    Returns
    -------
    float
        0 where it has fallen, 1 where it has risen.

    Examples
    --------
    Garipov et al., "Loss surfaces, mode connectivity, and fast ensembling of DNNs",
    2018, section 5, for cycles of four iterations between 0.05 and 0.01:

    >>> from ensembles.nets._schedules import triangle_share
    >>> shares = [triangle_share(t, [0, 2, 4]) for t in range(1, 5)]
    >>> [round(0.01 + 0.04 * share, 5) for share in shares]
    [0.03, 0.01, 0.03, 0.05]
    """
    side = bisect_left(turns, iteration)
    first, last = turns[side - 1], turns[side]
    share = (iteration - first) / (last - first)
    return 1.0 - share if side % 2 else share


def held_then_falling(progress: float, floor: float) -> float:
    """What the rate is multiplied by in a run before weights are averaged.

    Parameters
    ----------
    progress : float
        Share of the run that is over, in [0, 1].
    floor : float
        What it is multiplied by at the end.

    Returns
    -------
    float
        One in the first half, then a straight line to `floor` at nine tenths, which
        stays.

    Notes
    -----
    Of the code of P. Izmailov et al., "Averaging weights leads to wider optima and
    better generalization", 2018, and of the paper on fast geometric ensembles.

    Examples
    --------
    >>> from ensembles.nets._schedules import held_then_falling
    >>> [round(held_then_falling(t / 10, 0.2), 3) for t in (0, 5, 7, 9, 10)]
    [1.0, 1.0, 0.6, 0.2, 0.2]
    """
    if progress <= 0.5:
        return 1.0
    if progress <= 0.9:
        return 1.0 - (1.0 - floor) * (progress - 0.5) / 0.4
    return floor
