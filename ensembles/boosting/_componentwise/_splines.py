"""Penalised splines of a feature, with so many degrees of freedom."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, final

import numpy as np
from scipy import linalg
from scipy.interpolate import BSpline
from scipy.optimize import brentq
from scipy.sparse import csr_array

from ensembles._typing import FloatArray, IntArray
from ensembles.boosting._componentwise._learners import LearnerRows, Learners

__all__ = ["DEGREE", "Splines"]

DEGREE = 3
_PENALISED = 2  # differences: what is left without a penalty is a line
# Share of a direction in the data that is none but rounding.
_NO_DATA = 1e-10
# Logarithms. With less than the least, gaps between values are filled with waves.
_PENALTIES = (-12.0, 25.0)


@final
@dataclass(frozen=True, slots=True)
class SplineRows(LearnerRows):
    """B-splines of each feature, of which four are not zero for a row."""

    bases: list[Any]
    """Sparse, (n_rows, n_coefficients) each."""

    def products(self, residuals: FloatArray) -> FloatArray:
        """Sums of products of B-splines."""
        return np.array([basis.T @ residuals for basis in self.bases])

    def answer(self, learner: int, coefficients: FloatArray) -> FloatArray:
        """The spline of a feature."""
        return np.asarray(self.bases[learner] @ coefficients)

    def answers(self, coefficients: FloatArray) -> FloatArray:
        """The splines of all features."""
        pairs = zip(self.bases, coefficients, strict=True)
        return np.array([basis @ own for basis, own in pairs])


@final
@dataclass(frozen=True)
class Splines(Learners):
    """A spline for each of some features.

    P. H. C. Eilers, B. D. Marx, "Flexible smoothing with B-splines and penalties",
    Statistical Science 11(2), 1996: many knots at equal distances, and a penalty on
    second differences of coefficients.
    """

    kind = "spline"

    features: IntArray
    knots: FloatArray
    """(n_learners, n_knots), with those beyond both ends."""
    smoothers: FloatArray
    """What makes coefficients of products, (n_learners, size, size)."""
    gain_forms: FloatArray
    """Quadratic forms of products that gains are, of the same shape."""

    @classmethod
    def fitted_to(
        cls,
        X: FloatArray,
        weights: FloatArray | None,
        features: IntArray,
        beside_line: Any,
        df: float,
        n_knots: int,
    ) -> Splines:
        """Splines for features of training rows.

        Parameters
        ----------
        X : ndarray of shape (n_rows, n_features)
            Rows.
        weights : ndarray of shape (n_rows,) or None
            How much each row counts.
        features : ndarray of shape (n_learners,)
            Which features.
        beside_line : ndarray of shape (n_learners,)
            Whether a feature has a line of its own. The spline then holds what a line
            does not, and has one degree of freedom, as the line.
        df : float
            Degrees of freedom of the others, the constant included.
        n_knots : int
            Knots between the ends.

        Returns
        -------
        Splines
            With their smoothers.
        """
        size = n_knots + DEGREE + 1
        knots = np.array([_knots_of(X[:, j], n_knots) for j in features])
        smoothers, forms = np.zeros((2, len(features), size, size))
        for i, j in enumerate(features):
            x = X[:, j]
            if x.min() == x.max():
                continue
            basis = basis_of(x, knots[i])
            weighted = basis if weights is None else basis.multiply(weights[:, None])
            gram = np.asarray((basis.T @ weighted).todense())
            smoothers[i] = _smoother(
                gram, 1.0 if beside_line[i] else df, beside_line[i]
            )
            forms[i] = 2.0 * smoothers[i] - smoothers[i] @ gram @ smoothers[i]
        return cls(features, knots, smoothers, forms)

    def of(self, learners: IntArray) -> Splines:
        """Some of the splines."""
        own: Any = self.features, self.knots, self.smoothers, self.gain_forms
        return Splines(*(values[learners] for values in own))

    @property
    def n_coefficients(self) -> int:  # type: ignore[override]
        """B-splines of a feature."""
        return int(self.smoothers.shape[1])

    def rows(self, X: FloatArray) -> SplineRows:
        """B-splines of rows."""
        pairs = zip(self.features, self.knots, strict=True)
        return SplineRows([basis_of(X[:, j], knots) for j, knots in pairs])

    def gains(self, products: FloatArray) -> FloatArray:
        """Quadratic forms; rounding can make those of constants negative."""
        forms = np.einsum("ki,kij,kj->k", products, self.gain_forms, products)
        return np.asarray(np.maximum(forms, 0.0))

    def coefficients(self, learner: int, products: FloatArray) -> FloatArray:
        """The penalised fit of one spline."""
        return np.asarray(self.smoothers[learner] @ products)


def basis_of(x: FloatArray, knots: FloatArray) -> Any:
    """B-splines of values; beyond the ends they go on as straight lines.

    Parameters
    ----------
    x : ndarray of shape (n_rows,)
        Values.
    knots : ndarray of shape (n_knots,)
        With those beyond both ends.

    Returns
    -------
    csr_array of shape (n_rows, n_coefficients)
        Values of all B-splines.
    """
    low, high = knots[DEGREE], knots[-DEGREE - 1]
    inside = x.clip(low, high)
    basis = csr_array(BSpline.design_matrix(inside, knots, DEGREE))
    beyond = x - inside
    if not beyond.any():
        return basis
    is_out = np.flatnonzero(beyond)
    slopes = csr_array(_slopes(knots)[(beyond[is_out] > 0.0).astype(int)])
    at = csr_array(
        (beyond[is_out], (is_out, np.arange(len(is_out)))), (len(x), len(is_out))
    )
    return csr_array(basis + at @ slopes)


def _slopes(knots: FloatArray) -> FloatArray:
    """Derivatives of all B-splines at the lower and the upper end."""
    ends = knots[[DEGREE, -DEGREE - 1]]
    size = len(knots) - DEGREE - 1
    return np.asarray(BSpline(knots, np.eye(size), DEGREE).derivative()(ends))


def _knots_of(x: FloatArray, n_inner: int) -> FloatArray:
    """Knots at equal distances from the least value to the largest, and beyond."""
    low, high = float(x.min()), float(x.max())
    if low == high:
        high = low + (abs(low) or 1.0)
    width = (high - low) / (n_inner + 1)
    steps = np.arange(-DEGREE, n_inner + DEGREE + 2)
    knots = low + width * steps
    knots[-DEGREE - 1] = high  # rounding may not leave the largest value out
    return np.asarray(knots)


def _smoother(gram: FloatArray, df: float, beside_line: Any) -> FloatArray:
    """What makes coefficients of products, with so many degrees of freedom.

    In the basis that makes the data and the penalty diagonal, after A. Demmler and C.
    Reinsch, "Oscillation matrices with spline smoothing", Numerische Mathematik 24,
    1975, a penalty multiplies each direction by a share.
    """
    differences = np.diff(np.eye(len(gram)), _PENALISED, axis=0)
    penalty = differences.T @ differences
    penalty *= np.trace(gram) / np.trace(penalty)
    in_data, directions = linalg.eigh(gram, gram + penalty)
    in_data = in_data.clip(0.0, 1.0)
    # Of directions that no row has anything to say about, nothing is known.
    is_known = in_data > _NO_DATA
    directions, in_data = directions[:, is_known], in_data[is_known]
    if beside_line:  # directions without a penalty are the last
        directions, in_data = directions[:, :-_PENALISED], in_data[:-_PENALISED]
    else:
        in_data[-_PENALISED:] = 1.0
    strength = _strength_for(in_data, df)
    return np.asarray(
        (directions / (in_data + strength * (1.0 - in_data))) @ directions.T
    )


def _strength_for(in_data: FloatArray, df: float) -> float:
    """Strength of the penalty that leaves so many degrees of freedom.

    These are the trace of ``2 S - S S'``: B. Hofner, T. Hothorn, T. Kneib, M. Schmid,
    "A framework for unbiased model selection based on boosting", Journal of
    Computational and Graphical Statistics 20(4), 2011, section 3.
    """

    def excess(log_strength: float) -> float:
        shares = in_data / (in_data + np.exp(log_strength) * (1.0 - in_data))
        return float((2.0 * shares - shares**2).sum()) - df

    low, high = _PENALTIES
    if excess(low) <= 0.0:  # a few distinct values have no more
        return float(np.exp(low))
    if excess(high) >= 0.0:
        return float(np.exp(high))
    return float(np.exp(brentq(excess, low, high, xtol=1e-10)))
