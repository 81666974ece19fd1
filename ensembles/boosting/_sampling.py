"""Which rows a round of boosting learns from, and how much they count."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import final

import numpy as np

from ensembles._random import GOLDEN, words_of
from ensembles._typing import FloatArray, IntArray

__all__ = ["AllRows", "OneSided", "RowSampling", "SomeRows", "sampling_of"]


class RowSampling(ABC):
    """A rule that says which rows each round sees."""

    weighs_rows: bool = False
    """Whether some rows count for others."""

    @abstractmethod
    def draw(
        self, key: int, gradient: FloatArray
    ) -> tuple[IntArray | None, FloatArray | None]:
        """Rows of a round, in ascending order, and what each counts.

        Parameters
        ----------
        key : int
            All that is random follows from these 64 bits.
        gradient : ndarray of shape (n_raw, n_rows)
            Of all rows.

        Returns
        -------
        rows : ndarray of shape (n_drawn,) or None
            None for all.
        factors : ndarray of shape (n_drawn,) or None
            None for one each.
        """


@final
class AllRows(RowSampling):
    """Every row in every round."""

    def draw(
        self, key: int, gradient: FloatArray
    ) -> tuple[IntArray | None, FloatArray | None]:
        """All rows, counted once."""
        return None, None


@final
@dataclass(frozen=True, slots=True)
class SomeRows(RowSampling):
    """A share of the rows, drawn without replacement.

    As in J. H. Friedman, "Stochastic gradient boosting", Computational Statistics and
    Data Analysis 38(4), 2002, algorithm 1.
    """

    share: float

    def draw(
        self, key: int, gradient: FloatArray
    ) -> tuple[IntArray | None, FloatArray | None]:
        """As many rows as the share says, at least one."""
        n_rows = gradient.shape[1]
        wanted = max(1, int(self.share * n_rows))
        return _least_words(key, np.arange(n_rows), wanted), None


@final
@dataclass(frozen=True)
class OneSided(RowSampling):
    """The rows of the largest gradients, and some of the others for all of them.

    As in G. Ke et al., "LightGBM: a highly efficient gradient boosting decision tree",
    NeurIPS 2017, algorithm 2.
    """

    top: float
    """Share of the rows that are taken for the size of their gradients."""
    rest: float
    """Share of all rows that are drawn from the others."""

    weighs_rows = True

    def draw(
        self, key: int, gradient: FloatArray
    ) -> tuple[IntArray | None, FloatArray | None]:
        """Rows of both kinds; those drawn count for those left out."""
        sizes = np.abs(gradient).sum(axis=0)
        n_rows = len(sizes)
        n_top, n_rest = max(1, int(self.top * n_rows)), int(self.rest * n_rows)
        n_others = n_rows - n_top
        if n_rest >= n_others:
            return None, None
        order = np.argpartition(-sizes, n_top - 1)
        top, others = order[:n_top], np.sort(order[n_top:])
        drawn = _least_words(key, others, max(1, n_rest))
        factors = np.ones(n_rows)
        factors[drawn] = n_others / len(drawn)
        rows = np.sort(np.concatenate([top, drawn]))
        return rows, factors[rows]


def sampling_of(subsample: float, one_side: tuple[float, float] | None) -> RowSampling:
    """The rule that parameters of a booster, which have been checked, stand for."""
    if one_side is not None:
        return OneSided(*one_side)
    return SomeRows(subsample) if subsample < 1.0 else AllRows()


def _least_words(key: int, rows: IntArray, n_wanted: int) -> IntArray:
    """Some of the rows, in their order: those of the least words of a stream."""
    if n_wanted >= len(rows):
        return rows
    steps = np.arange(1, len(rows) + 1, dtype=np.uint64)
    words = words_of(np.uint64(key) + GOLDEN * steps)
    return np.asarray(rows[words < np.partition(words, n_wanted)[n_wanted]])
