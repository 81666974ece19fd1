"""What guarded folds say against shuffled ones, where the truth is known.

Meyer et al. (Environmental Modelling & Software 101, 2018) and many after them report
the like from real data. The last test is the control: folds that know nothing of time
are right about a well-specified autoregression (C. Bergmeir, R. J. Hyndman, B. Koo,
Computational Statistics & Data Analysis 120, 70-83, 2018).
"""

import numpy as np
import pytest
from scipy.signal import lfilter
from sklearn.linear_model import LinearRegression
from sklearn.model_selection import KFold, cross_val_score
from sklearn.neighbors import KNeighborsRegressor

from ensembles.model_selection import (
    CombinatorialPurgedKFold,
    Guarded,
    HVBlock,
    PurgedKFold,
    RollingOrigin,
)


def shuffled(seed):
    return KFold(5, shuffle=True, random_state=seed)


def mean_scores(cv_of, data_of, n_seeds, **how):
    """Mean over seeds of the mean score of five neighbours."""
    scores = []
    for seed in range(n_seeds):
        X, y = data_of(np.random.default_rng(seed))
        model = KNeighborsRegressor(5)
        scores.append(cross_val_score(model, X, y, cv=cv_of(seed), **how).mean())
    return np.mean(scores)


def overlapping_labels(rng, n=1500, length=20):
    """Means of the noise to come, against the clock: nothing can be foretold."""
    noise = rng.normal(size=n + length)
    cumulated = np.concatenate([[0], np.cumsum(noise)])
    means = (cumulated[length + 1 :] - cumulated[1:-length]) / length
    return np.arange(n, dtype=float)[:, None], means[:n]


def two_slow_series(rng, n=2000):
    """Autoregressions of coefficient .99 that have nothing to do with each other."""
    series = lfilter([1], [1, -0.99], rng.normal(size=(6, n)))
    return series[:5].T, series[5]


GUARDED = {
    "purged": lambda seed: PurgedKFold(5, purge=20),
    "combinatorial": lambda seed: CombinatorialPurgedKFold(6, 2, purge=20),
    "rolling": lambda seed: RollingOrigin(5, gap=20),
    "guarded": lambda seed: Guarded(KFold(5), purge=20),
    "hv-block": lambda seed: HVBlock(v=50, h=20),
}


def test_shuffled_folds_foretell_noise_with_overlapping_labels():
    assert mean_scores(shuffled, overlapping_labels, 5) > 0.8


@pytest.mark.parametrize("name", GUARDED)
def test_guarded_folds_do_not(name):
    assert mean_scores(GUARDED[name], overlapping_labels, 5) < 0.1


def test_a_guard_leaves_nothing_where_every_fifth_row_is_tested():
    X, y = overlapping_labels(np.random.default_rng(0))
    with pytest.raises(ValueError, match="Fold 0 has no training rows"):
        next(Guarded(shuffled(0), purge=40).split(X, y))


def test_shuffled_folds_relate_series_that_have_nothing_in_common():
    assert mean_scores(shuffled, two_slow_series, 10) > 0.8


@pytest.mark.parametrize(
    "cv", [PurgedKFold(5), RollingOrigin(5, gap=100)], ids=["blocks", "rolling"]
)
def test_folds_in_time_do_not_relate_them(cv):
    assert mean_scores(lambda seed: cv, two_slow_series, 10) < 0.1


def wave_and_dependent_noise(rng, n=400):
    t = np.arange(n) / n
    noise = lfilter([1], [1, -0.8], 0.3 * rng.normal(size=n))
    truth = np.sin(4 * np.pi * t)
    return t[:, None], truth + noise, truth


def errors_by_k(X, y, train, test):
    """Squared errors of test rows by the first 1, 2, ... 89 neighbours."""
    near = KNeighborsRegressor(89).fit(X[train], y[train])
    values = y[train][near.kneighbors(X[test], return_distance=False)]
    means = np.cumsum(values, axis=1) / np.arange(1, 90)
    return (means - y[test][:, None]) ** 2


def risk_of_the_choice(cv_of, n_seeds=20):
    """Mean squared error around the truth of the number of neighbours chosen."""
    risks = []
    for seed in range(n_seeds):
        X, y, truth = wave_and_dependent_noise(np.random.default_rng(seed))
        folds = cv_of(seed).split(X)
        errors = np.mean([errors_by_k(X, y, *fold).mean(axis=0) for fold in folds], 0)
        model = KNeighborsRegressor(int(errors.argmin()) + 1).fit(X, y)
        risks.append(np.mean((model.predict(X) - truth) ** 2))
    return np.mean(risks)


MSE = "neg_mean_squared_error"


@pytest.mark.slow
def test_a_guard_chooses_smoother_fits_of_dependent_noise():
    """Shuffled folds choose to follow the noise."""
    with_guard = risk_of_the_choice(lambda seed: HVBlock(v=2, h=10))
    assert with_guard < 0.6 * risk_of_the_choice(shuffled)


def autoregression_of_two(rng, n=500):
    """Five lags of a series that two of them determine, with noise of variance 1."""
    y = lfilter([1], [1, -0.5, 0.3], rng.normal(size=n + 105))[100:]
    return np.column_stack([y[5 - k : -k] for k in range(1, 6)]), y[5:]


def test_shuffled_folds_are_right_about_a_well_specified_autoregression():
    """The control. Truth is the error on a long series not seen; 50 seeds.

    Errors of folds are off by about .046 a seed, by .007 in the mean of 50, so five
    standard errors are .033.
    """
    off = []
    for seed in range(50):
        rng = np.random.default_rng(seed)
        X, y = autoregression_of_two(rng)
        X_new, y_new = autoregression_of_two(rng, 20_000)
        model = LinearRegression()
        truth = np.mean((model.fit(X, y).predict(X_new) - y_new) ** 2)
        cv = {"shuffled": shuffled(seed), "blocks": PurgedKFold(5)}
        off.append(
            [
                -cross_val_score(model, X, y, cv=one, scoring=MSE).mean() - truth
                for one in cv.values()
            ]
        )
    assert (np.abs(np.mean(off, axis=0)) < 0.033).all()
