"""Parameters of trees, checked and resolved against the data."""

from __future__ import annotations

import math
from numbers import Integral
from typing import Any

import numpy as np

from ensembles._typing import BoolArray, IntArray
from ensembles._validation import (
    check_choice,
    check_count,
    invalid_parameter,
    is_real,
)
from ensembles.exceptions import InvalidParameterError
from ensembles.trees._growth import Limits

__all__ = [
    "check_params",
    "groups_of",
    "limits_of",
    "resolve_max_features",
    "trends_of",
]

_CALLED = {
    "interaction_cst": "Interaction constraints",
    "monotonic_cst": "Monotonic constraints",
}


def check_params(tree: Any, criteria: tuple[str, ...]) -> None:
    """Raise for any parameter that is wrong whatever the data are.

    Raises
    ------
    InvalidParameterError
        For a value or type that is not allowed.
    """
    check_choice(tree, "criterion", tree.criterion, criteria)
    check_choice(tree, "splitter", tree.splitter, ("best", "random"))
    check_count(tree, "max_depth", tree.max_depth, none=True)
    check_count(tree, "max_leaf_nodes", tree.max_leaf_nodes, low=2, none=True)
    _check_count_or_share(tree, "min_samples_split", 2, "(0.0, 1.0]")
    _check_count_or_share(tree, "min_samples_leaf", 1, "(0.0, 1.0)")
    _check_range(tree, "min_weight_fraction_leaf", 0.5)
    _check_range(tree, "min_impurity_decrease", math.inf)
    _check_range(tree, "ccp_alpha", math.inf)
    _check_max_features(tree)


def _check_count_or_share(tree: Any, name: str, low: int, shares: str) -> None:
    """Raise unless a parameter is a number of rows or a share of them."""
    value = getattr(tree, name)
    is_whole = isinstance(value, Integral)
    fine = is_real(value) and (value >= low if is_whole else 0.0 < value <= 1.0)
    if not is_whole and shares.endswith(")") and value == 1.0:
        fine = False
    if not fine:
        allowed = f"an int in the range [{low}, inf) or a float in the range {shares}"
        raise invalid_parameter(tree, name, value, allowed)


def _check_range(tree: Any, name: str, high: float) -> None:
    """Raise unless a parameter is a number from zero to `high`."""
    value = getattr(tree, name)
    if not (is_real(value) and 0.0 <= value <= high and value < math.inf):
        closing = "inf)" if high == math.inf else f"{high}]"
        allowed = f"a float in the range [0.0, {closing}"
        raise invalid_parameter(tree, name, value, allowed)


def _check_max_features(tree: Any) -> None:
    value = tree.max_features
    if value is None or (isinstance(value, str) and value in ("sqrt", "log2")):
        return
    is_whole = isinstance(value, Integral)
    if not (is_real(value) and (value >= 1 if is_whole else 0.0 < value <= 1.0)):
        allowed = (
            "an int in the range [1, inf), a float in the range (0.0, 1.0], a str "
            "among {'log2', 'sqrt'} or None"
        )
        raise invalid_parameter(tree, "max_features", value, allowed)


def resolve_max_features(value: Any, n_features: int) -> int:
    """Number of features that are drawn for a node."""
    if value is None:
        return n_features
    if value == "sqrt":
        return max(1, int(np.sqrt(n_features)))
    if value == "log2":
        return max(1, int(np.log2(n_features)))
    if isinstance(value, Integral):
        return int(value)
    return max(1, int(value * n_features))


