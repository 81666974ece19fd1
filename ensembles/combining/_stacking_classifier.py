"""Stacking for classes."""

from __future__ import annotations

from typing import Any, Literal, final

import numpy as np
from sklearn.base import ClassifierMixin, is_classifier
from sklearn.linear_model import LogisticRegression
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import type_of_target

from ensembles._ensemble._targets import ClassTarget, encode_classes
from ensembles._typing import Estimator, FloatArray, Table
from ensembles._validation import check_choice
from ensembles.combining._answers import METHODS, answers_of
from ensembles.combining._stacking_base import BaseStacking, final_has

__all__ = ["StackingClassifier"]


@final
class StackingClassifier(ClassifierMixin, BaseStacking):
    """Classifiers whose answers another classifier learns from.

    Use it where good learners of different kinds err in different places, and there are
    rows enough to learn where [1]_. With few rows take
    `ensembles.combining.BlendClassifier`, which learns one weight a member.

    The final estimator learns from answers for rows that members had not learned from:
    of folds of any kind, also such that move forward in time or test a row several
    times. Rows without an answer are left out. It is scikit-learn's class of the same
    name, and adds `refit`, `keep_out_of_fold`, `memory` and ``cv="oob"``. A final
    estimator may itself be a stack, which makes a further layer.

    Parameters
    ----------
    estimators : list of (str, estimator)
        Members by name; ``"drop"`` in place of one leaves it out. Regressors may be
        members too. A member in a :class:`~sklearn.frozen.FrozenEstimator` is taken as
        it was fitted before.
    final_estimator : estimator or None, default=None
        A classifier. None means :class:`~sklearn.linear_model.LogisticRegression`.
    cv : int, splitter, iterable, "prefit", "oob" or None, default=None
        What leaves rows out: folds as scikit-learn takes them, None being five
        stratified ones, or any splitter or scheme of this library. "prefit" takes
        fitted members as they are and asks them about all rows, which should be others
        than they learned from. "oob" fits members once and takes what they say of rows
        out of their bags, for bags and forests with ``oob_score=True``.
    stack_method : {"auto", "predict_proba", "decision_function", "predict"}, \
default="auto"
        What members are asked; "auto" is the first of these that a member has.
    n_jobs : int or None, default=None
        Workers. All fits, to folds and to all rows, are one list of tasks.
    passthrough : bool, default=False
        Whether the final estimator sees the columns of X too.
    verbose : int, default=0
        Progress messages of joblib.
    refit : bool, default=True
        Whether members are fitted to all rows for predictions. False keeps those that
        were fitted to folds, and averages them: a fit less for each member, and the
        final estimator sees answers of the kind that it learned from.
    keep_out_of_fold : bool, default=True
        Whether ``out_of_fold_`` is kept.
    memory : str, joblib.Memory or None, default=None
        Where finished fits are kept, so that a fit that was killed goes on where it
        stood.

    Attributes
    ----------
    estimators_ : list of estimators
        Fitted members that are not dropped. They learned codes: positions in
        ``classes_``.
    named_estimators_ : Bunch
        Fitted members by name.
    final_estimator_ : estimator
        The fitted classifier that combines. It learned codes, too.
    stack_method_ : list of str
        What each member is asked.
    out_of_fold_ : dict of str to OutOfFold
        What each member said of rows that it had not learned from, with labels in
        codes. Empty unless `cv` makes folds.
    classes_ : ndarray of shape (n_classes,) or list of ndarrays
        Labels, of each output where there are several.
    n_features_in_ : int
        Number of columns that the first member saw.
    feature_names_in_ : ndarray of shape (n_features,)
        Names of columns, where a member kept them.

    Raises
    ------
    ValueError
        From `fit`, before any member is fitted, if names or members are not as
        described.
    LeakageError
        From `fit`, if a fold tests rows that it trains on.

    See Also
    --------
    StackingRegressor : For values.
    VotingClassifier : Combines by a rule that is not learned.

    References
    ----------
    .. [1] D. H. Wolpert, "Stacked generalization", Neural Networks 5(2), 241-259, 1992.

    Examples
    --------
    Two members that see different columns. Each knows half of the evidence, and their
    mean is less sure than it could be. The stack adds up what they know:

    >>> from sklearn.compose import make_column_transformer
    >>> from sklearn.datasets import make_classification
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.model_selection import cross_val_score
    >>> from sklearn.pipeline import make_pipeline
    >>> from ensembles.combining import StackingClassifier, VotingClassifier
    >>> X, y = make_classification(
    ...     600, 8, n_informative=8, n_redundant=0, n_clusters_per_class=1,
    ...     class_sep=0.7, random_state=0
    ... )
    >>> def seeing(columns):
    ...     chosen = make_column_transformer(("passthrough", columns))
    ...     return make_pipeline(chosen, LogisticRegression())
    >>> left, right = seeing(slice(0, 4)), seeing(slice(4, 8))
    >>> members = [("left", left), ("right", right)]
    >>> voter = VotingClassifier(members, voting="soft")
    >>> for model in left, right, voter, StackingClassifier(members):
    ...     score = cross_val_score(model, X, y, scoring="neg_log_loss").mean()
    ...     print(f"{score:.2f}", end=" ")
    -0.61 -0.47 -0.49 -0.42
    """

    _kind = "classifier"

    def __init__(
        self,
        estimators: Any,
        final_estimator: Any = None,
        *,
        cv: Any = None,
        stack_method: Literal[
            "auto", "predict_proba", "decision_function", "predict"
        ] = "auto",
        n_jobs: int | None = None,
        passthrough: bool = False,
        verbose: int = 0,
        refit: bool = True,
        keep_out_of_fold: bool = True,
        memory: Any = None,
    ) -> None:
        self.estimators = estimators
        self.final_estimator = final_estimator
        self.cv = cv
        self.stack_method = stack_method
        self.n_jobs = n_jobs
        self.passthrough = passthrough
        self.verbose = verbose
        self.refit = refit
        self.keep_out_of_fold = keep_out_of_fold
        self.memory = memory

    def _default_final(self) -> Estimator:
        return LogisticRegression()

    def _is_of_kind(self, estimator: Any) -> bool:
        return bool(is_classifier(estimator))

    def _is_member(self, estimator: Any) -> bool:
        """Whether it can be a member: regressors may, of classes that have an order."""
        return True

    def _wanted_method(self) -> str:
        return self.stack_method

    def _check_params(self) -> None:
        super()._check_params()
        check_choice(self, "stack_method", self.stack_method, {"auto", *METHODS})

    def _encode_target(self, y: Any) -> tuple[ClassTarget | None, Any]:
        kind = type_of_target(y, input_name="y")
        if kind in ("unknown", "continuous"):
            raise ValueError(
                f"Unknown label type: {kind}. Maybe you are trying to fit a "
                "classifier, which expects discrete classes on a "
                "regression target with continuous values."
            )
        target, codes = encode_classes(y)
        self.classes_ = target.classes
        return target, codes

    @available_if(final_has("predict"))
    def predict(self, X: Table, **predict_params: Any) -> Any:
        """Predict labels.

        Parameters
        ----------
        X : array-like, sparse matrix or DataFrame of shape (n_samples, n_features)
            Rows to predict.
        **predict_params : dict
            Parameters of the final estimator's ``predict``; with metadata routing on,
            those that it requests.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_outputs)
            Labels.

        Raises
        ------
        NotFittedError
            If the ensemble is not fitted.
        """
        said = np.asarray(self._answer("predict", X, predict_params))
        columns = said.reshape(len(said), -1).T
        codes = np.column_stack(
            [
                self._classes.codes_of(column, j, self.final_estimator_)
                for j, column in enumerate(columns)
            ]
        )
        single = self._classes.single
        return self._classes.decode_codes(codes[:, 0] if single else codes)

    def predict_members(self, X: Table) -> Any:
        """Return the probabilities of every member.

        Parameters
        ----------
        X : array-like, sparse matrix, DataFrame or list of shape (n_samples, ...)
            Rows to predict.

        Returns
        -------
        ndarray of shape (n_members, n_samples, n_classes) or list of ndarrays
            Probabilities in the order of ``classes_``; a list of such arrays for
            several outputs.

        Raises
        ------
        NotFittedError
            If the ensemble is not fitted.
        ValueError
            If a member is a regressor.
        """
        odd = [name for name, one in self._active if not is_classifier(one)]
        if odd:
            raise ValueError(
                f"predict_members returns probabilities, and {odd} are regressors. "
                "transform returns what each member answers."
            )
        return super().predict_members(X)

    @available_if(final_has("predict_proba"))
    def predict_proba(self, X: Table) -> Any:
        """Predict probabilities of classes.

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
        return self._of_final("predict_proba", X)

    @available_if(final_has("decision_function"))
    def decision_function(self, X: Table) -> FloatArray:
        """Return decisions of the final estimator.

        Parameters
        ----------
        X : array-like, sparse matrix or DataFrame of shape (n_samples, n_features)
            Rows to predict.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_classes)
            One value a row for two classes, else one for each class, or whatever the
            final estimator gives.

        Raises
        ------
        NotFittedError
            If the ensemble is not fitted.
        """
        return np.asarray(self._of_final("decision_function", X))

    def _of_final(self, method: str, X: Table) -> Any:
        """Answers of the final estimator, of all classes where it saw but some."""
        seen = self.transform(X)
        return answers_of(self.final_estimator_, seen, method, self._target)
