"""Who is told what, besides X and y, when an estimator is fitted on folds.

With scikit-learn's metadata routing on, every parameter goes where it was requested.
With routing off, parameters go to fit, and what is known of the rows (groups, times,
ends of labels) to the splitter; where a part of the estimator asks for that too, such
as a search with a splitter inside, it is routed there all the same.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from inspect import signature
from typing import Any

from sklearn import config_context, get_config
from sklearn.base import is_classifier
from sklearn.exceptions import UnsetMetadataPassedError
from sklearn.model_selection import TimeSeriesSplit, check_cv
from sklearn.utils.metadata_routing import (
    MetadataRouter,
    MethodMapping,
    process_routing,
)

from ensembles._rows import row_numbers
from ensembles._times import times_of
from ensembles._typing import Estimator, IntArray, Table
from ensembles._validation import invalid_parameter, n_rows_of, warn_user

__all__ = [
    "FoldRouting",
    "consumed",
    "route_folds",
    "routing_enabled",
    "taken_by_split",
    "takes_groups",
    "warn_of_unheard",
]


def routing_enabled() -> bool:
    """Whether scikit-learn's metadata routing is on."""
    return bool(get_config().get("enable_metadata_routing", False))


def takes_groups(cv: Any) -> bool:
    """Whether a splitter uses groups; others of scikit-learn's and ours warn of them.

    What a user's own class does with them, its requests do not tell: those that it
    inherits say that it does nothing.
    """
    is_known = type(cv).split.__module__.startswith(("sklearn.", "ensembles."))
    if not is_known or not hasattr(cv, "get_metadata_routing"):
        return True
    return "groups" in cv.get_metadata_routing().split.requests


def taken_by_split(cv: Any, given: dict[str, Any]) -> dict[str, Any]:
    """Those of the values given that there are and that the splitter takes."""
    known = signature(cv.split).parameters
    return {
        name: value
        for name, value in given.items()
        if value is not None
        and name in known
        and (name != "groups" or takes_groups(cv))
    }


@dataclass(frozen=True, slots=True)
class FoldRouting:
    """What the splitter, and what fits and scores are told.

    Attributes
    ----------
    cv : splitter
        What makes the folds.
    split : dict
        Goes to its ``split``.
    params : dict
        Goes to fits and scores.
    is_on : bool
        Whether fits and scores route what they are told.
    """

    cv: Any
    split: dict[str, Any]
    params: dict[str, Any]
    is_on: bool

    def folds(self, X: Table, y: Any) -> list[tuple[IntArray, IntArray]]:
        """Training and test rows of all folds.

        Raises
        ------
        ValueError
            If there are no folds, or one has no rows of a kind.
        """
        n_samples = n_rows_of(X)
        pairs = [
            (row_numbers(train, n_samples), row_numbers(test, n_samples))
            for train, test in self.cv.split(X, y, **self.split)
        ]
        if not pairs:
            raise ValueError(f"{self.cv!r} makes no folds of {n_samples} rows.")
        for number, pair in enumerate(pairs):
            for rows, what in zip(pair, ("train", "test"), strict=True):
                if not len(rows):
                    raise ValueError(
                        f"Fold {number} of {self.cv!r} has no {what} rows."
                    )
        return pairs

    def active(self) -> Any:
        """Context in which to fit."""
        return config_context(enable_metadata_routing=self.is_on)

    def fit_params(self, owner: str, estimator: Estimator) -> dict[str, Any]:
        """What goes to the estimator's fit, routed where routing is on."""
        if not self.is_on:
            return self.params
        only_later = set(self.update_params(estimator)) - consumed(
            estimator, "fit", self.params
        )
        params = {
            name: value for name, value in self.params.items() if name not in only_later
        }
        router = _router(owner, estimator, "fit")
        return dict(process_routing(router, "fit", **params).consumer.fit)

    def update_params(self, estimator: Estimator) -> dict[str, Any]:
        """What goes to the estimator's partial_fit, of what there is."""
        if not hasattr(estimator, "partial_fit"):
            return {}
        if self.is_on:
            wanted = consumed(estimator, "partial_fit", self.params)
        else:
            known = signature(estimator.partial_fit).parameters
            wanted = set(self.params) & set(known)
        return {name: self.params[name] for name in self.params if name in wanted}


