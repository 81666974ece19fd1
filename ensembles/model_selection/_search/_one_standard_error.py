"""The simplest candidate that the best one is not clearly better than."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, final

import numpy as np

from ensembles._typing import FloatArray
from ensembles._validation import (
    check_bool,
    check_positive,
    invalid_parameter,
)
from ensembles.model_selection._search._domain import is_number, is_same

__all__ = ["one_standard_error"]

_ME = "one_standard_error"

Prefer = Mapping[str, Any] | Callable[[dict[str, Any]], Any]


def one_standard_error(
    prefer: Prefer,
    *,
    metric: str = "score",
    paired: bool = False,
    test_to_train: float | None = None,
    n_errors: float = 1.0,
) -> Callable[[Mapping[str, Any]], int]:
    """Choose the simplest candidate within a standard error of the best.

    Give it to any search as ``refit=``. The best of many noisy scores is partly luck,
    and of models that do as well the simplest is likely to hold up best. Where ties are
    broken by simplicity anyway and every digit counts, stay with ``refit=True``.

    Parameters
    ----------
    prefer : dict or callable
        What is simple. A dict from parameters to "min", "max" or a list of values, the
        simplest first; where several candidates are as simple by the first parameter,
        the second decides, and so on. Values a list does not name count as the most
        complex ones; so does None with "min" and "max", which mostly stands for no
        limit. A function of the parameters returns a key, of which the least is the
        simplest.
    metric : str, default="score"
        Name of the score, in a search with several.
    paired : bool, default=False
        Whether a candidate is compared with the best fold by fold, by the standard
        error of the difference. That is far smaller where folds differ in difficulty,
        as those that move forward in time do.
    test_to_train : float or None, default=None
        Ratio of test to training rows, 1 / (k - 1) in k folds, by which Nadeau and
        Bengio's standard error accounts for training rows that folds share. None takes
        folds as independent.
    n_errors : float, default=1.0
        How many standard errors.

    Returns
    -------
    callable
        A function of ``cv_results_`` that returns the index of the candidate.

    Raises
    ------
    InvalidParameterError
        If a parameter has a value that is not allowed.

    Notes
    -----
    Of candidates that are as simple, the one with the best score is chosen. As with any
    callable ``refit``, the search has no ``best_score_``; it is
    ``search.cv_results_["mean_test_score"][search.best_index_]``.

    The standard error of a mean over J folds is s / sqrt(J), with s from J - 1 degrees
    of freedom, or s sqrt(1 / J + test_to_train).

    References
    ----------
    .. [1] L. Breiman, J. H. Friedman, R. A. Olshen, C. J. Stone, "Classification and
       Regression Trees", Wadsworth, 1984, section 3.4.3.
    .. [2] C. Nadeau, Y. Bengio, "Inference for the generalization error", Machine
       Learning 52(3), 239-281, 2003.

    Examples
    --------
    The more neighbours, the smoother the fit:

    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn.model_selection import GridSearchCV
    >>> from sklearn.neighbors import KNeighborsRegressor
    >>> from ensembles.model_selection import one_standard_error
    >>> X, y = load_diabetes(return_X_y=True)
    >>> grid = {"n_neighbors": [1, 2, 4, 8, 16, 32, 64]}
    >>> best = GridSearchCV(KNeighborsRegressor(), grid).fit(X, y)
    >>> smooth = one_standard_error({"n_neighbors": "max"})
    >>> chosen = GridSearchCV(KNeighborsRegressor(), grid, refit=smooth).fit(X, y)
    >>> best.best_params_, chosen.best_params_
    ({'n_neighbors': 16}, {'n_neighbors': 32})
    """
    check_bool(_ME, "paired", paired)
    if not isinstance(metric, str):
        raise invalid_parameter(_ME, "metric", metric, "the name of a score")
    check_positive(_ME, "test_to_train", test_to_train, none=True)
    check_positive(_ME, "n_errors", n_errors, zero=True)
    _check_prefer(prefer)
    return _OneStandardError(prefer, metric, paired, test_to_train, float(n_errors))


def _check_prefer(prefer: Any) -> None:
    """Raise unless it says what is simple."""
    allowed = "a dict from parameters to 'min', 'max' or a list, or a callable"
    if callable(prefer):
        return
    if not isinstance(prefer, Mapping) or not prefer:
        raise invalid_parameter(_ME, "prefer", prefer, allowed)
    for order in prefer.values():
        if not isinstance(order, list | tuple) and order not in ("min", "max"):
            raise invalid_parameter(_ME, "prefer", prefer, allowed)


@final
@dataclass(frozen=True)
class _OneStandardError:
    """Function of `cv_results_`; an object, so that it can be pickled."""

    prefer: Prefer
    metric: str
    paired: bool
    test_to_train: float | None
    n_errors: float

    def __call__(self, results: Mapping[str, Any]) -> int:
        """Index of the candidate."""
        scores = self._scores(results)
        means = scores.mean(axis=1)
        if np.isnan(means).all():
            raise ValueError(
                f"No candidate has a {self.metric!r}: in every one a fold failed. "
                "error_score='raise' shows why."
            )
        best = int(np.nanargmax(means))
        is_near = means == means[best]
        with np.errstate(invalid="ignore"):  # of scores that are not finite
            compared = scores[best] - scores if self.paired else scores[[best]]
            error = self._standard_errors(compared)
            is_near |= means[best] - means <= self.n_errors * error
        near = np.flatnonzero(is_near)
        self._check_names(results["params"])
        keys = [self._complexity(results["params"][i]) for i in near]
        order = sorted(range(len(near)), key=lambda i: (keys[i], -means[near[i]]))
        return int(near[order[0]])

    def _scores(self, results: Mapping[str, Any]) -> FloatArray:
        """Scores, shape (n_candidates, n_splits)."""
        pattern = re.compile(rf"split\d+_test_{re.escape(self.metric)}")
        names = [name for name in results if pattern.fullmatch(name)]
        if not names:
            known = sorted(
                name.removeprefix("mean_test_")
                for name in results
                if name.startswith("mean_test_")
            )
            raise invalid_parameter(
                _ME, "metric", self.metric, f"a score of the search: one of {known}"
            )
        return np.column_stack([results[name] for name in names])

    def _standard_errors(self, scores: FloatArray) -> FloatArray:
        """Standard error of each row's mean."""
        n_folds = scores.shape[1]
        if n_folds < 2:
            return np.zeros(len(scores))
        factor = 1 / n_folds + (self.test_to_train or 0)
        return np.asarray(scores.std(axis=1, ddof=1) * np.sqrt(factor))

    def _complexity(self, params: dict[str, Any]) -> Any:
        """A key, of which the least is the simplest."""
        if callable(self.prefer):
            return self.prefer(params)
        return tuple(
            _rank(params.get(name), order, name) for name, order in self.prefer.items()
        )

    def _check_names(self, candidates: Sequence[Mapping[str, Any]]) -> None:
        """Raise where a parameter is named that no candidate has."""
        if callable(self.prefer):
            return
        tried = {name for one in candidates for name in one}
        unknown = sorted(set(self.prefer) - tried)
        if unknown:
            raise ValueError(
                f"prefer names {unknown}, and the search tries {sorted(tried)}."
            )


def _rank(value: Any, order: Any, name: str) -> float:
    """Place of a value, the simplest first."""
    if order in ("min", "max"):
        if value is None or value != value:
            return float("inf")
        if not is_number(value):
            raise ValueError(
                f"prefer={{{name!r}: {order!r}}} puts numbers in order, and {value!r} "
                "was tried. List the values instead, the simplest first."
            )
        return float(value if order == "min" else -value)
    places = [place for place, one in enumerate(order) if is_same(one, value)]
    return float(places[0] if places else len(order))
