"""Class labels and their codes, for one output or several."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.frozen import FrozenEstimator
from sklearn.utils import assert_all_finite, check_array, column_or_1d
from sklearn.utils.multiclass import check_classification_targets

from ensembles._typing import ArrayLike, Estimator, FloatArray, IntArray

__all__ = [
    "ClassTarget",
    "check_labels",
    "check_one_target",
    "check_values",
    "encode_classes",
    "is_frozen",
]


@dataclass(frozen=True, slots=True)
class ClassTarget:
    """The sorted labels of each output.

    A target of one output has shape (n,), one of q outputs (n, q). Members learn codes
    0 to k-1, so that those which demand such labels can be members too.
    """

    labels: tuple[NDArray[Any], ...]
    single: bool

    @property
    def n_classes(self) -> tuple[int, ...]:
        """Number of classes of each output."""
        return tuple(len(labels) for labels in self.labels)

    @property
    def classes(self) -> NDArray[Any] | list[NDArray[Any]]:
        """What ``classes_`` is: the labels, or a list of them for several outputs."""
        return self.labels[0] if self.single else list(self.labels)

    def decode(self, probabilities: list[FloatArray]) -> NDArray[Any]:
        """Labels of the largest probabilities, shape (n,) or (n, q)."""
        columns = [
            labels[p.argmax(axis=1)]
            for labels, p in zip(self.labels, probabilities, strict=True)
        ]
        return columns[0] if self.single else np.column_stack(columns)

    def decode_codes(self, codes: IntArray) -> NDArray[Any]:
        """Labels of codes of shape (n,) or (n, q), in the same shape."""
        if self.single:
            return self.labels[0][codes]
        return np.column_stack(
            [labels[c] for labels, c in zip(self.labels, codes.T, strict=True)]
        )

    def positions(self, member: Estimator, output: int, n_columns: int) -> IntArray:
        """Positions, among all classes, of the classes that a member has columns for.

        Raises
        ------
        ValueError
            If the member knows a class that the ensemble does not.
        """
        known = getattr(member, "classes_", None)
        if not self.single:  # several outputs: a list, or no classes but labels
            known = known[output] if isinstance(known, list) else None
        if known is None:
            return np.arange(n_columns)
        return self.codes_of(known, output, member)

    def codes_of(self, given: ArrayLike, output: int, member: Estimator) -> IntArray:
        """Codes of what a member gave: codes, or labels where it was fitted before.

        A member that an ensemble fitted knows codes. One that was fitted before and
        frozen knows the user's labels; inside another meta-estimator it is told by
        giving what no code is.

        Raises
        ------
        ValueError
            If these are neither codes nor labels of the target.
        """
        values = np.asarray(given)
        known = self.labels[output]
        if not is_frozen(member) and _are_codes(values, len(known)):
            return values.astype(np.intp)
        codes = np.minimum(np.searchsorted(known, values), len(known) - 1)
        unknown = np.unique(values[known[codes] != values])
        if len(unknown):
            raise ValueError(
                f"The member {member!r} knows classes {unknown.tolist()} that y does "
                f"not have. y has {known.tolist()}. A prefitted member must know no "
                "other classes than y."
            )
        return codes


def _are_codes(values: NDArray[Any], n_classes: int) -> bool:
    """Whether all values are whole numbers from 0 to the number of classes."""
    if values.dtype.kind not in "biuf":
        return False
    whole = values == np.floor(values) if values.dtype.kind == "f" else True
    return bool(np.all(whole & (values >= 0) & (values < n_classes)))


def is_frozen(member: Estimator) -> bool:
    """Whether the member, or the last step of its pipeline, was fitted before."""
    while hasattr(member, "steps"):
        member = member.steps[-1][1]
    return isinstance(member, FrozenEstimator)


def encode_classes(y: Any) -> tuple[ClassTarget, IntArray]:
    """Return the target's description and the codes that members learn.

    Parameters
    ----------
    y : array-like or sparse matrix of shape (n_samples,) or (n_samples, n_outputs)
        Class labels.

    Returns
    -------
    target : ClassTarget
        Sorted labels of each output.
    codes : ndarray of shape (n_samples,) or (n_samples, n_outputs)
        Position of each label among the sorted ones.

    Raises
    ------
    ValueError
        If `y` is continuous or unknown to scikit-learn.
    """
    if sparse.issparse(y):
        y = y.toarray()
    values = np.asarray(y)
    assert_all_finite(values, input_name="y")
    check_classification_targets(y)
    single = values.ndim == 1 or (values.ndim == 2 and values.shape[1] == 1)
    columns = [column_or_1d(y, warn=True)] if single else list(values.T)
    encoded = [np.unique(column, return_inverse=True) for column in columns]
    target = ClassTarget(tuple(labels for labels, _ in encoded), single)
    codes = [code for _, code in encoded]
    return target, codes[0] if single else np.column_stack(codes)


def check_values(estimator: Estimator, y: Any) -> FloatArray:
    """Return the target of a regression as an array of shape (n,) or (n, n_outputs).

    Raises
    ------
    ValueError
        If `y` is None, holds NaN or infinity, or is no array of numbers.
    """
    if y is None:
        raise ValueError(
            f"This {type(estimator).__name__} estimator requires y to be passed, but "
            "the target y is None."
        )
    values = check_array(
        y, ensure_2d=False, dtype="numeric", input_name="y", estimator=estimator
    )
    one_column = values.ndim == 2 and values.shape[1] == 1
    return np.asarray(column_or_1d(values, warn=True) if one_column else values)


def check_one_target(estimator: Estimator, y: Any) -> FloatArray:
    """Return the target of a regression as an array of shape (n,).

    Raises
    ------
    ValueError
        If `y` is what `check_values` does not take, or has several columns.
    """
    values = np.asarray(check_values(estimator, y), dtype=np.float64)
    if values.ndim != 1:
        raise ValueError(
            f"y should be a 1d array, got an array of shape {values.shape} instead."
        )
    return values


def check_labels(estimator: Estimator, y: Any) -> Any:
    """Return labels of classes as an array of shape (n,).

    Raises
    ------
    ValueError
        If `y` is None, holds NaN or infinity, has several columns, or is continuous.
    """
    if y is None:
        raise ValueError(
            f"This {type(estimator).__name__} estimator requires y to be passed, but "
            "the target y is None."
        )
    labels = column_or_1d(y, warn=True)
    assert_all_finite(labels, input_name="y")
    check_classification_targets(labels)
    return labels
