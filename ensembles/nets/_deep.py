"""What deep ensembles share: nets trained apart, each from weights of its own."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from typing import Any, Literal, Self

import numpy as np
from joblib import hash as joblib_hash
from skorch import NeuralNet
from skorch.history import History

from ensembles._combine import CoveredCombiner
from ensembles._ensemble._data import state_kept_on_failure
from ensembles._random import entropy_from, entropy_of, keys_for
from ensembles._typing import ArrayLike, FloatArray, IntArray, Table
from ensembles._validation import (
    check_bool,
    check_choice,
    check_count,
    check_n_jobs,
    check_positive,
    invalid_parameter,
    warn_user,
)
from ensembles.nets._member_rows import MemberRows, rows_of_folds, rows_of_scheme
from ensembles.nets._members import Member, template_of
from ensembles.nets._prediction import nets_of, proba_of, trim
from ensembles.nets._several import BaseSeveral
from ensembles.nets._stacked._plan import planned
from ensembles.nets._training import check_finite
from ensembles.nets._weights import Snapshot, load_snapshot, take_snapshot
from ensembles.nets.callbacks._adversarial import AdversarialRows
from ensembles.resampling._base import BaseScheme

__all__ = ["BaseDeepEnsemble"]


class BaseDeepEnsemble(BaseSeveral):
    """Trains the members; subclasses say what the target asks for."""

    snapshots_: list[Snapshot]
    histories_: list[History]
    _data_hash: str

    def __init__(
        self,
        estimator: Any,
        n_estimators: int,
        *,
        scheme: BaseScheme | None,
        cv: Any,
        oob_score: bool,
        adversarial_eps: float,
        engine: Literal["auto", "loop", "stacked"],
        n_jobs: int | None,
        warm_start: bool,
        **parameters: Any,
    ) -> None:
        super().__init__(estimator, **parameters)
        self.n_estimators = n_estimators
        self.scheme = scheme
        self.cv = cv
        self.oob_score = oob_score
        self.adversarial_eps = adversarial_eps
        self.engine = engine
        self.n_jobs = n_jobs
        self.warm_start = warm_start

    def fit(self, X: Table, y: ArrayLike, *, groups: ArrayLike | None = None) -> Self:
        """Train all members.

        Parameters
        ----------
        X : array-like or torch tensor of shape (n_samples, n_features) or \
