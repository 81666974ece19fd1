"""Autoregressions of one or several series, against their plain definitions."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from scipy.linalg import solve_discrete_lyapunov, solve_toeplitz
from scipy.signal import lfilter

from ensembles.resampling._autoregression import (
    autocovariances,
    fit_autoregression,
    generate,
    spectral_radius,
    yule_walker,
)

by_property = settings(max_examples=100, deadline=None, derandomize=True)
# Rows, series, lags.
sizes = st.tuples(st.integers(8, 60), st.integers(1, 3), st.integers(0, 4))


def one_by_one(coefficients, innovations):
    """The recursion as it is written."""
    x = np.zeros_like(innovations)
    for t in range(len(x)):
        x[t] = innovations[t]
        for lag, A in enumerate(coefficients, 1):
            if t >= lag:
                x[t] += A @ x[t - lag]
    return x


@by_property
@given(sizes, st.integers(0, 2**32))
def test_generating_is_the_recursion(size, seed):
    n, k, p = size
    rng = np.random.default_rng(seed)
    coefficients = rng.normal(0, 0.3, size=(p, k, k))
    innovations = rng.normal(size=(n, k))
    expected = one_by_one(coefficients, innovations)
    assert_allclose(generate(coefficients, innovations), expected, atol=1e-8)


def test_generating_leaves_the_innovations_alone():
    innovations = np.ones((5, 1))
    generate(np.full((1, 1, 1), 0.5), innovations)
    assert_allclose(innovations, 1)


def test_one_series_is_a_filter():
    rng = np.random.default_rng(0)
    phi, e = np.array([0.5, -0.3, 0.2]), rng.normal(size=500)
    expected = lfilter([1.0], [1, *-phi], e)
    actual = generate(phi[:, np.newaxis, np.newaxis], e[:, np.newaxis])[:, 0]
    assert_allclose(actual, expected, atol=1e-12)


@by_property
@given(sizes, st.integers(0, 2**32))
def test_fitted_processes_are_stationary(size, seed):
    """Sums over n make the block Toeplitz matrix positive definite."""
    n, k, p = size
    x = np.random.default_rng(seed).normal(size=(n, k)).cumsum(axis=0)
    model = fit_autoregression(x, min(p, n // (2 * k)), None)
    assert spectral_radius(model.coefficients) < 1


@pytest.mark.parametrize("k", [1, 2, 3])
@pytest.mark.parametrize("p", [1, 2, 5])
def test_the_fitted_process_has_the_covariances_of_the_data(k, p):
    """At lags 0 to p, by the companion form: G = F G F' + V."""
    rng = np.random.default_rng(k)
    x = generate(np.stack([0.5 * np.eye(k)]), rng.normal(size=(80, k)))
    covariances = autocovariances(x - x.mean(axis=0), p)
    coefficients, V = yule_walker(covariances, p)
    assert coefficients.shape == (p, k, k)
    companion = np.eye(p * k, k=-k)
    companion[:k] = np.concatenate(coefficients, axis=1)
    noise = np.zeros((p * k, p * k))
    noise[:k, :k] = V
    G = solve_discrete_lyapunov(companion, noise)
    for lag in range(p):
        assert_allclose(G[:k, lag * k : (lag + 1) * k], covariances[lag], atol=1e-9)
    assert_allclose((companion @ G)[:k, (p - 1) * k :], covariances[p], atol=1e-9)


def test_one_series_solves_the_toeplitz_equations():
    x = np.random.default_rng(0).normal(size=50).cumsum()
    covariances = autocovariances((x - x.mean())[:, np.newaxis], 4)
    coefficients, V = yule_walker(covariances, 4)
    gamma = covariances.ravel()
    phi = solve_toeplitz(gamma[:4], gamma[1:])
    assert_allclose(coefficients.ravel(), phi)
    assert_allclose(V, gamma[0] - phi @ gamma[1:])


def test_autocovariances_are_sums_over_n():
    x = np.arange(12.0).reshape(6, 2) ** 2
    x -= x.mean(axis=0)
    for h, covariance in enumerate(autocovariances(x, 3)):
        expected = sum(np.outer(x[t + h], x[t]) for t in range(6 - h)) / 6
        assert_allclose(covariance, expected)


def test_residuals_are_the_centred_errors_of_one_step():
    x = np.random.default_rng(0).normal(size=(40, 2)).cumsum(axis=0)
    model = fit_autoregression(x, 3, None)
    deviations = x - x.mean(axis=0)
    A = model.coefficients
    errors = np.stack(
        [
            deviations[t] - sum(A[j] @ deviations[t - 1 - j] for j in range(3))
            for t in range(3, 40)
        ]
    )
    assert_allclose(model.residuals, errors - errors.mean(axis=0), atol=1e-9)
    assert_allclose(model.mean, x.mean(axis=0))


def test_order_zero_keeps_the_deviations():
    x = np.random.default_rng(0).normal(size=(10, 2))
    model = fit_autoregression(x, 0, "aic")
    assert model.coefficients.shape == (0, 2, 2)
    assert_allclose(model.residuals, x - x.mean(axis=0))
    assert spectral_radius(model.coefficients) == 0
    assert generate(model.coefficients, x) is x


@pytest.mark.parametrize("k", [1, 2])
@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize(
    ("criterion", "cost"),
    [("aic", 2), ("bic", np.log(200)), ("hqic", 2 * np.log(np.log(200)))],
)
def test_the_order_minimises_the_criterion(criterion, cost, k, seed):
    rng = np.random.default_rng(seed)
    coefficients = np.stack([0.5 * np.eye(k), -0.2 * np.eye(k), 0.15 * np.eye(k)])
    x = generate(coefficients, rng.normal(size=(200, k)))
    covariances = autocovariances(x - x.mean(axis=0), 8)
    losses = [
        200 * np.log(np.linalg.det(yule_walker(covariances, p)[1])) + cost * p * k**2
        for p in range(9)
    ]
    chosen = fit_autoregression(x, 8, criterion).coefficients
    assert len(chosen) == np.argmin(losses)
    assert_allclose(chosen, yule_walker(covariances, len(chosen))[0])
    assert len(fit_autoregression(x, 8, None).coefficients) == 8


def test_the_spectral_radius_is_the_largest_root():
    roots = np.array([0.9, -0.5, 0.3])
    phi = -np.poly(roots)[1:]
    assert_allclose(spectral_radius(phi[:, np.newaxis, np.newaxis]), 0.9)
    diagonal = np.diag([0.2, -0.7])[np.newaxis]
    assert_allclose(spectral_radius(diagonal), 0.7)
