"""Stumps of a feature added up: what they say together is a function of its value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self, final

import numpy as np

from ensembles._engine import kernels_for
from ensembles._typing import BoolArray, FloatArray, IntArray
from ensembles.trees._bins import tables_of

__all__ = ["StumpTables"]

_SECONDS_PER_VALUE = 5e-8  # of the twin


@final
@dataclass(frozen=True, slots=True, eq=False)
class StumpTables:
    """A step function of each feature that stumps split by.

    What rows cost does not depend on the number of stumps.
    """

    features: IntArray
    cuts: FloatArray
    """Of each feature in ascending order, then infinities, (n_features, 256)."""
    parts: Any
    """How many cuts are below each part of a feature's range."""
    origins: FloatArray
    factors: FloatArray
    """A value x is in part ``(x - origin) * factor``."""
    says: FloatArray
    """By the number of cuts below a value, (n_features, n_cuts, n_columns)."""
    missing: FloatArray
    """Of missing values, (n_features, n_columns)."""
    constant: FloatArray

    @classmethod
    def of(
        cls,
        features: IntArray,
        cuts: FloatArray,
        left: FloatArray,
        right: FloatArray,
        missing_left: BoolArray,
        constant: FloatArray,
    ) -> Self:
        """Add up stumps.

        Parameters
        ----------
        features : ndarray of shape (n_stumps,)
            That each splits by.
        cuts : ndarray of shape (n_stumps,)
            Largest value that goes left; infinite where missing ones alone go right.
        left, right : ndarray of shape (n_stumps, n_columns)
            What each says of rows on its sides; whole numbers, which floats add up to
            the bit.
        missing_left : ndarray of shape (n_stumps,)
            Whether missing values go left.
        constant : ndarray of shape (n_columns,)
            What is added for every row.

        Returns
        -------
        StumpTables
            Of the features that some stump splits by.
        """
        used = np.unique(features)
        own = [
            np.unique(cuts[(features == feature) & (cuts < np.inf)]) for feature in used
        ]
        most, width = max((len(one) for one in own), default=0), len(constant)
        says = np.zeros((len(used), most + 1, width))
        missing = np.zeros((len(used), width))
        for j, feature in enumerate(used):
            is_own = features == feature
            on_left, on_right = left[is_own], right[is_own]
            # A value with more cuts below it than this one has is on its right.
            at = np.searchsorted(own[j], cuts[is_own])
            np.add.at(says[j], at, on_left - on_right)
            says[j] = says[j, ::-1].cumsum(axis=0)[::-1] + on_right.sum(axis=0)
            goes_left = missing_left[is_own, None]
            missing[j] = np.where(goes_left, on_left, on_right).sum(axis=0)
        return cls(used, *tables_of(own), says, missing, constant)

    def add_to(self, totals: FloatArray, X: Any) -> None:
        """Add what the stumps say of rows of floats."""
        totals += self.constant
        seconds = _SECONDS_PER_VALUE * len(X) * len(self.features)
        kernels = kernels_for("boosting._weighted", "tables", seconds)
        kernels.add_tables(
            X,
            self.features,
            self.cuts,
            self.parts,
            self.origins,
            self.factors,
            self.says,
            self.missing,
            totals,
        )
