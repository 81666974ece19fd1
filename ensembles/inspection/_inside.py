"""The ensemble inside of pipelines and searches, and rows as it takes them."""

from __future__ import annotations

from typing import Any

from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

from ensembles._typing import Table

__all__ = ["inside"]


def inside(estimator: Any, X: Table | None) -> tuple[Any, Table | None]:
    """The last step of pipelines, the best estimator of searches, and X as it takes it.

    Raises
    ------
    NotFittedError
        If the estimator is not fitted.
    """
    check_is_fitted(estimator)
    while True:
        if hasattr(estimator, "best_estimator_"):
            estimator = estimator.best_estimator_
        elif isinstance(estimator, Pipeline):
            X = X if X is None or len(estimator) == 1 else estimator[:-1].transform(X)
            estimator = estimator[-1]
        else:
            return estimator, X
