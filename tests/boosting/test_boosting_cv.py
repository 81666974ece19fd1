"""Rounds by cross-validation: paths, rules, refits, corrections; moves; stages."""

import pickle
from inspect import signature

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.datasets import load_iris, make_classification, make_friedman1
from sklearn.ensemble import (
    GradientBoostingClassifier as TheirBooster,
)
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import Ridge
from sklearn.metrics import log_loss, mean_squared_error, roc_auc_score
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    KFold,
    TimeSeriesSplit,
    cross_val_score,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from ensembles import (
    AdaBoostClassifier,
    AdaBoostRegressor,
    Binner,
    BoostingCV,
    ComponentwiseBoostingClassifier,
    ComponentwiseBoostingRegressor,
    DistributionBoostingRegressor,
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    HistBoostingClassifier,
    HistBoostingRegressor,
    PurgedKFold,
    QuantileBoostingRegressor,
    one_standard_error,
)
from ensembles.exceptions import InvalidParameterError

VALUES = [
    HistBoostingRegressor(max_iter=12, max_leaf_nodes=4),
    HistBoostingRegressor("poisson", max_iter=12),
    GradientBoostingRegressor(n_estimators=12, random_state=0),
    GradientBoostingRegressor(estimator=Ridge(), n_estimators=12),
    ComponentwiseBoostingRegressor("spline", n_estimators=12),
    DistributionBoostingRegressor("student", max_iter=12, random_state=0),
    QuantileBoostingRegressor(max_iter=12, random_state=0),
    AdaBoostRegressor(n_estimators=12, resample=False, random_state=0),
]
CLASSES = [
    HistBoostingClassifier(max_iter=12, max_leaf_nodes=4),
    GradientBoostingClassifier(n_estimators=12, random_state=0),
    ComponentwiseBoostingClassifier(n_estimators=12),
    AdaBoostClassifier(n_estimators=12, algorithm="logit"),
]


def values(n=300, noise=1.0):
    X, y = make_friedman1(n, noise=noise, random_state=0)
    return X, np.abs(y)


def classes(n=300, n_classes=3):
    return make_classification(
        n, 6, n_informative=4, n_redundant=0, n_classes=n_classes, random_state=0
    )


def data_for(booster):
    return classes() if booster in CLASSES else values()


class TestStages:
    @pytest.mark.parametrize("booster", VALUES + CLASSES, ids=repr)
    def test_losses_of_training_rows_are_known(self, booster):
        """What boosters keep themselves, of the same rows, and of weighted ones."""
        X, y = data_for(booster)
        fitted = clone(booster)
        if "early_stopping" in fitted.get_params():
            off = signature(type(fitted)).parameters["early_stopping"].default
            fitted.set_params(early_stopping=off and False)
        fitted.fit(X, y)
        losses = list(fitted.staged_loss(X, y))
        rounds = getattr(fitted, "n_iter_", None) or fitted.n_estimators_
        assert len(losses) == rounds
        if len(getattr(fitted, "train_score_", ())) == rounds + 1:
            assert_allclose(losses, -fitted.train_score_[1:], rtol=1e-10)
        assert losses[-1] < losses[0]
        counts = np.random.default_rng(0).integers(0, 3, len(y))
        rows = np.repeat(np.arange(len(y)), counts)
        weighted = list(fitted.staged_loss(X, y, counts))
        assert_allclose(weighted, list(fitted.staged_loss(X[rows], y[rows])))

    def test_losses_are_what_they_are_called(self):
        X, y = classes(n_classes=2)
        for booster in CLASSES:
            fitted = clone(booster).fit(X, y)
            *_, last = fitted.staged_loss(X, y)
            assert_allclose(last, log_loss(y, fitted.predict_proba(X)))
        X, y = values()
        fitted = HistBoostingRegressor(max_iter=5).fit(X, y)
        *_, last = fitted.staged_loss(X, y)
        assert_allclose(last, 0.5 * mean_squared_error(y, fitted.predict(X)))

    @pytest.mark.parametrize("booster", VALUES + CLASSES, ids=repr)
    def test_losses_of_wrong_rows_are_refused(self, booster):
        X, y = data_for(booster)
        with pytest.raises(NotFittedError):
            next(clone(booster).staged_loss(X, y))
        fitted = clone(booster).fit(X, y)
        with pytest.raises(ValueError, match="inconsistent numbers of samples"):
            list(fitted.staged_loss(X, y[:-1]))
        if booster in CLASSES:
            with pytest.raises(ValueError, match=r"not fitted to: \[9\]"):
                list(fitted.staged_loss(X, np.full(len(y), 9)))


