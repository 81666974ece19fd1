"""Noise made of residuals and laid on the fitted values.

Replicate: y* = fit(X) + e*, X kept. The law of e* is another scheme: rows of residuals
drawn independently, in blocks, by stratum or by group (Efron 1979, Freedman 1981), or
each residual kept in its row and multiplied (`WildBootstrap`).
"""

from __future__ import annotations

from typing import Any, Literal, final

import numpy as np
from sklearn.linear_model import LinearRegression
from sklearn.model_selection import GroupKFold, KFold

from ensembles._typing import (
    ArrayLike,
    Estimator,
    FloatArray,
    IntArray,
    RandomState,
    Table,
)
from ensembles._validation import invalid_parameter
from ensembles.resampling._base import BaseScheme
from ensembles.resampling._blocks import BaseBlockBootstrap
from ensembles.resampling._columns import (
    as_given,
    as_numbers,
    codes_of,
    is_negligible,
)
from ensembles.resampling._fitted import (
    ADJUSTMENTS,
    Fit,
    check_regressor,
    fit_regression,
    out_of_fold_residuals,
)
from ensembles.resampling._generators import BaseGenerator, BoundGenerator
from ensembles.resampling._groups import GroupBootstrap
from ensembles.resampling._iid import Bootstrap
from ensembles.resampling._noise import DRAWS_NOISE, bind_noise
from ensembles.resampling._wild import BoundWild, WildBootstrap, bind_multipliers

__all__ = ["ResidualBootstrap"]

_MAX_FOLDS = 5


