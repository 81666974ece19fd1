"""Which rows a stream holds, so that none is counted twice.

A row's weights follow from the entropy of its stream and its number alone. Two streams
of one entropy may be added up only if they hold different numbers; streams of different
entropies are independent whatever their numbers are.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias, final

__all__ = ["RowNumbers"]

# Entropy, first number, and the number after the last one.
Range: TypeAlias = tuple[int, int, int]


@final
@dataclass(frozen=True)
class RowNumbers:
    """Ranges of rows, ascending; neighbours are joined."""

    ranges: tuple[Range, ...] = ()

    def plus(self, other: RowNumbers) -> RowNumbers:
        """The rows of both.

        Raises
        ------
        ValueError
            If a row is in both.
        """
        joined: list[Range] = []
        for entropy, start, stop in sorted(self.ranges + other.ranges):
            before = joined[-1] if joined else None
            if before is None or before[0] != entropy or before[2] < start:
                joined.append((entropy, start, stop))
            elif before[2] == start:
                joined[-1] = (entropy, before[1], stop)
            else:
                raise ValueError(
                    f"Rows {start} to {min(stop, before[2]) - 1} are in both parts, so "
                    "they would have the same weights twice. Give each part row "
                    "numbers of its own, such as first_row=10**12 * part, or a "
                    "random_state of its own."
                )
        return RowNumbers(tuple(joined))

    def next_to(self, entropy: int, number: int) -> int:
        """The first number from this one on whose row is not there yet."""
        for owner, start, stop in self.ranges:
            if owner == entropy and start <= number < stop:
                return stop
        return number
