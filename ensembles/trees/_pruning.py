"""Minimal cost-complexity pruning: Breiman et al., CART, 1984, chapter 3."""

from __future__ import annotations

import heapq

import numpy as np

from ensembles._typing import BoolArray, FloatArray, IntArray
from ensembles.trees._tree import Tree

__all__ = ["prune", "pruning_path"]


def pruning_path(tree: Tree) -> tuple[FloatArray, FloatArray, list[int]]:
    """The weakest links, one after the other.

    Parameters
    ----------
    tree : Tree
        To be pruned down to its root.

    Returns
    -------
    alphas : ndarray of shape (n_steps,)
        Complexity parameter from which on each step is taken; the first is zero.
    impurities : ndarray of shape (n_steps,)
        Sum of the leaves' impurities after it, in shares of the weight.
    nodes : list of n_steps - 1 int
        Node that becomes a leaf in each step after the first.
    """
    left, is_leaf = tree.children_left, tree.is_leaf
    weight = tree.weighted_n_node_samples
    own = weight / weight[0] * tree.impurity
    below, n_leaves = np.where(is_leaf, own, 0.0), is_leaf.astype(np.intp)
    for level in tree._levels[-2::-1]:
        inner = level[~is_leaf[level]]
        below[inner] = below[left[inner]] + below[left[inner] + 1]
        n_leaves[inner] = n_leaves[left[inner]] + n_leaves[left[inner] + 1]
    parent, gone = tree._parent, is_leaf.copy()
    alpha = (own - below) / np.maximum(n_leaves - 1, 1)
    heap = [(alpha[node], int(node)) for node in np.flatnonzero(~is_leaf)]
    heapq.heapify(heap)
    alphas, impurities, nodes = [0.0], [float(below[0])], []
    while heap:
        weakest, node = heapq.heappop(heap)
        if gone[node] or weakest != alpha[node]:
            continue
        _close(node, left, gone)
        lost, more = n_leaves[node] - 1, own[node] - below[node]
        below[node], n_leaves[node] = own[node], 1
        above = parent[node]
        while above >= 0:
            n_leaves[above] -= lost
            below[above] += more
            alpha[above] = (own[above] - below[above]) / (n_leaves[above] - 1)
            heapq.heappush(heap, (alpha[above], int(above)))
            above = parent[above]
        alphas.append(float(weakest))
        impurities.append(float(below[0]))
        nodes.append(node)
    return np.array(alphas), np.array(impurities), nodes


def _close(node: int, left: IntArray, gone: BoolArray) -> None:
    """Mark a node and all that comes after it."""
    stack = [node]
    while stack:
        one = stack.pop()
        gone[one] = True
        if left[one] >= 0:
            stack += [int(left[one]), int(left[one]) + 1]


def prune(tree: Tree, alpha: float) -> Tree:
    """The smallest subtree whose cost with this complexity parameter is least."""
    if alpha <= 0.0:
        return tree
    alphas, _, nodes = pruning_path(tree)
    ends = np.zeros(tree.node_count, bool)
    for step, node in zip(alphas[1:], nodes, strict=True):
        if step > alpha:
            break
        ends[node] = True
    return tree.keep(ends)
