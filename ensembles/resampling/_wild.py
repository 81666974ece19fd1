"""Deviations kept in their rows and multiplied by random signs or weights.

Replicate: x* = fit + v (x - fit), with v independent of mean 0 and variance 1, one for
each row (Wu 1986, Liu 1988) or each group of rows (Cameron, Gelbach & Miller 2008). So
each row keeps its own spread, and rows of a group keep their dependence.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, final

import numpy as np

from ensembles._typing import ArrayLike, FloatArray, IntArray, RandomState, Table
from ensembles._validation import invalid_parameter
from ensembles.resampling._columns import (
    as_given,
    as_numbers,
    codes_of,
    is_negligible,
    names_of,
)
from ensembles.resampling._generators import BaseGenerator, BoundGenerator

__all__ = ["BoundWild", "Multipliers", "WildBootstrap", "bind_multipliers"]

Law: TypeAlias = Callable[[np.random.Generator, int], Any]


@dataclass(frozen=True)
class _Points:
    """A law on a few points."""

    points: tuple[float, ...]
    probabilities: tuple[float, ...]

    def __call__(self, rng: np.random.Generator, size: int) -> FloatArray:
        edges = np.cumsum(self.probabilities)[:-1]
        drawn = np.searchsorted(edges, rng.random(size), side="right")
        return np.asarray(self.points)[drawn]


def _normal(rng: np.random.Generator, size: int) -> FloatArray:
    """Standard normal multipliers, shape (size,)."""
    return rng.standard_normal(size)


_GOLDEN = (1 + 5**0.5) / 2
_ROOTS = (1.5**0.5, 1.0, 0.5**0.5)

_LAWS: dict[str, Law] = {
    "rademacher": _Points((-1.0, 1.0), (1 / 2, 1 / 2)),
    "mammen": _Points(
        (1 - _GOLDEN, _GOLDEN), (_GOLDEN / 5**0.5, (_GOLDEN - 1) / 5**0.5)
    ),
    "webb": _Points((*(-root for root in _ROOTS), *_ROOTS), (1 / 6,) * 6),
    "normal": _normal,
}


@final
class WildBootstrap(BaseGenerator):
    """Multiply the deviations from a fit by random signs or weights.

    Use it as the `scheme` of a `ResidualBootstrap` where the spread of the errors
    differs from row to row: each row keeps its own. Given groups, all rows of a group
    share one multiplier, so errors that are correlated within groups stay so (the
    cluster wild bootstrap [3]_). On its own it moves the last array about its mean; for
    rows that are exchangeable, `Bootstrap` is more accurate there, since multipliers
    that are symmetric lose the skewness of the data.

    Parameters
    ----------
    n_resamples : int, default=100
        Number of replicates.
    multiplier : {"rademacher", "mammen", "webb", "normal"} or callable, \
