"""Bagging: members fitted on draws of the data, their outputs combined.

::

    sampler = which rows and columns, as functions of a member's plan
    plans   = one seed for each member
    members = [fit_member(job, plan) for plan in plans]      in parallel
    output  = rule(member outputs)                           chosen at predict
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from typing import Any, Literal
from warnings import warn

import numpy as np
from sklearn.base import clone
from sklearn.utils import check_random_state, get_tags
from sklearn.utils.metadata_routing import MetadataRouter, MethodMapping
from sklearn.utils.validation import check_is_fitted, check_memory

from ensembles._combine import CombineRule, Rule
from ensembles._compat import CallbackSupportMixin, callback_context, with_callbacks
from ensembles._ensemble import BaseEnsemble
from ensembles._ensemble._casting import as_float32, trees_may_share_a_cast
from ensembles._ensemble._data import check_table, check_table_and_target, n_columns_of
from ensembles._ensemble._outputs import FittedMember
from ensembles._ensemble._predict import Output, collect, combined
from ensembles._ensemble._routing import (
    route,
    routing_enabled,
)
from ensembles._parallel import map_members, preferred_workers
from ensembles._random import MAX_SEED, entropy_from
from ensembles._typing import (
    ArrayLike,
    Estimator,
    FloatArray,
    IntArray,
    RandomState,
    Table,
)
from ensembles._validation import (
    check_bool,
    check_count,
    check_count_or_fraction,
    check_sample_weight,
    invalid_parameter,
    n_rows_of,
    resolve_n_draws,
)
from ensembles.bagging._fit import FitJob, MemberFailure, fitting_function
from ensembles.bagging._oob import check_oob_score
from ensembles.bagging._resample import resolve_resample
from ensembles.bagging._sampling import (
    ClassicSampler,
    ColumnLaw,
    MemberPlan,
    Resample,
    Sampler,
    SchemeSampler,
)
from ensembles.exceptions import MemberFailedWarning
from ensembles.resampling._base import BaseScheme

__all__ = ["BaseBagging"]


class BaseBagging(CallbackSupportMixin, BaseEnsemble):
    """Base of the bagging estimators: all but what the kind of target decides."""

    _columns: list[IntArray | None]
    _draws: list[tuple[Sampler, Resample, MemberPlan]]
    _entropy: int

    def __init__(
        self,
        estimator: Estimator | None = None,
        n_estimators: int = 10,
        *,
        max_samples: float | None = None,
        max_features: float = 1.0,
        bootstrap: bool = True,
        bootstrap_features: bool = False,
        oob_score: Any = False,
        warm_start: bool = False,
        n_jobs: int | None = None,
        random_state: RandomState = None,
        verbose: int = 0,
        scheme: BaseScheme | None = None,
        combine: CombineRule = "auto",
        resample: Literal["auto", "weights", "unique", "index"] = "auto",
        memory: Any = None,
        error_score: str | float = "raise",
    ) -> None:
        self.estimator = estimator
        self.n_estimators = n_estimators
        self.max_samples = max_samples
        self.max_features = max_features
        self.bootstrap = bootstrap
        self.bootstrap_features = bootstrap_features
        self.oob_score = oob_score
        self.warm_start = warm_start
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.verbose = verbose
        self.scheme = scheme
        self.combine = combine
        self.resample = resample
        self.memory = memory
        self.error_score = error_score

    # What the kind of target decides.

    @abstractmethod
    def _default_estimator(self) -> Estimator:
        """The member where the user names none."""

    @abstractmethod
    def _encode_target(self, y: Any) -> Any:
        """Check y, remember its classes, and return what members learn."""

    @abstractmethod
    def _rule(self) -> Rule:
        """How members' outputs become one; read at predict, so it may be changed."""

    @abstractmethod
    def _main_output(self, params: dict[str, Any]) -> Output:
        """What is combined into predictions."""

    @abstractmethod
    def _set_oob_score(self, X: Table, y: Any) -> None:
        """Set the out-of-bag predictions and their score."""

    # Fit.

    @with_callbacks
    def fit(
        self,
        X: Table,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        **fit_params: Any,
    ) -> Any:
        """Draw samples of the data and fit a member on each.

        Parameters
        ----------
        X : array-like, sparse matrix, DataFrame or list of shape (n_samples, ...)
            Training data, in any form that the members take; they get it in that form.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Target.
        sample_weight : array-like of shape (n_samples,) or None, default=None
            Without a scheme: probabilities of being drawn, up to a factor, as in
            scikit-learn. With a scheme: weights that multiply those of the draw, for
            members that take weights. A weight of zero leaves the row out.
        **fit_params : dict
            ``groups`` for schemes that draw groups. With metadata routing on,
            anything the member requests.

        Returns
        -------
        self
            The fitted ensemble.

        Raises
        ------
        ValueError
            If a parameter does not fit the data; before any member is fitted.
        """
        self._check_params()
        X, y = check_table_and_target(self, X, y)
        learned = self._encode_target(y)
        weights = check_sample_weight(sample_weight, n_rows_of(X))
        if weights is not None and not self.bootstrap:
            warn(
                f"When fitting {type(self).__name__} with sample_weight "
                f"it is recommended to use bootstrap=True, got {self.bootstrap}.",
                stacklevel=2,
            )
        member_params, groups = self._route_fit(fit_params)
        self.estimator_ = clone(self._resolved_estimator())
        rng = check_random_state(self.random_state)
        sampler = self._make_sampler(X, learned, weights, groups, rng)
        if trees_may_share_a_cast([self.estimator_], X):
            X = as_float32(X)
        job = FitJob(
            estimator=self.estimator_,
            X=X,
            y=learned,
            sampler=sampler,
            resample=resolve_resample(self, self.estimator_, sampler, weights),
            n_members=self.n_estimators,
            error_score=self.error_score,
            params=member_params,
            row_weights=None if self.scheme is None else weights,
        )
        self._check_out_of_bag(job)
        self._grow(job, rng)
        self._forget_out_of_bag()
        if self.oob_score:
            self._set_oob_score(job.X, learned)
        return self

    def _check_params(self) -> None:
        """Raise for any parameter that is wrong whatever the data are."""
        estimator = self.estimator
        if estimator is not None and not (
            hasattr(estimator, "fit") and hasattr(estimator, "predict")
        ):
            raise invalid_parameter(
                self,
                "estimator",
                estimator,
                "an object implementing 'fit' and 'predict' or None",
            )
        check_count(self, "n_estimators", self.n_estimators)
        check_count_or_fraction(self, "max_samples", self.max_samples, none=True)
        check_count_or_fraction(self, "max_features", self.max_features)
        for name in ("bootstrap", "bootstrap_features", "warm_start"):
            check_bool(self, name, getattr(self, name))
        check_oob_score(self.oob_score)
        check_memory(self.memory)
        self._rule()
        if not (self.error_score == "raise" or np.isreal(self.error_score)):
            raise invalid_parameter(
                self, "error_score", self.error_score, "'raise' or numpy.nan"
            )
        self._check_scheme()

    def _check_scheme(self) -> None:
        """Raise where the scheme and scikit-learn's parameters both say which rows."""
        if self.scheme is None:
            if self.oob_score and not self.bootstrap:
                raise ValueError(
                    "Out of bag estimation only available if bootstrap=True"
                )
            return
        if not isinstance(self.scheme, BaseScheme):
            raise invalid_parameter(
                self, "scheme", self.scheme, "a scheme of ensembles.resampling or None"
            )
        if self.max_samples is not None or not self.bootstrap:
            raise ValueError(
                "The scheme says which rows are drawn. Leave max_samples=None and "
                "bootstrap=True, and give the scheme its own max_samples or replace."
            )

    def _resolved_estimator(self) -> Estimator:
        """The user's member or the default one."""
        return self._default_estimator() if self.estimator is None else self.estimator

    def _route_fit(self, params: dict[str, Any]) -> tuple[dict[str, Any], Any]:
        """Parameters of the members' fit, and the groups of the scheme."""
        allowed = () if self.scheme is None else ("groups",)
        routed = route(self, "fit", params, allow=allowed)
        if not routing_enabled():
            return {}, params.get("groups")
        groups = None
        if self.scheme is not None:
            groups = routed.scheme.split.get("groups")
        return dict(routed.estimator.fit), groups

    def _make_sampler(
        self,
        X: Table,
        y: Any,
        weights: FloatArray | None,
        groups: ArrayLike | None,
        rng: np.random.RandomState,
    ) -> Sampler:
        """What draws rows and columns, checked against the data."""
        n_samples = n_rows_of(X)
        law = self._column_law(X)
        if self.scheme is not None:
            entropy = entropy_from(rng)
            if self.warm_start and hasattr(self, "_entropy"):
                entropy = self._entropy
            self._entropy = entropy
            bound = self.scheme.bind(n_samples, y, groups)
            return SchemeSampler(n_samples, law, bound, entropy)
        self._max_samples = resolve_n_draws(n_samples, self.max_samples, weights)
        if not self.bootstrap and self._max_samples > n_samples:
            raise ValueError(
                f"Effective max_samples={self._max_samples} must be <= n_samples="
                f"{n_samples} to be able to sample without replacement."
            )
        return ClassicSampler(
            n_samples,
            law,
            self._max_samples,
            self.bootstrap,
            None if weights is None else weights / weights.sum(),
        )

    def _column_law(self, X: Table) -> ColumnLaw:
        """How columns are drawn, checked against X."""
        n_features = n_columns_of(X)
        wanted = self.max_features
        if n_features is None:
            if self.bootstrap_features or wanted != 1.0:
                raise ValueError(
                    "Columns can only be drawn from a two-dimensional X. Leave "
                    "max_features=1.0 and bootstrap_features=False for this X."
                )
            return ColumnLaw(None, 0, False)
        n_drawn = int(wanted * n_features) if isinstance(wanted, float) else int(wanted)
        if n_drawn > n_features:
            raise ValueError("max_features must be <= n_features")
        return ColumnLaw(n_features, max(1, n_drawn), self.bootstrap_features)

    def _check_out_of_bag(self, job: FitJob) -> None:
        """Raise before any fit where no member could leave a row out-of-bag."""
        if self.oob_score and not job.sampler.leaves_rows_out(job.resample):
            raise ValueError(
                f"{self.scheme} with resample={job.resample!r} lets every member see "
                "every row, so none is out-of-bag. Use resample='index', another "
                "scheme, or oob_score=False."
            )

    def _grow(self, job: FitJob, rng: np.random.RandomState) -> None:
        """Fit the members that are missing and keep what drew them."""
        start = 0
        if self.warm_start and hasattr(self, "estimators_"):
            start = len(self._draws)
        if self.n_estimators < start:
            raise ValueError(
                f"n_estimators={self.n_estimators} must be larger or equal to "
                f"len(estimators_)={start} when warm_start==True"
            )
        if self.n_estimators == start:
            warn(
                "Warm-start fitting without increasing n_estimators does not "
                "fit new trees.",
                stacklevel=3,
            )
            return
        seeds = rng.randint(MAX_SEED, size=self.n_estimators)[start:]
        plans = self._plans(job.sampler, seeds, start)
        fitted = list(self._fit_members(job, plans))
        kept = [
            (plan, member)
            for plan, member in zip(plans, fitted, strict=False)
            if isinstance(member, FittedMember)
        ]
        _warn_of_failures([m for m in fitted if isinstance(m, MemberFailure)], kept)
        if start == 0:
            self.estimators_, self._columns, self._draws = [], [], []
        self.estimators_ += [member.estimator for _, member in kept]
        self._columns += [member.columns for _, member in kept]
        self._draws += [(job.sampler, job.resample, plan) for plan, _ in kept]

    def _plans(self, sampler: Sampler, seeds: IntArray, start: int) -> list[MemberPlan]:
        """Plans of the members from number `start` on."""
        rows_seeds = sampler.row_seeds(seeds, start)
        numbered = zip(seeds.tolist(), rows_seeds, strict=True)
        return [
            MemberPlan(i, seed, rows_seed)
            for i, (seed, rows_seed) in enumerate(numbered, start)
        ]

    def _fit_members(
        self, job: FitJob, plans: list[MemberPlan]
    ) -> Iterator[FittedMember | MemberFailure]:
        """Yield members in order; callbacks hear of each and may stop the fit."""
        context = callback_context(self, len(plans))
        if context is not None:
            context.call_on_fit_task_begin(estimator=self)
        members = map_members(
            fitting_function(job, check_memory(self.memory)),
            ((plan,) for plan in plans),
            n_jobs=self.n_jobs,
            prefer=preferred_workers(job.estimator),
            verbose=int(self.verbose),
        )
        for member in members:
            yield member
            if context is not None and _callback_stops(self, context):
                break
        if context is not None:
            context.call_on_fit_task_end(estimator=self)

    def _forget_out_of_bag(self) -> None:
        """Remove out-of-bag results that other members than the present ones gave."""
        for name in ("oob_score_", "oob_prediction_", "oob_decision_function_"):
            self.__dict__.pop(name, None)

    # What members are, and what they say.

    @property
    def _members(self) -> list[FittedMember]:
        """Members with their columns."""
        check_is_fitted(self, "estimators_")
        return [
            FittedMember(estimator, columns)
            for estimator, columns in zip(self.estimators_, self._columns, strict=True)
        ]

    @property
    def estimators_features_(self) -> list[IntArray]:
        """Columns that each member sees."""
        n_features = getattr(self, "n_features_in_", 0)
        return [
            np.arange(n_features) if columns is None else columns
            for columns in self._columns
        ]

    @property
    def estimators_samples_(self) -> list[IntArray]:
        """Rows that each member was fitted on, drawn again at each call."""
        return [
            sampler.rows(plan)
            if resample == "index" or isinstance(sampler, ClassicSampler)
            else np.flatnonzero(sampler.weights(plan))
            for sampler, resample, plan in self._draws
        ]

    @property
    def inbag_counts_(self) -> Any:
        """How often each member saw each row, shape (n_estimators, n_samples)."""
        return np.stack(
            [sampler.in_bag(plan, how) for sampler, how, plan in self._draws]
        )

    def predict_members(self, X: Table) -> Any:
        """Return the output of every member.

        Parameters
        ----------
        X : array-like, sparse matrix, DataFrame or list of shape (n_samples, ...)
            Rows to predict.

        Returns
        -------
        ndarray
            Classification: probabilities, shape (n_estimators, n_samples, n_classes),
            in the order of ``classes_``, zero for a class that a member never saw; a
            list of such arrays for several outputs. Regression: values, shape
            (n_estimators, n_samples) or (n_estimators, n_samples, n_outputs).

        Raises
        ------
        NotFittedError
            If the ensemble is not fitted.
        """
        members = self._members
        X = check_table(self, X)
        outputs = list(collect(members, X, self._main_output({}), self.n_jobs))
        stacked = [np.stack(given) for given in zip(*outputs, strict=True)]
        return stacked if len(stacked) > 1 else stacked[0]

    def _combined(self, X: Table, output: Output, rule: Rule) -> list[FloatArray]:
        """Members' outputs combined, one array for each output of the target."""
        members = self._members
        return combined(members, check_table(self, X), output, rule, n_jobs=self.n_jobs)

    # What scikit-learn asks of a meta-estimator.

    def get_metadata_routing(self) -> MetadataRouter:
        """Return which metadata goes where.

        Returns
        -------
        MetadataRouter
            Routes of fit and of the methods that predict.
        """
        member = self._resolved_estimator()
        router = MetadataRouter(owner=self)
        mapping = MethodMapping().add(caller="fit", callee="fit")
        for caller, callee in self._routes(member):
            mapping.add(caller=caller, callee=callee)
        router.add(estimator=member, method_mapping=mapping)
        if self.scheme is not None:
            router.add(
                scheme=self.scheme,
                method_mapping=MethodMapping().add(caller="fit", callee="split"),
            )
        return router

    @abstractmethod
    def _routes(self, member: Estimator) -> list[tuple[str, str]]:
        """Pairs of our method and the member's that it calls."""

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        of_member = get_tags(self._resolved_estimator())
        for name in (
            "sparse",
            "allow_nan",
            "string",
            "categorical",
            "pairwise",
            "positive_only",
        ):
            setattr(tags.input_tags, name, getattr(of_member.input_tags, name))
        tags.target_tags.multi_output = of_member.target_tags.multi_output
        if tags.classifier_tags is not None and of_member.classifier_tags is not None:
            tags.classifier_tags.multi_label = of_member.classifier_tags.multi_label
        return tags


def _callback_stops(owner: Estimator, context: Any) -> bool:
    """Tell the callbacks that one more member is there, and hear whether to stop."""
    member = context.subcontext(task_name="member")
    member.call_on_fit_task_begin(estimator=owner)
    return bool(member.call_on_fit_task_end(estimator=owner))


def _warn_of_failures(failures: list[MemberFailure], kept: list[Any]) -> None:
    """Warn of members left out; raise where none is left."""
    if not failures:
        return
    reasons = "\n".join(failure.reason for failure in failures)
    if not kept:
        raise ValueError(f"All {len(failures)} members failed to fit:\n{reasons}")
    warn(
        f"{len(failures)} of {len(failures) + len(kept)} members failed to fit and "
        f"were left out:\n{reasons}",
        MemberFailedWarning,
        stacklevel=5,
    )
