"""Fitted ensembles of scikit-learn's as ensembles of this library."""

from __future__ import annotations

from typing import Any

import sklearn.ensemble
from sklearn.base import is_classifier

from ensembles._typing import ArrayLike, Table
from ensembles.bagging import BaggingClassifier, BaggingRegressor
from ensembles.combining import VotingClassifier, VotingRegressor

__all__ = ["from_sklearn"]


def from_sklearn(
    fitted: Any, X: Table | None = None, y: ArrayLike | None = None
) -> Any:
    """Take over the members of a fitted forest, bag or vote of scikit-learn's.

    Use it for what scikit-learn's classes do not tell: intervals, sets of labels,
    uncertainty by its parts, diversity, importances out of bag, other rules to combine.
    Nothing is fitted again, predictions are the same, and members are not copied.
    Boosted ensembles have no members that stand for themselves.

    Parameters
    ----------
    fitted : estimator
        ``RandomForest*``, ``ExtraTrees*``, ``Bagging*`` or ``Voting*``.
    X : array-like of shape (n_samples, n_features) or None, default=None
        The rows that a forest or bag was fitted on, by which it is known what members
        leave out. Votes need none.
    y : array-like of shape (n_samples,) or (n_samples, n_outputs) or None, \
default=None
        Their targets.

    Returns
    -------
    BaggingClassifier, BaggingRegressor, VotingClassifier or VotingRegressor
        Fitted.

    Raises
    ------
    TypeError
        If `fitted` is something else.
    NotFittedError
        If it is not fitted.
    ValueError
        If X and y are not what it was fitted on, by their number and classes.

    See Also
    --------
    to_sklearn : The way back.

    References
    ----------
    .. [1] B. Kim, C. Xu, R. F. Barber, "Predictive inference is free with the
       jackknife+-after-bootstrap", Advances in Neural Information Processing Systems
       33, 2020.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn.ensemble import RandomForestRegressor
    >>> from ensembles import from_sklearn
    >>> X, y = load_diabetes(return_X_y=True)
    >>> forest = RandomForestRegressor(40, random_state=0).fit(X, y)
    >>> print(from_sklearn(forest, X, y).predict_interval(X[:2]).round())
    [[ 91. 291.]
     [-18. 175.]]
    """
    votes = (sklearn.ensemble.VotingClassifier, sklearn.ensemble.VotingRegressor)
    if isinstance(fitted, votes):
        voter = VotingClassifier if is_classifier(fitted) else VotingRegressor
        return voter.from_sklearn(fitted)
    bag = BaggingClassifier if is_classifier(fitted) else BaggingRegressor
    return bag.from_sklearn(fitted, X, y)
