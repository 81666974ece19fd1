import pickle
from functools import partial

import numpy as np
import pandas as pd
import pytest
import sklearn.ensemble
from joblib import parallel_config
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn import config_context
from sklearn.exceptions import NotFittedError
from sklearn.metrics import balanced_accuracy_score, mean_absolute_error
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.tree import DecisionTreeClassifier, ExtraTreeRegressor

from ensembles import (
    BaggingClassifier,
    BaggingRegressor,
    BayesianBootstrap,
    Binner,
    Bootstrap,
    GroupBootstrap,
    HistForestClassifier,
    HistForestRegressor,
    HistTreeClassifier,
    HistTreeRegressor,
    PoissonBootstrap,
    StationaryBootstrap,
)
from ensembles.bagging import _fit
from ensembles.exceptions import InvalidParameterError

FORESTS = {"classes": HistForestClassifier, "values": HistForestRegressor}
TREES = {"classes": HistTreeClassifier, "values": HistTreeRegressor}
every_kind = pytest.mark.parametrize("kind", FORESTS)
SCHEMES = [
    Bootstrap(balanced=True),
    Bootstrap(max_samples=0.5, replace=False),
    GroupBootstrap(),
    BayesianBootstrap(),
    PoissonBootstrap(),
    StationaryBootstrap(block_length=5),
]
GROUPS = np.repeat(np.arange(40), 5)


def data(kind, n=200, d=5, seed=0):
    """Columns of few values, so that trees are those of scikit-learn."""
    rng = np.random.default_rng(seed)
    X = rng.integers(30, size=(n, d)).astype(float)
    y = X[:, 0] + X[:, 1] * (X[:, 2] > 15) + 5 * rng.normal(size=n)
    return X, np.digitize(y, np.quantile(y, [0.3, 0.6])) if kind == "classes" else y


def outputs(forest, X):
    return forest.predict_proba(X) if hasattr(forest, "classes_") else forest.predict(X)


@every_kind
@pytest.mark.parametrize(
    "params",
    [{}, {"max_samples": 0.4}, {"bootstrap": False}, {"max_samples": 1.5}],
    ids=str,
)
def test_where_all_features_are_tried_the_forest_is_scikit_learn_s(kind, params):
    """Same draws of rows, same trees: leaves are large enough to leave no ties."""
    X, y = data(kind)
    theirs = getattr(sklearn.ensemble, f"RandomForest{FORESTS[kind].__name__[10:]}")
    shared = dict(params, min_samples_leaf=15, max_features=None, random_state=3)
    ours, theirs = FORESTS[kind](8, **shared).fit(X, y), theirs(8, **shared).fit(X, y)
    for mine, other in zip(
        ours.estimators_samples_, theirs.estimators_samples_, strict=True
    ):
        assert_array_equal(mine, other)
    for mine, other in zip(ours.estimators_, theirs.estimators_, strict=True):
        assert mine.random_state == other.random_state
    fresh, _ = data(kind, seed=1)
    assert_allclose(outputs(ours, fresh), outputs(theirs, fresh), atol=1e-12)
    assert_array_equal(ours.apply(fresh).shape, theirs.apply(fresh).shape)
    assert_allclose(ours.feature_importances_, theirs.feature_importances_, atol=1e-9)


@every_kind
def test_class_and_row_weights_are_probabilities_of_being_drawn(kind):
    X, y = data(kind)
    weights = np.random.default_rng(0).uniform(size=len(y))
    name = f"RandomForest{FORESTS[kind].__name__[10:]}"
    theirs = getattr(sklearn.ensemble, name)
    params = {"random_state": 0}
    if kind == "classes":
        params["class_weight"] = {0: 1.0, 1: 3.0, 2: 0.5}
    ours = FORESTS[kind](3, **params).fit(X, y, sample_weight=weights)
    other = theirs(3, **params).fit(X, y, sample_weight=weights)
    for mine, drawn in zip(
        ours.estimators_samples_, other.estimators_samples_, strict=True
    ):
        assert_array_equal(mine, drawn)


