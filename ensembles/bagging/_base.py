"""Bags: members fitted on draws of the data, their outputs combined.

::

    sampler = which rows and columns, as functions of a member's plan
    plans   = one seed for each member
    members = [fit_member(job, plan) for plan in plans]      in parallel
    output  = rule(member outputs)                           chosen at predict
"""

from __future__ import annotations

from abc import abstractmethod
from copy import deepcopy
from time import perf_counter
from typing import Any, Literal, Self

import numpy as np
from scipy import sparse
from sklearn.base import clone
from sklearn.utils import check_consistent_length, get_tags
from sklearn.utils.validation import check_is_fitted

from ensembles._combine import CombineRule, Rule
from ensembles._compat import CallbackSupportMixin, with_callbacks
from ensembles._ensemble import BaseEnsemble
from ensembles._ensemble._casting import as_float32, trees_may_share_a_cast
from ensembles._ensemble._data import (
    check_table,
    check_table_and_target,
    state_kept_on_failure,
)
from ensembles._ensemble._outputs import FittedMember
from ensembles._ensemble._predict import Output, combined, stacked
from ensembles._ensemble._sampling_variance import SamplingVariance
from ensembles._random import MAX_SEED, first_seed, random_generator
from ensembles._typing import (
    ArrayLike,
    BoolArray,
    Estimator,
    FloatArray,
    IntArray,
    RandomState,
    Table,
)
from ensembles._validation import warn_user
from ensembles.bagging._adopted import joined_bag, part_of_bag
from ensembles.bagging._enough import Enough
from ensembles.bagging._fit import FitJob
from ensembles.bagging._grow import Grown, grow, plan_members
from ensembles.bagging._left_out import LeftOut, sampling_variance
from ensembles.bagging._oob_curve import OutOfBag
from ensembles.bagging._predicted import Predicted, covered
from ensembles.bagging._resample import resolve_resample
from ensembles.bagging._sampling import (
    MemberPlan,
    Resample,
    Sampler,
)
from ensembles.bagging._setup import (
    asks_out_of_bag,
    check_out_of_bag,
    check_params,
    check_training_rows,
    target_hash,
)
from ensembles.bagging._until_settled import UntilSettled, rule_of_size, wanted_size
from ensembles.resampling._base import BaseScheme
from ensembles.trees import BinnedMatrix, Binner
from ensembles.trees._base import keys_of
from ensembles.trees._binner import bin_once
from ensembles.trees._grower import TreeGrower, is_binned_tree

__all__ = ["BaseBag"]


