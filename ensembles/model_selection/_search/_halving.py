"""Successive halving whose resource is history: the few best get to see all of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import ceil, floor, log
from typing import Any, final

import numpy as np
from scipy.stats import kendalltau
from sklearn.base import is_classifier
from sklearn.model_selection import ParameterGrid, ParameterSampler
from sklearn.utils.multiclass import check_classification_targets

from ensembles._typing import Estimator, RandomState, Table
from ensembles._validation import (
    check_bool,
    check_count,
    invalid_parameter,
    is_count,
    is_positive,
)
from ensembles.model_selection._search._base import BaseSearch
from ensembles.model_selection._search._best import best_among, scores_of
from ensembles.model_selection._search._folds import DrawnFolds
from ensembles.model_selection._splitters import RollingOrigin
from ensembles.model_selection._splitters._base import axis_of_folds
from ensembles.model_selection._splitters._history import History

__all__ = ["TimeHalvingSearchCV"]

_HISTORY = "recent_history"


@final
class TimeHalvingSearchCV(BaseSearch):
    """Try all candidates on the most recent rows, and the best on more and more.

    Use it for long series and many candidates. Each round trains the candidates that
    are left on more history, the newest part of every training set, in the order it
    came in; test sets stay as they are. scikit-learn's halving draws rows at random,
    from training and test sets, which tears up the order that lags and seasons need.
    What a model gains from a longer history cannot be seen on a short one: see that the
    first round holds a season at least.

    Parameters
    ----------
    estimator : estimator
        Has a ``score``, or `scoring` is given.
    param_grid : dict or list of dict
        Names of parameters and lists of values; distributions too where `n_candidates`
        is given.
    scoring : str, callable, list, tuple, dict or None, default=None
        As for ``GridSearchCV``. Of several scores, `refit` names the one to go by.
    n_jobs : int or None, default=None
        Workers. The numbers do not depend on it.
    refit : bool, str or callable, default=True
        As for ``GridSearchCV``. A function sees the candidates of the last round.
    cv : int, splitter, list or None, default=5
        Folds. An int is so many of ``RollingOrigin``, which tests after what it trains
        on, and not of ``KFold`` as elsewhere; None is 5.
    verbose : int, default=0
        As for ``GridSearchCV``.
    random_state : int, RandomState, Generator or None, default=None
        For the candidates, where `n_candidates` is given.
    error_score : "raise" or float, default=nan
        Score of candidates that fail, which are dropped first.
    return_train_score : bool, default=True
        Whether ``cv_results_`` holds scores of training rows.
    max_resources : int or "auto", default="auto"
        Resource of the last round at most. "auto" is the longest training set.
    min_resources : int, "exhaust" or "smallest", default="exhaust"
        Resource of the first round. "smallest" is four distinct times, or twice as many
        as there are classes; "exhaust" as much more as lets the last round come near
        `max_resources`.
    resource : str, default="recent_history"
        What grows: "recent_history", counted in distinct times, or a parameter of the
        estimator that takes ints, such as "n_estimators".
    factor : int or float, default=3
        By how much the resource grows from round to round, and of how many candidates
        one is kept.
    aggressive_elimination : bool, default=False
        Whether rounds with the first resource are added, where there is too little of
        it to get down to `factor` candidates.
    n_candidates : int or None, default=None
        How many candidates to draw at random from `param_grid`. None takes all.

    Attributes
    ----------
    cv_results_ : dict of ndarray
        As of ``GridSearchCV``, and ``iter`` and ``n_resources`` of each candidate.
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
    n_resources_ : list of int
        Resource by round.
    n_candidates_ : list of int
        Candidates by round.
    n_remaining_candidates_ : int
        How many would be left after the last round.
    max_resources_ : int
        Largest resource there may be.
    min_resources_ : int
        Resource of the first round.
    n_iterations_ : int
        Number of rounds done.
    n_possible_iterations_ : int
        Number of rounds that the resource allows.
    n_required_iterations_ : int
        Number of rounds that get down to fewer than `factor` candidates.
    agreement_ : list of float
        Kendall's tau of each round's scores with those of the round before, over the
        candidates in both. Near zero or below, short histories tell little about long
        ones: start with more.

    Raises
    ------
    InvalidParameterError
        If a parameter has a value that is not allowed.
    ValueError
        If resources do not fit the data, or the resource is searched too.

    Warns
    -----
    SearchEdgeWarning
        If the best value of a parameter is the lowest or highest tried.

    See Also
    --------
    sklearn.model_selection.HalvingGridSearchCV : For rows in no order.
    time_learning_curve : Whether a longer history helps at all.

    Notes
    -----
    ``fit`` passes ``times`` and ``label_end`` on to the splitter, with metadata routing
    on or off. Numbers of rounds and resources follow ``HalvingGridSearchCV``.

    References
    ----------
    .. [1] K. Jamieson, A. Talwalkar, "Non-stochastic best arm identification and
       hyperparameter optimization", AISTATS, PMLR 51, 240-248, 2016.
    .. [2] Z. Karnin, T. Koren, O. Somekh, "Almost optimal exploration in multi-armed
       bandits", ICML, PMLR 28(3), 1238-1246, 2013.

    Examples
    --------
    Nine candidates; a third goes on with three times the history:

    >>> import numpy as np
    >>> from sklearn.linear_model import Ridge
    >>> from ensembles.model_selection import RollingOrigin, TimeHalvingSearchCV
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(1000, 30))
    >>> y = X[:, 0] + rng.normal(scale=3, size=1000)
    >>> search = TimeHalvingSearchCV(
    ...     Ridge(), {"alpha": np.logspace(-1, 5, 9)}, cv=RollingOrigin(3)
    ... ).fit(X, y)
    >>> search.n_candidates_, search.n_resources_
    ([9, 3, 1], [83, 249, 747])
    >>> print(f"{search.best_params_['alpha']:.0f}")
    562
    """

    def __init__(
        self,
        estimator: Estimator,
        param_grid: Any,
        *,
        scoring: Any = None,
        n_jobs: int | None = None,
        refit: Any = True,
        cv: Any = 5,
        verbose: int = 0,
        random_state: RandomState = None,
        error_score: Any = np.nan,
        return_train_score: bool = True,
        max_resources: int | str = "auto",
        min_resources: int | str = "exhaust",
        resource: str = _HISTORY,
        factor: float = 3,
        aggressive_elimination: bool = False,
        n_candidates: int | None = None,
    ) -> None:
        super().__init__(
            estimator=estimator,
            scoring=scoring,
            n_jobs=n_jobs,
            refit=refit,
            cv=cv,
            verbose=verbose,
            error_score=error_score,
            return_train_score=return_train_score,
        )
        self.param_grid = param_grid
        self.random_state = random_state
        self.max_resources = max_resources
        self.min_resources = min_resources
        self.resource = resource
        self.factor = factor
        self.aggressive_elimination = aggressive_elimination
        self.n_candidates = n_candidates

    def _check_params(self) -> None:
        """Raise for what is wrong whatever the data are."""
        if not (is_positive(self.factor) and self.factor > 1):
            allowed = "a number in the range (1, inf)"
            raise invalid_parameter(self, "factor", self.factor, allowed)
        check_bool(self, "aggressive_elimination", self.aggressive_elimination)
        check_count(self, "n_candidates", self.n_candidates, none=True)
        for name, words in (
            ("min_resources", ("exhaust", "smallest")),
            ("max_resources", ("auto",)),
        ):
            value = getattr(self, name)
            is_word = isinstance(value, str) and value in words
            if not is_word and not (is_count(value) and value >= 1):
                allowed = f"an int >= 1 or one of {set(words)}"
                raise invalid_parameter(self, name, value, allowed)
        if self.resource == _HISTORY:
            return
        if self.resource not in self.estimator.get_params():
            raise ValueError(
                f"Cannot use resource={self.resource} which is not supported by "
                f"estimator {type(self.estimator).__name__}"
            )
        if self.max_resources == "auto":
            raise ValueError(
                f"resource can only be {_HISTORY!r} when max_resources='auto'"
            )

    def _splitter(self) -> Any:
        """What makes the folds; an int means those that go forward in time."""
        if self.cv is None or is_count(self.cv):
            return RollingOrigin(5 if self.cv is None else self.cv)
        return self.cv

    def _planned(
        self, folds: DrawnFolds, X: Table, y: Any, given: dict[str, Any]
    ) -> _Plan:
        """How long histories are, and how short the first one may be."""
        n_classes = 2
        if is_classifier(self.estimator) and y is not None:
            check_classification_targets(y)
            n_classes = max(2, len(np.unique(np.asarray(y))))
        history = History(axis_of_folds(folds.cv, X, given.get("times")))
        return _Plan(folds, history, 2 * n_classes)

    def _run_search(self, evaluate_candidates: Callable[..., Any]) -> None:
        """Rounds, each with a share of the candidates and more of the resource."""
        candidates = self._first_candidates()
        sizes = self._sizes(len(candidates))
        self.n_resources_: list[int] = []
        self.n_candidates_: list[int] = []
        self.agreement_: list[float] = []
        before: dict[int, float] = {}
        left = list(range(len(candidates)))
        for number, size in enumerate(sizes):
            offered = [candidates[i] for i in left]
            folds = self.cv
            if self.resource == _HISTORY:
                folds = self._plan.with_recent(size)
            else:
                offered = [{**one, self.resource: size} for one in offered]
            more = {"iter": [number] * len(left), "n_resources": [size] * len(left)}
            results = evaluate_candidates(offered, folds, more_results=more)
            scores = scores_of(results, self.refit)[-len(left) :]
            now = dict(zip(left, scores.tolist(), strict=True))
            if number:
                self.agreement_.append(_agreement(before, now))
            self.n_resources_.append(size)
            self.n_candidates_.append(len(left))
            before = now
            # Without a score last; of equals, those listed first.
            in_order = sorted(
                left, key=lambda i: -now[i] if now[i] == now[i] else np.inf
            )
            left = sorted(in_order[: ceil(len(left) / self.factor)])
        self.n_iterations_ = len(sizes)
        self.n_remaining_candidates_ = len(left)

    def _first_candidates(self) -> list[dict[str, Any]]:
        """All candidates, or some drawn at random."""
        if self.n_candidates is None:
            candidates = list(ParameterGrid(self.param_grid))
        else:
            rng = self.random_state
            if isinstance(rng, np.random.Generator):
                rng = int(rng.integers(2**32))
            candidates = list(
                ParameterSampler(self.param_grid, self.n_candidates, random_state=rng)
            )
        if not candidates:
            raise ValueError("param_grid is empty: there are no candidates to try.")
        if any(self.resource in candidate for candidate in candidates):
            raise ValueError(
                f"Cannot use parameter {self.resource} as the resource since it is "
                "part of the searched parameters."
            )
        return candidates

    def _sizes(self, n_candidates: int) -> list[int]:
        """Resource of each round, by the arithmetic of HalvingGridSearchCV."""
        most: Any = self.max_resources
        if self.resource == _HISTORY:
            longest = self._plan.longest
            if most != "auto" and most > longest:
                raise ValueError(
                    f"max_resources={most} exceeds the {longest} distinct times of "
                    "the longest training set. Leave it 'auto', or make longer ones."
                )
            most = longest if most == "auto" else most
        required = 1 + floor(_log(n_candidates, self.factor))
        least: Any = self.min_resources
        if isinstance(least, str):
            least = self._plan.shortest if self.resource == _HISTORY else 1
            if self.min_resources == "exhaust":
                least = max(least, int(most // self.factor ** (required - 1)))
        if least > most:
            raise ValueError(
                f"min_resources_={least} is greater than max_resources_={most}."
            )
        possible = 1 + floor(_log(most // least, self.factor))
        self.max_resources_, self.min_resources_ = int(most), int(least)
        self.n_required_iterations_ = required
        self.n_possible_iterations_ = possible
        powers: Sequence[int] = range(min(possible, required))
        if self.aggressive_elimination:
            powers = [max(0, i - required + possible) for i in range(required)]
        return [min(int(self.factor**power * least), int(most)) for power in powers]

    def _searched(self) -> set[str]:
        """All parameters but the resource."""
        return set(getattr(self, "best_params_", ())) - {self.resource}

    def _select_best_index(self, refit: Any, refit_metric: Any, results: Any) -> int:
        """Index of the best candidate of the last round."""
        eligible = np.flatnonzero(results["iter"] == results["iter"].max())
        return best_among(results, eligible, refit if callable(refit) else refit_metric)


def _log(value: float, base: float) -> float:
    """Logarithm, exact to what rounding down should not undo."""
    return log(value, base) + 1e-12


def _agreement(before: Mapping[int, float], now: Mapping[int, float]) -> float:
    """Kendall's tau of two rounds; NaN for fewer than two candidates with scores."""
    pairs = np.array([(before[i], now[i]) for i in now])
    known = pairs[~np.isnan(pairs).any(axis=1)]
    return float(kendalltau(*known.T).statistic) if len(known) > 1 else float("nan")


@dataclass(frozen=True)
class _Plan:
    """Folds, and what their training rows are cut down to.

    Attributes
    ----------
    folds : DrawnFolds
        The folds.
    history : History
        What of the training rows is recent.
    shortest : int
        With how few times a first round may begin.
    """

    folds: DrawnFolds
    history: History
    shortest: int

    @property
    def longest(self) -> int:
        """Number of distinct times in the longest training set."""
        return max(self.history.length(train) for train, _ in self.folds.pairs)

    def with_recent(self, size: int) -> DrawnFolds:
        """The folds with the most recent history alone to train on."""
        recent = self.history.recent
        pairs = [(recent(train, size), test) for train, test in self.folds.pairs]
        return replace(self.folds, pairs=pairs)
