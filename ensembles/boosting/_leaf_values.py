"""Leaves of trees whose values are set anew, whoever grew them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from sklearn.tree import BaseDecisionTree

from ensembles._typing import Estimator, FloatArray, IntArray, Table
from ensembles.trees import HistTreeRegressor

__all__ = ["has_leaves", "leaves_of", "set_leaf_values"]


def has_leaves(estimator: Estimator) -> bool:
    """Whether it is a tree whose leaves can be told values.

    Parameters
    ----------
    estimator : estimator
        Of any kind, fitted or not.
    """
    return isinstance(estimator, BaseDecisionTree | HistTreeRegressor)


def leaves_of(tree: Any, X: Table) -> IntArray:
    """Number of the leaf that each row falls into.

    Parameters
    ----------
    tree : DecisionTreeRegressor or HistTreeRegressor
        Fitted.
    X : table of shape (n_samples, n_features)
        Rows.
    """
    return np.asarray(tree.apply(X))


def set_leaf_values(tree: Any, leaves: IntArray, values: FloatArray) -> None:
    """Let some leaves predict other values.

    Parameters
    ----------
    tree : DecisionTreeRegressor or HistTreeRegressor
        Fitted.
    leaves : ndarray of shape (n_leaves,)
        Numbers of leaves.
    values : ndarray of shape (n_leaves,)
        What they are to predict.
    """
    if isinstance(tree, BaseDecisionTree):
        tree.tree_.value[leaves, 0, 0] = values
        return
    changed = tree.tree_.leaf_values.copy()
    changed[leaves, 0] = values
    tree.tree_ = replace(tree.tree_, leaf_values=changed)