class TestMoves:
    @pytest.mark.parametrize("booster", [*VALUES[:4], *CLASSES[:2]], ids=repr)
    def test_fewer_rounds_are_those_of_a_shorter_fit(self, booster):
        X, y = data_for(booster)
        name = "max_iter" if "max_iter" in booster.get_params() else "n_estimators"
        whole = clone(booster).fit(X, y)
        short = clone(booster).set_params(**{name: 4}).fit(X, y)
        before = whole.predict(X)
        assert whole.set_n_rounds(4) is whole
        assert_array_equal(whole.predict(X), short.predict(X))
        assert len(list(whole.staged_predict(X))) == 4
        if not isinstance(booster, GradientBoostingRegressor) or not booster.estimator:
            assert_allclose(whole.feature_importances_, short.feature_importances_)
        again = pickle.loads(pickle.dumps(whole))
        full = booster.get_params()[name]
        assert_array_equal(again.set_n_rounds(full).predict(X), before)
        with pytest.raises(ValueError, match=rf"warm_start=True and {name}={full + 1}"):
            again.set_n_rounds(full + 1)
        with pytest.raises(InvalidParameterError, match="'n_rounds' parameter"):
            again.set_n_rounds(0)
        with pytest.raises(NotFittedError):
            clone(booster).set_n_rounds(1)

    @pytest.mark.parametrize("booster", [VALUES[0], VALUES[2]], ids=repr)
    def test_a_warm_start_goes_on_from_there(self, booster):
        X, y = values()
        name = "max_iter" if "max_iter" in booster.get_params() else "n_estimators"
        whole = clone(booster).fit(X, y)
        moved = clone(booster).set_params(warm_start=True).fit(X, y).set_n_rounds(5)
        moved.fit(X, y)
        assert_allclose(moved.predict(X), whole.predict(X), rtol=1e-12)
        assert_array_equal(
            moved.set_n_rounds(3).predict(X), whole.set_n_rounds(3).predict(X)
        )
        assert booster.get_params()[name] == 12

    def test_scores_of_rounds_that_do_not_predict_are_not_gone_on_from(self):
        X, y = values(noise=3.0)
        options = {"early_stopping": True, "random_state": 0, "n_iter_no_change": 5}
        cold = HistBoostingRegressor(max_iter=60, **options).fit(X, y)
        moved = clone(cold).set_params(warm_start=True).fit(X, y).set_n_rounds(8)
        moved.fit(X, y)
        assert moved.n_iter_ == cold.n_iter_
        assert_allclose(moved.validation_score_, cold.validation_score_)
        assert_allclose(moved.train_score_, cold.train_score_)

    def test_rounds_after_the_best_can_be_had(self):
        X, y = values()
        booster = DistributionBoostingRegressor(random_state=0).fit(X, y)
        best, known = booster.n_iter_, len(booster.validation_score_) - 1
        assert best < known
        assert booster.set_n_rounds(known).n_iter_ == known
        assert booster.set_n_rounds(best).n_iter_ == best


