"""Whether any of many models beats a benchmark, and which.

The best of many models looks good by luck. All tests here compare it with the best of
as many replicates of the models, of which none is better than the benchmark. With d the
loss of the benchmark less that of a model, and d* its mean in a replicate::

    RealityCheck                 max sqrt(n) d*          White (2000)
    SuperiorPredictiveAbility    max d* / error, or 0    Hansen (2005)
    StepwiseMultipleTest         the same of the models not yet found better,
                                 until none is           Romano & Wolf (2005)
"""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, Literal, Self, final

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils import column_or_1d
from sklearn.utils.validation import check_is_fitted

from ensembles._typing import ArrayLike, FloatArray, RandomState, Table
from ensembles._validation import check_choice, is_count, n_rows_of
from ensembles.inference._many_models._losses import (
    Names,
    bootstrap_pvalues,
    check_alpha,
    check_finite,
    check_is_exact,
    check_resampling,
    check_table,
    frame_of,
    inverse_errors,
    replicate_means,
    rounding_of,
    studentize,
)
from ensembles.resampling._base import BaseScheme

# What one block of shifted replicates may hold.
_BLOCK_BYTES = 2**20

__all__ = ["RealityCheck", "StepwiseMultipleTest", "SuperiorPredictiveAbility"]


class BaseBenchmarkTest(BaseEstimator):
    """Base of the tests against a benchmark; a test adds `_test`."""

    def __init__(
        self,
        *,
        scheme: BaseScheme | None = None,
        n_resamples: int = 9999,
        random_state: RandomState = None,
    ) -> None:
        self.scheme = scheme
        self.n_resamples = n_resamples
        self.random_state = random_state

    def fit(
        self,
        losses: Table,
        benchmark: ArrayLike | str | int,
        *,
        groups: ArrayLike | None = None,
    ) -> Self:
        """Test the models against the benchmark.

        Parameters
        ----------
        losses : array-like of shape (n_samples, n_models)
            Loss of each model in each row; less is better. Rows in order of time, one
            column a model; a DataFrame keeps the names.
        benchmark : array-like of shape (n_samples,), str or int
            Loss of the benchmark in each row, or the name or the position of the
            column of `losses` that holds it.
        groups : array-like of shape (n_samples,) or None, default=None
            Group of each row, for schemes that keep groups whole.

        Returns
        -------
        object
            The test itself.
        """
        self._check()
        scheme = check_resampling(self)
        models, gains, rounding = _gains(self, losses, benchmark)
        deviations = replicate_means(
            scheme, gains, self.n_resamples, self.random_state, groups
        )
        errors = np.sqrt(np.einsum("rj,rj->j", deviations, deviations))
        errors /= np.sqrt(self.n_resamples)
        for j in np.flatnonzero(errors <= rounding):
            of = f"of {models.item(j)!r} to the benchmark"
            check_is_exact(scheme, gains[:, j], rounding[j], of)
        self.models_ = models
        self.mean_differences_ = gains.mean(axis=0)
        self.standard_errors_ = errors
        self._test(deviations, rounding, len(gains))
        self.best_model_ = models.item(self.statistics_.argmax())
        return self

    def summary(self) -> Any:
        """Return what was found of each model, the best first.

        Returns
        -------
        pandas.DataFrame
            Indexed by model: mean loss of the benchmark less that of the model, its
            standard error, and what the test makes of them.

        Raises
        ------
        NotFittedError
            If there was no `fit` before.
        MissingDependencyError
            If pandas is not installed.
        """
        check_is_fitted(self)
        columns = {
            "mean_difference": self.mean_differences_,
            "standard_error": self.standard_errors_,
            "statistic": self.statistics_,
            **self._more_columns(),
        }
        order = np.argsort(-self.statistics_, kind="stable")
        return frame_of(self.models_, columns, order)

    statistics_: FloatArray

    @abstractmethod
    def _test(
        self, deviations: FloatArray, rounding: FloatArray, n_samples: int
    ) -> None:
        """Set `statistics_` and what else the test finds."""

    def _check(self) -> None:
        """Raise where a parameter of this test alone is outside its range."""

    def _more_columns(self) -> dict[str, Any]:
        """Columns of the summary that this test adds."""
        return {}


