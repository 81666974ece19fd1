"""Members of an ensemble: trees that share codes, target and limits."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, final

from sklearn.base import clone

from ensembles._typing import Estimator, FloatArray, IntArray
from ensembles.trees._base import BaseHistTree, checked_target, keys_of
from ensembles.trees._binned import BinnedMatrix
from ensembles.trees._classifier import HistTreeClassifier
from ensembles.trees._params import check_params
from ensembles.trees._pruning import prune
from ensembles.trees._regressor import HistTreeRegressor

__all__ = ["TreeGrower", "is_binned_tree"]


def is_binned_tree(estimator: Estimator) -> bool:
    """Whether it is one of our trees; a subclass may look at X as it came."""
    return type(estimator) in (HistTreeClassifier, HistTreeRegressor)


@final
class TreeGrower:
    """Grows trees that differ in the weights of rows and in what is random alone.

    What depends on neither is checked and computed once. A tree of it is the tree that
    ``fit`` would grow.

    Parameters
    ----------
    tree : tree
        Whose parameters the members have.
    binned : BinnedMatrix
        Rows to learn from.
    y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        Target.
    """

    def __init__(self, tree: BaseHistTree, binned: BinnedMatrix, y: Any) -> None:
        self._like = clone(tree)
        check_params(self._like, self._like._criteria)
        self._task = self._like._task(binned, checked_target(y))

    def grow(
        self, weights: FloatArray | IntArray | None, random_state: int
    ) -> BaseHistTree:
        """Return a fitted tree.

        Parameters
        ----------
        weights : ndarray of shape (n_samples,) or None
            How much each row counts; None means one each.
        random_state : int
            Of features and cuts drawn.

        Returns
        -------
        tree
            That shares with its like all but `tree_`.

        Raises
        ------
        ValueError
            If no row has a weight.
        """
        member: BaseHistTree = object.__new__(type(self._like))
        member.__dict__.update(self._like.__dict__)
        member.random_state = random_state
        key, _ = keys_of(member.random_state)
        member.tree_ = prune(self._task.grow(weights, key), float(member.ccp_alpha))
        return member

    def adopt(self, member: BaseHistTree) -> None:
        """Let a tree that comes from another process share what all do."""
        if member.binner_ is not self._like.binner_:
            tree = replace(member.tree_, binner=self._like.binner_)
            own = {"random_state": member.random_state, "tree_": tree}
            member.__dict__.update(self._like.__dict__ | own)