@pytest.mark.parametrize("class_weight", ["balanced", "balanced_subsample"])
@pytest.mark.parametrize("bootstrap", [True, False])
def test_balanced_weights_are_scikit_learn_s(class_weight, bootstrap):
    X, y = data("classes", seed=2)
    y = (y == 2) * (np.random.default_rng(0).random(len(y)) < 0.4)
    params = {
        "class_weight": class_weight,
        "bootstrap": bootstrap,
        "max_features": None,
        "min_samples_leaf": 20,
        "random_state": 0,
    }
    weights = np.random.default_rng(1).integers(0, 3, len(y)).astype(float)
    ours = HistForestClassifier(5, **params).fit(X, y, sample_weight=weights)
    theirs = sklearn.ensemble.RandomForestClassifier(5, **params)
    theirs.fit(X, y, sample_weight=weights)
    assert_allclose(ours.predict_proba(X), theirs.predict_proba(X), atol=1e-9)


@every_kind
@pytest.mark.parametrize("scheme", [None, *SCHEMES], ids=str)
def test_members_are_trees_of_their_weights(kind, scheme):
    X, y = data(kind)
    forest = FORESTS[kind](3, scheme=scheme, random_state=0, max_features=2)
    forest.fit(X, y, **({} if scheme is None else {"groups": GROUPS}))
    for tree, weights in zip(forest.estimators_, forest.inbag_counts_, strict=True):
        alone = TREES[kind](max_features=2, random_state=tree.random_state)
        alone.fit(forest._binner.bin(X), y, sample_weight=weights)
        assert_array_equal(alone.tree_.words, tree.tree_.words)
        assert_array_equal(alone.tree_.leaf_values, tree.tree_.leaf_values)


@every_kind
@pytest.mark.parametrize("scheme", SCHEMES, ids=str)
def test_out_of_bag_rows_are_predicted_by_trees_that_did_not_see_them(kind, scheme):
    X, y = data(kind)
    forest = FORESTS[kind](20, max_depth=4, scheme=scheme, random_state=0)
    if isinstance(scheme, BayesianBootstrap):
        with pytest.raises(ValueError, match="lets every member see every row"):
            forest.set_params(oob_score=True).fit(X, y)
        return
    forest.set_params(oob_score=True).fit(X, y, groups=GROUPS)
    members, in_bag = forest.predict_members(X), forest.inbag_counts_ > 0
    out = np.array(
        [d[0].out_of_bag(b) for d, b in zip(forest._draws, in_bag, strict=True)]
    )
    row = int(np.flatnonzero(out.sum(axis=0) > 2)[0])
    expected = members[out[:, row], row].mean(axis=0)
    seen = (
        forest.oob_decision_function_ if kind == "classes" else forest.oob_prediction_
    )
    assert_allclose(seen[row], expected)
    assert forest.oob_score_ < forest.score(X, y)


@every_kind
@pytest.mark.parametrize("scheme", [None, StationaryBootstrap(block_length=5)], ids=str)
def test_a_warm_start_equals_one_fit(kind, scheme):
    X, y = data(kind)
    params = {"max_depth": 3, "random_state": 0, "scheme": scheme, "oob_score": True}
    grown = FORESTS[kind](40, warm_start=True, **params).fit(X, y)
    grown.set_params(n_estimators=60).fit(X, y)
    whole = FORESTS[kind](60, **params).fit(X, y)
    assert_array_equal(outputs(grown, X), outputs(whole, X))
    assert grown.oob_score_ == whole.oob_score_
    assert len({id(tree.binner_) for tree in grown.estimators_}) == 1


@every_kind
@pytest.mark.parametrize("backend", ["threading", "loky"])
def test_the_same_bits_on_any_number_of_workers(kind, backend):
    X, y = data(kind)
    one = FORESTS[kind](6, random_state=0).fit(X, y)
    with parallel_config(backend, n_jobs=2):
        two = FORESTS[kind](6, random_state=0).fit(X, y)
        assert_array_equal(outputs(one, X), outputs(two, X))
    assert len({id(tree.binner_) for tree in two.estimators_}) == 1
    assert len({id(tree.tree_.binner) for tree in two.estimators_}) == 1
    for mine, other in zip(one.estimators_, two.estimators_, strict=True):
        assert_array_equal(mine.tree_.words, other.tree_.words)


@every_kind
@pytest.mark.parametrize("splitter", ["best", "random"])
def test_the_order_of_rows_and_whole_weights_change_nothing(kind, splitter):
    X, y = data(kind)
    weights = np.random.default_rng(0).integers(0, 3, len(y))
    forest = FORESTS[kind](4, bootstrap=False, splitter=splitter, random_state=0)
    forest.set_params(max_features=2)
    expected = outputs(forest.fit(X, y, sample_weight=weights), X)
    assert_array_equal(forest.estimators_samples_[0], np.flatnonzero(weights))
    order = np.random.default_rng(1).permutation(len(y))
    forest.fit(X[order], y[order], sample_weight=weights[order])
    assert_array_equal(outputs(forest, X), expected)
    rows = np.repeat(np.arange(len(y)), weights)
    assert_allclose(outputs(forest.fit(X[rows], y[rows]), X), expected, atol=1e-12)