def route_folds(
    owner: str,
    estimator: Estimator,
    cv: Any,
    y: Any,
    params: dict[str, Any] | None,
    *,
    scoring: Any = None,
    **given: Any,
) -> FoldRouting:
    """Say who is told what.

    Parameters
    ----------
    owner : str
        The function called.
    estimator : estimator
        What is fitted.
    cv : int, splitter, iterable or None
        What makes the folds, as scikit-learn takes it.
    y : array-like of shape (n_samples, ...) or None
        Target, which says whether folds are stratified.
    params : dict or None
        The user's, by name.
    scoring : object, default=None
        Scorers may ask for parameters too.
    **given : array-like of shape (n_samples,) or None
        What is known of the rows: groups, times, label_end.

    Returns
    -------
    FoldRouting
        Splitter and parameters.

    Raises
    ------
    ValueError
        If a name is given twice, or parameters of fit and times have to share a fit
        with routing off.
    """
    if params is not None and not isinstance(params, dict):
        raise invalid_parameter(owner, "params", params, "a dict or None")
    params = dict(params or {})
    splitter = check_cv(cv, y, classifier=is_classifier(estimator))
    given = {name: value for name, value in given.items() if value is not None}
    twice = sorted(given.keys() & params.keys())
    if twice:
        raise ValueError(
            f"{owner} got {', '.join(twice)} twice, by keyword and in params. Leave "
            "one of them out."
        )
    split = taken_by_split(splitter, given)
    asked = _asked_for(estimator, given)
    is_on = routing_enabled()
    if is_on:
        for_split = consumed(splitter, "split", params)
        elsewhere = consumed(estimator, "fit", params)
        for scorer in _scorers(scoring):
            elsewhere |= consumed(scorer, "score", params)
        split |= {name: params[name] for name in for_split}
        params = {
            name: value
            for name, value in params.items()
            if name not in for_split - elsewhere
        }
    elif asked and params:
        raise _must_be_on(owner, asked, params)
    params |= {name: given[name] for name in asked}
    unheard = given.keys() - split.keys() - asked
    warn_of_unheard(splitter, type(estimator).__name__, unheard, given)
    return FoldRouting(splitter, split, params, is_on or bool(asked))


def warn_of_unheard(
    splitter: Any, other: str, unheard: set[str], given: dict[str, Any]
) -> None:
    """Warn of what is known of the rows and would change folds if anyone knew it."""
    name = type(splitter).__name__
    if "label_end" in unheard and given["label_end"] is not None:
        warn_user(
            f"label_end says when labels are known, and neither {name} nor {other} "
            f"asks for it: no row is purged. Guarded({name}(...)) does it."
        )
    is_blind = "times" in unheard and isinstance(splitter, TimeSeriesSplit)
    if is_blind and given["times"] is not None:
        values = times_of(given["times"], "times").values
        if (values[1:] < values[:-1]).any():
            warn_user(
                "Rows are not in order of times, and TimeSeriesSplit takes them in the "
                "order they stand in. RollingOrigin has the same parameters and goes "
                "by times."
            )


def _must_be_on(who: str, routed: Iterable[str], others: Iterable[str]) -> ValueError:
    """Error of parameters that only pass together where routing is on."""
    return ValueError(
        f"{who} passes {', '.join(sorted(routed))} on by routing, and with routing on "
        f"nobody has asked for {', '.join(sorted(others))}. Switch it on for all, by "
        "sklearn.set_config(enable_metadata_routing=True), and request the others, for "
        "example by set_fit_request."
    )


def _asked_for(estimator: Estimator, given: dict[str, Any]) -> set[str]:
    """What the estimator would ask for if routing were on.

    Raises
    ------
    ValueError
        If it is a search whose splitter asks, and what it searches routes nothing.
    """
    if not given:
        return set()
    with config_context(enable_metadata_routing=True):
        try:
            return consumed(estimator, "fit", given)
        except NotImplementedError:  # an ensemble of scikit-learn's that routes nothing
            inside = getattr(estimator, "cv", None)
            unheard = consumed(inside, "split", given) - {"groups"}
            if not unheard:
                return set()
            raise ValueError(
                f"{type(estimator).__name__} cannot pass {', '.join(sorted(unheard))} "
                f"on to {inside!r}, since a part of it does not support "
                "metadata routing. Let the splitter find them in X: time= and "
                "label_end= name columns."
            ) from None


def _router(owner: str, consumer: Any, method: str) -> MetadataRouter:
    """Router to one consumer alone."""
    mapping = MethodMapping().add(caller=method, callee=method)
    return MetadataRouter(owner=owner).add(consumer=consumer, method_mapping=mapping)


def consumed(consumer: Any, method: str, values: dict[str, Any]) -> set[str]:
    """Which of the values an object would be given.

    By routing each: what routers say they consume leaves out steps of pipelines that
    transform.
    """
    router = _router("route", consumer, method)
    return {name for name in values if _is_routed(router, method, {name: values[name]})}


def _is_routed(router: MetadataRouter, method: str, value: dict[str, Any]) -> bool:
    """Whether anyone asks for a value."""
    try:
        routed = process_routing(router, method, **value).consumer[method]
    except (TypeError, UnsetMetadataPassedError):
        return False
    return bool(set(routed) & set(value))


def _scorers(scoring: Any) -> list[Any]:
    """Scorer objects among what `scoring` may be; names ask for nothing."""
    if isinstance(scoring, dict):
        scoring = list(scoring.values())
    listed = scoring if isinstance(scoring, list | tuple | set) else [scoring]
    return [one for one in listed if hasattr(one, "get_metadata_routing")]
