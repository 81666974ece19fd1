"""What results of searches tell: edges, and candidates that are as good."""

import pickle
import warnings

import numpy as np
import pytest
from scipy.stats import loguniform
from sklearn.datasets import load_iris, make_classification, make_regression
from sklearn.ensemble import RandomForestRegressor
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.linear_model import Lasso, Ridge
from sklearn.model_selection import (
    GridSearchCV,
    HalvingGridSearchCV,
    KFold,
    RandomizedSearchCV,
)
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier

from ensembles import SearchEdge, one_standard_error, search_edges
from ensembles.exceptions import InvalidParameterError
from ensembles.model_selection._search._best import best_among
from ensembles.model_selection._search._domain import Domain, domain_of

X, y = make_regression(60, 4, noise=10, random_state=0)
X_c, y_c = make_classification(120, 6, n_informative=4, random_state=0)


class Results:
    """Looks like a fitted search."""

    def __init__(self, params, scores, refit=True):
        self.estimator = Ridge()
        self.refit = refit
        name = refit if isinstance(refit, str) else "score"
        self.cv_results_ = {
            "params": params,
            f"mean_test_{name}": np.array(scores, dtype=float),
        }
        self.best_index_ = int(np.nanargmax(scores))


def results_of(*scores, params=None, name="score"):
    """cv_results_ of candidates with these scores in the folds."""
    scores = np.array(scores, dtype=float)
    results = {f"split{i}_test_{name}": column for i, column in enumerate(scores.T)}
    results[f"mean_test_{name}"] = scores.mean(axis=1)
    results["params"] = params or [{"size": i} for i in range(len(scores))]
    return results


@pytest.mark.parametrize(
    ("scores", "side"),
    [([3, 2, 1], "lowest"), ([1, 2, 3], "highest"), ([1, 3, 2], None)],
)
def test_best_values_on_the_edge_are_found(scores, side):
    params = [{"alpha": value} for value in (0.1, 1.0, 10.0)]
    edges = search_edges(Results(params, scores))
    if side is None:
        assert edges == ()
        return
    value = 0.1 if side == "lowest" else 10.0
    assert edges == (SearchEdge("alpha", value, side, 0.1, 10.0, 3),)
    assert str(edges[0]) == (
        f"alpha={value} is the {side} of 3 values tried, from 0.1 to 10.0"
    )


def test_several_scores_go_by_the_one_of_refit():
    params = [{"alpha": value} for value in (0.1, 1.0, 10.0)]
    assert search_edges(Results(params, [1, 2, 3], refit="r2"))
    assert not search_edges(Results(params, [1, 3, 2], refit="r2"))


def test_values_inside_that_do_as_well_are_no_reason_to_move():
    params = [{"alpha": value} for value in (0.1, 1.0, 10.0, 100.0)]
    assert search_edges(Results(params, [2, 2, 1, 0])) == ()
    assert search_edges(Results(params, [2, 1, 0, 2]))


def test_choices_have_no_edges():
    for values in ([True, False, True], ["a", "b", "c"], [1.0, 2.0, 1.0]):
        params = [{"alpha": value} for value in values]
        assert search_edges(Results(params, [3, 2, 1])) == ()
    mixed = [{"alpha": value} for value in (1, 2, 3, None)]
    assert [edge.side for edge in search_edges(Results(mixed, [1, 2, 3, 0]))] == [
        "highest"
    ]
    assert search_edges(Results(mixed, [1, 2, 3, 4])) == ()


def test_limits_of_an_estimator_are_no_edges():
    def domain(estimator, name, tried):
        return domain_of(GridSearchCV(estimator, {}), name, tried)

    assert domain(Lasso(), "alpha", [1, 2]) == Domain(0, has_low=True)
    pipe = make_pipeline(StandardScaler(), KNeighborsClassifier())
    assert domain(pipe, "kneighborsclassifier__n_neighbors", [3]) == Domain(
        1, has_low=True, is_whole=True
    )
    tree = DecisionTreeClassifier()
    assert domain(tree, "min_samples_split", [5]).low == 2
    assert domain(tree, "min_samples_split", [0.5]).ends_at(1.0)
    # Where it does not say: what is not negative stays so.
    assert domain(tree, "unknown", [0.5, -1.0]) == Domain()
    assert domain(tree, "unknown", [0.5, 0.0]) == Domain(0, has_low=True)
    assert domain(tree, "unknown", [0.5, 1]) == Domain(0)
    assert domain(pipe, "memory", [1, 2, "a"]) == Domain(1, has_low=True, is_whole=True)
    assert domain(tree, "min_samples_split", [0.5, 5]) is None  # a share and a count
    assert domain(tree, "unknown", []) == Domain(is_whole=True)
    X_i, y_i = load_iris(return_X_y=True)
    deep = GridSearchCV(
        tree.set_params(random_state=0), {"max_features": [0.2, 0.6, 1.0]}
    )
    deep.fit(X_i, y_i)
    assert all(edge.value != 1.0 for edge in search_edges(deep))


