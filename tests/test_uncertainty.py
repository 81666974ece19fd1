"""Total uncertainty and its two parts, against values worked out by hand."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from ensembles._uncertainty import of_moments, of_probabilities

RNG = np.random.default_rng(0)


def test_entropies_of_two_members_that_contradict_each_other():
    """p = (.9, .1) and (.1, .9): log 2, H(.9), and the difference."""
    parts = of_probabilities([np.array([[0.9, 0.1]]), np.array([[0.1, 0.9]])])
    aleatoric = -0.9 * np.log(0.9) - 0.1 * np.log(0.1)
    assert_allclose(np.ravel(parts), [0.693147, 0.325083, 0.368064], atol=1e-6)
    assert_allclose(parts.aleatoric, aleatoric)
    assert_allclose(parts.epistemic, np.log(2) - aleatoric)


def test_variances_of_a_mixture_of_two():
    """Means 0 and 2, variances 1 and 3: the mixture has variance 3."""
    moments = [(np.array([0.0]), np.array([1.0])), (np.array([2.0]), np.array([3.0]))]
    assert of_moments(moments) == (3.0, 2.0, 1.0)


def test_a_mixture_has_the_variance_of_draws_from_it():
    """400,000 draws: five errors of the variance."""
    means, variances = np.array([0.0, 1.0, 5.0]), np.array([1.0, 0.5, 2.0])
    member = RNG.integers(3, size=400_000)
    draws = RNG.normal(means[member], np.sqrt(variances[member]))
    total = of_moments(zip(means[:, None], variances[:, None], strict=True)).total
    squares = (draws - draws.mean()) ** 2
    error = squares.std() / np.sqrt(len(draws))
    assert abs(squares.mean() - total[0]) < 5 * error


@pytest.mark.parametrize("n_classes", [2, 5])
def test_disagreement_is_the_mean_divergence_from_the_mean(n_classes):
    """Mutual information is the mean Kullback-Leibler divergence of members."""
    members = RNG.dirichlet(np.full(n_classes, 0.5), size=(7, 50))
    parts = of_probabilities(members)
    mean = members.mean(axis=0)
    divergences = (members * np.log(members / mean)).sum(axis=2).mean(axis=0)
    assert_allclose(parts.epistemic, divergences, rtol=1e-9)
    assert_allclose(parts.total, parts.aleatoric + parts.epistemic)
    assert (parts.epistemic >= 0).all()
    assert (parts.total <= np.log(n_classes)).all()


def test_one_member_disagrees_with_nobody():
    members = RNG.dirichlet(np.ones(3), size=(1, 50))
    parts = of_probabilities(members)
    assert not parts.epistemic.any()
    assert_array_equal(parts.total, parts.aleatoric)
    assert not of_moments([(np.arange(3.0), np.ones(3))]).epistemic.any()


def test_classes_that_are_sure_have_no_entropy():
    parts = of_probabilities([np.eye(3)] * 2)
    assert not np.any(parts)
    once, twice = (
        of_probabilities([np.eye(2)]),
        of_probabilities(np.tile(np.eye(2), (2, 1, 1))),
    )
    assert_array_equal(once, twice)


def test_members_that_agree_are_never_said_to_differ():
    """Rounding may put the mean's entropy a bit below the mean entropy."""
    member = RNG.dirichlet(np.ones(7), size=2000)
    assert (of_probabilities([member] * 3).epistemic >= 0).all()
