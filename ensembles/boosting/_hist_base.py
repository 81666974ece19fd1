"""What histogram boosters of classes and of values share: fitting, stages, trees."""

from __future__ import annotations

import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Self

import numpy as np
from scipy import sparse
from sklearn.base import BaseEstimator
from sklearn.utils import check_consistent_length
from sklearn.utils.validation import check_is_fitted, validate_data

from ensembles._ensemble._data import state_kept_on_failure
from ensembles._parallel import threads_for
from ensembles._random import random_generator
from ensembles._typing import ArrayLike, FloatArray, RandomState, Table
from ensembles._validation import check_sample_weight, n_rows_of
from ensembles.boosting._crew import Crew
from ensembles.boosting._hist_columns import binned_by_booster
from ensembles.boosting._hist_params import check_params, limits_of
from ensembles.boosting._judge import Judge, KnownRaw
from ensembles.boosting._newton._tree import NewtonTree, packed
from ensembles.boosting._rounds import Rounds, key_of
from ensembles.boosting._samples import Sample
from ensembles.boosting._sampling import sampling_of
from ensembles.boosting._staged import check_n_rounds, losses_of
from ensembles.boosting._stopping import have_stalled, is_splitter, split_rows
from ensembles.losses import Loss
from ensembles.trees import BinnedMatrix, Binner
from ensembles.trees._binned import binned_by
from ensembles.trees._packed import PackedTrees, bin_to_send

__all__ = ["BaseHistBooster"]

# With more rows "auto" sets some aside to tell when to stop, as scikit-learn does.
_AUTO_ROWS = 10_000


