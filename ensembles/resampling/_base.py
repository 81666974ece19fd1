"""What a scheme is: one object that says which rows are drawn, and how often.

It has three faces. For a *statistic* it yields index or weight rows
(`iter_indices`, `iter_weights`). For a *member* of an ensemble, `bind` gives the rows
or weights of replicate i as a pure function of its seed. For *cross-validation* it is a
scikit-learn splitter whose training rows are the in-bag and whose test rows are the
out-of-bag ones.

A scheme holds parameters only. `bind` checks them against n, y and groups once and
returns a `BoundScheme`, small and frozen, that workers receive.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from copy import copy
from importlib import import_module
from typing import Any, TypeAlias, cast
from warnings import warn

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.model_selection import BaseCrossValidator
from sklearn.utils import check_consistent_length

from ensembles._compat import take_rows
from ensembles._random import GOLDEN, entropy_from, keys_for, words_of
from ensembles._typing import (
    ArrayLike,
    BoolArray,
    FloatArray,
    IntArray,
    KeyArray,
    RandomState,
    Table,
)
from ensembles._validation import check_count, n_rows_of
from ensembles.resampling._deletions import Deletions, EachUnit

__all__ = [
    "BaseScheme",
    "BoundScheme",
    "Seeds",
    "attempts_from",
    "compiled",
    "ramps",
    "rows_by_weights",
]

# What a call of iter_weights may hold at once where the batch size is left to it.
_BATCH_BYTES = 16 * 2**20
# Keys of replicates, or what a scheme makes its draws from instead.
Seeds: TypeAlias = Sequence[Any] | KeyArray
# A replicate that leaves no row out-of-bag cannot be scored; split draws again.
_MAX_REDRAWS = 100


class BoundScheme(ABC):
    """A scheme bound to data: draws of replicate i as functions of its seed."""

    can_go_on = True
    """Whether a run of replicates can be continued."""
    draws_rows = True
    """Whether the rows and the weights of a seed are one draw."""

    def __init__(self, n_samples: int, gap: int = 0) -> None:
        self.n_samples = n_samples
        self.gap = gap

    def seeds(self, entropy: int, start: int, stop: int) -> Seeds:
        """What the draws of replicates `start` to `stop` are made from."""
        return keys_for(entropy, start, stop)

    @abstractmethod
    def rows(self, seed: Any) -> IntArray:
        """Rows of one replicate, with their repetitions."""

    def weights(self, seed: Any) -> FloatArray:
        """How often each row stands in the replicate, shape (n_samples,)."""
        counts = np.bincount(self.rows(seed), minlength=self.n_samples)
        return counts.astype(np.float64)

    def weight_rows(self, seeds: Seeds) -> FloatArray:
        """Weights of several replicates, shape (n_replicates, n_samples)."""
        return np.stack([self.weights(seed) for seed in seeds])

    def sums(self, seeds: Seeds, columns: FloatArray) -> FloatArray:
        """Weighted sums of columns, shape (n_replicates, n_columns).

        `columns` has shape (n_columns, n_samples). The bits of a replicate do not
        depend on the others of the call.
        """
        sums = np.empty((len(seeds), len(columns)))
        size = batch_size_for(self.n_samples)
        for start in range(0, len(seeds), size):
            weights = self.weight_rows(seeds[start : start + size])
            compiled().sum_weighted(weights, columns, sums[start : start + size])
        return sums

    def around(self, seed: Any) -> BoundScheme:
        """Weights that scatter around those of a replicate, where none draws rows."""
        raise NotImplementedError

    @property
    def spread(self) -> float | None:
        """How much further replicates of a mean stray than the mean itself does.

        Root n / m for draws of m rows. None where replicates tell nothing by their
        spread, as those of a jackknife.
        """
        return 1.0

    @property
    def total(self) -> float | None:
        """Sum of a replicate's weights; None where it varies."""
        return None

    @property
    def expected_weights(self) -> FloatArray | None:
        """Mean weight of each row over all draws; None where all are alike."""
        return None

    def deletions(self) -> Deletions:
        """Units that the scheme takes for independent, for a jackknife to leave out."""
        return EachUnit(np.arange(self.n_samples))

    @property
    def n_units(self) -> int:
        """Number of independent units behind a replicate."""
        return self.n_samples

    def leaves_rows_out(self, *, as_weights: bool) -> bool:
        """Whether replicates, as weights or as rows, can leave a row out-of-bag."""
        return True

    def out_of_bag(self, in_bag: BoolArray) -> BoolArray:
        """Rows that are neither in-bag nor within `gap` rows of one that is."""
        if not self.gap:
            return ~in_bag
        ends = np.arange(self.n_samples)
        before = np.concatenate([[0], np.cumsum(in_bag)])
        last = np.minimum(ends + self.gap + 1, self.n_samples)
        first = np.maximum(ends - self.gap, 0)
        return np.asarray(before[last] == before[first])


