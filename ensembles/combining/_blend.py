"""Blending: weights on the simplex, for the least loss on rows left out."""

from __future__ import annotations

from typing import Any, Literal, final

import numpy as np

from ensembles._typing import FloatArray, IntArray
from ensembles._validation import check_bool, check_choice
from ensembles.combining._errors import (
    error_products,
    one_hot,
    true_class_probabilities,
    unit_weights,
)
from ensembles.combining._simplex import (
    log_loss_weights,
    nonnegative_weights,
    squared_error_weights,
)
from ensembles.combining._weighted import (
    BaseWeightedClassifier,
    BaseWeightedRegressor,
)

__all__ = ["BlendClassifier", "BlendRegressor"]


@final
class BlendClassifier(BaseWeightedClassifier):
    """Classifiers whose probabilities are averaged with learned weights.

    Use it for a few good learners and too few rows for a stack: there is one weight to
    learn for each member, none is negative, they sum to one, and members that add
    nothing get zero and are not even fitted to all rows. The weights are those of the
    least loss on rows that members had not learned from, which is a convex problem, so
    that there is one answer. For a long list of members, or a score that is no loss of
    probabilities, take `ensembles.combining.SelectionClassifier`.

    Parameters
    ----------
    estimators : list of (str, estimator)
        Members by name; ``"drop"`` in place of one leaves it out. One without
        probabilities gives one to the class that it predicts. A member in a
        :class:`~sklearn.frozen.FrozenEstimator` is taken as it was fitted before.
    loss : {"log_loss", "squared_error"}, default="log_loss"
        What is least: the log loss, or the squared error of probabilities [1]_.
    cv : int, splitter, iterable, "prefit", "oob" or None, default=None
        What leaves rows out: folds as scikit-learn takes them, None being five
        stratified ones, or any splitter or scheme of this library. "prefit" takes
        fitted members as they are and asks them about all rows, which should be others
        than they learned from. "oob" fits members once and takes what they say of rows
        out of their bags, for bags and forests with ``oob_score=True``.
    n_jobs : int or None, default=None
        Workers of fit and predict.
    verbose : int, default=0
        Progress messages of joblib.
    refit : bool, default=True
        Whether members are fitted to all rows for predictions. False keeps those that
        were fitted to folds, and averages them.
    keep_out_of_fold : bool, default=True
        Whether ``out_of_fold_`` is kept.
    memory : str, joblib.Memory or None, default=None
        Where finished fits are kept, so that a fit that was killed goes on where it
        stood.

    Attributes
    ----------
    weights_ : ndarray of shape (n_members,)
        Weight of each member that is not dropped, in the order of `estimators`.
    estimators_ : list of estimators
        Fitted members that have a weight. They learned codes: positions in
        ``classes_``.
    named_estimators_ : Bunch
        Fitted members by name; "drop" for those without a weight.
    out_of_fold_ : dict of str to OutOfFold
        What each member said of rows that it had not learned from, with labels in
        codes. Empty unless `cv` makes folds.
    classes_ : ndarray of shape (n_classes,) or list of ndarrays
        Labels, of each output where there are several.
    n_features_in_ : int
        Number of columns that the first fitted member saw.
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
    BlendRegressor : For values.
    StackingClassifier : Learns more than weights.

    References
    ----------
    .. [1] L. Breiman, "Stacked regressions", Machine Learning 24(1), 49-64, 1996.
    .. [2] M. J. van der Laan, E. C. Polley, A. E. Hubbard, "Super learner",
       Statistical Applications in Genetics and Molecular Biology 6(1), 2007.

    Examples
    --------
    A good member among guesses. A plain mean is spoiled by them, and weights are not:

    >>> from sklearn.datasets import make_classification
    >>> from sklearn.dummy import DummyClassifier
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.model_selection import cross_val_score
    >>> from ensembles.combining import BlendClassifier, VotingClassifier
    >>> X, y = make_classification(400, random_state=0)
    >>> members = [("linear", LogisticRegression())] + [
    ...     (f"guess {i}", DummyClassifier(strategy="uniform", random_state=i))
    ...     for i in range(3)
    ... ]
    >>> for model in VotingClassifier(members, voting="soft"), BlendClassifier(members):
    ...     score = cross_val_score(model, X, y, scoring="neg_log_loss").mean()
    ...     print(f"{score:.2f}")
    -0.57
    -0.38
    >>> model.fit(X, y).weights_.round(2)
    array([0.97, 0.01, 0.01, 0.01])
    """

    def __init__(
        self,
        estimators: Any,
        *,
        loss: Literal["log_loss", "squared_error"] = "log_loss",
        cv: Any = None,
        n_jobs: int | None = None,
        verbose: int = 0,
        refit: bool = True,
        keep_out_of_fold: bool = True,
        memory: Any = None,
    ) -> None:
        self.estimators = estimators
        self.loss = loss
        self.cv = cv
        self.n_jobs = n_jobs
        self.verbose = verbose
        self.refit = refit
        self.keep_out_of_fold = keep_out_of_fold
        self.memory = memory

    def _check_params(self) -> None:
        super()._check_params()
        check_choice(self, "loss", self.loss, {"log_loss", "squared_error"})

    def _learn_weights(
        self, said: list[Any], y: Any, row_weights: FloatArray | None, which: IntArray
    ) -> FloatArray:
        if self.loss == "log_loss":
            given = true_class_probabilities(said, y)
            n_outputs = given.shape[1] // len(y)
            weights = np.tile(unit_weights(row_weights, len(y)), n_outputs) / n_outputs
            return log_loss_weights(given, weights)
        columns = y.reshape(len(y), -1).T
        products = [
            error_products(list(p), one_hot(codes, p[0].shape[1]), row_weights)
            for p, codes in zip(zip(*said, strict=True), columns, strict=True)
        ]
        return squared_error_weights(np.sum(products, axis=0))


