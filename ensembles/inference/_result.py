"""The result of a bootstrap: every interval, from one run of replicates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, NamedTuple, final

import numpy as np

from ensembles._typing import FloatArray
from ensembles._validation import check_choice, check_count, require, warn_user
from ensembles.inference._intervals import (
    METHODS,
    beyond_replicates,
    interval,
    monte_carlo_error,
    pvalue,
    resolve_method,
    simultaneous_level,
)
from ensembles.inference._replicates import Replicates

__all__ = ["ALL_METHODS", "BootstrapResult", "ConfidenceInterval"]

ALL_METHODS = (*METHODS, "abc")


class ConfidenceInterval(NamedTuple):
    """Ends of an interval, numbers or arrays of the statistic's shape."""

    low: Any
    high: Any


@final
@dataclass(frozen=True, eq=False)
class BootstrapResult:
    """Estimate and replicates of a statistic, and every interval that follows.

    `bootstrap` returns it; it is not to be built by hand. Intervals by any method and
    of any level come from the same replicates. What "bca", "studentized" and
    "calibrated" want besides is computed for these very replicates when it is first
    asked for, and kept.

    Attributes
    ----------
    estimate : float or ndarray
        The statistic of the data.
    confidence_level : float
        Level of `confidence_interval`.
    method : str
        Method of `confidence_interval`.
    alternative : {"two-sided", "less", "greater"}
        Which ends the intervals have.

    Raises
    ------
    ValueError
        From the methods: if too few replicates have a value, or a method does not
        apply to the statistic or the scheme.

    See Also
    --------
    bootstrap : Makes it.

    References
    ----------
    .. [1] A. C. Davison, D. V. Hinkley, "Bootstrap Methods and their Application",
       Cambridge University Press, 1997, chapter 5.

    Examples
    --------
    One run, several intervals. Percentile intervals of the mean of few skewed rows are
    too short on the long side:

    >>> from ensembles.inference import bootstrap
    >>> hours = [3, 5, 7, 18, 43, 85, 91, 98, 100, 130, 230, 487]
    >>> result = bootstrap("mean", hours, rng=0)
    >>> for method in ("percentile", "bca", "studentized"):
    ...     low, high = result.interval(method)
    ...     print(f"{method:12} {low:5.1f} {high:5.1f}")
    percentile    47.5 193.2
    bca           56.6 231.5
    studentized   46.1 290.7
    """

    estimate: Any
    confidence_level: float
    method: str
    alternative: str
    _replicates: Replicates = field(repr=False)

    @property
    def distribution(self) -> FloatArray:
        """The statistic of each resample, shape (n_resamples, ...); nan for none."""
        values = self._replicates.values
        return values.reshape(len(values), *self._shape)

    @property
    def n_resamples(self) -> int:
        """Number of resamples, those without a value too."""
        return self._replicates.n_resamples

    @property
    def n_failed(self) -> int:
        """Number of resamples in which the statistic has no value."""
        return int(np.count_nonzero(~self._replicates.has_value))

    @property
    def standard_error(self) -> Any:
        """Standard deviation of the replicates."""
        return self._shaped([one.standard_error for one in self._replicates.plain])

    @property
    def bias(self) -> Any:
        """Mean of the replicates less what they scatter around."""
        return self._shaped([one.bias for one in self._replicates.plain])

    @cached_property
    def confidence_interval(self) -> ConfidenceInterval:
        """The interval that the call asked for."""
        return self.interval()

    @property
    def method_used(self) -> Any:
        """Method of each interval: another than `method` where that has no ends."""
        if self.method == "abc":
            return self._shaped(["abc"] * len(self._names))
        how = self.confidence_level, self.alternative
        evidence = self._replicates.evidence(self.method)
        return self._shaped(
            [resolve_method(one, self.method, *how) for one in evidence]
        )

    @cached_property
    def mc_error(self) -> ConfidenceInterval:
        """Standard error of each end from one run to another; 0 for an open end.

        How much of the interval is chance of the resampling, and would go with more
        resamples.
        """
        if self.method == "abc":
            return self._ends([(0.0, 0.0)] * len(self._names))
        how = self.method, self.confidence_level, self.alternative
        evidence = self._replicates.evidence(self.method)
        return self._ends([monte_carlo_error(one, *how) for one in evidence])

    def interval(
        self,
        method: str | None = None,
        confidence_level: float | None = None,
        alternative: str | None = None,
    ) -> ConfidenceInterval:
        """Return the confidence interval of each component.

        Parameters
        ----------
        method : str or None, default=None
            One of those of `bootstrap`; None is the method of the call.
        confidence_level : float or None, default=None
            Wanted coverage in (0, 1); None is the level of the call.
        alternative : {"two-sided", "less", "greater"} or None, default=None
            Which ends the interval has; None is the alternative of the call.

        Returns
        -------
        ConfidenceInterval
            ``low`` and ``high``, of the statistic's shape; an open end is infinite.

        Raises
        ------
        ValueError
            If a parameter is outside what is allowed, there are too few resamples for
            the level, or the method does not apply to the statistic or the scheme.

        Warns
        -----
        UserWarning
            Once, if another method takes over where this one has no finite ends, or
            an end lies beyond the outermost replicate.
        """
        asked = self._asked(method, confidence_level, alternative)
        how = asked.method, asked.confidence_level, asked.alternative
        ends = asked._interval()
        if asked.method == "abc":
            return ends
        evidence = self._replicates.evidence(asked.method)
        used = {resolve_method(one, *how) for one in evidence} - {asked.method}
        if used:
            warn_user(
                f"method={asked.method!r} has no finite ends here, so "
                f"{' and '.join(map(repr, sorted(used)))} took over; see method_used."
            )
        if any(beyond_replicates(one, *how) for one in evidence):
            warn_user(
                f"An end of the {asked.method!r} interval lies beyond the outermost of "
                f"{self.n_resamples} replicates, so it is too short there. Take more, "
                "with extend() or n_resamples, or a lower confidence_level."
            )
        return ends

    def simultaneous(
        self, confidence_level: float | None = None, method: str | None = None
    ) -> ConfidenceInterval:
        """Return intervals that hold for all components at once: a band.

        Parameters
        ----------
        confidence_level : float or None, default=None
            Wanted probability that all intervals hold; None is the level of the call.
        method : str or None, default=None
            One of those of `bootstrap`; None is the method of the call.

        Returns
        -------
        ConfidenceInterval
            ``low`` and ``high``, of the statistic's shape.

        Raises
        ------
        ValueError
            If there are too few resamples to tell, with about how many to take.

        References
        ----------
        .. [1] R. Beran, "Balanced simultaneous confidence sets", Journal of the
           American Statistical Association 83(403), 679-686, 1988.
        """
        asked = self._asked(method, confidence_level, None)
        level = simultaneous_level(
            self._replicates.values[self._replicates.has_value],
            asked.confidence_level,
            self.alternative,
        )
        return self.interval(asked.method, level)

    def pvalue(self, null: Any = 0.0, alternative: str | None = None) -> Any:
        """Return the p-value of the hypothesis that the parameter is `null`.

        It belongs to the interval of `method`: below ``1 - confidence_level`` where
        `null` lies outside.

        Parameters
        ----------
        null : float or array-like of the statistic's shape, default=0.0
            Value of each component under the hypothesis.
        alternative : {"two-sided", "less", "greater"} or None, default=None
            What the parameter is otherwise: another value, a lesser or a greater one.
            None is the alternative of the call.

        Returns
        -------
        float or ndarray of the statistic's shape
            In (0, 1]; with R resamples no less than 1 / (R + 1) but for "normal".

        Raises
        ------
        ValueError
            If `null` is not finite or not of the statistic's shape.

        References
        ----------
        .. [1] A. C. Davison, D. V. Hinkley, "Bootstrap Methods and their Application",
           Cambridge University Press, 1997, equation 4.11 and section 5.3.
        """
        asked = self._asked(None, None, alternative)
        try:
            nulls = np.broadcast_to(np.asarray(null, dtype=np.float64), self._shape)
        except ValueError as error:
            raise ValueError(
                f"null must be a number or have the statistic's shape {self._shape}, "
                f"got shape {np.shape(null)}."
            ) from error
        values = nulls.ravel().tolist()
        if self.method == "abc":
            pairs = zip(self._replicates.abc, values, strict=True)
            return self._shaped([one.pvalue(v, asked.alternative) for one, v in pairs])
        evidence = zip(self._replicates.evidence(self.method), values, strict=True)
        return self._shaped(
            [pvalue(one, self.method, v, asked.alternative) for one, v in evidence]
        )

    def extend(self, n_resamples: int) -> BootstrapResult:
        """Return the result of a longer run, of which this one is the beginning.

        Parameters
        ----------
        n_resamples : int
            Resamples to add.

        Returns
        -------
        BootstrapResult
            The same bits as a run of all resamples at once.

        Raises
        ------
        ValueError
            If `n_resamples` is not a positive int, or the scheme balances its draws
            over one run.
        """
        check_count("extend", "n_resamples", n_resamples)
        done = self._replicates
        done.run.check_can_go_on()
        n_together = done.n_resamples + n_resamples
        longer = Replicates(done.run, n_together, done.values)
        return replace(self, _replicates=longer)

    def to_frame(self, method: str | Sequence[str] | None = None) -> Any:
        """Return a pandas DataFrame with a row for each component and method.

        Parameters
        ----------
        method : str or sequence of str or None, default=None
            Methods of intervals; None is the method of the call.

        Returns
        -------
        DataFrame
            Columns ``estimate``, ``standard_error``, ``bias``, ``low``, ``high``,
            ``mc_error_low``, ``mc_error_high`` and ``method``, which is the one that
            was used; the index holds the names of the components.

        Raises
        ------
        ValueError
            If a method is not known, or there is none.
        MissingDependencyError
            If pandas is not installed.
        """
        pd = require("pandas", "dataframe", "to_frame")
        methods = [method or self.method] if isinstance(method, str | None) else method
        if not len(methods):
            raise ValueError("to_frame needs at least one method, got none.")
        frames = []
        for name in methods:
            asked = self._asked(name, None, None)
            low, high = asked.confidence_interval
            low_error, high_error = asked.mc_error
            columns = {
                "estimate": self.estimate,
                "standard_error": self.standard_error,
                "bias": self.bias,
                "low": low,
                "high": high,
                "mc_error_low": low_error,
                "mc_error_high": high_error,
                "method": asked.method_used,
            }
            flat = {key: np.ravel(value) for key, value in columns.items()}
            frames.append(pd.DataFrame(flat, index=list(self._names)))
        return pd.concat(frames)

    @property
    def _shape(self) -> tuple[int, ...]:
        return self._replicates.run.evaluation.shape

    @property
    def _names(self) -> Sequence[str]:
        return self._replicates.run.evaluation.names

    def _asked(
        self,
        method: str | None,
        confidence_level: float | None,
        alternative: str | None,
    ) -> BootstrapResult:
        """The same replicates, asked for something else."""
        if method is not None:
            check_choice("interval", "method", method, ALL_METHODS)
        return replace(
            self,
            method=self.method if method is None else method,
            confidence_level=(
                self.confidence_level if confidence_level is None else confidence_level
            ),
            alternative=self.alternative if alternative is None else alternative,
        )

    def _interval(self) -> ConfidenceInterval:
        """The interval of the call, with no warnings."""
        how = self.confidence_level, self.alternative
        if self.method == "abc":
            return self._ends([one.interval(*how) for one in self._replicates.abc])
        evidence = self._replicates.evidence(self.method)
        return self._ends([interval(one, self.method, *how) for one in evidence])

    def _ends(self, ends: Sequence[tuple[float, float]]) -> ConfidenceInterval:
        low, high = zip(*ends, strict=True)
        return ConfidenceInterval(self._shaped(low), self._shaped(high))

    def _shaped(self, values: Sequence[Any]) -> Any:
        """Values of the components as the user's statistic has them."""
        return np.reshape(values, self._shape) if self._shape else values[0]
