"""Checks at the door: what came, what is allowed, what to try.

Messages follow scikit-learn's wording, "The 'x' parameter of C must be ... Got ...
instead.", so that code which matches its errors matches ours.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Collection
from importlib import import_module
from numbers import Integral, Real
from typing import Any
from warnings import warn

import numpy as np
from sklearn.utils import check_array

from ensembles._typing import ArrayLike, FloatArray, Table
from ensembles.exceptions import InvalidParameterError, MissingDependencyError

__all__ = [
    "check_bool",
    "check_choice",
    "check_confidence_level",
    "check_count",
    "check_count_or_fraction",
    "check_known_labels",
    "check_labels",
    "check_n_jobs",
    "check_positive",
    "check_quantiles",
    "check_sample_weight",
    "check_share",
    "check_unmasked",
    "check_verbose",
    "invalid_parameter",
    "is_positive",
    "n_rows_of",
    "require",
    "resolve_n_draws",
    "warn_user",
]


def invalid_parameter(
    owner: object, name: str, value: Any, allowed: str, hint: str = ""
) -> InvalidParameterError:
    """Build the error that names the parameter, what is allowed, and what came."""
    who = owner if isinstance(owner, str) else type(owner).__name__
    message = (
        f"The {name!r} parameter of {who} must be {allowed}. Got {value!r} instead."
    )
    return InvalidParameterError(f"{message} {hint}".rstrip())


def warn_user(message: str, category: type[Warning] = UserWarning) -> None:
    """Warn at the line outside this package and what it runs in that led here."""
    frame = inspect.currentframe()
    depth = 0
    while frame is not None and frame.f_globals.get("__name__", "").startswith(
        ("ensembles.", "sklearn.", "joblib.")
    ):
        frame = frame.f_back
        depth += 1
    warn(message, category, stacklevel=depth + 1)


def is_real(value: Any) -> bool:
    """Whether `value` is a real number, not a boolean."""
    return isinstance(value, Real) and not isinstance(value, bool | np.bool_)


def is_positive(value: Any) -> bool:
    """Whether `value` is a finite real number above zero and not a boolean."""
    real = is_real(value)
    return real and 0 < float(value) < math.inf


def is_count(value: Any) -> bool:
    """Whether `value` is an integer and not a boolean."""
    return isinstance(value, Integral) and not isinstance(value, bool | np.bool_)


def is_fraction(value: Any) -> bool:
    """Whether `value` is a real number that is not an integer type, in (0, 1]."""
    return not isinstance(value, Integral) and is_positive(value) and float(value) <= 1


def check_count(
    owner: object,
    name: str,
    value: Any,
    *,
    low: int = 1,
    none: bool = False,
    hint: str = "",
) -> None:
    """Raise unless `value` is an int of at least `low` (or None where allowed)."""
    if none and value is None:
        return
    if not (is_count(value) and value >= low):
        allowed = f"an int in the range [{low}, inf)" + (" or None" if none else "")
        raise invalid_parameter(owner, name, value, allowed, hint)


def check_count_or_fraction(
    owner: object, name: str, value: Any, *, none: bool = False
) -> None:
    """Raise unless `value` is an int >= 1 or a float in (0, 1] (or None)."""
    if none and value is None:
        return
    if not ((is_count(value) and value >= 1) or is_fraction(value)):
        ranges = "an int in the range [1, inf) or a float in the range (0.0, 1.0]"
        allowed = f"None, {ranges}" if none else ranges
        raise invalid_parameter(owner, name, value, allowed)


def check_bool(owner: object, name: str, value: Any) -> None:
    """Raise unless `value` is a boolean."""
    if not isinstance(value, bool | np.bool_):
        allowed = "an instance of 'bool' or an instance of 'numpy.bool'"
        raise invalid_parameter(owner, name, value, allowed)


def check_positive(
    owner: object, name: str, value: Any, *, zero: bool = False, none: bool = False
) -> None:
    """Raise unless `value` is a finite number above zero (or zero, or None)."""
    if none and value is None:
        return
    if not (is_positive(value) or (zero and is_real(value) and value == 0)):
        allowed = f"a float in the range {'[' if zero else '('}0.0, inf)"
        raise invalid_parameter(
            owner, name, value, allowed + (" or None" if none else "")
        )


def check_share(owner: object, name: str, value: Any) -> None:
    """Raise unless `value` is a real number in [0, 1)."""
    if not (is_real(value) and 0.0 <= float(value) < 1.0):
        raise invalid_parameter(owner, name, value, "a float in the range [0.0, 1.0)")


def check_n_jobs(owner: object, value: Any) -> None:
    """Raise unless `value` is what joblib takes as a number of workers."""
    if value is not None and not is_count(value):
        raise invalid_parameter(owner, "n_jobs", value, "None or an instance of 'int'")


def check_verbose(owner: object, value: Any) -> None:
    """Raise unless `value` is a boolean or an int that is not negative."""
    if not isinstance(value, bool | np.bool_) and not (is_count(value) and value >= 0):
        allowed = "an int in the range [0, inf) or an instance of 'bool'"
        raise invalid_parameter(owner, "verbose", value, allowed)


def check_choice(
    owner: object, name: str, value: Any, choices: Collection[Any], hint: str = ""
) -> None:
    """Raise unless `value` is one of `choices`, compared by equality."""
    if not isinstance(value, str | None) or value not in choices:
        listed = ", ".join(repr(choice) for choice in sorted(choices, key=str))
        raise invalid_parameter(owner, name, value, f"one of {{{listed}}}", hint)


def n_rows_of(X: Table) -> int:
    """Count the rows of any container, with scikit-learn's error for what has none."""
    if hasattr(X, "shape") and X.shape is not None:
        if len(X.shape) == 0:
            raise TypeError(
                f"Singleton array {X!r} cannot be considered a valid collection."
            )
        return int(X.shape[0])
    if hasattr(X, "__len__"):
        return len(X)
    if hasattr(X, "__array__"):
        return n_rows_of(np.asarray(X))
    raise TypeError(f"Expected sequence or array-like, got {type(X)}")


