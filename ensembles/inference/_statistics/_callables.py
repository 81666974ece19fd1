"""Statistics that the user wrote: any function of arrays."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, final

import numpy as np

from ensembles._compat import take_rows
from ensembles._typing import FloatArray, IntArray, Table
from ensembles.inference._statistics._base import BoundStatistic

__all__ = ["PlainFunction", "WeightedFunction", "has_parameter"]


def has_parameter(function: Callable[..., Any], name: str) -> bool:
    """Whether a callable takes a parameter of this very name that is still open."""
    if isinstance(function, partial) and name in function.keywords:
        return False
    try:
        return name in inspect.signature(function).parameters
    except (TypeError, ValueError):  # some compiled functions have no signature
        return False


@final
class PlainFunction:
    """A function of arrays that returns a number or an array of numbers."""

    def __init__(self, function: Callable[..., Any], arrays: Sequence[Table]) -> None:
        self.function = function
        returned = function(*arrays)
        value = _as_numbers(returned, function)
        self.shape = value.shape
        self.names = _names_in(returned, value.shape)

    def __call__(self, *arrays: Table) -> FloatArray:
        """Values of one set of arrays, shape (n_components,)."""
        return _of_shape(self.shape, self.function(*arrays), self.function)

    def combined(self, matrix: FloatArray, names: Sequence[str]) -> PlainFunction:
        """Linear combinations ``matrix @ values`` of what the function returns."""
        combination = copy.copy(self)
        combination.function = _Combination(self, matrix)
        combination.names = list(names)
        combination.shape = (len(names),) if len(names) > 1 else ()
        return combination


@final
class _Combination:
    """Linear combinations of the values of a function."""

    def __init__(self, function: PlainFunction, matrix: FloatArray) -> None:
        self.function = function
        self.matrix = matrix

    def __call__(self, *arrays: Table) -> FloatArray:
        """Values of one set of arrays; a number where there is one."""
        values = self.matrix @ self.function(*arrays)
        return np.asarray(values if len(values) > 1 else values[0])


@final
class WeightedFunction(BoundStatistic):
    """A function of arrays and of ``sample_weight``."""

    def __init__(self, function: Callable[..., Any], arrays: Sequence[Table]) -> None:
        self.function = function
        self.arrays = arrays
        returned = function(*arrays)
        value = _as_numbers(returned, function)
        self.shape = value.shape
        self.names = _names_in(returned, value.shape)
        self._estimate = value.ravel()

    def estimate(self) -> FloatArray:
        """The function of the data without weights."""
        return self._estimate

    def weighted(self, weights: FloatArray) -> FloatArray:
        """The function under each row of weights."""
        values = [self.function(*self.arrays, sample_weight=row) for row in weights]
        return np.stack([_of_shape(self.shape, v, self.function) for v in values])

    def take(self, rows: IntArray) -> WeightedFunction:
        """The function of some of the rows."""
        arrays = [take_rows(array, rows) for array in self.arrays]
        return WeightedFunction(self.function, arrays)


def component_names(shape: tuple[int, ...]) -> list[str]:
    """Indices of the components, for the rows of a table."""
    return [",".join(map(str, index)) or "0" for index in np.ndindex(shape)]


def _names_in(returned: Any, shape: tuple[int, ...]) -> list[str]:
    """Labels of a Series that a function returned; indices of anything else."""
    index: Any = getattr(returned, "index", None)
    if len(shape) == 1 and hasattr(index, "tolist"):
        return [str(label) for label in index]
    return component_names(shape)


def _of_shape(
    shape: tuple[int, ...], value: Any, function: Callable[..., Any]
) -> FloatArray:
    """What a statistic returned for a resample, shape (n_components,)."""
    numbers = _as_numbers(value, function)
    if numbers.shape != shape:
        raise ValueError(
            f"The statistic returned shape {numbers.shape} for a resample and "
            f"{shape} for the data. It must return the same shape always."
        )
    return numbers.ravel()


def _as_numbers(value: Any, function: Callable[..., Any]) -> FloatArray:
    """What a statistic returned, as floats."""
    try:
        returned = np.asarray(value)
        # Text that looks like a number, dates and None would all pass for floats.
        are_numbers = returned.dtype.kind in "biuf" or (
            returned.dtype.kind == "O"
            and all(hasattr(entry, "__float__") for entry in returned.flat)
        )
        if are_numbers and returned.size:
            return returned.astype(np.float64)
    except (TypeError, ValueError):
        pass
    raise TypeError(
        f"The statistic must return a number or an array of numbers, {function!r} "
        f"returned {value!r}."
    )
