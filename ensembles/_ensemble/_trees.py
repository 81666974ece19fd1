"""The mean of binned trees, added up leaf by leaf by compiled code."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ensembles._ensemble._outputs import FittedMember, probabilities, values
from ensembles._typing import FloatArray
from ensembles.trees import BinnedMatrix
from ensembles.trees._grower import is_binned_tree
from ensembles.trees._layout import MISSING

__all__ = ["are_plain_trees", "mean_of_trees"]


def are_plain_trees(members: Sequence[FittedMember], output: Any) -> bool:
    """Whether members are binned trees that see all columns and know all classes.

    `output` must be what they predict, with nothing else passed on.
    """
    kind, given = getattr(output, "func", None), getattr(output, "keywords", {})
    if kind not in (probabilities, values) or given["params"]:
        return False
    n_classes = given["target"].n_classes if kind is probabilities else ()
    return all(
        member.columns is None
        and is_binned_tree(member.estimator)
        and member.estimator.tree_.classes_by_output == n_classes
        for member in members
    )


def mean_of_trees(
    members: Sequence[FittedMember], block: BinnedMatrix
) -> list[FloatArray]:
    """Mean of what trees predict for rows, in the order of the trees.

    Parameters
    ----------
    members : sequence of FittedMember
        For which `are_plain_trees` is true.
    block : BinnedMatrix
        Rows.

    Returns
    -------
    list of ndarray of shape (n_rows,) or (n_rows, k)
        As the output functions give them.
    """
    trees = [member.estimator.tree_ for member in members]
    totals = np.zeros((len(block), trees[0].leaf_values.shape[1]))
    may_be_missing = bool((block.rows == MISSING).any())
    for tree in trees:
        tree.add_values_to(totals, block.rows, may_be_missing=may_be_missing)
    mean = trees[0].full(totals / len(trees))
    if trees[0].classes_by_output:
        return list(trees[0].by_output(mean))
    return [mean[:, 0] if mean.shape[1] == 1 else mean]