def check_sample_weight(
    sample_weight: ArrayLike | None, n_samples: int
) -> FloatArray | None:
    """Return the weights as a float array of shape (n_samples,), or None.

    Raises
    ------
    ValueError
        If the weights are not one per row, negative, not finite, all zero, or so large
        that their sum is not finite.
    """
    if sample_weight is None:
        return None
    if isinstance(sample_weight, Real):
        sample_weight = np.full(n_samples, float(sample_weight))
    weights = check_array(
        sample_weight,
        ensure_2d=False,
        dtype=np.float64,
        input_name="sample_weight",
    )
    if weights.ndim != 1:
        raise ValueError(
            f"Sample weights must be 1D array or scalar, got {weights.ndim}D array."
        )
    if weights.shape != (n_samples,):
        raise ValueError(
            f"sample_weight.shape == {weights.shape}, expected {(n_samples,)}!"
        )
    if (weights < 0).any():
        raise ValueError(
            "Negative values in data passed to `sample_weight`. Weights are "
            "frequencies: use 0 to leave a row out."
        )
    if not weights.any():
        raise ValueError("sample_weight is zero everywhere: no row is left to fit.")
    with np.errstate(over="ignore"):
        if not np.isfinite(weights.sum()):
            raise ValueError(
                f"sample_weight, of up to {weights.max():.3g}, adds up to more than a "
                "float can hold. Divide it by the largest."
            )
    return np.asarray(weights)


def check_quantiles(quantiles: Any) -> FloatArray:
    """Levels of quantiles as an array of one axis.

    Parameters
    ----------
    quantiles : float or array-like of shape (n_quantiles,)
        Levels.

    Returns
    -------
    ndarray of shape (n_quantiles,)
        One for a single level.

    Raises
    ------
    ValueError
        If one is not between 0 and 1.
    """
    levels = np.atleast_1d(np.asarray(quantiles, dtype=np.float64))
    if levels.ndim > 1 or not len(levels) or not ((levels >= 0) & (levels <= 1)).all():
        raise ValueError(
            f"quantiles must be one or several numbers from 0 to 1, got {quantiles!r}. "
            "For an interval that covers 90 %, ask for (0.05, 0.95)."
        )
    return levels