class BaseBag(CallbackSupportMixin, BaseEnsemble):
    """Base of bags: all but what members are and what the kind of target decides."""

    n_estimators: int | str | UntilSettled
    max_samples: Any
    bootstrap: bool
    oob_score: Any
    warm_start: bool
    n_jobs: int | None
    random_state: RandomState
    verbose: int
    scheme: BaseScheme | None
    combine: CombineRule
    resample: Literal["auto", "weights", "unique", "index"]
    memory: Any
    error_score: str | float

    _columns: list[IntArray | None]
    _draws: list[tuple[Sampler, Resample, MemberPlan]]
    _n_planned: int
    """Members that count towards n_estimators."""
    _next_index: int
    """Number of the next member, which its seed follows from; more in parts of bags."""
    _targets_seen: set[str]
    """Hashes of what members have learned."""
    _entropy: int
    _max_samples: int
    _data_hash: str
    _binner: Binner | None
    _left_out: LeftOut
    _takes_arrays = False
    """Whether members know no names of columns that the bag knows."""

    _state_of = staticmethod(first_seed)

    # What members are.

    @abstractmethod
    def _member(self) -> Estimator:
        """The member, not fitted."""

    @abstractmethod
    def _check_own_params(self) -> None:
        """Raise for parameters, of those that not all bags have, that are wrong."""

    @abstractmethod
    def _resolve_weights(
        self, sample_weight: Any, y: Any, learned: Any
    ) -> FloatArray | None:
        """Weights of rows, checked, from those given and y, as given and as learned."""

    @abstractmethod
    def _make_sampler(
        self,
        X: Table,
        y: Any,
        weights: FloatArray | None,
        groups: Any,
        rng: np.random.RandomState,
    ) -> Sampler:
        """What draws rows and columns, checked against the data."""

    def _resolve_resample(
        self, sampler: Sampler, weights: FloatArray | None
    ) -> Resample:
        """The form in which rows reach the members."""
        return resolve_resample(self, self.estimator_, sampler, weights)

    def _remember(self, job: FitJob) -> None:
        """Keep of a fit what predictions need besides members."""
        return

    def _codes_to_balance(self, learned: Any) -> IntArray | None:
        """Codes of classes that each member's draw is to be balanced by, or None."""
        return None

    # What the kind of target decides.

    @abstractmethod
    def _encode_target(self, y: Any) -> Any:
        """Check y, remember its classes, and return what members learn."""

    @abstractmethod
    def _rule(self) -> Rule:
        """How members' outputs become one; read at predict, so it may be changed."""

    @abstractmethod
    def _main_output(self, params: dict[str, Any]) -> Output:
        """What is combined into predictions."""

    @abstractmethod
    def _score_left_out(
        self, X: Table, y: Any, combined: list[FloatArray], rows: BoolArray
    ) -> float:
        """Score predictions of rows that members left out, of some of the rows."""

    @abstractmethod
    def _keep_left_out(self, combined: list[FloatArray], y: Any) -> None:
        """Remember predictions of rows that members left out."""

    # Fit.

    @with_callbacks
    def fit(
        self,
        X: Table,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        **fit_params: Any,
    ) -> Any:
        """Draw samples of the data and fit a member on each.

        Parameters
        ----------
        X : array-like, sparse matrix, DataFrame or list of shape (n_samples, ...)
            Training data, in any form that the members take; they get it in that form.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Target.
        sample_weight : array-like of shape (n_samples,) or None, default=None
            Without a scheme: probabilities of being drawn, up to a factor, as in
            scikit-learn. With a scheme, or in a forest that draws none: weights that
            multiply those of the draw, for members that take weights. A weight of zero
            leaves the row out.
        **fit_params : dict
            ``groups`` for schemes that draw groups. With metadata routing on,
            anything the member requests.

        Returns
        -------
        self
            The fitted ensemble.

        Raises
        ------
        ValueError
            If a parameter does not fit the data; before any member is fitted.
        """
        started = perf_counter()
        check_params(self)
        self._check_own_params()
        self._rule()
        rng = random_generator(self.random_state)
        if not self.warm_start:
            self._forget_members()
        X, y = check_table_and_target(self, X, y)
        learned = self._encode_target(y)
        weights = self._resolve_weights(sample_weight, y, learned)
        member_params, groups = self._route_fit(fit_params)
        self.estimator_ = clone(self._member())
        sampler = self._make_sampler(X, learned, weights, groups, rng)
        resample = self._resolve_resample(sampler, weights)
        check_out_of_bag(self, X, y, learned, sampler, resample)
        seen = self._as_members_see(X, weights, deepcopy(rng))
        plans = self._plans(sampler, rng)
        job = FitJob(
            estimator=self.estimator_,
            X=seen,
            y=learned,
            sampler=sampler,
            resample=resample,
            n_members=wanted_size(self.n_estimators),
            error_score=self.error_score,
            params=member_params,
            row_weights=weights if sampler.weights_multiply else None,
            balance=self._codes_to_balance(learned),
            grower=self._grower(seen, learned, sampler, resample),
            state_of=self._state_of,
        )
        rule = rule_of_size(self.n_estimators)
        left_out = enough = None
        if asks_out_of_bag(self):
            left_out = OutOfBag(self, X, seen, learned, with_errors=rule is not None)
            enough = rule and Enough(rule, left_out, started)
        grown = Grown.of(self)
        if plans:
            n_before = grown.n_planned
            grow(self, job, plans, grown, X, y, enough)
            self.__dict__.update(grown.attributes())
            self._next_index = plans[0].index + grown.n_planned - n_before
            seen_before: set[str] = getattr(self, "_targets_seen", set())
            self._targets_seen = seen_before | {target_hash(learned)}
        self._remember(job)
        self._forget_out_of_bag()
        if left_out is not None:
            self._set_out_of_bag(left_out, grown, learned)
        return self

    def _set_out_of_bag(self, left_out: OutOfBag, grown: Grown, learned: Any) -> None:
        """Set predictions of rows that members left out, and their scores."""
        self.oob_curve_ = left_out.curve(grown)
        self.oob_score_ = float(self.oob_curve_.score[-1])
        self._keep_left_out(left_out.combined(), learned)

    def _as_members_see(
        self, X: Table, weights: FloatArray | None, rng: np.random.RandomState
    ) -> Table:
        """X in a form that saves members work that is the same for all.

        Bins are the same for any number of members: `rng` stands before their seeds.
        """
        if self._takes_arrays and not sparse.issparse(X):
            X = np.asarray(X)
        goes_on = hasattr(self, "estimators_")
        known, self._binner = self._binner if goes_on else None, None
        if is_binned_tree(self.estimator_) and not (goes_on and known is None):
            _, key_of_bins = keys_of(int(rng.randint(MAX_SEED)))
            seed = key_of_bins % 2**32
            binned = bin_once(self.estimator_, X, weights, seed, known)
            self._binner = binned.binner
            return binned
        return as_float32(X) if trees_may_share_a_cast([self.estimator_], X) else X

    def _grower(
        self, seen: Table, learned: Any, sampler: Sampler, resample: Resample
    ) -> TreeGrower | None:
        """What grows members where they are trees that see all rows and columns."""
        if self._binner is None or resample != "weights":
            return None
        if not sampler.column_law.draws_all:
            return None
        return TreeGrower(self.estimator_, seen, learned)

    @abstractmethod
    def _route_fit(self, params: dict[str, Any]) -> tuple[dict[str, Any], Any]:
        """Parameters of the members' fit, and the groups of the scheme."""

    def _plans(self, sampler: Sampler, rng: np.random.RandomState) -> list[MemberPlan]:
        """Plans of the members that are missing."""
        start = self._n_planned if hasattr(self, "estimators_") else 0
        wanted = wanted_size(self.n_estimators)
        if wanted < start:
            raise ValueError(
                f"n_estimators={wanted} must be larger or equal to "
                f"len(estimators_)={start} when warm_start==True"
            )
        if wanted == start:
            warn_user(
                "Warm-start fitting without increasing n_estimators does not "
                "fit new trees."
            )
        first = self._next_index if start else 0
        n_seeds = first + wanted - start
        seeds = rng.randint(MAX_SEED, size=n_seeds)[first:]
        try:
            return plan_members(sampler, seeds, first)
        except ValueError as error:
            if rule_of_size(self.n_estimators) is not None:
                error.add_note(
                    f"The rule of n_estimators asks for at_most={wanted}: give it an "
                    "UntilSettled with less, or give a number."
                )
            raise

    def _forget_members(self) -> None:
        """Remove members, so that a fit that fails leaves no half of an old one."""
        for name in (
            "estimators_",
            "_columns",
            "_draws",
            "_entropy",
            "_data_hash",
            "_takes_arrays",
            "_targets_seen",
        ):
            self.__dict__.pop(name, None)
        self._forget_out_of_bag()

    def _forget_out_of_bag(self) -> None:
        """Remove out-of-bag results that other members than the present ones gave."""
        for name in (
            "oob_score_",
            "oob_curve_",
            "oob_prediction_",
            "oob_decision_function_",
            "_left_out",
            "_latest",
        ):
            self.__dict__.pop(name, None)

    def compute_oob(self, X: Table, y: ArrayLike) -> Self:
        """Set what is known of rows that members left out, from the training data.

        For bags that were fitted without ``oob_score``, are parts of others, or were
        taken over from scikit-learn. Intervals, sets of labels and noise then need
        nothing else. Of ``oob_curve_`` errors are not found again.

        Parameters
        ----------
        X : array-like, sparse matrix, DataFrame or list of shape (n_samples, ...)
            The rows that members were fitted on, in the same order.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Their targets.

        Returns
        -------
        Self
            The ensemble.

        Raises
        ------
        NotFittedError
            If the ensemble is not fitted.
        ValueError
            If these are not as many rows as members were fitted on, or y has other
            classes.
        """
        check_is_fitted(self, "estimators_")
        check_training_rows(self, X)
        check_consistent_length(X, y)
        seen = self._rows_to_predict(X)
        with state_kept_on_failure(self):
            learned = self._encode_target(y)
            if self._targets_seen - {target_hash(learned)}:
                raise ValueError(
                    "Members have learned another y, or its rows in another order. "
                    "Pass the training data of all members, as it was."
                )
            self._targets_seen = {target_hash(learned)}
            self._forget_out_of_bag()
            left_out = OutOfBag(self, X, seen, learned)
            self._set_out_of_bag(left_out, Grown.of(self), learned)
        return self

    def predict_oob(self, X: Table) -> Any:
        """Predict each row of the training data by the members that did not see it.

        Rows may be changed before, to see what becomes of the predictions, as
        :func:`ensembles.inspection.oob_permutation_importance` does.

        Parameters
        ----------
        X : array-like, sparse matrix, DataFrame or list of shape (n_samples, ...)
            The rows that members were fitted on, in the same order.

        Returns
        -------
        ndarray of shape (n_samples, ...) or list of ndarrays
            Values, or probabilities in the order of ``classes_``; a list for several
            outputs with classes. NaN for a row that every member saw, or that has the
            weight zero.

        Raises
        ------
        NotFittedError
            If the ensemble is not fitted.
        ValueError
            If these are not as many rows as members were fitted on, or every member
            saw every row.
        """
        check_is_fitted(self, "estimators_")
        check_training_rows(self, X)
        predicted = Predicted(self, self._rows_to_predict(X))
        for _ in predicted.take(Grown.of(self)):
            pass
        combined = predicted.combined()
        if not covered(combined).any():
            raise ValueError("Every member saw every row, so none is out-of-bag.")
        return combined if len(combined) > 1 else combined[0]

    # What members are, and what they say.

    def __getitem__(self, index: Any) -> Any:
        """Return the member at a position, or a bag of those of a slice.

        A bag of a slice shares the members and has no out-of-bag results;
        `compute_oob` makes them.
        """
        if isinstance(index, slice):
            return part_of_bag(self, index)
        return super().__getitem__(index)

    def __add__(self, other: Any) -> Any:
        """Return a bag of the members of both, with the parameters of the first."""
        if type(other) is not type(self):
            return NotImplemented
        return joined_bag(self, other)

    @property
    def _members(self) -> list[FittedMember]:
        """Members with their columns."""
        check_is_fitted(self, "estimators_")
        return [
            FittedMember(estimator, columns)
            for estimator, columns in zip(self.estimators_, self._columns, strict=True)
        ]

    @property
    def estimators_features_(self) -> list[IntArray]:
        """Columns that each member sees."""
        n_features = getattr(self, "n_features_in_", 0)
        return [
            np.arange(n_features) if columns is None else columns
            for columns in self._columns
        ]

    @property
    def estimators_samples_(self) -> list[IntArray]:
        """Rows that each member was fitted on, drawn again at each call."""
        return [
            sampler.drawn_rows(plan, resample)
            for sampler, resample, plan in self._draws
        ]

    @property
    def inbag_counts_(self) -> Any:
        """How often each member saw each row, shape (n_estimators, n_samples)."""
        return np.stack(
            [sampler.in_bag(plan, how) for sampler, how, plan in self._draws]
        )

    def predict_members(self, X: Table) -> Any:
        """Return the output of every member.

        Parameters
        ----------
        X : array-like, sparse matrix, DataFrame or list of shape (n_samples, ...)
            Rows to predict.

        Returns
        -------
        ndarray
            Classification: probabilities, shape (n_estimators, n_samples, n_classes),
            in the order of ``classes_``, zero for a class that a member never saw; a
            list of such arrays for several outputs. Regression: values, shape
            (n_estimators, n_samples) or (n_estimators, n_samples, n_outputs).

        Raises
        ------
        NotFittedError
            If the ensemble is not fitted.
        """
        X = self._rows_to_predict(X)
        arrays = stacked(self._members, X, self._main_output({}), self.n_jobs)
        return arrays if len(arrays) > 1 else arrays[0]

    def predict_variance(self, X: Table) -> SamplingVariance:
        """Return how much predictions would vary with other training data.

        By the infinitesimal jackknife [1]_, from the members that there are. It is the
        variance of the prediction, and not of new targets around it: it goes to zero
        with more rows.

        Parameters
        ----------
        X : array-like, sparse matrix, DataFrame or list of shape (n_samples, ...)
            Rows to predict.

        Returns
        -------
        variance : ndarray of shape (n_samples, ...)
            Of the shape of predicted values or probabilities. Of members that are too
            few it may be zero.
        mc_error : ndarray of shape (n_samples, ...)
            Standard error of the variance, for the number of members: some hundreds
            make it small.

        Raises
        ------
        NotFittedError
            If the ensemble is not fitted.
        ValueError
            If members are not combined by their mean, or rows not drawn one by one.

        References
        ----------
        .. [1] S. Wager, T. Hastie, B. Efron, "Confidence intervals for random forests:
           the jackknife and the infinitesimal jackknife", Journal of Machine Learning
           Research 15, 1625-1651, 2014.
        """
        check_is_fitted(self, "estimators_")
        outputs = self.predict_members(X)
        if isinstance(outputs, list):
            raise ValueError(
                "predict_variance is for a target of one output. Fit a bag for each."
            )
        return sampling_variance(self, outputs)

    def _combined(self, X: Table, output: Output, rule: Rule) -> list[FloatArray]:
        """Members' outputs combined, one array for each output of the target."""
        X = self._rows_to_predict(X)
        return combined(self._members, X, output, rule, n_jobs=self.n_jobs)

    def _rows_to_predict(self, X: Table) -> Table:
        """X, checked, as codes where members take these."""
        check_is_fitted(self, "estimators_")
        X = check_table(self, X)
        if self._takes_arrays and not sparse.issparse(X):
            X = np.asarray(X)
        if self._binner is None or isinstance(X, BinnedMatrix):
            return X
        return self._binner._bin_rows(X)

    # What scikit-learn asks of a meta-estimator.

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        of_member = get_tags(self._member())
        for name in (
            "sparse",
            "allow_nan",
            "string",
            "categorical",
            "pairwise",
            "positive_only",
        ):
            setattr(tags.input_tags, name, getattr(of_member.input_tags, name))
        tags.target_tags.multi_output = of_member.target_tags.multi_output
        if tags.classifier_tags is not None and of_member.classifier_tags is not None:
            tags.classifier_tags.multi_label = of_member.classifier_tags.multi_label
        return tags
