"""The two bagging estimators: what differs between classes and values."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any, final

import numpy as np
from sklearn.base import ClassifierMixin, RegressorMixin
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from ensembles._combine import Rule, resolve_rule
from ensembles._ensemble._data import check_table
from ensembles._ensemble._outputs import (
    decisions,
    log_probabilities,
    probabilities,
    values,
)
from ensembles._ensemble._predict import Output, collect
from ensembles._ensemble._routing import route
from ensembles._ensemble._targets import ClassTarget, check_values, encode_classes
from ensembles._typing import Estimator, FloatArray, Table
from ensembles.bagging._base import BaseBagging
from ensembles.bagging._oob import (
    check_oob_score,
    out_of_bag_outputs,
    score_classes,
    score_values,
)

__all__ = ["BaggingClassifier", "BaggingRegressor"]


def _averages_decisions(bag: BaggingClassifier) -> bool:
    """Whether there is a decision function: members have one, and their mean counts.

    Under another rule scorers then take the probabilities, which the rule combines.
    """
    if bag.combine not in ("auto", "mean"):
        raise AttributeError(
            f"decision_function is the mean of the members'; combine={bag.combine!r} "
            "asks for another rule. Use predict_proba."
        )
    members = getattr(bag, "estimators_", None)
    member = members[0] if members else bag._resolved_estimator()
    return hasattr(member, "decision_function")


@final
class BaggingClassifier(ClassifierMixin, BaseBagging):
    """Classifiers fitted on random draws of the data, combined by mean or vote.

    Use it to take the variance out of a learner that overfits: deep trees, nearest
    neighbours, small nets. A stable learner (a linear model on many rows) gains
    nothing. With a `scheme` the draws respect groups, classes or time, and so do the
    out-of-bag scores; without one this is scikit-learn's class of the same name, member
    for member.

    Parameters
    ----------
    estimator : estimator or None, default=None
        The member. None means a :class:`~sklearn.tree.DecisionTreeClassifier`.
    n_estimators : int, default=10
        Number of members.
    max_samples : int, float or None, default=None
        Rows drawn for each member: a number, a share of the rows (of the sum of the
        weights where there are any), or as many as there are.
    max_features : int or float, default=1.0
        Columns drawn for each member: a number or a share, at least one.
    bootstrap : bool, default=True
        Whether rows are drawn with replacement.
    bootstrap_features : bool, default=False
        Whether columns are drawn with replacement.
    oob_score : bool, str or callable, default=False
        Whether to score the ensemble on out-of-bag rows. True means accuracy (of whole
        rows for labels that are present or not, of entries for several outputs with
        classes); a string names a scorer; a callable is a metric if its first
        parameter begins with y, ``(y_true, y_pred)``, else a scorer
        ``(estimator, X, y)``.
    warm_start : bool, default=False
        Keep the members of the last fit and add what is missing. The same members
        come out as from one fit.
    n_jobs : int or None, default=None
        Workers of fit and predict. None means 1 unless in a
        :func:`joblib.parallel_config` context; -1 means all processors.
    random_state : int, RandomState instance or None, default=None
        Of draws and members. An int gives the same members for every `n_jobs`.
    verbose : int, default=0
        Progress messages of joblib.
    scheme : scheme or None, default=None
        A scheme of :mod:`ensembles.resampling` that draws the rows, in place of
        `max_samples` and `bootstrap`. Its own ``n_resamples`` and ``random_state``
        are not used.
    combine : str or callable, default="auto"
        How the members' probabilities, shape (m, n, k), become one: "auto" and
        "mean"; "median"; "trimmed", the mean without the lowest and highest tenth, at
        least one each from three members on;
        "vote"; "log_pool", the normalised geometric mean; "rank", the mean of ranks
        among the rows given, for ranking metrics; or a callable. May be changed after
        fit.
    resample : {"auto", "weights", "unique", "index"}, default="auto"
        The form in which drawn rows reach a member: all rows with counts as
        ``sample_weight``; the distinct rows with counts; or the rows themselves.
        "auto" takes weights where members take them, but unique rows where members
        hold some out for early stopping or learn from a precomputed kernel, and rows
        otherwise.
    memory : str, joblib.Memory or None, default=None
        Where finished members are kept, so that a fit that was killed goes on where
        it stood.
    error_score : "raise" or numpy.nan, default="raise"
        What to do where a member fails: raise its error, which then names the member,
        or go on without it and warn.

    Attributes
    ----------
    estimator_ : estimator
        An unfitted copy of the member.
    estimators_ : list of n_estimators estimators
        The fitted members. They learned codes: positions in ``classes_``.
    estimators_features_ : list of n_estimators ndarrays
        Columns that each member sees.
    estimators_samples_ : list of n_estimators ndarrays
        Rows that each member was fitted on, drawn again at each call.
    inbag_counts_ : ndarray of shape (n_estimators, n_samples)
        How often each member saw each row.
    classes_ : ndarray of shape (n_classes,) or list of ndarrays
        Labels, of each output where there are several.
    n_classes_ : int or list of int
        Number of labels, of each output where there are several.
    n_features_in_ : int
        Number of columns in fit. Only where X is a table.
    feature_names_in_ : ndarray of shape (n_features,)
        Names of columns in fit. Only where all are strings.
    oob_score_ : float
        Score of the rows that are out-of-bag for some member.
    oob_decision_function_ : ndarray of shape (n_samples, n_classes) or list
        Out-of-bag probabilities; NaN for a row that every member saw, or that has the
        weight zero.

    Raises
    ------
    ValueError
        From `fit`, before any member is fitted, if a parameter is not allowed or does
        not fit the data.
    InvalidParameterError
        The same, which is a `TypeError` too, for a parameter of a wrong kind.

    See Also
    --------
    BaggingRegressor : For values.
    ensembles.combining.VotingClassifier : Combines different learners.

    References
    ----------
    .. [1] L. Breiman, "Bagging predictors", Machine Learning 24(2), 123-140, 1996.
    .. [2] T. K. Ho, "The random subspace method for constructing decision forests",
       IEEE Transactions on Pattern Analysis and Machine Intelligence 20(8), 832-844,
       1998.

    Examples
    --------
    Rows come from 40 subjects, whom a column all but identifies. Out-of-bag rows of
    known subjects flatter; out-of-bag subjects tell what to expect of new ones:

    >>> import numpy as np
    >>> from ensembles.bagging import BaggingClassifier
    >>> from ensembles.resampling import GroupBootstrap
    >>> rng = np.random.default_rng(0)
    >>> subject = np.repeat(np.arange(40), 10)
    >>> y = rng.integers(2, size=40)[subject]
    >>> X = rng.normal(size=40)[subject, None] + 0.01 * rng.normal(size=(400, 1))
    >>> bag = BaggingClassifier(n_estimators=50, oob_score=True, random_state=0)
    >>> print(f"{bag.fit(X, y).oob_score_:.2f}")
    0.93
    >>> bag.set_params(scheme=GroupBootstrap())
    BaggingClassifier(n_estimators=50, oob_score=True, random_state=0,
                      scheme=GroupBootstrap())
    >>> print(f"{bag.fit(X, y, groups=subject).oob_score_:.2f}")
    0.51
    """

    _target: ClassTarget

    def _default_estimator(self) -> Estimator:
        return DecisionTreeClassifier()

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

    def _set_oob_score(self, X: Table, y: Any) -> None:
        combined = out_of_bag_outputs(self, X, self._main_output({}), self._rule())
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
                X = check_table(self, X)
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
        callee = dict(self._routes(self._resolved_estimator()))[method]
        return dict(routed.estimator[callee])

    def _routes(self, member: Estimator) -> list[tuple[str, str]]:
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


@final
class BaggingRegressor(RegressorMixin, BaseBagging):
    """Regressors fitted on random draws of the data, combined by mean or median.

    Use it to take the variance out of a learner that overfits: deep trees, nearest
    neighbours, small nets. A stable learner gains nothing, and no bag extrapolates
    beyond what its members do. With a `scheme` the draws respect groups or time, and
    so do the out-of-bag scores; without one this is scikit-learn's class of the same
    name, member for member.

    Parameters
    ----------
    estimator : estimator or None, default=None
        The member. None means a :class:`~sklearn.tree.DecisionTreeRegressor`.
    n_estimators : int, default=10
        Number of members.
    max_samples : int, float or None, default=None
        Rows drawn for each member: a number, a share of the rows (of the sum of the
        weights where there are any), or as many as there are.
    max_features : int or float, default=1.0
        Columns drawn for each member: a number or a share, at least one.
    bootstrap : bool, default=True
        Whether rows are drawn with replacement.
    bootstrap_features : bool, default=False
        Whether columns are drawn with replacement.
    oob_score : bool, str or callable, default=False
        Whether to score the ensemble on out-of-bag rows. True means R²; a string names
        a scorer; a callable is a metric if its first parameter begins with y,
        ``(y_true, y_pred)``, else a scorer ``(estimator, X, y)``.
    warm_start : bool, default=False
        Keep the members of the last fit and add what is missing. The same members
        come out as from one fit.
    n_jobs : int or None, default=None
        Workers of fit and predict. None means 1 unless in a
        :func:`joblib.parallel_config` context; -1 means all processors.
    random_state : int, RandomState instance or None, default=None
        Of draws and members. An int gives the same members for every `n_jobs`.
    verbose : int, default=0
        Progress messages of joblib.
    scheme : scheme or None, default=None
        A scheme of :mod:`ensembles.resampling` that draws the rows, in place of
        `max_samples` and `bootstrap`. Its own ``n_resamples`` and ``random_state``
        are not used.
    combine : str or callable, default="auto"
        How the members' values, shape (m, n) or (m, n, q), become one: "auto" and
        "mean"; "median"; "trimmed", the mean without the lowest and highest tenth, at
        least one each from three members on; or
        a callable. May be changed after fit.
    resample : {"auto", "weights", "unique", "index"}, default="auto"
        The form in which drawn rows reach a member: all rows with counts as
        ``sample_weight``; the distinct rows with counts; or the rows themselves.
        "auto" takes weights where members take them, but unique rows where members
        hold some out for early stopping or learn from a precomputed kernel, and rows
        otherwise.
    memory : str, joblib.Memory or None, default=None
        Where finished members are kept, so that a fit that was killed goes on where
        it stood.
    error_score : "raise" or numpy.nan, default="raise"
        What to do where a member fails: raise its error, which then names the member,
        or go on without it and warn.

    Attributes
    ----------
    estimator_ : estimator
        An unfitted copy of the member.
    estimators_ : list of n_estimators estimators
        The fitted members.
    estimators_features_ : list of n_estimators ndarrays
        Columns that each member sees.
    estimators_samples_ : list of n_estimators ndarrays
        Rows that each member was fitted on, drawn again at each call.
    inbag_counts_ : ndarray of shape (n_estimators, n_samples)
        How often each member saw each row.
    n_features_in_ : int
        Number of columns in fit. Only where X is a table.
    feature_names_in_ : ndarray of shape (n_features,)
        Names of columns in fit. Only where all are strings.
    oob_score_ : float
        Score of the rows that are out-of-bag for some member.
    oob_prediction_ : ndarray of shape (n_samples,) or (n_samples, n_outputs)
        Out-of-bag values; NaN for a row that every member saw.

    Raises
    ------
    ValueError
        From `fit`, before any member is fitted, if a parameter is not allowed or does
        not fit the data.
    InvalidParameterError
        The same, which is a `TypeError` too, for a parameter of a wrong kind.

    See Also
    --------
    BaggingClassifier : For classes.
    ensembles.combining.VotingRegressor : Combines different learners.

    References
    ----------
    .. [1] L. Breiman, "Bagging predictors", Machine Learning 24(2), 123-140, 1996.

    Examples
    --------
    A random walk whose next value is to be found from the time alone cannot be
    forecast, yet rows next to known ones look easy. Blocks with a gap tell the truth:

    >>> import numpy as np
    >>> from ensembles.bagging import BaggingRegressor
    >>> from ensembles.resampling import StationaryBootstrap
    >>> time = np.arange(600.0)[:, None]
    >>> walk = np.random.default_rng(0).normal(size=600).cumsum()
    >>> bag = BaggingRegressor(n_estimators=100, oob_score=True, random_state=0)
    >>> print(f"{bag.fit(time, walk).oob_score_:.2f}")
    0.99
    >>> bag.scheme = StationaryBootstrap(block_length=100, gap=50)
    >>> print(f"{bag.fit(time, walk).oob_score_:.2f}")
    0.62
    """

    def _default_estimator(self) -> Estimator:
        return DecisionTreeRegressor()

    def _encode_target(self, y: Any) -> Any:
        return check_values(self, y)

    def _rule(self) -> Rule:
        return resolve_rule(self, self.combine, probabilities=False)

    def _main_output(self, params: dict[str, Any]) -> Output:
        return partial(values, params=params)

    def _set_oob_score(self, X: Table, y: Any) -> None:
        output, rule = self._main_output({}), self._rule()
        (predicted,) = out_of_bag_outputs(self, X, output, rule)
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

    def _routes(self, member: Estimator) -> list[tuple[str, str]]:
        return [("predict", "predict")]
