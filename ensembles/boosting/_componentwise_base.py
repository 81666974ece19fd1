"""What componentwise boosters of classes and of values share."""

from __future__ import annotations

import sys
from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Any, NamedTuple, Self

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils import check_consistent_length
from sklearn.utils.validation import check_is_fitted, validate_data

from ensembles._ensemble._data import state_kept_on_failure
from ensembles._random import MAX_SEED, random_generator
from ensembles._typing import ArrayLike, FloatArray, RandomState, Table
from ensembles._validation import check_count, check_sample_weight, warn_user
from ensembles.boosting._componentwise._lines import Lines
from ensembles.boosting._componentwise._params import (
    check_params,
    kinds_of_features,
    pool_of,
)
from ensembles.boosting._componentwise._pool import Pool
from ensembles.boosting._componentwise._rounds import Round, Rounds, add_round
from ensembles.boosting._outputs import as_loss_takes
from ensembles.boosting._samples import Sample, used_rows
from ensembles.boosting._staged import losses_of
from ensembles.boosting._stopping import have_stalled, is_pair, split_rows
from ensembles.losses import Loss

__all__ = ["BaseComponentwiseBooster"]


class BaseComponentwiseBooster(BaseEstimator, ABC):
    """Boosts learners of one feature each; a subclass says what its target is."""

    _losses: tuple[str, ...]
    _pool: Pool
    _rounds: list[Round]
    _loss: Loss
    _training: _Training
    _settings: dict[str, Any]
    _split_seed: int
    initial_value_: FloatArray
    n_estimators_: int
    train_score_: FloatArray
    validation_score_: FloatArray

    def __init__(
        self,
        base_learners: Any,
        *,
        loss: Any,
        learning_rate: float,
        n_estimators: int,
        df: float,
        n_knots: int,
        max_bins: int,
        early_stopping: Any,
        validation_fraction: float,
        n_iter_no_change: int,
        tol: float,
        warm_start: bool,
        verbose: int,
        random_state: RandomState,
    ) -> None:
        self.base_learners = base_learners
        self.loss = loss
        self.learning_rate = learning_rate
        self.n_estimators = n_estimators
        self.df = df
        self.n_knots = n_knots
        self.max_bins = max_bins
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.tol = tol
        self.warm_start = warm_start
        self.verbose = verbose
        self.random_state = random_state

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "_rounds")

    def __getstate__(self) -> dict[str, Any]:
        """All but the rows that were learned from."""
        state = dict(super().__getstate__())
        state.pop("_training", None)
        return state

    def fit(self, X: Table, y: Any, sample_weight: ArrayLike | None = None) -> Self:
        """Take the best learner in each round.

        Parameters
        ----------
        X : table of shape (n_samples, n_features)
            Rows to learn from: finite numbers.
        y : array-like of shape (n_samples,)
            Target.
        sample_weight : array-like of shape (n_samples,) or None, default=None
            How much each row counts; None means one each. Zero leaves a row out.

        Returns
        -------
        Self
            The booster itself.

        Raises
        ------
        InvalidParameterError
            If a parameter is not allowed.
        ValueError
            If data and parameters contradict one another, or steps are too long.
        """
        check_params(self, self._losses)
        with state_kept_on_failure(self):
            self._fit(X, y, sample_weight)
        return self

    def _fit(self, X: Table, y: Any, sample_weight: ArrayLike | None) -> None:
        """Take learners; parameters have been checked."""
        goes_on = self.warm_start and hasattr(self, "_rounds")
        if goes_on:
            self._check_goes_on()
        y = self._checked_target(y)
        # A copy: more rounds may be fitted to the rows when the user's have changed.
        X, y = validate_data(
            self, X, y, reset=not goes_on, dtype=np.float64, y_numeric=False, copy=True
        )
        weights = check_sample_weight(sample_weight, len(X))
        weights = None if weights is None else weights.copy()
        known, encoded = self._encode(y, weights, self._known() if goes_on else None)
        loss = self._loss_of(known)
        loss.check_target(encoded)
        sample, _ = used_rows(Sample(X, np.array(encoded), weights), None)
        seed = self._split_seed if goes_on else self._new_seed()
        train, aside = self._parts(sample, known, seed)
        if goes_on:
            pool, initial = self._pool, self.initial_value_
        else:
            kinds = kinds_of_features(self, getattr(self, "feature_names_in_", None))
            pool = pool_of(self, kinds, train)
            best = loss.initial_value(train.y, train.weights)
            initial = np.atleast_1d(np.asarray(best, dtype=np.float64))
        done = list(self._used) if goes_on else []
        rounds = Rounds(loss, pool, train, float(self.learning_rate))
        judge = None if aside is None else _Judge(loss, pool, aside, initial)
        scores = _gone_through(done, rounds, initial, judge)
        self._boost(rounds, done, scores, judge, self.n_estimators)
        self._keep(known)
        self._pool, self._rounds, self._loss = pool, done, loss
        self._training, self._split_seed = _Training(train, rounds.raw), seed
        self._settings = self._made_of()
        self.initial_value_, self.train_score_ = initial, np.array(scores)
        self.validation_score_ = np.array([] if judge is None else judge.scores)
        self.n_estimators_ = len(done)
        if aside is not None:
            self.n_estimators_ = int(self.validation_score_.argmax())
        if not done:
            self._warn_of_constant(loss, train.y)

    def _warn_of_constant(self, loss: Loss, y: FloatArray) -> None:
        """Tell why no step was taken, where there was something to learn."""
        if loss.renews_leaves and np.ptp(y) > 0.0:
            warn_user(
                f"No step of a learner lowers loss={self.loss!r}: predictions are "
                "constant. Where many targets have the same value that is so at it: "
                "take another loss, as 'squared_error' or 'huber'."
            )

    def _made_of(self) -> dict[str, Any]:
        """Parameters that rounds depend on, which a warm start may not change."""
        names = ("df", "n_knots", "max_bins", "loss", "quantile", "alpha", "power")
        made = {name: getattr(self, name) for name in names if hasattr(self, name)}
        kinds = kinds_of_features(self, getattr(self, "feature_names_in_", None))
        made["early_stopping"] = self._rows_aside()
        made["base_learners"] = {kind: own.tolist() for kind, own in kinds.items()}
        return made

    def _rows_aside(self) -> Any:
        """What says which rows tell when to stop, as far as it can be compared."""
        early = self.early_stopping
        if isinstance(early, bool | np.bool_):
            return early and self.validation_fraction
        return "a pair" if is_pair(early) else repr(early)

    def _new_seed(self) -> int:
        return int(random_generator(self.random_state).randint(MAX_SEED))

    def _check_goes_on(self) -> None:
        """Raise unless there are rounds to add to those of the last fit."""
        if self.n_estimators < self.n_estimators_:
            raise ValueError(
                f"n_estimators={self.n_estimators} must be larger or equal to the "
                f"{self.n_estimators_} rounds that are fitted when warm_start==True. "
                "For fewer, call set_n_rounds."
            )
        for name, value in self._made_of().items():
            if value != self._settings[name]:
                raise ValueError(
                    f"{name}={value!r} is not what the rounds so far were fitted with, "
                    f"{self._settings[name]!r}. Fit anew with warm_start=False."
                )

    def _parts(
        self, sample: Sample, known: Any, seed: int
    ) -> tuple[Sample, Sample | None]:
        """Rows to learn from and, if there are any, rows that tell when to stop."""
        early = self.early_stopping
        is_bool = isinstance(early, bool | np.bool_)
        if is_bool and not early:
            return sample, None
        if is_pair(early):
            return sample, self._told_by(early, known)
        share = self.validation_fraction if is_bool else early
        labels = self._labels(sample.y)
        parts = split_rows(early, share, sample.X, sample.y, labels, seed)
        train, aside = (sample.rows(rows) for rows in parts)
        return train, aside

    def _told_by(self, pair: Any, known: Any) -> Sample:
        """Rows of the user's own that tell when to stop."""
        X, y = pair
        X = validate_data(self, X, reset=False, dtype=np.float64)
        _, encoded = self._encode(self._checked_target(y), None, known)
        check_consistent_length(X, encoded)
        self._loss_of(known).check_range(encoded)
        return Sample(X, encoded, None)

    def _boost(
        self,
        rounds: Rounds,
        done: list[Round],
        scores: list[float],
        judge: _Judge | None,
        n_rounds: int,
    ) -> None:
        """Add rounds to those that are done, and their scores."""
        for number in range(len(done), n_rounds):
            about = self.n_iter_no_change, self.tol
            if judge is not None and have_stalled(judge.scores, *about):
                break
            new = _boost(rounds, number, self.learning_rate)
            if new is None:
                break
            done.append(new)
            scores.append(-rounds.mean_loss())
            if judge is not None:
                judge.add(new)
            if self.verbose:
                sys.stdout.write(
                    f"[{type(self).__name__}] round {number + 1} of "
                    f"{n_rounds}: train score {scores[-1]:.5f}\n"
                )

    def staged_loss(
        self, X: Table, y: Any, sample_weight: ArrayLike | None = None
    ) -> Iterator[float]:
        """Mean loss of rows after each round; where there is none, of the constant.

        Parameters
        ----------
        X : table of shape (n_samples, n_features)
            Rows to predict.
        y : array-like of shape (n_samples,)
            Their targets.
        sample_weight : array-like of shape (n_samples,) or None, default=None
            How much each row counts.

        Yields
        ------
        float
            What the booster was fitted to lower.

        Raises
        ------
        NotFittedError
            If the booster is not fitted.
        ValueError
            If a target is out of range, or there are not as many as rows.
        """
        check_is_fitted(self)
        _, encoded = self._encode(self._checked_target(y), None, self._known())
        raws = self._staged_raw_predict(X) if self._used else [self._raw_predict(X)]
        yield from losses_of(self._loss, raws, encoded, sample_weight)

    def set_n_rounds(self, n_rounds: int) -> Self:
        """Move to fewer or more rounds.

        Parameters
        ----------
        n_rounds : int
            How many rounds predict from now on. Rounds that have been fitted are kept,
            so that there is a way back; more are fitted to the rows of the last `fit`.

        Returns
        -------
        Self
            The booster itself.

        Raises
        ------
        InvalidParameterError
            If it is not a whole number, zero or more.
        NotFittedError
            If the booster is not fitted.
        ValueError
            If there are more than have been fitted, and the booster was pickled or
            copied: the rows are not part of it then.
        """
        check_is_fitted(self)
        check_count(self, "n_rounds", n_rounds, low=0)
        if n_rounds > len(self._rounds):
            self._go_on(n_rounds)
        self.n_estimators_ = min(n_rounds, len(self._rounds))
        return self

    def _go_on(self, n_rounds: int) -> None:
        """Fit more rounds to the rows of the last fit."""
        check_params(self, self._losses)
        if not hasattr(self, "_training"):
            raise ValueError(
                f"n_rounds={n_rounds} are more than the {len(self._rounds)} "
                "rounds that are fitted, and a pickle or a copy does not hold the rows "
                "to fit more to. Set warm_start=True and call fit with these."
            )
        sample, raw = self._training
        rounds = Rounds(self._loss, self._pool, sample, float(self.learning_rate))
        rounds.raw[:] = raw
        done, scores = list(self._rounds), list(self.train_score_)
        self._boost(rounds, done, scores, None, n_rounds)
        self._rounds, self.train_score_ = done, np.array(scores)
        self._training = _Training(sample, rounds.raw)

    @property
    def base_learners_(self) -> list[tuple[str, int]]:
        """Kind and feature of each learner."""
        check_is_fitted(self)
        return [
            (group.kind, int(feature))
            for group in self._pool.groups
            for feature in group.features
        ]

    @property
    def selected_(self) -> Any:
        """Number of the learner that each round took, -1 for none."""
        check_is_fitted(self)
        ends = np.cumsum([0, *(len(group.features) for group in self._pool.groups)])
        found = [
            [-1 if p is None else ends[p.group] + p.learner for p in one.picks]
            for one in self._used
        ]
        return np.array(found, dtype=np.intp).reshape(-1, len(self.initial_value_))

    @property
    def feature_importances_(self) -> FloatArray:
        """What rounds took off the sum of squares of gradients, as a share.

        A feature that has more flexible learners is taken sooner.
        """
        check_is_fitted(self)
        gains = np.zeros(self.n_features_in_)
        for one in self._used:
            for pick in one.picks:
                if pick is not None:
                    feature = self._pool.groups[pick.group].features[pick.learner]
                    gains[feature] += pick.gain
        total = gains.sum()
        return gains / total if total > 0.0 else gains

    @property
    def _used(self) -> list[Round]:
        """Rounds that predict."""
        return self._rounds[: self.n_estimators_]

    def _slopes(self) -> FloatArray:
        """Slopes of lines after each round, (n_rounds + 1, n_raw, n_features)."""
        check_is_fitted(self)
        shape = self.n_estimators_ + 1, len(self.initial_value_), self.n_features_in_
        steps = np.zeros(shape)
        for number, k, feature, slope in self._steps_of_lines():
            steps[number, k, feature] = slope
        return steps.cumsum(axis=0)

    def _last_slopes(self) -> FloatArray:
        """Slopes of lines after all rounds, (n_raw, n_features)."""
        check_is_fitted(self)
        slopes = np.zeros((len(self.initial_value_), self.n_features_in_))
        for _, k, feature, slope in self._steps_of_lines():
            slopes[k, feature] += slope
        return slopes

    def _steps_of_lines(self) -> Iterator[tuple[int, int, int, float]]:
        """Round, raw prediction, feature and slope of each step of a line."""
        for number, one in enumerate(self._used, 1):
            for k, pick in enumerate(one.picks):
                if pick is not None and self._pool.groups[pick.group].kind == "linear":
                    feature = self._pool.groups[pick.group].features[pick.learner]
                    yield number, k, int(feature), float(pick.coefficients[0])

    def _constants(self) -> FloatArray:
        """Raw predictions where all lines are at zero, (n_raw,)."""
        means = np.zeros(self.n_features_in_)
        for group in self._pool.groups:
            if isinstance(group, Lines):
                means[group.features] = group.means
        return self._shift() - self._last_slopes() @ means

    def _shift(self) -> FloatArray:
        """Raw predictions at the means of all effects, (n_raw,)."""
        total: FloatArray = sum((one.shifts for one in self._used), self.initial_value_)
        return total

    def _checked_rows(self, X: Table) -> FloatArray:
        """Rows to predict as numbers."""
        check_is_fitted(self)
        return np.asarray(validate_data(self, X, reset=False, dtype=np.float64))

    def _effects(self, X: FloatArray) -> Iterator[tuple[int, Any, FloatArray]]:
        """Raw prediction, features and effects, (n_features, n_rows), kind by kind."""
        totals = self._pool.zeros(len(self.initial_value_))
        for one in self._used:
            for k, pick in enumerate(one.picks):
                if pick is not None:
                    totals[pick.group][k, pick.learner] += pick.coefficients
        for group, total in zip(self._pool.groups, totals, strict=True):
            taken = np.flatnonzero(total.any(axis=(0, 2)))
            if len(taken):
                own = group.of(taken)
                rows = own.rows(X)
                for k, coefficients in enumerate(total[:, taken]):
                    yield k, own.features, rows.answers(coefficients)

    def _raw_parts(self, X: Table) -> FloatArray:
        """What features add to raw predictions, (n_rows, n_raw, n_features)."""
        X = self._checked_rows(X)
        parts = np.zeros((len(X), len(self.initial_value_), self.n_features_in_))
        for k, features, effects in self._effects(X):
            parts[:, k, features] += effects.T
        return parts

    def _raw_predict(self, X: Table) -> FloatArray:
        """Raw predictions of rows, (n_rows, n_raw)."""
        X = self._checked_rows(X)
        raw = np.tile(self._shift(), (len(X), 1))
        for k, _, effects in self._effects(X):
            raw[:, k] += effects.sum(axis=0)
        return raw

    def _staged_raw_predict(self, X: Table) -> Iterator[FloatArray]:
        """Raw predictions after each round."""
        X = self._checked_rows(X)
        rows = self._pool.rows(X)
        raw = np.repeat(self.initial_value_[:, None], len(X), axis=1)
        for one in self._used:
            add_round(one, rows, raw)
            yield raw.T.copy()

    @abstractmethod
    def _checked_target(self, y: Any) -> Any:
        """Targets of rows, one each."""

    @abstractmethod
    def _known(self) -> Any:
        """What a fit knows of targets."""

    @abstractmethod
    def _encode(self, y: Any, weights: Any, known: Any) -> tuple[Any, FloatArray]:
        """What is known of targets, and these as the loss takes them."""

    @abstractmethod
    def _labels(self, y: FloatArray) -> Any:
        """Classes that both parts of the rows shall have in proportion; or None."""

    @abstractmethod
    def _keep(self, known: Any) -> None:
        """Set what is known of targets as fitted attributes."""

    @abstractmethod
    def _loss_of(self, known: Any) -> Loss:
        """The loss to boost for."""


