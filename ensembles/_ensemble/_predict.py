"""Outputs of all members combined, with no more memory and no more casts than needed.

Members are asked one after another and their outputs added in member order, so the
result is the same to the bit for every ``n_jobs``. Where all members are scikit-learn's
trees, X is cast to float32 once instead of once a member, in blocks of rows that stay
in the processor's cache. Binned trees take blocks too, of codes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import TypeAlias

import numpy as np

from ensembles._combine import Combiner, Rule
from ensembles._ensemble._casting import (
    TrustingTree,
    check_names,
    float32_array,
    is_finite,
    row_blocks,
    trees_may_share_a_cast,
    without_names,
)
from ensembles._ensemble._outputs import FittedMember
from ensembles._ensemble._trees import are_plain_trees, mean_of_trees
from ensembles._parallel import map_where_worth
from ensembles._typing import FloatArray, Table
from ensembles.trees import BinnedMatrix

__all__ = ["Output", "collect", "combined", "stacked"]

Output: TypeAlias = Callable[[FittedMember, Table], list[FloatArray]]

_BLOCK_BYTES = 2**20
# Of codes: large enough for a tree to be read once for many rows.
_BLOCK_ROWS = 2**14


def collect(
    members: Sequence[FittedMember], X: Table, output: Output, n_jobs: int | None = None
) -> Iterator[list[FloatArray]]:
    """Yield each member's output in member order."""
    tasks = [(member, X) for member in members]
    return map_where_worth(output, tasks, n_jobs=n_jobs, prefer="threads")


def stacked(
    members: Sequence[FittedMember], X: Table, output: Output, n_jobs: int | None = None
) -> list[FloatArray]:
    """Return the members' outputs side by side, members first, for each output."""
    outputs = list(collect(members, X, output, n_jobs))
    return [np.stack(given) for given in zip(*outputs, strict=True)]


def combined(
    members: Sequence[FittedMember],
    X: Table,
    output: Output,
    rule: Rule,
    *,
    weights: FloatArray | None = None,
    n_jobs: int | None = None,
) -> list[FloatArray]:
    """Combine the outputs of all members, one array for each output of the target.

    Parameters
    ----------
    members : sequence of FittedMember
        At least one.
    X : table
        Rows to predict, in a form that the members take.
    output : callable
        One of `ensembles._ensemble._outputs`, bound to its parameters.
    rule : Rule
        How outputs become one.
    weights : ndarray of shape (m,) or None, default=None
        Weight of each member.
    n_jobs : int or None, default=None
        Number of workers.

    Returns
    -------
    list of ndarray of shape (n,) or (n, k)
        Combined outputs.
    """
    if rule.by_row and isinstance(X, BinnedMatrix):
        starts = range(0, max(len(X), 1), _BLOCK_ROWS)
        blocks = [(X[start : start + _BLOCK_ROWS],) for start in starts]
        task = partial(_combine_binned, members, output, rule, weights)
        return _concatenated(
            map_where_worth(task, blocks, n_jobs=n_jobs, prefer="threads")
        )
    estimators = (member.estimator for member in members)
    if rule.by_row and trees_may_share_a_cast(estimators, X):
        check_names([member.estimator for member in members], X)
        n_rows = max(256, _BLOCK_BYTES // (4 * max(1, X.shape[1])))
        blocks = [(block,) for block in row_blocks(X, n_rows)]
        members = [
            FittedMember(without_names(member.estimator), member.columns)
            for member in members
        ]
        task = partial(_combine_block, members, output, rule, weights)
        return _concatenated(
            map_where_worth(task, blocks, n_jobs=n_jobs, prefer="threads")
        )
    return _combine_lists(rule, collect(members, X, output, n_jobs), weights)


def _concatenated(parts: Iterator[list[FloatArray]]) -> list[FloatArray]:
    """Outputs on blocks of rows, as outputs on all."""
    return [np.concatenate(part) for part in zip(*parts, strict=True)]


def _combine_lists(
    rule: Rule, outputs: Iterator[list[FloatArray]], weights: FloatArray | None
) -> list[FloatArray]:
    """Run one combiner for each output of the target."""
    combiners: list[Combiner] = []
    for given in outputs:
        if not combiners:
            combiners = [Combiner(rule, weights) for _ in given]
        for combiner, array in zip(combiners, given, strict=True):
            combiner.add(array)
    return [combiner.result() for combiner in combiners]


def _combine_binned(
    members: Sequence[FittedMember],
    output: Output,
    rule: Rule,
    weights: FloatArray | None,
    block: BinnedMatrix,
) -> list[FloatArray]:
    """Combine the members' outputs on one block of rows that are codes."""
    if rule == Rule() and weights is None and are_plain_trees(members, output):
        return mean_of_trees(members, block)
    return _combine_lists(rule, (output(member, block) for member in members), weights)


def _combine_block(
    members: Sequence[FittedMember],
    output: Output,
    rule: Rule,
    weights: FloatArray | None,
    block: Table,
) -> list[FloatArray]:
    """Combine the members' outputs on one block of rows, cast once for all."""
    cast = float32_array(block)
    if is_finite(cast):  # else each tree says whether it takes such values
        members = [
            FittedMember(TrustingTree(member.estimator), member.columns)
            for member in members
        ]
    return _combine_lists(rule, (output(member, cast) for member in members), weights)