def test_any_search_of_scikit_learn():
    grid = {"svc__C": [0.1, 0.2, 0.4], "svc__gamma": [1e-3, 1e-1, 1e1]}
    pipe = make_pipeline(StandardScaler(), SVC())
    plain = GridSearchCV(pipe, grid, scoring="roc_auc").fit(X_c, y_c)
    ends = {
        name
        for name, values in grid.items()
        if plain.best_params_[name] in (values[0], values[-1])
    }
    found = {edge.name for edge in search_edges(plain)}
    assert found  # less where a value inside does as well
    assert found <= ends
    halved = HalvingGridSearchCV(pipe, grid, random_state=0, min_resources=40)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        halved.fit(X_c, y_c)
    assert all(isinstance(edge, SearchEdge) for edge in search_edges(halved))
    drawn = RandomizedSearchCV(
        Ridge(), {"alpha": loguniform(1e3, 1e6)}, n_iter=10, random_state=0
    ).fit(X, y)
    (edge,) = search_edges(drawn)
    assert edge.side == "lowest"
    assert edge.n_values == 10


def test_edges_are_those_of_candidates_that_compare():
    halving = Results(
        [{"alpha": one} for one in (1.0, 2.0, 3.0, 3.0)], [0.8, 0.9, 0.85, 0.9]
    )
    halving.cv_results_["iter"] = np.array([0, 0, 0, 1])
    halving.best_index_ = 3
    assert [edge.side for edge in search_edges(halving)] == ["highest"]
    grids = [{"kind": "a", "alpha": one} for one in (1.0, 2.0, 3.0)]
    grids += [{"kind": "b", "alpha": one} for one in (10.0, 20.0, 30.0)]
    assert [edge.high for edge in search_edges(Results(grids, [0, 1, 2, 0, 0, 0]))] == [
        3
    ]
    apart = [{"alpha": one} for one in (1.0, 2.0, 3.0)] + [{"beta": 9.0}] * 3
    assert search_edges(Results(apart, [0, 1, 2, 2, 2, 2]))
    failed = Results([{"alpha": one} for one in (1.0, 2.0, 3.0)], [0, 0, 0])
    failed.cv_results_["mean_test_score"][:] = np.nan
    assert search_edges(failed) == ()
    failed.refit = one_standard_error({"alpha": "min"})
    assert search_edges(failed) == ()


def test_estimators_among_the_values_are_told_apart():
    """Ensembles have a length, which comparisons must not ask for."""
    forests = RandomForestRegressor(5), RandomForestRegressor(5)
    params = [{"alpha": one, "model": forests[0]} for one in (1.0, 2.0, 3.0)]
    params += [{"alpha": one, "model": forests[1]} for one in (0.5, 9.0)]
    (edge,) = search_edges(Results(params, [0, 1, 2, 0, 0]))
    assert edge.high == 3


def test_edges_are_looked_for_where_the_score_was_best():
    """A function that prefers simple candidates may choose one on the edge."""
    simple = one_standard_error({"alpha": "max"}, n_errors=100)
    search = GridSearchCV(Ridge(), {"alpha": [1.0, 10.0, 100.0]}, refit=simple)
    assert search.fit(X, y).best_params_ == {"alpha": 100.0}
    assert search.cv_results_["mean_test_score"].argmax() == 0
    (edge,) = search_edges(search)
    assert (edge.value, edge.side) == (1.0, "lowest")


