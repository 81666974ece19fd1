"""Best values that stand on the edge of what was tried."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, final

import numpy as np

from ensembles._typing import Estimator, IntArray
from ensembles._validation import warn_user
from ensembles.exceptions import SearchEdgeWarning
from ensembles.model_selection._search._best import scores_of
from ensembles.model_selection._search._domain import (
    domain_of,
    is_finite_number,
    is_number,
    is_same,
)

__all__ = ["SearchEdge", "search_edges", "warn_of_edges"]

# With fewer values a best one in their midst cannot be.
_FEWEST = 3


@final
@dataclass(frozen=True)
class SearchEdge:
    """A parameter whose best value is the lowest or highest that was tried.

    Attributes
    ----------
    name : str
        The parameter.
    value : int or float
        Its best value.
    side : {"lowest", "highest"}
        Which of the values tried that is.
    low, high : int or float
        The lowest and the highest.
    n_values : int
        How many were tried.

    See Also
    --------
    search_edges : Finds them.

    References
    ----------
    .. [1] Y. Bengio, "Practical recommendations for gradient-based training of deep
       architectures", Neural Networks: Tricks of the Trade, Springer, 437-478, 2012,
       section 3.3.

    Examples
    --------
    >>> from ensembles.model_selection import SearchEdge
    >>> print(SearchEdge("alpha", 100.0, "highest", 1.0, 100.0, 3))
    alpha=100.0 is the highest of 3 values tried, from 1.0 to 100.0
    """

    name: str
    value: Any
    side: str
    low: Any
    high: Any
    n_values: int

    def __str__(self) -> str:
        """Say it in a sentence."""
        return (
            f"{self.name}={self.value} is the {self.side} of {self.n_values} values "
            f"tried, from {self.low} to {self.high}"
        )


def search_edges(search: Estimator) -> tuple[SearchEdge, ...]:
    """Find parameters whose best value is the lowest or highest that was tried.

    Use it after any search: where the best value stands on the edge, a better one may
    lie beyond, and the range is to be moved. Edges beyond which a parameter cannot go
    do not count: those that scikit-learn's estimators state, and, where an estimator
    states none, zero of numbers that are not negative and one of ints that are
    positive. Nor do edges count of parameters of which fewer than three numbers were
    tried, nor those that a value inside does as well as. Ranges are those of candidates
    with the same choices as the best; where a function chose it, as ``refit``, the edge
    is looked for where the score was best.

    Parameters
    ----------
    search : estimator
        A fitted search with the attributes of scikit-learn's: ``cv_results_``,
        ``best_index_`` and ``estimator``.

    Returns
    -------
    tuple of SearchEdge
        In order of names; empty where the best is inside.

    Raises
    ------
    ValueError
        If the search has found nothing: it is not fitted, or has several scores and
        ``refit=False``.

    See Also
    --------
    ZoomSearchCV : Moves the range by itself.

    Notes
    -----
    Of n values drawn at random, as by ``RandomizedSearchCV``, the best is the lowest or
    highest with probability 2 / n where the parameter does not matter.

    References
    ----------
    .. [1] Y. Bengio, "Practical recommendations for gradient-based training of deep
       architectures", Neural Networks: Tricks of the Trade, Springer, 437-478, 2012,
       section 3.3.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn.linear_model import Ridge
    >>> from sklearn.model_selection import GridSearchCV
    >>> from ensembles.model_selection import search_edges
    >>> X, y = load_diabetes(return_X_y=True)
    >>> search = GridSearchCV(Ridge(), {"alpha": [1, 10, 100]}).fit(X, y)
    >>> print(*search_edges(search))
    alpha=1 is the lowest of 3 values tried, from 1 to 100
    """
    results = getattr(search, "cv_results_", None)
    chosen = getattr(search, "best_index_", None)
    if results is None or chosen is None:
        raise ValueError(
            f"{type(search).__name__} has no best candidate: fit it first, and with "
            "several scores name one by refit=."
        )
    best, as_good = _best_scored(search, results, int(chosen))
    if best is None:
        return ()
    params = results["params"]
    tried = [params[i] for i in _alike(results, best)]
    edges = (
        _edge_of(search, name, params[best], tried, [params[i] for i in as_good])
        for name in sorted(params[best])
    )
    return tuple(edge for edge in edges if edge is not None)


def _best_scored(
    search: Estimator, results: Mapping[str, Any], chosen: int
) -> tuple[int | None, list[int]]:
    """The candidate whose score is best, and all with that score.

    That is the one chosen unless a function chose it. None where all fits failed, and
    the one chosen alone where a function weighed several scores.
    """
    rivals = _rivals(search, results, chosen)
    refit = getattr(search, "refit", True)
    try:
        scores = scores_of(results, refit)
    except ValueError:
        return chosen, [chosen]
    if np.isnan(scores[rivals]).all():
        return None, []
    best = chosen
    if callable(refit):
        best = int(rivals[np.nanargmax(scores[rivals])])
        rivals = _rivals(search, results, best)
    return best, [int(i) for i in rivals if scores[i] == scores[best]]


def _alike(results: Mapping[str, Any], best: int) -> list[int]:
    """Candidates that have the parameters of the best, and its choices.

    Ranges of others, in a list of grids, tell nothing of its own.
    """
    own = results["params"][best]
    choices = {name: value for name, value in own.items() if not is_number(value)}
    return [
        i
        for i, one in enumerate(results["params"])
        if one.keys() == own.keys()
        and all(is_same(one[name], value) for name, value in choices.items())
    ]


def _rivals(search: Estimator, results: Mapping[str, Any], best: int) -> IntArray:
    """Candidates whose scores compare with that of the best one.

    Where rounds differ in what was trained on or set, those of its round.
    """
    rivals: IntArray = np.array(_alike(results, best))
    name = "iter" if "iter" in results else "round"
    if name == "iter" or getattr(search, "schedule", None):
        rounds = np.asarray(results[name])
        rivals = rivals[rounds[rivals] == rounds[best]]
    return rivals


def _edge_of(
    search: Estimator,
    name: str,
    best: Mapping[str, Any],
    tried: Sequence[Mapping[str, Any]],
    as_good: Sequence[Mapping[str, Any]],
) -> SearchEdge | None:
    """The edge that a parameter's best value is on, if it is."""
    value = best[name]
    numbers = sorted({one[name] for one in tried if is_finite_number(one[name])})
    if not is_finite_number(value) or len(numbers) < _FEWEST:
        return None
    low, high = numbers[0], numbers[-1]
    rivals = [one[name] for one in as_good]
    if any(is_finite_number(one) and low < one < high for one in rivals):
        return None
    domain = domain_of(search, name, numbers)
    if value not in (low, high) or domain is None or domain.ends_at(value):
        return None
    side = "lowest" if value == low else "highest"
    return SearchEdge(name, value, side, low, high, len(numbers))


def warn_of_edges(search: Estimator, names: Iterable[str]) -> None:
    """Warn where one of these parameters' best value stands on an edge."""
    if not hasattr(search, "best_index_"):
        return
    for edge in search_edges(search):
        if edge.name in names:
            warn_user(
                f"{edge}: a better one may lie beyond. Move the range, or search on.",
                SearchEdgeWarning,
            )
