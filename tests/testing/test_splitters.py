"""The check of splitters: it passes what is sound and names what is not."""

import re

import numpy as np
import pytest
from sklearn.model_selection import (
    BaseCrossValidator,
    GroupKFold,
    KFold,
    ShuffleSplit,
    StratifiedKFold,
    TimeSeriesSplit,
)

from ensembles import (
    CombinatorialPurgedKFold,
    Guarded,
    HVBlock,
    PanelSplit,
    PurgedKFold,
    RandomOrigin,
    RollingOrigin,
    StationaryBootstrap,
)
from ensembles.testing import check_splitter

SOUND = [
    RollingOrigin(3),
    RollingOrigin(None, test_size=5, train_size=9, window="sliding", gap=1),
    PurgedKFold(4, purge=1, embargo=2),
    CombinatorialPurgedKFold(5, 2),
    HVBlock(v=3, h=4),
    RandomOrigin(3, random_state=0),
    RandomOrigin(3),
    Guarded(PurgedKFold(3), purge=1),
    PanelSplit(RollingOrigin(2)),
    KFold(4),
    KFold(4, shuffle=True, random_state=0),
    ShuffleSplit(3),
    StratifiedKFold(3),
    TimeSeriesSplit(4),
    StationaryBootstrap(3, block_length=5, random_state=0),
]


@pytest.mark.parametrize("cv", SOUND, ids=repr)
def test_sound_splitters_pass(cv):
    check_splitter(cv)


def test_rows_of_the_caller():
    groups = np.arange(30) % 5
    check_splitter(GroupKFold(3), np.zeros((30, 1)), groups=groups)
    check_splitter(
        PanelSplit(RollingOrigin(2), 2),
        np.zeros((120, 1)),
        groups=np.arange(120) % 4,
        times=np.arange(120) // 4,
    )
    times = np.arange("2021-01-01", "2021-05-01", dtype="datetime64[D]")
    check_splitter(
        RollingOrigin(3, gap="3D"), np.zeros((120, 1)), times=times, label_end=times
    )


def unspoilt(self, folds):
    return folds


class Plain(BaseCrossValidator):
    """Two folds, spoilt by a function of them."""

    def __init__(self, spoil=unspoilt, n=2):
        self.spoil = spoil
        self.n = n

    def get_n_splits(self, X=None, y=None, groups=None):
        return self.n

    def split(self, X, y=None, groups=None):
        half = len(X) // 2
        folds = [(np.arange(half, len(X)), np.arange(half))]
        folds += [(b, a) for a, b in folds]
        yield from self.spoil(self, folds)


class Timed(Plain):
    """The same, that takes times and may look at them."""

    def get_n_splits(self, X=None, y=None, groups=None, *, times=None):
        return self.n

    def split(self, X, y=None, groups=None, *, times=None):
        yield from super().split(X)


def count_calls(self, folds):
    self.calls = getattr(self, "calls", 0) + 1
    return folds


def shuffle(self, folds):
    return [(a, np.random.default_rng().permutation(b)[:9]) for a, b in folds]


def outside(self, folds):
    return [(a, b + 1) for a, b in folds]


SPOILT = [
    (Plain(n=3), "get_n_splits says 3, but split makes 2 folds."),
    (
        Plain(lambda _, folds: [(a, b[:, None]) for a, b in folds]),
        "test of fold 0 is no 1-D array of ints, but",
    ),
    (
        Plain(lambda _, folds: [(a / 1, b) for a, b in folds]),
        "train of fold 0 is no 1-D array of ints, but",
    ),
    (
        Plain(lambda _, folds: [(a[:0], b) for a, b in folds]),
        "train of fold 0 is empty.",
    ),
    (Plain(outside), "test of fold 1 names rows outside of X."),
    (
        Plain(lambda _, folds: [(a, [0, 0]) for a, b in folds]),
        "fold 0 tests rows more than once.",
    ),
    (
        Plain(lambda _, folds: [(a, a) for a, b in folds]),
        "fold 0 trains on rows it tests, such as [60 61 62].",
    ),
    (Plain(count_calls), "split changes its attributes."),
    (Plain(shuffle), "a second split makes other folds."),
    (Plain(lambda _, folds: folds), "cannot be pickled, so workers cannot have it"),
    (Timed(), "share a time with test rows."),
]


@pytest.mark.parametrize(("cv", "message"), SPOILT, ids=[m for _, m in SPOILT])
def test_what_is_wrong_is_named(cv, message):
    with pytest.raises(AssertionError, match=re.escape(message)):
        check_splitter(cv)


def test_rows_in_another_order_must_be_split_alike():
    times = np.random.default_rng(0).permutation(120)
    with pytest.raises(AssertionError, match="in another order are split another way"):
        check_splitter(Timed(), np.zeros((120, 1)), times=times)


class Bound:
    """Holds on to the rows it was made with, and is no splitter of scikit-learn."""

    def __init__(self, times=None):
        self.n = 120

    def get_n_splits(self, X=None, y=None, groups=None):
        return 1

    def split(self, X, y=None, groups=None):
        if len(X) != self.n:
            raise IndexError("boolean index did not match")
        yield np.arange(60), np.arange(60, 120)


def test_what_is_bound_to_its_data_cannot_be_nested():
    with pytest.raises(
        AssertionError, match="three quarters of the rows cannot be spli"
    ):
        check_splitter(Bound())


class NoRouting(Bound):
    """Takes times and derives from nothing that could ask for them."""

    def split(self, X, y=None, groups=None, *, times=None):
        half = len(X) // 2
        yield np.arange(half), np.arange(half, len(X))

    def get_n_splits(self, X=None, y=None, groups=None, *, times=None):
        return 1


def test_times_that_cannot_be_routed_are_named():
    with pytest.raises(
        AssertionError, match="times cannot be routed to it: derive from"
    ):
        check_splitter(NoRouting())


@pytest.mark.parametrize("method", ["split", "get_n_splits"])
def test_what_is_no_splitter_is_named(method):
    class Half:
        """Has one of the two methods."""

    setattr(Half, "get_n_splits" if method == "split" else "split", lambda self: 1)
    with pytest.raises(AssertionError, match=f"Half: has no method {method}."):
        check_splitter(Half())
