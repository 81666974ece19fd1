"""Numbers of members that a fit finds, and scores by the number of members."""

import pickle
import warnings

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import BaseEstimator, RegressorMixin, clone
from sklearn.datasets import make_classification, make_friedman1
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import Ridge
from sklearn.metrics import accuracy_score, mean_squared_error, r2_score
from sklearn.model_selection import GridSearchCV
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from ensembles import (
    BaggingClassifier,
    BaggingRegressor,
    BalancedBaggingClassifier,
    BayesianBootstrap,
    CircularBlockBootstrap,
    GroupBootstrap,
    HistForestClassifier,
    HistForestRegressor,
    Jackknife,
    UntilSettled,
)
from ensembles._stages import next_stage, stages_up_to
from ensembles.bagging._oob_curve import _dealt
from ensembles.bagging._predicted import HALVES
from ensembles.exceptions import InvalidParameterError

X, Y = make_friedman1(150, noise=1.0, random_state=0)
SHALLOW = DecisionTreeRegressor(max_depth=4, random_state=0)
LOOSE = UntilSettled(tol=0.4)


def fitted(n_estimators=LOOSE, estimator=SHALLOW, **params):
    bag = BaggingRegressor(estimator, n_estimators, random_state=0)
    return bag.set_params(**params).fit(X, Y)


def left_out_mean(bag, members):
    """Means of some members' predictions of the rows that they left out."""
    is_out = (bag.inbag_counts_ == 0)[members]
    values = np.where(is_out, bag.predict_members(X)[members], 0)
    with np.errstate(invalid="ignore"):
        return values.sum(axis=0) / is_out.sum(axis=0)


def test_the_curve_has_the_score_of_the_first_members():
    bag = fitted(50, oob_score=True)
    curve = bag.oob_curve_
    stages = [1, 2, 3, 4, 5, 6, 8, 10, 13, 16, 20, 25, 32, 40, 50]
    assert curve.n_estimators.tolist() == stages
    for n_members, score in zip(curve.n_estimators, curve.score, strict=True):
        mean = left_out_mean(bag, np.arange(n_members))
        seen = ~np.isnan(mean)
        assert_allclose(score, r2_score(Y[seen], mean[seen]))
    assert bag.oob_score_ == curve.score[-1]
    odd = fitted(45, oob_score=True).oob_curve_
    assert odd.n_estimators.tolist() == [*stages[:-1], 45]
    assert_array_equal(odd.score[:-1], curve.score[:-1])
    assert np.isnan([*curve.mc_error, *curve.sampling_error]).all()


def test_a_rule_gives_what_the_number_gives_that_it_finds():
    by_rule = fitted()
    by_number = fitted(len(by_rule), oob_score=True)
    assert len(by_rule) == 50
    assert_array_equal(by_rule.oob_prediction_, by_number.oob_prediction_)
    assert by_rule.oob_score_ == by_number.oob_score_
    assert_array_equal(by_rule.predict(X), by_number.predict(X))


@pytest.mark.parametrize("n_jobs", [2, 3])
def test_workers_do_not_change_the_number(n_jobs):
    one, several = fitted(), fitted(n_jobs=n_jobs)
    assert len(one) == len(several)
    assert_array_equal(one.oob_curve_, several.oob_curve_)


def test_errors_are_spreads_of_scores_of_halves():
    bag = fitted(UntilSettled(tol=1e9), scheme=None)
    assert len(bag) == 32
    of_members = [left_out_mean(bag, np.tile(half, 2)) for half in HALVES]
    rows = ~np.isnan(of_members).any(axis=0)
    assert rows.sum() > 140
    scores = [r2_score(Y[rows], mean[rows]) for mean in of_members]
    assert_allclose(bag.oob_curve_.mc_error[-1], np.std(scores, ddof=1))
    groups, everything = _dealt(150, None, None), left_out_mean(bag, np.arange(32))
    parts = [rows & half[groups] for half in HALVES]
    scores = [r2_score(Y[part], everything[part]) for part in parts]
    assert_allclose(bag.oob_curve_.sampling_error[-1], np.std(scores, ddof=1))


