"""Bagging: members fitted on draws of the data, their outputs combined.

::

    sampler = which rows and columns, as functions of a member's plan
    plans   = one seed for each member
    members = [fit_member(job, plan) for plan in plans]      in parallel
    output  = rule(member outputs)                           chosen at predict
"""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, Literal

import numpy as np
from sklearn.base import clone
from sklearn.utils import get_tags
from sklearn.utils.metadata_routing import MetadataRouter, MethodMapping
from sklearn.utils.validation import check_is_fitted

from ensembles._combine import CombineRule, Rule
from ensembles._compat import CallbackSupportMixin, with_callbacks
from ensembles._ensemble import BaseEnsemble
from ensembles._ensemble._casting import as_float32, trees_may_share_a_cast
from ensembles._ensemble._data import check_table, check_table_and_target
from ensembles._ensemble._outputs import FittedMember
from ensembles._ensemble._predict import Output, combined, stacked
from ensembles._ensemble._routing import route
from ensembles._random import MAX_SEED, random_generator
from ensembles._routing import routing_enabled
from ensembles._typing import (
    ArrayLike,
    Estimator,
    FloatArray,
    IntArray,
    RandomState,
    Table,
)
from ensembles._validation import check_sample_weight, n_rows_of, warn_user
from ensembles.bagging._fit import FitJob
from ensembles.bagging._grow import Grown, grow, plan_members
from ensembles.bagging._resample import resolve_resample
from ensembles.bagging._sampling import (
    MemberPlan,
    Resample,
    Sampler,
)
from ensembles.bagging._setup import check_out_of_bag, check_params, make_sampler
from ensembles.resampling._base import BaseScheme

__all__ = ["BaseBagging"]


class BaseBagging(CallbackSupportMixin, BaseEnsemble):
    """Base of the bagging estimators: all but what the kind of target decides."""

    _columns: list[IntArray | None]
    _draws: list[tuple[Sampler, Resample, MemberPlan]]
    _n_planned: int
    _entropy: int
    _max_samples: int
    _data_hash: str

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
        check_params(self)
        rng = random_generator(self.random_state)
        if not self.warm_start:
            self._forget_members()
        X, y = check_table_and_target(self, X, y)
        learned = self._encode_target(y)
        weights = check_sample_weight(sample_weight, n_rows_of(X))
        if weights is not None and not self.bootstrap:
            warn_user(
                f"When fitting {type(self).__name__} with sample_weight "
                f"it is recommended to use bootstrap=True, got {self.bootstrap}."
            )
        member_params, groups = self._route_fit(fit_params)
        self.estimator_ = clone(self._resolved_estimator())
        sampler = make_sampler(self, X, learned, weights, groups, rng)
        resample = resolve_resample(self, self.estimator_, sampler, weights)
        check_out_of_bag(self, X, y, sampler, resample)
        shares_a_cast = trees_may_share_a_cast([self.estimator_], X)
        job = FitJob(
            estimator=self.estimator_,
            X=as_float32(X) if shares_a_cast else X,
            y=learned,
            sampler=sampler,
            resample=resample,
            n_members=self.n_estimators,
            error_score=self.error_score,
            params=member_params,
            row_weights=None if self.scheme is None else weights,
        )
        plans = self._plans(job, rng)
        if plans:
            grown = Grown.of(self)
            grow(self, job, plans, grown, X, y)
            self.__dict__.update(grown.attributes())
        self._forget_out_of_bag()
        if self.oob_score:
            self._set_oob_score(job.X, learned)
        return self

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

    def _plans(self, job: FitJob, rng: np.random.RandomState) -> list[MemberPlan]:
        """Plans of the members that are missing."""
        start = self._n_planned if hasattr(self, "estimators_") else 0
        if self.n_estimators < start:
            raise ValueError(
                f"n_estimators={self.n_estimators} must be larger or equal to "
                f"len(estimators_)={start} when warm_start==True"
            )
        if self.n_estimators == start:
            warn_user(
                "Warm-start fitting without increasing n_estimators does not "
                "fit new trees."
            )
        seeds = rng.randint(MAX_SEED, size=self.n_estimators)[start:]
        return plan_members(job.sampler, seeds, start)

    def _forget_members(self) -> None:
        """Remove members, so that a fit that fails leaves no half of an old one."""
        for name in ("estimators_", "_columns", "_draws", "_entropy", "_data_hash"):
            self.__dict__.pop(name, None)
        self._forget_out_of_bag()

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
            sampler.drawn_rows(plan, resample)
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
        output = self._main_output({})
        arrays = stacked(members, check_table(self, X), output, self.n_jobs)
        return arrays if len(arrays) > 1 else arrays[0]

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
