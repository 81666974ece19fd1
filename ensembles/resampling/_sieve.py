"""Replicates of a time series from an autoregression fitted to it.

A stationary linear process is an autoregression of infinite order. One of finite
order, chosen by the data and growing with them, is a sieve through which it is seen
(Kreiss 1992, Bühlmann 1997); its residuals are nearly independent and are drawn as
rows are.
"""

from __future__ import annotations

from typing import Any, Literal, final

import numpy as np

from ensembles._typing import ArrayLike, FloatArray, RandomState, Table
from ensembles._validation import check_count, invalid_parameter
from ensembles.resampling._autoregression import (
    CRITERIA,
    Autoregression,
    fit_autoregression,
    generate,
    spectral_radius,
)
from ensembles.resampling._columns import is_negligible, side_by_side, taken_apart
from ensembles.resampling._generators import BaseGenerator, BoundGenerator

__all__ = ["SieveBootstrap"]

# What may be left of the start of a replicate, as a share of a shock.
_FADED = 1e-3


@final
class SieveBootstrap(BaseGenerator):
    """Generate time series from an autoregression fitted to the data.

    Use it for a stationary series that is linear, or nearly: there its errors are more
    accurate than those of blocks, and no block length is to be chosen [1]_. Not for
    series with a trend, a season or unit roots (take them out first), nor where the
    spread of the shocks depends on the past, as in returns of prices: the residuals
    are drawn as if independent. `StationaryBootstrap` asks for neither linearity nor
    independence.

    Parameters
    ----------
    n_resamples : int, default=100
        Number of replicates.
    max_lag : int or None, default=None
        Largest order tried, in rows; at most ``n_samples / (2 * n_series)``, so that
        there are more rows than coefficients. None takes ``10 * log10(n_samples)``, or
        the largest allowed if that is less. 0 draws rows independently.
    criterion : {"aic", "bic", "hqic"} or None, default="aic"
        What the order minimises. "aic" grows with the data as theory asks of a sieve;
        "bic" and "hqic" find the order where it is finite, and choose smaller ones.
        None takes `max_lag` itself.
    burn_in : int or None, default=None
        Rows generated from a start at the mean and thrown away. None takes as many as
        a shock needs to fade to a thousandth.
    random_state : int, RandomState, Generator or None, default=None
        An int gives the same replicates in every call.

    Raises
    ------
    ValueError
        From `bind` and `iter_samples`: if a series is constant, not numeric or too
        short, series are linearly dependent, `max_lag` is too large, or groups are
        given.

    See Also
    --------
    StationaryBootstrap : Draws blocks of the series.
    ResidualBootstrap : Noise about the fit of a regression.

    Notes
    -----
    The coefficients solve the Yule-Walker equations, so replicates are stationary, and
    residuals are centred. Several columns, or several arrays, are generated together
    from one vector autoregression. What `bind` returns has the fit as its ``model``:
    ``mean``, ``coefficients`` of shape (order, n_series, n_series) and ``residuals``.

    References
    ----------
    .. [1] P. Bühlmann, "Sieve bootstrap for time series", Bernoulli 3(2), 123-148,
       1997.
    .. [2] J.-P. Kreiss, "Bootstrap procedures for AR(infinity)-processes", in
       Bootstrapping and Related Techniques, Springer, 107-113, 1992.
    .. [3] E. Paparoditis, "Bootstrapping autoregressive and moving average parameter
       estimates of infinite order vector autoregressive processes", Journal of
       Multivariate Analysis 57(2), 277-296, 1996.

    Examples
    --------
    The standard error of the mean of a series in which neighbours are alike. The
    bootstrap of rows misses most of it; the true value is 1.0:

    >>> import numpy as np
    >>> from scipy.signal import lfilter
    >>> from ensembles.resampling import Bootstrap, SieveBootstrap
    >>> noise = 4 * np.random.default_rng(34).normal(size=400)
    >>> x = lfilter([1], [1, -0.8], noise)
    >>> samples = SieveBootstrap(3000, random_state=0).iter_samples(x)
    >>> print(f"{np.std([replicate.mean() for (replicate,) in samples]):.1f}")
    1.0
    >>> rows = Bootstrap(3000, random_state=0).iter_indices(x)
    >>> print(f"{np.std([x[drawn].mean() for drawn in rows]):.1f}")
    0.3
    """

    def __init__(
        self,
        n_resamples: int = 100,
        *,
        max_lag: int | None = None,
        criterion: Literal["aic", "bic", "hqic"] | None = "aic",
        burn_in: int | None = None,
        random_state: RandomState = None,
    ) -> None:
        self.n_resamples = n_resamples
        self.max_lag = max_lag
        self.criterion = criterion
        self.burn_in = burn_in
        self.random_state = random_state

    def _bind(
        self, arrays: tuple[Table, ...], groups: ArrayLike | None
    ) -> BoundGenerator:
        check_count(self, "max_lag", self.max_lag, low=0, none=True)
        check_count(self, "burn_in", self.burn_in, low=0, none=True)
        criterion: Any = self.criterion
        if not isinstance(criterion, str | None) or criterion not in {None, *CRITERIA}:
            listed = ", ".join(repr(name) for name in sorted(CRITERIA))
            allowed = f"one of {{{listed}}} or None"
            raise invalid_parameter(self, "criterion", criterion, allowed)
        x, shapes = side_by_side(arrays)
        _check_series(x)
        model = fit_autoregression(x, self._resolved_max_lag(*x.shape), self.criterion)
        burn_in = self.burn_in
        if burn_in is None:
            burn_in = _rows_to_fade(model.coefficients)
        return _BoundSieve(model, shapes, int(burn_in))

    def _resolved_max_lag(self, n_samples: int, n_series: int) -> int:
        """Largest order tried, in range."""
        most = n_samples // (2 * n_series)
        if most < 1:
            raise ValueError(
                f"SieveBootstrap needs at least {2 * n_series} rows for {n_series} "
                f"series, got {n_samples}."
            )
        if self.max_lag is None:
            return min(int(10 * np.log10(n_samples)), most)
        if self.max_lag > most:
            raise ValueError(
                f"max_lag must be <= {most}, half of {n_samples} rows for each of "
                f"{n_series} series, got {self.max_lag}. max_lag=None takes "
                "10 * log10(n_samples)."
            )
        return int(self.max_lag)


