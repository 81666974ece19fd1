"""Folds of purged, combinatorial, sliding, random, guarded and panel splitters."""

import re

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal
from sklearn.model_selection import GroupKFold, KFold, ShuffleSplit

from ensembles.exceptions import InvalidParameterError, LeakageError
from ensembles.model_selection import (
    CombinatorialPurgedKFold,
    Guarded,
    HVBlock,
    PanelSplit,
    PurgedKFold,
    RandomOrigin,
    RollingOrigin,
    check_leakage,
)
from ensembles.resampling import Bootstrap

DAYS = pd.DataFrame({"x": np.zeros(60)}, index=pd.date_range("2021-01-01", periods=60))


def folds(cv, X=None, n=60, **given):
    X = np.zeros((n, 1)) if X is None else X
    return [(a.tolist(), b.tolist()) for a, b in cv.split(X, **given)]


def test_folds_of_rows_in_order_are_views_of_one_index():
    for cv in (RollingOrigin(3), HVBlock(v=10, h=20, step=39)):
        first, *others = list(cv.split(np.zeros((60, 1))))
        parts = [*first, *(part for fold in others for part in fold)]
        assert all(not part.flags.owndata for part in parts)
        assert all(np.shares_memory(parts[0].base, part.base) for part in parts)


@pytest.mark.parametrize("n", [1, 5, 59, 60, 61])
def test_sizes_of_purged_folds_are_those_of_k_fold(n):
    ours = [b for _, b in folds(PurgedKFold(2), n=max(n, 2))]
    theirs = [b.tolist() for _, b in KFold(2).split(np.zeros(max(n, 2)))]
    assert ours == theirs


def test_sets_around_one_run_of_tested_rows_in_rows_and_days():
    by_row = folds(PurgedKFold(6, purge=2, embargo=3), DAYS)
    by_day = folds(PurgedKFold(6, purge="2D", embargo="3D"), DAYS)
    by_share = folds(PurgedKFold(6, purge=2, embargo=0.05), DAYS)
    mixed = folds(PurgedKFold(6, purge=2, embargo="3D"), DAYS)
    assert by_row == by_day == by_share == mixed
    assert by_row[1] == ([*range(8), *range(25, 60)], list(range(10, 20)))


def test_steps_of_a_calendar_guard_too():
    train, test = folds(PurgedKFold(6, purge="5B"), DAYS)[3]
    assert DAYS.index[test[0]] == pd.Timestamp("2021-01-31")  # a Sunday
    kept = DAYS.index[train]
    # Rows on or after the fifth business day before it are dropped: Monday, the 25th.
    assert kept[kept < "2021-01-31"][-1] == pd.Timestamp("2021-01-24")


@pytest.mark.parametrize(
    ("how", "times"),
    [
        ({"embargo": np.timedelta64(365 * 250, "D")}, "2024-01-01"),
        ({"embargo": np.timedelta64(365 * 9999, "D")}, "2024-01-01"),
        ({"embargo": np.timedelta64(10, "D")}, "2262-04-01"),
        ({"purge": 10**30}, "2024-01-01"),
        ({"embargo": "300YS"}, "2024-01-01"),
    ],
    ids=str,
)
def test_guards_beyond_the_end_of_time_leave_nothing(how, times):
    days = np.datetime64(times) + np.arange(6)
    (name,) = how
    with pytest.raises(ValueError, match=f"all fall to {name}="):
        next(PurgedKFold(2, **how).split(days, times=days))
    ends = days.astype("datetime64[ns]")
    ends[0] = np.datetime64(pd.Timestamp.max)
    with pytest.raises(ValueError, match="all fall to embargo='1B', ends of"):
        next(PurgedKFold(2, embargo="1B").split(days, times=days, label_end=ends))


def test_an_embargo_counts_from_where_labels_end():
    times = np.arange(60)
    given = {"times": times, "label_end": times + 5}
    without, short, long = (
        folds(PurgedKFold(6, embargo=h), **given)[0][0][0] for h in (0, 1, 4)
    )
    assert (without, short, long) == (14, 15, 18)


