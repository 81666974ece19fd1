"""Displays of replicates, stages, uncertainty and reliability, by what they draw."""

from types import SimpleNamespace

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.stats import binom
from sklearn.base import clone
from sklearn.calibration import calibration_curve
from sklearn.datasets import make_classification, make_regression
from sklearn.ensemble import GradientBoostingClassifier
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import accuracy_score, log_loss, mean_squared_error, r2_score
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

from ensembles import (
    AdaBoostRegressor,
    BaggingClassifier,
    BaggingRegressor,
    HistBoostingClassifier,
    UntilSettled,
    VotingClassifier,
)
from ensembles.exceptions import InvalidParameterError
from ensembles.inference import bootstrap
from ensembles.inspection import (
    BootstrapDisplay,
    ReliabilityDisplay,
    StagedScoreDisplay,
    UncertaintyDisplay,
)

matplotlib = pytest.importorskip("matplotlib")
matplotlib.use("agg")

X, Y = make_classification(240, n_informative=4, random_state=0)
VALUES = make_regression(240, 6, noise=20, random_state=0)
STUMPY = DecisionTreeClassifier(max_depth=3, random_state=0)
BAG = BaggingClassifier(STUMPY, 12, oob_score=True, random_state=0)
BAG.fit(X[:120], Y[:120])


@pytest.fixture(autouse=True)
def closed():
    yield
    matplotlib.pyplot.close("all")


def labels(display):
    return [text.get_text() for text in display.ax_.get_legend().get_texts()]


# Replicates.


def test_replicates_stand_in_bars_with_their_interval():
    result = bootstrap("mean", VALUES[1], n_resamples=499, method="percentile", rng=0)
    display = BootstrapDisplay.from_result(result, bins=20)
    assert sum(bar.get_height() for bar in display.bars_) == 499
    assert len(display.bars_) == 20
    assert display.interval == tuple(result.confidence_interval)
    assert_allclose(display.line_.get_xdata(), result.estimate)
    box = display.span_.get_extents().transformed(display.ax_.transData.inverted())
    assert_allclose([box.x0, box.x1], display.interval)
    assert labels(display)[1] == "95 % interval, percentile"
    other = BootstrapDisplay.from_result(result, method="bca", confidence_level=0.8)
    assert other.interval == tuple(result.interval("bca", 0.8))
    assert other.interval_name == "80 % interval, bca"


def test_a_component_of_several_is_drawn():
    result = bootstrap("mean", VALUES[0][:, :2], n_resamples=199, rng=0)
    display = BootstrapDisplay.from_result(result, component=1)
    assert_array_equal(display.replicates, result.distribution[:, 1])
    assert display.estimate == result.estimate[1]
    assert display.interval[0] == result.confidence_interval.low[1]
    for wrong in (None, 2, (0, 1), "a", 1.0):
        with pytest.raises(ValueError, match=r"has the shape \(2,\), got component="):
            BootstrapDisplay.from_result(result, component=wrong)


def test_missing_replicates_and_open_ends_are_drawn():
    display = BootstrapDisplay([1.0, np.nan, 2.0, 3.0], 2.0, (1.5, np.inf)).plot()
    assert labels(display)[0] == "3 replicates"
    box = display.span_.get_extents().transformed(display.ax_.transData.inverted())
    assert_allclose([box.x0, box.x1], [1.5, 3.0])
    assert BootstrapDisplay([1.0, 2.0], 1.5).plot().span_ is None


def test_intervals_far_from_the_replicates_are_in_the_picture():
    values = np.random.default_rng(0).normal(size=50)
    display = BootstrapDisplay(values, 5.0, (4.0, 60.0)).plot()
    low, high = display.ax_.get_xlim()
    assert low < values.min()
    assert high > 60
    box = display.span_.get_extents().transformed(display.ax_.transData.inverted())
    assert_allclose([box.x0, box.x1], [4, 60])
    BootstrapDisplay(values + 200, 200.0, (199.0, 201.0)).plot(display.ax_)
    assert display.ax_.get_xlim()[1] > 201  # a second one widens the picture
    dense = BootstrapDisplay(values, 5.0).plot(density=True)
    assert dense.ax_.get_ylabel() == "Density"


