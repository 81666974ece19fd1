"""Replicates drawn from a law fitted to the data.

The law may be a distribution of scipy, a density estimator, or the user's own sampler;
each becomes a function of a generator and a number of rows.
"""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable
from functools import partial
from typing import Any, TypeAlias, final

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from ensembles._typing import ArrayLike, FloatArray, RandomState, Table
from ensembles._validation import invalid_parameter
from ensembles.resampling._columns import (
    is_negligible,
    seeded_clone,
    side_by_side,
    taken_apart,
)
from ensembles.resampling._generators import BaseGenerator, BoundGenerator

__all__ = ["ParametricBootstrap"]

Sampler: TypeAlias = Callable[[np.random.Generator, int], Any]


@final
class ParametricBootstrap(BaseGenerator):
    """Draw replicates from a distribution fitted to the data.

    Use it where the law of the data is known but for its parameters, or its tails
    matter and rows are few: replicates can go beyond the values that were seen. If the
    law is wrong so are the errors, and nothing says so; compare with `Bootstrap`.

    Parameters
    ----------
    distribution : distribution, estimator or callable
        - A distribution of `scipy.stats` with a ``fit`` method, such as ``expon`` or
          ``multivariate_normal``: fitted to the data.
        - A frozen one, ``gamma(2, scale=3)``, or one of the newer objects,
          ``Normal()``: taken as it is.
        - An object with ``fit`` and ``sample``, such as scikit-learn's
          `GaussianMixture` or `KernelDensity` (the smoothed bootstrap [2]_): a copy is
          fitted to the columns of all arrays together. Where it leaves
          ``random_state`` open, 0 is taken for the fit.
        - A callable that takes a `numpy.random.Generator` and the number of rows, and
          returns as many rows as the data have.
    n_resamples : int, default=100
        Number of replicates.
    fit_params : dict or None, default=None
        Further arguments of ``fit``: ``{"floc": 0}`` keeps the lower end of a
        distribution of scipy at zero.
    random_state : int, RandomState, Generator or None, default=None
        An int gives the same replicates in every call.

    Raises
    ------
    ValueError
        From `bind` and `iter_samples`: if the data are not numeric, are constant or do
        not suit the distribution, its fit fails or has no finite parameters, what it
        draws has another shape than the data or is not finite, or groups are given.

    See Also
    --------
    Bootstrap : Draws the rows that were seen.
    ResidualBootstrap : Noise about the fit of a regression.
    SieveBootstrap : Time series from a fitted autoregression.

    References
    ----------
    .. [1] A. C. Davison, D. V. Hinkley, "Bootstrap Methods and their Application",
       Cambridge University Press, section 2.2, 1997.
    .. [2] B. W. Silverman, G. A. Young, "The bootstrap: to smooth or not to smooth?",
       Biometrika 74(3), 469-479, 1987.

    Examples
    --------
    The standard error of the mean of twelve exponential times is their mean over the
    root of twelve, 31.2. The bootstrap of rows says 37.7, which rests on the one
    longest time. The replicates say what theory says:

    >>> import numpy as np
    >>> from scipy.stats import expon
    >>> from ensembles.resampling import ParametricBootstrap
    >>> hours = np.array([3, 5, 7, 18, 43, 85, 91, 98, 100, 130, 230, 487])
    >>> scheme = ParametricBootstrap(
    ...     expon, 5000, fit_params={"floc": 0}, random_state=0
    ... )
    >>> means = [replicate.mean() for (replicate,) in scheme.iter_samples(hours)]
    >>> print(f"{np.std(means) / (hours.mean() / 12**0.5):.1f}")
    1.0
    """

    def __init__(
        self,
        distribution: Any,
        n_resamples: int = 100,
        *,
        fit_params: dict[str, Any] | None = None,
        random_state: RandomState = None,
    ) -> None:
        self.distribution = distribution
        self.n_resamples = n_resamples
        self.fit_params = fit_params
        self.random_state = random_state

    def _bind(
        self, arrays: tuple[Table, ...], groups: ArrayLike | None
    ) -> BoundGenerator:
        fit_params: Any = self.fit_params
        if not isinstance(fit_params, dict | None):
            allowed = "a dict of arguments of fit, or None"
            raise invalid_parameter(self, "fit_params", fit_params, allowed)
        data, shapes = side_by_side(arrays)
        return _BoundLaw(self._sampler(data), shapes)

    def _sampler(self, data: FloatArray) -> Sampler:
        """The law as a function of a generator and a number of rows."""
        law = self.distribution
        has = partial(hasattr, law)
        fits = has("fit") and (has("rvs") or has("sample"))
        if isinstance(law, type) or not (has("rvs") or has("sample") or callable(law)):
            raise invalid_parameter(
                self,
                "distribution",
                law,
                "a distribution of scipy.stats, an object with fit and sample, or a "
                "callable of a Generator and a number",
            )
        if isinstance(law, stats.rv_discrete):
            raise ValueError(
                f"scipy fits no discrete distribution such as {law.name}. Give it with "
                f"its parameters, estimated from the data: {law.name}(...)."
            )
        if self.fit_params and not fits:
            raise ValueError(f"fit_params={self.fit_params}, but {law} is not fitted.")
        if fits and is_negligible(data - data.mean(axis=0), data):
            raise ValueError(
                "ParametricBootstrap fits a law to the data, and they are constant."
            )
        if has("rvs"):
            return partial(_rvs, self._fitted_law(data) if fits else law)
        if fits:
            model = seeded_clone(law)
            model.fit(data, **self.fit_params or {})
            return _seeded_sample(model)
        return partial(_sample_of_scipy, law) if has("sample") else law

    def _fitted_law(self, data: FloatArray) -> Any:
        """The distribution of scipy with the parameters that suit the data."""
        law = self.distribution
        if isinstance(law, stats.rv_continuous):
            if data.shape[1] > 1:
                raise ValueError(
                    f"{law.name} is a law of one number, and the data have "
                    f"{data.shape[1]} columns. multivariate_normal and estimators such "
                    "as GaussianMixture draw rows of several."
                )
            data = data[:, 0]
        try:
            parameters = law.fit(data, **self.fit_params or {})
        except stats.FitError as error:
            raise ValueError(
                f"{law.name} cannot be fitted to the data: {error} Fix some parameters "
                "by fit_params, or give the distribution with its parameters."
            ) from error
        if not all(np.isfinite(parameter).all() for parameter in parameters):
            raise ValueError(
                f"The fit has no finite parameters, it gives {parameters}. Fix some by "
                "fit_params, or give the distribution with its parameters."
            )
        return law(*parameters)