class BaseScheme(BaseEstimator, BaseCrossValidator):
    """Base of all schemes; a scheme adds its parameters and `_bind`."""

    n_resamples: int
    random_state: RandomState

    _uses_groups = False
    _keeps_groups = "GroupBootstrap"
    _for_more_out_of_bag = "Give more rows."

    @property
    def _uses_y(self) -> bool:
        """Whether draws depend on y."""
        return False

    @abstractmethod
    def _bind(
        self, n_samples: int, y: ArrayLike | None, groups: ArrayLike | None
    ) -> BoundScheme:
        """Check the parameters against the data and return what draws."""

    def _of_resample(self, rows: IntArray, n_samples: int) -> BaseScheme:
        """The scheme for rows that it drew from `n_samples`, to draw from in turn.

        Of them it draws the share that they are themselves.
        """
        if getattr(self, "max_samples", None) is None:
            return self
        scheme: Any = copy(self)
        scheme.max_samples = max(1, round(len(rows) ** 2 / n_samples))
        return cast("BaseScheme", scheme)

    def bind(
        self,
        n_samples: int,
        y: ArrayLike | None = None,
        groups: ArrayLike | None = None,
    ) -> BoundScheme:
        """Check the parameters against the data and return an object that draws.

        For authors of ensembles and of statistics; users call the other methods.

        Parameters
        ----------
        n_samples : int
            Number of rows to draw from.
        y : array-like of shape (n_samples,) or None, default=None
            Target, for schemes that stratify by it.
        groups : array-like of shape (n_samples,) or None, default=None
            Group of each row, for schemes that keep groups whole.

        Returns
        -------
        BoundScheme
            Its ``rows(seed)`` and ``weights(seed)`` are pure functions.

        Raises
        ------
        ValueError
            If a parameter does not fit the data.
        """
        self._check_n_resamples()
        if n_samples < 1:
            raise ValueError(
                f"{type(self).__name__} needs at least one row to draw from, got 0."
            )
        for name, labels in {"y": y, "groups": groups}.items():
            if labels is not None and n_rows_of(labels) != n_samples:
                raise ValueError(
                    f"{name} must have one entry for each of {n_samples} rows, got "
                    f"{n_rows_of(labels)}."
                )
        return self._bind(n_samples, y, groups)

    def get_n_splits(
        self,
        X: Table | None = None,
        y: ArrayLike | None = None,
        groups: ArrayLike | None = None,
    ) -> int:
        """Return the number of replicates, `n_resamples`.

        Parameters
        ----------
        X, y, groups : object, default=None
            Ignored; present for API consistency.

        Returns
        -------
        int
            Number of splits.

        Raises
        ------
        InvalidParameterError
            If `n_resamples` is not an int of at least 1.
        """
        self._check_n_resamples()
        return self.n_resamples

    def split(
        self,
        X: Table,
        y: ArrayLike | None = None,
        groups: ArrayLike | None = None,
    ) -> Iterator[tuple[IntArray, IntArray]]:
        """Yield the in-bag rows as training and the out-of-bag rows as test set.

        A replicate that happens to leave no row out-of-bag is drawn again.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...)
            Only its number of rows matters.
        y : array-like of shape (n_samples,) or None, default=None
            Target, for schemes that stratify by it.
        groups : array-like of shape (n_samples,) or None, default=None
            Group of each row, for schemes that keep groups whole.

        Yields
        ------
        train : ndarray of shape (n_drawn,)
            In-bag rows with their repetitions; blocks and groups in the order drawn.
        test : ndarray of shape (n_out_of_bag,)
            Out-of-bag rows, ascending.

        Raises
        ------
        ValueError
            If a parameter does not fit the data, or no draw leaves a row to test on.
        """
        if groups is not None and not self._uses_groups:
            warn(
                f"The groups parameter is ignored by {type(self).__name__}; rows of "
                f"one group may be in-bag and out-of-bag. {self._keeps_groups} keeps "
                "groups whole.",
                UserWarning,
                stacklevel=2,
            )
        bound = self._bound_to(X, y, groups)
        for seed in self._seeds(bound):
            yield _draw_with_a_test_set(self, bound, seed)

    def iter_indices(
        self,
        X: Table,
        y: ArrayLike | None = None,
        groups: ArrayLike | None = None,
    ) -> Iterator[IntArray]:
        """Yield the drawn rows of each replicate, for a statistic of resampled data.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...)
            Only its number of rows matters.
        y : array-like of shape (n_samples,) or None, default=None
            Target, for schemes that stratify by it.
        groups : array-like of shape (n_samples,) or None, default=None
            Group of each row, for schemes that keep groups whole.

        Yields
        ------
        rows : ndarray of shape (n_drawn,)
            Row numbers with their repetitions; blocks and groups in the order drawn.

        Raises
        ------
        ValueError
            If a parameter does not fit the data.
        """
        bound = self._bound_to(X, y, groups)
        yield from map(bound.rows, self._seeds(bound))

    def iter_weights(
        self,
        X: Table,
        y: ArrayLike | None = None,
        groups: ArrayLike | None = None,
        *,
        batch_size: int | None = None,
    ) -> Iterator[FloatArray]:
        """Yield batches of weight rows, for statistics that are sums over rows.

        The mean of `x` over all replicates of a batch `W` is
        ``W @ x / W.sum(axis=1)``: one matrix product instead of a loop.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...)
            Only its number of rows matters.
        y : array-like of shape (n_samples,) or None, default=None
            Target, for schemes that stratify by it.
        groups : array-like of shape (n_samples,) or None, default=None
            Group of each row, for schemes that keep groups whole.
        batch_size : int or None, default=None
            Replicates a batch; None takes what fits into 16 MiB. The numbers do not
            depend on it.

        Yields
        ------
        weights : ndarray of shape (<= batch_size, n_samples)
            How often each row stands in each replicate.

        Raises
        ------
        ValueError
            If a parameter does not fit the data.
        """
        check_count(type(self).__name__, "batch_size", batch_size, none=True)
        bound = self._bound_to(X, y, groups)
        size = batch_size or batch_size_for(bound.n_samples)
        seeds = self._seeds(bound)
        for start in range(0, len(seeds), size):
            yield bound.weight_rows(seeds[start : start + size])

    def iter_samples(
        self,
        *arrays: Table,
        y: ArrayLike | None = None,
        groups: ArrayLike | None = None,
    ) -> Iterator[tuple[Table, ...]]:
        """Yield the arrays of each replicate, all of the same rows drawn.

        Parameters
        ----------
        *arrays : array-like of shape (n_samples, ...)
            Data, DataFrames and sparse matrices too, aligned by row.
        y : array-like of shape (n_samples,) or None, default=None
            Target, for schemes that stratify by it.
        groups : array-like of shape (n_samples,) or None, default=None
            Group of each row, for schemes that keep groups whole.

        Yields
        ------
        replicate : tuple of array-like of shape (n_drawn, ...)
            One for each array, in its container.

        Raises
        ------
        ValueError
            If there are no arrays, they differ in length, or a parameter does not fit
            the data.
        """
        if not arrays:
            raise ValueError("iter_samples needs at least one array, got none.")
        check_consistent_length(*arrays)
        for rows in self.iter_indices(arrays[0], y, groups):
            yield tuple(take_rows(array, rows) for array in arrays)

    def _check_n_resamples(self) -> None:
        """Raise unless there is a number of replicates."""
        check_count(self, "n_resamples", self.n_resamples)

    def _bound_to(
        self, X: Table, y: ArrayLike | None, groups: ArrayLike | None
    ) -> BoundScheme:
        """The scheme bound to as many rows as X has."""
        return self.bind(n_rows_of(X), self._target_of(X, y), groups)

    def _target_of(self, X: Table, y: ArrayLike | None) -> ArrayLike | None:
        """What stands for y where draws depend on it."""
        return y

    def _seeds(self, bound: BoundScheme) -> Seeds:
        """Seeds of all replicates of one call."""
        n_replicates = self._n_replicates(bound)
        return bound.seeds(entropy_from(self.random_state), 0, n_replicates)

    def _n_replicates(self, bound: BoundScheme) -> int:
        """Number of replicates of one call."""
        return self.n_resamples