def limits_of(
    tree: Any, n_rows: int, n_features: int, trends: Any, names: Any
) -> Limits:
    """Parameters of a tree as limits.

    Parameters
    ----------
    tree : tree
        Whose parameters have been checked.
    n_rows, n_features : int
        Size of the data.
    trends : ndarray or None
        What `trends_of` returned.
    names : ndarray or None
        Names of the features.

    Returns
    -------
    Limits
        Counts in place of shares.
    """
    leaf, split = tree.min_samples_leaf, tree.min_samples_split
    if not isinstance(leaf, Integral):
        leaf = math.ceil(leaf * n_rows)
    if not isinstance(split, Integral):
        split = max(2, math.ceil(split * n_rows))
    return Limits(
        max_features=tree.max_features_,
        max_depth=tree.max_depth,
        max_leaves=tree.max_leaf_nodes,
        min_rows_split=max(int(split), 2 * int(leaf)),
        min_rows_leaf=int(leaf),
        min_weight_fraction=float(tree.min_weight_fraction_leaf),
        min_decrease=float(tree.min_impurity_decrease),
        draws_cuts=tree.splitter == "random",
        trends=trends,
        groups=groups_of(tree, n_features, names),
    )


def _positions(names: Any, listed: Any, n_features: int, parameter: str) -> list[int]:
    """Positions of features that are listed by position or name."""
    known = [] if names is None else list(names)
    positions = []
    for one in listed:
        if isinstance(one, str):
            if one not in known:
                raise ValueError(
                    f"{parameter} names {one!r}, which is not a feature. "
                    + (f"X has {known}." if known else "X has no column names.")
                )
            positions.append(known.index(one))
        elif isinstance(one, Integral) and 0 <= int(one) < n_features:
            positions.append(int(one))
        else:
            raise ValueError(
                f"{_CALLED[parameter]} must consist of integer indices in "
                f"[0, n_features - 1] = [0, {n_features - 1}], specifying the position "
                f"of features, or of feature names, got: {one!r}"
            )
    return positions


def groups_of(tree: Any, n_features: int, names: Any) -> BoolArray | None:
    """Which features may meet on a path; features in no group make one of their own."""
    wanted = tree.interaction_cst
    if wanted is None:
        return None
    if isinstance(wanted, str):
        if wanted == "no_interactions":
            return np.eye(n_features, dtype=bool)
        if wanted != "pairwise":
            allowed = "'pairwise', 'no_interactions', a list of lists, or None"
            raise invalid_parameter(tree, "interaction_cst", wanted, allowed)
        wanted = [(i, j) for i in range(n_features) for j in range(i)] or [(0,)]
    try:
        listed = [list(group) for group in wanted]
    except TypeError:
        raise InvalidParameterError(
            "Interaction constraints must be a sequence of tuples or lists, got: "
            f"{wanted!r}. For all pairs pass 'pairwise', for none 'no_interactions'."
        ) from None
    rest: set[int] = set(range(n_features))
    groups = []
    for group in listed:
        mask = np.zeros(n_features, dtype=bool)
        mask[_positions(names, group, n_features, "interaction_cst")] = True
        groups.append(mask)
        rest -= set(np.flatnonzero(mask).tolist())
    if rest:
        mask = np.zeros(n_features, dtype=bool)
        mask[sorted(rest)] = True
        groups.append(mask)
    return np.array(groups)


def trends_of(tree: Any, n_features: int, names: Any) -> IntArray | None:
    """1, -1 or 0 for each feature; None where predictions need not be monotone.

    Raises
    ------
    ValueError
        If `monotonic_cst` does not fit the features.
    """
    wanted = tree.monotonic_cst
    if wanted is None:
        return None
    if isinstance(wanted, dict):
        listed = np.zeros(n_features)
        at = _positions(names, wanted, n_features, "monotonic_cst")
        listed[at] = list(wanted.values())
    else:
        listed = np.asarray(wanted)
    if listed.shape != (n_features,):
        raise ValueError(
            f"monotonic_cst has shape {listed.shape[0] if listed.ndim else ()} but the "
            f"input data X has {n_features} features."
        )
    if not np.isin(listed, (-1, 0, 1)).all():
        raise ValueError(
            "monotonic_cst must be None or an array-like of -1, 0 or 1, but got "
            f"{np.unique(listed)}"
        )
    return listed.astype(np.int8) if listed.any() else None
