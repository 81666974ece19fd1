"""Bags of regressors: what they predict and how it is scored out-of-bag."""

from __future__ import annotations

from functools import partial
from typing import Any, Self

import numpy as np
from sklearn.base import RegressorMixin
from sklearn.utils import check_consistent_length
from sklearn.utils.validation import check_is_fitted

from ensembles._combine import Rule, resolve_rule
from ensembles._ensemble._moments import moments_of, tells_std
from ensembles._ensemble._outputs import values
from ensembles._ensemble._predict import Output
from ensembles._ensemble._routing import route
from ensembles._ensemble._targets import check_values
from ensembles._typing import ArrayLike, BoolArray, FloatArray, Table
from ensembles._uncertainty import Uncertainty, of_moments
from ensembles._validation import check_choice, check_confidence_level
from ensembles.bagging._base import BaseBag
from ensembles.bagging._intervals import METHODS, interval_by, moved_on
from ensembles.bagging._left_out import LeftOut, known_left_out
from ensembles.bagging._oob_scores import check_oob_score, score_values

__all__ = ["BaseBagRegressor"]


class BaseBagRegressor(RegressorMixin, BaseBag):
    """Base of bags of regressors."""

    _latest: FloatArray
    """Residuals out of bag, and those that came since, as many as at first."""

    def _encode_target(self, y: Any) -> Any:
        return check_values(self, y)

    def _rule(self) -> Rule:
        return resolve_rule(self, self.combine, probabilities=False)

    def _main_output(self, params: dict[str, Any]) -> Output:
        return partial(values, params=params)

    def _score_left_out(
        self, X: Table, y: Any, combined: list[FloatArray], rows: BoolArray
    ) -> float:
        scoring = check_oob_score(self, self.oob_score)
        return score_values(scoring, X, y, combined[0], rows)

    def _keep_left_out(self, combined: list[FloatArray], y: Any) -> None:
        (self.oob_prediction_,) = combined
        self._left_out = LeftOut.of(combined[0], y, self.combine)

    def predict_interval(
        self, X: Table, confidence_level: float = 0.9, *, method: str = "jackknife+ab"
    ) -> FloatArray:
        """Return intervals that hold new targets with the given frequency.

        All but "quantile" rest on the rows that members did not see, and need
        ``oob_score=True`` in fit; none needs a further fit.

        Parameters
        ----------
        X : array-like, sparse matrix, DataFrame or list of shape (n_samples, ...)
            Rows to predict.
        confidence_level : float, default=0.9
            Share of targets to be covered, on average over rows.
        method : {"jackknife+ab", "cv+", "oob", "enbpi", "ij", "quantile"}, \
default="jackknife+ab"
            "jackknife+ab": order statistics of what the bag without each training row
            predicts, and its residual; of exchangeable rows it covers ``2 *
            confidence_level - 1`` whatever the data are [1]_, and about
            `confidence_level` but for learners that change with every row. "cv+": the
            same where members share out the rows, by ``scheme=Jackknife(n_groups=k)``
            and as many members. "oob": one width for all rows, the quantile of
            residuals out of bag; cheap, and without a guarantee. "enbpi": the shortest
            range of the latest residuals, for series, with a block scheme and `update`
            [2]_. "ij": a normal law with the mean squared residual and the variance of
            `predict_variance`. "quantile": of the targets in the leaves of a forest,
            whose width follows the noise from row to row.

        Returns
        -------
        ndarray of shape (n_samples, 2) or (n_samples, n_outputs, 2)
            Lower and upper ends; infinite where there are too few rows to tell.

        Raises
        ------
        NotFittedError
            If the ensemble is not fitted.
        ValueError
            If the fit does not give what the method needs.

        References
        ----------
        .. [1] B. Kim, C. Xu, R. F. Barber, "Predictive inference is free with the
           jackknife+-after-bootstrap", Advances in Neural Information Processing
           Systems 33, 2020.
        .. [2] C. Xu, Y. Xie, "Conformal prediction interval for dynamic time-series",
           Proceedings of the 38th International Conference on Machine Learning, 2021.
        """
        check_is_fitted(self, "estimators_")
        level = check_confidence_level(confidence_level)
        check_choice(self, "method", method, set(METHODS))
        return interval_by(method, self, X, level)

    def update(self, X: Table, y: ArrayLike) -> Self:
        """Let intervals of ``method="enbpi"`` go on with a series.

        Residuals of these rows take the place of as many of the oldest. Members stay
        as they are.

        Parameters
        ----------
        X : array-like, sparse matrix, DataFrame or list of shape (n_samples, ...)
            Rows that have come since, in their order.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Their targets.

        Returns
        -------
        Self
            The ensemble.

        Raises
        ------
        NotFittedError
            If the ensemble is not fitted.
        ValueError
            If it was fitted without ``oob_score=True``, or X and y do not fit.
        """
        check_is_fitted(self, "estimators_")
        values = check_values(self, y)
        check_consistent_length(X, values)
        known = known_left_out(self, "update").target
        if values.shape[1:] != known.shape[1:]:
            raise ValueError(
                f"y has shape {values.shape}, and that of fit had "
                f"{(len(values), *known.shape[1:])} for as many rows."
            )
        self._latest = moved_on(self, X, values)
        return self

    def predict_uncertainty(self, X: Table) -> Uncertainty:
        """Return how unsure the prediction is, and why.

        Parameters
        ----------
        X : array-like, sparse matrix, DataFrame or list of shape (n_samples, ...)
            Rows to predict.

        Returns
        -------
        total : ndarray of shape (n_samples,) or (n_samples, n_outputs)
            Variance of a new target around the prediction: the sum of the other two.
        aleatoric : ndarray of shape (n_samples,) or (n_samples, n_outputs)
            Mean of the members' variances where their ``predict`` has ``return_std``;
            else the mean squared residual out of bag, the same for all rows: noise, and
            what members fail to learn.
        epistemic : ndarray of shape (n_samples,) or (n_samples, n_outputs)
            Variance between members: what they disagree about.

        Raises
        ------
        NotFittedError
            If the ensemble is not fitted.
        ValueError
            If members tell no variances, and fit was without ``oob_score=True``.
        """
        check_is_fitted(self, "estimators_")
        if all(tells_std(member) for member in self.estimators_):
            seen = self._rows_to_predict(X)
            return of_moments(moments_of(member, seen) for member in self._members)
        known = known_left_out(self, "predict_uncertainty")
        errors = known.target - self.oob_prediction_[known.rows]
        values = self.predict_members(X)
        noise = np.broadcast_to(np.mean(errors**2, axis=0), values.shape)
        return of_moments(zip(values, noise, strict=True))

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
