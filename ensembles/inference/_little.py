"""The bag of little bootstraps: error bars of n rows from subsets of far fewer.

Each of s disjoint subsets has b = n^gamma rows. A replicate draws n rows from the b of
one subset, which are counts on b rows, so it costs what b rows cost, yet scatters as a
replicate of n rows does. What replicates say of the statistic's error is averaged over
subsets (Kleiner, Talwalkar, Sarkar & Jordan 2014, algorithm 1).
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, final

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from ensembles._compat import take_rows
from ensembles._parallel import Workers, map_members
from ensembles._random import entropy_from, entropy_of, keys_for
from ensembles._typing import FloatArray, RandomState, Table
from ensembles._validation import (
    check_count,
    check_n_jobs,
    check_unmasked,
    check_verbose,
    invalid_parameter,
    is_positive,
    n_rows_of,
    warn_user,
)
from ensembles.inference._ends import check_method, check_prepared, ends_of
from ensembles.inference._intervals import Evidence, jackknife_acceleration
from ensembles.inference._large._recipes import is_of_moments, recipe_of
from ensembles.inference._large._stream import value_of_all
from ensembles.inference._large._subsets import LittleDraws, subset_rows
from ensembles.inference._result import ConfidenceInterval
from ensembles.inference._statistics._callables import has_parameter
from ensembles.inference._statistics._evaluation import StatisticOfWeights
from ensembles.inference._statistics._named import Statistic, evaluation_of
from ensembles.inference._statistics._sources import AlignedRows
from ensembles.resampling import Bootstrap

__all__ = ["LittleBootstrap"]

# A draw numbers the rows of a subset in blocks of 256 by 32 bits.
_MOST_ROWS_A_SUBSET = 2**24 - 1


@final
@dataclass(frozen=True)
class _Plan:
    """What all subsets have in common."""

    statistic: Statistic
    arrays: tuple[Table, ...]
    n_rows: int
    subset_size: int
    n_resamples: int
    method: str
    entropy: int


@final
@dataclass(frozen=True)
class _Subset:
    """What a subset says of the error of all rows; values are (..., n_components)."""

    estimate: FloatArray
    replicates: FloatArray
    acceleration: FloatArray
    estimate_error: FloatArray
    replicate_errors: FloatArray | None
    shape: tuple[int, ...]

    @property
    def has_value(self) -> Any:
        """Replicates in which every component has a value, shape (n_resamples,)."""
        return np.isfinite(self.replicates).all(axis=1)

    def evidence(self, n_rows: int) -> list[Evidence]:
        """Evidence on each component."""
        kept = self.has_value
        valued = np.ascontiguousarray(self.replicates[kept].T)
        errors = self.replicate_errors
        return [
            Evidence(
                float(self.estimate[j]),
                replicates,
                n_units=n_rows,
                acceleration=float(self.acceleration[j]),
                estimate_error=float(self.estimate_error[j]),
                replicate_errors=None if errors is None else errors[kept, j],
            )
            for j, replicates in enumerate(valued)
        ]


def _evaluation(plan: _Plan, number: int) -> StatisticOfWeights:
    """The statistic on one subset; a pure function of the plan and a number."""
    b, n = plan.subset_size, plan.n_rows
    (key,) = keys_for(entropy_of(plan.entropy, 0), 0, 1)
    rows = subset_rows(key, number, b, n)
    arrays = tuple(take_rows(array, rows) for array in plan.arrays)
    source = AlignedRows(Bootstrap(), arrays, None, None, LittleDraws(b, n))
    evaluation = evaluation_of(plan.statistic, source)
    assert isinstance(evaluation, StatisticOfWeights)
    return evaluation


def _estimate(plan: _Plan, number: int) -> FloatArray:
    """What replicates scatter around: all rows alike, of a total weight of n."""
    b, n = plan.subset_size, plan.n_rows
    statistic = _evaluation(plan, number).statistic
    return np.asarray(statistic.weighted(np.full((1, b), n / b))[0])


def _assess(plan: _Plan, number: int, estimate: FloatArray) -> _Subset:
    """Bootstrap all rows from one subset."""
    b, n = plan.subset_size, plan.n_rows
    evaluation = _evaluation(plan, number)
    seeds = evaluation.source.seeds(
        entropy_of(plan.entropy, 1 + number), 0, plan.n_resamples
    )
    replicates = evaluation.replicates(seeds)
    acceleration = estimate_error = np.full(len(estimate), np.nan)
    replicate_errors = None
    # Of b rows; those of n rows are sqrt(n / b) times less.
    if plan.method in ("bca", "expanded_bca"):
        values, _ = evaluation.jackknife()
        acceleration = jackknife_acceleration(values) * np.sqrt(b / n)
    elif plan.method == "studentized":
        error = evaluation.error()
        assert error is not None, "only statistics with a formula come here"
        estimate_error = error * np.sqrt(b / n)
        replicate_errors = evaluation.errors(seeds)
    return _Subset(
        estimate,
        replicates,
        acceleration,
        estimate_error,
        replicate_errors,
        evaluation.shape,
    )


@final
class LittleBootstrap(BaseEstimator):
    """Bootstrap many rows by way of small subsets (the bag of little bootstraps).

    Use it for a statistic of so many rows that one evaluation is costly and hundreds
    are out of the question: every replicate is computed from the weighted rows of a
    small subset. It takes any statistic of weighted rows, medians, scores and fitted
    models among them; for means and what follows from them `StreamingBootstrap` is as
    cheap and needs no subsets, and up to some ten thousand rows `bootstrap` is fast
    enough. Rows must be independent. The estimate itself is of all rows.

    Parameters
    ----------
    statistic : str, tuple or callable, default="mean"
        By name: "mean", "var", "std", "median", "gini" of one array; ("quantile", q);
        ("var", ddof) and ("std", ddof); "ratio", "corr", "ols", as in `bootstrap`. Or a
        function of the arrays with a ``sample_weight`` parameter, as scikit-learn's
        metrics are, to which a weight says how often its row stands in the data.
    method : str, default="percentile"
        Method of the interval. "percentile", "basic", "normal", "bc", "expanded" and
        "smoothed" want replicates only, and each gives the intervals of all of them.
        "bca" and "expanded_bca" take a jackknife in every subset, "studentized" a
        standard error in every replicate, by the formulas of the means, variances,
        ratios, correlations and regressions that have a name. Those that correct
        levels, all but the first three and "studentized", want some 400 resamples.
    subset_exponent : float, default=0.7
        A subset has ``n_rows ** subset_exponent`` rows; in [0.5, 1). Below 0.6
        intervals of skewed data and of models with many parameters become wrong [1]_.
    n_subsets : int, default=20
        Number of disjoint subsets.
    n_resamples : int, default=100
        Replicates of each subset.
    n_jobs : int or None, default=None
        Number of workers, which share the subsets: threads for statistics by name,
        processes for functions. The numbers do not depend on it.
    verbose : int, default=0
        joblib's progress messages.
    random_state : int, RandomState, Generator or None, default=None
        An int gives the same result in every call.

    Attributes
    ----------
    estimate_ : float or ndarray of the statistic's shape
        The statistic of all rows.
    standard_error_ : float or ndarray of the statistic's shape
        Standard deviation of the replicates of a subset, the mean over subsets.
    subset_estimates_ : ndarray of shape (n_subsets, ...)
        The statistic of each subset.
    distribution_ : ndarray of shape (n_subsets, n_resamples, ...)
        The statistic in each replicate, around that of its subset; nan where it has no
        value.
    subset_size_ : int
        Rows a subset.
    n_rows_ : int
        Number of rows.

    Raises
    ------
    ValueError
        From `fit`: if the statistic does not take weights, there are too few rows for
        the subsets, the statistic has no value in one of them, data are missing,
        masked or not finite, or a parameter is outside what is allowed.

    See Also
    --------
    StreamingBootstrap : Functions of sums, from a single pass.
    bootstrap : All rows in every replicate, and dependent rows.

    Notes
    -----
    Memory is that of a subset with a batch of its weights, for each worker. The
    estimate takes one pass over all rows: of arrays in memory or memory-mapped, piece
    by piece for statistics of sums, in one call of a function, and with a sorted copy
    for "median", ("quantile", q) and "gini".

    Ends of intervals are averaged over subsets as distances from the subset's own
    estimate, and then laid from the estimate of all rows. The mean of the ends
    themselves, of which the paper speaks, would lie around the mean of the subsets'
    estimates: right in length, but off by the error of as many rows as all subsets
    have, which is more than the length where they are few.

    References
    ----------
    .. [1] A. Kleiner, A. Talwalkar, P. Sarkar, M. I. Jordan, "A scalable bootstrap for
       massive data", Journal of the Royal Statistical Society B 76(4), 795-816, 2014.

    Examples
    --------
    The median of a million rows; theory puts its standard error at 0.00125:

    >>> import numpy as np
    >>> from ensembles.inference import LittleBootstrap
    >>> x = np.random.default_rng(0).normal(size=1_000_000)
    >>> little = LittleBootstrap("median", random_state=0).fit(x)
    >>> print(f"{little.subset_size_} rows a subset, {little.standard_error_:.4f}")
    15849 rows a subset, 0.0013

    Any function with ``sample_weight``:

    >>> from sklearn.metrics import roc_auc_score
    >>> y = np.random.default_rng(1).integers(2, size=50_000)
    >>> score = y + np.random.default_rng(2).normal(size=50_000)
    >>> little = LittleBootstrap(roc_auc_score, n_subsets=5, random_state=0)
    >>> low, high = little.fit(y, score).interval()
    >>> print(f"{little.estimate_:.3f} [{low:.3f}, {high:.3f}]")
    0.759 [0.755, 0.764]
    """

    def __init__(
        self,
        statistic: Statistic = "mean",
        *,
        method: str = "percentile",
        subset_exponent: float = 0.7,
        n_subsets: int = 20,
        n_resamples: int = 100,
        n_jobs: int | None = None,
        verbose: int = 0,
        random_state: RandomState = None,
    ) -> None:
        self.statistic = statistic
        self.method = method
        self.subset_exponent = subset_exponent
        self.n_subsets = n_subsets
        self.n_resamples = n_resamples
        self.n_jobs = n_jobs
        self.verbose = verbose
        self.random_state = random_state

    def fit(self, *arrays: Table) -> LittleBootstrap:
        """Compute the statistic of all rows, and bootstrap the subsets.

        Parameters
        ----------
        *arrays : array-like of shape (n_rows, ...)
            What the statistic takes, aligned by row: arrays, memory-mapped ones too,
            lists, DataFrames, sparse matrices.

        Returns
        -------
        LittleBootstrap
            The same object.

        Raises
        ------
        ValueError
            If a parameter is outside what is allowed, there are too few rows, values
            are masked, or the statistic does not take weights or has no value in all
            rows or in a subset, which is found before replicates are drawn.

        Warns
        -----
        UserWarning
            If the statistic has no value in some of the replicates.
        """
        self._check_parameters()
        n_rows, size = self._sizes(arrays)
        estimate = _estimate_of_all(self, arrays)
        plan = _Plan(
            self.statistic,
            arrays,
            n_rows,
            size,
            int(self.n_resamples),
            self.method,
            entropy_from(self.random_state),
        )
        prefer: Workers | None = None if callable(self.statistic) else "threads"
        tasks = [(plan, number) for number in range(self.n_subsets)]
        # What a subset without a value warns of is in the error; all else comes again.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            estimates = list(
                map_members(_estimate, tasks, n_jobs=self.n_jobs, prefer=prefer)
            )
        _check_estimates(estimates, size)
        subsets = list(
            map_members(
                _assess,
                [(*task, one) for task, one in zip(tasks, estimates, strict=True)],
                n_jobs=self.n_jobs,
                prefer=prefer,
                verbose=int(self.verbose),
            )
        )
        _check_values(subsets)
        shape = subsets[0].shape
        self._begun_with = self.method
        self._evidence = [one.evidence(n_rows) for one in subsets]
        errors = [[one.standard_error for one in each] for each in self._evidence]
        self.n_rows_ = n_rows
        self.subset_size_ = size
        self.estimate_ = _shaped(estimate, shape)
        self.standard_error_ = _shaped(np.mean(errors, axis=0), shape)
        self.subset_estimates_ = np.stack(
            [one.estimate.reshape(shape) for one in subsets]
        )
        self.distribution_ = np.stack(
            [one.replicates.reshape(-1, *shape) for one in subsets]
        )
        return self

    def interval(
        self,
        method: str | None = None,
        confidence_level: float = 0.95,
        alternative: str = "two-sided",
    ) -> ConfidenceInterval:
        """Return the confidence interval of each component.

        Parameters
        ----------
        method : str or None, default=None
            One of those that the constructor's `method` stands for; None is that one.
        confidence_level : float, default=0.95
            Wanted coverage in (0, 1).
        alternative : {"two-sided", "less", "greater"}, default="two-sided"
            Which ends the interval has: "less" an upper one only, "greater" a lower.

        Returns
        -------
        ConfidenceInterval
            ``low`` and ``high``, of the statistic's shape; an open end is infinite.

        Raises
        ------
        ValueError
            If a parameter is outside what is allowed, there are too few resamples, or
            what the method wants has not been computed.
        NotFittedError
            Before `fit`.

        Warns
        -----
        UserWarning
            If another method takes over in a subset where this one has no finite ends,
            or an end lies beyond the outermost replicate.
        """
        check_is_fitted(self)
        name = self._begun_with if method is None else method
        check_prepared("LittleBootstrap", name, self._begun_with)
        every = [one for each in self._evidence for one in each]
        ends = ends_of(every, name, confidence_level, alternative)
        from_own = ends - np.array([[one.estimate] for one in every])
        distances = from_own.reshape(len(self._evidence), -1, 2).mean(axis=0)
        low, high = np.ravel(self.estimate_) + distances.T
        shape = np.shape(self.estimate_)
        return ConfidenceInterval(_shaped(low, shape), _shaped(high, shape))

    def _check_parameters(self) -> None:
        """Raise unless parameters are what is allowed."""
        if callable(self.statistic) and not has_parameter(
            self.statistic, "sample_weight"
        ):
            raise invalid_parameter(
                self,
                "statistic",
                self.statistic,
                "the name of a statistic or a function with a sample_weight parameter",
                "n rows drawn from a subset are counts on its rows, and are given as "
                "weights.",
            )
        check_method(self, self.method)
        if self.method == "studentized" and not is_of_moments(self.statistic):
            raise ValueError(
                "method='studentized' takes a formula for the standard error, which "
                f"{self.statistic!r} has not. Take 'bca'."
            )
        exponent = self.subset_exponent
        if not (is_positive(exponent) and 0.5 <= exponent < 1):
            raise invalid_parameter(
                self, "subset_exponent", exponent, "a float in the range [0.5, 1.0)"
            )
        check_count(self, "n_subsets", self.n_subsets)
        check_count(self, "n_resamples", self.n_resamples, low=2)
        check_n_jobs(self, self.n_jobs)
        check_verbose(self, self.verbose)

    def _sizes(self, arrays: Sequence[Table]) -> tuple[int, int]:
        """Number of rows, and of those in a subset."""
        if not arrays:
            raise ValueError("fit needs at least one array of data, got none.")
        lengths = [n_rows_of(array) for array in arrays]
        if len(set(lengths)) > 1:
            raise ValueError(
                f"Arrays must have the same number of rows, got {lengths}."
            )
        check_unmasked("LittleBootstrap", *arrays)
        n_rows = lengths[0]
        size = round(n_rows**self.subset_exponent)
        if size < 2 or self.n_subsets * size > n_rows:
            raise ValueError(
                f"n_subsets={self.n_subsets} disjoint subsets of {n_rows} ** "
                f"{self.subset_exponent} = {size} rows need {self.n_subsets * size} "
                f"rows, got {n_rows}. Take fewer subsets, or bootstrap(), which is "
                "fast enough for so few rows."
            )
        if size > _MOST_ROWS_A_SUBSET:
            raise ValueError(
                f"A subset of {n_rows} ** {self.subset_exponent} = {size} rows is too "
                f"large, {_MOST_ROWS_A_SUBSET} are allowed. Lower subset_exponent."
            )
        return n_rows, size


def _estimate_of_all(owner: LittleBootstrap, arrays: tuple[Table, ...]) -> FloatArray:
    """The statistic of all rows, shape (n_components,)."""
    statistic = owner.statistic
    if is_of_moments(statistic):
        estimate = value_of_all(recipe_of(owner, statistic), arrays)
    else:
        whole = AlignedRows(Bootstrap(), arrays, None, None)
        estimate = evaluation_of(statistic, whole).estimate
    if not np.isfinite(estimate).all():
        raise ValueError(
            f"The statistic of all rows is {estimate}, so there is nothing to put an "
            "error bar on. Look for missing values and constant columns."
        )
    return estimate


def _check_estimates(estimates: Sequence[FloatArray], size: int) -> None:
    """Raise, before replicates are drawn, if a subset has no value."""
    without = [not np.isfinite(one).all() for one in estimates]
    if any(without):
        raise ValueError(
            f"The statistic has no value in {sum(without)} of {len(without)} subsets "
            f"of {size} rows. Does it need more rows, or every class? Raise "
            "subset_exponent, with fewer subsets if need be, or take bootstrap()."
        )


def _check_values(subsets: Sequence[_Subset]) -> None:
    """Say where replicates have no value."""
    for number, one in enumerate(subsets):
        if one.has_value.sum() < 2:
            raise ValueError(
                "The statistic has no value in any two replicates of subset "
                f"{number}, counted from 0. Does it need more rows, or every class? "
                "Raise subset_exponent."
            )
    n_failed = sum(int((~one.has_value).sum()) for one in subsets)
    if n_failed:
        n_replicates = sum(len(one.replicates) for one in subsets)
        warn_user(
            f"The statistic has no value in {n_failed} of {n_replicates} replicates; "
            "what is said is said of the others. Raising subset_exponent may avoid it."
        )


def _shaped(values: FloatArray, shape: tuple[int, ...]) -> Any:
    """A number where the statistic is one, an array of its shape otherwise."""
    return values.reshape(shape) if shape else float(values[0])