@final
class ResidualBootstrap(BaseGenerator):
    """Add resampled residuals to the fitted values of a regression.

    Use it for the error of whatever is computed from `X` and `y` when `X` is fixed by
    design, or rows are too few to draw whole: no replicate loses a level or a point of
    high leverage. The model must be right, or nearly: if its mean is wrong, so are the
    residuals, and a `Bootstrap` of whole rows is safer. `scheme` says which errors are
    alike.

    ====================================== =========================================
    scheme                                 errors
    ====================================== =========================================
    ``Bootstrap()``                        independent and of one law
    ``Bootstrap(stratify=array)``          of one law within each stratum
    ``CircularBlockBootstrap()``, ...      of a stationary series
    ``WildBootstrap()``                    independent, the spread differs by row
    ``WildBootstrap()``, groups given      correlated within groups
    ``GroupBootstrap()``                   correlated within groups of one size
    ====================================== =========================================

    Parameters
    ----------
    estimator : estimator or None, default=None
        Regressor of the mean, fitted once to all rows. None is least squares,
        ``LinearRegression()``. Where it leaves ``random_state`` open, 0 is taken.
    n_resamples : int, default=100
        Number of replicates.
    scheme : scheme or None, default=None
        Law of the noise: one of the table, or a `BayesianBootstrap`, that draws as
        many rows as there are. Its `n_resamples` and `random_state` do not count. None
        is ``Bootstrap()``.
    residuals : {"auto", "raw", "scaled", "modified", "deleted"} or splitter, \
default="auto"
        Adjustment of the residuals, which vary less than the errors. "raw" takes them
        as they are. For least squares, and pipelines that end in it, the rest is known
        from the leverage h of each row: "scaled" multiplies by
        ``sqrt(n / (n - p))``, "modified" divides by ``sqrt(1 - h)`` [2]_ and
        "deleted" by ``1 - h``, which gives the errors of the fits without the row.
        Under a `WildBootstrap` the coefficients then have the covariances HC0 to HC3
        [3]_; with groups, the leverage is that of the group, and they are CR0 to CR3
        [4]_. A splitter that tests each row once, such as ``KFold(10)``, gives
        residuals of fits that have not seen the row. "auto" is "modified" for least
        squares. The residuals of any other estimator are too small by an amount that is
        not known, so there it is up to five folds: of groups where there are any, of
        neighbouring rows for blocks, and of shuffled rows otherwise.
    random_state : int, RandomState, Generator or None, default=None
        An int gives the same replicates in every call.

    Raises
    ------
    ValueError
        From `bind` and `iter_samples`: if the estimator is no regressor, more than `X`
        and `y` are given, `y` is not numeric, the residuals are all zero, the scheme
        draws more or fewer rows than there are, or groups are given and the scheme does
        not keep them.

    See Also
    --------
    WildBootstrap : Multiplies residuals instead of drawing them.
    SieveBootstrap : Replicates of a time series itself.
    Bootstrap : Draws whole rows.

    Notes
    -----
    Give `X` and `y`, or `y` alone for residuals about its mean. `X` may be whatever the
    estimator takes and is passed on as it is, not copied. A row, or group, of leverage
    one fits itself exactly; its residual is zero and stays so.

    References
    ----------
    .. [1] D. A. Freedman, "Bootstrapping regression models", The Annals of Statistics
       9(6), 1218-1228, 1981.
    .. [2] A. C. Davison, D. V. Hinkley, "Bootstrap Methods and their Application",
       Cambridge University Press, section 6.2, 1997.
    .. [3] J. G. MacKinnon, H. White, "Some heteroskedasticity-consistent covariance
       matrix estimators with improved finite sample properties", Journal of
       Econometrics 29(3), 305-325, 1985.
    .. [4] R. M. Bell, D. F. McCaffrey, "Bias reduction in standard errors for linear
       regression with multi-stage samples", Survey Methodology 28(2), 169-181, 2002.
    .. [5] R. Brüggemann, C. Jentsch, C. Trenkler, "Inference in VARs with conditional
       heteroskedasticity of unknown form", Journal of Econometrics 191(1), 69-85, 2016
       (the centring of moving blocks).

    Examples
    --------
    The error of a slope where the noise grows with x. Noise of one law for all rows
    misses a third of it; the true value is 3:

    >>> import numpy as np
    >>> from ensembles.resampling import ResidualBootstrap, WildBootstrap
    >>> x = np.linspace(0, 4, 200)
    >>> y = 10 * x + 1.5 * x**3 * np.random.default_rng(0).normal(size=200)
    >>> def error(scheme):
    ...     bootstrap = ResidualBootstrap(None, 1000, scheme=scheme, random_state=0)
    ...     samples = bootstrap.iter_samples(x[:, np.newaxis], y)
    ...     return np.std([np.polyfit(x, replicate, 1)[0] for _, replicate in samples])
    >>> print(f"{error(None):.0f}")
    2
    >>> print(f"{error(WildBootstrap()):.0f}")
    3
    """

    def __init__(
        self,
        estimator: Estimator | None = None,
        n_resamples: int = 100,
        *,
        scheme: BaseScheme | WildBootstrap | None = None,
        residuals: Literal["auto", "raw", "scaled", "modified", "deleted"]
        | Any = "auto",
        random_state: RandomState = None,
    ) -> None:
        self.estimator = estimator
        self.n_resamples = n_resamples
        self.scheme = scheme
        self.residuals = residuals
        self.random_state = random_state

    def _refusal_of_groups(self) -> str | None:
        """Groups are kept together where the scheme of the noise keeps them."""
        if isinstance(self.scheme, WildBootstrap | GroupBootstrap):
            return None
        return (
            f"ResidualBootstrap draws residuals by {self.scheme or Bootstrap()}, which "
            "does not keep groups together. scheme=WildBootstrap() does."
        )

    def _bind(
        self, arrays: tuple[Table, ...], groups: ArrayLike | None
    ) -> BoundGenerator:
        scheme = self._checked_scheme()
        if len(arrays) > 2:
            raise ValueError(
                "ResidualBootstrap takes X and y, or y alone, got "
                f"{len(arrays)} arrays."
            )
        *before, y = arrays
        y = as_numbers(y, "y")
        X, estimator = self._regression(before, len(y))
        codes = codes_of(scheme, groups, len(y))
        fit = fit_regression(estimator, X, y)
        if is_negligible(fit.residuals, y):
            raise ValueError(
                "The residuals are all zero: the estimator fits y exactly, its noise "
                "included, so no noise is left to resample. Take a fit with fewer "
                "parameters, or a Bootstrap of rows."
            )
        residuals = self._adjusted(scheme, fit, estimator, X, y, codes)
        if isinstance(scheme, WildBootstrap):
            multipliers = bind_multipliers(scheme, len(y), codes)
            return BoundWild(before, fit.values, residuals, multipliers)
        return bind_noise(scheme, before, fit.values, residuals, codes)

    def _checked_scheme(self) -> BaseScheme | WildBootstrap:
        """The law of the noise."""
        scheme = Bootstrap() if self.scheme is None else self.scheme
        if not isinstance(scheme, (*DRAWS_NOISE, WildBootstrap)):
            raise invalid_parameter(
                self,
                "scheme",
                scheme,
                "a Bootstrap, BayesianBootstrap, GroupBootstrap, WildBootstrap, a "
                "bootstrap of blocks or None",
            )
        return scheme

    def _regression(self, before: list[Table], n: int) -> tuple[Table, Estimator]:
        """What y is regressed on, and by what."""
        if before:
            estimator = LinearRegression() if self.estimator is None else self.estimator
            check_regressor(self, estimator)
            return as_given(before[0]), estimator
        if self.estimator is not None:
            raise ValueError(
                f"{self.estimator} needs an X to be fitted to. Pass X and y, or leave "
                "estimator=None for residuals about the mean of y."
            )
        return np.zeros((n, 1)), LinearRegression()

    def _adjusted(
        self,
        scheme: BaseScheme | WildBootstrap,
        fit: Fit,
        estimator: Estimator,
        X: Table,
        y: FloatArray,
        codes: IntArray | None,
    ) -> FloatArray:
        """Residuals adjusted as `residuals` says, of the shape of y."""
        how = self.residuals
        if isinstance(how, str) and how == "auto":
            how = "modified" if fit.basis is not None else _folds(scheme, y, codes)
        if hasattr(how, "split") and not isinstance(how, str):
            return out_of_fold_residuals(estimator, X, y, cv=how, groups=codes)
        if not isinstance(how, str) or how not in ADJUSTMENTS:
            listed = ", ".join(repr(name) for name in sorted(["auto", *ADJUSTMENTS]))
            allowed = f"one of {{{listed}}} or a splitter"
            raise invalid_parameter(self, "residuals", how, allowed)
        if how == "raw":
            return fit.residuals
        if fit.basis is None:
            raise ValueError(
                f"residuals={how!r} needs the leverage of each row, which is known for "
                f"LinearRegression and not for {estimator}. A splitter such as "
                "residuals=KFold(5) serves every estimator; 'raw' adjusts nothing."
            )
        return np.asarray(ADJUSTMENTS[how](fit.residuals, fit.basis, codes))


def _folds(
    scheme: BaseScheme | WildBootstrap, y: FloatArray, codes: IntArray | None
) -> KFold | GroupKFold:
    """Folds that leave out what is alike together."""
    if codes is not None:
        return GroupKFold(min(_MAX_FOLDS, int(codes.max()) + 1))
    n_folds = min(_MAX_FOLDS, len(y))
    if isinstance(scheme, BaseBlockBootstrap):
        return KFold(n_folds)
    return KFold(n_folds, shuffle=True, random_state=0)
