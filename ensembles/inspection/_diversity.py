"""How much the members of an ensemble differ, and what it gains the ensemble."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self, final

import numpy as np
from numpy.typing import NDArray
from sklearn.base import is_classifier
from sklearn.utils import check_consistent_length

from ensembles._typing import ArrayLike, FloatArray, Table
from ensembles._validation import check_sample_weight, require
from ensembles.inspection._agreement import (
    correlations,
    kappas,
    pair_tables,
    q_statistics,
    spread_of_rows,
)

__all__ = ["LabelDiversity", "ValueDiversity", "diversity"]

_PAIRWISE = ("q_statistic", "correlation", "disagreement", "double_fault", "kappa")


@final
@dataclass(frozen=True, eq=False)
class LabelDiversity:
    """How members that name labels differ.

    Use it to see why a vote is no better than its members: they err on the same rows.
    No measure tells how good an ensemble will be [1]_; the errors beside them do.

    Attributes
    ----------
    errors : ndarray of shape (n_members,)
        Share of rows that each member has wrong.
    vote_error : float
        Share that the plurality of members has wrong, ties going to the lowest label.
    q_statistic : ndarray of shape (n_members, n_members)
        Yule's Q of being right: 1 where members are right on the same rows, 0 where
        they are independent, less where they err on different ones. NaN of pairs where
        it is not defined, as of two members that are never wrong.
    correlation : ndarray of shape (n_members, n_members)
        Correlation of being right; NaN with a member that is never or always wrong.
    disagreement : ndarray of shape (n_members, n_members)
        Share of rows that one of two members alone has right.
    double_fault : ndarray of shape (n_members, n_members)
        Share of rows that both have wrong.
    kappa : ndarray of shape (n_members, n_members)
        Agreement about being right, beyond chance; NaN where chance leaves no room.
    entropy : float
        0 where all members are right together or wrong together, 1 where half of them
        are right on every row.
    kohavi_wolpert : float
        Mean over rows of l (m - l) / m², of l members of m that are right.
    interrater_agreement : float
        Fleiss' kappa of being right: 0 of independent members, 1 of equals.
    difficulty : float
        Variance over rows of the share of members that are right.

    See Also
    --------
    diversity : Makes it from a fitted ensemble.
    DiversityDisplay : Draws it.

    References
    ----------
    .. [1] L. I. Kuncheva, C. J. Whitaker, "Measures of diversity in classifier
       ensembles and their relationship with the ensemble accuracy", Machine Learning
       51(2), 181-207, 2003.

    Examples
    --------
    Three members that are right on two thirds of the rows each. Errors on different
    rows make a vote that is never wrong:

    >>> import numpy as np
    >>> from ensembles.inspection import LabelDiversity
    >>> y = np.zeros(6, int)
    >>> apart = np.repeat(np.eye(3, dtype=int), 2, axis=1)
    >>> together = np.tile(apart[0], (3, 1))
    >>> for labels in apart, together:
    ...     found = LabelDiversity.from_predictions(y, labels)
    ...     print(f"{found.vote_error:.2f} {found.mean('disagreement'):.2f}")
    0.00 0.67
    0.33 0.00
    """

    errors: FloatArray
    vote_error: float
    q_statistic: FloatArray
    correlation: FloatArray
    disagreement: FloatArray
    double_fault: FloatArray
    kappa: FloatArray
    entropy: float
    kohavi_wolpert: float
    interrater_agreement: float
    difficulty: float

    @classmethod
    def from_predictions(
        cls, y: ArrayLike, labels: ArrayLike, *, sample_weight: ArrayLike | None = None
    ) -> Self:
        """Measure how members' labels differ.

        Parameters
        ----------
        y : array-like of shape (n_samples,)
            True labels.
        labels : array-like of shape (n_members, n_samples)
            What each member says.
        sample_weight : array-like of shape (n_samples,) or None, default=None
            Weights of rows.

        Returns
        -------
        LabelDiversity
            The measures.

        Raises
        ------
        ValueError
            If shapes do not go together.
        """
        true, said = _checked(y, labels)
        weights = check_sample_weight(sample_weight, len(true))
        right = said == true
        tables = pair_tables(right, weights)
        entropy, variance, agreement, difficulty = spread_of_rows(right, weights)
        voted = _plurality(said)
        return cls(
            errors=np.average(~right, axis=1, weights=weights),
            vote_error=float(np.average(voted != true, weights=weights)),
            q_statistic=q_statistics(tables),
            correlation=correlations(tables),
            disagreement=tables.first + tables.second,
            double_fault=tables.neither,
            kappa=kappas(tables),
            entropy=entropy,
            kohavi_wolpert=variance,
            interrater_agreement=agreement,
            difficulty=difficulty,
        )

    def mean(self, measure: str) -> float:
        """Return the mean of a measure over pairs of members.

        Parameters
        ----------
        measure : {"q_statistic", "correlation", "disagreement", "double_fault", \
"kappa"}
            Which.

        Returns
        -------
        float
            Over the pairs where it is defined; NaN where it is for none.

        Raises
        ------
        ValueError
            If there is no such measure of pairs.
        """
        if measure not in _PAIRWISE:
            listed = ", ".join(map(repr, _PAIRWISE))
            raise ValueError(f"{measure!r} is no measure of pairs: {listed} are.")
        return _mean_of_pairs(getattr(self, measure))

    def to_frame(self) -> Any:
        """Return a table of pairs.

        Returns
        -------
        pandas.DataFrame
            A row for each pair of members, with their numbers, their mean error and
            every measure.

        Raises
        ------
        MissingDependencyError
            If pandas is not installed.
        """
        pandas = require("pandas", "dataframe", "to_frame()")
        first, second = np.triu_indices(len(self.errors), 1)
        columns = {
            "first": first,
            "second": second,
            "error": (self.errors[first] + self.errors[second]) / 2,
        }
        columns |= {name: getattr(self, name)[first, second] for name in _PAIRWISE}
        return pandas.DataFrame(columns)


@final
@dataclass(frozen=True, eq=False)
class ValueDiversity:
    """How members that predict values differ, and what that takes from the error.

    The squared error of the mean of members is their mean squared error less their
    ambiguity, on every row [1]_.

    Attributes
    ----------
    errors : ndarray of shape (n_members,)
        Mean squared error of each member.
    mean_error : float
        Mean over members.
    ambiguity : float
        Mean over rows of the variance between members.
    ensemble_error : float
        Mean squared error of the mean of members: the difference of the two.
    correlation : ndarray of shape (n_members, n_members)
        Correlation of members' errors; NaN with one whose error is the same everywhere.

    See Also
    --------
    diversity : Makes it from a fitted ensemble.
    DiversityDisplay : Draws it.

    References
    ----------
    .. [1] A. Krogh, J. Vedelsby, "Neural network ensembles, cross validation, and
       active learning", Advances in Neural Information Processing Systems 7, 231-238,
       1995.

    Examples
    --------
    Errors of opposite sign leave none:

    >>> import numpy as np
    >>> from ensembles.inspection import ValueDiversity
    >>> found = ValueDiversity.from_predictions([0.0, 0.0], [[1.0, 2.0], [-1.0, -2.0]])
    >>> print(found.mean_error, found.ambiguity, found.ensemble_error)
    2.5 2.5 0.0
    """

    errors: FloatArray
    mean_error: float
    ambiguity: float
    ensemble_error: float
    correlation: FloatArray

    @classmethod
    def from_predictions(
        cls, y: ArrayLike, values: ArrayLike, *, sample_weight: ArrayLike | None = None
    ) -> Self:
        """Measure how members' values differ.

        Parameters
        ----------
        y : array-like of shape (n_samples,)
            Targets.
        values : array-like of shape (n_members, n_samples)
            What each member predicts.
        sample_weight : array-like of shape (n_samples,) or None, default=None
            Weights of rows.

        Returns
        -------
        ValueDiversity
            The measures.

        Raises
        ------
        ValueError
            If shapes do not go together.
        """
        true, said = _checked(y, values)
        weights = check_sample_weight(sample_weight, len(true))
        shares = np.full(len(true), 1 / len(true))
        if weights is not None:
            shares = weights / weights.sum()
        off = said.astype(np.float64) - true
        errors = off**2 @ shares
        return cls(
            errors=errors,
            mean_error=float(errors.mean()),
            ambiguity=float(off.var(axis=0) @ shares),
            ensemble_error=float(off.mean(axis=0) ** 2 @ shares),
            correlation=_correlation(off, shares),
        )


def diversity(
    ensemble: Any, X: Table, y: ArrayLike, *, sample_weight: ArrayLike | None = None
) -> LabelDiversity | ValueDiversity:
    """Measure how much the members of a fitted ensemble differ.

    Parameters
    ----------
    ensemble : estimator
        Fitted, with ``predict_members``.
    X : array-like, sparse matrix or DataFrame of shape (n_samples, ...)
        Rows that members have not learned from, for errors that mean something.
    y : array-like of shape (n_samples,)
        Labels or values.
    sample_weight : array-like of shape (n_samples,) or None, default=None
        Weights of rows.

    Returns
    -------
    LabelDiversity or ValueDiversity
        Of a classifier or a regressor.

    Raises
    ------
    ValueError
        For a target of several outputs.
    TypeError
        If there is no ``predict_members``.

    References
    ----------
    .. [1] L. I. Kuncheva, C. J. Whitaker, "Measures of diversity in classifier
       ensembles and their relationship with the ensemble accuracy", Machine Learning
       51(2), 181-207, 2003.
    .. [2] A. Krogh, J. Vedelsby, "Neural network ensembles, cross validation, and
       active learning", Advances in Neural Information Processing Systems 7, 231-238,
       1995.

    Examples
    --------
    Trees that see one column each differ more than trees that see all of them, and err
    more: diversity is not all, and their vote is worse.

    >>> from sklearn.datasets import make_classification
    >>> from ensembles import BaggingClassifier
    >>> from ensembles.inspection import diversity
    >>> X, y = make_classification(600, 8, n_informative=6, random_state=0)
    >>> for columns in 1, 1.0:
    ...     bag = BaggingClassifier(None, 15, max_features=columns, random_state=0)
    ...     found = diversity(bag.fit(X[:300], y[:300]), X[300:], y[300:])
    ...     disagreement, error = found.mean("disagreement"), found.errors.mean()
    ...     print(f"{disagreement:.2f} {error:.2f} {found.vote_error:.2f}")
    0.43 0.44 0.40
    0.16 0.21 0.18
    """
    if not hasattr(ensemble, "predict_members"):
        raise TypeError(
            f"{type(ensemble).__name__} has no predict_members. Take an ensemble of "
            "this library, or LabelDiversity.from_predictions and "
            "ValueDiversity.from_predictions."
        )
    members = ensemble.predict_members(X)
    if isinstance(members, list) or (not is_classifier(ensemble) and members.ndim > 2):
        raise ValueError("diversity is for a target of one output. Take them in turn.")
    if is_classifier(ensemble):
        labels = np.asarray(ensemble.classes_)[members.argmax(axis=2)]
        return LabelDiversity.from_predictions(y, labels, sample_weight=sample_weight)
    return ValueDiversity.from_predictions(y, members, sample_weight=sample_weight)


def _checked(y: ArrayLike, members: ArrayLike) -> tuple[NDArray[Any], NDArray[Any]]:
    """Targets and what members say, as arrays of shape (n,) and (m, n).

    Raises
    ------
    ValueError
        If shapes do not go together.
    """
    true, said = np.asarray(y), np.asarray(members)
    if true.ndim != 1 or said.ndim != 2:
        raise ValueError(
            "y must have shape (n_samples,) and the members' predictions (n_members, "
            f"n_samples), got {true.shape} and {said.shape}."
        )
    check_consistent_length(true, said.T)
    are_words = [one.dtype.kind in "OSUT" for one in (true, said)]
    if are_words[0] != are_words[1]:
        raise ValueError(
            f"y is of {true.dtype} and the members' predictions of {said.dtype}: none "
            "would be the same. Give both as the same kind of labels."
        )
    return true, said


def _plurality(labels: NDArray[Any]) -> NDArray[Any]:
    """The label that most members name, the lowest of several, for each row."""
    known = np.unique(np.concatenate([_distinct(one) for one in labels]))
    most = np.count_nonzero(labels == known[0], axis=0)
    voted = np.zeros(labels.shape[1], dtype=np.intp)
    for code, label in enumerate(known[1:], 1):
        votes = np.count_nonzero(labels == label, axis=0)
        voted[votes > most] = code
        np.maximum(most, votes, out=most)
    return np.asarray(known[voted])


def _distinct(labels: NDArray[Any]) -> NDArray[Any]:
    """Labels that occur; without sorting where they are small whole numbers."""
    if labels.dtype.kind in "iu" and len(labels):
        low, high = int(labels.min()), int(labels.max())
        if high - low < len(labels):
            counts = np.bincount(labels.astype(np.int64) - low)
            return (np.flatnonzero(counts) + low).astype(labels.dtype)
    return np.unique(labels)


def _mean_of_pairs(matrix: FloatArray) -> float:
    """Mean above the diagonal, of what is there."""
    pairs = matrix[np.triu_indices(len(matrix), 1)]
    known = pairs[~np.isnan(pairs)]
    return float(known.mean()) if len(known) else np.nan


def _correlation(off: FloatArray, shares: FloatArray) -> FloatArray:
    """Correlation of rows of a matrix under weights of columns."""
    centred = (off - (off @ shares)[:, None]) * np.sqrt(shares)
    products = centred @ centred.T
    sizes = np.sqrt(np.diag(products))
    sizes[sizes <= 1e-12 * np.sqrt(off**2 @ shares)] = 0.0  # what is less is rounding
    outer = np.outer(sizes, sizes)
    nothing = np.full_like(products, np.nan)
    return np.asarray(np.divide(products, outer, out=nothing, where=outer > 0))
