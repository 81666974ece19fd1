"""One score a fold, of fits that are told what they ask for."""

from __future__ import annotations

from typing import Any

from sklearn.model_selection import cross_validate

from ensembles._routing import FoldRouting
from ensembles._typing import Estimator, IntArray, Table
from ensembles._validation import check_n_jobs, check_verbose, invalid_parameter

__all__ = ["check_scores", "score_folds"]


def check_scores(owner: str, scoring: Any, n_jobs: Any, verbose: Any) -> None:
    """Raise unless one score is asked for, by as many workers as there can be."""
    check_n_jobs(owner, n_jobs)
    check_verbose(owner, verbose)
    if isinstance(scoring, list | tuple | set | dict):
        raise _not_one(owner, scoring)


def score_folds(
    owner: str,
    estimator: Estimator,
    X: Table,
    y: Any,
    folds: list[tuple[IntArray, IntArray]],
    routing: FoldRouting,
    *,
    scoring: Any,
    **settings: Any,
) -> dict[str, Any]:
    """Scores of ``cross_validate`` on folds.

    Parameters
    ----------
    owner : str
        The function called.
    estimator : estimator
        What is fitted.
    X, y : array-like of shape (n_samples, ...)
        The data; y may be None.
    folds : list of tuple
        Training and test rows.
    routing : FoldRouting
        What fits and scores are told.
    scoring : str, callable or None
        One score.
    **settings : object
        Other parameters of ``cross_validate``.
    """
    with routing.active():
        scores: dict[str, Any] = cross_validate(
            estimator,
            X,
            y,
            cv=folds,
            params=routing.params,
            scoring=scoring,
            **settings,
        )
    if "test_score" not in scores:
        raise _not_one(owner, scoring)
    return scores


def _not_one(owner: str, scoring: Any) -> Exception:
    """Error of several scores where one is meant."""
    allowed = "one score: a name, a scorer or None"
    return invalid_parameter(owner, "scoring", scoring, allowed)