@final
class BlendRegressor(BaseWeightedRegressor):
    """Regressors whose values are averaged with learned weights.

    Use it for a few good learners and too few rows for a stack: there is one weight to
    learn for each member, none is negative, and members that add nothing get zero and
    are not even fitted to all rows. The weights are those of the least squared error on
    rows that members had not learned from [1]_. For a long list of members, or another
    score, take `ensembles.combining.SelectionRegressor`.

    Parameters
    ----------
    estimators : list of (str, estimator)
        Members by name; ``"drop"`` in place of one leaves it out. A member in a
        :class:`~sklearn.frozen.FrozenEstimator` is taken as it was fitted before.
    sum_to_one : bool, default=True
        Whether weights sum to one. Without it they also mend members that are all too
        bold or too timid, for as much as may be learned by chance.
    cv : int, splitter, iterable, "prefit", "oob" or None, default=None
        What leaves rows out: folds as scikit-learn takes them, None being five, or any
        splitter or scheme of this library. "prefit" takes fitted members as they are
        and asks them about all rows, which should be others than they learned from.
        "oob" fits members once and takes what they say of rows out of their bags, for
        bags and forests with ``oob_score=True``.
    n_jobs : int or None, default=None
        Workers of fit and predict.
    verbose : int, default=0
        Progress messages of joblib.
    refit : bool, default=True
        Whether members are fitted to all rows for predictions. False keeps those that
        were fitted to folds, and averages them.
    keep_out_of_fold : bool, default=True
        Whether ``out_of_fold_`` is kept.
    memory : str, joblib.Memory or None, default=None
        Where finished fits are kept, so that a fit that was killed goes on where it
        stood.

    Attributes
    ----------
    weights_ : ndarray of shape (n_members,)
        Weight of each member that is not dropped, in the order of `estimators`.
    estimators_ : list of estimators
        Fitted members that have a weight.
    named_estimators_ : Bunch
        Fitted members by name; "drop" for those without a weight.
    out_of_fold_ : dict of str to OutOfFold
        What each member said of rows that it had not learned from. Empty unless `cv`
        makes folds.
    n_features_in_ : int
        Number of columns that the first fitted member saw.
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
    BlendClassifier : For classes.
    StackingRegressor : Learns more than weights.

    References
    ----------
    .. [1] L. Breiman, "Stacked regressions", Machine Learning 24(1), 49-64, 1996.

    Examples
    --------
    Three learners of the diabetes data. The blend is better than each, and than their
    mean, which the tree spoils:

    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn.linear_model import Ridge
    >>> from sklearn.model_selection import cross_val_score
    >>> from sklearn.svm import SVR
    >>> from sklearn.tree import DecisionTreeRegressor
    >>> from ensembles.combining import BlendRegressor, VotingRegressor
    >>> X, y = load_diabetes(return_X_y=True)
    >>> members = [
    ...     ("ridge", Ridge(0.1)),
    ...     ("kernel", SVR(C=100)),
    ...     ("tree", DecisionTreeRegressor(random_state=0)),
    ... ]
    >>> models = [member for _, member in members]
    >>> for model in [*models, VotingRegressor(members), BlendRegressor(members)]:
    ...     print(f"{cross_val_score(model, X, y).mean():.2f}", end=" ")
    0.48 0.43 -0.10 0.44 0.49
    """

    def __init__(
        self,
        estimators: Any,
        *,
        sum_to_one: bool = True,
        cv: Any = None,
        n_jobs: int | None = None,
        verbose: int = 0,
        refit: bool = True,
        keep_out_of_fold: bool = True,
        memory: Any = None,
    ) -> None:
        self.estimators = estimators
        self.sum_to_one = sum_to_one
        self.cv = cv
        self.n_jobs = n_jobs
        self.verbose = verbose
        self.refit = refit
        self.keep_out_of_fold = keep_out_of_fold
        self.memory = memory

    def _check_params(self) -> None:
        super()._check_params()
        check_bool(self, "sum_to_one", self.sum_to_one)

    def _learn_weights(
        self, said: list[Any], y: Any, row_weights: FloatArray | None, which: IntArray
    ) -> FloatArray:
        if self.sum_to_one:
            return squared_error_weights(error_products(said, y, row_weights))
        n_outputs = 1 if y.ndim == 1 else y.shape[1]
        if row_weights is not None:
            row_weights = np.repeat(row_weights, n_outputs)
        columns = np.column_stack([one.ravel() for one in said])
        return nonnegative_weights(columns, y.ravel(), row_weights)