@every_kind
def test_members_add_up_to_the_forest_under_any_rule(kind):
    X, y = data(kind)
    forest = FORESTS[kind](7, random_state=0).fit(X, y)
    members = forest.predict_members(X)
    assert members.shape[:2] == (7, len(X))
    assert_allclose(outputs(forest, X), members.mean(axis=0))
    forest.combine = "median"
    middle = np.median(members, axis=0)
    if kind == "classes":
        total = middle.sum(axis=1, keepdims=True)
        middle = np.where(total > 0, middle / np.maximum(total, 1e-9), 1 / 3)
    assert_allclose(outputs(forest, X), middle)


@every_kind
def test_leaves_and_paths(kind):
    X, y = data(kind)
    forest = FORESTS[kind](4, random_state=0).fit(X, y)
    leaves = forest.apply(X)
    for column, tree in zip(leaves.T, forest.estimators_, strict=True):
        assert_array_equal(column, tree.apply(X))
    paths, ends = forest.decision_path(X)
    assert paths.shape == (len(X), ends[-1])
    assert_array_equal(np.diff(ends), [t.tree_.node_count for t in forest.estimators_])
    own = paths[:, ends[2] : ends[3]].toarray()
    assert_array_equal(own, forest.estimators_[2].decision_path(X).toarray())
    assert forest.feature_importances_.sum() == pytest.approx(1.0)


def test_importances_of_a_forest_of_roots_are_zero():
    forest = HistForestRegressor(2, random_state=0).fit([[1.0], [1.0]], [0.0, 1.0])
    assert_array_equal(forest.feature_importances_, [0.0])


@every_kind
def test_several_outputs(kind):
    X, y = data(kind)
    second = (X[:, 3] > 15).astype(float) if kind == "values" else X[:, 3] > 15
    Y = np.column_stack([y, second])
    forest = FORESTS[kind](40, max_depth=3, random_state=0, oob_score=True).fit(X, Y)
    assert forest.n_outputs_ == 2
    assert forest.predict(X).shape == Y.shape
    if kind == "classes":
        assert [p.shape for p in forest.predict_proba(X)] == [(200, 3), (200, 2)]
    else:
        assert forest.predict_quantiles(X, (0.1, 0.9)).shape == (200, 2, 2)
    assert forest.oob_score_ > 0.3


def frame():
    rng = np.random.default_rng(0)
    X = pd.DataFrame(
        {
            "size": rng.normal(size=400),
            "kind": pd.Categorical(rng.choice(list("abcd"), size=400)),
            "place": rng.choice(["north", "south", "west"], size=400),
        }
    )
    y = np.where(X["kind"].isin(["a", "d"]), X["size"] > 0, X["place"] == "west")
    X.loc[rng.random(400) < 0.1, "size"] = np.nan
    return X, y


@every_kind
def test_frames_with_categories_strings_and_missing_values(kind):
    X, y = frame()
    y = np.where(y, "yes", "no") if kind == "classes" else y.astype(float)
    forest = FORESTS[kind](30, max_depth=4, random_state=0, oob_score=True).fit(X, y)
    assert forest.oob_score_ > 0.75
    assert_allclose(outputs(forest, X), forest.predict_members(X).mean(axis=0))
    assert list(forest.feature_names_in_) == list(X)
    assert list(forest.estimators_[0].feature_names_in_) == list(X)
    assert_array_equal(forest.estimators_[0].predict(X).shape, (400,))
    with pytest.raises(ValueError, match="feature names"):
        forest.predict(X[["kind", "size", "place"]])


@every_kind
def test_sparse_and_binned_tables_are_the_dense_table(kind):
    X, y = data(kind)
    X[np.random.default_rng(0).random(X.shape) < 0.6] = 0.0
    dense = FORESTS[kind](4, random_state=0).fit(X, y)
    expected = outputs(dense, X)
    for form in sparse.csr_matrix, sparse.csc_array, sparse.coo_matrix:
        forest = FORESTS[kind](4, random_state=0).fit(form(X), y)
        assert_array_equal(outputs(forest, form(X)), expected)
    binned = Binner().fit(X).bin(X)
    forest = FORESTS[kind](4, random_state=0).fit(binned, y)
    assert_array_equal(outputs(forest, binned), expected)
    assert_array_equal(outputs(forest, X), expected)
    scores = cross_val_score(FORESTS[kind](4, random_state=0), binned, y, cv=3)
    assert len(scores) == 3


