"""Out-of-fold predictions: by row, by path, and scored by whatever divides them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from ensembles._stand_in import Metric, resolve_metric
from ensembles._typing import ArrayLike, BoolArray, FloatArray, IntArray
from ensembles._validation import (
    check_choice,
    check_labels,
    check_sample_weight,
    require,
)

__all__ = ["GroupedScores", "OutOfFold"]


@final
@dataclass(frozen=True, eq=False)
class GroupedScores:
    """Scores of groups of predictions: folds, paths, horizons or any other.

    Attributes
    ----------
    by : str
        What the groups are.
    labels : ndarray of shape (n_groups,)
        Which group each score is of.
    scores : ndarray of shape (n_groups,)
        The score of its predictions.
    n_predictions : ndarray of shape (n_groups,)
        How many there are.
    pooled : float
        Score of all predictions together. It weighs predictions alike, where the mean
        over groups weighs groups alike; the two differ where groups are of different
        size, and for scores that are no means over rows, such as R² and AUC.

    References
    ----------
    .. [1] G. Forman, M. Scholz, "Apples-to-apples in cross-validation studies: pitfalls
       in classifier performance measurement", ACM SIGKDD Explorations 12(1), 49-57,
       2010.

    Examples
    --------
    A random walk is nowhere far from where it was a step before. Most of that is in its
    level, which pooled predictions share and short folds do not:

    >>> import numpy as np
    >>> from sklearn.linear_model import LinearRegression
    >>> from ensembles.model_selection import RollingOrigin, out_of_fold_predict
    >>> walk = np.cumsum(np.random.default_rng(0).normal(size=300))
    >>> done = out_of_fold_predict(
    ...     LinearRegression(), walk[:-1, None], walk[1:], cv=RollingOrigin(20)
    ... )
    >>> scores = done.scores_by("fold", "r2")
    >>> print(f"{scores.mean:.2f} {scores.pooled:.2f}")
    0.37 0.96
    """

    by: str
    labels: NDArray[Any]
    scores: FloatArray
    n_predictions: IntArray
    pooled: float

    @property
    def mean(self) -> float:
        """Mean over the groups."""
        return float(self.scores.mean())

    def to_frame(self) -> Any:
        """Return the scores as a table.

        Returns
        -------
        pandas.DataFrame
            A row a group, with columns ``score`` and ``n_predictions``.

        Raises
        ------
        MissingDependencyError
            If pandas is not installed.
        """
        pandas = require("pandas", "dataframe", "to_frame()")
        index = pandas.Index(self.labels, name=self.by)
        columns = {"score": self.scores, "n_predictions": self.n_predictions}
        return pandas.DataFrame(columns, index=index)


@final
@dataclass(frozen=True, eq=False)
class OutOfFold:
    """Predictions of rows by models that were trained without them.

    A row may be predicted once, several times, or never. What there is of each row is
    read as `values` (one for each row), as `paths` (one for each row and time it was
    predicted), or prediction by prediction.

    Attributes
    ----------
    rows : ndarray of shape (n_predictions,)
        Which row each prediction is of; fold by fold.
    folds : ndarray of shape (n_predictions,)
        In which fold it was made.
    steps_ahead : ndarray of shape (n_predictions,)
        How many distinct times the row lies ahead of the last row before it in the
        training set of its fold, whichever model predicts it; 0 where none is.
    predictions : ndarray of shape (n_predictions, ...) or list of ndarray
        What was predicted; a list has the probabilities of each output.
    y : ndarray of shape (n_samples, ...) or None
        The target.
    n_samples : int
        Number of rows.
    method : str
        What the estimator was asked.
    classes : ndarray, list of ndarray or None
        Of a classifier; the columns of probabilities.
    are_labels : bool
        Whether predictions are labels, which are put to the vote.

    See Also
    --------
    out_of_fold_predict : Makes them.

    References
    ----------
    .. [1] M. Lopez de Prado, "Advances in Financial Machine Learning", Wiley, 2018,
       section 12.4 (paths).

    Examples
    --------
    Each row tested in five of fifteen folds makes five paths through one history:

    >>> import numpy as np
    >>> from sklearn.linear_model import Ridge
    >>> from ensembles.model_selection import (
    ...     CombinatorialPurgedKFold,
    ...     out_of_fold_predict,
    ... )
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(120, 2))
    >>> y = X[:, 0] + rng.normal(size=120)
    >>> done = out_of_fold_predict(Ridge(), X, y, cv=CombinatorialPurgedKFold(6, 2))
    >>> done.paths.shape
    (5, 120)
    >>> done.scores_by("path", "r2").scores.round(2)
    array([0.46, 0.45, 0.45, 0.46, 0.46])
    """

    rows: IntArray
    folds: IntArray
    steps_ahead: IntArray
    predictions: Any
    y: NDArray[Any] | None
    n_samples: int
    method: str
    classes: Any
    are_labels: bool

    @property
    def covered(self) -> BoolArray:
        """Which rows were predicted, shape (n_samples,)."""
        covered = np.zeros(self.n_samples, dtype=bool)
        covered[self.rows] = True
        return covered

    @property
    def path_ids(self) -> IntArray:
        """Path of each prediction: the p-th of a row belongs to path p."""
        order = np.argsort(self.rows, kind="stable")
        in_order = self.rows[order]
        begins = np.append(True, in_order[1:] != in_order[:-1])
        first = np.flatnonzero(begins)[np.cumsum(begins) - 1]
        ids = np.empty_like(self.rows)
        ids[order] = np.arange(len(order)) - first
        return ids

    @property
    def paths(self) -> Any:
        """What was predicted the first, second, ... time of each row.

        Shape (n_paths, n_samples, ...); NaN, or None among labels that are no numbers,
        where a row was predicted less often.
        """
        ids = self.path_ids
        shape = (int(ids.max()) + 1, self.n_samples)
        return self._each(lambda said: _placed(said, shape, (ids, self.rows)))

    @property
    def values(self) -> Any:
        """One prediction for each row, as `combine` makes it by default."""
        return self.combine()

    def combine(self, how: str = "mean") -> Any:
        """Return one prediction for each row.

        Parameters
        ----------
        how : {"mean", "last"}, default="mean"
            Mean over the folds that tested a row, or the last of them. Labels are put
            to the vote; of labels with as many votes, the first in order wins. The mean
            of logarithms of probabilities is that of their mean.

        Returns
        -------
        ndarray of shape (n_samples, ...) or list of ndarray
            NaN, or None among labels that are no numbers, stand for rows that are not
            covered.

        Raises
        ------
        InvalidParameterError
            If `how` is neither.
        """
        check_choice("OutOfFold.combine", "how", how, {"mean", "last"})
        if how == "last" or len(self.rows) == np.count_nonzero(self.covered):
            return self._each(lambda said: _placed(said, (self.n_samples,), self.rows))
        if self.are_labels:
            return self._vote()
        if self.method == "predict_log_proba":
            return self._each(self._log_of_mean)
        return self._each(self._mean)

    def _each(self, function: Any) -> Any:
        """A function of the predictions, or of those of each output."""
        if isinstance(self.predictions, list):
            return [function(said) for said in self.predictions]
        return function(self.predictions)

    def _mean(self, said: NDArray[Any]) -> FloatArray:
        """Mean of each row's predictions."""
        # Divided first: two answers that stand for minus infinity have no sum.
        share = 1 / np.bincount(self.rows, minlength=self.n_samples)[self.rows]
        means = [
            np.bincount(self.rows, column * share, minlength=self.n_samples)
            for column in said.reshape(len(said), -1).T
        ]
        shape = (self.n_samples, *said.shape[1:])
        averaged = np.asarray(np.column_stack(means), dtype=np.float64).reshape(shape)
        averaged[~self.covered] = np.nan
        return averaged

    def _log_of_mean(self, said: NDArray[Any]) -> FloatArray:
        """Logarithm of the mean of each row's probabilities, finite as those are."""
        with np.errstate(divide="ignore"):
            logs = np.log(self._mean(np.exp(said)))
        return np.asarray(np.maximum(logs, np.finfo(np.float64).min))

    def _vote(self) -> NDArray[Any]:
        """Label that most folds gave to each row, in each output."""
        said = np.asarray(self.predictions)
        columns = said.reshape(len(said), -1).T
        won = np.column_stack([_most_frequent(self.rows, one) for one in columns])
        rows = np.flatnonzero(self.covered)
        won = won.reshape(len(rows), *said.shape[1:])
        return _placed(won, (self.n_samples,), rows)

    def score(
        self, metric: Any = None, *, sample_weight: ArrayLike | None = None
    ) -> float:
        """Return the score of all predictions together.

        A row that was predicted several times counts as often: the score is that of one
        model, not of the mean of several.

        Parameters
        ----------
        metric : str, callable or None, default=None
            Name of a score or a scorer of ``make_scorer``, with errors negative, or a
            metric ``f(y_true, y_pred)``, which gets predictions as they are. None is
            the accuracy of a classifier and R² of anything else. Where probabilities
            were predicted and labels are scored, these are of the largest ones,
            whatever threshold the estimator has.
        sample_weight : array-like of shape (n_samples,) or None, default=None
            Weights of the rows.

        Returns
        -------
        float
            The score.

        Raises
        ------
        ValueError
            If there is no target, or weights do not fit.
        InvalidParameterError
            If `metric` is none of these.
        """
        score = self._scorer(metric, sample_weight)
        return score(np.arange(len(self.rows)))

    def scores_by(
        self,
        by: Any,
        metric: Any = None,
        *,
        sample_weight: ArrayLike | None = None,
    ) -> GroupedScores:
        """Return the scores of groups of predictions.

        Parameters
        ----------
        by : {"fold", "path", "horizon"} or array-like of shape (n_samples,)
            Groups: folds, paths, steps ahead of the last training row, or a label for
            each row, such as its month or its entity.
        metric : str, callable or None, default=None
            As in `score`.
        sample_weight : array-like of shape (n_samples,) or None, default=None
            Weights of the rows.

        Returns
        -------
        GroupedScores
            A score for each group, and that of all predictions.

        Raises
        ------
        ValueError
            If there is no target, or labels or weights do not fit.
        InvalidParameterError
            If `by` or `metric` is none of these.
        """
        name, groups = self._groups(by)
        scorer = self._scorer(metric, sample_weight)
        labels, codes, sizes = np.unique(
            groups, return_inverse=True, return_counts=True
        )
        members = np.split(np.argsort(codes, kind="stable"), np.cumsum(sizes)[:-1])
        scores = np.empty(len(labels))
        for number, label in enumerate(labels):
            try:
                scores[number] = scorer(members[number])
            except Exception as error:
                error.add_note(f"Of {name} {label}: {sizes[number]} predictions.")
                raise
        everything = scorer(np.arange(len(self.rows)))
        return GroupedScores(name, labels, scores, sizes, everything)

    def _groups(self, by: Any) -> tuple[str, NDArray[Any]]:
        """What groups are called, and the group of each prediction."""
        if isinstance(by, str) or by is None:
            check_choice("scores_by", "by", by, {"fold", "path", "horizon"})
            if by == "path":
                return "path", self.path_ids
            return str(by), self.folds if by == "fold" else self.steps_ahead
        labels = np.asarray(by)
        if labels.shape != (self.n_samples,):
            raise ValueError(
                f"by has shape {labels.shape} for {self.n_samples} rows. Pass one "
                "label for each row, or 'fold', 'path' or 'horizon'."
            )
        check_labels("by", labels[self.rows])
        return str(getattr(by, "name", None) or "group"), labels[self.rows]

    def _scorer(
        self, metric: Any, sample_weight: ArrayLike | None
    ) -> Callable[[IntArray], float]:
        """Score of some of the predictions, by their positions."""
        if self.y is None:
            raise ValueError(
                "There is no target to compare with: out_of_fold_predict got y=None."
            )
        function: Metric = resolve_metric(
            "OutOfFold.score", metric, self.method, self.classes
        )
        weights = check_sample_weight(sample_weight, self.n_samples)
        y = self.y

        def score(chosen: IntArray) -> float:
            rows = self.rows[chosen]
            given = {} if weights is None else {"sample_weight": weights[rows]}
            said = self._each(lambda said: said[chosen])
            if y.ndim == 1 and np.ndim(said) == 2 and np.shape(said)[1] == 1:
                said = said[:, 0]  # of a target with one column
            return function(y[rows], said, **given)

        return score


