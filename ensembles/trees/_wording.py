"""Nodes in words: what a side of a split holds, and what a node predicts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
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

    `given` holds those of one output, or a sequence of them for each.
    """
    if not hasattr(tree, "classes_"):
        return None
    single = tree.n_outputs_ == 1
    classes = [tree.classes_] if single else tree.classes_
    if given is None or given is True:
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

    def numbers(self, values: FloatArray) -> str:
        """Several numbers in brackets."""
        return f"[{', '.join(self.number(value) for value in values)}]"

    def condition(self, node: int, *, left: bool, gap: str = " ") -> str:
        """What holds on one side of a split; `gap` follows what is short."""
        tree, name = self.tree, self.feature_names[self.tree.feature[node]]
        if tree.is_category[node]:
            verb = "in" if left else "not in"
            text = f"{name} {verb} {{{', '.join(self._categories(node))}}}"
        elif np.isinf(tree.threshold[node]):
            return f"{name} is {'known' if left else 'missing'}"
        else:
            sign = "<=" if left else f">{gap}"
            text = f"{name} {sign} {self.number(tree.threshold[node])}"
        is_here = bool(tree.missing_go_to_left[node]) == left
        return f"{text} or missing" if self.show_missing and is_here else text

    def _categories(self, node: int) -> list[str]:
        """Categories that go left, of those that come so far."""
        tree, feature = self.tree, self.tree.feature
        known = tree.binner.categories_[feature[node]]
        here = self._subset(node)[: len(known)]
        child, above = node, tree._parent[node]
        while above >= 0:
            if feature[above] == feature[node]:
                goes_left = child == tree.children_left[above]
                here = here & (self._subset(above)[: len(known)] == goes_left)
            child, above = above, tree._parent[above]
        return [str(known[code]) for code in np.flatnonzero(here)]

    def _subset(self, node: int) -> BoolArray:
        """Whether each code goes left."""
        words = self.tree.subsets[self.tree.subset_rows[node]].astype("<u8")
        bits = np.unpackbits(words.view(np.uint8), bitorder="little")
        return np.asarray(bits, dtype=bool)

    def classes(self, node: int) -> str:
        """The class with the largest share, of each output."""
        assert self.class_names is not None
        best = self.tree.value[node].argmax(axis=1)
        names = [one[k] for one, k in zip(self.class_names, best, strict=True)]
        return names[0] if len(names) == 1 else f"[{', '.join(names)}]"

    def amounts(self, node: int, *, as_shares: bool = False) -> list[FloatArray]:
        """Weights of the classes of each output, or the means of all outputs."""
        value = self.tree.value[node]
        if self.class_names is None:
            return [value[:, 0]]
        scale = 1.0 if as_shares else self.tree.weighted_n_node_samples[node]
        sizes = map(len, self.class_names)
        return [scale * one[:k] for one, k in zip(value, sizes, strict=True)]
