"""Autoregressions of one or several series: fitted, their order chosen, generated.

    x_t - m = A_1 (x_{t-1} - m) + ... + A_p (x_{t-p} - m) + e_t

The coefficients solve the Yule-Walker equations with autocovariances that divide by n,
so the fitted process is stationary whatever the data are (Brockwell & Davis, "Time
Series: Theory and Methods", 2nd ed., 1991, sections 8.1 and 11.4).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.linalg.blas import dtbsv

from ensembles._typing import FloatArray

__all__ = [
    "CRITERIA",
    "Autoregression",
    "autocovariances",
    "fit_autoregression",
    "generate",
    "spectral_radius",
    "yule_walker",
]

# What a coefficient costs in n log |V|, as a function of n.
CRITERIA = {
    "aic": lambda n: 2.0,
    "bic": lambda n: float(np.log(n)),
    "hqic": lambda n: 2 * float(np.log(np.log(n))),
}


@dataclass(frozen=True)
class Autoregression:
    """A fitted autoregression of order p of k series."""

    mean: FloatArray
    """Shape (k,)."""
    coefficients: FloatArray
    """Shape (p, k, k)."""
    residuals: FloatArray
    """Centred one-step errors, shape (n - p, k)."""


def fit_autoregression(
    x: FloatArray, max_lag: int, criterion: str | None
) -> Autoregression:
    """Fit orders 0 to max_lag and keep the best; None keeps max_lag itself."""
    n_samples, n_series = x.shape
    mean = x.mean(axis=0)
    deviations = x - mean
    covariances = autocovariances(deviations, max_lag)
    order = max_lag
    if criterion is not None:
        costs = CRITERIA[criterion](n_samples) * n_series**2 / n_samples
        losses = [
            np.linalg.slogdet(yule_walker(covariances, p)[1])[1] + costs * p
            for p in range(max_lag + 1)
        ]
        order = int(np.argmin(losses))
    coefficients, _ = yule_walker(covariances, order)
    errors = deviations[order:].copy()
    for lag, A in enumerate(coefficients, 1):
        errors -= deviations[order - lag : n_samples - lag] @ A.T
    return Autoregression(mean, coefficients, errors - errors.mean(axis=0))


def autocovariances(deviations: FloatArray, max_lag: int) -> FloatArray:
    """Sums of x_{t+h} x_t' over n at lags 0 to max_lag, shape (max_lag + 1, k, k)."""
    n = len(deviations)
    return np.stack(
        [deviations[h:].T @ deviations[: n - h] / n for h in range(max_lag + 1)]
    )


def yule_walker(covariances: FloatArray, order: int) -> tuple[FloatArray, FloatArray]:
    """Coefficients (order, k, k) and error covariance (k, k) that match them."""
    n_series = covariances.shape[1]
    if not order:
        return np.zeros((0, n_series, n_series)), covariances[0]
    # G(h) = sum_j A_j G(h - j) for h = 1..p, with G(-h) = G(h)'.
    two_sided = np.concatenate(
        [covariances[order:0:-1].transpose(0, 2, 1), covariances]
    )
    lags = np.arange(order)
    toeplitz = two_sided[order + lags - lags[:, np.newaxis]]
    left = toeplitz.transpose(0, 2, 1, 3).reshape(order * n_series, -1)
    right = covariances[1 : order + 1].transpose(1, 0, 2).reshape(n_series, -1)
    flat = np.linalg.solve(left.T, right.T).T
    coefficients = flat.reshape(n_series, order, n_series).transpose(1, 0, 2)
    return coefficients, covariances[0] - flat @ right.T


def spectral_radius(coefficients: FloatArray) -> float:
    """Largest modulus of the roots: how much of a shock is left a step later."""
    order, n_series, _ = coefficients.shape
    if not order:
        return 0.0
    companion = np.eye(order * n_series, k=-n_series)
    companion[:n_series] = coefficients.transpose(1, 0, 2).reshape(n_series, -1)
    return float(np.abs(np.linalg.eigvals(companion)).max())


def generate(coefficients: FloatArray, innovations: FloatArray) -> FloatArray:
    """Deviations from the mean that follow from innovations, both of shape (n, k).

    Written in one row, x = e + A x is a triangular system with a narrow band of
    coefficients below a diagonal of ones, which is the same at each time.
    """
    order, n_series, _ = coefficients.shape
    if not order:
        return innovations
    n_below = order * n_series + n_series - 1
    of_one_time = np.zeros((n_series, n_below + 1))
    for lag, A in enumerate(coefficients, 1):
        for i in range(n_series):
            for j in range(n_series):
                of_one_time[j, lag * n_series + i - j] = -A[i, j]
    band = np.tile(of_one_time, (len(innovations), 1)).T
    x = dtbsv(n_below, band, innovations.ravel(), lower=1, diag=1)
    return np.asarray(x).reshape(innovations.shape)