class BaseHistBooster(BaseEstimator, ABC):
    """Boosts trees on codes; a subclass says what its target and predictions are."""

    # What only some boosters can be told.
    monotonic_cst: Any = None
    # What becomes of Newton steps, and whether raw predictions have different units.
    _bend: Callable[[int, FloatArray], FloatArray] | None = None
    _has_units = False
    _loss: Loss
    binner_: Binner
    _predictors: list[list[NewtonTree]]  # as scikit-learn calls them
    _whole: list[list[NewtonTree]]  # with rounds that do not predict
    initial_value_: FloatArray
    n_trees_per_iteration_: int
    train_score_: FloatArray
    validation_score_: FloatArray
    _train_scores: list[float]
    _scores: list[float]
    _packed: PackedTrees | None

    def __init__(
        self,
        *,
        learning_rate: float,
        max_iter: int,
        max_leaf_nodes: int | None,
        max_depth: int | None,
        min_samples_leaf: int,
        l2_regularization: float,
        max_features: float,
        max_bins: int,
        categorical_features: Any,
        interaction_cst: Any,
        warm_start: bool,
        early_stopping: Any,
        scoring: Any,
        validation_fraction: float | None,
        n_iter_no_change: int,
        tol: float,
        verbose: int,
        random_state: RandomState,
        subsample: float,
        one_side_sampling: tuple[float, float] | None,
        categorical_smoothing: float,
        sums: str,
        n_jobs: int | None,
    ) -> None:
        self.learning_rate = learning_rate
        self.max_iter = max_iter
        self.max_leaf_nodes = max_leaf_nodes
        self.max_depth = max_depth
        self.min_samples_leaf = min_samples_leaf
        self.l2_regularization = l2_regularization
        self.max_features = max_features
        self.max_bins = max_bins
        self.categorical_features = categorical_features
        self.interaction_cst = interaction_cst
        self.warm_start = warm_start
        self.early_stopping = early_stopping
        self.scoring = scoring
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.tol = tol
        self.verbose = verbose
        self.random_state = random_state
        self.subsample = subsample
        self.one_side_sampling = one_side_sampling
        self.categorical_smoothing = categorical_smoothing
        self.sums = sums
        self.n_jobs = n_jobs

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.sparse = True
        tags.input_tags.categorical = True
        tags.input_tags.string = True
        return tags

    def __getstate__(self) -> dict[str, Any]:
        """Parameters and trees alone: what was made of them is made again."""
        state = dict(super().__getstate__())
        state.pop("_packed", None)
        return state

    def fit(
        self,
        X: Table,
        y: Any,
        sample_weight: ArrayLike | None = None,
        *,
        X_val: Table | None = None,
        y_val: Any = None,
        sample_weight_val: ArrayLike | None = None,
    ) -> Self:
        """Boost trees.

        Parameters
        ----------
        X : table of shape (n_samples, n_features), or BinnedMatrix
            Rows to learn from. NaN, None and NA are missing. A :class:`BinnedMatrix`
            saves the time to bin; `max_bins` and `categorical_features` are then those
            of its binner.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Target.
        sample_weight : array-like of shape (n_samples,) or None, default=None
            How much each row counts. Zero leaves a row out; whole numbers count as
            repeated rows, but for limits on numbers of rows and for medians and
            quantiles in leaves, which lie between two rows only without weights.
        X_val : table of shape (n_val, n_features) or None, default=None
            Rows to tell by when to stop, in place of some of X.
        y_val : array-like of shape (n_val,) or (n_val, n_outputs), default=None
            Their target.
        sample_weight_val : array-like of shape (n_val,) or None, default=None
            How much each of them counts.

        Returns
        -------
        Self
            The booster itself.
        """
        self._check_params()
        with state_kept_on_failure(self):
            self._fit((X, y, sample_weight), (X_val, y_val, sample_weight_val))
        return self

    def _fit(self, learned: tuple[Any, Any, Any], told: tuple[Any, Any, Any]) -> None:
        """Boost trees by rows to learn from, and those told to stop by."""
        X, y, sample_weight = learned
        goes_on = self.warm_start and hasattr(self, "_predictors")
        sample = self._sample(X, y, sample_weight, "" if goes_on else None)
        given = self._given_validation(*told)
        self._loss = self._loss_of()
        self._loss.check_target(sample.y)
        if given is not None:
            self._loss.check_range(given.y)
        if not goes_on:
            rng = random_generator(self.random_state)
            high = np.iinfo(np.uint32).max
            # As scikit-learn draws them: the same seed sets the same rows aside.
            self._split_seed = int(rng.randint(high, dtype="u8"))
            self._seed_of_rounds = int(rng.randint(high, dtype="u8"))
        early = self.early_stopping
        if isinstance(early, str):
            early = len(sample.y) > _AUTO_ROWS or given is not None
        self.do_early_stopping_ = is_splitter(early) or bool(early)
        train, validation = self._parts(sample, given)
        begin = time.perf_counter()
        with Crew(threads_for(self.n_jobs)) as crew:
            rounds = self._prepare(train, goes_on, crew)
            judge = None
            if self.do_early_stopping_:
                judge = Judge(self, rounds, train, validation, self._split_seed)
            self._run(rounds, judge, goes_on)
            self._whole = self._predictors
            self._settle(judge)
        self._all_trees()
        self.train_score_ = np.array(self._train_scores)
        self.validation_score_ = np.array(self._scores)
        if self.verbose:
            n_leaves = sum(
                tree.get_n_leaf_nodes() for trees in self._predictors for tree in trees
            )
            self._say(
                f"{len(self._predictors)} rounds, {n_leaves} leaves, "
                f"{time.perf_counter() - begin:.3f}s"
            )

    def _sample(
        self, X: Table, y: Any, sample_weight: ArrayLike | None, like: str | None
    ) -> Sample:
        """Rows with a weight, their targets as the loss takes them.

        Targets are to be like those known, and are called y and `like` in errors; None
        for the first.
        """
        encoded = self._encode(y, like)
        if sparse.issparse(X):
            X = X.tocsr()  # rows of other kinds cannot be taken
        elif hasattr(X, "__array__") and not hasattr(X, "shape"):
            X = np.asarray(X)
        check_consistent_length(X, encoded)
        weights = check_sample_weight(sample_weight, n_rows_of(X))
        if like != "_val":  # scikit-learn weighs no classes there
            weights = self._with_class_weights(weights, y)
        sample = Sample(X, encoded, weights)
        if weights is not None and not weights.all():
            sample = sample.rows(np.flatnonzero(weights))
        if sample.weights is not None and (sample.weights == 1.0).all():
            return sample._replace(weights=None)
        return sample

    def _given_validation(
        self, X_val: Table | None, y_val: Any, sample_weight_val: ArrayLike | None
    ) -> Sample | None:
        """Validation rows that the user passed."""
        if X_val is None and y_val is None:
            if sample_weight_val is not None:
                raise ValueError(
                    "sample_weight_val is provided, but X_val and y_val were not."
                )
            return None
        if y_val is None:
            raise ValueError("X_val is provided, but y_val was not provided.")
        if X_val is None:
            raise ValueError("y_val is provided, but X_val was not provided.")
        if not (is_splitter(self.early_stopping) or self.early_stopping):
            raise ValueError(
                "X_val and y_val are passed to fit while at the same time "
                "early_stopping is False. When passing X_val and y_val to fit, "
                "early_stopping should be set to either 'auto' or True."
            )
        return self._sample(X_val, y_val, sample_weight_val, "_val")

    def _parts(
        self, sample: Sample, given: Sample | None
    ) -> tuple[Sample, Sample | None]:
        """Rows to learn from and, if there are any, rows to tell when to stop."""
        has_fraction = self.validation_fraction is not None
        takes_some = has_fraction or is_splitter(self.early_stopping)
        if given is not None or not (self.do_early_stopping_ and takes_some):
            return sample, given
        train, validation = split_rows(
            self.early_stopping,
            self.validation_fraction,
            sample.X,
            sample.y,
            self._labels(sample.y),
            self._split_seed,
        )
        return sample.rows(train), sample.rows(validation)

    def _prepare(self, train: Sample, goes_on: bool, crew: Crew) -> Rounds:
        """All that rounds need, with raw predictions where they are to start."""
        if goes_on and self.max_iter < self.n_iter_:
            raise ValueError(
                f"max_iter={self.max_iter} must be larger than or equal to "
                f"n_iter_={self.n_iter_} when warm_start==True"
            )
        if goes_on:  # those of the last fit stay as they are if this one fails
            self._predictors = list(self._predictors)
            n_scores = self.n_iter_ + 1  # there may have been more
            self._train_scores = self._train_scores[:n_scores]
            self._scores = self._scores[:n_scores]
        known = self.binner_ if goes_on else None
        binned = binned_by_booster(self, train, known)
        limits = limits_of(
            self, self.binner_.is_categorical_, getattr(self, "feature_names_in_", None)
        )
        rounds = Rounds(
            self._loss,
            binned,
            train.y,
            train.weights,
            limits,
            sampling_of(float(self.subsample), self.one_side_sampling),
            float(self.learning_rate),
            self.sums,
            crew,
            self._bend,
        )
        if not goes_on:
            initial = self._loss.initial_value(train.y, train.weights)
            self.initial_value_ = np.atleast_1d(np.asarray(initial, dtype=np.float64))
            self._predictors = []
            self._train_scores, self._scores = [], []
            self._packed = None
        raw = self._raw_of_binned(binned) if goes_on else self._first_raw(binned)
        rounds.start(raw.T)
        return rounds

    def _run(self, rounds: Rounds, judge: Judge | None, goes_on: bool) -> None:
        """Boost until there are `max_iter` rounds or scores have stalled."""
        begin, start = time.perf_counter(), len(self._predictors)
        if judge is not None and not goes_on:
            judge.note(self, self._train_scores, self._scores)
        for number in range(start, self.max_iter):
            self._predictors.append(self._boost(rounds, number))
            self._packed = None
            if judge is None:
                self._say_round(number, begin)
                continue
            judge.add(self._predictors[-1])
            judge.note(self, self._train_scores, self._scores)
            self._say_round(number, begin)
            scores = self._scores if judge.has_validation else self._train_scores
            if self._should_stop(scores):
                break

    def _boost(self, rounds: Rounds, number: int) -> list[NewtonTree]:
        """Trees of a round."""
        try:
            return rounds.boost(key_of(self._seed_of_rounds, number))
        except FloatingPointError as error:
            hint = (
                "targets, weights or what the loss makes of them are too large. Divide "
                "them by a constant"
                if number == 0
                else "raw predictions have grown beyond what the loss can be computed "
                f"for. Pass a smaller learning_rate than {self.learning_rate}, or more "
                "l2_regularization"
            )
            raise ValueError(f"{error} in round {number + 1}: {hint}.") from error

    def _say_round(self, number: int, begin: float) -> None:
        """Write a line about a round, where that is wanted."""
        if self.verbose < 2:
            return
        trees = self._predictors[-1]
        text = (
            f"round {number + 1} of {self.max_iter}: "
            f"{sum(tree.get_n_leaf_nodes() for tree in trees)} leaves, "
            f"depth {max(tree.get_max_depth() for tree in trees)}"
        )
        for name, scores in ("train", self._train_scores), ("validation", self._scores):
            if scores:
                text += f", {name} score {scores[-1]:.5f}"
        self._say(f"{text}, {time.perf_counter() - begin:.3f}s")

    def _say(self, text: str) -> None:
        sys.stdout.write(f"[{type(self).__name__}] {text}\n")

    def _should_stop(self, scores: Sequence[float]) -> bool:
        """Whether none of the last scores is better than the one before them."""
        return have_stalled(scores, self.n_iter_no_change, self.tol)

    def staged_loss(
        self, X: Table, y: Any, sample_weight: ArrayLike | None = None
    ) -> Iterator[float]:
        """Mean loss of rows after each round.

        Parameters
        ----------
        X : table of shape (n_samples, n_features), or BinnedMatrix
            Rows to predict.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Their targets.
        sample_weight : array-like of shape (n_samples,) or None, default=None
            How much each row counts.

        Yields
        ------
        float
            What the booster was fitted to lower; class weights do not count here.

        Raises
        ------
        NotFittedError
            If the booster is not fitted.
        ValueError
            If a target is out of range, or there are not as many as rows.
        """
        check_is_fitted(self)
        encoded = self._encode(y, "")
        raws = self._staged_raw_predict(X)
        yield from losses_of(self._loss, raws, encoded, sample_weight)

    def set_n_rounds(self, n_rounds: int) -> Self:
        """Move to fewer rounds, or back to more.

        Parameters
        ----------
        n_rounds : int
            How many rounds predict from now on; the others are kept. A warm start goes
            on from these.

        Returns
        -------
        Self
            The booster itself.

        Raises
        ------
        InvalidParameterError
            If it is not a whole number, one or more.
        NotFittedError
            If the booster is not fitted.
        ValueError
            If there are more than have been fitted.
        """
        check_is_fitted(self)
        check_n_rounds(self, n_rounds, len(self._whole), "max_iter")
        self._predictors, self._packed = self._whole[:n_rounds], None
        return self

    @property
    def trees_(self) -> list[list[NewtonTree]]:
        """Trees of each round, one for each raw prediction."""
        check_is_fitted(self)
        return self._predictors

    @property
    def n_iter_(self) -> int:
        """Number of rounds."""
        check_is_fitted(self)
        return len(self._predictors)

    @property
    def feature_importances_(self) -> FloatArray:
        """How much the loss fell by splits of each feature, as a share of the sum.

        Features with many values have more chances to bring some: where that matters,
        use :func:`sklearn.inspection.permutation_importance`.
        """
        return self._importances(tree for trees in self.trees_ for tree in trees)

    def _importances(self, trees: Iterable[NewtonTree]) -> FloatArray:
        """How much the loss fell by splits of each feature in some of the trees."""
        brought = np.zeros(self.n_features_in_)
        for tree in trees:
            inner = ~tree.is_leaf
            np.add.at(brought, tree.feature[inner], tree.gains[inner])
        total = brought.sum()
        return brought / total if total > 0.0 else brought

    def _raw_predict(self, X: Table) -> FloatArray:
        """Raw predictions of rows, (n_rows, n_trees_per_iteration_)."""
        check_is_fitted(self)
        if isinstance(X, KnownRaw):
            return X.raw
        return self._raw_of_binned(self._binned_to_send(X))

    def _staged_raw_predict(self, X: Table) -> Iterator[FloatArray]:
        """Raw predictions after each round."""
        check_is_fitted(self)
        binned, n_raw = self._binned_to_send(X), self.n_trees_per_iteration_
        raw, trees = self._first_raw(binned), self._all_trees()
        for first in range(0, len(trees), n_raw):
            trees.add_to(raw, binned, first, first + n_raw)
            yield raw.copy()

    def _first_raw(self, rows: BinnedMatrix) -> FloatArray:
        """Raw predictions of rows before the first round."""
        return np.tile(self.initial_value_, (len(rows), 1))

    def _raw_of_binned(self, binned: BinnedMatrix) -> FloatArray:
        """Raw predictions of rows, by their codes."""
        raw = self._first_raw(binned)
        self._all_trees().add_to(raw, binned)
        return raw

    def _all_trees(self) -> PackedTrees:
        """All trees so far in one piece, made when first needed."""
        whole: PackedTrees | None = self.__dict__.get("_packed")
        if whole is None:
            trees = [tree for trees in self._predictors for tree in trees]
            outputs = [k for trees in self._predictors for k in range(len(trees))]
            whole = self._packed = packed(trees, outputs)
        return whole

    def _binned_to_send(self, X: Table) -> BinnedMatrix:
        """Codes of rows to predict."""
        if isinstance(X, BinnedMatrix):
            return binned_by(self.binner_, X)
        if not hasattr(X, "shape"):
            X = np.asarray(X)
        self._check_rows(X)
        return bin_to_send(self.binner_, X)

    def _check_rows(self, X: Table) -> None:
        """Raise unless rows have the columns that were learned from."""
        # Of what has no two axes the binner says what is wrong.
        if len(getattr(X, "shape", ())) == 2:
            validate_data(self, X, reset=False, skip_check_array=True)

    @property
    def _takes_trends(self) -> bool:
        """Whether predictions can be held to rise or fall with features."""
        return self.n_trees_per_iteration_ == 1

    def _settle(self, judge: Judge | None) -> None:
        """Do what is left to do after the last round; here, nothing."""

    def _check_params(self) -> None:
        """Raise for any parameter that is wrong whatever the data are."""
        check_params(self)

    @abstractmethod
    def _encode(self, y: Any, like: str | None) -> FloatArray:
        """Targets as the loss takes them.

        None sets what is known of them; else they must be alike, and ``y{like}`` is
        what they are called.
        """

    def _decoded(self, y: FloatArray) -> Any:
        """Targets as the user gave them."""
        return y

    def _labels(self, y: FloatArray) -> FloatArray | None:
        """Classes that samples of rows shall keep in proportion; None for values."""
        return None

    def _with_class_weights(self, weights: FloatArray | None, y: Any) -> Any:
        """Weights of rows times those of their classes; of values, themselves."""
        return weights

    @abstractmethod
    def _loss_of(self) -> Loss:
        """The loss to boost for."""
