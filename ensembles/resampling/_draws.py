"""Draws with replacement through the compiled kernels, one class for all that do so."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np

from ensembles._typing import FloatArray, IntArray, KeyArray
from ensembles.resampling._base import BoundScheme, Seeds, compiled
from ensembles.resampling._plan import CodePlan, DrawPlan, code_plan, draw_plan

__all__ = ["BoundDraws"]


class BoundDraws(BoundScheme):
    """Draws of ``sizes[s]`` rows from the ``lengths[s]`` of each stratum.

    Strata are consecutive in an order whose position j stands for row ``order[j]``.
    """

    def __init__(
        self,
        lengths: Sequence[int] | IntArray,
        sizes: IntArray,
        order: IntArray | None = None,
    ) -> None:
        super().__init__(int(np.sum(lengths)))
        self.lengths = lengths
        self.sizes = sizes
        self.order = order
        self._cells: tuple[IntArray, CodePlan] | None = None

    @cached_property
    def plan(self) -> DrawPlan:
        """What the kernels need; laid out once, for the statistics that draw rows."""
        return draw_plan(self.lengths, self.sizes)

    def counts(self, seeds: KeyArray) -> IntArray:
        """How often each row is drawn, shape (n_replicates, n_samples)."""
        drawn = np.empty((len(seeds), self.n_samples), dtype=np.int64)
        compiled().count_rows(self.plan, np.asarray(seeds), drawn)
        if self.order is None:
            return drawn
        counts = np.empty_like(drawn)
        counts[:, self.order] = drawn
        return counts

    @property
    def spread(self) -> float:
        """Root of rows over draws."""
        return float(np.sqrt(self.n_samples / self.total))

    @property
    def total(self) -> float:
        """Rows a replicate."""
        return float(self.sizes.sum())

    def rows(self, seed: Any) -> IntArray:
        """Rows of one replicate, ascending."""
        return np.repeat(np.arange(self.n_samples), self.counts(np.array([seed]))[0])

    def weights(self, seed: Any) -> FloatArray:
        """How often each row stands in the replicate."""
        return np.asarray(self.weight_rows([seed])[0])

    def weight_rows(self, seeds: Seeds) -> FloatArray:
        """Counts of several replicates."""
        return self.counts(np.asarray(seeds)).astype(np.float64)

    def rows_of(self, codes: IntArray) -> CodePlan:
        """Plan to draw the codes of the very rows that are drawn."""
        in_order = codes if self.order is None else codes[self.order]
        return CodePlan(self.plan, in_order.astype(np.int64), False)

    def cells_of(self, codes: IntArray) -> CodePlan:
        """Plan to draw codes, not those of the rows drawn where cells are few."""
        if self._cells is None or self._cells[0] is not codes:
            self._cells = codes, code_plan(*self.rows_of(codes)[:2])
        return self._cells[1]

    def code_sums(
        self, seeds: Seeds, codes: IntArray, values: FloatArray | None = None
    ) -> FloatArray:
        """Sums of values over the rows drawn, by code, (n_replicates, n_codes).

        Without values, how often rows of each code are drawn.
        """
        shape, keys = (len(seeds), int(codes.max()) + 1), np.asarray(seeds)
        if values is None:
            counts = np.empty(shape, dtype=np.int64)
            compiled().count_codes(self.cells_of(codes), keys, counts)
            return counts.astype(np.float64)
        sums = np.empty(shape)
        in_order = values if self.order is None else values[self.order]
        compiled().sum_codes(self.rows_of(codes), keys, in_order, sums)
        return sums

    def sums(self, seeds: Seeds, columns: FloatArray) -> FloatArray:
        """Weighted sums of columns, with no weight ever stored."""
        if self.order is not None:
            columns = columns[:, self.order]
        sums = np.empty((len(seeds), len(columns)))
        columns = np.ascontiguousarray(columns, dtype=np.float64)
        compiled().sum_rows(self.plan, np.asarray(seeds), columns, sums)
        return sums