def test_functions_that_choose_see_ranks_with_failed_candidates_last():
    seen = []

    def refit(results):
        seen.append(results["rank_test_score"].tolist())
        return 1

    results = {
        "mean_test_score": np.array([9.0, np.nan, 1.0, 2.0, 2.0]),
        "rank_test_score": np.array([1, 5, 4, 2, 2]),
        "params": [{"size": i} for i in range(5)],
    }
    assert best_among(results, np.array([1, 2, 3, 4]), refit) == 2
    assert seen == [[4, 3, 1, 1]]
    assert best_among(results, np.array([1, 2, 3, 4]), "score") == 3
    assert best_among(results, np.array([1]), True) == 1
    with pytest.raises(IndexError, match="out of range"):
        best_among(results, np.array([1]), refit)
    with pytest.raises(TypeError, match="not an integer"):
        best_among(results, np.array([1]), lambda results: "first")


def test_edges_by_chance_are_as_rare_as_stated():
    """Of 20 values without meaning, the best is an end with probability 2 / 20.

    Of 2000 searches 200 +- 13.4 have one; outside of 160 to 240 in 3 of 1000 runs.
    """
    rng = np.random.default_rng(0)
    found = 0
    for _ in range(2000):
        params = [{"alpha": value} for value in rng.random(20)]
        found += len(search_edges(Results(params, rng.random(20))))
    assert 160 < found < 240


def test_a_function_that_weighs_several_scores_is_taken_at_its_word():
    search = GridSearchCV(
        Ridge(),
        {"alpha": [1, 2, 3]},
        scoring=["r2", "neg_max_error"],
        refit=lambda results: 2,
    ).fit(X, y)
    assert [edge.side for edge in search_edges(search)] == ["highest"]


def test_a_search_that_found_nothing_is_said():
    with pytest.raises(ValueError, match="fit it first"):
        search_edges(GridSearchCV(Ridge(), {"alpha": [1, 2, 3]}))
    several = GridSearchCV(
        Ridge(), {"alpha": [1, 2, 3]}, scoring=["r2", "neg_max_error"], refit=False
    ).fit(X, y)
    with pytest.raises(ValueError, match="name one by refit="):
        search_edges(several)


def test_the_simplest_within_one_standard_error():
    """The best has mean 3 and s = 1 over four folds: its error is 0.5."""
    best = [2, 2.5, 3.5, 4]
    error = np.std(best, ddof=1) / 2
    just_in = np.full(4, 3 - error + 1e-9)
    just_out = np.full(4, 3 - error - 1e-9)
    results = results_of(just_out, just_in, best)
    assert one_standard_error({"size": "min"})(results) == 1
    assert one_standard_error({"size": "max"})(results) == 2
    assert one_standard_error({"size": "min"}, n_errors=0)(results) == 2
    assert one_standard_error({"size": "min"}, n_errors=1.1)(results) == 0


def test_the_corrected_error_is_larger():
    best = [2, 2.5, 3.5, 4]
    plain = np.std(best, ddof=1) / 2
    corrected = np.std(best, ddof=1) * np.sqrt(1 / 4 + 1 / 3)
    between = np.full(4, 3 - (plain + corrected) / 2)
    results = results_of(between, best)
    assert one_standard_error({"size": "min"})(results) == 1
    assert one_standard_error({"size": "min"}, test_to_train=1 / 3)(results) == 0


def test_paired_errors_see_what_folds_share():
    level = np.array([10.0, 0.0, -10.0, 5.0])
    results = results_of(level - 0.5, level + np.array([0.1, -0.1, 0.1, -0.1]))
    assert one_standard_error({"size": "min"})(results) == 0
    assert one_standard_error({"size": "min"}, paired=True)(results) == 1


def test_what_is_simple_can_be_said_in_several_ways():
    params = [
        {"kernel": "rbf", "degree": 2},
        {"kernel": "linear", "degree": 3},
        {"kernel": "linear", "degree": 2},
        {"kernel": "other", "degree": None},
    ]
    results = results_of(*[[1, 2, 3]] * 4, params=params)
    order = {"kernel": ["linear", "rbf"], "degree": "min"}
    assert one_standard_error(order)(results) == 2
    assert one_standard_error({"degree": "max", "kernel": ["rbf"]})(results) == 1
    assert one_standard_error(lambda params: params["kernel"] != "other")(results) == 3
    # Of candidates as simple as one another, the one with the best score.
    better = results_of([1, 2, 3], [1, 2, 3.3], params=params[:2])
    assert one_standard_error({"degree": ["?"]})(better) == 1


