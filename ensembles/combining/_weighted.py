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
from ensembles._ensemble._conformal import finished
from ensembles._ensemble._outputs import (
    FittedMember,
    as_values,
    one_per_output,
    values,
)
from ensembles._ensemble._predict import collect, combined
from ensembles._ensemble._targets import ClassTarget, check_values, encode_classes
from ensembles._typing import Estimator, FloatArray, IntArray, Table
from ensembles._uncertainty import Uncertainty
from ensembles._validation import check_choice, check_confidence_level, warn_user
from ensembles.combining._cross_fitted import BaseCrossFitted
from ensembles.combining._fold_models import FoldModels
from ensembles.combining._how_sure import (
    Residuals,
    cross_interval,
    fold_matrix,
    uncertainty_of_classes,
)
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

    def predict_uncertainty(self, X: Table, *, measure: str = "entropy") -> Uncertainty:
        """Return how unsure the prediction is, and why.

        Parameters
        ----------
        X : array-like, sparse matrix or DataFrame of shape (n_samples, n_features)
            Rows to predict.
        measure : {"entropy", "variance"}, default="entropy"
            Entropy, in nats, or the variance of the indicators of classes, added up
            over classes.

        Returns
        -------
        total : ndarray of shape (n_samples,)
            Of the weighted mean of probabilities.
        aleatoric : ndarray of shape (n_samples,)
            Weighted mean of that of the members: what they find uncertain themselves.
        epistemic : ndarray of shape (n_samples,)
            What is left: what members disagree about.

        Raises
        ------
        NotFittedError
            If the ensemble is not fitted.
        ValueError
            For a target of several outputs.
        """
        members = self._members
        outputs = collect(members, X, self._output(), self.n_jobs)
        weights = self.weights_[self.weights_ > 0]
        return uncertainty_of_classes(self, self._classes, outputs, weights, measure)


class BaseWeightedRegressor(RegressorMixin, BaseWeighted):
    """Base of those for values: weighted sums of values."""

    _residuals: Residuals

    def _learn(self, level_one: LevelOne, data: Data, told: Bunch) -> None:
        super()._learn(level_one, data, told)
        rows = level_one.rows
        chosen = np.flatnonzero(self.weights_)
        said = [self._as_said(level_one.answers[i], "predict", None) for i in chosen]
        mixture = np.tensordot(self.weights_[chosen], said, 1)
        errors = take_rows(data.y, rows) - mixture
        of_folds = list(level_one.out_of_fold.values())
        keeps_folds = not self.refit and of_folds
        self._residuals = Residuals(
            errors.reshape(len(rows), -1),
            fold_matrix(of_folds[0], rows) if keeps_folds else None,
        )

    def predict_interval(
        self, X: Table, confidence_level: float = 0.9, *, method: str = "auto"
    ) -> FloatArray:
        """Return intervals that hold new targets with the given frequency.

        They rest on rows that members had not learned from. The weights have learned
        from them, which of few weights makes little difference.

        Parameters
        ----------
        X : array-like, sparse matrix or DataFrame of shape (n_samples, n_features)
            Rows to predict.
        confidence_level : float, default=0.9
            Share of targets to be covered, on average over rows.
        method : {"auto", "cv+", "residuals"}, default="auto"
            "residuals": one width for all rows, the quantile of what rows left out were
            off. "cv+": order statistics of what the models of each row's folds predict,
            and its residual [1]_, with ``refit=False``. "auto" is that where it can be.

        Returns
        -------
        ndarray of shape (n_samples, 2) or (n_samples, n_outputs, 2)
            Lower and upper ends; infinite where there are too few rows to tell.

        Raises
        ------
        NotFittedError
            If the ensemble is not fitted.
        ValueError
            If "cv+" is asked for and models of folds are not there.

        References
        ----------
        .. [1] R. F. Barber, E. J. Candes, A. Ramdas, R. J. Tibshirani, "Predictive
           inference with the jackknife+", Annals of Statistics 49(1), 486-507, 2021.
        """
        check_is_fitted(self, "estimators_")
        level = check_confidence_level(confidence_level)
        check_choice(self, "method", method, {"auto", "cv+", "residuals"})
        known = self._residuals
        if method == "cv+" and known.folds is None:
            raise ValueError(
                "method='cv+' asks the models of the folds, which are kept with "
                "refit=False and a cv that makes folds. Use method='residuals'."
            )
        by_fold = None
        if method != "residuals" and known.folds is not None:
            by_fold = self._values_of_folds(X, known.folds.shape[1])
        predicted = self.predict(X)
        centre = predicted.reshape(len(predicted), -1)
        ends = cross_interval(known, centre, by_fold, level, self.n_jobs)
        return finished(ends, level)

    def _values_of_folds(self, X: Table, n_folds: int) -> list[FloatArray]:
        """What the models of each fold predict, shape (n_samples, n_outputs)."""
        weights = self.weights_[self.weights_ > 0]
        mixtures = []
        for fold in range(n_folds):
            mixture: Any = 0.0
            for weight, member in zip(weights, self._members, strict=True):
                of_fold = member.estimator
                if isinstance(of_fold, FoldModels):  # no other was fitted to folds
                    of_fold = of_fold.estimators[fold]
                mixture = mixture + weight * values(FittedMember(of_fold), X, {})[0]
            mixtures.append(mixture.reshape(len(mixture), -1))
        return mixtures

    def _encode_target(self, y: Any) -> tuple[ClassTarget | None, Any]:
        return None, check_values(self, y)

    def _method_of(self, name: str, member: Estimator) -> str:
        return "predict"

    def _as_said(self, answers: Any, method: str, target: ClassTarget | None) -> Any:
        return as_values(answers)

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
