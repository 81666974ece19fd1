import numpy as np
import pytest
import sklearn.ensemble
from numpy.testing import assert_allclose, assert_array_equal
from sklearn import config_context
from sklearn.base import clone
from sklearn.datasets import (
    make_classification,
    make_multilabel_classification,
    make_regression,
)
from sklearn.exceptions import NotFittedError
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.model_selection import FixedThresholdClassifier, GridSearchCV
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor
from sklearn.utils import get_tags

from ensembles import VotingClassifier, VotingRegressor
from ensembles.exceptions import InvalidParameterError

X3, CODES = make_classification(120, 6, n_informative=4, n_classes=3, random_state=0)
Y3 = np.array(["red", "green", "blue"])[CODES]
XR, YR = make_regression(120, 6, noise=10, random_state=0)
CLASSIFIERS = [
    ("linear", LogisticRegression()),
    ("tree", DecisionTreeClassifier(max_depth=3, random_state=0)),
    ("near", KNeighborsClassifier()),
]
REGRESSORS = [
    ("linear", Ridge()),
    ("tree", DecisionTreeRegressor(max_depth=3, random_state=0)),
    ("near", KNeighborsRegressor()),
]


@pytest.mark.parametrize("voting", ["hard", "soft"])
@pytest.mark.parametrize("weights", [None, [1, 0.5, 2]], ids=["equal", "weighted"])
@pytest.mark.parametrize("dropped", [None, "tree"])
def test_classes_equal_scikit_learn_s(voting, weights, dropped):
    ours, theirs = (
        module(CLASSIFIERS, voting=voting, weights=weights)
        for module in (VotingClassifier, sklearn.ensemble.VotingClassifier)
    )
    if dropped:
        ours.set_params(**{dropped: "drop"})
        theirs.set_params(**{dropped: "drop"})
    ours.fit(X3, Y3)
    theirs.fit(X3, Y3)
    assert_array_equal(ours.predict(X3), theirs.predict(X3))
    assert_array_equal(ours.transform(X3), theirs.transform(X3))
    assert_array_equal(ours.get_feature_names_out(), theirs.get_feature_names_out())
    if voting == "soft":
        assert_allclose(ours.predict_proba(X3), theirs.predict_proba(X3))


@pytest.mark.parametrize("weights", [None, [1, 0.5, 2]], ids=["equal", "weighted"])
def test_values_equal_scikit_learn_s(weights):
    ours = VotingRegressor(REGRESSORS, weights=weights).fit(XR, YR)
    theirs = sklearn.ensemble.VotingRegressor(REGRESSORS, weights=weights).fit(XR, YR)
    assert_allclose(ours.predict(XR), theirs.predict(XR))
    assert_array_equal(ours.transform(XR), theirs.transform(XR))


@pytest.mark.parametrize("voting", ["hard", "soft"])
def test_prefitted_members_keep_their_labels(voting):
    fitted = [(name, clone(m).fit(X3, Y3)) for name, m in CLASSIFIERS]
    frozen = [(name, FrozenEstimator(member)) for name, member in fitted]
    voter = VotingClassifier(frozen, voting=voting).fit(X3, Y3)
    plain = VotingClassifier(CLASSIFIERS, voting=voting).fit(X3, Y3)
    assert_array_equal(voter.predict(X3), plain.predict(X3))
    assert_array_equal(voter.transform(X3), plain.transform(X3))
    piped = [(name, make_pipeline("passthrough", member)) for name, member in frozen]
    voter = VotingClassifier(piped, voting=voting).fit(X3, Y3)
    assert_array_equal(voter.predict(X3), plain.predict(X3))


def test_prefitted_members_may_lack_a_class_and_others_learn_beside_them():
    known = Y3 != "green"
    blind = FrozenEstimator(LogisticRegression().fit(X3[known], Y3[known]))
    voter = VotingClassifier(
        [("blind", blind), ("tree", DecisionTreeClassifier())], voting="soft"
    ).fit(X3, Y3)
    members = voter.predict_members(X3)
    assert members.shape == (2, 120, 3)
    assert list(voter.classes_) == ["blue", "green", "red"]
    assert_array_equal(members[0][:, 1], 0)
    assert_array_equal(members[0][:, [0, 2]], blind.predict_proba(X3))


def test_prefitted_members_that_know_other_classes_are_an_error():
    frozen = FrozenEstimator(LogisticRegression().fit(X3, Y3))
    known = Y3 != "green"
    voter = VotingClassifier([("all", frozen)])
    with pytest.raises(
        ValueError, match=r"LogisticRegression.* knows classes \['green'"
    ):
        voter.fit(X3[known], Y3[known])


