"""Componentwise boosting: known answers, what is taken, paths, moves, errors."""

import pickle

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.datasets import load_iris, make_regression
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import PredefinedSplit, TimeSeriesSplit
from sklearn.tree import DecisionTreeRegressor

from ensembles import ComponentwiseBoostingClassifier, ComponentwiseBoostingRegressor
from ensembles.boosting._componentwise._splines import Splines
from ensembles.exceptions import InvalidParameterError
from ensembles.losses import Loss, SquaredError

KINDS = ("linear", "spline", "stump")


def values(n=200, n_features=5, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.uniform(-2.0, 2.0, size=(n, n_features))
    y = X[:, 0] - 2.0 * X[:, 1] + np.sin(2.0 * X[:, 2]) + 0.3 * rng.normal(size=n)
    return X, y


def classes(n=200, n_features=5, seed=0):
    X, y = values(n, n_features, seed)
    return X, (y + np.random.default_rng(seed + 1).logistic(size=n) > 0.0).astype(int)


def regressor(base_learners="linear", **options):
    return ComponentwiseBoostingRegressor(base_learners, **options)


def classifier(base_learners="linear", **options):
    return ComponentwiseBoostingClassifier(base_learners, **options)


class TestKnownAnswers:
    """Of mboost's own tests (tests/regtest-glmboost.R), and of definitions."""

    def test_lines_end_at_least_squares(self):
        """R's lm, to ten digits, after 1,000 rounds of whole steps."""
        X, y = values()
        X = X + 3.0
        booster = regressor(n_estimators=1000, learning_rate=1.0).fit(X, y)
        design = np.column_stack([np.ones(len(y)), X])
        exact = np.linalg.lstsq(design, y, rcond=None)[0]
        assert_allclose(booster.coef_, exact[1:], rtol=1e-10, atol=1e-10)
        assert_allclose(booster.intercept_, exact[0], rtol=1e-10)
        assert_allclose(booster.predict(X), design @ exact, rtol=1e-10, atol=1e-10)

    def test_lines_of_speed_and_distance(self):
        """R: ``lm(dist ~ speed, cars)`` has -17.5791 and 3.9324."""
        speed = [4, 4, 7, 7, 8, 9, 10, 10, 10, 11, 11, 12, 12, 12, 12, 13, 13, 13, 13]
        speed += [14, 14, 14, 14, 15, 15, 15, 16, 16, 17, 17, 17, 18, 18, 18, 18, 19]
        speed += [19, 19, 20, 20, 20, 20, 20, 22, 23, 24, 24, 24, 24, 25]
        dist = [2, 10, 4, 22, 16, 10, 18, 26, 34, 17, 28, 14, 20, 24, 28, 26, 34, 34]
        dist += [46, 26, 36, 60, 80, 20, 26, 54, 32, 40, 32, 40, 50, 42, 56, 76, 84, 36]
        dist += [46, 68, 32, 48, 52, 56, 64, 66, 54, 70, 92, 93, 120, 85]
        X = np.array(speed, dtype=float)[:, None]
        booster = regressor(learning_rate=1.0, n_estimators=2).fit(X, dist)
        assert_allclose(booster.coef_, [3.932409], atol=5e-7)
        assert_allclose(booster.intercept_, -17.579095, atol=5e-7)

    @pytest.mark.parametrize("weighted", [False, True])
    def test_log_loss_ends_at_the_most_likely_lines(self, weighted):
        """R's glm: the score equations hold.

        As far as the loss can tell: it is flat to 16 digits where they do to eight.
        """
        X, y = classes()
        weights = np.random.default_rng(2).uniform(0.5, 2.0, 200) if weighted else None
        booster = ComponentwiseBoostingClassifier(n_estimators=3000, learning_rate=1.0)
        booster.fit(X, y, weights)
        left = y - booster.predict_proba(X)[:, 1]
        left = left if weights is None else left * weights
        assert_allclose(np.column_stack([np.ones(200), X]).T @ left, 0.0, atol=2e-6)
        raw = X @ booster.coef_[0] + booster.intercept_
        assert_allclose(booster.decision_function(X), raw, rtol=1e-9, atol=1e-9)

    def test_counts_end_at_the_most_likely_lines(self):
        """Counts of thousands, whose gradients would blow up a plain step."""
        X, _ = values()
        y = np.random.default_rng(3).poisson(np.exp(6.0 + X[:, 0] - X[:, 1])) * 1.0
        booster = regressor(loss="poisson", n_estimators=3000, learning_rate=1.0)
        left = y - booster.fit(X, y).predict(X)
        score = np.column_stack([np.ones(200), X]).T @ left
        assert_allclose(score / y.sum(), 0.0, atol=5e-7)

    @pytest.mark.parametrize("df", [2.5, 4.0, 9.0])
    def test_a_spline_has_the_degrees_of_freedom_asked_for(self, df):
        """The trace of ``2 S - S S'``, of a smoother worked out column by column."""
        x = np.sort(np.random.default_rng(0).gamma(2.0, size=60))[:, None]
        learners = Splines.fitted_to(x, None, np.array([0]), np.array([False]), df, 20)
        rows = learners.rows(x)
        smoother = np.column_stack(
            [
                rows.answer(0, learners.coefficients(0, rows.products(unit)[0]))
                for unit in np.eye(60)
            ]
        )
        assert_allclose(smoother, smoother.T, atol=1e-9)
        found = np.trace(2.0 * smoother - smoother @ smoother.T)
        assert_allclose(found, df, rtol=1e-7)
        for exact in np.ones(60), x[:, 0]:  # lines are not penalised
            assert_allclose(smoother @ exact, exact, rtol=1e-6)

    def test_a_spline_beside_a_line_holds_what_the_line_does_not(self):
        X = values(80)[0][:, :1]
        weights = np.random.default_rng(0).uniform(0.5, 2.0, 80)
        learners = Splines.fitted_to(
            X, weights, np.array([0]), np.array([True]), 4.0, 20
        )
        rows, found = learners.rows(X), []
        for unit in np.eye(80):
            products = rows.products(unit * weights)[0]
            found.append(rows.answer(0, learners.coefficients(0, products)))
        smoother = np.column_stack(found)
        for line in np.ones(80), X[:, 0]:
            assert_allclose(smoother @ line, 0.0, atol=1e-7)
            assert_allclose((weights * line) @ smoother, 0.0, atol=1e-7)
        half = np.sqrt(weights)
        symmetric = half[:, None] * smoother / half
        assert_allclose(np.trace(2.0 * symmetric - symmetric @ symmetric.T), 1.0)

    @pytest.mark.parametrize("weighted", [False, True])
    def test_a_whole_step_of_stumps_is_a_tree_of_depth_one(self, weighted):
        X, y = values(150)
        weights = np.random.default_rng(2).uniform(0.5, 2.0, 150) if weighted else None
        booster = regressor("stump", learning_rate=1.0, n_estimators=1)
        tree = DecisionTreeRegressor(max_depth=1).fit(X, y, weights)
        assert_allclose(booster.fit(X, y, weights).predict(X), tree.predict(X))

    def test_many_knots_do_not_hide_a_curve(self):
        x = np.linspace(-1.0, 1.0, 300)[:, None]
        booster = regressor(("linear", "spline"), n_estimators=60, n_knots=600)
        booster.set_params(learning_rate=0.3)
        assert booster.fit(x, x[:, 0] ** 2).score(x, x[:, 0] ** 2) > 0.99

    @pytest.mark.parametrize("n_values", [2, 3, 4])
    @pytest.mark.parametrize("beside_line", [False, True])
    def test_splines_of_few_values_know_no_more_than_these(self, n_values, beside_line):
        """Two values make a line, and nothing is left beside it."""
        rng = np.random.default_rng(0)
        x = rng.integers(0, n_values, 60).astype(float)[:, None]
        about = np.array([0]), np.array([beside_line]), 4.0, 20
        learners = Splines.fitted_to(x, None, *about)
        rows, left = learners.rows(x), rng.normal(size=60)
        left -= left.mean()
        products = rows.products(left)
        fit = rows.answer(0, learners.coefficients(0, products[0]))
        gain = np.sum(left**2) - np.sum((left - fit) ** 2)
        assert_allclose(learners.gains(products), gain, rtol=1e-6, atol=1e-9)
        assert_allclose(fit.mean(), 0.0, atol=1e-9)
        if beside_line and n_values == 2:
            assert_allclose(learners.gains(products), 0.0, atol=1e-12)
        if not beside_line:
            means = np.array([left[x[:, 0] == v].mean() for v in x[:, 0]])
            if n_values < 4:
                assert_allclose(fit, means, rtol=1e-4, atol=1e-4)
            far = np.array([[0.25], [0.5], [0.75]])
            if n_values == 2:
                between = learners.rows(far).answer(
                    0, learners.coefficients(0, products[0])
                )
                assert_allclose(np.diff(between, 2), 0.0, atol=1e-6)

    def test_each_round_takes_the_learner_that_fits_best(self):
        """Against a search by hand over all fits of all learners."""
        X, y = values(120, 3)
        booster = regressor(KINDS, n_estimators=12, learning_rate=0.5).fit(X, y)
        raw = np.full(120, y.mean())
        for number, stage in enumerate(booster.staged_predict(X)):
            left = y - raw
            fits = []
            for group, rows in zip(
                booster._pool.groups, booster._pool.rows(X).groups, strict=True
            ):
                products = rows.products(left - left.mean())
                for i in range(len(group.features)):
                    own = group.coefficients(i, products[i])
                    fits.append(rows.answer(i, own) + left.mean())
            errors = [np.sum((left - fit) ** 2) for fit in fits]
            assert booster.selected_[number, 0] == np.argmin(errors)
            gain = np.sum((left - left.mean()) ** 2) - min(errors)
            assert_allclose(booster._rounds[number].picks[0].gain, gain, rtol=1e-8)
            raw = raw + 0.5 * fits[int(np.argmin(errors))]
            assert_allclose(stage, raw, rtol=1e-12, atol=1e-12)


class TestWhatIsTaken:
    def test_importances_are_falls_of_squared_gradients(self):
        """Of log loss, whose gradients and curvature change from round to round."""
        X, y = classes()
        booster = ComponentwiseBoostingClassifier(n_estimators=40, learning_rate=0.5)
        booster.fit(X, y)
        falls, proba = np.zeros(5), np.full(200, y.mean())
        for round_, stage in zip(
            booster._rounds, booster.staged_predict_proba(X), strict=True
        ):
            gradient = y - proba
            gradient -= gradient.mean()
            feature = int(booster._pool.groups[0].features[round_.picks[0].learner])
            column = X[:, feature] - X[:, feature].mean()
            falls[feature] += (column @ gradient) ** 2 / (column @ column)
            proba = stage[:, 1]
        expected = falls / falls.sum()
        assert_allclose(booster.feature_importances_, expected, rtol=1e-8, atol=1e-12)

    def test_features_without_effect_are_not(self):
        X, y = make_regression(60, 200, n_informative=3, random_state=0, noise=1.0)
        booster = regressor(n_estimators=60).fit(X, y)
        true = np.flatnonzero(np.abs(booster.coef_) > 10.0)
        assert len(true) == 3
        assert np.count_nonzero(booster.coef_) < 20
        assert booster.feature_importances_[true].sum() > 0.95

    def test_bends_and_lines_are_told_apart(self):
        X, y = values(600)
        booster = regressor(("linear", "spline"), n_estimators=150).fit(X, y)
        kinds = [booster.base_learners_[i] for i in booster.selected_[:, 0]]
        assert ("spline", 2) in kinds
        by_lines = sum(kind == ("linear", 1) for kind in kinds)
        by_splines = sum(kind == ("spline", 1) for kind in kinds)
        assert by_lines > 4 * by_splines
        X_test, _ = values(2000, seed=5)
        parts = booster.predict_parts(X_test)
        curve = np.sin(2.0 * X_test[:, 2])
        assert np.corrcoef(parts[:, 2], curve)[0, 1] > 0.98

    def test_constant_features_never_are(self):
        X, y = values()
        X[:, 3] = 7.3
        for kinds in KINDS:
            booster = regressor(kinds, n_estimators=40).fit(X, y)
            assert 3 not in [
                booster.base_learners_[i][1] for i in booster.selected_[:, 0]
            ]

    def test_nothing_is_taken_where_nothing_is_left(self):
        X, _ = values()
        booster = regressor(KINDS, n_estimators=5).fit(X, np.full(200, 4.0))
        assert booster.n_estimators_ == 0
        assert_array_equal(booster.predict(X), np.full(200, 4.0))
        assert booster.coef_path_.shape == (1, 5)

    def test_kinds_by_feature(self):
        X, y = values()
        frame = pd.DataFrame(X, columns=list("abcde"))
        wanted = {"c": ("linear", "spline"), "a": "linear", 1: "stump"}
        booster = regressor(wanted, n_estimators=60).fit(frame, y)
        assert booster.base_learners_ == [
            ("linear", 0),
            ("linear", 2),
            ("spline", 2),
            ("stump", 1),
        ]
        assert booster.predict_parts(frame)[:, 3:].any() == False  # noqa: E712


class TestPaths:
    def test_slopes_after_each_round_predict_its_stage(self):
        X, y = values()
        booster = regressor(n_estimators=30).fit(X, y)
        assert booster.coef_path_.shape == (31, 5)
        assert_array_equal(booster.coef_path_[0], 0.0)
        assert_array_equal(booster.coef_path_[-1], booster.coef_)
        means = X.mean(axis=0)
        for slopes, stage in zip(
            booster.coef_path_[1:], booster.staged_predict(X), strict=True
        ):
            assert_allclose(stage, y.mean() + (X - means) @ slopes, rtol=1e-10)
        assert_allclose(stage, booster.predict(X), rtol=1e-10)
        assert (np.diff(booster.train_score_) > 0.0).all()

    @pytest.mark.parametrize("kinds", KINDS)
    def test_parts_add_up(self, kinds):
        X, y = values()
        booster = regressor(kinds, n_estimators=40).fit(X, y)
        parts = booster.predict_parts(X)
        assert_allclose(parts.mean(axis=0), 0.0, atol=1e-8)
        assert_allclose(y.mean() + parts.sum(axis=1), booster.predict(X), rtol=1e-8)

    def test_classes_have_slopes_of_their_own(self):
        X, y = load_iris(return_X_y=True)
        booster = ComponentwiseBoostingClassifier(n_estimators=80).fit(X, y)
        assert booster.score(X, y) > 0.93
        assert booster.coef_path_.shape == (81, 3, 4)
        assert booster.selected_.shape == (80, 3)
        raw = X @ booster.coef_.T + booster.intercept_
        assert_allclose(booster.decision_function(X), raw, atol=1e-8)
        assert booster.predict_parts(X).shape == (150, 3, 4)
        *_, last = booster.staged_predict_proba(X)
        assert_allclose(last, booster.predict_proba(X), atol=1e-10)

    def test_splines_go_on_as_straight_lines(self):
        X, y = values(300)
        booster = regressor("spline", n_estimators=80).fit(X, y)
        far = np.zeros((41, 5))
        far[:, 2] = np.linspace(X[:, 2].max(), X[:, 2].max() + 10.0, 41)
        curve = booster.predict_parts(far)[:, 2]
        assert_allclose(np.diff(curve, 2), 0.0, atol=1e-9)
        near = far.copy()
        near[:, 2] = np.linspace(X[:, 2].max() - 0.05, X[:, 2].max() + 0.05, 41)
        slopes = np.diff(booster.predict_parts(near)[:, 2]) / 0.0025
        assert np.ptp(slopes) < 0.5  # no kink at the end


class TestMoves:
    def test_fewer_rounds_and_back(self):
        X, y = values()
        booster = regressor(KINDS, n_estimators=40).fit(X, y)
        whole = booster.predict(X)
        few = regressor(KINDS, n_estimators=15).fit(X, y)
        assert booster.set_n_rounds(15) is booster
        assert (booster.n_estimators, booster.n_estimators_) == (40, 15)
        assert_array_equal(booster.predict(X), few.predict(X))
        assert_array_equal(booster.coef_path_, few.coef_path_)
        assert_array_equal(booster.set_n_rounds(40).predict(X), whole)
        assert_allclose(booster.set_n_rounds(0).predict(X), y.mean())

    @pytest.mark.parametrize("loss", ["squared_error", "huber"])
    def test_more_rounds_are_those_of_a_longer_fit(self, loss):
        X, y = values()
        booster = regressor(KINDS, loss=loss, n_estimators=10).fit(X, y)
        booster.set_n_rounds(2).set_n_rounds(25)
        longer = regressor(KINDS, loss=loss, n_estimators=25).fit(X, y)
        assert_array_equal(booster.predict(X), longer.predict(X))
        assert_array_equal(booster.train_score_, longer.train_score_)

    def test_pickles_have_no_rows(self):
        X, y = values()
        booster = regressor(n_estimators=10).fit(X, y)
        again = pickle.loads(pickle.dumps(booster))
        assert_array_equal(again.set_n_rounds(4).coef_, booster.coef_path_[4])
        with pytest.raises(
            ValueError, match=r"does not hold the rows.*warm_start=True"
        ):
            again.set_n_rounds(11)
        assert again.n_estimators_ == 4
        again.set_params(warm_start=True, n_estimators=25).fit(X, y)
        longer = regressor(n_estimators=25).fit(X, y)
        assert_array_equal(again.coef_, longer.coef_)

    def test_learners_may_be_written_in_any_way(self):
        X, y = values()
        booster = regressor(["linear", "spline"], n_estimators=5, warm_start=True)
        booster.fit(X, y)
        for same in ("linear", "spline"), np.array(["linear", "spline"]):
            booster.set_params(base_learners=same, n_estimators=8).fit(X, y)
        assert booster.n_estimators_ == 8

    def test_a_warm_start_adds_rounds(self):
        X, y = classes()
        parts = ComponentwiseBoostingClassifier("spline", n_estimators=5)
        whole = clone(parts).set_params(n_estimators=12).fit(X, y)
        parts.set_params(warm_start=True).fit(X, y).set_params(n_estimators=12)
        assert_array_equal(parts.fit(X, y).predict_proba(X), whole.predict_proba(X))
        with pytest.raises(ValueError, match="call set_n_rounds"):
            parts.set_params(n_estimators=3).fit(X, y)
        with pytest.raises(ValueError, match=r"not fitted to: \[7\]"):
            parts.set_params(n_estimators=20).fit(X, np.where(y == 1, 7, 0))
        assert_array_equal(parts.predict_proba(X), whole.predict_proba(X))

    @pytest.mark.parametrize("n_estimators", [-1, 1.5, None, True])
    def test_numbers_of_rounds_are_checked(self, n_estimators):
        X, y = values(50)
        booster = regressor(n_estimators=3).fit(X, y)
        with pytest.raises(InvalidParameterError, match=r"'n_rounds' parameter"):
            booster.set_n_rounds(n_estimators)

    def test_rows_of_the_user_may_change(self):
        X, y = values()
        weights = np.random.default_rng(0).uniform(0.5, 2.0, 200)
        mine = X.copy(), y.copy(), weights.copy()
        booster = regressor(n_estimators=5).fit(*mine)
        mine[0][:], mine[1][:], mine[2][:] = 0.0, 0.0, 1.0
        longer = regressor(n_estimators=12).fit(X, y, weights)
        assert_array_equal(booster.set_n_rounds(12).coef_, longer.coef_)
        booster.set_params(learning_rate=50.0)
        with pytest.raises(InvalidParameterError, match="'learning_rate'"):
            booster.set_n_rounds(13)

    def test_a_warm_start_goes_on_from_the_rounds_that_predict(self):
        X, y = values()
        booster = regressor(n_estimators=20, warm_start=True).fit(X, y)
        booster.set_n_rounds(5).set_params(learning_rate=1.0, n_estimators=6).fit(X, y)
        few = regressor(n_estimators=5, warm_start=True).fit(X, y)
        few.set_params(learning_rate=1.0, n_estimators=6).fit(X, y)
        assert_array_equal(booster.coef_, few.coef_)
        assert len(booster.train_score_) == 7

    @pytest.mark.parametrize(
        "change",
        [{"loss": "huber"}, {"base_learners": "spline"}, {"df": 5.0}, {"alpha": 0.5}],
        ids=str,
    )
    def test_a_warm_start_has_the_same_learners_and_loss(self, change):
        X, y = values()
        booster = regressor(n_estimators=5, warm_start=True).fit(X, y)
        booster.set_params(n_estimators=8, **change)
        with pytest.raises(ValueError, match="Fit anew with warm_start=False"):
            booster.fit(X, y)


class TestStopping:
    def test_rows_set_aside_count_by_their_weights(self):
        X, y = values(300)
        weights = np.random.default_rng(0).uniform(0.1, 5.0, 300)
        cv = TimeSeriesSplit(2)
        booster = regressor("spline", n_estimators=25, early_stopping=cv)
        booster.fit(X, y, weights)
        left = (y[200:] - booster.predict(X[200:])) ** 2
        best = -0.5 * np.average(left, weights=weights[200:])
        assert_allclose(booster.validation_score_[booster.n_estimators_], best)

    def test_what_is_better_is_a_matter_of_tolerance(self):
        X, y = values()
        options = {"early_stopping": True, "random_state": 0, "n_iter_no_change": 3}
        strict = regressor(n_estimators=300, tol=1.0, **options).fit(X, y)
        scores = strict.validation_score_
        gains = [
            scores[n - 2 : n + 1].max() - scores[n - 3] for n in range(3, len(scores))
        ]
        assert (np.array(gains[:-1]) > 1.0).all()
        assert gains[-1] <= 1.0

    def test_the_best_round_predicts(self):
        X, y = make_regression(80, 60, n_informative=3, noise=30.0, random_state=0)
        booster = regressor(n_estimators=2000, early_stopping=True, random_state=0)
        booster.fit(X, y)
        scores = booster.validation_score_
        assert booster.n_estimators_ == scores.argmax() == len(scores) - 11
        assert len(booster.train_score_) == len(scores)
        assert len(booster.selected_) == booster.n_estimators_

    def test_the_latest_split_of_a_splitter_tells(self):
        X, y = values()
        booster = regressor(early_stopping=TimeSeriesSplit(3), n_estimators=20)
        booster.fit(X, y)
        train = regressor(n_estimators=20).fit(X[:150], y[:150])
        train.set_n_rounds(booster.n_estimators_)
        assert_array_equal(booster.predict(X), train.predict(X))

    @pytest.mark.parametrize("kind", ["values", "classes"])
    def test_rows_of_the_user_s_own_tell(self, kind):
        X, y = values() if kind == "values" else classes()
        make = regressor if kind == "values" else classifier
        X_val, y_val = X[150:], y[150:]
        booster = make(early_stopping=(X_val, y_val), n_estimators=30)
        booster.fit(X[:150], y[:150])
        plain = make(n_estimators=30).fit(X[:150], y[:150])
        losses = list(plain.staged_loss(X_val, y_val))
        assert_allclose(booster.validation_score_[1:], np.negative(losses))
        assert booster.n_estimators_ == booster.validation_score_.argmax()
        plain.set_n_rounds(booster.n_estimators_)
        assert_array_equal(booster.predict(X), plain.predict(X))
        # A warm start goes on with the same rows.
        booster.set_params(warm_start=True, n_estimators=60).fit(X[:150], y[:150])
        longer = make(n_estimators=60).fit(X[:150], y[:150])
        losses = list(longer.staged_loss(X_val, y_val))[: len(booster.train_score_) - 1]
        assert_allclose(booster.validation_score_[1:], np.negative(losses))

    def test_a_share_or_a_number_is_set_aside(self):
        X, y = values(200)
        options = {"random_state": 0, "n_estimators": 20}
        expected = regressor(early_stopping=True, validation_fraction=0.25, **options)
        expected.fit(X, y)
        for early in 0.25, 50:
            booster = regressor(early_stopping=early, **options).fit(X, y)
            scores = expected.validation_score_
            assert_array_equal(booster.validation_score_, scores)
        other = regressor(early_stopping=60, **options).fit(X, y)
        assert other.validation_score_[0] != expected.validation_score_[0]

    @pytest.mark.parametrize("changed", [0.5, False, TimeSeriesSplit(2), "pair"])
    def test_a_warm_start_with_other_rows_aside_is_refused(self, changed):
        X, y = values()
        options = {"warm_start": True, "random_state": 0, "n_estimators": 5}
        booster = regressor(early_stopping=0.25, **options).fit(X, y)
        booster.set_params(n_estimators=9).fit(X, y)
        before = booster.predict(X)
        early = (X, y) if isinstance(changed, str) else changed
        with pytest.raises(ValueError, match=r"early_stopping=.* is not what the"):
            booster.set_params(early_stopping=early).fit(X, y)
        assert_array_equal(booster.predict(X), before)
        booster = regressor(early_stopping=True, **options).fit(X, y)
        with pytest.raises(ValueError, match=r"early_stopping=.* is not what the"):
            booster.set_params(validation_fraction=0.3).fit(X, y)

    def test_rows_that_contradict_those_to_learn_from_are_refused(self):
        X, y = classes()
        cases = [
            ((X[:, :2], y), "X has 2 features, but Comp"),
            ((X, y[:9]), "inconsistent numbers of samples"),
            ((X, np.full(len(y), "maybe")), r"not fitted to: \['maybe'\]"),
            ((X * np.nan, y), "contains NaN"),
            (PredefinedSplit(np.where(y == y[0], 0, -1)), "is missing some classes"),
        ]
        for early, message in cases:
            booster = classifier(early_stopping=early)
            with pytest.raises(ValueError, match=message):
                booster.fit(X, y)
            assert not hasattr(booster, "classes_")
        X, y = values()
        booster = regressor(loss="poisson", early_stopping=(X, y - 99.0))
        with pytest.raises(ValueError, match=r"loss='poisson'|Poisson|PoissonLoss"):
            booster.fit(X, np.abs(y))


class TestLosses:
    @pytest.mark.parametrize("kinds", ["linear", KINDS], ids=["linear", "all"])
    def test_gross_errors_do_no_harm(self, kinds):
        X, y = values(400)
        clean = y.copy()
        y[::20] += 1000.0
        for loss in "absolute_error", "huber":
            booster = regressor(kinds, loss=loss, n_estimators=150).fit(X, y)
            assert np.mean(np.abs(booster.predict(X) - clean)) < 0.7

    def test_quantiles_have_their_share_below(self):
        X, y = values(2000)
        booster = regressor("spline", loss="quantile", quantile=0.8, n_estimators=150)
        X_test, y_test = values(4000, seed=1)
        below = (y_test <= booster.fit(X, y).predict(X_test)).mean()
        assert abs(below - 0.8) < 0.03

    @pytest.mark.parametrize("unit", [2.0**-70, 2.0**-40, 2.0**30, 2.0**100])
    @pytest.mark.parametrize("loss", ["absolute_error", "quantile", "huber"])
    def test_units_of_targets_do_not_matter(self, loss, unit):
        X, y = values()
        options = {"loss": loss, "quantile": 0.7, "n_estimators": 40}
        one = regressor(("linear", "spline"), **options).fit(X, y)
        other = regressor(("linear", "spline"), **options).fit(X, y * unit)
        assert_allclose(other.predict(X) / unit, one.predict(X), rtol=1e-3, atol=1e-3)

    def test_steps_that_cannot_be_taken_are_told_of(self):
        X, y = values()
        with pytest.warns(UserWarning, match="No step of a learner lowers loss='abs"):
            booster = regressor(loss="absolute_error").fit(X, (y > 1.0) * 1.0)
        assert booster.n_estimators_ == 0

    def test_classes_of_losses_of_shares_are_those_of_the_larger_one(self):
        X, y = classes()
        booster = ComponentwiseBoostingClassifier(loss=SquaredError()).fit(X, y)
        assert_array_equal(booster.predict(X), booster.predict_proba(X)[:, 1] > 0.5)

    @pytest.mark.parametrize("loss", ["gamma", "tweedie", "poisson"])
    def test_means_stay_positive(self, loss):
        X, _ = values()
        y = np.random.default_rng(0).gamma(2.0, np.exp(X[:, 0]))
        booster = regressor(("linear", "spline"), loss=loss, n_estimators=80).fit(X, y)
        assert (booster.predict(X) > 0.0).all()
        assert np.corrcoef(np.log(booster.predict(X)), X[:, 0])[0, 1] > 0.95

    def test_exponential_loss_and_losses_of_the_users_own(self):
        X, y = classes()
        booster = ComponentwiseBoostingClassifier(loss="exponential").fit(X, y)
        assert booster.score(X, y) > 0.7

        class Own(Loss):
            def value(self, y, raw):
                return SquaredError().value(y, raw)

            def gradient_hessian(self, y, raw, gradient, hessian):
                gradient[:], hessian[:] = 3.0 * (raw - y), 3.0

            def initial_value(self, y, sample_weight):
                return np.average(y, weights=sample_weight)

        X, y = values()
        own, named = (
            regressor(loss=loss, n_estimators=20).fit(X, y).coef_
            for loss in (Own(), "squared_error")
        )
        assert_allclose(own, named, rtol=1e-12)


class TestWeights:
    @pytest.mark.parametrize("loss", ["squared_error", "poisson", "huber"])
    @pytest.mark.parametrize("kinds", KINDS)
    def test_whole_numbers_are_repeated_rows(self, kinds, loss):
        X, y = values(80)
        y = np.abs(y)
        counts = np.random.default_rng(0).integers(0, 4, 80)
        repeated = np.repeat(np.arange(80), counts)
        options = {"loss": loss, "n_estimators": 15, "max_bins": 200}
        one = regressor(kinds, **options).fit(X, y, counts)
        other = regressor(kinds, **options).fit(X[repeated], y[repeated])
        assert_array_equal(one.selected_, other.selected_)
        assert_allclose(one.predict(X), other.predict(X), rtol=1e-6)

    def test_any_unit_will_do(self):
        X, y = classes()
        weights = np.random.default_rng(0).uniform(0.5, 2.0, 200)
        one, other = (
            ComponentwiseBoostingClassifier("spline", n_estimators=20)
            .fit(X, y, weights * unit)
            .predict_proba(X)
            for unit in (1.0, 2.0**-60)
        )
        assert_allclose(one, other, rtol=1e-10)


class TestErrors:
    @pytest.mark.parametrize(
        ("parameter", "value"),
        [
            ("base_learners", "tree"),
            ("base_learners", ()),
            ("base_learners", {}),
            ("base_learners", ("linear", "linear")),
            ("base_learners", {0: "cubic"}),
            ("base_learners", 3),
            ("base_learners", iter(["linear"])),
            ("loss", "log_loss"),
            ("learning_rate", 0.0),
            ("learning_rate", 1.5),
            ("n_estimators", 0),
            ("df", 2.0),
            ("df", np.nan),
            ("df", 24.0),
            ("n_knots", 0),
            ("max_bins", 256),
            ("max_bins", 1),
            ("early_stopping", "yes"),
            ("validation_fraction", 1.0),
            ("validation_fraction", 0),
            ("n_iter_no_change", 0),
            ("tol", -1.0),
            ("warm_start", 1),
            ("verbose", -1),
        ],
    )
    def test_parameters_are_checked(self, parameter, value):
        X, y = values(40)
        message = rf"'{parameter}' parameter of ComponentwiseBoostingRegressor"
        with pytest.raises(InvalidParameterError, match=message):
            regressor().set_params(**{parameter: value}).fit(X, y)

    @pytest.mark.parametrize(
        ("wanted", "message"),
        [
            ({"z": "linear"}, r"a feature 'z', and X has \['a', 'b', 'c', 'd', 'e'\]"),
            ({5: "linear"}, "a feature 5, and X has 5 features"),
            ({0: "linear", "a": "linear"}, "'linear' of one feature twice"),
        ],
        ids=["name", "position", "twice"],
    )
    def test_features_are_checked(self, wanted, message):
        X, y = values(40)
        frame = pd.DataFrame(X, columns=list("abcde"))
        with pytest.raises(ValueError, match=message):
            regressor(wanted).fit(frame, y)
        with pytest.raises(ValueError, match=r"no names of features"):
            regressor({"a": "linear"}).fit(X, y)

    def test_targets_out_of_range_leave_the_last_fit(self):
        X, y = values(60)
        booster = regressor(loss="poisson", n_estimators=5).fit(X, np.abs(y))
        before = booster.predict(X)
        with pytest.raises(ValueError, match="requires non-negative y"):
            booster.fit(X[:, :2], y)
        assert_array_equal(booster.predict(X), before)

    def test_one_class_is_refused(self):
        X, _ = values(40)
        with pytest.raises(ValueError, match="minimum of 2 classes"):
            ComponentwiseBoostingClassifier().fit(X, np.zeros(40))

    def test_exponential_loss_has_two_classes(self):
        X, y = load_iris(return_X_y=True)
        with pytest.raises(ValueError, match="only suitable for a binary"):
            ComponentwiseBoostingClassifier(loss="exponential").fit(X, y)

    def test_rounds_that_blow_up_are_named(self):
        class Broken(SquaredError.__base__):
            def value(self, y, raw):
                return (y - raw) ** 2

            def gradient_hessian(self, y, raw, gradient, hessian):
                gradient[:] = np.where(np.ptp(raw) > 0.0, np.nan, raw - y)
                hessian[:] = 1.0

            def initial_value(self, y, sample_weight):
                return 0.0

        X, y = values(40)
        with pytest.raises(ValueError, match=r"not finite in round 2: .*learning_rate"):
            regressor(loss=Broken()).fit(X, y)

    def test_unfitted_boosters_say_so(self):
        X, _ = values(10)
        for ask in (
            lambda: regressor().predict(X),
            lambda: regressor().coef_,
            lambda: regressor().set_n_rounds(3),
            lambda: ComponentwiseBoostingClassifier().predict_proba(X),
        ):
            with pytest.raises(NotFittedError):
                ask()


def test_progress_is_told(capsys):
    X, y = values(40)
    regressor(n_estimators=3, verbose=1).fit(X, y)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3
    assert lines[2].startswith("[ComponentwiseBoostingRegressor] round 3 of 3: train")
