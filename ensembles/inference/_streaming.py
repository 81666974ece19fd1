"""The bootstrap of rows that come as a stream, or stand on several machines.

Each row counts in replicate r as often as an independent Poisson(1) draw says, which
follows from r and the number of the row alone. So rows can be forgotten once their
columns, weighted, have been added to the sums of each replicate, and sums of parts add
up to those of the whole.
"""

from __future__ import annotations

from typing import Any, final

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from ensembles._random import entropy_from
from ensembles._typing import FloatArray, RandomState, Table
from ensembles._validation import check_count, check_n_jobs, warn_user
from ensembles.inference._ends import check_method, check_prepared, ends_of
from ensembles.inference._intervals import Evidence, pvalue
from ensembles.inference._large._recipes import MomentStatistic, recipe_of
from ensembles.inference._large._stream import Settings, Stream, begin
from ensembles.inference._result import ConfidenceInterval

__all__ = ["StreamingBootstrap"]


@final
class StreamingBootstrap(BaseEstimator):
    """Bootstrap rows that come as a stream, in memory that does not grow.

    Use it where rows are too many to be held, come one batch after the other, or stand
    on several machines: `partial_fit` takes them, `merge` adds parts up. It keeps sums
    over rows and nothing else, so it is for functions of such sums: means, variances,
    ratios, correlations, regressions. For medians and scores take `LittleBootstrap`,
    and `bootstrap` wherever the rows fit into memory. Rows must be independent, and
    more than some hundred: the varying size of Poisson replicates adds error below.

    Parameters
    ----------
    statistic : str, tuple or pair of callables, default="mean"
        By name: "mean", "var", "std" of one array; ("var", ddof) and ("std", ddof),
        with a ddof of 0 where none is given; "ratio" of two means; "corr" of two arrays
        or of all columns of a table; "ols" for intercept and slopes of X and y. Or a
        pair ``(columns, finish)``: ``columns(*arrays)`` returns an array of shape
        (n_rows, p), every row from its own row alone, and ``finish(means, n)`` turns
        means of the columns, of shape (m, p), over n rows, of shape (m,), into values
        of shape (m,) or (m, ...).
    n_resamples : int, default=999
        Number of replicates. Time and memory are proportional to it.
    method : str, default="percentile"
        Method of the interval, and so what is streamed besides the sums of replicates.
        "percentile", "basic", "normal", "bc", "expanded" and "smoothed" want nothing
        else, and each gives the intervals of all of them. "bca" and "expanded_bca"
        stream third moments of the data, "studentized" second moments in every
        replicate. With the many rows of a stream all agree, and what "bc" and "bca"
        correct for is less than what chance adds to them.
    first_row : int, default=0
        Number of the first row. Weights follow from `random_state` and the numbers of
        rows, so parts of one data set that share a `random_state` need numbers of their
        own: their true positions, which makes the merged result that of one stream, or
        any that are far enough apart, such as ``10**12 * part``.
    n_jobs : int or None, default=None
        Number of threads, which share the replicates of a large batch. The numbers do
        not depend on it.
    random_state : int, RandomState, Generator or None, default=None
        An int gives the same result in every run. Parts with different ones, or None,
        are independent.

    Attributes
    ----------
    estimate_ : float or ndarray of the statistic's shape
        The statistic of all rows seen.
    standard_error_ : float or ndarray of the statistic's shape
        Standard deviation of the replicates.
    distribution_ : ndarray of shape (n_resamples, ...)
        The statistic of each replicate; nan where it has no value.
    n_rows_seen_ : int
        Number of rows seen, merged ones too.

    Raises
    ------
    ValueError
        From `partial_fit`: if the statistic is not a function of sums, or data are
        missing, not finite or do not look like those before. From `merge`: if a row is
        in both parts. From `interval` and the attributes: if there are too few rows.

    See Also
    --------
    LittleBootstrap : Any statistic of weighted rows, from small subsets.
    bootstrap : All rows in memory.
    ensembles.resampling.PoissonBootstrap : The same weights for the same
        `random_state`.

    Notes
    -----
    Memory is ``8 * n_resamples`` bytes times the number of sums: two for a mean, three
    for a variance, ``(d + 2) * (d + 3) / 2 - 1`` for a regression on d columns.

    The bits of the result do not depend on how the stream is cut into batches, nor on
    `n_jobs` or a pickle in between: sums are added up row after row. A merged result
    differs from that of one stream by rounding.

    Columns are measured from the median of the first 64 rows, which are held until
    then, so that a variance keeps its digits however large the mean is.

    References
    ----------
    .. [1] N. Chamandy, O. Muralidharan, A. Najmi, S. Naidu, "Estimating uncertainty
       for massive data streams", Google, 2012.
    .. [2] J. A. Hanley, B. MacGibbon, "Creating non-parametric bootstrap samples using
       Poisson frequencies", Computer Methods and Programs in Biomedicine 83(1), 57-62,
       2006.
    .. [3] T. F. Chan, G. H. Golub, R. J. LeVeque, "Algorithms for computing the sample
       variance: analysis and recommendations", The American Statistician 37(3),
       242-247, 1983.

    Examples
    --------
    A million rows in batches, of which no more than one is ever there. Theory puts the
    standard error at 0.001:

    >>> import numpy as np
    >>> from ensembles.inference import StreamingBootstrap
    >>> rng = np.random.default_rng(0)
    >>> stream = StreamingBootstrap("mean", n_resamples=199, random_state=0)
    >>> for _ in range(20):
    ...     stream = stream.partial_fit(rng.normal(loc=5, size=50_000))
    >>> stream.n_rows_seen_
    1000000
    >>> print(f"{stream.estimate_:.2f} {stream.standard_error_:.3f}")
    5.00 0.001

    Two machines, each with rows of its own, give what one would have given:

    >>> x = rng.exponential(size=3000)
    >>> whole = StreamingBootstrap("std", random_state=0).partial_fit(x)
    >>> first = StreamingBootstrap("std", random_state=0).partial_fit(x[:1000])
    >>> second = StreamingBootstrap("std", first_row=1000, random_state=0)
    >>> second = second.partial_fit(x[1000:])
    >>> merged = first.merge(second)
    >>> np.allclose(merged.interval(), whole.interval(), rtol=1e-12)
    True
    """

    def __init__(
        self,
        statistic: MomentStatistic = "mean",
        n_resamples: int = 999,
        *,
        method: str = "percentile",
        first_row: int = 0,
        n_jobs: int | None = None,
        random_state: RandomState = None,
    ) -> None:
        self.statistic = statistic
        self.n_resamples = n_resamples
        self.method = method
        self.first_row = first_row
        self.n_jobs = n_jobs
        self.random_state = random_state

    def fit(self, *arrays: Table) -> StreamingBootstrap:
        """Forget all rows and take these.

        Parameters
        ----------
        *arrays : array-like of shape (n_rows, ...)
            What the statistic takes, aligned by row: arrays, lists, DataFrames.

        Returns
        -------
        StreamingBootstrap
            The same object.

        Raises
        ------
        ValueError
            As `partial_fit` does.
        """
        fresh = StreamingBootstrap(**self.get_params(deep=False))
        fresh.partial_fit(*arrays)
        self._begun_with: tuple[int, RandomState] = fresh._begun_with
        return self._with(fresh._checked())

    def partial_fit(self, *arrays: Table) -> StreamingBootstrap:
        """Take the next rows.

        Parameters
        ----------
        *arrays : array-like of shape (n_rows, ...)
            What the statistic takes, aligned by row: arrays, lists, DataFrames.

        Returns
        -------
        StreamingBootstrap
            The same object.

        Raises
        ------
        ValueError
            If a parameter is outside what is allowed or another one than before (all
            but `n_jobs` stay; a generator stays the same object), the batch is empty,
            masked or not finite, or it has other columns than those before.
        """
        check_count(self, "n_resamples", self.n_resamples, low=2)
        check_method(self, self.method)
        check_count(self, "first_row", self.first_row, low=0)
        check_n_jobs(self, self.n_jobs)
        recipe = recipe_of(self, self.statistic)
        settings = Settings(recipe.label, int(self.n_resamples), self.method)
        stream: Stream | None = getattr(self, "_stream", None)
        if stream is not None:
            self._check_as_begun(stream.settings, settings)
        batch = recipe.read(arrays)
        if stream is None:
            stream = begin(
                settings,
                batch,
                recipe.formula(batch),
                entropy_from(self.random_state),
                int(self.first_row),
            )
            self._begun_with = (int(self.first_row), self.random_state)
        return self._with(stream.with_batch(batch, self.n_jobs))

    def merge(self, other: StreamingBootstrap) -> StreamingBootstrap:
        """Return the bootstrap of the rows of both, which stay as they are.

        The order of parts changes the result by rounding only.

        Parameters
        ----------
        other : StreamingBootstrap
            Another part, with the same statistic, `n_resamples` and `method`.

        Returns
        -------
        StreamingBootstrap
            A new object; it can take more rows, which get the numbers after this
            part's.

        Raises
        ------
        ValueError
            If the other part has other parameters or columns, or rows with the numbers
            of this one's.
        NotFittedError
            If one of them has seen no rows.
        """
        if not isinstance(other, StreamingBootstrap):
            raise TypeError(
                f"merge takes another StreamingBootstrap, got {type(other).__name__}."
            )
        merged = StreamingBootstrap(**self.get_params(deep=False))
        merged._with(self._checked().plus(other._checked()))
        merged._begun_with = self._begun_with
        return merged

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
            If a parameter is outside what is allowed, there are too few rows or
            resamples, or the stream has not kept what the method needs.

        Warns
        -----
        UserWarning
            If another method takes over where this one has no finite ends, an end lies
            beyond the outermost replicate, or the statistic has no value in some of the
            replicates.
        """
        name, evidence = self._evidence(method)
        low, high = ends_of(evidence, name, confidence_level, alternative).T
        return ConfidenceInterval(self._shaped(low), self._shaped(high))

    def pvalue(
        self,
        null: Any = 0.0,
        method: str | None = None,
        alternative: str = "two-sided",
    ) -> Any:
        """Return the p-value of the hypothesis that the parameter is `null`.

        Parameters
        ----------
        null : float or array-like of the statistic's shape, default=0.0
            Value of each component under the hypothesis.
        method : str or None, default=None
            Method of the interval that the p-value belongs to; None is the
            constructor's.
        alternative : {"two-sided", "less", "greater"}, default="two-sided"
            What the parameter is otherwise: another value, a lesser or a greater one.

        Returns
        -------
        float or ndarray of the statistic's shape
            In (0, 1].

        Raises
        ------
        ValueError
            As `interval` does, and if `null` is not finite or of another shape.
        """
        name, evidence = self._evidence(method)
        shape = self._checked().formula.shape
        if np.shape(null) not in ((), shape):
            raise ValueError(
                f"null must be a number or have the statistic's shape {shape}, got "
                f"shape {np.shape(null)}."
            )
        nulls = np.broadcast_to(np.asarray(null, dtype=np.float64), shape).ravel()
        pairs = zip(evidence, nulls.tolist(), strict=True)
        return self._shaped([pvalue(one, name, at, alternative) for one, at in pairs])

    @property
    def estimate_(self) -> Any:
        """The statistic of all rows seen."""
        return self._shaped(_check_estimate(self._checked()))

    @property
    def standard_error_(self) -> Any:
        """Standard deviation of the replicates."""
        _, evidence = self._evidence("percentile")
        return self._shaped([one.standard_error for one in evidence])

    @property
    def distribution_(self) -> FloatArray:
        """The statistic of each replicate, shape (n_resamples, ...)."""
        stream = self._checked()
        return stream.replicates.reshape(-1, *stream.formula.shape).copy()

    def _with(self, stream: Stream) -> StreamingBootstrap:
        """The same object with another stream."""
        self._stream = stream
        self.n_rows_seen_ = stream.n_rows
        return self

    def _check_as_begun(self, begun: Settings, settings: Settings) -> None:
        """Raise unless all that replicates follow from is what it was.

        A generator counts as itself only: another one in the same state cannot be told
        from one that has moved on.
        """
        first_row, seed = self._begun_with
        same_seed = seed is self.random_state or (
            isinstance(seed, int | np.integer)
            and isinstance(self.random_state, int | np.integer)
            and seed == self.random_state
        )
        if begun != settings or first_row != self.first_row or not same_seed:
            raise ValueError(
                f"The stream began with {begun}, with first_row={first_row} and "
                f"random_state={seed!r}, and cannot go on with {settings}, with "
                f"first_row={self.first_row} and random_state={self.random_state!r}. "
                "Begin another one, with clone()."
            )

    def _checked(self) -> Stream:
        """The stream, if there is one."""
        check_is_fitted(self, msg="%(name)s has seen no rows yet; call partial_fit.")
        return self._stream

    def _evidence(self, method: str | None) -> tuple[str, list[Evidence]]:
        """Name of the method, and what it is to be computed from."""
        stream = self._checked()
        name = stream.settings.method if method is None else method
        check_prepared("StreamingBootstrap", name, stream.settings.method)
        _check_estimate(stream)
        _check_replicates(stream)
        return name, stream.evidence(name)

    def _shaped(self, values: Any) -> Any:
        """Values of the components as the statistic has them."""
        shape = self._checked().formula.shape
        return np.reshape(values, shape) if shape else float(values[0])


def _check_estimate(stream: Stream) -> FloatArray:
    """The statistic of all rows, if it has a value."""
    estimate = stream.estimate
    if not np.isfinite(estimate).all():
        raise ValueError(
            f"The statistic of the {stream.n_rows} rows seen is {estimate}: it has no "
            "value. Look for too few rows, constant columns, or columns that are "
            "combinations of others."
        )
    return estimate


def _check_replicates(stream: Stream) -> None:
    """Say in how many replicates the statistic has no value."""
    if stream.n_rows < 2:
        raise ValueError("The error of one row cannot be told; give two or more.")
    n_failed = int((~np.isfinite(stream.replicates).all(axis=1)).sum())
    n_resamples = stream.settings.n_resamples
    if n_resamples - n_failed < 2:
        raise ValueError(
            f"The statistic has no value in {n_failed} of {n_resamples} replicates of "
            f"{stream.n_rows} rows. Give it more rows."
        )
    if n_failed:
        warn_user(
            f"The statistic has no value in {n_failed} of {n_resamples} replicates of "
            f"{stream.n_rows} rows; what is said is said of the others."
        )
