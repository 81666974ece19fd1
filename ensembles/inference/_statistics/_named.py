"""Statistics by name, and what else may stand for a statistic."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any, TypeAlias, final

import numpy as np
from sklearn.utils import check_array

from ensembles._typing import FloatArray, Table
from ensembles._validation import invalid_parameter, is_count
from ensembles.inference._statistics._base import BoundStatistic
from ensembles.inference._statistics._callables import (
    PlainFunction,
    WeightedFunction,
    has_parameter,
)
from ensembles.inference._statistics._evaluation import (
    Evaluation,
    FunctionAlongAxis,
    FunctionOfSamples,
    StatisticOfWeights,
)
from ensembles.inference._statistics._gini import Gini
from ensembles.inference._statistics._moments import (
    Correlation,
    LeastSquares,
    Mean,
    Ratio,
    StandardDeviation,
    Variance,
)
from ensembles.inference._statistics._order_statistics import Quantile
from ensembles.inference._statistics._sources import AlignedRows, ModelSource, Source

__all__ = ["Statistic", "evaluation_of"]

Statistic: TypeAlias = str | tuple[str, float] | Callable[..., Any]

# What each takes, by the names that errors call it.
_ARRAYS = {
    "mean": ("x",),
    "var": ("x",),
    "std": ("x",),
    "median": ("x",),
    "quantile": ("x",),
    "gini": ("x",),
    "ratio": ("numerator", "denominator"),
    "corr": ("x", "y"),
    "ols": ("X", "y"),
}
_ALLOWED = f"one of {', '.join(map(repr, _ARRAYS))}"
_OF_NUMPY: dict[Any, str] = {
    np.mean: "mean",
    np.average: "mean",
    np.median: "median",
    np.var: "var",
    np.std: "std",
}


def evaluation_of(statistic: Statistic, source: Source) -> Evaluation:
    """The statistic on the source, by the fastest way that it offers."""
    if isinstance(statistic, str | tuple):
        return _evaluation_of_named(_parsed(statistic), source)
    if not callable(statistic):
        raise invalid_parameter(
            "bootstrap", "statistic", statistic, f"a callable or {_ALLOWED}"
        )
    flat = all(np.ndim(array) == 1 for array in source.arrays)
    if isinstance(source, AlignedRows):
        if flat and len(source.arrays) == 1 and _is_of_numpy(statistic):
            return evaluation_of(_OF_NUMPY[statistic], source)
        if has_parameter(statistic, "sample_weight"):
            weighted = WeightedFunction(statistic, source.arrays)
            return StatisticOfWeights(weighted, source)
    _check_draws_rows(source)
    if flat and source.sizes_are_fixed and _works_along_axis(statistic, source):
        return FunctionAlongAxis(statistic, source)
    return FunctionOfSamples(PlainFunction(statistic, source.arrays), source)


def _evaluation_of_named(named: _Named, source: Source) -> Evaluation:
    """A statistic by name, of rows or of samples of different lengths."""
    if isinstance(source, AlignedRows):
        return StatisticOfWeights(named(*source.arrays), source)
    if isinstance(source, ModelSource):
        function = PlainFunction(_ValueOf(named), source.arrays)
        function.names = list(named(*source.arrays).names)
        return FunctionOfSamples(function, source)
    named.check(source.arrays)
    if named.name != "ratio":
        raise ValueError(
            f"The statistic {named.name!r} takes rows that belong together. Set "
            "paired=True."
        )
    _check_draws_rows(source)
    return FunctionOfSamples(PlainFunction(_ratio_of_means, source.arrays), source)


def _ratio_of_means(numerator: Table, denominator: Table) -> float:
    """Ratio of the means of two samples; nan where there is none."""
    below = np.mean(denominator)
    return float(np.mean(numerator) / below) if below else float("nan")


def _check_draws_rows(source: Source) -> None:
    """Raise where a scheme has weights to offer and the statistic wants arrays."""
    if not source.draws_rows:
        raise ValueError(
            "The scheme weights all rows and draws none, so the statistic must take "
            "weights: one by name, or a function with a sample_weight parameter, with "
            "paired=True. For any other take Bootstrap."
        )


def _works_along_axis(function: Callable[..., Any], source: Source) -> bool:
    """Whether a function turns arrays of shape (2, n) into two numbers."""
    if not has_parameter(function, "axis"):
        return False
    twice = [np.stack([np.asarray(array)] * 2) for array in source.arrays]
    try:
        value = function(*source.arrays, axis=-1)
        values = function(*twice, axis=-1)
        return np.shape(values) == (2,) and np.array_equal(
            values, [value, value], equal_nan=True
        )
    except Exception:  # whatever it cannot do, it is then called for each resample
        return False


def _is_of_numpy(function: Any) -> bool:
    """Whether a function of numpy's has a kernel here."""
    return any(function is known for known in _OF_NUMPY)