def _rvs(law: Any, rng: np.random.Generator, size: int) -> Any:
    """Draw from a distribution of scipy with its parameters."""
    return law.rvs(size=size, random_state=rng)


def _sample_of_scipy(law: Any, rng: np.random.Generator, size: int) -> Any:
    """Draw from a distribution of scipy's newer kind."""
    return law.sample(size, rng=rng)


def _seeded_sample(model: Any) -> Sampler:
    """The way to draw from a density estimator with randomness that is given."""
    if "random_state" in inspect.signature(model.sample).parameters:
        return partial(_sample_with_argument, model)
    if "random_state" in getattr(model, "get_params", dict)():
        return partial(_sample_with_attribute, model)
    raise ValueError(
        f"{model} cannot be told what to draw: neither it nor its sample method takes "
        "random_state. A callable of a Generator and a number can be given instead."
    )


def _sample_with_argument(model: Any, rng: np.random.Generator, size: int) -> Any:
    """Draw from an estimator whose ``sample`` takes a random state."""
    return model.sample(size, random_state=np.random.RandomState(rng.bit_generator))


def _sample_with_attribute(model: Any, rng: np.random.Generator, size: int) -> Any:
    """Draw from an estimator that reads its own random state.

    Mixtures return rows component after component, so these are shuffled.
    """
    model = copy.copy(model)
    model.random_state = np.random.RandomState(rng.bit_generator)
    drawn = model.sample(size)
    return rng.permutation(drawn[0] if isinstance(drawn, tuple) else drawn)


@final
class _BoundLaw(BoundGenerator):
    """Rows drawn from a law."""

    def __init__(self, sampler: Sampler, shapes: list[tuple[int, ...]]) -> None:
        self.sampler = sampler
        self.shapes = shapes

    def sample(self, seed: Any) -> tuple[Table, ...]:
        """Arrays of the shapes of those given."""
        n_samples = self.shapes[0][0]
        drawn = np.asarray(self.sampler(np.random.default_rng(seed), n_samples))
        return taken_apart(self._rows(drawn), self.shapes)

    def _rows(self, drawn: NDArray[Any]) -> NDArray[Any]:
        """What was drawn, of the shape (n_samples, n_columns) of the data."""
        n_samples = self.shapes[0][0]
        n_columns = sum(shape[1] if len(shape) == 2 else 1 for shape in self.shapes)
        one_column = n_columns == 1 and drawn.shape == (n_samples,)
        if drawn.shape != (n_samples, n_columns) and not one_column:
            raise ValueError(
                f"distribution must draw {n_samples} rows of {n_columns} numbers, as "
                f"the data have, got shape {drawn.shape}."
            )
        if not np.isfinite(drawn).all():
            raise ValueError("distribution must draw finite numbers, got NaN or inf.")
        return drawn.reshape(n_samples, n_columns)