@every_kind
def test_a_forest_survives_pickling(kind):
    X, y = data(kind)
    forest = FORESTS[kind](40, max_depth=3, random_state=0, oob_score=True).fit(X, y)
    if kind == "values":
        before = forest.predict_quantiles(X)
    copy = pickle.loads(pickle.dumps(forest))
    assert_array_equal(outputs(copy, X), outputs(forest, X))
    assert_array_equal(copy.inbag_counts_, forest.inbag_counts_)
    if kind == "values":
        assert not hasattr(copy, "_leaf_rows")
        assert_array_equal(copy.predict_quantiles(X), before)


def test_memory_keeps_finished_trees(tmp_path, monkeypatch):
    X, y = data("values")
    HistForestRegressor(3, random_state=0, memory=str(tmp_path)).fit(X, y)
    fitted = []
    once = _fit.fit_member
    monkeypatch.setattr(_fit, "fit_member", lambda j, p: fitted.append(p) or once(j, p))
    more = HistForestRegressor(5, random_state=0, memory=str(tmp_path)).fit(X, y)
    assert [plan.index for plan in fitted] == [3, 4]
    assert_array_equal(
        more.predict(X), HistForestRegressor(5, random_state=0).fit(X, y).predict(X)
    )


# Quantiles.


def leaf_weights(forest, X, fresh):
    """Weights of training rows for fresh rows, by the definition of the paper."""
    ours, theirs = forest.apply(X), forest.apply(fresh)
    weights = np.zeros((len(fresh), len(X)))
    for t, w in enumerate(forest.inbag_counts_):
        shared = (theirs[:, t, None] == ours[:, t]) * w
        weights += shared / shared.sum(axis=1, keepdims=True)
    return weights / len(forest.estimators_)


@pytest.mark.parametrize("leaf", [1, 10])
@pytest.mark.parametrize("scheme", [None, BayesianBootstrap()], ids=str)
def test_quantiles_follow_their_definition(leaf, scheme):
    X, y = data("values")
    y = np.round(y)  # ties among targets
    forest = HistForestRegressor(12, min_samples_leaf=leaf, scheme=scheme)
    forest.set_params(random_state=0).fit(X, y)
    fresh, _ = data("values", seed=1)
    weights = leaf_weights(forest, X, fresh)
    assert_allclose(weights @ y, forest.predict(fresh))
    order = np.argsort(y, kind="stable")
    reached = np.cumsum(weights[:, order], axis=1)
    levels = [0.9, 0.0, 0.37, 1.0]
    found = forest.predict_quantiles(fresh, levels)
    for level, column in zip(levels, found.T, strict=True):
        at = (reached < level - 1e-9).sum(axis=1)
        if level == 0.0:
            at = (reached <= 0.0).sum(axis=1)
        assert_array_equal(column, y[order][np.minimum(at, len(y) - 1)])


def test_a_single_level_is_a_column_and_workers_change_nothing():
    X, y = data("values")
    forest = HistForestRegressor(5, random_state=0).fit(X, y)
    alone = forest.predict_quantiles(X, 0.5)
    assert alone.shape == (200,)
    both = HistForestRegressor(5, random_state=0, n_jobs=2).fit(X, y)
    assert_array_equal(both.predict_quantiles(X, [0.5, 0.9])[:, 0], alone)


@pytest.mark.parametrize("levels", [1.5, [-0.1, 0.5], [], [[0.1]], [np.nan]], ids=str)
def test_levels_that_are_none(levels):
    X, y = data("values")
    forest = HistForestRegressor(2, random_state=0).fit(X, y)
    with pytest.raises(ValueError, match="from 0 to 1"):
        forest.predict_quantiles(X, levels)


def test_quantiles_of_trees_that_saw_other_data_are_refused():
    X, y = data("values")
    forest = HistForestRegressor(2, warm_start=True, random_state=0).fit(X, y)
    forest.set_params(n_estimators=4).fit(X, y)
    forest.predict_quantiles(X)
    forest.set_params(n_estimators=6).fit(X, y + 1.0)
    with pytest.raises(ValueError, match="saw other data"):
        forest.predict_quantiles(X)


# Bags of binned trees.


