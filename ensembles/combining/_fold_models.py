"""The models of a member's folds, in the place of one model of all rows."""

from __future__ import annotations

from functools import partial
from typing import Any, Self, final

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils import get_tags
from sklearn.utils.metaestimators import available_if

from ensembles._combine import Rule
from ensembles._ensemble._outputs import (
    FittedMember,
    decisions,
    probabilities,
    values,
)
from ensembles._ensemble._predict import Output, combined
from ensembles._ensemble._targets import ClassTarget
from ensembles._typing import Estimator, FloatArray, Table

__all__ = ["FoldModels"]


def _all_have(method: str) -> Any:
    """Check of whether all models have a method; raises, so that the reason is kept."""

    def check(models: FoldModels) -> bool:
        for model in models.estimators:
            getattr(model, method)
        return True

    return check


@final
class FoldModels(BaseEstimator):
    """Fitted models whose answers are averaged; classes are codes.

    Parameters
    ----------
    estimators : list of estimators
        Fitted.
    target : ClassTarget or None, default=None
        Classes; None for values.
    """

    def __init__(
        self, estimators: list[Estimator], target: ClassTarget | None = None
    ) -> None:
        self.estimators = estimators
        self.target = target

    @property
    def classes_(self) -> Any:
        """Codes of classes, of each output where there are several."""
        target = self._classes
        codes = [np.arange(k) for k in target.n_classes]
        return codes[0] if target.single else codes

    @property
    def _classes(self) -> ClassTarget:
        """The classes of classifiers."""
        if self.target is None:
            raise AttributeError("Regressors have no classes_.")
        return self.target

    @property
    def n_features_in_(self) -> int:
        """Number of columns that the models saw."""
        return int(self.estimators[0].n_features_in_)

    @property
    def feature_names_in_(self) -> Any:
        """Names of these columns."""
        return self.estimators[0].feature_names_in_

    def __len__(self) -> int:
        """Return the number of models."""
        return len(self.estimators)

    def fit(self, X: Table, y: Any) -> Self:
        """Do nothing: the models have been fitted."""
        return self

    def predict(self, X: Table) -> Any:
        """Mean of values, or codes of the classes with the largest mean."""
        if self.target is None:
            return self._mean(X, partial(values, params={}))[0]
        output = partial(probabilities, params={}, target=self.target)
        codes = [one.argmax(axis=1) for one in self._mean(X, output)]
        return codes[0] if self.target.single else np.column_stack(codes)

    @available_if(_all_have("predict_proba"))
    def predict_proba(self, X: Table) -> Any:
        """Mean of probabilities."""
        output = partial(probabilities, params={}, target=self._classes)
        mean = self._mean(X, output)
        return mean[0] if len(mean) == 1 else mean

    @available_if(_all_have("decision_function"))
    def decision_function(self, X: Table) -> FloatArray:
        """Mean of decisions."""
        output = partial(decisions, params={}, target=self._classes)
        return self._mean(X, output)[0]

    def _mean(self, X: Table, output: Output) -> list[FloatArray]:
        """Mean of the models' outputs."""
        members = [FittedMember(model) for model in self.estimators]
        return combined(members, X, output, Rule())

    def __sklearn_is_fitted__(self) -> bool:
        return True

    def __sklearn_tags__(self) -> Any:
        return get_tags(self.estimators[0])
