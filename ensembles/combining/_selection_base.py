"""Selection: members taken one by one, as often as it helps."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass, replace
from typing import Any, final

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import check_array

from ensembles._parallel import map_members
from ensembles._random import MAX_SEED, random_generator
from ensembles._stand_in import resolve_metric
from ensembles._typing import ArrayLike, FloatArray, IntArray, RandomState
from ensembles._validation import (
    check_bool,
    check_count,
    check_positive,
    invalid_parameter,
    is_fraction,
    require,
)
from ensembles.combining._greedy import Growth, Plan, grow
from ensembles.combining._objectives import Objective
from ensembles.combining._selection_score import takes_row_weights
from ensembles.combining._weighted import BaseWeighted

__all__ = ["BaseSelection", "SelectionTrajectory"]


@final
@dataclass(frozen=True, eq=False)
class SelectionTrajectory:
    """Members in the order in which they were taken, bag after bag.

    Attributes
    ----------
    bag : ndarray of shape (n_taken,)
        Number of the bag.
    member : ndarray of shape (n_taken,)
        Name of the member.
    score : ndarray of shape (n_taken,)
        Of the ensemble with it and those before, on rows that members had not learned
        from.

    See Also
    --------
    SelectionClassifier, SelectionRegressor : Have one.

    References
    ----------
    .. [1] R. Caruana, A. Niculescu-Mizil, G. Crew, A. Ksikes, "Ensemble selection from
       libraries of models", Proceedings of the 21st International Conference on Machine
       Learning, 2004, figure 1.

    Examples
    --------
    A ridge is better than a tree, and three parts of it with one of the tree than both:

    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn.linear_model import Ridge
    >>> from sklearn.tree import DecisionTreeRegressor
    >>> from ensembles.combining import SelectionRegressor
    >>> X, y = load_diabetes(return_X_y=True)
    >>> tree = DecisionTreeRegressor(max_depth=3, random_state=0)
    >>> library = [("ridge", Ridge(1.0)), ("tree", tree)]
    >>> chosen = SelectionRegressor(library, scoring="r2", n_rounds=4).fit(X, y)
    >>> print(*chosen.trajectory_.member, chosen.trajectory_.score.round(3))
    ridge ridge tree ridge [0.423 0.423 0.433 0.434]
    """

    bag: IntArray
    member: NDArray[Any]
    score: FloatArray

    def to_frame(self) -> Any:
        """Return the trajectory as a table.

        Returns
        -------
        pandas.DataFrame
            A row for each member taken, with columns ``bag``, ``member`` and ``score``.

        Raises
        ------
        MissingDependencyError
            If pandas is not installed.
        """
        pandas = require("pandas", "dataframe", "to_frame()")
        columns = {"bag": self.bag, "member": self.member, "score": self.score}
        return pandas.DataFrame(columns)


class BaseSelection(BaseWeighted):
    """Base of the two: how ensembles grow, and what is kept of it."""

    def __init__(
        self,
        estimators: Any,
        *,
        n_rounds: int = 50,
        scoring: Any = None,
        replacement: bool = True,
        n_start: int = 0,
        n_bags: int = 1,
        bag_share: float = 0.5,
        costs: ArrayLike | None = None,
        cost_budget: float | None = None,
        cv: Any = None,
        n_jobs: int | None = None,
        random_state: RandomState = None,
        verbose: int = 0,
        refit: bool = True,
        keep_out_of_fold: bool = True,
        memory: Any = None,
    ) -> None:
        self.estimators = estimators
        self.n_rounds = n_rounds
        self.scoring = scoring
        self.replacement = replacement
        self.n_start = n_start
        self.n_bags = n_bags
        self.bag_share = bag_share
        self.costs = costs
        self.cost_budget = cost_budget
        self.cv = cv
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.verbose = verbose
        self.refit = refit
        self.keep_out_of_fold = keep_out_of_fold
        self.memory = memory

    @abstractmethod
    def _objective(
        self, said: list[Any], y: Any, row_weights: FloatArray | None
    ) -> Objective:
        """Says how good an ensemble of members is."""

    @abstractmethod
    def _default_classes(self) -> Any:
        """Classes that stand for any when scores are checked; None for values."""

    def _check_params(self) -> None:
        super()._check_params()
        check_count(self, "n_rounds", self.n_rounds)
        check_bool(self, "replacement", self.replacement)
        check_count(self, "n_start", self.n_start, low=0)
        check_count(self, "n_bags", self.n_bags)
        if not is_fraction(self.bag_share):
            allowed = "a float in the range (0.0, 1.0]"
            raise invalid_parameter(self, "bag_share", self.bag_share, allowed)
        if self.n_start > self.n_rounds:
            raise ValueError(
                f"n_start={self.n_start} members to begin with are more than "
                f"n_rounds={self.n_rounds} allow."
            )
        if self.scoring is not None:
            resolve_metric(
                type(self).__name__, self.scoring, "predict", self._default_classes()
            )
        self._plan()

    def _plan(self) -> Plan:
        """How ensembles grow, checked against the number of members."""
        costs, budget = self.costs, self.cost_budget
        if (costs is None) != (budget is None):
            raise ValueError(
                "costs and cost_budget go together: give the cost of each member, and "
                f"what they may cost in all. Got costs={costs!r}, "
                f"cost_budget={budget!r}."
            )
        if costs is None or budget is None:
            return Plan(self.n_rounds, self.n_start, self.replacement)
        check_positive(self, "cost_budget", budget)
        given = check_array(costs, ensure_2d=False, input_name="costs", dtype=float)
        if given.shape != (len(self.estimators),) or given.min() < 0:
            raise invalid_parameter(
                self,
                "costs",
                costs,
                f"an array-like of {len(self.estimators)} numbers that are not "
                "negative, one for each of estimators",
            )
        kept = [member != "drop" for _, member in self.estimators]
        if given[kept].min() > budget:
            raise ValueError(
                f"cost_budget={budget!r} is less than the cost of every member: the "
                f"cheapest costs {given[kept].min()}."
            )
        return Plan(self.n_rounds, self.n_start, self.replacement, given[kept], budget)

    def _check_weights_are_taken(self) -> None:
        super()._check_weights_are_taken()
        if self.scoring is not None and not takes_row_weights(self.scoring):
            raise TypeError(
                f"scoring={self.scoring!r} takes no sample_weight. Take a score that "
                "does, or leave the weights out."
            )

    def _learn_weights(
        self, said: list[Any], y: Any, row_weights: FloatArray | None, which: IntArray
    ) -> FloatArray:
        objective, plan = self._objective(said, y, row_weights), self._plan()
        if plan.costs is not None:
            plan = replace(plan, costs=plan.costs[which])
        members = np.arange(len(said))
        self.member_scores_ = np.full(len(self._active), np.nan)
        self.member_scores_[which] = objective.start().with_each(members)
        tasks = [(objective, plan, allowed) for allowed in self._bags(plan, members)]
        growths = list(map_members(grow, tasks, n_jobs=self.n_jobs, prefer="threads"))
        self.trajectory_ = self._trajectory(growths, which)
        if not all(np.isfinite(one.scores[one.size - 1]) for one in growths):
            raise ValueError(
                f"scoring={self.scoring!r} gave no finite score to an ensemble."
            )
        shares = [
            np.bincount(growth.members[: growth.size], minlength=len(said))
            / growth.size
            for growth in growths
        ]
        return np.asarray(np.mean(shares, axis=0))

    def _bags(self, plan: Plan, members: IntArray) -> list[IntArray]:
        """Members that each ensemble may be grown from; all where it is one."""
        if self.n_bags == 1:
            return [members]
        seeds = random_generator(self.random_state).randint(MAX_SEED, size=self.n_bags)
        size = max(1, round(self.bag_share * len(members)))
        drawn = [np.random.default_rng(seed).permutation(members) for seed in seeds]
        if plan.costs is not None:  # a bag that nobody can pay for grows nothing
            drawn = [order[plan.costs[order] <= plan.budget] for order in drawn]
        return [np.sort(order[:size]) for order in drawn]

    def _trajectory(
        self, growths: list[Growth], which: IntArray
    ) -> SelectionTrajectory:
        names = np.array(self._active_names, dtype=object)[which]
        sizes = [len(growth.members) for growth in growths]
        return SelectionTrajectory(
            np.repeat(np.arange(len(growths)), sizes),
            names[np.concatenate([growth.members for growth in growths])],
            np.concatenate([growth.scores for growth in growths]),
        )