def _most_frequent(rows: IntArray, labels: NDArray[Any]) -> NDArray[Any]:
    """The most frequent label of each row that has any, in order of rows."""
    known, codes = np.unique(labels, return_inverse=True)
    votes, counts = np.unique(rows * len(known) + codes, return_counts=True)
    row, code = np.divmod(votes, len(known))
    order = np.lexsort((-counts, row))  # stable: of as many votes, the first label
    first = np.append(True, row[order][1:] != row[order][:-1])
    return np.asarray(known[code[order][first]])


def _placed(
    said: NDArray[Any], shape: tuple[int, ...], where: IntArray | tuple[IntArray, ...]
) -> NDArray[Any]:
    """Predictions where they belong, the last of those that belong to one place."""
    covered = np.zeros(shape, dtype=bool)
    covered[where] = True
    if covered.all():
        placed = np.empty((*shape, *said.shape[1:]), dtype=said.dtype)
    elif said.dtype.kind == "f" or (said.dtype.kind in "biu" and _fit_floats(said)):
        kind = said.dtype if said.dtype.kind == "f" else np.dtype(np.float64)
        placed = np.full((*shape, *said.shape[1:]), np.nan, dtype=kind)
    else:
        placed = np.full((*shape, *said.shape[1:]), None, dtype=object)
    placed[where] = said
    return placed


def _fit_floats(numbers: NDArray[Any]) -> bool:
    """Whether floats can hold these ints or booleans to the last digit."""
    low, high = int(numbers.min()), int(numbers.max())
    return max(-low, high) <= 2**53