def test_spread_of_halves_is_the_standard_error_of_a_mean():
    rng = np.random.default_rng(0)
    groups = rng.normal(size=(4000, 16))
    means = np.array([groups[:, half].mean(axis=1) for half in HALVES])
    whole = groups.mean(axis=1)
    standard_error = groups.std(axis=1, ddof=1) / 4
    # whatever the sixteen numbers are, about the mean of all
    assert_allclose(np.sqrt(np.mean((means - whole) ** 2, axis=0)), standard_error)
    # on average, about the mean of halves; 4000 variances have an error of 0.6 %
    about_halves = np.mean(means.var(axis=0, ddof=1))
    assert_allclose(about_halves, 1 / 16, rtol=0.03)


def test_monte_carlo_errors_are_those_of_other_random_numbers():
    # The standard deviation of 30 scores has a relative error of 13 %, the root of the
    # mean of their squared errors of 4 %; a false alarm is one in a thousand.
    bags = [
        BaggingRegressor(SHALLOW, UntilSettled(1e9), random_state=seed).fit(X, Y)
        for seed in range(30)
    ]
    spread = np.std([bag.oob_score_ for bag in bags], ddof=1)
    stated = np.sqrt(np.mean([bag.oob_curve_.mc_error[-1] ** 2 for bag in bags]))
    assert 0.6 < stated / spread < 1.7


def test_it_ends_where_luck_matters_little():
    bag = fitted(UntilSettled(tol=0.4))
    asked = ~np.isnan(bag.oob_curve_.mc_error)
    sizes = bag.oob_curve_.n_estimators[asked]
    ratio = (bag.oob_curve_.mc_error / bag.oob_curve_.sampling_error)[asked]
    assert sizes.tolist() == [32, 40, 50, 64, 80, 100][: len(sizes)]
    assert (ratio[:-1] > 0.4).all()
    assert ratio[-1] <= 0.4


def test_less_tolerance_takes_more_members():
    sizes = [len(fitted(UntilSettled(tol))) for tol in (0.8, 0.4, 0.25)]
    assert sizes == sorted(sizes)
    assert sizes[0] < sizes[-1]


def test_auto_is_the_rule_with_its_defaults():
    by_name = fitted("auto", Ridge())
    assert_array_equal(by_name.oob_curve_, fitted(UntilSettled(), Ridge()).oob_curve_)
    assert len(by_name) == 32


def test_a_score_that_does_not_settle_is_warned_of():
    with pytest.warns(ConvergenceWarning, match=r"with 40 members: its Monte-Carlo"):
        bag = fitted(UntilSettled(tol=0.01, at_most=40))
    assert len(bag) == 40
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(fitted(UntilSettled(tol=0, at_most=40))) == 40


class Slow(RegressorMixin, BaseEstimator):
    """Takes its time."""

    def fit(self, X, y):
        import time

        time.sleep(0.02)
        self.mean_ = np.mean(y)
        return self

    def predict(self, X):
        return np.full(len(X), self.mean_)


@pytest.mark.filterwarnings("ignore:Some inputs do not have OOB scores")
def test_time_can_be_up():
    # At least 50 ms for the third, at most 1000 of them in 20 s.
    bag = fitted(UntilSettled(0, max_seconds=0.05), Slow())
    assert 1 <= len(bag) <= 3
    longer = fitted(5, Slow())
    assert_array_equal(bag.inbag_counts_, longer.inbag_counts_[: len(bag)])


def test_a_warm_start_goes_on():
    bag = fitted(10, warm_start=True)
    assert_array_equal(
        bag.set_params(n_estimators=LOOSE).fit(X, Y).oob_curve_.score[-1],
        fitted().oob_curve_.score[-1],
    )
    n_members = len(bag)
    assert len(bag.fit(X, Y)) == n_members  # they were enough
    with pytest.raises(ValueError, match=r"n_estimators=32 must be larger or equal"):
        bag.set_params(n_estimators=UntilSettled(at_most=32)).fit(X, Y)


CLASSES = make_classification(200, n_informative=4, n_classes=3, random_state=0)
PAIR = np.column_stack([CLASSES[1], CLASSES[1] % 2])
STUMPY = DecisionTreeClassifier(max_depth=3, random_state=0)
KINDS = {
    "classes": (BaggingClassifier(STUMPY), CLASSES[1]),
    "votes": (BaggingClassifier(STUMPY, combine="vote"), CLASSES[1]),
    "median": (BaggingClassifier(STUMPY, combine="median"), CLASSES[1]),
    "two_outputs": (BaggingClassifier(STUMPY), PAIR),
    "balanced": (BalancedBaggingClassifier(STUMPY), CLASSES[1]),
    "forest": (HistForestClassifier(max_depth=3), CLASSES[1]),
    "forest_of_values": (HistForestRegressor(max_depth=3), CLASSES[0][:, 0]),
    "values_twice": (BaggingRegressor(SHALLOW), CLASSES[0][:, :2]),
}


