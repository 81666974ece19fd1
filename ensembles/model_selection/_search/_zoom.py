"""Search from coarse to fine: each round looks more closely where the last was best."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import chain
from typing import Any, final

import numpy as np
from sklearn.model_selection import ParameterGrid

from ensembles._typing import Estimator, IntArray
from ensembles._validation import check_count, invalid_parameter, warn_user
from ensembles.model_selection._search._axes import axis_of_values
from ensembles.model_selection._search._base import BaseSearch
from ensembles.model_selection._search._best import best_among, scores_of
from ensembles.model_selection._search._domain import domain_of, is_finite_number
from ensembles.model_selection._search._grids import Grid, key_of

__all__ = ["ZoomSearchCV"]

_SCALES = ("auto", "linear", "log", "fixed")
# With fewer, the next round has no number between the best and its neighbours.
_FEWEST_POINTS = 4


@final
class ZoomSearchCV(BaseSearch):
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
        or more are zoomed into; ints stay ints unless the estimator says that it takes
        floats. All else (strings, booleans, None, a
        zero among numbers on a log scale) are choices: all are tried in the first
        round, and the best from then on. Each dict of a list is searched for itself.
    scoring : str, callable, list, tuple, dict or None, default=None
        As for ``GridSearchCV``. Of several scores, `refit` names the one to zoom by.
    n_jobs : int or None, default=None
        Workers. The numbers do not depend on it.
    refit : bool, str or callable, default=True
        As for ``GridSearchCV``.
    cv : int, splitter, list or None, default=None
        Folds, the same in all rounds. None is 5-fold.
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
        new is left, between ints next to each other for example, or nothing that is new
        can be fitted.
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
        Fitted on all rows, if `refit`; of rows whose label is not known, as `label_end`
        says by NaT, on none.
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
        If the best value of a parameter that is zoomed into is still the lowest or
        highest tried after the last round.
    UserWarning
        If a round fails where no value that is new can be fitted.

    See Also
    --------
    search_edges : Looks for such values in any search.
    TimeHalvingSearchCV : Few candidates get all the data.

    Notes
    -----
    ``fit`` passes ``times`` and ``label_end`` on to the splitter, with metadata routing
    on or off.

    Numbers that are not finite, such as ``C=inf``, are choices, and so are numbers of
    several kinds in one list, such as counts and shares of ``max_features``.

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

    def _check_params(self) -> None:
        """Raise for what is wrong whatever the data are."""
        check_count(self, "n_rounds", self.n_rounds)
        check_count(self, "n_points", self.n_points, low=_FEWEST_POINTS)
        scales = self.scale if isinstance(self.scale, Mapping) else {"": self.scale}
        if any(one not in _SCALES for one in scales.values()):
            what = f"one of {set(_SCALES)} or a dict of them by parameter"
            raise invalid_parameter(self, "scale", self.scale, what)
        names = {name for grid in self._grids() for name in grid}
        for what in ("scale", "bounds"):
            self._check_names(what, names)
        self._check_schedule(names)
        for grid in self._grids():
            self._first_round(grid)

    def _check_names(self, what: str, names: set[str]) -> None:
        """Raise unless a dict by parameter names parameters that are searched."""
        given = getattr(self, what)
        if what == "bounds" and given is not None and not isinstance(given, Mapping):
            raise invalid_parameter(self, what, given, "a dict or None")
        unknown = set(given) - names if isinstance(given, Mapping) else set()
        if unknown:
            raise ValueError(
                f"{what} names {sorted(unknown)}, and param_grid searches "
                f"{sorted(names)}."
            )

    def _check_schedule(self, names: set[str]) -> None:
        """Raise unless it sets parameters that are not searched, once a round."""
        schedule = {} if self.schedule is None else self.schedule
        is_lists = isinstance(schedule, Mapping) and all(
            hasattr(values, "__len__") and not isinstance(values, str)
            for values in schedule.values()
        )
        if not is_lists:
            allowed = "a dict from parameters to a value for each round, or None"
            raise invalid_parameter(self, "schedule", schedule, allowed)
        for name, values in schedule.items():
            if name in names:
                raise ValueError(f"schedule sets {name}, which param_grid searches.")
            if len(values) != self.n_rounds:
                raise ValueError(
                    f"schedule has {len(values)} values of {name} for n_rounds="
                    f"{self.n_rounds}. Give one for each round."
                )

    def _grids(self) -> list[dict[str, Any]]:
        """The grids, checked by scikit-learn."""
        if not len(ParameterGrid(self.param_grid)):
            raise ValueError("param_grid is empty: there are no candidates to try.")
        return [self.param_grid] if self._is_one() else list(self.param_grid)

    def _is_one(self) -> bool:
        """Whether there is one grid, and not a list of them."""
        return isinstance(self.param_grid, Mapping)

    def _first_round(self, grid: Mapping[str, Any]) -> Grid:
        """The grid as given, with what of it can be zoomed into."""
        axes, choices = {}, {}
        for name, given in grid.items():
            values = list(given)
            self._check_bounds(name)
            domain = domain_of(self, name, values)
            is_named = isinstance(self.scale, Mapping)
            scale = self.scale.get(name, "auto") if is_named else self.scale
            axis = None
            if domain is not None:
                axis = axis_of_values(values, scale, domain)
            if axis is not None:
                axes[name] = axis
            elif (is_named and scale in {"log", "linear"}) or name in self._bounds():
                raise ValueError(
                    f"{name} is to be zoomed into, and its values {values} hold fewer "
                    "than two numbers of one scale."
                )
            else:
                choices[name] = values
        for name, axis in axes.items():
            low, high = axis.bracket
            if low < axis.domain.low or high > axis.domain.high:
                raise ValueError(
                    f"{name} is tried from {low} to {high}, outside of its bounds, "
                    f"{axis.domain.low} to {axis.domain.high}."
                )
        return Grid(axes, choices, dict(grid))

    def _bounds(self) -> Mapping[str, Any]:
        """Bounds by parameter."""
        return {} if self.bounds is None else self.bounds

    def _check_bounds(self, name: str) -> None:
        """Raise unless the bounds of a parameter are two numbers."""
        pair = self._bounds().get(name, (None, None))
        is_pair = isinstance(pair, list | tuple | np.ndarray) and len(pair) == 2
        if not is_pair or any(b is not None and not is_finite_number(b) for b in pair):
            allowed = "a dict of pairs of finite numbers or None"
            raise invalid_parameter(self, "bounds", self.bounds, allowed)

    def _run_search(self, evaluate_candidates: Callable[..., Any]) -> None:
        """Rounds, each of what is new in it."""
        grids = [self._first_round(grid) for grid in self._grids()]
        brackets: list[list[dict[str, Any]]] = [[] for _ in grids]
        tried: dict[Any, int] = {}
        results: Any = None
        self.n_rounds_ = 0
        while self.n_rounds_ < self.n_rounds:
            offered = [self._scheduled(grid.candidates()) for grid in grids]
            # With a schedule rounds do not compare, and all of each is new.
            era = self.n_rounds_ if self.schedule else 0
            keys = [[(era, key_of(one)) for one in part] for part in offered]
            new = []
            for one, key in zip(chain(*offered), chain(*keys), strict=True):
                if key not in tried:
                    tried[key] = len(tried)
                    new.append(one)
            if new:
                more = {"round": [self.n_rounds_] * len(new)}
                try:
                    results = evaluate_candidates(new, self.cv, more_results=more)
                except ValueError as error:
                    self._stop_unless_first(error)
                    break
                self.n_rounds_ += 1
                for done, grid in zip(brackets, grids, strict=True):
                    done.append(grid.brackets())
            before = [grid.brackets() for grid in grids]
            grids = [
                self._zoomed(grid, results, np.array([tried[key] for key in part]))
                for grid, part in zip(grids, keys, strict=True)
            ]
            if not new and [grid.brackets() for grid in grids] == before:
                break  # nothing is left between the best and its neighbours
        self.brackets_: Any = brackets[0] if self._is_one() else brackets

    def _scheduled(self, candidates: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Candidates with what is set in this round."""
        schedule = {} if self.schedule is None else self.schedule
        set_now = {name: values[self.n_rounds_] for name, values in schedule.items()}
        return [{**candidate, **set_now} for candidate in candidates]

    def _stop_unless_first(self, error: ValueError) -> None:
        """Raise again, unless all that is wrong is that nothing new can be fitted.

        scikit-learn raises where all fits of a call fail. In a later round what is new
        may lie where nothing works, and the rounds before stand.
        """
        is_all = "fits failed" in str(error)
        if self.n_rounds_ == 0 or self.schedule or not is_all:
            raise error
        warn_user(
            f"The search ends after {self.n_rounds_} rounds: no value that is new in "
            "the next can be fitted. bounds= keeps it from going there."
        )

    def _zoomed(self, grid: Grid, results: Any, offered: IntArray) -> Grid:
        """The grid of the next round."""
        scores = scores_of(results, self.refit)[offered]
        if np.isnan(scores).all():
            return grid
        as_good = offered[scores == np.nanmax(scores)]
        best = grid.most_central([results["params"][i] for i in as_good])
        return grid.around(best, self.n_points, results["params"])

    def _searched(self) -> set[str]:
        """Parameters whose best value lies within what was looked at last."""
        best = getattr(self, "best_params_", {})
        parts = [self.brackets_] if self._is_one() else self.brackets_
        return {
            name
            for rounds in parts
            for name, (low, high) in rounds[-1].items()
            if is_finite_number(best.get(name)) and low <= best[name] <= high
        }

    def _select_best_index(self, refit: Any, refit_metric: Any, results: Any) -> int:
        """Index of the best candidate: with a schedule, of the last round."""
        rounds = results["round"]
        eligible = rounds == rounds.max() if self.schedule else rounds >= 0
        refit = refit if callable(refit) else refit_metric
        return best_among(results, np.flatnonzero(eligible), refit)
