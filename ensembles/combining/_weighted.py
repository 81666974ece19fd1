"""Ensembles that learn one weight for each member."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

import numpy as np
from sklearn.base import ClassifierMixin, RegressorMixin
from sklearn.utils import Bunch
from sklearn.utils.validation import check_is_fitted

from ensembles._combine import Rule
from ensembles._compat import take_rows
from ensembles._ensemble._outputs import one_per_output
from ensembles._ensemble._predict import combined
from ensembles._ensemble._targets import ClassTarget, check_values, encode_classes
from ensembles._typing import Estimator, FloatArray, IntArray, Table
from ensembles._validation import warn_user
from ensembles.combining._cross_fitted import BaseCrossFitted
from ensembles.combining._level_one import (
    Candidate,
    Data,
    LevelOne,
    Models,
    fit_to_all_rows,
)
from ensembles.exceptions import MemberFailedWarning

__all__ = ["BaseWeighted", "BaseWeightedClassifier", "BaseWeightedRegressor"]


class BaseWeighted(BaseCrossFitted):
    """Base of blending and selection: members of weight zero are left out."""

    weights_: FloatArray

    @abstractmethod
    def _learn_weights(
        self, said: list[Any], y: Any, row_weights: FloatArray | None, which: IntArray
    ) -> FloatArray:
        """Weights of these members, from what each said of the same rows.

        That is an array of values, shape (n,) or (n, q), or a list of probabilities,
        shape (n, k), with one array for each output.
        """

    @abstractmethod
    def _as_said(self, answers: Any, method: str, target: ClassTarget | None) -> Any:
        """Answers as `_learn_weights` takes them."""

    def _models(self) -> Models:
        # Fitted to all rows are only those that get a weight.
        return "none" if self.refit else "of folds"

    def _learn(self, level_one: LevelOne, data: Data, told: Bunch) -> None:
        candidates = self._candidates(told)
        rows = level_one.rows
        said = [
            self._as_said(answers, one.method, data.target)
            for answers, one in zip(level_one.answers, candidates, strict=True)
        ]
        row_weights = told.combines.get("sample_weight")
        usable = self._usable([one.name for one in candidates], said)
        self.weights_ = np.zeros(len(said))
        self.weights_[usable] = self._learn_weights(
            [said[i] for i in usable],
            take_rows(data.y, rows),
            None if row_weights is None else np.asarray(row_weights)[rows],
            usable,
        )
        chosen = np.flatnonzero(self.weights_)
        if not len(chosen):
            raise ValueError(
                "No member gets a weight: on rows that they had not learned from, "
                "nothing is as good as any of them. Look at what they predict, or let "
                "weights sum to one."
            )
        self._remember_members(
            [candidates[i].name for i in chosen],
            self._fitted(level_one, candidates, chosen, data),
        )

    def _usable(self, names: list[str], said: list[Any]) -> IntArray:
        """Members whose answers are numbers; the others are warned of."""
        parts = [one if isinstance(one, list) else [one] for one in said]
        are_numbers = [all(np.isfinite(p).all() for p in one) for one in parts]
        usable = np.flatnonzero(are_numbers)
        odd = [
            name for name, is_one in zip(names, are_numbers, strict=True) if not is_one
        ]
        if not len(usable):
            raise ValueError(f"All members answered with NaN or infinity: {odd}.")
        if odd:
            warn_user(
                f"Members answered with NaN or infinity for rows that they had not "
                f"learned from, and get no weight: {odd}.",
                MemberFailedWarning,
            )
        return usable

    def _fitted(
        self,
        level_one: LevelOne,
        candidates: list[Candidate],
        chosen: IntArray,
        data: Data,
    ) -> list[Estimator]:
        """The models of the members that have a weight."""
        if level_one.estimators:
            return [level_one.estimators[i] for i in chosen]
        return fit_to_all_rows([candidates[i] for i in chosen], data, self._work())

    def _mixed(self, X: Table) -> list[FloatArray]:
        """Weighted sum of the members' outputs, one array for each output."""
        check_is_fitted(self, "estimators_")
        weights = self.weights_[self.weights_ > 0]
        mean = combined(
            self._members,
            X,
            self._output(),
            Rule(),
            weights=weights,
            n_jobs=self.n_jobs,
        )
        return [weights.sum() * one for one in mean]


class BaseWeightedClassifier(ClassifierMixin, BaseWeighted):
    """Base of those for classes: weighted means of probabilities."""

    def _encode_target(self, y: Any) -> tuple[ClassTarget | None, Any]:
        target, codes = encode_classes(y)
        self.classes_ = target.classes
        return target, codes

    def _method_of(self, name: str, member: Estimator) -> str:
        return "predict_proba" if hasattr(member, "predict_proba") else "predict"

    def _as_said(self, answers: Any, method: str, target: ClassTarget | None) -> Any:
        assert target is not None
        if method == "predict_proba":
            return one_per_output(answers, target)
        columns = np.asarray(answers, dtype=np.intp).reshape(len(answers), -1).T
        return [
            np.eye(k)[codes] for k, codes in zip(target.n_classes, columns, strict=True)
        ]

    def predict(self, X: Table) -> Any:
        """Predict the label of the largest weighted mean of probabilities.

        Parameters
        ----------
        X : array-like, sparse matrix or DataFrame of shape (n_samples, n_features)
            Rows to predict.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_outputs)
            Labels.

        Raises
        ------
        NotFittedError
            If the ensemble is not fitted.
        """
        mixed = self._mixed(X)
        return self._classes.decode(mixed)

    def predict_proba(self, X: Table) -> Any:
        """Return the weighted mean of the members' probabilities.

        Parameters
        ----------
        X : array-like, sparse matrix or DataFrame of shape (n_samples, n_features)
            Rows to predict.

        Returns
        -------
        ndarray of shape (n_samples, n_classes) or list of ndarrays
            Probabilities in the order of ``classes_``; a list for several outputs.

        Raises
        ------
        NotFittedError
            If the ensemble is not fitted.
        """
        mixed = self._mixed(X)
        return mixed[0] if self._classes.single else mixed


class BaseWeightedRegressor(RegressorMixin, BaseWeighted):
    """Base of those for values: weighted sums of values."""

    def _encode_target(self, y: Any) -> tuple[ClassTarget | None, Any]:
        return None, check_values(self, y)

    def _method_of(self, name: str, member: Estimator) -> str:
        return "predict"

    def _as_said(self, answers: Any, method: str, target: ClassTarget | None) -> Any:
        values = np.asarray(answers, dtype=np.float64)
        return values[:, 0] if values.ndim == 2 and values.shape[1] == 1 else values

    def predict(self, X: Table) -> FloatArray:
        """Return the weighted sum of the members' values.

        Parameters
        ----------
        X : array-like, sparse matrix or DataFrame of shape (n_samples, n_features)
            Rows to predict.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_outputs)
            Values.

        Raises
        ------
        NotFittedError
            If the ensemble is not fitted.
        """
        return self._mixed(X)[0]
