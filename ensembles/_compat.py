"""The one file that names private or version-gated things of other packages."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from sklearn.utils import _safe_indexing

from ensembles._typing import Estimator, IntArray, Table
from ensembles.exceptions import MissingDependencyError

try:  # scikit-learn >= 1.9
    from sklearn.callback import CallbackSupportMixin, with_callbacks
except ImportError:  # pragma: no cover - run with the oldest supported scikit-learn

    class CallbackSupportMixin:  # type: ignore[no-redef]
        """Stands in where scikit-learn has no callbacks yet."""

    def with_callbacks(method: Callable[..., Any]) -> Callable[..., Any]:
        """Return `method` itself: there are no callbacks to tear down."""
        return method


__all__ = [
    "CallbackSupportMixin",
    "callback_context",
    "parallel_visual_block",
    "require",
    "take_columns",
    "take_rows",
    "with_callbacks",
]


def take_rows(X: Table, rows: IntArray) -> Table:
    """Rows of any container that scikit-learn can index, of the container's kind."""
    return _safe_indexing(X, rows, axis=0)


def take_columns(X: Table, columns: IntArray) -> Table:
    """Columns, by position, of any table that scikit-learn can index."""
    return _safe_indexing(X, columns, axis=1)


def callback_context(estimator: Estimator, n_tasks: int) -> Any | None:
    """Root context of a fit of `n_tasks` members; None where there are no callbacks."""
    if not getattr(estimator, "_skl_callbacks", None):
        return None
    return estimator._init_callback_context(
        max_subtasks=n_tasks, sequential_subtasks=True
    )


def parallel_visual_block(names: Sequence[str], estimators: Sequence[Estimator]) -> Any:
    """Side-by-side blocks of the HTML picture of a list of named estimators."""
    try:  # scikit-learn >= 1.7
        from sklearn.utils._repr_html.estimator import _VisualBlock
    except ImportError:  # pragma: no cover - run with the oldest scikit-learn
        from sklearn.utils._estimator_html_repr import _VisualBlock
    return _VisualBlock("parallel", estimators, names=names)


def require(module: str, extra: str, purpose: str) -> Any:
    """Import `module` or say which extra of this library brings it.

    Parameters
    ----------
    module : str
        Name of the module to import.
    extra : str
        The extra of this package that installs it.
    purpose : str
        What needs it, the beginning of the error's sentence.

    Returns
    -------
    module
        The imported module.

    Raises
    ------
    MissingDependencyError
        If the module is not installed.
    """
    import importlib

    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name != module.split(".", maxsplit=1)[0]:
            raise
        raise MissingDependencyError(
            f"{purpose} needs {module}, which is not installed. "
            f'Install it with: pip install "ensembles[{extra}]"'
        ) from error
