"""Schemes with one fault each, which the check must name."""

import numpy as np
import pytest
from sklearn.model_selection import KFold

from ensembles import Bootstrap, GroupBootstrap
from ensembles.resampling._base import BoundScheme
from ensembles.testing import check_scheme


class Bound(BoundScheme):
    """Plain draws; a fault is one method of these."""

    def rows(self, seed):
        return np.random.default_rng(seed).integers(self.n_samples, size=self.n_samples)


class Scheme(Bootstrap):
    bound = Bound

    def _bind(self, n_samples, y, groups):
        return self.bound(n_samples)


class Floats(Bound):
    def rows(self, seed):
        return super().rows(seed) / 2


class Outside(Bound):
    def rows(self, seed):
        return super().rows(seed) + 1


class Short(Bound):
    def weights(self, seed):
        return super().weights(seed)[:-1]


class Negative(Bound):
    def weights(self, seed):
        return super().weights(seed) - 1


class WrongTotal(Bound):
    total = 5.0


class TwoDraws(Bound):
    def weights(self, seed):
        return super().weights(seed)[::-1]


class Weighted(Bound):
    def weights(self, seed):
        return np.random.default_rng(seed).exponential(size=self.n_samples) * (
            np.arange(self.n_samples) > 3
        )


class CannotBeSent(Bound):
    def __init__(self, n_samples):
        super().__init__(n_samples)
        self.rule = lambda seed: seed


class OtherWhenSent(Bound):
    shift = 0

    def rows(self, seed):
        return super().rows(seed + np.uint64(self.shift))

    def __setstate__(self, state):
        self.__dict__.update(state, shift=1)


class OtherBatches(Bound):
    def weight_rows(self, seeds):
        return super().weight_rows(seeds)[::-1]


class OtherSums(Bound):
    def sums(self, seeds, columns):
        return 2 * super().sums(seeds, columns)


class ByTheRun(Bound):
    def seeds(self, entropy, start, stop):
        return np.arange(start, stop, dtype=np.uint64) + np.uint64(stop)


class Constant(Bound):
    def rows(self, seed):
        return np.arange(self.n_samples)


class InAndOut(Bound):
    def out_of_bag(self, in_bag):
        return np.ones(self.n_samples, dtype=bool)


FAULTS = {
    Floats: r"no 1-D array of ints",
    Outside: r"draws rows that X does not have",
    Short: r"weights have shape \(59,\), and there are 60 rows",
    Negative: r"weights are negative or not finite",
    WrongTotal: r"says that weights add up to 5.0, and they do not",
    TwoDraws: r"are no counts of its rows",
    Weighted: r"are zero of rows it draws",
    CannotBeSent: r"cannot be pickled, so workers cannot have it",
    OtherWhenSent: r"a seed draws something else in another process",
    OtherBatches: r"weight_rows of several seeds differ",
    OtherSums: r"sums are not those of columns times weights",
    ByTheRun: r"replicates depend on how many are drawn together",
    Constant: r"all replicates are the same",
    InAndOut: r"rows in-bag are out-of-bag too",
}


@pytest.mark.parametrize("kind", FAULTS, ids=lambda kind: kind.__name__)
def test_a_fault_of_what_draws_is_named(kind):
    class Faulty(Scheme):
        bound = kind

    with pytest.raises(AssertionError, match=f"^Faulty: .*({FAULTS[kind]})"):
        check_scheme(Faulty(5))


class DrawsAtRandom(Scheme):
    def _seeds(self, bound):
        return np.random.default_rng().integers(2**63, size=5).astype(np.uint64)


class UsesTheGlobalState(Scheme):
    def _seeds(self, bound):
        np.random.rand()  # noqa: NPY002 - the fault
        return super()._seeds(bound)


class CutsGroups(Scheme):
    _uses_groups = True


class ChangesTheTarget(Scheme):
    def iter_indices(self, X, y=None, groups=None):
        y[0] += 1
        return super().iter_indices(X, y, groups)


class BindsToAll(Scheme):
    def bind(self, n_samples, y=None, groups=None):
        return self._bind(n_samples, y, groups)


class SaysTooMany(Scheme):
    def get_n_splits(self, X=None, y=None, groups=None):
        return 9


FAULTS_OF_SCHEMES = {
    DrawsAtRandom: r"the same random_state draws other rows",
    UsesTheGlobalState: r"draws move the global random state",
    CutsGroups: r"rows of one group are in-bag and out-of-bag",
    ChangesTheTarget: r"draws change the target",
    BindsToAll: r"binds to 60 rows and 3 of y",
    SaysTooMany: r"get_n_splits says 9, but split makes 5 folds",
}


@pytest.mark.parametrize("kind", FAULTS_OF_SCHEMES, ids=lambda kind: kind.__name__)
def test_a_fault_of_a_scheme_is_named(kind):
    groups = np.arange(60) // 5
    with pytest.raises(AssertionError, match=FAULTS_OF_SCHEMES[kind]):
        check_scheme(kind(5), groups=groups)


def test_a_splitter_is_no_scheme():
    with pytest.raises(AssertionError, match=r"KFold: is no scheme"):
        check_scheme(KFold(3))


def test_schemes_pass_on_rows_of_one_s_own():
    X = np.zeros((30, 2))
    check_scheme(Scheme(4), X)
    groups = np.arange(30) // 3
    check_scheme(GroupBootstrap(4), X, groups=groups)
    check_scheme(GroupBootstrap(4), X, groups=np.column_stack([groups // 2, groups]))
    check_scheme(GroupBootstrap(4, stratify=groups // 5), X, groups=groups)
    check_scheme(Bootstrap(4, stratify=groups), X)