class TestPaths:
    @pytest.mark.parametrize("booster", VALUES + CLASSES, ids=repr)
    def test_scores_are_those_of_fits_of_each_fold(self, booster):
        X, y = data_for(booster)
        cv = KFold(3, shuffle=True, random_state=0)
        search = BoostingCV(booster, cv=cv).fit(X, y)
        name = "max_iter" if "max_iter" in booster.get_params() else "n_estimators"
        assert search.scores_.shape == (3, booster.get_params()[name])
        for fold, (train, test) in enumerate(cv.split(X)):
            alone = clone(search.estimator_).set_params(
                **{name: booster.get_params()[name]}
            )
            losses = list(alone.fit(X[train], y[train]).staged_loss(X[test], y[test]))
            assert_allclose(-search.scores_[fold], losses, rtol=1e-10)
        assert_allclose(search.mean_scores_, search.scores_.mean(axis=0))
        spread = search.scores_.std(axis=0, ddof=1) / np.sqrt(3)
        assert_allclose(search.standard_errors_, spread)
        assert search.n_rounds_ == search.mean_scores_.argmax() + 1
        assert search.estimator_.get_params()[name] == search.n_rounds_

    @pytest.mark.parametrize(
        ("booster", "scoring"),
        [
            (HistBoostingClassifier(max_iter=8), "neg_log_loss"),
            (HistBoostingClassifier(max_iter=8), "accuracy"),
            (HistBoostingClassifier(max_iter=8), "roc_auc"),
            (AdaBoostClassifier(n_estimators=8, random_state=0), "accuracy"),
            (TheirBooster(n_estimators=8, random_state=0), "roc_auc"),
        ],
        ids=lambda value: value if isinstance(value, str) else type(value).__name__,
    )
    def test_scorers_are_asked_of_each_stage(self, booster, scoring):
        """A grid search over numbers of rounds has the same scores."""
        X, y = classes(n_classes=2)
        name = "max_iter" if "max_iter" in booster.get_params() else "n_estimators"
        cv = KFold(3, shuffle=True, random_state=0)
        search = BoostingCV(booster, cv=cv, scoring=scoring).fit(X, y)
        grid = GridSearchCV(booster, {name: [1, 3, 8]}, scoring=scoring, cv=cv).fit(
            X, y
        )
        theirs = grid.cv_results_["mean_test_score"]
        assert_allclose(search.mean_scores_[[0, 2, 7]], theirs, rtol=1e-10)

    def test_own_scorers_and_boosters_of_others(self):
        X, y = classes(n_classes=2)

        def scorer(stage, X, y):
            proba = stage.predict_proba(X)[:, 1]
            assert ((proba > 0.5) == stage.predict(X)).all()
            return roc_auc_score(y, proba)

        ours = BoostingCV(CLASSES[0], cv=3, scoring=scorer).fit(X, y)
        named = BoostingCV(CLASSES[0], cv=3, scoring="roc_auc").fit(X, y)
        assert_allclose(ours.scores_, named.scores_)
        X, y = values()
        theirs = HistGradientBoostingRegressor(max_iter=8, early_stopping=True)
        search = BoostingCV(theirs, cv=3, scoring="r2").fit(X, y)
        assert search.scores_.shape == (3, 8)
        assert search.estimator_.early_stopping is False
        search = BoostingCV(AdaBoostRegressor(n_estimators=6), cv=3, scoring="r2")
        assert search.fit(X, y).scores_.shape[1] <= 6

    @pytest.mark.parametrize("n_jobs", [2, -1])
    def test_workers_do_not_change_bits(self, n_jobs):
        X, y = values()
        booster = DistributionBoostingRegressor(max_iter=10, random_state=0)
        one = BoostingCV(booster, cv=3).fit(X, y)
        other = BoostingCV(booster, cv=3, n_jobs=n_jobs).fit(X, y)
        assert_array_equal(one.scores_, other.scores_)
        assert_array_equal(one.predict_interval(X), other.predict_interval(X))

    def test_splitters_in_time_and_of_groups(self):
        X, y = values()
        booster = VALUES[0]
        for cv in TimeSeriesSplit(3), PurgedKFold(4), 4:
            search = BoostingCV(booster, cv=cv).fit(X, y)
            assert len(search.scores_) in (3, 4)
        groups = np.arange(300) % 5
        search = BoostingCV(booster, cv=GroupKFold(5)).fit(X, y, groups=groups)
        folds = list(GroupKFold(5).split(X, y, groups))
        listed = BoostingCV(booster, cv=folds).fit(X, y)
        assert_array_equal(search.scores_, listed.scores_)

    def test_weights_count_in_fits_and_scores(self):
        X, y = values()
        weights = np.random.default_rng(0).integers(1, 3, 300)
        search = BoostingCV(VALUES[0], cv=KFold(3)).fit(X, y, weights)
        train, test = next(KFold(3).split(X))
        alone = clone(search.estimator_).set_params(max_iter=12)
        alone.fit(X[train], y[train], weights[train])
        losses = list(alone.staged_loss(X[test], y[test], weights[test]))
        assert_allclose(-search.scores_[0], losses)
        refit = clone(search.estimator_).fit(X, y, weights)
        assert_array_equal(refit.predict(X), search.predict(X))

    def test_bins_can_be_shared(self):
        X, y = values()
        binned = Binner().fit(X).bin(X)
        search = BoostingCV(VALUES[0], cv=3).fit(binned, y)
        assert_array_equal(search.predict(X), search.predict(binned))

    def test_classes_that_a_fold_lacks_are_left_out_of_its_score(self):
        X, y = load_iris(return_X_y=True)
        folds = [(np.arange(100), np.arange(50, 150)), (np.arange(150), np.arange(150))]
        booster = HistBoostingClassifier(max_iter=3)
        with pytest.warns(UserWarning, match="50 test rows of a fold have classes"):
            search = BoostingCV(booster, cv=folds).fit(X, y)
        alone = booster.fit(X[:100], y[:100])
        losses = list(alone.staged_loss(X[50:100], y[50:100]))
        assert_allclose(-search.scores_[0], losses)
        assert_array_equal(search.classes_, [0, 1, 2])

    def test_rows_of_series_and_frames_are_taken_by_position(self):
        X, y = values()
        order = np.random.default_rng(0).permutation(300)
        array = BoostingCV(VALUES[0], cv=3).fit(X, y)
        for index in order, order + 1000, np.array([f"r{i}" for i in order]):
            frame = pd.DataFrame(X, index=index, columns=list("abcdefghij"))
            search = BoostingCV(VALUES[0], cv=3).fit(frame, pd.Series(y, index=index))
            assert_array_equal(search.scores_, array.scores_)
        assert list(search.feature_names_in_) == list("abcdefghij")

    def test_fits_under_dropout_do_not_tell_of_fewer_rounds(self):
        X, y = values(60)
        booster = GradientBoostingRegressor(dropout=0.2)
        with pytest.raises(InvalidParameterError, match=r"'estimator' .* dropout"):
            BoostingCV(booster).fit(X, y)

    def test_scorers_that_take_no_weights_are_told_none(self):
        X, y = values()
        weights = np.random.default_rng(0).uniform(0.5, 2.0, 300)

        def plain(stage, X, y):
            return -np.mean((stage.predict(X) - y) ** 2)

        def takes(stage, X, y, sample_weight=None):
            return -np.average((stage.predict(X) - y) ** 2, weights=sample_weight)

        search = BoostingCV(VALUES[0], cv=3, scoring=plain).fit(X, y, weights)
        weighted = BoostingCV(VALUES[0], cv=3, scoring=takes).fit(X, y, weights)
        loss = BoostingCV(VALUES[0], cv=3).fit(X, y, weights)
        assert_allclose(weighted.scores_, 2.0 * loss.scores_)
        assert (search.scores_ != weighted.scores_).any()
        named = BoostingCV(VALUES[0], cv=3, scoring="neg_max_error").fit(X, y, weights)
        assert np.isfinite(named.scores_).all()
        squared = BoostingCV(VALUES[0], cv=3, scoring="neg_mean_squared_error")
        assert_allclose(squared.fit(X, y, weights).scores_, weighted.scores_)

    def test_quantiles_are_scored_by_their_medians(self):
        X, y = values()
        booster = clone(VALUES[6]).set_params(calibrate=False)
        search = BoostingCV(booster, cv=3, scoring="neg_mean_absolute_error")
        medians = BoostingCV(QuantileBoostingRegressor([0.5], max_iter=12), cv=3)
        halves = -2.0 * medians.fit(X, y).scores_
        assert_allclose(-search.fit(X, y).scores_, halves, rtol=0.05)

    def test_what_has_no_stages_is_named(self):
        X, y = values()
        search = BoostingCV(VALUES[0], cv=3, scoring="neg_log_loss")
        with pytest.raises(ValueError, match=r"'neg_log_loss' asks for what H"):
            search.fit(X, y)


