"""What every scheme must hold to, as one function for authors of schemes."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.base import clone

from ensembles._typing import ArrayLike, FloatArray, Table
from ensembles._validation import n_rows_of
from ensembles.resampling._base import BaseScheme, BoundScheme
from ensembles.testing._holds import global_state_watched, require_that
from ensembles.testing._splitters import check_splitter

__all__ = ["check_scheme"]

_N_ROWS = 60
_N_REPLICATES = 12
_ENTROPY = 20210507


@dataclass(frozen=True)
class _Bound:
    """A scheme bound to rows, with seeds of some replicates."""

    scheme: Any
    X: Table
    y: Any
    groups: Any
    bound: BoundScheme
    seeds: Any

    @classmethod
    def of(cls, scheme: Any, X: Table, y: Any, groups: Any) -> _Bound:
        bound = scheme.bind(n_rows_of(X), scheme._target_of(X, y), groups)
        return cls(scheme, X, y, groups, bound, bound.seeds(_ENTROPY, 0, _N_REPLICATES))

    def weights(self) -> FloatArray:
        """Weights of the replicates, one by one."""
        return np.stack([self.bound.weights(seed) for seed in self.seeds])


def check_scheme(
    scheme: Any,
    X: Table | None = None,
    y: ArrayLike | None = None,
    *,
    groups: ArrayLike | None = None,
) -> None:
    """Check that a scheme serves statistics, members and cross-validation alike.

    Use it in the tests of a scheme of your own: one that passes draws the rows of
    :func:`ensembles.inference.bootstrap`, of bags and of ``cross_val_score``. Of the
    splitter that it is :func:`check_splitter` checks the rest.

    Parameters
    ----------
    scheme : BaseScheme
        What is checked; one of five replicates or more saves nothing.
    X, y : array-like of shape (n_samples, ...) or None, default=None
        Rows to draw from. None takes 60 of them.
    groups : array-like of shape (n_samples,) or None, default=None
        Groups, for a scheme that needs some.

    Returns
    -------
    None
        If all is well.

    Raises
    ------
    AssertionError
        What does not hold.

    See Also
    --------
    check_splitter : For splitters that are no schemes.
    check_ensemble : For ensembles.

    Examples
    --------
    >>> from ensembles import Bootstrap
    >>> from ensembles.testing import check_scheme
    >>> class OnlyEven(Bootstrap):
    ...     def _bind(self, n_samples, y, groups):
    ...         bound = super()._bind(n_samples, y, groups)
    ...         draw = bound.rows
    ...         bound.rows = lambda seed: draw(seed) // 2 * 2
    ...         return bound
    >>> check_scheme(OnlyEven())
    Traceback (most recent call last):
    ...
    AssertionError: OnlyEven: weights of a replicate are no counts of its rows.
    """
    require_that(
        isinstance(scheme, BaseScheme),
        scheme,
        "is no scheme: derive from ensembles.resampling's BaseScheme.",
    )
    X = np.random.default_rng(0).normal(size=(_N_ROWS, 2)) if X is None else X
    y = np.arange(n_rows_of(X)) % 2 if y is None else y
    case = _Bound.of(scheme, X, y, groups)
    for check in _CHECKS:
        check(case)
    if case.bound.leaves_rows_out(as_weights=False):
        _check_it_is_a_splitter(case)


def _check_rows_are_rows(case: _Bound) -> None:
    for seed in case.seeds:
        rows = np.asarray(case.bound.rows(seed))
        is_rows = rows.ndim == 1 and rows.dtype.kind in "iu" and len(rows) > 0
        require_that(is_rows, case.scheme, f"draws {rows!r:.60}, no 1-D array of ints.")
        inside = rows.min() >= 0 and rows.max() < n_rows_of(case.X)
        require_that(inside, case.scheme, "draws rows that X does not have.")


def _check_weights_are_weights(case: _Bound) -> None:
    weights = case.weights()
    wanted = (len(case.seeds), n_rows_of(case.X))
    require_that(
        weights.shape == wanted,
        case.scheme,
        f"weights have shape {weights.shape[1:]}, and there are {wanted[1]} rows.",
    )
    require_that(
        bool(np.isfinite(weights).all() and (weights >= 0).all()),
        case.scheme,
        "weights are negative or not finite.",
    )
    total = case.bound.total
    require_that(
        total is None or np.allclose(weights.sum(axis=1), total),
        case.scheme,
        f"says that weights add up to {total}, and they do not.",
    )


def _check_rows_and_weights_are_one_draw(case: _Bound) -> None:
    """Whole weights are counts; of others rows are drawn as these say."""
    if not case.bound.draws_rows:
        return
    n_samples = n_rows_of(case.X)
    for seed, weights in zip(case.seeds, case.weights(), strict=True):
        counts = np.bincount(case.bound.rows(seed), minlength=n_samples)
        if np.array_equal(weights, np.rint(weights)):
            same, what = np.array_equal(counts, weights), "are no counts of its rows"
        else:
            same, what = not counts[weights == 0].any(), "are zero of rows it draws"
        require_that(same, case.scheme, f"weights of a replicate {what}.")


def _check_a_seed_is_all_there_is(case: _Bound) -> None:
    """Draws are pure functions: in any order, again, and in another process."""
    weights, rows = case.weights(), [case.bound.rows(seed) for seed in case.seeds]
    try:
        again = pickle.loads(pickle.dumps(case.bound))
    except Exception as error:
        message = (
            f"{type(case.scheme).__name__}: what it binds to cannot be pickled, so "
            f"workers cannot have it ({error})."
        )
        raise AssertionError(message) from error
    for at in reversed(range(len(rows))):
        seed = case.seeds[at]
        for bound, where in ((case.bound, "again"), (again, "in another process")):
            same = np.array_equal(bound.rows(seed), rows[at])
            same = same and np.array_equal(bound.weights(seed), weights[at])
            require_that(same, case.scheme, f"a seed draws something else {where}.")


def _check_batches_change_nothing(case: _Bound) -> None:
    weights = case.weights()
    require_that(
        np.array_equal(case.bound.weight_rows(case.seeds), weights),
        case.scheme,
        "weight_rows of several seeds differ from weights of each.",
    )
    columns = np.random.default_rng(1).normal(size=(2, n_rows_of(case.X)))
    require_that(
        np.allclose(case.bound.sums(case.seeds, columns), weights @ columns.T),
        case.scheme,
        "sums are not those of columns times weights.",
    )


def _check_a_longer_run_begins_with_a_shorter(case: _Bound) -> None:
    if not case.bound.can_go_on:
        return
    half = case.bound.seeds(_ENTROPY, 0, _N_REPLICATES // 2)
    rest = case.bound.seeds(_ENTROPY, _N_REPLICATES // 2, _N_REPLICATES)
    parts = np.concatenate([case.bound.weight_rows(part) for part in (half, rest)])
    require_that(
        np.array_equal(parts, case.weights()),
        case.scheme,
        "replicates depend on how many are drawn together.",
    )


def _check_replicates_differ(case: _Bound) -> None:
    require_that(
        len(np.unique(case.weights(), axis=0)) > 1,
        case.scheme,
        "all replicates are the same.",
    )


def _check_out_of_bag_is_outside(case: _Bound) -> None:
    for weights in case.weights():
        both = case.bound.out_of_bag(weights > 0) & (weights > 0)
        require_that(not both.any(), case.scheme, "rows in-bag are out-of-bag too.")


def _check_a_number_fixes_the_draws(case: _Bound) -> None:
    if "random_state" not in case.scheme.get_params():
        return
    before, y = repr(case.scheme), np.array(case.y)
    with global_state_watched(case.scheme, "draws move"):
        for random_state in (0, 1):
            scheme = clone(case.scheme).set_params(random_state=random_state)
            first, second = (
                [rows.tolist() for rows in one.iter_indices(case.X, y, case.groups)]
                for one in (scheme, clone(scheme))
            )
            require_that(
                first == second, case.scheme, "the same random_state draws other rows."
            )
    require_that(np.array_equal(y, case.y), case.scheme, "draws change the target.")
    require_that(
        before == repr(case.scheme), case.scheme, "draws change its parameters."
    )


def _check_groups_stay_whole(case: _Bound) -> None:
    if case.groups is None or not case.scheme._uses_groups:
        return
    labels = np.asarray(case.groups)
    groups = labels if labels.ndim == 1 else labels[:, 0]  # the outermost
    for weights in case.weights():
        inside = set(groups[weights > 0].tolist())
        outside = set(groups[case.bound.out_of_bag(weights > 0)].tolist())
        require_that(
            not inside & outside,
            case.scheme,
            "rows of one group are in-bag and out-of-bag.",
        )


def _check_what_does_not_fit_is_told(case: _Bound) -> None:
    n_samples = n_rows_of(case.X)
    for name, given in (("y", {"y": [0] * 3}), ("groups", {"groups": [0] * 3})):
        try:
            case.scheme.bind(n_samples, **given)
        except ValueError:
            continue
        require_that(False, case.scheme, f"binds to {n_samples} rows and 3 of {name}.")


def _check_it_is_a_splitter(case: _Bound) -> None:
    scheme = case.scheme
    if any(np.ndim(value) for value in scheme.get_params(deep=False).values()):
        return  # an array of one entry a row cannot follow subsets
    if "random_state" in scheme.get_params():
        scheme = clone(scheme).set_params(random_state=0)
    groups = case.groups if case.scheme._uses_groups else None
    check_splitter(scheme, case.X, case.y, groups=groups)


_CHECKS: tuple[Callable[[_Bound], None], ...] = (
    _check_rows_are_rows,
    _check_weights_are_weights,
    _check_rows_and_weights_are_one_draw,
    _check_a_seed_is_all_there_is,
    _check_batches_change_nothing,
    _check_a_longer_run_begins_with_a_shorter,
    _check_replicates_differ,
    _check_out_of_bag_is_outside,
    _check_a_number_fixes_the_draws,
    _check_groups_stay_whole,
    _check_what_does_not_fit_is_told,
)
