"""Predictions of rows that are changed in ways that should not matter."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Self, final

import numpy as np
from sklearn.base import (
    BaseEstimator,
    ClassifierMixin,
    MetaEstimatorMixin,
    RegressorMixin,
    clone,
)
from sklearn.utils import check_array, column_or_1d, get_tags
from sklearn.utils.validation import check_is_fitted

from ensembles._combine import CombineRule, Rule, combine, resolve_rule
from ensembles._ensemble._data import (
    check_table,
    check_table_and_target,
    state_kept_on_failure,
    with_inputs_of,
)
from ensembles._random import entropy_from, keys_for
from ensembles._typing import ArrayLike, FloatArray, RandomState, Table
from ensembles._uncertainty import Uncertainty, of_probabilities
from ensembles._validation import (
    check_bool,
    check_count,
    invalid_parameter,
    n_rows_of,
)
from ensembles.nets._deep_classifier import DeepEnsembleClassifier
from ensembles.nets._deep_regressor import DeepEnsembleRegressor

__all__ = ["TestTimeAugmentationClassifier", "TestTimeAugmentationRegressor"]

# Of a column's standard deviation.
_NOISE = 0.05


class _BaseTestTimeAugmentation(MetaEstimatorMixin, BaseEstimator):
    """Base of both: everything but what the target asks for."""

    _probabilities: bool
    __test__ = False  # nothing for pytest, whatever the name says

    def __init__(
        self,
        estimator: Any,
        transforms: Any,
        *,
        n_draws: int,
        original: bool,
        combine: CombineRule,
        random_state: RandomState,
    ) -> None:
        self.estimator = estimator
        self.transforms = transforms
        self.n_draws = n_draws
        self.original = original
        self.combine = combine
        self.random_state = random_state

    def __sklearn_tags__(self) -> Any:
        given = self._given()
        tags = with_inputs_of(given, super().__sklearn_tags__())
        if not self._probabilities and hasattr(given, "__sklearn_tags__"):
            several = get_tags(given).target_tags.multi_output
            tags.target_tags.multi_output = several
        tags.input_tags.sparse &= self.transforms is not None
        return tags

    def fit(self, X: Table, y: ArrayLike) -> Self:
        """Fit the estimator, on rows as they are.

        Parameters
        ----------
        X : array-like, sparse matrix or DataFrame of shape (n_samples, ...)
            Rows, in any form that the estimator and the transforms take.
        y : array-like of shape (n_samples,) or (n_samples, n_targets)
            Labels or values.

        Returns
        -------
        Self
            The fitted estimator.

        Raises
        ------
        InvalidParameterError
            If a parameter is not allowed.
        """
        self._check_params()
        with state_kept_on_failure(self):
            X, y = check_table_and_target(self, X, y)
            if self._probabilities:
                y = column_or_1d(y, warn=True)
            if self.transforms is None:
                rows = check_array(X, dtype=np.float64, allow_nd=True, estimator=self)
                self.noise_ = _NOISE * rows.std(axis=0)
            self.estimator_ = clone(self._given()).fit(X, y)
            self._entropy = entropy_from(self.random_state)
            if self._probabilities:
                self.classes_ = self.estimator_.classes_
        return self

    def predict_members(self, X: Table) -> FloatArray:
        """Return what is predicted of each version of the rows.

        Parameters
        ----------
        X : array-like, sparse matrix or DataFrame of shape (n_samples, ...)
            Rows, as in `fit`.

        Returns
        -------
        ndarray of shape (n_versions, n_samples, ...)
            Of the rows as they are, where `original` holds, and then of each transform.

        Raises
        ------
        NotFittedError
            If the estimator is not fitted.
        ValueError
            If a transform changes the number of rows.
        """
        return np.stack(list(self._outputs(X)))

    def _outputs(self, X: Table) -> Iterator[FloatArray]:
        check_is_fitted(self)
        X = check_table(self, X)
        # The rows as they are count from zero, and transforms from one.
        for number, changed in enumerate(self._versions(X), start=not self.original):
            output = np.asarray(self._predicted(changed), dtype=np.float64)
            if len(output) != n_rows_of(X):
                raise ValueError(
                    f"Version {number} has {len(output)} predictions for "
                    f"{n_rows_of(X)} rows. Let transforms keep each row."
                )
            yield output

    def _versions(self, X: Table) -> Iterator[Any]:
        """The rows, and what transforms make of them."""
        if self.original:
            yield X
        if isinstance(self.transforms, Sequence):
            for change in self.transforms:
                yield change(X)
            return
        change = self._add_noise if self.transforms is None else self.transforms
        for key in keys_for(self._entropy, 0, self.n_draws).tolist():
            yield change(X, np.random.default_rng(key))

    def _add_noise(self, X: Table, rng: np.random.Generator) -> Any:
        """The same step for all rows, so that a row's prediction is its own affair."""
        if not hasattr(self, "noise_"):
            raise ValueError(
                "The noise of columns is found in fit, and there were transforms then. "
                "Fit again with transforms=None."
            )
        step = self.noise_ * rng.standard_normal(self.noise_.shape)
        # A DataFrame of pandas stays one.
        return (
            X + step if hasattr(X, "iloc") else np.asarray(X, dtype=np.float64) + step
        )

    def _rule(self) -> Rule:
        return resolve_rule(self, self.combine, probabilities=self._probabilities)

    def _combined(self, X: Table) -> FloatArray:
        return combine(self._rule(), self._outputs(X))

    def _check_params(self) -> None:
        check_count(self, "n_draws", self.n_draws)
        check_bool(self, "original", self.original)
        given = self.transforms
        is_list = isinstance(given, Sequence) and all(map(callable, given))
        if not (given is None or callable(given) or (is_list and len(given))):
            allowed = "a callable, a sequence of callables or None"
            raise invalid_parameter(self, "transforms", given, allowed)
        self._rule()

    @abstractmethod
    def _given(self) -> Any:
        """The estimator, or what stands for it."""

    @abstractmethod
    def _predicted(self, X: Any) -> Any:
        """What the fitted estimator predicts."""


