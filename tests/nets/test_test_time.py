"""Predictions of several versions of each row."""

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("skorch")

from numpy.testing import assert_allclose, assert_array_equal
from sklearn.compose import make_column_transformer
from sklearn.datasets import make_classification
from sklearn.linear_model import (
    LinearRegression,
    LogisticRegression,
    RidgeClassifier,
)
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks
from torch import nn

from ensembles.nets import (
    SnapshotEnsembleClassifier,
    TestTimeAugmentationClassifier,
    TestTimeAugmentationRegressor,
)

pytestmark = pytest.mark.nets

X, Y = make_classification(200, 5, n_informative=4, n_redundant=0, random_state=0)
VALUES = X[:, 0] ** 2 + X[:, 1]
TRANSFORMS = [lambda X: X + 0.1, lambda X: X[:, ::-1]]


@parametrize_with_checks(
    [
        TestTimeAugmentationClassifier(LogisticRegression(), n_draws=3),
        TestTimeAugmentationRegressor(LinearRegression(), n_draws=3),
    ]
)
def test_sklearn_contract(estimator, check):
    check(estimator)


def noisy(X, rng):
    return X + rng.normal(0, 0.1, X.shape)


def test_the_mean_is_of_the_rows_as_they_are_and_of_each_version():
    model = TestTimeAugmentationClassifier(LogisticRegression(), TRANSFORMS).fit(X, Y)
    plain = model.estimator_.predict_proba
    versions = [plain(X), plain(X + 0.1), plain(X[:, ::-1])]
    assert_array_equal(model.predict_members(X), versions)
    assert_allclose(model.predict_proba(X), np.mean(versions, axis=0))
    model.set_params(original=False, combine="median")
    assert_array_equal(model.predict_members(X), versions[1:])
    median = np.median(versions[1:], axis=0)
    assert_array_equal(model.predict(X), model.classes_[median.argmax(axis=1)])
    assert_array_equal(model.estimator_.coef_, LogisticRegression().fit(X, Y).coef_)


def test_draws_are_the_same_at_each_prediction_and_others_by_another_seed():
    models = [
        TestTimeAugmentationRegressor(
            KNeighborsRegressor(3), noisy, n_draws=4, random_state=seed
        ).fit(X, VALUES)
        for seed in (0, 0, 1)
    ]
    first, again, other = (model.predict_members(X) for model in models)
    assert first.shape == (5, 200)
    assert_array_equal(models[0].predict_members(X), first)
    assert_array_equal(first, again)
    assert_array_equal(first[0], other[0])
    assert not np.array_equal(first[1], other[1])
    more = models[0].set_params(n_draws=6).predict_members(X)
    assert_array_equal(more[:5], first)
    assert not np.array_equal(more[1], more[2])


def test_noise_is_a_twentieth_of_a_columns_spread_and_one_step_for_all_rows():
    scales = np.array([1.0, 100.0, 0.01, 1.0, 1.0])
    model = TestTimeAugmentationRegressor(LinearRegression(), n_draws=2000)
    model.set_params(random_state=0).fit(X * scales, VALUES)
    assert_allclose(model.noise_, 0.05 * (X * scales).std(axis=0))
    moved = model.predict_members(X * scales) - model.predict_members(X * scales)[0]
    assert_allclose(moved, moved[:, :1] * np.ones(200), atol=1e-8)
    # Of a linear model the steps' variance is known; 2,000 draws: five errors.
    expected = np.sqrt(((model.estimator_.coef_ * model.noise_) ** 2).sum())
    assert moved[1:, 0].std() == pytest.approx(expected, rel=0.08)


