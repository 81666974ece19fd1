"""Fitted bags and votes of this library as ensembles of scikit-learn's."""

from __future__ import annotations

from copy import copy
from typing import Any

import numpy as np
import sklearn.ensemble
from sklearn.base import clone, is_classifier
from sklearn.preprocessing import LabelEncoder
from sklearn.utils import Bunch
from sklearn.utils.validation import check_is_fitted

from ensembles._ensemble._targets import is_frozen
from ensembles._typing import Estimator
from ensembles.bagging import (
    BaggingClassifier,
    BaggingRegressor,
    BalancedBaggingClassifier,
)
from ensembles.combining import VotingClassifier, VotingRegressor

__all__ = ["to_sklearn"]

_BAGS = (BaggingClassifier, BaggingRegressor, BalancedBaggingClassifier)
_VOTES = (VotingClassifier, VotingRegressor)


def to_sklearn(ensemble: Any) -> Any:
    """Return scikit-learn's ensemble of the same members.

    Use it to hand a model to what knows scikit-learn's classes alone, such as skl2onnx.
    Nothing is fitted again, and members are shared. It predicts the same; which rows
    members saw, and what follows from it, stays behind.

    Parameters
    ----------
    ensemble : BaggingClassifier, BaggingRegressor, BalancedBaggingClassifier, \
VotingClassifier or VotingRegressor
        Fitted, and combining by the mean, or by votes where voting is hard.

    Returns
    -------
    sklearn.ensemble.BaggingClassifier, BaggingRegressor, VotingClassifier or \
VotingRegressor
        Fitted.

    Raises
    ------
    TypeError
        If `ensemble` is something else.
    NotFittedError
        If it is not fitted.
    ValueError
        If scikit-learn has nothing like it: another rule to combine, members that know
        columns by name in a bag, which there hands on arrays, several outputs of a
        vote, or members that were fitted before on labels.

    See Also
    --------
    from_sklearn : The way here.

    References
    ----------
    .. [1] J. Bai, F. Lu, K. Zhang and others, "ONNX: open neural network exchange",
       https://github.com/onnx/onnx, 2019.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from ensembles import BaggingClassifier, GroupBootstrap, to_sklearn
    >>> X, y = load_iris(return_X_y=True)
    >>> bag = BaggingClassifier(scheme=GroupBootstrap(), random_state=0)
    >>> bag = bag.fit(X, y, groups=range(150))
    >>> theirs = to_sklearn(bag)
    >>> type(theirs).__module__, bool((theirs.predict(X) == bag.predict(X)).all())
    ('sklearn.ensemble._bagging', True)
    """
    if isinstance(ensemble, _BAGS):
        check_is_fitted(ensemble)
        return _bag(ensemble)
    if isinstance(ensemble, _VOTES):
        check_is_fitted(ensemble)
        return _vote(ensemble)
    listed = ", ".join(kind.__name__ for kind in _BAGS + _VOTES)
    raise TypeError(
        f"to_sklearn takes a {listed}, got {type(ensemble).__name__}, which has no "
        "like in scikit-learn."
    )


def _check_rule(ensemble: Any, *known: str) -> None:
    """Raise unless members are combined as scikit-learn does."""
    if ensemble.combine not in known:
        raise ValueError(
            f"scikit-learn's {type(ensemble).__name__} knows no other rule than "
            f"{known[-1]!r}, got combine={ensemble.combine!r}. Set combine='auto'."
        )


def _bag(bag: Any) -> Any:
    """A bag of scikit-learn's."""
    _check_rule(bag, "auto", "mean")
    if bag._binner is not None:
        raise ValueError(
            "Members are binned trees, which know values by their bins; scikit-learn "
            "would hand them the values. Fit with engine='exact'."
        )
    if not hasattr(bag, "n_features_in_"):
        raise ValueError("scikit-learn's bags take tables, and X was none.")
    classes = is_classifier(bag)
    kind = sklearn.ensemble.BaggingClassifier if classes else None
    theirs: Any = (kind or sklearn.ensemble.BaggingRegressor)(
        estimator=clone(bag.estimator_),
        n_estimators=len(bag),
        max_features=bag.max_features,
        bootstrap_features=bag.bootstrap_features,
        n_jobs=bag.n_jobs,
    )
    theirs.estimator_ = bag.estimator_
    theirs.estimators_ = [_nameless(member) for member in bag]
    theirs.estimators_features_ = bag.estimators_features_
    for name in ("n_features_in_", "feature_names_in_", "classes_", "n_classes_"):
        if hasattr(bag, name):
            setattr(theirs, name, getattr(bag, name))
    if classes and isinstance(bag.classes_, list):
        raise ValueError("scikit-learn's bags are of one output of classes.")
    return theirs


def _nameless(member: Estimator) -> Estimator:
    """The member as it takes an array.

    Raises
    ------
    ValueError
        If it goes by names of columns.
    """
    if not hasattr(member, "feature_names_in_"):
        return member
    nameless = copy(member)
    nameless.__dict__.pop("feature_names_in_", None)
    if hasattr(nameless, "feature_names_in_"):
        raise ValueError(
            f"{type(member).__name__} knows columns by name, and scikit-learn's bags "
            "hand on arrays. Fit it on an array."
        )
    return nameless


def _vote(voter: Any) -> Any:
    """A vote of scikit-learn's."""
    hard = getattr(voter, "voting", "soft") == "hard"
    _check_rule(voter, "auto", "vote" if hard else "mean")
    kind = sklearn.ensemble.VotingRegressor
    if is_classifier(voter):
        kind = sklearn.ensemble.VotingClassifier
    params = voter.get_params(deep=False)
    params.pop("combine")
    theirs: Any = kind(**params)
    theirs.estimators_ = list(voter.estimators_)
    theirs.named_estimators_ = Bunch(**voter.named_estimators_)
    if hasattr(voter, "feature_names_in_"):
        theirs.feature_names_in_ = voter.feature_names_in_
    if not is_classifier(voter):
        if voter._n_outputs > 1:
            raise ValueError("scikit-learn's votes are of one output.")
        return theirs
    if isinstance(voter.classes_, list):
        raise ValueError("scikit-learn's votes are of one output.")
    theirs.classes_ = voter.classes_
    theirs.le_ = LabelEncoder().fit(voter.classes_)
    codes = np.arange(len(voter.classes_))
    if any(map(is_frozen, voter)) and not np.array_equal(voter.classes_, codes):
        raise ValueError(
            f"Members were fitted before, on the labels {voter.classes_.tolist()}; "
            "scikit-learn takes such members where they know labels by their numbers, "
            f"{codes.tolist()}."
        )
    return theirs