def test_blocks_slide():
    assert HVBlock(v=2, h=1, step=1).get_n_splits(range(20)) == 16
    assert HVBlock(v=2, h=1).get_n_splits(range(20)) == 4
    every = folds(HVBlock(h=0), n=7)
    assert every == [([j for j in range(7) if j != i], [i]) for i in range(7)]
    assert len(folds(HVBlock(), n=81)[40][0]) == 81 - 1 - 2 * 3


def test_random_origins_have_the_sizes_asked_for():
    cv = RandomOrigin(200, train_size=20, test_size=5, gap=2, random_state=0)
    found = folds(cv)
    assert {(len(a), len(b), b[0] - a[-1]) for a, b in found} == {(20, 5, 3)}
    assert {b[0] for _, b in found} == set(range(22, 56))
    assert folds(cv) == found
    in_time = RandomOrigin(
        200, train_size="20D", test_size="5D", gap="2D", random_state=0
    )
    assert folds(in_time, DAYS) == found
    assert len(folds(RandomOrigin(random_state=1))) == 10


def test_random_origins_differ_between_calls_without_a_seed():
    cv = RandomOrigin(20, random_state=np.random.default_rng(0))
    assert folds(cv, n=500) != folds(cv, n=500)


def test_a_guard_keeps_repeated_rows_and_the_order_of_the_splitter():
    scheme = Bootstrap(3, random_state=0)
    plain = list(scheme.split(np.zeros((10, 1))))
    guarded = list(Guarded(scheme).split(np.zeros((10, 1))))
    for (a, b), (c, d) in zip(plain, guarded, strict=True):
        assert_array_equal(a, c)
        assert_array_equal(b, d)
    shuffled = ShuffleSplit(1, train_size=20, random_state=0)
    train = next(shuffled.split(np.zeros(60)))[0]
    kept = folds(Guarded(shuffled))[0][0]
    assert kept == train.tolist()


def test_what_a_guard_knows_of_times_the_splitter_inside_knows_too():
    X = pd.DataFrame({"t": [5, 4, 3, 2, 1, 0]})
    expected = folds(RollingOrigin(2, time="t"), X)
    assert folds(Guarded(RollingOrigin(2), time="t"), X) == expected
    assert folds(Guarded(RollingOrigin(2, time="t")), X) == expected
    X["t"] = pd.date_range("2021-01-01", periods=6)
    summary = Guarded(RollingOrigin(2, time="t")).summary(X)
    assert summary.loc[0, "test_first"] == pd.Timestamp("2021-01-03")


WEEK, SHOP = np.repeat(np.arange(10), 4), np.tile(list("abcd"), 10)


def test_panels_test_on_new_entities_at_new_times():
    cv = PanelSplit(RollingOrigin(2, test_size=2, gap=1), entity_cv=2)
    assert cv.get_n_splits(WEEK, groups=SHOP) == 4
    for train, test in cv.split(WEEK, groups=SHOP, times=WEEK):
        assert WEEK[train].max() < WEEK[test].min() - 1
        assert not set(SHOP[train]) & set(SHOP[test])
        assert len(test) == 2 * 2
    assert folds(PanelSplit(RollingOrigin(2)), WEEK, times=WEEK) == folds(
        RollingOrigin(2), WEEK, times=WEEK
    )


@pytest.mark.parametrize("kind", ["column", "level", "only other level"])
def test_entities_are_found_in_x(kind):
    table = pd.DataFrame(
        {"shop": SHOP, "t": pd.Timestamp("2021-01-03") + pd.to_timedelta(WEEK * 7, "D")}
    )
    time_cv = RollingOrigin(2, time="t")
    expected = folds(PanelSplit(time_cv, 2), table, groups=SHOP)
    if kind != "column":
        table = table.assign(x=0).set_index(["shop", "t"])
    entity = None if kind == "only other level" else "shop"
    cv = PanelSplit(time_cv, 2, entity=entity)
    assert folds(cv, table) == expected
    assert cv.get_n_splits(table) == 4
    assert len(cv.summary(table)) == 4


