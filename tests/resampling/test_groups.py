"""Groups drawn whole."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from scipy.stats import chisquare, norm
from sklearn import config_context
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.model_selection import GridSearchCV, cross_val_score, cross_validate
from sklearn.tree import DecisionTreeRegressor

from ensembles.resampling import Bootstrap, GroupBootstrap

SIZES = np.array([2, 3, 4, 5, 6, 7])
GROUPS = np.random.default_rng(0).permutation(np.repeat(np.arange(6), SIZES))
N = len(GROUPS)

labellings = st.lists(st.integers(0, 9), min_size=2, max_size=60).filter(
    lambda labels: len(set(labels)) > 1
)
by_property = settings(max_examples=150, deadline=None, derandomize=True)


def draws(scheme, groups):
    return list(scheme.iter_indices(groups, groups=groups))


def same(first, second):
    return len(first) == len(second) and all(map(np.array_equal, first, second))


@by_property
@given(labellings, st.integers(0, 2**63))
def test_as_many_groups_are_drawn_as_there_are_and_all_whole(labels, seed):
    groups = np.array(labels)
    rows_of = {label: list(np.flatnonzero(groups == label)) for label in set(labels)}
    for rows in draws(GroupBootstrap(3, random_state=seed), groups):
        left = list(rows)
        n_groups = 0
        while left:
            members = rows_of[groups[left[0]]]
            assert left[: len(members)] == members
            del left[: len(members)]
            n_groups += 1
        assert n_groups == len(rows_of)


@by_property
@given(labellings, st.integers(0, 2**63))
def test_a_group_is_in_bag_or_out_of_bag_and_never_both(labels, seed):
    groups = np.array(labels)
    scheme = GroupBootstrap(3, random_state=seed)
    for train, test in scheme.split(groups, groups=groups):
        assert set(groups[train]).isdisjoint(groups[test])
        assert set(groups[train]) | set(groups[test]) == set(labels)


@by_property
@given(labellings, st.integers(0, 2**63), st.randoms(use_true_random=False))
def test_shuffling_the_rows_draws_the_same_groups(labels, seed, shuffler):
    groups = np.array(labels)
    order = list(range(len(labels)))
    shuffler.shuffle(order)
    scheme = GroupBootstrap(2, random_state=seed)
    plain = draws(scheme, groups)
    shuffled = draws(scheme, groups[order])
    assert same([groups[r] for r in plain], [groups[order][r] for r in shuffled])
    for rows, shuffled_rows in zip(plain, shuffled, strict=True):
        assert_array_equal(np.sort(rows), np.sort(np.array(order)[shuffled_rows]))


def test_groups_are_drawn_with_equal_probability_whatever_their_size():
    """Chi-square, 18,000 draws of groups, 5 df: fails 1 seed in 10,000."""
    drawn = np.concatenate(draws(GroupBootstrap(3000, random_state=0), GROUPS))
    counts = np.bincount(GROUPS[drawn]) / SIZES
    assert counts.sum() == 18000
    assert chisquare(counts).pvalue > 1e-4


def test_the_error_of_a_mean_is_that_of_the_group_means(rng):
    """Variance sum((group mean - mean)^2) / G^2; z-test: fails 1 seed in 10,000."""
    groups = np.repeat(np.arange(20), 5)
    x = rng.normal(size=20)[groups] + 0.1 * rng.normal(size=100)
    of_groups = x.reshape(20, 5).mean(axis=1)
    scheme = GroupBootstrap(4000, random_state=0)
    weights = np.concatenate(list(scheme.iter_weights(x, groups=groups)))
    squared = (weights @ x / weights.sum(axis=1) - x.mean()) ** 2
    z = (squared.mean() - of_groups.var() / 20) / (squared.std() / np.sqrt(4000))
    assert abs(z) < norm.isf(0.5e-4)


def test_groups_of_one_row_are_the_bootstrap_of_rows():
    groups = draws(GroupBootstrap(5, random_state=0), np.arange(30))
    assert same(groups, list(Bootstrap(5, random_state=0).iter_indices(range(30))))


@pytest.mark.parametrize(
    "rename",
    [
        lambda g: [f"site {i}" for i in g],
        lambda g: 10 * g - 3,
        lambda g: pd.Series(g, index=range(50, 50 + N)),
        pd.Categorical,
        list,
    ],
    ids=["strings", "numbers", "series", "categorical", "list"],
)
def test_renaming_the_groups_in_order_changes_nothing(rename):
    scheme = GroupBootstrap(5, random_state=0)
    renamed = scheme.iter_indices(range(N), groups=rename(GROUPS))
    assert same(draws(scheme, GROUPS), list(renamed))


def test_two_groups_are_enough():
    for train, test in GroupBootstrap(20, random_state=0).split("abc", None, [0, 0, 1]):
        assert (set(train), set(test)) in [({0, 1}, {2}), ({2}, {0, 1})]


@pytest.mark.parametrize(
    ("groups", "message"),
    [
        (None, "The 'groups' parameter should not be None"),
        (np.arange(4), r"groups must have one entry for each of 5 rows, got 4"),
        (np.ones((5, 1, 1)), r"one label for each of 5 rows.*got shape \(5, 1, 1\)"),
        (np.ones(5), "needs at least two groups, got one. Use Bootstrap where"),
    ],
    ids=["none", "length", "shape", "one"],
)
@pytest.mark.parametrize("face", ["split", "iter_indices", "iter_weights"])
def test_groups_that_do_not_fit_are_an_error(face, groups, message):
    with pytest.raises(ValueError, match=message):
        next(getattr(GroupBootstrap(), face)(range(5), None, groups))


class SeesWholeGroups(RegressorMixin, BaseEstimator):
    """Fails where a group is torn: column 0 is the group, column 1 its size."""

    def __init__(self, constant=0.0):
        self.constant = constant

    def fit(self, X, y):
        labels, counts = np.unique(X[:, 0], return_counts=True)
        for label, count in zip(labels, counts, strict=True):
            assert count % X[X[:, 0] == label][0, 1] == 0
        return self

    def predict(self, X):
        return np.full(len(X), self.constant)


X = np.column_stack([GROUPS, SIZES[GROUPS]])
Y = np.random.default_rng(1).normal(size=N)


def test_the_model_of_these_tests_sees_torn_groups():
    with pytest.raises(AssertionError):
        cross_val_score(SeesWholeGroups(), X, Y, cv=Bootstrap(5), error_score="raise")


def test_groups_reach_it_without_metadata_routing():
    scheme = GroupBootstrap(5, random_state=0)
    search = GridSearchCV(SeesWholeGroups(), {"constant": [0, 1]}, cv=scheme)
    search.fit(X, Y, groups=GROUPS)
    cross_val_score(
        SeesWholeGroups(), X, Y, groups=GROUPS, cv=scheme, error_score="raise"
    )


def test_groups_reach_both_levels_of_a_nested_search_under_metadata_routing():
    scheme = GroupBootstrap(5, random_state=0)
    with config_context(enable_metadata_routing=True):
        search = GridSearchCV(
            SeesWholeGroups(), {"constant": [0, 1]}, cv=scheme, error_score="raise"
        )
        search.fit(X, Y, groups=GROUPS)
        result = cross_validate(
            search, X, Y, cv=scheme, params={"groups": GROUPS}, error_score="raise"
        )
    assert np.isfinite(result["test_score"]).all()


def test_the_user_may_keep_groups_from_it():
    with config_context(enable_metadata_routing=True):
        scheme = GroupBootstrap(2).set_split_request(groups=False)
        with pytest.raises(ValueError, match="'groups' parameter should not be None"):
            cross_val_score(
                GridSearchCV(DecisionTreeRegressor(), {}, cv=GroupBootstrap(2)),
                X,
                Y,
                cv=scheme,
                params={"groups": GROUPS},
            )


def test_labels_of_several_types_are_groups_of_their_own():
    labels = np.array([1, "1", b"x", 1, "1", b"x", 2.5, 2.5], dtype=object)
    bound = GroupBootstrap().bind(8, groups=labels)
    assert sorted(bound.sizes.tolist()) == [2, 2, 2, 2]
    for seed in bound.seeds(0, 0, 20):
        drawn = np.bincount(bound.rows(seed), minlength=8)
        assert drawn[0] == drawn[3]
        assert drawn[1] == drawn[4]
        assert drawn[2] == drawn[5]


SCHOOLS = np.repeat([0, 1, 2, 3], [6, 4, 5, 3])
CLASSES = np.array([0, 0, 0, 1, 1, 1, 0, 0, 1, 1, 0, 1, 1, 2, 2, 0, 0, 0])


def counts_of(scheme, groups, y=None, n=None):
    n = len(groups) if n is None else n
    return np.concatenate(list(scheme.iter_weights(range(n), y, groups)))


def test_groups_are_drawn_within_their_stratum():
    strata = np.array(["a", "a", "b", "b"])[SCHOOLS]
    for stratify, y in ((strata, None), ("y", strata)):
        scheme = GroupBootstrap(200, stratify=stratify, random_state=0)
        counts = counts_of(scheme, SCHOOLS, y)
        by_school = counts[:, [0, 6, 10, 15]]
        assert_array_equal(by_school[:, :2].sum(axis=1), 2)
        assert_array_equal(by_school[:, 2:].sum(axis=1), 2)
        assert_array_equal(counts, by_school[:, SCHOOLS])


def test_strata_that_cut_a_group_are_an_error():
    scheme = GroupBootstrap(stratify=np.arange(18) % 2)
    with pytest.raises(ValueError, match="group of row 0 lies in two strata"):
        next(scheme.iter_indices(range(18), groups=SCHOOLS))


def test_strata_by_y_need_y():
    with pytest.raises(ValueError, match=r"GroupBootstrap\(stratify='y'\) needs y"):
        next(GroupBootstrap(stratify="y").iter_indices(range(18), groups=SCHOOLS))


def test_nested_groups_draw_as_many_classes_as_every_school_drawn_has():
    groups = np.column_stack([SCHOOLS, CLASSES])
    counts = counts_of(GroupBootstrap(300, random_state=0), groups)
    for school in range(4):
        of_school = school == SCHOOLS
        n_classes = len(set(CLASSES[of_school]))
        by_class = np.stack(
            [counts[:, of_school & (c == CLASSES)][:, 0] for c in range(n_classes)]
        )
        assert (by_class.sum(axis=0) % n_classes == 0).all()
        for c in range(n_classes):
            members = counts[:, of_school & (c == CLASSES)]
            assert_array_equal(members, members[:, :1].repeat(members.shape[1], axis=1))


def test_classes_of_one_name_in_two_schools_are_two_classes():
    groups = np.column_stack([SCHOOLS, CLASSES])
    renamed = np.column_stack([SCHOOLS, 10 * SCHOOLS + CLASSES])
    scheme = GroupBootstrap(50, random_state=0)
    assert_array_equal(counts_of(scheme, groups), counts_of(scheme, renamed))


def test_rows_drawn_within_groups_keep_the_number_of_rows_of_every_group():
    scheme = GroupBootstrap(300, within="rows", random_state=0)
    counts = counts_of(scheme, SCHOOLS)
    by_school = np.add.reduceat(counts, [0, 6, 10, 15], axis=1)
    assert (by_school % [6, 4, 5, 3] == 0).all()
    assert_array_equal((by_school / [6, 4, 5, 3]).sum(axis=1), 4)
    assert (counts[:, 0] != counts[:, 1]).any()


def test_the_variance_of_two_stage_draws():
    """Of the sum of groups of 5: between and within parts; 1 seed in 10,000.

    Var* of the mean of group means is between / G + mean within / (G n).
    """
    rng = np.random.default_rng(0)
    x = rng.normal(size=(8, 5)) + 2 * rng.normal(size=(8, 1))
    scheme = GroupBootstrap(20_000, within="rows", random_state=0)
    counts = counts_of(scheme, np.repeat(np.arange(8), 5))
    means = counts @ x.ravel() / 40
    expected = x.mean(axis=1).var() / 8 + x.var(axis=1).mean() / 40
    squares = (means - x.mean()) ** 2
    z = (squares.mean() - expected) / squares.std() * 20_000**0.5
    assert abs(z) < norm.isf(0.5e-4)


def test_strata_groups_and_nested_rows_go_together():
    strata = np.array([0, 0, 1, 1])[SCHOOLS]
    groups = np.column_stack([SCHOOLS, CLASSES])
    scheme = GroupBootstrap(200, stratify=strata, within="rows", random_state=0)
    counts = counts_of(scheme, groups)
    by_school = np.add.reduceat(counts, [0, 6, 10, 15], axis=1) > 0
    assert by_school[:, :2].any(axis=1).all()
    assert by_school[:, 2:].any(axis=1).all()
    order = np.random.default_rng(1).permutation(18)
    shuffled = scheme.set_params(stratify=strata[order])
    assert_array_equal(counts_of(shuffled, groups[order]).sum(axis=0) > 0, True)


def test_within_is_one_of_two():
    with pytest.raises(ValueError, match="'within' parameter of GroupBootstrap must"):
        next(GroupBootstrap(within="all").iter_indices(range(18), groups=SCHOOLS))


@pytest.mark.parametrize("how", ["groups", "stratify"])
def test_rows_without_a_label_are_no_group(how):
    labels = np.array([0.0, 0, 1, 1, np.nan, np.nan])
    scheme = GroupBootstrap() if how == "groups" else Bootstrap(stratify=labels)
    groups = labels if how == "groups" else None
    with pytest.raises(ValueError, match=f"{how} has no label in 2 of 6 places"):
        scheme.bind(6, None, groups)


@pytest.mark.parametrize("within", ["whole", "rows"])
@pytest.mark.parametrize("nested", [False, True], ids=["flat", "nested"])
def test_rows_of_a_group_that_was_drawn_are_not_out_of_bag(within, nested):
    schools = np.repeat(np.arange(6), 8)
    groups = schools if not nested else np.column_stack([schools, np.arange(48) // 2])
    scheme = GroupBootstrap(40, within=within, random_state=0)
    left_out = 0
    for train, test in scheme.split(np.empty((48, 1)), groups=groups):
        drawn = np.unique(schools[train])
        assert not np.isin(schools[test], drawn).any()
        assert len(test) == 8 * (6 - len(drawn))
        left_out += np.isin(schools, drawn).sum() - len(np.unique(train))
    assert (left_out > 0) == (nested or within == "rows")