@final
@dataclass(frozen=True)
class _Named:
    """A statistic by name, to be bound to arrays that it checks first."""

    name: str
    option: float

    def __call__(self, *arrays: Table) -> BoundStatistic:
        """The statistic of these arrays."""
        numbers = self.check(arrays)
        columns = _column_names(arrays[0])
        bound = self._build(numbers)
        if columns is None or not bound.shape:
            return bound
        if self.name == "ols":
            bound.names = ["intercept", *columns]
        elif self.name == "corr":
            bound.names = [",".join(pair) for pair in combinations(columns, 2)]
        else:
            bound.names = columns
        return bound

    def check(self, arrays: Sequence[Table]) -> list[FloatArray]:
        """Arrays as numbers, or an error that says which is wrong and why."""
        roles = _ARRAYS[self.name]
        one_table = self.name == "corr" and len(arrays) == 1
        if len(arrays) != len(roles) and not one_table:
            raise ValueError(
                f"The statistic {self.name!r} takes {len(roles)} arrays "
                f"({', '.join(roles)}), got {len(arrays)}."
            )
        numbers = []
        for array, role in zip(arrays, roles, strict=False):
            values = check_array(
                array, ensure_2d=False, dtype=np.float64, input_name=role
            )
            table = self.name in ("mean", "var", "std") or role == "X" or one_table
            if values.ndim > 1 and not table:
                raise ValueError(
                    f"{role} must have one dimension for the statistic "
                    f"{self.name!r}, got shape {values.shape}."
                )
            numbers.append(values)
        return numbers

    def _build(self, arrays: list[FloatArray]) -> BoundStatistic:
        """The statistic of checked arrays."""
        match self.name:
            case "mean":
                return Mean(*arrays)
            case "var":
                return Variance(arrays[0], int(self.option))
            case "std":
                return StandardDeviation(arrays[0], int(self.option))
            case "ratio":
                return Ratio(*arrays)
            case "corr":
                return Correlation(*arrays)
            case "ols":
                return LeastSquares(*arrays)
            case "gini":
                return Gini(*arrays)
        return Quantile(arrays[0], self.option, self.name)


@final
@dataclass(frozen=True)
class _ValueOf:
    """A statistic by name as a function of arrays, which a model generates anew."""

    named: _Named

    def __call__(self, *arrays: Table) -> Any:
        """The value for these arrays."""
        bound = self.named(*arrays)
        return bound.estimate().reshape(bound.shape)


def _parsed(statistic: str | tuple[str, float]) -> _Named:
    """A name, or a name and its option, checked."""
    parts: tuple[Any, ...] = (statistic,) if isinstance(statistic, str) else statistic
    name, *options = parts or ("",)
    if not isinstance(name, str) or name not in _ARRAYS or len(options) > 1:
        hint = "An option goes with its name: ('quantile', 0.9), ('var', 1)."
        raise invalid_parameter(
            "bootstrap", "statistic", statistic, f"a callable or {_ALLOWED}", hint
        )
    option = options[0] if options else None
    if name == "quantile":
        if not _is_share(option):
            hint = "For the upper decile: ('quantile', 0.9)."
            allowed = "('quantile', q) with q in the range [0, 1]"
            raise invalid_parameter("bootstrap", "statistic", statistic, allowed, hint)
        return _Named(name, float(option or 0))
    if name in ("var", "std") and option is not None:
        if not (is_count(option) and option >= 0):
            allowed = f"({name!r}, ddof) with an int ddof in the range [0, inf)"
            raise invalid_parameter("bootstrap", "statistic", statistic, allowed)
        return _Named(name, int(option))
    if option is not None:
        allowed = f"{name!r}, which takes no option"
        raise invalid_parameter("bootstrap", "statistic", statistic, allowed)
    return _Named(name, 0.5 if name == "median" else 0)


def _is_share(value: Any) -> bool:
    """Whether `value` is a number in [0, 1]."""
    number = isinstance(value, int | float | np.number)
    return number and not isinstance(value, bool) and 0 <= value <= 1


def _column_names(table: Table) -> list[str] | None:
    """Names of a DataFrame's columns."""
    columns = getattr(table, "columns", None)
    return None if columns is None else [str(name) for name in columns]
