"""What generators share: arrays checked, put side by side and taken apart again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.utils import check_array

from ensembles._typing import ArrayLike, Estimator, FloatArray, IntArray, Table
from ensembles.resampling._groups import _codes

__all__ = [
    "as_given",
    "as_numbers",
    "codes_of",
    "is_negligible",
    "names_of",
    "seeded_clone",
    "side_by_side",
    "taken_apart",
]

# A hundred roundings: numbers that small next to others are zero but for arithmetic.
_ROUNDING = 100 * np.finfo(np.float64).eps


def as_numbers(array: Table, name: str) -> FloatArray:
    """Finite floats of shape (n,) or (n, k)."""
    numbers = check_array(
        array, ensure_2d=False, dtype=np.float64, order="C", input_name=name
    )
    return np.asarray(numbers)


def as_given(array: Table) -> Table:
    """The container itself; only a list or tuple becomes an array."""
    return np.asarray(array) if isinstance(array, list | tuple) else array


def codes_of(
    owner: object, groups: ArrayLike | None, n_samples: int
) -> IntArray | None:
    """Number of each row's group, at least two of them; None where there are none."""
    if groups is None:
        return None
    labels = np.asarray(groups)
    if labels.shape != (n_samples,):
        raise ValueError(
            f"groups must have one label for each of {n_samples} rows, got shape "
            f"{labels.shape}."
        )
    codes = _codes(labels)
    if not codes.any():
        raise ValueError(
            f"{type(owner).__name__} needs at least two groups, got one. Leave groups "
            "out where rows are independent."
        )
    return codes


def names_of(arrays: Sequence[Table]) -> list[str]:
    """What error messages call each array."""
    if len(arrays) == 1:
        return ["array"]
    return [f"array {i + 1} of {len(arrays)}" for i in range(len(arrays))]


def side_by_side(arrays: Sequence[Table]) -> tuple[FloatArray, list[tuple[int, ...]]]:
    """All columns in one table of shape (n, k), and the shape of each array."""
    numbers = [
        as_numbers(array, name)
        for array, name in zip(arrays, names_of(arrays), strict=True)
    ]
    return np.column_stack(numbers), [array.shape for array in numbers]


def taken_apart(
    table: NDArray[Any], shapes: Sequence[tuple[int, ...]]
) -> tuple[NDArray[Any], ...]:
    """Arrays of these shapes from the columns of one table."""
    widths = [shape[1] if len(shape) == 2 else 1 for shape in shapes]
    parts = np.split(table, np.cumsum(widths)[:-1], axis=1)
    return tuple(part.reshape(shape) for part, shape in zip(parts, shapes, strict=True))


def is_negligible(deviations: FloatArray, values: FloatArray) -> bool:
    """Whether deviations are zero but for the rounding of the values themselves."""
    return bool(np.abs(deviations).max() <= _ROUNDING * np.abs(values).max())


def seeded_clone(estimator: Estimator) -> Estimator:
    """An unfitted copy whose open ``random_state`` parameters are 0.

    The model is then a function of the data alone, and replicates one of the seed.
    """
    copy = clone(estimator, safe=False)
    if hasattr(copy, "get_params"):
        is_open = {
            key: 0
            for key, value in copy.get_params(deep=True).items()
            if key.rpartition("__")[2] == "random_state" and value is None
        }
        if is_open:
            copy.set_params(**is_open)
    return copy
