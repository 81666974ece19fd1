"""What a generator is: a scheme that makes data from a fitted model.

Row schemes say which rows, how often. A generator keeps the rows and gives them new
values: fitted values plus noise, or draws of a fitted law. `bind` checks and fits once
and returns a `BoundGenerator`, small and frozen, that workers receive; replicate i is a
pure function of its seed.

No row is in-bag or out-of-bag then, so a generator is no splitter: it has no ``split``,
and scikit-learn refuses one as ``cv=`` before anything is fitted.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Any

from sklearn.base import BaseEstimator

from ensembles._random import entropy_from, keys_for
from ensembles._typing import ArrayLike, RandomState, Table
from ensembles._validation import check_count, n_rows_of
from ensembles.resampling._base import Seeds

__all__ = ["BaseGenerator", "BoundGenerator"]


class BoundGenerator(ABC):
    """A model fitted to data: replicate i as a function of its seed."""

    def seeds(self, entropy: int, start: int, stop: int) -> Seeds:
        """What `sample` needs to make replicates `start` to `stop`."""
        return keys_for(entropy, start, stop)

    @abstractmethod
    def sample(self, seed: Any) -> tuple[Table, ...]:
        """As many arrays as were given, each of the shape of its own."""


class BaseGenerator(BaseEstimator, ABC):
    """Base of all generators; a generator adds its parameters and `_bind`."""

    n_resamples: int
    random_state: RandomState

    @abstractmethod
    def _bind(
        self, arrays: tuple[Table, ...], groups: ArrayLike | None
    ) -> BoundGenerator:
        """Check the parameters against the data and fit what generates."""

    def _refusal_of_groups(self) -> str | None:
        """Why groups cannot be kept together; None where they can."""
        name = type(self).__name__
        return f"{name} generates rows without regard to groups. Leave groups out."

    def bind(self, *arrays: Table, groups: ArrayLike | None = None) -> BoundGenerator:
        """Fit the model to the data and return an object that generates replicates.

        For authors of statistics; users call `iter_samples`.

        Parameters
        ----------
        *arrays : array-like of shape (n_samples, ...)
            The data, row for row.
        groups : array-like of shape (n_samples,) or None, default=None
            Group of each row, for schemes that keep groups together.

        Returns
        -------
        BoundGenerator
            Its ``sample(seed)`` is a pure function.

        Raises
        ------
        ValueError
            If a parameter does not fit the data, or the arrays differ in length.
        """
        check_count(self, "n_resamples", self.n_resamples)
        name = type(self).__name__
        if not arrays:
            raise ValueError(f"{name} needs data to fit its model to, got no array.")
        n_samples = n_rows_of(arrays[0])
        if n_samples < 2:
            raise ValueError(f"{name} needs at least two rows, got {n_samples}.")
        lengths = [n_rows_of(array) for array in arrays]
        if len(set(lengths)) > 1:
            raise ValueError(
                f"All arrays must have the same number of rows, got {lengths}."
            )
        if groups is not None:
            if n_rows_of(groups) != n_samples:
                raise ValueError(
                    f"groups must have one entry for each of {n_samples} rows, got "
                    f"{n_rows_of(groups)}."
                )
            if refusal := self._refusal_of_groups():
                raise ValueError(refusal)
        return self._bind(arrays, groups)

    def iter_samples(
        self, *arrays: Table, groups: ArrayLike | None = None
    ) -> Iterator[tuple[Table, ...]]:
        """Yield replicates of the data.

        Parameters
        ----------
        *arrays : array-like of shape (n_samples, ...)
            The data, row for row.
        groups : array-like of shape (n_samples,) or None, default=None
            Group of each row, for schemes that keep groups together.

        Yields
        ------
        replicate : tuple of arrays
            One for each array given, of the same shape. What is generated is a new
            ndarray; what stays as it is, such as the `X` of a regression, is passed on
            as it came and not copied.

        Raises
        ------
        ValueError
            If a parameter does not fit the data, or the arrays differ in length.
        """
        bound = self.bind(*arrays, groups=groups)
        seeds = bound.seeds(entropy_from(self.random_state), 0, self.n_resamples)
        yield from map(bound.sample, seeds)