default="rademacher"
        Law of the multipliers, of mean 0 and variance 1. "rademacher" is a random sign
        and the first choice [4]_; "mammen" takes two points with third moment 1, so
        that skewness is kept [5]_; "webb" takes six points, for fewer than a dozen
        groups, where the ``2 ** n_groups`` signs are too few [6]_; "normal" is the
        standard normal. A callable takes a `numpy.random.Generator` and a number, and
        returns that many multipliers.
    random_state : int, RandomState, Generator or None, default=None
        An int gives the same replicates in every call. A `ResidualBootstrap` takes its
        own instead.

    Raises
    ------
    ValueError
        From `bind` and `iter_samples`: if the last array is constant or not numeric, or
        `groups` is of the wrong length or names fewer than two groups.

    See Also
    --------
    ResidualBootstrap : Noise about the fit of a regression.
    Bootstrap : Draws rows.

    References
    ----------
    .. [1] C. F. J. Wu, "Jackknife, bootstrap and other resampling methods in regression
       analysis", The Annals of Statistics 14(4), 1261-1295, 1986.
    .. [2] R. Y. Liu, "Bootstrap procedures under some non-i.i.d. models", The Annals of
       Statistics 16(4), 1696-1708, 1988.
    .. [3] A. C. Cameron, J. B. Gelbach, D. L. Miller, "Bootstrap-based improvements
       for inference with clustered errors", The Review of Economics and Statistics
       90(3), 414-427, 2008.
    .. [4] R. Davidson, E. Flachaire, "The wild bootstrap, tamed at last", Journal of
       Econometrics 146(1), 162-169, 2008.
    .. [5] E. Mammen, "Bootstrap and wild bootstrap for high dimensional linear models",
       The Annals of Statistics 21(1), 255-285, 1993.
    .. [6] M. D. Webb, "Reworking wild bootstrap-based inference for clustered errors",
       Canadian Journal of Economics 56(3), 839-858, 2023.

    Examples
    --------
    The mean is 3; deviations change their signs and keep their sizes:

    >>> import numpy as np
    >>> from ensembles.resampling import WildBootstrap
    >>> scheme = WildBootstrap(2000, random_state=0)
    >>> x, *_ = next(scheme.iter_samples([1, 2, 3, 6]))
    >>> print(abs(x - 3))
    [2. 1. 0. 3.]

    Thirty subjects measured ten times each. One sign for each row misses most of the
    error of the mean, one for each subject does not; the true value is 3.7:

    >>> rng = np.random.default_rng(6)
    >>> subject = np.repeat(np.arange(30), 10)
    >>> x = 20 * rng.normal(size=30)[subject] + 6 * rng.normal(size=300)
    >>> def error(groups):
    ...     samples = scheme.iter_samples(x, groups=groups)
    ...     return np.std([replicate.mean() for (replicate,) in samples])
    >>> print(f"{error(None):.0f}")
    1
    >>> print(f"{error(subject):.0f}")
    4
    """

    def __init__(
        self,
        n_resamples: int = 100,
        *,
        multiplier: Literal["rademacher", "mammen", "webb", "normal"]
        | Law = "rademacher",
        random_state: RandomState = None,
    ) -> None:
        self.n_resamples = n_resamples
        self.multiplier = multiplier
        self.random_state = random_state

    def _refusal_of_groups(self) -> None:
        """Groups are kept together."""

    def _bind(
        self, arrays: tuple[Table, ...], groups: ArrayLike | None
    ) -> BoundGenerator:
        *before, last = arrays
        values = as_numbers(last, names_of(arrays)[-1])
        mean = values.mean(axis=0)
        if is_negligible(values - mean, values):
            raise ValueError(
                "WildBootstrap perturbs deviations from the mean, and there are none: "
                "the last array is constant."
            )
        codes = codes_of(self, groups, len(values))
        multipliers = bind_multipliers(self, len(values), codes)
        return BoundWild(before, mean, values - mean, multipliers)


def bind_multipliers(
    scheme: WildBootstrap, n_samples: int, codes: IntArray | None
) -> Multipliers:
    """Check the law and return what draws a multiplier for each row."""
    law = scheme.multiplier
    if not callable(law):
        if not isinstance(law, str) or law not in _LAWS:
            listed = ", ".join(repr(name) for name in sorted(_LAWS))
            raise invalid_parameter(
                scheme, "multiplier", law, f"one of {{{listed}}} or a callable"
            )
        law = _LAWS[law]
    n_units = n_samples if codes is None else int(codes.max()) + 1
    return Multipliers(law, n_units, codes)


@dataclass(frozen=True)
class Multipliers:
    """Multipliers of rows, or of groups where rows have `codes`."""

    law: Law
    n_units: int
    codes: IntArray | None

    def draw(self, seed: Any) -> FloatArray:
        """One multiplier for each row, shape (n_samples,)."""
        rng = np.random.default_rng(seed)
        drawn = np.asarray(self.law(rng, self.n_units), dtype=np.float64)
        if drawn.shape != (self.n_units,) or not np.isfinite(drawn).all():
            raise ValueError(
                f"multiplier must return {self.n_units} finite numbers when called "
                f"with (rng, {self.n_units}), got shape {drawn.shape}: {drawn}."
            )
        return drawn if self.codes is None else drawn[self.codes]


@final
class BoundWild(BoundGenerator):
    """Fitted values plus multiplied residuals, after arrays that stay as they are."""

    def __init__(
        self,
        before: list[Table],
        fitted: FloatArray,
        residuals: FloatArray,
        multipliers: Multipliers,
    ) -> None:
        self.before = tuple(as_given(array) for array in before)
        self.fitted = fitted
        self.residuals = residuals
        self.multipliers = multipliers

    def sample(self, seed: Any) -> tuple[Table, ...]:
        """The arrays as they are and the last one perturbed."""
        noise = (self.multipliers.draw(seed) * self.residuals.T).T
        return (*self.before, self.fitted + noise)
