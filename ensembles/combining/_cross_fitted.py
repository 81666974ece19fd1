"""Ensembles that learn how to combine members from rows these did not learn from."""

from __future__ import annotations

from abc import abstractmethod
from functools import partial
from typing import Any

from sklearn.base import is_classifier
from sklearn.frozen import FrozenEstimator
from sklearn.utils import Bunch, indexable
from sklearn.utils.metadata_routing import MetadataRouter, MethodMapping
from sklearn.utils.validation import check_is_fitted, check_memory

from ensembles._ensemble._data import state_kept_on_failure
from ensembles._ensemble._named import BaseNamedEnsemble, check_takes_weights
from ensembles._ensemble._outputs import FittedMember, probabilities, values
from ensembles._ensemble._predict import Output, stacked
from ensembles._ensemble._routing import route
from ensembles._ensemble._targets import ClassTarget
from ensembles._routing import (
    FoldRouting,
    routing_enabled,
    taken_by_split,
    warn_of_unheard,
)
from ensembles._typing import ArrayLike, Estimator, Table
from ensembles._validation import (
    check_bool,
    check_n_jobs,
    check_sample_weight,
    check_verbose,
    invalid_parameter,
    n_rows_of,
)
from ensembles.combining._level_one import (
    Candidate,
    Data,
    LevelOne,
    Models,
    Work,
    cross_fit,
    from_fitted,
    from_out_of_bag,
    own_splitter,
)

__all__ = ["BaseCrossFitted"]

_OF_ROWS = ("groups", "times", "label_end")