def _gains(
    owner: object, losses: Table, benchmark: ArrayLike | str | int
) -> tuple[Names, FloatArray, FloatArray]:
    """Names of the models, loss of the benchmark less theirs, and its rounding."""
    of_column = isinstance(benchmark, str) or is_count(benchmark)
    values, models = check_table(owner, "losses", losses, 2 if of_column else 1)
    if of_column:
        column = _position_of(benchmark, models)
        base = values[:, column]
        values, models = np.delete(values, column, axis=1), np.delete(models, column)
    else:
        base = _benchmark_losses(losses, benchmark, len(values))
    rounding = np.maximum(rounding_of(values), rounding_of(base[:, np.newaxis]))
    return models, base[:, np.newaxis] - values, rounding


def _position_of(benchmark: Any, models: Names) -> int:
    """Position of the column that a name or a position speaks of."""
    names = models.tolist()
    if isinstance(benchmark, str) and benchmark in names:
        return int(names.index(benchmark))
    if not isinstance(benchmark, str) and 0 <= benchmark < len(names):
        return int(benchmark)
    raise ValueError(
        f"benchmark={benchmark!r} is no column of losses, whose columns are {names}. "
        "Give a name of a column of a DataFrame, a position, or the losses themselves."
    )


def _benchmark_losses(losses: Table, benchmark: Any, n_samples: int) -> FloatArray:
    """Losses of the benchmark row by row, shape (n_samples,)."""
    if n_rows_of(benchmark) != n_samples:
        raise ValueError(
            f"benchmark must have one loss for each of {n_samples} rows of losses, "
            f"got {n_rows_of(benchmark)}."
        )
    both_indexed = hasattr(losses, "iloc") and hasattr(benchmark, "iloc")
    if both_indexed and not losses.index.equals(benchmark.index):
        raise ValueError(
            "losses and benchmark have different indexes. Rows are compared by "
            "position: bring both into the same order, or pass arrays."
        )
    base = np.asarray(column_or_1d(benchmark, dtype=np.float64))
    check_finite("benchmark", base[:, np.newaxis], np.array(["benchmark"]))
    return base


def _studentized(
    test: BaseBenchmarkTest, deviations: FloatArray, rounding: FloatArray
) -> FloatArray:
    """Set the statistics in units of their errors; deviations in the same, in place."""
    errors = test.standard_errors_
    test.statistics_ = studentize(test.mean_differences_, errors, rounding)
    deviations *= inverse_errors(errors, rounding)
    return deviations


def _null_shifts(statistics: FloatArray, n_samples: int) -> dict[str, FloatArray]:
    """Where each null hypothesis puts the means, in units of their errors.

    The upper one puts all models level with the benchmark, the lower one leaves those
    that look worse where they are. The consistent one does that only below a bound
    that a model on a level with the benchmark crosses but finitely often, by the law
    of the iterated logarithm; Hansen (2005).
    """
    bound = -np.sqrt(2 * np.log(np.log(n_samples)))
    return {
        "lower": np.minimum(statistics, 0.0),
        "consistent": np.where(statistics <= bound, statistics, 0.0),
        "upper": np.zeros_like(statistics),
    }


