"""scikit-learn's trees cast X to float32 at every call; an ensemble does it once."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.tree import BaseDecisionTree

from ensembles._typing import Estimator, FloatArray

__all__ = ["as_float32", "trees_may_share_a_cast"]


def trees_may_share_a_cast(estimators: Iterable[Estimator], X: Any) -> bool:
    """Whether all are scikit-learn's own trees and X is what they would cast.

    Exact classes only: a subclass may look at X as it came.
    """
    return (
        isinstance(X, np.ndarray)
        and X.ndim == 2
        and X.dtype == np.float64
        and len(X) > 0
        and all(
            isinstance(estimator, BaseDecisionTree)
            and type(estimator).__module__.startswith("sklearn.tree.")
            for estimator in estimators
        )
    )


def as_float32(X: FloatArray) -> NDArray[np.float32]:
    """Cast as a tree would; what is too large becomes infinite, which trees refuse."""
    with np.errstate(over="ignore"):
        return X.astype(np.float32)
