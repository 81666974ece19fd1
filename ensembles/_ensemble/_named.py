"""Members given by name: ``[("tree", DecisionTreeClassifier()), ...]``.

A member is reached as a parameter by its name, its parameters as ``name__parameter``,
and it is left out by ``set_params(name="drop")``, as in scikit-learn.
"""

from __future__ import annotations

from typing import Any

from sklearn.base import is_classifier, is_regressor
from sklearn.utils import Bunch, get_tags

from ensembles._compat import parallel_visual_block
from ensembles._ensemble._base import BaseEnsemble
from ensembles._typing import Estimator

__all__ = ["BaseNamedEnsemble"]


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
        params: dict[str, Any] = super().get_params(deep=False)
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
        is_of_kind = is_classifier if is_classifier(self) else is_regressor
        for _, member in self._active:
            if not (hasattr(member, "fit") and is_of_kind(member)):
                raise ValueError(
                    f"The estimator {type(member).__name__} should be a "
                    f"{is_of_kind.__name__[3:]}."
                )

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
