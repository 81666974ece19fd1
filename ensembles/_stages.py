"""Numbers of members at which an ensemble that grows is looked at."""

from __future__ import annotations

from collections.abc import Iterator

__all__ = ["next_stage", "stages_up_to"]


def next_stage(n_members: int) -> int:
    """The next number of members to look at: a quarter more, one at least.

    Work that grows with the number of members is done fivefold over all stages.
    """
    return max(n_members + 1, n_members * 5 // 4)


def stages_up_to(n_members: int) -> Iterator[int]:
    """The stages from one member on, and the number of all as the last."""
    stage = 1
    while stage < n_members:
        yield stage
        stage = next_stage(stage)
    yield n_members