class BaseCrossFitted(BaseNamedEnsemble):
    """Base of stacking, blending and selection: level-one data and who is told what.

    ::

        folds   = cv, told of groups and times
        answers = of members fitted to each fold, for the rows it leaves out
        learn   = final estimator, weights or a choice, from these answers
        members = fitted to all rows, or those of the folds
    """

    cv: Any
    n_jobs: int | None
    verbose: int
    refit: bool
    keep_out_of_fold: bool
    memory: Any

    _target: ClassTarget | None
    _knew_labels: bool
    """Whether members were fitted to labels, and not to codes."""

    def fit(
        self,
        X: Table,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        **fit_params: Any,
    ) -> Any:
        """Fit the members, and learn how to combine them.

        Parameters
        ----------
        X : array-like, sparse matrix, DataFrame or list of shape (n_samples, ...)
            Training data, in any form that all members take.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Labels or values.
        sample_weight : array-like of shape (n_samples,) or None, default=None
            How much each row counts, for members and for what combines them. With
            metadata routing on, for those that request it.
        **fit_params : dict
            ``groups``, ``times`` and ``label_end``, each array-like of shape
            (n_samples,), for splitters that use them. With metadata routing on,
            anything that is requested.

        Returns
        -------
        self
            The fitted ensemble.

        Raises
        ------
        ValueError
            If a parameter is not allowed, before any member is fitted; if no row has
            an answer of every member.
        TypeError
            If there are sample weights that a member does not take.
        """
        allowed = ("sample_weight", *_OF_ROWS)
        if not routing_enabled():
            route(self, "fit", fit_params, allow=allowed)
        self._check_params()
        with state_kept_on_failure(self):
            X, y = indexable(X, y)
            target, learned = self._encode_target(y)
            if sample_weight is not None:
                weights = check_sample_weight(sample_weight, n_rows_of(X))
                fit_params = {**fit_params, "sample_weight": weights}
                self._check_weights_are_taken()
            data, told = Data(X, learned, target), self._route_fit(fit_params)
            for name in ("feature_names_in_", "out_of_fold_"):
                self.__dict__.pop(name, None)
            level_one = self._level_one(data, told)
            if not len(level_one.rows):
                raise ValueError(
                    f"cv={self.cv!r} leaves no row that every member answers for "
                    "without having learned from it. Take more folds or members."
                )
            self._target, self._knew_labels = target, self._is_prefit()
            if self.keep_out_of_fold:
                self.out_of_fold_ = level_one.out_of_fold
            self._learn(level_one, data, told)
        return self

    @property
    def _classes(self) -> ClassTarget:
        """The classes that fit has found, of a classifier."""
        target = self._target
        assert target is not None
        return target

    # What kinds of these ensembles decide.

    @abstractmethod
    def _encode_target(self, y: Any) -> tuple[ClassTarget | None, Any]:
        """Check y; return its classes, None for values, and what members learn."""

    @abstractmethod
    def _method_of(self, name: str, member: Estimator) -> str:
        """The method by which a member is asked."""

    @abstractmethod
    def _models(self) -> Models:
        """Which models are kept of fits to folds."""

    @abstractmethod
    def _learn(self, level_one: LevelOne, data: Data, told: Bunch) -> None:
        """Learn how to combine, and keep the fitted members."""

    def _check_params(self) -> None:
        """Raise for what is wrong whatever the data are."""
        self._check_estimators()
        check_n_jobs(self, self.n_jobs)
        check_verbose(self, self.verbose)
        check_bool(self, "refit", self.refit)
        check_bool(self, "keep_out_of_fold", self.keep_out_of_fold)
        check_memory(self.memory)
        if isinstance(self.cv, str) and self.cv not in ("oob", "prefit"):
            allowed = "an int, a splitter, an iterable, 'prefit', 'oob' or None"
            raise invalid_parameter(self, "cv", self.cv, allowed)

    def _check_weights_are_taken(self) -> None:
        """Raise unless weights can go where they go; with routing on, requests say."""
        if not routing_enabled() and not self._is_prefit():
            for _, member in self._active:
                check_takes_weights(member)

    def _is_prefit(self) -> bool:
        """Whether members are taken as they were fitted elsewhere."""
        return isinstance(self.cv, str) and self.cv == "prefit"

    # Level-one data.

    def _work(self) -> Work:
        return Work(self.n_jobs, int(self.verbose), self.memory)

    def _candidates(self, told: Bunch) -> list[Candidate]:
        """Members with what they are told and how they are asked."""
        return [
            Candidate(name, member, self._method_of(name, member), told.members[name])
            for name, member in self._active
        ]

    def _level_one(self, data: Data, told: Bunch) -> LevelOne:
        """Answers of members for rows that they did not learn from."""
        candidates = self._candidates(told)
        if self._is_prefit():
            return from_fitted(candidates, data)
        if isinstance(self.cv, str):
            return from_out_of_bag(candidates, data, self._work())
        cv = own_splitter(self.cv, data.y, classifier=is_classifier(self))
        split = told.split
        if not routing_enabled():
            split = taken_by_split(cv, told.split)
            unheard = set(told.split) - set(split)
            warn_of_unheard(cv, type(self).__name__, unheard, told.split)
        folds = FoldRouting(cv, split, {}, is_on=False)
        return cross_fit(candidates, data, folds, self._models(), self._work())

    # Metadata.

    def _route_fit(self, params: dict[str, Any]) -> Bunch:
        """What members by name, the splitter and what combines are told."""
        routed = route(self, "fit", params, allow=tuple(params))
        names = [name for name, _ in self._active]
        has_requests = hasattr(self.cv, "get_metadata_routing")
        if routing_enabled():
            return Bunch(
                members={name: dict(routed[name].fit) for name in names},
                split=dict(routed["splitter"].split) if has_requests else {},
                combines=self._routed_to_combine(routed, params),
            )
        weights = {k: v for k, v in params.items() if k == "sample_weight"}
        split = {k: params[k] for k in _OF_ROWS if params.get(k) is not None}
        return Bunch(
            members=dict.fromkeys(names, weights), split=split, combines=weights
        )

    def _routed_to_combine(
        self, routed: Bunch, params: dict[str, Any]
    ) -> dict[str, Any]:
        """What is told to what combines, with metadata routing on."""
        return {k: v for k, v in params.items() if k == "sample_weight"}

    def get_metadata_routing(self) -> MetadataRouter:
        """Return which metadata goes where.

        Returns
        -------
        MetadataRouter
            Routes of fit, and of predict where that passes anything on.
        """
        router = MetadataRouter(owner=self)
        for name, member in self._active:
            mapping = MethodMapping().add(caller="fit", callee="fit")
            router.add(**{name: member}, method_mapping=mapping)
        if hasattr(self.cv, "get_metadata_routing"):
            mapping = MethodMapping().add(caller="fit", callee="split")
            router.add(splitter=self.cv, method_mapping=mapping)
        return router

    # Fitted members.

    @property
    def _asked(self) -> list[Estimator]:
        """Fitted members as they are asked; frozen ones answer with labels."""
        check_is_fitted(self, "estimators_")
        if self._knew_labels:
            return [FrozenEstimator(member) for member in self.estimators_]
        return self.estimators_

    @property
    def _members(self) -> list[FittedMember]:
        """The same; all see every column."""
        return [FittedMember(member) for member in self._asked]

    def _output(self) -> Output:
        """What members say: probabilities, or values."""
        if self._target is None:
            return partial(values, params={})
        return partial(probabilities, params={}, target=self._target)

    def predict_members(self, X: Table) -> Any:
        """Return the output of every member.

        Parameters
        ----------
        X : array-like, sparse matrix, DataFrame or list of shape (n_samples, ...)
            Rows to predict.

        Returns
        -------
        ndarray
            Classification: probabilities, shape (n_members, n_samples, n_classes), in
            the order of ``classes_``; a list of such arrays for several outputs.
            Regression: values, shape (n_members, n_samples) or (n_members, n_samples,
            n_outputs).

        Raises
        ------
        NotFittedError
            If the ensemble is not fitted.
        """
        members = self._members
        arrays = stacked(members, X, self._output(), self.n_jobs)
        return arrays if len(arrays) > 1 else arrays[0]
