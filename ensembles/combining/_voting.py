"""The two voting estimators: what differs between classes and values."""

from __future__ import annotations

from functools import partial
from typing import Any, Literal, final

import numpy as np
from numpy.typing import NDArray
from sklearn.base import ClassifierMixin, RegressorMixin
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import type_of_target
from sklearn.utils.validation import check_is_fitted

from ensembles._combine import CombineRule, Rule, resolve_rule
from ensembles._ensemble._outputs import (
    predicted_codes,
    probabilities,
    values,
    votes,
)
from ensembles._ensemble._predict import Output, collect, stacked
from ensembles._ensemble._targets import (
    ClassTarget,
    check_values,
    encode_classes,
    is_frozen,
)
from ensembles._typing import ArrayLike, FloatArray, Table
from ensembles._uncertainty import Uncertainty
from ensembles._validation import check_bool, check_choice, invalid_parameter
from ensembles.combining._how_sure import uncertainty_of_classes
from ensembles.combining._voting_base import BaseVoting

__all__ = ["VotingClassifier", "VotingRegressor"]


def _gives_probabilities(voter: VotingClassifier) -> bool:
    """Whether probabilities are combined; raises, so that the reason is kept."""
    if voter.voting == "hard":
        raise AttributeError(
            f"predict_proba is not available when voting={voter.voting!r}"
        )
    return True


