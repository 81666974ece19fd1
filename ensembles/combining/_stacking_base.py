"""Stacking: another estimator learns from what members say."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.base import TransformerMixin, clone
from sklearn.utils import Bunch
from sklearn.utils.metadata_routing import (
    MetadataRequest,
    MetadataRouter,
    MethodMapping,
    get_routing_for_object,
)
from sklearn.utils.validation import check_is_fitted

from ensembles._compat import parallel_visual_block, serial_visual_block, take_rows
from ensembles._ensemble._named import check_takes_weights
from ensembles._ensemble._routing import route
from ensembles._routing import routing_enabled
from ensembles._rows import params_of_rows
from ensembles._typing import ArrayLike, Estimator, FloatArray, Table
from ensembles._validation import check_bool, invalid_parameter, n_rows_of
from ensembles.combining._answers import answers_of, as_columns, method_of
from ensembles.combining._cross_fitted import BaseCrossFitted
from ensembles.combining._level_one import Data, LevelOne, Models

__all__ = ["BaseStacking", "final_has"]


def final_has(method: str) -> Any:
    """Check of whether what combines has a method; raises, so the reason is kept."""

    def check(stack: BaseStacking) -> bool:
        getattr(stack._final(), method)
        return True

    return check


class BaseStacking(TransformerMixin, BaseCrossFitted):
    """Base of the stacking estimators: what the final estimator sees and is told."""

    final_estimator: Any
    passthrough: bool

    _kind: str

    @abstractmethod
    def _default_final(self) -> Estimator:
        """What combines where the user names nothing."""

    @abstractmethod
    def _is_of_kind(self, estimator: Any) -> bool:
        """Whether it predicts what this ensemble does."""

    @abstractmethod
    def _wanted_method(self) -> str:
        """How members are to be asked."""

    def _final(self) -> Estimator:
        """What combines: the fitted one, or the one that will be fitted."""
        if hasattr(self, "final_estimator_"):
            return self.final_estimator_
        return self._to_be_fitted()

    def _to_be_fitted(self) -> Estimator:
        """What will combine; a new one where the user names none."""
        if self.final_estimator is None:
            return self._default_final()
        return self.final_estimator

    def _check_params(self) -> None:
        super()._check_params()
        check_bool(self, "passthrough", self.passthrough)
        final = self.final_estimator
        if final is None:
            return
        if not hasattr(final, "fit"):
            allowed = "an object implementing 'fit' or None"
            raise invalid_parameter(self, "final_estimator", final, allowed)
        if not self._is_of_kind(final):
            raise ValueError(
                f"'final_estimator' parameter should be a {self._kind}. Got {final}"
            )

    def _check_weights_are_taken(self) -> None:
        super()._check_weights_are_taken()
        if not routing_enabled():
            check_takes_weights(self._to_be_fitted())

    def _method_of(self, name: str, member: Estimator) -> str:
        return method_of(name, member, self._wanted_method())

    def _models(self) -> Models:
        return "of all rows" if self.refit else "of folds"

    def _learn(self, level_one: LevelOne, data: Data, told: Bunch) -> None:
        self._remember_members(self._active_names, level_one.estimators)
        self.stack_method_ = [self._method_of(*pair) for pair in self._active]
        rows, n_samples = level_one.rows, n_rows_of(data.X)
        columns = [
            as_columns(said, method, data.target)
            for said, method in zip(level_one.answers, self.stack_method_, strict=True)
        ]
        self._widths = [one.shape[1] for one in columns]
        X, y, params = data.X, data.y, told.combines
        if len(rows) < n_samples:
            X, y = take_rows(X, rows), take_rows(y, rows)
            params = params_of_rows(params, rows, n_samples)
        final = clone(self._to_be_fitted())
        final.fit(self._beside(columns, X), y, **params)
        self.final_estimator_ = final

    def _beside(self, columns: list[FloatArray], X: Table) -> Any:
        """What the final estimator sees: answers, and X where it is passed through."""
        if not self.passthrough:
            return np.hstack(columns)
        if sparse.issparse(X):
            return sparse.hstack([*columns, X], format=X.format)
        return np.hstack([*columns, X])

    def transform(self, X: Table) -> Any:
        """Return what members answer, side by side: what the final estimator sees.

        Parameters
        ----------
        X : array-like, sparse matrix or DataFrame of shape (n_samples, n_features)
            Rows to transform.

        Returns
        -------
        ndarray or sparse matrix of shape (n_samples, n_columns)
            Columns of each member in turn, then those of X with ``passthrough=True``.
            Of the probabilities of two classes one column is left out.

        Raises
        ------
        NotFittedError
            If the ensemble is not fitted.
        """
        pairs = zip(self._asked, self.stack_method_, strict=True)
        columns = [
            as_columns(answers_of(one, X, method, self._target), method, self._target)
            for one, method in pairs
        ]
        return self._beside(columns, X)

    def _answer(self, method: str, X: Table, params: dict[str, Any]) -> Any:
        """What the final estimator answers."""
        check_is_fitted(self)
        if routing_enabled():
            routed = route(self, method, params) if params else Bunch()
            params = routed.final_estimator_[method] if params else {}
        return getattr(self.final_estimator_, method)(self.transform(X), **params)

    def get_feature_names_out(
        self, input_features: ArrayLike | None = None
    ) -> NDArray[Any]:
        """Return the names of the columns of `transform`.

        Parameters
        ----------
        input_features : array-like of str of shape (n_features,) or None, default=None
            Names of the columns of X. They are checked against those of fit, and are
            the names of the columns that are passed through.

        Returns
        -------
        ndarray of shape (n_columns,)
            Class name and member, with a number where a member has several columns.

        Raises
        ------
        ValueError
            If `input_features` are not the columns of fit.
        """
        names = []
        pairs = zip(self._member_columns(input_features), self._widths, strict=True)
        for name, width in pairs:
            numbered = [f"{name}{i}" for i in range(width)]
            names += [name] if width == 1 else numbered
        if self.passthrough:
            names += list(self._names_in(input_features))
        return np.asarray(names, dtype=object)

    def _names_in(self, given: ArrayLike | None) -> Any:
        """Names of the columns of X."""
        if given is None:
            given = getattr(self, "feature_names_in_", None)
        return [f"x{i}" for i in range(self.n_features_in_)] if given is None else given

    def get_metadata_routing(self) -> MetadataRouter:
        """Return which metadata goes where.

        Returns
        -------
        MetadataRouter
            Routes of fit and predict. What the final estimator's fit neither requests
            nor refuses does not reach it.
        """
        mapping = MethodMapping().add(caller="fit", callee="fit")
        mapping.add(caller="predict", callee="predict")
        router = super().get_metadata_routing()
        requests = _unset_as_refused(self._to_be_routed())
        router.add(final_estimator_=requests, method_mapping=mapping)
        return router

    def _to_be_routed(self) -> Estimator:
        """The final estimator; the default one takes sample weights."""
        final = self._to_be_fitted()
        if self.final_estimator is None and routing_enabled():
            final.set_fit_request(sample_weight=True)
        return final

    def _routed_to_combine(
        self, routed: Bunch, params: dict[str, Any]
    ) -> dict[str, Any]:
        return dict(routed.final_estimator_.fit)

    def _sk_visual_block_(self) -> Any:
        names, members = zip(*self.estimators, strict=True)
        beside = parallel_visual_block(names, members)
        last = parallel_visual_block(["final_estimator"], [self._to_be_fitted()])
        return serial_visual_block(beside, last)


def _unset_as_refused(estimator: Estimator) -> Any:
    """Requests of an estimator whose fit is not told what it says nothing of.

    Members learn from the user's rows; what combines them learns from their answers,
    and gets what it asks for.
    """
    requests = get_routing_for_object(estimator)
    if isinstance(requests, MetadataRequest):
        for name, alias in list(requests.fit.requests.items()):
            if alias is None:
                requests.fit.add_request(param=name, alias=False)
    return requests