def test_candidates_that_failed_are_left_aside():
    results = results_of([np.nan, 1, 1], [1, 2, 3], [1, 2, 3.1])
    assert one_standard_error({"size": "min"})(results) == 1
    with pytest.raises(ValueError, match="in every one a fold failed"):
        one_standard_error({"size": "min"})(results_of([np.nan, 1]))


def test_scores_of_like_names_are_told_apart():
    results = results_of([1, 2], [1, 2.1])
    results |= {"split0_test_x_test_score": [9, 9], "split1_test_x_test_score": [9, 0]}
    assert one_standard_error({"size": "min"}, n_errors=0)(results) == 1


def test_scores_that_are_not_finite():
    assert one_standard_error({"size": "max"})(results_of([1, 2], [np.inf, 1])) == 1
    nowhere = results_of([-np.inf, 1], [-np.inf, 2])
    assert one_standard_error({"size": "max"})(nowhere) == 1


def test_grids_of_a_list_may_have_other_parameters():
    params = [{"kind": 1}, {"size": 3}, {"size": float("nan")}, {"size": None}]
    results = results_of(*[[1, 2, 3]] * 4, params=params)
    assert one_standard_error({"size": "min"})(results) == 1
    arrays = [{"size": np.arange(3)}, {"size": np.arange(2)}]
    listed = results_of(*[[1, 2, 3]] * 2, params=arrays)
    first = one_standard_error({"size": [arrays[1]["size"], arrays[0]["size"]]})
    assert first(listed) == 1


def test_one_fold_has_no_error():
    assert one_standard_error({"size": "min"})(results_of([1.0], [2.0])) == 1


def test_inside_a_search():
    simple = one_standard_error({"max_leaf_nodes": "min"})
    grid = {"max_leaf_nodes": [2, 4, 8, 16, 32]}
    tree = DecisionTreeClassifier(random_state=0)
    search = GridSearchCV(tree, grid, refit=simple, cv=KFold(5)).fit(X_c, y_c)
    best = GridSearchCV(tree, grid, cv=KFold(5)).fit(X_c, y_c)
    assert search.best_params_["max_leaf_nodes"] <= best.best_params_["max_leaf_nodes"]
    means = search.cv_results_["mean_test_score"]
    folds = [
        search.cv_results_[f"split{i}_test_score"][best.best_index_] for i in range(5)
    ]
    error = np.std(folds, ddof=1) / np.sqrt(5)
    assert means[search.best_index_] >= means.max() - error
    assert search.predict(X_c).shape == (120,)
    again = pickle.loads(pickle.dumps(simple))
    assert again(search.cv_results_) == search.best_index_
    metric = one_standard_error({"alpha": "max"}, metric="r2")
    several = GridSearchCV(
        Ridge(), {"alpha": [1, 2, 3]}, scoring=["r2", "neg_max_error"], refit=metric
    ).fit(X, y)
    assert several.best_index_ in {0, 1, 2}


@pytest.mark.parametrize(
    ("given", "match"),
    [
        ({"prefer": "min"}, "'prefer'"),
        ({"prefer": {}}, "'prefer'"),
        ({"prefer": {"size": "least"}}, "'prefer'"),
        ({"metric": 3}, "'metric'"),
        ({"paired": 1}, "'paired'"),
        ({"test_to_train": 0}, "'test_to_train'"),
        ({"n_errors": -1}, "'n_errors'"),
        ({"n_errors": "one"}, "'n_errors'"),
    ],
)
def test_wrong_use_is_said(given, match):
    with pytest.raises(InvalidParameterError, match=match):
        one_standard_error(**{"prefer": {"size": "min"}, **given})


def test_wrong_use_of_results_is_said():
    results = results_of([1, 2], [1, 3])
    with pytest.raises(InvalidParameterError, match=r"one of \['score'\]"):
        one_standard_error({"size": "min"}, metric="r2")(results)
    with pytest.raises(ValueError, match=r"prefer names \['depth'\]"):
        one_standard_error({"depth": "min"})(results)
    words = results_of([1, 2], params=[{"size": "small"}])
    with pytest.raises(ValueError, match="List the values instead"):
        one_standard_error({"size": "min"})(words)