def test_replicates_that_cannot_be_drawn_are_told():
    for wrong in ([np.nan, np.nan], np.zeros((5, 2))):
        with pytest.raises(ValueError, match=r"Replicates must be of one number"):
            BootstrapDisplay(wrong, 0.0).plot()


# Stages.


def test_stages_of_a_bag_are_bags_of_its_first_members():
    display = StagedScoreDisplay.from_estimator(BAG, X[120:], Y[120:])
    curve = display.curves["Test"]
    assert curve.n_members.tolist() == [1, 2, 3, 4, 5, 6, 8, 10, 12]
    wanted = [BAG[:n].score(X[120:], Y[120:]) for n in curve.n_members]
    assert_array_equal(curve.score, wanted)
    assert_array_equal(display.lines_["Test"].get_ydata(), wanted)
    assert_array_equal(display.curves["Out-of-bag"].score, BAG.oob_curve_.score)
    assert display.ax_.get_ylabel() == "Accuracy"
    assert not display.bands_  # nothing asked for errors


def test_the_curve_out_of_bag_needs_no_rows():
    rule = UntilSettled(0.9)
    bag = BaggingRegressor(n_estimators=rule, random_state=0).fit(*VALUES)
    display = StagedScoreDisplay.from_estimator(bag, color="k")
    assert list(display.curves) == ["Out-of-bag"]
    assert_array_equal(display.curves["Out-of-bag"].error, bag.oob_curve_.mc_error)
    heights = display.bands_["Out-of-bag"].get_paths()[0].vertices[:, 1]
    reach = 2 * bag.oob_curve_.mc_error[-1]
    for last in bag.oob_curve_.score[-1] + np.array([-reach, reach]):
        assert np.isclose(heights, last).any()
    assert display.ax_.get_ylabel() == "R²"
    with pytest.raises(ValueError, match=r"fit a bag with oob_score=True"):
        StagedScoreDisplay.from_estimator(BAG[:3])
    with pytest.raises(ValueError, match=r"no out-of-bag scores of 'roc_auc'"):
        StagedScoreDisplay.from_estimator(BAG, scoring="roc_auc")
    with pytest.raises(ValueError, match=r"X and y go together"):
        StagedScoreDisplay.from_estimator(BAG, X)
    by_name = StagedScoreDisplay.from_estimator(BAG, X, Y, scoring="accuracy")
    assert list(by_name.curves) == ["Out-of-bag", "Test"]
    with pytest.raises(ValueError, match=r"Choose another name"):
        StagedScoreDisplay.from_estimator(BAG, X, Y, name="Out-of-bag")
    with pytest.raises(ValueError, match=r"pass name, not label"):
        StagedScoreDisplay.from_estimator(BAG, X, Y, label="L")


def test_scores_are_those_that_are_asked_for():
    bag = BaggingClassifier(STUMPY, 40, oob_score="neg_log_loss", random_state=0)
    bag.fit(X[:120], Y[:120])
    display = StagedScoreDisplay.from_estimator(bag, X[120:], Y[120:])
    said = -log_loss(Y[120:], bag.predict_proba(X[120:]))
    assert_allclose(display.curves["Test"].score[-1], said)
    assert "Out-of-bag" in display.curves
    assert display.ax_.get_ylabel() == "Neg log loss"
    other = StagedScoreDisplay.from_estimator(bag, X, Y, scoring="accuracy", name="A")
    assert list(other.curves) == ["A"]
    bag.set_params(oob_score=accuracy_score).fit(X, Y)
    by_metric = StagedScoreDisplay.from_estimator(bag, X, Y)
    assert by_metric.curves["Test"].score[-1] == bag.score(X, Y)
    assert by_metric.ax_.get_ylabel() == "Accuracy score"