@pytest.mark.parametrize("kind", KINDS)
def test_bags_of_all_kinds_find_their_number(kind):
    bag, y = KINDS[kind]
    bag = clone(bag).set_params(n_estimators=UntilSettled(0.8, at_most=200))
    bag.set_params(random_state=0).fit(CLASSES[0], y)
    assert 32 <= len(bag) < 200
    numbered = clone(bag).set_params(n_estimators=len(bag), oob_score=True)
    assert numbered.fit(CLASSES[0], y).oob_score_ == bag.oob_score_


def test_any_score_settles():
    bag = BaggingClassifier(STUMPY, UntilSettled(2), random_state=0)
    for score in ("neg_log_loss", "roc_auc_ovr", accuracy_score):
        bag.set_params(oob_score=score).fit(*CLASSES)
        assert np.isfinite(bag.oob_curve_.mc_error[-1])
        assert bag.oob_curve_.score[-1] == bag.oob_score_
    error = fitted(LOOSE, oob_score=mean_squared_error)
    assert error.oob_score_ > 1


def test_rows_of_a_class_are_dealt_evenly():
    codes = np.repeat([0, 1], [90, 30])
    groups = _dealt(120, codes, None)
    assert np.bincount(groups[codes == 1], minlength=16).max() == 2
    assert np.bincount(groups, minlength=16).min() >= 7
    assert not np.array_equal(groups, _dealt(120, None, None))


def test_scores_of_too_few_rows_are_missing_and_of_all_are_raised():
    few = np.repeat([0, 1, 2], [60, 3, 3])
    points = np.random.default_rng(0).normal(size=(66, 2))
    bag = BaggingClassifier(STUMPY, 60, oob_score="roc_auc_ovr", random_state=0)
    bag.set_params(scheme=Jackknife(n_groups=60))
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Some inputs do not have OOB")
        bag.fit(points, few)
    assert np.isnan(bag.oob_curve_.score[0])
    assert np.isfinite(bag.oob_curve_.score[-1])


def test_it_works_in_a_search_and_in_pickles():
    bag = BaggingRegressor(Ridge(), UntilSettled(), random_state=0)
    search = GridSearchCV(bag, {"n_estimators__tol": [0.25, 3.0]}, cv=2).fit(X, Y)
    best = search.best_estimator_
    again = pickle.loads(pickle.dumps(best))
    assert_array_equal(again.oob_curve_, best.oob_curve_)
    assert "UntilSettled" in repr(best)


def test_curves_come_from_training_data_too():
    bag = fitted(40)
    assert not hasattr(bag, "oob_curve_")
    bag.compute_oob(X, Y)
    assert_array_equal(bag.oob_curve_, fitted(40, oob_score=True).oob_curve_)
    assert not hasattr(bag[:20], "oob_curve_")


WRONG = {
    "word": ("many", r"an int in the range \[1, inf\), 'auto' or an UntilSettled"),
    "none": (0, r"must be an int in the range \[1, inf\)"),
    "tol": (UntilSettled(-1), r"'tol' parameter of UntilSettled must be a float"),
    "at_most": (UntilSettled(at_most=31), r"'at_most' .* range \[32, inf\)"),
    "seconds": (UntilSettled(max_seconds=0), r"'max_seconds' .* \(0.0, inf\)"),
}


@pytest.mark.parametrize("kind", WRONG)
def test_what_is_no_number_and_no_rule_is_told(kind):
    value, message = WRONG[kind]
    with pytest.raises(InvalidParameterError, match=message):
        fitted(value)


def test_a_rule_needs_rows_that_are_left_out():
    with pytest.raises(ValueError, match=r"only available if bootstrap=True"):
        fitted(bootstrap=False)
    with pytest.raises(ValueError, match=r"a number of members and oob_score=False"):
        fitted(scheme=BayesianBootstrap())