@final
class TestTimeAugmentationClassifier(ClassifierMixin, _BaseTestTimeAugmentation):
    """Mean of the class probabilities of several versions of each row.

    A picture that is flipped, or moved by a pixel, is of the same thing, and a
    measurement that is repeated has another error. So each row is predicted in several
    versions, and their mean is steadier, for nothing more than predictions; their
    spread says where the estimator hangs by a thread. Take it with the changes that the
    estimator was trained with. It is not worth its time for trees, whose steps no mean
    of versions smooths by much, nor where changes do matter: a 6 that is turned is a 9.

    Parameters
    ----------
    estimator : classifier or None, default=None
        With ``predict_proba``. None is ``DeepEnsembleClassifier()``.
    transforms : callable, sequence of callables or None, default=None
        What changes rows: a sequence of functions of X, each for one version; or one
        function of X and a numpy generator, called `n_draws` times. Each row must stay
        a row. None adds normal noise of a twentieth of each column's standard
        deviation, the same to all rows, so that a row does not depend on those beside
        it.
    n_draws : int, default=10
        Number of versions where one function draws them. May be changed after `fit`.
    original : bool, default=True
        Whether the rows as they are are a version, too. May be changed after `fit`.
    combine : str or callable, default="auto"
        How the versions' probabilities, shape (m, n, k), become one: "auto" and
        "mean"; "median"; "trimmed", the mean without the lowest and highest tenth;
        "vote"; "log_pool", the normalised geometric mean; "rank", the mean of ranks
        among the rows given; or a callable that returns one version's shape. May be
        changed after `fit`.
    random_state : int, RandomState, Generator or None, default=None
        Draws follow from it, and are the same at each prediction.

    Attributes
    ----------
    estimator_ : classifier
        The fitted estimator.
    classes_ : ndarray of shape (n_classes,)
        Labels, sorted.
    noise_ : ndarray of shape (n_features,)
        Standard deviations of the noise; only with ``transforms=None``.
    n_features_in_ : int
        Number of features seen in `fit`; only where X has two axes.
    feature_names_in_ : ndarray of shape (n_features,)
        Names of the features, where X had them as strings.

    Raises
    ------
    ValueError
        If a parameter is not allowed, or a transform changes the number of rows.

    See Also
    --------
    TestTimeAugmentationRegressor : The same for values.
    MCDropoutClassifier : Several passes of one net for the same rows.

    References
    ----------
    .. [1] A. Krizhevsky, I. Sutskever, G. E. Hinton, "ImageNet classification with deep
       convolutional neural networks", NeurIPS, 2012, section 4.1.
    .. [2] D. Shanmugam, D. Blalock, G. Balakrishnan, J. Guttag, "Better aggregation in
       test-time augmentation", ICCV, 2021.

    Examples
    --------
    Handwritten digits, with other noise on all pixels in each version:

    >>> from sklearn.datasets import load_digits
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.metrics import log_loss
    >>> from ensembles.nets import TestTimeAugmentationClassifier
    >>> X, y = load_digits(return_X_y=True)
    >>> def noisy(X, rng):
    ...     return X + rng.normal(0, 2.0, X.shape)
    >>> clf = TestTimeAugmentationClassifier(
    ...     LogisticRegression(max_iter=2000), noisy, random_state=0
    ... ).fit(X[:500], y[:500])
    >>> for model in clf.estimator_, clf:
    ...     print(round(log_loss(y[500:], model.predict_proba(X[500:])), 2))
    0.36
    0.33
    """

    _probabilities = True

    def __init__(
        self,
        estimator: Any = None,
        transforms: Callable[..., Any] | Sequence[Callable[[Any], Any]] | None = None,
        *,
        n_draws: int = 10,
        original: bool = True,
        combine: CombineRule = "auto",
        random_state: RandomState = None,
    ) -> None:
        super().__init__(
            estimator,
            transforms,
            n_draws=n_draws,
            original=original,
            combine=combine,
            random_state=random_state,
        )

    def predict_proba(self, X: Table) -> FloatArray:
        """Return the combined class probabilities.

        Parameters
        ----------
        X : array-like, sparse matrix or DataFrame of shape (n_samples, ...)
            Rows, as in `fit`.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
            Columns in the order of `classes_`.
        """
        return self._combined(X)

    def predict(self, X: Table) -> Any:
        """Return the label that is most probable for each row.

        Parameters
        ----------
        X : array-like, sparse matrix or DataFrame of shape (n_samples, ...)
            Rows, as in `fit`.

        Returns
        -------
        ndarray of shape (n_samples,)
            Labels.
        """
        probabilities = self.predict_proba(X)
        return self.classes_[probabilities.argmax(axis=1)]

    def predict_uncertainty(self, X: Table) -> Uncertainty:
        """Return how unsure the prediction is, and how much of it is by the version.

        Of the mean of the versions' probabilities, whatever `combine` is.

        Parameters
        ----------
        X : array-like, sparse matrix or DataFrame of shape (n_samples, ...)
            Rows, as in `fit`.

        Returns
        -------
        total : ndarray of shape (n_samples,)
            Entropy of the mean, in nats.
        aleatoric : ndarray of shape (n_samples,)
            Mean of the versions' entropies.
        epistemic : ndarray of shape (n_samples,)
            What versions disagree about.
        """
        return of_probabilities(self._outputs(X))

    def _given(self) -> Any:
        return DeepEnsembleClassifier() if self.estimator is None else self.estimator

    def _predicted(self, X: Any) -> Any:
        return self.estimator_.predict_proba(X)

    def _check_params(self) -> None:
        super()._check_params()
        if not hasattr(self._given(), "predict_proba"):
            allowed = "a classifier with predict_proba or None"
            raise invalid_parameter(self, "estimator", self.estimator, allowed)