@pytest.mark.parametrize(
    "booster",
    [
        HistBoostingClassifier(max_iter=9, early_stopping=False),
        GradientBoostingClassifier(n_estimators=9),
    ],
    ids=["ours", "scikit_learn_s"],
)
def test_rounds_of_boosting_are_scored(booster):
    booster.fit(X[:120], Y[:120])
    display = StagedScoreDisplay.from_estimator(booster, X[120:], Y[120:])
    wanted = [accuracy_score(Y[120:], one) for one in booster.staged_predict(X[120:])]
    assert_array_equal(display.curves["Test"].score, wanted)
    by_metric = StagedScoreDisplay.from_estimator(
        booster, X[120:], Y[120:], scoring=accuracy_score
    )
    assert_array_equal(by_metric.curves["Test"].score, wanted)
    losses = StagedScoreDisplay.from_estimator(
        booster, X[120:], Y[120:], scoring="neg_log_loss"
    ).curves["Test"]
    wanted = [-log_loss(Y[120:], one) for one in booster.staged_predict_proba(X[120:])]
    assert_allclose(losses.score, wanted)


def test_hundreds_of_rounds_are_thinned():
    rng = np.random.default_rng(0)
    y = rng.normal(size=20)
    rounds = y + rng.normal(size=(1000, 20)) / np.arange(1, 1001)[:, None]
    curve = StagedScoreDisplay.from_predictions(y, iter(rounds)).curves["Test"]
    assert len(curve.n_members) == 200
    assert curve.n_members[[0, -1]].tolist() == [1, 1000]
    assert curve.score[-1] == r2_score(y, rounds[-1])
    errors = StagedScoreDisplay.from_predictions(
        y, rounds[:3], metric=mean_squared_error
    )
    assert errors.curves["Test"].score[0] == mean_squared_error(y, rounds[0])
    assert errors.ax_.get_ylabel() == "Mean squared error"
    with pytest.raises(ValueError, match=r"no predictions to score"):
        StagedScoreDisplay.from_predictions(y, [])


def test_values_in_rounds_and_curves_by_hand():
    booster = AdaBoostRegressor(n_estimators=4, random_state=0).fit(*VALUES)
    curve = StagedScoreDisplay.from_estimator(booster, *VALUES).curves["Test"]
    wanted = [r2_score(VALUES[1], one) for one in booster.staged_predict(VALUES[0])]
    assert_allclose(curve.score, wanted)
    points = ([1, 2], [0.1, 0.2], [0.01, 0.02])
    display = StagedScoreDisplay({"mine": points}, score_name="Mine").plot()
    again = StagedScoreDisplay({"yours": points}).plot(ax=display.ax_)
    assert labels(again)[::2] == ["mine", "yours"]
    assert list(again.bands_) == ["yours"]


def test_what_has_no_stages_is_told():
    vote = VotingClassifier([("a", LogisticRegression())]).fit(X, Y)
    pipeline = make_pipeline(LogisticRegression()).fit(X, Y)
    for one in (vote, pipeline, Ridge().fit(*VALUES)):
        with pytest.raises(TypeError, match=r"has no staged_predict and is no bag"):
            StagedScoreDisplay.from_estimator(one, X, Y)
    for display in (StagedScoreDisplay, UncertaintyDisplay, ReliabilityDisplay):
        with pytest.raises(NotFittedError):
            display.from_estimator(BaggingClassifier(), X, Y)


def test_ensembles_in_pipelines_and_searches_are_drawn():
    pipeline = make_pipeline(StandardScaler(), clone(BAG)).fit(X[:120], Y[:120])
    search = GridSearchCV(pipeline, {"baggingclassifier__n_estimators": [12]}, cv=2)
    search.fit(X[:120], Y[:120])
    rows = pipeline[:-1].transform(X[120:])
    for display in (StagedScoreDisplay, UncertaintyDisplay, ReliabilityDisplay):
        for one in (pipeline, search):
            drawn = display.from_estimator(one, X[120:], Y[120:])
            alone = display.from_estimator(pipeline[-1], rows, Y[120:])
            assert labels(drawn) == labels(alone)


