"""Prediction error by the bootstrap: out-of-bag, .632 and .632+.

With err the apparent error of the model fitted on all rows, err1 the mean over rows of
the error of the models fitted without them, and gamma the error were targets and
predictions unrelated::

    err1' = min(err1, gamma)
    R     = (err1' - err) / (gamma - err)   where both exceed err, else 0
    w     = .632 / (1 - .368 R)
    .632+ = (1 - w) err + w err1'

B. Efron, R. Tibshirani, "Improvements on cross-validation: the .632+ bootstrap method",
Journal of the American Statistical Association 92(438), 548-560, 1997.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from numbers import Real
from typing import Any, final

import numpy as np
from scipy.special import ndtri
from sklearn.base import is_classifier

from ensembles._typing import ArrayLike, Estimator, FloatArray, RandomState, Table
from ensembles._validation import (
    check_bool,
    check_choice,
    check_n_jobs,
    check_verbose,
    invalid_parameter,
    is_positive,
    warn_user,
)
from ensembles.inference._refits._draws import Demands, draw, resolve_scheme
from ensembles.inference._refits._refit import fit_on_rows, make_sample, seed_of_fit
from ensembles.inference._refits._replicates import run_replicates
from ensembles.inference._refits._scoring import classes_of, resolve_measure
from ensembles.resampling._base import BaseScheme

__all__ = ["BootstrapScore", "bootstrap_score"]

_ME = "bootstrap_score"
# The share of rows that a bootstrap sample holds, 1 - 1/e, in the authors' digits.
_SHARE = 0.632


@final
@dataclass(frozen=True, eq=False)
class BootstrapScore:
    """Score of an estimator by the bootstrap, with what it is made of.

    What `bootstrap_score` returns; all scores are in the scorer's own sign and unit.

    Attributes
    ----------
    score : float
        The estimate by `method`.
    standard_error : float or None
        Standard error of `score`; None where no theory gives one: blocks,
        subsamples and Dirichlet weights as scheme, the median absolute error, and
        scorers that take no weights or are functions of your own.
    scores : ndarray of shape (n_resamples,)
        Score of each replicate on its rows out-of-bag.
    apparent : float
        Score of the model fitted on all rows, on the rows it was fitted on.
    out_of_bag : float
        Leave-one-out bootstrap score.
    no_information : float
        Score were targets and predictions unrelated.
    overfitting_rate : float
        R: how far the way from `apparent` to `no_information` the score falls on
        rows not seen, from 0 to 1.
    weight : float
        What `out_of_bag` weighs in `score`; the rest is `apparent`'s.
    method : {"oob", ".632", ".632+"}
        What `score` is.
    n_redrawn : int
        Replicates drawn again since they held one class only, or left no rows to
        test on.
    n_failed : int
        Replicates left out since the estimator failed.
    n_never_out_of_bag : int
        Rows that every replicate holds, so that they do not count in `out_of_bag`.
    estimators : list of estimator or None
        Fitted estimators of the replicates, where asked for.

    Raises
    ------
    ValueError
        From `interval`: if there is no standard error.

    See Also
    --------
    bootstrap_score : Makes it.

    References
    ----------
    .. [1] B. Efron, R. Tibshirani, "Improvements on cross-validation: the .632+
       bootstrap method", Journal of the American Statistical Association 92(438),
       548-560, 1997.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.neighbors import KNeighborsClassifier
    >>> from ensembles.inference import bootstrap_score
    >>> X, y = load_iris(return_X_y=True)
    >>> result = bootstrap_score(KNeighborsClassifier(1), X, y, rng=0)
    >>> print(f"{result.apparent:.2f} {result.out_of_bag:.2f} {result.score:.2f}")
    1.00 0.96 0.97
    """

    score: float
    standard_error: float | None
    scores: FloatArray = field(repr=False)
    apparent: float
    out_of_bag: float
    no_information: float
    overfitting_rate: float
    weight: float
    method: str
    n_redrawn: int
    n_failed: int
    n_never_out_of_bag: int
    estimators: list[Estimator] | None = field(repr=False)

    def interval(self, confidence_level: float = 0.95) -> tuple[float, float]:
        """Return the score less and plus a normal quantile of standard errors.

        It says how far the score would move with other data of the same size. It does
        not know the bias of the estimate, nor the ends of the score's range.

        Parameters
        ----------
        confidence_level : float, default=0.95
            In (0, 1).

        Returns
        -------
        low, high : float
            Ends of the interval.

        Raises
        ------
        InvalidParameterError
            If `confidence_level` is not in (0, 1).
        ValueError
            If there is no standard error.
        """
        level: Any = confidence_level
        if not is_positive(level) or level >= 1:
            raise invalid_parameter(
                self, "confidence_level", level, "a float in the range (0.0, 1.0)"
            )
        if self.standard_error is None:
            raise ValueError(
                "No interval without a standard error: it needs a scheme that draws "
                "independent rows or groups with replacement, and a score that is a "
                "mean over rows or takes sample_weight, and no median. For a series, "
                "give stretches of rows as groups: groups=numpy.arange(n) // length."
            )
        reach = float(ndtri((1 + float(level)) / 2)) * self.standard_error
        return self.score - reach, self.score + reach


def bootstrap_score(
    estimator: Estimator,
    X: Table,
    y: ArrayLike,
    *,
    scoring: str | Callable[..., Any] | None = None,
    method: str = ".632+",
    scheme: BaseScheme | None = None,
    n_resamples: int | None = None,
    groups: ArrayLike | None = None,
    sample_weight: ArrayLike | None = None,
    params: dict[str, Any] | None = None,
    n_jobs: int | None = None,
    error_score: str | float = "raise",
    return_estimator: bool = False,
    rng: RandomState = None,
    verbose: int = 0,
) -> BootstrapScore:
    """Estimate the score of an estimator on new data by the bootstrap.

    Use it with few rows, where cross-validation varies much from one split to the
    next: in the simulations of [1]_ .632+ has the smallest error overall. With many
    rows, or an estimator that is slow to fit, k-fold cross-validation costs less and
    says the same. Not for choosing between many models: their best score is too good
    by any method.

    Parameters
    ----------
    estimator : estimator
        Is cloned. A ``random_state`` that is None is set from `rng` in every fit; one
        that you have set stays, as in ``cross_validate``.
    X : array-like, sparse matrix or DataFrame of shape (n_samples, n_features)
        Reaches the estimator as it is.
    y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        Targets.
    scoring : str, callable or None, default=None
        Name of a scorer, a scorer, or a loss ``loss(y_true, y_pred)`` that returns a
        number for each row (told by a first parameter whose name starts with "y").
        None takes the estimator's own ``score``. See Notes.
    method : {"oob", ".632", ".632+"}, default=".632+"
        "oob" is the leave-one-out bootstrap, too pessimistic since models see 63 % of
        the rows; ".632" weighs it with the apparent score, too optimistic for models
        that overfit; ".632+" lets the weight grow with overfitting.
    scheme : scheme or None, default=None
        Says which rows each replicate holds. None is ``Bootstrap()``, or
        ``GroupBootstrap()`` where groups are given. ``Bootstrap(stratify="y")`` keeps
        rare classes in every replicate; block schemes keep stretches of a series
        together and, with `gap`, apart from the rows tested on. No jackknife: its
        models lack one unit each, which ``cross_val_score(cv=Jackknife())`` scores.
    n_resamples : int or None, default=None
        Number of replicates, at least 2. None takes the scheme's, which is 100 unless
        it is told otherwise.
    groups : array-like of shape (n_samples,) or None, default=None
        Group of each row. Groups are in-bag or out-of-bag as wholes.
    sample_weight : array-like of shape (n_samples,) or None, default=None
        Weights of the rows, in the fits and in the score.
    params : dict or None, default=None
        Other parameters of the estimator's ``fit``; those with one entry a row follow
        the rows.
    n_jobs : int or None, default=None
        Workers. The numbers do not depend on it.
    error_score : "raise" or numpy.nan, default="raise"
        Whether a replicate that fails is an error or is left out, with a warning. A
        failure on all rows is always an error.
    return_estimator : bool, default=False
        Whether to keep the fitted estimators of the replicates.
    rng : int, RandomState, Generator or None, default=None
        Decides the draws. None takes the scheme's ``random_state``.
    verbose : int, default=0
        joblib's progress messages.

    Returns
    -------
    BootstrapScore
        The score, its standard error, and what it is made of.

    Raises
    ------
    ValueError
        If parameters and data do not fit together, a replicate cannot be drawn such
        that there is something to fit and to test on, or the score is not defined.
    InvalidParameterError
        If a parameter has a value that is not allowed.

    Warns
    -----
    UserWarning
        If rows are in-bag in every replicate, or the replicates are too few for the
        standard error.
    MemberFailedWarning
        If replicates failed and were left out.

    See Also
    --------
    compare_models : Whether one estimator is better than another.
    sklearn.model_selection.cross_validate : Takes a scheme as ``cv``.

    Notes
    -----
    *Scores that are means over rows* follow [1]_ to the letter, with each row's loss:
    accuracy, zero-one loss, balanced accuracy, log loss, the Brier score; squared,
    absolute, percentage, squared log error, pinball loss, the Tweedie deviances; R²,
    as the squared error in units of the variance of all of `y`; and losses you give.
    Scorers made of them by ``make_scorer`` are recognised. The no-information score is
    exact, the mean over all n² pairs of a target and a prediction (for a function of
    your own beyond 10,000 rows, over 10⁸ of them).

    *Any other score* (AUC, F1, the root of the squared error) is taken of each
    replicate's rows out-of-bag and averaged, as [2]_ does for the AUC. The
    no-information score is that of the pairs: of a classifier each prediction stands
    with each class, weighted with the class's share, which makes an AUC of 1/2; of a
    regressor all pairs, or 10⁶ of them.

    Where err1 exceeds gamma, gamma takes its place everywhere, so .632+ is never worse
    than no information. (Written as .632 plus a term in err1', as [1]_ does, .632 of
    an err1 beyond gamma would stay.)

    The standard error is the infinitesimal jackknife of section 5 of [1]_, with the
    noise of finitely many replicates taken off [3]_, and carried from "oob" to the
    other methods in proportion to the errors. Scores that are no mean are linearised:
    by row for an AUC of two classes and scores of up to ten labels, else roughly, by
    parts of the rows. Their standard error is that of "oob" for every method. With few
    replicates it is on the large side: a few hundred are well spent.

    References
    ----------
    .. [1] B. Efron, R. Tibshirani, "Improvements on cross-validation: the .632+
       bootstrap method", Journal of the American Statistical Association 92(438),
       548-560, 1997.
    .. [2] B. Sahiner, H.-P. Chan, L. Hadjiiski, "Classifier performance prediction for
       computer-aided diagnosis using a limited dataset", Medical Physics 35(4),
       1559-1570, 2008.
    .. [3] S. Wager, T. Hastie, B. Efron, "Confidence intervals for random forests: the
       jackknife and the infinitesimal jackknife", Journal of Machine Learning Research
       15, 1625-1651, 2014.

    Examples
    --------
    One nearest neighbour on labels that have nothing to do with the features. It fits
    its own rows perfectly; .632 believes a third of that, .632+ does not:

    >>> import numpy as np
    >>> from sklearn.neighbors import KNeighborsClassifier
    >>> from ensembles.inference import bootstrap_score
    >>> X = np.random.default_rng(0).normal(size=(200, 5))
    >>> y = np.arange(200) % 2
    >>> for method in ("oob", ".632", ".632+"):
    ...     result = bootstrap_score(
    ...         KNeighborsClassifier(1), X, y, method=method, rng=0
    ...     )
    ...     print(f"{method:5} {result.score:.2f} +- {result.standard_error:.2f}")
    oob   0.49 +- 0.04
    .632  0.68 +- 0.02
    .632+ 0.50 +- 0.04
    """
    check_choice(_ME, "method", method, {"oob", ".632", ".632+"})
    _check_error_score(error_score)
    check_bool(_ME, "return_estimator", return_estimator)
    check_n_jobs(_ME, n_jobs)
    check_verbose(_ME, verbose)
    sample = make_sample(_ME, (estimator,), X, y, sample_weight, params)
    measure = resolve_measure(_ME, estimator, scoring, sample)
    draws = draw(
        *resolve_scheme(_ME, scheme, n_resamples, groups, rng),
        sample,
        groups,
        Demands(
            None if not is_classifier(estimator) else classes_of(sample.y),
            measure.n_classes_outside,
            draws_all_rows=method != "oob",
        ),
    )
    measure = measure.over(draws)
    whole = fit_on_rows(estimator, sample, None, seed_of_fit(draws.entropy, None))
    apparent, unrelated = measure.whole(whole, sample)
    replicates = run_replicates(
        estimator,
        sample,
        measure,
        draws,
        keeps=return_estimator,
        raises=isinstance(error_score, str),
        n_jobs=n_jobs,
        verbose=verbose,
    )
    outside = measure.summary(replicates.draws, replicates.results)
    never = 0 if outside.per_row is None else int(np.isnan(outside.per_row).sum())
    _warn_of_rows_never_out(never, n_samples=sample.n_samples)
    overfitting = _overfitting_rate(apparent, outside.error, unrelated)
    weight = _weight(method, overfitting)
    seen = min(outside.error, unrelated) if method == ".632+" else outside.error
    error = (1 - weight) * apparent + weight * seen
    return BootstrapScore(
        score=float(measure.score(error)),
        standard_error=measure.score_error(error, outside),
        scores=np.asarray(measure.score(outside.per_replicate)),
        apparent=float(measure.score(apparent)),
        out_of_bag=float(measure.score(outside.error)),
        no_information=float(measure.score(unrelated)),
        overfitting_rate=overfitting,
        weight=weight,
        method=method,
        n_redrawn=draws.n_redrawn,
        n_failed=replicates.n_failed,
        n_never_out_of_bag=never,
        estimators=replicates.estimators,
    )


def _check_error_score(value: Any) -> None:
    """Raise unless a failing replicate is either to be raised or to be left out."""
    is_nan = isinstance(value, Real) and math.isnan(value)
    if not is_nan and not (isinstance(value, str) and value == "raise"):
        raise invalid_parameter(_ME, "error_score", value, "'raise' or numpy.nan")


def _overfitting_rate(apparent: float, outside: float, unrelated: float) -> float:
    """R: 0 where nothing is lost out-of-bag, 1 where everything is."""
    outside = min(outside, unrelated)
    if not outside > apparent:
        return 0.0
    return (outside - apparent) / (unrelated - apparent)


def _weight(method: str, overfitting: float) -> float:
    """What the error out-of-bag weighs."""
    if method == "oob":
        return 1.0
    if method == ".632":
        return _SHARE
    return _SHARE / (1 - (1 - _SHARE) * overfitting)


def _warn_of_rows_never_out(n_rows: int, n_samples: int) -> None:
    """Warn of rows that no replicate could be tested on."""
    if n_rows:
        warn_user(
            f"{n_rows} of {n_samples} rows are in-bag in every replicate (or within "
            "the gap) and do not count out-of-bag. Raise n_resamples; a stratum of one "
            "row is always in-bag."
        )