def _check_series(x: FloatArray) -> None:
    """Raise if a series is constant or follows from the others."""
    deviations = x - x.mean(axis=0)
    constant = [
        j for j in range(x.shape[1]) if is_negligible(deviations[:, j], x[:, j])
    ]
    if constant:
        which = "the series" if x.shape[1] == 1 else f"series {constant} of the columns"
        raise ValueError(
            f"SieveBootstrap fits an autoregression, and {which} is constant."
        )
    if np.linalg.matrix_rank(deviations / deviations.std(axis=0)) < x.shape[1]:
        raise ValueError(
            f"The {x.shape[1]} series are linearly dependent: one follows from the "
            "others. Leave it out and compute it from their replicates."
        )


def _rows_to_fade(coefficients: FloatArray) -> int:
    """Rows until a shock has faded, no fewer than the order."""
    radius = spectral_radius(coefficients)
    steps = np.ceil(np.log(_FADED) / np.log(radius)) if radius > 0 else 0
    return len(coefficients) + int(steps)


@final
class _BoundSieve(BoundGenerator):
    """Series generated from a fitted autoregression."""

    def __init__(
        self, model: Autoregression, shapes: list[tuple[int, ...]], burn_in: int
    ) -> None:
        self.model = model
        self.shapes = shapes
        self.burn_in = burn_in

    def sample(self, seed: Any) -> tuple[Table, ...]:
        """Series of the shapes of those given."""
        residuals = self.model.residuals
        n_rows = self.burn_in + self.shapes[0][0]
        rng = np.random.default_rng(seed)
        innovations = residuals[rng.integers(len(residuals), size=n_rows)]
        x = generate(self.model.coefficients, innovations)[self.burn_in :]
        return taken_apart(self.model.mean + x, self.shapes)