@final
class VotingClassifier(ClassifierMixin, BaseVoting):
    """Different classifiers fitted on the same data, combined by vote or probability.

    Use it where a few good learners err in different ways [1]_. Members of one kind on
    draws of the data are a bag (`ensembles.bagging.BaggingClassifier`).

    Parameters
    ----------
    estimators : list of (str, estimator)
        Members by name; ``"drop"`` in place of one leaves it out. A member in a
        :class:`~sklearn.frozen.FrozenEstimator` is taken as it was fitted before.
    voting : {"hard", "soft"}, default="hard"
        "hard" counts the members' labels, ties going to the lowest; "soft" combines
        their probabilities.
    weights : array-like of shape (n_estimators,) or None, default=None
        Weight of each member.
    n_jobs : int or None, default=None
        Workers of fit and predict.
    flatten_transform : bool, default=True
        Shape of `transform` under soft voting: (n_samples, n_members * n_classes), or
        (n_members, n_samples, n_classes).
    verbose : bool, default=False
        Whether the time that each member took is written to standard output.
    combine : str or callable, default="auto"
        Under soft voting, how the members' probabilities, shape (m, n, k), become
        one: "auto" and "mean"; "median"; "trimmed", the mean without the lowest and
        highest tenth, at least one each from three members on; "vote"; "log_pool", the
        normalised geometric mean; "rank", the mean of ranks among the rows that are
        predicted together; or a callable. May be changed after fit.

    Attributes
    ----------
    estimators_ : list of estimators
        Fitted members that are not dropped. They learned codes: positions in
        ``classes_``.
    named_estimators_ : Bunch
        Fitted members by name.
    classes_ : ndarray of shape (n_classes,) or list of ndarrays
        Labels, of each output where there are several.
    n_features_in_ : int
        Number of columns that the first member saw.
    feature_names_in_ : ndarray of shape (n_features,)
        Names of columns, where a member kept them.

    Raises
    ------
    ValueError
        From `fit`, before any member is fitted, if names, members or weights are not
        as described.

    See Also
    --------
    VotingRegressor : For values.

    References
    ----------
    .. [1] J. Kittler, M. Hatef, R. P. W. Duin, J. Matas, "On combining classifiers",
       IEEE Transactions on Pattern Analysis and Machine Intelligence 20(3), 226-239,
       1998.

    Examples
    --------
    Three learners that err in different ways, on data with a tenth of the labels
    wrong. Probabilities combined by their median are better than the best of them:

    >>> from sklearn.datasets import make_classification
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.model_selection import cross_val_score
    >>> from sklearn.naive_bayes import GaussianNB
    >>> from sklearn.tree import DecisionTreeClassifier
    >>> from ensembles.combining import VotingClassifier
    >>> X, y = make_classification(600, n_informative=6, flip_y=0.1, random_state=0)
    >>> members = [
    ...     ("linear", LogisticRegression()),
    ...     ("tree", DecisionTreeClassifier(min_samples_leaf=5, random_state=0)),
    ...     ("bayes", GaussianNB()),
    ... ]
    >>> alone = [cross_val_score(member, X, y).mean() for _, member in members]
    >>> print(f"best member {max(alone):.2f}")
    best member 0.76
    >>> voter = VotingClassifier(members, voting="soft", combine="median")
    >>> print(f"all of them {cross_val_score(voter, X, y).mean():.2f}")
    all of them 0.77
    """

    _target: ClassTarget

    def __init__(
        self,
        estimators: Any,
        *,
        voting: Literal["hard", "soft"] = "hard",
        weights: ArrayLike | None = None,
        n_jobs: int | None = None,
        flatten_transform: bool = True,
        verbose: bool = False,
        combine: CombineRule = "auto",
    ) -> None:
        self.estimators = estimators
        self.voting = voting
        self.weights = weights
        self.n_jobs = n_jobs
        self.flatten_transform = flatten_transform
        self.verbose = verbose
        self.combine = combine

    def _encode_target(self, y: Any) -> Any:
        kind = type_of_target(y, input_name="y")
        if kind in ("unknown", "continuous"):
            raise ValueError(
                f"Unknown label type: {kind}. Maybe you are trying to fit a "
                "classifier, which expects discrete classes on a "
                "regression target with continuous values."
            )
        check_choice(self, "voting", self.voting, {"hard", "soft"})
        check_bool(self, "flatten_transform", self.flatten_transform)
        target, codes = encode_classes(y)
        for _, member in self._active:
            if is_frozen(member):  # it must not know other classes than y
                for output, k in enumerate(target.n_classes):
                    target.positions(member, output, k)
        self._target = target
        self.classes_ = target.classes
        return codes

    def _adopt_target(self, fitted: Any) -> None:
        self._target = ClassTarget((np.asarray(fitted.classes_),), True)
        self.classes_ = self._target.classes

    def _rule(self) -> Rule:
        """How members' outputs become one; read at predict, so it may be changed."""
        weighted = self.weights is not None
        if self.voting == "hard" and self.combine not in ("auto", "vote"):
            raise invalid_parameter(
                self,
                "combine",
                self.combine,
                "'auto' or 'vote' with voting='hard'",
                "Other rules combine probabilities: set voting='soft'.",
            )
        return resolve_rule(self, self.combine, probabilities=True, weighted=weighted)

    def _output(self) -> Output:
        """What is combined: labels as votes, or probabilities."""
        output = votes if self.voting == "hard" else probabilities
        return partial(output, params={}, target=self._target)

    def predict(self, X: Table) -> Any:
        """Predict the label that the members' combination puts first.

        Parameters
        ----------
        X : array-like, sparse matrix or DataFrame of shape (n_samples, n_features)
            Rows to predict.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_outputs)
            Labels.

        Raises
        ------
        NotFittedError
            If the ensemble is not fitted.
        """
        check_is_fitted(self, "estimators_")
        combined = self._combined(X, self._output(), self._rule())
        return self._target.decode(combined)

    @available_if(_gives_probabilities)
    def predict_proba(self, X: Table) -> Any:
        """Combine the members' probabilities; under soft voting only.

        Parameters
        ----------
        X : array-like, sparse matrix or DataFrame of shape (n_samples, n_features)
            Rows to predict.

        Returns
        -------
        ndarray of shape (n_samples, n_classes) or list of ndarrays
            Probabilities in the order of ``classes_``; a list for several outputs.

        Raises
        ------
        NotFittedError
            If the ensemble is not fitted.
        """
        check_is_fitted(self, "estimators_")
        combined = self._combined(X, self._output(), self._rule())
        return combined[0] if self._target.single else combined

    def predict_members(self, X: Table) -> Any:
        """Return the output of every member.

        Parameters
        ----------
        X : array-like, sparse matrix or DataFrame of shape (n_samples, n_features)
            Rows to predict.

        Returns
        -------
        ndarray of shape (n_members, n_samples, n_classes) or list of ndarrays
            Probabilities, or under hard voting one for the label that the member
            names, in the order of ``classes_``; a list for several outputs.

        Raises
        ------
        NotFittedError
            If the ensemble is not fitted.
        """
        check_is_fitted(self, "estimators_")
        arrays = stacked(self._members, X, self._output(), self.n_jobs)
        return arrays[0] if self._target.single else arrays

    @available_if(_gives_probabilities)
    def predict_uncertainty(self, X: Table, *, measure: str = "entropy") -> Uncertainty:
        """Return how unsure the prediction is, and why; under soft voting only.

        Of the weighted mean of the members' probabilities, whatever `combine` is.

        Parameters
        ----------
        X : array-like, sparse matrix or DataFrame of shape (n_samples, n_features)
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
        outputs = collect(self._members, X, self._output(), self.n_jobs)
        weights = self._weights_of_members
        return uncertainty_of_classes(self, self._target, outputs, weights, measure)

    def transform(self, X: Table) -> Any:
        """Return the members' probabilities or the positions of their labels.

        Parameters
        ----------
        X : array-like, sparse matrix or DataFrame of shape (n_samples, n_features)
            Rows to transform.

        Returns
        -------
        ndarray
            Under soft voting shape (n_samples, n_members * n_classes), or (n_members,
            n_samples, n_classes) with ``flatten_transform=False``; under hard voting
            positions in ``classes_``, shape (n_samples, n_members).

        Raises
        ------
        NotFittedError
            If the ensemble is not fitted.
        ValueError
            For a target of several outputs; use `predict_members`.
        """
        check_is_fitted(self, "estimators_")
        if not self._target.single:
            raise ValueError(
                "transform has no single table for a target of several outputs. Use "
                "predict_members."
            )
        if self.voting == "hard":
            output = partial(predicted_codes, params={}, target=self._target)
            return np.column_stack([output(member, X) for member in self._members])
        said = stacked(self._members, X, self._output(), self.n_jobs)[0]
        return np.hstack(list(said)) if self.flatten_transform else said

    def get_feature_names_out(
        self, input_features: ArrayLike | None = None
    ) -> NDArray[Any]:
        """Return the names of the columns of `transform`.

        Parameters
        ----------
        input_features : array-like of str of shape (n_features,) or None, default=None
            Names of the columns of X, only checked against those of fit.

        Returns
        -------
        ndarray of shape (n_columns,)
            Class name, member and, under soft voting, the number of the label.

        Raises
        ------
        ValueError
            If `input_features` are not the columns of fit, or under soft voting with
            ``flatten_transform=False``, where no table comes out.
        """
        names = self._member_columns(input_features)
        if self.voting == "soft":
            if not self.flatten_transform:
                raise ValueError(
                    "get_feature_names_out is not supported when `voting='soft'` and "
                    "`flatten_transform=False`"
                )
            names = [f"{name}{i}" for name in names for i in range(len(self.classes_))]
        return np.asarray(names, dtype=object)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = []
        return tags


@final
class VotingRegressor(RegressorMixin, BaseVoting):
    """Different regressors fitted on the same data, combined by mean or median.

    Use it where a few good learners err in different ways: the squared error of the
    mean is the mean error of the members less their disagreement [1]_. Members of one
    kind on draws of the data are a bag (`ensembles.bagging.BaggingRegressor`).

    Parameters
    ----------
    estimators : list of (str, estimator)
        Members by name; ``"drop"`` in place of one leaves it out. A member in a
        :class:`~sklearn.frozen.FrozenEstimator` is taken as it was fitted before.
    weights : array-like of shape (n_estimators,) or None, default=None
        Weight of each member.
    n_jobs : int or None, default=None
        Workers of fit and predict.
    verbose : bool, default=False
        Whether the time that each member took is written to standard output.
    combine : str or callable, default="auto"
        How the members' values, shape (m, n) or (m, n, q), become one: "auto" and
        "mean"; "median"; "trimmed", the mean without the lowest and highest tenth; or
        a callable. May be changed after fit.

    Attributes
    ----------
    estimators_ : list of estimators
        Fitted members that are not dropped.
    named_estimators_ : Bunch
        Fitted members by name.
    n_features_in_ : int
        Number of columns that the first member saw.
    feature_names_in_ : ndarray of shape (n_features,)
        Names of columns, where a member kept them.

    Raises
    ------
    ValueError
        From `fit`, before any member is fitted, if names, members or weights are not
        as described.

    See Also
    --------
    VotingClassifier : For classes.

    References
    ----------
    .. [1] A. Krogh, J. Vedelsby, "Neural network ensembles, cross validation, and
       active learning", Advances in Neural Information Processing Systems 7, 231-238,
       1995.

    Examples
    --------
    One member that fails spoils a mean and leaves a median alone:

    >>> import numpy as np
    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn.dummy import DummyRegressor
    >>> from sklearn.linear_model import LassoCV, RidgeCV
    >>> from ensembles.combining import VotingRegressor
    >>> X, y = load_diabetes(return_X_y=True)
    >>> members = [
    ...     ("ridge", RidgeCV()),
    ...     ("lasso", LassoCV()),
    ...     ("broken", DummyRegressor(strategy="constant", constant=1e4)),
    ... ]
    >>> voter = VotingRegressor(members).fit(X, y)
    >>> print(f"{voter.score(X, y):.1f}")
    -1816.7
    >>> voter.combine = "median"
    >>> print(f"{voter.score(X, y):.1f}")
    0.5
    """

    def __init__(
        self,
        estimators: Any,
        *,
        weights: ArrayLike | None = None,
        n_jobs: int | None = None,
        verbose: bool = False,
        combine: CombineRule = "auto",
    ) -> None:
        self.estimators = estimators
        self.weights = weights
        self.n_jobs = n_jobs
        self.verbose = verbose
        self.combine = combine

    def _encode_target(self, y: Any) -> Any:
        target = check_values(self, y)
        self._n_outputs = 1 if target.ndim == 1 else target.shape[1]
        return target

    def _adopt_target(self, fitted: Any) -> None:
        self._n_outputs = 1

    def _rule(self) -> Rule:
        """How members' values become one; read at predict, so it may be changed."""
        weighted = self.weights is not None
        return resolve_rule(self, self.combine, probabilities=False, weighted=weighted)

    def predict(self, X: Table) -> FloatArray:
        """Combine the members' values.

        Parameters
        ----------
        X : array-like, sparse matrix or DataFrame of shape (n_samples, n_features)
            Rows to predict.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_outputs)
            Values.

        Raises
        ------
        NotFittedError
            If the ensemble is not fitted.
        """
        check_is_fitted(self, "estimators_")
        return self._combined(X, partial(values, params={}), self._rule())[0]

    def predict_members(self, X: Table) -> FloatArray:
        """Return the values of every member.

        Parameters
        ----------
        X : array-like, sparse matrix or DataFrame of shape (n_samples, n_features)
            Rows to predict.

        Returns
        -------
        ndarray of shape (n_members, n_samples) or (n_members, n_samples, n_outputs)
            Values.

        Raises
        ------
        NotFittedError
            If the ensemble is not fitted.
        """
        check_is_fitted(self, "estimators_")
        return stacked(self._members, X, partial(values, params={}), self.n_jobs)[0]

    def transform(self, X: Table) -> FloatArray:
        """Return the members' values side by side.

        Parameters
        ----------
        X : array-like, sparse matrix or DataFrame of shape (n_samples, n_features)
            Rows to transform.

        Returns
        -------
        ndarray of shape (n_samples, n_members * n_outputs)
            One column for each member and output.

        Raises
        ------
        NotFittedError
            If the ensemble is not fitted.
        """
        return np.column_stack(list(self.predict_members(X)))

    def get_feature_names_out(
        self, input_features: ArrayLike | None = None
    ) -> NDArray[Any]:
        """Return the names of the columns of `transform`.

        Parameters
        ----------
        input_features : array-like of str of shape (n_features,) or None, default=None
            Names of the columns of X, only checked against those of fit.

        Returns
        -------
        ndarray of shape (n_members * n_outputs,)
            Class name and member, and the number of the output where there are
            several.

        Raises
        ------
        ValueError
            If `input_features` are not the columns of fit.
        """
        names = self._member_columns(input_features)
        if self._n_outputs > 1:
            names = [f"{name}{j}" for name in names for j in range(self._n_outputs)]
        return np.asarray(names, dtype=object)
