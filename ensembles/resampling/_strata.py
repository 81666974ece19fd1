"""Strata: parts of the rows that draws keep apart, by class of y or by an array."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from sklearn.utils import column_or_1d
from sklearn.utils.multiclass import type_of_target

from ensembles._typing import ArrayLike, IntArray
from ensembles._validation import check_labels, invalid_parameter

__all__ = ["Strata", "rows_by_code", "stratum_codes"]

# Rows of each stratum.
Strata: TypeAlias = list[IntArray]


def stratum_codes(scheme: Any, n_samples: int, y: ArrayLike | None) -> IntArray:
    """Number of each row's stratum; strata in sorted order of their labels."""
    who, labels = type(scheme).__name__, scheme.stratify
    if isinstance(labels, str):
        if labels != "y":
            raise invalid_parameter(
                scheme, "stratify", labels, "'y', an array-like or None"
            )
        if y is None:
            raise ValueError(
                f"{who}(stratify='y') needs y, got None. Pass y, or an array as "
                "stratify."
            )
        kind = type_of_target(y)
        if kind not in {"binary", "multiclass"}:
            raise ValueError(
                f"{who}(stratify='y') needs class labels, got a {kind} target. Pass "
                "bins of y as stratify, or stratify=None."
            )
        labels = column_or_1d(y)
    labels = np.asarray(labels)
    if labels.shape != (n_samples,):
        raise ValueError(
            f"stratify must have one label for each of {n_samples} rows, got shape "
            f"{labels.shape}. An array given to the constructor cannot follow subsets "
            "of the data; stratify='y' can."
        )
    check_labels("stratify", labels)
    return np.unique(labels, return_inverse=True)[1]


def rows_by_code(codes: IntArray) -> Strata:
    """Rows of each stratum, ascending."""
    by_stratum = np.argsort(codes, kind="stable")
    return np.split(by_stratum, np.cumsum(np.bincount(codes))[:-1])
