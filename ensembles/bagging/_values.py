"""Bags of regressors: what they predict and how it is scored out-of-bag."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from sklearn.base import RegressorMixin
from sklearn.utils.validation import check_is_fitted

from ensembles._combine import Rule, resolve_rule
from ensembles._ensemble._outputs import values
from ensembles._ensemble._predict import Output
from ensembles._ensemble._routing import route
from ensembles._ensemble._targets import check_values
from ensembles._typing import FloatArray, Table
from ensembles.bagging._base import BaseBag
from ensembles.bagging._oob import check_oob_score, out_of_bag_outputs, score_values

__all__ = ["BaseBagRegressor"]


class BaseBagRegressor(RegressorMixin, BaseBag):
    """Base of bags of regressors."""

    def _encode_target(self, y: Any) -> Any:
        return check_values(self, y)

    def _rule(self) -> Rule:
        return resolve_rule(self, self.combine, probabilities=False)

    def _main_output(self, params: dict[str, Any]) -> Output:
        return partial(values, params=params)

    def _set_oob_score(self, X: Table, seen: Table, y: Any) -> None:
        output, rule = self._main_output({}), self._rule()
        (predicted,) = out_of_bag_outputs(self, seen, output, rule)
        columns = predicted.reshape(len(predicted), -1)
        seen = np.asarray(~np.isnan(columns).any(axis=1))
        self.oob_prediction_ = predicted
        scoring = check_oob_score(self, self.oob_score)
        self.oob_score_ = score_values(scoring, X, y, predicted, seen)

    def predict(self, X: Table, **params: Any) -> FloatArray:
        """Combine the members' values.

        Parameters
        ----------
        X : array-like, sparse matrix, DataFrame or list of shape (n_samples, ...)
            Rows to predict.
        **params : dict
            With metadata routing on, parameters of the members' method.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_outputs)
            Values.

        Raises
        ------
        NotFittedError
            If the ensemble is not fitted.
        """
        check_is_fitted(self)
        routed = route(self, "predict", params)
        member_params = dict(routed.estimator.predict) if params else {}
        output = self._main_output(member_params)
        return self._combined(X, output, self._rule())[0]
