"""What gradient boosting of learners of any kind shares for classes and values."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterator
from copy import deepcopy
from typing import Any, Self

import numpy as np
from scipy import sparse
from sklearn.utils import check_consistent_length
from sklearn.utils.validation import check_is_fitted

from ensembles._ensemble import BaseEnsemble
from ensembles._ensemble._casting import as_float32, trees_may_share_a_cast
from ensembles._ensemble._data import (
    check_table,
    check_table_and_target,
    n_columns_of,
    state_kept_on_failure,
    with_inputs_of,
)
from ensembles._random import MAX_SEED, random_generator
from ensembles._typing import ArrayLike, FloatArray, RandomState, Table
from ensembles._validation import check_sample_weight, n_rows_of
from ensembles.boosting._gradient_params import (
    check_params,
    features_tried,
    handing_of,
    learner_of,
    search_of,
    step_of,
)
from ensembles.boosting._gradient_run import (
    OutOfBag,
    Progress,
    Reporter,
    Stopping,
    Validation,
    run,
)
from ensembles.boosting._gradient_start import Start, fit_start
from ensembles.boosting._learner_rounds import LearnerRounds, RoundPlan, answers
from ensembles.boosting._samples import Sample, used_rows
from ensembles.boosting._staged import check_n_rounds, losses_of
from ensembles.boosting._steps import is_cast
from ensembles.boosting._stopping import is_pair, split_rows
from ensembles.losses import Loss

__all__ = ["BaseGradientBooster"]

_PATIENCE = 10  # rounds without gain, where n_iter_no_change is None


class BaseGradientBooster(BaseEnsemble):
    """Boosts learners; a subclass says what its target and predictions are."""

    _losses: tuple[str, ...]
    _init_method: str
    n_trees_per_iteration_: int
    _progress: Progress
    _whole: Progress  # with rounds that do not predict
    _start: Start
    _rng: np.random.RandomState

    def __init__(
        self,
        *,
        loss: Any,
        learning_rate: float,
        n_estimators: int,
        subsample: float,
        min_samples_split: float,
        min_samples_leaf: float,
        min_weight_fraction_leaf: float,
        max_depth: int | None,
        min_impurity_decrease: float,
        init: Any,
        random_state: RandomState,
        max_features: Any,
        verbose: int,
        max_leaf_nodes: int | None,
        warm_start: bool,
        validation_fraction: float,
        n_iter_no_change: int | None,
        tol: float,
        ccp_alpha: float,
        criterion: str,
        estimator: Any,
        update: str,
        line_search: str | None,
        dropout: float,
        resample: Any,
        early_stopping: Any,
        n_jobs: int | None,
    ) -> None:
        self.loss = loss
        self.learning_rate = learning_rate
        self.n_estimators = n_estimators
        self.subsample = subsample
        self.min_samples_split = min_samples_split
        self.min_samples_leaf = min_samples_leaf
        self.min_weight_fraction_leaf = min_weight_fraction_leaf
        self.max_depth = max_depth
        self.min_impurity_decrease = min_impurity_decrease
        self.init = init
        self.random_state = random_state
        self.max_features = max_features
        self.verbose = verbose
        self.max_leaf_nodes = max_leaf_nodes
        self.warm_start = warm_start
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.tol = tol
        self.ccp_alpha = ccp_alpha
        self.criterion = criterion
        self.estimator = estimator
        self.update = update
        self.line_search = line_search
        self.dropout = dropout
        self.resample = resample
        self.early_stopping = early_stopping
        self.n_jobs = n_jobs

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "_progress")

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        return with_inputs_of(learner_of(self), tags)

    def fit(
        self,
        X: Table,
        y: Any,
        sample_weight: ArrayLike | None = None,
        monitor: Callable[..., Any] | None = None,
    ) -> Self:
        """Fit learners in turn, each to the gradient that those before have left.

        Parameters
        ----------
        X : table of shape (n_samples, n_features)
            Rows to learn from, as learners take them.
        y : array-like of shape (n_samples,)
            Target.
        sample_weight : array-like of shape (n_samples,) or None, default=None
            How much each row counts; None means one each. Zero leaves a row out.
        monitor : callable or None, default=None
            Called after each round with its number, the booster, which is not fitted
            yet, and a dict of what is known: ``raw_predictions`` of training rows, not
            to be written to, and ``train_score``. Boosting stops where it returns true.

        Returns
        -------
        Self
            The booster itself.

        Raises
        ------
        InvalidParameterError
            If a parameter is not allowed.
        ValueError
            If data and parameters contradict one another, before anything is fitted; or
            if a learner predicts what is no number.
        """
        check_params(self, self._losses)
        with state_kept_on_failure(self):
            self._fit(X, y, sample_weight, monitor)
        return self

    def _fit(
        self, X: Table, y: Any, sample_weight: Any, monitor: Callable[..., Any] | None
    ) -> None:
        """Fit learners; parameters have been checked."""
        goes_on = self.warm_start and hasattr(self, "_progress")
        X, y = self._checked(X, y, goes_on=goes_on)
        weights = check_sample_weight(sample_weight, n_rows_of(X))
        known, encoded = self._encode(y, weights, goes_on=goes_on)
        loss = self._loss_of(known)
        loss.check_target(encoded)
        X = self._cast(X, learner_of(self))
        sample, _ = used_rows(Sample(X, encoded, weights), None)
        # A fit that fails leaves the generator where it was.
        rng = deepcopy(self._rng) if goes_on else random_generator(self.random_state)
        train, aside = self._parts(sample, known, rng)
        plan = self._plan(train, loss)
        if goes_on:
            start, progress = self._start, self._progress.copy()
            self._check_goes_on(progress)
        else:
            is_own = isinstance(self.loss, Loss)
            start = fit_start(self.init, train, loss, known, rng, is_own=is_own)
            progress = Progress()
        rounds = LearnerRounds(plan, train, start.raw(train.X), rng)
        for members, rates in zip(progress.members, progress.rates, strict=True):
            rounds.resume(answers(plan.step, members, train.X), rates)
        stopping = self._stopping(aside, start, progress, plan)
        has_oob = plan.n_rows < len(train.y)
        reporter = Reporter(
            self.verbose, self.n_estimators, len(progress.members), has_oob=has_oob
        )
        run(plan, rounds, progress, stopping, reporter, self._asked(monitor))
        self._keep(known)
        self._start, self._progress, self._rng = start, progress, rng
        self._whole = progress
        self._loss, self._step = loss, plan.step
        self.max_features_ = features_tried(self, self.n_features_in_)
        self._set_scores()

    def _checked(self, X: Table, y: Any, *, goes_on: bool) -> tuple[Table, Any]:
        """Rows and targets to learn from; rounds are added for the same columns."""
        X, y = _with_rows(X), self._checked_target(y)
        if not goes_on:
            return check_table_and_target(self, X, y)
        X = check_table(self, X)
        check_consistent_length(X, y)
        return X, y

    def _cast(self, X: Table, estimator: Any) -> Table:
        """Rows as learners take them; else scikit-learn's trees cast them each time."""
        return as_float32(X) if trees_may_share_a_cast([estimator], X) else X

    def _parts(
        self, sample: Sample, known: Any, rng: np.random.RandomState
    ) -> tuple[Sample, Sample | None]:
        """Rows to learn from and, if there are any, rows that tell when to stop."""
        early = self.early_stopping
        if early is None and self.n_iter_no_change is None:
            return sample, None
        if isinstance(early, str):  # "oob"
            return sample, None
        if is_pair(early):
            X, y = early
            X = self._cast(check_table(self, _with_rows(X)), learner_of(self))
            _, encoded = self._encode(self._checked_target(y), None, known=known)
            check_consistent_length(X, encoded)
            self._loss_of(known).check_range(encoded)
            return sample, Sample(X, encoded, None)
        share = self.validation_fraction if early is None else early
        seed: Any = self.random_state
        if not isinstance(seed, int | np.integer):  # the same rows for rounds to come
            goes_on = self.warm_start and hasattr(self, "_split_seed")
            seed = self._split_seed if goes_on else int(rng.randint(MAX_SEED))
            self._split_seed: int = seed
        labels = self._labels(sample.y)
        parts = split_rows(early, share, sample.X, sample.y, labels, int(seed))
        train, aside = (sample.rows(rows) for rows in parts)
        return train, aside

    def _plan(self, train: Sample, loss: Loss) -> RoundPlan:
        """What rounds have in common."""
        estimator, n_all = learner_of(self), len(train.y)
        n_rows = max(1, int(self.subsample * n_all))
        handing = handing_of(self, estimator, n_rows, train.y[:n_rows], train.weights)
        n_columns, n_features = None, n_columns_of(train.X)
        if n_features is not None:
            tried = features_tried(self, n_features)
            # Trees of the default draw them at each split.
            if self.estimator is not None and tried < n_features:
                n_columns = tried
        return RoundPlan(
            estimator,
            loss,
            step_of(self),
            search_of(self, loss, estimator),
            handing,
            float(self.learning_rate),
            n_rows,
            n_columns,
            float(self.dropout),
            self.n_estimators,
            self.n_jobs,
        )

    def _stopping(
        self, aside: Sample | None, start: Start, progress: Progress, plan: RoundPlan
    ) -> Stopping | None:
        """What tells when to stop."""
        about = self.n_iter_no_change or _PATIENCE, float(self.tol)
        if isinstance(self.early_stopping, str):
            return OutOfBag(*about)
        if aside is None:
            return None
        judge = Validation(aside, start.raw(aside.X), *about)
        for number, members in enumerate(progress.members):
            judge.add(plan, members)
            judge.take(plan, progress.rates[: number + 1])
        return judge

    def _asked(self, monitor: Callable[..., Any] | None) -> Callable[..., bool]:
        """The user's monitor as rounds call it."""

        def ask(number: int, progress: Progress, raw: FloatArray) -> bool:
            if monitor is None:
                return False
            score = progress.train_scores[-1]
            about = {"raw_predictions": raw, "train_score": score}
            return bool(monitor(number, self, about))

        return ask

    def _check_goes_on(self, progress: Progress) -> None:
        """Raise unless there are rounds to add."""
        n_before = len(progress.members)
        if self.n_estimators < n_before:
            raise ValueError(
                f"n_estimators={self.n_estimators} must be larger or equal to "
                f"estimators_.shape[0]={n_before} when warm_start==True"
            )

    def _set_scores(self) -> None:
        """Keep the losses of all rounds."""
        progress = self._progress
        self.train_score_ = np.array(progress.train_scores)
        for name in ("oob_scores_", "oob_improvement_", "oob_score_"):
            self.__dict__.pop(name, None)
        if any(score is not None for score in progress.oob_scores):
            # Zero for rounds that had all rows, as scikit-learn has it.
            self.oob_scores_ = np.array([one or 0.0 for one in progress.oob_scores])
            self.oob_improvement_ = np.array(progress.oob_improvements)
            self.oob_score_ = self.oob_scores_[-1]

    def staged_loss(
        self, X: Table, y: Any, sample_weight: ArrayLike | None = None
    ) -> Iterator[float]:
        """Mean loss of rows after each round.

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
        _, encoded = self._encode(self._checked_target(y), None, goes_on=True)
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
            If there are more than have been fitted, or there was dropout.
        """
        check_is_fitted(self)
        if self.dropout:
            raise ValueError(
                f"With dropout={self.dropout} each round changes those before it: some "
                f"of the rounds are no fit. Fit anew with n_estimators={n_rounds}."
            )
        check_n_rounds(self, n_rounds, len(self._whole.members), "n_estimators")
        self._progress = self._whole.first(n_rounds)
        self._set_scores()
        return self

    @property
    def estimators_(self) -> Any:  # type: ignore[override]
        """Fitted learners, (n_rounds, n_learners)."""
        check_is_fitted(self)
        shape = len(self._progress.members), self.n_trees_per_iteration_
        members = np.empty(shape, dtype=object)
        for row, own in zip(members, self._progress.members, strict=True):
            row[:] = [member.estimator for member in own]
        return members

    @property
    def n_estimators_(self) -> int:
        """Number of rounds."""
        check_is_fitted(self)
        return len(self._progress.members)

    @property
    def init_(self) -> Any:
        """What boosting started from."""
        check_is_fitted(self)
        return self._start.model

    @property
    def feature_importances_(self) -> FloatArray:
        """Mean of the learners' importances, which add up to one.

        Features with many values have more chances to bring some: where that matters,
        use :func:`sklearn.inspection.permutation_importance`.

        Raises
        ------
        AttributeError
            If learners have no importances.
        """
        check_is_fitted(self)
        total = np.zeros(self.n_features_in_)
        for members in self._progress.members:
            for member in members:
                columns = slice(None) if member.columns is None else member.columns
                total[columns] += _importances(member.estimator)
        sum_of_all = total.sum()
        return total / sum_of_all if sum_of_all > 0.0 else total

    def _checked_rows(self, X: Table) -> Table:
        """Rows to predict, as learners take them."""
        check_is_fitted(self)
        learner = self._progress.members[0][0].estimator
        return self._cast(check_table(self, _with_rows(X)), learner)

    def _staged_raw_predict(self, X: Table) -> Iterator[FloatArray]:
        """Raw predictions after each round, (n_rows, n_learners)."""
        X = self._checked_rows(X)
        raw, progress = self._start.raw(X), self._progress
        if is_cast(X):  # trees are then asked without a look at X
            first = progress.members[0][0]
            first.estimator.predict(first.sees(X))
        for members, rates in zip(progress.members, progress.rates, strict=True):
            raw = raw + answers(self._step, members, X) * rates
            yield raw

    def _raw_predict(self, X: Table) -> FloatArray:
        """Raw predictions of all rounds."""
        raw: FloatArray = np.zeros(0)
        for raw in self._staged_raw_predict(X):  # noqa: B007 - the last is wanted
            pass
        return raw

    def _steps(self, X: Table) -> FloatArray:
        """What rounds add to raw predictions, (n_rounds, n_rows, n_raw)."""
        X, progress = self._checked_rows(X), self._progress
        pairs = zip(progress.members, progress.rates, strict=True)
        return np.array(
            [answers(self._step, members, X) * rates for members, rates in pairs]
        )

    def _leaves(self, X: Table) -> Any:
        """Leaves that rows fall into, (n_rows, n_rounds, n_raw)."""
        X = self._checked_rows(X)
        leaves = [
            [member.estimator.apply(member.sees(X)) for member in members]
            for members in self._progress.members
        ]
        return np.asarray(leaves, dtype=np.float64).transpose(2, 0, 1)

    @abstractmethod
    def _checked_target(self, y: Any) -> Any:
        """Targets of rows, one each."""

    @abstractmethod
    def _encode(
        self, y: Any, weights: Any, *, goes_on: bool = False, known: Any = None
    ) -> tuple[Any, FloatArray]:
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


def _with_rows(X: Table) -> Table:
    """A sparse matrix of which rows can be taken; all else as it is."""
    return X.tocsr() if sparse.issparse(X) else X


def _importances(learner: Any) -> FloatArray:
    """Importances of features, not normalised where the learner knows these."""
    tree: Any = getattr(learner, "tree_", None)
    if hasattr(tree, "compute_feature_importances"):
        return np.asarray(tree.compute_feature_importances(normalize=False))
    return np.asarray(learner.feature_importances_)
