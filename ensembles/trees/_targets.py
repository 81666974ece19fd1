"""What trees learn, in the whole numbers that splits are judged by."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ensembles._typing import FloatArray, IntArray
from ensembles.trees._layout import (
    ENTROPY,
    LARGEST_SUM,
    POISSON,
    SQUARE,
    WEIGHT,
    WEIGHT_BITS,
)

__all__ = ["Statistics", "Target", "statistics_of"]

# Sums of fixed-point numbers stay below this.
_LARGEST = 2.0**61


@dataclass(frozen=True, slots=True)
class Target:
    """Classes or values of rows, and how impurity is measured."""

    values: FloatArray
    """Numbers of classes, or values; shape (n_rows, n_outputs)."""
    n_classes: tuple[int, ...]
    """Of each output; empty for values."""
    criterion: int
    """`SQUARE`, `ENTROPY` or `POISSON`."""

    @property
    def n_outputs(self) -> int:
        """Number of outputs."""
        return int(self.values.shape[1])

    @property
    def width(self) -> int:
        """Numbers that a leaf predicts: classes of all outputs, or outputs."""
        return sum(self.n_classes) or self.n_outputs


@dataclass(frozen=True, slots=True)
class Statistics:
    """What rows add to histograms; see `_layout` for words, counts and sums."""

    amounts: Any
    channels: Any = None
    """Of each amount; None for words."""
    n_channels: int = 0
    is_sums: bool = False
    counts_rows: bool = False
    offsets: Any = None
    steps: Any = None
    weight_step: float = 1.0
    """Weight that one step of the stored weights stands for."""
    center: float = 0.0
    scale: float = 1.0
    """Words of values are ``scale * (y - center)``."""
    gain_factor: float = 1.0
    """Impurity times weight, for a gain of one."""


def statistics_of(
    target: Target, weights: FloatArray | None, rows: IntArray, *, counts_rows: bool
) -> Statistics:
    """Choose how to keep the sums of a target, and make what each row adds.

    Parameters
    ----------
    target : Target
        Of all rows.
    weights : ndarray of shape (n_rows,) or None
        None means one each.
    rows : ndarray of shape (n_rows_used,)
        Rows with a weight above zero.
    counts_rows : bool
        Whether leaves need a least number of rows above one.

    Returns
    -------
    Statistics
        With entries for all rows, zero where not used.
    """
    used = np.ones(len(rows)) if weights is None else weights[rows]
    if (used == used[0]).all():
        used, counts_rows, unit = np.ones(len(rows)), False, float(used[0])
    else:
        unit = 1.0
    total, two = used.sum(), target.n_classes in ((1,), (2,))
    is_whole = bool((used == np.floor(used)).all())
    single = target.n_outputs == 1 and (two or not target.n_classes)
    if single and is_whole and total <= WEIGHT and not counts_rows:
        return _words(target, used.astype(np.int64), rows, unit)
    step = 1.0 if is_whole and total < _LARGEST else _step(len(used) * used.max())
    steps = np.maximum(np.rint(used / step), 1.0).astype(np.int64)
    kind = _counts if target.n_classes and not single else _sums
    return kind(target, steps, rows, step * unit, counts_rows)


def _step(largest_sum: float) -> float:
    """A power of two in which sums of no more than this can be counted."""
    return float(2.0 ** np.ceil(np.log2(max(largest_sum, 1e-300) / _LARGEST)))


def _words(target: Target, weights: Any, rows: IntArray, unit: float) -> Statistics:
    """One word a row: two classes, or values with small whole weights."""
    y, center, scale = target.values[rows, 0], 0.0, 1.0
    if not target.n_classes:
        low, high = y.min(), y.max()
        center = 0.0 if target.criterion == POISSON else low / 2.0 + high / 2.0
        reach = max(high - center, center - low)
        if reach > 0.0:
            scale = min(LARGEST_SUM / float(weights.sum()) / reach, 1e300)
    steps = np.floor((y - center) * scale + 0.5).astype(np.int64)
    amounts = np.zeros((len(target.values), 1), np.int64)
    amounts[rows, 0] = ((steps * weights) << WEIGHT_BITS) | weights
    return Statistics(
        amounts,
        weight_step=unit,
        center=float(center),
        scale=float(scale),
        gain_factor=unit * _per_output(target),
    )


def _per_output(target: Target) -> float:
    """Mean impurity of outputs, for a gain of one summed over them."""
    if target.criterion == ENTROPY:
        return float(1.0 / np.log(2.0) / target.n_outputs)
    # The variance of two classes is half their Gini impurity.
    is_gini_by_variance = target.criterion == SQUARE and target.n_classes in (
        (1,),
        (2,),
    )
    return (2.0 if is_gini_by_variance else 1.0) / target.n_outputs


def _spread(rows: IntArray, n_rows: int, columns: list[Any]) -> Any:
    """Columns with one entry a row used, in a table of all rows."""
    table = np.zeros((n_rows, len(columns)), columns[0].dtype)
    for k, column in enumerate(columns):
        table[rows, k] = column
    return table


def _counts(
    target: Target, weights: Any, rows: IntArray, step: float, counts_rows: bool
) -> Statistics:
    """The weight of a row, once for each output, in the channel of its class."""
    offsets = np.cumsum([0, *target.n_classes])
    classes = target.values[rows].astype(np.int32) + offsets[:-1].astype(np.int32)
    channels, amounts = list(classes.T), [weights] * target.n_outputs
    if counts_rows:
        channels.append(np.full(len(rows), offsets[-1], np.int32))
        amounts.append(np.ones_like(weights))
    n_rows = len(target.values)
    return Statistics(
        _spread(rows, n_rows, amounts),
        channels=_spread(rows, n_rows, channels),
        n_channels=int(offsets[-1]) + counts_rows,
        counts_rows=counts_rows,
        offsets=offsets,
        steps=np.ones(target.n_outputs),
        weight_step=step,
        gain_factor=step * _per_output(target),
    )


def _sums(
    target: Target, weights: Any, rows: IntArray, step: float, counts_rows: bool
) -> Statistics:
    """Weighted values of each output, then the weight."""
    amounts, steps, center = [], np.ones(target.n_outputs), 0.0
    for output, y in enumerate(target.values[rows].T):
        if target.n_classes:
            amounts.append(weights * y.astype(np.int64))
            continue
        if target.criterion != POISSON:
            center = float(y.min() / 2.0 + y.max() / 2.0)
        weighted = weights * (y - center)
        steps[output] = _step(len(y) * np.abs(weighted).max())
        amounts.append(np.rint(weighted / steps[output]).astype(np.int64))
    amounts.append(weights)
    if counts_rows:
        amounts.append(np.ones_like(weights))
    n_rows, n_channels = len(target.values), len(amounts)
    numbers = [np.full(len(rows), k, np.int32) for k in range(n_channels)]
    return Statistics(
        _spread(rows, n_rows, amounts),
        channels=_spread(rows, n_rows, numbers),
        n_channels=n_channels,
        is_sums=True,
        counts_rows=counts_rows,
        offsets=np.zeros(2, np.int64),
        steps=steps,
        weight_step=step,
        center=center,
        gain_factor=step * _per_output(target),
    )