def _draw_with_a_test_set(
    scheme: BaseScheme, bound: BoundScheme, seed: Any
) -> tuple[IntArray, IntArray]:
    """Rows in-bag and out-of-bag of the first draw that leaves some out-of-bag."""
    for attempt in attempts_from(seed):
        rows = bound.rows(attempt)
        in_bag = np.zeros(bound.n_samples, dtype=np.bool_)
        in_bag[rows] = True
        test = np.flatnonzero(bound.out_of_bag(in_bag))
        if len(rows) and len(test):
            return rows, test
    raise ValueError(
        f"{scheme} leaves no row out-of-bag of {bound.n_samples} rows, so there is "
        f"nothing to test on. {scheme._for_more_out_of_bag}"
    )


def attempts_from(seed: Any) -> Iterator[Any]:
    """Yield the seed of a replicate, then seeds derived from it for redraws.

    Balanced replicates are slices of one list: none can be drawn again by itself.
    """
    yield seed
    if isinstance(seed, np.uint64):
        origin = words_of(np.array([~seed]))
        yield from words_of(
            origin + np.arange(1, _MAX_REDRAWS, dtype=np.uint64) * GOLDEN
        )


def rows_by_weights(
    weights: FloatArray, rng: np.random.Generator | np.random.RandomState
) -> IntArray:
    """As many rows as there are weights, drawn with these as probabilities."""
    edges = np.cumsum(weights)
    points = rng.random(len(weights))
    return np.asarray(np.searchsorted(edges / edges[-1], points, side="right"))


def batch_size_for(n_samples: int) -> int:
    """Replicates whose weights fit into the memory that one batch may take."""
    return max(1, _BATCH_BYTES // (8 * n_samples))


def compiled() -> Any:
    """The compiled kernels, imported when they are first needed."""
    return import_module("ensembles.resampling._kernels")


def ramps(starts: IntArray, lengths: IntArray) -> IntArray:
    """Concatenate ``starts[j], starts[j] + 1, ...`` of ``lengths[j]`` numbers each."""
    ends = np.cumsum(lengths)
    shift = np.repeat(starts - (ends - lengths), lengths)
    return np.asarray(np.arange(ends[-1]) + shift)
