"""What searches share: folds drawn once, times told to splitters, edges warned of."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

from sklearn.base import is_classifier
from sklearn.utils.metadata_routing import MethodMapping, process_routing

from ensembles._compat import BaseSearchCV, take_rows
from ensembles._routing import routing_enabled
from ensembles._rows import params_of_rows, table_of_rows
from ensembles._typing import Table
from ensembles._validation import invalid_parameter, n_rows_of
from ensembles.model_selection._search._edges import warn_of_edges
from ensembles.model_selection._search._folds import DrawnFolds, draw_folds

__all__ = ["BaseSearch"]


class BaseSearch(BaseSearchCV, ABC):
    """Base of searches in rounds; one adds what a round is."""

    cv: Any

    @abstractmethod
    def _check_params(self) -> None:
        """Raise for what is wrong whatever the data are."""

    @abstractmethod
    def _searched(self) -> set[str]:
        """Parameters whose best value is to be looked at for an edge."""

    def _splitter(self) -> Any:
        """What makes the folds."""
        return self.cv

    def fit(self, X: Table, y: Any = None, **params: Any) -> Any:
        """Search, then fit the best candidate on all rows whose label has an end.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...)
            The rows.
        y : array-like of shape (n_samples, ...) or None, default=None
            Target.
        **params : object
            For the estimator's fit, the splitter and the scorer, as
            ``GridSearchCV.fit`` takes them; and ``times`` and ``label_end``, which go
            to the splitter with metadata routing on or off. Rows whose label has no end
            are left out, whatever the splitter does with it.

        Returns
        -------
        object
            The search itself.
        """
        self._check_inherited()
        self._check_params()
        if routing_enabled():
            given = dict(process_routing(self, "fit", **params).splitter.split)
        else:
            names = [name for name in ("times", "label_end") if name in params]
            given = {name: params.pop(name) for name in names}
            given["groups"] = params.get("groups")
        cv, splitter = self.cv, self._splitter()
        classifier = is_classifier(self.estimator)
        folds = draw_folds(splitter, X, y, given, classifier=classifier)
        plan = self._planned(folds, X, y, given)
        if folds.known is not None:
            n_samples = n_rows_of(X)
            X = table_of_rows(self.estimator, X, folds.known, folds.known)
            y = None if y is None else take_rows(y, folds.known)
            params = params_of_rows(params, folds.known, n_samples)
        try:
            self.cv, self._plan = folds, plan
            super().fit(X, y, **params)
        finally:
            self.cv, self._checked_cv_orig = cv, splitter  # lets the folds go
            del self._plan
        warn_of_edges(self, self._searched())
        return self

    def _planned(
        self, folds: DrawnFolds, X: Table, y: Any, given: dict[str, Any]
    ) -> Any:
        """What rounds need to know of the data, in ``_plan`` while they are done."""

    def _check_inherited(self) -> None:
        """Raise for what is wrong with parameters that all searches have."""
        if not hasattr(self.estimator, "fit"):
            allowed = "an object implementing 'fit'"
            raise invalid_parameter(self, "estimator", self.estimator, allowed)
        several = isinstance(self.scoring, list | tuple | set | Mapping)
        if several and not isinstance(self.refit, str):
            raise invalid_parameter(
                self, "refit", self.refit, "the name of the score to go by"
            )
        if hasattr(self.cv, "__next__"):
            allowed = "an int, a splitter, a list of folds or None"
            hint = "A generator is used up by its first use: make a list of it."
            raise invalid_parameter(self, "cv", self.cv, allowed, hint)

    def get_metadata_routing(self) -> Any:
        """Return who is told what: the estimator, the scorer and the splitter.

        Returns
        -------
        MetadataRouter
            As of ``GridSearchCV``.
        """
        mapping = MethodMapping().add(caller="fit", callee="split")
        router = super().get_metadata_routing()
        return router.add(splitter=self._splitter(), method_mapping=mapping)
