"""Search from coarse to fine: each round looks more closely where the last was best."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, final

import numpy as np
from sklearn.model_selection import ParameterGrid

from ensembles._compat import BaseSearchCV
from ensembles._routing import rows_routed
from ensembles._typing import Estimator, IntArray, Table
from ensembles._validation import check_count, invalid_parameter
from ensembles.model_selection._search._axes import Axis, axis_of_values
from ensembles.model_selection._search._best import best_among, score_name
from ensembles.model_selection._search._domain import domain_of, is_number
from ensembles.model_selection._search._edges import warn_of_edges
from ensembles.model_selection._search._folds import SameFolds

__all__ = ["ZoomSearchCV"]

_SCALES = ("auto", "linear", "log", "fixed")
# With fewer, the next round has no number between the best and its neighbours.
_FEWEST_POINTS = 4


@final
class ZoomSearchCV(BaseSearchCV):
    """Search a grid, then ever finer ones around the best, moving where it is an edge.

    Use it in place of ``GridSearchCV`` for parameters that are numbers: the first round
    is the grid as given, and each that follows lays out new numbers between the
    neighbours of the best one, on a log scale where the grid is on one. Where the best
    one is the lowest or highest, the range moves beyond it. With many parameters at
    once, a random search covers more for the same number of fits.

    Parameters
    ----------
    estimator : estimator
        Has a ``score``, or `scoring` is given.
    param_grid : dict or list of dict
        Names of parameters and lists of values, as for ``GridSearchCV``. Three numbers
        or more are zoomed into; ints stay ints. All else (strings, booleans, None, a
        zero among numbers on a log scale) are choices: all are tried in the first
        round, and the best from then on. Each dict of a list is searched for itself.
    scoring : str, callable, list, tuple, dict or None, default=None
        As for ``GridSearchCV``. Of several scores, `refit` names the one to zoom by.
    n_jobs : int or None, default=None
        Workers. The numbers do not depend on it.
    refit : bool, str or callable, default=True
        As for ``GridSearchCV``.
    cv : int, splitter, iterable or None, default=None
        Folds, the same in all rounds.
    verbose : int, default=0
        As for ``GridSearchCV``.
    pre_dispatch : int or str, default="2*n_jobs"
        As for ``GridSearchCV``.
    error_score : "raise" or float, default=nan
        Score of candidates that fail, which come last.
    return_train_score : bool, default=False
        Whether ``cv_results_`` holds scores of training rows.
    n_rounds : int, default=3
        How many rounds at most, the first grid among them. Fewer are done where nothing
        new is left, between ints next to each other for example.
    n_points : int, default=5
        Numbers of a parameter in a round after the first, four at least. Five halve the
        distance between neighbours, and two of them are new.
    scale : str or dict, default="auto"
        "linear", "log", "fixed" (never zoomed into) or "auto", the scale on which the
        numbers are more evenly spaced; a dict for some of the parameters, by name.
    bounds : dict or None, default=None
        Lowest and highest value by name of the parameter, None for no limit. Of those
        not named, what scikit-learn's estimators say they take; where an estimator does
        not say, numbers that are not negative stay so, and positive ones positive.
    schedule : dict or None, default=None
        Values of other parameters, one for each round, by name: few epochs in the
        first, many in the last. Then rounds do not compare, all candidates of a round
        are fitted anew, and the best is one of the last round.

    Attributes
    ----------
    cv_results_ : dict of ndarray
        As of ``GridSearchCV``, and ``round``, in which each candidate was tried.
    best_estimator_ : estimator
        Fitted on all rows, if `refit`.
    best_score_ : float
        Its mean score over the folds; not there if `refit` is a function.
    best_params_ : dict
        Its parameters.
    best_index_ : int
        Its position in ``cv_results_``.
    scorer_ : callable or dict
        What scores.
    n_splits_ : int
        Number of folds.
    refit_time_ : float
        Seconds of the last fit, if `refit`.
    multimetric_ : bool
        Whether there are several scores.
    classes_ : ndarray of shape (n_classes,)
        Of a classifier, if `refit`.
    n_features_in_ : int
        If `refit` and the estimator says it.
    feature_names_in_ : ndarray of shape (n_features,)
        If `refit` and the estimator says it.
    n_rounds_ : int
        Number of rounds done.
    brackets_ : list of dict
        Lowest and highest number of each parameter by round; for a list of dicts, a
        list for each.

    Raises
    ------
    InvalidParameterError
        If a parameter has a value that is not allowed.
    ValueError
        If `schedule` has not one value for each round, or numbers do not fit their
        scale or bounds.

    Warns
    -----
    SearchEdgeWarning
        If the best value still is the lowest or highest tried after the last round.

    See Also
    --------
    search_edges : Looks for such values in any search.
    TimeHalvingSearchCV : Few candidates get all the data.

    Notes
    -----
    With metadata routing off, ``fit`` passes ``times`` and ``label_end`` on to the
    splitter, and all else to the estimator.

    References
    ----------
    .. [1] Y. Bengio, "Practical recommendations for gradient-based training of deep
       architectures", Neural Networks: Tricks of the Trade, Springer, 437-478, 2012,
       section 3.3 (coarse to fine, log scales, best values on a border).

    Examples
    --------
    The best of the first range is its lowest value, and the range moves down twice
    before it narrows:

    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn.linear_model import Lasso
    >>> from ensembles.model_selection import ZoomSearchCV
    >>> X, y = load_diabetes(return_X_y=True)
    >>> search = ZoomSearchCV(Lasso(), {"alpha": [1.0, 10.0, 100.0]}, n_rounds=4)
    >>> search = search.fit(X, y)
    >>> for bracket in search.brackets_:
    ...     print(bracket["alpha"])
    (1.0, 100.0)
    (0.1, 10.0)
    (0.01, 1.0)
    (0.01, 0.1)
    >>> scores = search.cv_results_["mean_test_score"].round(3)
    >>> [float(scores[search.cv_results_["round"] == i].max()) for i in range(4)]
    [0.338, 0.48, 0.482, 0.482]
    """

    def __init__(
        self,
        estimator: Estimator,
        param_grid: Any,
        *,
        scoring: Any = None,
        n_jobs: int | None = None,
        refit: Any = True,
        cv: Any = None,
        verbose: int = 0,
        pre_dispatch: int | str = "2*n_jobs",
        error_score: Any = np.nan,
        return_train_score: bool = False,
        n_rounds: int = 3,
        n_points: int = 5,
        scale: Any = "auto",
        bounds: Mapping[str, Any] | None = None,
        schedule: Mapping[str, Sequence[Any]] | None = None,
    ) -> None:
        super().__init__(
            estimator=estimator,
            scoring=scoring,
            n_jobs=n_jobs,
            refit=refit,
            cv=cv,
            verbose=verbose,
            pre_dispatch=pre_dispatch,
            error_score=error_score,
            return_train_score=return_train_score,
        )
        self.param_grid = param_grid
        self.n_rounds = n_rounds
        self.n_points = n_points
        self.scale = scale
        self.bounds = bounds
        self.schedule = schedule

    def fit(self, X: Table, y: Any = None, **params: Any) -> ZoomSearchCV:
        """Search, then fit the best candidate on all rows.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...)
            The rows.
        y : array-like of shape (n_samples, ...) or None, default=None
            Target.
        **params : object
            For the estimator's fit, the splitter and the scorer, as
            ``GridSearchCV.fit`` takes them; and ``times`` and ``label_end``.

        Returns
        -------
        ZoomSearchCV
            Itself.
        """
        self._check_params()
        with rows_routed(self, params):
            super().fit(X, y, **params)
        warn_of_edges(self, self._zoomed_into())
        return self

    def _check_params(self) -> None:
        """Raise for what is wrong whatever the data are."""
        check_count(self, "n_rounds", self.n_rounds)
        check_count(self, "n_points", self.n_points, low=_FEWEST_POINTS)
        names = {name for grid in self._grids() for name in grid}
        scales = self.scale if isinstance(self.scale, Mapping) else {"": self.scale}
        if any(one not in _SCALES for one in scales.values()):
            what = f"one of {set(_SCALES)} or a dict of them by parameter"
            raise invalid_parameter(self, "scale", self.scale, what)
        for what in ("scale", "bounds", "schedule"):
            given = getattr(self, what)
            if given is not None and what != "scale" and not isinstance(given, Mapping):
                raise invalid_parameter(self, what, given, "a dict or None")
            named = set(given) if isinstance(given, Mapping) else set()
            if what == "schedule" and named & names:
                raise ValueError(
                    f"schedule sets {sorted(named & names)}, which param_grid searches."
                )
            if what != "schedule" and named - names:
                raise ValueError(
                    f"{what} names {sorted(named - names)}, and param_grid searches "
                    f"{sorted(names)}."
                )
        for name, values in (self.schedule or {}).items():
            if len(values) != self.n_rounds:
                raise ValueError(
                    f"schedule has {len(values)} values of {name} for n_rounds="
                    f"{self.n_rounds}. Give one for each round."
                )
        several = isinstance(self.scoring, list | tuple | set | dict)
        if several and not isinstance(self.refit, str):
            raise invalid_parameter(
                self, "refit", self.refit, "the name of the score to zoom by"
            )
        for grid in self._grids():
            _first_round(self, grid)

    def _grids(self) -> list[dict[str, Any]]:
        """The grids, checked by scikit-learn."""
        ParameterGrid(self.param_grid)
        is_one = isinstance(self.param_grid, Mapping)
        return [self.param_grid] if is_one else list(self.param_grid)

    def _run_search(self, evaluate_candidates: Callable[..., Any]) -> None:
        """Rounds, each of what is new in it."""
        folds = SameFolds(self._checked_cv_orig)
        grids = [_first_round(self, grid) for grid in self._grids()]
        brackets: list[list[dict[str, Any]]] = [[] for _ in grids]
        tried: dict[Any, int] = {}
        results: Any = None
        self.n_rounds_ = 0
        for number in range(self.n_rounds):
            set_now = {name: one[number] for name, one in (self.schedule or {}).items()}
            offered = [
                [{**candidate, **set_now} for candidate in grid.candidates()]
                for grid in grids
            ]
            new = []
            for candidate in (one for part in offered for one in part):
                if _key(candidate) not in tried:
                    tried[_key(candidate)] = len(tried)
                    new.append(candidate)
            if not new:
                break
            more = {"round": [number] * len(new)}
            try:
                results = evaluate_candidates(new, folds, more_results=more)
            except ValueError:
                # scikit-learn raises where all fits of a call fail. Here what is new
                # may lie where nothing works, and the rounds before stand.
                if number == 0 or self.schedule or self.error_score == "raise":
                    raise
                break
            self.n_rounds_ += 1
            for part, grid in enumerate(grids):
                brackets[part].append(grid.brackets())
                known = [tried[_key(candidate)] for candidate in offered[part]]
                grids[part] = self._zoomed(grid, results, np.array(known))
        is_one = isinstance(self.param_grid, Mapping)
        self.brackets_: Any = brackets[0] if is_one else brackets

    def _zoomed(self, grid: _Grid, results: Any, offered: IntArray) -> _Grid:
        """The grid of the next round."""
        name = score_name(self.refit)
        if name not in results:
            raise ValueError(
                "scoring returns several scores, and refit does not name the one to "
                "zoom by."
            )
        scores = np.asarray(results[name])[offered]
        if np.isnan(scores).all():
            return grid
        as_good = offered[scores == np.nanmax(scores)]
        inner = [grid.n_inside(results["params"][i]) for i in as_good]
        best = results["params"][as_good[int(np.argmax(inner))]]
        return grid.around(best, self.n_points, results["params"])

    def _zoomed_into(self) -> set[str]:
        """Parameters whose best value lies within what was looked at last."""
        best = getattr(self, "best_params_", {})
        is_one = isinstance(self.param_grid, Mapping)
        last = [
            rounds[-1] for rounds in ([self.brackets_] if is_one else self.brackets_)
        ]
        return {
            name
            for brackets in last
            for name, (low, high) in brackets.items()
            if is_number(best.get(name)) and low <= best[name] <= high
        }

    def _select_best_index(self, refit: Any, refit_metric: Any, results: Any) -> int:
        """Index of the best candidate: with a schedule, of the last round."""
        rounds = results["round"]
        eligible = rounds == rounds.max() if self.schedule else rounds >= 0
        refit = refit if callable(refit) else refit_metric
        return best_among(results, np.flatnonzero(eligible), refit)


@dataclass(frozen=True)
class _Grid:
    """Numbers and choices of one round."""

    axes: dict[str, Axis]
    choices: dict[str, list[Any]]
    as_given: dict[str, Any] | None = None
    """The user's lists, which the first round tries as they are."""

    def candidates(self) -> list[dict[str, Any]]:
        """All combinations."""
        if self.as_given is not None:
            return list(ParameterGrid(self.as_given))
        numbers = {name: list(axis.values) for name, axis in self.axes.items()}
        return list(ParameterGrid({**numbers, **self.choices}))

    def brackets(self) -> dict[str, tuple[Any, Any]]:
        """Lowest and highest number by parameter."""
        return {name: axis.bracket for name, axis in self.axes.items()}

    def n_inside(self, params: Mapping[str, Any]) -> int:
        """How many numbers of a candidate have neighbours on both sides."""
        return sum(
            axis.holds(params[name]) and params[name] not in axis.bracket
            for name, axis in self.axes.items()
        )

    def around(
        self,
        best: Mapping[str, Any],
        n_points: int,
        tried: Sequence[Mapping[str, Any]],
    ) -> _Grid:
        """Numbers around those of the best candidate, and its choices."""
        axes = {}
        choices = {name: [best[name]] for name in self.choices}
        for name, axis in self.axes.items():
            if not axis.holds(best[name]):
                choices[name] = [best[name]]
                continue
            known = [one[name] for one in tried if name in one]
            axes[name] = axis.around(best[name], n_points, known)
        return replace(self, axes=axes, choices=choices, as_given=None)