# Uncertainty.


def test_rows_are_refused_by_their_uncertainty():
    y, said = np.array([0, 1, 1, 0]), np.array([0, 1, 0, 1])
    display = UncertaintyDisplay.from_predictions(y, said, [0.1, 0.2, 0.9, 0.8])
    assert_allclose(display.lines_[0].get_ydata(), [0, 0, 1 / 3, 1 / 2])
    assert_allclose(display.lines_[0].get_xdata(), [0.25, 0.5, 0.75, 1])
    assert_allclose(display.areas_["uncertainty"], 5 / 24)
    assert display.areas_["lowest possible"] == display.areas_["uncertainty"]
    assert display.areas_["at random"] == 0.5
    assert labels(display)[0] == "Uncertainty (area 0.208)"


def test_rows_that_are_as_sure_count_by_their_mean():
    y, said = np.array([1.0, 2.0, 3.0]), np.array([1.0, 0.0, 5.0])
    display = UncertaintyDisplay.from_predictions(y, said, {"a": [0, 1, 1]})
    assert_allclose(display.lines_[0].get_ydata(), [0, 2, 8 / 3])
    turned = UncertaintyDisplay.from_predictions(y[::-1], said[::-1], {"a": [1, 1, 0]})
    assert_allclose(turned.lines_[0].get_ydata(), display.lines_[0].get_ydata())


def test_parts_of_the_uncertainty_of_ensembles_are_drawn():
    display = UncertaintyDisplay.from_estimator(BAG, X[120:], Y[120:], linewidth=3)
    assert list(display.areas_)[:3] == ["total", "aleatoric", "epistemic"]
    assert display.areas_["total"] < display.areas_["at random"]
    wrong = 1 - BAG.score(X[120:], Y[120:])
    assert_allclose([line.get_ydata()[-1] for line in display.lines_], wrong)
    assert display.lines_[0].get_linewidth() == 3
    same = UncertaintyDisplay.from_predictions(
        Y[120:], BAG.predict(X[120:]), BAG.predict_uncertainty(X[120:])
    )
    assert same.areas_ == display.areas_
    bag = BaggingRegressor(n_estimators=40, oob_score=True, random_state=0).fit(*VALUES)
    of_values = UncertaintyDisplay.from_estimator(bag, *VALUES)
    assert_allclose(
        of_values.areas_["at random"],
        mean_squared_error(VALUES[1], bag.predict(VALUES[0])),
    )


def test_what_tells_no_uncertainty_is_told():
    with pytest.raises(TypeError, match=r"Ridge has no predict_uncertainty"):
        UncertaintyDisplay.from_estimator(Ridge().fit(*VALUES), *VALUES)
    y = np.zeros(3)
    for wrong in ([1, 2], [1, np.nan, 2]):
        with pytest.raises(ValueError, match=r"must be a number for each of 3 rows"):
            UncertaintyDisplay.from_predictions(y, y, wrong)
    with pytest.raises(ValueError, match=r"inconsistent numbers of samples"):
        UncertaintyDisplay.from_predictions(y, y[:2], y)
    with pytest.raises(ValueError, match=r"of one output"):
        UncertaintyDisplay.from_predictions(y[:, None], y, y)
    with pytest.raises(ValueError, match=r"contains NaN"):
        UncertaintyDisplay.from_predictions(y, [0.0, np.nan, 1.0], y)
    with pytest.raises(ValueError, match=r"no rows to draw"):
        UncertaintyDisplay.from_predictions([], [], [])
    with pytest.raises(ValueError, match=r"drawn for comparison"):
        UncertaintyDisplay.from_predictions(y, y, {"at random": y})


def test_labels_that_the_model_does_not_know_are_told():
    named = BaggingClassifier(STUMPY).fit(X, np.where(Y, "yes", "no"))
    for display in (UncertaintyDisplay, ReliabilityDisplay):
        with pytest.raises(ValueError, match=r"labels \['0', '1'\], which are none of"):
            display.from_estimator(named, X, Y)