def test_multilabel_targets():
    X, Y = make_multilabel_classification(100, n_classes=3, random_state=0)
    members = [("tree", DecisionTreeClassifier()), ("near", KNeighborsClassifier())]
    voter = VotingClassifier(members, voting="soft").fit(X, Y)
    proba = voter.predict_proba(X)
    assert [p.shape for p in proba] == [(100, 2)] * 3
    assert voter.predict(X).shape == (100, 3)
    assert np.mean(voter.predict(X) == Y) > 0.9
    assert [m.shape for m in voter.predict_members(X)] == [(2, 100, 2)] * 3
    hard = VotingClassifier(members).fit(X, Y)
    assert hard.predict(X).shape == (100, 3)
    with pytest.raises(ValueError, match="Use predict_members"):
        voter.transform(X)


def test_multioutput_values():
    X, Y = make_regression(100, n_targets=2, random_state=0)
    voter = VotingRegressor(REGRESSORS).fit(X, Y)
    assert voter.predict_members(X).shape == (3, 100, 2)
    assert_allclose(voter.predict(X), voter.predict_members(X).mean(axis=0))
    assert voter.transform(X).shape == (100, 6)


@pytest.mark.parametrize("rule", ["median", "log_pool", "rank", "vote", "trimmed"])
def test_rules_combine_what_members_say(rule):
    voter = VotingClassifier(CLASSIFIERS, voting="soft", combine=rule).fit(X3, Y3)
    proba = voter.predict_proba(X3)
    assert_allclose(proba.sum(axis=1), 1)
    assert voter.score(X3, Y3) > 0.7
    if rule == "vote":
        votes = np.eye(3)[voter.predict_members(X3).argmax(axis=2)].mean(axis=0)
        assert_allclose(proba, votes)


def test_a_weighted_median():
    voter = VotingRegressor(REGRESSORS, combine="median", weights=[1, 1, 5])
    voter.fit(XR, YR)
    assert_array_equal(voter.predict(XR), voter.predict_members(XR)[2])


def test_text_goes_to_the_members_as_it_is():
    texts = ["good", "bad", "good food", "bad food"] * 5
    members = [
        ("linear", make_pipeline(TfidfVectorizer(), LogisticRegression())),
        ("tree", make_pipeline(TfidfVectorizer(), DecisionTreeClassifier())),
    ]
    voter = VotingClassifier(members, n_jobs=2).fit(texts, ["+", "-"] * 10)
    assert list(voter.predict(["good", "bad"])) == ["+", "-"]
    assert not hasattr(voter, "n_features_in_")


def test_members_and_their_parameters_are_tuned_by_name():
    voter = VotingClassifier(CLASSIFIERS, voting="soft")
    search = GridSearchCV(
        voter, {"tree__max_depth": [1, 3], "near": ["drop", GaussianNB()]}, cv=2
    ).fit(X3, Y3)
    assert set(search.best_params_) == {"tree__max_depth", "near"}
    assert dict(voter.estimators)["near"].__class__ is KNeighborsClassifier


def test_set_params_replaces_all_then_one():
    voter = VotingRegressor(REGRESSORS)
    voter.set_params(estimators=[("a", Ridge()), ("b", Ridge())], b=LinearRegression())
    assert isinstance(voter.named_estimators.b, LinearRegression)
    with pytest.raises(ValueError, match="Invalid parameter 'c'"):
        voter.set_params(c=1)


def test_the_picture_shows_the_members_side_by_side():
    html = VotingClassifier(CLASSIFIERS)._repr_html_()
    assert "linear" in html
    assert "KNeighborsClassifier" in html


def test_routed_weights_reach_only_the_members_that_asked():
    weight = np.arange(120.0)
    with config_context(enable_metadata_routing=True):
        asked = Ridge().set_fit_request(sample_weight=True)
        did_not = Ridge().set_fit_request(sample_weight=False)
        voter = VotingRegressor([("asked", asked), ("not", did_not)])
        voter.fit(XR, YR, sample_weight=weight)
    assert_allclose(voter[0].coef_, Ridge().fit(XR, YR, weight).coef_)
    assert_allclose(voter[1].coef_, Ridge().fit(XR, YR).coef_)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"weights": [0, 0, 0]}, "gives every member that is not dropped"),
        ({"weights": [1, -1, 1]}, "weights must not be negative"),
        ({"weights": [1, np.nan, 1]}, "weights contains NaN"),
        ({"weights": [[1, 1, 1]]}, r"an array-like of shape \(n_estimators,\)"),
        ({"weights": 1}, r"an array-like of shape \(n_estimators,\)"),
        ({"n_jobs": "2"}, "'n_jobs' parameter of VotingClassifier"),
        ({"verbose": "x"}, "'verbose' parameter of VotingClassifier"),
        ({"flatten_transform": "x"}, "'flatten_transform' parameter"),
        ({"weights": [1, 1]}, "Number of `estimators` and weights must be equal"),
        ({"voting": "loud"}, r"one of \{'hard', 'soft'\}"),
        ({"combine": "median"}, "Other rules combine probabilities"),
        ({"voting": "soft", "combine": "best"}, "a callable or one of"),
        (
            {"voting": "soft", "combine": "trimmed", "weights": [1, 1, 1]},
            "a rule that takes weights",
        ),
        ({"estimators": [("a", Ridge())]}, "Ridge should be a classifier"),
        ({"estimators": [("a__b", GaussianNB())]}, "must not contain __"),
        ({"estimators": [("voting", GaussianNB())]}, "conflict with constructor"),
        ({"estimators": [("a", GaussianNB())] * 2}, "Names provided are not unique"),
        ({"estimators": []}, "non-empty list"),
        ({"estimators": "tree"}, "non-empty list"),
        ({"estimators": [("a", "drop")]}, "All estimators are dropped"),
    ],
    ids=str,
)
def test_what_does_not_go_together_is_named(params, message):
    with pytest.raises(ValueError, match=message):
        VotingClassifier(**{"estimators": CLASSIFIERS, **params}).fit(X3, Y3)


