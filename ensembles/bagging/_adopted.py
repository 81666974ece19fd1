"""Bags of members that others have fitted: scikit-learn's, or parts of other bags."""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, final

import numpy as np
import sklearn.ensemble
from sklearn.base import clone
from sklearn.utils.validation import check_is_fitted

from ensembles._typing import BoolArray, IntArray
from ensembles.bagging._sampling import ColumnLaw, MemberPlan, Sampler

if TYPE_CHECKING:
    from ensembles.bagging._base import BaseBag

__all__ = ["KnownSampler", "adopt", "joined_bag", "params_of", "part_of_bag"]

_FORESTS = (
    sklearn.ensemble.RandomForestClassifier,
    sklearn.ensemble.RandomForestRegressor,
    sklearn.ensemble.ExtraTreesClassifier,
    sklearn.ensemble.ExtraTreesRegressor,
)
_BAGS = (sklearn.ensemble.BaggingClassifier, sklearn.ensemble.BaggingRegressor)


@final
@dataclass(frozen=True, slots=True)
class KnownSampler(Sampler):
    """Rows that members were fitted on, as they are known from elsewhere."""

    n_samples: int
    column_law: ColumnLaw
    kept: BoolArray | None
    rows_of_members: tuple[IntArray, ...]
    weights_multiply: ClassVar[bool] = False

    def row_seeds(self, seeds: IntArray, start: int) -> list[Any]:
        """Nothing is drawn."""
        return [None] * len(seeds)

    def rows(self, plan: MemberPlan) -> IntArray:
        """Rows of one member."""
        return self.rows_of_members[plan.index]

    def weights(self, plan: MemberPlan) -> IntArray:
        """Counts of the rows."""
        return np.bincount(self.rows(plan), minlength=self.n_samples)


def adopt(bag: BaseBag, fitted: Any, n_samples: int) -> None:
    """Give a bag the members of a fitted ensemble of scikit-learn's.

    Parameters
    ----------
    bag : bagging estimator
        With parameters that go with the members.
    fitted : estimator
        A forest or a bag.
    n_samples : int
        How many rows it was fitted on.
    """
    rows = [np.asarray(one, dtype=np.intp) for one in fitted.estimators_samples_]
    sampler = KnownSampler(n_samples, ColumnLaw(None, 0, False), None, tuple(rows))
    members = list(fitted.estimators_)
    every = np.arange(fitted.n_features_in_)
    columns = getattr(fitted, "estimators_features_", [every] * len(members))
    bag.estimator_ = clone(bag._member())
    bag.estimators_ = members
    bag._columns = [None if np.array_equal(one, every) else one for one in columns]
    bag._draws = [(sampler, "index", MemberPlan(i, 0, None)) for i in range(len(rows))]
    bag._n_planned = bag._next_index = len(members)
    bag._targets_seen = set()
    bag._binner = None
    bag._takes_arrays = True  # scikit-learn's members saw no names of columns
    bag.n_features_in_ = fitted.n_features_in_
    if hasattr(fitted, "feature_names_in_"):
        bag.feature_names_in_ = fitted.feature_names_in_


def params_of(fitted: Any) -> dict[str, Any]:
    """Parameters of a bag of the members of a fitted ensemble.

    Raises
    ------
    TypeError
        If it is no forest and no bag of scikit-learn's.
    NotFittedError
        If it is not fitted.
    """
    if not isinstance(fitted, _FORESTS + _BAGS):
        listed = ", ".join(kind.__name__ for kind in _FORESTS + _BAGS)
        raise TypeError(
            f"from_sklearn takes a fitted {listed}, got {type(fitted).__name__}, whose "
            "members are no plain mean. VotingClassifier takes fitted members in a "
            "FrozenEstimator."
        )
    check_is_fitted(fitted)
    names = ("n_estimators", "max_samples", "bootstrap", "n_jobs", "random_state")
    params = {name: getattr(fitted, name) for name in names}
    params["n_estimators"] = len(fitted.estimators_)
    if isinstance(fitted, _BAGS):
        for name in ("max_features", "bootstrap_features"):
            params[name] = getattr(fitted, name)
        return params | {"estimator": fitted.estimator_}
    tree = clone(fitted.estimators_[0]).set_params(random_state=None)
    return params | {"estimator": tree}


def part_of_bag(bag: BaseBag, chosen: slice) -> BaseBag:
    """A bag of some of the members, which are not copied."""
    part = copy(bag)
    part._forget_out_of_bag()
    for name in ("estimators_", "_columns", "_draws"):
        setattr(part, name, getattr(bag, name)[chosen])
    part._n_planned = part.n_estimators = len(part.estimators_)
    if not part.estimators_:
        raise ValueError(f"No member of {len(bag)} is in {chosen}.")
    return part


def joined_bag(one: BaseBag, other: BaseBag) -> BaseBag:
    """A bag of the members of two, which are not copied.

    Raises
    ------
    ValueError
        If they do not predict the same of the same columns.
    """
    for name in ("n_features_in_", "feature_names_in_", "classes_"):
        pair = [getattr(bag, name, None) for bag in (one, other)]
        if not _are_equal(*pair):
            raise ValueError(
                f"Bags can be joined where they predict the same: {name} is {pair[0]} "
                f"of the first and {pair[1]} of the second."
            )
    if one._binner is not other._binner:
        raise ValueError(
            "Members of the two bags know values by bins of their own. Fit them in one "
            "bag, by warm_start=True, or join bags of trees that are not binned."
        )
    both = part_of_bag(one, slice(None))
    for name in ("estimators_", "_columns", "_draws"):
        setattr(both, name, [*getattr(one, name), *getattr(other, name)])
    both._n_planned = both.n_estimators = len(both.estimators_)
    both._next_index = max(one._next_index, other._next_index)
    both._targets_seen = one._targets_seen | other._targets_seen
    both.__dict__.pop("_data_hash", None)
    if getattr(one, "_training", None) is not getattr(other, "_training", None):
        both.__dict__["_training"] = None  # quantiles know the rows of one fit
    return both


def _are_equal(one: Any, other: Any) -> bool:
    """Whether two are the same: arrays, lists of arrays, numbers or None."""
    if isinstance(one, list) and isinstance(other, list):
        pairs = zip(one, other, strict=False)
        return len(one) == len(other) and all(_are_equal(*pair) for pair in pairs)
    return bool(np.array_equal(one, other))