def test_leaks_of_a_splitter_within_another_are_looked_for_in_its_times():
    rng = np.random.default_rng(0)
    table = pd.DataFrame({"t": rng.permutation(40)})
    table["end"] = table["t"] + 3
    inner = RollingOrigin(2, time="t", label_end="end")
    for cv in (inner, PanelSplit(inner)):
        assert not check_leakage(cv, table, past_only=True).is_leaky
    blind = PanelSplit(RollingOrigin(2, time="t"))
    report = check_leakage(blind, table, label_end=table["end"])
    assert not report.is_leaky  # what is given is given to the splitter too
    folds = list(blind.split(table))
    report = check_leakage(folds, table, times=table["t"], label_end=table["end"])
    assert {leak.kind for leak in report.leaks} == {"overlap"}


def test_groups_reach_a_guard_inside_a_panel():
    region = np.array([{"a": 0, "b": 0, "c": 1, "d": 1}[shop] for shop in SHOP])
    inside = Guarded(GroupKFold(2))
    for train, test in PanelSplit(inside).split(
        WEEK, groups=region, times=np.arange(40)
    ):
        assert not set(region[train]) & set(region[test])


@pytest.mark.parametrize(
    ("cv", "given", "message"),
    [
        (
            PurgedKFold(70),
            {},
            "Cannot have number of splits n_splits=70 greater than",
        ),
        (
            PurgedKFold(3),
            {"times": np.zeros(60)},
            "n_splits=3 greater than the number of distinct times=1.",
        ),
        (
            PurgedKFold(3),
            {"times": np.repeat([0, 1, 2], [50, 5, 5])},
            "Fold 0 of n_splits=3 has no rows, as some times hold more rows than",
        ),
        (
            PurgedKFold(2, purge=40),
            {},
            "Fold 0 has no training rows: of 60 rows that could be trained on, all "
            "fall to purge=40. Here purge=29 is the largest that leaves one.",
        ),
        (
            PurgedKFold(2, embargo=40),
            {},
            "all fall to embargo=40. Make fewer or smaller folds, or guard them less.",
        ),
        (
            PurgedKFold(2, purge=1),
            {"times": np.arange(60), "label_end": np.arange(60) + 99},
            "all fall to purge=1, ends of labels. Make fewer or smaller folds",
        ),
        (
            PurgedKFold(2),
            {"times": np.arange(60), "label_end": np.full(60, np.nan)},
            "Fold 0 has no test rows: no label of its 30 rows has an end. Leave rows",
        ),
        (
            CombinatorialPurgedKFold(3, 3),
            {},
            "n_test_folds=3 of n_folds=3 leaves no fold to train on. Test at most 2 of",
        ),
        (
            HVBlock(v=40),
            {},
            "A block of 2 * v + 1 = 81 times does not fit into 60.",
        ),
        (
            HVBlock(v=10, h=99),
            {},
            "all fall to h=99. Here h=38 is the largest that",
        ),
        (
            RandomOrigin(train_size=50, test_size=20),
            {},
            "train_size=50, gap=0 and test_size=20 do not fit into the data together",
        ),
        (
            RandomOrigin(train_size="3MS"),
            {},
            "A random time is none at which a",
        ),
        (
            RandomOrigin(test_size="3D"),
            {},
            "RandomOrigin(test_size='3D') is a span of",
        ),
        (
            Guarded([([0], [1])], purge=1),
            {},
            "of 1 rows that could be trained on, all fall to purge=1. Here purge=0 is",
        ),
        (
            Guarded(2, groups="disjoint"),
            {},
            'Guarded(groups="disjoint") needs to know the groups: pass groups= to',
        ),
        (
            Guarded(2, groups="disjoint"),
            {"groups": np.zeros(60)},
            "all fall to their groups. Make fewer or smaller folds, or guard",
        ),
        (
            Guarded(2, groups="disjoint"),
            {"groups": np.zeros(9)},
            "groups has 9 values for 60 rows of X. Pass one for each row.",
        ),
        (Guarded([([0], [])]), {}, "has no test rows, or none whose label has an end."),
        (
            Guarded(iter([])),
            {},
            "A generator can be gone through once only; make a list of it.",
        ),
        (
            PanelSplit(RollingOrigin(2), 2),
            {},
            "PanelSplit(entity_cv=...) needs to know the entities: pass groups= to",
        ),
        (
            PanelSplit(RollingOrigin(2), 2),
            {"groups": ["a", None] * 30},
            "entities has no label in 30 of 60 places, the first in row 1.",
        ),
        (
            PanelSplit(RollingOrigin(2), 2),
            {"groups": np.repeat([0, 1], 30)},
            "has no training rows of the entities [1]. Leave out entities seen at few",
        ),
        (
            PanelSplit(KFold(2)),
            {},
            "must be a splitter of ensembles.model_selection.",
        ),
        (
            PanelSplit(RollingOrigin(2), iter([])),
            {"groups": range(60)},
            "A generator can be gone through once only; make a list of it.",
        ),
        (
            PanelSplit(RollingOrigin(2), 2, entity=[1]),
            {},
            "Entities of each row are passed to split, as groups=.",
        ),
    ],
)
def test_what_cannot_be_split_is_an_error(cv, given, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        folds(cv, **given)


@pytest.mark.parametrize(
    ("cls", "params"),
    [
        (PurgedKFold, {"n_splits": 1}),
        (PurgedKFold, {"purge": -1}),
        (PurgedKFold, {"embargo": 1.5}),
        (PurgedKFold, {"closed": "right"}),
        (CombinatorialPurgedKFold, {"n_folds": 1}),
        (CombinatorialPurgedKFold, {"n_test_folds": 0}),
        (HVBlock, {"v": -1}),
        (HVBlock, {"h": 0.5}),
        (HVBlock, {"step": 0}),
        (RandomOrigin, {"n_splits": 0}),
        (RandomOrigin, {"test_size": 0}),
        (Guarded, {"groups": "joint"}),
        (Guarded, {"purge": "x"}),
    ],
    ids=str,
)
def test_parameters_outside_their_ranges_are_an_error(cls, params):
    (name,) = params
    with pytest.raises(InvalidParameterError, match=f"{name!r} parameter of"):
        folds(cls(**params))
    with pytest.raises(InvalidParameterError, match=f"{name!r} parameter of"):
        cls(**params).get_n_splits(np.zeros((60, 1)))


def leaks(cv, **given):
    report = check_leakage(cv, np.zeros((12, 1)), **given)
    return {(leak.fold, leak.kind): leak.rows.tolist() for leak in report.leaks}


def test_leaks_of_every_kind_are_named():
    times = np.array([0, 1, 2, 3, 4, 5, 5, 6, 7, 8, 9, 10])
    given = {"times": times, "label_end": times + 2.0}
    assert leaks(KFold(2), **given) == {
        (0, "same_time"): [6],
        (0, "overlap"): [7],
        (1, "same_time"): [5],
        (1, "overlap"): [4],
    }
    assert leaks(KFold(2), closed="both", **given)[0, "overlap"] == [7, 8]
    assert leaks([(range(6), [5, 6])])[0, "tested"] == [5]
    assert leaks(KFold(2), groups=[*range(11), 0])[0, "same_group"] == [11]
    assert leaks(KFold(2), past_only=True) == {(0, "future"): list(range(6, 12))}
    given["label_end"][8] = np.nan
    assert leaks(Guarded([(range(4), [6])]), **given) == {}
    assert leaks([([0, 8], [6])], **given) == {(0, "unresolved"): [8]}


@pytest.mark.parametrize(
    "cv",
    [
        PurgedKFold(3),
        CombinatorialPurgedKFold(4, 2),
        RollingOrigin(2),
        HVBlock(v=2),
        RandomOrigin(random_state=0),
        Guarded(KFold(4)),
    ],
    ids=repr,
)
def test_splitters_of_this_package_leak_nothing(cv, rng):
    times = rng.integers(0, 200, size=300)
    ends = times + rng.integers(0, 6, size=300)
    cv = Guarded(PurgedKFold(4)) if isinstance(cv, Guarded) else cv
    report = check_leakage(cv, np.zeros((300, 1)), times=times, label_end=ends)
    assert str(report.raise_if_leaky()) == f"No leaks in {len(report.n_test)} folds."
    assert not report.is_leaky
    assert not report.to_frame().filter(regex="^[^n]").to_numpy().any()


def test_a_report_raises_and_lists_what_it_found():
    report = check_leakage(KFold(2), np.zeros((30, 1)), groups=np.zeros(30))
    message = "fold 0: training rows 15, 16, 17, 18, 19 and 10 more are of groups that"
    with pytest.raises(LeakageError, match=message):
        report.raise_if_leaky()
    assert report.to_frame()["same_group"].tolist() == [15, 15]
