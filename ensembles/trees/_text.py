"""A tree as text, a line a node."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ensembles._typing import IntArray
from ensembles.trees._tree import Tree
from ensembles.trees._wording import Wording

__all__ = ["text_of"]


def text_of(
    wording: Wording, max_depth: int | None, spacing: int, *, show_weights: bool
) -> str:
    """Write a tree as scikit-learn's ``export_text`` does.

    Parameters
    ----------
    wording : Wording
        How nodes are written.
    max_depth : int or None
        Depth below which branches are left out.
    spacing : int
        Dashes before a node.
    show_weights : bool
        Whether to write the weights of classes.

    Returns
    -------
    str
        Lines that end with a newline.
    """
    heights = _heights(wording.tree)
    limit = wording.tree.node_count if max_depth is None else max_depth

    def lines(node: int, depth: int) -> Iterator[str]:
        indent = ("|" + " " * spacing) * (depth - 1) + "|" + "-" * spacing
        if wording.tree.is_leaf[node]:
            yield f"{indent} {_prediction(wording, node, show_weights=show_weights)}\n"
        elif depth > limit + 1:
            yield f"{indent} truncated branch of depth {heights[node] + 1}\n"
        else:
            left = wording.nodes.left[node]
            yield f"{indent} {wording.condition(node, left=True)}\n"
            yield from lines(left, depth + 1)
            yield f"{indent} {wording.condition(node, left=False)}\n"
            yield from lines(left + 1, depth + 1)

    return "".join(lines(0, 1))


def _heights(tree: Tree) -> IntArray:
    """Length of the longest path below each node."""
    heights, children = np.zeros(tree.node_count, np.intp), tree.children_left
    for level in tree._levels[-2::-1]:
        inner = level[~tree.is_leaf[level]]
        left = children[inner]
        heights[inner] = 1 + np.maximum(heights[left], heights[left + 1])
    return heights


def _prediction(wording: Wording, node: int, *, show_weights: bool) -> str:
    """What a leaf predicts."""
    if wording.class_names is None:
        return f"value: {wording.numbers(wording.amounts(node)[0])}"
    text = f"class: {wording.classes(node)}"
    if show_weights:
        weights = " ".join(map(wording.numbers, wording.amounts(node)))
        text = f"weights: {weights} {text}"
    return text
