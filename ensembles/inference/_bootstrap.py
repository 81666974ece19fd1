"""The bootstrap of any statistic over any scheme."""

from __future__ import annotations

from typing import Literal

from ensembles._typing import ArrayLike, RandomState, Table
from ensembles._validation import check_bool
from ensembles.inference._metrics._measures import known_metric
from ensembles.inference._result import BootstrapResult
from ensembles.inference._settings import Settings
from ensembles.inference._statistics._evaluation import StatisticOfWeights
from ensembles.inference._statistics._named import Statistic, evaluation_of
from ensembles.inference._statistics._sources import AlignedRows, source_of
from ensembles.resampling._base import BaseScheme
from ensembles.resampling._generators import BaseGenerator

__all__ = ["bootstrap"]


def bootstrap(
    statistic: Statistic,
    *arrays: Table,
    scheme: BaseScheme | BaseGenerator | None = None,
    n_resamples: int | Literal["auto"] = 9999,
    confidence_level: float = 0.95,
    method: str | None = None,
    alternative: str = "two-sided",
    paired: bool = True,
    groups: ArrayLike | None = None,
    tol: float = 0.01,
    n_inner: int = 200,
    n_jobs: int | None = None,
    rng: RandomState = None,
    verbose: int = 0,
) -> BootstrapResult:
    """Return the error bars of a statistic, over any scheme.

    Use it wherever a number computed from data is reported: it needs no formula for
    the statistic's error. It is not for extremes, such as a maximum, whose
    distribution no bootstrap of all rows gets right, and not for fewer than about ten
    independent rows, groups or blocks, of which no method can tell much.

    Parameters
    ----------
    statistic : str, tuple or callable
        By name, with kernels whose cost hardly grows: "mean", "var", "std", "median",
        "gini" of one array; ("quantile", q); ("var", ddof) and ("std", ddof), with a
        ddof of 0 where none is given; "ratio" of two means; "corr" of two arrays or of
        all columns of a table; "ols" for intercept and slopes of X and y. Most
        metrics of scikit-learn's have kernels too. Any other callable with a
        ``sample_weight`` parameter is called with weights instead of resampled arrays;
        one with ``axis`` is called with many resamples at once where arrays have one
        dimension; any other is called with resampled arrays. It returns a number or an
        array of fixed shape.
    *arrays : array-like of shape (n_samples, ...)
        Data, aligned by row: arrays, lists, DataFrames, sparse matrices.
    scheme : scheme or None, default=None
        Which rows, how often, see `ensembles.resampling`; its `n_resamples` is not
        used. None draws rows independently, or whole groups where `groups` are given.
        A scheme that stratifies by y takes the last array for it.
    n_resamples : int or "auto", default=9999
        Number of resamples. "auto" takes more until the Monte-Carlo error of every end
        is below `tol` of the interval's length.
    confidence_level : float, default=0.95
        Wanted coverage of the interval, in (0, 1).
    method : str or None, default=None
        Method of the interval; the result gives those of all others too. None is
        "bca", or "bc" where the scheme fits a model, which leaves no unit out.

        - "percentile", "basic", "normal": the first choices of textbooks; too short
          for few rows.
        - "bc", "bca": percentiles corrected for median bias, and for skewness too, by
          the jackknife of the scheme's own units (rows, groups or blocks).
        - "studentized": each resample in its own standard error; the most accurate
          for means and smooth functions of them, up to some thousand rows the widest.
          For functions without a formula the error comes from `n_inner` resamples of
          every resample.
        - "expanded", "expanded_bca": percentiles widened for few rows.
        - "calibrated": percentiles whose level is corrected by `n_inner` resamples of
          every resample.
        - "smoothed": percentiles of the smoothed replicates, for medians and other
          statistics with few values.
        - "abc": an approximation of "bca" that draws nothing; for statistics that are
          no functions of means, up to 40,000 rows.
    alternative : {"two-sided", "less", "greater"}, default="two-sided"
        "less" gives an interval with an upper end only, "greater" one with a lower.
    paired : bool, default=True
        Whether row i of every array belongs together. False resamples every array by
        itself: independent samples, of different lengths perhaps.
    groups : array-like of shape (n_samples,) or None, default=None
        Group of each row, for schemes that keep groups whole.
    tol : float, default=0.01
        Largest Monte-Carlo error of an end, as a share of the interval's length;
        for ``n_resamples="auto"``.
    n_inner : int, default=200
        Resamples of each resample, for "calibrated", and for "studentized" where the
        statistic has no formula for its error.
    n_jobs : int or None, default=None
        Number of workers, as everywhere in scikit-learn: threads for compiled
        kernels, processes for callables. The numbers do not depend on it.
    rng : int, RandomState, Generator or None, default=None
        An int gives the same result in every call. None takes the scheme's own
        `random_state`.
    verbose : int, default=0
        joblib's progress messages.

    Returns
    -------
    BootstrapResult
        ``estimate``, ``standard_error``, ``confidence_interval`` and all other
        intervals.

    Raises
    ------
    ValueError
        If data are missing, not finite or too few, the statistic has no value for
        them, or a parameter is outside what is allowed.

    Warns
    -----
    UserWarning
        If the statistic has no value in some of the resamples.

    See Also
    --------
    ensembles.resampling.Bootstrap : Rows, by stratum too.
    ensembles.resampling.GroupBootstrap : Whole groups.
    ensembles.resampling.StationaryBootstrap : Blocks of a time series.

    References
    ----------
    .. [1] B. Efron, R. J. Tibshirani, "An Introduction to the Bootstrap", Chapman &
       Hall, 1993.
    .. [2] A. C. Davison, D. V. Hinkley, "Bootstrap Methods and their Application",
       Cambridge University Press, 1997.

    Examples
    --------
    How sure is a correlation of fifteen law schools (Efron & Tibshirani 1993, section
    3.1)?

    >>> import numpy as np
    >>> from ensembles.inference import bootstrap
    >>> lsat = [576, 635, 558, 578, 666, 580, 555, 661, 651, 605, 653, 575]
    >>> lsat += [545, 572, 594]
    >>> gpa = [3.39, 3.3, 2.81, 3.03, 3.44, 3.07, 3.0, 3.43, 3.36, 3.13, 3.12, 2.74]
    >>> gpa += [2.76, 2.88, 2.96]
    >>> result = bootstrap("corr", lsat, gpa, confidence_level=0.9, rng=0)
    >>> low, high = result.confidence_interval
    >>> print(f"{result.estimate:.2f} [{low:.2f}, {high:.2f}]")
    0.78 [0.42, 0.93]

    A series in which neighbours are alike: taking its rows for independent promises
    an interval less than half as long as it should be.

    >>> from scipy.signal import lfilter
    >>> from ensembles.resampling import StationaryBootstrap
    >>> noise = np.random.default_rng(1).normal(size=1000)
    >>> series = lfilter([1], [1, -0.8], noise)
    >>> for scheme in (None, StationaryBootstrap(block_length=40)):
    ...     low, high = bootstrap("mean", series, scheme=scheme, rng=0).interval()
    ...     print(f"{high - low:.1f}")
    0.2
    0.6
    """
    settings = Settings(
        "bootstrap",
        n_resamples,
        confidence_level,
        method,
        alternative,
        tol,
        n_inner,
        n_jobs,
        rng,
        verbose,
    )
    check_bool("bootstrap", "paired", paired)
    source = source_of(arrays, scheme, paired, groups)
    if isinstance(source, AlignedRows):
        metric = known_metric(statistic, source.arrays)
        if metric is not None:
            return settings.run(StatisticOfWeights(metric, source))
    return settings.run(evaluation_of(statistic, source))
