"""Nodes in words: what a side of a split holds, and what a node predicts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from types import SimpleNamespace
from typing import Any

import numpy as np

from ensembles._typing import ArrayLike, BoolArray, FloatArray
from ensembles.trees._tree import Tree

__all__ = ["Wording", "class_names_of", "feature_names_of", "fixed", "trimmed"]


def feature_names_of(tree: Any, given: ArrayLike | None) -> list[str]:
    """Names of features: those given, those seen in fit, or numbers."""
    n_features = tree.n_features_in_
    if given is None:
        numbered = [f"feature_{j}" for j in range(n_features)]
        return [str(name) for name in getattr(tree, "feature_names_in_", numbered)]
    names = [str(name) for name in np.asarray(given, dtype=object)]
    if len(names) != n_features:
        raise ValueError(
            f"feature_names must contain {n_features} elements, got {len(names)}"
        )
    return names


def class_names_of(tree: Any, given: Any) -> list[list[str]] | None:
    """Names of the classes of each output; None for values.

    `given` holds those of one output, or a sequence of them for each; None and bools
    stand for the classes themselves.
    """
    if not hasattr(tree, "classes_"):
        return None
    single = tree.n_outputs_ == 1
    classes = [tree.classes_] if single else tree.classes_
    if given is None or isinstance(given, bool):
        given = classes
    elif single:
        given = [given]
    names = [[str(name) for name in one] for one in given]
    wanted = [len(one) for one in classes]
    if [len(one) for one in names] != wanted:
        got = [len(one) for one in names]
        raise ValueError(
            "When `class_names` is an array, it should contain as many items as "
            f"`decision_tree.classes_`. Got {got[0] if single else got} while the tree "
            f"was fitted with {wanted[0] if single else wanted} classes."
        )
    return names


def fixed(decimals: int, value: float) -> str:
    """A number with so many decimals."""
    return f"{value:.{decimals}f}"


def trimmed(decimals: int, value: float) -> str:
    """The same without zeros at the end."""
    text = fixed(decimals, value)
    return text.rstrip("0").rstrip(".") if decimals else text


@dataclass(frozen=True)
class Wording:
    """How the nodes of a tree are written.

    Parameters
    ----------
    tree : Tree
        The nodes.
    feature_names : sequence of str
        One a feature.
    class_names : list of lists of str or None
        Those of each output; None for values.
    number : callable
        Writes a number.
    show_missing : bool
        Whether to say on which side missing values are.
    """

    tree: Tree
    feature_names: Sequence[str]
    class_names: list[list[str]] | None
    number: Callable[[float], str]
    show_missing: bool = False

    @cached_property
    def nodes(self) -> Any:
        """Arrays that the tree makes anew each time that they are asked for."""
        tree = self.tree
        return SimpleNamespace(
            left=tree.children_left,
            feature=tree.feature,
            threshold=tree.threshold,
            is_category=tree.is_category,
            missing_left=tree.missing_go_to_left,
            value=tree.value,
            weight=tree.weighted_n_node_samples,
            impurity=tree.impurity,
        )

    def numbers(self, values: FloatArray) -> str:
        """Several numbers in brackets."""
        return f"[{', '.join(self.number(value) for value in values)}]"

    def condition(self, node: int, *, left: bool) -> str:
        """What holds on one side of a split."""
        name = self.feature_names[self.nodes.feature[node]]
        threshold = self.nodes.threshold[node]
        if self.nodes.is_category[node]:
            on_left, on_right = self._categories(node)
            if not (on_left and on_right):
                return f"{name} is {'known' if left == bool(on_left) else 'missing'}"
            text = f"{name} {'in' if left else 'not in'} {{{', '.join(on_left)}}}"
        elif np.isinf(threshold):
            return f"{name} is {'known' if left else 'missing'}"
        else:
            # A space more, so that values stand below one another.
            text = f"{name} {'<=' if left else '> '} {self.number(threshold)}"
        is_here = bool(self.nodes.missing_left[node]) == left
        return f"{text} or missing" if self.show_missing and is_here else text

    def _categories(self, node: int) -> tuple[list[str], list[str]]:
        """Categories that go left and right, of those that come so far."""
        feature, known = self.nodes.feature, self._known(node)
        here, goes_left = np.ones(len(known), bool), self._subset(node)
        child, above = node, self.tree._parent[node]
        while above >= 0:
            if feature[above] == feature[node]:
                is_left = child == self.nodes.left[above]
                here &= self._subset(above) == is_left
            child, above = above, self.tree._parent[above]
        return known[here & goes_left].tolist(), known[here & ~goes_left].tolist()

    def _known(self, node: int) -> Any:
        """Names of the categories of the feature that a node splits by."""
        categories = self.tree.binner.categories_[self.nodes.feature[node]]
        return np.array([str(one) for one in categories], dtype=object)

    def _subset(self, node: int) -> BoolArray:
        """Whether each category goes left."""
        words = self.tree.subsets[self.tree.subset_rows[node]].astype("<u8")
        bits = np.unpackbits(words.view(np.uint8), bitorder="little")
        return np.asarray(bits[: len(self._known(node))], dtype=bool)

    def classes(self, node: int) -> str:
        """The class with the largest share, of each output."""
        assert self.class_names is not None
        best = self.nodes.value[node].argmax(axis=1)
        names = [one[k] for one, k in zip(self.class_names, best, strict=True)]
        return names[0] if len(names) == 1 else f"[{', '.join(names)}]"

    def amounts(self, node: int, *, as_shares: bool = False) -> list[FloatArray]:
        """Weights of the classes of each output, or the means of all outputs."""
        value = self.nodes.value[node]
        if self.class_names is None:
            return [value[:, 0]]
        scale = 1.0 if as_shares else self.nodes.weight[node]
        sizes = map(len, self.class_names)
        return [scale * one[:k] for one, k in zip(value, sizes, strict=True)]