class TestRules:
    def test_the_least_number_within_a_standard_error(self):
        X, y = values(noise=4.0)
        booster = HistBoostingRegressor(max_iter=80, max_leaf_nodes=4)
        best = BoostingCV(booster).fit(X, y)
        least = BoostingCV(booster, rule="one_standard_error").fit(X, y)
        assert least.n_rounds_ < best.n_rounds_
        assert_array_equal(least.scores_, best.scores_)
        top = best.n_rounds_ - 1
        differences = best.scores_[:, [top]] - best.scores_
        errors = differences.std(axis=0, ddof=1) / np.sqrt(5)
        near = differences.mean(axis=0) <= errors
        assert least.n_rounds_ == np.flatnonzero(near)[0] + 1

    def test_rules_of_the_users_own(self):
        X, y = values()
        rule = one_standard_error({"n_rounds": "max"}, n_errors=100.0)
        assert BoostingCV(VALUES[0], rule=rule).fit(X, y).n_rounds_ == 12

    @pytest.mark.parametrize("given", [12, -1, 1.5, None, True])
    def test_rules_give_an_index(self, given):
        X, y = values(60)
        search = BoostingCV(VALUES[0], cv=2, rule=lambda _: given)
        with pytest.raises(ValueError, match=r"an int from 0 to 11"):
            search.fit(X, y)


