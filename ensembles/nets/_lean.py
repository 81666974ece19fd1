"""Batches of rows that lie in memory, as a DataLoader would make them, without it.

A DataLoader fetches row by row and puts rows together again, which for small nets costs
more than training them. These are the same batches in the same order, and they draw the
same numbers from torch's generator.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, final

import numpy as np
import torch
from skorch import NeuralNet
from skorch.dataset import Dataset
from torch.utils.data import DataLoader, Subset

from ensembles._typing import IntArray

__all__ = ["lean_batches", "make_lean", "still_batches", "wide_batches"]

# What keeps its type when rows become a batch.
_KEPT = (np.float32, np.float64, np.int64)
# Of batches to predict, where the user has not said how large these are to be.
_MOST_ROWS, _MOST_VALUES = 1024, 2**18
# Whose steps are one kernel for all weights, if asked for.
_FUSED = (torch.optim.Adam, torch.optim.AdamW)
_KNOWN = {"shuffle", "drop_last", "sampler", "batch_sampler"}
_ABOUT_STEPS = ("fused", "foreach", "differentiable", "capturable")


def make_lean(net: NeuralNet) -> None:
    """Let a net train and predict without what its loaders and optimiser waste.

    Loaders and settings of the user's own are left as they are. Steps of fused Adam are
    rounded otherwise, in the seventh digit of single precision.

    Parameters
    ----------
    net : NeuralNet
        Not initialised; its parameters are changed.
    """
    for name in "iterator_train", "iterator_valid":
        if getattr(net, name) is DataLoader:
            net.set_params(**{name: lean_batches})
    asked = net.get_params_for("optimizer")
    is_plain = not any(name in asked for name in _ABOUT_STEPS)
    if net.optimizer in _FUSED and is_plain and str(net.device) == "cpu":
        net.set_params(optimizer__fused=True)


def lean_batches(
    dataset: Any, batch_size: int | None = 1, **options: Any
) -> Iterable[Any]:
    """Batches of a dataset.

    Parameters
    ----------
    dataset : Dataset
        Of skorch's around arrays, or some of its rows; all others go to a DataLoader.
    batch_size : int or None, default=1
        Rows of a batch.
    **options : dict
        As of a DataLoader. Other ones than ``shuffle``, ``drop_last``, ``sampler`` and
        ``batch_sampler`` need one.

    Returns
    -------
    iterable
        Of pairs of tensors.
    """
    loader: DataLoader[Any] = DataLoader(dataset, batch_size=batch_size, **options)
    whole, rows = dataset, None
    if type(dataset) is Subset:
        whole, rows = dataset.dataset, np.asarray(dataset.indices)
    is_plain = type(whole) is Dataset and _is_kept(whole.X)
    is_plain = is_plain and (whole.y is None or _is_kept(whole.y))
    has_batches = loader.batch_sampler is not None
    if not (is_plain and _KNOWN.issuperset(options) and has_batches):
        return loader
    return _LeanBatches(loader, whole.X, whole.y, rows)


def still_batches(
    dataset: Any, batch_size: int | None = 1, **options: Any
) -> Iterable[Any]:
    """Batches as of `lean_batches`, to predict: in order they move no generator."""
    batches = lean_batches(dataset, batch_size, **options)
    if not isinstance(batches, _LeanBatches):
        return batches
    return (
        batches.batches() if options or batches.rows is not None else batches.in_order()
    )


def wide_batches(
    dataset: Any, batch_size: int | None = 1, **options: Any
) -> Iterable[Any]:
    """The same of more rows, where these are small: each batch costs as much again."""
    whole = dataset.dataset if type(dataset) is Subset else dataset
    rows = getattr(whole, "X", None)
    if batch_size is not None and isinstance(rows, np.ndarray) and rows.size:
        n_values = rows.size // len(rows)
        batch_size = max(batch_size, min(_MOST_ROWS, _MOST_VALUES // n_values))
    return still_batches(dataset, batch_size, **options)


def _is_kept(values: Any) -> bool:
    """Whether rows of it are put together to a tensor of its own type."""
    return (
        isinstance(values, np.ndarray)
        and values.dtype in _KEPT
        and values.flags.writeable
        and min(values.strides, default=0) >= 0  # torch has no others
    )


@final
class _LeanBatches:
    """Batches of arrays, in the order of a loader.

    Parameters
    ----------
    loader : DataLoader
        Whose sampler is asked.
    X : ndarray of shape (n_samples, ...)
        Rows.
    y : ndarray of shape (n_samples, ...) or None
        Their targets.
    rows : ndarray or None
        Numbers of those that the loader counts; None for all.

    Attributes
    ----------
    rows : ndarray or None
        As given.
    """

    def __init__(
        self, loader: DataLoader[Any], X: Any, y: Any, rows: IntArray | None
    ) -> None:
        self._loader, self.rows = loader, rows
        self._X = torch.from_numpy(X)
        self._y = None if y is None else torch.from_numpy(y)

    def __len__(self) -> int:
        """Number of batches."""
        return len(self._loader)

    def __iter__(self) -> Iterator[Any]:
        """Batches, after a draw that a loader makes for its workers."""
        torch.empty((), dtype=torch.int64).random_()
        return self.batches()

    def in_order(self) -> Iterator[Any]:
        """Copies of rows that lie side by side."""
        size = self._loader.batch_size
        assert size is not None
        for start in range(0, len(self._X), size):
            X = self._X[start : start + size].clone()
            y = None if self._y is None else self._y[start : start + size].clone()
            yield [X, torch.zeros(len(X), 1) if y is None else y]

    def batches(self) -> Iterator[Any]:
        """Batches of copies: a module may write into its input."""
        assert self._loader.batch_sampler is not None
        for numbers in self._loader.batch_sampler:
            own = np.asarray(numbers)
            at = torch.from_numpy(own if self.rows is None else self.rows[own])
            # skorch has a zero a row where there is no target.
            y = torch.zeros(len(at), 1) if self._y is None else self._y[at]
            yield [self._X[at], y]
