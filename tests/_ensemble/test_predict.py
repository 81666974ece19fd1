import tracemalloc
from functools import partial

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.datasets import make_classification, make_regression
from sklearn.linear_model import LinearRegression
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from ensembles._combine import resolve_rule
from ensembles._ensemble._casting import trees_may_share_a_cast
from ensembles._ensemble._outputs import FittedMember, probabilities, values
from ensembles._ensemble._predict import collect, combined
from ensembles._ensemble._targets import encode_classes

X, Y = make_regression(3000, 40, noise=10, random_state=0)
VALUES = partial(values, params={})


def trees(n, **params):
    rng = np.random.default_rng(0)
    members = []
    for _ in range(n):
        rows = rng.integers(3000, size=300)
        tree = DecisionTreeRegressor(max_depth=4, random_state=0, **params)
        members.append(FittedMember(tree.fit(X[rows], Y[rows])))
    return members


def rule(name, *, probabilities=False):
    return resolve_rule("test", name, probabilities=probabilities)


@pytest.mark.parametrize("name", ["mean", "median", "trimmed"])
@pytest.mark.parametrize("n_jobs", [1, 2])
def test_blocks_of_rows_give_what_members_say_of_all_rows(name, n_jobs):
    many = np.vstack([X] * 4)  # more than one block
    members = trees(7)
    said = np.stack([member.estimator.predict(many) for member in members])
    (result,) = combined(members, many, VALUES, rule(name), n_jobs=n_jobs)
    expected = {
        "mean": said.mean(axis=0),
        "median": np.median(said, axis=0),
        "trimmed": np.sort(said, axis=0)[1:-1].mean(axis=0),
    }[name]
    assert_allclose(result, expected, rtol=1e-12)


def test_a_rule_that_looks_across_rows_gets_all_of_them():
    many = np.vstack([X] * 4)
    seen = []

    def best(outputs):
        seen.append(outputs.shape)
        return outputs[0]

    combined(trees(3), many, VALUES, rule(best))
    assert seen == [(3, 12_000)]


def test_values_too_large_for_trees_are_their_error_and_not_a_warning():
    large = X.copy()
    large[0, 0] = 1e300
    with pytest.raises(ValueError, match="too large for dtype"):
        combined(trees(2), large, VALUES, rule("mean"))


def test_subclasses_of_trees_see_the_rows_as_they_came():
    class Watcher(DecisionTreeRegressor):
        def predict(self, X):
            assert X.dtype == np.float64
            assert len(X) == 3000
            return super().predict(X)

    member = FittedMember(Watcher(max_depth=2).fit(X, Y))
    combined([member, member], X, VALUES, rule("mean"))


def test_columns_are_taken_where_a_member_has_its_own():
    columns = np.array([3, 1])
    member = FittedMember(LinearRegression().fit(X[:, columns], Y), columns)
    (result,) = combined([member], X, VALUES, rule("mean"))
    assert_array_equal(result, member.estimator.predict(X[:, columns]))


def test_outputs_come_in_member_order_whatever_the_workers():
    class Slow(LinearRegression):
        def predict(self, X):
            import time

            time.sleep(0.03)
            return super().predict(X)

    members = [FittedMember(Slow().fit(X, k * Y)) for k in range(1, 6)]
    one, two = (
        np.stack([output[0] for output in collect(members, X, VALUES, n_jobs)])
        for n_jobs in (1, 2)
    )
    assert_array_equal(one, two)
    assert (np.diff(np.abs(one).sum(axis=1)) > 0).all()


def test_memory_does_not_grow_with_the_members():
    """A bag of 40 trees holds what one of 5 does, to a tenth, and no cast of all X."""
    many = np.vstack([X] * 8)

    def peak(members):
        tracemalloc.start()
        combined(members, many, VALUES, rule("mean"))
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return peak

    peak(trees(2))
    assert peak(trees(40)) < 1.1 * peak(trees(5))
    assert peak(trees(5)) < many.nbytes / 3


def test_probabilities_are_aligned_to_all_classes():
    X, y = make_classification(90, n_informative=4, n_classes=3, random_state=0)
    target, codes = encode_classes(y)
    known = codes != 1
    members = [
        FittedMember(DecisionTreeClassifier(max_depth=3).fit(X, codes)),
        FittedMember(DecisionTreeClassifier(max_depth=3).fit(X[known], codes[known])),
    ]
    output = partial(probabilities, params={}, target=target)
    (result,) = combined(members, X, output, rule("mean", probabilities=True))
    first = members[0].estimator.predict_proba(X)
    second = np.zeros((90, 3))
    second[:, [0, 2]] = members[1].estimator.predict_proba(X)
    assert_allclose(result, (first + second) / 2)


def test_frames_are_cast_like_arrays_and_members_keep_their_names():
    frames = pytest.importorskip("pandas")
    names = [f"column {j}" for j in range(40)]
    table = frames.DataFrame(X, columns=names, index=np.arange(3000)[::-1] + 0.5)
    table["column 3"] = (100 * table["column 3"]).astype(int)
    members = [
        FittedMember(DecisionTreeRegressor(max_depth=k).fit(table, Y)) for k in (2, 3)
    ]
    many = frames.concat([table] * 4)
    (result,) = combined(members, many, VALUES, rule("mean"))
    expected = sum(member.estimator.predict(many) for member in members) / 2
    assert_array_equal(result, expected)
    for member in members:
        assert list(member.estimator.feature_names_in_) == names


@pytest.mark.parametrize("kind", ["category", "boolean", "missing integers"])
def test_frames_that_are_not_plain_numbers_go_to_the_members(kind):
    frames = pytest.importorskip("pandas")
    column = {
        "category": frames.Categorical([1, 2, 1]),
        "boolean": [True, False, True],
        "missing integers": frames.array([1, 2, 3], dtype="Int64"),
    }[kind]
    table = frames.DataFrame({"a": column, "b": [0.5, 1.5, 2.5]})
    tree = DecisionTreeRegressor().fit(table, [1, 2, 3])
    assert not trees_may_share_a_cast([tree], table)
    (result,) = combined([FittedMember(tree)], table, VALUES, rule("mean"))
    assert_array_equal(result, [1, 2, 3])
