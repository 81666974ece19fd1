"""scikit-learn's trees as binned ones of the same parameters."""

from __future__ import annotations

from sklearn.tree import (
    DecisionTreeClassifier,
    DecisionTreeRegressor,
    ExtraTreeClassifier,
    ExtraTreeRegressor,
)

from ensembles._typing import Estimator
from ensembles.trees import HistTreeClassifier, HistTreeRegressor
from ensembles.trees._grower import is_binned_tree

__all__ = ["on_bins"]

_TWINS = {
    DecisionTreeClassifier: HistTreeClassifier,
    DecisionTreeRegressor: HistTreeRegressor,
    ExtraTreeClassifier: HistTreeClassifier,
    ExtraTreeRegressor: HistTreeRegressor,
}


def on_bins(tree: Estimator) -> Estimator:
    """Return a binned tree with the parameters of a tree of scikit-learn's.

    Raises
    ------
    ValueError
        If it is none.
    """
    if is_binned_tree(tree):
        return tree
    twin = _TWINS.get(type(tree))
    if twin is None:
        listed = ", ".join(kind.__name__ for kind in _TWINS)
        raise ValueError(
            f"engine='hist' grows trees on bins, and {tree!r} is no tree of "
            f"scikit-learn's. Use one of {listed}, or engine='exact'."
        )
    return twin(**tree.get_params(deep=False))