@every_kind
@pytest.mark.parametrize("share", [1.0, 0.6])
@pytest.mark.parametrize("resample", ["weights", "unique", "index"])
def test_a_bag_of_binned_trees_bins_once(kind, share, resample):
    X, y = data(kind)
    bag = BaggingClassifier if kind == "classes" else BaggingRegressor
    bag = bag(TREES[kind](), 4, max_features=share, resample=resample, random_state=0)
    bag.fit(X, y)
    binned = Binner().fit(X).bin(X)
    for tree, rows, columns in zip(
        bag.estimators_, bag.estimators_samples_, bag.estimators_features_, strict=True
    ):
        alone = TREES[kind](random_state=tree.random_state)
        weights = np.bincount(rows, minlength=len(y))
        if resample == "weights":
            alone.fit(binned[:, columns], y, sample_weight=weights)
        elif resample == "unique":
            kept = np.flatnonzero(weights)
            alone.fit(binned[kept][:, columns], y[kept], sample_weight=weights[kept])
        else:
            alone.fit(binned[rows][:, columns], y[rows])
        assert_array_equal(alone.tree_.words, tree.tree_.words)
    members = bag.predict_members(X)
    assert_allclose(outputs(bag, X), members.mean(axis=0))


@every_kind
def test_engine_hist_puts_binned_trees_in_the_place_of_scikit_learn_s(kind):
    X, y = data(kind)
    if kind == "classes":
        given = BaggingClassifier(
            DecisionTreeClassifier(max_depth=3), 4, random_state=0
        )
        ours = BaggingClassifier(HistTreeClassifier(max_depth=3), 4, random_state=0)
    else:
        given = BaggingRegressor(ExtraTreeRegressor(max_depth=3), 4, random_state=0)
        tree = HistTreeRegressor(max_depth=3, splitter="random", max_features=1.0)
        ours = BaggingRegressor(tree, 4, random_state=0)
    given.set_params(engine="hist").fit(X, y)
    assert type(given.estimators_[0]) is TREES[kind]
    assert_array_equal(outputs(given, X), outputs(ours.fit(X, y), X))
    default = type(given)(engine="hist", n_estimators=2, random_state=0).fit(X, y)
    assert type(default.estimators_[0]) is TREES[kind]


def test_engine_hist_of_what_is_no_tree():
    X, y = data("classes")
    bag = BaggingClassifier(BaggingClassifier(), engine="hist")
    with pytest.raises(ValueError, match=r"Use one of DecisionTreeClassifier"):
        bag.fit(X, y)
    with pytest.raises(InvalidParameterError, match="'engine'"):
        BaggingClassifier(engine="fast").fit(X, y)


def test_members_of_two_kinds_after_a_warm_start():
    X, y = data("values")
    bag = BaggingRegressor(None, 2, warm_start=True, random_state=0).fit(X, y)
    bag.set_params(engine="hist", n_estimators=4).fit(X, y)
    assert_allclose(bag.predict(X), bag.predict_members(X).mean(axis=0))
    bag.set_params(engine="exact", n_estimators=6).fit(X, y)
    assert_allclose(bag.predict(X), bag.predict_members(X).mean(axis=0))


# Errors.


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"n_estimators": 0}, "'n_estimators'"),
        ({"max_features": 0}, "'max_features'"),
        ({"splitter": "worst"}, "'splitter'"),
        ({"criterion": "mse"}, "'criterion'"),
        ({"bootstrap": "yes"}, "'bootstrap'"),
        ({"max_samples": 0.0}, "'max_samples'"),
        ({"scheme": "iid"}, "'scheme'"),
        ({"combine": "sum"}, "'combine'"),
        ({"max_bins": 256}, "'max_bins'"),
        ({"n_jobs": 1.5}, "'n_jobs'"),
        ({"oob_score": "oob"}, "not a valid scoring value"),
        ({"bootstrap": False, "oob_score": True}, "only available if bootstrap=True"),
        ({"bootstrap": False, "max_samples": 5}, "`max_sample` cannot be set"),
        ({"scheme": Bootstrap(), "max_samples": 5}, "The scheme says which rows"),
        ({"monotonic_cst": [1]}, "monotonic_cst has shape 1"),
        ({"interaction_cst": [["a"]]}, "X has no column names"),
    ],
    ids=str,
)
@every_kind
def test_wrong_parameters_are_named_before_any_tree_is_grown(kind, params, message):
    X, y = data(kind)
    forest = FORESTS[kind](random_state=0).set_params(**params)
    with pytest.raises(ValueError, match=message):
        forest.fit(X, y)
    assert not hasattr(forest, "estimators_")