@final
class TestTimeAugmentationRegressor(RegressorMixin, _BaseTestTimeAugmentation):
    """Mean of the predictions of several versions of each row.

    A picture that is flipped, or moved by a pixel, is of the same thing, and a
    measurement that is repeated has another error. So each row is predicted in several
    versions, and their mean is steadier, for nothing more than predictions; their
    spread says where the estimator hangs by a thread. Take it with the changes that the
    estimator was trained with. It is not worth its time for trees, whose steps no mean
    of versions smooths by much, nor where changes do matter: a 6 that is turned is a 9.

    Parameters
    ----------
    estimator : regressor or None, default=None
        With ``predict``. None is ``DeepEnsembleRegressor()``.
    transforms : callable, sequence of callables or None, default=None
        What changes rows: a sequence of functions of X, each for one version; or one
        function of X and a numpy generator, called `n_draws` times. Each row must stay
        a row. None adds normal noise of a twentieth of each column's standard
        deviation, the same to all rows, so that a row does not depend on those beside
        it.
    n_draws : int, default=10
        Number of versions where one function draws them. May be changed after `fit`.
    original : bool, default=True
        Whether the rows as they are are a version, too. May be changed after `fit`.
    combine : str or callable, default="auto"
        How the versions' values, shape (m, n) or (m, n, q), become one: "auto" and
        "mean"; "median"; "trimmed", the mean without the lowest and highest tenth; or
        a callable that returns one version's shape. May be changed after `fit`.
    random_state : int, RandomState, Generator or None, default=None
        Draws follow from it, and are the same at each prediction.

    Attributes
    ----------
    estimator_ : regressor
        The fitted estimator.
    noise_ : ndarray of shape (n_features,)
        Standard deviations of the noise; only with ``transforms=None``.
    n_features_in_ : int
        Number of features seen in `fit`; only where X has two axes.
    feature_names_in_ : ndarray of shape (n_features,)
        Names of the features, where X had them as strings.

    Raises
    ------
    ValueError
        If a parameter is not allowed, or a transform changes the number of rows.

    See Also
    --------
    TestTimeAugmentationClassifier : The same for classes.
    MCDropoutRegressor : Several passes of one net for the same rows.

    References
    ----------
    .. [1] A. Krizhevsky, I. Sutskever, G. E. Hinton, "ImageNet classification with deep
       convolutional neural networks", NeurIPS, 2012, section 4.1.
    .. [2] D. Shanmugam, D. Blalock, G. Balakrishnan, J. Guttag, "Better aggregation in
       test-time augmentation", ICCV, 2021.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.neighbors import KNeighborsRegressor
    >>> from ensembles.nets import TestTimeAugmentationRegressor
    >>> rng = np.random.default_rng(0)
    >>> X = rng.uniform(-1, 1, (400, 1))
    >>> y = np.sin(4 * X[:, 0]) + rng.normal(0, 0.5, 400)
    >>> model = TestTimeAugmentationRegressor(
    ...     KNeighborsRegressor(3),
    ...     lambda X, rng: X + rng.normal(0, 0.1, X.shape),
    ...     n_draws=30,
    ...     random_state=0,
    ... ).fit(X[:200], y[:200])
    >>> for each in model.estimator_, model:
    ...     print(round(each.score(X[200:], y[200:]), 1))
    0.5
    0.6
    """

    _probabilities = False

    def __init__(
        self,
        estimator: Any = None,
        transforms: Callable[..., Any] | Sequence[Callable[[Any], Any]] | None = None,
        *,
        n_draws: int = 10,
        original: bool = True,
        combine: CombineRule = "auto",
        random_state: RandomState = None,
    ) -> None:
        super().__init__(
            estimator,
            transforms,
            n_draws=n_draws,
            original=original,
            combine=combine,
            random_state=random_state,
        )

    def predict(self, X: Table) -> FloatArray:
        """Return the combined prediction.

        Parameters
        ----------
        X : array-like, sparse matrix or DataFrame of shape (n_samples, ...)
            Rows, as in `fit`.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_targets)
            Values.
        """
        return self._combined(X)

    def _given(self) -> Any:
        return DeepEnsembleRegressor() if self.estimator is None else self.estimator

    def _predicted(self, X: Any) -> Any:
        return self.estimator_.predict(X)
