"""Whether one of two models is better, by tests that know how their scores depend.

Scores of folds that share training rows are related, so that a t-test on them finds
differences where there are none. With differences d_1 .. d_J of the scores,

    Nadeau & Bengio (2003)    t = mean / sqrt((1/J + n_test/n_train) S²),  J - 1 df

for folds drawn from exchangeable rows. For folds in order of time, of forecasts that
reach h folds ahead, with the autocovariances c_k of the differences (over J),

    Diebold & Mariano (1995)         t = mean / sqrt(V / J),  V = c_0 + 2 sum_{k<h} c_k
    Harvey, Leybourne, Newbold (1997)    times sqrt((J + 1 - 2h + h(h-1)/J) / J)

against Student's t with J - 1 degrees of freedom.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any, final

import numpy as np
from scipy.special import stdtr, stdtrit

from ensembles._typing import FloatArray
from ensembles._validation import invalid_parameter, is_positive, warn_user

__all__ = ["ModelComparison", "diebold_mariano", "nadeau_bengio"]

# Differences whose spread is no more than this share of them are all the same.
_ROUNDING = 1e-12


@final
@dataclass(frozen=True, eq=False)
class ModelComparison:
    """Difference of two models' scores, with its test.

    What `compare_models` returns.

    Attributes
    ----------
    difference : float
        Mean score of the first model less that of the second; above zero where the
        first is better.
    standard_error : float
        Of `difference`, by the method's account of how the folds depend.
    statistic : float
        Difference over standard error, which is Student's t if models are equal.
    pvalue : float
        Probability of a statistic as far out, if models are equal.
    degrees_of_freedom : int
        Of Student's t.
    alternative : {"two-sided", "less", "greater"}
        What `pvalue` is a test against.
    method : {"nadeau_bengio", "diebold_mariano"}
        The test.
    horizon : int or None
        Folds or rows that a forecast reaches ahead; None for Nadeau and Bengio's test.
    differences : ndarray of shape (n_folds,) or (n_samples,)
        What was tested: differences of the folds' scores, or of rows with a block
        scheme.

    Raises
    ------
    InvalidParameterError
        From `interval`: if the level is not in (0, 1).

    See Also
    --------
    compare_models : Makes it.

    References
    ----------
    .. [1] C. Nadeau, Y. Bengio, "Inference for the generalization error", Machine
       Learning 52(3), 239-281, 2003.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn.linear_model import LinearRegression
    >>> from sklearn.neighbors import KNeighborsRegressor
    >>> from ensembles.inference import compare_models
    >>> X, y = load_diabetes(return_X_y=True)
    >>> result = compare_models(LinearRegression(), KNeighborsRegressor(), X, y, cv=10)
    >>> low, high = result.interval(0.9)
    >>> print(f"R² better by {low:.2f} to {high:.2f}, p = {result.pvalue:.3f}")
    R² better by 0.08 to 0.18, p = 0.001
    """

    difference: float
    standard_error: float
    statistic: float
    pvalue: float
    degrees_of_freedom: int
    alternative: str
    method: str
    horizon: int | None
    differences: FloatArray = field(repr=False)

    def interval(self, confidence_level: float = 0.95) -> tuple[float, float]:
        """Return the interval of differences that the test does not reject.

        Parameters
        ----------
        confidence_level : float, default=0.95
            In (0, 1).

        Returns
        -------
        low, high : float
            Ends of the interval; one is infinite for a one-sided alternative.

        Raises
        ------
        InvalidParameterError
            If `confidence_level` is not in (0, 1).
        """
        level: Any = confidence_level
        if not is_positive(level) or level >= 1:
            raise invalid_parameter(
                self, "confidence_level", level, "a float in the range (0.0, 1.0)"
            )
        two_sided = self.alternative == "two-sided"
        upto = (1 + float(level)) / 2 if two_sided else float(level)
        reach = float(stdtrit(self.degrees_of_freedom, upto)) * self.standard_error
        low = -math.inf if self.alternative == "less" else self.difference - reach
        high = math.inf if self.alternative == "greater" else self.difference + reach
        return low, high


def nadeau_bengio(
    differences: FloatArray,
    *,
    test_to_train: float,
    alternative: str = "two-sided",
) -> ModelComparison:
    """Corrected resampled t-test on differences of the scores of folds.

    Parameters
    ----------
    differences : ndarray of shape (n_folds,)
        One for each fold, two at least.
    test_to_train : float
        Test rows a training row.
    alternative : {"two-sided", "less", "greater"}, default="two-sided"
        What is tested against.

    Returns
    -------
    ModelComparison
        With ``n_folds - 1`` degrees of freedom.
    """
    n_folds = len(differences)
    variance = float(differences.var(ddof=1)) * (1 / n_folds + test_to_train)
    return _compare(differences, variance, alternative, "nadeau_bengio", None)


def diebold_mariano(
    differences: FloatArray, *, horizon: int = 1, alternative: str = "two-sided"
) -> ModelComparison:
    """Test of equal accuracy of forecasts, corrected for short series.

    Parameters
    ----------
    differences : ndarray of shape (n_forecasts,)
        Of the forecasts' scores, in order of time.
    horizon : int, default=1
        Forecasts that one reaches ahead.
    alternative : {"two-sided", "less", "greater"}, default="two-sided"
        What is tested against.

    Returns
    -------
    ModelComparison
        With ``n_forecasts - 1`` degrees of freedom.

    Raises
    ------
    ValueError
        If there are no more forecasts than the horizon.
    """
    n = len(differences)
    if horizon >= n:
        raise ValueError(
            f"horizon={horizon} needs more than {horizon} forecasts, got {n}. Test "
            "shorter stretches ahead, or give more folds."
        )
    centred = differences - differences.mean()
    lags = np.arange(1, horizon)
    covariances = np.array([centred[lag:] @ centred[: n - lag] / n for lag in lags])
    of_one = centred @ centred / n
    long_run = float(of_one + 2 * covariances.sum())
    if long_run <= 0 < of_one:
        warn_user(
            f"The autocovariances of the differences up to lag {horizon - 1} add up to "
            "a variance below zero. They are weighted as Bartlett does, which cannot."
        )
        long_run = float(of_one + 2 * (1 - lags / horizon) @ covariances)
    shrunk = (n + 1 - 2 * horizon + horizon * (horizon - 1) / n) / n
    variance = long_run / n / shrunk
    return _compare(differences, variance, alternative, "diebold_mariano", horizon)


def _compare(
    differences: FloatArray,
    variance: float,
    alternative: str,
    method: str,
    horizon: int | None,
) -> ModelComparison:
    """Student's t of the mean difference, whose variance is given."""
    difference = float(differences.mean())
    error = math.sqrt(variance)
    if error == 0 or np.ptp(differences) <= _ROUNDING * np.abs(differences).max():
        error = 0.0
        statistic = math.copysign(math.inf, difference) if difference else 0.0
        warn_user(
            f"All {len(differences)} differences are {difference:g}: they have no "
            "variance, and the statistic is zero if they are zero, else infinite."
        )
    else:
        statistic = difference / error
    df = len(differences) - 1
    below, above = float(stdtr(df, statistic)), float(stdtr(df, -statistic))
    pvalues = {"less": below, "greater": above, "two-sided": 2 * min(below, above)}
    return ModelComparison(
        difference,
        error,
        statistic,
        pvalues[alternative],
        df,
        alternative,
        method,
        horizon,
        differences,
    )