@pytest.mark.parametrize(
    ("X", "y", "message"),
    [
        ([[1.0], [np.inf]], [0, 1], "infinity"),
        (np.empty((0, 3)), [], "0 sample"),
        ([[1.0], [2.0]], [0, 1, 1], "inconsistent numbers of samples"),
        ([1.0, 2.0], [0, 1], "Expected 2D array"),
        ([[1.0], [2.0]], [0, np.nan], "NaN"),
        (np.arange(3)[:, None] + 1j, [0, 1, 1], "Complex data not supported"),
        (pd.DataFrame({"a": np.arange(300).astype(str)}), np.arange(300) % 2, "255"),
    ],
    ids=range(7),
)
@every_kind
def test_bad_data(kind, X, y, message):
    with pytest.raises(ValueError, match=message):
        FORESTS[kind](2).fit(X, y)


@every_kind
def test_weights_that_are_all_zero(kind):
    X, y = data(kind)
    with pytest.raises(ValueError, match="zero"):
        FORESTS[kind](2).fit(X, y, sample_weight=np.zeros(len(y)))


@every_kind
def test_columns_without_values_or_without_change_are_of_no_use(kind):
    X, y = data(kind)
    X[:, 3], X[:, 4] = np.nan, 7.0
    forest = FORESTS[kind](3, random_state=0).fit(X, y)
    assert_array_equal(forest.feature_importances_[3:], 0.0)
    one = FORESTS[kind](3, random_state=0).fit(X[:1], y[:1])
    assert_allclose(one.predict(X[:3]), np.repeat(y[:1], 3))


@every_kind
def test_before_fit(kind):
    forest = FORESTS[kind]()
    for method in "predict", "apply", "decision_path", "predict_members":
        with pytest.raises(NotFittedError):
            getattr(forest, method)([[1.0]])
    with pytest.raises(NotFittedError):
        _ = forest.feature_importances_


def test_class_weights_are_checked():
    X, y = data("classes")
    with pytest.raises(ValueError, match="Valid presets for class_weight"):
        HistForestClassifier(2, class_weight="even").fit(X, y)
    with pytest.warns(UserWarning, match="not recommended for warm_start"):
        HistForestClassifier(2, class_weight="balanced", warm_start=True).fit(X, y)


def test_poisson_needs_counts():
    forest = HistForestRegressor(2, criterion="poisson")
    with pytest.raises(ValueError, match="negative"):
        forest.fit([[1.0], [2.0]], [-1.0, 2.0])
    with pytest.raises(ValueError, match="Sum of y is not strictly positive"):
        forest.fit([[1.0], [2.0]], [0.0, 0.0])


# In scikit-learn's machinery.


@every_kind
def test_searches_and_routing(kind):
    X, y = data(kind)
    grid = {"max_depth": [2, 4], "scheme__within": ["whole", "rows"]}
    forest = FORESTS[kind](4, scheme=GroupBootstrap(), random_state=0)
    with config_context(enable_metadata_routing=True):
        forest.set_fit_request(sample_weight=True)
        forest.set_score_request(sample_weight=False)
        forest.scheme.set_split_request(groups=True)
        search = GridSearchCV(forest, grid, cv=2, error_score="raise")
        search.fit(X, y, groups=GROUPS, sample_weight=np.ones(len(y)))
    assert search.best_params_["max_depth"] in (2, 4)
    plain = FORESTS[kind](3, random_state=0)
    with config_context(enable_metadata_routing=True):
        plain.set_fit_request(sample_weight=True)
        plain.set_score_request(sample_weight=False)
        GridSearchCV(plain, {"max_depth": [2]}, cv=2).fit(
            X, y, sample_weight=np.ones(len(y))
        )
    with pytest.raises(ValueError, match="extra keyword arguments"):
        plain.fit(X, y, groups=GROUPS)


@every_kind
def test_out_of_bag_by_metric_and_scorer(kind):
    X, y = data(kind)
    metric = balanced_accuracy_score if kind == "classes" else mean_absolute_error
    named = "balanced_accuracy" if kind == "classes" else "neg_mean_absolute_error"
    scores = [
        FORESTS[kind](40, max_depth=3, oob_score=one, random_state=0)
        .fit(X, y)
        .oob_score_
        for one in (metric, named, partial(metric))
    ]
    assert abs(scores[0]) == pytest.approx(abs(scores[1]))
    assert scores[0] == scores[2]
