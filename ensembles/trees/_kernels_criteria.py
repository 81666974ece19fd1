"""What a split is worth, from the sums on its left and the sums of the node.

A gain is impurity times weight, before minus after, up to a factor that is the same for
all splits of a node. It is never negative, and -1 where a side is not allowed.
"""

from __future__ import annotations

import math
from typing import Any

from numba import int64, types
from numba.extending import overload

from ensembles.trees._kernels_tools import helper
from ensembles.trees._layout import ENTROPY, SQUARE

__all__ = [
    "check_of",
    "class_gain",
    "class_term",
    "gain_of",
    "gain_of_counts",
    "gain_of_sums",
    "keeps_bounds",
    "moment_gain",
    "moment_term",
    "square_gain",
]


@helper
def square_gain(s_left: Any, w_left: Any, s: Any, w: Any) -> Any:
    """Gini impurity and variance, both: (S_L W - W_L S)^2 / (W_L W_R), over W left out.

    For two classes all products are exact, so equal splits have equal gains.
    """
    d = s_left * w - w_left * s
    return d * d / (w_left * (w - w_left))


@helper
def _x_log_x(x: Any) -> Any:
    return x * math.log(x) if x > 0.0 else 0.0


@helper
def _order(ones: Any, w: Any) -> Any:
    """Minus weight times entropy of two classes."""
    return _x_log_x(ones) + _x_log_x(w - ones) - _x_log_x(w)


@helper
def moment_term(s: Any, w: Any, criterion: Any) -> Any:
    """Minus weight times impurity of a side, up to what no split changes.

    Minus infinity for a side without any events, which would predict none for ever.
    """
    if criterion == ENTROPY:
        return _order(s, w)
    return s * math.log(s / w) if s > 0.0 else -math.inf


@helper
def moment_gain(
    s_left: Any, w_left: Any, s: Any, w: Any, whole: Any, criterion: Any
) -> Any:
    """Gain by a criterion with logarithms; `whole` is the node's term.

    It is computed outside of loops, explicitly: compilers take it out of them, and then
    compute it for all criteria.
    """
    left = moment_term(s_left, w_left, criterion)
    right = moment_term(s - s_left, w - w_left, criterion)
    if left == -math.inf or right == -math.inf:
        return -1.0
    return max(left + right - whole, 0.0)


@helper
def gain_of(s_left: Any, w_left: Any, s: Any, w: Any, criterion: Any) -> Any:
    """Gain of a sum and a weight, of two classes or of values."""
    if criterion == SQUARE:
        return square_gain(s_left, w_left, s, w)
    whole = moment_term(s, w, criterion)
    return moment_gain(s_left, w_left, s, w, whole, criterion)


@helper
def gain_of_sums(totals: Any, steps: Any, criterion: Any) -> Any:
    """Gain summed over outputs; channels are their sums, then the weight.

    A sum times its step counts in the steps of the weight.
    """
    n_outputs = len(steps)
    w_left, w = float(totals[0, n_outputs]), float(totals[1, n_outputs])
    gain = 0.0
    for output in range(n_outputs):
        s_left, s = totals[0, output] * steps[output], totals[1, output] * steps[output]
        one = gain_of(s_left, w_left, s, w, criterion)
        if one < 0.0:
            return -1.0
        gain += one
    return gain


@helper
def class_term(weight: Any, criterion: Any) -> Any:
    """What the weight of one class adds to the purity of a side."""
    return weight * weight if criterion == SQUARE else _x_log_x(weight)


@helper
def class_gain(
    in_left: Any,
    w_left: Any,
    in_right: Any,
    in_all: Any,
    w: Any,
    n_outputs: Any,
    criterion: Any,
) -> Any:
    """Gain summed over outputs, of the terms of their classes."""
    w_right = w - w_left
    if criterion == SQUARE:
        gain = in_left / w_left + in_right / w_right - in_all / w
    else:
        after = in_left + in_right - n_outputs * (_x_log_x(w_left) + _x_log_x(w_right))
        gain = after - (in_all - n_outputs * _x_log_x(w))
    return max(gain, 0.0)


@helper
def gain_of_counts(totals: Any, offsets: Any, criterion: Any) -> Any:
    """Gain summed over outputs; channels are the weights of their classes."""
    n_outputs, w, w_left = float(len(offsets) - 1), int64(0), int64(0)
    in_left = in_right = in_all = 0.0
    for channel in range(offsets[-1]):
        left, both = float(totals[0, channel]), float(totals[1, channel])
        in_left += class_term(left, criterion)
        in_right += class_term(both - left, criterion)
        in_all += class_term(both, criterion)
        if channel < offsets[1]:  # outputs have the same weights
            w_left += totals[0, channel]
            w += totals[1, channel]
    return class_gain(
        in_left, float(w_left), in_right, in_all, float(w), n_outputs, criterion
    )


def check_of(extras: Any, feature: Any, bounds: Any) -> Any:
    """Trend and bounds that a split must keep; None where no feature has a trend."""
    return None if extras is None else (extras.trends[feature], *bounds)


@overload(check_of, strict=False)  # annotations differ
def _check_of(extras: Any, feature: Any, bounds: Any) -> Any:
    """Implementation by type: what may be None is looked at in each node."""
    if isinstance(extras, types.NoneType):
        return lambda extras, feature, bounds: None
    return lambda extras, feature, bounds: (extras.trends[feature], *bounds)


@helper
def keeps_bounds(v_left: Any, v_right: Any, trend: Any, lower: Any, upper: Any) -> Any:
    """Whether predictions of two children follow a trend inside a node's bounds.

    Where a feature has no trend, leaves below are kept inside the bounds instead.
    """
    inside = v_left >= lower and v_left <= upper
    inside = inside and v_right >= lower and v_right <= upper
    return trend == 0 or (inside and (v_left - v_right) * trend <= 0.0)