def test_whole_numbers_that_are_predicted_of_values_are_values():
    display = UncertaintyDisplay.from_predictions(
        [1.5, 2.5], np.array([1, 3]), {"BALD score": [0.1, 0.2]}, lw=3
    )
    assert_allclose(display.areas_["at random"], 0.25)
    assert labels(display)[0] == "BALD score (area 0.25)"
    assert display.lines_[0].get_linewidth() == 3


# Reliability.


@pytest.mark.parametrize("strategy", ["quantile", "uniform"])
def test_points_are_those_of_scikit_learn(strategy):
    probabilities = np.random.default_rng(0).beta(0.5, 0.5, size=500)
    y = np.random.default_rng(1).uniform(size=500) < probabilities
    display = ReliabilityDisplay.from_predictions(
        y, probabilities, n_bins=7, strategy=strategy
    )
    observed, forecast = calibration_curve(
        y, probabilities, n_bins=7, strategy=strategy
    )
    assert_allclose(display.forecast, forecast)
    assert_allclose(display.observed, observed)
    distance = np.abs(observed - forecast)
    assert_allclose(display.error_, np.average(distance, weights=display.n_rows))


def test_many_equal_forecasts_do_not_swallow_others():
    # Of 1000 rows 920 are told never; of the others a tenth is told right.
    rng = np.random.default_rng(0)
    forecast = np.concatenate([np.zeros(920), rng.uniform(0.8, 1, 80)])
    came_true = np.arange(1000) >= 992
    display = ReliabilityDisplay.from_predictions(came_true, forecast, ms=3)
    observed, expected = calibration_curve(
        came_true, forecast, n_bins=10, strategy="quantile"
    )
    assert_allclose(display.forecast, expected)
    assert_allclose(display.observed, observed)
    assert display.points_.get_markersize() == 3
    tenths = np.repeat(np.arange(11) / 10, 20)
    shares = ReliabilityDisplay.from_predictions(
        tenths > 0.5, tenths, strategy="uniform"
    )
    assert len(shares.forecast) == 10


def test_bars_are_where_true_forecasts_come_true():
    display = ReliabilityDisplay([0.2, 0.9], [0.5, 0.9], [10, 100]).plot()
    ends = [path.vertices[:, 1] for path in display.bars_.get_paths()]
    of_first = binom.ppf([0.025, 0.975], 10, 0.2) / 10
    assert_allclose(ends[0], of_first)
    assert_allclose(of_first, [0, 0.5])
    assert_allclose(ends[1], binom.ppf([0.025, 0.975], 100, 0.9) / 100)
    assert_allclose(display.error_, 10 * 0.3 / 110)


def test_true_forecasts_fall_into_their_bars():
    # 0.95 at least of 2000 points; the share has a standard error of half a percent
    rng = np.random.default_rng(0)
    probabilities = rng.uniform(size=200_000)
    y = rng.uniform(size=200_000) < probabilities
    display = ReliabilityDisplay.from_predictions(y, probabilities, n_bins=2000)
    ends = np.array([path.vertices[:, 1] for path in display.bars_.get_paths()])
    inside = (ends[:, 0] <= display.observed) & (display.observed <= ends[:, 1])
    assert 0.94 < inside.mean() < 0.99


def test_of_several_classes_the_likeliest_is_forecast():
    said = np.array([[0.6, 0.3, 0.1], [0.6, 0.2, 0.2], [0.1, 0.1, 0.8]])
    display = ReliabilityDisplay.from_predictions(["a", "b", "c"], said)
    assert_allclose(display.forecast, [0.6, 0.8])
    assert_allclose(display.observed, [0.5, 1])
    turned = ReliabilityDisplay.from_predictions(
        ["a", "b", "c"], said, classes=["b", "a", "c"]
    )
    assert_allclose(turned.observed, [0.5, 1])
    with pytest.raises(ValueError, match=r"Give the labels of the columns"):
        ReliabilityDisplay.from_predictions(["a", "b", "a"], said)


