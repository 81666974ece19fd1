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
from ensembles._ensemble._conformal import upper_score
from ensembles._ensemble._label_sets import label_sets, score_named
from ensembles._ensemble._outputs import (
    decisions,
    log_probabilities,
    probabilities,
)
from ensembles._ensemble._predict import Output, collect
from ensembles._ensemble._routing import route
from ensembles._ensemble._targets import ClassTarget, encode_classes
from ensembles._typing import BoolArray, Estimator, FloatArray, Table
from ensembles._uncertainty import Uncertainty, of_probabilities, of_spread
from ensembles._validation import (
    check_choice,
    check_confidence_level,
    check_count,
    check_positive,
)
from ensembles.bagging._base import BaseBag
from ensembles.bagging._left_out import LeftOut, known_left_out
from ensembles.bagging._oob_scores import check_oob_score, score_classes

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

    def _score_left_out(
        self, X: Table, y: Any, combined: list[FloatArray], rows: BoolArray
    ) -> float:
        filled = [np.nan_to_num(p) for p in combined]
        return score_classes(
            check_oob_score(self, self.oob_score),
            X,
            self._target.decode_codes(y),
            self._target.decode(filled),
            filled[0] if self._target.single else filled,
            self.classes_,
            rows,
        )

    def _keep_left_out(self, combined: list[FloatArray], y: Any) -> None:
        single = self._target.single
        self.oob_decision_function_ = combined[0] if single else combined
        if single:
            self._left_out = LeftOut.of(combined[0], y, self.combine)

    def predict_uncertainty(self, X: Table, *, measure: str = "entropy") -> Uncertainty:
        """Return how unsure the prediction is, and why.

        Of the mean of the members' probabilities, whatever `combine` is.

        Parameters
        ----------
        X : array-like, sparse matrix, DataFrame or list of shape (n_samples, ...)
            Rows to predict.
        measure : {"entropy", "variance"}, default="entropy"
            Entropy, in nats, or the variance of the indicators of classes, added up
            over classes.

        Returns
        -------
        total : ndarray of shape (n_samples,)
            Of the mean of probabilities.
        aleatoric : ndarray of shape (n_samples,)
            Mean of that of the members: what they find uncertain themselves.
        epistemic : ndarray of shape (n_samples,)
            What is left: what members disagree about.

        Raises
        ------
        NotFittedError
            If the ensemble is not fitted.
        ValueError
            For a target of several outputs.
        """
        check_is_fitted(self, "estimators_")
        self._check_single("predict_uncertainty")
        check_choice(self, "measure", measure, {"entropy", "variance"})
        seen, output = self._rows_to_predict(X), self._main_output({})
        said = (p for (p,) in collect(self._members, seen, output, self.n_jobs))
        return of_probabilities(said) if measure == "entropy" else of_spread(said)

    def predict_set(
        self,
        X: Table,
        confidence_level: float = 0.9,
        *,
        method: str = "lac",
        penalty: float = 0.01,
        n_free: int = 1,
    ) -> BoolArray:
        """Return sets of labels that hold the true one with the given frequency.

        They are as large as it takes for rows that members did not see, and need
        ``oob_score=True`` in fit.

        Parameters
        ----------
        X : array-like, sparse matrix, DataFrame or list of shape (n_samples, ...)
            Rows to predict.
        confidence_level : float, default=0.9
            Share of true labels to be held, on average over rows.
        method : {"lac", "aps", "raps"}, default="lac"
            "lac" takes all labels above one probability, and makes the smallest sets;
            "aps" takes the likeliest until they add up, so that hard rows get larger
            sets [1]_; "raps" does so with a penalty for ranks, against long tails of
            unlikely labels [2]_.
        penalty : float, default=0.01
            What each rank costs, under "raps".
        n_free : int, default=1
            Ranks that cost nothing, under "raps".

        Returns
        -------
        ndarray of bool of shape (n_samples, n_classes)
            Whether each label, in the order of ``classes_``, is in the set. The
            likeliest always is.

        Raises
        ------
        NotFittedError
            If the ensemble is not fitted.
        ValueError
            If it was fitted without ``oob_score=True``, or for several outputs.

        References
        ----------
        .. [1] Y. Romano, M. Sesia, E. J. Candes, "Classification with valid and
           adaptive coverage", Advances in Neural Information Processing Systems 33,
           2020.
        .. [2] A. N. Angelopoulos, S. Bates, J. Malik, M. I. Jordan, "Uncertainty sets
           for image classifiers using conformal prediction", International Conference
           on Learning Representations, 2021.
        """
        check_is_fitted(self, "estimators_")
        self._check_single("predict_set")
        level = check_confidence_level(confidence_level)
        check_choice(self, "method", method, {"lac", "aps", "raps"})
        check_positive(self, "penalty", penalty, zero=True)
        check_count(self, "n_free", n_free, low=0)
        if isinstance(self.combine, str) and self.combine == "rank":
            raise ValueError(
                "combine='rank' compares rows that are predicted together, so that a "
                "row's set would depend on the others. Use another rule."
            )
        known = known_left_out(self, "predict_set")
        return label_sets(
            self.predict_proba(X),
            self.oob_decision_function_[known.rows],
            known.target,
            score_named(method, float(penalty), n_free),
            partial(upper_score, level=level),
        )

    def _check_single(self, purpose: str) -> None:
        """Raise for a target of several outputs."""
        if not self._target.single:
            raise ValueError(
                f"{purpose} is for a target of one output, and y has "
                f"{len(self._target.labels)}. Fit a bag for each."
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
            f"The members that there are learned classes {known.classes}, got a y with "
            f"classes {given.classes}. Pass the same classes, or fit with "
            "warm_start=False."
        )


def _log_of_mean(outputs: Iterator[list[FloatArray]]) -> list[FloatArray]:
    """Logarithm of the mean of exponentials of the members' outputs."""
    total = next(outputs)
    count = 1
    for given in outputs:
        total = [np.logaddexp(t, g) for t, g in zip(total, given, strict=True)]
        count += 1
    return [logs - np.log(count) for logs in total]
