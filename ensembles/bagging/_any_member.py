"""Bags of members of any kind, on drawn rows and columns."""

from __future__ import annotations

from abc import abstractmethod
from numbers import Integral
from typing import Any, Literal

import numpy as np
from sklearn.utils import get_tags
from sklearn.utils.metadata_routing import MetadataRouter, MethodMapping

from ensembles._ensemble._data import n_columns_of
from ensembles._ensemble._routing import route
from ensembles._routing import routing_enabled
from ensembles._typing import Estimator, FloatArray, Table
from ensembles._validation import (
    check_bool,
    check_choice,
    check_count_or_fraction,
    check_sample_weight,
    invalid_parameter,
    n_rows_of,
    warn_user,
)
from ensembles.bagging._base import BaseBag
from ensembles.bagging._sampling import ColumnLaw, Sampler
from ensembles.bagging._setup import make_sampler
from ensembles.bagging._twins import on_bins

__all__ = ["BaseBagging"]


class BaseBagging(BaseBag):
    """Base of bags of any member."""

    estimator: Estimator | None
    max_features: float
    bootstrap_features: bool
    engine: Literal["exact", "hist"]

    @abstractmethod
    def _default_estimator(self) -> Estimator:
        """The member where the user names none."""

    @abstractmethod
    def _routes(self, member: Estimator) -> list[tuple[str, str]]:
        """Pairs of our method and the member's that it calls."""

    def _member(self) -> Estimator:
        named = self._default_estimator() if self.estimator is None else self.estimator
        return on_bins(named) if self.engine == "hist" else named

    def _check_own_params(self) -> None:
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
        check_count_or_fraction(self, "max_samples", self.max_samples, none=True)
        check_count_or_fraction(self, "max_features", self.max_features)
        check_bool(self, "bootstrap_features", self.bootstrap_features)
        check_choice(self, "engine", self.engine, ("exact", "hist"))

    def _resolve_weights(
        self, sample_weight: Any, y: Any, learned: Any
    ) -> FloatArray | None:
        weights = check_sample_weight(sample_weight, n_rows_of(y))
        if weights is not None and not self.bootstrap:
            warn_user(
                f"When fitting {type(self).__name__} with sample_weight "
                f"it is recommended to use bootstrap=True, got {self.bootstrap}."
            )
        return weights

    def _make_sampler(
        self,
        X: Table,
        y: Any,
        weights: FloatArray | None,
        groups: Any,
        rng: np.random.RandomState,
    ) -> Sampler:
        law = self._column_law(X)
        return make_sampler(self, law, n_rows_of(X), y, weights, groups, rng)

    def _column_law(self, X: Table) -> ColumnLaw:
        """How columns are drawn, checked against X."""
        n_features = n_columns_of(X)
        wanted = self.max_features
        draws_all = wanted == 1.0 and not isinstance(wanted, Integral)
        draws_all = draws_all and not self.bootstrap_features
        if n_features is None:
            if not draws_all:
                raise ValueError(
                    "Columns can only be drawn from a two-dimensional X. Leave "
                    "max_features=1.0 and bootstrap_features=False for this X."
                )
            return ColumnLaw(None, 0, False)
        if get_tags(self.estimator_).input_tags.pairwise and not draws_all:
            raise ValueError(
                "The columns of a precomputed kernel are rows: they are drawn with the "
                "rows. Leave max_features=1.0 and bootstrap_features=False."
            )
        share = not isinstance(wanted, Integral)
        n_drawn = int(wanted * n_features) if share else int(wanted)
        if n_drawn > n_features:
            raise ValueError("max_features must be <= n_features")
        return ColumnLaw(n_features, max(1, n_drawn), self.bootstrap_features)

    # What scikit-learn asks of a meta-estimator.

    def get_metadata_routing(self) -> MetadataRouter:
        """Return which metadata goes where.

        Returns
        -------
        MetadataRouter
            Routes of fit and of the methods that predict.
        """
        member = self._member()
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
