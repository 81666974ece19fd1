"""What trees learn, in the whole numbers that splits are judged by."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ensembles._engine import kernels_for
from ensembles._typing import FloatArray, IntArray
from ensembles.trees._layout import (
    ENTROPY,
    LARGEST_SUM,
    POISSON,
    SQUARE,
    WEIGHT,
)
from ensembles.trees._rows import UsedRows

__all__ = ["Statistics", "Target", "statistics_of"]

_SECONDS_PER_ROW = 5e-8  # of the twin
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
    row_steps: float = 1.0
    """Steps of the stored weights that count as a row."""
    total_steps: int = 0
    """Sum of the stored weights."""
    center: float = 0.0
    scale: float = 1.0
    """Words of values are ``scale * (y - center)``."""
    gain_factor: float = 1.0
    """Impurity times weight, for a gain of one."""


def statistics_of(target: Target, rows: UsedRows, *, counts_rows: bool) -> Statistics:
    """Choose how to keep the sums of a target, and make what each row adds.

    Parameters
    ----------
    target : Target
        Of all rows.
    rows : UsedRows
        Rows to learn from.
    counts_rows : bool
        Whether leaves need a least number of rows above one.

    Returns
    -------
    Statistics
        With entries for all rows, zero where not used.
    """
    n_rows, unit, is_whole = len(rows), 1.0, rows.is_whole
    total, heaviest = rows.total, rows.heaviest
    if rows.lightest == rows.heaviest:
        counts_rows, unit, is_whole = False, rows.heaviest, True
        total, heaviest = float(n_rows), 1.0
    two = target.n_classes in ((1,), (2,))
    single = target.n_outputs == 1 and (two or not target.n_classes)
    if single and is_whole and total <= WEIGHT and not counts_rows:
        return _words(target, rows, int(total), unit)
    largest = n_rows * heaviest
    step = 1.0 if is_whole and largest < _LARGEST else _step(largest)
    used = rows.weights[rows.order] / unit
    steps = np.maximum(np.rint(used / step), 1.0).astype(np.int64)
    kind = _counts if target.n_classes and not single else _sums
    return kind(target, steps, rows, step * unit, counts_rows)


def _row_steps(rows: UsedRows, weight_step: float, total_steps: int) -> float:
    """Steps of weight that count as a row: whole weights are numbers of rows."""
    return 1.0 / weight_step if rows.adds_exactly else total_steps / len(rows)


def _step(largest_sum: float) -> float:
    """A power of two in which sums of no more than this can be counted."""
    return float(2.0 ** np.ceil(np.log2(max(largest_sum, 1e-300) / _LARGEST)))


def _words(target: Target, rows: UsedRows, total: int, unit: float) -> Statistics:
    """One word a row: two classes, or values with small whole weights."""
    center, scale = 0.0, 1.0
    if not target.n_classes:
        if target.criterion != POISSON:
            center = rows.low / 2.0 + rows.high / 2.0
        reach = max(rows.high - center, center - rows.low)
        if reach > 0.0:
            scale = min(LARGEST_SUM / total / reach, 1e300)
    amounts = np.zeros((len(target.values), 1), np.int64)
    kernels = kernels_for("trees", "rows", _SECONDS_PER_ROW * len(rows))
    kernels.write_words(
        target.values, rows.weights, rows.order, unit, center, scale, amounts
    )
    return Statistics(
        amounts,
        weight_step=unit,
        row_steps=_row_steps(rows, unit, total),
        total_steps=total,
        center=center,
        scale=scale,
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
    target: Target, weights: Any, rows: UsedRows, step: float, counts_rows: bool
) -> Statistics:
    """The weight of a row, once for each output, in the channel of its class."""
    order, total = rows.order, int(weights.sum())
    offsets = np.cumsum([0, *target.n_classes])
    classes = target.values[order].astype(np.int32) + offsets[:-1].astype(np.int32)
    channels, amounts = list(classes.T), [weights] * target.n_outputs
    if counts_rows:
        channels.append(np.full(len(order), offsets[-1], np.int32))
        amounts.append(np.ones_like(weights))
    n_rows = len(target.values)
    return Statistics(
        _spread(order, n_rows, amounts),
        channels=_spread(order, n_rows, channels),
        n_channels=int(offsets[-1]) + counts_rows,
        counts_rows=counts_rows,
        offsets=offsets,
        steps=np.ones(target.n_outputs),
        weight_step=step,
        row_steps=_row_steps(rows, step, total),
        total_steps=total,
        gain_factor=step * _per_output(target),
    )


def _sums(
    target: Target, weights: Any, rows: UsedRows, step: float, counts_rows: bool
) -> Statistics:
    """Weighted values of each output, then the weight."""
    order, total = rows.order, int(weights.sum())
    amounts, steps, center = [], np.ones(target.n_outputs), 0.0
    for output, y in enumerate(target.values[order].T):
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
    numbers = [np.full(len(order), k, np.int32) for k in range(n_channels)]
    return Statistics(
        _spread(order, n_rows, amounts),
        channels=_spread(order, n_rows, numbers),
        n_channels=n_channels,
        is_sums=True,
        counts_rows=counts_rows,
        offsets=np.zeros(2, np.int64),
        steps=steps,
        weight_step=step,
        row_steps=_row_steps(rows, step, total),
        total_steps=total,
        center=center,
        gain_factor=step * _per_output(target),
    )
