"""Gradient boosting of classes on histograms."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, final

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.utils import compute_sample_weight

from ensembles._ensemble._class_losses import flat, likeliest, probabilities
from ensembles._ensemble._targets import check_labels
from ensembles._typing import FloatArray, RandomState, Table
from ensembles.boosting._hist_base import BaseHistBooster
from ensembles.boosting._hist_params import check_loss
from ensembles.losses import Loss
from ensembles.losses._named import loss_of

__all__ = ["HistBoostingClassifier"]


@final
class HistBoostingClassifier(ClassifierMixin, BaseHistBooster):
    """Gradient boosting of trees on histograms, for classes.

    The first thing to try on a table of some hundred rows or more: it takes missing
    values, categories and any scale as they are, and is faster than LightGBM on one
    core. With few rows and many features a linear model may do better, and a forest
    (:class:`~ensembles.bagging.HistForestClassifier`) has less to tune. It takes the
    place of :class:`sklearn.ensemble.HistGradientBoostingClassifier`.

    Parameters
    ----------
    loss : str or Loss, default="log_loss"
        "log_loss", or a :class:`~ensembles.losses.Loss` with one raw prediction for two
        classes and else one for each class. Its targets are the numbers of classes, and
        its predictions must be probabilities.
    learning_rate : float, default=0.1
        What each tree is multiplied by. Smaller values need more rounds and often
        predict better.
    max_iter : int, default=100
        Number of rounds, at most, of one tree for two classes and else one for each.
    max_leaf_nodes : int or None, default=31
        Most leaves of a tree; the split that gains most comes next. None for any
        number.
    max_depth : int or None, default=None
        Longest path from the root to a leaf. None for any.
    min_samples_leaf : int, default=20
        Least number of rows in a leaf. With a few hundred rows take fewer.
    l2_regularization : float, default=0.0
        Added to the hessian of each leaf: draws leaves of few rows to zero.
    max_features : float, default=1.0
        Share of the features that are drawn anew for each node.
    max_bins : int, default=255
        Bins of a feature without the one for missing values, 2 to 255.
    categorical_features : None, "from_dtype", or array-like, default="from_dtype"
        Which features are categories: none; those columns of a data frame that are
        categories or strings; a mask, positions, or names. Each can have `max_bins`.
    monotonic_cst : array-like of int of shape (n_features,), dict or None, default=None
        1 where the probability of the second class may only rise with a feature, -1
        where it may only fall, else 0; by position, or by name in a dict. Only for two
        classes.
    interaction_cst : list of lists, str or None, default=None
        Groups of features, by position or name, that may meet on a path; features in
        none are one group more. "pairwise" and "no_interactions" name all pairs and
        all single features.
    warm_start : bool, default=False
        Whether another `fit` on the same rows adds rounds up to `max_iter`.
    early_stopping : "auto", bool or splitter, default="auto"
        Whether to stop when the score of rows set aside gets no better. "auto" does
        for more than 10,000 rows, or where `fit` is given validation rows. Of a
        splitter the last split is taken: for rows in time, the latest.
    scoring : str, callable or None, default="loss"
        What is to get better: the loss, a scorer by name or as a function of
        booster, X and y, or (None) the booster's `score`.
    validation_fraction : float, int or None, default=0.1
        Share or number of rows to set aside; None stops by the training rows.
    n_iter_no_change : int, default=10
        Rounds without a better score after which to stop.
    tol : float, default=1e-07
        What a score must rise by to be better.
    verbose : int, default=0
        1 writes a line at the end, 2 one for each round.
    random_state : int, RandomState instance or None, default=None
        Of rows set aside, of rows and features drawn, and, above 50,000 rows, of
        those that bins are found on.
    class_weight : dict, "balanced" or None, default=None
        Weights of classes, which those of rows are multiplied by. "balanced" gives all
        classes the same weight.
    subsample : float, default=1.0
        Share of the rows that are drawn, without replacement, for each round.
    one_side_sampling : tuple of two floats or None, default=None
        Learn each round from this share of the rows, those of the largest gradients,
        and from that share drawn from the others, which count for all of these.
    categorical_smoothing : float, default=100.0
        Rows whose hessian is added to both sides when the gain of a split by categories
        is judged. The best of many sets gains by chance: without, as in scikit-learn,
        columns of many categories are overrated.
    sums : str, default="auto"
        How histograms are kept: "packed", gradient and hessian of a row in one word of
        64 bits, or "exact", in one each, for twice the time. "auto" takes the second
        where the first would be too coarse: for some millions of rows, or where few
        gradients are hundreds of times as large as most.
    n_jobs : int or None, default=None
        Threads of `fit`: they share the trees of a round, where there are several, and
        else the large histograms of a tree, from 50,000 rows of twenty features on.
        None means 1 unless in a :func:`joblib.parallel_config` context; -1 means all
        processors. The bits are the same for any number.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Labels of the classes.
    trees_ : list of lists
        Trees of each round, one for each raw prediction.
    initial_value_ : ndarray of shape (n_raw,)
        Raw prediction before the first round.
    n_iter_ : int
        Number of rounds.
    n_trees_per_iteration_ : int
        Trees a round: one for two classes, else one for each.
    do_early_stopping_ : bool
        Whether scores were watched.
    train_score_ : ndarray of shape (n_rounds + 1,)
        Scores of training rows, before the first round and after each; empty without
        early stopping.
    validation_score_ : ndarray of shape (n_rounds + 1,)
        The same of rows set aside; empty where there are none.
    binner_ : Binner
        What codes stand for.
    is_categorical_ : ndarray of shape (n_features,) or None
        Which features are categories; None where none is.
    feature_importances_ : ndarray of shape (n_features,)
        How much the loss fell by splits of each feature, as a share of the sum.
    n_features_in_ : int
        Number of features.
    feature_names_in_ : ndarray of shape (n_features,)
        Names of features. Only where all are strings.

    Raises
    ------
    InvalidParameterError
        From `fit`, if a parameter is not allowed.
    ValueError
        From `fit`, if the target is continuous, validation rows have other classes,
        constraints do not fit the features, or no row is left on a side of a split into
        training and validation.

    See Also
    --------
    HistBoostingRegressor : The same for values.

    Notes
    -----
    Sums of gradients are whole numbers: trees do not depend on the order of rows, and
    the same seed gives the same bits. Where hessians differ, "packed" sums first judge
    a side of a split by its share of the hessian; those taken have `min_samples_leaf`
    rows.

    Where a node has no missing values of the feature that it is split by, those that
    come later go with most of its rows. A feature without any value is not used, and
    warned of.

    References
    ----------
    .. [1] J. H. Friedman, "Greedy function approximation: a gradient boosting machine",
       Annals of Statistics 29(5), 2001.
    .. [2] G. Ke et al., "LightGBM: a highly efficient gradient boosting decision
       tree", Advances in Neural Information Processing Systems 30, 2017.

    Examples
    --------
    Words are categories, and need no encoding:

    >>> import numpy as np
    >>> import pandas as pd
    >>> from ensembles import HistBoostingClassifier
    >>> rng = np.random.default_rng(0)
    >>> X = pd.DataFrame(
    ...     {"town": rng.choice(list("ABCDEF"), 600), "age": rng.random(600)}
    ... )
    >>> y = np.where(X["town"].isin(["B", "E"]), X["age"] > 0.2, X["age"] > 0.8)
    >>> booster = HistBoostingClassifier(max_iter=20).fit(X[:400], y[:400])
    >>> round(booster.score(X[400:], y[400:]), 2)
    1.0
    """

    _losses = ("log_loss",)

    def __init__(
        self,
        loss: str | Loss = "log_loss",
        *,
        learning_rate: float = 0.1,
        max_iter: int = 100,
        max_leaf_nodes: int | None = 31,
        max_depth: int | None = None,
        min_samples_leaf: int = 20,
        l2_regularization: float = 0.0,
        max_features: float = 1.0,
        max_bins: int = 255,
        categorical_features: Any = "from_dtype",
        monotonic_cst: Any = None,
        interaction_cst: Any = None,
        warm_start: bool = False,
        early_stopping: Any = "auto",
        scoring: Any = "loss",
        validation_fraction: float | None = 0.1,
        n_iter_no_change: int = 10,
        tol: float = 1e-7,
        verbose: int = 0,
        random_state: RandomState = None,
        class_weight: Any = None,
        subsample: float = 1.0,
        one_side_sampling: tuple[float, float] | None = None,
        categorical_smoothing: float = 100.0,
        sums: str = "auto",
        n_jobs: int | None = None,
    ) -> None:
        super().__init__(
            learning_rate=learning_rate,
            max_iter=max_iter,
            max_leaf_nodes=max_leaf_nodes,
            max_depth=max_depth,
            min_samples_leaf=min_samples_leaf,
            l2_regularization=l2_regularization,
            max_features=max_features,
            max_bins=max_bins,
            categorical_features=categorical_features,
            interaction_cst=interaction_cst,
            warm_start=warm_start,
            early_stopping=early_stopping,
            scoring=scoring,
            validation_fraction=validation_fraction,
            n_iter_no_change=n_iter_no_change,
            tol=tol,
            verbose=verbose,
            random_state=random_state,
            subsample=subsample,
            one_side_sampling=one_side_sampling,
            categorical_smoothing=categorical_smoothing,
            sums=sums,
            n_jobs=n_jobs,
        )
        self.loss = loss
        self.monotonic_cst = monotonic_cst
        self.class_weight = class_weight

    def predict(self, X: Table) -> Any:
        """Predict classes.

        Parameters
        ----------
        X : table of shape (n_samples, n_features), or BinnedMatrix
            Rows to predict.

        Returns
        -------
        ndarray of shape (n_samples,)
            Labels of the largest probabilities.

        Raises
        ------
        NotFittedError
            If the booster is not fitted.
        """
        return self._predicted(self._raw_predict(X))

    def predict_proba(self, X: Table) -> FloatArray:
        """Predict probabilities of classes.

        Parameters
        ----------
        X : table of shape (n_samples, n_features), or BinnedMatrix
            Rows to predict.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
            Probabilities in the order of ``classes_``.

        Raises
        ------
        NotFittedError
            If the booster is not fitted.
        """
        return self._probabilities(self._raw_predict(X))

    def decision_function(self, X: Table) -> FloatArray:
        """Raw predictions, the sums of trees.

        Parameters
        ----------
        X : table of shape (n_samples, n_features), or BinnedMatrix
            Rows to predict.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_classes)
            Log odds of the second of two classes; of several, logs of probabilities up
            to a constant.

        Raises
        ------
        NotFittedError
            If the booster is not fitted.
        """
        return flat(self._raw_predict(X))

    def staged_predict(self, X: Table) -> Iterator[Any]:
        """Predict classes after each round.

        Parameters
        ----------
        X : table of shape (n_samples, n_features), or BinnedMatrix
            Rows to predict.

        Yields
        ------
        ndarray of shape (n_samples,)
            Labels; the last are those of `predict`.

        Raises
        ------
        NotFittedError
            If the booster is not fitted.
        """
        for raw in self._staged_raw_predict(X):
            yield self._predicted(raw)

    def staged_predict_proba(self, X: Table) -> Iterator[FloatArray]:
        """Predict probabilities of classes after each round.

        Parameters
        ----------
        X : table of shape (n_samples, n_features), or BinnedMatrix
            Rows to predict.

        Yields
        ------
        ndarray of shape (n_samples, n_classes)
            Probabilities; the last are those of `predict_proba`.

        Raises
        ------
        NotFittedError
            If the booster is not fitted.
        """
        for raw in self._staged_raw_predict(X):
            yield self._probabilities(raw)

    def staged_decision_function(self, X: Table) -> Iterator[FloatArray]:
        """Raw predictions after each round.

        Parameters
        ----------
        X : table of shape (n_samples, n_features), or BinnedMatrix
            Rows to predict.

        Yields
        ------
        ndarray of shape (n_samples,) or (n_samples, n_classes)
            Sums of trees; the last are those of `decision_function`.

        Raises
        ------
        NotFittedError
            If the booster is not fitted.
        """
        for raw in self._staged_raw_predict(X):
            yield flat(raw)

    def _predicted(self, raw: FloatArray) -> Any:
        """Labels of the largest probabilities; of equal ones, the first."""
        return self.classes_[likeliest(self._loss, raw)]

    def _probabilities(self, raw: FloatArray) -> FloatArray:
        """Probabilities of all classes."""
        return probabilities(self._loss, raw)

    def _check_params(self) -> None:
        check_loss(self, self._losses)
        super()._check_params()

    def _encode(self, y: Any, like: str | None) -> FloatArray:
        y = check_labels(self, y)
        if like is None:
            self.classes_, codes = np.unique(y, return_inverse=True)
            n_classes = len(self.classes_)
            self.n_trees_per_iteration_ = 1 if n_classes <= 2 else n_classes
            return np.asarray(codes, dtype=np.float64)
        unknown = np.setdiff1d(y, self.classes_)
        if len(unknown):
            raise ValueError(
                f"y{like} has classes that the booster was not fitted to: "
                f"{unknown.tolist()}. Known are {self.classes_.tolist()}. Leave these "
                f"rows out of X{like} and y{like}, or fit anew."
            )
        codes = np.searchsorted(self.classes_, y)
        return np.asarray(codes, dtype=np.float64)

    def _decoded(self, y: FloatArray) -> Any:
        return self.classes_[y.astype(int)]

    def _labels(self, y: FloatArray) -> FloatArray | None:
        return y

    def _with_class_weights(
        self, weights: FloatArray | None, y: Any
    ) -> FloatArray | None:
        if self.class_weight is None:
            return weights
        own = np.asarray(compute_sample_weight(self.class_weight, y))
        weights = own if weights is None else weights * own
        if not weights.any():
            raise ValueError(
                "class_weight and sample_weight are zero for every row: no row is left "
                "to fit."
            )
        return weights

    def _loss_of(self) -> Loss:
        n_raw = self.n_trees_per_iteration_
        if not isinstance(self.loss, Loss):
            return loss_of("log_loss", n_classes=max(2, len(self.classes_)))
        if self.loss.n_raw != n_raw:
            raise ValueError(
                f"loss={self.loss!r} has {self.loss.n_raw} raw predictions for a row, "
                f"and {len(self.classes_)} classes need {n_raw}."
            )
        return self.loss
