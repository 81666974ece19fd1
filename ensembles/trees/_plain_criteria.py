"""What `_kernels_criteria` does, in numpy, for all boundaries at once.

Sums have a row for each channel and a column for each boundary.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from ensembles._typing import BoolArray, FloatArray, IntArray
from ensembles.trees._layout import ENTROPY, SQUARE
from ensembles.trees._plain_problem import Limits

__all__ = ["Rule", "gains_along", "gains_of", "weight_of"]


@dataclass(frozen=True, slots=True)
class Rule:
    """How splits of one node are judged."""

    limits: Limits
    offsets: list[int]
    """First channel of each output's classes, and the end."""
    steps: list[float]
    """What one in the sum of each output counts in gains."""
    value_step: float
    """What one in a sum of the first output counts in predictions."""
    bounds: tuple[float, float, float] | None
    """Least and largest prediction, and what predictions are around."""


def weight_of(sums: Any, rule: Rule) -> Any:
    """Weights in sums, in whole steps."""
    if rule.limits.sums:
        return sums[rule.limits.n_outputs]
    return sums[: rule.offsets[1]].sum(axis=0)


def gains_along(
    lines: IntArray,
    sums: IntArray,
    total: IntArray,
    at: IntArray,
    rule: Rule,
    trend: Any,
) -> FloatArray:
    """Gains of cuts after some of the bins in some lines of them.

    Each line adds up to `total`. ``lines`` says which of them, from 0 on, a bin is in.
    """
    left = np.cumsum(sums, axis=1) - total[:, None] * lines
    if rule.limits.sums:
        return gains_of(left[:, at], total, rule, trend)
    return _gains_of_counts(lines, sums, left, total, at, rule)


def gains_of(left: Any, total: Any, rule: Rule, trend: Any) -> FloatArray:
    """Gain of each cut by what is left of it and in all; -1 if not allowed."""
    limits = rule.limits
    w_left, w = weight_of(left, rule), weight_of(total, rule)
    is_allowed = np.minimum(w_left, w - w_left) >= limits.min_weight_leaf
    is_allowed &= _keeps_rows(left, total, rule)
    if rule.bounds is not None:
        is_allowed &= _keeps_bounds(left[0], w_left, total[0], w, rule, trend)
    judge = _gains_of_sums if limits.sums else _gains_of_classes
    return _where_allowed(is_allowed, judge(left[:, is_allowed], total, rule))


def _keeps_rows(left: Any, total: Any, rule: Rule) -> Any:
    """Whether both sides have rows enough, where the last channel counts them."""
    if not rule.limits.counts_rows:
        return True
    return np.minimum(left[-1], total[-1] - left[-1]) >= rule.limits.min_rows_leaf


def _where_allowed(is_allowed: BoolArray, gains: FloatArray) -> FloatArray:
    """Gains of all cuts from those of allowed ones; what is no number is no gain."""
    of_all = np.full(len(is_allowed), -1.0)
    of_all[is_allowed] = gains
    return np.where(of_all >= 0.0, of_all, -1.0)


def _keeps_bounds(
    s_left: Any, w_left: Any, s: Any, w: Any, rule: Rule, trend: Any
) -> BoolArray:
    """Whether predictions of two children follow a trend inside a node's bounds.

    Where a feature has no trend, leaves below are kept inside the bounds instead.
    """
    assert rule.bounds is not None
    lower, upper, center = rule.bounds
    v_left = center + s_left / w_left * rule.value_step
    v_right = center + (s - s_left) / (w - w_left) * rule.value_step
    is_inside = (v_left >= lower) & (v_left <= upper)
    is_inside &= (v_right >= lower) & (v_right <= upper)
    follows = is_inside & ((v_left - v_right) * trend <= 0.0)
    return np.asarray((trend == 0) | follows)


def _gains_of_sums(left: Any, total: Any, rule: Rule) -> FloatArray:
    """Gains summed over outputs; channels are their sums, then the weight."""
    n_outputs = rule.limits.n_outputs
    w_left, w = left[n_outputs].astype(np.float64), float(total[n_outputs])
    gains, is_allowed = np.zeros(len(w_left)), np.ones(len(w_left), bool)
    for output, step in enumerate(rule.steps):
        s_left, s = left[output] * step, float(total[output]) * step
        one = _moment_gains(s_left, w_left, s, w, rule.limits.criterion)
        is_allowed &= ~(one < 0.0)
        gains += one
    return np.where(is_allowed, gains, -1.0)


def _moment_gains(
    s_left: FloatArray, w_left: FloatArray, s: float, w: float, criterion: int
) -> FloatArray:
    """Gains of sums and weights, of two classes or of values."""
    s_right, w_right = s - s_left, w - w_left
    if criterion == SQUARE:
        d = s_left * w - w_left * s
        return np.asarray(d * d / (w_left * w_right))
    if criterion == ENTROPY:
        order = _order(np.array([s]), np.array([w]))
        gains = _order(s_left, w_left) + _order(s_right, w_right) - order
        return np.maximum(gains, 0.0)
    has_events = (s_left > 0.0) & (s_right > 0.0)
    gains = np.full(len(s_left), -1.0)
    if has_events.any():
        gain = _rates(s_left[has_events], w_left[has_events])
        gain = gain + _rates(s_right[has_events], w_right[has_events])
        gain = gain - s * math.log(s / w)
        gains[has_events] = np.maximum(gain, 0.0)
    return gains


