"""The models that cannot be told from the best one.

Test that all models of a set have the same expected loss. While that is rejected, take
out the worst and test again; what is left contains the best model with probability
1 - alpha. The p-value of a model is the largest of all tests up to the one at which it
left, so that the p-values hold the sets of every alpha.

P. R. Hansen, A. Lunde, J. M. Nason, Econometrica 79(2), 453-497, 2011.
"""

from __future__ import annotations

from typing import Any, Literal, Self, final

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from ensembles._typing import ArrayLike, RandomState, Table
from ensembles._validation import check_choice
from ensembles.inference._many_models._elimination import (
    eliminate_by_average,
    eliminate_by_range,
)
from ensembles.inference._many_models._losses import (
    bootstrap_pvalues,
    check_alpha,
    check_resampling,
    check_table,
    frame_of,
    replicate_means,
)
from ensembles.resampling._base import BaseScheme

__all__ = ["ModelConfidenceSet"]

_RULES = {"R": eliminate_by_range, "max": eliminate_by_average}


@final
class ModelConfidenceSet(BaseEstimator):
    """Find the models that cannot be told from the best one.

    Use it where many models were scored on the same rows and none is the benchmark:
    the set holds the best of them with probability ``1 - alpha``, however many were
    tried. Little data give a large set, not a wrong winner. Where one model is to be
    beaten, take `SuperiorPredictiveAbility` or `StepwiseMultipleTest`. Losses must
    have a mean that stays the same over the rows.

    Parameters
    ----------
    alpha : float, default=0.1
        Probability at most, as the number of rows grows, that the set misses a best
        model.
    method : {"R", "max"}, default="R"
        Statistic of each test and rule of elimination. "R" is the largest difference
        between two models, "max" that to the average of the set, each in units of its
        standard error. "R" costs ``n_resamples * n_models ** 2 / 2`` operations, and
        is not misled where bad models spoil the average.
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
    models_ : ndarray of shape (n_models,)
        Names of the models: labels of the columns of a DataFrame, else positions.
    mean_losses_ : ndarray of shape (n_models,)
        Mean loss of each model.
    pvalues_ : ndarray of shape (n_models,)
        Smallest `alpha` whose set leaves the model out; 1 for the last one. The set
        of any other level is ``models_[pvalues_ > level]``.
    included_ : ndarray of shape (n_included,)
        Names of the models in the set, in the order of the columns.
    excluded_ : ndarray of shape (n_excluded,)
        Names of the models that are not.
    support_ : ndarray of shape (n_models,)
        Whether each model is in the set.
    ranking_ : ndarray of shape (n_models,)
        1 for the model that never leaves, `n_models` for the first that does.
    test_statistics_ : ndarray of shape (n_models - 1,)
        Statistic of the set before each model leaves, in the order in which they do.
    test_pvalues_ : ndarray of shape (n_models - 1,)
        P-value of the test on that set alone.

    Raises
    ------
    InvalidParameterError
        From `fit`: if a parameter is outside its range.
    ValueError
        From `fit`: if there are fewer than two models or ten rows, a loss is NaN or
        infinite, or the scheme does not fit the rows.

    See Also
    --------
    SuperiorPredictiveAbility : Whether any model beats a benchmark.
    StepwiseMultipleTest : Which models beat a benchmark.

    Notes
    -----
    Errors of differences are those of their replicates, as in the paper. P-values are
    ``(1 + number of replicates at least as large) / (1 + n_resamples)``, never zero.
    Two models whose losses are the same in each row have the difference 0, and two
    whose losses differ by the same amount in each row an infinite one, as no
    replicate will ever turn it.

    References
    ----------
    .. [1] P. R. Hansen, A. Lunde, J. M. Nason, "The model confidence set",
       Econometrica 79(2), 453-497, 2011.

    Examples
    --------
    Two good forecasts that differ by chance, and one that is worse:

    >>> import numpy as np
    >>> from ensembles.inference import ModelConfidenceSet
    >>> rng = np.random.default_rng(0)
    >>> errors = rng.normal(size=(500, 3)) * [1.0, 1.0, 1.3]
    >>> test = ModelConfidenceSet(n_resamples=999, random_state=0).fit(errors**2)
    >>> print(test.included_, test.excluded_)
    [0 1] [2]
    >>> print(test.pvalues_[2])
    0.001
    """

    def __init__(
        self,
        alpha: float = 0.1,
        *,
        method: Literal["R", "max"] = "R",
        scheme: BaseScheme | None = None,
        n_resamples: int = 9999,
        random_state: RandomState = None,
    ) -> None:
        self.alpha = alpha
        self.method = method
        self.scheme = scheme
        self.n_resamples = n_resamples
        self.random_state = random_state

    def fit(self, losses: Table, *, groups: ArrayLike | None = None) -> Self:
        """Eliminate models, worst first, and test each set on the way.

        Parameters
        ----------
        losses : array-like of shape (n_samples, n_models)
            Loss of each model in each row; less is better. Rows in order of time, one
            column a model; a DataFrame keeps the names.
        groups : array-like of shape (n_samples,) or None, default=None
            Group of each row, for schemes that keep groups whole.

        Returns
        -------
        ModelConfidenceSet
            The object itself.
        """
        check_alpha(self)
        check_choice(self, "method", self.method, _RULES)
        scheme = check_resampling(self)
        values, models = check_table(self, "losses", losses, least_columns=2)
        deviations = replicate_means(
            scheme, values, self.n_resamples, self.random_state, groups
        )
        found = _RULES[self.method](scheme, values, deviations)

        tests = bootstrap_pvalues(found.n_as_large, self.n_resamples)
        pvalues = np.ones(len(models))
        pvalues[found.order[:-1]] = np.maximum.accumulate(tests)
        self.models_ = models
        self.mean_losses_ = values.mean(axis=0)
        self.pvalues_ = pvalues
        self.support_ = pvalues > self.alpha
        self.included_ = models[self.support_]
        self.excluded_ = models[~self.support_]
        self.ranking_ = np.empty_like(found.order)
        self.ranking_[found.order] = np.arange(len(models), 0, -1)
        self.test_statistics_ = found.statistics
        self.test_pvalues_ = tests
        return self

    def summary(self) -> Any:
        """Return what was found of each model, the last to leave first.

        Returns
        -------
        pandas.DataFrame
            Indexed by model: mean loss, p-value, and whether it is in the set.

        Raises
        ------
        NotFittedError
            If there was no `fit` before.
        MissingDependencyError
            If pandas is not installed.
        """
        check_is_fitted(self)
        columns = {
            "mean_loss": self.mean_losses_,
            "pvalue": self.pvalues_,
            "included": self.support_,
        }
        return frame_of(self.models_, columns, order=np.argsort(self.ranking_))
