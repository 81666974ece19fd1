"""Labels of the target and of predictions as numbers of classes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ensembles._typing import IntArray

__all__ = ["distinct_columns", "numbered"]


def numbered(labels: Sequence[Any]) -> tuple[Any, IntArray]:
    """Classes of all columns of labels, and the number of each label's class."""
    columns = [np.unique(one, return_inverse=True) for one in labels]
    classes = np.unique(np.concatenate([own for own, _ in columns]))
    return classes, np.stack(
        [np.searchsorted(classes, own)[number] for own, number in columns]
    )


def distinct_columns(table: IntArray, n_classes: int) -> tuple[IntArray, IntArray]:
    """Distinct columns of a table of classes, and which of them each column is."""
    codes, n_codes = np.zeros(table.shape[1], dtype=np.int64), 1
    for classes in table:
        codes = codes * n_classes + classes
        if n_codes * n_classes > len(codes):
            codes = np.unique(codes, return_inverse=True)[1]
        else:  # few enough to be counted, which sorts nothing
            is_seen = np.bincount(codes, minlength=n_codes * n_classes) > 0
            codes = (np.cumsum(is_seen) - 1)[codes]
        n_codes = int(codes.max()) + 1
    a_row_of = np.empty(n_codes, dtype=np.int64)
    a_row_of[codes] = np.arange(len(codes))
    return table[:, a_row_of], codes
