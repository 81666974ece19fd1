"""Normal equations solved in a compiled loop, against numpy's solutions."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from ensembles.inference._statistics import _kernels, _kernels_plain


def equations(n_slopes, singular, rng):
    """Means of a random regression: the triangle of its products, and right sides."""
    q = np.column_stack([np.ones(30), rng.normal(size=(30, n_slopes))])
    if singular:
        q[:, -1] = q[:, 1:-1].sum(axis=1)
    gram, right = q.T @ q / 30, q.T @ rng.normal(size=30) / 30
    return [*gram[np.triu_indices(n_slopes + 1)][1:], *right]


def solved(module, means, n_slopes, least=1e-12):
    first, second = (index[1:] for index in np.triu_indices(n_slopes + 1))
    solutions = np.zeros((len(means), n_slopes + 1))
    module.solve_normal_equations(np.array(means), first, second, least, solutions)
    return solutions


@pytest.mark.parametrize("n_slopes", [1, 2, 4, 7])
def test_solutions_equal_the_twin(n_slopes):
    rng = np.random.default_rng(n_slopes)
    means = [equations(n_slopes, i == 3, rng) for i in range(6)]
    ours, plain = (solved(m, means, n_slopes) for m in (_kernels, _kernels_plain))
    assert_allclose(ours, plain, rtol=1e-10)
    assert np.isnan(ours).all(axis=1).tolist() == [i == 3 for i in range(6)]


@pytest.mark.parametrize(
    "means", [[0.0, 0.0, 1.0, 0.0], [0.0, -1.0, 1.0, 0.0], [np.nan, 1.0, 1.0, 0.0]]
)
def test_equations_of_no_solution_are_nan_and_others_stand(means):
    good = [0.5, 2.0, 1.0, 3.0]
    ours = solved(_kernels, [good, means, good], 1)
    assert np.isnan(ours[1]).all()
    assert_allclose(ours[[0, 2]], 2 * [np.linalg.solve([[1, 0.5], [0.5, 2]], [1, 3])])


def test_a_pivot_below_the_share_of_the_largest_counts_as_none():
    means = [[0.0, 1e-6, 1.0, 1e-6]]
    assert_allclose(solved(_kernels, means, 1, least=1e-7), [[1.0, 1.0]])
    assert np.isnan(solved(_kernels, means, 1, least=1e-5)).all()