def _rates(s: FloatArray, w: FloatArray) -> FloatArray:
    """Sums times the logarithms of their means."""
    return np.asarray(s * [math.log(mean) for mean in (s / w).tolist()])


def _order(ones: FloatArray, w: FloatArray) -> FloatArray:
    """Minus weight times entropy of two classes."""
    return _x_log_x(ones) + _x_log_x(w - ones) - _x_log_x(w)


def _x_log_x(x: FloatArray) -> FloatArray:
    """Each number times its logarithm.

    numpy's own logarithm may differ in the last bit.
    """
    log, flat = math.log, x.ravel().tolist()
    return np.array([v * log(v) if v > 0.0 else 0.0 for v in flat]).reshape(x.shape)


def _gains_of_counts(
    lines: IntArray,
    sums: IntArray,
    left: IntArray,
    total: IntArray,
    at: IntArray,
    rule: Rule,
) -> FloatArray:
    """Gains of classes at cuts after some of the bins in some lines of them.

    From one bin to the next, only the terms of classes that change sides are replaced.
    Outputs have the same weights, so their terms add up to one sum.
    """
    limits, own = rule.limits, slice(rule.offsets[-1])
    w_left = weight_of(left, rule)[at].astype(np.float64)
    w = float(weight_of(total, rule))
    is_allowed = np.minimum(w_left, w - w_left) >= limits.min_weight_leaf
    is_allowed &= _keeps_rows(left[:, at], total, rule)
    at, w_left = at[is_allowed], w_left[is_allowed]
    moved, all_rows, criterion = sums[own], total[own, None], limits.criterion
    in_all = _added(_terms(all_rows, criterion))
    sides = np.stack([left[own], all_rows - left[own]])
    before = np.stack([left[own] - moved, all_rows - left[own] + moved])
    new, old = _terms(sides, criterion), _terms(before, criterion)
    in_left, in_right = _replaced(lines, moved != 0, new, old, in_all)[:, at]
    gains = _class_gains(in_left, w_left, in_right, in_all, np.array([w]), limits)
    return _where_allowed(is_allowed, gains)


def _replaced(
    lines: IntArray, moves: BoolArray, new: FloatArray, old: FloatArray, in_all: Any
) -> FloatArray:
    """Sums of the terms of classes on both sides of cuts after each bin.

    One by one, terms of classes that move are replaced: in another order, rounding
    would differ.
    """
    starts = np.searchsorted(lines, np.arange(lines[-1] + 1))
    places = np.arange(len(lines)) - starts[lines]
    shape = (2, len(starts), int(places.max()) + 1, 2 * len(moves))
    changes = np.zeros(shape)
    changes[:, lines, places, ::2] = np.where(moves, new, 0.0).transpose(0, 2, 1)
    changes[:, lines, places, 1::2] = np.where(moves, -old, 0.0).transpose(0, 2, 1)
    changes[1, :, 0, 0] += in_all
    sums = np.add.accumulate(changes.reshape(2, len(starts), -1), axis=2)
    return np.asarray(sums.reshape(shape)[:, lines, places, -1])


def _terms(weights: Any, criterion: int) -> FloatArray:
    """What weights of classes add to the purity of a side."""
    numbers = weights.astype(np.float64)
    return numbers * numbers if criterion == SQUARE else _x_log_x(numbers)


def _gains_of_classes(left: Any, total: Any, rule: Rule) -> FloatArray:
    """Gains summed over outputs; channels are the weights of their classes."""
    own, limits = slice(rule.offsets[-1]), rule.limits
    in_left = left[own].astype(np.float64)
    both = total[own, None].astype(np.float64)
    w_left = weight_of(left, rule).astype(np.float64)
    w = np.array([float(weight_of(total, rule))])
    sides = [in_left, both - in_left, both]
    terms = [_added(_terms(side, limits.criterion)) for side in sides]
    return _class_gains(terms[0], w_left, terms[1], terms[2], w, limits)


def _class_gains(
    in_left: FloatArray,
    w_left: FloatArray,
    in_right: FloatArray,
    in_all: FloatArray,
    w: FloatArray,
    limits: Limits,
) -> FloatArray:
    """Gains summed over outputs, of the terms of their classes."""
    w_right = w - w_left
    if limits.criterion == SQUARE:
        gains = in_left / w_left + in_right / w_right - in_all / w
    else:
        n_outputs = float(limits.n_outputs)
        of_weights = _x_log_x(w_left) + _x_log_x(w_right)
        after = in_left + in_right - n_outputs * of_weights
        gains = after - (in_all - n_outputs * _x_log_x(w))
    return np.maximum(gains, 0.0)


def _added(of_channels: FloatArray) -> FloatArray:
    """Sums over channels, from the first to the last: `sum` may take another order."""
    return np.asarray(np.add.accumulate(of_channels, axis=0)[-1])