class _Training(NamedTuple):
    """What more rounds can be fitted to."""

    sample: Sample
    """Rows."""
    raw: FloatArray
    """Their raw predictions after all rounds."""


class _Judge:
    """Scores of rows that tell when to stop."""

    def __init__(
        self, loss: Loss, pool: Pool, sample: Sample, initial: FloatArray
    ) -> None:
        self._loss, self._sample, self._rows = loss, sample, pool.rows(sample.X)
        self._raw = np.repeat(initial[:, None], len(sample.y), axis=1)
        self.scores: list[float] = []
        self._note()

    def _note(self) -> None:
        _, y, weights = self._sample
        self.scores.append(-self._loss.mean(y, as_loss_takes(self._raw), weights))

    def add(self, one: Round) -> None:
        """Add a round and score it."""
        add_round(one, self._rows, self._raw)
        self._note()


def _gone_through(
    done: list[Round], rounds: Rounds, initial: FloatArray, judge: _Judge | None
) -> list[float]:
    """Start, go through rounds that are done, and score each as if they were new."""
    rounds.start(initial)
    scores = [-rounds.mean_loss()]
    for one in done:
        rounds.add(one)
        scores.append(-rounds.mean_loss())
        if judge is not None:
            judge.add(one)
    return scores


def _boost(rounds: Rounds, number: int, learning_rate: float) -> Round | None:
    """A round, or an error that names it."""
    try:
        return rounds.boost()
    except FloatingPointError as error:
        raise ValueError(
            f"{error} in round {number + 1}: targets or weights are too large, or raw "
            "predictions have grown beyond what the loss can be computed for. Pass a "
            f"smaller learning_rate than {learning_rate}, or divide them by a constant."
        ) from error
