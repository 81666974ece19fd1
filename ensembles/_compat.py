"""The one file that names private or version-gated things of other packages."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from numbers import Integral
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection._search import BaseSearchCV
from sklearn.utils import _safe_indexing

try:  # scikit-learn >= 1.9
    from sklearn.callback import CallbackSupportMixin, with_callbacks
except ImportError:  # pragma: no cover - run with the oldest supported scikit-learn

    class CallbackSupportMixin:  # type: ignore[no-redef]
        """Stands in where scikit-learn has no callbacks yet."""

    def with_callbacks(method: Callable[..., Any]) -> Callable[..., Any]:
        """Return `method` itself: there are no callbacks to tear down."""
        return method


__all__ = [
    "BaseSearchCV",
    "CallbackSupportMixin",
    "Interval",
    "callback_context",
    "intervals_of",
    "n_samples_of",
    "parallel_visual_block",
    "parts_of_scorer",
    "serial_visual_block",
    "take_columns",
    "take_rows",
    "with_callbacks",
]


def take_rows(X: Any, rows: NDArray[np.intp]) -> Any:
    """Rows of any container that scikit-learn can index, of the container's kind."""
    return _safe_indexing(X, rows, axis=0)


def take_columns(X: Any, columns: NDArray[np.intp]) -> Any:
    """Columns, by position, of any table that scikit-learn can index."""
    return _safe_indexing(X, columns, axis=1)


def n_samples_of(fitted: Any) -> int | None:
    """How many rows a forest or a bag was fitted on, where it says so."""
    return getattr(fitted, "_n_samples", None)


def parts_of_scorer(
    scorer: Any,
) -> tuple[Callable[..., Any], int, dict[str, Any], str | tuple[str, ...]] | None:
    """Metric, sign, parameters and response of a scorer of `make_scorer`, or None.

    The sign is -1 for metrics of which less is better; the response is the name of the
    prediction method, or several to choose from.
    """
    if not hasattr(scorer, "_score_func"):
        return None
    kwargs = dict(scorer._kwargs)
    return scorer._score_func, scorer._sign, kwargs, scorer._response_method


def callback_context(estimator: Any, n_tasks: int) -> Any | None:
    """Root context of a fit of `n_tasks` members; None where there are no callbacks."""
    if not getattr(estimator, "_skl_callbacks", None):
        return None
    return estimator._init_callback_context(
        max_subtasks=n_tasks, sequential_subtasks=True
    )


def parallel_visual_block(names: Sequence[str], estimators: Sequence[Any]) -> Any:
    """Side-by-side blocks of the HTML picture of a list of named estimators."""
    return _visual_block()("parallel", estimators, names=names, dash_wrapped=False)


def serial_visual_block(*blocks: Any) -> Any:
    """Blocks of the HTML picture one below the other."""
    return _visual_block()("serial", blocks, dash_wrapped=False)


def _visual_block() -> Any:
    """The class of blocks."""
    try:  # scikit-learn >= 1.7
        from sklearn.utils._repr_html.estimator import _VisualBlock
    except ImportError:  # pragma: no cover - run with the oldest scikit-learn
        from sklearn.utils._estimator_html_repr import _VisualBlock
    return _VisualBlock


class Interval(NamedTuple):
    """Numbers that a parameter may be, as its estimator says."""

    low: float
    high: float
    closed: str
    """Which ends it may take itself: "both", "left", "right" or "neither"."""
    is_whole: bool
    holds: Callable[[Any], bool] = bool
    """Whether a value is one of them, and of their kind."""


def intervals_of(estimator: Any, name: str) -> list[Interval]:
    """Ranges of numbers that a parameter may be; none where its estimator states none.

    There may be several, of counts and of shares for example.
    """
    owner, _, own_name = name.rpartition("__")
    if owner:
        estimator = estimator.get_params(deep=True).get(owner)
    constraints = getattr(estimator, "_parameter_constraints", {}).get(own_name, [])
    return [
        Interval(
            -np.inf if one.left is None else one.left,
            np.inf if one.right is None else one.right,
            str(one.closed),
            one.type is Integral,
            one.is_satisfied_by,
        )
        for one in (constraints if isinstance(constraints, list) else [])
        if hasattr(one, "left") and hasattr(one, "closed")
    ]
