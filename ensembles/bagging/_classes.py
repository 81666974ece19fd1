"""Bags of classifiers: what they predict and how it is scored out-of-bag."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from ensembles._combine import Rule, resolve_rule
from ensembles._ensemble._outputs import (
    decisions,
    log_probabilities,
    probabilities,
)
from ensembles._ensemble._predict import Output, collect
from ensembles._ensemble._routing import route
from ensembles._ensemble._targets import ClassTarget, encode_classes
from ensembles._typing import Estimator, FloatArray, Table
from ensembles.bagging._base import BaseBag
from ensembles.bagging._oob import (
    check_oob_score,
    out_of_bag_outputs,
    score_classes,
)

__all__ = ["BaseBagClassifier", "routes_of_classifier"]


def _averages_decisions(bag: BaseBagClassifier) -> bool:
    """Whether there is a decision function: members have one, and their mean counts.

    Under another rule scorers then take the probabilities, which the rule combines.
    """
    if bag.combine not in ("auto", "mean"):
        raise AttributeError(
            f"decision_function is the mean of the members'; combine={bag.combine!r} "
            "asks for another rule. Use predict_proba."
        )
    members = getattr(bag, "estimators_", None)
    member = members[0] if members else bag._member()
    return hasattr(member, "decision_function")


class BaseBagClassifier(ClassifierMixin, BaseBag):
    """Base of bags of classifiers."""

    _target: ClassTarget

    def _encode_target(self, y: Any) -> Any:
        target, codes = encode_classes(y)
        if hasattr(self, "estimators_"):
            _check_same_classes(self._target, target)
        self._target = target
        self.classes_ = target.classes
        n_classes = target.n_classes
        self.n_classes_ = n_classes[0] if target.single else list(n_classes)
        return codes

    def _rule(self) -> Rule:
        return resolve_rule(self, self.combine, probabilities=True)

    def _main_output(self, params: dict[str, Any]) -> Output:
        return partial(probabilities, params=params, target=self._target)

    def _set_oob_score(self, X: Table, seen: Table, y: Any) -> None:
        combined = out_of_bag_outputs(self, seen, self._main_output({}), self._rule())
        seen = np.asarray(~np.isnan(combined[0]).any(axis=1))
        filled = [np.nan_to_num(p) for p in combined]
        single = self._target.single
        self.oob_decision_function_ = combined[0] if single else combined
        self.oob_score_ = score_classes(
            check_oob_score(self, self.oob_score),
            X,
            self._target.decode_codes(y),
            self._target.decode(filled),
            filled[0] if single else filled,
            self.classes_,
            seen,
        )

    def predict(self, X: Table, **params: Any) -> Any:
        """Predict the class of the largest combined probability.

        Parameters
        ----------
        X : array-like, sparse matrix, DataFrame or list of shape (n_samples, ...)
            Rows to predict.
        **params : dict
            With metadata routing on, parameters of the members' method.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_outputs)
            Labels.

        Raises
        ------
        NotFittedError
            If the ensemble is not fitted.
        """
        routed = self._route_predict("predict", params)
        return self._target.decode(self._probabilities(X, routed))

    def predict_proba(self, X: Table, **params: Any) -> Any:
        """Combine the members' probabilities, or their votes where they give none.

        Parameters
        ----------
        X : array-like, sparse matrix, DataFrame or list of shape (n_samples, ...)
            Rows to predict.
        **params : dict
            With metadata routing on, parameters of the members' method.

        Returns
        -------
        ndarray of shape (n_samples, n_classes) or list of ndarrays
            Probabilities in the order of ``classes_``; a list for several outputs.

        Raises
        ------
        NotFittedError
            If the ensemble is not fitted.
        """
        routed = self._route_predict("predict_proba", params)
        combined = self._probabilities(X, routed)
        return combined[0] if self._target.single else combined

    def predict_log_proba(self, X: Table, **params: Any) -> Any:
        """Logarithm of the combined probabilities.

        Under the mean it is summed in logarithms where members give these, so that
        probabilities too small for a float keep their order.

        Parameters
        ----------
        X : array-like, sparse matrix, DataFrame or list of shape (n_samples, ...)
            Rows to predict.
        **params : dict
            With metadata routing on, parameters of the members' method.

        Returns
        -------
        ndarray of shape (n_samples, n_classes) or list of ndarrays
            Log-probabilities in the order of ``classes_``; a list for several outputs.

        Raises
        ------
        NotFittedError
            If the ensemble is not fitted.
        """
        routed = self._route_predict("predict_log_proba", params)
        in_logs = self.combine in ("auto", "mean") and all(
            hasattr(member, "predict_log_proba") for member in self.estimators_
        )
        with np.errstate(divide="ignore"):  # the logarithm of zero is meant
            if in_logs:
                output = partial(log_probabilities, params=routed, target=self._target)
                X = self._rows_to_predict(X)
                logs = _log_of_mean(collect(self._members, X, output, self.n_jobs))
            else:
                logs = [np.log(p) for p in self._probabilities(X, routed)]
        return logs[0] if self._target.single else logs

    @available_if(_averages_decisions)
    def decision_function(self, X: Table, **params: Any) -> Any:
        """Mean of the members' decision functions.

        A class that a member never saw gets that member's lowest value of the row.

        Parameters
        ----------
        X : array-like, sparse matrix, DataFrame or list of shape (n_samples, ...)
            Rows to predict.
        **params : dict
            With metadata routing on, parameters of the members' method.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_classes)
            One value a row for two classes, else one for each class.

        Raises
        ------
        NotFittedError
            If the ensemble is not fitted.
        """
        routed = self._route_predict("decision_function", params)
        output = partial(decisions, params=routed, target=self._target)
        return self._combined(X, output, Rule())[0]

    def _probabilities(self, X: Table, params: dict[str, Any]) -> list[FloatArray]:
        """Combined probabilities, one array for each output."""
        return self._combined(X, self._main_output(params), self._rule())

    def _route_predict(self, method: str, params: dict[str, Any]) -> dict[str, Any]:
        """Parameters for the member's method that `method` calls."""
        check_is_fitted(self)
        routed = route(self, method, params)
        if not params:
            return {}
        callee = dict(routes_of_classifier(self._member()))[method]
        return dict(routed.estimator[callee])


def routes_of_classifier(member: Estimator) -> list[tuple[str, str]]:
    """Pairs of our method and the member's that it calls."""
    says = "predict_proba" if hasattr(member, "predict_proba") else "predict"
    in_logs = hasattr(member, "predict_log_proba")
    return [
        ("predict", says),
        ("predict_proba", says),
        ("predict_log_proba", "predict_log_proba" if in_logs else says),
        ("decision_function", "decision_function"),
    ]


def _check_same_classes(known: ClassTarget, given: ClassTarget) -> None:
    """Raise where members added by a warm start would learn other codes."""
    same = len(known.labels) == len(given.labels) and all(
        np.array_equal(a, b) for a, b in zip(known.labels, given.labels, strict=True)
    )
    if not same:
        raise ValueError(
            f"warm_start=True adds members for classes {known.classes}, got a y with "
            f"classes {given.classes}. Pass the same classes, or warm_start=False."
        )


def _log_of_mean(outputs: Iterator[list[FloatArray]]) -> list[FloatArray]:
    """Logarithm of the mean of exponentials of the members' outputs."""
    total = next(outputs)
    count = 1
    for given in outputs:
        total = [np.logaddexp(t, g) for t, g in zip(total, given, strict=True)]
        count += 1
    return [logs - np.log(count) for logs in total]
