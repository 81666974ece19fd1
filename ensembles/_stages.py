"""Numbers of members at which an ensemble that grows is looked at."""

from __future__ import annotations

from collections.abc import Iterator

__all__ = ["next_stage", "stages_up_to"]

_BELOW_TEN = (1, 2, 3, 4, 5, 6, 8)
# Ten to a decade, nearly as far apart as powers of 10 ** 0.1 (Renard's numbers R10).
_OF_A_DECADE = (10, 13, 16, 20, 25, 32, 40, 50, 64, 80)


def next_stage(n_members: int) -> int:
    """The next number of members to look at, from 0 on: a round one, a quarter more.

    Work that grows with the number of members is done fivefold over all stages.
    """
    scale = int(10 ** max(len(str(n_members)) - 2, 0))
    candidates = [*_BELOW_TEN, *(scale * number for number in _OF_A_DECADE)]
    larger = [one for one in candidates if one > n_members]
    return larger[0] if larger else 100 * scale


def stages_up_to(n_members: int) -> Iterator[int]:
    """The stages from one member on, and the number of all as the last."""
    stage = 1
    while stage < n_members:
        yield stage
        stage = next_stage(stage)
    yield n_members