(n_samples, ...)
            Rows. With more than two axes, as for images, rows go to the module in that
            shape.
        y : array-like of shape (n_samples,) or, for regression, (n_samples, n_targets)
            Labels or values.
        groups : array-like of shape (n_samples,) or None, default=None
            Group of each row, where `scheme` or `cv` keeps groups whole.

        Returns
        -------
        Self
            The fitted ensemble.

        Raises
        ------
        InvalidParameterError
            If a parameter is not allowed.
        ValueError
            If data and parameters contradict one another, or training diverges. The
            ensemble is then as it was before.
        """
        self._check_params()
        if groups is not None and self.scheme is None and self.cv is None:
            raise ValueError(
                "groups are passed, and without a scheme nobody looks at them. Pass a "
                "scheme that keeps them whole, such as scheme=GroupBootstrap(), or "
                "folds that do, such as cv=GroupKFold()."
            )
        with state_kept_on_failure(self):
            X, y = self._check_rows_and_target(X, y)
            target, n_outputs = self._encode(y)
            if not (self.warm_start and hasattr(self, "snapshots_")):
                self._entropy = entropy_from(self.random_state)
                self.snapshots_, self.histories_ = [], []
            rows = self._rows(X, y, groups)
            self._check_kept(X, y, rows)
            self._train(self._fresh_net(X, n_outputs), X, target, rows)
            self._data_hash = _hash_of(X, y, rows, self.n_estimators)
        return self

    def _check_kept(self, X: Any, y: Any, rows: MemberRows | None) -> None:
        """Raise unless members that are kept are those that one fit would give."""
        n_before = len(self.snapshots_)
        if n_before and self._data_hash != _hash_of(X, y, rows, n_before):
            raise ValueError(
                "warm_start=True adds members to those that there are, and X, y, or "
                "the rows that scheme or cv give to these, are others than they have "
                "learned from. Pass the same, or warm_start=False."
            )
        if self.n_estimators < n_before:
            raise ValueError(
                f"n_estimators={self.n_estimators} must be larger or equal to "
                f"len(estimators_)={n_before} when warm_start==True"
            )
        if self.n_estimators == n_before:
            warn_user(
                "Warm-start fitting without increasing n_estimators does not fit new "
                "members."
            )

    def _train(
        self, net: NeuralNet, X: Any, target: Any, rows: MemberRows | None = None
    ) -> None:
        seeds = keys_for(self._entropy, 0, self.n_estimators).tolist()
        template, job = template_of(self, net, seeds[0], X, target)
        self._check_shapes(template)
        members = [
            Member(number, seed)
            if rows is None
            else Member(number, seed, rows.learned[number], rows.scored[number])
            for number, seed in enumerate(seeds)
        ][len(self.snapshots_) :]
        if members:
            plan = planned(template, job, members, self.engine)
            trained, self.engine_, self.engine_reason_ = plan.train(
                job, n_jobs=self.n_jobs, verbose=self.verbose
            )
            # New lists: those of a fit that fails are put back as they were.
            self.snapshots_ = [*self.snapshots_, *(one for one, _ in trained)]
            self.histories_ = [*self.histories_, *(one for _, one in trained)]
        check_finite(template, self.snapshots_)
        load_snapshot(template, self.snapshots_[0])
        self.net_ = trim(template)
        for name in "oob_score_", "oob_prediction_", "oob_decision_function_":
            self.__dict__.pop(name, None)
        if self.oob_score:
            assert rows is not None
            found = self._out_of_bag(job.X, rows.outside)
            self._set_oob_score(found, target)

    def _check_shapes(self, template: NeuralNet) -> None:
        """Raise unless members that are kept have weights of the shapes of new ones."""
        for snapshot in self.snapshots_[:1]:
            if _shapes_of(snapshot) != _shapes_of(take_snapshot(template)):
                raise ValueError(
                    "warm_start=True adds members to those that there are, and these "
                    "have weights of other shapes: the module, or the likelihood, has "
                    "changed. Pass warm_start=False."
                )

    def _rows(self, X: Any, y: Any, groups: Any) -> MemberRows | None:
        """Rows of each member; None for all rows."""
        if self.cv is not None:
            return rows_of_folds(
                self.cv, self.n_estimators, X, y, groups, classes=self._probabilities
            )
        if self.scheme is None:
            return None
        entropy = entropy_of(self._entropy, 0)
        rows = rows_of_scheme(self.scheme, self.n_estimators, y, groups, entropy)
        if self.oob_score and not any(map(len, rows.outside)):
            raise ValueError(
                f"scheme={self.scheme!r} leaves no row out for any of the "
                f"{self.n_estimators} members, so that there is no score out of bag. "
                "Pass oob_score=False, a scheme that leaves rows out, or more members."
            )
        return rows

    def _out_of_bag(self, X: Any, outside: list[IntArray]) -> FloatArray:
        """What members predict for rows that they have not learned from."""
        one = self._decode(proba_of(self.net_, X[:1]))
        combiner = CoveredCombiner(self._rule(), (len(X), *one.shape[1:]))
        nets = nets_of(self.net_, self.snapshots_)
        for net, rows in zip(nets, outside, strict=True):
            if len(rows):
                combiner.add(rows, self._decode(proba_of(net, X[rows])))
        found = combiner.result()
        if np.isnan(found).any():
            warn_user(
                "Some inputs do not have OOB scores. This probably means too few "
                "estimators were used to compute any reliable oob estimates."
            )
        return found

    def _fresh_net(self, X: Any, n_outputs: int) -> NeuralNet:
        net = super()._fresh_net(X, n_outputs)
        if self.adversarial_eps:
            if net.callbacks == "disable":
                allowed = "0 where the net disables its callbacks"
                raise invalid_parameter(
                    self, "adversarial_eps", self.adversarial_eps, allowed
                )
            moved = ("adversarial", AdversarialRows(self.adversarial_eps))
            net.set_params(callbacks=[*(net.callbacks or []), moved])
        return net

    @abstractmethod
    def _set_oob_score(self, found: FloatArray, target: Any) -> None:
        """Set the predictions of rows out of bag, and their score."""

    def _nets(self) -> Iterator[NeuralNet]:
        return nets_of(self.net_, self.snapshots_)

    def _check_params(self) -> None:
        super()._check_params()
        check_count(self, "n_estimators", self.n_estimators)
        scheme: Any = self.scheme
        if not (scheme is None or isinstance(scheme, BaseScheme)):
            allowed = "a scheme of ensembles.resampling or None"
            raise invalid_parameter(self, "scheme", scheme, allowed)
        check_bool(self, "oob_score", self.oob_score)
        if self.oob_score and scheme is None and self.cv is None:
            allowed = "a scheme of ensembles.resampling where oob_score=True"
            hint = "Without one, or folds by cv, every member learns from all rows."
            raise invalid_parameter(self, "scheme", scheme, allowed, hint)
        if self.cv is not None and not (scheme is None and self.train_split is None):
            allowed = "None where a scheme draws rows or train_split sets some aside"
            raise invalid_parameter(self, "cv", self.cv, allowed)
        check_positive(self, "adversarial_eps", self.adversarial_eps, zero=True)
        check_choice(self, "engine", self.engine, {"auto", "loop", "stacked"})
        check_bool(self, "warm_start", self.warm_start)
        check_n_jobs(self, self.n_jobs)


def _hash_of(X: Any, y: Any, rows: MemberRows | None, n_members: int) -> str:
    """What tells whether members have learned from the same rows."""
    drawn = None if rows is None else (rows.learned, rows.outside)
    own = None if drawn is None else [each[:n_members] for each in drawn]
    found: str = joblib_hash([np.ascontiguousarray(X), np.ascontiguousarray(y), own])
    return found


def _shapes_of(snapshot: Snapshot) -> dict[tuple[str, str], Any]:
    return {
        (part, name): getattr(value, "shape", None)
        for part, state in snapshot.items()
        for name, value in state.items()
    }