class TestCorrections:
    @pytest.mark.parametrize("booster", VALUES[5:7], ids=repr)
    def test_rows_count_by_their_weights(self, booster):
        """Ones are none, zeros are left out, and others count."""
        X, y = values(240)
        folds = [
            (np.arange(120), np.arange(120, 240)),
            (np.arange(120, 240), np.arange(120)),
        ]
        search = BoostingCV(booster, cv=folds)
        plain = clone(search).fit(X, y).estimator_.calibration_
        ones = clone(search).fit(X, y, np.ones(240)).estimator_.calibration_
        assert_array_equal(ones, plain)
        assert plain.any()
        some = np.arange(240) % 3 > 0
        kept = np.cumsum(some) - 1
        fewer = [tuple(kept[part][some[part]] for part in fold) for fold in folds]
        zeros = clone(search).fit(X, y, some * 1.0).estimator_.calibration_
        left = BoostingCV(booster, cv=fewer).fit(X[some], y[some])
        assert_allclose(zeros, left.estimator_.calibration_)
        heavy = np.where(np.abs(y - np.median(y)) > 5.0, 10.0, 1.0)
        heavy[:120] = 1.0
        once = BoostingCV(booster, cv=folds[:1], rule=lambda _: 5)  # the same booster
        weighted = clone(once).fit(X, y, heavy).estimator_.calibration_
        assert (weighted != once.fit(X, y).estimator_.calibration_).any()

    def test_levels_can_be_named(self):
        X, y = values()
        search = BoostingCV(VALUES[5], cv=2).fit(X, y)
        named = search.predict_interval(X, confidence_level=0.8)
        assert_array_equal(named, search.predict_interval(X, 0.8))
        assert_allclose(named[:, 0], search.predict_quantiles(X, quantiles=0.1))

    def test_distributions_are_corrected_by_the_rows_of_all_folds(self):
        X, y = make_friedman1(1000, noise=2.0, random_state=0)
        X_test, y_test = make_friedman1(4000, noise=2.0, random_state=1)
        booster = DistributionBoostingRegressor(max_iter=150, random_state=0)
        search = BoostingCV(booster, cv=5).fit(X, y)
        assert search.estimator_.calibration_[1] > 0.05
        assert search.estimator_.n_iter_ == search.n_rounds_
        low, high = search.predict_interval(X_test, 0.9).T
        covered = ((low <= y_test) & (y_test <= high)).mean()
        assert abs(covered - 0.9) < 0.03
        plain = BoostingCV(booster.set_params(calibrate=False), cv=5).fit(X, y)
        low, high = plain.predict_interval(X_test, 0.9).T
        assert ((low <= y_test) & (y_test <= high)).mean() < covered - 0.01

    def test_quantiles_are_too(self):
        X, y = make_friedman1(1000, noise=2.0, random_state=0)
        X_test, y_test = make_friedman1(4000, noise=2.0, random_state=1)
        booster = QuantileBoostingRegressor(max_iter=150, random_state=0)
        search = BoostingCV(booster, cv=5).fit(X, y, np.ones(1000))
        shares = (y_test[:, None] <= search.predict_quantiles(X_test)).mean(axis=0)
        assert_allclose(shares, booster.quantiles, atol=0.04)
        low, high = search.predict_interval(X_test).T
        assert abs(((low <= y_test) & (y_test <= high)).mean() - 0.9) < 0.03


