"""Voting: different learners fitted on the same data, their outputs combined."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, Self

import numpy as np
import sklearn.ensemble
from sklearn.base import TransformerMixin, clone
from sklearn.utils import check_array
from sklearn.utils.metadata_routing import MetadataRouter, MethodMapping
from sklearn.utils.validation import check_is_fitted

from ensembles._combine import Rule
from ensembles._ensemble._named import BaseNamedEnsemble, check_takes_weights
from ensembles._ensemble._outputs import FittedMember
from ensembles._ensemble._predict import Output, combined
from ensembles._ensemble._routing import route
from ensembles._ensemble._targets import is_frozen
from ensembles._parallel import elapsed_time, map_members
from ensembles._routing import routing_enabled
from ensembles._typing import ArrayLike, Estimator, FloatArray, Table
from ensembles._validation import (
    check_n_jobs,
    check_sample_weight,
    check_verbose,
    invalid_parameter,
    n_rows_of,
)

__all__ = ["BaseVoting"]


class BaseVoting(TransformerMixin, BaseNamedEnsemble):
    """Base of the voting estimators: fit, weights and the members' outputs."""

    weights: Any
    n_jobs: int | None
    verbose: bool

    def fit(
        self,
        X: Table,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        **fit_params: Any,
    ) -> Any:
        """Fit the members.

        Parameters
        ----------
        X : array-like, sparse matrix or DataFrame of shape (n_samples, n_features)
            Training data, in any form that all members take.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Labels or values.
        sample_weight : array-like of shape (n_samples,) or None, default=None
            Weights for members that take them; all must.
        **fit_params : dict
            With metadata routing on, what members request.

        Returns
        -------
        self
            The fitted ensemble.

        Raises
        ------
        ValueError
            If a parameter is not allowed; before any member is fitted.
        TypeError
            If a member takes no sample weights and there are some.
        """
        self._reject_unrouted(fit_params)
        self._check_members()
        self._forget_members()
        learned = self._encode_target(y)
        self._fit_members(X, learned, sample_weight, fit_params)
        return self

    @classmethod
    def from_sklearn(cls, fitted: Any) -> Self:
        """Take over the members of a fitted vote of scikit-learn's.

        Nothing is fitted again, and predictions are the same. The members are not
        copied.

        Parameters
        ----------
        fitted : estimator
            scikit-learn's class of the same name.

        Returns
        -------
        Self
            A fitted vote.

        Raises
        ------
        TypeError
            If `fitted` is something else.
        NotFittedError
            If it is not fitted.
        """
        theirs = getattr(sklearn.ensemble, cls.__name__)
        if not isinstance(fitted, theirs):
            raise TypeError(
                f"{cls.__name__}.from_sklearn takes a fitted {cls.__name__} of "
                f"scikit-learn's, got {type(fitted).__name__}."
            )
        check_is_fitted(fitted)
        voter = cls(**fitted.get_params(deep=False))
        voter._adopt_target(fitted)
        names = fitted.named_estimators_
        # There, members that were fitted before are asked for codes.
        members = [
            one.estimator if is_frozen(one) else one for one in fitted.estimators_
        ]
        voter._remember_members([n for n in names if names[n] != "drop"], members)
        return voter

    @abstractmethod
    def _adopt_target(self, fitted: Any) -> None:
        """Take over what the target is."""

    @abstractmethod
    def _encode_target(self, y: Any) -> Any:
        """Check y, remember what it is, and return what members learn."""

    def _fit_members(
        self,
        X: Table,
        y: Any,
        sample_weight: ArrayLike | None,
        fit_params: dict[str, Any],
    ) -> None:
        """Fit the members on codes or values that all of them learn."""
        params = self._route_fit(X, sample_weight, fit_params)
        total = len(self._active)
        tasks = [
            (
                clone(member),
                X,
                y,
                params[name],
                f"({i} of {total}) Processing {name}" if self.verbose else None,
            )
            for i, (name, member) in enumerate(self._active, 1)
        ]
        fitted = list(map_members(_fit_named, tasks, n_jobs=self.n_jobs))
        self._remember_members(self._active_names, fitted)

    def _forget_members(self) -> None:
        """Remove members, so that a fit that fails leaves no half of an old one."""
        for name in ("estimators_", "named_estimators_", "feature_names_in_"):
            self.__dict__.pop(name, None)

    def _route_fit(
        self, X: Table, sample_weight: ArrayLike | None, fit_params: dict[str, Any]
    ) -> dict[str, dict[str, Any]]:
        """Fit parameters of each member."""
        if sample_weight is not None:
            fit_params = {**fit_params, "sample_weight": sample_weight}
        routed = route(self, "fit", fit_params, allow=("sample_weight",))
        if routing_enabled():
            return {name: dict(routed[name].fit) for name, _ in self._active}
        own = {}
        if sample_weight is not None:
            own = {"sample_weight": check_sample_weight(sample_weight, n_rows_of(X))}
            for _, member in self._active:
                check_takes_weights(member)
        return {name: own for name, _ in self._active}

    def _reject_unrouted(self, fit_params: dict[str, Any]) -> None:
        """Raise for parameters that only metadata routing could bring to a member."""
        if not routing_enabled():
            route(self, "fit", fit_params)

    def _check_members(self) -> None:
        """Raise unless members, their weights and the rule go together."""
        self._check_estimators()
        check_n_jobs(self, self.n_jobs)
        check_verbose(self, self.verbose)
        self._check_weights()
        self._rule()

    @abstractmethod
    def _rule(self) -> Rule:
        """How members' outputs become one; read at predict, so it may be changed."""

    def _check_weights(self) -> None:
        """Raise unless there is one non-negative weight a member, not all zero."""
        if self.weights is None:
            return
        if np.ndim(self.weights) != 1:
            raise invalid_parameter(
                self,
                "weights",
                self.weights,
                "an array-like of shape (n_estimators,) or None",
            )
        if len(self.weights) != len(self.estimators):
            raise ValueError(
                "Number of `estimators` and weights must be equal; got"
                f" {len(self.weights)} weights, {len(self.estimators)} estimators"
            )
        given = check_array(self.weights, ensure_2d=False, input_name="weights")
        if given.min() < 0:
            raise ValueError(f"weights must not be negative, got {self.weights!r}.")
        if not any(given[i] for i, (_, m) in enumerate(self.estimators) if m != "drop"):
            raise ValueError(
                f"weights={self.weights!r} gives every member that is not dropped the "
                "weight zero. Give one of them a positive weight, or weights=None."
            )

    @property
    def _weights_of_members(self) -> FloatArray | None:
        """Weights of the fitted members; read at predict, so they may be changed."""
        if self.weights is None:
            return None
        self._check_weights()
        names = [name for name, _ in self.estimators]
        by_name = dict(zip(names, np.asarray(self.weights, np.float64), strict=True))
        return np.array([by_name[name] for name in self._fitted_names])

    @property
    def _members(self) -> list[FittedMember]:
        """Fitted members; all see every column."""
        check_is_fitted(self, "estimators_")
        return [FittedMember(member) for member in self.estimators_]

    def _combined(self, X: Table, output: Output, rule: Rule) -> list[FloatArray]:
        """Members' outputs combined, one array for each output of the target."""
        return combined(
            self._members,
            X,
            output,
            rule,
            weights=self._weights_of_members,
            n_jobs=self.n_jobs,
        )

    def get_metadata_routing(self) -> MetadataRouter:
        """Return which metadata goes where.

        Returns
        -------
        MetadataRouter
            Routes of fit.
        """
        router = MetadataRouter(owner=self)
        for name, member in self._active:
            mapping = MethodMapping().add(caller="fit", callee="fit")
            router.add(**{name: member}, method_mapping=mapping)
        return router


def _fit_named(
    member: Estimator, X: Table, y: Any, params: dict[str, Any], message: str | None
) -> Estimator:
    """Fit one member and say so."""
    with elapsed_time("Voting", message):
        member.fit(X, y, **params)
    return member
