"""Searches keep scikit-learn's contract of estimators, as far as its own do."""

import warnings

import pytest
from sklearn.linear_model import Ridge, RidgeClassifier
from sklearn.model_selection import GridSearchCV
from sklearn.utils.estimator_checks import parametrize_with_checks

from ensembles import TimeHalvingSearchCV, ZoomSearchCV

_ALPHAS = {"alpha": [0.1, 1.0, 10.0]}
_SEARCHES = [
    ZoomSearchCV(Ridge(), _ALPHAS, cv=2),
    TimeHalvingSearchCV(RidgeClassifier(), _ALPHAS, cv=2),
]


def expected_to_fail(search):
    """Checks that searches of scikit-learn fail as well."""
    if isinstance(search, ZoomSearchCV):
        return {"check_supervised_y_2d": "GridSearchCV(Ridge()) does not warn either"}
    return {"check_fit2d_1sample": "the splitter names the rows it needs"}


@parametrize_with_checks(_SEARCHES, expected_failed_checks=expected_to_fail)
def test_scikit_learn_contract(estimator, check):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        check(estimator)


@pytest.mark.parametrize("search", _SEARCHES, ids=repr)
def test_parameters_of_grid_search_have_its_names_and_places(search):
    """All but those that only the first round or the last has."""
    ours = search.get_params(deep=False)
    theirs = GridSearchCV(Ridge(), {}).get_params(deep=False)
    own_defaults = {"estimator", "param_grid", "cv", "return_train_score"}
    missing = theirs.keys() - ours.keys()
    assert missing <= {"pre_dispatch"}  # nor has HalvingGridSearchCV it
    assert {
        name: value
        for name, value in theirs.items()
        if name not in own_defaults | missing and value == value
    }.items() <= ours.items()