class TestContract:
    def test_in_pipelines_searches_and_scores(self):
        X, y = classes(n_classes=2)
        search = BoostingCV(CLASSES[0], cv=3)
        assert cross_val_score(search, X, y, cv=2).shape == (2,)
        pipeline = make_pipeline(StandardScaler(), clone(search)).fit(X, y)
        assert pipeline.predict_proba(X).shape == (300, 2)
        grid = {"estimator__learning_rate": [0.1, 0.3]}
        assert GridSearchCV(search, grid, cv=2).fit(X, y).best_score_ > 0.5
        again = pickle.loads(pickle.dumps(search.fit(X, y)))
        assert_array_equal(again.predict(X), search.predict(X))
        assert_array_equal(search.decision_function(X) > 0, search.predict(X) == 1)

    def test_methods_are_those_of_the_booster(self):
        search = BoostingCV(VALUES[0])
        assert not hasattr(search, "predict_proba")
        assert not hasattr(search, "predict_dist")
        assert hasattr(BoostingCV(VALUES[5]), "predict_dist")
        with pytest.raises(NotFittedError):
            search.predict(values()[0])

    def test_the_users_booster_is_not_touched(self):
        X, y = values()
        booster = HistBoostingRegressor(
            max_iter=5, early_stopping=True, warm_start=True
        )
        BoostingCV(booster, cv=2).fit(X, y)
        assert booster.early_stopping is True
        assert booster.warm_start
        assert not hasattr(booster, "trees_")

    @pytest.mark.parametrize(
        ("options", "name"),
        [
            ({"estimator": Ridge()}, "estimator"),
            ({"estimator": HistBoostingRegressor}, "estimator"),
            ({"estimator": TheirBooster()}, "scoring"),
            ({"scoring": 3}, "scoring"),
            ({"rule": "least"}, "rule"),
            ({"cv": "time"}, "cv"),
            ({"cv": 0.5}, "cv"),
            ({"n_jobs": 1.5}, "n_jobs"),
            ({"verbose": -1}, "verbose"),
        ],
        ids=str,
    )
    def test_parameters_are_checked(self, options, name):
        X, y = values(60)
        search = BoostingCV(HistBoostingRegressor(max_iter=2)).set_params(**options)
        with pytest.raises(InvalidParameterError, match=rf"'{name}' parameter of B"):
            search.fit(X, y)

    def test_folds_and_scores_are_checked(self):
        X, y = values(60)
        booster = HistBoostingRegressor(max_iter=2)
        with pytest.raises(ValueError, match="makes 0 folds of 60 rows"):
            BoostingCV(booster, cv=[]).fit(X, y)
        search = BoostingCV(booster, cv=3).fit(X, y)
        before = search.predict(X)
        with pytest.raises(ValueError, match="score of fold 0 is NaN after 1 rounds"):
            search.set_params(scoring=lambda *_: np.nan).fit(X[:, :4], y)
        assert_array_equal(search.predict(X), before)

    def test_nothing_to_learn(self):
        X, _ = values(60)
        search = BoostingCV(ComponentwiseBoostingRegressor(), cv=3)
        assert_array_equal(search.fit(X, np.full(60, 3.0)).predict(X), np.full(60, 3.0))
        assert search.scores_.shape == (3, 1)
        half = np.repeat([1.0, 2.0], 30) + X[:, 0] * np.repeat([0.0, 1.0], 30)
        rows = np.arange(60)
        folds = [(rows[:30], rows[30:]), (rows[30:], rows[:30])]
        for scoring in "loss", "r2":
            search = BoostingCV(
                ComponentwiseBoostingRegressor(n_estimators=5),
                cv=folds,
                scoring=scoring,
            ).fit(X, half)
            assert search.scores_.shape == (2, 5)
            assert (search.scores_[0] == search.scores_[0, 0]).all()
