"""What boosters on histograms promise: stages, weights, stopping, rows, errors."""

import pickle
import warnings
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest
from joblib import parallel_config
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.datasets import make_classification, make_friedman1
from sklearn.exceptions import NotFittedError
from sklearn.metrics import mean_pinball_loss
from sklearn.model_selection import (
    GridSearchCV,
    ShuffleSplit,
    TimeSeriesSplit,
    cross_val_score,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from ensembles import (
    Binner,
    HistBoostingClassifier,
    HistBoostingRegressor,
    RollingOrigin,
)
from ensembles.boosting._crew import Crew
from ensembles.boosting._newton import _grower
from ensembles.losses import HuberLoss, Loss, MultinomialLoss, SquaredError

LOSSES = {
    "squared_error": {},
    "absolute_error": {},
    "huber": {},
    "quantile": {"quantile": 0.7},
    "poisson": {},
    "gamma": {},
    "tweedie": {"power": 1.2},
}


def values(n=400, seed=0):
    X, y = make_friedman1(n, noise=1.0, random_state=seed)
    return X, np.abs(y) + 0.1


def classes(n=400, n_classes=3):
    return make_classification(
        n, 6, n_informative=4, n_redundant=0, n_classes=n_classes, random_state=0
    )


def regressor(**options):
    return HistBoostingRegressor(**{"max_iter": 15, "max_leaf_nodes": 8, **options})


def classifier(**options):
    return HistBoostingClassifier(**{"max_iter": 15, "max_leaf_nodes": 8, **options})


EVERY = [
    *((regressor(loss=loss, **options), values()) for loss, options in LOSSES.items()),
    (classifier(), classes(n_classes=2)),
    (classifier(), classes(n_classes=3)),
]
every_booster = pytest.mark.parametrize(
    ("booster", "data"), EVERY, ids=[f"{b.loss}-{i}" for i, (b, _) in enumerate(EVERY)]
)


def raw_of(booster, X):
    return booster._raw_predict(X)


@every_booster
def test_stages_end_in_predictions(booster, data):
    X, y = data
    booster = clone(booster).fit(X, y)
    kinds = ["predict"]
    if hasattr(booster, "predict_proba"):
        kinds += ["predict_proba", "decision_function"]
    for kind in kinds:
        stages = list(getattr(booster, f"staged_{kind}")(X))
        assert len(stages) == booster.n_iter_ == 15
        assert_array_equal(stages[-1], getattr(booster, kind)(X))


@every_booster
def test_stages_are_fits_of_fewer_rounds(booster, data):
    X, y = data
    fifth = list(clone(booster).fit(X, y).staged_predict(X))[4]
    few = clone(booster).set_params(max_iter=5).fit(X, y)
    assert_array_equal(fifth, few.predict(X))


@every_booster
def test_ten_rounds_and_five_more_are_fifteen(booster, data):
    X, y = data
    whole = clone(booster).set_params(subsample=0.7, random_state=3).fit(X, y)
    parts = clone(whole).set_params(max_iter=10, warm_start=True).fit(X, y)
    parts.set_params(max_iter=15).fit(X, y)
    assert_allclose(raw_of(parts, X), raw_of(whole, X), rtol=1e-12)


@every_booster
@pytest.mark.parametrize("sums", ["packed", "exact"])
def test_whole_weights_are_repeated_rows(booster, data, sums):
    X, y = data
    weights = np.random.default_rng(0).integers(0, 3, len(y))
    booster = clone(booster).set_params(min_samples_leaf=1, sums=sums, max_iter=5)
    weighted = clone(booster).fit(X, y, weights)
    repeated = clone(booster).fit(np.repeat(X, weights, 0), np.repeat(y, weights))
    # Medians between two rows are one of them, or their middle, by their number.
    if booster.loss not in ("absolute_error", "quantile", "huber"):
        assert_allclose(raw_of(weighted, X), raw_of(repeated, X), rtol=1e-9)
    left_out = clone(booster).fit(X[weights > 0], y[weights > 0], weights[weights > 0])
    assert_array_equal(raw_of(weighted, X), raw_of(left_out, X))


@every_booster
def test_the_order_of_rows_changes_no_bit(booster, data):
    X, y = data
    order = np.random.default_rng(0).permutation(len(y))
    one, other = clone(booster).fit(X, y), clone(booster).fit(X[order], y[order])
    assert_array_equal(raw_of(one, X), raw_of(other, X))


@every_booster
def test_numpy_alone_gives_the_same_bits(booster, data, by_numpy):
    X, y = data
    booster = clone(booster).set_params(subsample=0.8, random_state=0)
    compiled = raw_of(clone(booster).fit(X, y), X)
    plain = by_numpy(lambda: raw_of(clone(booster).fit(X, y), X))
    assert_array_equal(plain, compiled)


@every_booster
def test_pickles_predict_the_same_and_are_as_small_after_predicting(booster, data):
    X, y = data
    booster = clone(booster).fit(X, y)
    before = pickle.dumps(booster)
    expected = booster.predict(X)
    assert len(pickle.dumps(booster)) == len(before)
    assert_array_equal(pickle.loads(before).predict(X), expected)


@every_booster
def test_the_user_s_data_and_parameters_stay_as_they_were(booster, data):
    X, y = (one.copy() for one in data)
    weights = np.linspace(0.0, 2.0, len(y))
    copies = X.copy(), y.copy(), weights.copy()
    booster = clone(booster).set_params(early_stopping=True, random_state=0)
    params = repr(booster.get_params())
    np.random.seed(3)  # noqa: NPY002, TID251 - the global state is what is watched
    state = np.random.get_state()[1].copy()  # noqa: NPY002
    booster.fit(X, y, weights).predict(X)
    assert_array_equal(np.random.get_state()[1], state)  # noqa: NPY002
    assert repr(booster.get_params()) == params
    for one, copy in zip((X, y, weights), copies, strict=True):
        assert_array_equal(one, copy)


@pytest.mark.parametrize("sums", ["packed", "exact"])
def test_rows_of_small_weight_count_little(sums):
    X, y = values(200)
    noisy, doubled = np.r_[y, np.full(100, 1e3)], np.r_[X, X[:100]]
    weights = np.r_[np.ones(200), np.full(100, 1e-9)]
    booster = regressor(min_samples_leaf=1, sums=sums)
    without = clone(booster).fit(X, y).predict(X)
    assert_allclose(booster.fit(doubled, noisy, weights).predict(X), without, atol=1e-3)


def test_codes_take_the_place_of_a_table():
    X, y = values()
    binned = Binner().fit(X).bin(X)
    on_codes, on_values = regressor().fit(binned, y), regressor().fit(X, y)
    assert_array_equal(on_codes.predict(binned), on_values.predict(X))
    assert_array_equal(on_codes.predict(X), on_values.predict(X))
    stopped = regressor(early_stopping=True, random_state=0).fit(binned, y)
    assert len(stopped.validation_score_) == stopped.n_iter_ + 1
    assert cross_val_score(regressor(), binned, y, cv=3).min() > 0.5


def test_it_works_inside_searches_and_pipelines():
    X, y = classes()
    frame = pd.DataFrame(X).add_prefix("x")
    pipe = make_pipeline(StandardScaler(), classifier()).set_output(transform="pandas")
    grid = {"histboostingclassifier__learning_rate": [0.1, 0.5]}
    search = GridSearchCV(pipe, grid, cv=2).fit(frame, y)
    assert search.best_score_ > 0.6


def test_importances_are_large_for_features_that_matter():
    X, y = values(1000)
    importances = regressor(max_iter=50).fit(X, y).feature_importances_
    assert importances.shape == (10,)
    assert importances.sum() == pytest.approx(1.0)
    assert importances[:5].min() > 3.0 * importances[5:].max()
    constant = regressor().fit(X, np.ones(1000))
    assert_array_equal(constant.feature_importances_, np.zeros(10))


@pytest.mark.parametrize("loss", ["squared_error", "absolute_error", "poisson"])
def test_several_targets_have_the_trees_of_each(loss):
    X, y = values()
    both = np.column_stack([y, y[::-1]])
    booster = regressor(loss=loss).fit(X, both)
    for k in range(2):
        alone = regressor(loss=loss).fit(X, both[:, k])
        assert_allclose(booster.predict(X)[:, k], alone.predict(X), rtol=1e-12)
    assert booster.n_trees_per_iteration_ == 2
    stopped = regressor(loss=loss, early_stopping=True, max_iter=40).fit(X, both)
    assert stopped.predict(X).shape == both.shape


class Logarithmic(Loss):
    """A loss of the user's: squared error of logarithms."""

    def value(self, y, raw):
        return (raw - np.log(y)) ** 2 / 2.0

    def gradient_hessian(self, y, raw, gradient, hessian):
        gradient[:], hessian[:] = raw - np.log(y), 1.0

    def initial_value(self, y, sample_weight):
        return np.average(np.log(y), weights=sample_weight)

    def prediction(self, raw):
        return np.exp(raw)

    def check_target(self, y):
        if (y <= 0.0).any():
            raise ValueError("targets must be positive")


def test_a_loss_of_the_user_s_is_boosted_for():
    X, y = values()
    own = regressor(loss=Logarithmic()).fit(X, y)
    of_logs = regressor(min_samples_leaf=20).fit(X, np.log(y))
    assert_allclose(own.predict(X), np.exp(of_logs.predict(X)), rtol=1e-3)
    with pytest.raises(ValueError, match="targets must be positive"):
        regressor(loss=Logarithmic()).fit(X, y - y.max())
    by_name, as_object = regressor(), regressor(loss=SquaredError())
    assert_array_equal(by_name.fit(X, y).predict(X), as_object.fit(X, y).predict(X))


@pytest.mark.parametrize("quantile", [0.1, 0.5, 0.9])
def test_quantiles_beat_the_best_constant(quantile):
    X, y = values(2000)
    X, X_test, y, y_test = X[:1000], X[1000:], y[:1000], y[1000:]
    booster = regressor(loss="quantile", quantile=quantile, max_iter=60).fit(X, y)
    constant = np.full(1000, np.quantile(y, quantile))
    ours, theirs = (
        mean_pinball_loss(y_test, predicted, alpha=quantile)
        for predicted in (booster.predict(X_test), constant)
    )
    assert ours < 0.6 * theirs


@pytest.mark.parametrize("loss", ["absolute_error", "quantile", "squared_error"])
def test_predictions_rise_where_they_must(loss):
    rng = np.random.default_rng(0)
    X = rng.random((600, 2))
    y = X[:, 0] + np.sin(9 * X[:, 0]) + X[:, 1] + 0.2 * rng.normal(size=600)
    options = {"quantile": 0.8} if loss == "quantile" else {}
    booster = regressor(loss=loss, monotonic_cst=[1, 0], max_iter=40, **options)
    booster.fit(X, y)
    grid = np.linspace(0, 1, 200)
    for other in 0.1, 0.5, 0.9:
        line = np.column_stack([grid, np.full(200, other)])
        assert np.diff(booster.predict(line)).min() >= 0.0


@pytest.mark.parametrize(
    "options", [{"subsample": 0.5}, {"one_side_sampling": (0.2, 0.2)}]
)
def test_rounds_on_some_rows_predict_nearly_as_well(options):
    X, y = values(3000)
    X, X_test, y, y_test = X[:1500], X[1500:], y[:1500], y[1500:]
    whole = regressor(max_iter=80).fit(X, y).score(X_test, y_test)
    booster = regressor(max_iter=80, random_state=0, **options)
    assert booster.fit(X, y).score(X_test, y_test) > whole - 0.02
    other = clone(booster).set_params(random_state=1).fit(X, y)
    assert (other.predict(X) != booster.predict(X)).any()
    again = clone(booster).fit(X, y)
    assert_array_equal(again.predict(X), booster.predict(X))


def test_draws_of_rows_are_fair():
    """16 of 40 rows, 4,000 times; false alarms once in 10,000 (chi-squared)."""
    from ensembles.boosting._sampling import SomeRows

    drawn = np.zeros(40)
    for key in range(4000):
        rows, factors = SomeRows(0.4).draw(key, np.zeros((1, 40)))
        assert len(rows) == 16
        assert factors is None
        drawn[rows] += 1
    # Counts add up to a constant, which leaves 39 degrees of freedom.
    statistic = ((drawn - 1600) ** 2 / (4000 * 0.4 * 0.6)).sum() * 39 / 40
    assert statistic < 83.0


def test_rows_that_count_for_others_still_fill_leaves():
    X, y = values(1000)
    booster = regressor(one_side_sampling=(0.2, 0.1), max_leaf_nodes=None)
    booster.set_params(min_samples_leaf=30, random_state=0).fit(X, y)
    for (tree,) in booster.trees_:
        assert tree.n_node_samples.min() >= 30


def test_one_sided_samples_weigh_what_was_left_out():
    from ensembles.boosting._sampling import OneSided

    gradient = np.arange(1.0, 101.0)[None]
    rows, factors = OneSided(0.2, 0.1).draw(5, gradient)
    assert len(rows) == 30
    assert_array_equal(rows, np.sort(rows))
    assert set(range(80, 100)) <= set(rows.tolist())
    assert_array_equal(factors, np.where(rows < 80, 8.0, 1.0))
    assert OneSided(0.5, 0.5).draw(5, gradient) == (None, None)


def test_heavy_tails_cost_no_accuracy():
    """Cauchy noise in a few rows: the other rows are learned all the same."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(4000, 3))
    y = np.where(X[:, 0] > 0, 1.0, -1.0)
    y[:20] += 1e7 * rng.standard_cauchy(20)
    scores = []
    for sums in "auto", "exact":
        predicted = regressor(sums=sums, min_samples_leaf=50).fit(X, y).predict(X)
        scores.append(np.corrcoef(predicted[20:], y[20:])[0, 1])
    assert scores[0] == pytest.approx(scores[1], abs=1e-3)


@dataclass
class Ends:
    """A splitter whose splits grow, like those of time."""

    parts: tuple

    def split(self, X, y=None, groups=None):
        n = len(y)
        for part in self.parts:
            yield np.arange(part), np.arange(part, n)


def test_of_a_splitter_the_last_split_tells_when_to_stop():
    X, y = values(600)
    by_splitter = regressor(early_stopping=Ends((100, 450)), max_iter=300).fit(X, y)
    given = regressor(early_stopping=True, max_iter=300)
    given.fit(X[:450], y[:450], X_val=X[450:], y_val=y[450:])
    assert by_splitter.n_iter_ == given.n_iter_ < 300
    assert_array_equal(by_splitter.predict(X), given.predict(X))


@pytest.mark.parametrize(
    "splitter",
    [
        TimeSeriesSplit(3),
        ShuffleSplit(1, random_state=0),
        RollingOrigin(3, horizon=50),
    ],
    ids=repr,
)
def test_any_splitter_tells_when_to_stop(splitter):
    X, y = values(600)
    booster = regressor(early_stopping=splitter, max_iter=300).fit(X, y)
    assert booster.do_early_stopping_
    assert booster.n_iter_ < 300
    assert len(booster.validation_score_) == booster.n_iter_ + 1


@pytest.mark.parametrize("scoring", ["loss", None, "neg_mean_absolute_error", "own"])
@pytest.mark.parametrize("fraction", [0.2, 60, None])
def test_scores_are_those_of_the_stages(scoring, fraction):
    X, y = values()
    asked = []

    def own(booster, X, y):
        asked.append(np.shape(X)[1])
        return -np.abs(booster.predict(X) - y).max()

    booster = regressor(
        early_stopping=True,
        scoring=own if scoring == "own" else scoring,
        validation_fraction=fraction,
        random_state=0,
    ).fit(X, y)
    assert len(booster.train_score_) == booster.n_iter_ + 1
    n_scores = 0 if fraction is None else booster.n_iter_ + 1
    assert len(booster.validation_score_) == n_scores
    assert set(asked) == ({10} if scoring == "own" else set())
    if fraction is None and scoring == "loss":
        stages = [np.full(400, y.mean()), *booster.staged_predict(X)]
        losses = [-np.mean((stage - y) ** 2) / 2.0 for stage in stages]
        assert_allclose(booster.train_score_, losses)
    if fraction is None and scoring is None:
        assert booster.train_score_[-1] == pytest.approx(booster.score(X, y))


def test_a_warm_start_goes_on_stopping():
    X, y = values()
    booster = regressor(
        early_stopping=True, warm_start=True, random_state=0, max_iter=5
    )
    booster.fit(X, y).set_params(max_iter=12).fit(X, y)
    once = clone(booster).set_params(warm_start=False).fit(X, y)
    assert_allclose(booster.validation_score_, once.validation_score_, rtol=1e-9)
    with pytest.raises(ValueError, match="must be larger than or equal to"):
        booster.set_params(max_iter=3).fit(X, y)


@pytest.mark.parametrize(
    ("scores", "tol", "stops"),
    [
        ([1.0, 1.0, 1.0], 0.0, False),  # too few
        ([1.0, 1.0, 1.0, 1.0], 0.0, True),
        ([1.0, 1.5, 0.0, 0.0], 0.0, False),  # the best of the last three counts
        ([1.0, 1.5, 0.0, 0.0, 0.0], 0.0, True),
        ([1.0, 0.0, 0.0, 1.1], 0.0, False),
        ([1.0, 0.0, 0.0, 1.1], 0.2, True),
    ],
)
def test_three_scores_no_better_than_the_one_before_end_it(scores, tol, stops):
    assert regressor(n_iter_no_change=3, tol=tol)._should_stop(scores) == stops


def test_few_rows_do_not_stop_early_and_many_do():
    X, y = values(200)
    assert not regressor(max_iter=2).fit(X, y).do_early_stopping_
    X, y = np.resize(X, (10_001, 10)), np.resize(y, 10_001)
    assert regressor(max_iter=2).fit(X, y).do_early_stopping_


def test_a_warm_start_needs_the_same_targets():
    X, y = values()
    booster = classifier(warm_start=True).fit(X, y > 10.0).set_params(max_iter=20)
    with pytest.raises(ValueError, match=r"y has classes .* not fitted to"):
        booster.fit(X, np.digitize(y, [5.0, 10.0]))
    other = regressor(warm_start=True).fit(X, y).set_params(max_iter=20)
    with pytest.raises(ValueError, match=r"y has 2 targets .* fitted to 1"):
        other.fit(X, np.column_stack([y, y]))


def test_codes_of_other_bins_are_refused():
    X, y = values()
    binned, other = (Binner(bins).fit(X).bin(X) for bins in (255, 20))
    booster = regressor(warm_start=True).fit(binned, y)
    for wrong in other, binned[:, :1]:
        with pytest.raises(ValueError, match="made by another Binner"):
            booster.predict(wrong)
    with pytest.raises(ValueError, match="made by another Binner"):
        booster.set_params(max_iter=20).fit(other, y)
    same = pickle.loads(pickle.dumps(binned))
    assert_array_equal(booster.predict(same), booster.predict(X))


def test_hessians_near_zero_leave_predictions_finite():
    rng = np.random.default_rng(0)
    X = rng.random((30_000, 2))
    y = rng.random(30_000) < np.where(X[:, 0] < 0.5, 0.5, 1e-4)
    booster = HistBoostingClassifier(
        learning_rate=0.5, max_iter=60, early_stopping=False, sums="packed"
    )
    assert np.isfinite(booster.fit(X, y).decision_function(X)).all()


@pytest.mark.parametrize("sums", ["packed", "exact"])
def test_large_weights_are_only_a_scale(sums):
    X, y = values()
    booster = regressor(sums=sums, subsample=0.5, random_state=0)
    expected = clone(booster).fit(X, y).predict(X)
    heavy = clone(booster).fit(X, y, np.full(400, 3e9)).predict(X)
    assert_allclose(heavy, expected, rtol=1e-6)
    one_heavy = np.ones(400)
    one_heavy[0] = 20_000.0  # some rounds do not draw it
    assert np.isfinite(clone(booster).fit(X, y, one_heavy).predict(X)).all()


def test_infinities_are_values_like_others():
    X = np.array([-np.inf, -1.0, 0.0, 1.0, np.inf, np.nan] * 20)[:, None]
    y = np.array([0.0, 1.0, 2.0, 3.0, 4.0, 9.0] * 20)
    booster = regressor(min_samples_leaf=1, learning_rate=1.0).fit(X, y)
    assert_allclose(booster.predict(X), y, atol=1e-6)


def test_words_are_categories_and_unknown_ones_are_missing():
    rng = np.random.default_rng(0)
    X = pd.DataFrame({"word": rng.choice(list("abcdef"), 300), "x": rng.random(300)})
    y = X["word"].isin(["b", "e"]) + 0.0
    booster = regressor(max_leaf_nodes=2, learning_rate=1.0).fit(X, y)
    assert booster.is_categorical_.tolist() == [True, False]
    assert_allclose(booster.predict(X), y, atol=1e-9)
    unknown = pd.DataFrame({"word": ["z", None], "x": [0.5, 0.5]})
    assert_allclose(booster.predict(unknown), [0.0, 0.0], atol=1e-9)


def test_smoothing_keeps_categories_without_effect_out():
    rng = np.random.default_rng(0)
    X = np.column_stack([rng.integers(0, 60, 2000), rng.normal(size=2000)])
    y = X[:, 1] + rng.normal(size=2000)
    share = [
        regressor(categorical_features=[0], categorical_smoothing=rows)
        .fit(X, y)
        .feature_importances_[0]
        for rows in (0.0, 100.0)
    ]
    assert share[1] < 0.02 < share[0]


def test_a_column_without_values_is_warned_of_and_left_out():
    X, y = values()
    X[:, 3] = np.nan
    with pytest.warns(UserWarning, match="Features without any value .* at index 3"):
        booster = regressor().fit(X, y)
    assert booster.feature_importances_[3] == 0.0


def test_lines_tell_how_far_it_is(capsys):
    X, y = values()
    regressor(max_iter=2).fit(X, y)
    assert capsys.readouterr().out == ""
    regressor(verbose=1, max_iter=2).fit(X, y)
    assert capsys.readouterr().out.count("\n") == 1
    regressor(verbose=2, max_iter=3, early_stopping=True).fit(X, y)
    written = capsys.readouterr().out
    assert "round 3 of 3" in written
    assert "validation score" in written


ERRORS = [
    ({"loss": "cubic"}, "The 'loss' parameter .* Got 'cubic' instead. Or pass a Loss"),
    ({"loss": "quantile"}, "'quantile' parameter .* where loss='quantile'"),
    ({"loss": "quantile", "quantile": 1.5}, "'quantile' parameter"),
    ({"loss": "huber", "alpha": 0.0}, "'alpha' parameter"),
    ({"n_jobs": "two"}, "'n_jobs' parameter .* None or an instance of 'int'"),
    ({"loss": "tweedie", "power": "high"}, "power"),
    ({"learning_rate": 0.0}, r"'learning_rate' parameter .* \(0.0, inf\)"),
    ({"max_iter": 0}, "'max_iter' parameter"),
    ({"max_leaf_nodes": 1}, "'max_leaf_nodes' parameter"),
    ({"max_depth": 0}, "'max_depth' parameter"),
    ({"min_samples_leaf": 0}, "'min_samples_leaf' parameter"),
    ({"l2_regularization": -1.0}, "'l2_regularization' parameter"),
    ({"categorical_smoothing": -1.0}, "'categorical_smoothing' parameter"),
    ({"max_features": 0.0}, "'max_features' parameter"),
    ({"max_bins": 256}, "'max_bins' parameter"),
    ({"warm_start": "yes"}, "'warm_start' parameter"),
    ({"early_stopping": "soon"}, "'early_stopping' parameter .* splitter"),
    ({"scoring": 3}, "'scoring' parameter"),
    ({"validation_fraction": 1.0}, "'validation_fraction' parameter"),
    ({"n_iter_no_change": 0}, "'n_iter_no_change' parameter"),
    ({"tol": -1.0}, "'tol' parameter"),
    ({"verbose": -1}, "'verbose' parameter"),
    ({"subsample": 0.0}, "'subsample' parameter"),
    ({"one_side_sampling": 0.2}, "'one_side_sampling' parameter"),
    ({"one_side_sampling": (0.8, 0.4)}, "add up to at most 1"),
    ({"one_side_sampling": (0.2, 0.1), "subsample": 0.5}, "Both draw rows"),
    ({"sums": "float"}, "'sums' parameter"),
    ({"categorical_features": [10]}, "categorical_features .* must be in"),
    ({"monotonic_cst": [1, 1]}, r"monotonic_cst has shape \(2,\)"),
    ({"monotonic_cst": [2] * 10}, "must be an array-like of -1, 0 or 1"),
    ({"monotonic_cst": {"a": 1}}, "was not fitted on data with feature names"),
    ({"interaction_cst": [1, 2]}, "Interaction constraints must be a sequence"),
    ({"interaction_cst": [[10]]}, "Interaction constraints must consist of"),
    (
        {"categorical_features": [0], "monotonic_cst": [1] + [0] * 9},
        "Categorical features cannot have monotonic",
    ),
    ({"early_stopping": Ends((400,))}, "leaves no row to tell when to stop"),
    ({"early_stopping": Ends((0,))}, "leaves no row to learn from"),
    ({"early_stopping": Ends(())}, "leaves no row to learn from"),
    ({"early_stopping": True, "validation_fraction": 400}, "test_size=400"),
]


@pytest.mark.parametrize(("options", "message"), ERRORS, ids=lambda x: str(x)[:40])
def test_wrong_parameters_are_named_before_a_round(options, message):
    X, y = values()
    X[:, 0] = np.arange(400) // 10
    booster = regressor(**options)
    with pytest.raises(ValueError, match=message):
        booster.fit(X, y)
    assert not hasattr(booster, "_predictors")


@pytest.mark.parametrize(
    ("loss", "y", "message"),
    [
        ("poisson", -1.0, "loss='poisson' requires non-negative y"),
        ("gamma", 0.0, "loss='gamma' requires strictly positive y"),
        ("tweedie", -1.0, "loss='tweedie' of power 1.5 requires"),
        ("squared_error", np.nan, "Input y contains NaN"),
        ("squared_error", np.inf, "Input y contains infinity"),
    ],
)
def test_targets_out_of_range_are_named_before_a_round(loss, y, message):
    X, target = values()
    target[7] = y
    booster = regressor(loss=loss)
    with pytest.raises(ValueError, match=message):
        booster.fit(X, target)
    assert not hasattr(booster, "_predictors")


def test_validation_rows_must_be_like_training_rows():
    X, y = classes()
    fit = classifier(early_stopping=True).fit
    with pytest.raises(ValueError, match="X has 5 features, but"):
        fit(X, y, X_val=X[:50, :5], y_val=y[:50])
    with pytest.raises(ValueError, match=r"y_val has classes .* not fitted to: \[7\]"):
        fit(X, y, X_val=X[:50], y_val=np.full(50, 7))
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        fit(X, y, X_val=X[:50], y_val=y[:40])
    with pytest.raises(ValueError, match="y_val was not provided"):
        fit(X, y, X_val=X[:50])
    with pytest.raises(ValueError, match="X_val was not provided"):
        fit(X, y, y_val=y[:50])
    with pytest.raises(ValueError, match="early_stopping is False"):
        classifier(early_stopping=False).fit(X, y, X_val=X[:50], y_val=y[:50])
    frame = pd.DataFrame(X).add_prefix("x")
    with pytest.raises(ValueError, match="feature names"):
        fit(frame, y, X_val=frame.add_suffix("_")[:50], y_val=y[:50])
    targets = np.column_stack([y, y])
    with pytest.raises(ValueError, match="y_val has 1 targets"):
        regressor().fit(X, targets, X_val=X[:50], y_val=y[:50])


def test_targets_of_validation_rows_are_in_range_too():
    X, y = values()
    booster = regressor(loss="poisson", early_stopping=True)
    with pytest.raises(ValueError, match="requires non-negative y"):
        booster.fit(X, y, X_val=X, y_val=-y)
    with pytest.raises(ValueError, match="sample_weight_val is provided"):
        booster.fit(X, y, sample_weight_val=np.ones(400))


def test_numpy_s_false_is_false():
    X, y = values()
    assert not regressor(early_stopping=np.False_).fit(X, y).do_early_stopping_


def test_classes_and_losses_must_fit():
    X, y = classes()
    with pytest.raises(ValueError, match=r"3 raw predictions .* a value needs one"):
        regressor(loss=MultinomialLoss(3)).fit(X, y)
    own = classifier(loss=SquaredError()).fit(X, y > 0)
    assert own.score(X, y > 0) > 0.8
    with pytest.raises(ValueError, match="zero for every row"):
        classifier(class_weight={0: 0.0, 1: 0.0, 2: 0.0}).fit(X, y)
    with pytest.raises(ValueError, match=r"has 1 raw predictions .* 3 classes need 3"):
        classifier(loss=HuberLoss()).fit(X, y)
    with pytest.raises(ValueError, match="not supported for multiclass"):
        classifier(monotonic_cst=[1] * 6).fit(X, y)
    with pytest.raises(ValueError, match="requires y to be passed"):
        classifier().fit(X, None)
    with pytest.raises(ValueError, match="Unknown label type"):
        classifier().fit(X, X[:, 0])
    many = pd.DataFrame({"word": [f"w{i % 40}" for i in range(400)]})
    with pytest.raises(ValueError, match="'word' is expected to have a cardinality <="):
        classifier(max_bins=16).fit(many, y)


def test_what_is_not_fitted_predicts_nothing():
    X, _ = values()
    for ask in regressor().predict, lambda X: next(regressor().staged_predict(X)):
        with pytest.raises(NotFittedError):
            ask(X)


def test_rates_too_large_end_in_one_sentence():
    X, y = values()
    booster = regressor(learning_rate=1e200)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        with pytest.raises(ValueError, match=r"not finite in round .* learning_rate"):
            booster.fit(X, y)
        with pytest.raises(ValueError, match="in round 1: targets, weights or"):
            regressor().fit(X, 1e160 * y)


def test_labels_of_any_kind_come_back():
    X, y = classes()
    words = np.array(["no", "yes", "maybe"])[y]
    booster = classifier(class_weight="balanced").fit(X, words)
    assert booster.classes_.tolist() == ["maybe", "no", "yes"]
    assert set(booster.predict(X)) <= set(words)
    assert_allclose(booster.predict_proba(X).sum(axis=1), 1.0)
    one = classifier().fit(X, np.full(400, "only"))
    assert_array_equal(one.predict(X), np.full(400, "only"))


@pytest.mark.parametrize("n_jobs", [2, 3, -1])
@pytest.mark.parametrize("kind", ["binary", "classes", "targets", "wide", "sampled"])
def test_the_bits_do_not_depend_on_the_number_of_threads(kind, n_jobs, monkeypatch):
    # So that threads share the histograms and sums of few rows too.
    monkeypatch.setattr(_grower, "_WORTH_THREADS", 300)
    monkeypatch.setattr(_grower, "_WORTH_SHARING_ROWS", 50)
    rng = np.random.default_rng(0)
    X = rng.normal(size=(700, 7))
    X[rng.random(X.shape) < 0.1] = np.nan
    X[:, 6] = rng.integers(0, 9, len(X))
    score = np.nan_to_num(X[:, 0] * X[:, 1] + X[:, 2]) + rng.normal(size=len(X))
    options = {"max_iter": 6, "categorical_features": [6], "random_state": 0}
    if kind == "targets":
        booster = HistBoostingRegressor(**options)
        y = np.column_stack([score, -score, score**2])
    elif kind == "sampled":
        booster = HistBoostingRegressor("absolute_error", subsample=0.6, **options)
        y = score
    else:
        sums = "exact" if kind == "wide" else "auto"
        booster = HistBoostingClassifier(sums=sums, **options)
        n_classes = 5 if kind == "classes" else 2
        y = np.digitize(score, np.quantile(score, np.arange(1, n_classes) / n_classes))
    one = clone(booster).fit(X, y)
    several = clone(booster).set_params(n_jobs=n_jobs).fit(X, y)
    predict = "predict_proba" if hasattr(booster, "predict_proba") else "predict"
    assert_array_equal(getattr(several, predict)(X), getattr(one, predict)(X))
    for ours, theirs in zip(several._predictors, one._predictors, strict=True):
        for tree, other in zip(ours, theirs, strict=True):
            assert_array_equal(tree.words, other.words)


def test_threads_of_a_context_are_taken():
    X, y = make_friedman1(300, random_state=0)
    y = np.digitize(y, [10, 15])
    with parallel_config("threading", n_jobs=2):
        several = HistBoostingClassifier(max_iter=3).fit(X, y)
    one = HistBoostingClassifier(max_iter=3).fit(X, y)
    assert_array_equal(several.predict_proba(X), one.predict_proba(X))


def test_what_a_thread_raises_is_raised():
    def fail(number):
        if number == 1:
            raise ValueError("no luck")
        return number

    with Crew(3) as crew:
        assert crew.run(fail, [(0,), (2,), (3,)]) == [0, 2, 3]
        with pytest.raises(ValueError, match="no luck"):
            crew.run(fail, [(0,), (1,), (2,)])
        with pytest.raises(ValueError, match="no luck"):
            crew.run(fail, [(1,), (0,), (2,)])
        assert crew.shares(2) == [(0, 1), (1, 2)]
        assert crew.shares(10) == [(0, 3), (3, 6), (6, 10)]
    assert crew.run(fail, [(5,)]) == [5]
