"""Names of the array kinds that signatures speak of, one meaning each."""

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = [
    "ArrayLike",
    "BoolArray",
    "Estimator",
    "FloatArray",
    "IntArray",
    "KeyArray",
    "RandomState",
    "Table",
]

FloatArray: TypeAlias = NDArray[np.floating[Any]]
IntArray: TypeAlias = NDArray[np.intp]
BoolArray: TypeAlias = NDArray[np.bool_]

# What replicates are drawn from, one key each.
KeyArray: TypeAlias = NDArray[np.uint64]

# Whatever scikit-learn takes as X: array, sparse matrix, DataFrame, list of strings.
Table: TypeAlias = Any

# Anything with fit and get_params; scikit-learn ships no types to say more.
Estimator: TypeAlias = Any

RandomState: TypeAlias = int | np.random.RandomState | np.random.Generator | None