def test_a_steadier_prediction_is_a_better_one():
    rng = np.random.default_rng(0)
    rows = rng.uniform(-1, 1, (800, 1))
    values = np.sin(4 * rows[:, 0]) + rng.normal(0, 0.5, 800)
    model = TestTimeAugmentationRegressor(
        KNeighborsRegressor(3), noisy, n_draws=30, random_state=0
    ).fit(rows[:400], values[:400])
    plain, steadier = (
        one.score(rows[400:], values[400:]) for one in (model.estimator_, model)
    )
    assert steadier > plain + 0.03


def test_versions_that_disagree_say_so():
    model = TestTimeAugmentationClassifier(LogisticRegression(), TRANSFORMS).fit(X, Y)
    total, aleatoric, epistemic = model.predict_uncertainty(X)
    assert_allclose(total, aleatoric + epistemic)
    assert epistemic.max() > 0.05
    same = model.set_params(transforms=[np.copy])
    assert same.predict_uncertainty(X).epistemic.max() < 1e-12


def test_images_that_are_flipped():
    rng = np.random.default_rng(0)
    images = rng.normal(size=(40, 1, 6, 6)).astype(np.float32)
    labels = (images[:, 0, 2:4, 2:4].mean((1, 2)) > 0).astype(int)

    def convolution(n_outputs):
        return nn.Sequential(
            nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(64, n_outputs)
        )

    net = SnapshotEnsembleClassifier(convolution, 1, max_epochs=5, random_state=0)

    def flipped(images):
        return images[..., ::-1].copy()

    model = TestTimeAugmentationClassifier(net, [flipped]).fit(images, labels)
    assert not hasattr(model, "n_features_in_")
    forth, back = model.predict_proba(images), model.predict_proba(flipped(images))
    assert_allclose(forth, back, atol=1e-6)


WRONG = {
    "draws": ({"n_draws": 0}, "'n_draws' parameter"),
    "original": ({"original": "yes"}, "'original' parameter"),
    "nothing": ({"transforms": []}, "'transforms' .* a sequence of callables or None"),
    "no function": ({"transforms": [1]}, "'transforms' parameter"),
    "a rule": ({"combine": "meen"}, "'combine' parameter"),
    "no probabilities": ({"estimator": RidgeClassifier()}, "with predict_proba"),
}


@pytest.mark.parametrize("name", WRONG)
def test_bad_parameters_are_errors(name):
    options, message = WRONG[name]
    model = TestTimeAugmentationClassifier(LogisticRegression()).set_params(**options)
    with pytest.raises(ValueError, match=message):
        model.fit(X, Y)


def test_rows_may_not_be_lost():
    model = TestTimeAugmentationRegressor(LinearRegression(), [lambda X: X[::2]])
    with pytest.raises(ValueError, match="Version 1 has 100 predictions for 200 rows"):
        model.fit(X, VALUES).predict(X)


def test_data_frames_stay_what_they_are():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(X, columns=list("abcde"))
    chosen = make_column_transformer((StandardScaler(), ["a", "b"]))
    pipe = make_pipeline(chosen, LogisticRegression())
    model = TestTimeAugmentationClassifier(pipe, n_draws=2, random_state=0)
    model.fit(frame, Y)
    assert model.predict_members(frame).shape == (3, 200, 2)
    plain = TestTimeAugmentationClassifier(LogisticRegression(), n_draws=2)
    assert plain.fit(frame, Y).predict(frame).shape == (200,)


def test_labels_of_several_kinds_are_refused_before_the_fit():
    with pytest.raises(ValueError, match="y should be a 1d array"):
        TestTimeAugmentationClassifier(KNeighborsClassifier()).fit(X, X[:, :2] > 0)
    both = TestTimeAugmentationRegressor(LinearRegression()).fit(X, X[:, :2])
    assert both.predict(X).shape == (200, 2)


def test_noise_that_was_not_measured_cannot_be_added():
    model = TestTimeAugmentationRegressor(LinearRegression(), noisy).fit(X, VALUES)
    with pytest.raises(ValueError, match="Fit again with transforms=None"):
        model.set_params(transforms=None).predict(X)
