"""What a fit of a bag rests on, checked before any member is fitted."""

from __future__ import annotations

import math
from numbers import Real
from typing import TYPE_CHECKING, Any

import numpy as np
from joblib import hash as joblib_hash
from sklearn.utils.validation import check_memory

from ensembles._random import entropy_from
from ensembles._typing import ArrayLike, BoolArray, FloatArray, Table
from ensembles._validation import (
    check_bool,
    check_n_jobs,
    check_verbose,
    invalid_parameter,
    n_rows_of,
    resolve_n_draws,
)
from ensembles.bagging._oob_scores import check_oob_score
from ensembles.bagging._sampling import (
    ClassicSampler,
    ColumnLaw,
    Resample,
    Sampler,
    SchemeSampler,
)
from ensembles.bagging._until_settled import check_size, rule_of_size
from ensembles.resampling._base import BaseScheme

if TYPE_CHECKING:
    from ensembles.bagging._base import BaseBag

__all__ = [
    "asks_out_of_bag",
    "check_out_of_bag",
    "check_params",
    "check_training_rows",
    "make_sampler",
    "rows_kept",
    "target_hash",
]


def check_params(bag: BaseBag) -> None:
    """Raise for any parameter that is wrong whatever the data are.

    Raises
    ------
    InvalidParameterError
        For a value or type that is not allowed.
    ValueError
        If parameters contradict one another.
    """
    check_size(bag, bag.n_estimators)
    for name in ("bootstrap", "warm_start"):
        check_bool(bag, name, getattr(bag, name))
    check_n_jobs(bag, bag.n_jobs)
    check_verbose(bag, bag.verbose)
    check_oob_score(bag, bag.oob_score)
    check_memory(bag.memory)
    _check_error_score(bag)
    _check_scheme(bag)


def asks_out_of_bag(bag: BaseBag) -> bool:
    """Whether a fit is to predict rows that members left out."""
    return bool(bag.oob_score) or rule_of_size(bag.n_estimators) is not None


def _check_error_score(bag: BaseBag) -> None:
    """Raise unless a failing member is either to be raised or to be left out."""
    value: Any = bag.error_score
    is_nan = isinstance(value, Real) and math.isnan(value)
    if not is_nan and not (isinstance(value, str) and value == "raise"):
        raise invalid_parameter(bag, "error_score", value, "'raise' or numpy.nan")


def _check_scheme(bag: BaseBag) -> None:
    """Raise where the scheme and scikit-learn's parameters both say which rows."""
    if bag.scheme is None:
        if asks_out_of_bag(bag) and not bag.bootstrap:
            raise ValueError("Out of bag estimation only available if bootstrap=True")
        return
    if not isinstance(bag.scheme, BaseScheme):
        raise invalid_parameter(
            bag, "scheme", bag.scheme, "a scheme of ensembles.resampling or None"
        )
    if bag.max_samples is not None or not bag.bootstrap:
        raise ValueError(
            "The scheme says which rows are drawn. Leave max_samples=None and "
            "bootstrap=True, and give the scheme its own max_samples or replace."
        )


def make_sampler(
    bag: BaseBag,
    law: ColumnLaw,
    n_samples: int,
    y: Any,
    weights: FloatArray | None,
    groups: ArrayLike | None,
    rng: np.random.RandomState,
) -> Sampler:
    """Return what draws rows and columns, checked against the data.

    Raises
    ------
    ValueError
        If more rows or columns are to be drawn than there are, or the scheme does not
        fit the data.
    """
    kept = rows_kept(weights)
    if bag.scheme is not None:
        entropy = entropy_from(rng)
        if bag.warm_start and hasattr(bag, "_entropy"):
            entropy = bag._entropy
        bag._entropy = entropy
        bound = bag.scheme.bind(n_samples, y, groups)
        return SchemeSampler(n_samples, law, kept, bound, entropy, bag.scheme)
    bag._max_samples = resolve_n_draws(n_samples, bag.max_samples, weights)
    if not bag.bootstrap and bag._max_samples > n_samples:
        raise ValueError(
            f"Effective max_samples={bag._max_samples} must be <= n_samples="
            f"{n_samples} to be able to sample without replacement."
        )
    probabilities = None if weights is None else weights / weights.sum()
    return ClassicSampler(
        n_samples, law, kept, bag._max_samples, bag.bootstrap, probabilities
    )


def rows_kept(weights: FloatArray | None) -> BoolArray | None:
    """Rows whose weight is not zero; None means all."""
    return None if weights is None or weights.all() else weights > 0


def target_hash(learned: Any) -> str:
    """What tells one target from another, and its rows in another order."""
    return str(joblib_hash(np.asarray(learned)))


def check_training_rows(bag: BaseBag, X: Table) -> None:
    """Raise unless X may be what members were fitted on, some of it left out.

    Raises
    ------
    ValueError
        If these are not as many rows as members were fitted on, or every member saw
        every row.
    """
    sizes = {sampler.n_samples for sampler, _, _ in bag._draws}
    if sizes != {n_rows_of(X)}:
        raise ValueError(
            f"Members were fitted on {sorted(sizes)} rows, and X has "
            f"{n_rows_of(X)}. Pass the training data of all members."
        )
    if not any(sampler.leaves_rows_out(how) for sampler, how, _ in bag._draws):
        raise ValueError("Every member saw every row, so none is out-of-bag.")


def check_out_of_bag(
    bag: BaseBag,
    X: Table,
    y: Any,
    learned: Any,
    sampler: Sampler,
    resample: Resample,
) -> None:
    """Raise where out-of-bag rows are asked for and cannot be known.

    Raises
    ------
    ValueError
        If every member sees every row, or a warm start goes on with other data than
        the members that are there were fitted on.
    """
    if not asks_out_of_bag(bag):
        return
    if not sampler.leaves_rows_out(resample):
        raise ValueError(
            f"{bag.scheme} with resample={resample!r} lets every member see every row, "
            "so none is out-of-bag. Use resample='index', another scheme, or a number "
            "of members and oob_score=False."
        )
    data_hash = joblib_hash((X, y))
    if bag.warm_start and hasattr(bag, "estimators_"):
        sizes = {drawn.n_samples for drawn, _, _ in bag._draws}
        known = getattr(bag, "_data_hash", data_hash)
        others = bag._targets_seen - {target_hash(learned)}
        if sizes - {sampler.n_samples} or known != data_hash or others:
            raise ValueError(
                "Out-of-bag rows are known only where all members saw the same data, "
                "and the members of the warm start saw other data. Use "
                "oob_score=False, or warm_start=False."
            )
    bag._data_hash = data_hash