def _first_round(search: ZoomSearchCV, grid: Mapping[str, Any]) -> _Grid:
    """The grid as given, with what of it can be zoomed into."""
    axes, choices = {}, {}
    for name, given in grid.items():
        values = list(given)
        scale = search.scale
        if isinstance(scale, Mapping):
            scale = scale.get(name, "auto")
        _check_bounds(search, name)
        axis = axis_of_values(values, scale, domain_of(search, name, values))
        if axis is None and scale in {"log", "linear"}:
            raise ValueError(
                f"{name} is to be zoomed into on a {scale} scale, and its values "
                f"{values} hold fewer than two numbers of that scale."
            )
        if axis is None:
            choices[name] = values
        else:
            low, high = axis.bracket
            if low < axis.domain.low or high > axis.domain.high:
                raise ValueError(
                    f"{name} is tried from {low} to {high}, outside of its bounds, "
                    f"{axis.domain.low} to {axis.domain.high}."
                )
            axes[name] = axis
    return _Grid(axes, choices, dict(grid))


def _check_bounds(search: ZoomSearchCV, name: str) -> None:
    """Raise unless the bounds of a parameter are two numbers."""
    if search.bounds is None or name not in search.bounds:
        return
    bounds = search.bounds[name]
    is_pair = isinstance(bounds, list | tuple) and len(bounds) == 2
    if not is_pair or any(b is not None and not is_number(b) for b in bounds):
        raise invalid_parameter(
            search, "bounds", search.bounds, "a dict of pairs of numbers or None"
        )


def _key(candidate: Mapping[str, Any]) -> Any:
    """What two equal candidates have in common: numbers by value, all else by object.

    Choices are the user's own objects in every round.
    """
    return tuple(
        (name, value if isinstance(value, int | float | np.number | str) else id(value))
        for name, value in sorted(candidate.items())
    )