def test_probabilities_of_a_classifier_are_drawn():
    names = np.array(["no", "yes"])
    model = LogisticRegression().fit(X[:120], names[Y[:120]])
    display = ReliabilityDisplay.from_estimator(model, X[120:], names[Y[120:]])
    assert display.ax_.get_xlabel() == "Probability of yes"
    forecast = model.predict_proba(X[120:])[:, 1]
    by_hand = ReliabilityDisplay.from_predictions(
        names[Y[120:]], forecast, classes=names
    )
    assert_array_equal(by_hand.observed, display.observed)
    assert sum(display.n_rows) == 120


def test_intervals_of_a_regressor_are_drawn():
    train, test = slice(120), slice(120, None)
    bag = BaggingRegressor(Ridge(), 30, oob_score=True, random_state=0)
    bag.fit(VALUES[0][train], VALUES[1][train])
    display = ReliabilityDisplay.from_estimator(
        bag, VALUES[0][test], VALUES[1][test], method="oob"
    )
    ends = bag.predict_interval(VALUES[0][test], 0.8, method="oob")
    inside = (ends[:, 0] <= VALUES[1][test]) & (VALUES[1][test] <= ends[:, 1])
    at = list(display.forecast).index(0.8)
    assert display.observed[at] == inside.mean()
    assert set(display.n_rows) == {120}
    assert display.error_ < 0.1
    with pytest.raises(ValueError, match=r"have the shape \(1, 120, 2\), got"):
        ReliabilityDisplay.from_intervals(VALUES[1][test], ends, [0.8])


def test_what_is_no_forecast_is_told():
    with pytest.raises(TypeError, match=r"Ridge has no predict_interval"):
        ReliabilityDisplay.from_estimator(Ridge().fit(*VALUES), *VALUES)
    for wrong in ([0.5, np.nan], [0.5, 1.5]):
        with pytest.raises(ValueError, match=r"numbers from 0 to 1"):
            ReliabilityDisplay.from_predictions([0, 1], wrong)
    with pytest.raises(ValueError, match=r"no rows to draw"):
        ReliabilityDisplay.from_predictions([], [], classes=[0, 1])
    with pytest.raises(ValueError, match=r"of one output"):
        ReliabilityDisplay.from_estimator(BAG, X, np.column_stack([Y, Y]))
    with pytest.raises(ValueError, match=r"contains NaN"):
        ReliabilityDisplay.from_intervals([np.nan], [[[0, 1]]], [0.5])
    with pytest.raises(ValueError, match=r"must not be NaN"):
        ReliabilityDisplay.from_intervals([0.5], [[[np.nan, 0]]], [0.5])
    with pytest.raises(ValueError, match=r"between 0 and 1, got \[95\]"):
        ReliabilityDisplay.from_intervals([0.5], [[[0, 1]]], [95])
    with pytest.raises(InvalidParameterError, match=r"'n_bins' parameter"):
        ReliabilityDisplay.from_predictions([0, 1], [0.1, 0.9], n_bins=0)
    with pytest.raises(InvalidParameterError, match=r"'strategy' parameter"):
        ReliabilityDisplay.from_predictions([0, 1], [0.1, 0.9], strategy="width")


def test_displays_draw_where_they_are_told():
    _, ax = matplotlib.pyplot.subplots()
    points = ([1], [0.5])
    for display in (
        BootstrapDisplay([1.0, 2.0], 1.5),
        StagedScoreDisplay({"one": points}),
        UncertaintyDisplay([0.0, 1.0], {"one": [0, 1]}),
        ReliabilityDisplay([0.5], [0.5], [2]),
    ):
        drawn = display.plot(ax)
        assert drawn is display
        assert display.ax_ is ax
        assert display.figure_ is ax.figure


def test_without_matplotlib_it_says_what_to_install(monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "matplotlib", None)
    from ensembles.exceptions import MissingDependencyError

    with pytest.raises(MissingDependencyError, match=r"ensembles\[plot\]"):
        BootstrapDisplay.from_result(SimpleNamespace())