def check_confidence_level(confidence_level: Any) -> float:
    """A share of targets that an interval is to cover.

    Parameters
    ----------
    confidence_level : float
        The share.

    Returns
    -------
    float
        The same.

    Raises
    ------
    ValueError
        If it is not between 0 and 1.
    """
    if not (is_real(confidence_level) and 0.0 < float(confidence_level) < 1.0):
        raise ValueError(
            "confidence_level must be a float in the range (0.0, 1.0), got "
            f"{confidence_level!r}. For an interval that covers 90 %, pass 0.9."
        )
    return float(confidence_level)


def resolve_n_draws(
    n_samples: int, max_samples: Any, sample_weight: FloatArray | None = None
) -> int:
    """Count the rows that one draw takes.

    None means `n_samples`, an int itself, a float that share of the rows, or of the
    sum of the weights where there are any, as scikit-learn counts them.

    Warns
    -----
    UserWarning
        If a fraction leads to suspiciously few rows.
    """
    if max_samples is None:
        return n_samples
    if isinstance(max_samples, Integral):
        return int(max_samples)
    if sample_weight is None:
        total: float = n_samples
        what = f"the number of samples is {total} "
    else:
        total = sample_weight.sum()
        what = f"the total sum of sample weights is {total} "
    n_draws = max(int(max_samples * total), 1)
    if n_draws < max(10, math.cbrt(n_samples)):
        warn_user(
            f"Using the fractional value {max_samples=} when {what}"
            f"results in a low number ({n_draws}) of bootstrap samples. "
            "We recommend passing `max_samples` as an integer instead."
        )
    return n_draws


def require(module: str, extra: str, purpose: str) -> Any:
    """Import `module` or say which extra of this library brings it.

    Parameters
    ----------
    module : str
        Name of the module to import.
    extra : str
        The extra of this package that installs it.
    purpose : str
        What needs it, the beginning of the error's sentence.

    Returns
    -------
    module
        The imported module.

    Raises
    ------
    MissingDependencyError
        If the module is not installed.
    """
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        if error.name != module.split(".", maxsplit=1)[0]:
            raise
        raise MissingDependencyError(
            f"{purpose} needs {module}, which is not installed. "
            f'Install it with: pip install "ensembles[{extra}]"'
        ) from error


def check_unmasked(owner: str, *arrays: Any) -> None:
    """Raise where values of an array are masked, which numpy would then read."""
    for array in arrays:
        if np.ma.is_masked(array):
            n_masked = int(np.ma.getmaskarray(array).sum())
            raise ValueError(
                f"{owner} takes arrays without masked values, got {n_masked} of them. "
                "Leave their rows out of every array, as array.compressed() does of "
                "one."
            )


def check_labels(name: str, labels: Any) -> None:
    """Raise where a label is missing: its row belongs to no group that is known."""
    values = np.asarray(labels)
    if values.dtype.kind in "fcmM":
        missing = np.isnat(values) if values.dtype.kind in "mM" else np.isnan(values)
    elif values.dtype.kind == "O":
        # A missing value of any library differs from itself, or is None.
        missing = np.array([x is None or not _equals_itself(x) for x in values.flat])
    else:
        return
    if missing.any():
        row = int(np.argmax(missing.reshape(len(values), -1).any(axis=1)))
        raise ValueError(
            f"{name} has no label in {int(missing.sum())} of {missing.size} places, "
            f"the first in row {row}. Give these rows labels, one for each of them if "
            "they are alone, or leave them out."
        )


def check_known_labels(y: ArrayLike, classes: Any) -> None:
    """Raise for labels that are none of the classes.

    Raises
    ------
    ValueError
        With the first of them.
    """
    labels = np.asarray(y)
    unknown = labels[~np.isin(labels, classes)]
    if len(unknown):
        named = sorted(set(map(str, unknown.tolist())))[:5]
        raise ValueError(
            f"y has the labels {named}, which are none of the classes "
            f"{np.asarray(classes).tolist()[:10]}."
        )


def _equals_itself(value: Any) -> bool:
    """Whether a value is one: comparisons with a missing one are False or missing."""
    try:
        return bool(value == value)
    except TypeError:
        return False