def _largest(replicates: FloatArray, shift: FloatArray) -> FloatArray:
    """Largest of each replicate once shifted, or zero, shape (n_resamples,)."""
    largest = np.zeros(len(replicates))
    size = max(1, _BLOCK_BYTES // (8 * len(shift)))
    for start in range(0, len(replicates), size):
        block = slice(start, start + size)
        (replicates[block] + shift).max(axis=1, initial=0.0, out=largest[block])
    return largest


@final
class SuperiorPredictiveAbility(BaseBenchmarkTest):
    """Test whether any of many models beats the benchmark (Hansen's SPA test).

    Use it before the best of many models is believed to be better than what is in
    use: a small p-value says that luck among so many does not explain its lead. Each
    difference is measured in units of its own error, so a model of erratic losses
    does not drown the others, and models that are clearly worse do not weaken the
    test. It says that some model is better; `StepwiseMultipleTest` says which. Not
    for models without a benchmark: take `ModelConfidenceSet`.

    Parameters
    ----------
    scheme : scheme or None, default=None
        A scheme of :mod:`ensembles.resampling` that says how rows depend on one
        another; its own `n_resamples` and `random_state` are not used. None means
        ``StationaryBootstrap()``, for rows in order of time; give it a `block_length`
        of at least the horizon of the forecasts. `Bootstrap` is for independent rows.
    n_resamples : int, default=9999
        Number of replicates.
    random_state : int, RandomState, Generator or None, default=None
        An int gives the same numbers in every call.

    Attributes
    ----------
    pvalue_ : float
        The consistent p-value. 1 where no model has a smaller mean loss than the
        benchmark.
    pvalue_lower_ : float
        P-value if models that look worse than the benchmark are as bad as they look;
        too small in general.
    pvalue_upper_ : float
        P-value if no model is worse than the benchmark; too large in general.
    statistic_ : float
        The largest of `statistics_`, or 0.
    statistics_ : ndarray of shape (n_models,)
        Differences over their errors.
    best_model_ : object
        Name of the model of the largest statistic.
    models_ : ndarray of shape (n_models,)
        Names of the models: labels of the columns of a DataFrame, else positions.
    mean_differences_ : ndarray of shape (n_models,)
        Mean loss of the benchmark less that of the model: positive where the model is
        better.
    standard_errors_ : ndarray of shape (n_models,)
        Errors of these differences, from their replicates.

    Raises
    ------
    InvalidParameterError
        From `fit`: if a parameter is outside its range.
    ValueError
        From `fit`: if there are fewer than ten rows, a loss is NaN or infinite, the
        benchmark does not fit the losses, or the scheme does not fit the rows.

    See Also
    --------
    RealityCheck : Its ancestor, without units of error.
    StepwiseMultipleTest : Which models beat the benchmark.
    ModelConfidenceSet : No benchmark.

    Notes
    -----
    The error of a difference is the root mean square of its replicates around their
    expectation, the bootstrap's own estimate of the long-run variance [1]_. P-values
    are ``(1 + number of replicates at least as large) / (1 + n_resamples)``, never
    zero. A model whose losses are those of the benchmark in each row has the
    statistic 0; one whose losses differ by the same amount in each row has an
    infinite one, as no replicate will ever turn it.

    References
    ----------
    .. [1] P. R. Hansen, "A test for superior predictive ability", Journal of Business
       & Economic Statistics 23(4), 365-380, 2005.

    Examples
    --------
    One model is a little better than the benchmark. Another is as good, but erratic;
    it hides the first from a test that does not look at errors:

    >>> import numpy as np
    >>> from ensembles.inference import RealityCheck, SuperiorPredictiveAbility
    >>> rng = np.random.default_rng(6)
    >>> benchmark = rng.normal(1.0, 1.0, size=400)
    >>> better = benchmark - 0.2 + rng.normal(size=400)
    >>> erratic = benchmark + 20 * rng.normal(size=400)
    >>> losses = np.column_stack([better, erratic])
    >>> for test in (SuperiorPredictiveAbility, RealityCheck):
    ...     fitted = test(n_resamples=999, random_state=0).fit(losses, benchmark)
    ...     print(f"{fitted.pvalue_:.1f}")
    0.0
    0.4
    """

    def _test(
        self, deviations: FloatArray, rounding: FloatArray, n_samples: int
    ) -> None:
        replicates = _studentized(self, deviations, rounding)
        self.statistic_ = max(0.0, float(self.statistics_.max()))
        pvalues = {}
        for null, shift in _null_shifts(self.statistics_, n_samples).items():
            largest = _largest(replicates, shift)
            n_as_large = np.count_nonzero(largest >= self.statistic_)
            pvalues[null] = float(bootstrap_pvalues(n_as_large, len(largest)))
        self.pvalue_ = pvalues["consistent"]
        self.pvalue_lower_ = pvalues["lower"]
        self.pvalue_upper_ = pvalues["upper"]


@final
class RealityCheck(BaseBenchmarkTest):
    """Test whether any of many models beats the benchmark (White's reality check).

    Use it to repeat published work. Differences are compared in the unit of the
    losses, so one model of erratic losses, or many poor ones, hide a better one:
    `SuperiorPredictiveAbility` is the test to start from.

    Parameters
    ----------
    scheme : scheme or None, default=None
        A scheme of :mod:`ensembles.resampling` that says how rows depend on one
        another; its own `n_resamples` and `random_state` are not used. None means
        ``StationaryBootstrap()``, for rows in order of time; give it a `block_length`
        of at least the horizon of the forecasts. `Bootstrap` is for independent rows.
    n_resamples : int, default=9999
        Number of replicates.
    random_state : int, RandomState, Generator or None, default=None
        An int gives the same numbers in every call.

    Attributes
    ----------
    pvalue_ : float
        P-value if no model is worse than the benchmark.
    statistic_ : float
        The largest of `statistics_`.
    statistics_ : ndarray of shape (n_models,)
        Differences times the square root of the number of rows.
    best_model_ : object
        Name of the model of the smallest mean loss.
    models_ : ndarray of shape (n_models,)
        Names of the models: labels of the columns of a DataFrame, else positions.
    mean_differences_ : ndarray of shape (n_models,)
        Mean loss of the benchmark less that of the model: positive where the model is
        better.
    standard_errors_ : ndarray of shape (n_models,)
        Errors of these differences, from their replicates.

    Raises
    ------
    InvalidParameterError
        From `fit`: if a parameter is outside its range.
    ValueError
        From `fit`: if there are fewer than ten rows, a loss is NaN or infinite, the
        benchmark does not fit the losses, or the scheme does not fit the rows.

    See Also
    --------
    SuperiorPredictiveAbility : In units of error, and more powerful.

    Notes
    -----
    The p-value is ``(1 + number of replicates at least as large) / (1 +
    n_resamples)``, never zero.

    References
    ----------
    .. [1] H. White, "A reality check for data snooping", Econometrica 68(5),
       1097-1126, 2000.

    Examples
    --------
    The best of fifty forecasts that are all as good as the benchmark has a t
    statistic above 2, and is no discovery:

    >>> import numpy as np
    >>> from ensembles.inference import RealityCheck
    >>> rng = np.random.default_rng(0)
    >>> losses = rng.normal(1.0, 1.0, size=(300, 51))
    >>> test = RealityCheck(n_resamples=999, random_state=0).fit(losses, benchmark=0)
    >>> print(f"{(test.mean_differences_ / test.standard_errors_).max():.1f}")
    2.4
    >>> print(f"{test.pvalue_:.1f}")
    0.3
    """

    def _test(
        self, deviations: FloatArray, rounding: FloatArray, n_samples: int
    ) -> None:
        self.statistics_ = np.sqrt(n_samples) * self.mean_differences_
        self.statistic_ = float(self.statistics_.max())
        largest = np.sqrt(n_samples) * deviations.max(axis=1)
        n_as_large = np.count_nonzero(largest >= self.statistic_)
        self.pvalue_ = float(bootstrap_pvalues(n_as_large, len(largest)))


@final
class StepwiseMultipleTest(BaseBenchmarkTest):
    """Find the models that beat the benchmark (Romano and Wolf's StepM).

    Use it where a list of better models is wanted, not only word that there is one:
    the probability that any model on the list is no better is at most `alpha`,
    however many were tried. It mostly finds more than Holm's or Bonferroni's
    correction, as it knows how the models' losses go together.

    Parameters
    ----------
    alpha : float, default=0.05
        Probability at most, as the number of rows grows, that a model is found which
        is not better (the family-wise error rate).
    null : {"upper", "consistent"}, default="upper"
        Where the null hypothesis puts the models. "upper" puts all level with the
        benchmark, as in [1]_. "consistent" leaves those that are clearly worse where
        they are, as in Hansen's test, and so finds more where there are many of them
        [2]_.
    scheme : scheme or None, default=None
        A scheme of :mod:`ensembles.resampling` that says how rows depend on one
        another; its own `n_resamples` and `random_state` are not used. None means
        ``StationaryBootstrap()``, for rows in order of time; give it a `block_length`
        of at least the horizon of the forecasts. `Bootstrap` is for independent rows.
    n_resamples : int, default=9999
        Number of replicates.
    random_state : int, RandomState, Generator or None, default=None
        An int gives the same numbers in every call.

    Attributes
    ----------
    pvalues_ : ndarray of shape (n_models,)
        Smallest `alpha` at which each model is found better, adjusted for all others
        [3]_. The models of any other level are ``models_[pvalues_ <= level]``.
    superior_ : ndarray of shape (n_superior,)
        Names of the models found better, in the order of the columns.
    support_ : ndarray of shape (n_models,)
        Whether each model was found better.
    statistics_ : ndarray of shape (n_models,)
        Differences over their errors.
    best_model_ : object
        Name of the model of the largest statistic.
    models_ : ndarray of shape (n_models,)
        Names of the models: labels of the columns of a DataFrame, else positions.
    mean_differences_ : ndarray of shape (n_models,)
        Mean loss of the benchmark less that of the model: positive where the model is
        better.
    standard_errors_ : ndarray of shape (n_models,)
        Errors of these differences, from their replicates.

    Raises
    ------
    InvalidParameterError
        From `fit`: if a parameter is outside its range.
    ValueError
        From `fit`: if there are fewer than ten rows, a loss is NaN or infinite, the
        benchmark does not fit the losses, or the scheme does not fit the rows.

    See Also
    --------
    SuperiorPredictiveAbility : Whether there is any better model.
    ModelConfidenceSet : No benchmark.

    Notes
    -----
    Differences are divided by the error of the original sample in all replicates, as
    Hansen does, and count as 0 where they are negative. With one model this is his
    test. Romano and Wolf suggest estimating the error anew in each replicate, for
    which a scheme of unknown kind gives no formula. P-values are ``(1 + number of
    replicates at least as large) / (1 + n_resamples)``, never zero.

    References
    ----------
    .. [1] J. P. Romano, M. Wolf, "Stepwise multiple testing as formalized data
       snooping", Econometrica 73(4), 1237-1282, 2005.
    .. [2] P.-H. Hsu, Y.-C. Hsu, C.-M. Kuan, "Testing the predictive ability of
       technical analysis using a new stepwise test without data snooping bias",
       Journal of Empirical Finance 17(3), 471-484, 2010.
    .. [3] J. P. Romano, M. Wolf, "Efficient computation of adjusted p-values for
       resampling-based stepdown multiple testing", Statistics & Probability Letters
       113, 38-40, 2016.

    Examples
    --------
    Two of forty models are better than the benchmark:

    >>> import numpy as np
    >>> from ensembles.inference import StepwiseMultipleTest
    >>> rng = np.random.default_rng(0)
    >>> benchmark = rng.normal(1.0, 1.0, size=500)
    >>> losses = benchmark[:, np.newaxis] + rng.normal(size=(500, 40))
    >>> losses[:, [3, 30]] -= 0.25
    >>> test = StepwiseMultipleTest(n_resamples=999, random_state=0)
    >>> print(test.fit(losses, benchmark).superior_)
    [ 3 30]
    """

    def __init__(
        self,
        alpha: float = 0.05,
        *,
        null: Literal["upper", "consistent"] = "upper",
        scheme: BaseScheme | None = None,
        n_resamples: int = 9999,
        random_state: RandomState = None,
    ) -> None:
        self.alpha = alpha
        self.null = null
        super().__init__(
            scheme=scheme, n_resamples=n_resamples, random_state=random_state
        )

    def _check(self) -> None:
        check_alpha(self)
        check_choice(self, "null", self.null, ("upper", "consistent"))

    def _test(
        self, deviations: FloatArray, rounding: FloatArray, n_samples: int
    ) -> None:
        replicates = _studentized(self, deviations, rounding)
        replicates += _null_shifts(self.statistics_, n_samples)[self.null]
        worst_first = np.argsort(self.statistics_, kind="stable")
        pvalues = np.empty(len(worst_first))
        # A model is compared with the best of those that are still to be found when
        # it is its turn: itself and all behind it.
        largest = np.zeros(len(replicates))
        for j in worst_first:
            np.maximum(largest, replicates[:, j], out=largest)
            n_as_large = np.count_nonzero(largest >= self.statistics_[j])
            pvalues[j] = bootstrap_pvalues(n_as_large, len(largest))
        best_first = worst_first[::-1]
        pvalues[best_first] = np.maximum.accumulate(pvalues[best_first])
        self.pvalues_ = pvalues
        self.support_ = pvalues <= self.alpha
        self.superior_ = self.models_[self.support_]

    def _more_columns(self) -> dict[str, Any]:
        return {"pvalue": self.pvalues_, "superior": self.support_}
