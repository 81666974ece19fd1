"""What every ensemble must hold to, as one function for authors of ensembles."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from copy import deepcopy
from functools import cached_property
from typing import Any

import numpy as np
from joblib import hash as joblib_hash
from joblib import parallel_config
from sklearn.base import clone, is_classifier
from sklearn.datasets import make_classification, make_regression
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import cross_val_score

from ensembles._random import set_random_states
from ensembles._typing import ArrayLike, Estimator, Table
from ensembles._validation import n_rows_of
from ensembles.testing._holds import global_state_watched, require_that

__all__ = ["check_ensemble"]


class _Case:
    """An ensemble, rows for it, and a fit that checks share."""

    def __init__(self, estimator: Estimator, X: Table | None, y: Any) -> None:
        self.given = estimator
        if X is None or y is None:
            X, y = _rows_for(estimator)
        self.X, self.y = X, y

    def seeded(self, **params: Any) -> Any:
        """A clone that draws the same at each fit."""
        fresh = clone(self.given).set_params(**params)
        set_random_states(fresh, 7)
        return fresh

    @cached_property
    def fitted(self) -> Any:
        """A fitted clone; checks that change one fit their own."""
        return self.seeded().fit(self.X, self.y)

    @cached_property
    def said(self) -> Any:
        """What the fitted ensemble predicts."""
        return self.fitted.predict(self.X)

    @cached_property
    def members(self) -> Any:
        """What its members predict."""
        return self.members_of(self.fitted)

    @cached_property
    def rows(self) -> Any:
        """Rows that members may not know by heart: others, where these are numbers."""
        if not (isinstance(self.X, np.ndarray) and self.X.dtype.kind == "f"):
            return self.X
        return self.X + np.random.default_rng(0).normal(size=self.X.shape)

    def members_of(self, ensemble: Any, rows: Any = None) -> Any:
        """What members of an ensemble predict; of several outputs with classes, all."""
        said = ensemble.predict_members(self.X if rows is None else rows)
        return np.concatenate(said, axis=-1) if isinstance(said, list) else said

    def require(self, holds: bool, what: str) -> None:
        """Raise unless it holds."""
        require_that(bool(holds), self.given, what)


def check_ensemble(
    estimator: Estimator, X: Table | None = None, y: ArrayLike | None = None
) -> None:
    """Check that an ensemble keeps the contracts that all of this library keep.

    Use it in the tests of an ensemble of your own, beside scikit-learn's
    ``check_estimator``: what passes both can be searched, stacked and pickled, its
    members can be asked for diversity and its errors for their parts. It has
    ``estimators_``, is a sequence of them, has ``predict_members``, and knows names of
    columns as ``feature_names_in_``, which scikit-learn's ``validate_data`` sets.

    Parameters
    ----------
    estimator : estimator
        What is checked, not fitted. Few members and rounds save time.
    X : array-like of shape (n_samples, ...) or None, default=None
        Rows to fit. None makes 80 with six columns.
    y : array-like of shape (n_samples,) or None, default=None
        Their targets. None makes three classes, named, or values.

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
    sklearn.utils.estimator_checks.check_estimator : What holds for all estimators.
    check_scheme : For schemes.

    Examples
    --------
    >>> from sklearn.base import clone
    >>> from ensembles import BaggingRegressor
    >>> from ensembles.testing import check_ensemble
    >>> check_ensemble(BaggingRegressor(n_estimators=3))
    >>> class Forgets(BaggingRegressor):
    ...     def predict_members(self, X):
    ...         return super().predict_members(X)[:-1]
    >>> check_ensemble(Forgets(n_estimators=3))
    Traceback (most recent call last):
    ...
    AssertionError: Forgets: predict_members returns 2 outputs of 3 members.
    """
    case = _Case(estimator, X, y)
    for check in _CHECKS:
        check(case)


def _rows_for(estimator: Estimator) -> tuple[Any, Any]:
    """Rows that are neither easy nor many."""
    if is_classifier(estimator):
        X, codes = make_classification(
            80, 6, n_informative=4, n_classes=3, random_state=0
        )
        return X, np.array(["ash", "elm", "oak"])[codes]
    return make_regression(80, 6, noise=20, random_state=0)  # type: ignore[no-any-return]


def _check_it_says_that_it_is_not_fitted(case: _Case) -> None:
    for method in ("predict", "predict_members"):
        case.require(hasattr(case.given, method), f"has no method {method}.")
        try:
            getattr(case.seeded(), method)(case.X)
        except NotFittedError:
            continue
        except Exception as error:
            came = f"raises {type(error).__name__} in its place"
        else:
            came = "says something"
        case.require(False, f"{method} before fit raises no NotFittedError: it {came}.")


def _check_it_is_a_sequence_of_its_members(case: _Case) -> None:
    case.require(hasattr(case.fitted, "estimators_"), "has no estimators_ after fit.")
    n_members = len(case.fitted.estimators_)
    case.require(n_members > 0, "has no members after fit.")
    for name in ("__len__", "__iter__", "__getitem__"):
        has = hasattr(type(case.fitted), name)
        case.require(has, f"is no sequence of its members: it has no {name}.")
    lengths = len(case.fitted), len(list(case.fitted))
    case.require(
        lengths == (n_members, n_members),
        f"has {n_members} members, a length of {lengths[0]} and {lengths[1]} to "
        "iterate over.",
    )
    are_kept = case.fitted[0] is case.fitted[0]  # and not made when asked for
    case.require(
        not are_kept or all(case.fitted[i] is one for i, one in enumerate(case.fitted)),
        "has other members by their positions than it yields.",
    )
    try:
        is_true = bool(case.seeded())
    except Exception:
        is_true = False
    case.require(
        is_true,
        "is not true before fit, when it has no length: give it a __bool__.",
    )


def _check_members_come_first(case: _Case) -> None:
    found, wanted = np.shape(case.members), len(case.fitted)
    case.require(
        found[:1] == (wanted,),
        f"predict_members returns {found[0] if found else 0} outputs of {wanted} "
        "members.",
    )
    n_rows = n_rows_of(case.X)
    case.require(
        len(found) > 1 and found[1] == n_rows,
        f"predict_members returns the shape {found}; rows come second, and there are "
        f"{n_rows}.",
    )


def _check_classes_are_aligned(case: _Case) -> None:
    """Columns are those of classes_, of members that never saw one of them too."""
    if not is_classifier(case.given) or np.ndim(case.y) > 1:
        return
    classes = case.fitted.classes_
    labels = set(np.unique(np.asarray(case.y)).tolist())
    case.require(
        set(np.asarray(case.said).tolist()) <= labels, "predicts labels that y lacks."
    )
    if case.members.ndim == 3:
        case.require(
            case.members.shape[2] == len(classes),
            f"predict_members returns {case.members.shape[2]} columns for "
            f"{len(classes)} classes.",
        )
    if hasattr(case.fitted, "predict_proba"):
        said = case.fitted.predict_proba(case.X)
        sums = np.allclose(np.sum(said, axis=1), 1)
        case.require(sums, "probabilities of the classes do not add up to one.")
        likeliest = classes[np.argmax(said, axis=1)]
        case.require(
            np.mean(likeliest == case.said) > 0.9,
            "predicts other labels than the likeliest: are columns those of classes_?",
        )


def _check_a_second_fit_gives_the_same_bits(case: _Case) -> None:
    again = case.seeded().fit(case.X, case.y)
    twice = again.fit(case.X, case.y)
    case.require(twice is again, "fit does not return the ensemble.")
    case.require(
        np.array_equal(
            case.members_of(twice, case.rows), case.members_of(case.fitted, case.rows)
        ),
        "a second fit with the same random_state gives other members.",
    )


def _check_workers_make_no_difference(case: _Case) -> None:
    if "n_jobs" not in case.given.get_params(deep=False):
        return
    with parallel_config(backend="threading"):
        shared = case.seeded(n_jobs=2).fit(case.X, case.y)
        case.require(
            np.array_equal(case.members_of(shared), case.members),
            "n_jobs=2 gives other members than one worker.",
        )
        case.require(
            np.array_equal(shared.predict(case.X), case.said),
            "n_jobs=2 predicts otherwise than one worker.",
        )


def _check_a_pickle_predicts_the_same(case: _Case) -> None:
    try:
        copy = pickle.loads(pickle.dumps(case.fitted))
    except Exception as error:
        message = f"{type(case.given).__name__}: cannot be pickled ({error})."
        raise AssertionError(message) from error
    case.require(
        np.array_equal(copy.predict(case.X), case.said), "a pickle predicts otherwise."
    )


def _check_nothing_of_the_user_s_is_changed(case: _Case) -> None:
    fresh = case.seeded()
    before = {name: _as_it_is(value) for name, value in fresh.get_params().items()}
    members = {name: dict(vars(one)) for name, one in _estimators_of(fresh)}
    X, y = deepcopy(case.X), deepcopy(case.y)
    with global_state_watched(case.given, "fit or predict moves"):
        fresh.fit(X, y).predict(X)
    after = {name: _as_it_is(value) for name, value in fresh.get_params().items()}
    changed = sorted(name for name in before if after.get(name) != before[name])
    case.require(not changed, f"fit changes its parameters {changed}.")
    touched = [
        name for name, one in _estimators_of(fresh) if vars(one) != members[name]
    ]
    case.require(not touched, f"fit changes the user's estimator {touched}.")
    for name, given, kept in (("X", X, case.X), ("y", y, case.y)):
        same = joblib_hash(given) == joblib_hash(kept)
        case.require(same, f"fit or predict changes {name}.")


def _as_it_is(value: Any) -> str:
    """What tells whether a parameter has changed."""
    is_array = isinstance(value, np.ndarray)
    return str(joblib_hash(value)) if is_array else repr(value)


def _estimators_of(ensemble: Any) -> list[tuple[str, Any]]:
    """Estimators among its parameters, in lists too."""
    found = []
    for name, value in ensemble.get_params().items():
        several = value if isinstance(value, list | tuple) else [value]
        found += [
            (f"{name}[{i}]" if several is value else name, one)
            for i, one in enumerate(several)
            if hasattr(one, "fit")
        ]
    return found


def _check_combine_is_read_at_predict(case: _Case) -> None:
    is_hard = getattr(case.fitted, "voting", "soft") == "hard"
    if is_hard or "combine" not in case.given.get_params(deep=False):
        return
    ensemble = case.seeded().fit(case.X, case.y)
    several = isinstance(ensemble.predict_members(case.X), list)
    if several or getattr(ensemble, "weights", None) is not None:
        return  # few rules take weights, and outputs have a rule each
    ensemble.set_params(combine=_last)
    method = "predict_proba" if is_classifier(ensemble) else "predict"
    case.require(
        np.array_equal(getattr(ensemble, method)(case.X), case.members[-1]),
        "another combine after fit does not change the prediction.",
    )


def _last(outputs: Any) -> Any:
    """The output of the last member."""
    return outputs[-1]


def _check_names_of_columns_are_known(case: _Case) -> None:
    try:
        import pandas
    except ModuleNotFoundError:
        return
    if not (isinstance(case.X, np.ndarray) and case.X.ndim == 2):
        return
    table = pandas.DataFrame(case.X, columns=[f"c{j}" for j in range(case.X.shape[1])])
    ensemble = case.seeded().fit(table, case.y)
    names = list(getattr(ensemble, "feature_names_in_", []))
    case.require(
        names == list(table.columns), f"has the feature_names_in_ {names} of a frame."
    )
    case.require(
        np.array_equal(ensemble.predict(table), case.said)
        or np.allclose(ensemble.predict(table), case.said),
        "predicts otherwise with a DataFrame of the same numbers.",
    )


def _check_what_does_not_fit_is_told(case: _Case) -> None:
    try:
        case.seeded().fit(case.X, np.asarray(case.y)[:-1])
    except ValueError:
        pass
    else:
        case.require(False, "fits X and a y that is shorter.")


def _check_it_works_in_a_cross_validation(case: _Case) -> None:
    if np.ndim(case.y) > 1 and is_classifier(case.given):
        return  # accuracy is not defined
    scores = cross_val_score(case.seeded(), case.X, case.y, cv=2, error_score="raise")
    case.require(np.isfinite(scores).all(), "scores in a cross-validation are NaN.")


_CHECKS: tuple[Callable[[_Case], None], ...] = (
    _check_it_says_that_it_is_not_fitted,
    _check_nothing_of_the_user_s_is_changed,
    _check_it_is_a_sequence_of_its_members,
    _check_members_come_first,
    _check_classes_are_aligned,
    _check_a_second_fit_gives_the_same_bits,
    _check_workers_make_no_difference,
    _check_a_pickle_predicts_the_same,
    _check_combine_is_read_at_predict,
    _check_names_of_columns_are_known,
    _check_what_does_not_fit_is_told,
    _check_it_works_in_a_cross_validation,
)
