"""Members given by name: ``[("tree", DecisionTreeClassifier()), ...]``.

A member is reached as a parameter by its name, its parameters as ``name__parameter``,
and it is left out by ``set_params(name="drop")``, as in scikit-learn.
"""

from __future__ import annotations

from collections.abc import Sequence
from inspect import signature
from typing import Any

import numpy as np
from sklearn.base import is_classifier, is_regressor
from sklearn.utils import Bunch, get_tags
from sklearn.utils.validation import check_is_fitted

from ensembles._compat import parallel_visual_block
from ensembles._ensemble._base import BaseEnsemble
from ensembles._typing import ArrayLike, Estimator

__all__ = ["BaseNamedEnsemble", "check_takes_weights"]


class BaseNamedEnsemble(BaseEnsemble):
    """Base of ensembles of named members."""

    estimators: Any

    @property
    def named_estimators(self) -> Bunch:
        """The members as given, by name."""
        return Bunch(**dict(self.estimators))

    @property
    def _active(self) -> list[tuple[str, Estimator]]:
        """Members that are not dropped."""
        return [(name, member) for name, member in self.estimators if member != "drop"]

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the parameters, those of the members too.

        Parameters
        ----------
        deep : bool, default=True
            Whether members and their parameters are among them.

        Returns
        -------
        dict
            Values by name.
        """
        params: dict[str, Any] = super().get_params(deep=deep)
        if not deep or not _is_named_list(self.estimators):
            return params
        for name, member in self.estimators:
            params[name] = member
            if hasattr(member, "get_params"):
                nested = member.get_params(deep=True)
                params.update({f"{name}__{key}": nested[key] for key in nested})
        return params

    def set_params(self, **params: Any) -> Any:
        """Set parameters, members and parameters of members.

        Parameters
        ----------
        **params : dict
            ``name="drop"`` leaves the member of that name out.

        Returns
        -------
        self
            The ensemble.

        Raises
        ------
        ValueError
            If a name is neither a parameter nor a member.
        """
        if "estimators" in params:
            self.estimators = params.pop("estimators")
        if _is_named_list(self.estimators):
            names = [name for name, _ in self.estimators]
            replaced = {name: params.pop(name) for name in names if name in params}
            if replaced:
                self.estimators = [
                    (name, replaced.get(name, member))
                    for name, member in self.estimators
                ]
        super().set_params(**params)
        return self

    def _check_estimators(self) -> None:
        """Raise unless the members are a list of names and estimators of our kind.

        Raises
        ------
        ValueError
            With scikit-learn's messages.
        """
        if not _is_named_list(self.estimators) or len(self.estimators) == 0:
            raise ValueError(
                "Invalid 'estimators' attribute, 'estimators' should be a "
                "non-empty list of (string, estimator) tuples."
            )
        self._check_names([name for name, _ in self.estimators])
        if not self._active:
            raise ValueError(
                "All estimators are dropped. At least one is required "
                "to be an estimator."
            )
        kind = "classifier" if is_classifier(self) else "regressor"
        for _, member in self._active:
            if not (hasattr(member, "fit") and self._is_member(member)):
                raise ValueError(
                    f"The estimator {type(member).__name__} should be a {kind}."
                )

    def _is_member(self, estimator: Estimator) -> bool:
        """Whether an estimator is of a kind that can be a member."""
        is_of_kind = is_classifier if is_classifier(self) else is_regressor
        return bool(is_of_kind(estimator))

    def _check_names(self, names: list[str]) -> None:
        """Raise for names that repeat, clash with a parameter, or hold ``__``."""
        if len(set(names)) != len(names):
            raise ValueError(f"Names provided are not unique: {names!r}")
        clashing = set(names) & set(super().get_params(deep=False))
        if clashing:
            raise ValueError(
                "Estimator names conflict with constructor arguments: "
                f"{sorted(clashing)!r}"
            )
        invalid = [name for name in names if "__" in name]
        if invalid:
            raise ValueError(f"Estimator names must not contain __: got {invalid!r}")

    # Fitted members.

    @property
    def _active_names(self) -> list[str]:
        """Names of the members that are not dropped."""
        return [name for name, _ in self._active]

    def _remember_members(
        self, names: Sequence[str], fitted: Sequence[Estimator]
    ) -> None:
        """Keep fitted members under their names, and the names of columns they saw."""
        self.estimators_ = list(fitted)
        by_name = dict(zip(names, fitted, strict=True))
        self.named_estimators_ = Bunch(
            **{name: by_name.get(name, "drop") for name, _ in self.estimators}
        )
        for member in self.estimators_:
            if hasattr(member, "feature_names_in_"):
                self.feature_names_in_ = member.feature_names_in_

    @property
    def _fitted_names(self) -> list[str]:
        """Names of the fitted members."""
        fitted = self.named_estimators_.items()
        return [name for name, member in fitted if member != "drop"]

    @property
    def n_features_in_(self) -> int:
        """Number of columns that the first member saw in fit."""
        if not hasattr(self, "estimators_"):
            raise AttributeError(
                f"{type(self).__name__} object has no attribute n_features_in_"
            )
        return int(self.estimators_[0].n_features_in_)

    def _member_columns(self, input_features: ArrayLike | None) -> list[str]:
        """Class name and member of each fitted member, once the input's names fit.

        Raises
        ------
        ValueError
            If `input_features` are not the columns of fit.
        """
        check_is_fitted(self, "estimators_")
        if input_features is not None:
            given = np.asarray(input_features, dtype=object)
            known = getattr(self, "feature_names_in_", None)
            if known is not None and not np.array_equal(known, given):
                raise ValueError("input_features is not equal to feature_names_in_")
            if len(given) != self.n_features_in_:
                raise ValueError(
                    "input_features should have length equal to number of "
                    f"features ({self.n_features_in_}), got {len(given)}"
                )
        prefix = type(self).__name__.lower()
        return [f"{prefix}_{name}" for name in self._fitted_names]

    def _sk_visual_block_(self) -> Any:
        names, members = zip(*self.estimators, strict=True)
        return parallel_visual_block(names, members)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        if not _is_named_list(self.estimators):
            return tags
        of_members = [get_tags(m) for _, m in self._active if hasattr(m, "fit")]
        for name in ("sparse", "allow_nan", "string", "categorical"):
            takes = all(getattr(t.input_tags, name) for t in of_members)
            setattr(tags.input_tags, name, takes)
        tags.target_tags.multi_output = bool(of_members) and all(
            t.target_tags.multi_output for t in of_members
        )
        return tags


def _is_named_list(estimators: Any) -> bool:
    """Whether it is a list of (str, object) pairs."""
    return isinstance(estimators, list | tuple) and all(
        isinstance(item, list | tuple) and len(item) == 2 and isinstance(item[0], str)
        for item in estimators
    )


def check_takes_weights(estimator: Estimator) -> None:
    """Say in scikit-learn's words that an estimator takes no sample weights.

    Raises
    ------
    TypeError
        If its fit would not know what they are.
    """
    for one in signature(estimator.fit).parameters.values():
        if one.name == "sample_weight" or one.kind is one.VAR_KEYWORD:
            return
    raise TypeError(
        f"Underlying estimator {type(estimator).__name__} does not support sample "
        "weights."
    )