def test_members_that_fail_are_made_up_for():
    class Fails(DecisionTreeRegressor):
        """Fails by its seed."""

        def fit(self, X, y, sample_weight=None):
            if self.random_state % 3 == 0:
                raise RuntimeError("no")
            return super().fit(X, y, sample_weight)

    with pytest.warns(UserWarning, match=r"members failed to fit"):
        bag = fitted(UntilSettled(1e9), Fails(max_depth=3), error_score=np.nan)
    assert 32 <= len(bag) < 40
    assert bag._n_planned > len(bag)


def test_stages_are_round_numbers_a_quarter_apart():
    assert list(stages_up_to(11)) == [1, 2, 3, 4, 5, 6, 8, 10, 11]
    assert list(stages_up_to(1)) == [1]
    assert next_stage(0) == 1
    stages = list(stages_up_to(100_000))
    assert {32, 100, 125 * 8, 1300, 10_000} <= set(stages)
    ratios = np.array(stages[9:]) / stages[8:-1]
    assert ((ratios > 1.2) & (ratios <= 1.31)).all()


def test_both_ways_to_give_a_number_are_scored_at_the_same_stages():
    by_rule = fitted()
    by_number = fitted(len(by_rule), oob_score=True)
    for name in ("n_estimators", "score"):
        assert_array_equal(
            getattr(by_rule.oob_curve_, name), getattr(by_number.oob_curve_, name)
        )


LITTLE_LEFT = {
    "large_draws": ({"max_samples": 6 * 150}, UntilSettled(at_most=80)),
    "each_row_once": ({"scheme": Jackknife()}, UntilSettled(at_most=150)),
}


@pytest.mark.parametrize("case", LITTLE_LEFT)
@pytest.mark.filterwarnings("ignore:Some inputs do not have OOB scores")
def test_a_score_of_few_rows_does_not_settle(case):
    params, rule = LITTLE_LEFT[case]
    with pytest.warns(ConvergenceWarning, match=r"leave out too few rows for a score"):
        bag = fitted(rule, **params)
    assert len(bag) == rule.at_most
    assert np.isnan(bag.oob_curve_.mc_error).all()


def test_groups_and_blocks_are_dealt_whole():
    # Ten copies of a row tell what one tells.
    rows, y = np.repeat(X[:40], 10, axis=0), np.repeat(Y[:40], 10)
    rule = UntilSettled(1e9)
    bag = BaggingRegressor(SHALLOW, rule, scheme=GroupBootstrap(), random_state=0)
    bag.fit(rows, y, groups=np.repeat(np.arange(40), 10))
    alone = BaggingRegressor(SHALLOW, rule, random_state=0).fit(X[:40], Y[:40])
    errors = [one.oob_curve_.sampling_error[-1] for one in (bag, alone)]
    assert 0.6 < errors[0] / errors[1] < 1.7
    units = CircularBlockBootstrap(block_length=4).bind(10).deletions().units()
    assert_array_equal(units, [0, 0, 0, 0, 1, 1, 1, 1, 2, 2])
    groups = _dealt(10, None, units)
    assert len(set(groups[:4])) == len(set(groups[4:8])) == 1


def test_a_score_that_few_rows_break_is_missing_until_there_are_enough():
    def of_many(estimator, X, y):
        return 1 / int(len(y) > 120)

    bag = fitted(40, oob_score=of_many)
    assert np.isnan(bag.oob_curve_.score[:2]).all()
    assert bag.oob_score_ == 1
    with pytest.raises(ZeroDivisionError):
        fitted(2, oob_score=of_many)


def test_a_rule_asks_for_no_more_replicates_than_there_are():
    with pytest.raises(ValueError, match=r"has 150 replicates") as caught:
        fitted("auto", scheme=Jackknife())
    assert "at_most=1000" in caught.value.__notes__[0]


def test_values_that_are_whole_numbers_are_values():
    y = np.round(Y * 3).astype(int)
    whole, floats = (
        BaggingRegressor(SHALLOW, UntilSettled(1e9), random_state=0).fit(X, target)
        for target in (y, y.astype(float))
    )
    assert_array_equal(whole.oob_curve_, floats.oob_curve_)


def test_the_last_stage_has_errors_too():
    bag = fitted(UntilSettled(tol=0, at_most=45))
    assert np.isfinite(bag.oob_curve_.mc_error[-1])
