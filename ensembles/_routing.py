"""Who is told what, besides X and y, when an estimator is fitted on folds.

With scikit-learn's metadata routing on, every parameter goes where it was requested.
With routing off, parameters go to fit, and what is known of the rows (groups, times,
ends of labels) to the splitter; where a part of the estimator asks for that too, such
as a search with a splitter inside, it is routed there all the same.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import nullcontext
from dataclasses import dataclass
from inspect import signature
from typing import Any

from sklearn import config_context, get_config
from sklearn.base import is_classifier
from sklearn.model_selection import check_cv
from sklearn.utils.metadata_routing import (
    MetadataRouter,
    MethodMapping,
    get_routing_for_object,
    process_routing,
)

from ensembles._rows import row_numbers
from ensembles._typing import Estimator, IntArray, Table
from ensembles._validation import invalid_parameter

__all__ = [
    "FoldRouting",
    "route_folds",
    "routing_enabled",
    "rows_routed",
    "taken_by_split",
    "takes_groups",
]


def routing_enabled() -> bool:
    """Whether scikit-learn's metadata routing is on."""
    return bool(get_config().get("enable_metadata_routing", False))


def takes_groups(cv: Any) -> bool:
    """Whether a splitter uses groups; scikit-learn's others warn of them."""
    if not hasattr(cv, "get_metadata_routing"):
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
        """Training and test rows of all folds."""
        return [
            (row_numbers(train), row_numbers(test))
            for train, test in self.cv.split(X, y, **self.split)
        ]

    def active(self) -> Any:
        """Context in which to fit."""
        return config_context(enable_metadata_routing=self.is_on)

    def fit_params(self, owner: str, estimator: Estimator) -> dict[str, Any]:
        """What goes to the estimator's fit, routed where routing is on."""
        if not self.is_on:
            return self.params
        mapping = MethodMapping().add(caller="fit", callee="fit")
        router = MetadataRouter(owner=owner)
        router.add(estimator=estimator, method_mapping=mapping)
        return dict(process_routing(router, "fit", **self.params).estimator.fit)


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
        for_split = _consumed(splitter, "split", params)
        elsewhere = _consumed(estimator, "fit", params)
        for scorer in _scorers(scoring):
            elsewhere |= _consumed(scorer, "score", params)
        split |= {name: params[name] for name in for_split}
        params = {
            name: value
            for name, value in params.items()
            if name not in for_split - elsewhere
        }
    elif asked and params:
        raise _must_be_on(owner, asked, params)
    params |= {name: given[name] for name in asked}
    return FoldRouting(splitter, split, params, is_on or bool(asked))


def rows_routed(search: Estimator, params: Iterable[str]) -> Any:
    """Context in which a search's fit passes times and label_end to its splitter.

    Raises
    ------
    ValueError
        If routing is off and there are parameters besides that would be lost with it
        on.
    """
    told = {"times", "label_end"} & set(params)
    if routing_enabled() or not told:
        return nullcontext()
    others = set(params) - told - {"groups"}
    if others:
        raise _must_be_on(type(search).__name__, told, others)
    return config_context(enable_metadata_routing=True)


def _must_be_on(who: str, routed: Iterable[str], others: Iterable[str]) -> ValueError:
    """Error of parameters that only pass together where routing is on."""
    return ValueError(
        f"{who} passes {', '.join(sorted(routed))} on by routing, and with routing on "
        f"nobody has asked for {', '.join(sorted(others))}. Switch it on for all, by "
        "sklearn.set_config(enable_metadata_routing=True), and request the others, for "
        "example by set_fit_request."
    )


def _asked_for(estimator: Estimator, given: dict[str, Any]) -> set[str]:
    """What the estimator would ask for if routing were on."""
    if not given:
        return set()
    with config_context(enable_metadata_routing=True):
        try:
            return _consumed(estimator, "fit", given)
        except NotImplementedError:  # an ensemble of scikit-learn's that routes nothing
            return set()


def _consumed(consumer: Any, method: str, names: Iterable[str]) -> set[str]:
    """Which of the names an object asks for."""
    return set(get_routing_for_object(consumer).consumes(method, list(names)))


def _scorers(scoring: Any) -> list[Any]:
    """Scorer objects among what `scoring` may be; names ask for nothing."""
    if isinstance(scoring, dict):
        scoring = list(scoring.values())
    listed = scoring if isinstance(scoring, list | tuple | set) else [scoring]
    return [one for one in listed if hasattr(one, "get_metadata_routing")]