def test_rules_for_probabilities_are_refused_for_values():
    with pytest.raises(InvalidParameterError, match="these are values"):
        VotingRegressor(REGRESSORS, combine="log_pool").fit(XR, YR)


def test_continuous_labels_are_refused():
    with pytest.raises(ValueError, match="Unknown label type: continuous"):
        VotingClassifier(CLASSIFIERS).fit(XR, YR)


def test_prefitted_members_inside_another_meta_estimator_keep_their_labels():
    known = CODES < 2
    for names in ([-1, 1], [1, 2], ["no", "yes"]):
        y = np.array(names)[CODES[known]]
        fitted = FrozenEstimator(LogisticRegression().fit(X3[known], y))
        member = FixedThresholdClassifier(fitted, pos_label=names[1])
        for voting in ("hard", "soft"):
            voter = VotingClassifier([("m", member)], voting=voting).fit(X3[known], y)
            assert voter.score(X3[known], y) == fitted.score(X3[known], y)


class SaysWhatItNeverLearned(GaussianNB):
    def predict(self, X):
        return super().predict(X) - 1


def test_labels_that_no_member_can_have_learned_are_an_error():
    voter = VotingClassifier([("odd", SaysWhatItNeverLearned())]).fit(X3, CODES)
    with pytest.raises(ValueError, match=r"knows classes \[-1\] that y does not have"):
        voter.predict(X3)


def test_weights_are_checked_again_where_they_are_used():
    voter = VotingClassifier(CLASSIFIERS, voting="soft").fit(X3, Y3)
    voter.weights = [0, 0, 0]
    with pytest.raises(ValueError, match="gives every member that is not dropped"):
        voter.predict(X3)
    voter.weights = [1, 2]
    with pytest.raises(ValueError, match="Number of `estimators` and weights"):
        voter.predict(X3)
    voter.weights = [1, 2, 3]
    expected = voter.predict_proba(X3)
    assert_allclose(voter.set_params(tree="drop").predict_proba(X3), expected)


def test_a_fit_that_fails_leaves_no_half_of_an_older_one():
    voter = VotingClassifier(CLASSIFIERS).fit(X3, Y3)
    voter.set_params(tree=DecisionTreeClassifier(max_depth=-1))
    with pytest.raises(ValueError, match="max_depth"):
        voter.fit(X3, CODES)
    with pytest.raises(NotFittedError):
        voter.predict(X3)


def test_an_ensemble_is_true_before_it_has_a_length():
    assert VotingClassifier(CLASSIFIERS)
    with pytest.raises(AttributeError, match="estimators_"):
        len(VotingClassifier(CLASSIFIERS))


def test_columns_of_several_outputs_have_names():
    frames = pytest.importorskip("pandas")
    X, Y = make_regression(50, n_targets=2, random_state=0)
    voter = VotingRegressor(REGRESSORS).set_output(transform="pandas").fit(X, Y)
    table = voter.transform(frames.DataFrame(X))
    assert list(table.columns[:3]) == [
        "votingregressor_linear0",
        "votingregressor_linear1",
        "votingregressor_tree0",
    ]


def test_names_of_columns_are_forgotten_with_the_fit_that_had_them():
    frames = pytest.importorskip("pandas")
    table = frames.DataFrame(XR, columns=list("abcdef"))
    voter = VotingRegressor(REGRESSORS).fit(table, YR)
    assert list(voter.feature_names_in_) == list("abcdef")
    assert not hasattr(voter.fit(XR, YR), "feature_names_in_")


def test_the_tags_say_whether_members_take_several_outputs():
    assert get_tags(VotingRegressor(REGRESSORS)).target_tags.multi_output
    gaussian = VotingClassifier([*CLASSIFIERS, ("bayes", GaussianNB())])
    assert not get_tags(gaussian).target_tags.multi_output


def test_a_member_that_is_none_is_refused_and_can_still_be_shown():
    voter = VotingClassifier([("a", None)])
    assert "VotingClassifier" in voter._repr_html_()
    with pytest.raises(ValueError, match="NoneType should be a classifier"):
        voter.fit(X3, Y3)
